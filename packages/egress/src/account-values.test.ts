import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiRequest, type AuthSpec, type Connector, type Credential, connector, get } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress, type Egress, EgressError } from './index.ts';

/* Where a request with an account's values and its key goes, as the vendor sees it. */
let server: Server;
let egress: Egress;
let seen: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(200, { 'content-type': 'application/json', 'x-echo': encodeURIComponent(request.url ?? '') });
    response.end(JSON.stringify({ asked: request.url, again: Buffer.from(request.url ?? '').toString('base64') }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgress({ sandboxOrigin: () => origin });
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const vendor = (auth: AuthSpec, api: Connector['api'] = { baseUrl: 'https://api.acme.example/v1' }): Connector =>
  connector({
    id: 'acme',
    name: 'Acme',
    description: 'A vendor.',
    docs: 'https://acme.example',
    auth,
    api,
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'x' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'x' } },
    },
    tools: [],
  });
const secret = (name: string) => ({ name, label: name, secret: true });
const keys = (fields: Record<string, string>) => new Secret<Credential>({ kind: 'api_key', fields });
const call = (of: Connector, credential: Secret<Credential>, request: ApiRequest = get('/items'), fields: Record<string, string> = {}) =>
  egress.call({ connector: of, fields, sandbox: true }, request, credential);
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof EgressError)) throw new Error(`not refused but ${JSON.stringify(error)}`);
  return { kind: error.kind, sent: error.sent, text: `${error.message} ${JSON.stringify(error)} ${String(error.cause ?? '')}` };
};

describe('a key in the URL', () => {
  const inPath = vendor({ kind: 'api_key', fields: [secret('token')], headers: {}, pathPrefix: '/bot{token}' });
  const inQuery = vendor({ kind: 'api_key', fields: [secret('key')], headers: {}, query: { token: '{key}' } });

  it('stands between base URL and path, and in the query, and does not come back in an answer', async () => {
    const key = '12345:AAH-planted_0123456789';
    const answer = await call(inPath, keys({ token: key }), get('/sendMessage', { chat: 5 }));
    expect(seen[0]?.url).toBe(`/api.acme.example/v1/bot${key}/sendMessage?chat=5`);
    expect(JSON.stringify(answer)).not.toContain('planted');

    const other = 'planted+key/=&x=1#0123456789';
    const second = await call(inQuery, keys({ key: other }), get('/items', { page: 2 }));
    const url = new URL(seen[1]?.url ?? '', 'http://x');
    expect([...url.searchParams]).toEqual([
      ['page', '2'],
      ['token', other],
    ]);
    expect(JSON.stringify(second)).not.toMatch(/planted/);
  });

  it.each(['a/b', '../x', 'a?b', 'a#b', 'a b', 'a%2fb', 'a\\b', 'a\r\nb', 'ä', '@evil', 'a;b'])(
    '%j leaves no path, and is in no error',
    async (tail) => {
      const token = `planted0123${tail}`;
      const { kind, sent, text } = await refusal(call(inPath, keys({ token })));
      expect([kind, sent, seen.length]).toEqual(['invalid', false, 0]);
      expect(text).not.toContain('planted');
    },
  );

  it('is set by nobody else: a request that names the parameter itself is refused', async () => {
    for (const name of ['token', 'TOKEN', 'token[]', 'key']) {
      expect((await refusal(call(inQuery, keys({ key: 'planted-0123456789' }), get('/items', { [name]: 'x' })))).kind).toBe('invalid');
    }
    expect(seen).toHaveLength(0);
  });
});

describe('values of an account', () => {
  const oauth: AuthSpec = {
    kind: 'oauth2',
    authorizeUrl: 'https://acme.example/authorize',
    tokenUrl: 'https://acme.example/token',
    scopes: { read: 'Read' },
    defaultScopes: ['read'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    rotationClass: 'E',
    captureFromToken: [{ name: 'host', pointer: '/url', hostSuffixes: ['acme.example'] }],
    fields: [{ name: 'cloud', label: 'Cloud', secret: false, pattern: /^[a-z0-9-]+$/ }],
    moreTokens: { person: '/person' },
    tokenHeaders: { Authorization: 'Acme-token {access_token}', 'X-Cloud-Token': '{cloud}/{access_token}' },
  };
  const of = vendor(oauth, { baseUrl: 'https://{host}/ex/{cloud}', headers: { 'X-Cloud': '{cloud}' } });
  const holding = (extra: Record<string, string>) =>
    new Secret<Credential>({ kind: 'oauth2', access_token: 'planted-access', tokens: { person: 'planted-person' }, scopes: [], extra });

  it('stand in host, path and headers; what came with the grant outweighs what was set since', async () => {
    await call(of, holding({ host: 'na1.acme.example', cloud: 'c-1' }), get('/items'), { cloud: 'c-2', host: 'evil.acme.example' });
    expect(seen[0]).toMatchObject({
      url: '/na1.acme.example/ex/c-1/items',
      headers: { 'x-cloud': 'c-1', authorization: 'Acme-token planted-access', 'x-cloud-token': 'c-1/planted-access' },
    });
  });

  it('a further token is sent where the request says so, and an unknown one is refused', async () => {
    const credential = holding({ host: 'na1.acme.example', cloud: 'c-1' });
    await call(of, credential, { ...get('/items'), token: 'person' });
    expect(seen[0]?.headers['authorization']).toBe('Acme-token planted-person');
    for (const token of ['other', 'constructor', '__proto__', '']) {
      expect((await refusal(call(of, credential, { ...get('/items'), token }))).kind).toBe('invalid');
    }
  });

  it('a further host of the vendor gets the same credential below its own path, and no host is reached that is not declared', async () => {
    const several = vendor(oauth, { ...of.api, hosts: { uploads: 'https://up.acme.example/v2', plain: 'https://acme.example' } });
    const credential = holding({ host: 'na1.acme.example', cloud: 'c-1' });
    await call(several, credential, { ...get('/files', { page: 2 }), host: 'uploads' });
    await call(several, credential, { ...get('/files'), host: 'plain' });
    expect(seen.map(({ url }) => url)).toEqual(['/up.acme.example/v2/files?page=2', '/acme.example/files']);
    expect(seen[0]?.headers).toMatchObject({ 'x-cloud': 'c-1', authorization: 'Acme-token planted-access' });
    for (const host of ['evil.example', 'https://evil.example', '', 'constructor', '__proto__', 'uploads ']) {
      expect(await refusal(call(several, credential, { ...get('/files'), host }))).toMatchObject({ kind: 'blocked', sent: false });
    }
    for (const path of ['/../x', '//evil.example', '/@evil.example/../..', '/%2e%2e/x']) {
      expect((await refusal(call(several, credential, { ...get(path), host: 'uploads' }))).kind, path).toBe('blocked');
    }
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['no host', { cloud: 'c-1' }],
    ['a host of another domain', { host: 'evil.example', cloud: 'c-1' }],
    ['a domain that only ends alike', { host: 'evilacme.example', cloud: 'c-1' }],
    ['a host with a port', { host: 'na1.acme.example:8443', cloud: 'c-1' }],
    ['a host with a user', { host: 'x@na1.acme.example', cloud: 'c-1' }],
    ['a path in the host', { host: 'evil.example/.acme.example', cloud: 'c-1' }],
    ['a cloud that leaves its segment', { host: 'na1.acme.example', cloud: '../x' }],
    ['a cloud with a line break', { host: 'na1.acme.example', cloud: 'c\r\nx: y' }],
    ['a cloud that its pattern takes in part', { host: 'na1.acme.example', cloud: 'c-1/..' }],
  ])('%s is sent nowhere, whoever stored it', async (_name, extra) => {
    const { kind, sent } = await refusal(call(of, holding(extra as Record<string, string>)));
    expect([kind, sent, seen.length]).toEqual(['blocked', false, 0]);
  });
});
