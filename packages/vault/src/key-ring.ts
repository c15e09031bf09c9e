import { randomBytes, randomUUID } from 'node:crypto';
import { Fault } from '@grantway/contract';
import type { Database } from '@grantway/db';
import { KeyServiceError } from './key-services/key-service.ts';
import type { KeyWrapper } from './master-key.ts';
import { type DataKey, recordKeyId } from './record.ts';
import {
  type KeyPurpose,
  type KeySources,
  makeCanary,
  openersFor,
  readStoredKeys,
  unwrapStored,
  wrapContextOf,
  wrappersFor,
  wrapUnder,
} from './wrapped-keys.ts';

export interface KeyRing {
  /** The active key of a purpose; made on first use. A rotation is noticed within `staleMs`. */
  active(purpose: KeyPurpose, environmentId?: string): Promise<DataKey>;
  /** The very key a record names: no trial decryption. */
  forRecord(record: Buffer, purpose: KeyPurpose, environmentId?: string): DataKey | Promise<DataKey>;
}

export interface KeyRingOptions {
  /** How long a replica may go on sealing under a key that is no longer the active one. */
  staleMs?: number;
  /** Age at which a key in memory is unwrapped anew, in the background. */
  renewMs?: number;
  /** Age at which a key in memory is used no more although its master key cannot be reached. 0: never beyond `renewMs`. */
  limitMs?: number;
  /** How long a caller waits for a key that is not in memory. */
  waitMs?: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

export const staleSeconds = 30;
const maxKeys = 1_000;
const maxUnwraps = 20;
const retryMs = 5_000;

/**
 * Opens the ring and proves that the master key fits what is stored.
 *
 * @throws Error naming the fingerprint that is missing, when keys exist and none was wrapped by this master key
 */
export async function openKeyRing(db: Database, keys: KeyWrapper | KeySources, options: KeyRingOptions = {}): Promise<KeyRing> {
  const sources: KeySources = 'primary' in keys ? keys : { primary: keys };
  const { staleMs = staleSeconds * 1000, renewMs = 480_000, limitMs = 3_600_000, waitMs = 900, now = () => performance.now() } = options;
  const system = db.system('keyring');

  const held = new Map<string, { key: DataKey; at: number; retryAt: number }>();
  const loading = new Map<string, Promise<DataKey>>();
  const actives = new Map<string, { id: string; at: number }>();
  const looking = new Map<string, Promise<string>>();
  const slots = semaphore(maxUnwraps);

  function load(name: string, id: string, purpose: KeyPurpose, environmentId: string): Promise<DataKey> {
    const known = loading.get(name);
    if (known !== undefined) return known;
    const load = slots(async () => {
      const [stored] = await readStoredKeys(system, { id, purpose, environmentId, states: ['staged', 'active', 'decrypt_only'] });
      if (stored === undefined) {
        held.delete(name);
        throw new Error('the record names a data key that this installation does not have');
      }
      const key = await unwrapStored(sources, stored);
      if (stored.canary === null) {
        // A key from before canaries: what opens it today is what must open it from now on.
        await system.query({
          name: 'set canary',
          text: 'update data_keys set canary = $2 where id = $1 and canary is null',
          values: [id, makeCanary(key)],
        });
      }
      held.delete(name);
      held.set(name, { key, at: now(), retryAt: 0 });
      for (const oldest of held.keys()) {
        if (held.size <= maxKeys) break;
        held.delete(oldest);
      }
      return key;
    }).finally(() => loading.delete(name));
    loading.set(name, load);
    load.catch(() => {});
    return load;
  }

  /** At once, where it is in memory. */
  function byId(id: string, purpose: KeyPurpose, environmentId: string): DataKey | Promise<DataKey> {
    const name = `${id} ${purpose} ${environmentId}`;
    const known = held.get(name);
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.at;
    if (known !== undefined && age < Math.max(renewMs, limitMs)) {
      if (age >= renewMs && now() >= known.retryAt) {
        known.retryAt = now() + retryMs;
        load(name, id, purpose, environmentId);
      }
      return known.key;
    }
    return closed(inTime(load(name, id, purpose, environmentId), waitMs));
  }

  async function findActive(purpose: KeyPurpose, environmentId: string): Promise<string | undefined> {
    const [row] = await system.query<{ id: string }>({
      name: 'active data key',
      text: "select id from data_keys where purpose = $1 and coalesce(environment_id, '') = $2 and state = 'active'",
      values: [purpose, environmentId],
    });
    return row?.id;
  }

  async function make(purpose: KeyPurpose, environmentId: string): Promise<string> {
    const key: DataKey = { id: randomUUID(), key: randomBytes(32) };
    const { wrapperIds, blobs } = await wrapUnder(
      wrappersFor(sources, environmentId),
      key,
      wrapContextOf({ id: key.id, purpose, environmentId }),
    );
    // Of replicas that start together one inserts; the others find its key afterwards.
    await system.query({
      name: 'make data key',
      text: `with made as (
               insert into data_keys (id, environment_id, purpose, canary) select $1::uuid, nullif($2::text, ''), $3::text, $4::bytea
               where not exists (select 1 from environments where id = $2::text and forgotten_at is not null)
               on conflict do nothing returning id)
             insert into data_key_wraps (data_key_id, wrapper_id, blob)
             select made.id, w.wrapper_id, w.blob from made, unnest($5::text[], $6::bytea[]) as w (wrapper_id, blob)`,
      values: [key.id, environmentId, purpose, makeCanary(key), wrapperIds, blobs],
    });
    const id = await findActive(purpose, environmentId);
    if (id === undefined) throw new Error('the data key that was made is gone again');
    return id;
  }

  async function activeId(purpose: KeyPurpose, environmentId: string): Promise<string> {
    const name = `${purpose} ${environmentId}`;
    const known = actives.get(name);
    if (known !== undefined && now() - known.at < staleMs) return known.id;
    let look = looking.get(name);
    if (look === undefined) {
      // The time of the question counts, not that of the answer: the answer is at least as new.
      const at = now();
      look = (async () => {
        const id = (await findActive(purpose, environmentId)) ?? (await inTime(make(purpose, environmentId), 2 * waitMs));
        actives.set(name, { id, at });
        return id;
      })().finally(() => looking.delete(name));
      looking.set(name, look);
    }
    return look;
  }

  const ring: KeyRing = {
    active: async (purpose, environmentId = '') => byId(await closed(activeId(purpose, environmentId)), purpose, environmentId),
    forRecord: (record, purpose, environmentId = '') => byId(recordKeyId(record), purpose, environmentId),
  };

  const openers = openersFor(sources, '');
  const wrapped = await system.query<{ wrapper_id: string; fits: boolean }>({
    name: 'which master key',
    text: `select distinct w.wrapper_id, w.wrapper_id = any($1) as fits from data_key_wraps w join data_keys k on k.id = w.data_key_id
           where k.environment_id is null and k.state <> 'retired' order by fits desc, w.wrapper_id`,
    values: [openers.map(({ id }) => id)],
  });
  if (wrapped.length > 0 && !wrapped.some(({ fits }) => fits)) {
    throw new Error(
      `this master key (${openers.map(({ id }) => id).join(', ')}) is not the one that the stored credentials were sealed under ` +
        `(${wrapped.map(({ wrapper_id }) => wrapper_id).join(', ')}); start with that key, nothing was changed`,
    );
  }
  // The canary: keys that exist must open now, not at the first call of a user. A key service may take longer at a start.
  for (const stored of await readStoredKeys(system, { environmentId: '', states: ['active'] })) await unwrapStored(sources, stored);
  const lookup = (await findActive('lookup', '')) ?? (await make('lookup', ''));
  await load(`${lookup} lookup `, lookup, 'lookup', '');
  return ring;
}

/** A caller outside learns that it is temporary; the log learns which key service it was. */
async function closed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof KeyServiceError) throw new Fault('unavailable', { internal: error.message, cause: error });
    throw error;
  }
}

function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Fault('unavailable', { internal: `a data key could not be opened within ${limitMs} ms` })),
      limitMs,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function semaphore(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = size;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
