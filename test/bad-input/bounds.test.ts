import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, eras, send, sendRaw, type Watch, watch } from './setting.ts';

/** Requests without an end: each is answered, its connection is ended, and what it sent is not kept. */
let broker: TestBroker;
let instance: Json;
let seen: Watch;
const limits = { bodyLimitBytes: 200_000, headerLimitBytes: 8_192, requestTimeoutMs: 3_000 };
beforeAll(async () => {
  broker = await startBroker(limits);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  seen = await watch(broker);
});
afterAll(async () => {
  await seen?.rows.close();
  await broker?.close();
});

const write = { channel: 'C06INC4LLS1', text: 'This must not be posted' };
const headOf = (url: string, era: (typeof eras)[number], more: Record<string, string> = {}) => {
  const { pathname, host } = new URL(url);
  const headers = { host, 'content-type': 'application/json', ...callOf(era, 'slack_post_message', write).headers, ...more };
  return `POST ${pathname} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}`;
};
const chunk = Buffer.alloc(65_536, 0x20);
const chunked = Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]);
/** What kernels keep of a connection on its way, and what is read to let an answer through. */
const onTheWayBytes = 64 * 1024 * 1024;

// Side by side: most of the time they wait for the broker to lose patience.
describe.each(eras)('in the %s era', (era) => {
  it.concurrent('10 MB of headers are 431, and most of them are not even taken', async () => {
    const line = `x-padding: ${'x'.repeat(1000)}\r\n`;
    let left = 10_000;
    const more = {
      get chunk() {
        return left-- > 0 ? line : '\r\n';
      },
    };
    const answer = await seen.unchanged(() => sendRaw(instance.url, headOf(instance.url, era), more));
    expect([answer.status, answer.json.code]).toEqual([431, 'headers_too_large']);
    expect(answer.json.title).toBe('The headers are too large');
    expect(answer.takenBytes).toBeLessThan(10_000_000);
  });

  it.concurrent('a header over the limit is 431', async () => {
    const head = `${headOf(instance.url, era, { 'x-padding': 'x'.repeat(limits.headerLimitBytes) })}content-length: 0\r\n\r\n`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head));
    expect([answer.status, answer.json.code]).toEqual([431, 'headers_too_large']);
  });

  it.concurrent('a body that says how endless it is, is 413 before it is read', async () => {
    const head = `${headOf(instance.url, era, { 'content-length': String(2 ** 40) })}\r\n`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head, { chunk }));
    expect([answer.status, answer.json.error.code]).toEqual([413, -32600]);
    expect(answer.json.error.message).toBe('The body is larger than this broker reads.');
  });

  it.concurrent('a body that goes on and on is 413, and its connection is ended', async () => {
    const head = `${headOf(instance.url, era, { 'transfer-encoding': 'chunked' })}\r\n`;
    const heldBefore = process.memoryUsage().arrayBuffers;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head, { chunk: chunked }));
    expect([answer.status, answer.json.error.code]).toEqual([413, -32600]);
    expect(process.memoryUsage().arrayBuffers - heldBefore).toBeLessThan(onTheWayBytes);
  });

  it.concurrent('a body that comes in drops is 408 when its time is over', async () => {
    const head = `${headOf(instance.url, era, { 'transfer-encoding': 'chunked' })}\r\n`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head, { chunk: '1\r\n \r\n', everyMs: 50 }));
    expect([answer.status, answer.json?.error?.code], answer.text).toEqual([408, -32600]);
    expect(answer.json.error.message).toBe('The request did not arrive in time.');
  });

  it.concurrent('a body that is shorter than it says is 408 when its time is over', async () => {
    const body = JSON.stringify(callOf(era, 'slack_post_message', write).body);
    const head = `${headOf(instance.url, era, { 'content-length': String(body.length + 1) })}\r\n${body}`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head));
    expect([answer.status, answer.json?.error?.code], answer.text).toEqual([408, -32600]);
  });

  it.concurrent('a body that breaks off with its connection is nothing', async () => {
    const body = JSON.stringify(callOf(era, 'slack_post_message', write).body);
    await seen.unchanged(async () => {
      const stop = new AbortController();
      const sent = fetch(instance.url, {
        method: 'POST',
        signal: stop.signal,
        headers: { 'content-type': 'application/json', ...callOf(era, 'slack_post_message').headers },
        duplex: 'half',
        body: new ReadableStream({
          start(controller) {
            controller.enqueue(Buffer.from(body.slice(0, -1)));
            setImmediate(() => stop.abort());
          },
        }),
      } as RequestInit);
      await expect(sent).rejects.toThrow(/abort/i);
    });
  });

  it.concurrent('chunks that are no chunks are 400', async () => {
    const head = `${headOf(instance.url, era, { 'transfer-encoding': 'chunked' })}\r\nzz\r\n`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head));
    expect([answer.status, answer.json?.error?.code], answer.text).toEqual([400, -32600]);
  });

  it.concurrent('a length beside chunks is 400: two readers would see two requests', async () => {
    const body = JSON.stringify(callOf(era, 'slack_post_message', write).body);
    const head = `${headOf(instance.url, era, { 'transfer-encoding': 'chunked', 'content-length': String(body.length) })}\r\n${body}`;
    const answer = await seen.unchanged(() => sendRaw(instance.url, head));
    expect([answer.status, answer.json?.code], answer.text).toEqual([400, 'invalid_request']);
  });

  it.concurrent('an unknown URL is 404 before its endless body is read, and its connection is ended', async () => {
    const head = `${headOf(`${broker.baseUrl}/u/abc/mcp`, era, { 'transfer-encoding': 'chunked' })}\r\n`;
    const answer = await seen.unchanged(() => sendRaw(`${broker.baseUrl}/u/abc/mcp`, head, { chunk: chunked }));
    expect([answer.status, answer.json.error.code]).toEqual([404, 404]);
  });
});

it.each(eras)('headers within the limit are read (%s)', async (era) => {
  const { headers, body } = callOf(era, 'slack_list_channels');
  const answer = await send(instance.url, { headers: { ...headers, 'x-padding': 'x'.repeat(limits.headerLimitBytes - 2000) }, body });
  expect(answer.json.result.isError).toBeUndefined();
});

it.concurrent('headers that come in drops are 408 when their time is over', async () => {
  const answer = await seen.unchanged(() => sendRaw(instance.url, 'POST / HTTP/1.1\r\n', { chunk: 'x', everyMs: 50 }));
  expect([answer.status, answer.json?.code], answer.text).toEqual([408, 'request_timeout']);
});

it.concurrent('a connection on which nothing is ever sent is ended', async () => {
  const answer = await seen.unchanged(() => sendRaw(instance.url, ''));
  expect([0, 408]).toContain(answer.status);
});

it('the REST API has the same bounds, in problems of its own', async () => {
  const { host } = new URL(broker.baseUrl);
  const head = `POST /v1/connections HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${await broker.token()}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
  const late = await seen.unchanged(() => sendRaw(broker.baseUrl, head, { chunk: '1\r\n \r\n', everyMs: 50 }));
  expect([late.status, late.json.code]).toEqual([408, 'request_timeout']);
  const large = await seen.unchanged(() => sendRaw(broker.baseUrl, head, { chunk: chunked }));
  expect([large.status, large.json.code]).toEqual([413, 'payload_too_large']);
});

it('a call that takes longer than a request may is not cut off', async () => {
  await broker.control('/slack/knobs', 'PUT', { slow_ms: limits.requestTimeoutMs + 1500 });
  const answers = await Promise.all(eras.map((era) => send(instance.url, callOf(era, 'slack_list_channels'))));
  await broker.control('/slack/knobs', 'DELETE');
  for (const { json } of answers) expect(json.result.isError).toBeUndefined();
});

it('nothing of all that was an error of ours, and the next call works', async () => {
  expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  for (const era of eras) expect((await send(instance.url, callOf(era, 'slack_list_channels'))).json.result.isError).toBeUndefined();
});
