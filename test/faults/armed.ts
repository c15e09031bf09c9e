import type { FaultRun } from '../../apps/broker/src/fault-run.ts';
import { classes, idOf, vendorById } from './vendors.ts';

/*
 * In the bundle of a fault run this stands in the place of apps/broker/src/fault-run.ts. The parent says over the
 * process's channel at which point, and for which accounts, this process is to hold still or to end itself.
 */

export interface Arm {
  accounts: string[];
  point: Parameters<NonNullable<FaultRun['faults']['at']>>[0];
  /** `hold` until told to go on; or the signal it sends to itself once what all accounts began there is on its way. */
  deed: 'hold' | 'SIGKILL' | 'SIGSTOP';
}

export interface ArmedSettings {
  sandboxOrigin: string;
  journal: boolean;
  redis: boolean;
  without: 'fence' | 'generation' | null;
  pace: { perSecond: number; burst: number } | null;
  arm: Arm | null;
}

export type Order = { kind: 'arm'; arm: Arm } | { kind: 'go' };
export type Report = { kind: 'holding'; account: string; point: Arm['point'] };

const settings = JSON.parse(process.env['GRANTWAY_FAULT_RUN'] ?? '') as ArmedSettings;
let arms: (Arm & { there: Set<string> })[] = settings.arm === null ? [] : [{ ...settings.arm, there: new Set() }];
let go = () => {};
let gone = new Promise<void>((resolve) => {
  go = resolve;
});

process.on('message', (order: Order) => {
  if (order.kind === 'arm') arms.push({ ...order.arm, there: new Set() });
  else {
    arms = [];
    go();
    gone = new Promise<void>((resolve) => {
      go = resolve;
    });
  }
});
process.on('disconnect', () => process.exit(0));

function at(point: Arm['point'], account: string): void | Promise<void> {
  const arm = arms.find((one) => one.point === point && one.accounts.includes(account) && !one.there.has(account));
  if (arm === undefined) return;
  arm.there.add(account);
  if (arm.deed === 'hold') {
    process.send?.({ kind: 'holding', account, point } satisfies Report);
    return gone;
  }
  const { deed } = arm;
  // Once what was begun has had its turn of the event loop: a request or a statement is on its way.
  if (arm.there.size === arm.accounts.length) setImmediate(() => process.kill(process.pid, deed));
}

export const faultRun: FaultRun = {
  faults: { at, ...(settings.without === null ? {} : { without: settings.without }) },
  pace: settings.pace ?? undefined,
  connectors: classes.map((c) => vendorById(idOf(c))),
  sandboxOrigin: settings.sandboxOrigin,
  journal: settings.journal,
  redis: settings.redis,
};
