import type { StoredPolicy } from '@grantway/contract';

/** One count that a call adds to. Who has the same key shares it. */
export interface Count {
  key: string;
  /** Calls in one window. */
  limit: number;
  windowMs: number;
}

export interface LimitReached {
  /** Which of the counts that were asked for; the one that is full for longest. */
  index: number;
  retryAfterMs: number;
}

/**
 * Sliding windows, by two counts for each key: that of the window that runs, and that of the one before, which weighs as much as the
 * last `windowMs` still cover of it. So no more than `limit` come together, also around the end of a window. The first call of a
 * key opens its first window. A call adds to all of its counts or, where one is full, to none.
 */
export interface Limiter {
  /** Undefined: it was counted. */
  take(counts: readonly Count[]): Promise<LimitReached | undefined> | LimitReached | undefined;
}

interface Windows {
  startsAt: number;
  /** Calls in the window that runs, and in the one before. */
  used: number;
  before: number;
  /** From then on it is as if there had been none. */
  forgottenAt: number;
}

/** Whole milliseconds, the one that runs included: a window that is full is free again exactly when it ends. */
const coveredMs = (elapsedMs: number, windowMs: number) => windowMs - elapsedMs - 1;

/** How long until one more fits; 0: now. The script in redis-limits.ts says the same. */
function waitMs({ used, before }: Windows, elapsedMs: number, limit: number, windowMs: number): number {
  const room = (limit - used) * windowMs;
  if (before * coveredMs(elapsedMs, windowMs) < room) return 0;
  if (used < limit) return coveredMs(elapsedMs, windowMs) - Math.floor((room - 1) / before);
  // Then the window that runs is the one before.
  return windowMs - elapsedMs + Math.max(0, windowMs - 1 - Math.floor((limit * windowMs - 1) / used));
}

const maxWindows = 100_000;

/** The counts of this process alone. */
export function createLocalLimiter(now: () => number = () => performance.now()): Limiter {
  const known = new Map<string, Windows>();
  let sweepAt = 1_000;

  /** Only what is over is forgotten; beyond so many, the oldest, because memory is not for agents to fill. */
  function makeRoom(time: number): void {
    if (known.size < sweepAt) return;
    for (const [key, { forgottenAt }] of known) if (forgottenAt <= time) known.delete(key);
    while (known.size >= maxWindows) known.delete(known.keys().next().value as string);
    sweepAt = Math.min(maxWindows, Math.max(1_000, known.size * 2));
  }

  /** As they are at a time; undefined: nothing counts any more. */
  function at(time: number, { key, windowMs }: Count): Windows | undefined {
    const windows = known.get(key);
    if (windows === undefined || windows.forgottenAt <= time) return undefined;
    if (windows.startsAt + windowMs > time) return windows;
    windows.before = windows.used;
    windows.used = 0;
    windows.startsAt += windowMs;
    // Insertion order makes the first key the oldest.
    known.delete(key);
    known.set(key, windows);
    return windows;
  }

  return {
    take(counts) {
      const time = Math.floor(now());
      let reached: LimitReached | undefined;
      counts.forEach((count, index) => {
        const windows = at(time, count);
        if (windows === undefined) return;
        const retryAfterMs = waitMs(windows, time - windows.startsAt, count.limit, count.windowMs);
        if (retryAfterMs > 0 && (reached === undefined || retryAfterMs > reached.retryAfterMs)) reached = { index, retryAfterMs };
      });
      if (reached !== undefined) return reached;
      const added = new Set<string>();
      for (const { key, windowMs } of counts) {
        if (counts.length > 1) {
          if (added.has(key)) continue;
          added.add(key);
        }
        const windows = known.get(key);
        if (windows !== undefined && windows.forgottenAt > time) {
          windows.used++;
          windows.forgottenAt = windows.startsAt + 2 * windowMs;
        } else {
          makeRoom(time);
          known.delete(key);
          known.set(key, { startsAt: time, used: 1, before: 0, forgottenAt: time + 2 * windowMs });
        }
      }
      return undefined;
    },
  };
}

/** Accounts whose provider asked for a pause (RFC 9110 section 10.2.3, Retry-After): of these, and of nobody else. */
export interface ProviderPauses {
  pause(accountId: string, seconds: number): void;
  /** 0 where there is none. */
  remainingMs(accountId: string): number;
}

/** What a provider may ask for; the next call finds out whether it means more. */
const longestPauseMs = 24 * 3_600_000;
const maxPauses = 100_000;

/** `tell` passes a pause on to the other processes, where there are any. */
export function createProviderPauses(tell: (accountId: string, ms: number) => void = () => {}): ProviderPauses & {
  /** Heard from another process. */
  heard(accountId: string, ms: number): void;
} {
  const endsAt = new Map<string, number>();

  function keep(accountId: string, ms: number): boolean {
    if (!(ms > 0)) return false;
    const end = performance.now() + Math.min(ms, longestPauseMs);
    if (end <= (endsAt.get(accountId) ?? 0)) return false;
    endsAt.delete(accountId);
    if (endsAt.size >= maxPauses) endsAt.delete(endsAt.keys().next().value as string);
    endsAt.set(accountId, end);
    return true;
  }

  return {
    pause(accountId, seconds) {
      if (keep(accountId, seconds * 1000)) tell(accountId, Math.min(seconds * 1000, longestPauseMs));
    },
    heard: keep,
    remainingMs(accountId) {
      const end = endsAt.get(accountId);
      if (end === undefined) return 0;
      const left = end - performance.now();
      if (left <= 0) endsAt.delete(accountId);
      return Math.max(0, left);
    },
  };
}

type StoredLimit = StoredPolicy['limits'][number];

/** A limit of a policy, for one tool. */
export interface ToolLimit {
  per: StoredLimit['per'];
  /** What of the key is known beforehand. */
  key: string;
  limit: number;
  windowMs: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Those of a policy's limits that calls of one tool add to. `names` are the tool's, its own first; none for what is no tool. */
export function limitsOf(limits: StoredPolicy['limits'], names: readonly string[], connectionId: string): ToolLimit[] {
  const [tool] = names;
  return limits
    .filter((limit) => (limit.tool === undefined || names.includes(limit.tool)) && (limit.connection_id ?? connectionId) === connectionId)
    .flatMap(({ per, tool: ofTool = '', connection_id: ofConnection = '', requests_per_minute, calls_per_day }) => {
      const subject = per === 'tool' ? (tool ?? '') : per === 'connection' ? connectionId : '';
      const key = JSON.stringify([per, subject, ofTool, ofConnection]);
      return [
        ...(requests_per_minute === undefined ? [] : [{ per, key: `minute ${key}`, limit: requests_per_minute, windowMs: minuteMs }]),
        ...(calls_per_day === undefined ? [] : [{ per, key: `day ${key}`, limit: calls_per_day, windowMs: dayMs }]),
      ];
    });
}

/** Counts go on over versions of a config: a change of policy gives nobody new calls. */
export function countsFor(limits: readonly ToolLimit[], of: { configId: string; clientId: string | null; user: string }): Count[] {
  return limits.map(({ per, key, limit, windowMs }) => {
    const subject = per === 'client' ? (of.clientId ?? '') : per === 'user' ? of.user : '';
    return { key: `${of.configId} ${key} ${subject}`, limit, windowMs };
  });
}

/** For the agent: what the limit is. */
export function limitWords({ per, limit, windowMs }: ToolLimit): string {
  const whose = {
    client: 'of this client',
    user: 'of each user',
    tool: 'of each tool',
    connection: 'of this connection',
    config: 'in all',
  };
  const calls = limit === 1 ? 'one call' : `${limit} calls`;
  return `${calls} a ${windowMs === minuteMs ? 'minute' : 'day'} ${whose[per]} ${limit === 1 ? 'is' : 'are'} allowed here, and made`;
}
