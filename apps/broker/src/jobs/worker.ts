import type { Modules } from '@grantway/core';
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

/** Work named by a noun and a deed. A job carries an id and nothing else: what to do is read from the database. */
export interface Job {
  name: string;
  /** Set: the job runs by itself, again and again, in each process. It decides from rows, so it may run in several at once. */
  everyMs?: number;
  run(modules: Modules, id: string, enqueue: Enqueue): Promise<void>;
}

/** Adds one job; a second one for the same id is not added while the first is waiting or running, for ten seconds at most. */
export type Enqueue = (job: string, id: string) => Promise<void>;

export type QueueBackend = { kind: 'postgres'; connectionString: string } | { kind: 'redis'; url: string; prefix: string };

export interface Jobs {
  /** Runs a job's deed now, in this process; tests and the command line use it. */
  runNow(job: string, id?: string): Promise<void>;
  close(): Promise<void>;
}

const queueName = 'grantway';
const concurrency = 8;
/** A queue that does not take a job within this time is treated as one that is away. */
const tooLate = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 1_000).unref());

/**
 * The queue spreads work over the processes, nothing more: everything it says is decided again from rows in Postgres, so
 * that losing it loses nothing. What runs by itself is not in it: each process has timers of its own, because a schedule in
 * Redis ends when Redis is wiped, and follows the wall clock of whoever wrote it. This file is the only one that knows BullMQ.
 */
export async function startJobs(modules: Modules, backend: QueueBackend, jobs: readonly Job[]): Promise<Jobs> {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const { queue, worker, end } =
    backend.kind === 'postgres' ? onPostgres(backend.connectionString, process) : onRedis(backend.url, backend.prefix, process);

  const enqueue: Enqueue = async (name, id) => {
    // The queue takes a dead process's job for running until it notices, after half a minute or more. Rows must not wait for
    // that: in the next ten seconds a second job is let in.
    const turn = Math.floor(Date.now() / 10_000);
    if (performance.now() >= queueAwayUntil) {
      const added = queue.add(name, { id }, { deduplication: { id: `${name}:${id}:${turn}` } }).then(() => true);
      if (await Promise.race([added, tooLate()]).catch(() => false)) return;
      added.catch(() => {});
      queueAwayUntil = performance.now() + 5_000;
    }
    await runHere(name, id);
  };
  let queueAwayUntil = 0;

  let closing = false;
  // Without its queue a process does by itself what it finds due; rows keep several of them apart.
  const here = new Map<string, Promise<void>>();
  async function runHere(name: string, id: string): Promise<void> {
    const key = `${name}:${id}`;
    if (here.has(key) || closing) return;
    while (here.size >= concurrency) await Promise.race(here.values());
    const work = process({ name, data: { id } })
      .catch(() => {})
      .finally(() => here.delete(key));
    here.set(key, work);
  }

  async function process(bull: { name: string; data: { id?: string } }): Promise<void> {
    const job = byName.get(bull.name);
    if (job === undefined) return;
    const startedAt = performance.now();
    try {
      await job.run(modules, bull.data.id ?? '', enqueue);
      const fields = { job: job.name, id: bull.data.id, duration_ms: Math.round(performance.now() - startedAt) };
      if (job.everyMs === undefined) modules.log.info(fields, 'job');
      else modules.log.debug(fields, 'job');
    } catch (err) {
      modules.log.error({ job: job.name, id: bull.data.id, err }, 'job failed');
      throw err;
    }
  }

  // While the database or Redis is away the client reports each attempt: one line in ten seconds is enough.
  let reportedAt = 0;
  const onError = (err: Error) => {
    if (Date.now() - reportedAt < 10_000) return;
    reportedAt = Date.now();
    modules.log.warn({ err }, 'the job queue is not available');
  };
  queue.on('error', onError);
  worker.on('error', onError);

  const timers = new Map<string, NodeJS.Timeout>();
  const ticking = new Set<Promise<void>>();
  for (const job of jobs) {
    const { everyMs } = job;
    if (everyMs === undefined) continue;
    const wait = (ms: number) => void timers.set(job.name, setTimeout(tick, ms));
    const tick = () => {
      const work: Promise<void> = process({ name: job.name, data: {} })
        .catch(() => {})
        .finally(() => {
          ticking.delete(work);
          if (!closing) wait(everyMs);
        });
      ticking.add(work);
    };
    // Processes that start together take turns.
    wait(Math.random() * Math.min(everyMs, 1_000));
  }

  return {
    runNow: async (name, id = '') => {
      const job = byName.get(name);
      if (job === undefined) throw new Error(`no job ${name}`);
      await job.run(modules, id, enqueue);
    },
    close: async () => {
      closing = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all([...ticking, ...here.values()]);
      await worker.close();
      await queue.close();
      await end();
    },
  };
}

type Processor = (job: { name: string; data: { id?: string } }) => Promise<void>;

const jobOptions = { removeOnComplete: true, removeOnFail: { count: 100 }, attempts: 1 } as const;

function onPostgres(connectionString: string, processor: Processor) {
  const bull = withBackend(createPostgresBackend);
  const connection = { connectionString, schema: 'bullmq', max: 3, migrate: true };
  return {
    queue: new bull.Queue<{ id?: string }>(queueName, { connection, defaultJobOptions: jobOptions }),
    worker: new bull.Worker<{ id?: string }>(queueName, processor, { connection, concurrency }),
    end: async () => {},
  };
}

function onRedis(url: string, prefix: string, processor: Processor) {
  // BullMQ's workers block on a command and need a client that never gives up on one.
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  return {
    queue: new Queue<{ id?: string }>(queueName, { connection, prefix, defaultJobOptions: jobOptions }),
    worker: new Worker<{ id?: string }>(queueName, processor, { connection, prefix, concurrency }),
    end: async () => {
      connection.disconnect();
    },
  };
}
