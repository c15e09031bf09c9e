import { allPermissions, everyPermission, Fault, newId, type Permission } from '@grantway/contract';
import { authenticateClient, type Client, findClient, mustNotBeSuspended } from './clients.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';

export interface IssuedToken {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
}

/**
 * The client credentials grant (RFC 6749 section 4.4).
 * @throws Fault invalid_client, client_suspended, invalid_scope
 */
export async function issueAccessToken(
  modules: Modules,
  input: { clientId: string; clientSecret: string; scope: string | undefined; requestId: string; log: Log },
): Promise<{ token: IssuedToken; ctx: Ctx }> {
  const client = await authenticateClient(modules, input.clientId, input.clientSecret);
  const asked = input.scope?.split(' ').filter((s) => s !== '');
  const beyond = asked?.find((s) => !client.scopes.includes(s as Permission));
  if (beyond !== undefined) throw new Fault('invalid_scope', 'the client may not have one of the scopes it asked for');
  const scope = (asked === undefined || asked.length === 0 ? client.scopes : asked).join(' ');
  const jti = newId('request');
  const ctx = createCtx(modules, {
    environmentId: client.environmentId,
    actor: { kind: 'client', id: client.id },
    requestId: input.requestId,
    log: input.log,
  });
  const lifeSeconds = modules.settings.accessTokenLifeSeconds;
  const accessToken = await modules.signer.sign(
    { clientId: client.id, environmentId: client.environmentId, scope },
    { issuer: modules.baseUrl(), lifeSeconds, jti },
  );
  await ctx.tx((tx) => ctx.audit(tx, 'access_token.issued', { kind: 'client', id: client.id }, { jti, scope }));
  return { token: { access_token: accessToken, token_type: 'Bearer', expires_in: lifeSeconds, scope }, ctx };
}

/**
 * Who presents this access token, and what it may do. The client is read on each call: suspending it takes effect on
 * the next one.
 * @throws Fault unauthorized, client_suspended
 */
export async function authenticateAccessToken(modules: Modules, token: string): Promise<{ client: Client; scopes: Set<string> }> {
  const claims = await modules.signer.verify(token, modules.baseUrl()).catch((cause: unknown) => {
    throw new Fault('unauthorized', { detail: 'the access token is not valid or has expired', cause });
  });
  const client = await findClient(modules, claims.clientId);
  if (client === undefined || client.environmentId !== claims.environmentId)
    throw new Fault('unauthorized', 'the access token is not valid or has expired');
  mustNotBeSuspended(client);
  const held = new Set<string>(client.scopes);
  const scopes = new Set(claims.scope.split(' ').filter((s) => held.has(s)));
  // Giving the set away takes the whole of it: a token that asked for less is as weak as it was asked to be.
  if (client.holdsEveryPermission && allPermissions.every((s) => scopes.has(s))) scopes.add(everyPermission);
  return { client, scopes };
}
