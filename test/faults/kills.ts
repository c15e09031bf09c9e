import { readFileSync } from 'node:fs';
import type { Arm } from './armed.ts';
import type { Slot, Variant } from './fleet.ts';
import { add, isStrict, judge, type Line, noFigures } from './oracle.ts';
import { classes, type RotationClass } from './vendors.ts';
import { pause, until, type World } from './world.ts';

interface Point {
  what: string;
  /** Where the process is brought to; or what the provider holds back. */
  at: Arm['point'] | 'request held' | 'answer held' | 'outbox' | 'replay';
  /** It ends itself once what it began there is on its way. */
  itself?: true;
  /** A provider that has rotated may have done so in vain. */
  window?: true;
}

/** Where a process is killed or stopped (security.md 4.7). */
export const points = {
  K0: { what: 'before the claim', at: 'before_claim' },
  K1: { what: 'after the claim', at: 'claimed' },
  K2: { what: 'while the request leaves', at: 'sending', itself: true, window: true },
  K3: { what: 'request sent', at: 'request held', window: true },
  K4: { what: 'provider has rotated', at: 'answer held', window: true },
  K5: { what: 'answer received', at: 'received', window: true },
  K6: { what: 'journal written', at: 'journalled' },
  K7: { what: 'commit sent', at: 'committing', itself: true },
  K8: { what: 'committed', at: 'committed' },
  K9: { what: 'before others are told', at: 'settled' },
  K10: { what: 'outbox delivery', at: 'outbox' },
  K11: { what: 'journal replay', at: 'replay' },
} as const satisfies Record<string, Point>;
export type PointName = keyof typeof points;

type Deed = 'SIGKILL' | 'SIGSTOP';

/** Longer than a claim lasts, its grace included: others take over meanwhile. */
const stoppedMs = 14_000;
const withinMs = 60_000;
/** Less than a claim lasts: some of it was over when the process died. */
const backWithinMs = 8_000;

const inTime = <T>(work: Promise<T>, what: string): Promise<T> =>
  Promise.race([
    work,
    pause(withinMs).then(() => {
      throw new Error(`not within ${withinMs} ms: ${what}`);
    }),
  ]);

const isStopped = (slot: Slot) => / T /.test(readFileSync(`/proc/${slot.pid()}/stat`, 'utf8').replace(/\(.*\)/, ''));
const untilStopped = (slot: Slot) => until(() => isStopped(slot), withinMs, `${slot.name} stops`);

/** Brings the process to the point with a refresh of each account, and kills or stops it there. */
async function strike(world: World, slot: Slot, name: PointName, accounts: string[], deed: Deed): Promise<void> {
  const point: Point = points[name];
  const refresh = () => {
    for (const account of accounts) {
      void slot.call('POST', `/v1/connected-accounts/${account}/refresh`, undefined, withinMs).catch(() => {});
    }
  };
  const end = async () => {
    slot.signal(deed);
    await (deed === 'SIGKILL' ? slot.exited : untilStopped(slot));
  };
  if (point.at === 'request held' || point.at === 'answer held') {
    const where = point.at === 'request held' ? 'before' : 'after';
    const held = Promise.all(accounts.map((account) => world.gate.hold(account, where)));
    refresh();
    await inTime(held, `${name}: the provider holds it`);
    await end();
    // What was sent is carried out, whether or not anybody waits for the answer.
    for (const account of accounts) world.gate.release(account);
    return;
  }
  if (point.itself === true) {
    slot.arm({ accounts, point: point.at as Arm['point'], deed });
    refresh();
    await inTime(deed === 'SIGKILL' ? slot.exited : untilStopped(slot), `${name}: it ends itself`);
    return;
  }
  slot.arm({ accounts, point: (point.at === 'replay' ? 'journalled' : point.at) as Arm['point'], deed: 'hold' });
  refresh();
  await inTime(slot.holding(accounts.length), `${name}: it holds`);
  if (point.at !== 'replay') return end();
  await slot.kill();
  slot.launch({ arm: { accounts: accounts.slice(0, 1), point: Math.random() < 0.5 ? 'replaying' : 'replayed', deed } });
  await inTime(deed === 'SIGKILL' ? slot.exited : untilStopped(slot), `${name}: it ends itself in the replay`);
}

/** Accounts that nothing is pending for, by class. */
export function createPool(world: World) {
  const free = new Map<RotationClass, string[]>(classes.map((c) => [c, []]));
  return {
    take: async (c: RotationClass) => free.get(c)?.pop() ?? world.newAccount(c),
    async giveBack(c: RotationClass, account: string, isHealthy: boolean): Promise<void> {
      if (!isHealthy) await world.consentAgain(account, c);
      free.get(c)?.push(account);
    },
  };
}
type Pool = ReturnType<typeof createPool>;

export interface KillOptions {
  points: readonly PointName[];
  classes?: readonly RotationClass[];
  rounds: number;
  /** Brokers that are killed at the same time; one more, that nothing is done to, takes over and is asked. */
  lanes: Slot[];
  standby: Slot;
  pool: Pool;
  variant?: (lane: number) => Variant;
  /** No further kill begins after this. */
  endsAt: number;
  onKill(scenario: string): void;
  /** Told of each line when it begins, so that a run that breaks off has something to show. */
  onLine?: (line: Line) => void;
}

/** The line of a scenario, made when first asked for. */
function lineOf(lines: Map<string, Line>, scenario: string, rule: Line['rule'], onLine: KillOptions['onLine']): Line {
  let line = lines.get(scenario);
  if (line === undefined) {
    line = { scenario, figures: noFigures(), rule };
    lines.set(scenario, line);
    onLine?.(line);
  }
  return line;
}

const group = (c: RotationClass) => (isStrict(c) ? 'D, E' : 'A to C');
export const orderOf = (line: Line) => Number(/K(\d+)/.exec(line.scenario)?.[1]) * 2 + (line.scenario.endsWith('E') ? 1 : 0);

/** Each kill takes one process with one refresh under way; grants are judged while the next kills happen. */
export async function killRuns(world: World, options: KillOptions): Promise<Line[]> {
  const { rounds, lanes, standby, pool } = options;
  const lines = new Map<string, Line>();
  const judging = new Set<Promise<void>>();
  const jobs = Array.from({ length: rounds }, () =>
    options.points.flatMap((point) => (options.classes ?? classes).map((c) => ({ point, c }))),
  ).flat();
  shuffle(jobs);
  let misfires = 0;

  async function lane(slot: Slot, index: number): Promise<void> {
    const variant = options.variant?.(index) ?? {};
    for (let job = jobs.pop(); job !== undefined && performance.now() < options.endsAt; job = jobs.pop()) {
      const { point, c } = job;
      const scenario = `kill -9 at ${point}, ${points[point].what}: class ${group(c)}`;
      const line = lineOf(lines, scenario, 'exactly', options.onLine);
      const account = await pool.take(c);
      const before = world.gate.grant(account).rotations;
      try {
        await strike(world, slot, point, [account], 'SIGKILL');
      } catch (error) {
        // A kill that did not come about counts for nothing; it is made up for.
        if (++misfires > 5) throw error;
        world.note(`${scenario}: ${(error as Error).message}`);
        world.gate.release(account);
        await slot.kill();
        await slot.start(variant);
        jobs.push(job);
        continue;
      }
      const diedAt = performance.now();
      const restarted = slot.start(variant);
      // What the dead process had sent may still be on the wire.
      await pause(50);
      await world.gate.drained(account);
      const rotated = world.gate.grant(account).rotations > before;
      const allowed = isStrict(c) && rotated && 'window' in points[point];
      add(line.figures, { kills: 1 });
      options.onKill(scenario);
      await restarted;
      // The journal helps whoever is back before the claim is taken over; a machine may be too busy for that.
      const isLate = c === 'E' && !allowed && performance.now() - diedAt > backWithinMs;
      if (isLate) world.note(`${scenario}: its broker was back after ${Math.round(performance.now() - diedAt)} ms only`);
      const judged = judge(world, standby, account, allowed || isLate).then(async (figures) => {
        add(line.figures, isLate ? { ...figures, allowed: figures.lost ?? 0 } : figures);
        await pool.giveBack(c, account, figures.healthy === 1);
      });
      judging.add(judged);
      void judged.finally(() => judging.delete(judged)).catch(() => {});
    }
  }
  await Promise.all(lanes.map(lane));
  await Promise.all(judging);
  return [...lines.values()].sort((a, b) => orderOf(a) - orderOf(b));
}

/**
 * Processes are stopped for longer than a claim lasts, with a refresh of each class under way, and go on as if nothing had
 * happened. Beyond what the claim can promise (security.md 4.5): what the stopped process had been given and had not stored
 * may be sent again, so D and E may lose it, labelled.
 */
export async function stopRuns(world: World, options: Omit<KillOptions, 'variant' | 'classes'>): Promise<Line[]> {
  const { rounds, lanes, standby, pool } = options;
  const lines = new Map<string, Line>();
  const jobs = Array.from({ length: rounds }, () => [...options.points]).flat();
  shuffle(jobs);
  async function lane(slot: Slot): Promise<void> {
    for (let point = jobs.pop(); point !== undefined && performance.now() < options.endsAt; point = jobs.pop()) {
      const accounts = await Promise.all(classes.map((c) => pool.take(c)));
      await strike(world, slot, point, accounts, 'SIGSTOP');
      await pause(stoppedMs);
      slot.signal('SIGCONT');
      slot.go();
      if (points[point].at === 'replay') await slot.ready();
      const name = point;
      await Promise.all(
        classes.map(async (c, i) => {
          const scenario = `stopped ${stoppedMs / 1000} s at ${name}, ${points[name].what}: class ${group(c)}`;
          const line = lineOf(lines, scenario, 'atMost', options.onLine);
          const account = accounts[i] as string;
          const mayBeLost = isStrict(c) && ('window' in points[name] || name === 'K6' || name === 'K11');
          const figures = await judge(world, standby, account, mayBeLost);
          add(line.figures, { kills: 1, ...figures });
          await pool.giveBack(c, account, figures.healthy === 1);
        }),
      );
      options.onKill(`stopped at ${name}`);
    }
  }
  await Promise.all(lanes.map(lane));
  return [...lines.values()].sort((a, b) => orderOf(a) - orderOf(b));
}

/** Whichever broker delivers is the one that is killed, or stopped, so that no other kills happen meanwhile. */
export async function outboxRuns(
  world: World,
  options: Pick<KillOptions, 'rounds' | 'classes' | 'lanes' | 'standby' | 'endsAt' | 'onKill' | 'onLine'> & { deed: Deed },
): Promise<Line[]> {
  const { deed, rounds, lanes, standby } = options;
  const lines = new Map<string, Line>();
  const jobs: { c: RotationClass; account: string }[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const c of options.classes ?? classes) jobs.push({ c, account: await world.newAccount(c) });
  }
  // Nothing of theirs waits behind what a killed broker had in its hands.
  await world.webhooks(withinMs);
  const all = [...lanes, standby];
  for (const { c, account } of jobs) {
    if (performance.now() > options.endsAt) break;
    const point = Math.random() < 0.5 ? 'webhook_claimed' : 'webhook_sent';
    for (const slot of all) slot.arm({ accounts: [account], point, deed: 'hold' });
    await standby.call('POST', `/v1/connected-accounts/${account}/refresh`, undefined, withinMs).catch(() => {});
    const victim = await inTime(Promise.race(all.map((slot) => slot.holding().then(() => slot))), 'K10: a broker delivers');
    victim.signal(deed);
    await (deed === 'SIGKILL' ? victim.exited : untilStopped(victim));
    for (const slot of all) if (slot !== victim) slot.go();
    const scenario = `${deed === 'SIGKILL' ? 'kill -9' : 'stopped 32 s'} at K10, ${points.K10.what}: class ${group(c)}`;
    const line = lineOf(lines, scenario, 'exactly', options.onLine);
    add(line.figures, { kills: 1 });
    options.onKill(scenario);
    // All are up before the next one: a broker that nobody has armed would deliver in its victim's place.
    if (deed === 'SIGKILL') await victim.start();
    else {
      // Longer than the claim on a delivery lasts.
      await pause(32_000);
      victim.signal('SIGCONT');
      victim.go();
    }
    // Nor is anything under way in it when it is killed.
    add(line.figures, await judge(world, standby, account, false));
  }
  return [...lines.values()].sort((a, b) => orderOf(a) - orderOf(b));
}

function shuffle(list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}
