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
  parseBearer,
  randomBase62,
} from '@grantway/contract';
import { type StoredRemoteServer, schema, type ToolMapping, type Tx } from '@grantway/db';
import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import { liveLink } from './authorization-links.ts';
import { ensureUser } from './connected-accounts.ts';
import { type ConnectionRow, connectionStatus } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { ensureAccount, type NameableAccount } from './owned-accounts.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectIfNothingIsEntered } from './remote-accounts.ts';
import { connectorOf, remoteServerOf } from './remote-servers.ts';
import { type MappedConnection, mappedConnection } from './tools.ts';

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

/** What one MCP request works with: who, on whose behalf, and what the config's current version allows. */
export interface OpenInstance {
  id: string;
  environmentId: string;
  clientId: string | null;
  userId: string;
  userIdentifier: string;
  configName: string;
  configDescription: string;
  configVersion: number;
  mappings: MappedConnection[];
  /** Of connections whose accounts a call may name: the default first, then the older ones. */
  accounts: NameableAccount[];
}

interface OpenRow {
  id: string;
  environment_id: string;
  client_id: string | null;
  client_suspended: boolean;
  user_suspended: boolean;
  environment_suspended: boolean;
  secret_version: number;
  revoked: boolean;
  user_id: string;
  identifier: string;
  config_name: string;
  config_description: string;
  config_version: number;
  mappings: ToolMapping[];
  connections:
    | { id: string; name: string; connector: string; mcp?: StoredRemoteServer | null; header?: string | null; generation?: number }[]
    | null;
  accounts: NameableAccount[] | null;
}

/**
 * Opens an MCP instance by the secret part of its URL: one prepared query.
 * @throws Fault not_found for anything that is not a live URL of ours, instance_revoked, client_suspended, user_suspended,
 * environment_suspended
 */
export async function openInstance(modules: Modules, token: string): Promise<OpenInstance> {
  const parsed = parseBearer('mcpUrl', token);
  if (parsed === undefined) throw new Fault('not_found');
  const [row] = await modules.db.system('open MCP instance').query<OpenRow & Record<string, unknown>>({
    name: 'open MCP instance',
    text: `select i.id, i.environment_id, i.client_id, coalesce(cl.suspended_at is not null, false) as client_suspended, u.suspended_at is not null as user_suspended,
             e.suspended_at is not null as environment_suspended, i.secret_version,
             i.revoked_at is not null as revoked, i.user_id, u.identifier, g.name as config_name, g.description as config_description,
             g.version as config_version, v.mappings,
             (select json_agg(case when c.mcp is null then json_build_object('id', c.id, 'name', c.name, 'connector', c.connector)
                  else json_build_object('id', c.id, 'name', c.name, 'connector', c.connector, 'mcp', c.mcp,
                    'header', encode(c.mcp_header_ct, 'base64'), 'generation', c.mcp_header_generation) end)
                from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m)) as connections,
             (select json_agg(json_build_object('id', a.id, 'connectionId', a.connection_id, 'label', coalesce(a.label, a.provider_account_label),
                  'default', a.is_default) order by a.is_default desc, a.id)
                from jsonb_array_elements(v.mappings) m
                  join connected_accounts a on a.connection_id = m->>'connectionId'
                    and (a.user_id = i.user_id and m->>'owner' is distinct from 'organization' or a.user_id is null and m->>'owner' = 'organization')
                where m->>'choice' = 'true' and a.status <> 'DISCONNECTED' and coalesce(a.label, a.provider_account_label) is not null) as accounts
           from mcp_instances i
             join users u on u.id = i.user_id
             join environments e on e.id = i.environment_id
             join mcp_configs g on g.id = i.config_id
             join mcp_config_versions v on v.config_id = g.id and v.version = g.version
             left join clients cl on cl.id = i.client_id
           where i.url_id = $1`,
    values: [parsed.id],
  });
  // The secret is checked for unknown ids too: time must not tell which ids exist.
  const genuine = await modules.sealing.isDerived('mcpUrl', token, row?.secret_version ?? 1);
  if (row === undefined || !genuine) throw new Fault('not_found');
  if (row.revoked) throw new Fault('instance_revoked', 'this MCP URL was revoked; ask for a new one where you got it');
  if (row.environment_suspended) throw new Fault('environment_suspended');
  if (row.user_suspended) throw new Fault('user_suspended');
  if (row.client_suspended) throw new Fault('client_suspended', 'the client that this MCP URL belongs to is suspended');
  const byId = new Map(row.connections?.map((c) => [c.id, c]));
  return {
    id: row.id,
    environmentId: row.environment_id,
    clientId: row.client_id,
    userId: row.user_id,
    userIdentifier: row.identifier,
    configName: row.config_name,
    configDescription: row.config_description,
    configVersion: row.config_version,
    mappings: row.mappings.flatMap((m) => {
      const connection = byId.get(m.connectionId);
      if (connection === undefined) return [];
      const { id, name, mcp = null, header = null, generation = 0 } = connection;
      const remote = remoteServerOf({
        id,
        name,
        environmentId: row.environment_id,
        mcp,
        mcpHeaderCt: header === null ? null : Buffer.from(header, 'base64'),
        mcpHeaderGeneration: generation,
      });
      return [mappedConnection(m, connection, remote)];
    }),
    accounts: row.accounts ?? [],
  };
}
