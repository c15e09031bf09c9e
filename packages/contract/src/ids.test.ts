import { describe, expect, it } from 'vitest';
import { firstIdAt, type IdKind, idPrefixes, isId, newId } from './ids.ts';

const now = Date.parse('2026-11-22T12:00:00.123Z');
const made = (count: number, ms: number) => Array.from({ length: count }, () => newId('auditEvent', ms));
const sorted = (ids: readonly string[]) => [...ids].sort((a, b) => (a < b ? -1 : 1));

describe('ids', () => {
  it.each(Object.keys(idPrefixes) as IdKind[])(
    'of a %s have its prefix and 26 characters of the alphabet, and are none of another kind',
    (kind) => {
      const id = newId(kind);
      expect(id).toMatch(new RegExp(`^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}$`));
      expect((Object.keys(idPrefixes) as IdKind[]).filter((other) => isId(other, id))).toEqual([kind]);
    },
  );

  it('of one process sort in the order of their making, those of one millisecond included', () => {
    const ids = [...made(3_000, now - 1), ...made(3_000, now), ...made(3_000, now + 1)];
    expect(sorted(ids)).toEqual(ids);
  });

  it('of one millisecond are all different, though other ones were made in between', () => {
    const ids = Array.from({ length: 2_000 }, (_, n) => newId('toolCall', now + (n % 2)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('do not tell what the next one will be', () => {
    // The last 60 bits are drawn anew for each: no two of them share either 40 of those.
    const tails = made(200, now).map((id) => id.slice(-12));
    expect(new Set(tails.map((tail) => tail.slice(0, 8))).size).toBe(tails.length);
    expect(new Set(tails.map((tail) => tail.slice(4))).size).toBe(tails.length);
  });

  it('leave room for half a million after the first one of a millisecond', () => {
    const firsts = Array.from({ length: 500 }, (_, n) => newId('request', now + 10 + n));
    const counters = firsts.map((id) => id.slice('req_'.length + 10, 'req_'.length + 14));
    expect(counters.filter((counter) => counter >= 'g000')).toEqual([]);
    expect(new Set(counters).size).toBeGreaterThan(400);
  });

  it('are bounded by the first one that a time can have', () => {
    const ids = [...made(100, now - 1), ...made(100, now)];
    const bound = firstIdAt('auditEvent', now);
    expect(ids.map((id) => id >= bound)).toEqual(ids.map((_, n) => n >= 100));
  });
});
