import { goesBy } from '@grantway/connector-kit';
import { Fault, type McpConfig, type McpConfigCreate, type McpConfigUpdate, newId, StoredPolicy } from '@grantway/contract';
import { schema, type ToolMapping, type Tx } from '@grantway/db';
import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import { orNameTaken } from './connections.ts';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { checkedPolicy, shownPolicy } from './policy-checks.ts';
import { remoteConnectorId } from './remote-servers.ts';
import { within } from './restrictions.ts';
import { exposedTools, type MappedConnection, mappedConnection, mustBeDistinct, nameableTools } from './tools.ts';

const t = schema.mcpConfigs;
const versions = schema.mcpConfigVersions;
const own = and(eq(versions.configId, t.id), eq(versions.version, t.version));
export type ConfigRow = typeof t.$inferSelect & { mappings: ToolMapping[]; policy: StoredPolicy };
type NamedMapping = McpConfigCreate['connection_tool_mappings'][number];

/** @throws Fault unknown_connection, unknown_tool, name_taken */
export async function createMcpConfig(ctx: Ctx, input: McpConfigCreate): Promise<McpConfig> {
  const id = newId('mcpConfig');
  return ctx.tx(async (tx) => {
    const { mappings, mapped } = await resolve(ctx, tx, input.connection_tool_mappings);
    const policy = await checkedPolicy(ctx.modules.catalogue, input.policy, mapped);
    await orNameTaken(
      input.name,
      tx.insert(t).values({ id, environmentId: ctx.environmentId, name: input.name, description: input.description }),
    );
    const { name, description } = input;
    await addVersion(ctx, tx, { configId: id, version: 1, name, description, mappings, policy });
    await ctx.audit(tx, 'mcp_config.created', { kind: 'mcp_config', id }, { name: input.name, version: 1 });
    return present(tx, await getConfigRow(ctx, tx, id));
  });
}

export async function listMcpConfigs(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; name?: string | undefined },
): Promise<Page<McpConfig>> {
  const before = decodeCursor('mcpConfig', query.cursor);
  return ctx.tx(async (tx) => {
    const rows = await tx
      .select({ config: t, mappings: versions.mappings, policy: versions.policy })
      .from(t)
      .innerJoin(versions, own)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          within.configs(ctx, t.id),
          before === undefined ? undefined : lt(t.id, before),
          query.name === undefined ? undefined : eq(t.name, query.name),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1);
    const flat = rows.map(({ config, mappings, policy }) => ({ ...config, mappings, policy }));
    const names = await connectionNames(tx, flat);
    return toPage(flat, query.limit, (row) => presentWith(row, names));
  });
}

export async function getMcpConfig(ctx: Ctx, id: string): Promise<McpConfig> {
  return ctx.tx(async (tx) => present(tx, await getConfigRow(ctx, tx, id)));
}

/** Which version a caller means to change: from the body, and the versions that its If-Match names. */
export interface Expected {
  version?: number | undefined;
  ifMatch?: readonly number[] | undefined;
}

/** @throws Fault precondition_failed, version_conflict */
function mustBeExpected(current: ConfigRow, { version, ifMatch }: Expected): void {
  if (ifMatch?.includes(current.version) === false) {
    throw new Fault('precondition_failed', `the config is at version ${current.version}`);
  }
  if (version !== undefined && version !== current.version) {
    throw new Fault('version_conflict', `the config is at version ${current.version}, not ${version}`);
  }
}

/**
 * Every change is a new version; instances follow at once.
 * @throws Fault not_found, precondition_failed, version_conflict, unknown_connection, unknown_tool, name_taken
 */
export async function updateMcpConfig(ctx: Ctx, id: string, input: McpConfigUpdate, ifMatch?: readonly number[]): Promise<McpConfig> {
  const { version, ...changes } = input;
  return ctx.tx((tx) => change(ctx, tx, id, changes, { version, ifMatch }, { changed: Object.keys(changes).sort() }));
}

/** The one way to another version. `restoredFrom`: the version that it repeats. */
export async function change(
  ctx: Ctx,
  tx: Tx,
  id: string,
  input: Omit<McpConfigUpdate, 'version'>,
  expected: Expected,
  details: Record<string, unknown>,
  restoredFrom: number | null = null,
): Promise<McpConfig> {
  const current = await getConfigRow(ctx, tx, id, 'lock');
  mustBeExpected(current, expected);
  const version = current.version + 1;
  const given = input.connection_tool_mappings;
  const { mappings, mapped } = given === undefined ? await mappedNow(tx, current) : await resolve(ctx, tx, given);
  // Also a policy that stays is looked at when mappings change: it may name what is no longer mapped.
  const policy =
    given === undefined && input.policy === undefined
      ? current.policy
      : await checkedPolicy(
          ctx.modules.catalogue,
          input.policy ?? shownPolicy(StoredPolicy.parse(current.policy), await connectionNames(tx, [current])),
          mapped,
        );
  const { name = current.name, description = current.description } = input;
  await orNameTaken(name, tx.update(t).set({ version, name, description, updatedAt: sql`clock_timestamp()` }).where(eq(t.id, id)));
  await addVersion(ctx, tx, { configId: id, version, name, description, mappings, policy, restoredFrom });
  await ctx.audit(tx, 'mcp_config.updated', { kind: 'mcp_config', id }, { version, ...details });
  return present(tx, await getConfigRow(ctx, tx, id));
}

async function addVersion(
  ctx: Ctx,
  tx: Tx,
  of: Pick<typeof versions.$inferInsert, 'configId' | 'version' | 'name' | 'description' | 'mappings' | 'policy' | 'restoredFrom'>,
): Promise<void> {
  const { kind, id } = ctx.actor;
  await tx.insert(versions).values({ ...of, environmentId: ctx.environmentId, actorKind: kind, actorId: id });
}

/** Deletes the config and its instances: their URLs stop working at once. */
export async function deleteMcpConfig(ctx: Ctx, id: string, ifMatch?: readonly number[]): Promise<void> {
  await ctx.tx(async (tx) => {
    const row = await getConfigRow(ctx, tx, id, 'lock');
    mustBeExpected(row, { ifMatch });
    const instances = await tx
      .delete(schema.mcpInstances)
      .where(eq(schema.mcpInstances.configId, id))
      .returning({ id: schema.mcpInstances.id });
    await tx.delete(t).where(eq(t.id, id));
    await ctx.audit(tx, 'mcp_config.deleted', { kind: 'mcp_config', id }, { name: row.name, instances: instances.length });
  });
}

/** @throws Fault not_found */
export async function getConfigRow(ctx: Ctx, tx: Tx, id: string, lock?: 'lock'): Promise<ConfigRow> {
  const where = and(eq(t.id, id), eq(t.environmentId, ctx.environmentId), within.configs(ctx, t.id));
  // Locked by itself first: whoever waited must then read the version that the one before him made, by a new snapshot.
  if (lock !== undefined) await tx.select({ id: t.id }).from(t).where(where).for('update');
  const [row] = await tx
    .select({ config: t, mappings: versions.mappings, policy: versions.policy })
    .from(t)
    .innerJoin(versions, own)
    .where(where);
  if (row === undefined) throw new Fault('not_found', 'no such MCP config');
  return { ...row.config, mappings: row.mappings, policy: row.policy };
}

/** Names become ids, and every tool is looked up: a config never names what does not exist. */
async function resolve(
  ctx: Ctx,
  tx: Tx,
  mappings: readonly NamedMapping[],
): Promise<{ mappings: ToolMapping[]; mapped: MappedConnection[] }> {
  const names = mappings.map((m) => m.connection_name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Fault('invalid_request', `the connection "${twice}" is mapped twice`);
  const rows = await tx
    .select({ id: schema.connections.id, name: schema.connections.name, connector: schema.connections.connector })
    .from(schema.connections)
    .where(and(eq(schema.connections.environmentId, ctx.environmentId), inArray(schema.connections.name, names)))
    // A connection cannot be deleted while a config that will name it is being written.
    .for('key share');
  const byName = new Map(rows.map((row) => [row.name, row]));
  const resolved: ToolMapping[] = [];
  const mapped: MappedConnection[] = [];
  for (const [i, mapping] of mappings.entries()) {
    const row = byName.get(mapping.connection_name);
    const at = `/connection_tool_mappings/${i}`;
    if (row === undefined) {
      throw new Fault('unknown_connection', {
        detail: `there is no connection "${mapping.connection_name}"`,
        errors: [{ pointer: `${at}/connection_name`, detail: `unknown connection "${mapping.connection_name}"` }],
      });
    }
    const { names } = mapping;
    if (names === 'as_is' && (row.connector !== remoteConnectorId || mappings.length > 1)) {
      const detail = 'only a config of one connection, to a remote MCP server, may show its names as they are';
      throw new Fault('invalid_request', { detail, errors: [{ pointer: `${at}/names`, detail }] });
    }
    // What a remote server offers is asked when it is used, and may change: a tool that is not there is not shown.
    const isRemote = row.connector === remoteConnectorId;
    const known = nameableTools(await ctx.modules.catalogue.find(row.connector));
    const unknown = isRemote ? [] : mapping.tools.filter((name) => !known.some((tool) => goesBy(tool, name)));
    if (unknown.length > 0) {
      throw new Fault('unknown_tool', {
        detail: `the connection "${mapping.connection_name}" has no tool ${unknown.map((name) => `"${name}"`).join(', ')}`,
        errors: unknown.map((name) => ({ pointer: `${at}/tools/${mapping.tools.indexOf(name)}`, detail: `unknown tool "${name}"` })),
      });
    }
    resolved.push({
      connectionId: row.id,
      tools: [...new Set(mapping.tools.map((name) => known.find((tool) => goesBy(tool, name))?.name ?? name))],
      ...(names === 'as_is' ? { names } : {}),
      ...(mapping.account_owner === 'organization' ? { owner: 'organization' } : {}),
      ...(mapping.account_choice ? { choice: true } : {}),
    });
    mapped.push(mappedConnection(resolved.at(-1) as ToolMapping, row));
  }
  mustBeDistinct(await exposedTools(ctx.modules.catalogue, mapped));
  return { mappings: resolved, mapped };
}

/** As they are, also where a connector has lost a tool since. */
async function mappedNow(tx: Tx, { mappings }: ConfigRow): Promise<{ mappings: ToolMapping[]; mapped: MappedConnection[] }> {
  const { id, name, connector } = schema.connections;
  const ids = mappings.map((mapping) => mapping.connectionId);
  const rows = await tx.select({ id, name, connector }).from(schema.connections).where(inArray(id, ids));
  const mapped = mappings.flatMap((mapping) => {
    const row = rows.find((one) => one.id === mapping.connectionId);
    return row === undefined ? [] : [mappedConnection(mapping, row)];
  });
  return { mappings, mapped };
}

export async function connectionNames(tx: Tx, rows: readonly Pick<ConfigRow, 'mappings'>[]): Promise<Map<string, string>> {
  const ids = [...new Set(rows.flatMap((row) => row.mappings.map((m) => m.connectionId)))];
  if (ids.length === 0) return new Map();
  const found = await tx
    .select({ id: schema.connections.id, name: schema.connections.name })
    .from(schema.connections)
    .where(inArray(schema.connections.id, ids));
  return new Map(found.map((c) => [c.id, c.name]));
}

async function present(tx: Tx, row: ConfigRow): Promise<McpConfig> {
  return presentWith(row, await connectionNames(tx, [row]));
}

export function namedMappings({ mappings }: { mappings: ToolMapping[] }, names: ReadonlyMap<string, string>) {
  return mappings.map((m) => ({
    connection_name: names.get(m.connectionId) ?? '',
    tools: m.tools,
    ...(m.names === undefined ? {} : { names: m.names }),
    account_owner: m.owner ?? ('user' as const),
    account_choice: m.choice ?? false,
  }));
}

function presentWith(row: ConfigRow, names: Map<string, string>): McpConfig {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    version: row.version,
    connection_tool_mappings: namedMappings(row, names),
    policy: shownPolicy(StoredPolicy.parse(row.policy), names),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
