import { mkdirSync } from 'node:fs';
import { Secret } from '@grantway/contract';
import { lockDataDir, startEmbeddedPostgres } from '@grantway/db/embedded';
import type { KeySources } from '@grantway/vault';
import type { Config } from './config.ts';
import { ensureMasterKey } from './data-dir.ts';
import { openMasterKeys } from './master-keys.ts';

/** What the broker and the operator's commands work on. */
export interface Installation {
  database: Secret;
  keys: KeySources;
}

/** Opens data folder, database and master keys; pushes what closes them again, in the order of opening. */
export async function openInstallation(config: Readonly<Config>, stops: (() => Promise<void> | void)[]): Promise<Installation> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  let masterKey = config.masterKey;
  let database = config.database;
  if (config.mode === 'embedded') {
    const lock = lockDataDir(config.dataDir);
    stops.push(() => lock.release());
    if (config.keys.source === undefined) masterKey ??= ensureMasterKey(config.dataDir);
  }
  const opened = openMasterKeys(config.keys, masterKey);
  stops.push(() => opened.close());
  if (config.mode === 'embedded') {
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
    stops.push(() => postgres.stop());
    database = new Secret(postgres.connectionString);
  }
  return { database: database as Secret, keys: opened.sources };
}
