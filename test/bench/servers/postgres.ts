import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '@grantway/db/embedded';
import { ready } from '../processes.ts';

/** The database that an installation has by default, on an empty folder that goes with it. */
const dataDir = mkdtempSync(path.join(tmpdir(), 'grantway-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const close = async () => {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
};
ready(
  {
    url: postgres.connectionString,
    adminUrl: postgres.adminConnectionString.replace(/\/postgres$/, '/grantway'),
    pid: postgres.pid,
    version: postgres.version,
  },
  close,
  // The server's log, which holds the plans where it is told to write them.
  () => readFileSync(path.join(dataDir, 'postgres.log'), 'utf8'),
);
