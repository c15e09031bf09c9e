import type { Connector } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import type { Catalogue } from '@grantway/core';

/** The generated registry as core wants it: loaded when first asked for, then kept. `more` are connectors that are in no folder. */
export function createCatalogue(more: readonly Connector[] = []): Catalogue {
  const loaders: Record<string, () => Promise<Connector>> = {
    ...registry,
    ...Object.fromEntries(more.map((connector) => [connector.id, async () => connector])),
  };
  const loaded = new Map<string, Promise<Connector>>();
  const find = async (id: string): Promise<Connector | undefined> => {
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const load = Object.hasOwn(loaders, id) ? loaders[id] : undefined;
    if (load === undefined) return undefined;
    const loading = load();
    loaded.set(id, loading);
    return loading;
  };
  const ids = Object.keys(loaders).sort();
  return {
    ids: () => ids,
    find,
    all: async () => (await Promise.all(ids.map(find))).filter((c) => c !== undefined),
  };
}
