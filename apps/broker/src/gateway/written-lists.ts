import type { OpenInstance } from '@grantway/core';
import { type Exposure, hasRemotes } from './exposure.ts';
import { type JsonObject, WrittenResult } from './json-rpc.ts';

const maxCharacters = 16_000_000;

/** Lists of tools as they were answered: writing 200 definitions costs twenty times what the rest of such an answer does. */
export interface WrittenLists {
  /** The list that is kept for this config's version, grant, era and page, or what `make` makes. */
  find(
    exchange: { instance: OpenInstance },
    exposure: Exposure,
    era: 'modern' | 'legacy',
    params: JsonObject,
    make: () => JsonObject,
  ): JsonObject;
}

export function createWrittenLists(most: number = maxCharacters): WrittenLists {
  // Those that were asked for last at the end.
  const kept = new Map<string, WrittenResult>();
  let characters = 0;

  return {
    find({ instance }, { fingerprint }, era, { cursor }, make) {
      // One user's accounts are named in the schemas; a server's lists are its own.
      if (instance.accounts.length > 0 || hasRemotes(instance)) return make();
      const key = `${era} ${instance.configId} ${instance.configVersion} ${JSON.stringify(cursor) ?? ''} ${fingerprint}`;
      const found = kept.get(key);
      if (found !== undefined) {
        kept.delete(key);
        kept.set(key, found);
        return found;
      }
      const list = make();
      const written = new WrittenResult(JSON.stringify(list));
      characters += key.length + written.text.length;
      kept.set(key, written);
      for (const [oldest, { text }] of kept) {
        if (characters <= most) break;
        kept.delete(oldest);
        characters -= oldest.length + text.length;
      }
      return list;
    },
  };
}
