import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

/** Any constant will do; it must be the same in every replica. */
const migrationLock = 7_264_110_915;

/**
 * Brings the schema up to date. Replicas that start together take turns: drizzle's migrator by itself fails when run
 * twice at once.
 *
 * @param folder the `migrations/` folder
 * @throws Error when the role would bypass row-level security, or the server is older than PostgreSQL 15
 */
export async function migrate(connectionString: string, folder: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  // Whatever it is, the statement under way or the next one fails with it.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number; bypasses: boolean; role: string }>(
      `select current_setting('server_version_num')::int as version, current_user as role, (rolsuper or rolbypassrls) as bypasses
       from pg_roles where rolname = current_user`,
    );
    const server = rows[0];
    if (server === undefined || server.version < 150_000) throw new Error('PostgreSQL 15 or newer is required');
    if (server.bypasses) {
      throw new Error(
        `the database role "${server.role}" bypasses row-level security; use one made with: ` +
          "CREATE ROLE grantway LOGIN PASSWORD '...' NOSUPERUSER NOBYPASSRLS; CREATE DATABASE grantway OWNER grantway",
      );
    }
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    try {
      await runMigrations(drizzle(client), {
        migrationsFolder: folder,
        migrationsSchema: 'public',
        migrationsTable: 'grantway_migrations',
      });
    } finally {
      await client.query('select pg_advisory_unlock($1)', [migrationLock]);
    }
  } finally {
    await client.end();
  }
}
