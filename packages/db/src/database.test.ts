import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDatabase } from '@grantway/test/harness';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase, pgErrorCode, type Tx, uniqueViolation } from './database.ts';
import { migrate } from './migrate.ts';

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url));

/** What the whole installation has in common, readable by every session. This list may only shrink. */
const withoutPolicies = ['environments', 'grantway_migrations', 'workspaces'];
/** Belongs to an environment, and is still of no use to its sessions. */
const systemOnly = ['data_keys', 'data_key_wraps', 'signing_keys'];
const [a, b] = ['env_a', 'env_b'];

interface Column {
  column_name: string;
  udt_name: string;
  is_nullable: 'YES' | 'NO';
  column_default: string | null;
}

let url: string;
let admin: pg.Client;
let db: Database;
let tables: string[];
let perEnvironment: string[];
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const database = await createDatabase();
  url = database.url;
  closers.push(database.drop);
  await migrate(url, migrations);
  db = openDatabase({ connectionString: url, poolSize: 3 });
  closers.push(() => db.close());
  const { adminUrl } = JSON.parse(process.env['GRANTWAY_TEST_SERVER'] ?? '{}') as { adminUrl: string };
  const asAdmin = new URL(adminUrl);
  asAdmin.pathname = new URL(url).pathname;
  admin = new pg.Client({ connectionString: asAdmin.href });
  await admin.connect();
  closers.push(() => admin.end());

  tables = await names(
    "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
  );
  perEnvironment = await names(
    "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'environment_id' order by 1",
  );
  // One row of each environment in every table, without the rows they refer to.
  await admin.query('set session_replication_role = replica');
  for (const table of tables.filter((name) => name !== 'grantway_migrations')) {
    for (const environment of [a, b]) {
      const { text, values } = await insertion(table, environment);
      await admin.query(text, values);
    }
  }
  await admin.query('set session_replication_role = default');
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function names(text: string): Promise<string[]> {
  return (await admin.query<{ table_name: string }>(text)).rows.map((row) => row.table_name);
}

/** A statement that puts a row of this environment into any table of ours. */
async function insertion(table: string, environment: string): Promise<{ text: string; values: unknown[] }> {
  const { rows } = await admin.query<Column>(
    `select column_name, udt_name, is_nullable, column_default from information_schema.columns
     where table_schema = 'public' and table_name = $1`,
    [table],
  );
  const needed = rows.filter((c) => c.column_name === 'environment_id' || (c.is_nullable === 'NO' && c.column_default === null));
  const value = ({ column_name, udt_name }: Column): unknown => {
    if (column_name === 'environment_id') return environment;
    if (table === 'environments' && column_name === 'id') return environment;
    switch (udt_name) {
      case 'text':
        return `${environment} ${randomBytes(8).toString('hex')}`;
      case 'bytea':
        return randomBytes(16);
      case 'uuid':
        return crypto.randomUUID();
      case 'jsonb':
        return '{}';
      case '_text':
        return [];
      case 'timestamptz':
        return new Date();
      case 'int4':
      case 'int8':
        return 1;
      default:
        throw new Error(`${table}.${column_name}: no made-up value for ${udt_name}`);
    }
  };
  const values = needed.map(value);
  if (table === 'signing_keys') {
    // One key is active at a time.
    return {
      text: `insert into signing_keys (${needed.map((c) => c.column_name)}, state) values (${values.map((_, i) => `$${i + 1}`)}, 'retired')`,
      values,
    };
  }
  return {
    text: `insert into "${table}" (${needed.map((c) => `"${c.column_name}"`)}) values (${values.map((_, i) => `$${i + 1}`)})`,
    values,
  };
}

/** Runs the work in one environment and takes everything back. */
async function tried<T>(environment: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  let result: { of: T } | undefined;
  const undo = new Error('undo');
  await db
    .inEnvironment(environment, async (tx) => {
      result = { of: await work(tx) };
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return (result as { of: T }).of;
}

const identifier = (name: string) => sql.identifier(name);
const environmentsIn = async (tx: Tx, table: string) =>
  (await tx.execute<{ environment_id: string }>(sql`select environment_id from ${identifier(table)} order by 1`)).rows.map(
    (r) => r.environment_id,
  );

describe('every table', () => {
  it('has row-level security, forced upon its owner, but for those that all environments share', async () => {
    const { rows } = await admin.query<{ relname: string; relrowsecurity: boolean; relforcerowsecurity: boolean; policies: number }>(
      `select c.relname, c.relrowsecurity, c.relforcerowsecurity, (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1`,
    );
    const secured = rows.filter((r) => r.relrowsecurity && r.relforcerowsecurity && r.policies === 1).map((r) => r.relname);
    expect(secured).toEqual(tables.filter((name) => !withoutPolicies.includes(name)));
    expect(rows.map((r) => r.relname)).toEqual(tables);
    expect(perEnvironment.filter((name) => !secured.includes(name))).toEqual([]);
    expect(perEnvironment.length).toBeGreaterThanOrEqual(13);
  });

  it('holds rows of two environments here, seen by the system pool: what follows is not proven on empty tables', async () => {
    for (const table of perEnvironment) {
      const rows = await db.system('health').query<{ environment_id: string }>({
        name: '',
        text: `select environment_id from "${table}" order by 1`,
        values: [],
      });
      expect([table, rows.map((r) => r.environment_id)]).toEqual([table, [a, b]]);
    }
    for (const table of systemOnly) {
      const rows = await db.system('health').query({ name: '', text: `select 1 from "${table}"`, values: [] });
      expect([table, rows.length]).toEqual([table, 2]);
    }
  });
});

describe('a session of one environment', () => {
  it.each([
    [a, b],
    [b, a],
  ])('%s sees, updates and deletes nothing of %s, in any table', async (own, other) => {
    const mine = (table: string) => (systemOnly.includes(table) ? [] : [own]);
    for (const table of perEnvironment) {
      const found = await tried(own, async (tx) => ({
        seen: await environmentsIn(tx, table),
        named: (await tx.execute(sql`select 1 from ${identifier(table)} where environment_id = ${other}`)).rows.length,
        updated: (await tx.execute(sql`update ${identifier(table)} set environment_id = environment_id`)).rowCount,
        deleted: (await tx.execute(sql`delete from ${identifier(table)}`)).rowCount,
      }));
      expect([table, found]).toEqual([table, { seen: mine(table), named: 0, updated: mine(table).length, deleted: mine(table).length }]);
    }
    for (const table of systemOnly) {
      const count = await tried(own, async (tx) => (await tx.execute(sql`delete from ${identifier(table)}`)).rowCount);
      expect([table, count]).toEqual([table, 0]);
    }
  });

  it('can neither make a row of another environment nor give one of its own away', async () => {
    for (const table of perEnvironment) {
      const { text, values } = await insertion(table, b);
      const parts = text.split(/\$\d+/);
      const statement = sql.join(
        parts.flatMap((part, i) => (i === 0 ? [sql.raw(part)] : [sql`${sql.param(values[i - 1])}`, sql.raw(part)])),
      );
      const made = await tried(a, (tx) => tx.execute(statement)).then(
        () => 'made',
        (error: unknown) => pgErrorCode(error),
      );
      // 42501: insufficient_privilege, the policy's own refusal
      expect([table, made]).toEqual([table, '42501']);
      if (systemOnly.includes(table)) continue;
      const given = await tried(a, (tx) => tx.execute(sql`update ${identifier(table)} set environment_id = ${b}`)).then(
        () => 'given',
        (error: unknown) => pgErrorCode(error),
      );
      expect([table, given]).toEqual([table, '42501']);
    }
  });

  it('stays in it while sessions of others use the same connections in turn', async () => {
    const seen = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const own = i % 2 === 0 ? a : b;
        return db.inEnvironment(own, async (tx) => {
          await tx.execute(sql`select pg_sleep(0)`);
          return [own, await environmentsIn(tx, 'users')] as const;
        });
      }),
    );
    for (const [own, rows] of seen) expect(rows).toEqual([own]);
  });

  it('is refused for the name that stands for all of them, and sees nothing without a name', async () => {
    await expect(db.inEnvironment('*', (tx) => environmentsIn(tx, 'users'))).rejects.toThrow('an environment id is required');
    for (const nothing of ['', 'env_unknown', '%', 'env_'])
      expect(await db.inEnvironment(nothing, (tx) => environmentsIn(tx, 'users'))).toEqual([]);
  });
});

it('a connection that named no environment sees and changes nothing, in any table', async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const table of tables.filter((name) => !withoutPolicies.includes(name))) {
      const { rows } = await client.query(`select 1 from "${table}"`);
      const { rowCount: deleted } = await client.query(`delete from "${table}"`);
      expect([table, rows.length, deleted]).toEqual([table, 0, 0]);
    }
    // Also once a transaction has named one and is over.
    await client.query('begin');
    await client.query("select set_config('grantway.environment_id', $1, true)", [a]);
    expect((await client.query('select 1 from users')).rows).toHaveLength(1);
    await client.query('commit');
    expect((await client.query('select 1 from users')).rows).toHaveLength(0);
  } finally {
    await client.end();
  }
});

it('what is acknowledged is on the disk, also where the role was told not to wait for it', async () => {
  await admin.query(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
  const fresh = openDatabase({ connectionString: url, poolSize: 1 });
  try {
    const [across] = await fresh.system('health').query({ name: 'durable?', text: 'show synchronous_commit', values: [] });
    const { rows } = await fresh.inEnvironment(a, (tx) => tx.execute(sql`show synchronous_commit`));
    expect([across, rows[0]]).toEqual([{ synchronous_commit: 'on' }, { synchronous_commit: 'on' }]);
  } finally {
    await fresh.close();
    await admin.query(`alter database ${new URL(url).pathname.slice(1)} reset synchronous_commit`);
  }
});

it('work that fails leaves nothing behind, and its connection serves the next', async () => {
  const small = openDatabase({ connectionString: url, poolSize: 1 });
  try {
    const insert = (tx: Tx) => tx.execute(sql`insert into users (id, environment_id, identifier) values ('usr_x', ${a}, 'x')`);
    const failed = await small
      .inEnvironment(a, async (tx) => {
        await insert(tx);
        await insert(tx);
      })
      .catch((error: unknown) => error);
    expect(pgErrorCode(failed)).toBe(uniqueViolation);
    expect(await small.inEnvironment(a, async (tx) => (await tx.execute(sql`select 1 from users where id = 'usr_x'`)).rows)).toEqual([]);
  } finally {
    await small.close();
  }
});

it('a connection that the server ends is reported and replaced', async () => {
  let report: (error: Error) => void = () => {};
  const reported = new Promise<Error>((resolve) => {
    report = resolve;
  });
  const small = openDatabase({ connectionString: url, poolSize: 1, onError: (error) => report(error) });
  try {
    const pid = async () =>
      (await small.inEnvironment(a, async (tx) => (await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)).rows))[0]?.pid;
    const before = await pid();
    await admin.query('select pg_terminate_backend($1)', [before]);
    await reported;
    expect(await pid()).not.toBe(before);
  } finally {
    await small.close();
  }
});

it('a connection that the server ends between two statements of a transaction fails the transaction, not the process', async () => {
  const small = openDatabase({ connectionString: url, poolSize: 1 });
  try {
    for (const begin of [
      <T>(work: (tx: Tx) => Promise<T>) => small.inEnvironment(a, work),
      <T>(work: (tx: Tx) => Promise<T>) => small.system('health').tx(work),
    ]) {
      const cut = begin(async (tx) => {
        const { rows } = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
        await admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        // Nothing is under way on it while its end is seen.
        for (let left = 100; left > 0; left--) {
          const { rowCount } = await admin.query('select 1 from pg_stat_activity where pid = $1', [rows[0]?.pid]);
          if (rowCount === 0) break;
        }
        await new Promise((resolve) => setImmediate(resolve));
        return tx.execute(sql`select 1`);
      });
      await expect(cut).rejects.toThrow();
      expect(await begin(async (tx) => (await tx.execute<{ one: number }>(sql`select 1 as one`)).rows)).toEqual([{ one: 1 }]);
    }
  } finally {
    await small.close();
  }
});
