// `npm run faults`: whole brokers on a real PostgreSQL and Redis, killed, stopped and starved in every way that is listed in
// README.md; what was lost, and whether it had to be. `npm run faults -- --long` for the long set, `-- --help` for the rest.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import setup from '../harness/global-setup.ts';
import { fence, generation, lostEventAndBrokenRow, withoutJournal } from './evidence.ts';
import type { Slot, Variant } from './fleet.ts';
import { createPool, killRuns, orderOf, outboxRuns, type PointName, points, stopRuns } from './kills.ts';
import { add, isMissed, type Line, noFigures, outboxAndRows, table } from './oracle.ts';
import { type Servers, startServers } from './servers.ts';
import { classes } from './vendors.ts';
import {
  crashPostgres,
  providerOutage,
  providerStorm,
  randomKills,
  stampede,
  startLoad,
  stopRedis,
  sweepGoesOn,
  underFault,
  wipeRedis,
} from './weather.ts';
import { pause, startWorld, type World } from './world.ts';

const parts = ['kills', 'stops', 'outbox', 'callers', 'redis', 'postgres', 'provider', 'clocks', 'together', 'evidence'] as const;
const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
if (values.help || values.only?.some((part) => !parts.includes(part as (typeof parts)[number]))) {
  say('npm run faults -- [--long] [--rounds <kills per point and class>] [--minutes <no further kill after>] [--only <part>]…');
  say(`parts: ${parts.join(', ')}`);
  process.exit(values.help ? 0 : 2);
}
const { long } = values;
const rounds = Number(values.rounds ?? (long ? 20 : 1));
const minutes = Number(values.minutes ?? (long ? 40 : 10));
const wants = (part: (typeof parts)[number]) => values.only === undefined || values.only.includes(part);
const forMs = long ? 20_000 : 6_000;
const perClass = long ? 20 : 6;

const startedAt = performance.now();
const clock = () =>
  `${Math.floor((performance.now() - startedAt) / 60_000)}:${String(Math.floor((performance.now() - startedAt) / 1000) % 60).padStart(2, '0')}`;
const tell = (what: string) => say(`[${clock()}] ${what}`);

const lines: Line[] = [];
const onLine = (line: Line) => void lines.push(line);
const told = (line: Line) => {
  lines.push(line);
  tell(
    `${isMissed(line) ? 'MISSED  ' : ''}${line.scenario}: ${line.figures.grants} grants, ${line.figures.healthy} healthy, ${line.figures.lost} lost`,
  );
};

async function run(world: World, servers: Servers): Promise<void> {
  const first = world.fleet.slots[0] as Slot;
  const [standby, lanes] = [first, [await world.broker(), await world.broker(), await world.broker()]];
  const stopLanes = wants('stops') ? [await world.broker(), await world.broker(), await world.broker()] : [];
  const pool = createPool(world);
  const endsAt = startedAt + minutes * 60_000;
  let done = 0;
  const everywhere = (Object.keys(points) as PointName[]).filter((point) => point !== 'K10');
  const total = (wants('kills') ? everywhere.length * classes.length * rounds : 0) + (wants('outbox') ? classes.length * rounds : 0);
  const onKill = () => {
    done += 1;
    if (done % 25 === 0) tell(`${done} of ${total} kills`);
  };
  const common = { standby, pool, endsAt, onLine };
  if (total > 0) tell(`${total} kills, ${lanes.length} brokers at a time`);

  const [killed, stopped] = await Promise.all([
    wants('kills') ? killRuns(world, { ...common, points: everywhere, rounds, lanes, onKill }) : [],
    wants('stops')
      ? stopRuns(world, {
          ...common,
          points: long ? everywhere : ['K1', 'K4', 'K5', 'K6'],
          rounds: long ? 4 : 1,
          lanes: stopLanes,
          onKill: () => {},
        })
      : [],
    wants('outbox') ? outboxes(servers, endsAt, onKill) : undefined,
  ]);
  lines.sort((a, b) => (/K\d/.test(a.scenario) && /K\d/.test(b.scenario) ? orderOf(a) - orderOf(b) : 0));
  if (killed.length + stopped.length > 0) {
    const line: Line = { scenario: 'after these kills and stops: events and sealed rows', figures: noFigures(), rule: 'exactly' };
    add(line.figures, await outboxAndRows(world));
    told(line);
  }
  if (done < total) throw new Error(`only ${done} of ${total} kills within ${minutes} minutes`);

  if (wants('callers')) {
    for (const c of classes) {
      const callers = long ? 1_000 : 200;
      const { requests, answered } = await stampede(world, [standby, ...lanes], callers, c);
      const line: Line = {
        scenario: `${callers} callers over 4 brokers, class ${c}: ${requests} token request`,
        figures: noFigures(),
        rule: 'exactly',
      };
      add(line.figures, { grants: 1, healthy: answered === callers ? 1 : 0, lost: requests === 1 && answered === callers ? 0 : 1 });
      told(line);
    }
  }
  for (const slot of stopLanes) await slot.stop();
  await weather(world, servers, standby, lanes);
  if (wants('evidence')) {
    const [one, two] = lanes as [Slot, Slot, Slot];
    told(await lostEventAndBrokenRow(world));
    told(await withoutJournal(world, one, standby));
    for (const isLeftOut of [false, true]) told(await fence(world, [one, two], standby, isLeftOut));
    for (const isLeftOut of [false, true]) told(await generation(world, one, standby, isLeftOut));
  }
}

/**
 * In installations of their own, several at a time: whichever broker delivers is the one that is killed, and it takes the
 * queue up to ten seconds to let another one deliver.
 */
async function outboxes(servers: Servers, endsAt: number, onKill: () => void): Promise<void> {
  const count = long ? 2 : 1;
  const sink = new Map<string, Line>();
  const line: Line = { scenario: 'after the kills in outbox delivery: events and sealed rows', figures: noFigures(), rule: 'exactly' };
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const world = await startWorld({ redisUrl: servers.redisUrl });
      closers.push(() => world.close());
      const common = {
        standby: world.fleet.slots[0] as Slot,
        lanes: [await world.broker(), await world.broker(), await world.broker()],
        endsAt,
      };
      const share = Math.floor(rounds / count) + (i < rounds % count ? 1 : 0);
      const done = await outboxRuns(world, { ...common, rounds: share, onKill, deed: 'SIGKILL' });
      if (long && i === 0) done.push(...(await outboxRuns(world, { ...common, rounds: 1, onKill: () => {}, deed: 'SIGSTOP' })));
      for (const one of done) {
        const sum = sink.get(one.scenario);
        if (sum === undefined) sink.set(one.scenario, one);
        else add(sum.figures, one.figures);
      }
      add(line.figures, await outboxAndRows(world));
      notes.push(...world.notes);
      await world.fleet.close();
    }),
  );
  lines.push(...sink.values(), line);
}

async function weather(world: World, servers: Servers, standby: Slot, lanes: Slot[]): Promise<void> {
  const all = [standby, ...lanes];
  const brokers = () => all.filter((slot) => slot.isUp());
  const { own } = servers;
  if (wants('clocks')) {
    const variant = (i: number) => ({ clockMs: offsets[i] as number });
    await restart(lanes, variant);
    const killed = await killRuns(world, {
      points: ['K1', 'K5', 'K6', 'K8'],
      rounds: long ? 4 : 1,
      lanes,
      standby,
      pool: createPool(world),
      variant,
      endsAt: Number.POSITIVE_INFINITY,
      onKill: () => {},
    });
    for (const line of killed) told({ ...line, scenario: `clocks wrong, ${line.scenario}` });
    await restart(lanes, () => ({}));
  }
  if (!(['redis', 'postgres', 'provider', 'clocks', 'together'] as const).some(wants)) return;
  const load = await startLoad(world, brokers, perClass);
  const under = async (scenario: string, fault: Parameters<typeof underFault>[2]['fault']) =>
    told(await underFault(world, load, { scenario, brokers, fault }));
  try {
    if (wants('redis')) {
      // Others' keys in a Redis that was given stay.
      await under('Redis wiped ten times a second', wipeRedis(servers.redisUrl, forMs, own === undefined ? world.queuePrefix : undefined));
      await sweepGoesOn(world, load);
      if (own !== undefined) {
        await under('Redis stopped and started', stopRedis(own, forMs));
        await sweepGoesOn(world, load);
      }
    }
    if (wants('postgres') && own !== undefined) await under('PostgreSQL crashes every 4 s', crashPostgres(own, forMs));
    if (wants('provider')) {
      await under('provider down', providerOutage(world, forMs));
      await under('provider storms of eight kinds', providerStorm(world, 2 * forMs));
    }
    if (wants('clocks')) {
      await restart(lanes, (i) => ({ clockMs: offsets[i] as number }));
      await under('clocks 10 min ahead and behind', async () => {
        await pause(2 * forMs);
        return { times: 0 };
      });
      await restart(lanes, () => ({}));
    }
    if (wants('together')) {
      await under('kill -9 at random', randomKills(world, load, lanes, forMs));
      await under(
        'kill -9 at random, Redis wiped, PostgreSQL crashes',
        randomKills(world, load, lanes, forMs, async () => {
          await wipeRedis(servers.redisUrl, 50, own === undefined ? world.queuePrefix : undefined)();
          if (Math.random() < 0.3) await own?.crashPostgres();
        }),
      );
    }
    tell(`the load: ${load.calls.made} tool calls, ${load.calls.answered} answered`);
  } finally {
    await load.stop();
  }
}

let notes: string[] = [];
/** How wrong the wall clocks of the brokers are. */
const offsets = [600_000, -600_000, 180_000];
async function restart(slots: Slot[], variant: (i: number) => Variant): Promise<void> {
  await Promise.all(slots.map((slot) => slot.stop()));
  await Promise.all(slots.map((slot, i) => slot.start(variant(i))));
}

const closers: (() => unknown)[] = [];
let closing: Promise<void> | undefined;
/** Once, however many ask: whoever ends the process waits for it. */
const close = () => {
  closing ??= (async () => {
    for (const step of closers.splice(0).reverse()) await step();
  })();
  return closing;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().finally(() => process.exit(130)));
}
try {
  const servers = await startServers({
    adminUrl: process.env['GRANTWAY_TEST_DATABASE_ADMIN_URL'],
    redisUrl: process.env['GRANTWAY_TEST_REDIS_URL'],
  });
  closers.push(() => servers.close());
  process.env['GRANTWAY_TEST_DATABASE_ADMIN_URL'] = servers.adminUrl;
  closers.push(await setup());
  const world = await startWorld({ redisUrl: servers.redisUrl });
  closers.push(() => world.close());
  notes = world.notes;
  tell(`servers and brokers are up; ${long ? 'long' : 'short'} set`);
  await run(world, servers);
  if (world.fleet.deaths.length > 0) throw new Error(world.fleet.deaths.join('\n'));
} catch (error) {
  say(`the run broke off: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
} finally {
  if (lines.length > 0) say(`\n${table(lines)}\n`);
  for (const note of notes) say(note);
  const missed = lines.filter(isMissed);
  const sum = lines.filter((line) => line.mustBreak !== true).reduce((all, line) => add(all, line.figures), noFigures());
  say(
    `${sum.kills} kills, stops and faults, ${sum.grants} grants judged in ${clock()} min on ${cpus().length} cores (${cpus()[0]?.model.trim()})`,
  );
  if (missed.length > 0 || lines.length === 0) {
    say(`${missed.length} goals missed`);
    process.exitCode = 1;
  } else if (process.exitCode === undefined) say('every goal is met');
  await close();
  process.exit();
}
