// Counts what the runners reported, names what failed, and ends with `N passed, N failed`.
//   node .ci/summary.mjs <folder of reports> [failed step...]
//   node .ci/summary.mjs --failed-files <vitest report>
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const say = (line) => process.stdout.write(`${line}\n`);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const fileOf = (result) => relative(process.cwd(), result.name);
/** A file that does not load has failed, though it counts no test. */
const broken = (result) => result.status === 'failed' && result.assertionResults.length === 0;

function failures(report) {
  return report.testResults.flatMap((result) => [
    ...(broken(result) ? [{ name: fileOf(result), why: result.message ?? '' }] : []),
    ...result.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({ name: `${fileOf(result)} > ${test.fullName}`, why: test.failureMessages.join('\n') })),
  ]);
}

function suite(folder, label) {
  const file = `${folder}/${label}.json`;
  if (!existsSync(file)) {
    say(`${label}: no report`);
    return [0, 1];
  }
  const report = read(file);
  const failed = failures(report);
  const againFile = `${folder}/${label}-again.json`;
  const again = existsSync(againFile) ? read(againFile) : undefined;
  const passedAgain = new Set(
    again?.testResults.flatMap((result) =>
      result.assertionResults.filter((test) => test.status === 'passed').map((test) => `${fileOf(result)} > ${test.fullName}`),
    ),
  );
  say(`${label}: ${report.numPassedTests} passed, ${failed.length} failed, ${report.numPendingTests} skipped`);
  for (const { name, why } of failed) {
    say(`  FAILED${passedAgain.has(name) ? ' (unsteady: by itself it passed)' : ''}: ${name}`);
    say(
      why
        .split('\n')
        .slice(0, 12)
        .map((line) => `    ${line}`)
        .join('\n'),
    );
  }
  return [report.numPassedTests, failed.length];
}

function conformance(folder) {
  const file = `${folder}/conformance.txt`;
  const scored = existsSync(file) ? [...readFileSync(file, 'utf8').matchAll(/^(\d{4}-\d\d-\d\d) (\d+)\/(\d+)$/gm)] : [];
  if (scored.length === 0) {
    say('conformance: no report');
    return [0, 1];
  }
  return scored.reduce(
    ([passed, failed], [, revision, good, all]) => {
      say(`conformance ${revision}: ${good} scenarios passed, ${all - good} failed`);
      return [passed + Number(good), failed + (all - good)];
    },
    [0, 0],
  );
}

function clients(folder) {
  const file = `${folder}/clients.txt`;
  const [, good, all] = (existsSync(file) && /^clients (\d+)\/(\d+)$/m.exec(readFileSync(file, 'utf8'))) || [];
  if (good === undefined) {
    say('clients: no report');
    return [0, 1];
  }
  say(`clients: ${good} steps passed, ${all - good} failed`);
  return [Number(good), all - good];
}

/** Each tool of a vendor's counts once. */
function contracts(folder) {
  const file = `${folder}/contracts.txt`;
  const [, passed, failed] = (existsSync(file) && /^contracts: (\d+) passed, (\d+) failed$/m.exec(readFileSync(file, 'utf8'))) || [];
  if (passed === undefined) {
    const [unfetched] = (existsSync(file) && /^contracts: nothing was checked.*$/m.exec(readFileSync(file, 'utf8'))) || [];
    if (unfetched !== undefined) {
      say(unfetched);
      return [0, 0];
    }
    say('contracts: no report');
    return [0, 1];
  }
  say(`contracts: ${passed} tools passed, ${failed} failed`);
  return [Number(passed), Number(failed)];
}

function demo(folder) {
  const file = `${folder}/demo.txt`;
  const stories = existsSync(file) ? [...readFileSync(file, 'utf8').matchAll(/^(\S+) (passed|failed)$/gm)] : [];
  if (stories.length === 0) {
    say('demo: no report');
    return [0, 1];
  }
  const failed = stories.filter(([, , outcome]) => outcome === 'failed').map(([, name]) => name);
  say(`demo: ${stories.length - failed.length} stories passed, ${failed.length} failed`);
  for (const name of failed) say(`  FAILED: the story ${name}`);
  return [stories.length - failed.length, failed.length];
}

/** Counted apart: rows that could be measured. What was measured fails nothing; that a row is missing fails the step. */
function bench(folder) {
  const file = `${folder}/bench.json`;
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (text === '') return say('benchmark: no report');
  const { rows, ratios } = JSON.parse(text);
  say(`benchmark: ${rows.length} rows measured, ${Object.keys(ratios).length} ratios`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--failed-files') {
  const report = existsSync(rest[0]) ? read(rest[0]) : { testResults: [] };
  for (const result of report.testResults) if (result.status === 'failed') say(fileOf(result));
} else {
  const counts = [suite(first, 'embedded'), suite(first, 'server'), contracts(first), conformance(first), clients(first), demo(first)];
  const passed = counts.reduce((sum, [n]) => sum + n, 0);
  const failed = counts.reduce((sum, [, n]) => sum + n, 0);
  bench(first);
  for (const step of rest) say(`step failed: ${step}`);
  say(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || rest.length > 0 || passed === 0 ? 1 : 0);
}
