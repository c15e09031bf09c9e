import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suspendClient } from '@grantway/core';
import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { registerGateway } from './index.ts';
import { serverInfo } from './protocol.ts';

let broker: TestBroker;
/** A second door to the same modules, which looks and keeps alive faster. */
let app: FastifyInstance;
let origin: string;

beforeAll(async () => {
  broker = await startBroker({ sandbox: true });
});
afterAll(() => broker.close());

/** As real clients do: a connection that is kept must not keep a broker that stops. */
const agent = new http.Agent({ keepAlive: true });
afterAll(() => agent.destroy());

async function open(times: { blindMs?: number } = {}): Promise<void> {
  app = Fastify({ forceCloseConnections: 'idle' });
  registerGateway(app, broker.modules, { pollMs: 50, keepAliveMs: 30, ...times });
  await app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}
afterEach(() => app.close());

interface Stream {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** Everything received so far. */
  text(): string;
  messages(): Json[];
  ended: Promise<unknown>;
  leave(): void;
}

async function listen(
  instance: Json,
  notifications: unknown = { toolsListChanged: true },
  id: string | number = 'listen-1',
): Promise<Stream> {
  const request = http.request(`${origin}${new URL(instance.url).pathname}`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
  });
  request.on('error', () => {});
  request.end(
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'subscriptions/listen',
      params: {
        notifications,
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
      },
    }),
  );
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => {});
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    messages: () => [...text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1] as string)),
    ended: new Promise((ended) => response.on('end', ended)),
    leave: () => request.destroy(),
  };
}

const acknowledged = (id: string | number, notifications: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/subscriptions/acknowledged',
  params: { notifications, _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
});

const finished = (id: string | number) => ({
  jsonrpc: '2.0',
  id,
  result: {
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/subscriptionId': id, 'io.modelcontextprotocol/serverInfo': serverInfo },
  },
});

async function changeConfig(description: string): Promise<void> {
  const [config] = (await broker.api('/v1/mcp-configs?name=incident-responder')).body.items;
  expect((await broker.api(`/v1/mcp-configs/${config.id}`, { method: 'PATCH', body: { description } })).status).toBe(200);
}

it('a stream begins with what it will tell, and is kept alive by comments', async () => {
  await open();
  const stream = await listen(await incidentSetting(broker), {
    toolsListChanged: true,
    promptsListChanged: true,
    resourceSubscriptions: ['x:y'],
  });
  expect([stream.status, stream.headers['content-type'], stream.headers['x-accel-buffering']]).toEqual([200, 'text/event-stream', 'no']);
  expect([stream.headers['cache-control'], stream.headers['referrer-policy']]).toEqual(['no-store', 'no-referrer']);
  await expect.poll(() => stream.text()).toMatch(/: keep-alive\n\n(?:.|\n)*: keep-alive\n\n/);
  expect(stream.messages()).toEqual([acknowledged('listen-1', { toolsListChanged: true })]);
  stream.leave();
});

it('every listener of a config hears of its new version once, with its own id', async () => {
  await open();
  const [one, two] = [await incidentSetting(broker), await incidentSetting(broker)];
  const streams = [await listen(one, undefined, 1), await listen(one, undefined, 'b'), await listen(two, undefined, 3)];
  await changeConfig('Another description');
  const changed = (id: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
  });
  for (const [i, id] of [1, 'b', 3].entries()) {
    await expect.poll(() => streams[i]?.messages()[1]).toEqual(changed(id));
  }
  await changeConfig('And another');
  for (const stream of streams) await expect.poll(() => stream.messages().length).toBe(3);
  for (const stream of streams) stream.leave();
});

it('where accounts may be named, a listener hears when one comes, is named otherwise, becomes the default or goes', async () => {
  await open();
  await incidentSetting(broker);
  const user = 'chooser';
  await broker.api('/v1/mcp-configs', {
    body: { name: 'choosing', connection_tool_mappings: [{ connection_name: 'linear', account_choice: true }] },
  });
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'choosing', user_identifier: user } }))
    .body;
  const stream = await listen(instance);
  const told = async (deed: Promise<unknown>) => {
    const before = stream.messages().length;
    await deed;
    await expect.poll(() => stream.messages().length).toBeGreaterThan(before);
    expect(stream.messages().at(-1)).toMatchObject({ method: 'notifications/tools/list_changed' });
  };
  const link = async (account_label: string, identifier = user) =>
    (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'linear', identifier, account_label } }))
      .body;
  const change = (id: string, body: Json) => broker.api(`/v1/connected-accounts/${id}`, { method: 'PATCH', body });
  const { connected_account_id: first } = await link('work');
  await expect.poll(() => stream.messages().length).toBe(2);
  let second = '';
  await told(link('home').then((made) => (second = made.connected_account_id)));
  await told(change(second, { label: 'house' }));
  await told(change(second, { default: true }));
  await told(broker.api(`/v1/connected-accounts/${first}`, { method: 'DELETE' }));
  // Somebody else's accounts are no change of this list.
  const before = stream.messages().length;
  await link('work', 'somebody-else');
  await told(change(second, { label: 'last' }));
  expect(stream.messages()).toHaveLength(before + 1);
  stream.leave();
});

it('what is not offered is not waited for', async () => {
  await open();
  const stream = await listen(await incidentSetting(broker), { promptsListChanged: true });
  await stream.ended;
  expect(stream.messages()).toEqual([acknowledged('listen-1', {}), finished('listen-1')]);
});

it('a revoked URL’s streams end', async () => {
  await open();
  const instance = await incidentSetting(broker);
  const stream = await listen(instance);
  await broker.modules.db
    .system('sweep')
    .query({ name: 'revoke in a test', text: 'update mcp_instances set revoked_at = now() where id = $1', values: [instance.id] });
  await stream.ended;
  expect(stream.messages().at(-1)).toEqual(finished('listen-1'));
});

it('a broker that stops ends its streams as the protocol wants, and does stop', async () => {
  await open();
  const stream = await listen(await incidentSetting(broker));
  const closing = app.close();
  await stream.ended;
  await closing;
  expect(stream.messages().at(-1)).toEqual(finished('listen-1'));
});

it('an instance has 16 streams at most, and a place is free again when one has left', async () => {
  await open();
  const instance = await incidentSetting(broker);
  const streams: Stream[] = [];
  for (let i = 0; i < 16; i++) streams.push(await listen(instance, undefined, i));
  const refused = await listen(instance, undefined, 16);
  await refused.ended;
  expect(refused.headers['content-type']).toMatch(/json/);
  expect(JSON.parse(refused.text())).toMatchObject({ id: 16, error: { code: -32603 } });

  streams.pop()?.leave();
  await expect
    .poll(async () => {
      const stream = await listen(instance, undefined, 17);
      streams.push(stream);
      return stream.headers['content-type'];
    })
    .toBe('text/event-stream');
  for (const stream of streams) stream.leave();
});

it.each([[null], ['all'], [[]], [{ toolsListChanged: 'yes' }]])('the filter %j is refused', async (notifications) => {
  await open();
  const stream = await listen(await incidentSetting(broker), notifications);
  await stream.ended;
  expect(JSON.parse(stream.text())).toMatchObject({ id: 'listen-1', error: { code: -32602 } });
});

it('B06: a listener is let go when its user or client is suspended; another’s stream stays open', async () => {
  await open();
  const [one, other] = [await incidentSetting(broker), await incidentSetting(broker)];
  const [first, second] = [await listen(one), await listen(other)];
  await broker.api(`/v1/users/${one.user_identifier}`, { method: 'PATCH', body: { suspended: true } });
  await first.ended;
  expect(first.messages().at(-1)).toMatchObject({ result: { resultType: 'complete' } });
  expect((await listen(one)).status).toBe(403);
  const keepAlives = () => second.text().split(': keep-alive').length;
  const before = keepAlives();
  await expect.poll(keepAlives, { timeout: 5_000 }).toBeGreaterThan(before + 2);
  await suspendClient(broker.modules.db, broker.client.clientId, true);
  await second.ended;
  await suspendClient(broker.modules.db, broker.client.clientId, false);
});

it('B06: a broker that cannot learn who is suspended does not keep listeners for longer than its bound', async () => {
  await open({ blindMs: 300 });
  const stream = await listen(await incidentSetting(broker));
  const alter = (text: string) => broker.modules.db.system('health').query({ name: '', text, values: [] });
  await alter('alter table mcp_instances rename to out_of_reach');
  try {
    await stream.ended;
  } finally {
    await alter('alter table out_of_reach rename to mcp_instances');
  }
});
