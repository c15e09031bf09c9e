import { Person } from '@grantway/sandbox/person';
import { headOf, openPlainClient, type PlainClient } from './plain-client.ts';
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

/** Does one piece of work by its worker's own connection, where it needs one; answers what was wrong with it. */
type Work = (number: number, client: PlainClient | undefined) => Promise<string | undefined>;

async function measure(load: Measurement): Promise<Measured> {
  const url = new URL(load.url);
  const open = () => (load.links === undefined ? openPlainClient(url) : undefined);
  const clients = await Promise.all(Array.from({ length: load.concurrency }, open));
  const work = load.links === undefined ? requests(load, url) : consents(load.links);
  const most = Math.min(load.links?.length ?? Number.POSITIVE_INFINITY, load.most ?? Number.POSITIVE_INFINITY);
  const latencies: number[] = [];
  let begun = 0;
  let errors = 0;
  let firstError: string | undefined;
  const startedAt = performance.now();
  const until = startedAt + load.seconds * 1000;
  const worker = async (client: PlainClient | undefined) => {
    while (performance.now() < until && begun < most) {
      const number = begun++;
      const began = performance.now();
      const wrong = await work(number, client).catch(String);
      latencies.push(performance.now() - began);
      if (wrong === undefined) continue;
      errors++;
      firstError ??= wrong;
    }
  };
  await Promise.all(clients.map(worker));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const client of clients) client?.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { requests: latencies.length, errors, firstError, seconds, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function requests(load: Measurement, url: URL): Work {
  const targets = load.targets ?? [{ path: `${url.pathname}${url.search}` }];
  const prepared = targets.map(({ path, body = load.body }: { path: string; body?: string }) => ({
    head: headOf(load.method, path, url.host, load.headers),
    // What stands around the numbers.
    body: body?.split('{id}'),
  }));
  const bad = load.bad.map((word) => Buffer.from(word));
  const good = Buffer.from(load.good ?? '');
  return async (number, client) => {
    const { head, body } = prepared[number % prepared.length] as (typeof prepared)[number];
    const answer = await (client as PlainClient).ask(head, body?.join(String(number)));
    const isGood = answer.status < 300 && !bad.some((word) => answer.body.includes(word)) && answer.body.includes(good);
    return isGood ? undefined : `HTTP ${answer.status}: ${answer.body.toString().slice(0, 300)}`;
  };
}

function consents(links: string[]): Work {
  return async (number) => {
    const page = await new Person().consent(links[number] as string);
    return page.status === 200 && page.html.includes(' is connected') ? undefined : `HTTP ${page.status}: ${page.html.slice(-600)}`;
  };
}

ready({}, () => {}, measure);
