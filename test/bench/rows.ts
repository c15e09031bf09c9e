import type { Load, Measured, Measurement } from './load.ts';
import { cpuSeconds, type Started } from './processes.ts';

/** Something to measure: a load, and whose CPU time it costs. */
export interface Subject {
  name: string;
  load: Load;
  pid: number;
  /** The database's first process, where the subject has one. */
  postgres?: number;
  concurrency: number[];
  /** Unmeasured, before each measurement: what can be used once. */
  prepare?: (concurrency: number) => Promise<Partial<Load>>;
}

export interface Row {
  name: string;
  concurrency: number;
  requests: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the measured process, for each request. */
  cpuMicros: number;
  /** Of the database with all its processes, where the subject has one. */
  postgresMicros: number | null;
  errors: number;
  firstError: string | null;
}

export interface Plan {
  /** Of one measurement. */
  seconds: number;
  rounds: number;
  only?: string | undefined;
  say(line: string): void;
}

/**
 * After so many, what is run is compiled: until then the compiler's own work is counted with each request, and is most of it. What
 * has not run for a while is compiled again, so that each subject is warmed in each round, right before it is measured.
 */
const warmRequests = { first: 12_000, again: 5_000 };
/** Of the length of one measurement: slow ones are not warmed for ever. */
const warmTimes = { first: 8, again: 4 };

export type Generator = Started<unknown>;

/**
 * Every subject once per round, so that a noisy minute falls on all of them; the medians of the rounds.
 */
export async function measureRows(
  generator: Generator,
  subjects: readonly Subject[],
  { seconds, rounds, only, say }: Plan,
): Promise<Row[]> {
  const chosen = subjects.filter(({ name }) => only === undefined || name.includes(only));
  const found = new Map<string, Row[]>();
  for (let round = 1; round <= rounds; round++) {
    const warming = round === 1 ? 'first' : 'again';
    for (const subject of chosen) {
      await once(generator, subject, Math.max(...subject.concurrency), seconds * warmTimes[warming], warmRequests[warming]);
      for (const concurrency of subject.concurrency) {
        const row = await once(generator, subject, concurrency, seconds);
        const key = `${subject.name} ${concurrency}`;
        found.set(key, [...(found.get(key) ?? []), row]);
      }
    }
    say(`round ${round} of ${rounds} done`);
  }
  return [...found.values()].map(medianOf);
}

/** Of each figure by itself. */
function medianOf(rows: readonly Row[]): Row {
  const [first] = rows as [Row];
  const median = (of: (row: Row) => number) => rows.map(of).sort((a, b) => a - b)[Math.floor(rows.length / 2)] as number;
  return {
    ...first,
    requests: rows.reduce((sum, row) => sum + row.requests, 0),
    requestsPerSecond: median((row) => row.requestsPerSecond),
    p50Ms: median((row) => row.p50Ms),
    p99Ms: median((row) => row.p99Ms),
    cpuMicros: median((row) => row.cpuMicros),
    postgresMicros: first.postgresMicros === null ? null : median((row) => row.postgresMicros as number),
    errors: rows.reduce((sum, row) => sum + row.errors, 0),
    firstError: rows.find((row) => row.firstError !== null)?.firstError ?? null,
  };
}

export async function once(generator: Generator, subject: Subject, concurrency: number, seconds: number, most?: number): Promise<Row> {
  const { name, pid, postgres, prepare } = subject;
  const load = { ...subject.load, ...(await prepare?.(concurrency)) };
  const measurement: Measurement = { ...load, concurrency, seconds, ...(most === undefined ? {} : { most }) };
  const cpu = () => [cpuSeconds(pid), postgres === undefined ? 0 : cpuSeconds(postgres, true)] as const;
  const before = cpu();
  const measured = await generator.ask<Measured>(measurement);
  const after = cpu();
  const micros = (i: 0 | 1) => ((after[i] - before[i]) * 1e6) / measured.requests;
  return {
    name,
    concurrency,
    requests: measured.requests,
    requestsPerSecond: measured.requests / measured.seconds,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuMicros: micros(0),
    postgresMicros: postgres === undefined ? null : micros(1),
    errors: measured.errors,
    firstError: measured.firstError ?? null,
  };
}
