import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccounting } from '../accounting.ts';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { openQuickWay, type QuickWayDeps } from './quick-way.ts';

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a_tool', arguments: { text: 'grüße' } } });

const plain = (text = body, headers: Record<string, string> = {}, path = '/u/known/mcp') =>
  [
    `POST ${path} HTTP/1.1`,
    'host: here',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    text,
  ].join('\r\n');

/** Sends one part after the other, the second once `between` has happened, and reads until so many answers are there. */
async function exchange(port: number, parts: string[], answers = 1, between: Promise<unknown> = Promise.resolve()): Promise<Json[]> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const bodies = () => [...text.matchAll(/\r\n\r\n(\{.*?\})(?=HTTP\/1\.1 |$)/gs)].map(([, found]) => JSON.parse(found as string));
  for (const part of parts) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()));
    await between;
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (bodies().length < answers) await once(socket, 'data');
  socket.destroy();
  return bodies();
}

describe('which requests are answered in the quick way', () => {
  let app: FastifyInstance;
  let port: number;
  const taken: unknown[] = [];

  beforeAll(async () => {
    app = Fastify({ loggerInstance: createLogger('silent', { write: () => {} }) as FastifyBaseLogger, bodyLimit: 40_000 });
    app.post('/u/:token/mcp', async (request) => ({ way: 'ordinary', body: request.body ?? null }));
    const deps: QuickWayDeps = {
      accounting: createAccounting(createMetrics()),
      route: '/u/:token/mcp',
      headers: {},
      // No machine is so busy.
      patienceMs: 20_000,
      admits: ({ headers }) => headers.host === 'here',
      credentialOf: (secret) => ({
        key: secret,
        open: () => Promise.reject(new Error('not asked here')),
        recall: () => (secret === 'known' ? ({ instance: {}, mark: { moment: 0, ids: [] } } as never) : undefined),
        read: () =>
          secret === 'unknown' ? Promise.reject(new Error('no such')) : Promise.resolve({ instance: { secret } as never, mark: undefined }),
        forget: () => {},
      }),
      takes: (instance, message): message is Json =>
        (instance as unknown as Json).secret !== 'remote' && (message as Json | undefined)?.method === 'tools/call',
      async answer(call) {
        taken.push(call.body);
        if (call.body.id === 'failing') throw new Error('as if');
        return { status: 200, message: { way: 'quick', body: call.body } };
      },
      refusal: (error) => ({ status: 404, message: { refused: (error as Error).message } }),
    };
    openQuickWay(app, deps);
    await app.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = app.server.address() as AddressInfo);
  });
  afterAll(() => app.close());

  it('a plain call of a tool', async () => {
    expect(await exchange(port, [plain()])).toEqual([{ way: 'quick', body: JSON.parse(body) }]);
  });

  const text = (method: string) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { about: 'tools/call' } });
  it.each([
    ['another method', plain(text('tools/list')), text('tools/list')],
    ['a text that speaks of tools/call', plain('["tools/call"]'), '["tools/call"]'],
    ['another method of an instance that is not remembered', plain(text('tools/list'), {}, '/u/new/mcp'), text('tools/list')],
    ['a call that takes another way once its instance was read', plain(body, {}, '/u/remote/mcp'), body],
    ['a query', plain(body, {}, '/u/known/mcp?x=1'), body],
    ['a path with an escape', plain(body, {}, '/u/%6bnown/mcp'), body],
    ['another host', plain().replace('host: here', 'host: there'), body],
    ['a session', plain(body, { 'mcp-session-id': 'x' }), body],
  ])('not %s: the ordinary way has it whole', async (_what, request, sent) => {
    expect(await exchange(port, [request])).toEqual([{ way: 'ordinary', body: JSON.parse(sent) }]);
  });

  it('a plain call of a tool whose instance is not remembered', async () => {
    expect(await exchange(port, [plain(body, {}, '/u/new/mcp')])).toEqual([{ way: 'quick', body: JSON.parse(body) }]);
  });

  it('a secret that opens nothing is refused here, and its body not read', async () => {
    const before = taken.length;
    const secretly = plain('{"method":"tools/call"', {}, '/u/unknown/mcp');
    expect(await exchange(port, [secretly])).toEqual([{ refused: 'no such' }]);
    expect(taken.length).toBe(before);
  });

  it('whose body follows its head, as many clients send it', async () => {
    const request = plain();
    const head = request.indexOf('\r\n\r\n') + 4;
    for (const cut of [head, head + 1, request.length - 1]) {
      const [answer] = await exchange(port, [request.slice(0, cut), request.slice(cut)]);
      expect(answer).toEqual({ way: 'quick', body: JSON.parse(body) });
    }
  });

  it('not what is cut before its head is there', async () => {
    const request = plain();
    const head = request.indexOf('\r\n\r\n') + 4;
    for (const cut of [10, head - 2]) {
      const isRead = once(app.server, 'connection').then(([socket]) => once(socket, 'data'));
      expect(await exchange(port, [request.slice(0, cut), request.slice(cut)], 1, isRead)).toEqual([
        { way: 'ordinary', body: JSON.parse(body) },
      ]);
    }
  });

  it('not what is longer than may be read', async () => {
    const long = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { text: 'x'.repeat(40_000) } });
    expect((await exchange(port, [plain(long)]))[0]).toMatchObject({ statusCode: 413 });
  });

  it('a failure to answer ends the connection, and nothing else', async () => {
    const failing = plain(JSON.stringify({ jsonrpc: '2.0', id: 'failing', method: 'tools/call', params: {} }));
    const socket = net.connect(port, '127.0.0.1');
    socket.end(failing);
    await once(socket.resume(), 'close');
    expect(await exchange(port, [plain()])).toEqual([{ way: 'quick', body: JSON.parse(body) }]);
  });

  it('JSON that is none is refused where everything is refused', async () => {
    const before = taken.length;
    const [answer] = await exchange(port, [plain('{"method":"tools/call"')]);
    expect(answer).toMatchObject({ statusCode: 400 });
    expect(taken.length).toBe(before);
  });

  const numbered = (id: string) => plain(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: {} }));
  const wayOf = ({ way, body: { id } }: Json) => [way, id];

  it('not what arrives together with something else; all of it is answered in its order', async () => {
    const answers = await exchange(port, [`${numbered('a')}${numbered('b')}${plain(text('tools/list'))}`], 3);
    expect(answers.map(wayOf)).toEqual([
      ['ordinary', 'a'],
      ['ordinary', 'b'],
      ['ordinary', 1],
    ]);
  });

  it('calls on a connection that has carried something else', async () => {
    const connection = net.connect(port, '127.0.0.1').setEncoding('utf8');
    const say = async (message: string) => {
      connection.write(message);
      const [answer] = (await once(connection, 'data')) as [string];
      return wayOf(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))));
    };
    expect(await say(plain(text('initialize')))).toEqual(['ordinary', 1]);
    expect(await say(numbered('a'))).toEqual(['quick', 'a']);
    expect(await say(plain(text('tools/list')))).toEqual(['ordinary', 1]);
    expect(await say(numbered('b'))).toEqual(['quick', 'b']);
    connection.destroy();
  });
});

describe('what is answered in the quick way', () => {
  let broker: TestBroker;
  let instance: Json;

  beforeAll(async () => {
    broker = await startBroker();
    instance = await incidentSetting(broker);
    await connectAll(broker, instance);
  });
  afterAll(() => broker.close());

  /** Only the ordinary way knows a content type with this parameter. */
  const ordinary = { 'content-type': 'application/json; profile="x"' };
  const call = async (name: string, args: unknown, headers: Record<string, string> = {}, url: string = instance.url) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: args } }),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), json: (await response.json()) as Json };
  };
  const comparable = ({ status, headers, json }: Awaited<ReturnType<typeof call>>) => ({
    status,
    headers: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name))
        .sort(),
    ),
    json: JSON.parse(JSON.stringify(json).replaceAll(/"(tc_[0-9a-z]+|[a-z]+_[0-9a-hjkmnp-tv-z]{26})"/g, '"an id"')),
  });

  it.each([
    ['an answer', () => ['datadog_monitors_list', {}] as const],
    ['arguments that do not fit', () => ['datadog_monitors_list', { nothing: 'like it' }] as const],
    ['an unknown tool', () => ['no_such_tool', {}] as const],
  ])('is the same as in the ordinary one: %s', async (_what, asked) => {
    const [name, args] = asked();
    // The first opens the instance, so that the others find it opened.
    const first = await call(name, args, ordinary);
    const quick = await call(name, args);
    expect(comparable(quick)).toEqual(comparable(first));
    expect(quick.headers['x-request-id']).toMatch(/^req_/);
    expect(quick.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  describe('in search mode', () => {
    let found: Json;
    const byName = (name: string, args: unknown = {}, more: Json = {}) => ({ name: 'call_tool', args: { name, arguments: args, ...more } });
    const calls = {
      'an answer': byName('datadog_monitors_list'),
      'an answer of a tool called by its own name': { name: 'datadog_monitors_list', args: {} },
      'arguments that the tool does not take': byName('datadog_monitors_list', { nothing: 'like it' }),
      'arguments that call_tool does not take': byName('datadog_monitors_list', {}, { nothing: 'like it' }),
      'an unknown tool': byName('no_such_tool'),
      'a search': { name: 'search_tools', args: { query: 'list the monitors' } },
      'a description': { name: 'describe_tool', args: { name: 'datadog_monitors_list' } },
      'the tool for approvals': byName('grantway_approval_status', { approval_id: 'apr_00000000000000000000000000' }),
    };

    beforeAll(async () => {
      await broker.api('/v1/mcp-configs', {
        body: {
          name: 'found',
          connection_tool_mappings: [{ connection_name: 'datadog' }],
          policy: { tools_mode: 'search' },
        },
      });
      const { body } = await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'found', user_identifier: 'ada' } });
      found = body;
      await connectAll(broker, found);
    });

    it.each(Object.entries(calls))('is the same as in the ordinary one: %s', async (_what, { name, args }) => {
      const first = await call(name, args, ordinary, found.url);
      expect(comparable(await call(name, args, {}, found.url))).toEqual(comparable(first));
    });

    it('a URL that was revoked a moment after a call answers 410 to all of them', async () => {
      const { name, args } = calls['an answer'];
      expect((await call(name, args, {}, found.url)).json.result.structuredContent.monitors.length).toBeGreaterThan(0);
      await broker.api(`/v1/mcp-instances/${found.id}/revoke`, { method: 'POST' });
      const answers = await Promise.all(Object.values(calls).map((one) => call(one.name, one.args, {}, found.url)));
      expect(answers.map(({ status, json }) => [status, json.error?.data.code])).toEqual(answers.map(() => [410, 'instance_revoked']));
    });
  });

  it('and neither is a refusal of a URL that opens nothing other than there', async () => {
    const api = async (path: string, init: Json): Promise<Json> => {
      const { status, body } = await broker.api(path, init);
      expect(status).toBeLessThan(300);
      return body;
    };
    const config_name = 'quickly-refused';
    await api('/v1/mcp-configs', { body: { name: config_name, connection_tool_mappings: [{ connection_name: 'datadog' }] } });
    const [revoked, suspended, rotated] = (await Promise.all(
      ['revoked', 'suspended', 'rotated'].map((user_identifier) =>
        api('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } }),
      ),
    )) as [Json, Json, Json];
    await api(`/v1/mcp-instances/${revoked.id}/revoke`, { method: 'POST' });
    await api('/v1/users/suspended', { method: 'PATCH', body: { suspended: true } });
    await api(`/v1/mcp-instances/${rotated.id}/rotate`, { method: 'POST', body: {} });
    const unknown = (instance.url as string).replace(/(.)\/mcp$/, (_, last) => `${last === 'a' ? 'b' : 'a'}/mcp`);
    const codes: unknown[] = [];
    for (const url of [revoked.url, suspended.url, rotated.url, unknown]) {
      const ordinarily = await call('datadog_monitors_list', {}, ordinary, url);
      const quickly = await call('datadog_monitors_list', {}, {}, url);
      expect(comparable(quickly)).toEqual(comparable(ordinarily));
      codes.push([quickly.status, quickly.json.error.data.code]);
    }
    expect(codes).toEqual([
      [410, 'instance_revoked'],
      [403, 'user_suspended'],
      [410, 'instance_rotated'],
      [404, 'not_found'],
    ]);
  });

  it('is written in the order and the words of any other answer, in both eras', async () => {
    const clientCapabilities = { 'io.modelcontextprotocol/clientCapabilities': {} };
    const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', ...clientCapabilities };
    const asked = { name: 'datadog_monitors_list', arguments: {} };
    const text = async (headers: Record<string, string>, params: object) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 'an "id"', method: 'tools/call', params });
      const response = await fetch(instance.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
      return response.text();
    };
    const mcp = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'datadog_monitors_list' };
    for (const [headers, params, members] of [
      [{}, asked, ['content', 'structuredContent', '_meta']],
      [mcp, { ...asked, _meta: modern }, ['resultType', 'content', 'structuredContent', '_meta']],
    ] as const) {
      const written = await text(headers, params);
      const { result } = JSON.parse(written) as { result: Json };
      expect(Object.keys(result)).toEqual(members);
      expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(result.structuredContent) }]);
      expect(result.structuredContent.monitors.length).toBeGreaterThan(0);
      expect(result._meta).toMatchObject({ 'grantway/tool_call_id': expect.stringMatching(/^tc_/) });
      expect(written).toBe(JSON.stringify({ jsonrpc: '2.0', id: 'an "id"', result }));
      const withoutId = (all: string) => all.replace(/tc_\w+/, 'tc');
      expect(withoutId(await text({ ...headers, ...ordinary }, params))).toBe(withoutId(written));
    }
  });

  it('is counted and logged as a request of the same route', async () => {
    await call('datadog_monitors_list', {}, ordinary);
    const counted = async () =>
      /grantway_http_request_duration_seconds_count\{[^}]*method="POST",route="\/u\/:token\/mcp",status="200"[^}]*\} (\d+)/.exec(
        await (await fetch(`${broker.baseUrl}/metrics`)).text(),
      )?.[1];
    const before = Number(await counted());
    const { headers } = await call('datadog_monitors_list', {});
    expect(Number(await counted())).toBe(before + 1);
    const lines = broker.logLines.filter((line) => line.includes(headers['x-request-id'] as string));
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['tool call', 'request']);
  });

  it('a URL that was revoked a moment after a call answers 410 with its sentence', async () => {
    expect((await call('datadog_monitors_list', {})).json.error).toBeUndefined();
    await broker.api(`/v1/mcp-instances/${instance.id}/revoke`, { method: 'POST' });
    const { status, json } = await call('datadog_monitors_list', {});
    expect(status).toBe(410);
    expect(json.error.message).toMatch(/was revoked/);
  });
});
