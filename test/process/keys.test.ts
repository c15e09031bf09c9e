import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connectAll, createDatabase, incidentSetting, Person, startBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, clientOf, command, type Json, newDataDir, startProcess } from './broker-process.ts';

afterAll(cleanUp);

const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
const tool = '/v1/tools/slack_list_channels/execute';
const call = { identifier: 'user_42', arguments: {} };

/** A broker with one connected account, its URL and its data folder, stopped again. */
async function used(env: Record<string, string>): Promise<{ url: string }> {
  const broker = startProcess(env);
  await broker.listening;
  const api = await clientOf(env['GRANTWAY_DATA_DIR'] as string);
  await api('POST', '/v1/connections', { name: 'slack', connector: 'slack', sandbox: true });
  await api('POST', '/v1/mcp-configs', {
    name: 'config',
    description: 'Reads channels',
    connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_list_channels'] }],
  });
  const instance = await api('PUT', '/v1/mcp-instances', { config_name: 'config', user_identifier: 'user_42' });
  await new Person().consent(instance.connections[0].authentication_link);
  await api('POST', tool, call);
  expect(await broker.interrupt()).toBe(0);
  return { url: new URL(instance.url).pathname };
}

/** Starts, looks whether the account still works and the URL is the same one, and stops. */
async function works(env: Record<string, string>, url: string): Promise<void> {
  const broker = startProcess(env);
  await broker.listening;
  const api = await clientOf(env['GRANTWAY_DATA_DIR'] as string);
  const instance: Json = await api('PUT', '/v1/mcp-instances', { config_name: 'config', user_identifier: 'user_42' });
  expect(new URL(instance.url).pathname).toBe(url);
  expect(instance.connections[0].authentication_link).toBeNull();
  await api('POST', tool, call);
  expect(await broker.interrupt()).toBe(0);
}

describe('the keys commands, embedded mode', () => {
  const dataDir = newDataDir();
  const env = { GRANTWAY_DATA_DIR: dataDir };
  let url = '';
  beforeAll(async () => {
    url = (await used(env)).url;
  }, 90_000);

  it('rotate replaces the master key and the data keys; the account and its URL live on', { timeout: 120_000 }, async () => {
    const before = readFileSync(path.join(dataDir, 'master-key'), 'utf8');
    const rotated = await command(env, 'keys', 'rotate');
    expect([rotated.stderr, rotated.code]).toEqual(['', 0]);
    expect(rotated.stdout).toMatch(/the master key is local:[0-9a-f]{16}; local:[0-9a-f]{16} opens nothing more/);
    expect(rotated.stdout).toMatch(/2 data keys replaced, \d+ rows sealed anew/);
    expect(readFileSync(path.join(dataDir, 'master-key'), 'utf8')).not.toBe(before);
    expect(rotated.stdout).not.toContain(before.trim());
    expect((await command(env, 'keys', 'verify')).stdout).toMatch(/^(\d+) of \1 sealed rows open$/m);
    const status = await command(env, 'keys', 'status');
    expect(status.stdout).toMatch(/decrypt_only +record of env_\w+: 0 rows/);
    const early = await command(env, 'keys', 'retire');
    expect([early.code, early.stdout]).toEqual([1, expect.stringMatching(/stays: a running broker may still seal under it for \d+ s/)]);
    await works(env, url);
  });

  it('a rotation that was cut off before the new master key took the place of the old one is finished by the next', {
    timeout: 120_000,
  }, async () => {
    const next = randomBytes(32).toString('base64');
    writeFileSync(path.join(dataDir, 'master-key.next'), next);
    expect((await command(env, 'keys', 'rotate-master')).code).toBe(0);
    expect(readFileSync(path.join(dataDir, 'master-key'), 'utf8')).toBe(next);
    expect(existsSync(path.join(dataDir, 'master-key.next'))).toBe(false);
    await works(env, url);
  });

  it('are refused while the broker runs on the same data folder', { timeout: 60_000 }, async () => {
    const broker = startProcess(env);
    await broker.listening;
    const refused = await command(env, 'keys', 'status');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^grantway keys: /);
    expect(await broker.interrupt()).toBe(0);
  });

  it.each([
    [['keys'], 'keys needs a word more'],
    [['keys', 'burn'], 'there is no command "keys burn"'],
    [['keys', 'recover'], 'keys recover needs --private-key <file>'],
    [['keys', 'status', '--loud'], "Unknown option '--loud'"],
    [['bogus'], 'there is no command "bogus"'],
  ])('%j is answered with what is wrong and what there is', async (words, complaint) => {
    const run = await command(env, ...words);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(complaint);
    expect(run.stderr).toContain('keys rotate-master');
  });
});

describe('the keys commands, server mode', () => {
  it('replace master and data keys beside a running broker, which fails no call', { timeout: 180_000 }, async () => {
    const database = await createDatabase({ empty: true });
    const masterKey = randomBytes(32);
    const broker = await startBroker({ databaseUrl: database.url, masterKey });
    const instance = await incidentSetting(broker, 'user_42');
    await connectAll(broker, instance);
    const folder = newDataDir();
    mkdirSync(folder, { recursive: true });
    const next = path.join(folder, 'next-key');
    writeFileSync(next, randomBytes(32).toString('base64'), { mode: 0o600 });
    const env = {
      GRANTWAY_DATA_DIR: folder,
      DATABASE_URL: database.url,
      // The commands need no queue.
      REDIS_URL: 'redis://127.0.0.1:1',
      GRANTWAY_MASTER_KEY: masterKey.toString('base64'),
    };

    let running = true;
    const statuses = new Map<number, number>();
    const calls = (async () => {
      while (running) {
        const { status } = await broker.api(tool, { body: call });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    const withSecond = { ...env, GRANTWAY_SECOND_KEY: `file:${next}` };
    const wrapped = await command(withSecond, 'keys', 'rotate-master');
    expect([wrapped.stderr, wrapped.code]).toEqual(['', 0]);
    const old = /keys retire --master (local:[0-9a-f]{16})/.exec(wrapped.stdout)?.[1] as string;
    for (let i = 0; i < 2; i++) {
      const rotated = await command(withSecond, 'keys', 'rotate-data');
      expect([rotated.stderr, rotated.code]).toEqual(['', 0]);
    }
    running = false;
    await calls;
    expect([...statuses.keys()]).toEqual([200]);
    await broker.close();

    const { GRANTWAY_MASTER_KEY: _, ...moved } = { ...env, GRANTWAY_MASTER_KEY_FILE: next };
    expect((await command(withSecond, 'keys', 'retire', '--master', old)).stderr).toContain('still configured');
    expect((await command(moved, 'keys', 'retire', '--master', old)).stdout).toContain(`${old} opens nothing more`);
    expect((await command(moved, 'keys', 'verify')).stdout).toMatch(/^([1-9]\d*) of \1 sealed rows open$/m);
    expect((await command(env, 'keys', 'verify')).stdout).toMatch(/^0 of [1-9]\d* sealed rows open$/m);
    await expect(startBroker({ databaseUrl: database.url, masterKey })).rejects.toThrow(/not the one .* \(local:[0-9a-f]{16}\)/);
    const newKey = Buffer.from(readFileSync(next, 'utf8'), 'base64');
    const again = await startBroker({ databaseUrl: database.url, masterKey: newKey, client: broker.client });
    const { url } = (
      await again.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier: 'user_42' } })
    ).body;
    expect(new URL(url).pathname).toBe(new URL(instance.url).pathname);
    await again.close();
    await database.drop();
  });
});

describe('the backup and restore drill', () => {
  it('C02: a backup opens with its master key, with nothing else, and with the break-glass key when the master key is lost', {
    timeout: 180_000,
  }, async () => {
    const [dataDir, restored] = [newDataDir(), newDataDir()];
    const publicKey = path.join(path.dirname(dataDir), 'break-glass.pub.pem');
    const privateKey = path.join(path.dirname(dataDir), 'break-glass.pem');
    writeFileSync(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const env = { GRANTWAY_DATA_DIR: dataDir, GRANTWAY_BREAK_GLASS_KEY_FILE: publicKey };
    const { url } = await used(env);

    // The backup: the stopped data folder, without its master key, which a backup keeps elsewhere.
    cpSync(dataDir, restored, { recursive: true, verbatimSymlinks: true });
    const key = readFileSync(path.join(restored, 'master-key'), 'utf8');
    rmSync(path.join(restored, 'master-key'));
    const elsewhere = { ...env, GRANTWAY_DATA_DIR: restored };

    // Without the key: a new one is no help, and the broker names the one that is.
    const lost = startProcess(elsewhere);
    expect(await lost.exited).toBe(1);
    expect(lost.stderr()).toMatch(
      /this master key \(local:[0-9a-f]{16}\) is not the one .* \(.*local:[0-9a-f]{16}.*\); start with that key, nothing was changed/,
    );
    const closed = await command(elsewhere, 'keys', 'verify');
    expect([closed.code, closed.stdout]).toEqual([1, expect.stringMatching(/^0 of \d+ sealed rows open$/m)]);

    // With it: everything.
    renameSync(path.join(restored, 'master-key'), path.join(restored, 'master-key.unfit'));
    writeFileSync(path.join(restored, 'master-key'), key, { mode: 0o600 });
    expect((await command(elsewhere, 'keys', 'verify')).stdout).toMatch(/^([1-9]\d*) of \1 sealed rows open$/m);
    await works(elsewhere, url);

    // The master key is lost for good, and the private half comes out of the safe.
    rmSync(path.join(dataDir, 'master-key'));
    writeFileSync(privateKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const recovered = await command(env, 'keys', 'recover', '--private-key', privateKey);
    expect([recovered.stderr, recovered.code]).toEqual(['', 0]);
    rmSync(privateKey);
    expect((await command(env, 'keys', 'verify')).stdout).toMatch(/^([1-9]\d*) of \1 sealed rows open$/m);
    await works(env, url);
  });
});

it('C16: a signal does not open the debugger of a running broker', { timeout: 60_000 }, async () => {
  const broker = startProcess({ GRANTWAY_DATA_DIR: newDataDir() });
  const url = await broker.listening;
  broker.child.kill('SIGUSR1');
  // Two answers later the signal was dealt with, whatever it does.
  for (let i = 0; i < 2; i++) expect((await fetch(`${url}/healthz`)).status).toBeLessThan(500);
  expect(await broker.interrupt()).toBe(0);
  expect(broker.stderr()).not.toMatch(/debugger|inspector/i);
});

it.runIf(process.platform === 'linux')('C16: a core file of a running broker gets none of its memory', { timeout: 60_000 }, async () => {
  const broker = startProcess({ GRANTWAY_DATA_DIR: newDataDir() });
  await broker.listening;
  expect(readFileSync(`/proc/${broker.child.pid}/coredump_filter`, 'utf8').trim()).toBe('00000000');
  expect(await broker.interrupt()).toBe(0);
});

it('C16: in server mode nothing starts with a debugger open', { timeout: 60_000 }, async () => {
  const env = {
    GRANTWAY_DATA_DIR: newDataDir(),
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    REDIS_URL: 'redis://127.0.0.1:9',
    GRANTWAY_MASTER_KEY: randomBytes(32).toString('base64'),
  };
  const broker = startProcess(env, [], ['--inspect=127.0.0.1:0']);
  expect(await broker.exited).toBe(1);
  expect(broker.stderr()).toContain('a debugger is open');
});

describe('C09: without a usable master key nothing starts', () => {
  it.each([
    ['a file that is not there', { GRANTWAY_MASTER_KEY_FILE: '/nowhere/master-key' }, 'no such file'],
    [
      'two sources',
      { GRANTWAY_MASTER_KEY: randomBytes(32).toString('base64'), GRANTWAY_KMS: 'transit:https://v.example/transit/k' },
      'set one of them',
    ],
    ['a key service without its credentials', { GRANTWAY_KMS: 'transit:https://v.example/transit/k' }, 'VAULT_TOKEN is required'],
    ['a key service over http', { GRANTWAY_KMS: 'transit:http://v.example/transit/k', VAULT_TOKEN: 't' }, 'must be an https address'],
    [
      'an alias instead of a key',
      { GRANTWAY_KMS: 'aws:arn:aws:kms:eu-west-1:123456789012:alias/a', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
      'named by its key ARN',
    ],
    ['an unknown kind', { GRANTWAY_KMS: 'hsm:one' }, 'must start with aws:'],
    ['a key for no environment', { GRANTWAY_ENVIRONMENT_KEYS: 'file:/x' }, 'must be pairs'],
  ] as [string, Record<string, string>, string][])('%s', async (_name, env, complaint) => {
    const broker = startProcess({ GRANTWAY_DATA_DIR: newDataDir(), ...env });
    expect(await broker.exited).toBe(1);
    expect(broker.stderr()).toContain(complaint);
  });

  it('a key service that does not answer stops the start within its time, by name', { timeout: 60_000 }, async () => {
    const broker = startProcess({
      GRANTWAY_DATA_DIR: newDataDir(),
      GRANTWAY_KMS: 'transit:http://127.0.0.1:9/transit/k',
      VAULT_TOKEN: 'x',
    });
    expect(await broker.exited).toBe(1);
    expect(broker.stderr()).toContain('the key service of transit:http://127.0.0.1:9/transit/k is not available');
  });
});
