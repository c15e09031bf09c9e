/** What was read is kept so long, and so many of it. */
const keptMs = 1_000;
const maxKept = 10_000;

/**
 * What was made of rows that were read a moment ago. Whoever recalls it compares the versions of those rows with the database
 * before anything comes of it. Nothing that was unsealed belongs here.
 */
export function createRemembered<T>(): {
  recall(key: string): { value: T; ageMs: number } | undefined;
  /** `lifeMs`: where it ends sooner than after a second. */
  keep(key: string, value: T, lifeMs?: number): void;
  forget(key: string): void;
} {
  const kept = new Map<string, { value: T; at: number; until: number }>();
  return {
    recall(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      const now = performance.now();
      if (now <= found.until) return { value: found.value, ageMs: now - found.at };
      kept.delete(key);
      return undefined;
    },
    keep(key, value, lifeMs = keptMs) {
      // Deleted first, so that the order of the map is the order of time.
      kept.delete(key);
      const at = performance.now();
      kept.set(key, { value, at, until: at + Math.min(lifeMs, keptMs) });
      for (const [oldest, { at: since }] of kept) {
        if (kept.size <= maxKept && at - since <= keptMs) break;
        kept.delete(oldest);
      }
    },
    forget(key) {
      kept.delete(key);
    },
  };
}
