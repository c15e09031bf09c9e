import { createDatabase } from '@grantway/test/harness';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { changesChannel } from './changes.ts';
import { type Database, openDatabase, pgErrorCode, uniqueViolation } from './database.ts';
import type { Step } from './pipeline.ts';

let url: string;
let drop: () => Promise<unknown>;
let other: pg.Client;
let db: Database;
let reported: Error[];
let report: (() => void) | undefined;
beforeAll(async () => {
  ({ url, drop } = await createDatabase({ empty: true }));
  other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query('create table things (id text primary key, size int)');
  reported = [];
  const onError = (error: Error) => {
    reported.push(error);
    report?.();
  };
  db = openDatabase({ connectionString: url, poolSize: 1, onError });
});
afterAll(async () => {
  await db.close();
  await other.end();
  await drop();
});

const lines = () => db.fenced('health', 'durable');
const add = (texts: string[], ints: (number | null)[]): Step => ({
  name: 'add',
  text: 'insert into things select * from unnest($1::text[], $2::int[])',
  values: [{ texts }, { ints }],
});
const read = (id: string | null): Step => ({ name: 'read', text: 'select size::text from things where id = $1', values: [id] });
const pid: Step = { name: 'pid', text: 'select pg_backend_pid()::text', values: [] };
const ended = (of: number) =>
  new Promise<void>((resolve) => {
    report = () => resolve();
    void other.query('select pg_terminate_backend($1)', [of]);
  });

it('steps are written as they are given, and each answers its first column and how many rows it had', async () => {
  const odd = ['', '"quoted", {in} \\ and out', 'Zürich 🚲', 'NULL', 'a'.repeat(70_000)];
  const sizes = [1, null, -3, 2_147_483_647, 0];
  expect(await lines().together([add(odd, sizes), read('Zürich 🚲'), read('NULL'), read(odd[1] as string), read(null)])).toEqual([
    { value: null, count: 5 },
    { value: '-3', count: 1 },
    { value: '2147483647', count: 1 },
    { value: null, count: 1 },
    { value: null, count: 0 },
  ]);
  const { rows } = await other.query<{ id: string }>('select id from things');
  expect(rows.map(({ id }) => id).sort()).toEqual([...odd].sort());
});

it('steps are one transaction: where the last is refused, the first is not done, and the next group finds everything ready', async () => {
  const refused = lines().together([add(['first'], [1]), add(['twice', 'twice'], [1, 2])]);
  expect(pgErrorCode(await refused.catch((error: unknown) => error))).toBe(uniqueViolation);
  expect(await lines().together([read('first')])).toEqual([{ value: null, count: 0 }]);
  expect(await lines().together([add(['first'], [1]), read('first')])).toEqual([
    { value: null, count: 1 },
    { value: '1', count: 1 },
  ]);
});

it('more groups than there are connections wait for their turn, and each gets its own answers', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `many-${i}`);
  const answers = await Promise.all(ids.map((id, i) => lines().together([add([id], [i]), read(id)])));
  expect(answers.map(([, found]) => found?.value)).toEqual(ids.map((_, i) => `${i}`));
});

it('what cannot be sent fails alone', async () => {
  await expect(lines().together([add(['too large'], [2 ** 40])])).rejects.toThrow();
  expect(await lines().together([read('too large')])).toEqual([{ value: null, count: 0 }]);
});

it('a connection that the server ends is reported and replaced, knows its statements again, and what was read before is not believed', async () => {
  await db.listen();
  const [before] = await lines().together([pid]);
  const moment = db.changes.moment();
  expect(db.changes.since({ moment, ids: ['any'] })).toBe(false);
  const count = reported.length;
  await ended(Number(before?.value));
  expect(reported.length).toBeGreaterThan(count);
  expect(db.changes.since({ moment, ids: ['any'] })).toBe(true);
  const [after] = await lines().together([pid]);
  expect(after?.value).not.toBe(before?.value);
});

it('that all connections hear is proven by telling them, and not once one of them does not', async () => {
  await db.listen();
  const proven = (is: boolean) => vi.waitFor(() => expect(db.changes.isProven()).toBe(is), { timeout: 15_000, interval: 50 });
  await proven(true);
  await lines().query({ name: 'unlisten', text: 'unlisten *', values: [] });
  await proven(false);
  // Every one of them, whichever of them it was.
  for (let i = 0; i < 8; i++)
    await Promise.all(Array.from({ length: 8 }, () => lines().query({ name: 'listen', text: `listen ${changesChannel}`, values: [] })));
  await proven(true);
});

it('a statement whose connection ends under it fails, and the next is served', async () => {
  const sleep: Step = { name: 'sleep', text: 'select pg_sleep(30)::text', values: [] };
  const moment = db.changes.moment();
  const cut = lines()
    .together([sleep])
    .catch((error: unknown) => error);
  // Not while it is only being parsed: then nobody's statement would be cut.
  const asleep = `select pid from pg_stat_activity where query like 'select pg_sleep(30)%' and wait_event = 'PgSleep'`;
  let found: { pid: number }[] = [];
  while (found.length === 0) found = (await other.query<{ pid: number }>(asleep)).rows;
  await other.query('select pg_terminate_backend($1)', [found[0]?.pid]);
  expect(pgErrorCode(await cut)).toBe('57P01');
  expect(db.changes.since({ moment, ids: ['any'] })).toBe(true);
  expect(await lines().together([read('first')])).toEqual([{ value: '1', count: 1 }]);
});

it('nothing is begun once the database was closed, and closing waits for what is under way', async () => {
  const short = openDatabase({ connectionString: url, poolSize: 1 });
  const listening = [short.listen(), short.listen()];
  const under = short.fenced('health', 'soon').together([add(['last'], [9])]);
  await Promise.all(listening);
  await short.close();
  expect(await under).toEqual([{ value: null, count: 1 }]);
  await expect(short.fenced('health', 'soon').together([pid])).rejects.toThrow('closed');
});
