import type { Load, Measured } from './load.ts';
import { cpuSeconds, start } from './processes.ts';

/** Something to measure: a load, and whose CPU time it costs. */
export interface Subject {
  name: string;
  load: Omit<Load, 'concurrency' | 'seconds'>;
  pid: number;
  /** The database's first process, where the subject has one. */
  postgres?: number;
  concurrency: number[];
}

export interface Row {
  name: string;
  concurrency: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the measured process, for each request. */
  cpuMicros: number;
  postgresMicros: number | undefined;
  errors: number;
  firstError: string | undefined;
}

/**
 * Every subject once per round, so that a noisy minute falls on all of them; the median of the rounds by CPU time. The
 * first second after a start is compilation and is thrown away.
 */
export async function measureRows(
  subjects: Subject[],
  options: { seconds: number; rounds: number; only: string | undefined; say: (line: string) => void },
): Promise<Row[]> {
  const chosen = subjects
    .filter(({ name }) => options.only === undefined || name.includes(options.only))
    .flatMap((subject) => subject.concurrency.map((concurrency) => ({ subject, concurrency })));
  const found = new Map<string, Row[]>();
  for (const { subject } of chosen.filter((c, i) => chosen.findIndex((o) => o.subject === c.subject) === i)) {
    await once(subject, 16, Math.min(2, options.seconds));
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const { subject, concurrency } of chosen) {
      const row = await once(subject, concurrency, options.seconds);
      const key = `${subject.name} ${concurrency}`;
      found.set(key, [...(found.get(key) ?? []), row]);
    }
    options.say(`round ${round} of ${options.rounds} done`);
  }
  return [...found.values()].map((rows) => {
    const sorted = [...rows].sort((a, b) => a.cpuMicros - b.cpuMicros);
    const median = sorted[Math.floor(sorted.length / 2)] as Row;
    return { ...median, errors: rows.reduce((sum, row) => sum + row.errors, 0), firstError: rows.find((r) => r.firstError)?.firstError };
  });
}

async function once({ name, load, pid, postgres }: Subject, concurrency: number, seconds: number): Promise<Row> {
  const before = [cpuSeconds(pid), postgres === undefined ? 0 : cpuSeconds(postgres, true)] as const;
  const generator = await start<Measured>('./load.ts', { ...load, concurrency, seconds });
  const after = [cpuSeconds(pid), postgres === undefined ? 0 : cpuSeconds(postgres, true)] as const;
  await generator.stop();
  const measured = generator.ready;
  const micros = (i: 0 | 1) => ((after[i] - before[i]) * 1e6) / measured.requests;
  return {
    name,
    concurrency,
    requestsPerSecond: measured.requests / measured.seconds,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuMicros: micros(0),
    postgresMicros: postgres === undefined ? undefined : micros(1),
    errors: measured.errors,
    firstError: measured.firstError,
  };
}
