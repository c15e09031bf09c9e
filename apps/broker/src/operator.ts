import { parseArgs } from 'node:util';
import { isFault, Secret } from '@grantway/contract';
import {
  afterRestore,
  forgetEnvironment,
  grantEveryPermission,
  listEnvironments,
  listOperatorDeeds,
  resumeEnvironment,
  setCredentialRead,
  suspendClient,
  suspendEnvironment,
} from '@grantway/core';
import type { Database } from '@grantway/db';
import { lockDataDir, startEmbeddedPostgres } from '@grantway/db/embedded';
import { ConfigError, parseConfig, readEnvironment } from './config.ts';
import { openOperatorDatabase } from './deps.ts';
import { operatorName } from './operator-name.ts';

// Deeds that no client of an environment may do. Whoever runs this holds the database, not an access token.

const say = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

const usage = `npm run operator -- <command>

  environments                         lists environments and their state
  suspend <environment or client>      refuses every call of it with the next one, at every process
  resume <environment or client>       serves it again; nobody has to authorize anew
  forget <environment> [--unrevoked]   destroys its data keys and sealed values for good; --unrevoked: also while
                                       credentials are still alive at their providers
  permissions <client> all             gives a client every permission, those of later versions included
  credential-read <client> on --per-hour <n> --per-day <n> [--keys]
                                       lets a client that has credentials:read read access tokens in clear, so often;
                                       --keys: also API keys and passwords, which do not end by themselves
  credential-read <client> off         ends that with the next call
  audit                                the latest deeds of operators, keys commands included
  restored                             after the database was restored from a backup, before brokers start: tries every
                                       refreshable credential within ten minutes; those spent since become rotation_lost

It reads the same settings as the broker. In embedded mode the broker must be stopped first.`;

class UsageError extends Error {}

async function run(db: Database, { command, id, flags, limits }: ReturnType<typeof parsed>): Promise<void> {
  const by = operatorName();
  const isClient = id?.startsWith('cl_') === true;
  switch (command) {
    case 'environments':
      for (const e of await listEnvironments(db)) {
        say(`${e.id}  ${e.workspace} / ${e.name}${e.forgotten ? '  forgotten' : e.suspended ? '  suspended' : ''}`);
      }
      return;
    case 'audit':
      for (const { at, action, by: who, environmentId, target, details } of await listOperatorDeeds(db, 200)) {
        say(
          `${at.toISOString()}  ${who ?? '-'}  ${action}  ${environmentId ?? 'installation'}  ${target ?? '-'}  ${JSON.stringify(details)}`,
        );
      }
      return;
    case 'restored':
      say(`restored: ${await afterRestore(db, { by })} credentials will be tried`);
      return;
    case 'suspend':
      await (isClient ? suspendClient(db, id as string, true, by) : suspendEnvironment(db, id as string, by));
      break;
    case 'resume':
      await (isClient ? suspendClient(db, id as string, false, by) : resumeEnvironment(db, id as string, by));
      break;
    case 'forget':
      await forgetEnvironment(db, id as string, { unrevoked: flags.unrevoked === true, by });
      break;
    case 'permissions':
      await grantEveryPermission(db, id as string, by);
      break;
    default:
      await setCredentialRead(db, id as string, limits, by);
  }
  say(`${command}: ${id} done`);
}

/** What each command takes: an id, the words after it, and flags. */
const commands: Record<string, { id: boolean; words?: string[]; flags?: string[] }> = {
  environments: { id: false },
  audit: { id: false },
  restored: { id: false },
  suspend: { id: true },
  resume: { id: true },
  forget: { id: true, flags: ['unrevoked'] },
  permissions: { id: true, words: ['all'] },
  'credential-read': { id: true, words: ['on', 'off'], flags: ['per-hour', 'per-day', 'keys'] },
};

function parsed(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        unrevoked: { type: 'boolean' },
        keys: { type: 'boolean' },
        'per-hour': { type: 'string' },
        'per-day': { type: 'string' },
      },
    });
    const [command = '', ...rest] = positionals;
    const takes = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (takes === undefined) throw new Error(command === '' ? 'name a command' : `there is no command "${command}"`);
    const id = takes.id ? rest.shift() : undefined;
    if (takes.id && id === undefined) throw new Error(`${command} needs an id`);
    const word = takes.words === undefined ? undefined : rest.shift();
    if (takes.words !== undefined && !takes.words.includes(word ?? '')) throw new Error(`${command} needs ${takes.words.join(' or ')}`);
    if (rest.length > 0) throw new Error(`"${rest[0]}" is too much`);
    const strange = Object.keys(values).find((flag) => takes.flags?.includes(flag) !== true || word === 'off');
    if (strange !== undefined) throw new Error(`--${strange} does not belong there`);
    const limits =
      word === 'on'
        ? { perHour: times('per-hour', values['per-hour']), perDay: times('per-day', values['per-day']), keys: values.keys === true }
        : null;
    return { command, id, flags: values, limits };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function times(flag: string, value: string | undefined): number {
  if (value === undefined || !/^[1-9]\d{0,5}$/.test(value)) throw new Error(`--${flag} must be a number from 1 to 999999`);
  return Number(value);
}

async function main(): Promise<number> {
  const stops: (() => Promise<void> | void)[] = [];
  try {
    const order = parsed(process.argv.slice(2));
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
    await run(db, order);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      for (const line of [error.message, '', usage]) complain(line);
      return 2;
    }
    if (error instanceof ConfigError) for (const problem of error.problems) complain(problem);
    else complain(isFault(error) ? (error.detail ?? error.code) : error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

process.exitCode = await main();
