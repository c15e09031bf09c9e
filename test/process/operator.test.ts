import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

/** `npm run operator -- ...`, with the settings of the broker that runs. */
async function operator(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'apps/broker/src/operator.ts', ...args], {
    cwd: root,
    env: {
      ...process.env,
      DATABASE_URL: broker.databaseUrl,
      REDIS_URL: 'redis://127.0.0.1:1',
      GRANTWAY_MASTER_KEY: randomBytes(32).toString('base64'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number, stdout, stderr };
}

it('an operator suspends and resumes an environment while the broker runs', async () => {
  const { environmentId } = broker.broker;
  const status = async () => (await broker.api('/v1/connections')).status;
  expect(await status()).toBe(200);
  expect(await operator('suspend', environmentId)).toEqual({ code: 0, stdout: `suspend: ${environmentId} done\n`, stderr: '' });
  expect(await status()).toBe(403);
  expect((await operator('resume', environmentId)).code).toBe(0);
  expect(await status()).toBe(200);
  expect(await operator('restored')).toEqual({ code: 0, stdout: 'restored: 0 credentials will be tried\n', stderr: '' });
  expect(await operator('forget')).toMatchObject({ code: 2, stderr: expect.stringMatching(/--unrevoked/) });
}, 180_000);
