import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Secret } from '@grantway/contract';
import { localKeyWrapper, retireDataKeys, rotateDataKeys } from '@grantway/vault';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { fileSetting } from './setting.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'grantway-files-'));
const masterKey = randomBytes(32);
let setting: Awaited<ReturnType<typeof fileSetting>>;
let rows: Rows;

beforeAll(async () => {
  setting = await fileSetting({ masterKey, files: { folder } });
  rows = await openRows(setting.broker);
});
afterAll(async () => {
  await rows?.close();
  await setting?.broker.close();
  rmSync(folder, { recursive: true, force: true });
});

const stored = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
const sweep = () => setting.broker.broker.jobs.runNow('file.sweep');
const totals = async () => (await rows.query('select files, bytes from file_totals'))[0];
const none = { files: '0', bytes: '0' };

it('a file that was deleted cannot be read from then on, and its bytes and row are gone', async () => {
  const { id } = (await setting.upload(randomBytes(1_000))).body;
  expect(stored()).toBe(1);
  expect((await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await setting.download(id)).status).toBe(404);
  expect((await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' })).body.code).toBe('not_found');
  expect([stored(), await rows.query('select 1 from files'), await totals()]).toEqual([0, [], none]);
});

it('a file that has expired cannot be read, before any sweep; the sweep removes bytes and row and says so in the audit', async () => {
  const { id } = (await setting.upload(randomBytes(1_000))).body;
  await rows.query("update files set expires_at = now() - interval '1 second'");
  expect((await setting.download(id)).status).toBe(404);
  expect((await setting.broker.api('/v1/files')).body.items).toEqual([]);
  await sweep();
  expect([stored(), await rows.query('select 1 from files'), await totals()]).toEqual([0, [], none]);
  const audit = await rows.query("select actor_kind, details from audit_events where action = 'file.deleted' and target_id = $1", [id]);
  expect(audit).toEqual([{ actor_kind: 'system', details: { reason: 'expired', size: 1_000 } }]);
});

it('what a dead process was writing is removed by its row, and was never readable', async () => {
  const { id } = (await setting.upload(randomBytes(1_000))).body;
  // As it is before the last byte: no key in the row.
  await rows.query("update files set status = 'writing', key_ct = null, created_at = now() - interval '2 hours'");
  expect((await setting.download(id)).status).toBe(404);
  await sweep();
  expect([stored(), await rows.query('select 1 from files'), await totals()]).toEqual([0, [], none]);
});

it('a user who is forgotten takes the files along, those under way too', async () => {
  const { id } = (await setting.upload(randomBytes(1_000), { user: 'leaver' })).body;
  let finish = () => {};
  const held = new ReadableStream<Uint8Array>({
    start(c) {
      c.enqueue(randomBytes(100_000));
      finish = () => c.close();
    },
  });
  const underWay = setting.upload(held, { user: 'leaver' });
  for (let i = 0; i < 300 && (await rows.query("select 1 from files where status = 'writing'")).length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect((await setting.broker.api('/v1/users/leaver', { method: 'DELETE' })).status).toBe(204);
  finish();
  expect((await underWay).body.code).toBe('not_found');
  expect((await setting.download(id)).status).toBe(404);
  await sweep();
  expect([stored(), await rows.query('select 1 from files'), await totals()]).toEqual([0, [], none]);
});

it('what lies on the disk opens under no other row, and a copy of it is not readable', async () => {
  const bytes = Buffer.from('the words of a letter '.repeat(5_000));
  const [a, b] = [(await setting.upload(bytes)).body, (await setting.upload(bytes)).body];
  await rows.query('update files f set key_ct = g.key_ct from files g where f.id = $1 and g.id = $2', [a.id, b.id]);
  expect((await setting.download(a.id)).status).toBe(503);
  expect((await setting.download(b.id)).bytes.equals(bytes)).toBe(true);
  for (const { id } of [a, b]) await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
  await sweep();
});

it('key rotation keeps files readable, and retires the key that they were sealed under', async () => {
  const bytes = randomBytes(150_000);
  const { id } = (await setting.upload(bytes)).body;
  const keyOf = async () =>
    (await rows.query<{ k: string }>("select encode(substring(key_ct from 4 for 16), 'hex') as k from files"))[0]?.k;
  const before = await keyOf();
  const { db } = setting.broker.modules;
  const deps = { db, sources: { primary: localKeyWrapper(new Secret(masterKey)) } };
  await rotateDataKeys(deps);
  expect(await keyOf()).not.toBe(before);
  expect((await setting.download(id)).bytes.equals(bytes)).toBe(true);
  await rows.query("update data_keys set state_changed_at = now() - interval '1 hour'");
  await retireDataKeys(deps);
  expect((await setting.download(id)).bytes.equals(bytes)).toBe(true);
});
