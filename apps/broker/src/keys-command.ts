import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reveal, Secret } from '@grantway/contract';
import { migrate, openDatabase, recordAudit } from '@grantway/db';
import {
  breakGlassOpener,
  keyStatus,
  localKeyWrapper,
  type RotationDeps,
  retireDataKeys,
  retireMaster,
  rotateDataKeys,
  rotateMaster,
  verifySealedRows,
} from '@grantway/vault';
import type { Config } from './config.ts';
import { ensureMasterKey, ensureNextMasterKey, isRotatingMasterKey, promoteMasterKey, readPreviousMasterKey } from './data-dir.ts';
import { openInstallation } from './installation.ts';
import { operatorName } from './operator-name.ts';

export class UsageError extends Error {}

export const keysUsage = [
  'keys status                     the data keys: state, master keys that wrap them, sealed rows that name them',
  'keys rotate                     rotate-master, then rotate-data',
  'keys rotate-master              wraps every data key also under GRANTWAY_SECOND_KEY and the break-glass key; embedded mode makes the next key itself',
  'keys rotate-data [--environment env_…]   new record and signing keys; every row is sealed anew, while brokers run',
  'keys retire                     retires data keys that nothing names any more',
  'keys retire --master <id>       removes the wraps under a master key that is no longer configured',
  'keys verify                     opens every sealed row',
  'keys recover --private-key <file>   wraps the data keys under the master key in force, with the break-glass private key',
];

type Say = (line: string) => void;

/** False when something was found that an operator must look at. */
export async function runKeysCommand(words: string[], config: Readonly<Config>, migrationsDir: string, say: Say): Promise<boolean> {
  const { action, options } = parsed(words);
  const stops: (() => Promise<void> | void)[] = [];
  try {
    const { database, keys } = await openInstallation(config, stops);
    const connectionString = reveal(database);
    await migrate(connectionString, migrationsDir);
    const db = openDatabase({ connectionString, poolSize: 2 });
    stops.push(() => db.close());
    const deps: RotationDeps & Required<Pick<RotationDeps, 'actor'>> = {
      db,
      sources: keys,
      actor: { kind: 'operator', id: operatorName() },
      progress: say,
    };

    switch (action) {
      case 'status':
        return await status(deps, say);
      case 'rotate':
        return (await master(deps, config, say)) && (await data(deps, options.environment, say));
      case 'rotate-master':
        return await master(deps, config, say);
      case 'rotate-data':
        return await data(deps, options.environment, say);
      case 'retire':
        return await retire(deps, options.master, say);
      case 'verify':
        return await verify(deps, say);
      default:
        return await recover(deps, options['private-key'] as string, say);
    }
  } finally {
    for (const step of stops.reverse()) await step();
  }
}

function parsed(words: string[]) {
  const [action = '', ...rest] = words;
  if (!['status', 'rotate', 'rotate-master', 'rotate-data', 'retire', 'verify', 'recover'].includes(action)) {
    throw new UsageError(action === '' ? 'keys needs a word more' : `there is no command "keys ${action}"`);
  }
  try {
    const { values } = parseArgs({
      args: rest,
      options: { environment: { type: 'string' }, master: { type: 'string' }, 'private-key': { type: 'string' } },
    });
    if (action === 'recover' && values['private-key'] === undefined) throw new Error('keys recover needs --private-key <file>');
    return { action, options: values };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function status(deps: RotationDeps, say: Say): Promise<boolean> {
  const keys = await keyStatus(deps);
  if (keys.length === 0) say('there are no data keys yet');
  for (const key of keys) {
    const where = key.environmentId === '' ? '' : ` of ${key.environmentId}`;
    say(
      `${key.id}  ${key.state.padEnd(12)}  ${key.purpose}${where}: ${key.rows} rows; under ${key.wrapperIds.join(', ') || 'no master key'}`,
    );
  }
  return keys.every(({ state, rows }) => state !== 'retired' || rows === 0);
}

async function master(deps: RotationDeps, config: Readonly<Config>, say: Say): Promise<boolean> {
  const { primary } = deps.sources;
  const ownFile = config.mode === 'embedded' && config.masterKey === undefined && config.keys.source === undefined;
  if (!ownFile || config.keys.second !== undefined) {
    await rotateMaster(deps);
    if (config.keys.second === undefined) {
      say(
        'every data key is wrapped under every configured master key; to change the master key, name the next one in GRANTWAY_SECOND_KEY',
      );
      return true;
    }
    say('now start every broker with the new key as its master key and the old one as GRANTWAY_SECOND_KEY; when all run so, start them');
    say(`once more without the old one, and remove its wraps: npm run grantway -- keys retire --master ${primary.id}`);
    return true;
  }
  const previous = readPreviousMasterKey(config.dataDir);
  const previousId = previous === undefined ? undefined : localKeyWrapper(previous).id;
  const isInUse = async (id: string) => (await keyStatus(deps)).some(({ wrapperIds }) => wrapperIds.includes(id));
  if (previousId !== undefined && !isRotatingMasterKey(config.dataDir) && (await isInUse(previousId))) {
    await retireMaster(deps, previousId);
    say(`an earlier rotation is finished: ${previousId} opens nothing more`);
    return true;
  }
  const next = localKeyWrapper(ensureNextMasterKey(config.dataDir));
  await rotateMaster({ ...deps, sources: { ...deps.sources, more: [...(deps.sources.more ?? []), next] } });
  promoteMasterKey(config.dataDir);
  deps.sources = { ...deps.sources, primary: localKeyWrapper(ensureMasterKey(config.dataDir)) };
  await retireMaster(deps, primary.id);
  say(`the master key is ${next.id}; ${primary.id} opens nothing more, and lies in master-key.previous for backups from before`);
  return true;
}

const tellBroken = (broken: { table: string; key: string }[], say: Say): boolean => {
  for (const { table, key } of broken.slice(0, 20)) say(`does not open: ${table} ${key}`);
  if (broken.length > 20) say(`and ${broken.length - 20} more`);
  return broken.length === 0;
};

async function data(deps: RotationDeps, environmentId: string | undefined, say: Say): Promise<boolean> {
  const { keys, rows, broken } = await rotateDataKeys(deps, environmentId === undefined ? {} : { environmentId });
  if (keys === 0) say(environmentId === undefined ? 'there are no data keys yet' : `there is no data key of ${environmentId}`);
  else say(`${keys} data keys replaced, ${rows} rows sealed anew; the old keys only open. In two minutes or later: keys retire`);
  return tellBroken(broken, say);
}

async function retire(deps: RotationDeps, masterId: string | undefined, say: Say): Promise<boolean> {
  if (masterId !== undefined) {
    const { removed } = await retireMaster(deps, masterId);
    say(`${removed} wraps removed; ${masterId} opens nothing more`);
    return true;
  }
  const { retired, kept } = await retireDataKeys(deps);
  for (const id of retired) say(`${id} is retired`);
  for (const { id, why } of kept) say(`${id} stays: ${why}`);
  if (retired.length + kept.length === 0) say('no data key is waiting to be retired');
  return kept.length === 0;
}

async function verify(deps: RotationDeps & Required<Pick<RotationDeps, 'actor'>>, say: Say): Promise<boolean> {
  // Before it begins: everything that is sealed is about to be opened.
  await deps.db
    .system('keyring')
    .tx((tx) => recordAudit(tx, { environmentId: null, action: 'sealed_rows.verified', actor: deps.actor, requestId: null }));
  const { opened, broken } = await verifySealedRows(deps);
  say(`${opened} of ${opened + broken.length} sealed rows open`);
  return tellBroken(broken, say);
}

async function recover(deps: RotationDeps, file: string, say: Say): Promise<boolean> {
  const opener = breakGlassOpener(new Secret(readFileSync(file, 'utf8')));
  const { primary, byEnvironment } = deps.sources;
  const { added } = await rotateMaster({
    ...deps,
    sources: { primary: opener, more: [primary], ...(byEnvironment === undefined ? {} : { byEnvironment }) },
  });
  say(`${added} data keys are wrapped under ${primary.id} again; start the broker with it`);
  return true;
}
