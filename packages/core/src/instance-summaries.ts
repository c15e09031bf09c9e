import { Fault, type McpInstanceSummary } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Modules } from './ctx.ts';
import { within } from './restrictions.ts';

const t = schema.mcpInstances;
const configs = schema.mcpConfigs;

export async function urlOf(
  modules: Modules,
  { urlId, secretVersion }: Pick<typeof t.$inferSelect, 'urlId' | 'secretVersion'>,
): Promise<string> {
  return `${modules.baseUrl()}/u/${await modules.sealing.derive('mcpUrl', urlId, secretVersion)}/mcp`;
}

/** @throws Fault not_found */
export async function readSummary(ctx: Ctx, tx: Tx, id: string): Promise<McpInstanceSummary> {
  const [row] = await selectSummaries(tx).where(and(eq(t.id, id), ownInstances(ctx)));
  if (row === undefined) throw noInstance();
  return presentSummary(row);
}

export const noInstance = () => new Fault('not_found', 'no such MCP instance');

/** For queries that join the user: the instances of which the caller may know. */
export function ownInstances(ctx: Ctx): SQL | undefined {
  return and(
    eq(t.environmentId, ctx.environmentId),
    within.own(ctx, t.clientId),
    within.configs(ctx, t.configId),
    within.identifiers(ctx, schema.users.identifier),
  );
}

export function selectSummaries(tx: Tx) {
  return tx
    .select({
      id: t.id,
      identifier: schema.users.identifier,
      config: { id: configs.id, name: configs.name, version: configs.version },
      clientId: t.clientId,
      expiresAt: t.expiresAt,
      previousSecretUntil: sql<string | null>`case when ${t.previousSecretUntil} > clock_timestamp() then ${t.previousSecretUntil} end`,
      revokedAt: t.revokedAt,
      createdAt: t.createdAt,
    })
    .from(t)
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .innerJoin(configs, eq(configs.id, t.configId))
    .$dynamic();
}

export function presentSummary(row: Awaited<ReturnType<typeof selectSummaries>>[number]): McpInstanceSummary {
  return {
    id: row.id,
    user_identifier: row.identifier,
    config: row.config,
    client_id: row.clientId,
    expires_at: row.expiresAt?.toISOString() ?? null,
    previous_url_expires_at: row.previousSecretUntil === null ? null : new Date(row.previousSecretUntil).toISOString(),
    revoked_at: row.revokedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
