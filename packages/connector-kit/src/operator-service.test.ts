import { describe, expect, it } from 'vitest';
import { connector } from './connector.ts';
import { operatorService } from './operator-service.ts';
import { isOperatorUrl } from './operator-url.ts';
import { accepts } from './parameters.ts';
import { fillText, fillUrl, urlTemplateProblem } from './url-template.ts';

const service = operatorService({
  id: 'own',
  name: 'Own service',
  description: 'A service of the operator, for tests alone.',
  docs: 'https://docs.acme.example',
  auth: {
    kind: 'bearer',
    fields: [{ name: 'token', label: 'Token', secret: true, pattern: /^[\x21-\x7e]+$/ }],
    token: '{token}',
    scheme: 'Bearer',
  },
});
const url = { name: 'base_url', operatorUrl: true } as const;

describe('the URL of an operator’s own service', () => {
  it.each([
    'https://api.acme.example',
    'https://api.acme.example:8443',
    'https://api.acme.example/v2/orders.d',
    'http://10.1.2.3:8080',
    'https://orders',
  ])('may be %s', (text) => {
    expect(isOperatorUrl(text)).toBe(true);
    expect(fillUrl('{base_url}', [url], { base_url: text }).href.replace(/\/$/, '')).toBe(text);
  });

  it.each([
    ['a user', 'https://user@acme.example'],
    ['a user and a password', 'https://user:pass@acme.example'],
    ['a host behind a user', 'https://api.acme.example@evil.example'],
    ['an IPv6 literal', 'https://[::1]'],
    ['an IPv6 literal with a port', 'https://[2001:db8::1]:443'],
    ['a number that is an address', 'https://2130706433'],
    ['an address in octal', 'https://0177.0.0.1'],
    ['an address in hexadecimal', 'https://0x7f000001'],
    ['a short address', 'https://127.1'],
    ['a port that is none', 'https://acme.example:0'],
    ['a port that is too great', 'https://acme.example:65536'],
    ['a port that goes without saying', 'https://acme.example:443'],
    ['a port with a zero in front', 'https://acme.example:08443'],
    ['a slash at its end', 'https://acme.example/'],
    ['an empty segment', 'https://acme.example//v2'],
    ['a dot segment', 'https://acme.example/v2/..'],
    ['a dot segment in disguise', 'https://acme.example/v2/%2e%2e'],
    ['a query', 'https://acme.example?x=1'],
    ['a fragment', 'https://acme.example#x'],
    ['a backslash', 'https://acme.example\\evil.example'],
    ['a space', 'https://acme.example /x'],
    ['a line break', 'https://acme.example\n'],
    ['capitals', 'https://ACME.example'],
    ['another alphabet', 'https://аcme.example'],
    ['another scheme', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['no scheme', 'acme.example'],
    ['a placeholder', 'https://{base_url}'],
    ['nothing', ''],
    ['a hyphen at its end', 'https://acme-'],
  ])('may not have %s', (_what, text) => {
    expect(isOperatorUrl(text)).toBe(false);
    expect(accepts(url, text)).toBe(false);
    expect(() => fillUrl('{base_url}', [url], { base_url: text })).toThrow(RangeError);
  });

  it('stands alone, or nowhere', () => {
    const values = { base_url: 'https://api.acme.example' };
    expect(() => fillUrl('https://{base_url}', [url], values)).toThrow(RangeError);
    expect(() => fillUrl('{base_url}/x', [url], values)).toThrow();
    expect(urlTemplateProblem('https://x.example/{base_url}', [url])).toContain('api.baseUrl alone');
    expect(urlTemplateProblem('{base_url}', [url])).toContain('api.baseUrl alone');
    expect(fillText('constant', [url], values)).toBe('constant');
  });
});

describe('a connector for it', () => {
  const changed = (field: object, headers?: Record<string, string>) => () =>
    connector({
      ...service,
      auth: {
        ...service.auth,
        fields: [{ name: 'base_url', label: 'Base URL', secret: false, ...field }, ...(service.auth.fields ?? []).slice(1)],
      } as never,
      api: { ...service.api, ...(headers === undefined ? {} : { headers }) },
    });

  it('is refused where anybody but the operator could say where it is', () => {
    expect(changed({ operatorUrl: true, setBy: 'operator' })).not.toThrow();
    expect(changed({ operatorUrl: true })).toThrow('for the operator to set');
    expect(changed({ operatorUrl: true, setBy: 'operator', default: 'https://evil.example' })).toThrow('no other rule');
    expect(changed({ operatorUrl: true, setBy: 'operator', pattern: /^.*$/ })).toThrow('no other rule');
    expect(changed({ setBy: 'operator', pattern: /^https:\/\/.*$/ })).toThrow();
    expect(changed({ operatorUrl: true, setBy: 'operator' }, { 'X-Where': '{base_url}' })).toThrow('stands in a header');
  });

  it('is refused where its vendor’s pages would be anywhere', () => {
    const oauth = {
      kind: 'oauth2',
      authorizeUrl: '{base_url}',
      tokenUrl: 'https://acme.example/token',
      scopes: { read: 'Read what is there' },
      defaultScopes: ['read'],
      scopeSeparator: ' ',
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
      rotationClass: 'E',
      fields: service.auth.fields?.slice(0, 1),
    } as const;
    const tools = service.tools.map((tool) => ({ ...tool, scopes: ['read'] }));
    expect(() => connector({ ...service, auth: oauth as never, tools })).toThrow('authorizeUrl holds a whole URL');
  });

  it('has a header’s name from the operator alone', () => {
    const keyed = (field: object) => () =>
      operatorService({
        ...service,
        auth: {
          kind: 'api_key',
          fields: [
            { name: 'header', label: 'Header', secret: false, ...field },
            { name: 'key', label: 'Key', secret: true, pattern: /^\w+$/ },
          ],
          headers: { '{header}': '{key}' },
        },
      });
    expect(keyed({ setBy: 'operator', pattern: /^[A-Za-z-]+$/ })).not.toThrow();
    expect(keyed({ pattern: /^[A-Za-z-]+$/ })).toThrow('auth.headers.{header}');
    expect(keyed({ setBy: 'operator' })).toThrow('auth.headers.{header}');
  });
});

describe('its tools', () => {
  const [get] = service.tools;
  const takes = (path: string) => get?.input.safeParse({ path }).success;

  it.each(['/orders', '/orders/7', '/v1/a.b/~x', '/a%20b', '/orders/', '/x:y@z'])('take the path %s', (path) => {
    expect(takes(path)).toBe(true);
  });

  it.each([
    'orders',
    '//evil.example/x',
    '/a//b',
    '/../admin',
    '/a/..',
    '/a/./b',
    '/a/..;/b',
    '/%2e%2e/admin',
    '/a/%2E%2E/b',
    '/a%2fb',
    '/a%5cb',
    '/a%252fb',
    '/a%0d%0aHost: x',
    '/a\r\nHost: x',
    '/a?b=c',
    '/a#b',
    '/a\\b',
    '/a b',
    'https://evil.example/',
    '@evil.example',
    '/ä',
    '/{base_url}',
    `/${'x'.repeat(501)}`,
  ])('refuse the path %j', (path) => {
    expect(takes(path)).toBe(false);
  });

  it('say no host, no header and no credential, whatever they are given', () => {
    for (const { name, input, request } of service.tools) {
      for (const more of [
        { host: 'evil.example' },
        { base_url: 'https://evil.example' },
        { headers: { host: 'evil.example' } },
        { url: 'x' },
      ])
        expect(input.safeParse({ path: '/x', ...more }).success, name).toBe(false);
      const built = request(input.parse({ path: '/x', query: { a: 1 } }) as Record<string, unknown>);
      expect(Object.keys(built).sort()).toEqual(['method', 'path', 'query']);
    }
  });

  it('change nothing, add, or may remove, as their methods say', () => {
    expect(Object.fromEntries(service.tools.map((t) => [t.name, [t.effect, t.idempotent]]))).toEqual({
      own_get: ['read', true],
      own_post: ['write', false],
      own_put: ['destructive', true],
      own_patch: ['write', false],
      own_delete: ['destructive', true],
    });
  });

  it('give short JSON as it is, text as text, and of the rest the beginning', () => {
    const read = (body: unknown) => get?.respond(body, { status: 200, headers: {}, body });
    expect(read({ a: 1 })).toEqual({ status: 200, body: { a: 1 }, text: null, truncated: false });
    expect(read('<html>')).toEqual({ status: 200, body: null, text: '<html>', truncated: false });
    expect(read(undefined)).toEqual({ status: 200, body: null, text: null, truncated: false });
    const long = read({ a: 'x'.repeat(60_000) }) as { body: unknown; text: string; truncated: boolean };
    expect([long.body, long.text.length, long.truncated]).toEqual([null, 40_000, true]);
  });
});

describe('its answers', () => {
  const judge = (status: number, body: unknown = {}) =>
    service.api.fault?.({ status, headers: { location: 'https://evil.example' }, body });

  it.each([301, 302, 303, 307, 308])('a %i is an error and followed by nobody', (status) => {
    expect(judge(status)).toEqual({ kind: 'error', message: `the service redirects (HTTP ${status}), which is not followed` });
  });

  it('nothing needs to be at the root for a key to be good, but a refused key is noticed', () => {
    const trial = (status: number) => service.identify.fault?.({ status, headers: {}, body: {} })?.kind;
    expect([200, 302, 403, 404, 405].map(trial)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect([401, 429, 500].map(trial)).toEqual(['rejected', 'rate_limited', 'unavailable']);
  });

  it.each([
    [{ detail: 'no such order' }],
    [{ message: 'no such order' }],
    [{ error: 'no such order' }],
    [{ error: { message: 'no such order' } }],
    [{ errors: [{ detail: 'no such order' }] }],
    [{ errors: ['no such order'] }],
  ])('what was wrong is found in %j', (body) => {
    expect(judge(404, body)?.message).toBe('the service: HTTP 404: no such order');
  });
});
