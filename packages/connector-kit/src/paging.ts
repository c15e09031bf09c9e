import type { ApiRequest } from './request.ts';

/** Offsets, as callers see them: opaque like any cursor. */
export const offsetPattern = /^\d{1,9}$/;

/**
 * The next offset of a list whose answers hold rows and nothing else: a page that is not full is the last one. Reads `limit` and
 * `offset` where the request has them, in its query or its body.
 */
export function nextOffset(asked: ApiRequest | undefined, count: number, names = { limit: 'limit', offset: 'offset' }): string | null {
  const said = { ...asked?.query, ...(typeof asked?.json === 'object' && asked.json !== null ? asked.json : {}) } as Record<
    string,
    unknown
  >;
  const limit = Number(said[names.limit] ?? Number.NaN);
  if (!(limit > 0) || count < limit) return null;
  return String(Number(said[names.offset] ?? 0) + count);
}
