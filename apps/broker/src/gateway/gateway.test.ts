import { once } from 'node:events';
import http from 'node:http';
import { formatBearer, randomBase62 } from '@grantway/contract';
import { connectAll, incidentSetting, incidentTools, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { serverInfo, supportedVersions } from './protocol.ts';

let broker: TestBroker;
/** All accounts connected. */
let ready: Json;
/** No account connected. */
let fresh: Json;

beforeAll(async () => {
  broker = await startBroker({ toolTimeoutMs: 2_000 });
  ready = await incidentSetting(broker);
  fresh = await incidentSetting(broker);
  await connectAll(broker, ready);
});
afterAll(() => broker.close());

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  json: Json;
}

async function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: unknown; raw?: string | Buffer } = {},
): Promise<Answer> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const request = http.request(url, {
    method: options.method ?? 'POST',
    agent: false,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      accept: 'application/json, text/event-stream',
      ...options.headers,
    },
  });
  // A server that refuses early may close while we still send; its answer counts.
  request.on('error', () => {});
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : undefined,
  };
}

const rpc = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
});

const envelope = (more: Record<string, unknown> = {}) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  ...more,
});

const modernHeaders = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});

/** A well-formed request of 2026-07-28. */
function modern(url: string, method: string, params: Record<string, unknown> = {}, meta: Record<string, unknown> = {}): Promise<Answer> {
  const name = typeof params.name === 'string' ? params.name : undefined;
  return send(url, { headers: modernHeaders(method, name), body: rpc(method, { ...params, _meta: envelope(meta) }) });
}

const legacy = (url: string, method: string, params?: unknown): Promise<Answer> =>
  send(url, { headers: { 'mcp-protocol-version': '2025-11-25' }, body: rpc(method, params) });

const call = (url: string, name: string, args: unknown = {}) => legacy(url, 'tools/call', { name, arguments: args });

async function lastCall(instance: Json): Promise<Json> {
  return (await broker.api(`/v1/tool-calls?mcp_instance_id=${instance.id}&limit=1`)).body.items[0];
}

const tokenOf = (instance: Json): string => new URL(instance.url).pathname.split('/')[2] as string;

function sql(text: string, values: unknown[]): Promise<Json[]> {
  return broker.modules.db.system('sweep').query({ name: `test ${text}`, text, values });
}

describe('who is let in', () => {
  it('an unknown URL is 404 and says what to do', async () => {
    const token = formatBearer({ kind: 'mcpUrl', id: randomBase62(16), secret: randomBase62(43) });
    const answer = await send(`${broker.baseUrl}/u/${token}/mcp`, { body: rpc('ping') });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: 404, data: { code: 'not_found' } } });
    expect(answer.json.error.message).toMatch(/not known here.*ask for a new one/);
    expect(answer.text).not.toContain(token);
  });

  it('a right id with a wrong secret is as unknown as any other URL', async () => {
    const [, id] = tokenOf(ready).split('_') as [string, string];
    const token = formatBearer({ kind: 'mcpUrl', id, secret: randomBase62(43) });
    const answer = await send(`${broker.baseUrl}/u/${token}/mcp`, { body: rpc('ping') });
    expect([answer.status, answer.json.error.data.code]).toEqual([404, 'not_found']);
  });

  it('a revoked URL is 410 with a sentence, also for a body that is broken', async () => {
    const instance = await incidentSetting(broker);
    await sql('update mcp_instances set revoked_at = now() where id = $1', [instance.id]);
    for (const raw of [JSON.stringify(rpc('ping')), '{"broken']) {
      const answer = await send(instance.url, { raw });
      expect([answer.status, answer.json.error.data.code]).toEqual([410, 'instance_revoked']);
      expect(answer.json.error.message).toBe('This MCP URL was revoked. Ask for a new one where you got it.');
    }
  });

  it('a suspended client’s URL is 403', async () => {
    const instance = await incidentSetting(broker);
    const [{ client_id }] = (await sql('select client_id from mcp_instances where id = $1', [instance.id])) as [Json];
    await sql('update clients set suspended_at = now() where id = $1', [client_id]);
    try {
      const answer = await send(instance.url, { body: rpc('ping') });
      expect([answer.status, answer.json.error.data.code]).toEqual([403, 'client_suspended']);
    } finally {
      await sql('update clients set suspended_at = null where id = $1', [client_id]);
    }
  });

  it('the same credential works as a bearer on /mcp', async () => {
    const answer = await send(`${broker.baseUrl}/mcp`, { headers: { authorization: `bearer ${tokenOf(ready)}` }, body: rpc('ping') });
    expect([answer.status, answer.json]).toEqual([200, { jsonrpc: '2.0', id: 1, result: {} }]);
  });

  it('/mcp without a bearer is 401 with a challenge, with an unknown one 404', async () => {
    const without = await send(`${broker.baseUrl}/mcp`, { body: rpc('ping') });
    expect([without.status, without.headers['www-authenticate']]).toEqual([401, 'Bearer realm="grantway"']);
    const unknown = await send(`${broker.baseUrl}/mcp`, { headers: { authorization: 'Bearer abc' }, body: rpc('ping') });
    expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([404, undefined]);
  });

  it.each(['GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'])('%s is 405 and names POST, whoever asks', async (method) => {
    for (const url of [ready.url, `${broker.baseUrl}/u/abc/mcp`, `${broker.baseUrl}/mcp`]) {
      const answer = await send(url, { method });
      expect([answer.status, answer.headers.allow, answer.json.error.code]).toEqual([405, 'POST', 405]);
    }
  });

  it('OAuth metadata is nowhere around a capability URL', async () => {
    const token = tokenOf(ready);
    for (const path of [
      `/.well-known/oauth-protected-resource/u/${token}/mcp`,
      `/.well-known/oauth-authorization-server/u/${token}/mcp`,
      `/.well-known/openid-configuration/u/${token}/mcp`,
      `/u/${token}/mcp/.well-known/openid-configuration`,
      `/u/${token}/mcp/.well-known/oauth-authorization-server`,
      `/u/${token}/sse`,
      `/u/${token}`,
    ]) {
      for (const method of ['GET', 'POST']) {
        const answer = await send(`${broker.baseUrl}${path}`, { method });
        expect([path, answer.status]).toEqual([path, 404]);
        expect(answer.text).not.toContain(token);
      }
    }
  });

  it.each([
    ['a foreign Host', { host: 'evil.example' }],
    ['a foreign Host with our name in front', { host: 'localhost.evil.example' }],
    ['a foreign Host behind a forwarded one', { host: 'evil.example', 'x-forwarded-host': '127.0.0.1' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['an opaque Origin', { origin: 'null' }],
    ['an Origin that only begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
  ])('%s is 403', async (_, headers) => {
    const answer = await send(ready.url, { headers: headers as unknown as Record<string, string>, body: rpc('ping') });
    expect([answer.status, answer.json.error.data.code]).toEqual([403, 'host_not_allowed']);
  });

  it.each([
    ['our own Origin', () => ({ origin: broker.baseUrl })],
    ['a loopback Origin while we are on loopback', () => ({ origin: 'http://localhost:6274' })],
    ['a loopback Host while we are on loopback', () => ({ host: `localhost:${new URL(broker.baseUrl).port}` })],
  ])('%s is let in', async (_, headers) => {
    const answer = await send(ready.url, { headers: headers() as unknown as Record<string, string>, body: rpc('ping') });
    expect(answer.status).toBe(200);
  });

  it('every answer forbids caches and referrers', async () => {
    for (const answer of [
      await send(ready.url, { body: rpc('ping') }),
      await send(ready.url, { raw: '{' }),
      await send(`${broker.baseUrl}/u/abc/mcp`, { body: rpc('ping') }),
      await send(`${broker.baseUrl}/u/abc/sse`, { method: 'GET' }),
    ]) {
      expect([answer.headers['cache-control'], answer.headers['referrer-policy']]).toEqual(['no-store', 'no-referrer']);
    }
  });
});

describe('what is not a request', () => {
  const deep = (levels: number) => `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

  it.each<[string, { raw: string | Buffer; headers?: Record<string, string> }, number, number]>([
    ['broken JSON', { raw: '{"jsonrpc":"2.0",' }, 400, -32700],
    ['an empty body', { raw: '' }, 400, -32700],
    ['bytes that are no UTF-8', { raw: Buffer.from([0x22, 0xff, 0x22]) }, 400, -32700],
    ['a scalar', { raw: '1' }, 400, -32600],
    ['null', { raw: 'null' }, 400, -32600],
    ['another JSON-RPC version', { raw: '{"jsonrpc":"1.0","id":1,"method":"ping"}' }, 400, -32600],
    ['no method', { raw: '{"jsonrpc":"2.0","id":1}' }, 400, -32600],
    ['a method that is no string', { raw: '{"jsonrpc":"2.0","id":1,"method":7}' }, 400, -32600],
    ['id null', { raw: '{"jsonrpc":"2.0","id":null,"method":"ping"}' }, 400, -32600],
    ['a fraction as id', { raw: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' }, 400, -32600],
    ['an object as id', { raw: '{"jsonrpc":"2.0","id":{},"method":"ping"}' }, 400, -32600],
    ['params as a list', { raw: '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}' }, 400, -32600],
    ['params as text', { raw: '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}' }, 400, -32600],
    ['nesting beyond 64 levels', { raw: deep(63) }, 400, -32600],
    ['another content type', { raw: '{}', headers: { 'content-type': 'text/plain' } }, 415, -32600],
    ['a form', { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, -32600],
    ['a body of over 1 MB', { raw: JSON.stringify(rpc('ping', { a: 'x'.repeat(1_048_576) })) }, 413, -32600],
  ])('%s is refused', async (_, request, status, code) => {
    const answer = await send(ready.url, request);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.json.jsonrpc).toBe('2.0');
    expect(answer.json.error.message).toMatch(/\.$/);
  });

  it('nesting of 64 levels is read', async () => {
    expect((await send(ready.url, { raw: deep(62) })).status).toBe(200);
  });

  it('no content type at all is 415', async () => {
    expect((await send(ready.url, {})).status).toBe(415);
  });

  it('an id is repeated as it came, also in a refusal', async () => {
    for (const id of ['1', 1, 'ä-😀', 0, -7]) {
      expect((await send(ready.url, { body: rpc('ping', undefined, id) })).json.id).toBe(id);
      expect((await send(ready.url, { body: rpc('ping', 7, id) })).json.id).toBe(id);
    }
  });

  it('notifications and responses are accepted with 202 and nothing else', async () => {
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]) {
      const answer = await send(ready.url, { body });
      expect([answer.status, answer.text]).toEqual([202, '']);
    }
  });

  it('a tools/call without an id executes nothing', async () => {
    const before = await lastCall(ready);
    const answer = await send(ready.url, {
      body: {
        jsonrpc: '2.0',
        method: 'tools/call',
        params: { name: 'slack_post_message', arguments: { channel: 'C06INC4LLS1', text: 'silent' } },
      },
    });
    expect(answer.status).toBe(202);
    expect((await lastCall(ready))?.id).toBe(before?.id);
  });
});

describe('the legacy era', () => {
  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['2026-07-28', '2025-11-25'],
    ['1.0', '2025-11-25'],
  ])('initialize with %s is answered with %s', async (asked, answered) => {
    const answer = await send(ready.url, {
      body: rpc('initialize', { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'test', version: '1' } }),
    });
    expect(answer.status).toBe(200);
    expect(answer.json.result).toMatchObject({
      protocolVersion: answered,
      serverInfo: { name: 'grantway', version: manifest.version },
      capabilities: { tools: {} },
    });
    expect(answer.json.result.instructions).toContain('Finds what is failing');
    expect(answer.headers['mcp-session-id']).toBeUndefined();
  });

  it('initialize without a version is an invalid request of its method', async () => {
    expect((await send(ready.url, { body: rpc('initialize', {}) })).json.error.code).toBe(-32602);
  });

  it.each(supportedVersions.filter((v) => v !== '2026-07-28'))('requests with the version header %s are served', async (version) => {
    const answer = await send(ready.url, { headers: { 'mcp-protocol-version': version }, body: rpc('tools/list') });
    expect(answer.json.result.tools).toHaveLength(9);
    expect(answer.json.result.resultType).toBeUndefined();
  });

  it('a version that nobody knows is refused with the list of those that are', async () => {
    const answer = await send(ready.url, { headers: { 'mcp-protocol-version': '2023-01-01' }, body: rpc('tools/list') });
    expect([answer.status, answer.json.error.code]).toEqual([400, -32022]);
    expect(answer.json.error.data).toEqual({ supported: supportedVersions, requested: '2023-01-01' });
  });

  it.each(['prompts/list', 'resources/list', 'resources/templates/list', 'logging/setLevel', 'constructor', ''])(
    'the method "%s" is not there, and the answer says what is',
    async (method) => {
      const answer = await legacy(ready.url, method, {});
      expect([answer.status, answer.json.error.code]).toEqual([200, -32601]);
      expect(answer.json.error.message).toContain('tools only');
    },
  );

  it('batches are served for 2025-03-26, with and without its header', async () => {
    for (const headers of [{}, { 'mcp-protocol-version': '2025-03-26' }] as Record<string, string>[]) {
      const answer = await send(ready.url, {
        headers,
        body: [rpc('ping', undefined, 'a'), { jsonrpc: '2.0', method: 'notifications/initialized' }, rpc('nope', undefined, 'b')],
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject([
        { id: 'a', result: {} },
        { id: 'b', error: { code: -32601 } },
      ]);
    }
    const silent = await send(ready.url, { body: [{ jsonrpc: '2.0', method: 'notifications/initialized' }] });
    expect([silent.status, silent.text]).toEqual([202, '']);
  });

  it.each<[string, unknown, Record<string, string>]>([
    ['an empty batch', [], {}],
    ['a batch of another legacy version', [rpc('ping')], { 'mcp-protocol-version': '2025-11-25' }],
    ['a batch of the stateless version', [rpc('ping')], { 'mcp-protocol-version': '2026-07-28' }],
    ['a batch that holds a stateless request', [rpc('tools/list', { _meta: envelope() })], {}],
    ['a batch with one id twice', [rpc('ping', undefined, 'x'), rpc('ping', undefined, 'x')], {}],
    ['a batch that holds an initialize', [rpc('initialize', { protocolVersion: '2025-03-26' })], {}],
    ['a batch that holds no message', [rpc('ping'), 7], {}],
    ['a batch of 21', Array.from({ length: 21 }, (_, i) => rpc('ping', undefined, i)), {}],
  ])('%s is refused whole', async (_, body, headers) => {
    const answer = await send(ready.url, { headers, body });
    expect([answer.status, answer.json.error?.code]).toEqual([400, -32600]);
  });
});

describe('the stateless era', () => {
  it('server/discover says what is here and what must not be shared', async () => {
    const { status, json } = await modern(ready.url, 'server/discover');
    expect(status).toBe(200);
    expect(json.result).toMatchObject({
      resultType: 'complete',
      supportedVersions,
      capabilities: { tools: { listChanged: true } },
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
    expect(json.result.ttlMs).toBeGreaterThanOrEqual(0);
  });

  it('tools/list is private, complete and signed', async () => {
    const { json } = await modern(ready.url, 'tools/list');
    expect(json.result).toMatchObject({
      resultType: 'complete',
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
    expect(json.result.ttlMs).toEqual(expect.any(Number));
  });

  const list = (params: unknown, headers: Record<string, string>) => ({ headers, body: rpc('tools/list', params) });
  const callBody = rpc('tools/call', { name: 'slack_list_channels', _meta: envelope() });

  it.each<[string, { headers: Record<string, string>; body: unknown }, number, number]>([
    ['no _meta', list({}, modernHeaders('tools/list')), 400, -32602],
    [
      'no client capabilities',
      list({ _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }, modernHeaders('tools/list')),
      400,
      -32602,
    ],
    [
      'a version that is no text',
      list({ _meta: envelope({ 'io.modelcontextprotocol/protocolVersion': 7 }) }, modernHeaders('tools/list')),
      400,
      -32602,
    ],
    [
      'a client info without a version',
      list({ _meta: envelope({ 'io.modelcontextprotocol/clientInfo': { name: 'x' } }) }, modernHeaders('tools/list')),
      400,
      -32602,
    ],
    [
      'an unknown log level',
      list({ _meta: envelope({ 'io.modelcontextprotocol/logLevel': 'loud' }) }, modernHeaders('tools/list')),
      400,
      -32602,
    ],
    ['no version header', list({ _meta: envelope() }, { 'mcp-method': 'tools/list' }), 400, -32020],
    ['no method header', list({ _meta: envelope() }, { 'mcp-protocol-version': '2026-07-28' }), 400, -32020],
    [
      'another version header',
      list({ _meta: envelope() }, { ...modernHeaders('tools/list'), 'mcp-protocol-version': '2025-11-25' }),
      400,
      -32020,
    ],
    ['another method header', list({ _meta: envelope() }, modernHeaders('tools/call')), 400, -32020],
    [
      'initialize under a stateless version header',
      { headers: modernHeaders('initialize'), body: rpc('initialize', { protocolVersion: '2026-07-28' }) },
      400,
      -32020,
    ],
    ['no name header on a call', { headers: modernHeaders('tools/call'), body: callBody }, 400, -32020],
    ['another name header on a call', { headers: modernHeaders('tools/call', 'datadog_monitors_list'), body: callBody }, 400, -32020],
    ['a name header with broken Base64', { headers: modernHeaders('tools/call', '=?base64?%%%?='), body: callBody }, 400, -32020],
    [
      'a name header whose Base64 names another tool',
      { headers: modernHeaders('tools/call', '=?base64?eA==?='), body: callBody },
      400,
      -32020,
    ],
    [
      'a version of the future',
      list(
        { _meta: envelope({ 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }) },
        { ...modernHeaders('tools/list'), 'mcp-protocol-version': '2099-01-01' },
      ),
      400,
      -32022,
    ],
    ['a version of the future in the header alone', list({}, { 'mcp-protocol-version': '2099-01-01' }), 400, -32022],
    ['ping', { headers: modernHeaders('ping'), body: rpc('ping', { _meta: envelope() }) }, 404, -32601],
    ['initialize with _meta', { headers: modernHeaders('initialize'), body: rpc('initialize', { _meta: envelope() }) }, 404, -32601],
    ['logging/setLevel', { headers: modernHeaders('logging/setLevel'), body: rpc('logging/setLevel', { _meta: envelope() }) }, 404, -32601],
    ['prompts/list', { headers: modernHeaders('prompts/list'), body: rpc('prompts/list', { _meta: envelope() }) }, 404, -32601],
    ['a call without a name', { headers: modernHeaders('tools/call'), body: rpc('tools/call', { _meta: envelope() }) }, 200, -32602],
    [
      'a listen without notifications',
      { headers: modernHeaders('subscriptions/listen'), body: rpc('subscriptions/listen', { _meta: envelope() }) },
      200,
      -32602,
    ],
  ])('%s is refused', async (_, request, status, code) => {
    const answer = await send(ready.url, request);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.json.id).toBe(1);
  });

  it('an unsupported version is told all that are supported', async () => {
    const answer = await send(ready.url, {
      headers: { ...modernHeaders('tools/list'), 'mcp-protocol-version': '2099-01-01' },
      body: rpc('tools/list', { _meta: envelope({ 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }) }),
    });
    expect(answer.json.error.data).toEqual({ supported: supportedVersions, requested: '2099-01-01' });
  });

  it('a name header may be Base64', async () => {
    const encoded = `=?base64?${Buffer.from('slack_list_channels').toString('base64')}?=`;
    const answer = await send(ready.url, { headers: modernHeaders('tools/call', encoded), body: callBody });
    expect(answer.json.result).toMatchObject({ resultType: 'complete' });
  });

  it('notifications are accepted with 202, unless their headers disagree', async () => {
    const body = { jsonrpc: '2.0', method: 'notifications/x' };
    expect((await send(ready.url, { headers: modernHeaders('notifications/x'), body })).status).toBe(202);
    expect((await send(ready.url, { headers: modernHeaders('notifications/y'), body })).json.error.code).toBe(-32020);
  });
});

describe('tools', () => {
  afterEach(() => Promise.all(['slack', 'datadog', 'linear'].map((c) => broker.control(`/${c}/knobs`, 'DELETE'))));

  it('the list is what the config allows, in one order, with schemas and annotations', async () => {
    const [one, two] = [await legacy(ready.url, 'tools/list'), await legacy(ready.url, 'tools/list', {})];
    expect(two.json.result).toEqual(one.json.result);
    const { tools } = one.json.result;
    expect(tools.map((t: Json) => t.name)).toEqual(Object.values(incidentTools).flat().sort());
    for (const t of tools) {
      expect(t).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        inputSchema: { type: 'object' },
        outputSchema: { type: 'object' },
        annotations: { openWorldHint: true },
      });
    }
    expect(tools.find((t: Json) => t.name === 'slack_post_message').annotations.readOnlyHint).toBe(false);
  });

  it('a config of over 200 tools is listed in pages that neither repeat nor skip', async () => {
    // One connector's tools under many names: each connection of it exposes them all.
    const connections = Array.from({ length: 60 }, (_, i) => `slack-many-${String(i).padStart(2, '0')}`);
    for (const name of connections) {
      expect((await broker.api('/v1/connections', { body: { name, connector: 'slack', sandbox: true } })).status).toBe(201);
    }
    const config = await broker.api('/v1/mcp-configs', {
      body: { name: 'many', connection_tool_mappings: connections.map((connection_name) => ({ connection_name, tools: [] })) },
    });
    expect(config.status, JSON.stringify(config.body)).toBe(201);
    const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'many', user_identifier: 'pages' } }))
      .body;
    const perConnection = (await broker.api('/v1/connectors/slack')).body.tools.length;

    const names: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { result } = (await legacy(instance.url, 'tools/list', cursor === undefined ? {} : { cursor })).json;
      expect(result.tools.length).toBeLessThanOrEqual(200);
      names.push(...result.tools.map((t: Json) => t.name));
      cursor = result.nextCursor;
      pages++;
    } while (cursor !== undefined && pages < 10);
    expect(pages).toBe(Math.ceil((perConnection * connections.length) / 200));
    expect(pages).toBeGreaterThan(1);
    expect(names).toHaveLength(perConnection * connections.length);
    expect(new Set(names).size).toBe(names.length);
    expect([...names].sort()).toEqual(names);
  });

  it.each([['nonsense'], [''], [7], [Buffer.from('../x').toString('base64url')]])('the cursor %j is refused', async (cursor) => {
    expect((await legacy(ready.url, 'tools/list', { cursor })).json.error.code).toBe(-32602);
  });

  it('a call answers as text and as structure, and names its audit row', async () => {
    const { json } = await call(ready.url, 'datadog_monitors_list');
    const { result } = json;
    expect(result.isError).toBeUndefined();
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent);
    expect(result.structuredContent.monitors.length).toBeGreaterThan(0);
    const row = await lastCall(ready);
    expect(row).toMatchObject({
      id: result._meta['grantway/tool_call_id'],
      outcome: 'success',
      via: 'mcp',
      mcp_config_name: 'incident-responder',
    });
    expect(row.request_id).toMatch(/^req_/);
  });

  it.each([
    ['legacy', () => call(ready.url, 'slack_get_user_info')],
    ['stateless', () => modern(ready.url, 'tools/call', { name: 'slack_get_user_info' })],
  ])('a tool outside the config is unknown in the %s era, and recorded', async (_, ask) => {
    const { status, json } = await ask();
    expect([status, json.error.code, json.error.message]).toEqual([200, -32602, 'Unknown tool: slack_get_user_info']);
    expect(await lastCall(ready)).toMatchObject({ id: json.error.data.tool_call_id, outcome: 'refused', fault_code: 'unknown_tool' });
  });

  it('arguments that do not fit are a tool error that names each of them', async () => {
    const { json } = await call(ready.url, 'slack_post_message', { channel: 'nope', txt: 'x', __proto__x: 1 });
    expect(json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
    expect(json.result.structuredContent).toBeUndefined();
    for (const name of ['channel', 'text', 'txt', '__proto__x']) expect(json.result.content[0].text).toContain(`${name}: `);
  });

  it('arguments cannot reach the prototype', async () => {
    const raw =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"datadog_monitors_list","arguments":{"__proto__":{"limit":1}}}}';
    const { json } = await send(ready.url, { raw });
    expect(json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
  });

  it('arguments that are no object are an invalid request', async () => {
    expect((await call(ready.url, 'slack_list_channels', [1])).json.error.code).toBe(-32602);
  });

  it.each([
    ['legacy', () => call(fresh.url, 'slack_list_channels')],
    ['stateless', () => modern(fresh.url, 'tools/call', { name: 'slack_list_channels', arguments: {} })],
  ])('an account that is not connected answers with its link in the %s era, in the text and beside it', async (_, ask) => {
    const { result } = (await ask()).json;
    const link = fresh.connections.find((c: Json) => c.connection_name === 'slack').authentication_link;
    expect(result).toMatchObject({
      isError: true,
      _meta: {
        'grantway/code': 'authorization_required',
        'grantway/connection_name': 'slack',
        'grantway/authentication_link': link,
        'grantway/tool_call_id': (await lastCall(fresh)).id,
      },
    });
    expect(result.structuredContent).toBeUndefined();
    expect(result.content[0].text).toContain(link);
  });

  it('a provider’s refusal is a tool error that says whose', async () => {
    // Of his own: the account is left alone afterwards, for as long as the provider asked.
    const own = await incidentSetting(broker);
    await connectAll(broker, own);
    await broker.control('/datadog/knobs', 'PUT', { fail: '429' });
    const { status, json } = await call(own.url, 'datadog_monitors_list');
    expect(status).toBe(200);
    expect(json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'provider_rate_limited' } });
    expect(json.result.content[0].text).toMatch(/^Datadog/);
  });

  it('a write that was sent and not answered says that it may have happened', async () => {
    await broker.control('/slack/knobs', 'PUT', { fail: 'timeout' });
    const { json } = await call(ready.url, 'slack_post_message', { channel: 'C06INC4LLS1', text: 'is anybody there?' });
    expect(json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'outcome_unknown' } });
    expect(json.result.content[0].text).toMatch(/it may have happened/);
    expect((await lastCall(ready)).outcome).toBe('outcome_unknown');
  });

  it('a call whose client has gone is finished and recorded', async () => {
    await broker.control('/slack/knobs', 'PUT', { slow_ms: 400 });
    const instance = await incidentSetting(broker);
    await connectAll(broker, instance);
    const body = JSON.stringify(
      rpc('tools/call', { name: 'slack_post_message', arguments: { channel: 'C06INC4LLS1', text: 'left early' } }),
    );
    const request = http.request(instance.url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
    request.on('error', () => {});
    request.end(body);
    // The row that precedes the write tells that the call has begun.
    await expect.poll(async () => (await lastCall(instance))?.outcome, { timeout: 5_000 }).toBe('pending');
    request.destroy();
    await expect.poll(async () => (await lastCall(instance)).outcome, { timeout: 5_000 }).toBe('success');
  });

  it('two users of one config never see each other’s accounts', async () => {
    expect((await call(ready.url, 'slack_list_channels')).json.result.isError).toBeUndefined();
    expect((await call(fresh.url, 'slack_list_channels')).json.result.isError).toBe(true);
  });
});

describe('being asked to authorize (multi-round requests)', () => {
  const asking = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } };
  const args = { name: 'slack_list_channels', arguments: { limit: 5 } };
  const ask = (url: string, more: Record<string, unknown> = {}, meta = asking) => modern(url, 'tools/call', { ...args, ...more }, meta);
  const answerOf = (action: string) => ({ inputResponses: { authorize: { action } } });

  it('a client that can open links is asked, and the repeated call works after consent', async () => {
    const instance = await incidentSetting(broker);
    const { result } = (await ask(instance.url)).json;
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { authorize: { method: 'elicitation/create', params: { mode: 'url', message: expect.stringContaining('Slack') } } },
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
    expect((await broker.connect(result.inputRequests.authorize.params.url)).status).toBe(200);
    const again = await ask(instance.url, { ...answerOf('accept'), requestState: result.requestState });
    expect(again.json.result).toMatchObject({ resultType: 'complete', structuredContent: expect.any(Object) });
    expect(again.json.result.isError).toBeUndefined();
  });

  it.each(['cancel', 'decline', 'accept'])('after %s without a connected account the link comes as text', async (action) => {
    const { result } = (await ask(fresh.url)).json;
    const again = await ask(fresh.url, { ...answerOf(action), requestState: result.requestState });
    expect(again.json.result).toMatchObject({ resultType: 'complete', isError: true });
    expect(again.json.result.content[0].text).toContain(result.inputRequests.authorize.params.url);
  });

  it('a state without an answer asks again', async () => {
    const { result } = (await ask(fresh.url)).json;
    expect((await ask(fresh.url, { requestState: result.requestState })).json.result.resultType).toBe('input_required');
  });

  it.each([{}, { elicitation: {} }, { elicitation: { form: {} } }, { elicitation: true }])(
    'a client with the capabilities %j is not asked',
    async (capabilities) => {
      const { json } = await ask(fresh.url, {}, { 'io.modelcontextprotocol/clientCapabilities': capabilities } as never);
      expect(json.result).toMatchObject({ resultType: 'complete', isError: true });
    },
  );

  it('a state is good for its own instance, call and time only', async () => {
    const other = await incidentSetting(broker);
    const { requestState } = (await ask(fresh.url)).json.result as { requestState: string };
    const [expires, mac] = requestState.split('.') as [string, string];
    const flipped = `${mac[0] === 'A' ? 'B' : 'A'}${mac.slice(1)}`;
    for (const [url, more] of [
      [other.url, { requestState }],
      [fresh.url, { requestState, arguments: { limit: 6 } }],
      [fresh.url, { requestState: `${Number(expires) + 1}.${mac}` }],
      [fresh.url, { requestState: `${expires}.${flipped}` }],
      [fresh.url, { requestState: '' }],
      [fresh.url, { requestState: 7 }],
    ] as [string, Record<string, unknown>][]) {
      const { status, json } = await ask(url, { ...answerOf('accept'), ...more });
      expect([status, json.error?.code], JSON.stringify(more)).toEqual([200, -32602]);
    }
  });
});

it('no secret of a URL is in any log line', async () => {
  const token = tokenOf(ready);
  await send(ready.url, { body: rpc('ping') });
  await send(ready.url, { raw: '{' });
  await send(`${broker.baseUrl}/u/${token}/mcp/.well-known/openid-configuration`, { method: 'GET' });
  await send(`${broker.baseUrl}/.well-known/oauth-protected-resource/u/${token}/mcp`, { method: 'GET' });
  await send(`${broker.baseUrl}/mcp`, { headers: { authorization: `Bearer ${token}` }, body: rpc('ping') });
  const secret = token.split('_')[2] as string;
  expect(broker.logLines.length).toBeGreaterThan(10);
  expect(broker.logLines.filter((line) => line.includes(secret))).toEqual([]);
  expect(broker.logLines.some((line) => line.includes('_[redacted]'))).toBe(false);
});
