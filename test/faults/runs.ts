import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { newId, Secret } from '@grantway/contract';
import { migrate, openDatabase } from '@grantway/db';
import { createDatabase } from '@grantway/test/harness';
import {
  clientSecretPlace,
  createSealing,
  type KillPoint,
  localKeyWrapper,
  NeedsAuthorization,
  openKeyRing,
  storeGrant,
} from '@grantway/vault';
import { type Child, startChild } from './child.ts';
import { type Providers, startProviders } from './providers.ts';
import { openVault, type ProcessSettings } from './vault-process.ts';
import { classes, type RotationClass } from './vendors.ts';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));

export interface Setting {
  providers: Providers;
  /** With `without` or without a journal: the run that must show losses. */
  settings(options?: { journal?: string; without?: 'fence' | 'generation' }): ProcessSettings;
  /** A connected account at the vendor of this class whose access token has ended. */
  account(rotationClass: RotationClass): Promise<string>;
  /** The same person consents again. */
  consentAgain(id: string, rotationClass: RotationClass): Promise<void>;
  row(id: string): Promise<{ status: string; reason: string | null; access_fingerprint: Buffer | null; claim_owner: string | null }>;
  /** How many of these have a claim that nobody may take over yet. */
  claimed(ids: string[]): Promise<number>;
  /** The deadlines of all claims, and all pauses, are over. */
  timePasses(): Promise<void>;
  expire(id: string): Promise<void>;
  folder(): string;
  close(): Promise<void>;
}

/** A database, the sandbox with a vendor of each class, and one connection to each. */
export async function startSetting(): Promise<Setting> {
  const [database, providers] = await Promise.all([createDatabase(), startProviders()]);
  await migrate(database.url, migrations);
  const masterKey = randomBytes(32);
  const db = openDatabase({ connectionString: database.url });
  const sealing = createSealing(await openKeyRing(db, localKeyWrapper(new Secret(masterKey))));
  const query = <R extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
    db.system('health').query<R>({ name: '', text, values });
  const folders: string[] = [];

  const [workspaceId, environmentId] = [newId('workspace'), newId('environment')];
  await query('insert into workspaces (id, name) values ($1, $1)', [workspaceId]);
  await query('insert into environments (id, workspace_id, name) values ($1, $2, $1)', [environmentId, workspaceId]);
  const connections = new Map<RotationClass, string>();
  for (const rotationClass of classes) {
    const id = newId('connection');
    const { connectorId, clientId, clientSecret } = providers.clients[rotationClass];
    const sealed = await sealing.seal(clientSecretPlace({ environmentId, id, generation: 1 }), new Secret(clientSecret));
    await query(
      `insert into connections (id, environment_id, name, connector, client_id, secret_generation, client_secret_ct, scopes, sandbox)
       values ($1, $2, $3, $3, $4, 1, $5, '{read}', true)`,
      [id, environmentId, connectorId, clientId, sealed],
    );
    connections.set(rotationClass, id);
  }

  async function consentAgain(id: string, rotationClass: RotationClass): Promise<void> {
    const credential = new Secret(await providers.consent(rotationClass));
    await db.inEnvironment(environmentId, (tx) =>
      storeGrant(tx, sealing, {
        account: { id, environmentId },
        credential,
        providerAccount: { id: '1', label: 'one' },
        scopes: ['read'],
        fields: {},
        actor: { kind: 'person', id: null },
        requestId: null,
      }),
    );
  }
  const expire = async (id: string) => {
    await query(
      `update connected_accounts set access_obtained_at = clock_timestamp() - interval '1 hour',
         access_expires_at = clock_timestamp() - interval '1 second' where id = $1`,
      [id],
    );
  };

  return {
    providers,
    settings: ({ journal, without } = {}) => ({
      databaseUrl: database.url,
      masterKey: masterKey.toString('hex'),
      sandboxOrigin: providers.origin,
      journal,
      without,
    }),
    async account(rotationClass) {
      const [userId, id] = [newId('user'), newId('connectedAccount')];
      await query('insert into users (id, environment_id, identifier) values ($1, $2, $1)', [userId, environmentId]);
      await query('insert into connected_accounts (id, environment_id, connection_id, user_id) values ($1, $2, $3, $4)', [
        id,
        environmentId,
        connections.get(rotationClass),
        userId,
      ]);
      await consentAgain(id, rotationClass);
      await expire(id);
      return id;
    },
    consentAgain,
    async row(id) {
      const [row] = await query<Awaited<ReturnType<Setting['row']>>>(
        'select status, reason, access_fingerprint, claim_owner from connected_accounts where id = $1',
        [id],
      );
      if (row === undefined) throw new Error('no such account');
      return row;
    },
    async claimed(ids) {
      const [row] = await query<{ n: number }>(
        "select count(*)::int as n from connected_accounts where id = any($1) and claim_deadline > clock_timestamp() - interval '2 seconds'",
        [ids],
      );
      return row?.n ?? 0;
    },
    async timePasses() {
      await query("update connected_accounts set claim_deadline = clock_timestamp() - interval '3 seconds' where claim_owner is not null");
      await query('update connected_accounts set not_before = clock_timestamp() where not_before is not null');
      await query('update salvaged_credentials set not_before = clock_timestamp()');
    },
    expire,
    folder() {
      const made = mkdtempSync(path.join(tmpdir(), 'grantway-faults-'));
      folders.push(made);
      return made;
    },
    close: async () => {
      await db.close();
      await providers.close();
      await database.drop();
      for (const made of folders) rmSync(made, { recursive: true, force: true });
    },
  };
}

/**
 * Where a process is killed (security.md 4.7). `hold`: all accounts are brought to this point before it dies; `die`: it
 * kills itself once what it began there is on its way; `held`: the vendor holds the request, or its answer, back.
 */
export const killPoints: Record<string, { what: string; hold?: KillPoint; die?: KillPoint; held?: 'before' | 'after'; received?: true }> = {
  K0: { what: 'before the claim', hold: 'before_claim' },
  K1: { what: 'after the claim', hold: 'claimed' },
  K2: { what: 'while the request leaves', hold: 'claimed', die: 'sending' },
  K3: { what: 'request sent, the vendor has not acted', held: 'before' },
  K4: { what: 'the vendor has acted, answer in flight', held: 'after' },
  K5: { what: 'answer received', hold: 'received' },
  K6: { what: 'journal written', hold: 'journalled', received: true },
  K7: { what: 'commit sent', hold: 'journalled', die: 'committing', received: true },
  K8: { what: 'committed, nobody told', hold: 'committed', received: true },
};

export interface Line {
  point: string;
  rotationClass: RotationClass;
  kills: number;
  /** Grants that can be used no more, and how many of them physics allows: rotated, and never on our disk or in our database. */
  lost: number;
  allowed: number;
  /** Of the lost: flagged, with rotation_lost as the reason. */
  labelled: number;
  /** Dead, and nobody was told, or told a wrong reason. */
  silent: number;
  /** Flagged although the grant was in order. */
  falseFlags: number;
}

/** One process dies with one refresh of each class at this point; another takes over. */
async function killAt(setting: Setting, point: string, child: Child, journal: string | undefined): Promise<Line[]> {
  const spec = killPoints[point] as (typeof killPoints)[string];
  const { providers } = setting;
  const accounts = await Promise.all(classes.map((c) => setting.account(c)));
  const before = await Promise.all(classes.map((c) => providers.ledger(c)));
  if (spec.held !== undefined) {
    for (const c of classes) await providers.knobs(c, { slow_ms: spec.held === 'before' ? 2_000 : 4_000, where: 'token', when: spec.held });
    const held = providers.held(classes.length);
    child.lease(accounts);
    await held;
    await child.kill();
    for (const c of classes) await providers.knobs(c, {});
    // What was sent is carried out, whether or not anybody waits for the answer.
    if (spec.held === 'before') {
      await until(async () => {
        const now = await Promise.all(classes.map((c) => providers.ledger(c)));
        return now.every((ledger, i) => ledger.refreshes > (before[i]?.refreshes ?? 0));
      });
    }
  } else {
    child.lease(accounts);
    await child.holding(classes.length);
    if (spec.die === undefined) await child.kill();
    else {
      child.go();
      await child.exited;
    }
  }
  await Promise.all(classes.map((c) => providers.drained(c)));
  const rotated = (await Promise.all(classes.map((c) => providers.ledger(c)))).map((now, i) => now.refreshes - (before[i]?.refreshes ?? 0));
  await recover(setting, accounts, journal);
  return Promise.all(
    classes.map(async (rotationClass, i) => {
      const allowed = (rotated[i] ?? 0) > 0 && spec.received !== true && 'DE'.includes(rotationClass) ? 1 : 0;
      return { point, rotationClass, kills: 1, allowed, ...(await verdict(setting, accounts[i] as string, allowed)) };
    }),
  );
}

/**
 * Processes are stopped while they hold their claims, until others may take over and do, and then go on as if nothing had
 * happened. A vendor of class E that sees the spent token again, because its answer lay in the stopped process, ends the
 * grant: beyond what the claim can promise (security.md 4.5), so it must be labelled.
 */
export async function stopAndContinue(setting: Setting): Promise<Line[]> {
  const stopped = await Promise.all(
    ['K1', 'K5', 'K6'].map(async (point) => {
      const journal = setting.folder();
      const hold = killPoints[point]?.hold as KillPoint;
      const child = await startChild(setting.settings({ journal }), { holdAt: hold });
      const accounts = await Promise.all(classes.map((c) => setting.account(c)));
      child.lease(accounts);
      await child.holding(classes.length);
      child.stop();
      return { point, child, accounts, journal };
    }),
  );
  const all = stopped.flatMap(({ accounts }) => accounts);
  await until(async () => (await setting.claimed(all)) === 0, 30_000);
  const other = await openVault(setting.settings());
  await Promise.allSettled(all.map((id) => other.leases.refresh(id, { due: true })));
  await other.close();
  const lines: Line[] = [];
  for (const { point, child, accounts } of stopped) {
    child.resume();
    child.go();
    await child.done;
    await child.kill();
    await recover(setting, accounts, undefined);
    for (const [i, rotationClass] of classes.entries()) {
      const allowed = point !== 'K1' && rotationClass === 'E' ? 1 : 0;
      lines.push({ point, rotationClass, kills: 1, allowed, ...(await verdict(setting, accounts[i] as string, allowed)) });
    }
  }
  return lines;
}

/** A process starts as a broker does: journal first, then what the sweep finds, until nothing is claimed or salvaged. */
export async function recover(setting: Setting, accounts: string[], journal: string | undefined): Promise<void> {
  const vault = await openVault(setting.settings(journal === undefined ? {} : { journal }));
  try {
    await vault.leases.replayJournal();
    for (let round = 0; round < 6; round++) {
      await setting.timePasses();
      await vault.leases.settleSalvaged(100);
      const due = new Set(await vault.leases.dueForRefresh(1_000));
      await Promise.allSettled(accounts.filter((id) => due.has(id)).map((id) => vault.leases.refresh(id, { due: true })));
      const rows = await Promise.all(accounts.map((id) => setting.row(id)));
      if (due.size === 0 && rows.every((row) => row.claim_owner === null)) return;
    }
  } finally {
    await vault.close();
  }
}

/** The provider is the oracle: an account is alive when its stored refresh token is taken. */
export async function verdict(
  setting: Setting,
  id: string,
  allowed: number,
): Promise<Pick<Line, 'lost' | 'labelled' | 'silent' | 'falseFlags'>> {
  const row = await setting.row(id);
  const none = { lost: 0, labelled: 0, silent: 0, falseFlags: 0 };
  if (row.status !== 'ACTIVE') {
    if (allowed === 0) return { ...none, lost: 1, falseFlags: 1 };
    return row.reason === 'rotation_lost' ? { ...none, lost: 1, labelled: 1 } : { ...none, lost: 1, silent: 1 };
  }
  const vault = await openVault(setting.settings());
  try {
    await vault.leases.refresh(id, { rejected: row.access_fingerprint as Buffer });
    return none;
  } catch (error) {
    if (!(error instanceof NeedsAuthorization)) throw error;
    return { ...none, lost: 1, silent: 1 };
  } finally {
    await vault.close();
  }
}

/** Every kill point, so often; the next process starts while one is killed. Without a journal its points must lose. */
export async function killEverywhere(
  setting: Setting,
  rounds: number,
  options: { points?: string[]; journal: boolean } = { journal: true },
): Promise<Line[]> {
  const points = Array.from({ length: rounds }, () => options.points ?? Object.keys(killPoints)).flat();
  const start = (point: string | undefined) => {
    if (point === undefined) return undefined;
    const journal = options.journal ? setting.folder() : undefined;
    const { hold, die } = killPoints[point] as (typeof killPoints)[string];
    const child = startChild(setting.settings(journal === undefined ? {} : { journal }), {
      ...(hold === undefined ? {} : { holdAt: hold }),
      ...(die === undefined ? {} : { dieAt: die }),
    });
    child.catch(() => {});
    return { child, journal };
  };
  const lines: Line[] = [];
  let next = start(points[0]);
  for (const [i, point] of points.entries()) {
    const now = next as NonNullable<typeof next>;
    next = start(points[i + 1]);
    lines.push(...(await killAt(setting, point, await now.child, now.journal)));
  }
  return summed(lines);
}

function summed(lines: Line[]): Line[] {
  const sums = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.point} ${line.rotationClass}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...line });
    else for (const figure of ['kills', 'lost', 'allowed', 'labelled', 'silent', 'falseFlags'] as const) sum[figure] += line[figure];
  }
  return [...sums.values()];
}

/** What breaks the promise: a loss that physics does not force, one that is not labelled, a flag on a living grant. */
export const broken = (lines: Line[]) =>
  lines.filter((line) => line.lost !== line.allowed || line.labelled !== line.lost || line.silent > 0 || line.falseFlags > 0);

export function table(lines: Line[]): string {
  const head = ['point', 'where', 'class', 'kills', 'lost', 'allowed', 'labelled', 'silent', 'false flags'];
  const rows = lines.map((l) => [
    l.point,
    killPoints[l.point]?.what ?? '',
    l.rotationClass,
    ...[l.kills, l.lost, l.allowed, l.labelled, l.silent, l.falseFlags].map(String),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ')).join('\n');
}

export async function until(condition: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
