import { isFault, Secret } from '@grantway/contract';
import { openDatabase } from '@grantway/db';
import { createEgress } from '@grantway/egress';
import {
  createLeases,
  createSealing,
  type FaultInjection,
  type Journal,
  type KillPoint,
  type Leases,
  localKeyWrapper,
  NeedsAuthorization,
  openJournal,
  openKeyRing,
} from '@grantway/vault';
import { vendorById } from './vendors.ts';

/** What one process of the broker needs to refresh credentials. */
export interface ProcessSettings {
  databaseUrl: string;
  masterKey: string;
  sandboxOrigin: string;
  journal: string | undefined;
  without?: 'fence' | 'generation' | undefined;
}

export interface VaultProcess {
  leases: Leases;
  close(): Promise<void>;
}

/** The real vault on the real database, as a broker composes it; the pace is lifted, because the runs are short. */
export async function openVault(settings: ProcessSettings, at?: FaultInjection['at']): Promise<VaultProcess> {
  const db = openDatabase({ connectionString: settings.databaseUrl });
  const ring = await openKeyRing(db, localKeyWrapper(new Secret(Buffer.from(settings.masterKey, 'hex'))));
  const sandboxOrigin = () => settings.sandboxOrigin;
  const egress = createEgress({ sandboxOrigin });
  const journal: Journal | undefined = settings.journal === undefined ? undefined : await openJournal(settings.journal);
  const leases = createLeases({
    db,
    sealing: createSealing(ring),
    egress,
    journal,
    connector: async (id) => vendorById(id),
    sandboxOrigin,
    baseUrl: () => 'http://127.0.0.1:1',
    pace: { perSecond: 1_000, burst: 1_000 },
    faults: { ...(at === undefined ? {} : { at }), ...(settings.without === undefined ? {} : { without: settings.without }) },
    log: { info: () => {}, warn: () => {} },
  });
  return {
    leases,
    close: async () => {
      await journal?.close();
      await egress.close();
      await db.close();
    },
  };
}

export type Order =
  | { kind: 'open'; settings: ProcessSettings; holdAt: KillPoint | undefined; dieAt: KillPoint | undefined }
  /** Leases each of these accounts; `callers` at once. */
  | { kind: 'lease'; accounts: string[]; callers: number }
  | { kind: 'go' };

export type Report =
  | { kind: 'ready' }
  | { kind: 'holding'; account: string }
  | { kind: 'done'; outcomes: string[]; fingerprints: string[] };

/** A child of the fault runs: does as it is told over its channel, and may be killed at any moment. */
function serve(): void {
  const report = (message: Report) => process.send?.(message);
  let vault: VaultProcess;
  let accounts = 0;
  let dying = 0;
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });

  async function obey(order: Order): Promise<void> {
    if (order.kind === 'go') return go();
    if (order.kind === 'open') {
      const { holdAt, dieAt } = order;
      vault = await openVault(order.settings, (point, account) => {
        if (point === dieAt) {
          dying += 1;
          // Once what was begun has had its turn of the event loop: a request or a statement is on its way.
          if (dying === accounts) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
        }
        if (point !== holdAt) return;
        report({ kind: 'holding', account });
        return gone;
      });
      return void report({ kind: 'ready' });
    }
    accounts = order.accounts.length;
    const work = order.accounts.flatMap((id) => Array.from({ length: order.callers }, () => vault.leases.lease(id)));
    const results = await Promise.allSettled(work);
    const outcomes = results.map((r) => {
      if (r.status === 'fulfilled') return 'leased';
      if (r.reason instanceof NeedsAuthorization) return `${r.reason.status} ${r.reason.reason}`;
      return isFault(r.reason) ? r.reason.code : String(r.reason);
    });
    const fingerprints = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value.fingerprint.toString('hex')] : []));
    report({ kind: 'done', outcomes, fingerprints });
  }
  process.on('message', (order: Order) => {
    obey(order).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
}

if (process.argv[2] === 'serve') serve();
