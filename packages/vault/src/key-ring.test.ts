import { randomBytes, randomUUID } from 'node:crypto';
import { newId, Secret } from '@grantway/contract';
import { type Database, openDatabase } from '@grantway/db';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openKeyRing } from './key-ring.ts';
import { localKeyWrapper } from './master-key.ts';
import { sealRecord } from './record.ts';
import { emptyDatabase } from './testing/installation.ts';
import type { KeyPurpose } from './wrapped-keys.ts';

const replicas = 4;
const environments = [newId('environment'), newId('environment')];
const wanted: [KeyPurpose, string][] = [
  ['lookup', ''],
  ['url', ''],
  ['link', ''],
  ['signing', ''],
  ...environments.map((id): [KeyPurpose, string] => ['record', id]),
];

let url: string;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const database = await emptyDatabase();
  url = database.url;
  closers.push(database.drop);
  const db = open();
  const workspaceId = newId('workspace');
  await run(db, 'insert into workspaces (id, name) values ($1, $1)', [workspaceId]);
  for (const id of environments) await run(db, 'insert into environments (id, workspace_id, name) values ($1, $2, $1)', [id, workspaceId]);
});
beforeEach(async () => {
  await run(open(), 'truncate data_keys cascade');
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

function open(): Database {
  const db = openDatabase({ connectionString: url });
  closers.push(() => db.close());
  return db;
}

const run = (db: Database, text: string, values: unknown[] = []) =>
  db.system('keyring').query<Record<string, unknown>>({ name: '', text, values });
const contents = (db: Database) =>
  run(db, `select k::text as key, w::text as wrap from data_keys k full join data_key_wraps w on w.data_key_id = k.id order by 1, 2`);

it('replicas that start at once on an empty database agree on every key, and make each of them once', async () => {
  const masterKey = randomBytes(32);
  const databases = Array.from({ length: replicas }, open);
  const keys = await Promise.all(
    databases.map(async (db) => {
      const ring = await openKeyRing(db, localKeyWrapper(new Secret(masterKey)));
      const made = await Promise.all(wanted.map(([purpose, environmentId]) => ring.active(purpose, environmentId)));
      return made.map(({ id, key }) => `${id} ${key.toString('hex')}`);
    }),
  );
  for (const of of keys) expect(of).toEqual(keys[0]);
  expect(new Set(keys[0]).size).toBe(wanted.length);
  const [count] = await run(
    open(),
    'select (select count(*)::int from data_keys) as keys, (select count(*)::int from data_key_wraps) as wraps',
  );
  expect(count).toEqual({ keys: wanted.length, wraps: wanted.length });
});

it('a ring that is opened later finds the same keys', async () => {
  const wrapper = localKeyWrapper(new Secret(randomBytes(32)));
  const before = await (await openKeyRing(open(), wrapper)).active('url');
  const after = await (await openKeyRing(open(), wrapper)).active('url');
  expect(after.id).toBe(before.id);
  expect(after.key.equals(before.key)).toBe(true);
});

it('C08: another master key is refused by naming the fingerprint that is needed, and nothing is written', async () => {
  const right = localKeyWrapper(new Secret(randomBytes(32)));
  await (await openKeyRing(open(), right)).active('record', environments[0]);
  const db = open();
  const before = await contents(db);
  expect(before).toHaveLength(2);

  const wrong = localKeyWrapper(new Secret(randomBytes(32)));
  const refusal = await openKeyRing(db, wrong).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
  expect(refusal).toContain(right.id);
  expect(refusal).toContain(wrong.id);
  expect(await contents(db)).toEqual(before);
  await expect(openKeyRing(db, right)).resolves.toBeDefined();
});

it('a wrap that a writer of the database moved or damaged stops the start', async () => {
  const db = open();
  const wrapper = localKeyWrapper(new Secret(randomBytes(32)));
  const ring = await openKeyRing(db, wrapper);
  const [lookup, other] = [await ring.active('lookup'), await ring.active('url')];
  // The URL key's wrap in the lookup key's place.
  await run(db, 'update data_key_wraps set blob = (select blob from data_key_wraps where data_key_id = $2) where data_key_id = $1', [
    lookup.id,
    other.id,
  ]);
  await expect(openKeyRing(db, wrapper)).rejects.toThrow('the record does not open');
});

it('a record that names an unknown data key is refused; no other key is tried', async () => {
  const ring = await openKeyRing(open(), localKeyWrapper(new Secret(randomBytes(32))));
  const active = await ring.active('record', environments[0]);
  const stranger = sealRecord({ id: randomUUID(), key: active.key }, [], randomBytes(8));
  await expect(ring.forRecord(stranger, 'record', environments[0])).rejects.toThrow('a data key that this installation does not have');
  const own = sealRecord(active, [], randomBytes(8));
  expect((await ring.forRecord(own, 'record', environments[0])).key.equals(active.key)).toBe(true);
});

it("a record of one environment gets no key in another's name, nor for another purpose", async () => {
  const ring = await openKeyRing(open(), localKeyWrapper(new Secret(randomBytes(32))));
  const record = sealRecord(await ring.active('record', environments[0]), [], randomBytes(8));
  for (const [purpose, environmentId] of [
    ['record', environments[1]],
    ['record', ''],
    ['signing', environments[0]],
    ['lookup', ''],
  ] as const) {
    await expect(ring.forRecord(record, purpose, environmentId)).rejects.toThrow('does not have');
  }
});

it('a retired key opens nothing', async () => {
  const db = open();
  const wrapper = localKeyWrapper(new Secret(randomBytes(32)));
  const key = await (await openKeyRing(db, wrapper)).active('record', environments[0]);
  const record = sealRecord(key, [], randomBytes(8));
  await run(db, "update data_keys set state = 'decrypt_only' where id = $1", [key.id]);
  expect((await (await openKeyRing(db, wrapper)).forRecord(record, 'record', environments[0])).id).toBe(key.id);
  await run(db, "update data_keys set state = 'retired' where id = $1", [key.id]);
  await expect((await openKeyRing(db, wrapper)).forRecord(record, 'record', environments[0])).rejects.toThrow('does not have');
});

it('a ring that could not load a key tries again at the next call', async () => {
  const db = open();
  const ring = await openKeyRing(db, localKeyWrapper(new Secret(randomBytes(32))));
  await expect(ring.active('record', 'env_missing')).rejects.toThrow();
  const [{ workspace_id } = {}] = await run(db, 'select workspace_id from environments limit 1');
  await run(db, "insert into environments (id, workspace_id, name) values ('env_missing', $1, 'late')", [workspace_id]);
  expect((await ring.active('record', 'env_missing')).key).toHaveLength(32);
});
