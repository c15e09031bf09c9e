import diagnostics from 'node:diagnostics_channel';
import { apiRoutes } from '@grantway/broker';
import { allPermissions, Problem } from '@grantway/contract';
import { connectAll, incidentSetting, startBroker, type TestBroker } from '@grantway/test/harness';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { exercised, maskedNothing, otherRoutes, refusedEverywhere, type Sent, type World } from './exercised.ts';
import { makeOtherEnvironment } from './other-environment.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const methods: Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Every route that any Fastify server of this process registers. */
const registered = new Map<unknown, RouteOptions[]>();
const onServer = (message: unknown) => {
  const { fastify } = message as { fastify: FastifyInstance };
  const routes: RouteOptions[] = [];
  registered.set(fastify.server, routes);
  fastify.addHook('onRoute', (route) => void routes.push(route));
};

let broker: TestBroker;
let elsewhere: TestBroker;
let rows: Rows;
let world: World;
let tokens: Record<string, string | undefined>;
let ajv: Ajv2020;

beforeAll(async () => {
  diagnostics.subscribe('fastify.initialization', onServer);
  [broker, elsewhere] = await Promise.all([startBroker(), startBroker({ sandbox: false })]);
  rows = await openRows(broker);
  const instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  world = { broker, instance, other: await makeOtherEnvironment(broker, rows) };

  const good = await broker.token();
  const claims = { clientId: broker.client.clientId, environmentId: broker.broker.environmentId, scope: allPermissions.join(' ') };
  const issuer = broker.baseUrl;
  const { signer } = broker.modules;
  const [header = '', payload = '', signature = ''] = good.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
  tokens = {
    'no token': undefined,
    garbage: 'garbage',
    'the client secret': broker.client.clientSecret,
    'a token of another installation': await elsewhere.token(),
    'an expired token': await signer.sign(claims, { issuer, lifeSeconds: -60, jti: 'expired' }),
    'a token for another audience': await signer.sign(claims, { issuer: 'https://elsewhere.example', lifeSeconds: 60, jti: 'audience' }),
    'a token of a client that does not exist': await signer.sign(
      { ...claims, clientId: 'cl_01m7zehbbhkqr16f08kkqtkma9' },
      { issuer, lifeSeconds: 60, jti: 'who' },
    ),
    'a token that names another environment than its client’s': await signer.sign(
      { ...claims, environmentId: world.other.environmentId },
      { issuer, lifeSeconds: 60, jti: 'environment' },
    ),
    'an unsigned token': `${none}.${payload}.`,
    'a token with a changed payload': `${header}.${Buffer.from(`${Buffer.from(payload, 'base64url').toString().slice(0, -1)},"x":1}`).toString('base64url')}.${signature}`,
  };

  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema((await (await fetch(`${broker.baseUrl}/openapi.json`)).json()) as AnySchema, 'openapi');
});
afterAll(async () => {
  diagnostics.unsubscribe('fastify.initialization', onServer);
  await rows?.close();
  await Promise.all([broker?.close(), elsewhere?.close()]);
});

const keyOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

async function send(
  method: string,
  { path, body }: Sent,
  token: string | undefined,
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(`${broker.baseUrl}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function problem(answer: { headers: Headers; text: string; status: number }): { code: string } {
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const parsed = Problem.parse(JSON.parse(answer.text));
  expect(parsed.status).toBe(answer.status);
  expect(parsed.request_id).toBe(answer.headers.get('x-request-id'));
  return parsed;
}

const audited = async (requestId: string | null) =>
  (await rows.query<{ action: string }>('select action from audit_events where request_id = $1 order by id', [requestId])).map(
    (r) => r.action,
  );

describe('the list of what is exercised', () => {
  it('has every operation of the API', () => {
    expect(Object.keys(exercised).sort()).toEqual(apiRoutes.map(keyOf).sort());
  });

  it('has every other route that the server knows', () => {
    const keys = new Set<string>();
    for (const { method, url } of registered.get(broker.broker.app.server) ?? []) {
      for (const m of [method].flat()) keys.add(`${m} ${url}`);
    }
    const api = new Set(apiRoutes.map((r) => r.path.replaceAll(/\{(\w+)\}/g, ':$1')));
    const rest = [...keys]
      .map((key) => key.replace(/\/style\.[0-9a-f]+\.css$/, '/style.css'))
      .filter((key) => {
        const [method, url] = key.split(' ') as [string, string];
        return !api.has(url) && !refusedEverywhere.includes(url) && method !== 'HEAD';
      });
    // All other methods on these are refused; the test of methods asks each of them.
    const served = rest.filter((key) => Object.hasOwn(otherRoutes, key));
    const urls = new Set(Object.keys(otherRoutes).map((key) => key.split(' ')[1]));
    expect(rest.filter((key) => !urls.has(key.split(' ')[1]))).toEqual([]);
    expect(served.sort()).toEqual(Object.keys(otherRoutes).sort());
  });

  it('exempts no more than it did', () => {
    expect(maskedNothing).toHaveLength(10);
    expect(apiRoutes.map(keyOf).filter((key) => exercised[key]?.masked === undefined)).toEqual(maskedNothing);
    expect(refusedEverywhere).toHaveLength(17);
    expect(Object.values(otherRoutes).filter((route) => route.gets === 'open')).toHaveLength(12);
  });
});

describe.each(apiRoutes.map((route) => [keyOf(route), route] as const))('%s', (key, route) => {
  const exercise = exercised[key];
  const missingPermission = () => broker.token(allPermissions.filter((p) => p !== route.permission).join(' '));

  it('refuses every stranger, before it looks at the rest, and changes nothing', async () => {
    const sent = (await exercise?.request(world)) as Sent;
    const before = await rows.checksums();
    for (const [who, token] of Object.entries(tokens)) {
      const answer = await send(route.method, sent, token);
      expect(answer.status, who).toBe(401);
      expect(problem(answer).code, who).toBe('unauthorized');
      expect(answer.headers.get('www-authenticate'), who).toBe(
        token === undefined ? 'Bearer realm="grantway"' : 'Bearer realm="grantway", error="invalid_token"',
      );
      expect(answer.headers.get('cache-control'), who).toBe('no-store');
    }
    const broken = await fetch(`${broker.baseUrl}${sent.path}`, {
      method: route.method,
      headers: { 'content-type': 'application/json' },
      ...(route.method === 'GET' ? {} : { body: '{' }),
    });
    expect(broken.status).toBe(401);
    expect(changed(before, await rows.checksums())).toEqual([]);
  });

  it('refuses a token that has every scope but its own', async () => {
    const token = await missingPermission();
    const sent = (await exercise?.request(world)) as Sent;
    const before = await rows.checksums();
    const answer = await send(route.method, sent, token);
    expect(answer.status).toBe(403);
    expect(problem(answer).code).toBe('insufficient_scope');
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(changed(before, await rows.checksums())).toEqual([]);
  });

  it('answers as the OpenAPI document says and writes what it declares', async () => {
    const token = await broker.token(route.permission);
    const sent = (await exercise?.request(world)) as Sent;
    const before = await rows.checksums();
    const answer = await send(route.method, sent, token);
    expect(answer.status, answer.text).toBe(route.status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const requestId = answer.headers.get('x-request-id');
    if (route.download !== undefined) {
      expect(answer.text).toBe('{"a":"file"}');
    } else if (route.reply === undefined) {
      expect(answer.text).toBe('');
    } else {
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      const pointer = [
        'paths',
        route.path,
        route.method.toLowerCase(),
        'responses',
        String(route.status),
        'content',
        'application/json',
        'schema',
      ];
      const fits = ajv.compile({
        $ref: `openapi#/${pointer.map((p) => encodeURIComponent(p.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`,
      });
      expect(fits(JSON.parse(answer.text)), JSON.stringify(fits.errors)).toBe(true);
    }
    if (route.method === 'GET') {
      expect(changed(before, await rows.checksums())).toEqual([]);
    } else {
      expect((await audited(requestId)).filter((action) => action === route.audit)).toEqual([route.audit]);
    }
  });

  it('refuses what it does not know and writes nothing', async () => {
    const sent = (await exercise?.request(world)) as Sent;
    const before = await rows.checksums();
    const token = await broker.token(route.permission);
    const issued = await rows.checksums();
    expect(changed(before, issued)).toEqual(['audit_events']);
    const wrong = [
      { ...sent, path: `${sent.path}${sent.path.includes('?') ? '&' : '?'}nonsense=1` },
      // Whatever a file's body is, it is the file.
      ...(route.method === 'GET' || route.upload === true ? [] : [{ ...sent, body: { ...sent.body, nonsense: 1 } }]),
    ];
    for (const request of wrong) {
      const answer = await send(route.method, request, token);
      expect(answer.status).toBe(400);
      expect(problem(answer).code).toBe('invalid_request');
      expect(answer.text).toMatch(/nonsense|takes no body/);
      expect(await audited(answer.headers.get('x-request-id'))).toEqual([]);
    }
    expect(changed(issued, await rows.checksums())).toEqual([]);
  });

  if (exercise?.masked !== undefined) {
    it('answers about another environment’s things as about nothing', async () => {
      const token = await broker.token();
      for (const { theirs, missing, named } of exercise.masked?.(world) ?? []) {
        const before = await rows.checksums();
        const [a, b] = [await send(route.method, theirs, token), await send(route.method, missing, token)];
        const plain = ({ text }: { text: string }, name: string | undefined) =>
          (name === undefined ? text : text.replaceAll(name, 'NAME')).replaceAll(/\breq_\w+/g, 'REQUEST').replaceAll(/\btc_\w+/g, 'CALL');
        expect(a.status).toBe(b.status);
        expect(plain(a, named?.[0])).toBe(plain(b, named?.[1]));
        const headers = ({ headers }: { headers: Headers }) =>
          [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name));
        expect(headers(a)).toEqual(headers(b));
        // A list answers that nothing was found; anything else is a refusal.
        if (a.status === 200) expect(JSON.parse(a.text)).toEqual({ items: [], next_cursor: null });
        else expect(['not_found', 'unknown_connection', 'unknown_account', 'verification_failed']).toContain(problem(a).code);
        // A refused execution is recorded; nothing else is written.
        expect(changed(before, await rows.checksums()).filter((table) => table !== 'tool_calls')).toEqual([]);
      }
    });
  }

  it('refuses every other method with 405 and Allow', async () => {
    const used = new Set(apiRoutes.filter((r) => r.path === route.path).map((r) => r.method as Method));
    const path = route.path.replaceAll(/\{\w+\}/g, 'x');
    const token = await broker.token();
    for (const method of [...methods.filter((m) => !used.has(m)), 'OPTIONS']) {
      const answer = await send(method, { path, ...(method === 'GET' ? {} : { body: { some: 'body' } }) }, token);
      expect(answer.status, method).toBe(405);
      expect(problem(answer).code).toBe('method_not_allowed');
      const allow = (answer.headers.get('allow') ?? '').split(', ').filter((m) => m !== 'HEAD');
      expect(allow.sort()).toEqual([...used].sort());
    }
  });
});

describe('an account that needs no link', () => {
  it('gets none, and asking with include_auth_links changes nothing', async () => {
    const before = await rows.checksums();
    const state = await broker.api(`/v1/mcp-instances/${world.instance.id}/auth-state?include_auth_links=true`);
    expect(state.body.connections.map((c: { authentication_link: unknown }) => c.authentication_link)).toEqual([null, null, null]);
    expect(changed(before, await rows.checksums()).filter((table) => table !== 'audit_events')).toEqual([]);
  });
});

describe.each(Object.entries(otherRoutes))('%s', (key, { as, gets }) => {
  const [method, url] = key.split(' ') as [Method, string];
  const address = () =>
    as !== '' ? as : ((registered.get(broker.broker.app.server) ?? []).find((r) => /\/style\.[0-9a-f]+\.css$/.test(r.url))?.url as string);

  it('gives a stranger what was decided, and changes nothing', async () => {
    const before = await rows.checksums();
    const response = await fetch(`${broker.baseUrl}${address()}`, {
      method,
      redirect: 'manual',
      ...(method === 'POST'
        ? {
            headers: { 'content-type': url.includes('mcp') ? 'application/json' : 'application/x-www-form-urlencoded' },
            body: url.includes('mcp') ? '{}' : 'a=b',
          }
        : {}),
    });
    const text = await response.text();
    expect(response.status, text).toBe(gets === 'open' ? 200 : gets);
    expect(text).not.toMatch(/\b(FST_|stack|at .*\.ts:\d+)/);
    expect(changed(before, await rows.checksums())).toEqual([]);
  });

  it('refuses every other method with 405 and Allow', async () => {
    for (const other of [...methods.filter((m) => m !== method), 'OPTIONS']) {
      const response = await fetch(`${broker.baseUrl}${address()}`, { method: other, redirect: 'manual' });
      expect(response.status, other).toBe(405);
      expect((response.headers.get('allow') ?? '').split(', ')).toContain(method);
    }
  });
});

describe('an address that nobody has', () => {
  it.each([
    ['an unknown version', '/v1'],
    ['an unknown noun', '/v1/nothing'],
    ['a longer path', '/v1/connections/a/b'],
    ['two slashes', '//v1/connections'],
    ['an id that is no UTF-8', '/v1/connections/%ff'],
    ['an id with U+0000', '/v1/connections/%00'],
    ['an id that is far too long', `/v1/connections/${'a'.repeat(300)}`],
    ['a hidden file', '/.env'],
  ])('%s is one problem', async (_, path) => {
    const answer = await send('GET', { path }, await broker.token());
    expect(answer.status).toBe(404);
    expect(problem(answer).code).toBe('not_found');
  });

  it.each([
    ['a link that is no UTF-8', '/connect/%ff'],
    ['a link that is far too long', `/connect/${'a'.repeat(300)}`],
    ['a result of such a link', `/connect/${'a'.repeat(300)}/done`],
    ['a callback of no connection', `/oauth/callback/${'a'.repeat(300)}?state=x`],
  ])('%s is a page for a person', async (_, path) => {
    const response = await fetch(`${broker.baseUrl}${path}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
