import {
  type Connector,
  type Credential,
  type IssuedAuth,
  type IssuedCredential,
  isIssued,
  type OAuth1Auth,
  placeholders,
  type StaticAuth,
  usesApp,
} from '@grantway/connector-kit';
import { Fault, type FieldError, Secret } from '@grantway/contract';
import { type Consumer, issueToken, readServiceAccountKey } from '@grantway/oauth';
import { appCredentials, clientSecretPlace } from '@grantway/vault';
import type { ConnectionRow } from './connections.ts';
import type { Modules } from './ctx.ts';

type Open = { connector: Connector; connection: ConnectionRow; identifier: string };
type Needs = Pick<Modules, 'sealing' | 'sandboxOrigin'>;

/** The connection's app, opened for oauth and egress; undefined where it has none. */
async function appOf(modules: Needs, connection: ConnectionRow) {
  const { clientId, clientSecretCt } = connection;
  if (clientId === null || clientSecretCt === null) return undefined;
  const place = clientSecretPlace({ environmentId: connection.environmentId, id: connection.id, generation: connection.secretGeneration });
  return appCredentials(clientId, await modules.sealing.open<string>(place, clientSecretCt));
}

/** @throws Fault sandbox_not_allowed */
function sandboxOriginOf(modules: Needs, connection: ConnectionRow): string | undefined {
  const origin = connection.sandbox ? modules.sandboxOrigin() : undefined;
  if (connection.sandbox && origin === undefined) throw new Fault('sandbox_not_allowed', 'the sandbox is off');
  return origin;
}

/** The connection's app at a vendor that speaks OAuth 1.0a; undefined for every other vendor. @throws Fault connection_not_ready */
export async function consumerOf(modules: Needs, connector: Connector, connection: ConnectionRow): Promise<Consumer | undefined> {
  if (connector.auth.kind !== 'oauth1') return undefined;
  const app = await appOf(modules, connection);
  if (app === undefined) throw new Fault('connection_not_ready', `the connection "${connection.name}" has no consumer key and secret yet`);
  return { connector: connector as Connector & { auth: OAuth1Auth }, app, sandboxOrigin: sandboxOriginOf(modules, connection) };
}

/**
 * What the form of a key connector gave, as the credential that is tried and stored. `errors` grows by what is wrong with a
 * key file; nothing of it is said.
 */
export function enteredCredential(
  open: Open,
  auth: StaticAuth | IssuedAuth | OAuth1Auth,
  entered: { secret: Record<string, string>; open: Record<string, string> },
  errors: FieldError[],
): Secret<Credential> {
  if (auth.kind === 'oauth1') return new Secret<Credential>({ kind: 'oauth1' });
  if (!isIssued(auth)) return new Secret<Credential>({ kind: auth.kind, fields: entered.secret });
  const fields = { ...entered.secret };
  if (auth.kind === 'jwt_service_account' && auth.secretOf === 'account') {
    for (const name of placeholders(auth.key)) {
      const read = fields[name] === undefined ? undefined : readServiceAccountKey(fields[name]);
      const label = auth.fields.find((f) => f.name === name)?.label ?? name;
      if (read !== undefined && 'problem' in read) errors.push({ pointer: `/${name}`, detail: `${label} ${read.problem}` });
      else if (read !== undefined) fields[name] = read.key;
    }
  }
  const subject =
    auth.kind === 'jwt_service_account' ? subjectOf(auth.subject ?? '', { ...entered.open, user_identifier: open.identifier }) : '';
  const value: IssuedCredential = {
    kind: auth.kind,
    fields,
    ...(subject === '' ? {} : { subject }),
    requested_scopes: open.connection.scopes,
    scopes: [],
  };
  return new Secret<Credential>(value);
}

function subjectOf(template: string, values: Record<string, string>): string {
  return template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) => values[name] ?? '');
}

/**
 * One token for what was entered: the proof that the vendor takes it. Other credentials pass as they are.
 * @throws Fault key_rejected, provider_unavailable, connection_incident, consent_failed
 */
export async function withFirstToken(
  modules: Modules,
  { connector, connection }: Open,
  credential: Secret<Credential>,
  fields: Record<string, string>,
): Promise<Secret<Credential>> {
  const { auth } = connector;
  if (!isIssued(auth)) return credential;
  const issuer = {
    connector: connector as Connector & { auth: IssuedAuth },
    app: usesApp(auth) ? await appOf(modules, connection) : undefined,
    fields: { ...fields, ...connection.fields },
    sandboxOrigin: sandboxOriginOf(modules, connection),
  };
  const outcome = await issueToken(modules.egress, issuer, credential as Secret<IssuedCredential>);
  const isOwn = auth.secretOf === 'account';
  const internal = `first token: ${outcome.kind} ${'error' in outcome ? outcome.error : ''}`;
  switch (outcome.kind) {
    case 'refreshed':
      return outcome.credential;
    case 'gone':
      throw new Fault(isOwn ? 'key_rejected' : 'consent_failed', { detail: `${connector.name} did not accept it`, internal });
    case 'app_refused':
      throw new Fault('connection_incident', { detail: `${connector.name} refuses the credentials of this connection`, internal });
    case 'transient': {
      const isRefused = outcome.status !== undefined && outcome.status >= 400 && outcome.status < 500 && outcome.status !== 429;
      if (isRefused)
        throw new Fault(isOwn ? 'key_rejected' : 'consent_failed', { detail: `${connector.name} did not accept it`, internal });
      throw new Fault('provider_unavailable', { detail: `${connector.name} is not available right now`, internal });
    }
    case 'unsent':
    case 'unknown':
      throw new Fault('provider_unavailable', { detail: `${connector.name} is not available right now`, internal });
  }
}
