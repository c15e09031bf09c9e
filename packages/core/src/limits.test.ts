import { describe, expect, it } from 'vitest';
import { type Count, createLocalLimiter, createProviderPauses, type LimitReached } from './limits.ts';

/** A limiter on a clock that tests move. */
function setting() {
  let time = 0;
  const limiter = createLocalLimiter(() => time);
  const take = (...counts: Count[]) => limiter.take(counts) as LimitReached | undefined;
  return { take, pass: (ms: number) => (time += ms) };
}
const count = (key: string, limit: number, windowMs = 60_000): Count => ({ key, limit, windowMs });

describe('windows', () => {
  it('so many calls fit into one, which begins with the first and ends by itself', () => {
    const { take, pass } = setting();
    pass(12_345);
    expect([take(count('a', 2)), take(count('a', 2))]).toEqual([undefined, undefined]);
    pass(20_000);
    expect(take(count('a', 2))).toEqual({ index: 0, retryAfterMs: 40_000 });
    pass(39_999);
    expect(take(count('a', 2))).toEqual({ index: 0, retryAfterMs: 1 });
    pass(1);
    expect([take(count('a', 2)), take(count('a', 2))]).toEqual([undefined, { index: 0, retryAfterMs: 30_000 }]);
  });

  it('F16: around the end of a window no more come together than fit into one', () => {
    const { take, pass } = setting();
    take(count('a', 100));
    pass(59_000);
    for (let i = 0; i < 99; i++) expect(take(count('a', 100))).toBeUndefined();
    pass(1_000);
    const made = Array.from({ length: 100 }, () => take(count('a', 100))).filter((reached) => reached === undefined);
    expect(made).toHaveLength(1);
    // What is refused until then fits then, and no more of it.
    for (let i = 0; i < 200; i++) {
      const { retryAfterMs = 0 } = take(count('a', 100)) ?? {};
      if (retryAfterMs === 0) continue;
      pass(retryAfterMs - 1);
      expect(take(count('a', 100))?.retryAfterMs).toBe(1);
      pass(1);
      expect(take(count('a', 100))).toBeUndefined();
    }
  });

  it('one a window is one a window, for ever', () => {
    const { take, pass } = setting();
    for (let i = 0; i < 5; i++) {
      expect(take(count('a', 1))).toBeUndefined();
      pass(25_000);
      expect(take(count('a', 1))).toEqual({ index: 0, retryAfterMs: 35_000 });
      pass(35_000);
    }
  });

  it('a limit that was made smaller waits until what was made before covers less', () => {
    const { take, pass } = setting();
    for (let i = 0; i < 40; i++) take(count('a', 40));
    pass(10_000);
    const { retryAfterMs = 0 } = take(count('a', 10)) ?? {};
    expect(retryAfterMs).toBe(50_000 + 45_000);
    pass(retryAfterMs - 1);
    expect(take(count('a', 10))?.retryAfterMs).toBe(1);
    pass(1);
    expect(take(count('a', 10))).toBeUndefined();
  });

  it('two limits on the same calls count each once', () => {
    const { take } = setting();
    for (let i = 0; i < 4; i++) expect(take(count('a', 4), count('a', 9))).toBeUndefined();
    expect(take(count('a', 4), count('a', 9))?.index).toBe(0);
  });

  it('a call that one count refuses adds to none', () => {
    const { take, pass } = setting();
    take(count('full', 1));
    for (let i = 0; i < 5; i++) expect(take(count('other', 3), count('full', 1))?.index).toBe(1);
    for (let i = 0; i < 3; i++) expect(take(count('other', 3))).toBeUndefined();
    expect(take(count('other', 3))?.index).toBe(0);
    pass(10_000);
    take(count('later', 1));
    expect(take(count('full', 1), count('later', 1))).toEqual({ index: 1, retryAfterMs: 60_000 });
  });

  it('a smaller limit counts what was made under the larger one', () => {
    const { take } = setting();
    for (let i = 0; i < 4; i++) take(count('a', 10));
    expect(take(count('a', 3))?.index).toBe(0);
  });

  it('F15: any number of keys takes bounded memory, and no window that runs is lost before that', () => {
    const { take, pass } = setting();
    take(count('kept', 1, 3_600_000));
    for (let i = 0; i < 90_000; i++) {
      take(count(`key ${i}`, 1, 10));
      pass(1);
    }
    expect(take(count('kept', 1, 3_600_000))?.index).toBe(0);
  });
});

describe('pauses', () => {
  it('are of one account, never shorter than the longest asked for, and told once', () => {
    const told: [string, number][] = [];
    const pauses = createProviderPauses((accountId, ms) => told.push([accountId, ms]));
    pauses.pause('a', 60);
    pauses.pause('a', 5);
    pauses.heard('b', 30_000);
    expect(pauses.remainingMs('a')).toBeGreaterThan(50_000);
    expect(pauses.remainingMs('b')).toBeGreaterThan(20_000);
    expect(pauses.remainingMs('c')).toBe(0);
    expect(told).toEqual([['a', 60_000]]);
  });

  it('of no sense are none, and none is longer than a day', () => {
    const pauses = createProviderPauses();
    for (const seconds of [0, -1, Number.NaN]) pauses.pause('a', seconds);
    expect(pauses.remainingMs('a')).toBe(0);
    pauses.pause('a', 1e12);
    expect(pauses.remainingMs('a')).toBeLessThanOrEqual(86_400_000);
  });
});
