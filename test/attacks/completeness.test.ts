import { expect, it } from 'vitest';
import { awaited } from './awaited.ts';
import { attacks, completeGroups } from './catalogue.ts';
import { idsOf, namedTests, namePattern } from './named-tests.ts';

const named = namedTests();
const listed = attacks.map(({ id }) => id);

it('the catalogue holds each attack of the complete groups once, in order', () => {
  const expected = Object.entries(completeGroups).flatMap(([group, { size }]) =>
    Array.from({ length: size }, (_, i) => `${group}${String(i + 1).padStart(2, '0')}`),
  );
  expect(listed.filter((id) => (id[0] as string) in completeGroups)).toEqual(expected);
  expect(new Set(listed).size).toBe(listed.length);
});

it('every attack has a test that carries its id', () => {
  expect(listed.filter((id) => !named.has(id) && !awaited.includes(id))).toEqual([]);
});

it('what is awaited is in the catalogue, and has no test yet', () => {
  expect(awaited.filter((id) => !listed.includes(id))).toEqual([]);
  expect(awaited.filter((id) => named.has(id))).toEqual([]);
});

it('no test carries an id that the catalogue does not know', () => {
  expect([...named.keys()].filter((id) => !listed.includes(id)).sort()).toEqual([]);
});

it('ids are read at the beginning of a title only', () => {
  expect(idsOf('A05: x')).toEqual(['A05']);
  expect(idsOf('A14, A19: x')).toEqual(['A14', 'A19']);
  for (const title of ['x A05: y', 'A5: x', 'H01: x', 'A05 x', 'A05,A06: x', 'AA05: x']) expect(idsOf(title), title).toEqual([]);
  const some = new RegExp(namePattern(['A19', 'C02']));
  for (const name of ['A19: x', 'outer A14, A19: x', 'C02, C03: x y']) expect(some.test(name), name).toBe(true);
  for (const name of ['A14: x', 'xA19: y', 'about A19', 'A19']) expect(some.test(name), name).toBe(false);
  expect(new RegExp(namePattern()).test('outer A14, A19: x')).toBe(true);
});
