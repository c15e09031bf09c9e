import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { call, instanceOf, namesAt, offers, rpc, until } from './setting.ts';

let broker: TestBroker;
let open: Fixture;
let guarded: Fixture;
let legacy: Fixture;
const key = 'key-of-the-connection-5f21c0';
const userKey = 'key-of-a-person-90ab77';

beforeAll(async () => {
  open = await startFixture();
  guarded = await startFixture({ authorization: `Bearer ${key}` });
  legacy = await startFixture({ eras: ['legacy'] });
  for (const fixture of [open, guarded, legacy]) fixture.tools.push(...offers().tools);
  const hosts = [open, guarded, legacy].map(({ url }) => new URL(url).host);
  broker = await startBroker({ allowHosts: hosts, toolTimeoutMs: 15_000 });
});
afterAll(async () => {
  await broker.close();
  await Promise.all([open, guarded, legacy].map((fixture) => fixture.close()));
});

describe('the connection', () => {
  it.each([
    ['plain http', { url: 'http://mcp.example.com/mcp' }],
    ['a loopback address that nobody allowed', { url: 'http://127.0.0.1:1/mcp' }],
    ['a private address', { url: 'https://10.0.0.7/mcp' }],
    ['an address in disguise', { url: 'https://[::ffff:169.254.169.254]/mcp' }],
    ['a private name', { url: 'https://mcp.internal/mcp' }],
    ['a credential in the address', { url: 'https://user:secret@mcp.example.com/mcp' }],
    ['a credential in the query', { url: 'https://mcp.example.com/mcp?api_key=1234567890' }],
    ['a header of the protocol', { url: 'https://mcp.example.com/mcp', header_name: 'Mcp-Session-Id', header_value: 'x' }],
    ['a header that is not for others to set', { url: 'https://mcp.example.com/mcp', header_name: 'Host', header_value: 'x' }],
    ['a line break in the value', { url: 'https://mcp.example.com/mcp', header_value: 'a\r\nb' }],
    ['a shared value where each person has one', { url: 'https://mcp.example.com/mcp', credential: 'user', header_value: 'x' }],
  ])('%s is refused, and nothing is made', async (_, mcp) => {
    const made = await broker.api('/v1/connections', { body: { name: 'refused', connector: 'mcp', mcp } });
    expect(made.status).toBe(400);
    expect(made.body.code).toBe('invalid_request');
    expect((await broker.api('/v1/connections?name=refused')).body.items).toEqual([]);
  });

  it('needs a server, takes no sandbox, and is the only one with a server', async () => {
    for (const body of [
      { name: 'no-server', connector: 'mcp' },
      { name: 'in-sandbox', connector: 'mcp', mcp: { url: 'https://mcp.example.com/mcp' }, sandbox: true },
      { name: 'not-mcp', connector: 'linear', mcp: { url: 'https://mcp.example.com/mcp' } },
    ]) {
      expect((await broker.api('/v1/connections', { body })).body.code).toBe('invalid_request');
    }
  });

  it('keeps its header: sent to the server alone, never shown, and taken out of what the server echoes', async () => {
    guarded.tools.push({
      definition: { name: 'leak', description: 'Gives the key away', inputSchema: { type: 'object' } },
      eras: ['modern'],
      run: () => ({ content: [{ type: 'text', text: `Bearer ${key}` }], structuredContent: { key } }),
    });
    const instance = await instanceOf(broker, { guarded: { url: guarded.url, header_value: key } }, 'as_is');
    const leaked = await call(instance.url, 'leak');
    expect(leaked.result.content[0].text).toContain('[credential removed]');
    expect(JSON.stringify(leaked)).not.toContain(key);
    const shown = await broker.api(`/v1/connections?name=guarded-${instance.suffix}`);
    expect(shown.body.items[0].mcp).toEqual({
      url: guarded.url,
      credential: 'connection',
      header_name: 'Authorization',
      header_prefix: 'Bearer ',
      header_value_set: true,
    });
    expect(broker.logLines.filter((line) => line.includes(key))).toEqual([]);
  });

  it('F: nothing of the caller’s own credential reaches the server', async () => {
    const instance = await instanceOf(broker, { open: { url: open.url } }, 'as_is');
    const token = /\/u\/([^/]+)\//.exec(instance.url)?.[1] as string;
    const before = open.requests.length;
    await fetch(`${broker.baseUrl}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, cookie: 'a=b', 'x-secret': 'mine', 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } }),
    });
    const seen = open.requests.slice(before);
    expect(seen.some(({ body }) => body?.method === 'tools/call')).toBe(true);
    expect(JSON.stringify(seen)).not.toContain(token);
    for (const { headers } of seen) {
      expect(headers.authorization).toBeUndefined();
      expect(headers.cookie).toBeUndefined();
      expect(headers['x-secret']).toBeUndefined();
    }
  });

  it('a header value goes nowhere but where it was given for', async () => {
    const instance = await instanceOf(broker, { moved: { url: guarded.url, header_value: key } }, 'as_is');
    const { id } = (await broker.api(`/v1/connections?name=moved-${instance.suffix}`)).body.items[0];
    const patch = (mcp: Json) => broker.api(`/v1/connections/${id}`, { method: 'PATCH', body: { mcp } });
    // The instance has made an account; while it is there, nothing of it may move.
    expect((await patch({ url: open.url, credential: 'connection' })).body.code).toBe('in_use');
    const same = await patch({ url: `${guarded.url}?v=2`, credential: 'connection' });
    expect(same.body.mcp).toMatchObject({ url: `${guarded.url}?v=2`, header_value_set: true });
    const account = instance.connections[0].connected_account_id;
    expect((await broker.api(`/v1/connected-accounts/${account}`, { method: 'DELETE' })).status).toBeLessThan(300);
    const before = open.requests.length;
    expect((await patch({ url: open.url, credential: 'connection' })).body.mcp.header_value_set).toBe(false);
    await namesAt(instance.url);
    expect(open.requests.slice(before).every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('a header that the server does not take is the operator’s to mend, and says so', async () => {
    const instance = await instanceOf(broker, {
      open: { url: open.url },
      wrong: { url: guarded.url, header_value: 'another-key-0123456' },
    });
    const names = await namesAt(instance.url);
    expect(names).toContain(`open_${instance.suffix}_echo`);
    expect(names.some((name) => name.startsWith('wrong_'))).toBe(false);
  });
});

describe('a server that asks each person', () => {
  it('shows a tool that yields the link; with a good key its own tools are there, and without it the link comes again', async () => {
    const personal = await startFixture({ authorization: `Bearer ${userKey}` });
    personal.tools.push(...offers().tools);
    const own = await startBroker({ allowHosts: [new URL(personal.url).host] });
    try {
      const instance = await instanceOf(own, { personal: { url: personal.url, credential: 'user' } });
      expect(instance.connections[0]).toMatchObject({ connector: 'mcp', connected_account_status: 'PENDING_AUTH' });
      const connect = `personal_${instance.suffix}_connect`;
      expect(await namesAt(instance.url)).toEqual([connect]);
      const asked = await rpc(instance.url, 'tools/call', { name: connect, arguments: {} });
      expect(asked.result.isError).toBe(true);
      const link = asked.result._meta['grantway/authentication_link'];
      expect(asked.result.content[0].text).toContain(link);
      expect((await own.connectKey(link, { value: 'not-the-key-0123' })).status).toBe(422);
      expect((await own.connectKey(link, { value: userKey })).status).toBe(200);
      await until(async () => (await namesAt(instance.url)).includes(`personal_${instance.suffix}_echo`), 'the tools are there');
      const echoed = await rpc(instance.url, 'tools/call', { name: `personal_${instance.suffix}_echo`, arguments: { a: 1 } });
      expect(echoed.result.structuredContent).toEqual({ a: 1 });
      // The key is taken back at the server's side.
      personal.authorization = 'Bearer another';
      const refused = await rpc(instance.url, 'tools/call', { name: `personal_${instance.suffix}_echo`, arguments: {} });
      expect(refused.result._meta['grantway/code']).toBe('authorization_required');
      expect(own.logLines.filter((line) => line.includes(userKey))).toEqual([]);
    } finally {
      await own.close();
      await personal.close();
    }
  });

  it('two users of one server have sessions of their own', async () => {
    const first = await instanceOf(broker, { legacy: { url: legacy.url } }, 'as_is');
    const body = { config_name: `config-${first.suffix}`, user_identifier: 'somebody-else' };
    const second = (await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body;
    const before = legacy.requests.length;
    for (const { url } of [first, second]) expect((await call(url, 'echo')).result.isError).toBeUndefined();
    const sessions = legacy.requests.slice(before).filter(({ body }) => body?.method === 'tools/call');
    expect(new Set(sessions.map(({ headers }) => headers['mcp-session-id'])).size).toBe(2);
  });
});

describe('names', () => {
  it('stand behind the connection’s, also those of prompts and the addresses of resources, and lead back', async () => {
    const { url, suffix } = await instanceOf(broker, { a: { url: open.url }, b: { url: legacy.url } });
    const names = await namesAt(url);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining([`a_${suffix}_echo`, `b_${suffix}_echo`]));
    const { resources } = (await rpc(url, 'resources/list')).result;
    const uri = `b-${suffix}+test://static-text`;
    expect(resources.map((resource: Json) => resource.uri)).toContain(uri);
    const read = (await rpc(url, 'resources/read', { uri })).result;
    expect(read.contents[0]).toMatchObject({ uri, text: 'This is the content of the static text resource.' });
    expect(read).toMatchObject({ resultType: 'complete', cacheScope: 'private' });
    const embedded = await call(url, `a_${suffix}_test_embedded_resource`);
    expect(embedded.result.content[0].resource.uri).toBe(`a-${suffix}+test://embedded-resource`);
    const prompt = await rpc(url, 'prompts/get', { name: `a_${suffix}_test_prompt_with_arguments`, arguments: { arg1: 'x', arg2: 'y' } });
    expect(prompt.result.messages[0].content.text).toContain("arg1='x'");
    const missing = await rpc(url, 'resources/read', { uri: 'c+test://static-text' });
    expect(missing.error).toMatchObject({ code: -32602, data: { uri: 'c+test://static-text' } });
  });

  it('a config that names tools shows those and nothing else of the server', async () => {
    const { url, suffix } = await instanceOf(broker, { a: { url: open.url } });
    const { body } = await broker.api(`/v1/mcp-configs?name=config-${suffix}`);
    await broker.api(`/v1/mcp-configs/${body.items[0].id}`, {
      method: 'PATCH',
      body: { connection_tool_mappings: [{ connection_name: `a-${suffix}`, tools: ['echo', 'not-there'] }] },
    });
    expect(await namesAt(url)).toEqual([`a_${suffix}_echo`]);
    expect((await call(url, `a_${suffix}_remove`)).error.code).toBe(-32602);
    expect((await rpc(url, 'prompts/list')).error.code).toBe(-32601);
    expect((await rpc(url, 'resources/read', { uri: `a-${suffix}+test://static-text` })).status).toBe(404);
  });

  it('are the server’s own only in a config of one connection', async () => {
    await expect(instanceOf(broker, { a: { url: open.url }, b: { url: legacy.url } }, 'as_is')).rejects.toThrow(/as they are/);
  });

  it('effects follow the annotations, strict in doubt', async () => {
    const instance = await instanceOf(broker, { a: { url: open.url } }, 'as_is');
    for (const [tool, effect] of [
      ['echo', 'read'],
      ['test_simple_text', 'write'],
      ['remove', 'destructive'],
    ] as const) {
      await call(instance.url, tool);
      const { items } = (await broker.api(`/v1/tool-calls?mcp_instance_id=${instance.id}&tool_name=${tool}`)).body;
      expect(items[0]).toMatchObject({ effect, outcome: 'success' });
    }
  });
});
