import { createPace } from './pace.ts';

export interface GroupOptions {
  /** Groups that may be on their way at once. */
  lanes: number;
  /** While one group is on its way, others gather; after so many milliseconds they leave beside it. */
  patienceMs: number;
  /** Of one group. */
  maxItems: number;
  /**
   * How long a group that could leave is held while this process has other work to do, which may bring it company: a busy process sends few
   * and full groups, an idle one waits for nothing. Only after a group that had company, so that a caller who is alone is not slower.
   */
  gatherMs?: number;
  /**
   * How many have to come in a second that anybody is held at all. Below it so few would come meanwhile that each waits for longer than a fuller
   * group saves: whoever comes leaves at once while there is a lane, not even in company of those who were read in the same turn, so that
   * what their calls cost and what their rows wait for fall into the same time.
   */
  holdFrom?: number;
}

/** A turn of the event loop that took less than this did nothing but turn. */
const idleTurnMs = 0.03;

/**
 * Work that costs little more for many than for one: what arrives in one turn of the event loop, or while a group is on its
 * way, goes together. Nobody waits for company while there is nothing else to do, and nobody waits for long for a group that has met a slow
 * connection.
 *
 * `run` answers one result for each item, in their order; when it fails, everyone of the group hears the error.
 */
export function grouped<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  { lanes, patienceMs, maxItems, gatherMs = 0, holdFrom = 0 }: GroupOptions,
): { add(item: Item): Promise<Result>; settled(): Promise<void> } {
  interface Waiting {
    item: Item;
    done: (result: Result) => void;
    failed: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let busy = 0;
  let hadCompany = false;
  /** Since when the next group could have left; undefined where none waits for that. */
  let gatheringSince: number | undefined;
  let turnedAt = 0;
  let impatience: NodeJS.Timeout | undefined;
  const listening: (() => void)[] = [];
  const pace = createPace();
  const holds = () => holdFrom === 0 || pace.perSecond() >= holdFrom;

  async function leave(): Promise<void> {
    clearTimeout(impatience);
    impatience = undefined;
    const group = waiting.length <= maxItems ? waiting : waiting.slice(0, maxItems);
    waiting = waiting.length <= maxItems ? [] : waiting.slice(maxItems);
    if (group.length === 0) return;
    hadCompany = group.length > 1;
    busy++;
    if (waiting.length > 0) prepare();
    try {
      const results = await run(group.map(({ item }) => item));
      for (let i = 0; i < group.length; i++) (group[i] as Waiting).done(results[i] as Result);
    } catch (error) {
      for (const { failed } of group) failed(error);
    } finally {
      busy--;
      if (waiting.length > 0) prepare(true);
      else if (busy === 0) for (const resolve of listening.splice(0)) resolve();
    }
  }

  /** Has the next group leave as soon as it may. `isNext`: a lane has just become free; the others may be those that are slow. */
  function prepare(isNext = false): void {
    if (gatheringSince !== undefined || busy >= lanes) return;
    if (!holds()) {
      void leave();
      return;
    }
    if (busy > 0 && !isNext) {
      impatience ??= setTimeout(leave, patienceMs);
      return;
    }
    gatheringSince = performance.now();
    // The rest of this turn says nothing of the next.
    turnedAt = Number.NEGATIVE_INFINITY;
    setImmediate(gather);
  }

  /** After each turn of the event loop: requests that were read together share a group. */
  function gather(): void {
    const now = performance.now();
    const isIdle = now - turnedAt < idleTurnMs;
    if (!hadCompany || isIdle || waiting.length >= maxItems || now - (gatheringSince as number) >= gatherMs) {
      gatheringSince = undefined;
      void leave();
      return;
    }
    turnedAt = now;
    setImmediate(gather);
  }

  return {
    add: (item) =>
      new Promise<Result>((done, failed) => {
        waiting.push({ item, done, failed });
        if (holdFrom > 0) pace.came();
        prepare();
      }),
    settled: () => (busy === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => listening.push(resolve))),
  };
}
