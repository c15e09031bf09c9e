import { isDeepStrictEqual } from 'node:util';
import { pointerOf } from './pointers.ts';

export interface Change {
  op: 'added' | 'removed' | 'changed';
  /** Into the newer value; of what was removed, into the older one. */
  pointer: string;
  before?: unknown;
  after?: unknown;
}

/**
 * What makes one JSON value into another. Items of a list are matched by what they are about (`keyOf`), so that an entry that
 * was put in between is one addition, and the order alone is no change.
 */
export function structuralDiff(before: unknown, after: unknown, keyOf: (item: unknown) => string): Change[] {
  const changes: Change[] = [];
  compare(before, after, [], []);
  return changes;

  function compare(old: unknown, now: unknown, oldPath: PropertyKey[], path: PropertyKey[]): void {
    if (isDeepStrictEqual(old, now)) return;
    if (Array.isArray(old) && Array.isArray(now)) {
      compareEntries(keyed(old), keyed(now), oldPath, path);
    } else if (isObject(old) && isObject(now)) {
      const entries = (of: Record<string, unknown>) => new Map(Object.entries(of).map(([key, value]) => [key, { at: key, value }]));
      compareEntries(entries(old), entries(now), oldPath, path);
    } else changes.push({ op: 'changed', pointer: pointerOf(path), before: old, after: now });
  }

  function compareEntries(old: Entries, now: Entries, oldPath: PropertyKey[], path: PropertyKey[]): void {
    for (const [key, { at, value }] of old) {
      if (!now.has(key)) changes.push({ op: 'removed', pointer: pointerOf([...oldPath, at]), before: value });
    }
    for (const [key, { at, value }] of now) {
      const was = old.get(key);
      if (was === undefined) changes.push({ op: 'added', pointer: pointerOf([...path, at]), after: value });
      else compare(was.value, value, [...oldPath, was.at], [...path, at]);
    }
  }

  /** Of equal ones the second is another than the first. */
  function keyed(list: unknown[]): Entries {
    const entries: Entries = new Map();
    list.forEach((value, at) => {
      const key = keyOf(value);
      let count = 0;
      while (entries.has(`${key} ${count}`)) count++;
      entries.set(`${key} ${count}`, { at, value });
    });
    return entries;
  }
}

type Entries = Map<string, { at: PropertyKey; value: unknown }>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
