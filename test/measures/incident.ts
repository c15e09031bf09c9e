import { parseArgs } from 'node:util';
import setup from '../harness/global-setup.ts';
import { complaints, measureIncident } from './incident-run.ts';

// `npm run incident`: everything is revoked, with and without a kill -9 in the middle. Ends with 1 where a promise is not kept.

const say = (line: string) => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({ options: { grants: { type: 'string', default: '10000' } } });
const grants = Number(values.grants);
if (!Number.isInteger(grants) || grants < 20) throw new Error('--grants must be a number from 20');
const limitSeconds = 600;

const teardown = await setup();
try {
  for (const kill of [false, true]) {
    say(`\n${grants} grants, ${kill ? 'with kill -9 in the middle' : 'without a fault'}`);
    const measure = await measureIncident({ grants, kill, say });
    const { proven, unproven } = measure.finished.counts;
    say(
      `proven ${proven}, unproven ${unproven}, alive at the provider ${measure.alive.ended}, bystanders alive ${measure.alive.bystanders}`,
    );
    say(
      `${measure.seconds.toFixed(1)} s of ${limitSeconds} s; at most ${measure.busiestSecond} revocations within a second on one connection`,
    );
    for (const [line, count] of Object.entries(measure.receipts).sort()) say(`  ${String(count).padStart(6)}  ${line}`);
    const wrong = complaints(measure, limitSeconds);
    for (const complaint of wrong) say(`MISSED: ${complaint}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
} finally {
  await teardown();
}
