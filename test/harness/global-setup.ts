import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@grantway/db';
import { startEmbeddedPostgres } from '@grantway/db/embedded';
import pg from 'pg';
import { startJobs } from '../../apps/broker/src/jobs/worker.ts';
import { removeMarks } from './marks.ts';

/**
 * One Postgres for all tests. Without settings it is the embedded one; with GRANTWAY_TEST_DATABASE_ADMIN_URL and
 * GRANTWAY_TEST_REDIS_URL the same suites run in server mode.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const given = process.env['GRANTWAY_TEST_DATABASE_ADMIN_URL'];
  const redisUrl = process.env['GRANTWAY_TEST_REDIS_URL'];
  const dataDir = given === undefined ? mkdtempSync(path.join(tmpdir(), 'grantway-test-')) : undefined;
  const embedded = dataDir === undefined ? undefined : await startEmbeddedPostgres({ dataDir, maxConnections: 300, durable: false });
  const adminUrl = given ?? (embedded?.adminConnectionString as string);
  const role = `t_role_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  const admin = async <R extends pg.QueryResultRow>(statement: string, database?: string) => {
    const client = new pg.Client({ connectionString: database === undefined ? adminUrl : urlOf(adminUrl, database) });
    await client.connect();
    return client.query<R>(statement).finally(() => client.end());
  };
  // The password is random: stretching it would only take time, on both sides of every connection. PostgreSQL 16 knows the setting.
  const unstretched = embedded === undefined ? '' : 'SET scram_iterations = 1; ';
  await admin(`${unstretched}CREATE ROLE ${role} LOGIN PASSWORD '${password}' NOSUPERUSER NOBYPASSRLS`);
  const template = `t_template_${randomBytes(6).toString('hex')}`;
  await admin(`CREATE DATABASE ${template} OWNER ${role}`);
  await fill(urlOf(adminUrl, template, { role, password }), redisUrl === undefined);
  // Copying files takes a checkpoint, which is nothing where nothing waits for the disk, and else more than it saves.
  const { rows } = await admin<{ fsync: string }>('SHOW fsync');
  const strategy = rows[0]?.fsync === 'off' ? 'FILE_COPY' : 'WAL_LOG';
  process.env['GRANTWAY_TEST_SERVER'] = JSON.stringify({ adminUrl, role, password, redisUrl, template, strategy });
  return async () => {
    await admin(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`).catch(() => {});
    await admin(`DROP ROLE IF EXISTS ${role}`).catch(() => {});
    await embedded?.stop();
    if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
    removeMarks();
  };
}

function urlOf(adminUrl: string, database: string, as?: { role: string; password: string }): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (as !== undefined) [url.username, url.password] = [as.role, as.password];
  return url.href;
}

/** What a broker's first start makes of an empty database, but for rows: it would make the same of each test's. */
async function fill(url: string, withQueue: boolean): Promise<void> {
  await migrate(url, fileURLToPath(new URL('../../migrations', import.meta.url)));
  if (!withQueue) return;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const running = await startJobs({ log } as never, { kind: 'postgres', connectionString: url }, []);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let left = 300; left > 0; left--) {
      const { rows } = await client.query("SELECT FROM pg_namespace WHERE nspname = 'bullmq'");
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the queue made no tables');
  } finally {
    await client.end();
    await running.close();
  }
}
