import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@grantway/db/embedded';
import { ready } from '../processes.ts';

/** The database of the run, on an empty folder that goes with it. */
const dataDir = mkdtempSync(path.join(tmpdir(), 'grantway-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const close = async () => {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
};
const pid = Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
ready({ url: postgres.connectionString, adminUrl: postgres.adminConnectionString, pid }, close);
