import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { instanceOf, namesAt, offers } from '../remote-mcp/setting.ts';
import { answer, bytes, endless, type Gate, type Script, startGate } from './gate.ts';
import { callOf, callsOf, eras, send } from './setting.ts';

/** Remote MCP servers that answer garbage; the same outcomes as of any provider. */
let broker: TestBroker;
const servers: Record<'stateless' | 'legacy', { fixture: Fixture; gate: Gate; instance: Json }> = {} as never;
const limits = { toolTimeoutMs: 3_000, answerLimitBytes: 1_048_576 };
beforeAll(async () => {
  for (const [name, era] of [
    ['stateless', 'modern'],
    ['legacy', 'legacy'],
  ] as const) {
    const fixture = await startFixture({ eras: [era] });
    fixture.tools.push(...offers().tools);
    servers[name] = { fixture, gate: await startGate(() => fixture.url), instance: undefined };
  }
  const gates = Object.values(servers).map(({ gate }) => new URL(gate.origin).host);
  broker = await startBroker({ ...limits, allowHosts: gates });
  for (const server of Object.values(servers)) {
    const path = new URL(server.fixture.url).pathname;
    server.instance = await instanceOf(broker, { a: { url: `${server.gate.origin}${path}` } }, 'as_is');
    expect(await namesAt(server.instance.url)).toContain('echo');
  }
});
afterEach(() => {
  for (const { gate } of Object.values(servers)) gate.arm(undefined);
});
afterAll(async () => {
  await broker?.close();
  for (const { fixture, gate } of Object.values(servers)) {
    await gate.close();
    await fixture.close();
  }
});

const json = 'content-type: application/json\r\n';
const stream = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
const good = { content: [{ type: 'text', text: 'hotel' }] };
const message = (more: Json): string => JSON.stringify({ jsonrpc: '2.0', ...more });
const filler = Buffer.alloc(65_536, 0x20);

const invalid = 'provider_answer_invalid';
const cases: [what: string, script: Script, read: string][] = [
  ['a page', answer('<html>hotel</html>', 'text/html'), invalid],
  ['a page that says it is JSON', answer('<html>hotel</html>'), invalid],
  ['nothing', answer(''), invalid],
  ['JSON that is broken off', answer('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":'), invalid],
  ['with another id', answer(message({ id: 987_654, result: good })), invalid],
  ['with the id as text', answer(message({ id: '1', result: good })), invalid],
  ['without an id', answer(message({ result: good })), invalid],
  ['a notification', answer(message({ method: 'notifications/message', params: {} })), invalid],
  ['neither result nor error', answer(message({ id: 1 })), invalid],
  ['a list of numbers', answer('[1,2,3]'), invalid],
  ['fewer bytes than it said', bytes(`HTTP/1.1 200 OK\r\n${json}content-length: 1000\r\n\r\n{"jsonrpc"`), 'provider_unavailable'],
  ['more bytes than it said', bytes(`HTTP/1.1 200 OK\r\n${json}content-length: 9\r\n\r\n{"jsonrpc":"2.0"}`), invalid],
  ['another protocol', bytes('SSH-2.0-OpenSSH_9.9\r\n'), invalid],
  ['nothing but a hung-up connection', bytes(''), 'provider_unavailable'],
  ['10 MB of headers', endless('HTTP/1.1 200 OK\r\n', `x-padding: ${'x'.repeat(1000)}\r\n`), invalid],
  ['a body without end', endless(`HTTP/1.1 200 OK\r\n${json}\r\n{"jsonrpc":"`, filler), invalid],
  ['a body in drops', endless(`HTTP/1.1 200 OK\r\n${json}\r\n`, ' ', 50), 'provider_timeout'],
  ['a stream without a word', bytes(stream), invalid],
  ['a stream of no JSON', bytes(`${stream}data: hotel\n\n`), invalid],
  ['a stream with another id', bytes(`${stream}data: ${message({ id: 987_654, result: good })}\n\n`), invalid],
  ['a stream that breaks off within an event', bytes(`${stream}data: {"jsonrpc":"2.0","id"`), invalid],
  ['a stream without end', endless(stream, `data: ${'x'.repeat(10_000)}\n\n`), invalid],
  ['one event without end', endless(`${stream}data: `, filler), invalid],
];

describe.each(['stateless', 'legacy'] as const)('a %s server', (era) => {
  it.each(cases)('that answers %s fails a read, and leaves open what became of a write, which is sent once', async (_, script, read) => {
    const { gate, instance } = servers[era];
    for (const client of eras) {
      for (const [tool, code, outcome] of [
        ['echo', read, 'failed'],
        ['remove', 'outcome_unknown', 'outcome_unknown'],
      ] as const) {
        gate.arm(script, '"method":"tools/call"');
        const { status, json: body, text } = await send(instance.url, callOf(client, tool));
        const asks = gate.answered();
        gate.arm(undefined);
        expect(status).toBe(200);
        expect(body.result, text).toMatchObject({ isError: true, _meta: { 'grantway/code': code } });
        expect(body.result.content[0].text).toMatch(/^[A-Z].*\.$/s);
        expect(text).not.toMatch(/hotel|OpenSSH|x-padding/);
        expect([tool, asks]).toEqual([tool, 1]);
        expect((await callsOf(broker, instance))[0]).toMatchObject({ tool_name: tool, outcome, fault_code: code });
      }
    }
  });

  it('is called again as soon as it answers as it should', async () => {
    for (const client of eras) {
      const { json: body } = await send(servers[era].instance.url, callOf(client, 'echo', { n: 1 }));
      expect(body.result.structuredContent).toEqual({ n: 1 });
    }
    expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
