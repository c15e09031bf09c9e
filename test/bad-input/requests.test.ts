import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, callsOf, type Era, envelope, eras, rpc, type Sent, send, type Watch, watch, wellFormed } from './setting.ts';

/** Everything that a client can get wrong in one request: each has one status, one code, one sentence, and changes nothing. */
let broker: TestBroker;
let instance: Json;
let seen: Watch;
beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  seen = await watch(broker);
});
afterAll(async () => {
  await seen?.rows.close();
  await broker?.close();
});

interface Outcome {
  status: number;
  code: number;
  says: RegExp;
}

async function refused(request: Sent, { status, code, says }: Outcome): Promise<Json> {
  const answer = await seen.unchanged(() => send(instance.url, request));
  expect([answer.status, answer.json?.error?.code], answer.text.slice(0, 500)).toEqual([status, code]);
  expect(answer.json.jsonrpc).toBe('2.0');
  expect(answer.json.error.message).toMatch(says);
  expect(answer.json.error.message).toMatch(/\.$/);
  expect(answer.json.result).toBeUndefined();
  return answer.json;
}

/** What a write of the config would do, so that whatever slips through is seen at the provider. */
const write = { channel: 'C06INC4LLS1', text: 'This must not be posted' };
const headersOf = (era: Era) => callOf(era, 'slack_post_message').headers;
const raw = (era: Era, text: string | Buffer): Sent => ({ headers: headersOf(era), raw: text });
const written = (era: Era, change: (body: Json) => Json): Sent => {
  const { headers, body } = callOf(era, 'slack_post_message', write);
  return { headers, body: change(body) };
};
const nested = (era: Era, levels: number): string => {
  const mark = '"@"';
  return JSON.stringify(callOf(era, 'slack_post_message', { ...write, blocks: '@' }).body).replace(
    mark,
    '['.repeat(levels) + ']'.repeat(levels),
  );
};

const parse = { status: 400, code: -32700 };
const invalid = { status: 400, code: -32600 };

/** Refused alike in both eras. */
const messages: [what: string, request: (era: Era) => Sent, outcome: Outcome][] = [
  ['JSON that is broken off', (era) => raw(era, '{"jsonrpc":"2.0","id":1,'), { ...parse, says: /not valid JSON/ }],
  ['JSON with something behind it', (era) => raw(era, '{} {}'), { ...parse, says: /not valid JSON/ }],
  ['a body of nothing', (era) => raw(era, ''), { ...parse, says: /not valid JSON/ }],
  ['bytes that are no UTF-8', (era) => raw(era, Buffer.from([0x7b, 0xff, 0x7d])), { ...parse, says: /UTF-8/ }],
  ['a compressed body', (era) => raw(era, Buffer.from('1f8b0800000000000003', 'hex')), { ...parse, says: /UTF-8/ }],
  ['a number', (era) => raw(era, '1'), { ...invalid, says: /one JSON-RPC message/ }],
  ['null', (era) => raw(era, 'null'), { ...invalid, says: /one JSON-RPC message/ }],
  ['another JSON-RPC version', (era) => written(era, (b) => ({ ...b, jsonrpc: '1.0' })), { ...invalid, says: /"jsonrpc"/ }],
  ['no JSON-RPC version', (era) => written(era, (b) => ({ ...b, jsonrpc: undefined })), { ...invalid, says: /"jsonrpc"/ }],
  ['no method', (era) => written(era, (b) => ({ ...b, method: undefined })), { ...invalid, says: /"method"/ }],
  ['a method that is no text', (era) => written(era, (b) => ({ ...b, method: ['tools/call'] })), { ...invalid, says: /"method"/ }],
  ['an id of null', (era) => written(era, (b) => ({ ...b, id: null })), { ...invalid, says: /"id"/ }],
  ['an id with a fraction', (era) => written(era, (b) => ({ ...b, id: 1.5 })), { ...invalid, says: /"id"/ }],
  ['an id that is too large a number', (era) => written(era, (b) => ({ ...b, id: 2 ** 60 })), { ...invalid, says: /"id"/ }],
  ['an id that is an object', (era) => written(era, (b) => ({ ...b, id: {} })), { ...invalid, says: /"id"/ }],
  ['params that are a list', (era) => written(era, (b) => ({ ...b, params: [b.params] })), { ...invalid, says: /"params"/ }],
  ['params that are text', (era) => written(era, (b) => ({ ...b, params: 'x' })), { ...invalid, says: /"params"/ }],
  ['arguments 10,000 levels deep', (era) => raw(era, nested(era, 10_000)), { ...invalid, says: /nested too deeply/ }],
  ['arguments 400,000 levels deep', (era) => raw(era, nested(era, 400_000)), { ...invalid, says: /nested too deeply/ }],
  [
    'a body over the limit',
    (era) => written(era, (b) => ({ ...b, padding: 'x'.repeat(1_048_576) })),
    { status: 413, code: -32600, says: /larger than this broker reads/ },
  ],
  [
    'a body of another type',
    (era) => ({ ...raw(era, '{}'), headers: { ...headersOf(era), 'content-type': 'text/plain' } }),
    { status: 415, code: -32600, says: /application\/json/ },
  ],
  [
    'a form',
    (era) => ({ ...raw(era, 'a=b'), headers: { ...headersOf(era), 'content-type': 'application/x-www-form-urlencoded' } }),
    { status: 415, code: -32600, says: /application\/json/ },
  ],
  ['no body at all', (era) => ({ headers: headersOf(era) }), { status: 415, code: -32600, says: /application\/json/ }],
  [
    'a tool that is no text',
    (era) => written(era, (b) => ({ ...b, params: { ...b.params, name: 7 } })),
    { status: 200, code: -32602, says: /params\.name/ },
  ],
  [
    'arguments that are a list',
    (era) => written(era, (b) => ({ ...b, params: { ...b.params, arguments: [write] } })),
    { status: 200, code: -32602, says: /params\.arguments/ },
  ],
  [
    'a foreign Host',
    (era) => ({ ...written(era, (b) => b), headers: { ...headersOf(era), host: 'evil.example' } }),
    { status: 403, code: 403, says: /./ },
  ],
  [
    'a foreign Origin',
    (era) => ({ ...written(era, (b) => b), headers: { ...headersOf(era), origin: 'https://evil.example' } }),
    { status: 403, code: 403, says: /other origins/ },
  ],
  [
    'an opaque Origin',
    (era) => ({ ...written(era, (b) => b), headers: { ...headersOf(era), origin: 'null' } }),
    { status: 403, code: 403, says: /other origins/ },
  ],
  [
    'an Origin that begins like ours',
    (era) => ({ ...written(era, (b) => b), headers: { ...headersOf(era), origin: `${broker.baseUrl}.evil.example` } }),
    { status: 403, code: 403, says: /other origins/ },
  ],
];

describe.each(eras)('in the %s era', (era) => {
  it.each(messages)('%s is refused', async (_, request, outcome) => {
    await refused(request(era), outcome);
  });

  it.each(['prompts/list', 'resources/read', 'tasks/get', 'tools/explode', 'TOOLS/CALL', 'constructor', '__proto__', ''])(
    'the method %j is unknown',
    async (method) => {
      const status = era === 'stateless' ? 404 : 200;
      await refused(wellFormed(era, method), { status, code: -32601, says: /not among its methods/ });
    },
  );

  it('a call without an id is a notification: taken, and nothing is done', async () => {
    const answer = await seen.unchanged(() =>
      send(
        instance.url,
        written(era, ({ id: _, ...body }) => body),
      ),
    );
    expect([answer.status, answer.text]).toEqual([202, '']);
  });

  it('an answer to a question that nobody asked is taken, and nothing is done', async () => {
    for (const body of [
      { jsonrpc: '2.0', id: 'ask-1', result: { action: 'accept' } },
      { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } },
    ]) {
      const answer = await seen.unchanged(() => send(instance.url, { headers: headersOf(era), body }));
      expect([answer.status, answer.text]).toEqual([202, '']);
    }
  });

  it('huge arguments within the limit are refused by name, and the answer stays small', async () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`a${i}`, 1]));
    for (const args of [many, { ...write, channel: 'C'.repeat(900_000) }, { ...write, text: ['x'.repeat(900_000)] }]) {
      const answer = await seen.unchanged(() => send(instance.url, callOf(era, 'slack_post_message', args)), ['tool_calls']);
      expect(answer.status).toBe(200);
      expect(answer.json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
      expect(answer.text.length).toBeLessThan(20_000);
      expect((await callsOf(broker, instance))[0]).toMatchObject({
        outcome: 'refused',
        fault_code: 'argument_invalid',
        provider_status: null,
      });
    }
  });

  it('a tool that is not in the config is unknown, recorded as refused, and asks nobody', async () => {
    for (const name of [
      'slack_delete_message',
      'slack_post_message ',
      'SLACK_POST_MESSAGE',
      '__proto__',
      'toString',
      'ѕlack_post_message',
    ]) {
      const request = callOf(era, name, write);
      if (era === 'stateless') request.headers['mcp-name'] = `=?base64?${Buffer.from(name).toString('base64')}?=`;
      const answer = await seen.unchanged(() => send(instance.url, request), ['tool_calls']);
      expect([answer.status, answer.json.error.code, answer.json.error.message]).toEqual([200, -32602, `Unknown tool: ${name}`]);
      expect((await callsOf(broker, instance))[0]).toMatchObject({ outcome: 'refused', fault_code: 'unknown_tool' });
    }
  });

  it('two requests of one id, side by side, are each answered with their own', async () => {
    const names = ['datadog_monitors_list', 'slack_list_channels'];
    const answers = await Promise.all(names.map((name) => send(instance.url, callOf(era, name, {}, 'same'))));
    expect(answers.map(({ json }) => json.id)).toEqual(['same', 'same']);
    expect(Object.keys(answers[0]?.json.result.structuredContent)).toContain('monitors');
    expect(Object.keys(answers[1]?.json.result.structuredContent)).toContain('channels');
  });
});

const batches: [what: string, headers: Record<string, string>, body: unknown, says: RegExp][] = [
  ['of 2026-07-28', headersOf('stateless'), [callOf('stateless', 'slack_post_message', write).body], /2025-03-26 only/],
  ['of 2025-11-25', headersOf('legacy'), [callOf('legacy', 'slack_post_message', write).body], /2025-03-26 only/],
  ['of 2025-06-18', { 'mcp-protocol-version': '2025-06-18' }, [callOf('legacy', 'slack_post_message', write).body], /2025-03-26 only/],
  ['without a message', {}, [], /1 to 20 messages/],
  ['of 21', {}, Array.from({ length: 21 }, (_, i) => callOf('legacy', 'slack_post_message', write, i).body), /1 to 20 messages/],
  ['with one id twice', {}, [1, 1].map((id) => callOf('legacy', 'slack_post_message', write, id).body), /same id/],
  ['with something that is no message', {}, [callOf('legacy', 'slack_post_message', write).body, 7], /one JSON-RPC message/],
  ['of batches', {}, [[callOf('legacy', 'slack_post_message', write).body]], /one JSON-RPC message/],
  [
    'with a stateless request in it',
    {},
    [callOf('legacy', 'slack_post_message', write, 2).body, callOf('stateless', 'slack_post_message', write).body],
    /stands alone/,
  ],
  [
    'with an initialize in it',
    {},
    [callOf('legacy', 'slack_post_message', write, 2).body, rpc('initialize', { protocolVersion: '2025-03-26' })],
    /stands alone/,
  ],
];

it.each(batches)('a batch %s is refused whole', async (_, headers, body, says) => {
  await refused({ headers, body }, { ...invalid, says });
});

/** Headers that say something else than the body, or not what the stateless era wants. */
const mismatches: [what: string, change: (headers: Record<string, string>) => Record<string, string>, says: RegExp][] = [
  ['no version', ({ 'mcp-protocol-version': _, ...rest }) => rest, /MCP-Protocol-Version is required/],
  ['no method', ({ 'mcp-method': _, ...rest }) => rest, /Mcp-Method is required/],
  ['no name', ({ 'mcp-name': _, ...rest }) => rest, /Mcp-Name is required/],
  ['another version', (h) => ({ ...h, 'mcp-protocol-version': '2025-11-25' }), /another version/],
  ['another method', (h) => ({ ...h, 'mcp-method': 'tools/list' }), /another method/],
  ['a method in other letters', (h) => ({ ...h, 'mcp-method': 'Tools/Call' }), /another method/],
  ['another name', (h) => ({ ...h, 'mcp-name': 'slack_list_channels' }), /something else/],
  ['two names', (h) => ({ ...h, 'mcp-name': 'slack_post_message, slack_post_message' }), /something else/],
  ['a name in broken Base64', (h) => ({ ...h, 'mcp-name': '=?base64?%%%?=' }), /not valid Base64/],
];

it.each(mismatches)('a stateless call under headers with %s is refused', async (_, change, says) => {
  const { headers, body } = callOf('stateless', 'slack_post_message', write);
  await refused({ headers: change(headers), body }, { status: 400, code: -32020, says });
});

const metas: [what: string, meta: unknown][] = [
  ['none', undefined],
  ['no capabilities', { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }],
  ['capabilities that are a list', envelope({ 'io.modelcontextprotocol/clientCapabilities': [] })],
  ['a version that is no text', envelope({ 'io.modelcontextprotocol/protocolVersion': 20260728 })],
  ['a client without a name', envelope({ 'io.modelcontextprotocol/clientInfo': { version: '1' } })],
  ['a log level that nobody knows', envelope({ 'io.modelcontextprotocol/logLevel': 'loud' })],
];

it.each(metas)('a stateless call with an incomplete _meta (%s) is refused', async (_, _meta) => {
  const { headers, body } = callOf('stateless', 'slack_post_message', write);
  await refused({ headers, body: { ...body, params: { ...body.params, _meta } } }, { status: 400, code: -32602, says: /_meta/ });
});

it.each([
  ['2099-01-01', callOf('legacy', 'slack_post_message', write).body],
  ['2023-01-01', callOf('legacy', 'slack_post_message', write).body],
  [
    '2099-01-01',
    rpc('tools/call', {
      name: 'slack_post_message',
      arguments: write,
      _meta: envelope({ 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }),
    }),
  ],
])('a version that nobody speaks (%s) is refused, with those that are spoken', async (version, body) => {
  const headers = { ...headersOf('stateless'), 'mcp-protocol-version': version };
  const answer = await refused({ headers, body }, { status: 400, code: -32022, says: /not supported here/ });
  expect(answer.error.data).toMatchObject({ requested: version, supported: expect.arrayContaining(['2026-07-28', '2025-11-25']) });
});

it('nothing of all that was an error of ours, and the next call works', async () => {
  expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  for (const era of eras) {
    const answer = await send(instance.url, callOf(era, 'slack_post_message', { ...write, text: 'This may' }));
    expect(answer.json.result.isError).toBeUndefined();
  }
});
