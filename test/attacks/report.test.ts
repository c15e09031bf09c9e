import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './named-tests.ts';
import { isBroken, linesOf, table, type VitestReport } from './report.ts';

const report = (...tests: [outer: string[], title: string, status: string][]): VitestReport => ({
  testResults: [
    {
      name: path.join(root, 'test/x.test.ts'),
      assertionResults: tests.map(([ancestorTitles, title, status]) => ({ ancestorTitles, title, status })),
    },
  ],
});
const resultOf = (of: VitestReport, id: string, awaited: string[] = []) => linesOf(of, awaited, [id])[0]?.result;

describe('the table of attacks', () => {
  it('counts a test for each id that it or what is around it carries', () => {
    const one = report([['A14, A19: forms'], 'C06: are refused', 'passed']);
    for (const id of ['A14', 'A19', 'C06']) expect(resultOf(one, id)).toBe('held');
    expect(resultOf(one, 'A01')).toBe('missing');
  });

  it('an attack holds if it has tests, and all of them ran and passed', () => {
    expect(resultOf(report([[], 'A05: x', 'passed'], [[], 'A05: y', 'failed']), 'A05')).toBe('failed');
    for (const status of ['skipped', 'pending', 'todo', 'disabled']) {
      expect(resultOf(report([[], 'A05: x', 'passed'], [[], 'A05: y', status]), 'A05')).toBe('skipped');
    }
    expect(resultOf(report(), 'A05')).toBe('missing');
    expect(resultOf(report(), 'A05', ['A05'])).toBe('awaited');
    expect(resultOf(report([[], 'A05: x', 'failed']), 'A05', ['A05'])).toBe('failed');
  });

  it('is broken by failed and missing attacks, and shows them', () => {
    const lines = linesOf(report([['A05: outer'], 'inner', 'failed'], [[], 'A06: x', 'passed']), ['A09'], ['A05', 'A06', 'A07', 'A09']);
    expect(lines.filter(isBroken).map(({ id }) => id)).toEqual(['A05', 'A07']);
    const text = table(lines);
    expect(text).toContain('FAILED A05: outer › inner');
    expect(text).toContain('4 attacks, 2 tests: 1 held, 1 failed, 1 missing, 1 awaited');
  });
});
