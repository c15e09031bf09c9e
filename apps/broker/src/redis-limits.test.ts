import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Count, createLocalLimiter, type Log } from '@grantway/core';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSharedLimits, type SharedLimits } from './redis-limits.ts';

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let port: number;
let server: ChildProcess;
const opened: SharedLimits[] = [];
const warnings: string[] = [];
let alone = 0;

async function start(): Promise<void> {
  server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'], { stdio: 'ignore' });
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50 });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
}
async function stop(): Promise<void> {
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}
/** As one process of a broker has it. */
function open(prefix = 'test', now?: () => number): SharedLimits {
  const say = (_: unknown, text: string) => void warnings.push(text);
  const log = { info: say, warn: say, error: say, debug: say } as unknown as Log;
  const limits = createSharedLimits({
    url: `redis://127.0.0.1:${port}`,
    prefix,
    log,
    onAway: () => alone++,
    ...(now === undefined ? {} : { now }),
  });
  opened.push(limits);
  return limits;
}
const count = (key: string, limit: number, windowMs = 60_000): Count => ({ key, limit, windowMs });
const soon = { timeout: 20_000, interval: 50 };
/** When it has found its Redis, it counts there. */
async function counting(limits: SharedLimits): Promise<SharedLimits> {
  await vi.waitFor(async () => {
    const before = alone;
    await limits.limiter.take([count(`warm ${Math.random()}`, 1)]);
    expect(alone).toBe(before);
  }, soon);
  return limits;
}

describe.skipIf(!isInstalled())('with Redis', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    port = (probe.address() as { port: number }).port;
    probe.close();
    await once(probe, 'close');
    await start();
  });
  afterAll(async () => {
    for (const limits of opened) await limits.close();
    await stop();
  });

  it('F16: of calls at once in several processes no more than the limit are let through', async () => {
    const processes = await Promise.all([open(), open(), open(), open()].map(counting));
    const takes = processes.flatMap(({ limiter }) =>
      Array.from({ length: 16 }, () => limiter.take([count('shared', 10), count('wide', 1000)])),
    );
    const refused = (await Promise.all(takes)).filter((reached) => reached !== undefined);
    expect(refused).toHaveLength(54);
    for (const reached of refused) {
      expect(reached.index).toBe(0);
      expect(reached.retryAfterMs).toBeGreaterThan(0);
      expect(reached.retryAfterMs).toBeLessThanOrEqual(60_000);
    }
    const redis = new Redis(port);
    // What was refused was counted nowhere.
    expect(await redis.hget('test:windows:wide', 'used')).toBe('10');
    const left = await redis.pttl('test:windows:wide');
    expect([left > 0, left <= 120_000]).toEqual([true, true]);
    redis.disconnect();
  });

  it('a window ends by Redis’s own clock, and another prefix counts for itself', async () => {
    const [one, other] = [await counting(open('one')), await counting(open('other'))];
    expect(await one.limiter.take([count('w', 1, 300)])).toBeUndefined();
    expect(await other.limiter.take([count('w', 1, 300)])).toBeUndefined();
    await vi.waitFor(async () => expect(await one.limiter.take([count('w', 1, 300)])).toBeUndefined(), soon);
    expect((await one.limiter.take([count('long', 1), count('w', 5)])) ?? 'counted').toBe('counted');
    expect((await one.limiter.take([count('w', 5), count('long', 1)]))?.index).toBe(1);
  });

  it('F16: says the same as a process alone, at any time and for any limits', async () => {
    let time = 1_700_000_000_000;
    const shared = (await counting(open('same', () => time))).limiter;
    const local = createLocalLimiter(() => time);
    // A sequence of numbers that is the same in every run (a linear congruential generator).
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    let refused = 0;
    for (let i = 0; i < 800; i++) {
      const counts = Array.from({ length: 1 + next(2) }, () => {
        const key = next(3);
        return count(`k${key}`, [1, 7, 30][key] ?? 1, [400, 1_000, 86_400_000][key]);
      });
      if (next(200) === 0) counts[0] = { ...(counts[0] as Count), limit: 3 };
      const expected = await local.take(counts);
      expect([i, await shared.take(counts)]).toEqual([i, expected]);
      if (expected !== undefined) refused++;
      time += next(40) === 0 ? next(2_500) : next(60);
      if (next(300) === 0) time += 40_000_000;
    }
    expect([refused > 100, refused < 700]).toEqual([true, true]);
  });

  it('a pause that one process hears of holds in the others', async () => {
    const [one, other, foreign] = [await counting(open()), await counting(open()), await counting(open('foreign'))];
    await vi.waitFor(() => {
      one.pauses.pause(`acc_${Math.random()}`, 1);
      one.pauses.pause('acc_1', 60 + Math.random());
      expect(other.pauses.remainingMs('acc_1')).toBeGreaterThan(0);
    }, soon);
    expect([other.pauses.remainingMs('acc_2'), foreign.pauses.remainingMs('acc_1')]).toEqual([0, 0]);
  });

  it('while Redis is away each process counts by itself, says so, and comes back', async () => {
    const limits = await counting(open('lost'));
    await limits.limiter.take([count('k', 2)]);
    warnings.length = 0;
    await stop();
    const before = alone;
    expect(await limits.limiter.take([count('k', 2)])).toBeUndefined();
    expect(await limits.limiter.take([count('k', 2)])).toBeUndefined();
    expect((await limits.limiter.take([count('k', 2)]))?.index).toBe(0);
    expect(alone - before).toBe(3);
    expect(warnings.filter((text) => /Redis is away/.test(text))).toHaveLength(1);
    await start();
    await counting(limits);
    expect(warnings.at(-1)).toBe('limits are counted in Redis again');
  });
});
