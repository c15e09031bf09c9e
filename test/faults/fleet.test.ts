import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOptions } from '../../infra/bundle.mjs';
import { lostEventAndBrokenRow } from './evidence.ts';
import type { Slot } from './fleet.ts';
import { createPool, killRuns, outboxRuns, type PointName, points, stopRuns } from './kills.ts';
import { isMissed, isStrict, judge, type Line, outboxAndRows, table } from './oracle.ts';
import { classes } from './vendors.ts';
import { stampede, startLoad, sweepGoesOn, underFault, wipeRedis } from './weather.ts';
import { startWorld, until, type World } from './world.ts';

/* The short set of `npm run faults`, on whatever servers the suite runs on: whole brokers, each at every point once. */

const { redisUrl } = JSON.parse(process.env['GRANTWAY_TEST_SERVER'] ?? '{}') as { redisUrl?: string };

const root = fileURLToPath(new URL('../../', import.meta.url));
let world: World;
let standby: Slot;
let lanes: Slot[];
beforeAll(async () => {
  world = await startWorld({ redisUrl });
  standby = world.fleet.slots[0] as Slot;
  lanes = [await world.broker(), await world.broker()];
}, 120_000);
afterAll(() => world?.close());

const common = () => ({ lanes, standby, pool: createPool(world), endsAt: Number.POSITIVE_INFINITY, onKill: () => {} });

/** Says which line missed its goal, and why. */
function expectMet(lines: Line[]): void {
  const missed = lines.filter(isMissed);
  expect(missed, `${table(missed)}\n${world.notes.join('\n')}`).toEqual([]);
}

describe('a whole broker, killed with kill -9', () => {
  const everywhere = (Object.keys(points) as PointName[]).filter((point) => point !== 'K10');

  it('E03: at every point of a refresh loses of class E what was never received, labelled, and nothing else', {
    timeout: 400_000,
  }, async () => {
    const lines = await killRuns(world, { ...common(), points: everywhere, classes: ['E'], rounds: 1 });
    expect(lines).toHaveLength(everywhere.length);
    expectMet(lines);
    for (const { scenario, figures } of lines) {
      if (/K[345],/.test(scenario)) expect(figures, scenario).toMatchObject({ lost: 1, labelled: 1 });
    }
  });

  it('in the delivery of a webhook loses no event and changes no order', { timeout: 300_000 }, async () => {
    expectMet(await outboxRuns(world, { ...common(), classes: ['A', 'E'], rounds: 1, deed: 'SIGKILL' }));
    expect(await outboxAndRows(world, 90_000)).toEqual({ webhooksLost: 0, outOfOrder: 0, unopened: 0 });
  });

  it('with a job of the queue in its hands does not keep others from the refresh for longer than its claim', {
    timeout: 200_000,
  }, async () => {
    for (const point of ['before_claim', 'claimed'] as const) {
      const account = await world.newAccount('C');
      const all = [standby, ...lanes];
      for (const slot of all) slot.arm({ accounts: [account], point, deed: 'hold' });
      await world.expire([account], 500);
      const victim = await Promise.race(all.map((slot) => slot.holding().then(() => slot)));
      await victim.kill();
      for (const slot of all) if (slot !== victim) slot.go();
      // The claim and its grace are 12 s; the queue takes the dead worker's job for running for over half a minute.
      await until(() => world.gate.grant(account).rotations === 1, 25_000, `another broker renews it (${point})`);
      await victim.start();
    }
  });
});

describe('E04: an answer that is lost after the provider has rotated', () => {
  it('costs nothing of class A to C, and is labelled where the provider takes the old token no more', { timeout: 200_000 }, async () => {
    const accounts = await Promise.all(classes.map(async (c) => ({ c, account: await world.newAccount(c) })));
    for (const lost of ['reset after', 'timeout after'] as const) {
      world.gate.weather(() => lost);
      const refresh = ({ account }: { account: string }) => lanes[0]?.call('POST', `/v1/connected-accounts/${account}/refresh`);
      const answers = await Promise.all(accounts.map(refresh));
      world.gate.weather(undefined);
      expect(answers.map((answer) => answer?.status)).toEqual(classes.map(() => 502));
      const judged = await Promise.all(accounts.map(({ c, account }) => judge(world, standby, account, isStrict(c))));
      expect(judged.map((figures) => [figures.healthy ?? 0, figures.labelled ?? 0])).toEqual(
        classes.map((c) => (isStrict(c) ? [0, 1] : [1, 0])),
      );
      for (const { c, account } of accounts) if (isStrict(c)) await world.consentAgain(account, c);
    }
  });
});

describe('E18: a whole broker that is stopped for longer than its claim lasts, and goes on', () => {
  it('costs no grant of class A to C, and what it costs of D and E is labelled', { timeout: 300_000 }, async () => {
    expectMet(await stopRuns(world, { ...common(), points: ['K1', 'K5'], rounds: 1 }));
  });

  it('costs nothing with clocks that are ten minutes ahead or behind: deadlines are the database’s', { timeout: 300_000 }, async () => {
    const offsets = [600_000, -600_000];
    await Promise.all(lanes.map((slot) => slot.stop()));
    await Promise.all(lanes.map((slot, i) => slot.start({ clockMs: offsets[i] as number })));
    for (const slot of lanes) {
      const account = await world.newAccount('E');
      slot.arm({ accounts: [account], point: 'claimed', deed: 'hold' });
      const refreshed = slot.call('POST', `/v1/connected-accounts/${account}/refresh`);
      await slot.holding();
      const [row] = await world.query<{ left: number }>(
        'select extract(epoch from claim_deadline - clock_timestamp())::float8 as left from connected_accounts where id = $1',
        [account],
      );
      slot.go();
      expect((await refreshed).status).toBe(200);
      // Ten seconds from the claim, wherever the process's own clock stands; some have passed when we look.
      expect(row?.left).toBeLessThanOrEqual(10);
      expect(row?.left).toBeGreaterThan(-120);
      const [after] = await world.query<{ life: number; due: number }>(
        `select extract(epoch from access_expires_at - clock_timestamp())::float8 as life,
           extract(epoch from next_refresh_at - clock_timestamp())::float8 as due from connected_accounts where id = $1`,
        [account],
      );
      // The sandbox's access tokens live for an hour.
      expect(after?.life).toBeGreaterThan(3_000);
      expect(after?.life).toBeLessThanOrEqual(3_600);
      expect(after?.due).toBeLessThan(3_600);
    }
    await Promise.all(lanes.map((slot) => slot.stop()));
    await Promise.all(lanes.map((slot) => slot.start()));
  });
});

describe('E02: one expired credential', () => {
  it('of callers over three whole brokers is renewed by 1 token request', { timeout: 120_000 }, async () => {
    expect(await stampede(world, [standby, ...lanes], 90, 'E')).toEqual({ requests: 1, answered: 90 });
  });
});

describe('E24: a database that was restored from a backup', () => {
  it('opens in every row; what was spent since is labelled, and what providers still take goes on', { timeout: 200_000 }, async () => {
    const accounts = await Promise.all(classes.map(async (c) => ({ c, account: await world.newAccount(c) })));
    const ids = accounts.map(({ account }) => account);
    const stored = 'generation, credential_ct, access_fingerprint, access_obtained_at, access_expires_at, next_refresh_at, uncertain';
    await world.query('create table backup as select * from connected_accounts where id = any($1)', [ids]);
    for (const account of ids) expect((await standby.call('POST', `/v1/connected-accounts/${account}/refresh`)).status).toBe(200);
    const columns = stored.split(', ').map((column) => `${column} = b.${column}`);
    await world.query(`update connected_accounts a set ${columns.join(', ')} from backup b where b.id = a.id`);
    await world.query('drop table backup');
    expect((await world.unopened()).broken).toBe(0);
    expect(await world.restored()).toBeGreaterThanOrEqual(classes.length);
    await until(async () => [...(await world.rows(ids)).values()].every((row) => !row.pending && !row.claimed), 60_000, 'all were tried');
    const judged = await Promise.all(accounts.map(({ c, account }) => judge(world, standby, account, isStrict(c))));
    expect(judged.map((figures) => [figures.healthy ?? 0, figures.labelled ?? 0])).toEqual(
      classes.map((c) => (isStrict(c) ? [0, 1] : [1, 0])),
    );
  });
});

describe('a queue that is wiped under load', () => {
  it('costs nothing, and what is due afterwards is renewed', { timeout: 200_000 }, async () => {
    const brokers = () => [standby, ...lanes];
    const load = await startLoad(world, brokers, 2);
    try {
      if (redisUrl !== undefined) {
        const fault = wipeRedis(redisUrl, 2_000, world.queuePrefix);
        expectMet([await underFault(world, load, { scenario: 'wiped', brokers, fault })]);
      }
      await sweepGoesOn(world, load);
    } finally {
      await load.stop();
    }
  });
});

describe('this oracle can fail', () => {
  it('an event that nobody was told of, and a row that does not open, are seen', { timeout: 60_000 }, async () => {
    expectMet([await lostEventAndBrokenRow(world)]);
  });
});

describe('in all of this', () => {
  it('no broker ended by itself', () => {
    expect(world.fleet.deaths).toEqual([]);
  });
});

describe('the fault points', () => {
  it('can be armed in the bundle of a fault run only: what npm start runs does not hold the code for it', async () => {
    const word = 'GRANTWAY_FAULT_RUN';
    expect(readFileSync(world.bundle, 'utf8')).toContain(word);
    const { outputFiles } = await build({ ...bundleOptions(root), write: false, outdir: root, sourcemap: false });
    expect(outputFiles.length).toBeGreaterThan(0);
    expect(outputFiles.filter((file) => file.text.includes(word)).map((file) => file.path)).toEqual([]);
  });
});
