import { Person } from '@grantway/sandbox/person';
import { Pool } from 'undici';
import { ready } from './processes.ts';

/** What one measurement sends. `{id}` in a body becomes a number of its own for each request. */
export interface Load {
  url: string;
  method: 'GET' | 'POST' | 'PUT';
  headers: Record<string, string>;
  /** One or several, used in turn: other users, other instances. Their body, where they have one, is sent instead. */
  targets?: { path: string; body?: string }[];
  body?: string;
  /** Texts that no good answer holds. */
  bad: string[];
  /** A text that every good answer holds. */
  good?: string;
  /**
   * Instead of requests: people who open these links in turn, each once, consent at the provider and come back. Ends early when
   * there are no more.
   */
  links?: string[];
}

export interface Measurement extends Load {
  concurrency: number;
  seconds: number;
  /** Ends early after so many. */
  most?: number;
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

/** Does one piece of work; answers what was wrong with it. */
type Work = (number: number) => Promise<string | undefined>;

async function measure(load: Measurement): Promise<Measured> {
  const pool = new Pool(new URL(load.url).origin, { connections: load.concurrency, pipelining: 1 });
  const work = load.links === undefined ? requests(load, pool) : consents(load.links);
  const most = Math.min(load.links?.length ?? Number.POSITIVE_INFINITY, load.most ?? Number.POSITIVE_INFINITY);
  const latencies: number[] = [];
  let begun = 0;
  let errors = 0;
  let firstError: string | undefined;
  const startedAt = performance.now();
  const until = startedAt + load.seconds * 1000;
  const worker = async () => {
    while (performance.now() < until && begun < most) {
      const number = begun++;
      const began = performance.now();
      const wrong = await work(number).catch(String);
      latencies.push(performance.now() - began);
      if (wrong === undefined) continue;
      errors++;
      firstError ??= wrong;
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { requests: latencies.length, errors, firstError, seconds, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function requests(load: Measurement, pool: Pool): Work {
  const { pathname, search } = new URL(load.url);
  const targets: { path: string; body?: string }[] = load.targets ?? [{ path: `${pathname}${search}` }];
  return async (number) => {
    const { path, body = load.body } = targets[number % targets.length] as { path: string; body?: string };
    const response = await pool.request({
      path,
      method: load.method,
      headers: load.headers,
      ...(body === undefined ? {} : { body: body.replaceAll('{id}', String(number)) }),
    });
    const text = await response.body.text();
    const isGood =
      response.statusCode < 300 && !load.bad.some((word) => text.includes(word)) && (load.good === undefined || text.includes(load.good));
    return isGood ? undefined : `HTTP ${response.statusCode}: ${text.slice(0, 300)}`;
  };
}

function consents(links: string[]): Work {
  return async (number) => {
    const page = await new Person().consent(links[number] as string);
    return page.status === 200 && page.html.includes(' is connected') ? undefined : `HTTP ${page.status}: ${page.html.slice(-600)}`;
  };
}

ready({}, () => {}, measure);
