import path from 'node:path';
import { type Attack, attacks, completeGroups } from './catalogue.ts';
import { idsOf, root } from './named-tests.ts';

/** What is read of vitest's JSON report. */
export interface VitestReport {
  testResults: {
    name: string;
    message?: string;
    assertionResults: { ancestorTitles: string[]; title: string; status: string }[];
  }[];
}

interface Ran {
  file: string;
  name: string;
  result: 'passed' | 'failed' | 'skipped';
}

export interface Line extends Attack {
  /** `failed`: at least one test did not hold. `skipped`: at least one could not run here. `missing`: there is none. */
  result: 'held' | 'failed' | 'skipped' | 'missing' | 'awaited';
  tests: Ran[];
}

/** One line for each attack, in the order of the catalogue. */
export function linesOf(report: VitestReport, awaited: readonly string[], only?: readonly string[]): Line[] {
  const byId = new Map<string, Ran[]>();
  for (const { name: file, assertionResults } of report.testResults) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      // What the name pattern left out is 'skipped' too, but carries no id that was asked for.
      const result = status === 'passed' || status === 'failed' ? status : 'skipped';
      const ran: Ran = { file: path.relative(root, file), name: [...ancestorTitles, title].join(' › '), result };
      for (const id of new Set([...ancestorTitles, title].flatMap(idsOf))) byId.set(id, [...(byId.get(id) ?? []), ran]);
    }
  }
  return attacks
    .filter(({ id }) => only === undefined || only.includes(id))
    .map((attack) => {
      const tests = byId.get(attack.id) ?? [];
      const worst = (['failed', 'skipped'] as const).find((one) => tests.some((test) => test.result === one));
      const result = worst ?? (tests.length > 0 ? 'held' : awaited.includes(attack.id) ? 'awaited' : 'missing');
      return { ...attack, result, tests };
    });
}

export const isBroken = ({ result }: Line): boolean => result === 'failed' || result === 'skipped' || result === 'missing';

/** The table as text: id, result, attack and defence; below them the tests, those of one file together. */
export function table(lines: readonly Line[]): string {
  const out: string[] = [];
  let group = '';
  for (const line of lines) {
    const letter = line.id[0] as string;
    if (letter !== group) {
      group = letter;
      out.push('', `${letter}. ${completeGroups[letter]?.title ?? 'so far'}`, '');
    }
    out.push(`${line.id}  ${line.result.padEnd(8)}  ${line.attack}: ${line.defence}`);
    for (const file of new Set(line.tests.map((test) => test.file))) {
      const tests = line.tests.filter((test) => test.file === file);
      out.push(`${' '.repeat(15)}${file}`);
      const bad = tests.filter(({ result }) => result !== 'passed');
      const shown = bad.length > 0 ? bad : tests.slice(0, 1);
      for (const { name, result } of shown) {
        out.push(`${' '.repeat(17)}${result === 'passed' ? '' : `${result.toUpperCase()} `}${name.replace(/\s+/g, ' ')}`);
      }
      if (tests.length > shown.length) out.push(`${' '.repeat(17)}and ${tests.length - shown.length} more`);
    }
  }
  const count = (result: Line['result']) => lines.filter((line) => line.result === result).length;
  const results: Line['result'][] = ['held', 'failed', 'skipped', 'missing', 'awaited'];
  const tests = new Set(lines.flatMap((line) => line.tests.map(({ file, name }) => `${file} ${name}`))).size;
  out.push(
    '',
    `${lines.length} attacks, ${tests} tests: ${results
      .filter((r) => count(r) > 0)
      .map((r) => `${count(r)} ${r}`)
      .join(', ')}`,
    '',
  );
  return out.join('\n');
}
