import { isFault } from '@grantway/contract';
import { expect, it } from 'vitest';
import { createDecryptBudget } from './decrypt-budget.ts';

function budget(limits: { perProcess: number; perClient: number }) {
  const lines: Record<string, unknown>[] = [];
  const refusals: string[] = [];
  let now = 0;
  const made = createDecryptBudget({
    ...limits,
    log: { error: (fields) => void lines.push(fields) },
    onRefusal: (scope) => void refusals.push(scope),
    now: () => now,
  });
  const opens = (account: string, client: string | null) => {
    try {
      made.spend(account, client);
      return true;
    } catch (error) {
      if (!isFault(error, 'unavailable')) throw error;
      expect(error.retryAfterSeconds).toBe(60);
      return false;
    }
  };
  return { opens, lines, refusals, pass: (ms: number) => (now += ms) };
}

it('B21: 1,000 different credentials in ten seconds trip the breaker of the client, once in the log, and nobody else’s', () => {
  const { opens, lines, refusals, pass } = budget({ perProcess: 10_000, perClient: 300 });
  let opened = 0;
  for (let i = 0; i < 1000; i++) {
    if (opens(`ca_${i}`, 'thief')) opened++;
    pass(10);
  }
  expect(opened).toBe(300);
  expect(refusals).toEqual(Array(700).fill('client'));
  expect(lines).toEqual([{ scope: 'client', limit: 300, client_id: 'thief' }]);
  expect(opens('ca_1', 'other')).toBe(true);
  // What it used already goes on.
  expect(opens('ca_299', 'thief')).toBe(true);
});

it('B21: the process has a limit over all clients, and over what belongs to none', () => {
  const { opens, refusals } = budget({ perProcess: 100, perClient: 90 });
  const opened = Array.from({ length: 200 }, (_, i) => opens(`ca_${i}`, i % 4 === 0 ? null : `client-${i % 4}`)).filter(Boolean);
  expect(opened).toHaveLength(100);
  expect(new Set(refusals)).toEqual(new Set(['process']));
});

it('a minute later the same work is possible again, and one credential counts once however often it is used', () => {
  const { opens, pass } = budget({ perProcess: 5, perClient: 5 });
  for (let i = 0; i < 100; i++) expect(opens('ca_same', 'one')).toBe(true);
  for (let i = 0; i < 4; i++) expect(opens(`ca_${i}`, 'one')).toBe(true);
  expect(opens('ca_new', 'one')).toBe(false);
  pass(59_999);
  expect(opens('ca_new', 'one')).toBe(false);
  expect(opens('ca_same', 'one')).toBe(true);
  pass(1);
  for (let i = 10; i < 14; i++) expect(opens(`ca_${i}`, 'one')).toBe(true);
  // Used a millisecond ago, the first one still counts.
  expect(opens('ca_new', 'one')).toBe(false);
});

it('what one limit refuses is not counted by the other', () => {
  const { opens } = budget({ perProcess: 3, perClient: 1 });
  expect(opens('ca_0', 'one')).toBe(true);
  for (let i = 1; i < 10; i++) expect(opens(`ca_${i}`, 'one')).toBe(false);
  expect(opens('ca_20', 'two')).toBe(true);
  expect(opens('ca_30', 'three')).toBe(true);
  expect(opens('ca_40', 'four')).toBe(false);
});
