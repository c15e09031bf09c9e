import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@grantway/db/embedded';
import pg from 'pg';

/**
 * One Postgres for all tests. Without settings it is the embedded one; with GRANTWAY_TEST_DATABASE_ADMIN_URL and
 * GRANTWAY_TEST_REDIS_URL the same suites run in server mode.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const given = process.env['GRANTWAY_TEST_DATABASE_ADMIN_URL'];
  const redisUrl = process.env['GRANTWAY_TEST_REDIS_URL'];
  const dataDir = given === undefined ? mkdtempSync(path.join(tmpdir(), 'grantway-test-')) : undefined;
  const embedded = dataDir === undefined ? undefined : await startEmbeddedPostgres({ dataDir, maxConnections: 300 });
  const adminUrl = given ?? (embedded?.adminConnectionString as string);
  const role = `t_role_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  const admin = async (statement: string) => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await admin(`CREATE ROLE ${role} LOGIN PASSWORD '${password}' NOSUPERUSER NOBYPASSRLS`);
  process.env['GRANTWAY_TEST_SERVER'] = JSON.stringify({ adminUrl, role, password, redisUrl });
  return async () => {
    await admin(`DROP ROLE IF EXISTS ${role}`).catch(() => {});
    await embedded?.stop();
    if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
  };
}
