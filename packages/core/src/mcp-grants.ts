import { type EventType, Fault, type GrantRevokedReason, type McpGrant, newId } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { mintBearer, type Sealing } from '@grantway/vault';
import { and, desc, eq, gt, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { AuthorizationRequest } from './authorization-requests.ts';
import type { Ctx, Modules } from './ctx.ts';
import { ownInstances } from './instance-summaries.ts';
import { ensureRow } from './mcp-instances.ts';
import { type SignedInBrowser, spendSignIn } from './mcp-sign-ins.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { inSeconds } from './verification.ts';

/* What a person allowed an MCP client; what the client makes of it is in mcp-grant-tokens.ts. */
const t = schema.mcpGrants;

const codeSeconds = 60;

export const authorizationCodeMac = (sealing: Sealing, code: string) => sealing.mac('authorization code', [code]);

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
  const mac = await authorizationCodeMac(modules.sealing, code);
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
    await tell(tx, id, 'mcp_grant.created');
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

// ---- ending --------------------------------------------------------------------------------------------------------

/** Ends a grant once, and says whether it was this time: its refresh tokens are refused from now on, its access tokens at their next call. */
export async function endGrant(ctx: Ctx, tx: Tx, grant: { id: string }, reason: GrantRevokedReason): Promise<boolean> {
  const ended = await tx
    .update(t)
    .set({ revokedAt: sql`clock_timestamp()`, revokedReason: reason })
    .where(and(eq(t.id, grant.id), isNull(t.revokedAt)))
    .returning({ id: t.id });
  if (ended.length === 0) return false;
  await ctx.audit(tx, 'mcp_grant.revoked', { kind: 'mcp_grant', id: grant.id }, { reason });
  await tell(tx, grant.id, 'mcp_grant.revoked', { reason });
  return true;
}

/** The event of a deed on a grant: who allowed what to which client. Its instance may be gone by now; then nobody is left to tell of it. */
async function tell(tx: Tx, id: string, type: EventType, details: Record<string, unknown> = {}): Promise<void> {
  const [row] = await selectGrants(tx).where(eq(t.id, id));
  if (row === undefined) return;
  const { client, config, scope, signed_in_by, mcp_instance_id, user_identifier } = present(row);
  const data = {
    mcp_grant_id: id,
    mcp_instance_id,
    identifier: user_identifier,
    config_name: config.name,
    oauth_client_id: client.id,
    oauth_client_name: client.name,
    verified_host: client.verified_host,
    scope,
    signed_in_by,
    ...details,
  };
  await recordEvent(tx, { environmentId: row.grant.environmentId, type, data });
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
