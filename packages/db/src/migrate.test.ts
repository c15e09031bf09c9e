import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDatabase } from '@grantway/test/harness';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { migrate } from './migrate.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const migrations = path.join(root, 'migrations');
const { adminUrl } = JSON.parse(process.env['GRANTWAY_TEST_SERVER'] ?? '{}') as { adminUrl: string };

async function query<R extends pg.QueryResultRow>(connectionString: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}
const tablesOf = async (url: string) =>
  (
    await query<{ name: string }>(url, "select table_name as name from information_schema.tables where table_schema = 'public' order by 1")
  ).map((r) => r.name);

describe('migrate', () => {
  it('run by four at once on an empty database succeeds for each, and each migration is made once', async () => {
    const database = await createDatabase({ empty: true });
    try {
      await Promise.all(Array.from({ length: 4 }, () => migrate(database.url, migrations)));
      const files = readdirSync(migrations).filter((name) => name.endsWith('.sql'));
      expect(await query(database.url, 'select count(*)::int as n from grantway_migrations')).toEqual([{ n: files.length }]);
      expect(await tablesOf(database.url)).toContain('connected_accounts');
    } finally {
      await database.drop();
    }
  });

  it('run again changes nothing and keeps the rows', async () => {
    const database = await createDatabase({ empty: true });
    try {
      await migrate(database.url, migrations);
      await query(database.url, "insert into workspaces (id, name) values ('ws_1', 'one')");
      const before = await tablesOf(database.url);
      await migrate(database.url, migrations);
      expect(await tablesOf(database.url)).toEqual(before);
      expect(await query(database.url, 'select id from workspaces')).toEqual([{ id: 'ws_1' }]);
    } finally {
      await database.drop();
    }
  });

  it('gives its lock back when it fails', async () => {
    const database = await createDatabase({ empty: true });
    try {
      await expect(migrate(database.url, path.join(root, 'no-such-folder'))).rejects.toThrow();
      await migrate(database.url, migrations);
      expect(
        await query(
          database.url,
          "select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
        ),
      ).toEqual([]);
    } finally {
      await database.drop();
    }
  });

  it.each(['SUPERUSER', 'BYPASSRLS'])(
    'as a role with %s is refused with the SQL for a right one, and nothing is written',
    async (attribute) => {
      const database = await createDatabase({ empty: true });
      const [role, password] = [`t_role_${randomBytes(6).toString('hex')}`, randomBytes(16).toString('hex')];
      await query(adminUrl, `CREATE ROLE ${role} LOGIN ${attribute} PASSWORD '${password}'`);
      try {
        const url = new URL(database.url);
        url.username = role;
        url.password = password;
        const message = await migrate(url.href, migrations).then(
          () => 'accepted',
          (error: Error) => error.message,
        );
        expect(message).toContain(`"${role}" bypasses row-level security`);
        expect(message).not.toContain(password);
        expect(await tablesOf(database.url)).toEqual([]);

        // The SQL that the message offers does mend it: run with names of our own.
        const mended = `t_role_${randomBytes(6).toString('hex')}`;
        const [create, own] = message.slice(message.indexOf('CREATE ROLE')).split('; ') as [string, string];
        await query(adminUrl, create.replace('grantway', mended).replace('...', password));
        await query(adminUrl, own.replace('DATABASE grantway', `DATABASE ${mended}`).replace('OWNER grantway', `OWNER ${mended}`));
        try {
          url.username = mended;
          url.pathname = `/${mended}`;
          await migrate(url.href, migrations);
          expect(await tablesOf(url.href)).toContain('connected_accounts');
        } finally {
          await query(adminUrl, `DROP DATABASE ${mended} WITH (FORCE)`);
          await query(adminUrl, `DROP ROLE ${mended}`);
        }
      } finally {
        await query(adminUrl, `DROP ROLE ${role}`);
        await database.drop();
      }
    },
  );
});

it('schema.ts and the migrations agree: generating again yields no statement', async (context) => {
  const program = path.join(root, 'node_modules/drizzle-kit/bin.cjs');
  if (!existsSync(program)) return context.skip('drizzle-kit is not installed here');
  const copy = mkdtempSync(path.join(tmpdir(), 'grantway-migrations-'));
  try {
    cpSync(migrations, copy, { recursive: true });
    const before = readdirSync(copy, { recursive: true }).sort();
    const args = [
      program,
      'generate',
      '--dialect',
      'postgresql',
      '--schema',
      './packages/db/src/schema.ts',
      '--out',
      path.relative(root, copy),
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, CI: '1' } });
    expect(stdout).toContain('connected_accounts');
    expect(stdout).toContain('No schema changes');
    expect(readdirSync(copy, { recursive: true }).sort()).toEqual(before);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
