import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '@grantway/db';
import type { KeyWrapper } from './master-key.ts';
import { type DataKey, recordKeyId } from './record.ts';

/**
 * One key, one purpose. `record` keys belong to an environment; the others to the installation:
 * lookup: HMAC of secrets we hash. url, link: derivation of MCP URLs and authorization links. signing: sealing of JWT keys.
 * journal: credentials on their way into the database, in files; also one per environment.
 */
export type KeyPurpose = 'record' | 'journal' | 'lookup' | 'url' | 'link' | 'signing';

export interface KeyRing {
  /** The active key of a purpose; made on first use. */
  active(purpose: KeyPurpose, environmentId?: string): Promise<DataKey>;
  /** The very key a record names: no trial decryption. */
  forRecord(record: Buffer, purpose: KeyPurpose, environmentId?: string): Promise<DataKey>;
}

/**
 * Opens the ring and proves that the master key fits what is stored.
 *
 * @throws Error naming the fingerprint that is missing, when keys exist and none was wrapped by this master key
 */
export async function openKeyRing(db: Database, wrapper: KeyWrapper): Promise<KeyRing> {
  const system = db.system('keyring');
  const cache = new Map<string, Promise<DataKey>>();
  const once = (name: string, load: () => Promise<DataKey>) => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const loading = load();
    cache.set(name, loading);
    loading.catch(() => cache.delete(name));
    return loading;
  };

  async function find(where: 'active' | 'id', purpose: KeyPurpose, environmentId: string, id: string | null): Promise<DataKey | undefined> {
    const [row] = await system.query<{ id: string; blob: Buffer }>({
      name: `data key by ${where}`,
      text: `select k.id, w.blob from data_keys k join data_key_wraps w on w.data_key_id = k.id and w.wrapper_id = $4
             where k.purpose = $1 and coalesce(k.environment_id, '') = $2 and ($3::uuid is null or k.id = $3::uuid)
               ${where === 'active' ? "and k.state = 'active'" : "and k.state <> 'retired'"}`,
      values: [purpose, environmentId, id, wrapper.id],
    });
    if (row === undefined) return undefined;
    return { id: row.id, key: await wrapper.unwrap(row.blob, { purpose, environmentId, dataKeyId: row.id }) };
  }

  async function make(purpose: KeyPurpose, environmentId: string): Promise<DataKey> {
    const id = randomUUID();
    const key = randomBytes(32);
    const blob = await wrapper.wrap(key, { purpose, environmentId, dataKeyId: id });
    // Of replicas that start together one inserts; the others find its key afterwards.
    await system.query({
      name: 'make data key',
      text: `with made as (
               insert into data_keys (id, environment_id, purpose) values ($1, nullif($2, ''), $3) on conflict do nothing returning id)
             insert into data_key_wraps (data_key_id, wrapper_id, blob) select id, $4, $5 from made`,
      values: [id, environmentId, purpose, wrapper.id, blob],
    });
    const stored = await find('active', purpose, environmentId, null);
    if (stored === undefined) throw new Error('the active data key is wrapped by another master key');
    return stored;
  }

  const [other] = await system.query<{ wrapper_id: string; fits: boolean }>({
    name: 'which master key',
    text: 'select wrapper_id, bool_or(wrapper_id = $1) over () as fits from data_key_wraps order by (wrapper_id = $1) limit 1',
    values: [wrapper.id],
  });
  if (other !== undefined && !other.fits) {
    throw new Error(
      `this master key (${wrapper.id}) is not the one that the stored credentials were sealed under (${other.wrapper_id}); ` +
        'start with that key, nothing was changed',
    );
  }

  const ring: KeyRing = {
    active: (purpose, environmentId = '') =>
      once(
        `active ${purpose} ${environmentId}`,
        async () => (await find('active', purpose, environmentId, null)) ?? make(purpose, environmentId),
      ),
    forRecord: (record, purpose, environmentId = '') => {
      const id = recordKeyId(record);
      return once(`${id} ${purpose} ${environmentId}`, async () => {
        const key = await find('id', purpose, environmentId, id);
        if (key === undefined) throw new Error('the record names a data key that this installation does not have');
        return key;
      });
    },
  };
  // The canary: a key that exists must open now, not at the first call of a user.
  await ring.active('lookup');
  return ring;
}
