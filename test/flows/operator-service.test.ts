import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

/** A service of the operator's own, on this machine by the operator's explicit exception. */
interface Service {
  url: string;
  seen: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string }[];
  close(): Promise<void>;
}

async function startService(elsewhere: () => string): Promise<Service> {
  const seen: Service['seen'] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body });
      if (headers['x-own-key'] === 'wrong-key-of-somebody') return void response.writeHead(401).end();
      if (url?.endsWith('/moved') === true) return void response.writeHead(307, { location: `${elsewhere()}/v1/orders` }).end();
      if (url === '/v1/') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path: url, key: headers['x-own-key'] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}

let broker: TestBroker;
let service: Service;
let other: Service;
let connectionId: string;

beforeAll(async () => {
  other = await startService(() => service.url);
  service = await startService(() => other.url);
  broker = await startBroker({ allowHosts: [new URL(service.url).host, new URL(other.url).host] });
});
afterAll(async () => {
  await broker?.close();
  await Promise.all([service?.close(), other?.close()]);
});
beforeEach(() => {
  service.seen.length = 0;
  other.seen.length = 0;
});

const linkFor = (identifier: string) =>
  broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'own', identifier } });
const change = (fields: Json) => broker.api(`/v1/connections/${connectionId}`, { method: 'PATCH', body: { auth: { fields } } });
const call = (verb: string, args: Json, identifier = 'ada') =>
  broker.api(`/v1/tools/generic_api_key_${verb}/execute`, { body: { connection_name: 'own', identifier, arguments: args } });

it('nobody is asked for a key before the operator has said where the service is', async () => {
  const made = await broker.api('/v1/connections', {
    body: { name: 'own', connector: 'generic-api-key', auth: { fields: { header: 'X-Own-Key' } } },
  });
  expect([made.status, made.body.status]).toEqual([201, 'DRAFT']);
  connectionId = made.body.id;
  const refused = await linkFor('ada');
  expect([refused.status, refused.body.code]).toEqual([409, 'connection_not_ready']);
});

it.each([
  ['a private address', 'https://10.0.0.1'],
  ['the metadata service', 'https://169.254.169.254/latest'],
  ['this machine', 'https://127.0.0.1'],
  ['a private name', 'https://orders.internal'],
  ['plain http', 'http://api.acme.example'],
  ['a user', 'https://user@api.acme.example'],
  ['an IPv6 literal', 'https://[::1]:8443'],
  ['a query', 'https://api.acme.example?x=1'],
  ['a dot segment', 'https://api.acme.example/v1/..'],
  ['another port of an excepted host', 'http://127.0.0.1:9'],
])('the operator cannot name %s', async (_what, base_url) => {
  const refused = await change({ header: 'X-Own-Key', base_url });
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
  expect(refused.body.errors[0].pointer).toBe('/auth/fields/base_url');
});

it('the person enters the key alone, and it goes where the operator said', async () => {
  const ready = await change({ header: 'X-Own-Key', base_url: `${service.url}/v1` });
  expect([ready.status, ready.body.status]).toEqual([200, 'COMPLETED']);
  const { link } = (await linkFor('ada')).body;
  const form = await (await fetch(link)).text();
  expect(form).toContain('name="api_key"');
  expect(form).not.toMatch(/name="(base_url|header)"/);
  const page = await broker.connectKey(link, { api_key: 'key-of-ada-0001', base_url: other.url, header: 'X-Evil' });
  expect(page.status).toBe(200);
  expect(service.seen.map(({ method, url, headers }) => [method, url, headers['x-own-key']])).toEqual([['GET', '/v1/', 'key-of-ada-0001']]);
  expect(other.seen).toEqual([]);
});

it('a key that the service refuses is not kept', async () => {
  const page = await broker.connectKey((await linkFor('eve')).body.link, { api_key: 'wrong-key-of-somebody' });
  expect(page.status).toBe(422);
  expect(service.seen).toHaveLength(1);
});

it('an agent says path, query and body, and gets the answer without the key', async () => {
  const read = await call('get', { path: '/orders/7', query: { expand: 'lines & more' } });
  expect([read.status, read.body.output.status, read.body.output.body.path]).toEqual([200, 200, '/v1/orders/7?expand=lines+%26+more']);
  expect(JSON.stringify(read.body)).not.toContain('key-of-ada');
  const made = await call('post', { path: '/orders', body: { sku: 'gnome' } });
  expect(made.status).toBe(200);
  expect(service.seen.map(({ method, url, body, headers }) => [method, url, body, headers['x-own-key']])).toEqual([
    ['GET', '/v1/orders/7?expand=lines+%26+more', '', 'key-of-ada-0001'],
    ['POST', '/v1/orders', '{"sku":"gnome"}', 'key-of-ada-0001'],
  ]);
});

it.each([
  { path: '//127.0.0.1:9/x' },
  { path: '/../admin' },
  { path: '/%2e%2e/admin' },
  { path: '/..;/admin' },
  { path: '@evil.example/x' },
  { path: 'http://evil.example/x' },
  { path: '/x?y=z' },
  { path: '/x', base_url: 'http://evil.example' },
  { path: '/x', headers: { host: 'evil.example' } },
])('an agent that tries %j is refused, and nothing is sent', async (args) => {
  const refused = await call('get', args);
  expect([refused.status, refused.body.code]).toEqual([422, 'argument_invalid']);
  expect([...service.seen, ...other.seen]).toEqual([]);
});

it('a redirect to another service is not followed', async () => {
  const refused = await call('get', { path: '/moved' });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(JSON.stringify(refused.body)).toContain('redirects');
  expect(service.seen).toHaveLength(1);
  expect(other.seen).toEqual([]);
});

it('a key stays with the service for which it was entered, whatever the operator says later', async () => {
  expect((await change({ header: 'X-Own-Key', base_url: `${other.url}/v1` })).status).toBe(200);
  expect((await call('get', { path: '/orders' })).status).toBe(200);
  expect([service.seen.length, other.seen.length]).toEqual([1, 0]);
  await broker.connectKey((await linkFor('grace')).body.link, { api_key: 'key-of-grace-02' });
  await call('get', { path: '/orders' }, 'grace');
  expect(service.seen).toHaveLength(1);
  expect(other.seen.map(({ url, headers }) => [url, headers['x-own-key']])).toEqual([
    ['/v1/', 'key-of-grace-02'],
    ['/v1/orders', 'key-of-grace-02'],
  ]);
});
