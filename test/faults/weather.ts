import { Redis } from 'ioredis';
import type { Slot } from './fleet.ts';
import { storms } from './gate.ts';
import { add, isStrict, judge, type Line, noFigures, outboxAndRows } from './oracle.ts';
import type { Servers } from './servers.ts';
import { classes, type RotationClass, toolOf } from './vendors.ts';
import { pause, until, type World } from './world.ts';

/** Accounts whose tokens end all the time, renewed by every broker's sweep and by callers. */
export interface Load {
  accounts: { account: string; rotationClass: RotationClass }[];
  /** Tool calls so far, and how many of them got their answer. */
  calls: { made: number; answered: number };
  stop(): Promise<void>;
}

const lifeSeconds = 15;

export async function startLoad(world: World, brokers: () => Slot[], perClass: number): Promise<Load> {
  for (const c of classes) await world.providers.knobs(c, { access_token_ttl_seconds: lifeSeconds });
  const accounts: Load['accounts'] = [];
  for (const rotationClass of classes) {
    for (let i = 0; i < perClass; i++) accounts.push({ account: await world.newAccount(rotationClass), rotationClass });
  }
  const calls = { made: 0, answered: 0 };
  let isOver = false;
  const caller = async () => {
    while (!isOver) {
      const { account, rotationClass } = accounts[Math.floor(Math.random() * accounts.length)] as Load['accounts'][number];
      const up = brokers();
      const broker = up[Math.floor(Math.random() * up.length)];
      if (broker !== undefined) {
        calls.made += 1;
        const answer = await broker
          .call('POST', `/v1/tools/${toolOf(rotationClass)}/execute`, { identifier: world.userOf(account) })
          .catch(() => undefined);
        if (answer?.status === 200) calls.answered += 1;
      }
      await pause(100);
    }
  };
  const callers = Promise.all([caller(), caller(), caller()]);
  return {
    accounts,
    calls,
    async stop() {
      isOver = true;
      await callers;
      for (const c of classes) await world.providers.knobs(c, {});
    },
  };
}

/**
 * A fault over the load, for so long; then every grant is judged. Where the provider rotated and its answer was lost on the
 * way, or lay in a process that was killed, D and E may be lost, labelled.
 */
export async function underFault(
  world: World,
  load: Load,
  options: { scenario: string; brokers: () => Slot[]; fault: () => Promise<{ times: number; mayLose?: (account: string) => boolean }> },
): Promise<Line> {
  const before = new Map(load.accounts.map(({ account }) => [account, world.gate.grant(account)]));
  const line: Line = { scenario: options.scenario, figures: noFigures(), rule: 'atMost' };
  const { times, mayLose } = await options.fault();
  line.figures.kills = times;
  // One after another in a few rows at a time: the judges must not be a stampede of their own.
  const left = [...load.accounts];
  const judgeSome = async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const { account, rotationClass } = one;
      const lostOnTheWay = world.gate.grant(account).answersLost > (before.get(account)?.answersLost ?? 0);
      const mayBeLost = isStrict(rotationClass) && (lostOnTheWay || mayLose?.(account) === true);
      const via = options.brokers()[0] as Slot;
      const figures = await judge(world, via, account, mayBeLost);
      add(line.figures, figures);
      if (figures.healthy !== 1) await world.consentAgain(account, rotationClass);
    }
  };
  await Promise.all(Array.from({ length: 25 }, judgeSome));
  add(line.figures, await outboxAndRows(world));
  return line;
}

/** Every access token has ended, and is renewed without anybody asking, after the queue lost everything. */
export async function sweepGoesOn(world: World, load: Load): Promise<void> {
  const accounts = load.accounts.map(({ account }) => account);
  const before = new Map(accounts.map((account) => [account, world.gate.grant(account).rotations]));
  await world.expire(accounts);
  await until(
    () => accounts.every((account) => world.gate.grant(account).rotations > (before.get(account) as number)),
    60_000,
    'the sweep renews everything that is due after the loss of the queue',
  );
}

const every = async (ms: number, forMs: number, deed: () => Promise<void>): Promise<number> => {
  const endsAt = performance.now() + forMs;
  let times = 0;
  while (performance.now() < endsAt) {
    await deed();
    times += 1;
    await pause(ms);
  }
  return times;
};

/** Everything is deleted, again and again. A Redis that others use too loses the keys of this run's queue only. */
export function wipeRedis(redisUrl: string, forMs: number, onlyPrefix?: string) {
  return async () => {
    const redis = new Redis(redisUrl);
    const times = await every(100, forMs, async () => {
      if (onlyPrefix === undefined) await redis.flushall();
      else {
        const keys = await redis.keys(`${onlyPrefix}*`);
        if (keys.length > 0) await redis.del(...keys);
      }
    });
    redis.disconnect();
    return { times };
  };
}

export function stopRedis(own: NonNullable<Servers['own']>, forMs: number) {
  return async () => {
    await own.stopRedis();
    await pause(forMs);
    await own.startRedis();
    return { times: 1 };
  };
}

export const crashPostgres = (own: NonNullable<Servers['own']>, forMs: number) => async () => ({
  times: await every(4_000, forMs, own.crashPostgres),
});

/** One kind of weather after the other, each for its share of the time; a third of the requests get through. */
export function providerStorm(world: World, forMs: number) {
  return async () => {
    let kind = 0;
    world.gate.weather(() => (Math.random() < 1 / 3 ? undefined : storms[kind]));
    for (; kind < storms.length; kind++) await pause(forMs / storms.length);
    world.gate.weather(undefined);
    return { times: storms.length };
  };
}

/** Nobody answers at all. */
export function providerOutage(world: World, forMs: number) {
  return async () => {
    world.gate.weather(() => '503');
    await pause(forMs);
    world.gate.weather(undefined);
    return { times: 1 };
  };
}

/** Processes die at whatever they are doing. What was on its way to them then, or had just come, may be lost. */
export function randomKills(world: World, load: Load, victims: Slot[], forMs: number, more?: () => Promise<void>) {
  return async () => {
    const inWindow = new Set<string>();
    const times = await every(500, forMs, async () => {
      const victim = victims[Math.floor(Math.random() * victims.length)] as Slot;
      const rotationsThen = new Map(load.accounts.map(({ account }) => [account, world.gate.grant(account).rotations]));
      // What comes within this time may not be on the disk yet when the process dies.
      await pause(100);
      await victim.kill();
      await pause(50);
      for (const { account } of load.accounts) {
        const grant = world.gate.grant(account);
        if (grant.open > 0 || grant.rotations > (rotationsThen.get(account) as number)) inWindow.add(account);
      }
      await more?.();
      await victim.start();
    });
    return { times, mayLose: (account: string) => inWindow.has(account) };
  };
}

/** So many callers over all brokers want a credential that has just ended. Answers the token requests that it took. */
export async function stampede(
  world: World,
  brokers: Slot[],
  callers: number,
  rotationClass: RotationClass,
): Promise<{ requests: number; answered: number }> {
  const account = await world.newAccount(rotationClass);
  await world.query(
    `update connected_accounts set access_obtained_at = clock_timestamp() - interval '1 hour',
       access_expires_at = clock_timestamp() - interval '1 second' where id = $1`,
    [account],
  );
  const before = world.gate.grant(account).requests;
  const answers = await Promise.all(
    Array.from({ length: callers }, (_, i) =>
      (brokers[i % brokers.length] as Slot)
        .call('POST', `/v1/tools/${toolOf(rotationClass)}/execute`, { identifier: world.userOf(account) }, 60_000)
        .catch(() => undefined),
    ),
  );
  return { requests: world.gate.grant(account).requests - before, answered: answers.filter((answer) => answer?.status === 200).length };
}
