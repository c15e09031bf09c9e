import type { System } from '@grantway/db';
import { KeyServiceError } from './key-services/key-service.ts';
import type { KeyWrapper, WrapContext } from './master-key.ts';
import { type DataKey, openRecord, sealRecord } from './record.ts';

/**
 * One key, one purpose. `record` keys belong to an environment; the others to the installation:
 * lookup: HMAC of secrets we hash. url, link: derivation of MCP URLs and authorization links. signing: sealing of JWT keys.
 * journal: credentials on their way into the database, in files; also one per environment, never rotated by hand: an entry
 * lives for minutes.
 */
export type KeyPurpose = 'record' | 'journal' | 'lookup' | 'url' | 'link' | 'signing';

/** staged: stored, not used. active: seals and opens. decrypt_only: opens what it sealed. retired: nothing names it any more. */
export type KeyState = 'staged' | 'active' | 'decrypt_only' | 'retired';

/** The master keys of an installation. Each data key is wrapped once under each of them that is meant for it. */
export interface KeySources {
  primary: KeyWrapper;
  /** Also wrapped under these: the next or the previous master key during a rotation, the break-glass key. */
  more?: readonly KeyWrapper[];
  /** An environment's own master key. Its data keys are wrapped under nothing else. */
  byEnvironment?: ReadonlyMap<string, KeyWrapper>;
}

/** Under what the keys of an environment ('' for the installation) are to be wrapped. */
export function wrappersFor(sources: KeySources, environmentId: string): KeyWrapper[] {
  const own = sources.byEnvironment?.get(environmentId);
  return own === undefined ? [sources.primary, ...(sources.more ?? [])] : [own];
}

/** What may open them, in this order: keys made before an environment had its own master key are still under the installation's. */
export function openersFor(sources: KeySources, environmentId: string): KeyWrapper[] {
  const own = sources.byEnvironment?.get(environmentId);
  const all = [...(own === undefined ? [] : [own]), sources.primary, ...(sources.more ?? [])];
  return all.filter((wrapper) => wrapper.wrapOnly !== true);
}

export interface StoredKey {
  id: string;
  purpose: KeyPurpose;
  /** '' for the installation's. */
  environmentId: string;
  state: KeyState;
  canary: Buffer | null;
  wraps: { wrapperId: string; blob: Buffer }[];
}

/** All of a data key's row and wraps; undefined fields of `which` do not restrict. */
export async function readStoredKeys(
  system: System,
  which: { id?: string; purpose?: KeyPurpose; environmentId?: string; states?: readonly KeyState[] } = {},
): Promise<StoredKey[]> {
  const rows = await system.query<{
    id: string;
    purpose: KeyPurpose;
    environment_id: string;
    state: KeyState;
    canary: Buffer | null;
    wrapper_ids: (string | null)[];
    blobs: Buffer[];
  }>({
    name: 'stored data keys',
    text: `select k.id, k.purpose, coalesce(k.environment_id, '') as environment_id, k.state, k.canary,
             array_agg(w.wrapper_id) as wrapper_ids, array_agg(w.blob) as blobs
           from data_keys k left join data_key_wraps w on w.data_key_id = k.id
           where ($1::uuid is null or k.id = $1::uuid) and ($2::text is null or k.purpose = $2)
             and ($3::text is null or coalesce(k.environment_id, '') = $3) and ($4::text[] is null or k.state = any($4))
           group by k.id order by k.purpose, k.environment_id, k.created_at, k.id`,
    values: [which.id ?? null, which.purpose ?? null, which.environmentId ?? null, which.states ?? null],
  });
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    environmentId: row.environment_id,
    state: row.state,
    canary: row.canary,
    wraps: row.wrapper_ids.flatMap((wrapperId, i) => (wrapperId === null ? [] : [{ wrapperId, blob: row.blobs[i] as Buffer }])),
  }));
}

export const wrapContextOf = (key: { id: string; purpose: string; environmentId: string }): WrapContext => ({
  purpose: key.purpose,
  environmentId: key.environmentId,
  dataKeyId: key.id,
});

const canaryPlace = (id: string) => ['data_keys', 'canary', id];
export const makeCanary = (key: DataKey): Buffer => sealRecord(key, canaryPlace(key.id), Buffer.alloc(0));

/** @throws VaultError when these bytes are not the key that made the canary */
export function proveCanary(key: DataKey, canary: Buffer): void {
  openRecord(key, canaryPlace(key.id), canary);
}

/** Opens one wrap and proves with the canary that the bytes are the right ones. */
export async function unwrapWith(wrapper: KeyWrapper, stored: StoredKey): Promise<DataKey | undefined> {
  const wrap = stored.wraps.find(({ wrapperId }) => wrapperId === wrapper.id);
  if (wrap === undefined) return undefined;
  const key: DataKey = { id: stored.id, key: await wrapper.unwrap(wrap.blob, wrapContextOf(stored)) };
  if (key.key.length !== 32) throw new KeyServiceError(wrapper.id, 'gave back a key of another length');
  if (stored.canary !== null) proveCanary(key, stored.canary);
  return key;
}

/** Opens a data key with the first of its master keys that can; the first failure is told when none can. */
export async function unwrapStored(sources: KeySources, stored: StoredKey): Promise<DataKey> {
  let failure: unknown;
  for (const wrapper of openersFor(sources, stored.environmentId)) {
    try {
      const key = await unwrapWith(wrapper, stored);
      if (key !== undefined) return key;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure ?? new Error(`data key ${stored.id} is wrapped by another master key (${names(stored)})`);
}

const names = (stored: StoredKey) => stored.wraps.map(({ wrapperId }) => wrapperId).join(', ') || 'none at all';

/** Wraps under every given master key, and opens each wrap again: a wrap that a fault on the way spoilt is never stored. */
export async function wrapUnder(
  wrappers: readonly KeyWrapper[],
  key: DataKey,
  context: WrapContext,
): Promise<{ wrapperIds: string[]; blobs: Buffer[] }> {
  const blobs = await Promise.all(
    wrappers.map(async (wrapper) => {
      const blob = await wrapper.wrap(key.key, context);
      if (wrapper.wrapOnly === true) return blob;
      const back = await wrapper.unwrap(blob, context);
      if (!back.equals(key.key)) throw new KeyServiceError(wrapper.id, 'did not give back the key that it wrapped');
      back.fill(0);
      return blob;
    }),
  );
  return { wrapperIds: wrappers.map(({ id }) => id), blobs };
}
