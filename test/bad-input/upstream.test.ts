import { startSandbox } from '@grantway/sandbox';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, bytes, endless, type Gate, type Script, startGate } from './gate.ts';
import { callOf, callsOf, eras, send, type Watch, watch } from './setting.ts';

/** Providers that answer garbage: a read fails, of a write it is said that it may have happened, and nothing is sent twice that may have been done. */
let broker: TestBroker;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let gate: Gate;
let instance: Json;
let seen: Watch;
const limits = { toolTimeoutMs: 4_000, answerLimitBytes: 1_048_576 };
beforeAll(async () => {
  gate = await startGate(() => sandbox.origin);
  broker = await startBroker({ ...limits, sandbox: { origin: gate.origin } });
  sandbox = await startSandbox({ connectors: [...(await broker.modules.catalogue.all())] });
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  seen = await watch(broker);
});
afterEach(() => gate.arm(undefined));
afterAll(async () => {
  await seen?.rows.close();
  await broker?.close();
  await sandbox?.close();
  await gate?.close();
});

const reads: [string, Json][] = [
  ['datadog_monitors_list', {}],
  ['slack_list_channels', {}],
];
const writes: [string, Json][] = [
  ['slack_post_message', { channel: 'C06INC4LLS1', text: 'Once at most' }],
  ['linear_issue_create', { teamId: '9cfb482a-81e3-4154-b5b9-2c805e70a02d', title: 'Once at most' }],
];

const json = 'content-type: application/json\r\n';
const good = JSON.stringify({ ok: true, channels: [], data: {} });
/** The row of the call, and the event that it failed. */
const failedCall = ['tool_calls', 'events'];
const filler = Buffer.alloc(65_536, 0x20);

interface Garbage {
  script: Script;
  /** What a read ends with, and how often it may be asked. */
  read: string;
  asked?: number;
}

const cases: [what: string, garbage: Garbage][] = [
  ['a page', { script: answer('<html><h1>Sign in to the hotel</h1></html>', 'text/html'), read: 'provider_answer_invalid' }],
  ['a page that says it is JSON', { script: answer('<html>hotel</html>'), read: 'provider_answer_invalid' }],
  ['nothing', { script: answer(''), read: 'provider_answer_invalid' }],
  ['JSON that is broken off', { script: answer('{"ok":true,"channels":[{"id":"C1"'), read: 'provider_answer_invalid' }],
  ['JSON of another shape', { script: answer('{"ok":true,"channels":"none","monitors":7,"data":[]}'), read: 'provider_answer_invalid' }],
  ['a number', { script: answer('7'), read: 'provider_answer_invalid' }],
  ['null', { script: answer('null'), read: 'provider_answer_invalid' }],
  ['JSON nested 5,000 deep', { script: answer(`{"ok":true,"a":${'['.repeat(5000)}${']'.repeat(5000)}}`), read: 'provider_answer_invalid' }],
  [
    'fewer bytes than it said',
    { script: bytes(`HTTP/1.1 200 OK\r\n${json}content-length: 1000\r\n\r\n${good}`), read: 'provider_unavailable', asked: 2 },
  ],
  [
    'more bytes than it said',
    { script: bytes(`HTTP/1.1 200 OK\r\n${json}content-length: 5\r\n\r\n${good}`), read: 'provider_answer_invalid' },
  ],
  [
    'chunks that are no chunks',
    { script: bytes(`HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\nzz\r\n`), read: 'provider_answer_invalid' },
  ],
  ['another protocol', { script: bytes('SSH-2.0-OpenSSH_9.9\r\n'), read: 'provider_answer_invalid' }],
  [
    'bytes that do not decompress',
    { script: answer('hotel', 'application/json', 'content-encoding: gzip\r\n'), read: 'provider_answer_invalid' },
  ],
  [
    'a coding that nobody asked for',
    { script: answer(good, 'application/json', 'content-encoding: zstd\r\n'), read: 'provider_answer_invalid' },
  ],
  ['nothing but a hung-up connection', { script: bytes(''), read: 'provider_unavailable', asked: 2 }],
  ['10 MB of headers', { script: endless('HTTP/1.1 200 OK\r\n', `x-padding: ${'x'.repeat(1000)}\r\n`), read: 'provider_answer_invalid' }],
  [
    'interim answers without end',
    { script: endless('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'), read: 'provider_answer_invalid' },
  ],
  ['a body without end', { script: endless(`HTTP/1.1 200 OK\r\n${json}\r\n{"ok":true,"a":"`, filler), read: 'provider_answer_invalid' }],
  [
    'a body that says how large it is',
    { script: endless(`HTTP/1.1 200 OK\r\n${json}content-length: ${2 ** 40}\r\n\r\n`, filler), read: 'provider_answer_invalid' },
  ],
  ['a body in drops', { script: endless(`HTTP/1.1 200 OK\r\n${json}\r\n`, ' ', 50), read: 'provider_timeout' }],
  ['headers in drops', { script: endless('HTTP/1.1 200 OK\r\n', 'x', 50), read: 'provider_timeout' }],
];

describe.each(cases)('a provider that answers %s', (_, { script, read, asked = 1 }) => {
  const ends = async (era: (typeof eras)[number], [tool, args]: [string, Json], code: string, outcome: string, times: number) => {
    gate.arm(script);
    const { status, json: body, text } = await seen.unchanged(() => send(instance.url, callOf(era, tool, args)), failedCall);
    const asks = gate.answered();
    gate.arm(undefined);
    expect(status).toBe(200);
    expect(body.result, text).toMatchObject({ isError: true, _meta: { 'grantway/code': code } });
    expect(body.result.content[0].text).toMatch(/^[A-Z].*\.$/s);
    // What came is not passed on, neither to the model nor to the log.
    expect(text).not.toMatch(/hotel|OpenSSH|x-padding|Early Hints/);
    expect([tool, asks]).toEqual([tool, times]);
    expect((await callsOf(broker, instance))[0]).toMatchObject({ tool_name: tool, outcome, fault_code: code });
  };

  it.each(eras)('fails a read (%s)', async (era) => {
    for (const one of read === 'provider_timeout' ? reads.slice(1) : reads) await ends(era, one, read, 'failed', asked);
  });

  it.each(eras)('leaves open what became of a write, which is sent once (%s)', async (era) => {
    for (const one of read === 'provider_timeout' ? writes.slice(1) : writes) await ends(era, one, 'outcome_unknown', 'outcome_unknown', 1);
  });
});

it('no account ended by that, nothing was an error of ours, and the next calls work', async () => {
  const state = await broker.api(`/v1/mcp-instances/${instance.id}/auth-state`);
  expect(state.body.connections.map((c: Json) => c.connected_account_status)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
  expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  for (const [tool, args] of [...reads, ...writes]) {
    const { json: body, text } = await send(instance.url, callOf('legacy', tool, args));
    expect(body.result.isError, text).toBeUndefined();
  }
});
