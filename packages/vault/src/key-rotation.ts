import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditAction } from '@grantway/contract';
import { type Actor, type Database, recordAudit, type System, type Tx } from '@grantway/db';
import { sql } from 'drizzle-orm';
import { staleSeconds } from './key-ring.ts';
import { type DataKey, openRecord, recordKeyId, sealRecord } from './record.ts';
import {
  countByKey,
  nextRows,
  refuseUnknownColumns,
  replaceRecords,
  type SealedColumn,
  type SealedRow,
  sealedColumns,
} from './sealed-columns.ts';
import {
  type KeyPurpose,
  type KeySources,
  type KeyState,
  makeCanary,
  readStoredKeys,
  type StoredKey,
  unwrapStored,
  unwrapWith,
  wrapContextOf,
  wrappersFor,
  wrapUnder,
} from './wrapped-keys.ts';

/** Where a rotation can be cut off; each is followed by something that a resumed run must make good. */
export const rotationPoints = {
  master: ['wrapped', 'wrap stored', 'all wrapped', 'verified', 'wraps removed', 'done'],
  data: ['staged', 'activated', 'read', 'sealed', 'replaced', 'done'],
} as const;
export type RotationPoint = (typeof rotationPoints)['master' | 'data'][number];

export interface RotationDeps {
  db: Database;
  sources: KeySources;
  /** Whose deed the audit says it is. */
  actor?: Actor;
  /** One line for the person who waits. */
  progress?: (line: string) => void;
  /** For tests, which kill the process there. */
  reached?: (point: RotationPoint) => void | Promise<void>;
}

/** Rows per transaction: short enough that no call waits for one. */
const batchSize = 200;
/** A replica notices a new active key within `staleSeconds`; a paused process or a slow commit gets as long again, and more. */
export const settleSeconds = 4 * staleSeconds;
/** Their values are HMACs that live outside (URLs, links, client secrets): they cannot be sealed anew, so these keys are kept. */
const rotating: readonly KeyPurpose[] = ['record', 'signing'];
const live: readonly KeyState[] = ['staged', 'active', 'decrypt_only'];

/** What was done to a data key, beside the deed: in its environment's audit, or the installation's where it belongs to none. */
async function recordKeyDeed(
  tx: Tx,
  { actor }: Pick<RotationDeps, 'actor'>,
  action: AuditAction,
  key: Pick<StoredKey, 'id' | 'purpose' | 'environmentId'>,
  details: Record<string, unknown> = {},
): Promise<void> {
  await recordAudit(tx, {
    environmentId: key.environmentId === '' ? null : key.environmentId,
    action,
    actor: actor ?? { kind: 'system', id: null },
    target: { kind: 'data_key', id: key.id },
    requestId: null,
    details: { purpose: key.purpose, ...details },
  });
}

export interface KeyReport {
  id: string;
  purpose: KeyPurpose;
  environmentId: string;
  state: KeyState;
  wrapperIds: string[];
  /** Sealed rows that name it. */
  rows: number;
}

export async function keyStatus({ db }: Pick<RotationDeps, 'db'>): Promise<KeyReport[]> {
  const system = db.system('keyring');
  const counts = await countByKey(system);
  return (await readStoredKeys(system)).map((key) => ({
    id: key.id,
    purpose: key.purpose,
    environmentId: key.environmentId,
    state: key.state,
    wrapperIds: key.wraps.map(({ wrapperId }) => wrapperId).sort(),
    rows: counts.get(key.id) ?? 0,
  }));
}

/**
 * Wraps every data key under every master key that is configured for it and lacks, and proves each new wrap: the canary
 * opens, and so does one stored record, where there is one. Run again, it goes on where it was cut off.
 */
export async function rotateMaster(deps: RotationDeps): Promise<{ keys: number; added: number; verified: number }> {
  const { db, sources, progress, reached } = deps;
  const system = db.system('keyring');
  await refuseUnknownColumns(system);
  let added = 0;
  const addedFor = new Set<string>();
  // Brokers that do not know the new master key yet may make keys meanwhile; look again until none is left.
  for (;;) {
    const lacking = (await readStoredKeys(system, { states: live })).filter((key) => missing(sources, key).length > 0);
    if (lacking.length === 0) break;
    await inGroups(lacking, async (stored) => {
      const wrappers = missing(sources, stored);
      const key = await unwrapStored(sources, stored);
      const { wrapperIds, blobs } = await wrapUnder(wrappers, key, wrapContextOf(stored));
      key.key.fill(0);
      await reached?.('wrapped');
      await system.tx(async (tx) => {
        const { rows } = await tx.execute<{ id: string }>(sql`
          insert into data_key_wraps (data_key_id, wrapper_id, blob)
          select ${stored.id}::uuid, w.wrapper_id, w.blob
          from unnest(${sql.param(wrapperIds)}::text[], ${sql.param(blobs)}::bytea[]) as w (wrapper_id, blob)
          on conflict do nothing returning wrapper_id as id`);
        // Of two runs at once the other one wrote it, and its audit.
        if (rows.length === 0) return;
        const master_keys = rows.map(({ id }) => id).sort();
        await recordKeyDeed(tx, deps, 'data_key.wrapped', stored, { master_keys, opened_by: sources.primary.id });
      });
      added += wrapperIds.length;
      addedFor.add(stored.id);
      await reached?.('wrap stored');
      if (addedFor.size % 100 === 0) progress?.(`${addedFor.size} data keys wrapped`);
    });
  }
  await reached?.('all wrapped');
  const { keys, verified } = await verifyWraps(deps);
  progress?.(`${keys} data keys, ${added} wraps added, ${verified} stored records opened through them`);
  await reached?.('verified');
  return { keys, added, verified };
}

const missing = (sources: KeySources, stored: StoredKey) =>
  wrappersFor(sources, stored.environmentId).filter(({ id }) => !stored.wraps.some(({ wrapperId }) => wrapperId === id));

/** Opens every wrap that can be opened here, and one stored record with each key. */
async function verifyWraps({ db, sources }: RotationDeps): Promise<{ keys: number; verified: number }> {
  const system = db.system('keyring');
  const all = await readStoredKeys(system, { states: live });
  let verified = 0;
  await inGroups(all, async (stored) => {
    let sample: SealedRow | undefined;
    for (const column of columnsOf(stored.purpose)) {
      [sample] = await nextRows(system, column, { environmentId: stored.environmentId, only: stored.id, limit: 1 });
      if (sample !== undefined) break;
    }
    for (const wrapper of wrappersFor(sources, stored.environmentId)) {
      if (wrapper.wrapOnly === true) continue;
      const key = await unwrapWith(wrapper, stored);
      if (key === undefined) throw new Error(`data key ${stored.id} has no wrap under ${wrapper.id}`);
      if (sample !== undefined) {
        openRecord(key, sample.context, sample.record).fill(0);
        verified += 1;
      }
      key.key.fill(0);
    }
  });
  return { keys: all.length, verified };
}

/** Several at a time: a key service takes its time for each. */
async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 8) await Promise.all(items.slice(at, at + 8).map(work));
}

const columnsOf = (purpose: KeyPurpose): readonly SealedColumn[] => sealedColumns.filter((column) => column.purpose === purpose);

/**
 * Removes the wraps under a master key that is no longer wanted, once every data key opens without it.
 *
 * @throws Error, with nothing removed, while one of them would be lost
 */
export async function retireMaster(deps: RotationDeps, wrapperId: string): Promise<{ removed: number }> {
  const { db, sources, reached } = deps;
  const system = db.system('keyring');
  const all = await readStoredKeys(system);
  const concerned = all.filter((key) => key.wraps.some((wrap) => wrap.wrapperId === wrapperId));
  if (concerned.length === 0) throw new Error(`no data key is wrapped under ${wrapperId}`);
  for (const stored of concerned) {
    if (wrappersFor(sources, stored.environmentId).some(({ id }) => id === wrapperId)) {
      throw new Error(`${wrapperId} is still configured; take it out of the settings of every broker first`);
    }
    const others = wrappersFor(sources, stored.environmentId).filter(({ wrapOnly }) => wrapOnly !== true);
    let opens = false;
    for (const wrapper of others) opens ||= (await unwrapWith(wrapper, stored)) !== undefined;
    if (!opens) throw new Error(`data key ${stored.id} has no other wrap yet; run "keys rotate-master" with both master keys first`);
  }
  const removed = await system.tx(async (tx) => {
    // Never the last one, whatever happened since it was looked at.
    const { rows } = await tx.execute<{ id: string }>(sql`
      delete from data_key_wraps w where wrapper_id = ${wrapperId} and data_key_id = any(${sql.param(concerned.map(({ id }) => id))}::uuid[])
        and exists (select 1 from data_key_wraps o where o.data_key_id = w.data_key_id and o.wrapper_id <> ${wrapperId})
      returning data_key_id as id`);
    for (const key of concerned.filter(({ id }) => rows.some((row) => row.id === id))) {
      await recordKeyDeed(tx, deps, 'data_key.unwrapped', key, { master_key: wrapperId });
    }
    return rows;
  });
  await reached?.('wraps removed');
  await reached?.('done');
  return { removed: removed.length };
}

export interface Resealing {
  rows: number;
  /** Rows that do not open: altered, or sealed for another place. They keep their old key from being retired. */
  broken: { table: string; key: string }[];
}

/**
 * Replaces the active record and signing keys and seals every row anew under them. A run that finds an unfinished one
 * finishes it instead of making further keys.
 */
export async function rotateDataKeys(deps: RotationDeps, only: { environmentId?: string } = {}): Promise<Resealing & { keys: number }> {
  const { db, sources, progress, reached } = deps;
  const system = db.system('keyring');
  await refuseUnknownColumns(system);
  const counts = await countByKey(system);
  const all = (await readStoredKeys(system)).filter((key) => rotating.includes(key.purpose));
  // Rows under another key than the active one: a rotation was cut off, or a broker wrote while it ran.
  const unfinished = (key: StoredKey) =>
    all.some((other) => other.id !== key.id && sameHome(other, key) && (counts.get(other.id) ?? 0) > 0);
  const total: Resealing & { keys: number } = { rows: 0, broken: [], keys: 0 };
  for (const old of all.filter(({ state }) => state === 'active')) {
    if (only.environmentId !== undefined && old.environmentId !== only.environmentId) continue;
    const staged = all.find((key) => key.state === 'staged' && sameHome(key, old));
    if (staged === undefined && unfinished(old)) {
      const rest = await reseal(deps, old.purpose, old.environmentId);
      if (rest.rows > 0) {
        total.rows += rest.rows;
        total.broken.push(...rest.broken);
        total.keys += 1;
        progress?.(`${describe(old)}: an earlier rotation is finished, ${rest.rows} rows sealed anew`);
        continue;
      }
    }
    const id = staged?.id ?? (await stage(system, sources, old));
    await reached?.('staged');
    await activate(deps, id);
    await reached?.('activated');
    const done = await reseal(deps, old.purpose, old.environmentId);
    total.rows += done.rows;
    total.broken.push(...done.broken);
    total.keys += 1;
    progress?.(`${describe(old)}: ${done.rows} rows sealed anew`);
  }
  await reached?.('done');
  return total;
}

const sameHome = (a: StoredKey, b: StoredKey) => a.purpose === b.purpose && a.environmentId === b.environmentId;
const describe = (key: StoredKey) =>
  key.environmentId === '' ? `the ${key.purpose} key` : `the ${key.purpose} key of ${key.environmentId}`;

async function stage(system: System, sources: KeySources, like: StoredKey): Promise<string> {
  const key: DataKey = { id: randomUUID(), key: randomBytes(32) };
  const place = { id: key.id, purpose: like.purpose, environmentId: like.environmentId };
  const { wrapperIds, blobs } = await wrapUnder(wrappersFor(sources, like.environmentId), key, wrapContextOf(place));
  await system.query({
    name: 'stage data key',
    text: `with made as (
             insert into data_keys (id, environment_id, purpose, state, canary) values ($1, nullif($2, ''), $3, 'staged', $4)
             on conflict do nothing returning id)
           insert into data_key_wraps (data_key_id, wrapper_id, blob)
           select made.id, w.wrapper_id, w.blob from made, unnest($5::text[], $6::bytea[]) as w (wrapper_id, blob)`,
    values: [key.id, like.environmentId, like.purpose, makeCanary(key), wrapperIds, blobs],
  });
  key.key.fill(0);
  // Of two runs at once, one stages; both go on with that key.
  const [staged] = await readStoredKeys(system, { purpose: like.purpose, environmentId: like.environmentId, states: ['staged'] });
  return staged?.id ?? key.id;
}

/** Opens the staged key once more as it is stored, then lets it take the active one's place, in one statement's time. */
async function activate(deps: RotationDeps, id: string): Promise<void> {
  const system = deps.db.system('keyring');
  const [stored] = await readStoredKeys(system, { id });
  if (stored === undefined || stored.state !== 'staged') return;
  (await unwrapStored(deps.sources, stored)).key.fill(0);
  await system.tx(async (tx) => {
    const taken = await tx.execute(sql`select 1 from data_keys where id = ${id}::uuid and state = 'staged' for update`);
    if (taken.rows.length === 0) return;
    const before = await tx.execute<{ id: string }>(sql`
      update data_keys set state = 'decrypt_only', state_changed_at = clock_timestamp()
      where state = 'active' and purpose = ${stored.purpose} and coalesce(environment_id, '') = ${stored.environmentId} returning id`);
    await tx.execute(sql`update data_keys set state = 'active', state_changed_at = clock_timestamp() where id = ${id}::uuid`);
    await recordKeyDeed(tx, deps, 'data_key.activated', stored, { replaces: before.rows[0]?.id ?? null });
  });
}

/** Seals every row of one purpose and environment under its active key; several times over, until a pass finds none. */
async function reseal(deps: RotationDeps, purpose: KeyPurpose, environmentId: string): Promise<Resealing> {
  const { db, sources, progress, reached } = deps;
  const system = db.system('keyring');
  const [activeRow] = await readStoredKeys(system, { purpose, environmentId, states: ['active'] });
  if (activeRow === undefined) throw new Error(`there is no active ${purpose} key to seal under`);
  const active = await unwrapStored(sources, activeRow);
  // Retired keys too: a process that slept through a whole rotation may still have sealed under one.
  const opened = new Map<string, DataKey>([[active.id, active]]);
  const keyOf = async (id: string) => {
    const known = opened.get(id);
    if (known !== undefined) return known;
    const [stored] = await readStoredKeys(system, { id, purpose, environmentId });
    if (stored === undefined) return undefined;
    const key = await unwrapStored(sources, stored);
    opened.set(id, key);
    return key;
  };

  let rows = 0;
  let broken: Resealing['broken'] = [];
  for (let replacedInPass = 1, pass = 0; replacedInPass > 0 && pass < 20; pass++) {
    replacedInPass = 0;
    broken = [];
    for (const column of columnsOf(purpose)) {
      let after: unknown[] | undefined;
      for (;;) {
        const batch = await nextRows(system, column, {
          environmentId,
          except: active.id,
          limit: batchSize,
          ...(after === undefined ? {} : { after }),
        });
        if (batch.length === 0) break;
        after = batch.at(-1)?.key;
        await reached?.('read');
        const fresh: { at: string; old: Buffer; fresh: Buffer }[] = [];
        for (const row of batch) {
          try {
            const key = await keyOf(recordKeyId(row.record));
            if (key === undefined) throw new Error('unknown data key');
            const plaintext = openRecord(key, row.context, row.record);
            fresh.push({ at: row.at, old: row.record, fresh: sealRecord(active, row.context, plaintext) });
            plaintext.fill(0);
          } catch {
            broken.push({ table: column.table, key: row.key.filter((part) => typeof part === 'string').join(' ') });
          }
        }
        await reached?.('sealed');
        const replaced = await replaceRecords(system, column, fresh);
        await reached?.('replaced');
        rows += replaced;
        replacedInPass += replaced;
        if (rows > 0 && rows % 10_000 < replaced) progress?.(`${rows} rows sealed anew`);
      }
    }
  }
  for (const key of opened.values()) key.key.fill(0);
  return { rows, broken };
}

export interface Retirement {
  retired: string[];
  /** Keys that must stay, and why. */
  kept: { id: string; why: string }[];
}

/**
 * Retires the decrypt-only keys that nothing names any more. What was sealed under them meanwhile is sealed anew first.
 * A retired key's wraps stay as long as backups may need them.
 */
export async function retireDataKeys(deps: RotationDeps): Promise<Retirement> {
  const { db } = deps;
  const system = db.system('keyring');
  await refuseUnknownColumns(system);
  const outcome: Retirement = { retired: [], kept: [] };
  const candidates = (await readStoredKeys(system)).filter(
    ({ state, purpose }) => (state === 'decrypt_only' || state === 'retired') && rotating.includes(purpose),
  );
  const counts = await countByKey(system);
  const homes = new Map(
    candidates.filter(({ id }) => (counts.get(id) ?? 0) > 0).map((key) => [`${key.purpose} ${key.environmentId}`, key]),
  );
  for (const { purpose, environmentId } of homes.values()) await reseal(deps, purpose, environmentId);
  for (const key of candidates) {
    const { id } = key;
    if (key.state === 'retired') continue;
    const [row] = await system.query<{ left_s: number }>({
      name: 'settled',
      text: 'select extract(epoch from state_changed_at + make_interval(secs => $2) - clock_timestamp())::float8 as left_s from data_keys where id = $1',
      values: [id, settleSeconds],
    });
    const rows = (await countByKey(system)).get(id) ?? 0;
    if (row !== undefined && row.left_s > 0) {
      outcome.kept.push({ id, why: `a running broker may still seal under it for ${Math.ceil(row.left_s)} s` });
    } else if (rows > 0) {
      outcome.kept.push({ id, why: `${rows} rows that do not open name it` });
    } else {
      await system.tx(async (tx) => {
        const { rowCount } = await tx.execute(sql`
          update data_keys set state = 'retired', state_changed_at = clock_timestamp() where id = ${id}::uuid and state = 'decrypt_only'`);
        if (rowCount === 1) await recordKeyDeed(tx, deps, 'data_key.retired', key);
      });
      outcome.retired.push(id);
    }
  }
  return outcome;
}

/** Opens every sealed row; the sum of a restore drill. */
export async function verifySealedRows({
  db,
  sources,
}: Pick<RotationDeps, 'db' | 'sources'>): Promise<{ opened: number; broken: Resealing['broken'] }> {
  const system = db.system('keyring');
  await refuseUnknownColumns(system);
  const result: { opened: number; broken: Resealing['broken'] } = { opened: 0, broken: [] };
  const keys = new Map<string, DataKey | undefined>();
  for (const stored of await readStoredKeys(system)) {
    const key = await unwrapStored(sources, stored).catch(() => undefined);
    // A key opens the rows of its own purpose and environment only.
    keys.set(`${stored.id} ${stored.purpose} ${stored.environmentId}`, key);
  }
  const environments = (await system.query<{ id: string }>({ name: '', text: 'select id from environments order by id', values: [] })).map(
    ({ id }) => id,
  );
  for (const column of sealedColumns) {
    for (const environmentId of column.purpose === 'record' ? environments : ['']) {
      let after: unknown[] | undefined;
      for (;;) {
        const batch = await nextRows(system, column, { environmentId, limit: batchSize, ...(after === undefined ? {} : { after }) });
        if (batch.length === 0) break;
        after = batch.at(-1)?.key;
        for (const row of batch) {
          try {
            const key = keys.get(`${recordKeyId(row.record)} ${column.purpose} ${environmentId}`);
            if (key === undefined) throw new Error('no key');
            openRecord(key, row.context, row.record).fill(0);
            result.opened += 1;
          } catch {
            result.broken.push({ table: column.table, key: row.key.filter((part) => typeof part === 'string').join(' ') });
          }
        }
      }
    }
  }
  for (const key of keys.values()) key?.key.fill(0);
  return result;
}
