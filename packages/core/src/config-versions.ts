import { Fault, type McpConfig, type McpConfigDiff, type McpConfigVersion, StoredPolicy } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { and, desc, eq, lt } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { type ConfigRow, change, connectionNames, getConfigRow, namedMappings } from './mcp-configs.ts';
import type { Page } from './pagination.ts';
import { shownPolicy } from './policy-checks.ts';
import { structuralDiff } from './structural-diff.ts';

const versions = schema.mcpConfigVersions;
type VersionRow = typeof versions.$inferSelect;

/** The history of a config, newest first. @throws Fault not_found, invalid_request */
export async function listConfigVersions(
  ctx: Ctx,
  id: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<McpConfigVersion>> {
  const before = query.cursor === undefined ? undefined : readCursor(query.cursor);
  return ctx.tx(async (tx) => {
    const config = await getConfigRow(ctx, tx, id);
    const rows = await tx
      .select()
      .from(versions)
      .where(and(eq(versions.configId, id), before === undefined ? undefined : lt(versions.version, before)))
      .orderBy(desc(versions.version))
      .limit(query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const names = await connectionNames(tx, shown);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => present(config, row, names)),
      next_cursor: rows.length > shown.length && last !== undefined ? Buffer.from(`v${last.version}`).toString('base64url') : null,
    };
  });
}

/** @throws Fault not_found */
export async function getConfigVersion(ctx: Ctx, id: string, version: string): Promise<McpConfigVersion> {
  return ctx.tx(async (tx) => getVersion(tx, await getConfigRow(ctx, tx, id), versionNumber(version)));
}

/** What changed from `against` (by default the version before) to `version`. @throws Fault not_found */
export async function diffConfigVersions(ctx: Ctx, id: string, version: string, against?: number): Promise<McpConfigDiff> {
  const to = versionNumber(version);
  const from = against ?? Math.max(1, to - 1);
  return ctx.tx(async (tx) => {
    const config = await getConfigRow(ctx, tx, id);
    const [older, newer] = [await getVersion(tx, config, from), await getVersion(tx, config, to)];
    return { mcp_config_id: id, from, to, changes: structuralDiff(content(older), content(newer), keyOf) };
  });
}

/**
 * A new version with what an old one allowed: mappings, policy and description. The name stays, because callers go by it.
 * @throws Fault not_found, precondition_failed, and unknown_connection, unknown_tool where something of it is no longer there
 */
export async function restoreConfigVersion(ctx: Ctx, id: string, version: string, ifMatch?: readonly number[]): Promise<McpConfig> {
  const from = versionNumber(version);
  return ctx.tx(async (tx) => {
    const { description, connection_tool_mappings, policy } = await getVersion(tx, await getConfigRow(ctx, tx, id, 'lock'), from);
    return change(ctx, tx, id, { description, connection_tool_mappings, policy }, { ifMatch }, { restored_from: from }, from);
  });
}

async function getVersion(tx: Tx, config: ConfigRow, version: number): Promise<McpConfigVersion> {
  const [row] = await tx
    .select()
    .from(versions)
    .where(and(eq(versions.configId, config.id), eq(versions.version, version)));
  if (row === undefined) throw new Fault('not_found', 'the config has no such version');
  return present(config, row, await connectionNames(tx, [row]));
}

/** @throws Fault not_found */
function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Fault('not_found', 'the config has no such version');
  return Number(text);
}

/** @throws Fault invalid_request */
function readCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^v[1-9]\d{0,8}$/.test(text)) return Number(text.slice(1));
  throw new Fault('invalid_request', {
    detail: 'the cursor is not one of ours',
    errors: [{ pointer: '/cursor', detail: 'use next_cursor of the page before' }],
  });
}

function present(config: ConfigRow, row: VersionRow, names: ReadonlyMap<string, string>): McpConfigVersion {
  return {
    mcp_config_id: row.configId,
    version: row.version,
    name: row.name ?? config.name,
    description: row.description ?? config.description,
    connection_tool_mappings: namedMappings(row, names),
    policy: shownPolicy(StoredPolicy.parse(row.policy), names),
    restored_from: row.restoredFrom,
    created_at: row.createdAt.toISOString(),
    created_by: row.actorKind === null ? null : ({ kind: row.actorKind, id: row.actorId } as McpConfigVersion['created_by']),
  };
}

function content({ name, description, connection_tool_mappings, policy }: McpConfigVersion) {
  return { name, description, connection_tool_mappings, policy };
}

/** What an item of a list is about: a connection, a tool on one, or, of anything else, itself. */
function keyOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return JSON.stringify(item);
  const { connection_name, tool, per } = item as { connection_name?: string; tool?: string; per?: string };
  return JSON.stringify([connection_name, tool, per]);
}
