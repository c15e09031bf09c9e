export interface GroupOptions {
  /** Groups that may be on their way at once. */
  lanes: number;
  /** While one group is on its way, others gather; after so many milliseconds they leave beside it. */
  patienceMs: number;
  /** Of one group. */
  maxItems: number;
}

/**
 * Work that costs little more for many than for one: what arrives in one turn of the event loop, or while a group is on its
 * way, goes together. Nobody waits for company, so that a caller who is alone is not slower, and nobody waits for long for
 * a group that has met a slow connection.
 *
 * `run` answers one result for each item, in their order; when it fails, everyone of the group hears the error.
 */
export function grouped<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { lanes, patienceMs, maxItems }: GroupOptions,
): { add(item: Item): Promise<Result>; settled(): Promise<void> } {
  interface Waiting {
    item: Item;
    done: (result: Result) => void;
    failed: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  const underWay = new Set<Promise<void>>();
  // Counted besides, because a promise that is done leaves the set a moment later.
  let busy = 0;
  let starting = false;
  let impatience: NodeJS.Timeout | undefined;

  async function lane(): Promise<void> {
    busy++;
    while (waiting.length > 0) {
      clearTimeout(impatience);
      impatience = undefined;
      const group = waiting.length <= maxItems ? waiting : waiting.slice(0, maxItems);
      waiting = waiting.length <= maxItems ? [] : waiting.slice(maxItems);
      try {
        const results = await run(group.map(({ item }) => item));
        for (let i = 0; i < group.length; i++) (group[i] as Waiting).done(results[i] as Result);
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    busy--;
  }

  function start(): void {
    starting = false;
    impatience = undefined;
    if (waiting.length === 0 || busy >= lanes) return;
    const work = lane().finally(() => underWay.delete(work));
    underWay.add(work);
  }

  return {
    add: (item) =>
      new Promise<Result>((done, failed) => {
        waiting.push({ item, done, failed });
        if (starting || busy >= lanes) return;
        if (busy > 0) {
          impatience ??= setTimeout(start, patienceMs);
          return;
        }
        starting = true;
        // After this turn of the event loop: requests that were read together share a group.
        setImmediate(start);
      }),
    async settled() {
      while (underWay.size > 0 || waiting.length > 0) {
        if (underWay.size > 0) await Promise.all(underWay);
        else await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
