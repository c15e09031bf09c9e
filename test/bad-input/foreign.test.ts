import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { type Gate, instanceOf, offers } from '../remote-mcp/setting.ts';
import { callsOf, rpc, send, until } from './setting.ts';

/** Sessions, questions and states in the hands of another instance, at a server that asks back in the middle of a call. */
let broker: TestBroker;
let server: Fixture;
let gate: Gate;
let mine: Json;
let other: Json;
beforeAll(async () => {
  server = await startFixture({ eras: ['legacy'] });
  const { tools, gate: made } = offers();
  gate = made;
  server.tools.push(...tools);
  broker = await startBroker({ allowHosts: [new URL(server.url).host] });
  mine = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
  other = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
});
afterEach(() => gate.open());
afterAll(async () => {
  await broker?.close();
  await server?.close();
});

const callsAtServer = (tool: string) =>
  server.requests.filter(({ body }) => body?.method === 'tools/call' && (body.params as Json)?.name === tool).length;

async function sessionOf(instance: Json): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 't', version: '1' } };
  const { headers } = await send(instance.url, { body: rpc('initialize', params) });
  return headers['mcp-session-id'] as string;
}
const within = (session: string) => ({ 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session });
const ask = (session: string, tool: string, id: unknown) => ({ headers: within(session), body: rpc('tools/call', { name: tool }, id) });

describe('a session', () => {
  it('of another instance is 404 for everything, and what runs in it goes on', async () => {
    const session = await sessionOf(mine);
    const running = send(mine.url, ask(session, 'wait', 'w1'));
    await until(() => gate.waiting > 0, 'the call runs');
    const before = callsAtServer('echo');
    for (const request of [
      ask(session, 'echo', 1),
      { headers: within(session), body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'w1' } } },
      { headers: within(session), body: { jsonrpc: '2.0', id: 'ask-1', result: { action: 'accept' } } },
      { headers: within(session), method: 'DELETE' },
      { headers: within(session), method: 'GET' },
    ]) {
      const { status, json } = await send(other.url, request);
      expect([status, json.error.code, json.error.data.code]).toEqual([404, 404, 'not_found']);
      expect(json.error.message).toMatch(/initialize a new one/);
    }
    expect(callsAtServer('echo')).toBe(before);
    gate.open();
    expect((await running).json.result.content[0].text).toBe('done');
    expect((await callsOf(broker, other)).length).toBe(0);
  });

  it('with an id that a running request of it has is 400, and the first is answered alone', async () => {
    const session = await sessionOf(mine);
    const before = callsAtServer('wait');
    const first = send(mine.url, ask(session, 'wait', 'same'));
    await until(() => gate.waiting > 0, 'the call runs');
    const second = await send(mine.url, ask(session, 'wait', 'same'));
    expect([second.status, second.json.error.code]).toEqual([400, -32600]);
    expect(second.json.error.message).toMatch(/same id is still running/);
    gate.open();
    expect((await first).json.result.content[0].text).toBe('done');
    expect(callsAtServer('wait')).toBe(before + 1);
  });

  it('a question in it is answered by its own client only', async () => {
    const [session, theirs] = [await sessionOf(mine), await sessionOf(other)];
    const response = await fetch(mine.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...within(session) },
      body: JSON.stringify(ask(session, 'ask_name', 7).body),
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
    })();
    await until(() => text.includes('elicitation/create'), 'the question comes');
    const question = /"id":"(ask-\d+)"/.exec(text)?.[1];
    const answer = (name: string) => ({ jsonrpc: '2.0', id: question, result: { action: 'accept', content: { name } } });
    // Another session's answer, and one without a session, are taken and mean nothing.
    expect((await send(other.url, { headers: within(theirs), body: answer('Mallory') })).status).toBe(202);
    expect((await send(mine.url, { headers: { 'mcp-protocol-version': '2025-11-25' }, body: answer('Mallory') })).status).toBe(202);
    expect((await send(mine.url, { headers: within(session), body: answer('Ada') })).status).toBe(202);
    await reading;
    expect(text).toContain('Hello, Ada');
    expect(text).not.toContain('Mallory');
  });
});

describe('a requestState', () => {
  const stateless = (params: Json) => ({
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': params.name },
    body: rpc('tools/call', {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      },
    }),
  });

  it('of a call that waits is refused to another instance and another call, and the call still waits for its own', async () => {
    const before = callsAtServer('ask_name');
    const first = (await send(mine.url, stateless({ name: 'ask_name', arguments: {} }))).json.result;
    expect(first.resultType).toBe('input_required');
    const [question] = Object.keys(first.inputRequests) as [string];
    const answered = (name: string) => ({
      inputResponses: { [question]: { action: 'accept', content: { name } } },
      requestState: first.requestState,
    });
    for (const [url, params] of [
      [other.url, { name: 'ask_name', arguments: {}, ...answered('Mallory') }],
      [mine.url, { name: 'echo', arguments: {}, ...answered('Mallory') }],
      [mine.url, { name: 'ask_name', arguments: { more: 1 }, ...answered('Mallory') }],
      [mine.url, { name: 'ask_name', arguments: {}, ...answered('Mallory'), requestState: `${first.requestState}A` }],
      [mine.url, { name: 'ask_name', arguments: {}, ...answered('Mallory'), requestState: first.requestState.replace(/^p/, 'u') }],
    ] as [string, Json][]) {
      const { status, json } = await send(url, stateless(params));
      expect([status, json.error?.code], JSON.stringify(json)).toEqual([200, -32602]);
      expect(json.error.message).toMatch(/does not belong to this request or is too old/);
    }
    expect(callsAtServer('ask_name')).toBe(before + 1);
    expect(await callsOf(broker, other)).toEqual([]);
    const done = await send(mine.url, stateless({ name: 'ask_name', arguments: {}, ...answered('Ada') }));
    expect(done.json.result.content[0].text).toBe('Hello, Ada');
    // A call that has ended is nobody's any more.
    expect((await send(mine.url, stateless({ name: 'ask_name', arguments: {}, ...answered('Eve') }))).json.error.code).toBe(-32602);
    expect(callsAtServer('ask_name')).toBe(before + 1);
  });
});

it('a client that goes in the middle of a call to a remote server: given up there, recorded as unknown, not repeated', async () => {
  const before = callsAtServer('wait');
  const abandoned = server.abandoned;
  const stop = new AbortController();
  const { headers, body } = {
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'wait' },
    body: rpc('tools/call', {
      name: 'wait',
      arguments: {},
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
    }),
  };
  const gone = fetch(mine.url, {
    method: 'POST',
    signal: stop.signal,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }).catch((error: unknown) => error);
  await until(() => gate.waiting > 0, 'the call runs');
  stop.abort();
  await gone;
  await until(() => server.abandoned > abandoned, 'the server hears of it');
  await until(async () => (await callsOf(broker, mine))[0]?.outcome === 'outcome_unknown', 'the outcome is recorded');
  expect(callsAtServer('wait')).toBe(before + 1);
  expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
