import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { incidentTools, type Json, type TestBroker } from '@grantway/test/harness';
import { expect } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  json: Json;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  raw?: string | Buffer;
}

export async function send(url: string, { method = 'POST', headers, body, raw }: Sent): Promise<Answer> {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const request = http.request(url, {
    method,
    agent: false,
    headers: {
      ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  });
  // A server that refuses early may close while we still send; its answer counts.
  request.on('error', () => {});
  request.end(payload);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: /json/.test(response.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : undefined,
  };
}

export interface RawAnswer {
  status: number;
  text: string;
  json: Json;
  /** How much of what was written the other side took before it ended the connection. */
  takenBytes: number;
}

/** Bytes on a socket of one's own, until the other side ends it. `more` is written again and again for as long as it lasts. */
export async function sendRaw(url: string, head: string, more?: { chunk: string | Buffer; everyMs?: number }): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  let over = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // Whoever ends a connection that is written to may reset it.
  socket.on('error', () => {});
  socket.on('close', () => {
    over = true;
  });
  socket.write(head);
  while (more !== undefined && !over && !socket.readableEnded) {
    if (more.everyMs !== undefined) {
      socket.write(more.chunk);
      await new Promise((resolve) => setTimeout(resolve, more.everyMs));
    } else if (socket.write(more.chunk)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
  if (!over) await once(socket, 'close');
  const [, status, body] = /^HTTP\/1\.1 (\d{3}).*?\r\n\r\n(.*)$/s.exec(text) ?? [];
  const isJson = /content-type: application\/(problem\+)?json/i.test(text);
  return {
    status: Number(status ?? 0),
    text,
    json: isJson && body !== undefined ? JSON.parse(body) : undefined,
    takenBytes: socket.bytesWritten,
  };
}

export const rpc = (method: string, params?: unknown, id: unknown = 1): Json => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
});

export const envelope = (more: Json = {}): Json => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  ...more,
});

export type Era = 'stateless' | 'legacy';
export const eras: readonly Era[] = ['stateless', 'legacy'];

/** A well-formed request of either era. */
export function wellFormed(era: Era, method: string, params: Json = {}, id: unknown = 1): { headers: Record<string, string>; body: Json } {
  if (era === 'legacy') return { headers: { 'mcp-protocol-version': '2025-11-25' }, body: rpc(method, params, id) };
  const name: Record<string, string> = typeof params.name === 'string' && method === 'tools/call' ? { 'mcp-name': params.name } : {};
  return {
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name },
    body: rpc(method, { ...params, _meta: envelope() }, id),
  };
}

export const callOf = (era: Era, name: string, args: Json = {}, id: unknown = 1) =>
  wellFormed(era, 'tools/call', { name, arguments: args }, id);

/** Requests that reached the stand-ins' APIs. */
export async function providerRequests(broker: TestBroker): Promise<number> {
  const ledgers = await Promise.all(Object.keys(incidentTools).map((name) => broker.control(`/${name}/ledger`, 'GET')));
  return ledgers.reduce((sum, { counts }) => sum + counts.api_calls, 0);
}

export interface Watch {
  rows: Rows;
  /** Does it, and expects that no row was written, but in these tables, and that no provider was asked anything. */
  unchanged<T>(work: () => Promise<T>, mayChange?: string[]): Promise<T>;
}

export async function watch(broker: TestBroker): Promise<Watch> {
  const rows = await openRows(broker);
  // Tests that run side by side share the one connection.
  let last: Promise<unknown> = Promise.resolve();
  const checksums = () => {
    const next = last.then(() => rows.checksums());
    last = next.catch(() => undefined);
    return next;
  };
  return {
    rows,
    async unchanged(work, mayChange = []) {
      const [before, asked] = await Promise.all([checksums(), providerRequests(broker)]);
      const done = await work();
      expect(changed(before, await checksums()).filter((table) => !mayChange.includes(table))).toEqual([]);
      expect(await providerRequests(broker)).toBe(asked);
      return done;
    },
  };
}

/** The latest calls of an instance, the newest first. */
export async function callsOf(broker: TestBroker, instance: Json): Promise<Json[]> {
  return (await broker.api(`/v1/tool-calls?mcp_instance_id=${instance.id}&limit=50`)).body.items;
}

/** Polls, since what is waited for happens in the broker's time. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
