import { describe, expect, it } from 'vitest';
import { apiRequestTool, forCall } from './api-request.ts';
import acme from './testing/example.ts';

const whole = apiRequestTool(acme);
const take = (args: object) => whole.input.safeParse(args);

describe('any request of a connector', () => {
  it('is named and described by the connector, is small, and is made once', () => {
    expect([whole.name, whole.guarded, whole.scopes]).toEqual(['acme_api_request', true, []]);
    expect(whole.description.length).toBeLessThanOrEqual(300);
    expect(JSON.stringify(whole.inputSchema()).length).toBeLessThan(1600);
    expect(apiRequestTool(acme)).toBe(whole);
  });

  it.each([
    ['GET', 'read', true],
    ['POST', 'write', false],
    ['PUT', 'write', false],
    ['PATCH', 'write', false],
    ['DELETE', 'destructive', false],
    ['get', 'destructive', false],
    [undefined, 'destructive', false],
    [['GET'], 'destructive', false],
  ])('a %j is a %s', (method, effect, idempotent) => {
    expect(forCall(whole, { method, path: '/x' })).toMatchObject({ effect, idempotent });
  });

  it('what is shown for reading takes nothing else', () => {
    const reading = forCall(whole, { method: 'GET' });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(reading.input.safeParse({ method, path: '/x' }).success).toBe(false);
    expect(forCall(reading, { method: 'DELETE' })).toBe(reading);
  });

  it('sends what it was given, and nothing else', () => {
    const args = { method: 'POST', path: '/v1/tasks:batch/a@b', query: { page: 2, all: true }, body: { title: 'x' } };
    expect(whole.request(whole.input.parse(args))).toEqual({
      method: 'POST',
      path: '/v1/tasks:batch/a@b',
      query: { page: 2, all: true },
      json: { title: 'x' },
    });
  });

  it.each([
    '',
    'v1/tasks',
    'https://evil.example/',
    '//evil.example/x',
    '/v1//tasks',
    '/..',
    '/v1/../admin',
    '/v1/..',
    '/./v1',
    '/v1/%2e%2e/admin',
    '/v1/..%2fadmin',
    '/v1/%252e%252e/x',
    '/a%2Fb',
    '/a\\..\\b',
    '/..;/admin',
    '/v1/tasks?token=x',
    '/v1/tasks#x',
    '/v1/tasks\r\nX-Injected: y',
    '/v1/tasks\n',
    '/v1/ta sks',
    '/v1/\u0000',
    '/v1/‥/x',
    '@evil.example/x',
    '.evil.example/x',
    ':8443/x',
    `/${'x'.repeat(10_000_000)}`,
    `/${'a/'.repeat(1000)}`,
  ])('the path %j is refused by the schema', (path) => {
    expect(take({ method: 'GET', path }).success).toBe(false);
  });

  it('takes no host, header, credential or form, and no body with a GET', () => {
    const good = { method: 'GET', path: '/v1/tasks' };
    expect(take(good).success).toBe(true);
    for (const more of [
      { host: 'evil' },
      { headers: { authorization: 'x' } },
      { token: 'other' },
      { form: {} },
      { url: 'https://evil.example' },
      { body: {} },
    ])
      expect(take({ ...good, ...more }).success, JSON.stringify(more)).toBe(false);
    for (const query of [{ 'a\r\nb': 'x' }, { 'a&b': 'x' }, { '': 'x' }, { a: { b: 1 } }])
      expect(take({ ...good, query }).success).toBe(false);
    for (const method of ['HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'GET ']) expect(take({ ...good, method }).success).toBe(false);
  });

  it('gives the answer, and cuts one that would fill a context', () => {
    const read = (body: unknown) => whole.output.parse(whole.respond(body, { status: 200, headers: {}, body }));
    expect(read({ id: 7 })).toEqual({ status: 200, body: { id: 7 }, truncated: false });
    expect(read(undefined)).toEqual({ status: 200, body: null, truncated: false });
    const { body, truncated } = read({ text: 'x'.repeat(1_000_000) }) as { body: string; truncated: boolean };
    expect([body.length, truncated]).toEqual([100_000, true]);
  });
});
