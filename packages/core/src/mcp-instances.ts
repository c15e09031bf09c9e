import { type AuthSpec, missingScopes } from '@grantway/connector-kit';
import {
  type AccountOwner,
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
import { and, desc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { liveLink } from './authorization-links.ts';
import { knownNeededScopes, neededScopes, policyOf } from './call-policy.ts';
import { ensureUser } from './connected-accounts.ts';
import { type ConnectionRow, connectionStatus } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { renewed } from './instance-life.ts';
import { noInstance, ownInstances, presentSummary, readSummary, selectSummaries, urlOf } from './instance-summaries.ts';
import { ensureAccount } from './owned-accounts.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectIfNothingIsEntered } from './remote-accounts.ts';
import { connectorOf, remoteServerOf } from './remote-servers.ts';
import { allowsConfig, allowsIdentifier, mayActFor, within } from './restrictions.ts';
import { exposedTools, mappedConnection } from './tools.ts';

const t = schema.mcpInstances;
const configs = schema.mcpConfigs;
const versions = schema.mcpConfigVersions;

type Row = typeof t.$inferSelect;

interface Config {
  id: string;
  name: string;
  version: number;
  mappings: ToolMapping[];
  policy: unknown;
}

/**
 * ensure_instance: one look where everything is there, and inserts that do nothing on conflict, in one transaction, where
 * it is not; so it answers the same URL each time, also to callers that come at once. Each client has an instance of its own: what it calls is audited under it, and ends with it.
 * @throws Fault not_found for an unknown config; instance_revoked until the instance is restored; invalid_request
 */
export async function ensureInstance(ctx: Ctx, input: McpInstanceEnsure): Promise<McpInstance> {
  const found = await instanceAsItIs(ctx, input);
  if (found !== undefined) return found;
  return ctx.tx(async (tx) => {
    const config = await findConfig(ctx, tx, eq(configs.name, input.config_name));
    if (config === undefined) throw new Fault('not_found', `there is no MCP config "${input.config_name}"`);
    const made = await ensureRow(ctx, tx, config, input.user_identifier);
    const instance = await renewed(ctx, tx, made, input.expires_at);
    const connections = await instanceConnections(ctx, tx, { ...config, configId: config.id }, instance.userId, true);
    await ctx.audit(
      tx,
      'mcp_instance.ensured',
      { kind: 'mcp_instance', id: instance.id },
      { config: config.name, ...(input.expires_at === undefined ? {} : { expires_at: input.expires_at }) },
    );
    return {
      id: instance.id,
      url: await urlOf(ctx.modules, instance),
      user_identifier: input.user_identifier,
      config: { id: config.id, name: config.name, version: config.version },
      connections,
      expires_at: instance.expiresAt?.toISOString() ?? null,
      created_at: instance.createdAt.toISOString(),
    };
  });
}

/**
 * What ensure_instance answers where nothing is to be done: everything is there, connected and without an end. Undefined where
 * anything is to be made, or refused.
 */
async function instanceAsItIs(ctx: Ctx, input: McpInstanceEnsure): Promise<McpInstance | undefined> {
  const { modules, restrictions, environmentId } = ctx;
  const { config_name: configName, user_identifier: identifier } = input;
  if (input.expires_at !== undefined || !allowsIdentifier(restrictions, identifier)) return undefined;
  const found = await modules.questions.ensured({ environmentId, configName, identifier, clientId: clientOf(ctx) });
  if (found === undefined || !allowsConfig(restrictions, found.config_id)) return undefined;
  const connections: InstanceConnection[] = [];
  for (const connection of found.connections) {
    const { account, owner } = connection;
    if (account?.status !== 'ACTIVE') return undefined;
    const auth = (await connectorOf(modules.catalogue, connection))?.auth;
    const needed = auth?.kind === 'oauth2' ? knownNeededScopes(found.config_id, found.version, connection.id) : [];
    if (needed === undefined) return undefined;
    const scopes = compareScopes(auth, needed, connection, account);
    if (scopes.canBeGranted) return undefined;
    connections.push(presentConnection(connection, account, owner, scopes, null));
  }
  await ctx.auditAlone('mcp_instance.ensured', { kind: 'mcp_instance', id: found.id }, { config: configName });
  return {
    id: found.id,
    url: await urlOf(modules, { urlId: found.url_id, secretVersion: found.secret_version }),
    user_identifier: identifier,
    config: { id: found.config_id, name: configName, version: found.version },
    connections,
    expires_at: null,
    created_at: found.created_at.toISOString(),
  };
}

/** Null where a person asks for himself. */
const clientOf = ({ actor }: Ctx) => (actor.kind === 'client' ? actor.id : null);

/** A config that the caller may act on. */
export async function findConfig(ctx: Ctx, tx: Tx, which: SQL): Promise<Config | undefined> {
  const [config] = await tx
    .select({ id: configs.id, name: configs.name, version: configs.version, mappings: versions.mappings, policy: versions.policy })
    .from(configs)
    .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
    .where(and(which, eq(configs.environmentId, ctx.environmentId), within.configs(ctx, configs.id)));
  return config;
}

/**
 * The caller's instance of a config for a user, made when it is the first time: the one way in which instances come to be.
 * @throws Fault not_found for a user whom the caller may not act for; user_suspended, instance_revoked
 */
export async function ensureRow(ctx: Ctx, tx: Tx, config: Pick<Config, 'id'>, identifier: string): Promise<Row> {
  mayActFor(ctx, identifier);
  const userId = await ensureUser(tx, ctx.environmentId, identifier);
  const clientId = clientOf(ctx);
  const where = and(eq(t.configId, config.id), eq(t.userId, userId), sql`coalesce(${t.clientId}, '') = ${clientId ?? ''}`);
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
        clientId,
      })
      .onConflictDoNothing();
    [instance] = await tx.select().from(t).where(where);
  }
  if (instance === undefined) throw new Error('the instance vanished');
  if (instance.revokedAt !== null) throw new Fault('instance_revoked', 'this user’s MCP URL was revoked; restore the instance first');
  return instance;
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
          ownInstances(ctx),
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
  return ctx.tx((tx) => readSummary(ctx, tx, id));
}

export async function getAuthState(ctx: Ctx, id: string, options: { includeAuthLinks: boolean }): Promise<AuthState> {
  return ctx.tx(async (tx) => {
    const [row] = await tx
      .select({
        userId: t.userId,
        identifier: schema.users.identifier,
        configId: configs.id,
        version: configs.version,
        mappings: versions.mappings,
        policy: versions.policy,
      })
      .from(t)
      .innerJoin(schema.users, eq(schema.users.id, t.userId))
      .innerJoin(configs, eq(configs.id, t.configId))
      .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
      .where(and(eq(t.id, id), ownInstances(ctx)));
    if (row === undefined) throw noInstance();
    return {
      id,
      user_identifier: row.identifier,
      connections: await instanceConnections(ctx, tx, row, row.userId, options.includeAuthLinks),
    };
  });
}

async function instanceConnections(
  ctx: Ctx,
  tx: Tx,
  config: { configId: string; version: number; mappings: ToolMapping[]; policy: unknown },
  userId: string,
  withLinks: boolean,
): Promise<InstanceConnection[]> {
  const { mappings } = config;
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
    const scopes = await scopesOf(ctx.modules, config, connection, account);
    const needsPerson = account.status !== 'ACTIVE' || scopes.canBeGranted;
    const needsLink = withLinks && !shared.has(id) && needsPerson && (await isReady(ctx.modules, connection));
    const link = needsLink ? await linkOf(ctx, tx, account.id) : null;
    out.set(id, presentConnection(connection, account, shared.has(id) ? 'organization' : 'user', scopes, link));
  }
  return ids.flatMap((id) => out.get(id) ?? []);
}

interface ComparedScopes {
  needed: readonly string[];
  missing: string[];
  canBeGranted: boolean;
}

function presentConnection(
  connection: { name: string; connector: string },
  account: { id: string; status: string; reason: string | null },
  owner: AccountOwner,
  { needed, missing }: ComparedScopes,
  link: string | null,
): InstanceConnection {
  return {
    connection_name: connection.name,
    connector: connection.connector,
    account_owner: owner,
    connected_account_id: account.id,
    connected_account_status: account.status as ConnectedAccountStatus,
    reason: missing.length > 0 ? 'scope_missing' : (account.reason as ConnectedAccountReason | null),
    needed_scopes: [...needed],
    missing_scopes: missing,
    authentication_link: link,
  };
}

/** What the config's tools need of a connection, and what of it its account was not granted. */
async function scopesOf(
  modules: Modules,
  { configId, version, mappings, policy }: { configId: string; version: number; mappings: ToolMapping[]; policy: unknown },
  connection: ConnectionRow,
  account: { status: string; scopes: string[] },
): Promise<ComparedScopes> {
  const auth = (await connectorOf(modules.catalogue, connection))?.auth;
  const mapping = mappings.find(({ connectionId }) => connectionId === connection.id);
  if (auth?.kind !== 'oauth2' || mapping === undefined) return compareScopes(auth, [], connection, account);
  const tools = await exposedTools(modules.catalogue, [mappedConnection(mapping, connection)]);
  const needed = neededScopes({ policy: policyOf(configId, version, policy) }, tools, connection.id);
  return compareScopes(auth, needed, connection, account);
}

/** What of the needed scopes an account was not granted, and whether a consent could bring any of it. */
function compareScopes(
  auth: AuthSpec | undefined,
  needed: readonly string[],
  connection: { scopes: string[] },
  account: { status: string; scopes: string[] },
): ComparedScopes {
  if (auth?.kind !== 'oauth2') return { needed: [], missing: [], canBeGranted: false };
  const missing = account.status === 'ACTIVE' ? missingScopes(auth, account.scopes, needed) : [];
  // Consent asks for all that the connection asks for. What it does not ask for, no link can bring.
  const outOfReach = missingScopes(auth, connection.scopes, missing);
  return { needed, missing, canBeGranted: missing.length > outOfReach.length };
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
