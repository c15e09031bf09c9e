import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createDatabase, Person } from '@grantway/test/harness';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, describe, expect, it } from 'vitest';
import { cleanUp, clientOf, credentialsOf, type Json, newDataDir, startProcess } from './broker-process.ts';

afterAll(cleanUp);

const withSlack = { name: 'slack', connector: 'slack', sandbox: true };
const config = { name: 'poster', connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_post_message'] }] };

async function post(url: string, text: string): Promise<Json> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const result = await client.callTool({ name: 'slack_post_message', arguments: { channel: 'C06INC4LLS1', text } });
  await client.close();
  return result;
}

describe('embedded mode', () => {
  it('a first start makes everything it needs; after Ctrl-C a second start finds it all again', async () => {
    const dataDir = newDataDir();
    const first = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    const baseUrl = await first.listening;
    const credentials = credentialsOf(dataDir);
    expect(credentials.base_url).toBe(baseUrl);
    expect(first.stdout()).toContain(credentials.client_secret);
    for (const file of ['credentials.json', 'master-key']) expect(statSync(path.join(dataDir, file)).mode & 0o777).toBe(0o600);

    let api = await clientOf(dataDir);
    await api('POST', '/v1/connections', withSlack);
    await api('POST', '/v1/mcp-configs', config);
    const ensure = () => api('PUT', '/v1/mcp-instances', { config_name: 'poster', user_identifier: 'user_123' });
    const before = await ensure();
    expect((await new Person().consent(before.connections[0].authentication_link)).status).toBe(200);
    expect((await post(before.url, 'before')).isError).not.toBe(true);
    expect(await first.interrupt()).toBe(0);
    expect(first.stdout()).toMatch(/^stopped$/m);
    expect(first.stderr()).toBe('');

    const second = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    const secondUrl = await second.listening;
    expect(second.stdout()).not.toContain('gwsk_');
    expect(credentialsOf(dataDir)).toEqual({ ...credentials, base_url: secondUrl });
    api = await clientOf(dataDir);
    const after = await ensure();
    expect(new URL(after.url).pathname).toBe(new URL(before.url).pathname);
    expect(after.connections[0].connected_account_status).toBe('ACTIVE');
    expect((await post(after.url, 'after')).isError).not.toBe(true);
    const calls = await api('GET', '/v1/tool-calls');
    expect(calls.items.map((c: Json) => c.outcome)).toEqual(['success', 'success']);
    expect(await second.interrupt('SIGTERM')).toBe(0);
  });

  it('a second copy on the same data folder is refused with one clear line, and disturbs nothing', async () => {
    const dataDir = newDataDir();
    const first = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    const baseUrl = await first.listening;
    const second = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    expect(await second.exited).toBe(1);
    expect(second.stderr().trim().split('\n')).toHaveLength(1);
    expect(second.stderr()).toContain('is in use by another Grantway');
    expect((await fetch(`${baseUrl}/readyz`)).status).toBe(200);
    expect(await first.interrupt()).toBe(0);
  });

  it('a taken port is refused with one clear line', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const broker = startProcess({ GRANTWAY_DATA_DIR: newDataDir(), GRANTWAY_PORT: String(port) });
    expect(await broker.exited).toBe(1);
    expect(broker.stderr().trim()).toBe(
      `Grantway cannot start: port ${port} is taken; set GRANTWAY_PORT to another one, or to 0 for a free one`,
    );
    taken.close();
  });

  it('kill -9 loses nothing that was acknowledged', async () => {
    const dataDir = newDataDir();
    const first = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await first.listening;
    const api = await clientOf(dataDir);
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) => api('POST', '/v1/connections', { name: `linear-${i}`, connector: 'linear' })),
    );
    first.child.kill('SIGKILL');
    await first.exited;
    const second = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await second.listening;
    const { items } = await (await clientOf(dataDir))('GET', '/v1/connections?limit=100');
    expect(items.map((c: Json) => c.id).sort()).toEqual(made.map((c) => c.id).sort());
    expect(await second.interrupt()).toBe(0);
  });

  it('another master key is refused, naming the fingerprint that is missing, and changes nothing', async () => {
    const dataDir = newDataDir();
    const first = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await first.listening;
    await first.interrupt();
    const keyFile = path.join(dataDir, 'master-key');
    const key = readFileSync(keyFile, 'utf8');
    writeFileSync(keyFile, randomBytes(32).toString('base64'));
    const second = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toMatch(/this master key \(local:[0-9a-f]{16}\) is not the one .* \(local:[0-9a-f]{16}\)/);
    writeFileSync(keyFile, key);
    const third = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await third.listening;
    expect(await third.interrupt()).toBe(0);
  });
});

describe('configuration', () => {
  it('every problem is printed at once, and nothing is started', async () => {
    const broker = startProcess({
      GRANTWAY_DATA_DIR: newDataDir(),
      DATABASE_URL: 'mysql://somewhere/else',
      GRANTWAY_PORT: 'eighty',
      GRANTWAY_BASE_URL: 'http://broker.example/path',
      GRANTWAY_LOG_LEVEL: 'loud',
    });
    expect(await broker.exited).toBe(1);
    for (const name of ['DATABASE_URL', 'GRANTWAY_PORT', 'GRANTWAY_BASE_URL', 'GRANTWAY_LOG_LEVEL', 'GRANTWAY_MASTER_KEY', 'REDIS_URL']) {
      expect(broker.stderr()).toContain(name);
    }
  });

  it.each([
    ['a missing', ''],
    ['a short', 'c2hvcnQ='],
    ['an all-zero', Buffer.alloc(32).toString('base64')],
    ['a placeholder', Buffer.from('change-me-change-me-change-me-ok').toString('base64')],
  ])('server mode refuses %s master key', async (_name, key) => {
    const broker = startProcess({
      GRANTWAY_DATA_DIR: newDataDir(),
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      GRANTWAY_MASTER_KEY: key,
    });
    expect(await broker.exited).toBe(1);
    expect(broker.stderr()).toContain('GRANTWAY_MASTER_KEY');
    if (key !== '') expect(broker.stderr()).not.toContain(key);
  });
});

const redisUrl = process.env['GRANTWAY_TEST_REDIS_URL'];

describe.runIf(redisUrl !== undefined)('server mode (PostgreSQL and Redis of one’s own)', () => {
  it('two replicas share everything; the sandbox is refused unless it is allowed', async () => {
    const database = await createDatabase({ empty: true });
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl as string,
      GRANTWAY_MASTER_KEY: randomBytes(32).toString('base64'),
      GRANTWAY_QUEUE_PREFIX: `p-${randomBytes(4).toString('hex')}`,
    };
    const dirs = [newDataDir(), newDataDir()] as const;
    const one = startProcess({ ...env, GRANTWAY_DATA_DIR: dirs[0] });
    await one.listening;
    const api = await clientOf(dirs[0]);
    await expect(api('POST', '/v1/connections', withSlack)).rejects.toThrow('sandbox_not_allowed');
    await api('POST', '/v1/connections', { name: 'dd', connector: 'datadog' });
    const two = startProcess({ ...env, GRANTWAY_DATA_DIR: dirs[1] });
    const secondUrl = await two.listening;
    expect(two.stdout()).not.toContain('gwsk_');
    const { client_id, client_secret } = credentialsOf(dirs[0]);
    const granted = await fetch(`${secondUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
    });
    const { access_token } = (await granted.json()) as { access_token: string };
    const listed = await fetch(`${secondUrl}/v1/connections`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(((await listed.json()) as Json).items.map((c: Json) => c.name)).toEqual(['dd']);
    expect(await one.interrupt()).toBe(0);
    expect(await two.interrupt()).toBe(0);
    await database.drop();
  });
});
