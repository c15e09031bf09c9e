import { fileURLToPath } from 'node:url';
import { createDatabase } from '@grantway/test/harness';
import { eq, ne, sql } from 'drizzle-orm';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { environments, users, workspaces } from './schema.ts';
import { createStatementNames } from './statement-names.ts';

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url));
const [a, b] = ['env_a', 'env_b'];
let db: Database;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const database = await createDatabase();
  closers.push(database.drop);
  await migrate(database.url, migrations);
  // One connection, so that it is known which one a statement runs on.
  db = openDatabase({ connectionString: database.url, poolSize: 1 });
  closers.push(() => db.close());
  await db.system('bootstrap').tx(async (tx) => {
    await tx.insert(workspaces).values({ id: 'ws_one', name: 'one' });
    for (const id of [a, b]) await tx.insert(environments).values({ id, workspaceId: 'ws_one', name: id });
  });
  for (const id of [a, b]) {
    await db.inEnvironment(id, (tx) =>
      tx.insert(users).values([1, 2].map((n) => ({ id: `usr_${id}_${n}`, environmentId: id, identifier: `user-${n}` }))),
    );
  }
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const prepared = () =>
  db.inEnvironment(a, async (tx) => {
    const { rows } = await tx.execute<{ name: string; statement: string }>(sql`select name, statement from pg_prepared_statements`);
    return rows;
  });
const ofUser = (environment: string, identifier: string) =>
  db.inEnvironment(environment, (tx) => tx.select().from(users).where(eq(users.identifier, identifier)));

describe('a statement that comes again', () => {
  it('is prepared from the second time on, and answers the same', async () => {
    const isPrepared = async () => (await prepared()).filter(({ statement }) => statement.includes('"users"."identifier" = $1')).length;
    const answers = [await ofUser(a, 'user-1')];
    expect(await isPrepared()).toBe(0);
    for (let i = 0; i < 8; i++) {
      answers.push(await ofUser(a, 'user-1'));
      expect(await isPrepared()).toBe(1);
    }
    expect(answers[0]).toMatchObject([{ id: `usr_${a}_1`, createdAt: expect.any(Date), suspendedAt: null }]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await ofUser(a, 'nobody')).toEqual([]);
  });

  it('sees the rows of the environment that it runs in, however it was planned before', async () => {
    const seen = (environment: string) =>
      db.inEnvironment(environment, (tx) => tx.select({ environment: users.environmentId }).from(users).where(ne(users.id, 'usr_none')));
    for (let i = 0; i < 8; i++) {
      for (const environment of [a, b]) expect(await seen(environment)).toEqual([{ environment }, { environment }]);
    }
    expect((await prepared()).some(({ statement }) => statement.includes('"users"."id" <> $1'))).toBe(true);
  });

  it('that failed can be run again', async () => {
    const insert = (id: string) => db.inEnvironment(a, (tx) => tx.insert(users).values({ id, environmentId: a, identifier: id }));
    await insert('usr_once');
    await insert('usr_twice');
    for (let i = 0; i < 3; i++) await expect(insert('usr_once')).rejects.toThrow();
    await insert('usr_thrice');
  });
});

describe('which statements get a name', () => {
  const ran: unknown[] = [];
  const run = () => {
    const client = { query: (...args: unknown[]) => void ran.push(args) } as unknown as pg.ClientBase;
    createStatementNames()(client);
    const query = client.query as unknown as (...args: unknown[]) => void;
    return (...args: unknown[]): unknown => {
      query(...args);
      return (ran.at(-1) as [{ name?: string }])[0].name;
    };
  };

  it('the same text the same, another text another, whatever else is said of it', () => {
    const query = run();
    expect([query({ text: 'one' }, [1]), query({ text: 'other' }, [1])]).toEqual([undefined, undefined]);
    const [one, other] = [query({ text: 'one', rowMode: 'array' }, [2]), query({ text: 'other' }, [1])];
    expect(ran.at(-2)).toEqual([{ text: 'one', rowMode: 'array', name: one }, [2]]);
    expect(query({ text: 'one' }, [3])).toBe(one);
    expect(one).toMatch(/^again /);
    expect(other).not.toBe(one);
  });

  it.each([
    ['one that has a name', [{ text: 'named', name: 'mine' }, [1]], 'mine'],
    ['one without parameters', [{ text: 'none' }, []], undefined],
    ['one without an array of them', [{ text: 'none' }, undefined], undefined],
    ['a text by itself', ['begin'], undefined],
    ['one that is too long', [{ text: 'x'.repeat(8_001) }, [1]], undefined],
  ])('not %s', (_what, args, name) => {
    const query = run();
    for (let i = 0; i < 3; i++) expect(query(...args)).toBe(name);
    expect(ran.at(-1)).toEqual(args);
  });

  it('no more than 150', () => {
    const query = run();
    const names = new Set<unknown>();
    for (let i = 0; i < 200; i++) for (let n = 0; n < 2; n++) names.add(query({ text: `text ${i}` }, [i]));
    // And those that have none.
    expect(names.size).toBe(151);
    expect(query({ text: 'text 0' }, [1])).toBe('again 1');
  });
});
