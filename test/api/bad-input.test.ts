import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from './rows.ts';

let broker: TestBroker;
let rows: Rows;
let instance: Json;
let configId: string;
let connectionId: string;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  configId = instance.config.id;
  connectionId = (await broker.api('/v1/connections?name=slack')).body.items[0].id;
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

interface Wrong {
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends it and expects one problem with this code, and the database as it was. */
async function refused(request: Wrong, status: number, code: string, mayChange: string[] = []): Promise<Json> {
  const before = await rows.checksums();
  const answer = await broker.api(request.path, request);
  expect(answer.body).toMatchObject({ code, status });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(changed(before, await rows.checksums()).filter((table) => !mayChange.includes(table))).toEqual([]);
  return answer.body;
}

const pointers = (problem: Json) => (problem.errors ?? []).map((e: Json) => e.pointer);
const nested = (depth: number) => `{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('a body', () => {
  const post = (body: unknown, headers: Record<string, string> = {}): Wrong => ({ method: 'POST', path: '/v1/connections', body, headers });
  it.each([
    ['that is broken off', '{"name":"a"', 400, 'invalid_json'],
    ['with a trailing comma', '{"name":"a",}', 400, 'invalid_json'],
    ['with a second value', '{} {}', 400, 'invalid_json'],
    ['that is no JSON', 'name=a', 400, 'invalid_json'],
    ['with __proto__', '{"__proto__":{"name":"a"},"name":"a","connector":"slack"}', 400, 'invalid_json'],
    ['with an escaped __proto__', '{"\\u005f_proto__":{"name":"a"},"name":"a","connector":"slack"}', 400, 'invalid_json'],
    ['with __proto__ further in', '{"name":"a","connector":"slack","auth":{"fields":{"__proto__":"x"}}}', 400, 'invalid_json'],
    ['with constructor.prototype', '{"name":"a","connector":"slack","auth":{"constructor":{"prototype":{"x":1}}}}', 400, 'invalid_json'],
    ['nested a thousand deep', nested(1000), 400, 'invalid_json'],
    ['nested half a million deep', nested(500_000), 400, 'invalid_json'],
    ['that is empty', '', 400, 'invalid_request'],
    ['that is null', 'null', 400, 'invalid_request'],
    ['that is a list', '[]', 400, 'invalid_request'],
    ['that is a text', '"name"', 400, 'invalid_request'],
    ['that is a number', '7', 400, 'invalid_request'],
    ['that is a byte over the limit', JSON.stringify({ name: 'x'.repeat(1_048_576 - 10) }), 413, 'payload_too_large'],
    ['that is far over the limit', JSON.stringify({ name: 'x'.repeat(3_000_000) }), 413, 'payload_too_large'],
  ])('%s is refused', async (_, body, status, code) => {
    const problem = await refused(post(body), status, code);
    // A parser's own words quote what it stumbled over, and that may be a secret.
    expect(JSON.stringify(problem)).not.toMatch(/name=a|Unexpected|position/);
  });

  it('just within the limit is read and judged', async () => {
    const body = JSON.stringify({ name: '' }).length;
    await refused(post(JSON.stringify({ name: 'x'.repeat(1_048_576 - body) })), 400, 'invalid_request');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/problem+json',
    'nonsense',
  ])('of type %s is refused', async (type) => {
    await refused(post('{"name":"a","connector":"slack"}', { 'content-type': type }), 415, 'unsupported_media_type');
  });

  it('where none is taken is refused', async () => {
    await refused({ method: 'DELETE', path: `/v1/mcp-configs/${configId}`, body: { force: true } }, 400, 'invalid_request');
  });
});

/** What is wrong with one request, and where the problem says it is. */
const fields: [what: string, request: () => Wrong, pointers: string[]][] = [
  ['a connection without anything', () => ({ path: '/v1/connections', body: {} }), ['/name', '/connector']],
  [
    'a connection with unknown fields',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'slack', colour: 1, 'a/b': 2 } }),
    ['/colour', '/a~1b'],
  ],
  [
    'a connection with an unknown field inside',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'slack', auth: { token: 'x' } } }),
    ['/auth/token'],
  ],
  [
    'a connection with wrong types',
    () => ({ path: '/v1/connections', body: { name: 1, connector: ['slack'], scopes: 'chat:write', sandbox: 'yes' } }),
    ['/name', '/connector', '/scopes', '/sandbox'],
  ],
  ['a connection with null', () => ({ path: '/v1/connections', body: { name: null, connector: 'slack' } }), ['/name']],
  [
    'a connection with an empty secret',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'slack', auth: { client_secret: '' } } }),
    ['/auth/client_secret'],
  ],
  [
    'an OAuth app of a key connector',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'datadog', auth: { client_id: 'x', client_secret: 'y' } } }),
    ['/auth/client_id', '/auth/client_secret'],
  ],
  [
    'an OAuth app of a sandbox connection',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'slack', sandbox: true, auth: { client_id: 'x' } } }),
    ['/auth/client_id'],
  ],
  [
    'a field that the connector has not got',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'datadog', auth: { fields: { planet: 'mars' } } } }),
    ['/auth/fields/planet'],
  ],
  [
    'a secret field fixed for everybody',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'datadog', auth: { fields: { api_key: 'x' } } } }),
    ['/auth/fields/api_key'],
  ],
  [
    'a field with a value it has not got',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'datadog', auth: { fields: { site: 'evil.example' } } } }),
    ['/auth/fields/site'],
  ],
  [
    'U+0000 in a text',
    () => ({ path: '/v1/connections', body: { name: 'a', connector: 'slack', auth: { client_id: 'a\0b' } } }),
    ['/auth/client_id'],
  ],
  [
    'half a surrogate pair in a text',
    () => ({
      path: '/v1/mcp-configs',
      body: '{"name":"a","description":"\\ud83d","connection_tool_mappings":[{"connection_name":"slack"}]}',
    }),
    ['/description'],
  ],
  [
    'a change of what cannot be changed',
    () => ({ method: 'PATCH', path: `/v1/connections/${connectionId}`, body: { connector: 'linear' } }),
    ['/connector'],
  ],
  [
    'a config without mappings',
    () => ({ path: '/v1/mcp-configs', body: { name: 'a', connection_tool_mappings: [] } }),
    ['/connection_tool_mappings'],
  ],
  [
    'a config with a tool that is no text',
    () => ({ path: '/v1/mcp-configs', body: { name: 'a', connection_tool_mappings: [{ connection_name: 'slack', tools: [1] }] } }),
    ['/connection_tool_mappings/0/tools/0'],
  ],
  [
    'a config with a long description',
    () => ({
      path: '/v1/mcp-configs',
      body: { name: 'a', description: 'x'.repeat(1001), connection_tool_mappings: [{ connection_name: 'slack' }] },
    }),
    ['/description'],
  ],
  ['a version that is no number', () => ({ method: 'PATCH', path: `/v1/mcp-configs/${configId}`, body: { version: '1' } }), ['/version']],
  [
    'an instance without a user',
    () => ({ method: 'PUT', path: '/v1/mcp-instances', body: { config_name: 'incident-responder' } }),
    ['/user_identifier'],
  ],
  [
    'arguments that are a list',
    () => ({ path: '/v1/tools/slack_list_channels/execute', body: { identifier: 'ada', arguments: [] } }),
    ['/arguments'],
  ],
  ['a limit of zero', () => ({ path: '/v1/connections?limit=0' }), ['/limit']],
  ['a limit over a hundred', () => ({ path: '/v1/tool-calls?limit=101' }), ['/limit']],
  ['a limit below zero', () => ({ path: '/v1/audit-events?limit=-1' }), ['/limit']],
  ['a limit with a fraction', () => ({ path: '/v1/mcp-configs?limit=1.5' }), ['/limit']],
  ['a limit that is no number', () => ({ path: '/v1/connected-accounts?limit=many' }), ['/limit']],
  ['a limit given twice', () => ({ path: '/v1/connections?limit=5&limit=6' }), ['/limit']],
  ['a cursor that is not ours', () => ({ path: '/v1/connections?cursor=nonsense' }), ['/cursor']],
  ['an empty cursor', () => ({ path: '/v1/connections?cursor=' }), ['/cursor']],
  ['a cursor of another list', () => ({ path: `/v1/tool-calls?cursor=${Buffer.from(connectionId).toString('base64url')}` }), ['/cursor']],
  ['an unknown parameter', () => ({ path: '/v1/connections?sort=name' }), ['/sort']],
  ['an unknown parameter of an operation without any', () => ({ path: '/v1/connectors?limit=5' }), ['/limit']],
  ['__proto__ as a parameter', () => ({ path: '/v1/connections?__proto__=1' }), ['/__proto__']],
  ['U+0000 in a parameter', () => ({ path: '/v1/connections?name=%00' }), ['/name']],
  ['a state that does not exist', () => ({ path: '/v1/connected-accounts?status=HAPPY' }), ['/status']],
  ['an action that does not exist', () => ({ path: '/v1/audit-events?action=nothing.done' }), ['/action']],
  ['a moment that is none', () => ({ path: '/v1/tool-calls?created_after=yesterday' }), ['/created_after']],
  ['a moment in the year 0', () => ({ path: '/v1/tool-calls?created_before=0000-01-01T00:00:00Z' }), ['/created_before']],
  ['a flag that is none', () => ({ path: `/v1/mcp-instances/${instance.id}/auth-state?include_auth_links=yes` }), ['/include_auth_links']],
];

describe('one field', () => {
  it.each(fields)('%s is refused and pointed at', async (_, request, expected) => {
    expect(pointers(await refused(request(), 400, 'invalid_request'))).toEqual(expected);
  });
});

describe('a name', () => {
  it.each(['', 'A', 'with space', '-a', 'a-', 'ä', 'a'.repeat(64), 'a/b', '../a', 'a\0', 'a\u200b', 'a\n'])('%j is none', async (name) => {
    await refused({ path: '/v1/connections', body: { name, connector: 'slack' } }, 400, 'invalid_request');
    await refused(
      { path: '/v1/mcp-configs', body: { name, connection_tool_mappings: [{ connection_name: 'slack' }] } },
      400,
      'invalid_request',
    );
  });

  it('that is taken is refused, also when it is changed to it', async () => {
    await refused({ path: '/v1/connections', body: { name: 'slack', connector: 'linear' } }, 409, 'name_taken');
    await refused(
      { path: '/v1/mcp-configs', body: { name: 'incident-responder', connection_tool_mappings: [{ connection_name: 'slack' }] } },
      409,
      'name_taken',
    );
    await refused({ method: 'PATCH', path: `/v1/connections/${connectionId}`, body: { name: 'linear' } }, 409, 'name_taken');
  });
});

describe('an identifier', () => {
  const strange: [string, string][] = [
    ['nothing', ''],
    ['257 characters', 'x'.repeat(257)],
    ['a control character', 'ada\u0007'],
    ['U+0000', 'ada\0'],
    ['a line break', 'ada\n'],
    ['a zero-width space', 'a\u200bda'],
    ['a zero-width joiner', 'a\u200dda'],
    ['a byte order mark', '\ufeffada'],
    ['a soft hyphen', 'a\u00adda'],
    ['a right-to-left override', 'ada\u202egpj'],
    ['a directional isolate', '\u2066ada\u2069'],
    ['a line separator', 'ada\u2028'],
    ['half a surrogate pair', 'ada\ud83d'],
    ['a decomposed letter', 'ade\u0301'],
    ['a space at the end', 'ada '],
    ['a no-break space at the end', 'ada\u00a0'],
  ];
  it.each(strange)('with %s is refused wherever one is taken', async (_, identifier) => {
    await refused(
      { method: 'PUT', path: '/v1/mcp-instances', body: { config_name: 'incident-responder', user_identifier: identifier } },
      400,
      'invalid_request',
    );
    await refused(
      { path: '/v1/connected-accounts/authorization-link', body: { connection_name: 'slack', identifier } },
      400,
      'invalid_request',
    );
    await refused({ path: '/v1/tools/slack_list_channels/execute', body: { identifier } }, 400, 'invalid_request');
    if (!/[\ud800-\udfff]/.test(identifier)) {
      await refused({ path: `/v1/connected-accounts?${new URLSearchParams({ identifier })}` }, 400, 'invalid_request');
      await refused({ path: `/v1/tool-calls?${new URLSearchParams({ user_identifier: identifier })}` }, 400, 'invalid_request');
    }
  });

  it('is kept as it is, whatever its script, and never folded into another', async () => {
    const made: string[] = [];
    for (const user_identifier of ['Ada', 'ada', 'ád', 'x'.repeat(256), '李雷', '🙂', "o'hara; drop table users", '%_\\', 'a b']) {
      const answer = await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier } });
      expect(answer.body.user_identifier).toBe(user_identifier);
      made.push(answer.body.url);
      const found = await broker.api(`/v1/connected-accounts?${new URLSearchParams({ identifier: user_identifier })}`);
      expect(found.body.items.map((a: Json) => a.identifier)).toEqual(Array(3).fill(user_identifier));
    }
    expect(new Set(made).size).toBe(9);
  });
});

describe('what does not exist', () => {
  const missing = () => ({ con: `${connectionId.slice(0, -4)}0000`, cfg: `${configId.slice(0, -4)}0000` });
  it.each([
    ['GET', () => `/v1/connectors/nothing`],
    ['GET', () => `/v1/connectors/__proto__`],
    ['GET', () => `/v1/connections/${missing().con}`],
    ['PATCH', () => `/v1/connections/${missing().con}`],
    ['DELETE', () => `/v1/connections/${missing().con}`],
    ['GET', () => `/v1/mcp-configs/${missing().cfg}`],
    ['PATCH', () => `/v1/mcp-configs/${missing().cfg}`],
    ['DELETE', () => `/v1/mcp-configs/${missing().cfg}`],
    ['GET', () => '/v1/mcp-instances/mcp_0/auth-state'],
    ['GET', () => '/v1/connected-accounts/ca_0'],
    ['DELETE', () => '/v1/connected-accounts/ca_0'],
    ['GET', () => '/v1/tool-calls/tc_0'],
    // An id of another kind is no id.
    ['GET', () => `/v1/connections/${configId}`],
    ['DELETE', () => `/v1/connected-accounts/${connectionId}`],
    ['GET', () => `/v1/connections/${encodeURIComponent("' or 1=1 --")}`],
  ])('%s %s is not found', async (method, path) => {
    await refused({ method, path: path(), ...(method === 'PATCH' ? { body: { name: 'another' } } : {}) }, 404, 'not_found');
  });

  it('is named in the refusal of a body that names it', async () => {
    const config = (mapping: Json): Wrong => ({
      path: '/v1/mcp-configs',
      body: { name: 'new', connection_tool_mappings: [{ connection_name: 'slack' }, mapping] },
    });
    const tool = await refused(
      config({ connection_name: 'linear', tools: ['linear_issue_create', 'linear_issue_explode'] }),
      422,
      'unknown_tool',
    );
    expect(tool.detail).toContain('"linear_issue_explode"');
    expect(pointers(tool)).toEqual(['/connection_tool_mappings/1/tools/1']);
    const foreign = await refused(config({ connection_name: 'linear', tools: ['slack_post_message'] }), 422, 'unknown_tool');
    expect(foreign.detail).toContain('"slack_post_message"');
    const connection = await refused(config({ connection_name: 'lineal' }), 422, 'unknown_connection');
    expect(connection.detail).toContain('"lineal"');
    expect(pointers(connection)).toEqual(['/connection_tool_mappings/1/connection_name']);
    expect((await refused(config({ connection_name: 'slack' }), 400, 'invalid_request')).detail).toContain('"slack"');
    const patch: Wrong = {
      method: 'PATCH',
      path: `/v1/mcp-configs/${configId}`,
      body: { connection_tool_mappings: [{ connection_name: 'slack', tools: ['nothing'] }] },
    };
    expect((await refused(patch, 422, 'unknown_tool')).detail).toContain('"nothing"');

    expect(
      (await refused({ path: '/v1/connections', body: { name: 'new', connector: 'constructor' } }, 422, 'unknown_connector')).detail,
    ).toContain('"constructor"');
    const scope = await refused(
      { path: '/v1/connections', body: { name: 'new', connector: 'slack', scopes: ['chat:write', 'toString'] } },
      422,
      'unknown_scope',
    );
    expect(pointers(scope)).toEqual(['/scopes/1']);
    await refused({ path: '/v1/connections', body: { name: 'new', connector: 'datadog', scopes: ['read'] } }, 422, 'unknown_scope');
    await refused(
      { method: 'PUT', path: '/v1/mcp-instances', body: { config_name: 'nothing', user_identifier: 'nobody' } },
      404,
      'not_found',
    );
    await refused(
      { path: '/v1/connected-accounts/authorization-link', body: { connection_name: 'nothing', identifier: 'nobody' } },
      422,
      'unknown_connection',
    );
  });

  it('is refused as a tool, which is recorded, and makes no user', async () => {
    const recorded = ['tool_calls'];
    for (const name of [
      'slack_explode',
      'nothing',
      'slack',
      '__proto__',
      'a'.repeat(200),
      `${'a'.repeat(127)}🙂`,
      'slack_list_channels%20',
    ]) {
      const problem = await refused(
        { path: `/v1/tools/${encodeURIComponent(name)}/execute`, body: { identifier: 'nobody' } },
        422,
        'unknown_tool',
        recorded,
      );
      const call = await broker.api(`/v1/tool-calls/${problem.tool_call_id}`);
      expect(call.body).toMatchObject({ outcome: 'refused', fault_code: 'unknown_tool', connection_name: null, user_identifier: 'nobody' });
    }
    await refused(
      { path: '/v1/tools/slack_list_channels/execute', body: { identifier: 'nobody', connection_name: 'linear' } },
      422,
      'unknown_connection',
      recorded,
    );
    const wrong = { identifier: 'nobody', arguments: { channel: 7, colour: 'red' } };
    await refused({ path: '/v1/tools/slack_post_message/execute', body: wrong }, 422, 'argument_invalid', recorded);
  });
});

describe('headers', () => {
  it('over the limit are one problem too', async () => {
    const response = await fetch(`${broker.baseUrl}/v1/connections`, {
      headers: { authorization: `Bearer ${await broker.token()}`, 'x-padding': 'x'.repeat(20_000) },
    });
    expect(response.status).toBe(431);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(((await response.json()) as Json).code).toBe('headers_too_large');
  });

  it('choose no request id', async () => {
    const answer = await broker.api('/v1/connections', { headers: { 'x-request-id': 'mine', 'request-id': 'mine' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it.each(['', 'x'.repeat(256), 'with space', 'ä'])('with the Idempotency-Key %j are refused', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    await refused({ path: '/v1/tools/slack_list_channels/execute', body: { identifier: 'ada' }, headers }, 400, 'invalid_request');
  });
});

describe('whatever was sent', () => {
  it('nothing of it was an error of ours', () => {
    expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
