import { expect, it } from 'vitest';
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
