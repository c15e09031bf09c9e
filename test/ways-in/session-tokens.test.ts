import { randomBytes } from 'node:crypto';
import { formatBearer, parseBearer } from '@grantway/contract';
import { mintSessionToken } from '@grantway/core';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { agentOf, mcp, outcome, toolNames } from './agent.ts';

let broker: TestBroker;
let rows: Rows;
let instance: Json;

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const ask = (body: Json, configId: string = instance.config.id) => broker.api(`/v1/mcp-configs/${configId}/session-tokens`, { body });
const tokenFor = async (more: Json = {}): Promise<Json> => {
  const { status, body } = await ask({ user_identifier: instance.user_identifier, ...more });
  expect(status).toBe(201);
  return body;
};
const dead = [401, 'unauthorized'];

describe('a session token', () => {
  it('works at the static URL of its config, for its user, and is audited under the client that asked for it', async () => {
    const made = await tokenFor();
    expect(made).toMatchObject({ access_level: 'FULL', url: `${broker.baseUrl}/mcp/${instance.config.id}`, mcp_instance_id: instance.id });
    const lasts = Date.parse(made.expires_at) - Date.now();
    expect(lasts).toBeGreaterThan(3_500_000);
    expect(lasts).toBeLessThanOrEqual(3_600_000);
    expect(await toolNames(made.url, made.token)).toEqual(await toolNames(instance.url));
    const called = await mcp(made.url, 'tools/call', { name: 'datadog_monitors_list', arguments: {} }, made.token);
    const call = (await broker.api(`/v1/tool-calls/${called.body.result._meta['grantway/tool_call_id']}`)).body;
    expect(call).toMatchObject({ outcome: 'success', user_identifier: instance.user_identifier, client_id: broker.client.clientId });
  });

  it('makes the user and the instance where it is the first time, as asking for the URL does', async () => {
    const made = await ask({ user_identifier: 'first-seen' });
    const body = { config_name: 'incident-responder', user_identifier: 'first-seen' };
    expect((await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body.id).toBe(made.body.mcp_instance_id);
  });

  it.each([[59], [86_401], [60.5], ['3600']])('is not made for %s seconds, and nothing changes', async (expires_in) => {
    const before = await rows.checksums();
    expect((await ask({ user_identifier: 'nobody-yet', expires_in })).body.code).toBe('invalid_request');
    expect(await rows.checksums()).toEqual(before);
  });

  it('is kept nowhere', async () => {
    const { token } = await tokenFor();
    const secret = parseBearer('sessionToken', token)?.secret as string;
    for (const table of ['mcp_instances', 'audit_events', 'events']) {
      expect(await rows.query(`select 1 from ${table} t where t::text like $1`, [`%${secret.slice(-43)}%`])).toEqual([]);
    }
  });

  it('ends when its time is over', async () => {
    const claim = { instanceId: instance.id, accessLevel: 'FULL' as const, sessionEpoch: 1 };
    const at = (seconds: number) =>
      mintSessionToken(broker.modules, instance.config.id, { ...claim, expiresAt: Math.floor(Date.now() / 1000) + seconds });
    const url = `${broker.baseUrl}/mcp/${instance.config.id}`;
    expect([(await outcome(url, (await at(600)).token))[0], await outcome(url, (await at(-1)).token)]).toEqual([200, dead]);
  });
});

describe('B13: a session token is taken nowhere else', () => {
  it('not at another config’s URL, though the same user and client have an instance there', async () => {
    const other = await broker.api('/v1/mcp-configs', {
      body: { name: 'another', connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_list_channels'] }] },
    });
    await ask({ user_identifier: instance.user_identifier }, other.body.id);
    const { token } = await tokenFor();
    const answer = await mcp(`${broker.baseUrl}/mcp/${other.body.id}`, 'tools/list', {}, token);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer error="invalid_token", /),
    ]);
  });

  it('not where MCP URLs are, nor at the API', async () => {
    const { token } = await tokenFor();
    expect(await outcome(`${broker.baseUrl}/u/${token}/mcp`)).toEqual([404, 'not_found']);
    expect(await outcome(`${broker.baseUrl}/mcp`, token)).toEqual([404, 'not_found']);
    expect((await broker.api('/v1/tools', { token })).status).toBe(401);
  });

  it('not in the query', async () => {
    const { token, url } = await tokenFor();
    expect(await outcome(`${url}?access_token=${token}`)).toEqual(dead);
  });

  it('not with one letter changed, whatever it says of itself', async () => {
    const { token, url } = await tokenFor({ access_level: 'READ_ONLY' });
    const { id, secret } = parseBearer('sessionToken', token) as { id: string; secret: string };
    const changes = [
      ...Array.from(secret, (letter, i) => secret.slice(0, i) + (letter === 'F' ? 'R' : 'F') + secret.slice(i + 1)),
      secret.replace('R', 'F'),
    ].filter((changed) => changed !== secret);
    for (const changed of changes) {
      expect(await outcome(url, formatBearer({ kind: 'sessionToken', id, secret: changed }))).toEqual(dead);
    }
    expect(await outcome(url, formatBearer({ kind: 'sessionToken', id: randomBytes(8).toString('hex'), secret }))).toEqual(dead);
  });
});

describe('READ_ONLY', () => {
  it('B05: shows and runs only tools that read, by whatever name, and leaves no trace of the others', async () => {
    const full = await tokenFor();
    const { token, url } = await tokenFor({ access_level: 'READ_ONLY' });
    const tools = (await broker.api('/v1/tools')).body.items as Json[];
    const effectOf = new Map(tools.map((tool) => [tool.name, tool.effect]));
    const all = await toolNames(url, full.token);
    const readable = all.filter((name) => effectOf.get(name) === 'read');
    expect([all.length, readable.length]).toEqual([9, 4]);
    expect(await toolNames(url, token)).toEqual(readable);
    // The list of one level does not stay for the other, in either order.
    expect(await toolNames(url, full.token)).toEqual(all);
    for (const name of all.filter((tool) => !readable.includes(tool))) {
      const [refused, unknown] = [
        await mcp(url, 'tools/call', { name, arguments: {} }, token),
        await mcp(url, 'tools/call', { name: 'no_such_tool', arguments: {} }, token),
      ];
      const plain = (text: string) =>
        text
          .replaceAll(name, 'NAME')
          .replaceAll('no_such_tool', 'NAME')
          .replaceAll(/tc_\w+/g, 'CALL');
      expect(plain(refused.text)).toBe(plain(unknown.text));
      const call = (await broker.api(`/v1/tool-calls/${refused.body.error.data.tool_call_id}`)).body;
      expect(call).toMatchObject({ outcome: 'refused', fault_code: 'unknown_tool', connection_name: null });
    }
    expect((await mcp(url, 'tools/call', { name: 'datadog_monitors_list', arguments: {} }, token)).body.result.isError).toBeUndefined();
  });
});

describe('B06: session tokens end with the next call', () => {
  const own = async () => {
    const one = await incidentSetting(broker);
    const { body } = await ask({ user_identifier: one.user_identifier });
    expect((await outcome(body.url, body.token))[0]).toBe(200);
    return { one, url: body.url as string, token: body.token as string };
  };

  it('when the instance is revoked, and do not come back with it', async () => {
    const { one, url, token } = await own();
    await broker.api(`/v1/mcp-instances/${one.id}/revoke`, { method: 'POST' });
    expect(await outcome(url, token)).toEqual(dead);
    expect((await ask({ user_identifier: one.user_identifier })).body.code).toBe('instance_revoked');
    await broker.api(`/v1/mcp-instances/${one.id}/restore`, { method: 'POST' });
    expect(await outcome(url, token)).toEqual(dead);
  });

  it('when all of a user’s on the config are revoked, while the URL and other users’ go on', async () => {
    const [{ one, url, token }, others] = [await own(), await own()];
    const revoke = (user_identifier: string) =>
      broker.api(`/v1/mcp-configs/${one.config.id}/session-tokens/revoke`, { body: { user_identifier } });
    expect((await revoke(one.user_identifier)).status).toBe(204);
    expect([await outcome(url, token), (await outcome(one.url))[0], (await outcome(url, others.token))[0]]).toEqual([dead, 200, 200]);
    const again = (await ask({ user_identifier: one.user_identifier })).body;
    expect((await outcome(url, again.token))[0]).toBe(200);
    expect((await revoke('never-seen')).body.code).toBe('not_found');
  });

  it('when the user is suspended', async () => {
    const { one, url, token } = await own();
    await broker.api(`/v1/users/${one.user_identifier}`, { method: 'PATCH', body: { suspended: true } });
    expect(await outcome(url, token)).toEqual([403, 'user_suspended']);
    expect((await ask({ user_identifier: one.user_identifier })).body.code).toBe('user_suspended');
  });

  it('when the client that asked for them is suspended, and another’s for the same user go on', async () => {
    const [agent, other] = [await agentOf(broker, ['mcp_instances:write']), await agentOf(broker, ['mcp_instances:write'])];
    const path = `/v1/mcp-configs/${instance.config.id}/session-tokens`;
    const body = { user_identifier: instance.user_identifier };
    const [a, b] = [(await agent.api(path, { body })).body, (await other.api(path, { body })).body];
    expect(a.mcp_instance_id).not.toBe(b.mcp_instance_id);
    await broker.api(`/v1/clients/${agent.clientId}`, { method: 'PATCH', body: { suspended: true } });
    expect([await outcome(a.url, a.token), (await outcome(b.url, b.token))[0]]).toEqual([[403, 'client_suspended'], 200]);
  });

  it('but not when the instance’s URL is rotated', async () => {
    const { one, url, token } = await own();
    await broker.api(`/v1/mcp-instances/${one.id}/rotate`, { body: {} });
    expect((await outcome(url, token))[0]).toBe(200);
  });

  it('when the config is deleted', async () => {
    const made = await broker.api('/v1/mcp-configs', {
      body: { name: 'short-lived', connection_tool_mappings: [{ connection_name: 'slack' }] },
    });
    const { body } = await ask({ user_identifier: 'short' }, made.body.id);
    await broker.api(`/v1/mcp-configs/${made.body.id}`, { method: 'DELETE' });
    expect(await outcome(body.url, body.token)).toEqual(dead);
  });
});
