import { Pool } from 'undici';
import { input, ready } from './processes.ts';

/** What one measurement sends. `{id}` in the body becomes a number of its own for each request. */
export interface Load {
  url: string;
  method: 'GET' | 'POST' | 'PUT';
  headers: Record<string, string>;
  /** One or several, used in turn: other users, other instances. */
  targets?: { path: string; body?: string }[];
  body?: string;
  concurrency: number;
  seconds: number;
  /** Texts that no good answer holds. */
  bad: string[];
}

export interface Measured {
  requests: number;
  errors: number;
  /** The first one that was not as it should be. */
  firstError: string | undefined;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export async function measure(load: Load): Promise<Measured> {
  const { origin, pathname, search } = new URL(load.url);
  const pool = new Pool(origin, { connections: load.concurrency, pipelining: 1 });
  const targets = load.targets ?? [{ path: `${pathname}${search}`, ...(load.body === undefined ? {} : { body: load.body }) }];
  const latencies: number[] = [];
  let sent = 0;
  let errors = 0;
  let firstError: string | undefined;
  const began = performance.now();
  const until = began + load.seconds * 1000;
  const worker = async () => {
    while (performance.now() < until) {
      const number = sent++;
      const { path, body } = targets[number % targets.length] as { path: string; body?: string };
      const startedAt = performance.now();
      try {
        const response = await pool.request({
          path,
          method: load.method,
          headers: load.headers,
          ...(body === undefined ? {} : { body: body.replaceAll('{id}', String(number)) }),
        });
        const text = await response.body.text();
        if (response.statusCode >= 300 || load.bad.some((word) => text.includes(word))) {
          errors++;
          firstError ??= `HTTP ${response.statusCode}: ${text.slice(0, 300)}`;
        }
      } catch (error) {
        errors++;
        firstError ??= String(error);
      }
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
  const seconds = (performance.now() - began) / 1000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { requests: latencies.length, errors, firstError, seconds, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

if (process.argv[1] === import.meta.filename) ready(await measure(input<Load>()));
