import { randomBytes } from 'node:crypto';
import type { Tool } from '@grantway/connector-kit';
import { connectAll, type Json, sampled, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { instanceOf, offers, rpc } from '../remote-mcp/setting.ts';

const tools: Tool[] = [];
let broker: TestBroker;
let fixture: Fixture;
/** All connectors that the sandbox plays, their accounts connected; and a second user who has connected nothing. */
let url: string;
let strangerUrl: string;
let configId: string;

const played = await sampled();
for (const { tools: own } of played) tools.push(...own);
const all = played.flatMap(({ connector }) => connector.tools);

beforeAll(async () => {
  fixture = await startFixture();
  fixture.tools.push(...offers().tools);
  broker = await startBroker({ allowHosts: [new URL(fixture.url).host] });
  for (const { connector } of played)
    await broker.api('/v1/connections', { body: { name: connector.id, connector: connector.id, sandbox: true } });
  const config = await broker.api('/v1/mcp-configs', {
    body: {
      name: 'everything',
      connection_tool_mappings: played.map(({ connector }) => ({ connection_name: connector.id })),
      policy: { tools_mode: 'search' },
    },
  });
  expect(config.status).toBe(201);
  configId = config.body.id;
  const instance = await instanceFor('everything', 'ada');
  await connectAll(broker, instance);
  url = instance.url;
  strangerUrl = (await instanceFor('everything', 'stranger')).url;
});
afterAll(async () => {
  await broker?.close();
  await fixture?.close();
});

async function instanceFor(config_name: string, user_identifier: string): Promise<Json> {
  return (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } })).body;
}

/** One request of 2025-11-25, by hand. */
async function legacyRpc(at: string, method: string, params: Json = {}): Promise<Json> {
  const response = await fetch(at, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return { status: response.status, ...((await response.json()) as Json) };
}

type Ask = (at: string, method: string, params?: Json) => Promise<Json>;
const eras: [string, Ask][] = [
  ['2026-07-28', (at, method, params) => rpc(at, method, params)],
  ['2025-11-25', legacyRpc],
];
const callWith =
  (ask: Ask) =>
  (at: string, name: string, args: Json = {}): Promise<Json> =>
    ask(at, 'tools/call', { name, arguments: args });
const call = callWith(eras[0]?.[1] as Ask);
const indirectly = (name: string, args: Json = {}, at = url) => call(at, 'call_tool', { name, arguments: args });
const found = async (query: string, more: Json = {}, at = url): Promise<string[]> =>
  (await call(at, 'search_tools', { query, ...more })).result.structuredContent.tools.map((tool: Json) => tool.name);

/** What a row says of a call, without what is new each time. */
async function rowOf(answer: Json): Promise<Json> {
  const { id, request_id, created_at, duration_ms, ...row } = (
    await broker.api(`/v1/tool-calls/${answer.result._meta['grantway/tool_call_id']}`)
  ).body;
  expect([id, request_id, created_at, duration_ms]).toEqual([
    expect.any(String),
    expect.any(String),
    expect.any(String),
    expect.any(Number),
  ]);
  return row;
}

async function search(config: string, mappings: Json[], policy: Json = {}, user = 'ada'): Promise<string> {
  const name = `${config}-${randomBytes(4).toString('hex')}`;
  const made = await broker.api('/v1/mcp-configs', {
    body: { name, connection_tool_mappings: mappings, policy: { tools_mode: 'search', ...policy } },
  });
  expect(made.status).toBe(201);
  return (await instanceFor(name, user)).url;
}

describe.each(eras)('a client of %s', (_, ask) => {
  const calling = callWith(ask);

  it('sees three tools instead of all, and is told how to use them', async () => {
    const { result } = await ask(url, 'tools/list');
    expect(result.tools.map((tool: Json) => tool.name)).toEqual(['call_tool', 'describe_tool', 'search_tools']);
    expect(result.nextCursor).toBeUndefined();
    const [callTool, describeTool, searchTools] = result.tools;
    expect(callTool.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true });
    for (const { annotations } of [describeTool, searchTools])
      expect(annotations).toMatchObject({ readOnlyHint: true, openWorldHint: false });
    expect(searchTools.description).toContain(
      `There are ${all.length}, of the connections ${played
        .slice(0, 3)
        .map(({ connector }) => connector.id)
        .join(', ')}`,
    );
  });

  it.each(tools.map((tool) => [tool.name, tool] as const))(
    'gets of %s the same answer and the same row as by a direct call',
    async (name, tool) => {
      const example = tool.examples[0] as Tool['examples'][number];
      const direct = await calling(url, name, example.input);
      const through = await calling(url, 'call_tool', { name, arguments: example.input });
      expect(direct.result.isError).toBeUndefined();
      const { _meta: __, ...answer } = through.result;
      const { _meta: ___, ...expected } = direct.result;
      // What the sandbox makes anew each time is not the same twice.
      if (example.receives && Object.keys(example.fresh ?? {}).length > 0) {
        expect(Object.keys(answer.structuredContent)).toEqual(Object.keys(expected.structuredContent));
        expect(tool.output.strict().safeParse(answer.structuredContent).success).toBe(true);
      } else expect(JSON.stringify(answer)).toBe(JSON.stringify(expected));
      expect(await rowOf(through)).toEqual(await rowOf(direct));
      expect(await rowOf(through)).toMatchObject({ tool_name: name, outcome: 'success', via: 'mcp', user_identifier: 'ada' });
    },
  );

  it('reads of each tool the definition that it would have in a list', async () => {
    const listed = await instanceFor('everything', 'lister');
    await broker.api(`/v1/mcp-configs/${configId}`, { method: 'PATCH', body: { policy: { tools_mode: 'all' } } });
    const definitions: Json[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const { result } = await ask(listed.url, 'tools/list', cursor === undefined ? {} : { cursor });
      definitions.push(...result.tools);
      cursor = result.nextCursor;
    }
    await broker.api(`/v1/mcp-configs/${configId}`, { method: 'PATCH', body: { policy: { tools_mode: 'search' } } });
    expect(definitions).toHaveLength(all.length);
    for (const definition of definitions) {
      const described = (await calling(url, 'describe_tool', { name: definition.name })).result.structuredContent;
      const tool = all.find(({ name }) => name === definition.name) as Tool;
      expect(JSON.stringify(described.tool)).toBe(JSON.stringify(definition));
      expect(described).toMatchObject({
        effect: tool.effect,
        connection: played.find(({ connector }) => connector.tools.includes(tool))?.connector.id,
      });
      expect(described.example).toEqual({ arguments: tool.examples[0]?.input, result: tool.examples[0]?.gives });
    }
  });

  it('is refused alike for a tool that is not allowed and one that does not exist, and nothing is sent', async () => {
    const allowed = { connection_name: 'slack', tools: ['slack_list_channels'] };
    const at = await search('narrow', [allowed, { connection_name: 'linear', tools: ['linear_issues_list'] }]);
    const before = (await broker.control('/slack/ledger', 'GET')).counts.api_calls;
    const answers: string[] = [];
    for (const name of ['slack_post_message', 'slack_make_coffee', 'datadog_monitors_list', 'call_tool', 'search_tools']) {
      const args = { channel: 'C1', text: 'hi' };
      const through = await calling(at, 'call_tool', { name, arguments: args });
      const described = await calling(at, 'describe_tool', { name });
      for (const { result } of [through, described]) {
        expect(result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'unknown_tool' } });
        answers.push(result.content[0].text.replace(name, '*'));
      }
      const row = await rowOf(through);
      expect(row).toMatchObject({ outcome: 'refused', fault_code: 'unknown_tool', tool_name: name, effect: null, connection_name: null });
      if (name !== 'call_tool' && name !== 'search_tools') {
        const direct = await calling(at, name, args);
        expect(direct.error).toMatchObject({ code: -32602, data: { code: 'unknown_tool' } });
        expect(await rowOf({ result: { _meta: { 'grantway/tool_call_id': direct.error.data.tool_call_id } } })).toEqual(row);
      }
    }
    expect(new Set(answers)).toEqual(new Set(['Unknown tool: *. Find the names of tools with search_tools.']));
    expect((await broker.control('/slack/ledger', 'GET')).counts.api_calls).toBe(before);
    for (const query of ['post a message to slack', 'slack_post_message', 'datadog monitors']) {
      for (const name of await found(query, { limit: 20 }, at)) expect(['slack_list_channels', 'linear_issues_list']).toContain(name);
    }
  });
});

it('what is found follows the config at once', async () => {
  const name = `moving-${randomBytes(4).toString('hex')}`;
  const mappings = (...allowed: string[]) => [{ connection_name: 'slack', tools: allowed }];
  const body = { name, connection_tool_mappings: mappings('slack_post_message', 'slack_list_channels'), policy: { tools_mode: 'search' } };
  const config = (await broker.api('/v1/mcp-configs', { body })).body;
  const { url: at } = await instanceFor(name, 'ada');
  expect(await found('write into a channel', {}, at)).toContain('slack_post_message');
  await broker.api(`/v1/mcp-configs/${config.id}`, {
    method: 'PATCH',
    body: { connection_tool_mappings: mappings('slack_list_channels') },
  });
  expect(await found('write into a channel', {}, at)).toEqual(['slack_list_channels']);
  expect((await indirectly('slack_post_message', {}, at)).result._meta['grantway/code']).toBe('unknown_tool');
});

it('an account that is not connected answers with the same link, and asks the client that can be asked', async () => {
  const args = { name: 'slack_list_channels', arguments: {} };
  const direct = await call(strangerUrl, 'slack_list_channels');
  const through = await call(strangerUrl, 'call_tool', args);
  expect(through.result.content).toEqual(direct.result.content);
  expect(through.result._meta['grantway/authentication_link']).toContain('http');
  expect(await rowOf(through)).toEqual(await rowOf(direct));

  const asking = (more: Json = {}) =>
    rpc(strangerUrl, 'tools/call', { name: 'call_tool', arguments: args, ...more }, { elicitation: { url: {} } });
  const { result } = await asking();
  expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { authorize: { method: 'elicitation/create' } } });
  const answered = { requestState: result.requestState, inputResponses: { authorize: { action: 'accept' } } };
  expect((await asking(answered)).result).toMatchObject({ isError: true, resultType: 'complete' });
  // The state is of this call and no other.
  const other = { name: 'call_tool', arguments: { name: 'slack_get_user_info', arguments: { user_id: 'U1' } }, ...answered };
  expect((await rpc(strangerUrl, 'tools/call', other, { elicitation: { url: {} } })).error.code).toBe(-32602);
});

it('the account is chosen as in a direct call', async () => {
  const at = await search('choosing', [{ connection_name: 'slack', account_choice: true }]);
  const { inputSchema } = (await call(at, 'describe_tool', { name: 'slack_list_channels' })).result.structuredContent.tool;
  const [label] = inputSchema.properties.grantway_account.enum;
  for (const grantway_account of [label, 'nobody']) {
    const direct = await call(at, 'slack_list_channels', { grantway_account });
    const through = await indirectly('slack_list_channels', { grantway_account }, at);
    expect(through.result.content).toEqual(direct.result.content);
    expect(through.result.isError).toBe(grantway_account === label ? undefined : true);
    const row = await rowOf(through);
    expect(row).toEqual(await rowOf(direct));
    expect(row.account_label).toBe(grantway_account === label ? label : null);
  }
});

it('call_tool says that it only reads where nothing else is allowed', async () => {
  const reading = tools.filter((tool) => tool.effect === 'read' && tool.name.startsWith('slack_')).map((tool) => tool.name);
  const at = await search('reading', [{ connection_name: 'slack', tools: reading }]);
  const { result } = await rpc(at, 'tools/list');
  expect(result.tools[0].annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, idempotentHint: true });
});

it('tools of a remote MCP server are found, described and called, also by names that are like ours', async () => {
  const own = 'search_tools';
  fixture.tools.push({
    definition: { name: own, description: 'Looks for hammers', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
    eras: ['modern', 'legacy'],
    run: () => ({ content: [{ type: 'text', text: 'a hammer' }], structuredContent: { hammers: 1 } }),
  });
  const { url: at, suffix } = await instanceOf(broker, { tools: { url: fixture.url } }, 'as_is');
  const config = (await broker.api(`/v1/mcp-configs?name=config-${suffix}`)).body.items[0];
  await broker.api(`/v1/mcp-configs/${config.id}`, { method: 'PATCH', body: { policy: { tools_mode: 'search' } } });
  expect(await found('look for a hammer', {}, at)).toContain(own);
  expect((await call(at, 'describe_tool', { name: own })).result.structuredContent.tool.description).toBe('Looks for hammers');
  expect((await indirectly(own, {}, at)).result).toMatchObject({ structuredContent: { hammers: 1 } });
  for (const [, ask] of eras) {
    const direct = await callWith(ask)(at, 'echo', { a: [1, 'ü'] });
    const through = await callWith(ask)(at, 'call_tool', { name: 'echo', arguments: { a: [1, 'ü'] } });
    expect(JSON.stringify(through.result.structuredContent)).toBe(JSON.stringify(direct.result.structuredContent));
    expect(await rowOf(through)).toEqual(await rowOf(direct));
  }
  const { annotations } = (await rpc(at, 'tools/list')).result.tools[0];
  expect(annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  // What a client would repeat in a header, it cannot know of here.
  const region = await indirectly('test_header_parameter', { region: 'bern' }, at);
  expect(region.result.content[0].text).toBe('Region: bern');
  const question = await rpc(at, 'tools/call', { name: 'call_tool', arguments: { name: 'ask_name' } }, { elicitation: { form: {} } });
  const { requestState, inputRequests } = question.result;
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, { action: 'accept', content: { name: 'Ada' } }]));
  const again = {
    name: 'call_tool',
    arguments: { name: 'ask_name' },
    inputResponses,
    ...(requestState === undefined ? {} : { requestState }),
  };
  expect((await rpc(at, 'tools/call', again, { elicitation: { form: {} } })).result.content[0].text).toBe('Hello, Ada');
});

describe('a query', () => {
  it('is held to a connection and a number of results', async () => {
    expect((await found('list', { limit: 2 })).length).toBe(2);
    for (const name of await found('create an issue', { connection: 'slack', limit: 20 })) expect(name).toMatch(/^slack_/);
    const { result } = await call(url, 'search_tools', { query: 'create an issue', connection: 'nothing' });
    expect(result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
  });

  it.each([
    ['no arguments', {}],
    ['an empty query', { query: '' }],
    ['too long a query', { query: 'x'.repeat(501) }],
    ['a query that is no text', { query: { $ne: 1 } }],
    ['too many results', { query: 'x', limit: 21 }],
    ['no results', { query: 'x', limit: 0 }],
    ['half a result', { query: 'x', limit: 1.5 }],
    ['an unknown argument', { query: 'x', where: 'y' }],
  ])('is refused by name: %s', async (_, args) => {
    const { status, result } = await call(url, 'search_tools', args);
    expect([status, result.isError, result._meta['grantway/code']]).toEqual([200, true, 'argument_invalid']);
    expect(result.content[0].text).toMatch(/query|limit|where/);
  });

  it.each([
    ['no name', { arguments: {} }],
    ['arguments that are a text', { name: 'slack_list_channels', arguments: '{}' }],
    ['arguments that are a list', { name: 'slack_list_channels', arguments: [] }],
    ['an unknown member', { name: 'slack_list_channels', args: {} }],
  ])('and so is what call_tool cannot read: %s', async (_, args) => {
    expect((await call(url, 'call_tool', args)).result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
  });

  it('of any kind has one outcome: a list', async () => {
    const odd = [
      ' ',
      '.*',
      '(((',
      '[a-z',
      '\\',
      '^$',
      '%s%n',
      "'; drop table tools; --",
      '\u0000\u202e\ufeff',
      '\ud800',
      '🦄🦄🦄',
      'ß'.repeat(500),
      'ﷺ'.repeat(500),
      'a'.repeat(500),
      'a '.repeat(250),
      '@'.repeat(500),
      `${'a'.repeat(64)}@${'b'.repeat(255)}`,
      'http://'.repeat(71),
      'A-1 '.repeat(125),
      '__proto__ constructor toString hasOwnProperty',
      '发送消息到频道',
      'отправить сообщение',
    ];
    for (const query of odd) {
      const { status, result } = await call(url, 'search_tools', { query });
      expect([query, status, result.isError]).toEqual([query, 200, undefined]);
      expect(result.structuredContent).toMatchObject({ tools: expect.any(Array), available: all.length });
    }
    // As random bytes would have it.
    for (let i = 0; i < 300; i++) {
      const query = randomBytes(1 + (i % 200)).toString('latin1');
      expect((await call(url, 'search_tools', { query })).result.structuredContent.tools).toEqual(expect.any(Array));
    }
  });

  it('of ten megabytes is refused before it is read', async () => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'search_tools', arguments: { query: 'x'.repeat(10_000_000) } },
    });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(() => undefined);
    // The connection may be closed while the body is still on its way.
    expect([413, undefined]).toContain(response?.status);
  });
});

describe('GET /v1/tools', () => {
  it('ranks by the same words, over the connectors that have a connection here', async () => {
    const names = async (query: string) => (await broker.api(`/v1/tools${query}`)).body.items.map((tool: Json) => tool.name);
    expect((await names('?query=write+a+message+into+a+slack+channel'))[0]).toBe('slack_post_message');
    expect(await names('?query=write+a+message+into+a+slack+channel&limit=3')).toEqual(
      await found('write a message into a slack channel', { limit: 3 }),
    );
    for (const name of await names('?query=create&connector=linear')) expect(name).toMatch(/^linear_/);
    expect(await names('?query=create&connection_name=nothing')).toEqual([]);
    for (const bad of ['?query=', `?query=${'x'.repeat(501)}`, '?query=x&limit=0', '?query=x&limit=101', '?query=x&query=y']) {
      expect((await broker.api(`/v1/tools${bad}`)).status).toBe(400);
    }
  });
});
