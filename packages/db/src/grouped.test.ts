import { describe, expect, it } from 'vitest';
import { grouped } from './grouped.ts';

/** A `run` that is held until it is let. */
function held() {
  const groups: { items: number[]; end(error?: Error): void }[] = [];
  const run = (items: number[]) =>
    new Promise<string[]>((resolve, reject) => {
      const end = (error?: Error) => (error === undefined ? resolve(items.map((n) => `did ${n}`)) : reject(error));
      groups.push({ items, end });
    });
  const begun = async (count: number) => {
    while (groups.length < count) await new Promise((resolve) => setImmediate(resolve));
    return groups[count - 1] as (typeof groups)[number];
  };
  return { run, groups, begun };
}

it('what arrives together goes together, and what arrives meanwhile goes next; each hears its own result', async () => {
  const { run, groups, begun } = held();
  const { add } = grouped(run, { lanes: 1, patienceMs: 1, maxItems: 3 });
  const first = [1, 2].map(add);
  (await begun(1)).end.call(undefined);
  expect(await Promise.all(first)).toEqual(['did 1', 'did 2']);
  const second = [3].map(add);
  await begun(2);
  const third = [4, 5, 6, 7].map(add);
  groups[1]?.end();
  expect(await Promise.all(second)).toEqual(['did 3']);
  (await begun(3)).end();
  (await begun(4)).end();
  expect(await Promise.all(third)).toEqual(['did 4', 'did 5', 'did 6', 'did 7']);
  expect(groups.map(({ items }) => items)).toEqual([[1, 2], [3], [4, 5, 6], [7]]);
});

it('a group that is slow is waited for a moment only, where there is another lane', async () => {
  const { run, groups, begun } = held();
  const { add } = grouped(run, { lanes: 2, patienceMs: 1, maxItems: 10 });
  const slow = add(1);
  await begun(1);
  const others = [2, 3].map(add);
  (await begun(2)).end();
  expect(await Promise.all(others)).toEqual(['did 2', 'did 3']);
  groups[0]?.end();
  expect(await slow).toBe('did 1');
});

it('beside a group that hangs, the other lane goes on without waiting for it', async () => {
  const { run, groups, begun } = held();
  const { add } = grouped(run, { lanes: 2, patienceMs: 20, maxItems: 1 });
  const all = [1, 2, 3, 4].map(add);
  await begun(2);
  // Not even for a moment: there is no other turn of a timer in between.
  for (const next of [2, 3]) {
    groups[next - 1]?.end();
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(groups).toHaveLength(next + 1);
  }
  groups[3]?.end();
  groups[0]?.end();
  expect(await Promise.all(all)).toEqual(['did 1', 'did 2', 'did 3', 'did 4']);
});

it('everyone of a group that fails hears it, and the next group goes on', async () => {
  const { run, begun } = held();
  const { add, settled } = grouped(run, { lanes: 1, patienceMs: 1, maxItems: 10 });
  const failing = Promise.allSettled([add(1), add(2)]);
  (await begun(1)).end(new Error('no'));
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = add(3);
  const all = settled();
  (await begun(2)).end();
  expect(await next).toBe('did 3');
  await all;
});

describe('a process that has other work to do', () => {
  /** Turns of the event loop in which something is done. */
  async function busyTurns(count: number, each: (turn: number) => void): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      const until = performance.now() + 0.2;
      while (performance.now() < until);
      each(turn);
    }
  }
  async function afterCompany(gatherMs: number) {
    const all = held();
    const group = grouped(all.run, { lanes: 1, patienceMs: 1, maxItems: 100, gatherMs });
    const first = [1, 2].map(group.add);
    (await all.begun(1)).end();
    await Promise.all(first);
    return { ...all, ...group };
  }
  /** The same where it matters how many come in a second. */
  async function afterCompanyAt(holdFrom: number) {
    const all = held();
    const group = grouped(all.run, { lanes: 1, patienceMs: 1, maxItems: 100, gatherMs: 60_000, holdFrom });
    const first = [1, 2, 3].map(group.add);
    (await all.begun(1)).end();
    (await all.begun(2)).end();
    await Promise.all(first);
    expect(all.groups.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    return { ...all, ...group };
  }

  it('holds a group that may find company, and sends it once there is nothing else to do', async () => {
    const { add, groups, begun } = await afterCompany(60_000);
    const later = [add(3)];
    await busyTurns(5, (turn) => later.push(add(10 + turn)));
    expect(groups).toHaveLength(1);
    (await begun(2)).end();
    expect(await Promise.all(later)).toHaveLength(6);
    expect(groups[1]?.items).toEqual([3, 10, 11, 12, 13, 14]);
  });

  it('holds none for longer than was said, however much there is to do', async () => {
    const { add, groups } = await afterCompany(1);
    void add(3);
    // Five turns are a millisecond; without an end to it this would be told after a minute.
    let turns = 0;
    while (groups.length === 1 && turns < 1_000) await busyTurns(1, () => turns++);
    expect(groups[1]?.items).toEqual([3]);
    groups[1]?.end();
  });

  it('holds nobody who was alone the last time', async () => {
    const { run, groups, begun } = held();
    const { add } = grouped(run, { lanes: 1, patienceMs: 1, maxItems: 100, gatherMs: 60_000 });
    const one = add(1);
    (await begun(1)).end();
    await one;
    const other = add(2);
    // The turn after the one that it came in.
    await busyTurns(2, () => {});
    expect(groups.map(({ items }) => items)).toEqual([[1], [2]]);
    groups[1]?.end();
    expect(await other).toBe('did 2');
  });

  it('holds nobody while few come, whoever was in the last group', async () => {
    const { add, groups, begun } = await afterCompanyAt(1e9);
    const one = add(4);
    expect(groups[2]?.items).toEqual([4]);
    (await begun(3)).end();
    expect(await one).toBe('did 4');
  });

  it('holds them where many come', async () => {
    const { add, groups, begun } = await afterCompanyAt(0.001);
    // For longer than the pace is taken of.
    await busyTurns(300, () => {});
    const later = [add(4)];
    await busyTurns(5, (turn) => later.push(add(10 + turn)));
    expect(groups).toHaveLength(2);
    (await begun(3)).end();
    expect(await Promise.all(later)).toHaveLength(6);
  });
});

it('while few come, whoever comes leaves at once while there is a lane, company or not', async () => {
  const { run, groups, begun } = held();
  const { add } = grouped(run, { lanes: 3, patienceMs: 600_000, maxItems: 10, holdFrom: 1e9 });
  const all = [1, 2, 3, 4, 5].map(add);
  // In the very turn in which they came.
  expect(groups.map(({ items }) => items)).toEqual([[1], [2], [3]]);
  groups[1]?.end();
  (await begun(4)).end();
  for (const i of [0, 2]) groups[i]?.end();
  expect(await Promise.all(all)).toHaveLength(5);
  expect(groups[3]?.items).toEqual([4, 5]);
});

it('while few come, a group goes beside another that is on its way, and waits for no timer', async () => {
  const { run, groups, begun } = held();
  const { add } = grouped(run, { lanes: 2, patienceMs: 600_000, maxItems: 10, holdFrom: 1e9 });
  const all = [add(1)];
  await begun(1);
  all.push(add(2));
  await begun(2);
  // No third lane: it goes when one is free.
  all.push(add(3), add(4));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(groups).toHaveLength(2);
  groups[1]?.end();
  (await begun(3)).end();
  groups[0]?.end();
  expect(await Promise.all(all)).toHaveLength(4);
  expect(groups.map(({ items }) => items)).toEqual([[1], [2], [3, 4]]);
});
