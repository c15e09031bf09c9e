import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { userInfo } from 'node:os';
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

it('an operator suspends a client, turns reading of credentials on and off, and reads who did what', async () => {
  const { body: made } = await broker.api('/v1/clients', { body: { name: 'agent', scopes: ['connections:read', 'credentials:read'] } });
  const granted = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: made.client_id, client_secret: made.client_secret }),
  });
  const token = ((await granted.json()) as { access_token: string }).access_token;
  const [id, status] = [made.client_id, async () => (await broker.api('/v1/connections', { token })).status];
  expect(await operator('suspend', id)).toMatchObject({ code: 0, stderr: '' });
  expect(await status()).toBe(403);
  expect((await operator('resume', id)).code).toBe(0);
  expect(await status()).toBe(200);

  const read = async () => (await broker.api('/v1/connected-accounts/ca_nobody/credential', { body: { reason: 'a test' }, token })).status;
  expect(await read()).toBe(403);
  expect((await operator('credential-read', id, 'on', '--per-hour', '5', '--per-day', '9')).code).toBe(0);
  expect(await read()).toBe(404);
  expect((await operator('credential-read', id, 'off')).code).toBe(0);
  expect(await read()).toBe(403);

  const who = userInfo().username;
  const lines = (await operator('audit')).stdout.split('\n').filter((line) => line.includes(id));
  expect(lines.map((line) => line.split('  ').slice(1, 3))).toEqual(Array.from({ length: 4 }, () => [who, 'client.updated']));
  expect(lines.map((line) => JSON.parse(line.split('  ').at(-1) ?? ''))).toEqual([
    { credential_read: null },
    { credential_read: { per_hour: 5, per_day: 9, keys: false } },
    { suspended: false },
    { suspended: true },
  ]);
}, 180_000);

it('an operator gives a client of an earlier version the permissions that came later', async () => {
  const { body: made } = await broker.api('/v1/clients', { body: { name: 'first client', scopes: ['connections:read'] } });
  expect(await operator('permissions', made.client_id, 'all')).toMatchObject({ code: 0 });
  const found = (await broker.api('/v1/clients?name=first+client')).body.items.find(
    (c: { client_id: string }) => c.client_id === made.client_id,
  );
  expect(found.scopes).toEqual(['all']);
}, 60_000);

it.each([
  [[], 'name a command'],
  [['burn', 'env_1'], 'there is no command "burn"'],
  [['suspend'], 'suspend needs an id'],
  [['permissions', 'cl_1'], 'permissions needs all'],
  [['credential-read', 'cl_1', 'on'], '--per-hour must be a number'],
  [['credential-read', 'cl_1', 'on', '--per-hour', '0', '--per-day', '1'], '--per-hour must be a number'],
  [['credential-read', 'cl_1', 'off', '--keys'], '--keys does not belong there'],
  [['suspend', 'env_1', '--unrevoked'], '--unrevoked does not belong there'],
])(
  '%j is answered with what is wrong and what there is, and nothing is done',
  async (words, complaint) => {
    const run = await operator(...words);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(complaint);
    expect(run.stderr).toContain('npm run operator -- <command>');
  },
  60_000,
);

it('an id that nobody has is an error', async () => {
  expect(await operator('suspend', 'cl_nobody')).toEqual({ code: 1, stdout: '', stderr: 'there is no client cl_nobody\n' });
  expect(await operator('forget', 'env_nobody')).toEqual({ code: 1, stdout: '', stderr: 'there is no environment env_nobody\n' });
}, 60_000);
