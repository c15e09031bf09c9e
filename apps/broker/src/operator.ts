import { isFault, Secret } from '@grantway/contract';
import { afterRestore, forgetEnvironment, listEnvironments, resumeEnvironment, suspendEnvironment } from '@grantway/core';
import type { Database } from '@grantway/db';
import { lockDataDir, startEmbeddedPostgres } from '@grantway/db/embedded';
import { ConfigError, parseConfig, readEnvironment } from './config.ts';
import { openOperatorDatabase } from './deps.ts';

// Deeds that no client of an environment may do. Whoever runs this holds the database, not an access token.

const say = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

const usage = `npm run operator -- <command>

  environments                         lists environments and their state
  suspend <environment>                refuses every call of it with the next one, at every process
  resume <environment>                 serves it again; nobody has to authorize anew
  forget <environment> [--unrevoked]   destroys its data keys and sealed values for good; --unrevoked: also while
                                       credentials are still alive at their providers
  restored                             after the database was restored from a backup, before brokers start: tries every
                                       refreshable credential within ten minutes; those spent since become rotation_lost

It reads the same settings as the broker. In embedded mode the broker must be stopped first.`;

async function run(db: Database, [command, id, flag]: string[]): Promise<boolean> {
  if (command === 'environments' && id === undefined) {
    for (const e of await listEnvironments(db)) {
      say(`${e.id}  ${e.workspace} / ${e.name}${e.forgotten ? '  forgotten' : e.suspended ? '  suspended' : ''}`);
    }
    return true;
  }
  if (command === 'restored' && id === undefined) {
    say(`restored: ${await afterRestore(db)} credentials will be tried`);
    return true;
  }
  if (id === undefined || (flag !== undefined && !(command === 'forget' && flag === '--unrevoked'))) return false;
  if (command === 'suspend') await suspendEnvironment(db, id);
  else if (command === 'resume') await resumeEnvironment(db, id);
  else if (command === 'forget') await forgetEnvironment(db, id, { unrevoked: flag === '--unrevoked' });
  else return false;
  say(`${command}: ${id} done`);
  return true;
}

async function main(): Promise<number> {
  const stops: (() => Promise<void> | void)[] = [];
  try {
    const config = parseConfig(readEnvironment());
    let database = config.database;
    if (database === undefined) {
      const lock = lockDataDir(config.dataDir);
      stops.push(() => lock.release());
      const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
      stops.push(() => postgres.stop());
      database = new Secret(postgres.connectionString);
    }
    const db = openOperatorDatabase(database);
    stops.push(() => db.close());
    if (await run(db, process.argv.slice(2))) return 0;
    complain(usage);
    return 2;
  } catch (error) {
    if (error instanceof ConfigError) for (const problem of error.problems) complain(problem);
    else complain(isFault(error) ? (error.detail ?? error.code) : error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

process.exitCode = await main();
