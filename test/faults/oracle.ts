import type { Answer, Slot } from './fleet.ts';
import type { RotationClass } from './vendors.ts';
import { type AccountRow, pause, type World } from './world.ts';

/** What became of the grants of one scenario. */
export interface Figures {
  /** Processes that were killed or stopped. */
  kills: number;
  grants: number;
  /** The provider takes what is stored. */
  healthy: number;
  /** Of the healthy: only after a pause that was on the row when the time was over. */
  recoverable: number;
  /** Ended as rotation_lost, which physics allowed. */
  labelled: number;
  /** Grants that are of no use any more, and how many of them had to be (`exactly`) or could be. */
  lost: number;
  allowed: number;
  /** Ended although nothing was lost. */
  falseFlags: number;
  /** Dead, and nobody was told, or was told a wrong reason. */
  silent: number;
  webhooksLost: number;
  outOfOrder: number;
  unopened: number;
  slowestMs: number;
}

export const noFigures = (): Figures => ({
  kills: 0,
  grants: 0,
  healthy: 0,
  recoverable: 0,
  labelled: 0,
  lost: 0,
  allowed: 0,
  falseFlags: 0,
  silent: 0,
  webhooksLost: 0,
  outOfOrder: 0,
  unopened: 0,
  slowestMs: 0,
});

export function add(sum: Figures, more: Partial<Figures>): Figures {
  for (const [name, value] of Object.entries(more) as [keyof Figures, number][]) {
    sum[name] = name === 'slowestMs' ? Math.max(sum[name], value) : sum[name] + value;
  }
  return sum;
}

/** How long after the end of a fault everything must be in order. */
const settledWithinMs = 30_000;

/**
 * Looks at one grant until it is in order, or its time is over. It is healthy when a broker renews it at the provider; the
 * provider, not our word, decides.
 *
 * @param mayBeLost the provider has rotated, and the answer was never in our hands
 * @param via a broker that nothing is done to
 */
export async function judge(world: World, via: Slot, account: string, mayBeLost: boolean): Promise<Partial<Figures>> {
  const startedAt = performance.now();
  const so = (figures: Partial<Figures>): Partial<Figures> => ({
    grants: 1,
    allowed: mayBeLost ? 1 : 0,
    slowestMs: performance.now() - startedAt,
    ...figures,
  });
  let recoverable = 0;
  let latest: Answer | undefined;
  const unexpected = (what: string, row: AccountRow) =>
    world.note(`${account}: ${what}; its row ${JSON.stringify(row)}, the last answer ${latest?.status} ${JSON.stringify(latest?.body)}`);
  for (;;) {
    const late = performance.now() - startedAt > settledWithinMs;
    const row = (await world.rows([account])).get(account);
    if (row === undefined) throw new Error('the account is gone');
    if (row.status !== 'ACTIVE' && (mayBeLost || late)) {
      if (!mayBeLost) {
        unexpected('ended without need', row);
        return so({ lost: 1, falseFlags: 1 });
      }
      return row.reason === 'rotation_lost' ? so({ lost: 1, labelled: 1 }) : so({ lost: 1, silent: 1 });
    }
    if (row.status === 'ACTIVE' && !row.claimed) {
      const answer = await via.call('POST', `/v1/connected-accounts/${account}/refresh`).catch(() => undefined);
      latest = answer;
      if (answer?.status === 200) return so({ healthy: 1, recoverable });
      if (answer?.status === 409) {
        // It was held for alive. Only where the row itself said that it would be tried again was nobody misled.
        if (row.pending && mayBeLost) continue;
        const after = (await world.rows([account])).get(account);
        if (!row.pending && after?.status !== 'ACTIVE') {
          unexpected('dead, and nobody was told', row);
          return so({ lost: 1, silent: 1 });
        }
      }
    }
    if (late) {
      if (recoverable > 0 || !row.pending) {
        unexpected('not in order in time', row);
        return so({ lost: 1, silent: 1 });
      }
      // The pause that the provider asked for, or that its failures made, passes; from here on it must not take long.
      recoverable = 1;
      await world.query(
        'update connected_accounts set not_before = clock_timestamp(), next_refresh_at = clock_timestamp() where id = $1 and status = $2',
        [account, 'ACTIVE'],
      );
      await pause(5_000);
    }
    await pause(250);
  }
}

/** `exactly`: what physics takes must be lost, and nothing else. `atMost`: it may be lost. */
export function isBroken(figures: Figures, rule: 'exactly' | 'atMost'): boolean {
  return (
    (rule === 'exactly' ? figures.lost !== figures.allowed : figures.lost > figures.allowed) ||
    figures.labelled !== figures.lost ||
    figures.silent > 0 ||
    figures.falseFlags > 0 ||
    figures.webhooksLost > 0 ||
    figures.outOfOrder > 0 ||
    figures.unopened > 0
  );
}

/** Over everything that happened so far: webhooks that have not arrived, rows that do not open. */
export async function outboxAndRows(world: World, withinMs = 60_000): Promise<Partial<Figures>> {
  const { lost, outOfOrder } = await world.webhooks(withinMs);
  const { broken } = await world.unopened();
  return { webhooksLost: lost.length, outOfOrder, unopened: broken };
}

export interface Line {
  scenario: string;
  figures: Figures;
  rule: 'exactly' | 'atMost';
  /** Of a run with a part left out: the oracle must object. */
  mustBreak?: boolean;
}

export const isMissed = (line: Line) => isBroken(line.figures, line.rule) !== (line.mustBreak === true);
export const isStrict = (rotationClass: RotationClass) => rotationClass === 'D' || rotationClass === 'E';

export function table(lines: Line[]): string {
  const head = [
    'scenario',
    'kills',
    'grants',
    'healthy',
    'labelled',
    'lost',
    'allowed',
    'false flags',
    'silent',
    'webhooks lost',
    'slowest s',
    '',
  ];
  const rows = lines.map((line) => {
    const f = line.figures;
    const verdict = isMissed(line) ? 'MISSED' : line.mustBreak === true ? 'objects, as it must' : 'ok';
    const counts = [f.kills, f.grants, f.healthy, f.labelled, f.lost, f.allowed, f.falseFlags, f.silent, f.webhooksLost + f.outOfOrder];
    return [line.scenario, ...counts.map(String), (f.slowestMs / 1000).toFixed(1), verdict];
  });
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ')).join('\n');
}
