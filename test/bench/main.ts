// `npm run bench`: starts everything that it measures, and ends it.
//   -- --short         a run of under two minutes that shows that it works
//   -- --json          one JSON object instead of the tables
//   -- --only <text>   the rows whose name holds it, and nothing else
//   -- --part <part>   rows, growth or memory alone
//   -- --largest <n> accounts in the largest database of the part growth, a million otherwise
//   -- --keep          results into test/bench/results (a complete run does so by itself, and writes the README's summary)
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureGrowth, sizesOf } from './growth.ts';
import { measureMemory } from './memory.ts';
import { breakdownOf } from './phases.ts';
import { endAll } from './processes.ts';
import { report, withSummary } from './report.ts';
import { type Found, missingFrom, resultsOf } from './results.ts';
import { measureRows } from './rows.ts';
import { rowNames, scenes } from './scenes.ts';
import { type Crew, createCrew, startedPostgresVersion } from './starting.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    part: { type: 'string' },
    largest: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const { short, json, only, part } = options;
const isWhole = only === undefined && part === undefined;
const times = short
  ? { rows: 0.4, rounds: 1, growth: 0.6, growthRounds: 2, breakdown: 1, memory: 2, mostMinutes: 10 }
  : { rows: 1.5, rounds: 3, growth: 1.5, growthRounds: 5, breakdown: 4, memory: 6, mostMinutes: 25 };

const say = (line: string) => void process.stderr.write(`${line}\n`);

let isAbandoned = false;

/** Ends everything in order, whatever is under way; what fails because of that is not said. */
async function abandon(why: string, status: number): Promise<never> {
  if (isAbandoned) return new Promise(() => {});
  isAbandoned = true;
  say(why);
  await endAll();
  process.exit(status);
}
process.once('SIGINT', () => void abandon('interrupted', 130));
process.once('SIGTERM', () => void abandon('ended', 143));
setTimeout(() => void abandon(`not done after ${times.mostMinutes} minutes`, 1), times.mostMinutes * 60_000).unref();

async function withCrew<T>(work: (crew: Crew) => Promise<T>): Promise<T> {
  const crew = createCrew();
  const result = await work(crew);
  await crew.stop();
  return result;
}

const wants = (name: string) => part === undefined || part === name;
const began = performance.now();
const found: Found = { rows: [] };
try {
  if (wants('rows')) {
    await withCrew(async (crew) => {
      const { subjects, broker } = await scenes(crew, say);
      const generator = await crew.generator();
      found.rows = await measureRows(generator, subjects, { seconds: times.rows, rounds: times.rounds, only, say });
      const subject = subjects.find(({ name }) => name === rowNames.rest);
      if (only === undefined && subject !== undefined) found.breakdown = await breakdownOf(broker, generator, subject, times.breakdown);
    });
    say(`rows measured after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  if (only === undefined && wants('growth')) {
    const settings = { seconds: times.growth, rounds: times.growthRounds, say };
    found.growth = await withCrew(async (crew) =>
      measureGrowth(
        crew,
        await crew.generator(),
        sizesOf(short, options.largest === undefined ? undefined : Number(options.largest)),
        settings,
      ),
    );
    say(`growth measured after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  if (only === undefined && wants('memory')) {
    found.memory = await withCrew(async (crew) => measureMemory(crew, await crew.generator(), { seconds: times.memory }));
  }
} catch (error) {
  await abandon(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
}
const results = resultsOf(found, { short, postgres: startedPostgresVersion() });
process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : report(results));
if ((isWhole && !short) || options.keep) {
  const folder = path.join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${results.date}-${results.commit}.json`), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(path.join(folder, 'latest.md'), report(results));
  const readme = path.join(import.meta.dirname, '../../README.md');
  if (isWhole) writeFileSync(readme, withSummary(readFileSync(readme, 'utf8'), results));
}
const wrong = [
  ...found.rows
    .filter((row) => row.errors > 0)
    .map((row) => `"${row.name}" at ${row.concurrency}: ${row.errors} errors, ${row.firstError}`),
  ...(isWhole ? missingFrom(results).map((what) => `missing: ${what}`) : []),
];
for (const line of wrong) say(line);
say(`done in ${((performance.now() - began) / 1000).toFixed(0)} s`);
process.exitCode = wrong.length > 0 ? 1 : 0;
