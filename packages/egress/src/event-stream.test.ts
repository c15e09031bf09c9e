import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Connector, Credential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, type Egress, type ServerEvent } from './egress.ts';
import { createEventParser, type RawEvent } from './event-stream.ts';

describe('the parser', () => {
  const stream =
    '\uFEFF: comment\r\nid: 7\nretry: 250\ndata: {"a":\ndata: "ü"}\r\n\r\nevent: other\rdata:two\r\r\nid: 8\ndata\n\n: only a comment\n\ndata: not ended';
  const expected: RawEvent[] = [
    { data: '{"a":\n"ü"}', id: '7', retryMs: 250 },
    { data: 'two', id: undefined, retryMs: 250 },
    { data: '', id: '8', retryMs: 250 },
  ];

  it('finds the same events wherever the chunks are cut', () => {
    const bytes = Buffer.from(stream);
    for (let size = 1; size <= bytes.length; size++) {
      const events: RawEvent[] = [];
      const parser = createEventParser(1000, (event) => events.push(event));
      for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size));
      expect(events, `chunks of ${size}`).toEqual(expected);
    }
  });

  it('bounds one event, not the stream', () => {
    const parser = createEventParser(100, () => {});
    for (let i = 0; i < 50; i++) parser.write(Buffer.from('data: 0123456789\n\n'));
    expect(() => {
      for (let i = 0; i < 20; i++) parser.write(Buffer.from('data: 0123456789\n'));
    }).toThrow(/larger than 100/);
  });
});

describe('converse', () => {
  let server: Server;
  let egress: Egress;
  let host: string;
  const secret = 'sk-0123456789abcdef';
  const gone: string[] = [];

  const connector = (): Connector =>
    ({
      id: 'streamer',
      name: 'Streamer',
      auth: {
        kind: 'api_key',
        fields: [{ name: 'value', label: 'Key', secret: true }],
        headers: { Authorization: 'Bearer {value}' },
      },
      api: { baseUrl: `http://${host}` },
      tools: [],
    }) as unknown as Connector;
  const credential = new Secret<Credential>({ kind: 'api_key', fields: { value: secret } });

  function converse(
    path: string,
    options: { timeoutMs?: number; maxBytes?: number; signal?: AbortSignal; isPatient?: () => boolean } = {},
  ) {
    const events: ServerEvent[] = [];
    const { timeoutMs = 5000, ...rest } = options;
    const answer = egress.converse({ connector: connector(), fields: {}, sandbox: false }, { method: 'POST', path, json: {} }, credential, {
      timeoutMs,
      ...rest,
      onEvent: (event) => events.push(event),
    });
    return { answer, events };
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url as string;
      response.on('close', () => gone.push(path));
      const stream = { 'content-type': 'text/event-stream; charset=utf-8' };
      if (path === '/json') return void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"echo":"${secret}"}`);
      if (path === '/refused') return void response.writeHead(401, stream).end('data: no\n\n');
      if (path === '/gzip') return void response.writeHead(200, { ...stream, 'content-encoding': 'gzip' }).end(gzipSync('data: 1\n\n'));
      response.writeHead(200, stream);
      if (path === '/events') {
        // The secret is cut in two, and hidden by JSON's escapes.
        response.write(`data: {"echo":"${secret.slice(0, 7)}`);
        setTimeout(() => response.end(`${secret.slice(7)}","again":"${secret.replace('sk', '\\u0073k')}"}\n\n`), 50);
      } else if (path === '/silent') response.write('data: 1\n\n');
      else if (path === '/endless') {
        const more = setInterval(() => response.write(`data: ${'x'.repeat(10_000)}\n\n`), 1);
        response.on('close', () => clearInterval(more));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    egress = createEgress({ allowHosts: [host] });
  });
  afterAll(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });

  it('an answer that is no stream is one body, clean of the credential', async () => {
    const { answer, events } = converse('/json');
    expect(await answer).toMatchObject({ status: 200, streamed: false, body: { echo: '[credential removed]' } });
    expect(events).toEqual([]);
  });

  it('events are parsed, and clean of the credential however it was cut or escaped', async () => {
    const { answer, events } = converse('/events');
    expect(await answer).toMatchObject({ status: 200, streamed: true, body: undefined });
    expect(events.map(({ data }) => data)).toEqual([{ echo: '[credential removed]', again: '[credential removed]' }]);
  });

  it('a refusal is an answer, whatever it calls itself', async () => {
    expect(await converse('/refused').answer).toMatchObject({ status: 401, streamed: false });
  });

  it('a compressed stream is refused', async () => {
    await expect(converse('/gzip').answer).rejects.toMatchObject({ kind: 'invalid', sent: true });
  });

  it('silence ends it, unless it is as it should be', async () => {
    await expect(converse('/silent', { timeoutMs: 200 }).answer).rejects.toMatchObject({ kind: 'timeout', sent: true });
    const stop = new AbortController();
    let looks = 0;
    const isPatient = () => ++looks > 0;
    const { answer, events } = converse('/silent', { timeoutMs: 100, isPatient, signal: stop.signal });
    const ended = answer.catch((error: { kind: string }) => error.kind);
    // Five looks make the time that is allowed.
    await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(15);
    expect(events).toHaveLength(1);
    stop.abort();
    expect(await ended).toBe('aborted');
  });

  it('giving up closes the connection', async () => {
    const stop = new AbortController();
    const before = gone.filter((path) => path === '/silent').length;
    const { answer } = converse('/silent', { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(answer).rejects.toMatchObject({ kind: 'aborted' });
    await expect.poll(() => gone.filter((path) => path === '/silent').length, { timeout: 5000 }).toBe(before + 1);
  });

  it('a stream without end is ended by its size', async () => {
    await expect(converse('/endless', { maxBytes: 100_000 }).answer).rejects.toMatchObject({ kind: 'too_large' });
  });

  it('an address that is not public is refused before anything is sent', async () => {
    const strict = createEgress({});
    const target = { connector: connector(), fields: {}, sandbox: false };
    const asked = strict.converse(target, { method: 'POST', path: '/json', json: {} }, credential, { timeoutMs: 1000, onEvent: () => {} });
    await expect(asked).rejects.toMatchObject({ kind: 'blocked', sent: false });
    await strict.close();
  });
});
