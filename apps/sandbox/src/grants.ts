import { presenceScope } from './authorization-server.ts';
import { type Answer, type Incoming, jsonAnswer } from './exchange.ts';
import { isRecord } from './json-places.ts';
import { revokeGrant, type Stored, usedTokenWorks } from './provider-adapter.ts';
import type { OAuthVendor, Vendor } from './vendor.ts';

const mostAtOnce = 1_000;

/** Grants without a browser, each of another account: for whoever needs more of them than people would click for. */
export async function makeGrants(vendor: Vendor, oauth: OAuthVendor, request: Incoming): Promise<Answer> {
  const body = bodyOf(request);
  const { client_id: clientId, count } = body;
  if (typeof clientId !== 'string' || !Number.isInteger(count) || (count as number) < 1 || (count as number) > mostAtOnce) {
    return jsonAnswer(400, { error: 'invalid_request', message: `the body must be {"client_id": "…", "count": 1 to ${mostAtOnce}}` });
  }
  const { provider } = oauth.server();
  const client = await provider.Client.find(clientId);
  if (client === undefined) return jsonAnswer(404, { error: 'not_found', message: 'no such OAuth client; register one first' });
  const words = Object.keys(oauth.auth.scopes);
  const scope = [...words, presenceScope].join(' ');
  const grants = [];
  for (let i = 0; i < (count as number); i++) {
    const accountId = `person-${i}@example.test`;
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    const common = { accountId, client, grantId: await grant.save(), gty: 'authorization_code', scope, expiresWithSession: false };
    const accessToken = new provider.AccessToken(common as ConstructorParameters<typeof provider.AccessToken>[0]);
    const refreshToken = new provider.RefreshToken({ ...common, rotations: 0 } as unknown as ConstructorParameters<
      typeof provider.RefreshToken
    >[0]);
    grants.push({
      account: accountId,
      access_token: await accessToken.save(),
      refresh_token: await refreshToken.save(),
      expires_in: accessToken.expiration,
      scopes: words,
    });
  }
  vendor.ledger.count('tokens_issued', grants.length);
  vendor.ledger.record('token', { by: 'control', grants: grants.length });
  vendor.log(`${vendor.id} made ${grants.length} grants without a browser`);
  return jsonAnswer(200, { grants });
}

/** Ends whatever the person of a token granted to its client. */
export function endAllOf({ id, state }: Vendor, { accountId, clientId }: Stored['payload']): void {
  const prefix = `${id}/Grant/`;
  for (const [key, value] of state.entries(prefix)) {
    const { payload } = value as Stored;
    if (payload.accountId === accountId && payload.clientId === clientId) revokeGrant(state, id, key.slice(prefix.length));
  }
}

/** What could still be used at this moment, by grant and by token. */
export function liveTokens({ id, state, knobs }: Vendor, oauth: OAuthVendor): Record<string, number> {
  const live = (model: string) =>
    state
      .entries(`${id}/${model}/`)
      .map(([, value]) => value as Stored)
      .filter((stored) => stored.revoked !== true);
  const access = live('AccessToken');
  const refresh = live('RefreshToken').filter((stored) =>
    usedTokenWorks(stored, knobs.rotate ?? oauth.auth.rotationClass, oauth.auth.leewaySeconds),
  );
  return {
    grants: new Set([...access, ...refresh].map(({ payload }) => payload.grantId)).size,
    access_tokens: access.length,
    refresh_tokens: refresh.length,
  };
}

function bodyOf(request: Incoming): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
