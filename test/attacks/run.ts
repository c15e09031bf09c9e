import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { awaited } from './awaited.ts';
import { attacks } from './catalogue.ts';
import { namedTests, namePattern, root } from './named-tests.ts';
import { isBroken, linesOf, table, type VitestReport } from './report.ts';

/*
 * `npm run attacks`: runs the tests that carry an id, in their long form, and prints what held.
 * `npm run attacks -- A01 C07` runs those of some attacks; `--short` is the form that `npm test` runs.
 */
const words = process.argv.slice(2);
const ids = words.filter((word) => !word.startsWith('--'));
const wrong = words.filter((word) => (word.startsWith('--') ? word !== '--short' : !attacks.some(({ id }) => id === word)));
if (wrong.length > 0) {
  process.stderr.write(`not an attack of the catalogue, nor --short: ${wrong.join(' ')}\n`);
  process.exit(2);
}
const only = ids.length === 0 ? undefined : ids;
const named = namedTests();
const files = [...new Set((only ?? attacks.map(({ id }) => id)).flatMap((id) => named.get(id) ?? []))].sort();

if (files.length === 0) {
  process.stdout.write(`${table(linesOf({ testResults: [] }, awaited, only))}\n`);
  process.exit(0);
}

const reportFile = path.join(root, '.test-report/attacks.json');
await rm(reportFile, { force: true });
const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const mode = words.includes('--short') ? 'test' : 'long';
const child = spawn(
  process.execPath,
  [vitest, 'run', '--root', root, '--config', 'test/attacks/vitest.config.ts', '--mode', mode, '-t', namePattern(only), ...files],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const [code] = await once(child, 'close');
const report = await readFile(reportFile, 'utf8').catch(() => undefined);
if (report === undefined) {
  process.stderr.write(`vitest ended with ${code} and left no report\n`);
  process.exitCode = 1;
} else {
  const lines = linesOf(JSON.parse(report) as VitestReport, awaited, only);
  process.stdout.write(`${table(lines)}\n`);
  // A file that did not load has no tests to fail.
  process.exitCode = code !== 0 || lines.some(isBroken) ? 1 : 0;
}
