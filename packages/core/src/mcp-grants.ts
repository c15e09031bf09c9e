import { Fault, type GrantRevokedReason, type McpGrant, newId } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { type GrantTokenClaims, mintBearer, type Sealing } from '@grantway/vault';
import { and, desc, eq, gt, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { type AuthorizationRequest, configIdOf, type McpScope, resourceOf } from './authorization-requests.ts';
import { type Ctx, createCtx, type Modules } from './ctx.ts';
import { ownInstances } from './instance-summaries.ts';
import { ensureRow } from './mcp-instances.ts';
import { type SignedInBrowser, spendSignIn } from './mcp-sign-ins.ts';
import type { Request } from './open-link.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { fitsChallenge, inSeconds } from './verification.ts';

/*
 * What a person allowed an MCP client: a code, then refresh tokens, each good once, and short access tokens that hold while
 * this row does. Whatever is presented a second time ends the grant, since one of the two who had it should not have.
 */
const t = schema.mcpGrants;
const tokens = schema.mcpRefreshTokens;

const codeSeconds = 60;
const accessTokenSeconds = 600;
/** Without a refresh for so long, it is over. */
const idleSeconds = 30 * 86_400;

const codeMac = (sealing: Sealing, code: string) => sealing.mac('authorization code', [code]);
const refreshMac = (sealing: Sealing, token: string) => sealing.mac('refresh token', [token]);

// ---- the person's decision ---------------------------------------------------------------------------------------

/**
 * Allow: the sign-in is used up, the person's instance of the config exists, and the client gets a code.
 * @throws Fault sign_in_required, instance_revoked, user_suspended
 */
export async function allowClient(modules: Modules, asked: AuthorizationRequest, signIn: SignedInBrowser): Promise<{ code: string }> {
  const { ctx, row } = signIn;
  // The instance is that of whoever asked for the sign-in link: suspending or restricting him holds for it too.
  const asker = row.clientId === null ? ctx.actor : { kind: 'client' as const, id: row.clientId };
  const [id, code] = [newId('mcpGrant'), mintBearer('authorizationCode')];
  const mac = await codeMac(modules.sealing, code);
  await modules.db.system('authenticate client').query({
    name: 'OAuth client is in use',
    text: 'update oauth_clients set last_allowed_at = clock_timestamp() where id = $1',
    values: [asked.client.id],
  });
  await ctx.tx(async (tx) => {
    await spendSignIn(tx, signIn);
    const instance = await ensureRow({ ...ctx, actor: asker }, tx, asked.config, row.userIdentifier);
    await tx.insert(t).values({
      id,
      environmentId: ctx.environmentId,
      instanceId: instance.id,
      oauthClientId: asked.client.id,
      clientName: asked.client.name ?? null,
      redirectUri: asked.redirectUri,
      resource: asked.resource,
      scope: asked.scope,
      signedInBy: row.kind,
      clientId: row.clientId,
      codeMac: mac,
      codeChallenge: asked.codeChallenge,
      expiresAt: inSeconds(codeSeconds),
    });
    const details = { config: asked.config.name, oauth_client: asked.client.id, scope: asked.scope, by: row.kind };
    await ctx.audit(tx, 'mcp_grant.created', { kind: 'mcp_grant', id }, details);
  });
  return { code };
}

/** Deny: the sign-in is used up, and nothing else happens. @throws Fault sign_in_required */
export async function denyClient(asked: AuthorizationRequest, signIn: SignedInBrowser): Promise<void> {
  const { ctx, row } = signIn;
  await ctx.tx(async (tx) => {
    await spendSignIn(tx, signIn);
    const details = { config: asked.config.name, oauth_client: asked.client.id };
    await ctx.audit(tx, 'mcp_grant.denied', { kind: 'mcp_sign_in', id: row.id }, details);
  });
}

// ---- the client's tokens -----------------------------------------------------------------------------------------

export interface GrantTokens {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
  scope: string;
}

type Refusal = { refusal: string };

/**
 * The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.6). A wrong word uses the code and its grant up:
 * whoever says it has a code that was not meant for him.
 * @throws Fault invalid_grant, invalid_target
 */
export async function redeemAuthorizationCode(
  modules: Modules,
  input: { code: string; clientId: string; redirectUri: string; codeVerifier: string; resource: string },
  request: Request,
): Promise<GrantTokens> {
  mustBeAResource(modules, input.resource);
  const mac = await codeMac(modules.sealing, input.code);
  const [found] = await modules.db.system('open consent session').query<{ id: string; environment_id: string }>({
    name: 'grant by code',
    text: 'select id, environment_id from mcp_grants where code_mac = $1',
    values: [mac],
  });
  if (found === undefined) throw new Fault('invalid_grant', 'the code is not known');
  const ctx = ctxOf(modules, found.environment_id, request);
  const refreshToken = mintBearer('refreshToken');
  const outcome = await ctx.tx(async (tx): Promise<Claims | Refusal> => {
    const grant = await lockGrant(tx, found.id);
    if (grant === undefined) return { refusal: 'the code is not known' };
    if (grant.codeUsedAt !== null) {
      await endGrant(ctx, tx, grant, 'code_replayed');
      return { refusal: 'the code was used before' };
    }
    const refusal = refusalOf(grant);
    if (refusal !== undefined) return { refusal };
    const isRight =
      grant.oauthClientId === input.clientId &&
      grant.redirectUri === input.redirectUri &&
      grant.resource === input.resource &&
      /^[A-Za-z0-9._~-]{43,128}$/.test(input.codeVerifier) &&
      fitsChallenge(grant.codeChallenge ?? '', input.codeVerifier);
    if (!isRight) {
      await endGrant(ctx, tx, grant, 'code_misused');
      return { refusal: 'client_id, redirect_uri, resource and code_verifier must be those of the authorization request' };
    }
    await tx
      .update(t)
      .set({ codeUsedAt: sql`clock_timestamp()`, codeChallenge: null, expiresAt: inSeconds(idleSeconds) })
      .where(eq(t.id, grant.id));
    await keepRefreshToken(ctx, tx, grant.id, refreshToken);
    return claimsOf(grant, grant.scope);
  });
  return issued(modules, outcome, refreshToken);
}

/**
 * A refresh (RFC 6749 section 6): the token is spent, and a new one given. A spent one that comes again ends the grant (RFC
 * 9700 section 4.14.2).
 * @throws Fault invalid_grant, invalid_target, invalid_scope
 */
export async function refreshMcpGrant(
  modules: Modules,
  input: { refreshToken: string; clientId: string; resource: string; scope: string | undefined },
  request: Request,
): Promise<GrantTokens> {
  mustBeAResource(modules, input.resource);
  const mac = await refreshMac(modules.sealing, input.refreshToken);
  const found = await grantOfRefreshToken(modules, mac);
  if (found === undefined) throw new Fault('invalid_grant', 'the refresh token is not known');
  const ctx = ctxOf(modules, found.environmentId, request);
  const refreshToken = mintBearer('refreshToken');
  const outcome = await ctx.tx(async (tx): Promise<Claims | Refusal> => {
    const grant = await lockGrant(tx, found.grantId);
    const [token] = await tx.select().from(tokens).where(eq(tokens.tokenMac, mac));
    if (grant === undefined || token === undefined) return { refusal: 'the refresh token is not known' };
    const refusal = refusalOf(grant);
    if (refusal !== undefined) return { refusal };
    if (token.usedAt !== null) {
      await endGrant(ctx, tx, grant, 'refresh_token_replayed');
      return { refusal: 'the refresh token was used before' };
    }
    if (grant.oauthClientId !== input.clientId) return { refusal: 'the refresh token belongs to another client' };
    if (grant.resource !== input.resource) throw new Fault('invalid_target', 'the refresh token is for another resource');
    const scope = narrowed(grant.scope as McpScope, input.scope);
    await tx.update(tokens).set({ usedAt: sql`clock_timestamp()` }).where(eq(tokens.tokenMac, mac));
    await tx
      .update(t)
      .set({ lastRefreshedAt: sql`clock_timestamp()`, expiresAt: inSeconds(idleSeconds) })
      .where(eq(t.id, grant.id));
    await keepRefreshToken(ctx, tx, grant.id, refreshToken);
    await ctx.audit(tx, 'mcp_grant.refreshed', { kind: 'mcp_grant', id: grant.id });
    return claimsOf(grant, scope);
  });
  return issued(modules, outcome, refreshToken);
}

function narrowed(held: McpScope, asked: string | undefined): McpScope {
  const scopes = asked?.split(' ') ?? [];
  if (held === 'mcp:read' && scopes.includes('mcp')) throw new Fault('invalid_scope', 'the person allowed reading only');
  return scopes.includes('mcp:read') && !scopes.includes('mcp') ? 'mcp:read' : held;
}

/** @throws Fault invalid_target (RFC 8707 section 2) */
function mustBeAResource(modules: Modules, resource: string): void {
  if (configIdOf(modules.baseUrl(), resource) === undefined)
    throw new Fault('invalid_target', 'the resource is no MCP server of this address');
}

type Claims = Omit<GrantTokenClaims, 'resource'> & { resource: string };
type LockedGrant = NonNullable<Awaited<ReturnType<typeof lockGrant>>>;

async function lockGrant(tx: Tx, id: string) {
  const [grant] = await tx.select().from(t).where(eq(t.id, id)).for('update');
  if (grant === undefined) return undefined;
  const [around] = await tx
    .select({
      userId: schema.mcpInstances.userId,
      instanceRevokedAt: schema.mcpInstances.revokedAt,
      userSuspendedAt: schema.users.suspendedAt,
      environmentSuspendedAt: schema.environments.suspendedAt,
      clientSuspendedAt: schema.clients.suspendedAt,
    })
    .from(schema.mcpInstances)
    .innerJoin(schema.users, eq(schema.users.id, schema.mcpInstances.userId))
    .innerJoin(schema.environments, eq(schema.environments.id, schema.mcpInstances.environmentId))
    .leftJoin(schema.clients, eq(schema.clients.id, sql`coalesce(${grant.clientId}::text, ${schema.mcpInstances.clientId})`))
    .where(eq(schema.mcpInstances.id, grant.instanceId));
  return around === undefined ? undefined : { ...grant, ...around };
}

function refusalOf(grant: LockedGrant): string | undefined {
  if (grant.revokedAt !== null || grant.instanceRevokedAt !== null) return 'the access was revoked';
  if (grant.expiresAt.getTime() <= Date.now()) return 'it has expired';
  if (grant.userSuspendedAt !== null) return 'the user is suspended';
  return grant.environmentSuspendedAt !== null || grant.clientSuspendedAt !== null ? 'access is suspended' : undefined;
}

function claimsOf(grant: LockedGrant, scope: string): Claims {
  const { id, environmentId, userId, oauthClientId, resource } = grant;
  return { grantId: id, environmentId, userId, clientId: oauthClientId, scope, resource };
}

async function keepRefreshToken(ctx: Ctx, tx: Tx, grantId: string, token: string): Promise<void> {
  const tokenMac = await refreshMac(ctx.modules.sealing, token);
  await tx.insert(tokens).values({ tokenMac, environmentId: ctx.environmentId, grantId, expiresAt: inSeconds(idleSeconds) });
}

async function issued(modules: Modules, outcome: Claims | Refusal, refreshToken: string): Promise<GrantTokens> {
  if ('refusal' in outcome) throw new Fault('invalid_grant', outcome.refusal);
  const options = { issuer: modules.baseUrl(), lifeSeconds: accessTokenSeconds, jti: newId('request') };
  return {
    access_token: await modules.signer.signGrant(outcome, options),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    refresh_token: refreshToken,
    scope: outcome.scope,
  };
}

function ctxOf(modules: Modules, environmentId: string, request: Request): Ctx {
  return createCtx(modules, { environmentId, actor: { kind: 'person', id: null }, ...request });
}

async function grantOfRefreshToken(modules: Modules, mac: Buffer): Promise<{ grantId: string; environmentId: string } | undefined> {
  const [row] = await modules.db.system('open consent session').query<{ grant_id: string; environment_id: string }>({
    name: 'grant by refresh token',
    text: 'select grant_id, environment_id from mcp_refresh_tokens where token_mac = $1',
    values: [mac],
  });
  return row === undefined ? undefined : { grantId: row.grant_id, environmentId: row.environment_id };
}

// ---- a call --------------------------------------------------------------------------------------------------------

/** What an access token opens. */
export interface OpenGrant {
  grantId: string;
  instanceId: string;
  configId: string;
  environmentId: string;
  accessLevel: 'FULL' | 'READ_ONLY';
}

/**
 * Opens the grant behind an access token for one config's static URL. The row is read with each call, so that a revocation
 * holds from its own answer on; whether user and environment are served is for whoever opens the instance.
 * @throws Fault unauthorized, client_suspended
 */
export async function openGrant(modules: Modules, token: string, configId: string): Promise<OpenGrant> {
  const issuer = modules.baseUrl();
  const claims = await modules.signer.verifyGrant(token, { issuer, resource: resourceOf(issuer, configId) }).catch((cause: unknown) => {
    throw new Fault('unauthorized', { detail: 'the access token is not valid for this MCP server, or has expired', cause });
  });
  const [row] = await modules.db.system('open MCP instance').query<{ instance_id: string; environment_id: string; suspended: boolean }>({
    name: 'open MCP grant',
    text: `select g.instance_id, g.environment_id, c.suspended_at is not null as suspended
           from mcp_grants g join mcp_instances i on i.id = g.instance_id left join clients c on c.id = g.client_id
           where g.id = $1 and g.revoked_at is null and i.config_id = $2`,
    values: [claims.grantId, configId],
  });
  if (row === undefined || row.environment_id !== claims.environmentId) throw new Fault('unauthorized', 'the access was revoked');
  if (row.suspended) throw new Fault('client_suspended');
  return {
    grantId: claims.grantId,
    instanceId: row.instance_id,
    configId,
    environmentId: row.environment_id,
    accessLevel: claims.scope === 'mcp' ? 'FULL' : 'READ_ONLY',
  };
}

// ---- ending --------------------------------------------------------------------------------------------------------

/** Ends a grant once: its refresh tokens are refused from now on, its access tokens at their next call. */
async function endGrant(ctx: Ctx, tx: Tx, grant: { id: string }, reason: GrantRevokedReason): Promise<boolean> {
  const ended = await tx
    .update(t)
    .set({ revokedAt: sql`clock_timestamp()`, revokedReason: reason })
    .where(and(eq(t.id, grant.id), isNull(t.revokedAt)))
    .returning({ id: t.id });
  if (ended.length === 0) return false;
  await ctx.audit(tx, 'mcp_grant.revoked', { kind: 'mcp_grant', id: grant.id }, { reason });
  return true;
}

/**
 * RFC 7009, for a client that was told to forget a server: an access token or a refresh token ends its whole grant. What is
 * not known, or another client's, is nothing (section 2.2).
 */
export async function revokeMcpToken(modules: Modules, input: { token: string; clientId: string }, request: Request): Promise<void> {
  const byRefresh = await grantOfRefreshToken(modules, await refreshMac(modules.sealing, input.token));
  const found = byRefresh ?? (await grantOfAccessToken(modules, input.token));
  if (found === undefined) return;
  const ctx = ctxOf(modules, found.environmentId, request);
  await ctx.tx(async (tx) => {
    const grant = await lockGrant(tx, found.grantId);
    if (grant?.oauthClientId === input.clientId) await endGrant(ctx, tx, grant, 'client');
  });
}

async function grantOfAccessToken(modules: Modules, token: string): Promise<{ grantId: string; environmentId: string } | undefined> {
  const resource = audienceOf(token);
  if (resource === undefined || configIdOf(modules.baseUrl(), resource) === undefined) return undefined;
  return modules.signer.verifyGrant(token, { issuer: modules.baseUrl(), resource }).catch(() => undefined);
}

/** As the token says itself: only to know what to check it against. */
function audienceOf(token: string): string | undefined {
  try {
    const { aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { aud?: unknown };
    return typeof aud === 'string' ? aud : undefined;
  } catch {
    return undefined;
  }
}

// ---- the operator's and the person's view --------------------------------------------------------------------------

export async function listMcpGrants(
  ctx: Ctx,
  query: {
    limit: number;
    cursor?: string | undefined;
    config_name?: string | undefined;
    user_identifier?: string | undefined;
    active?: 'true' | 'false' | undefined;
  },
): Promise<Page<McpGrant>> {
  const before = decodeCursor('mcpGrant', query.cursor);
  const rows = await ctx.tx((tx) =>
    selectGrants(tx)
      .where(
        and(
          ofEnvironment(ctx),
          before === undefined ? undefined : lt(t.id, before),
          query.config_name === undefined ? undefined : eq(schema.mcpConfigs.name, query.config_name),
          query.user_identifier === undefined ? undefined : eq(schema.users.identifier, query.user_identifier),
          query.active === undefined ? undefined : query.active === 'true' ? isActive : sql`not (${isActive})`,
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, present);
}

const isActive = and(isNull(t.revokedAt), gt(t.expiresAt, sql`clock_timestamp()`));

/** @throws Fault not_found */
export async function getMcpGrant(ctx: Ctx, id: string): Promise<McpGrant> {
  const [row] = await ctx.tx((tx) => selectGrants(tx).where(and(eq(t.id, id), ofEnvironment(ctx))));
  if (row === undefined) throw new Fault('not_found', 'no such MCP grant');
  return present(row);
}

/** @throws Fault not_found, also for one that was ended before */
export async function revokeMcpGrant(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const [row] = await selectGrants(tx).where(and(eq(t.id, id), ofEnvironment(ctx)));
    if (row === undefined || !(await endGrant(ctx, tx, row, 'operator'))) throw new Fault('not_found', 'no such MCP grant');
  });
}

/** The grants of which the caller may know: for queries that join instance and user. */
const ofEnvironment = (ctx: Ctx) => and(eq(t.environmentId, ctx.environmentId), ownInstances(ctx));

const shownToPerson = 50;

/** What the person in this browser has allowed for the config, newest first; codes that were never redeemed are left out. */
export async function ownGrants({ ctx, row }: SignedInBrowser): Promise<McpGrant[]> {
  const rows = await ctx.tx((tx) =>
    selectGrants(tx)
      .where(and(ofPerson(row), isActive, or(isNotNull(t.codeUsedAt), isNotNull(t.lastRefreshedAt))))
      .orderBy(desc(t.id))
      .limit(shownToPerson),
  );
  return rows.map(present);
}

/** @throws Fault not_found */
export async function revokeOwnGrant({ ctx, row }: SignedInBrowser, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const [grant] = await selectGrants(tx).where(and(ofPerson(row), eq(t.id, id)));
    if (grant === undefined || !(await endGrant(ctx, tx, grant, 'person'))) throw new Fault('not_found');
  });
}

function ofPerson(row: SignedInBrowser['row']) {
  return and(
    eq(t.environmentId, row.environmentId),
    eq(schema.mcpInstances.configId, row.configId),
    eq(schema.users.identifier, row.userIdentifier),
  );
}

function selectGrants(tx: Tx) {
  return tx
    .select({ id: t.id, grant: t, identifier: schema.users.identifier, config: { id: schema.mcpConfigs.id, name: schema.mcpConfigs.name } })
    .from(t)
    .innerJoin(schema.mcpInstances, eq(schema.mcpInstances.id, t.instanceId))
    .innerJoin(schema.users, eq(schema.users.id, schema.mcpInstances.userId))
    .innerJoin(schema.mcpConfigs, eq(schema.mcpConfigs.id, schema.mcpInstances.configId))
    .$dynamic();
}

function present({ grant, identifier, config }: Awaited<ReturnType<typeof selectGrants>>[number]): McpGrant {
  const isUrl = grant.oauthClientId.includes('://');
  return {
    id: grant.id,
    user_identifier: identifier,
    config,
    mcp_instance_id: grant.instanceId,
    client: {
      id: grant.oauthClientId,
      name: grant.clientName,
      verified_host: isUrl ? new URL(grant.oauthClientId).host : null,
      redirect_uri: grant.redirectUri,
    },
    scope: grant.scope,
    signed_in_by: grant.signedInBy,
    status: grant.revokedAt !== null ? 'REVOKED' : grant.expiresAt.getTime() <= Date.now() ? 'EXPIRED' : 'ACTIVE',
    revoked_at: grant.revokedAt?.toISOString() ?? null,
    revoked_reason: grant.revokedReason as GrantRevokedReason | null,
    last_refreshed_at: grant.lastRefreshedAt?.toISOString() ?? null,
    expires_at: grant.expiresAt.toISOString(),
    created_at: grant.createdAt.toISOString(),
  };
}

/** Sign-ins, codes and tokens that are over; clients that registered and that nobody has allowed anything for long. */
export async function pruneGrants({ db }: Pick<Modules, 'db'>): Promise<void> {
  const statements = {
    'prune sign-ins': "delete from mcp_sign_ins where expires_at < now() - interval '1 day'",
    'prune refresh tokens': 'delete from mcp_refresh_tokens where expires_at < now()',
    'prune codes': "delete from mcp_grants where code_used_at is null and expires_at < now() - interval '1 day'",
    'prune grants': "delete from mcp_grants where expires_at < now() - interval '30 days'",
    'prune OAuth clients': `delete from oauth_clients where created_at < now() - interval '1 day'
      and (last_allowed_at is null or last_allowed_at < now() - interval '90 days')
      and not exists (select 1 from mcp_grants g where g.oauth_client_id = oauth_clients.id and g.revoked_at is null and g.expires_at > now())`,
  };
  for (const [name, text] of Object.entries(statements)) await db.system('sweep').query({ name, text, values: [] });
}
