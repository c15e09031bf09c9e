import {
  type AuthState,
  type ConnectedAccountReason,
  type ConnectedAccountStatus,
  Fault,
  type InstanceConnection,
  type McpInstance,
  type McpInstanceEnsure,
  type McpInstanceSummary,
  newId,
  randomBase62,
} from '@grantway/contract';
import { schema, type ToolMapping, type Tx } from '@grantway/db';
import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import { liveLink } from './authorization-links.ts';
import { ensureUser } from './connected-accounts.ts';
import { type ConnectionRow, connectionStatus } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { ensureAccount } from './owned-accounts.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectIfNothingIsEntered } from './remote-accounts.ts';
import { connectorOf, remoteServerOf } from './remote-servers.ts';

const t = schema.mcpInstances;
const configs = schema.mcpConfigs;
const versions = schema.mcpConfigVersions;

/**
 * ensure_instance: inserts that do nothing on conflict, in one transaction; so it answers the same URL each time, also
 * to callers that come at once.
 * @throws Fault not_found for an unknown config
 */
export async function ensureInstance(ctx: Ctx, input: McpInstanceEnsure): Promise<McpInstance> {
  return ctx.tx(async (tx) => {
    const [config] = await tx
      .select({ id: configs.id, name: configs.name, version: configs.version, mappings: versions.mappings })
      .from(configs)
      .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
      .where(and(eq(configs.name, input.config_name), eq(configs.environmentId, ctx.environmentId)));
    if (config === undefined) throw new Fault('not_found', `there is no MCP config "${input.config_name}"`);
    const userId = await ensureUser(tx, ctx.environmentId, input.user_identifier);
    const where = and(eq(t.configId, config.id), eq(t.userId, userId));
    let [instance] = await tx.select().from(t).where(where);
    if (instance === undefined) {
      await tx
        .insert(t)
        .values({
          id: newId('mcpInstance'),
          urlId: randomBase62(16),
          environmentId: ctx.environmentId,
          configId: config.id,
          userId,
          clientId: ctx.actor.kind === 'client' ? ctx.actor.id : null,
        })
        .onConflictDoNothing();
      [instance] = await tx.select().from(t).where(where);
    }
    if (instance === undefined) throw new Error('the instance vanished');
    if (instance.revokedAt !== null) throw new Fault('instance_revoked', 'this user’s MCP URL was revoked');
    const connections = await instanceConnections(ctx, tx, config.mappings, userId, true);
    await ctx.audit(tx, 'mcp_instance.ensured', { kind: 'mcp_instance', id: instance.id }, { config: config.name });
    return {
      id: instance.id,
      url: `${ctx.modules.baseUrl()}/u/${await ctx.modules.sealing.derive('mcpUrl', instance.urlId, instance.secretVersion)}/mcp`,
      user_identifier: input.user_identifier,
      config: { id: config.id, name: config.name, version: config.version },
      connections,
      created_at: instance.createdAt.toISOString(),
    };
  });
}

export async function listMcpInstances(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; config_name?: string | undefined; user_identifier?: string | undefined },
): Promise<Page<McpInstanceSummary>> {
  const before = decodeCursor('mcpInstance', query.cursor);
  const rows = await ctx.tx((tx) =>
    selectSummaries(tx)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.config_name === undefined ? undefined : eq(configs.name, query.config_name),
          query.user_identifier === undefined ? undefined : eq(schema.users.identifier, query.user_identifier),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, presentSummary);
}

export async function getMcpInstance(ctx: Ctx, id: string): Promise<McpInstanceSummary> {
  const [row] = await ctx.tx((tx) => selectSummaries(tx).where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId))));
  if (row === undefined) throw new Fault('not_found', 'no such MCP instance');
  return presentSummary(row);
}

function selectSummaries(tx: Tx) {
  return tx
    .select({
      id: t.id,
      identifier: schema.users.identifier,
      config: { id: configs.id, name: configs.name, version: configs.version },
      clientId: t.clientId,
      revokedAt: t.revokedAt,
      createdAt: t.createdAt,
    })
    .from(t)
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .innerJoin(configs, eq(configs.id, t.configId))
    .$dynamic();
}

function presentSummary(row: Awaited<ReturnType<typeof selectSummaries>>[number]): McpInstanceSummary {
  return {
    id: row.id,
    user_identifier: row.identifier,
    config: row.config,
    client_id: row.clientId,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}

export async function getAuthState(ctx: Ctx, id: string, options: { includeAuthLinks: boolean }): Promise<AuthState> {
  return ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ userId: t.userId, identifier: schema.users.identifier, mappings: versions.mappings })
      .from(t)
      .innerJoin(schema.users, eq(schema.users.id, t.userId))
      .innerJoin(configs, eq(configs.id, t.configId))
      .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
      .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
    if (row === undefined) throw new Fault('not_found', 'no such MCP instance');
    return {
      id,
      user_identifier: row.identifier,
      connections: await instanceConnections(ctx, tx, row.mappings, row.userId, options.includeAuthLinks),
    };
  });
}

async function instanceConnections(
  ctx: Ctx,
  tx: Tx,
  mappings: ToolMapping[],
  userId: string,
  withLinks: boolean,
): Promise<InstanceConnection[]> {
  const ids = mappings.map((m) => m.connectionId);
  const shared = new Set(mappings.filter((m) => m.owner === 'organization').map((m) => m.connectionId));
  const rows = ids.length === 0 ? [] : await tx.select().from(schema.connections).where(inArray(schema.connections.id, ids));
  const out = new Map<string, InstanceConnection>();
  // In the order of ids, whatever the config's order: two configs that share connections must not lock crosswise.
  for (const id of [...ids].sort()) {
    const connection = rows.find((row) => row.id === id);
    if (connection === undefined) continue;
    const own = await ensureAccount(tx, ctx.environmentId, id, shared.has(id) ? null : userId);
    const server = remoteServerOf(connection);
    const account = server === undefined ? own : await connectIfNothingIsEntered(ctx.modules, tx, server, own, ctx.requestId);
    // Who may connect an account of the organization is not decided by who uses it.
    const needsLink = withLinks && !shared.has(id) && account.status !== 'ACTIVE' && (await isReady(ctx.modules, connection));
    out.set(id, {
      connection_name: connection.name,
      connector: connection.connector,
      account_owner: shared.has(id) ? 'organization' : 'user',
      connected_account_id: account.id,
      connected_account_status: account.status as ConnectedAccountStatus,
      reason: account.reason as ConnectedAccountReason | null,
      authentication_link: needsLink ? await linkOf(ctx, tx, account.id) : null,
    });
  }
  return ids.flatMap((id) => out.get(id) ?? []);
}

async function linkOf(ctx: Ctx, tx: Tx, accountId: string): Promise<string> {
  const link = await liveLink(ctx, tx, accountId);
  if (link.isNew) await ctx.audit(tx, 'authorization_link.created', { kind: 'connected_account', id: accountId }, { new: true });
  return link.url;
}

async function isReady(modules: Modules, connection: ConnectionRow): Promise<boolean> {
  const connector = await connectorOf(modules.catalogue, connection);
  return connector !== undefined && connectionStatus(connection, connector.auth) === 'COMPLETED';
}
