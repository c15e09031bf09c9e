import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { Canaries, stringsOf } from '../canary/heap.ts';
import { cleanUp, clientOf, credentialsOf, newDataDir, startProcess } from './broker-process.ts';

afterAll(cleanUp);

it('C16: what a start reads and prints is not in the heap of the broker that it started', { timeout: 300_000 }, async () => {
  const dataDir = newDataDir();
  const file = path.join(path.dirname(dataDir), 'broker.heapsnapshot');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const preload = fileURLToPath(new URL('./heap-preload.mjs', import.meta.url));
  const broker = startProcess({ GRANTWAY_DATA_DIR: dataDir, GRANTWAY_TEST_SNAPSHOT: file }, [], ['--expose-gc', '--import', preload]);
  await broker.listening;
  // A connection that stays open keeps what came over it for more than a minute.
  const api = await clientOf(dataDir, { connection: 'close' });
  await api('POST', '/v1/connections', { name: 'slack', connector: 'slack', sandbox: true });
  const planted = new Canaries();
  const masterKey = readFileSync(path.join(dataDir, 'master-key'), 'utf8').trim();
  planted.text('the master key as it was written', masterKey);
  planted.bytes('the master key', Buffer.from(masterKey, 'base64'));
  planted.text('the first client’s secret', credentialsOf(dataDir).client_secret);
  const found = async () => {
    rmSync(file, { force: true });
    broker.child.kill('SIGUSR2');
    // It has this name once it is whole.
    await expect.poll(() => existsSync(file), { timeout: 120_000, interval: 250 }).toBe(true);
    const strings = stringsOf(readFileSync(file));
    expect(strings.includes(dataDir), 'these are the strings of this broker').toBe(true);
    return planted.foundIn(strings);
  };
  // What came with the last request may be there for seconds more.
  await expect.poll(found, { timeout: 240_000, interval: 1_000 }).toEqual([]);
  expect(await broker.interrupt()).toBe(0);
});
