import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from './child.ts';
import { broken, killEverywhere, killPoints, recover, type Setting, startSetting, stopAndContinue, table, verdict } from './runs.ts';
import { openVault } from './vault-process.ts';
import { classes } from './vendors.ts';

/** `npm run faults -- --mode long` is the long set: 20 kills for each point and class. */
const isLong = process.env['MODE'] === 'long';
const rounds = isLong ? 20 : 1;

let setting: Setting;
beforeAll(async () => {
  setting = await startSetting();
});
afterAll(() => setting?.close());

describe('kill -9 during a refresh', () => {
  it('at every point and in every class: A to C lose nothing, D and E what was never received, and every loss is labelled', {
    timeout: 180_000 * rounds,
  }, async () => {
    const lines = await killEverywhere(setting, rounds);
    process.stdout.write(`\n${table(lines)}\n\n`);
    expect(lines).toHaveLength(Object.keys(killPoints).length * classes.length);
    expect(broken(lines)).toEqual([]);
    for (const line of lines) {
      if ('ABC'.includes(line.rotationClass) || ['K0', 'K1', 'K6', 'K7', 'K8'].includes(line.point))
        expect(line).toMatchObject({ lost: 0 });
      else if (line.point !== 'K2') expect(line).toMatchObject({ lost: rounds, labelled: rounds });
    }
  });
});

describe('a process that is stopped for longer than its claim lasts, and goes on', () => {
  it.runIf(isLong)(
    'costs no grant of class A to D, and one of E only where its answer was with the stopped process',
    { timeout: 120_000 },
    async () => {
      const lines = await stopAndContinue(setting);
      process.stdout.write(`\n${table(lines)}\n\n`);
      expect(lines).toHaveLength(15);
      expect(broken(lines)).toEqual([]);
    },
  );
});

describe('one expired credential', () => {
  it('of 200 callers over 4 processes is renewed by 1 token request', { timeout: 120_000 }, async () => {
    const id = await setting.account('E');
    const before = await setting.providers.ledger('E');
    const children = await Promise.all(Array.from({ length: 4 }, () => startChild(setting.settings({ journal: setting.folder() }))));
    for (const child of children) child.lease([id], 50);
    const reports = await Promise.all(children.map((child) => child.done));
    await Promise.all(children.map((child) => child.kill()));
    expect(reports.flatMap((r) => r.outcomes)).toEqual(Array.from({ length: 200 }, () => 'leased'));
    expect(new Set(reports.flatMap((r) => r.fingerprints)).size).toBe(1);
    const after = await setting.providers.ledger('E');
    expect([after.refreshes - before.refreshes, after.reuse_detected - before.reuse_detected]).toEqual([1, 0]);
  });
});

describe('this oracle can fail', () => {
  it('without the journal, kills after the answer was received lose grants that it says must not be lost', {
    timeout: 60_000,
  }, async () => {
    const lines = await killEverywhere(setting, 1, { points: ['K6'], journal: false });
    expect(broken(lines).map((line) => [line.point, line.rotationClass, line.lost])).toEqual([
      ['K6', 'D', 1],
      ['K6', 'E', 1],
    ]);
  });

  /** Two processes on one grant of class E: the first has its answer and has not stored it yet. */
  async function twoOnOne(without: 'fence' | undefined) {
    const id = await setting.account('E');
    const before = await setting.providers.ledger('E');
    const options = without === undefined ? {} : { without };
    const first = await startChild(setting.settings(options), { holdAt: 'received' });
    first.lease([id]);
    await first.holding(1);
    const second = await openVault(setting.settings(options));
    const other = second.leases.lease(id).catch(() => {});
    if (without === 'fence') await other;
    first.go();
    await Promise.all([first.done, other]);
    await Promise.all([first.kill(), second.close()]);
    await recover(setting, [id], undefined);
    const after = await setting.providers.ledger('E');
    return { reuse: after.reuse_detected - before.reuse_detected, ...(await verdict(setting, id, 0)) };
  }

  it('without the fence, two processes spend one refresh token, and a grant dies though nothing was killed', {
    timeout: 60_000,
  }, async () => {
    expect(await twoOnOne(undefined)).toEqual({ reuse: 0, lost: 0, labelled: 0, silent: 0, falseFlags: 0 });
    const { reuse, lost } = await twoOnOne('fence');
    expect(reuse).toBeGreaterThan(0);
    expect(lost).toBe(1);
  });

  /** The old grant is refused while its user has just consented again. */
  async function refusedLate(without: 'generation' | undefined) {
    const id = await setting.account('D');
    await setting.providers.revokeAll('D');
    const slow = await startChild(setting.settings(without === undefined ? {} : { without }), { holdAt: 'claimed' });
    slow.lease([id]);
    await slow.holding(1);
    await setting.consentAgain(id, 'D');
    slow.go();
    await slow.done;
    await slow.kill();
    return verdict(setting, id, 0);
  }

  it('without the generation check, a late refusal of the old grant flags the new one', { timeout: 120_000 }, async () => {
    expect(await refusedLate(undefined)).toEqual({ lost: 0, labelled: 0, silent: 0, falseFlags: 0 });
    expect(await refusedLate('generation')).toMatchObject({ falseFlags: 1 });
  });
});
