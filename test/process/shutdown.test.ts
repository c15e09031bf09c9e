import { connect } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { cleanUp, newDataDir, startProcess } from './broker-process.ts';

afterAll(cleanUp);

it('a connection that never sent a request does not hold a stop up', async () => {
  const broker = startProcess({ GRANTWAY_DATA_DIR: newDataDir() });
  const { hostname, port } = new URL(await broker.listening);
  const silent = connect(Number(port), hostname);
  await new Promise((resolve) => silent.once('connect', resolve));
  silent.on('error', () => {});
  const cut = new Promise((resolve) => silent.once('close', resolve));
  expect(await broker.interrupt()).toBe(0);
  await cut;
});
