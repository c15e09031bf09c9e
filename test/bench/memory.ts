import { randomBytes } from 'node:crypto';
import { type ClientRequest, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { connectByKey, offer } from './operator.ts';
import { forgetPeak, residentMiB, type Started } from './processes.ts';
import { type Generator, once, type Subject } from './rows.ts';
import type { BrokerCrew, Crew } from './starting.ts';
import { call, failures, modern } from './wire.ts';

/** Resident memory of the broker's process, in MiB. */
export interface MemoryRow {
  what: string;
  beforeMiB: number;
  peakMiB: number;
  /** Three seconds later, after a garbage collection. */
  afterMiB: number;
  /** What the peak may lie above `beforeMiB`. */
  boundMiB: number;
  withinBound: boolean;
  /** What was seen besides. */
  seen: string;
}

const hugeAtOnce = 16;
const slowAtOnce = 64;
const listeners = 1000;
const perInstance = 10;

/**
 * The bounds. An answer is read up to 10 MiB and refused beyond, in pieces that are let go at once with it; so many at a
 * time may be held twice for a moment. A listener is a socket with its buffers and a few objects; a call that waits, two.
 */
const bounds = { huge: hugeAtOnce * 2 * 10, listeners: (listeners * 64) / 1024, slow: slowAtOnce };

export async function measureMemory(crew: Crew, generator: Generator, { seconds }: { seconds: number }): Promise<MemoryRow[]> {
  const upstream = await crew.run<{ origin: string }>('./servers/upstream.ts');
  const broker = await crew.broker({ upstream: upstream.ready.origin });
  await offer(broker.api, 'datadog', { connector: 'datadog', sandbox: true });
  const key = () => randomBytes(20).toString('hex');
  const urls = await connectByKey(broker.api, 'datadog', listeners / perInstance, () => ({ api_key: key(), application_key: key() }));
  const subject = (monitor: number, more: Partial<Subject['load']>): Subject => ({
    name: `monitor ${monitor}`,
    load: {
      url: broker.baseUrl,
      method: 'POST',
      ...call('datadog_monitor_get', { monitor_id: monitor }),
      targets: urls.map((url) => ({ path: new URL(url).pathname })),
      bad: failures,
      ...more,
    },
    pid: broker.pid,
    concurrency: [],
  });
  // What memory a broker that has worked has: compiled code, pools, buffers.
  await once(generator, subject(18342011, {}), slowAtOnce, Math.min(3, seconds * 2));

  return [
    await watch(broker, `${hugeAtOnce} answers of 50 MB at once, again and again`, bounds.huge, async () => {
      const sentBefore = await sentMegabytes(upstream);
      const row = await once(generator, subject(50, { bad: ['"error":'], good: '"isError":true' }), hugeAtOnce, seconds);
      if (row.errors > 0) throw new Error(`an answer of 50 MB was not refused: ${row.firstError}`);
      const refused = await firstAnswer(urls[0] as string, 50);
      const each = ((await sentMegabytes(upstream)) - sentBefore) / (row.requests + 1);
      return `${row.requests} calls, each refused as ${refused.code}: "${refused.text}"; of 50 MB the vendor could send ${each.toFixed(0)}`;
    }),
    await watch(broker, `${listeners} idle listeners (subscriptions/listen)`, bounds.listeners, async () => {
      const streams = await Promise.all(urls.flatMap((url) => Array.from({ length: perInstance }, () => listen(url))));
      await pause(seconds * 1000);
      const open = streams.filter((stream) => !stream.destroyed).length;
      const { now } = residentMiB(broker.pid);
      for (const stream of streams) stream.destroy();
      if (open < listeners) throw new Error(`${listeners - open} listeners were let go`);
      return `all ${open} open after ${seconds} s, ${now.toFixed(0)} MiB while they were`;
    }),
    await watch(broker, `${slowAtOnce} calls at once to a vendor that takes 2 s`, bounds.slow, async () => {
      const row = await once(generator, subject(2000, {}), slowAtOnce, Math.max(2, seconds));
      if (row.errors > 0) throw new Error(`a call to a slow vendor failed: ${row.firstError}`);
      return `${row.requests} calls, p50 ${row.p50Ms.toFixed(0)} ms, p99 ${row.p99Ms.toFixed(0)} ms`;
    }),
  ];
}

async function watch(broker: BrokerCrew, what: string, boundMiB: number, work: () => Promise<string>): Promise<MemoryRow> {
  await broker.ask({ do: 'collect garbage' });
  forgetPeak(broker.pid);
  const beforeMiB = residentMiB(broker.pid).now;
  const seen = await work();
  const peakMiB = residentMiB(broker.pid).peak;
  await pause(3000);
  await broker.ask({ do: 'collect garbage' });
  const afterMiB = residentMiB(broker.pid).now;
  return { what, beforeMiB, peakMiB, afterMiB, boundMiB, withinBound: peakMiB - beforeMiB <= boundMiB, seen };
}

const sentMegabytes = async (upstream: Started<unknown>) => (await upstream.ask<{ sentMegabytes: number }>({})).sentMegabytes;

async function firstAnswer(url: string, monitor: number): Promise<{ code: string; text: string }> {
  const { headers, body } = call('datadog_monitor_get', { monitor_id: monitor });
  const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as {
    result: { content: { text: string }[]; _meta: Record<string, string> };
  };
  return { code: answer.result._meta['grantway/code'] ?? 'nothing', text: answer.result.content[0]?.text ?? '' };
}

/** Resolves with the first bytes of the stream. */
function listen(url: string): Promise<ClientRequest> {
  const { headers, body } = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
  return new Promise((resolve, reject) => {
    const stream = request(url, { method: 'POST', headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a listener was answered ${response.statusCode}`));
      response.on('error', () => {});
      response.once('data', () => resolve(stream));
      response.resume();
    });
    stream.on('error', reject);
    stream.end(body);
  });
}
