import { createLocalLimiter, createProviderPauses, type Limiter, type Log, type ProviderPauses } from '@grantway/core';
import { Redis, type RedisOptions } from 'ioredis';

export interface SharedLimits {
  limiter: Limiter;
  pauses: ProviderPauses;
  close(): Promise<void>;
}

/** A Redis that does not answer within this time is treated as one that is away. */
const commandTimeoutMs = 250;
/** Then for so long nobody waits for it. */
const leaveAloneMs = 2_000;

/**
 * All counts of a call in one step, on Redis's own clock: a window is a key, and ends when Redis lets the key expire. KEYS are
 * the counts, ARGV their limits and windows in milliseconds, by turns. Answers 0, or which count is full and for how long.
 */
const script = `
local worst, wait = 0, -1
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then
    local left = redis.call('PTTL', key)
    if left > wait then worst, wait = i, left end
  end
end
if worst > 0 then return { worst, wait } end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
end
return { 0, 0 }
`;

interface Scripted extends Redis {
  takeCounts(keyCount: number, ...args: (string | number)[]): Promise<[number, number]>;
}

/**
 * Counts that all processes share. While Redis is away each process counts by itself, from nothing: then a limit holds for each
 * process. Pauses are kept in each process and told to the others; one that is missed costs the provider one more request.
 */
export function createSharedLimits(of: { url: string; prefix: string; log: Log; onAway(): void }): SharedLimits {
  const { log } = of;
  const options: RedisOptions = {
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (times) => Math.min(times * 100, leaveAloneMs),
  };
  const redis = new Redis(of.url, options) as Scripted;
  redis.defineCommand('takeCounts', { lua: script });
  const channel = `${of.prefix}:pauses`;
  const listener = new Redis(of.url, {
    ...options,
    autoResubscribe: true,
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
  });
  const local = createLocalLimiter();
  let awayUntil = 0;
  let isAway = false;

  // Without a listener an error of the connection would end the process.
  for (const connection of [redis, listener]) connection.on('error', () => {});

  const pauses = createProviderPauses((accountId, ms) => {
    redis.publish(channel, `${accountId} ${Math.ceil(ms)}`).catch(() => {});
  });
  listener.subscribe(channel).catch(() => {});
  listener.on('message', (_channel, message) => {
    const [accountId = '', ms] = message.split(' ');
    pauses.heard(accountId, Number(ms));
  });

  return {
    limiter: {
      async take(counts) {
        if (performance.now() >= awayUntil) {
          try {
            const keys = counts.map(({ key }) => `${of.prefix}:limits:${key}`);
            const limits = counts.flatMap(({ limit, windowMs }) => [limit, windowMs]);
            const [worst, wait] = await redis.takeCounts(keys.length, ...keys, ...limits);
            if (isAway) log.info({}, 'limits are counted in Redis again');
            isAway = false;
            return worst === 0 ? undefined : { index: worst - 1, retryAfterMs: Math.max(0, wait) };
          } catch (err) {
            if (!isAway) log.warn({ err }, 'Redis is away: each process counts limits by itself');
            isAway = true;
            awayUntil = performance.now() + leaveAloneMs;
          }
        }
        of.onAway();
        return local.take(counts);
      },
    },
    pauses,
    async close() {
      redis.disconnect();
      listener.disconnect();
    },
  };
}
