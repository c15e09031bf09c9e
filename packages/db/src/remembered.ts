/** What was read is kept so long in any case. */
const youngMs = 1_000;
/** And so long where it is proven that changes are heard of. */
const oldestMs = 25_000;
/** Of a kind, since they take memory: a row with its sealed credential, and what was made of an instance. */
const maxKept = 20_000;

/**
 * What was made of rows that were read a moment ago. Whoever recalls it compares the versions of those rows with the database
 * before anything comes of it. Nothing that was unsealed belongs here. `isProven` as `Changes`: what is older than a second is recalled
 * only then, so that nothing is stale by more than that even where changes are not heard of any more.
 */
export function createRemembered<T>(
  isProven: () => boolean,
  clock: () => number = () => performance.now(),
): {
  recall(key: string): { value: T; ageMs: number } | undefined;
  /** `lifeMs`: where it ends sooner. */
  keep(key: string, value: T, lifeMs?: number): void;
  forget(key: string): void;
} {
  const kept = new Map<string, { value: T; at: number; until: number }>();
  return {
    recall(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      const now = clock();
      // Asked for every time, so that it is known by the time it matters.
      const holdsMs = isProven() ? oldestMs : youngMs;
      const ageMs = now - found.at;
      if (now <= found.until && ageMs <= holdsMs) return { value: found.value, ageMs };
      kept.delete(key);
      return undefined;
    },
    keep(key, value, lifeMs = oldestMs) {
      // Deleted first, so that the order of the map is the order of time.
      kept.delete(key);
      const at = clock();
      kept.set(key, { value, at, until: at + lifeMs });
      for (const [oldest, { at: since }] of kept) {
        if (at - since <= oldestMs && kept.size <= maxKept) break;
        kept.delete(oldest);
      }
    },
    forget(key) {
      kept.delete(key);
    },
  };
}
