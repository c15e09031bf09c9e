export interface GroupOptions {
  /** Groups that may be on their way at once; what arrives meanwhile gathers. */
  lanes: number;
  /** Of one group. */
  maxItems: number;
}

/**
 * Work that costs little more for many than for one: what arrives in one turn of the event loop, or while every lane is
 * taken, goes together. Nobody waits for company, so that a caller who is alone is not slower.
 *
 * `run` answers one result for each item, in their order; when it fails, everyone of the group hears the error.
 */
export function grouped<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { lanes, maxItems }: GroupOptions,
): { add(item: Item): Promise<Result>; settled(): Promise<void> } {
  interface Waiting {
    item: Item;
    done: (result: Result) => void;
    failed: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  const underWay = new Set<Promise<void>>();
  let starting = false;

  async function lane(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.length <= maxItems ? waiting : waiting.slice(0, maxItems);
      waiting = waiting.length <= maxItems ? [] : waiting.slice(maxItems);
      try {
        const results = await run(group.map(({ item }) => item));
        for (let i = 0; i < group.length; i++) (group[i] as Waiting).done(results[i] as Result);
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
  }

  function start(): void {
    starting = false;
    if (waiting.length === 0 || underWay.size >= lanes) return;
    const work = lane().finally(() => underWay.delete(work));
    underWay.add(work);
  }

  return {
    add: (item) =>
      new Promise<Result>((done, failed) => {
        waiting.push({ item, done, failed });
        if (starting || underWay.size >= lanes) return;
        starting = true;
        // After this turn of the event loop: requests that were read together share a group.
        setImmediate(start);
      }),
    async settled() {
      while (underWay.size > 0 || waiting.length > 0)
        await (underWay.size > 0 ? Promise.all(underWay) : new Promise((r) => setImmediate(r)));
    },
  };
}
