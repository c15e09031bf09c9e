import net from 'node:net';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { type Gate, instanceOf, offers, until } from './setting.ts';

let broker: TestBroker;
let fixture: Fixture;
let gate: Gate;
let instance: Json;
/** Requests that node:http has read; none of those in the quick way is among them. */
let ordinary = 0;

beforeAll(async () => {
  fixture = await startFixture();
  const offered = offers();
  ({ gate } = offered);
  fixture.tools.push(...offered.tools);
  broker = await startBroker({ allowHosts: [new URL(fixture.url).host] });
  broker.broker.app.server.on('request', () => ordinary++);
  instance = await instanceOf(broker, { docs: { url: fixture.url } });
  // The lists are there from now on.
  await ask({ name: named('echo') });
});
afterAll(async () => {
  await broker?.close();
  await fixture?.close();
});

const named = (tool: string) => `docs_${instance.suffix}_${tool}`;
const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};
const version = { 'mcp-protocol-version': '2026-07-28' };
const headersOf = (name: string): Record<string, string> => ({ ...version, 'mcp-method': 'tools/call', 'mcp-name': name });

interface Asked {
  name: string;
  args?: Json;
  params?: Json;
  meta?: Json;
  headers?: Record<string, string>;
}

const bodyOf = ({ name, args = {}, params = {}, meta: more = {} }: Asked) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name, arguments: args, _meta: { ...meta, ...more }, ...params },
  });

async function ask(asked: Asked): Promise<Json> {
  const response = await fetch(instance.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(asked.headers ?? headersOf(asked.name)),
    },
    body: bodyOf(asked),
  });
  const text = await response.text();
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data as string));
  return { status: response.status, json: events.length > 0 ? events : JSON.parse(text) };
}

/** Only the ordinary way knows a content type with this parameter. */
const slowly = { 'content-type': 'application/json; profile="x"' };
const comparable = (answer: Json) => JSON.stringify(answer).replaceAll(/"(tc_[0-9a-z]+|[up]\.[^"]+)"/g, '"new each time"');

async function wayOf(asked: Asked): Promise<{ way: string; answer: Json }> {
  const before = ordinary;
  const answer = await ask(asked);
  return { way: ordinary === before ? 'quick' : 'ordinary', answer };
}

it.each<[string, () => Asked]>([
  ['an answer', () => ({ name: named('echo'), args: { n: 1 } })],
  ['a tool that there is not', () => ({ name: named('nothing') })],
  ['a name that is none', () => ({ name: 7 as never, headers: headersOf('x') })],
  ['a header that names another tool', () => ({ name: named('echo'), headers: headersOf('other') })],
  ['a question, which is carried to the client', () => ({ name: named('ask_name') })],
])('a call to which nothing is said before its answer goes the quick way, and is answered as in the other: %s', async (_what, asked) => {
  const quick = await wayOf(asked());
  const slow = await wayOf({ ...asked(), headers: { ...(asked().headers ?? headersOf(asked().name)), ...slowly } });
  expect([quick.way, slow.way]).toEqual(['quick', 'ordinary']);
  expect(comparable(quick.answer)).toBe(comparable(slow.answer));
});

it.each<[string, () => Asked]>([
  ['one that wants to hear how far it is', () => ({ name: named('echo'), meta: { progressToken: 'p' } })],
  ['one that wants to read the log', () => ({ name: named('echo'), meta: { 'io.modelcontextprotocol/logLevel': 'info' } })],
  ['one of the era before', () => ({ name: named('echo'), params: { _meta: {} }, headers: { 'mcp-protocol-version': '2025-11-25' } })],
  ['one without any version', () => ({ name: named('echo'), params: { _meta: undefined }, headers: {} })],
])('any other call of a remote server goes the ordinary way: %s', async (_what, asked) => {
  const { way, answer } = await wayOf(asked());
  expect(way).toBe('ordinary');
  const { result } = Array.isArray(answer.json) ? answer.json.at(-1) : answer.json;
  expect(result.structuredContent).toEqual({});
});

it('a question that came in the quick way is answered in the ordinary one, and the call goes on', async () => {
  const { way, answer } = await wayOf({ name: named('ask_name') });
  const { requestState, inputRequests } = answer.json.result;
  expect([way, answer.json.result.resultType]).toEqual(['quick', 'input_required']);
  const [question] = Object.keys(inputRequests) as [string];
  const inputResponses = { [question]: { action: 'accept', content: { name: 'Ada' } } };
  const again = await wayOf({ name: named('ask_name'), params: { requestState, inputResponses } });
  expect(again.way).toBe(requestState === undefined ? 'quick' : 'ordinary');
  expect(again.answer.json.result.content).toEqual([{ type: 'text', text: 'Hello, Ada' }]);
});

it('a client that goes before its answer gives the call up at the server', async () => {
  const [before, abandoned] = [ordinary, fixture.abandoned];
  const { port, pathname } = new URL(instance.url);
  const body = bodyOf({ name: named('look') });
  const lines = Object.entries({ ...headersOf(named('look')), 'content-type': 'application/json' }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  const socket = net.connect(Number(port), '127.0.0.1');
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => gate.waiting > 0, 'the call runs');
  socket.destroy();
  await until(() => fixture.abandoned > abandoned, 'the server hears of it');
  expect(ordinary).toBe(before);
  const rows = async (): Promise<Json[]> => (await broker.api(`/v1/tool-calls?tool_name=${named('look')}`)).body.items;
  await until(async () => (await rows())[0]?.outcome === 'failed', 'the outcome is recorded');
  // Nobody waited for the end of its time.
  expect((await rows())[0].fault_code).not.toBe('provider_timeout');
  gate.open();
  await until(() => gate.waiting === 0, 'the server rests');
});

it('many calls on one connection leave nothing behind on it', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.message);
  process.on('warning', onWarning);
  const before = ordinary;
  for (let n = 0; n < 30; n++) expect((await ask({ name: named('echo'), args: { n } })).json.result.structuredContent).toEqual({ n });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect([ordinary - before, warnings]).toEqual([0, []]);
});

it('a URL that was revoked a moment after a call answers 410', async () => {
  expect((await ask({ name: named('echo') })).status).toBe(200);
  await broker.api(`/v1/mcp-instances/${instance.id}/revoke`, { method: 'POST' });
  const { way, answer } = await wayOf({ name: named('echo') });
  expect([way, answer.status, answer.json.error.data.code]).toEqual(['quick', 410, 'instance_revoked']);
});
