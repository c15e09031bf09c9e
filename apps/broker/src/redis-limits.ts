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
 * All counts of a call in one step, on Redis's own clock: the sliding windows of limits.ts in core, a hash for each key. KEYS are the
 * counts, ARGV their limits and windows in milliseconds, by turns, then the time where Redis is not asked for it. Answers 0, or which
 * count is full and for how long.
 */
const script = `
local now = tonumber(ARGV[2 * #KEYS + 1])
local isDriven = now ~= nil
if not isDriven then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local worst, wait, states = 0, 0, {}
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', key, 'starts', 'used', 'before')
  local starts, used, before = tonumber(kept[1]), tonumber(kept[2]), tonumber(kept[3])
  if starts == nil or now < starts or now >= starts + 2 * window then
    starts, used, before = now, 0, 0
  elseif now >= starts + window then
    starts, used, before = starts + window, 0, used
  end
  local covered, room = window - (now - starts) - 1, (limit - used) * window
  if before * covered >= room then
    local left
    if used < limit then
      left = covered - math.floor((room - 1) / before)
    else
      left = covered + 1 + math.max(0, window - 1 - math.floor((limit * window - 1) / used))
    end
    if left > wait then worst, wait = i, left end
  end
  states[i] = { starts, used, before, starts + 2 * window }
end
if worst > 0 then return { worst, wait } end
for i, key in ipairs(KEYS) do
  local state = states[i]
  redis.call('HSET', key, 'starts', string.format('%.0f', state[1]), 'used', state[2] + 1, 'before', state[3])
  -- Redis forgets by its own clock only.
  if not isDriven then redis.call('PEXPIRE', key, string.format('%.0f', state[4] - now)) end
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
export function createSharedLimits(of: {
  url: string;
  prefix: string;
  log: Log;
  onAway(): void;
  /** Milliseconds; without it, Redis's own clock. */
  now?: () => number;
}): SharedLimits {
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
            const keys = counts.map(({ key }) => `${of.prefix}:windows:${key}`);
            const limits = counts.flatMap(({ limit, windowMs }) => [limit, windowMs]);
            const [worst, wait] = await redis.takeCounts(keys.length, ...keys, ...limits, of.now?.() ?? '');
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
