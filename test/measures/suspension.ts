import { parseArgs } from 'node:util';
import setup from '../harness/global-setup.ts';
import { startRedis } from './processes.ts';
import { complaints, measureSuspension } from './suspension-run.ts';

// `npm run suspension`: how long after a suspension's answer a call is still accepted, over four processes, with Redis and
// after it was stopped. Ends with 1 where a promise is not kept.

const say = (line: string) => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({ options: { times: { type: 'string', default: '50' } } });
const perKind = Number(values.times);
if (!Number.isInteger(perKind) || perKind < 1) throw new Error('--times must be a number from 1');

const probe = await startRedis();
await probe?.kill();
if (probe === undefined) say('redis-server is not installed: measured with the queue in the database only');
const teardown = await setup();
try {
  for (const redis of probe === undefined ? (['none'] as const) : (['up', 'down'] as const)) {
    say(`\n4 broker processes, one PostgreSQL, Redis ${redis}`);
    const measure = await measureSuspension({ perKind, redis, baselineMs: 5_000, say });
    const { othersBefore, others } = measure;
    say(`others: ${othersBefore.errors} errors of ${othersBefore.calls} calls before, ${others.errors} of ${others.calls} meanwhile`);
    const wrong = complaints(measure, { p99Ms: 1_000, maxMs: 2_000 });
    for (const complaint of wrong) say(`MISSED: ${complaint}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
} finally {
  await teardown();
}
