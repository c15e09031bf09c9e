import { newId } from '@grantway/contract';
import { openInstanceOf } from '@grantway/core';
import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
let instance: Json;

beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
});
afterAll(() => broker.close());

async function send(url: string, headers: Record<string, string> = {}, method = 'tools/list') {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text) as Json };
}

const urlOf = (configId: string) => `${broker.baseUrl}/mcp/${configId}`;

describe('the static URL of a config', () => {
  it('answers 401 with a challenge to whoever presents nothing, and names an error only to whoever presents something dead', async () => {
    const challenge = `resource_metadata="${broker.baseUrl}/.well-known/oauth-protected-resource/mcp/${instance.config.id}", scope="mcp"`;
    const nothing = await send(urlOf(instance.config.id));
    expect([nothing.status, nothing.headers.get('www-authenticate')]).toEqual([401, `Bearer ${challenge}`]);
    expect(nothing.json.error).toMatchObject({ code: 401, data: { code: 'unauthorized' } });
    const dead = await send(urlOf(instance.config.id), { authorization: 'Bearer nonsense' });
    expect([dead.status, dead.headers.get('www-authenticate')]).toEqual([401, `Bearer error="invalid_token", ${challenge}`]);
  });

  it('does not tell a stranger which configs there are', async () => {
    const missing = newId('mcpConfig');
    const presented: Record<string, string>[] = [{}, { authorization: 'Bearer nonsense' }];
    for (const headers of presented) {
      const [a, b] = [await send(urlOf(instance.config.id), headers), await send(urlOf(missing), headers)];
      const challenge = b.headers.get('www-authenticate')?.replace(missing, instance.config.id);
      expect([b.status, b.json, challenge]).toEqual([a.status, a.json, a.headers.get('www-authenticate')]);
    }
    expect((await send(urlOf('no-id'))).status).toBe(404);
  });

  it('takes no other credential of ours: not the secret of an MCP URL, not an access token of the API', async () => {
    const secret = new URL(instance.url).pathname.split('/')[2];
    for (const token of [secret, await broker.token(), broker.client.clientSecret]) {
      expect((await send(urlOf(instance.config.id), { authorization: `Bearer ${token}` })).status).toBe(401);
    }
  });
});

describe('an instance that is opened by its id', () => {
  const claim = () => ({
    instanceId: instance.id,
    configId: instance.config.id,
    environmentId: broker.broker.environmentId,
    accessLevel: 'FULL' as const,
  });

  it('is the same as the one behind the URL', async () => {
    const opened = await openInstanceOf(broker.modules, claim());
    expect(opened).toMatchObject({ id: instance.id, configId: instance.config.id, userIdentifier: instance.user_identifier });
  });

  it.each([['configId'], ['environmentId'], ['instanceId']] as const)('is none for another %s', async (name) => {
    await expect(openInstanceOf(broker.modules, { ...claim(), [name]: 'other' })).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
