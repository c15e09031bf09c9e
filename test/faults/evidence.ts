import { newId } from '@grantway/contract';
import type { Slot } from './fleet.ts';
import { createPool, killRuns } from './kills.ts';
import { add, judge, type Line, noFigures, outboxAndRows } from './oracle.ts';
import type { World } from './world.ts';

/*
 * Runs with one part left out. The oracle must object to each of them, and to nothing when the part is there.
 */

const refresh = (account: string) => ['POST', `/v1/connected-accounts/${account}/refresh`] as const;

/** Without the journal, what was received and not committed dies with its process. */
export async function withoutJournal(world: World, victim: Slot, standby: Slot): Promise<Line> {
  await victim.stop();
  await victim.start({ journal: false });
  const lines = await killRuns(world, {
    points: ['K6'],
    classes: ['D', 'E'],
    rounds: 1,
    lanes: [victim],
    standby,
    pool: createPool(world),
    variant: () => ({ journal: false }),
    endsAt: Number.POSITIVE_INFINITY,
    onKill: () => {},
  });
  await victim.stop();
  await victim.start();
  const line: Line = { scenario: 'without the journal: kill -9 at K6', figures: noFigures(), rule: 'exactly', mustBreak: true };
  for (const { figures } of lines) add(line.figures, figures);
  return line;
}

/** Two brokers on one grant of class E: the first has its answer, and has not stored it yet. */
export async function fence(world: World, brokers: [Slot, Slot], standby: Slot, isLeftOut: boolean): Promise<Line> {
  const [first, second] = brokers;
  for (const broker of brokers) {
    await broker.stop();
    await broker.start(isLeftOut ? { without: 'fence' } : {});
  }
  const account = await world.newAccount('E');
  first.arm({ accounts: [account], point: 'received', deed: 'hold' });
  const one = first.call(...refresh(account)).catch(() => undefined);
  await first.holding();
  const other = second.call(...refresh(account)).catch(() => undefined);
  if (isLeftOut) await other;
  first.go();
  await Promise.all([one, other]);
  const line: Line = {
    scenario: `${isLeftOut ? 'without' : 'with'} the fence: two brokers on one grant`,
    figures: { ...noFigures(), kills: 0 },
    rule: 'exactly',
    ...(isLeftOut ? { mustBreak: true } : {}),
  };
  add(line.figures, await judge(world, standby, account, false));
  for (const broker of brokers) {
    await broker.stop();
    await broker.start();
  }
  return line;
}

/** The old grant is refused while its person has just consented again. Ends every other grant of class D. */
export async function generation(world: World, slow: Slot, standby: Slot, isLeftOut: boolean): Promise<Line> {
  await slow.stop();
  await slow.start(isLeftOut ? { without: 'generation' } : {});
  const account = await world.newAccount('D');
  slow.arm({ accounts: [account], point: 'claimed', deed: 'hold' });
  const refused = slow.call(...refresh(account)).catch(() => undefined);
  await slow.holding();
  await world.providers.revokeAll('D');
  await world.consentAgain(account, 'D');
  slow.go();
  await refused;
  const line: Line = {
    scenario: `${isLeftOut ? 'without' : 'with'} the generation check: a late refusal of the old grant`,
    figures: noFigures(),
    rule: 'exactly',
    ...(isLeftOut ? { mustBreak: true } : {}),
  };
  add(line.figures, await judge(world, standby, account, false));
  await slow.stop();
  await slow.start();
  return line;
}

/** An event that nobody is told of, and a sealed row with one bit changed. */
export async function lostEventAndBrokenRow(world: World): Promise<Line> {
  const account = await world.newAccount('A');
  const event = newId('event');
  await world.query(
    `insert into events (id, environment_id, type, connected_account_id, data)
     select $2, environment_id, 'credential.refreshed', id, '{}' from connected_accounts where id = $1`,
    [account, event],
  );
  const flip = () =>
    world.query(
      'update connected_accounts set credential_ct = set_byte(credential_ct, 100, get_byte(credential_ct, 100) # 1) where id = $1',
      [account],
    );
  await flip();
  const line: Line = {
    scenario: 'an event without delivery, a row with a wrong bit',
    figures: noFigures(),
    rule: 'exactly',
    mustBreak: true,
  };
  add(line.figures, await outboxAndRows(world, 2_000));
  // Seen, both of them, whatever else is on its way.
  const isSeen = (await world.webhooks(0)).lost.includes(event) && line.figures.unopened === 1;
  if (!isSeen) line.mustBreak = false;
  await flip();
  await world.query('delete from events where id = $1', [event]);
  return line;
}
