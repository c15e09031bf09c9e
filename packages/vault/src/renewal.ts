import {
  type AppCredentials,
  type Connector,
  type IssuedAuth,
  type IssuedCredential,
  isIssued,
  type OAuth2Auth,
  type OAuth2Credential,
  type RenewableCredential,
  usesApp,
} from '@grantway/connector-kit';
import { type ConnectedAccountReason, Fault, type Secret } from '@grantway/contract';
import type { Egress } from '@grantway/egress';
import { type Issuer, issueToken, type OAuthApp, type RefreshOutcome, refreshToken } from '@grantway/oauth';
import { type AccountRow, clientSecretPlace } from './accounts.ts';
import { appCredentials, type Sealing } from './sealing.ts';

/** How one account's access token is renewed, whatever its kind: everything that the one request needs besides the credential. */
export interface Renewal {
  idleSeconds: number | undefined;
  /** One token request, never repeated. */
  send(current: Secret<RenewableCredential>, options: { timeoutMs: number }): Promise<RefreshOutcome<RenewableCredential>>;
  /** Why an account is over whose provider says that nothing can be renewed any more. */
  goneReason(uncertain: boolean): ConnectedAccountReason;
}

export interface RenewalDeps {
  sealing: Sealing;
  egress: Egress;
  connector(id: string, variant: string | null): Promise<Connector>;
  sandboxOrigin(): string | undefined;
  baseUrl(): string;
}

export interface Renewals {
  /** @throws Fault connection_not_ready, sandbox_not_allowed */
  of(row: AccountRow): Promise<Renewal>;
  /** The connection's app for kinds whose every request is signed with it. */
  signingApp(row: AccountRow): Promise<Secret<AppCredentials> | undefined>;
}

export function createRenewals(deps: RenewalDeps): Renewals {
  const { egress } = deps;

  const clientSecretOf = (row: AccountRow, record: Buffer) =>
    deps.sealing.open<string>(
      clientSecretPlace({ environmentId: row.environment_id, id: row.connection_id, generation: Number(row.secret_generation) }),
      record,
    );

  async function appOf(row: AccountRow): Promise<Secret<AppCredentials>> {
    if (row.client_id === null || row.client_secret_ct === null) throw new Fault('connection_not_ready', 'the connection has no OAuth app');
    return appCredentials(row.client_id, await clientSecretOf(row, row.client_secret_ct));
  }

  async function byGrant(row: AccountRow, connector: OAuthApp['connector']): Promise<Renewal> {
    const { auth } = connector;
    if (row.client_id === null) throw new Fault('connection_not_ready', 'the connection has no OAuth app');
    const app: OAuthApp = {
      connector,
      clientId: row.client_id,
      clientSecret: row.client_secret_ct === null ? undefined : await clientSecretOf(row, row.client_secret_ct),
      redirectUri: `${deps.baseUrl()}/oauth/callback/${row.connection_id}`,
      sandboxOrigin: row.sandbox ? deps.sandboxOrigin() : undefined,
      values: row.connection_fields,
    };
    return {
      idleSeconds: auth.idleSeconds,
      send: (current, options) => refreshToken(egress, app, current as Secret<OAuth2Credential>, options),
      goneReason: (uncertain) => (uncertain ? 'rotation_lost' : 'revoked_by_provider'),
    };
  }

  async function bySecret(row: AccountRow, connector: Issuer['connector']): Promise<Renewal> {
    const { auth } = connector;
    const issuer: Issuer = {
      connector,
      app: usesApp(auth) ? await appOf(row) : undefined,
      fields: { ...row.fields, ...row.connection_fields },
      sandboxOrigin: row.sandbox ? deps.sandboxOrigin() : undefined,
    };
    return {
      idleSeconds: undefined,
      send: (current, options) => issueToken(egress, issuer, current as Secret<IssuedCredential>, options),
      // Nothing rotates, so that nothing is lost by a request whose outcome is unknown.
      goneReason: () => (auth.secretOf === 'account' ? 'key_rejected' : 'revoked_by_provider'),
    };
  }

  return {
    async of(row) {
      const connector = await deps.connector(row.connector, row.auth_variant);
      const { auth } = connector;
      if (row.sandbox && deps.sandboxOrigin() === undefined) throw new Fault('sandbox_not_allowed', 'the sandbox is off');
      if (auth.kind === 'oauth2') return byGrant(row, connector as Connector & { auth: OAuth2Auth });
      if (isIssued(auth)) return bySecret(row, connector as Connector & { auth: IssuedAuth });
      throw new Fault('connection_not_ready', 'the connection has no OAuth app');
    },
    async signingApp(row) {
      if (row.client_id === null || (await deps.connector(row.connector, row.auth_variant)).auth.kind !== 'oauth1') return undefined;
      return appOf(row);
    },
  };
}
