import { type ClientRestrictions, Fault } from '@grantway/contract';
import { type StoredRestrictions, schema, type Tx } from '@grantway/db';
import { and, eq, inArray, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { realName } from './connectors.ts';
import type { Ctx } from './ctx.ts';

/**
 * What a client may be narrowed to: some users, some MCP configs, some tools. Everything that acts for a user or a config
 * asks here, and what is left out looks like something that does not exist. Null: not narrowed.
 */
export type Restrictions = StoredRestrictions | null;

export function allowsIdentifier(of: Restrictions, identifier: string): boolean {
  if (of === null || (of.identifiers === undefined && of.identifierPrefixes === undefined)) return true;
  return (of.identifiers ?? []).includes(identifier) || (of.identifierPrefixes ?? []).some((prefix) => identifier.startsWith(prefix));
}

export function allowsConfig(of: Restrictions, configId: string): boolean {
  return of?.configIds?.includes(configId) ?? true;
}

/** @throws Fault not_found, as for a user whom nobody knows */
export function mayActFor(ctx: Pick<Ctx, 'restrictions'>, identifier: string): void {
  if (!allowsIdentifier(ctx.restrictions, identifier)) throw new Fault('not_found', 'no such user');
}

/** Conditions of queries; undefined where there is nothing to narrow. */
export const within = {
  identifiers({ restrictions: of }: Pick<Ctx, 'restrictions'>, column: SQLWrapper): SQL | undefined {
    if (of === null || (of.identifiers === undefined && of.identifierPrefixes === undefined)) return undefined;
    // A list that is empty is false, and so is a column that is null.
    return or(
      inArray(column, of.identifiers ?? []),
      ...(of.identifierPrefixes ?? []).map((prefix) => sql`starts_with(${column}, ${prefix})`),
    );
  },

  configs({ restrictions: of }: Pick<Ctx, 'restrictions'>, column: SQLWrapper): SQL | undefined {
    return of?.configIds === undefined ? undefined : inArray(column, of.configIds);
  },

  /** Of the connections that the configs map now. */
  connections({ restrictions: of, environmentId }: Pick<Ctx, 'restrictions' | 'environmentId'>, column: SQLWrapper): SQL | undefined {
    if (of?.configIds === undefined) return undefined;
    return sql`${column} in (select m->>'connectionId' from mcp_configs g
      join mcp_config_versions v on v.config_id = g.id and v.version = g.version, jsonb_array_elements(v.mappings) m
      where g.environment_id = ${environmentId} and ${inArray(sql`g.id`, of.configIds)})`;
  },

  /** A restricted client sees its own doings only: what another one made may reach further. */
  own({ restrictions, actor }: Pick<Ctx, 'restrictions' | 'actor'>, clientId: SQLWrapper): SQL | undefined {
    return restrictions === null ? undefined : sql`${clientId} = ${actor.id}`;
  },

  /** For queries that join the user whose account it is; an account of the organization is nobody's. */
  accounts(ctx: Ctx): SQL | undefined {
    const { connectionId } = schema.connectedAccounts;
    return and(within.identifiers(ctx, schema.users.identifier), within.connections(ctx, connectionId));
  },

  accountIds(ctx: Ctx, tx: Tx, column: SQLWrapper): SQL | undefined {
    const t = schema.connectedAccounts;
    if (ctx.restrictions === null) return undefined;
    const own = tx.select({ id: t.id }).from(t).leftJoin(schema.users, eq(schema.users.id, t.userId)).where(within.accounts(ctx));
    return sql`${column} in ${own}`;
  },
};

/** Whether this client may know of the account. */
export async function mayUseAccount(ctx: Ctx, tx: Tx, id: string): Promise<boolean> {
  if (ctx.restrictions === null) return true;
  const t = schema.connectedAccounts;
  const [row] = await tx
    .select({ id: t.id })
    .from(t)
    .leftJoin(schema.users, eq(schema.users.id, t.userId))
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId), within.accounts(ctx)));
  return row !== undefined;
}

/** Names of configs become ids: a config that gets another's name later must not get its clients. */
export async function storedRestrictions(ctx: Ctx, tx: Tx, input: ClientRestrictions | null): Promise<Restrictions> {
  if (input === null) return null;
  const { identifiers, identifier_prefixes: identifierPrefixes, configs, tools } = input;
  return {
    ...(identifiers === undefined ? {} : { identifiers: [...new Set(identifiers)] }),
    ...(identifierPrefixes === undefined ? {} : { identifierPrefixes: [...new Set(identifierPrefixes)] }),
    ...(configs === undefined ? {} : { configIds: await configIdsOf(ctx, tx, configs) }),
    ...(tools === undefined ? {} : { tools: [...new Set(tools.map((name) => realName(ctx.modules.catalogue, name)))] }),
  };
}

async function configIdsOf(ctx: Ctx, tx: Tx, names: readonly string[]): Promise<string[]> {
  const t = schema.mcpConfigs;
  const found = await tx
    .select({ id: t.id, name: t.name })
    .from(t)
    .where(and(eq(t.environmentId, ctx.environmentId), inArray(t.name, [...names])));
  const unknown = names.find((name) => !found.some((config) => config.name === name));
  if (unknown !== undefined) {
    const detail = `there is no MCP config "${unknown}"`;
    throw new Fault('not_found', { detail, errors: [{ pointer: '/restrictions/configs', detail }] });
  }
  return found.map(({ id }) => id);
}

/** The present names of the configs that clients are restricted to; a deleted one has none. */
export async function configNamesOf(ctx: Ctx, tx: Tx, all: readonly Restrictions[]): Promise<Map<string, string>> {
  const t = schema.mcpConfigs;
  const ids = [...new Set(all.flatMap((of) => of?.configIds ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select({ id: t.id, name: t.name })
    .from(t)
    .where(and(eq(t.environmentId, ctx.environmentId), inArray(t.id, ids)));
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export function presentRestrictions(of: Restrictions, names: ReadonlyMap<string, string>): ClientRestrictions | null {
  if (of === null) return null;
  return {
    ...(of.identifiers === undefined ? {} : { identifiers: of.identifiers }),
    ...(of.identifierPrefixes === undefined ? {} : { identifier_prefixes: of.identifierPrefixes }),
    ...(of.configIds === undefined ? {} : { configs: of.configIds.flatMap((id) => names.get(id) ?? []).sort() }),
    ...(of.tools === undefined ? {} : { tools: of.tools }),
  };
}
