import { randomBytes } from 'node:crypto';
import { connectByKey, offer } from './operator.ts';
import { type HotPlans, plansOf } from './plans.ts';
import { type Generator, measureRows, once, type Row, type Subject } from './rows.ts';
import type { Populated } from './servers/population.ts';
import type { BrokerCrew, Crew } from './starting.ts';
import { call, failures } from './wire.ts';

/** How much there is in the database that the same calls are measured on. */
export interface Size {
  name: string;
  accounts: number;
  /** Rows of the audit of calls. */
  calls: number;
}

const callsEach = 10;
const sizeOf = (accounts: number): Size => ({
  name: accounts >= 1_000_000 ? `${accounts / 1_000_000} M` : `${accounts / 1000} k`,
  accounts,
  calls: accounts * callsEach,
});

/** The smallest first. A short run has no million. */
export function sizesOf(short: boolean, largest = short ? 20_000 : 1_000_000): Size[] {
  return [1_000, ...(largest > 100_000 ? [100_000] : []), largest].map(sizeOf);
}

export interface GrownDatabase {
  size: Size;
  loadSeconds: number;
  sizeMiB: number;
  /** A thousand callers, the same number at every size. */
  same: Row;
  /** Callers all over the table: up to 60,000, three times as many as are remembered, in another order each time. */
  anyone: Row;
}

export interface Growth {
  databases: GrownDatabase[];
  /** Of the largest to the smallest. CPU is that of the gateway's process and its database together. */
  ratios: { p50: number; cpu: number; gatewayCpu: number; anyoneP50: number; anyoneCpu: number };
  plans: HotPlans;
}

const callersAtOnce = 1000;
const allCallers = 60_000;
const cpuOf = (row: Row) => row.cpuMicros + (row.postgresMicros ?? 0);

/** One broker and one database for each size, all filled first and then measured in turn, so that noise falls on all of them. */
export async function measureGrowth(
  crew: Crew,
  generator: Generator,
  sizes: readonly Size[],
  { seconds, rounds, say }: { seconds: number; rounds: number; say(line: string): void },
): Promise<Growth> {
  const upstream = await crew.run<{ origin: string }>('./servers/upstream.ts');
  const grown: { size: Size; broker: BrokerCrew; populated: Populated; same: Subject; anyone: Subject }[] = [];
  for (const size of sizes) {
    const broker = await crew.broker({ upstream: upstream.ready.origin });
    await offer(broker.api, 'datadog', { connector: 'datadog', sandbox: true });
    const key = () => randomBytes(20).toString('hex');
    const [url] = await connectByKey(broker.api, 'datadog', 1, () => ({ api_key: key(), application_key: key() }));
    const request = call('datadog_monitor_get');
    const subject = (name: string): Subject => ({
      name: `${name}, ${size.name}`,
      load: { url: broker.baseUrl, method: 'POST', ...request, bad: failures, good: 'Error rate of checkout' },
      pid: broker.pid,
      postgres: broker.postgres.ready.pid,
      concurrency: [16],
    });
    // One call by the product's own means: the row that all others are like.
    const model = subject('model');
    const first = await once(
      generator,
      { ...model, load: { ...model.load, targets: [{ path: new URL(url as string).pathname }] } },
      1,
      0.05,
    );
    if (first.firstError !== null) throw new Error(first.firstError);
    const populated = await broker.ask<Populated>({
      do: 'populate',
      population: { adminUrl: broker.postgres.ready.adminUrl, ...size, callers: allCallers },
    });
    const paths = populated.paths.map((path) => ({ path }));
    const step = Math.max(1, Math.floor(paths.length / callersAtOnce));
    const few = paths.filter((_, i) => i % step === 0).slice(0, callersAtOnce);
    const same = subject('the same 1,000 callers');
    const anyone = subject('callers all over');
    say(`${size.name} accounts, ${size.calls} calls: ${Math.round(populated.sizeMiB)} MiB loaded in ${populated.seconds.toFixed(0)} s`);
    grown.push({
      size,
      broker,
      populated,
      same: { ...same, load: { ...same.load, targets: few } },
      anyone: { ...anyone, prepare: async () => ({ targets: shuffled(paths) }) },
    });
  }
  const subjects = grown.flatMap(({ same, anyone }) => [same, anyone]);
  const rows = await measureRows(generator, subjects, { seconds, rounds, say });
  const rowOf = ({ name }: Subject) => rows.find((row) => row.name === name) as Row;
  const databases = grown.map(({ size, populated, same, anyone }) => ({
    size,
    loadSeconds: populated.seconds,
    sizeMiB: populated.sizeMiB,
    same: rowOf(same),
    anyone: rowOf(anyone),
  }));
  const [small, large] = [databases[0], databases.at(-1)] as [GrownDatabase, GrownDatabase];
  const largest = grown.at(-1) as (typeof grown)[number];
  return {
    databases,
    ratios: {
      p50: large.same.p50Ms / small.same.p50Ms,
      cpu: cpuOf(large.same) / cpuOf(small.same),
      gatewayCpu: large.same.cpuMicros / small.same.cpuMicros,
      anyoneP50: large.anyone.p50Ms / small.anyone.p50Ms,
      anyoneCpu: cpuOf(large.anyone) / cpuOf(small.anyone),
    },
    plans: await plansOf(largest.broker.postgres, generator, largest.same),
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
