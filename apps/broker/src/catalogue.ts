import { type Connector, idAliasesOf } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import { aliases, connectorAliases } from '@grantway/connectors/aliases';
import type { Catalogue } from '@grantway/core';

/** The generated registry as core wants it: loaded when first asked for, then kept. `more` are connectors that are in no folder. */
export function createCatalogue(more: readonly Connector[] = []): Catalogue {
  const loaders: Record<string, () => Promise<Connector>> = {
    ...registry,
    ...Object.fromEntries(more.map((connector) => [connector.id, async () => connector])),
  };
  const known = new Map(Object.entries(aliases));
  for (const { tools } of more) for (const { name, aliases: others } of tools) for (const alias of others) known.set(alias, name);
  const meanings = new Map<string, { id: string; variant: string | null }>(Object.entries(connectorAliases));
  for (const one of more) for (const { alias, variant } of idAliasesOf(one)) meanings.set(alias, { id: one.id, variant });
  const loaded = new Map<string, Promise<Connector>>();
  const find = async (id: string): Promise<Connector | undefined> => {
    const begun = loaded.get(id);
    if (begun !== undefined) return begun;
    const load = Object.hasOwn(loaders, id) ? loaders[id] : undefined;
    if (load === undefined) return undefined;
    const loading = load();
    loaded.set(id, loading);
    return loading;
  };
  const ids = Object.keys(loaders).sort();
  return {
    ids: () => ids,
    aliasOf: (name) => known.get(name),
    meaningOf: (id) => (Object.hasOwn(loaders, id) ? undefined : meanings.get(id)) ?? { id, variant: null },
    find,
    all: async () => (await Promise.all(ids.map(find))).filter((c) => c !== undefined),
  };
}
