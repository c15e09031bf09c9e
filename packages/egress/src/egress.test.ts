import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { ApiRequest, Connector, Credential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, type Egress, EgressError, type EgressOptions } from './index.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Local {
  origin: string;
  host: string;
  port: number;
  seen: { url: string; headers: IncomingMessage['headers']; rawHeaders: string[]; body: string; method: string }[];
}

function listen(server: Server | TcpServer): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

async function local(answer: RequestListener = (_req, res) => res.end('ok'), keep = closers): Promise<Local> {
  const seen: Local['seen'] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { url = '', headers, rawHeaders, method = '' } = req;
    seen.push({ url, headers, rawHeaders, method, body: Buffer.concat(chunks).toString() });
    answer(req, res);
  });
  const port = await listen(server);
  keep.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, port, seen };
}

async function rawServer(onData: (write: (text: string) => void, end: () => void) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () =>
      onData(
        (text) => socket.write(text),
        () => socket.destroy(),
      ),
    );
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  const port = await listen(server);
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  return `127.0.0.1:${port}`;
}

function egressWith(options: EgressOptions): Egress {
  const egress = createEgress(options);
  closers.push(() => egress.close());
  return egress;
}

async function failure(promise: Promise<unknown>): Promise<EgressError> {
  const error = await promise.then(
    (value) => new Error(`no failure but ${JSON.stringify(value)}`),
    (e: unknown) => e,
  );
  if (!(error instanceof EgressError)) throw error;
  return error;
}

function oauthConnector(baseUrl: string, more: Partial<Connector['api']> = {}): Connector {
  return {
    id: 'probe',
    name: 'Probe',
    description: 'A vendor of the tests.',
    docs: 'https://probe.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://probe.example/authorize',
      tokenUrl: 'https://probe.example/token',
      scopes: {},
      defaultScopes: [],
      scopeSeparator: ' ',
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
      rotationClass: 'A',
    },
    api: { baseUrl, ...more },
    identify: {
      request: { method: 'GET', path: '/me' },
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  };
}

function keyConnector(baseUrl: string): Connector {
  return {
    ...oauthConnector(baseUrl),
    auth: {
      kind: 'api_key',
      fields: [
        { name: 'api_key', label: 'Key', secret: true },
        { name: 'app_key', label: 'App key', secret: true },
        { name: 'site', label: 'Site', secret: false, options: [{ value: 'example.com', label: 'One' }] },
        { name: 'tenant', label: 'Tenant', secret: false, pattern: /[a-z.#@/\\]+/ },
      ],
      headers: { 'X-Probe-Key': '{api_key}', 'X-Probe-App': 'App {app_key}' },
    },
  };
}

const freshToken = () => `tok_${randomBytes(24).toString('base64url')}`;
const oauthCredential = (access_token: string) => new Secret<Credential>({ kind: 'oauth2', access_token, scopes: [] });
const target = (connector: Connector, fields: Record<string, string> = {}, sandbox = false) => ({ connector, fields, sandbox });

describe('destinations', () => {
  let canary: Local;
  let egress: Egress;
  let lookups: string[] = [];
  const keep: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    canary = await local(undefined, keep);
    // Names of the corpus resolve to the canary, so that a missing check would be seen as a request there.
    const resolve = async (name: string) => {
      lookups.push(name);
      return ['127.0.0.1'];
    };
    egress = createEgress({ resolve });
    keep.push(() => egress.close());
  });
  afterAll(async () => {
    for (const close of keep.reverse()) await close();
  });

  const hosts = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '0x7F.1',
    '127.0.0.1.',
    '127.255.255.254',
    '0.0.0.0',
    '0',
    '0.1.2.3',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'ⓛocalhost',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0xA9FEA9FE',
    '2852039166',
    '169.254.170.2',
    '100.64.0.1',
    '100.100.100.200',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '168.63.129.16',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::8.8.8.8]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2002:808:808::1]',
    '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
    '[2001:db8::1]',
    '[2001:10::1]',
    '[2001:20::1]',
    '[2001:2::1]',
    '[100::1]',
    '[3fff::1]',
    '[3ffe::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fe80::1%25eth0]',
    '[fec0::1]',
    '[ff02::1]',
    '[5f00::1]',
    'metadata.google.internal',
    'metadata',
    'redis',
    'db.local',
    'printer.lan',
    'intranet.corp',
    'router.home.arpa',
    '1.0.0.127.in-addr.arpa',
    'names.that.resolve.example.com',
    'trailing.example.com.',
    'exa mple.com',
    'exa_m|ple.com',
  ];
  it.each(hosts)('https://%s is refused before anything is connected', async (host) => {
    for (const url of [`https://${host}/`, `http://${host}:${canary.port}/`, `https://${host}:${canary.port}/`]) {
      const error = await failure(egress.send({ method: 'GET', url, timeoutMs: 5000 }));
      expect(['blocked', 'invalid']).toContain(error.kind);
      expect(error.sent).toBe(false);
    }
    expect(canary.seen).toHaveLength(0);
    // Literals and private names are refused by what they are; only a public name is looked up.
    expect(lookups).toEqual(host === 'names.that.resolve.example.com' ? [host] : []);
    lookups = [];
  });

  it.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://example.com/',
    'wss://example.com/',
    'gopher://example.com:70/',
    'unix:/var/run/docker.sock',
    'http://example.com/',
    'https://example.com:22/',
    'https://example.com:8443/',
    'https://example.com:0/',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://example.com@127.0.0.1/',
    'https://exa\tmple.com/',
    'https://exa\nmple.com/',
    ' https://example.com/',
    'https:\\\\127.0.0.1\\',
    'https://example.com\\@127.0.0.1/',
    '//example.com/',
    '/relative',
    '',
    'https://',
    'https://[::1/',
    'https://1.2.3.4.5/',
    'https://256.256.256.256/',
    'https://example.com:99999/',
  ])('the URL %j is refused before anything is connected', async (url) => {
    // Here names lead to a public address where nobody answers, so that only the URL itself can be the reason.
    const willing = egressWith({ resolve: async () => ['2e00::1'] });
    const error = await failure(willing.send({ method: 'GET', url, timeoutMs: 300 }));
    expect(['blocked', 'invalid']).toContain(error.kind);
    expect(error.sent).toBe(false);
  });

  it.each([
    [['127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['8.8.8.8', '::1']],
    [['2606:4700::1', '::ffff:10.0.0.1']],
    [['8.8.8.8', '2606:4700::1', '169.254.169.254']],
    [['fd00:ec2::254']],
    [['not an address']],
  ])('a name with the answers %j is refused whole', async (answers) => {
    const strict = egressWith({ resolve: async () => answers });
    const error = await failure(strict.send({ method: 'GET', url: 'https://api.example.com/' }));
    expect(error).toMatchObject({ kind: 'blocked', sent: false });
    expect(error.toFault().code).toBe('egress_blocked');
  });

  it('a name is looked up once per connection, so that a second answer is never used', async () => {
    let lookups = 0;
    // 2e00::/16 is not handed out to anyone: public by rule, and nobody answers.
    const rebinding = egressWith({ resolve: async () => (lookups++ === 0 ? ['2e00::1'] : ['127.0.0.1']) });
    const error = await failure(rebinding.send({ method: 'GET', url: 'https://rebind.example.com/', timeoutMs: 300 }));
    expect(error.sent).toBe(false);
    expect(['unreachable', 'timeout']).toContain(error.kind);
    expect(lookups).toBe(1);
  });

  it('a name without an address is unreachable and nothing was sent', async () => {
    const none = egressWith({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    expect(await failure(none.send({ method: 'GET', url: 'https://gone.example.com/' }))).toMatchObject({
      kind: 'unreachable',
      sent: false,
    });
  });

  it('an allowed host is exact: another port of it stays refused', async () => {
    const other = await local();
    const narrow = egressWith({ allowHosts: [canary.host] });
    expect(await failure(narrow.send({ method: 'GET', url: other.origin }))).toMatchObject({ kind: 'blocked' });
    expect(await failure(narrow.send({ method: 'GET', url: `http://localhost:${canary.port}/` }))).toMatchObject({ kind: 'blocked' });
    expect(other.seen).toHaveLength(0);
  });

  it('a proxy named in the environment is not consulted', async () => {
    const proxy = await local();
    const real = await local();
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = proxy.origin;
    try {
      const through = egressWith({ allowHosts: [real.host] });
      expect((await through.send({ method: 'GET', url: real.origin })).status).toBe(200);
    } finally {
      for (const [i, name] of names.entries()) {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      }
    }
    expect(proxy.seen).toHaveLength(0);
    expect(real.seen).toHaveLength(1);
  });
});

describe('the sandbox exception', () => {
  it('reaches exactly the sandbox, and only with the mark', async () => {
    const sandbox = await local();
    const neighbour = await local();
    const egress = egressWith({ sandboxOrigin: () => sandbox.origin, allowHosts: [neighbour.host, sandbox.host] });
    expect((await egress.send({ method: 'GET', url: `${sandbox.origin}/x`, sandbox: true })).status).toBe(200);
    expect(await failure(egress.send({ method: 'GET', url: `${sandbox.origin}/x` }))).toMatchObject({ kind: 'blocked', sent: false });
    for (const url of [
      neighbour.origin,
      `http://localhost:${sandbox.port}/`,
      `https://127.0.0.1:${sandbox.port}/`,
      'https://example.com/',
    ]) {
      expect(await failure(egress.send({ method: 'GET', url, sandbox: true }))).toMatchObject({ kind: 'blocked', sent: false });
    }
    expect(sandbox.seen).toHaveLength(1);
    expect(neighbour.seen).toHaveLength(0);
  });

  it('does not exist where no sandbox is configured, nor outside of loopback', async () => {
    const server = await local();
    for (const origin of [undefined, 'http://192.168.0.1:80', 'https://127.0.0.1:1', 'http://sandbox:9', 'nonsense']) {
      const egress = egressWith({ sandboxOrigin: () => origin });
      const error = await failure(egress.send({ method: 'GET', url: origin ?? server.origin, sandbox: true }));
      expect(['blocked', 'invalid']).toContain(error.kind);
    }
    expect(server.seen).toHaveLength(0);
  });

  it('a connector’s call is mapped below the sandbox by host', async () => {
    const sandbox = await local((_req, res) => res.setHeader('content-type', 'application/json').end('{"ok":true}'));
    const egress = egressWith({ sandboxOrigin: () => sandbox.origin });
    const connector = oauthConnector('https://api.probe.example/v1');
    const answer = await egress.call(
      target(connector, {}, true),
      { method: 'GET', path: '/items', query: { q: 'a b' } },
      oauthCredential(freshToken()),
    );
    expect(answer.body).toEqual({ ok: true });
    expect(sandbox.seen[0]?.url).toBe('/api.probe.example/v1/items?q=a+b');
  });
});

describe('answers', () => {
  it.each([301, 302, 303, 307, 308])('a %i is returned and not followed, and the key does not travel on', async (status) => {
    const second = await local();
    const first = await local((_req, res) => res.writeHead(status, { location: `${second.origin}/steal` }).end());
    const egress = egressWith({ allowHosts: [first.host, second.host] });
    const credential = new Secret<Credential>({ kind: 'api_key', fields: { api_key: freshToken(), app_key: freshToken() } });
    const answer = await egress.call(target(keyConnector(first.origin)), { method: 'GET', path: '/a' }, credential);
    expect(answer.status).toBe(status);
    expect(first.seen[0]?.headers['x-probe-key']).toBeDefined();
    expect(second.seen).toHaveLength(0);
  });

  it.each([
    ['gzip', (b: Buffer) => gzipSync(b)],
    ['br', (b: Buffer) => brotliCompressSync(b)],
  ])('a %s answer is opened, and a bomb is stopped at the cap', async (coding, compress) => {
    const small = compress(Buffer.from('hello'));
    const bomb = compress(Buffer.alloc(16 * 1024 * 1024));
    const server = await local((req, res) => res.setHeader('content-encoding', coding).end(req.url === '/bomb' ? bomb : small));
    const egress = egressWith({ allowHosts: [server.host] });
    expect((await egress.send({ method: 'GET', url: `${server.origin}/` })).body.toString()).toBe('hello');
    const error = await failure(egress.send({ method: 'GET', url: `${server.origin}/bomb`, maxBytes: 1024 * 1024 }));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    expect(error).toMatchObject({ kind: 'too_large', sent: true });
  });

  it('an endless body is cut off at the cap', async () => {
    const server = await local((_req, res) => {
      const pump = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
      };
      res.on('drain', pump);
      pump();
    });
    const egress = egressWith({ allowHosts: [server.host] });
    expect(await failure(egress.send({ method: 'GET', url: server.origin, maxBytes: 100_000 }))).toMatchObject({
      kind: 'too_large',
      sent: true,
    });
  });

  it.each(['zstd', 'gzip, gzip', 'x'])('the content coding %s, which nobody asked for, is refused', async (coding) => {
    const server = await local((_req, res) => res.setHeader('content-encoding', coding).end('abc'));
    const egress = egressWith({ allowHosts: [server.host] });
    expect(await failure(egress.send({ method: 'GET', url: server.origin }))).toMatchObject({ kind: 'invalid', sent: true });
  });

  it('requests one after another share connections', async () => {
    const ports = new Set<number | undefined>();
    const server = await local((req, res) => {
      ports.add(req.socket.remotePort);
      res.end();
    });
    const egress = egressWith({ allowHosts: [server.host] });
    for (let i = 0; i < 20; i += 1) await egress.send({ method: 'GET', url: server.origin });
    expect(server.seen).toHaveLength(20);
    // The next request may start just before the last connection is free again.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('set-cookie is dropped, other headers arrive in lower case', async () => {
    const server = await local((_req, res) => res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Two': ['1', '2'] }).end());
    const egress = egressWith({ allowHosts: [server.host] });
    const { headers } = await egress.send({ method: 'GET', url: server.origin });
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['x-two']).toBe('1, 2');
  });

  it.each<[string, string, unknown]>([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/vnd.api+json; charset=utf-8', '"text"', 'text'],
    ['text/plain', '[1,2]', [1, 2]],
    ['text/html', '{"a":2}', { a: 2 }],
    ['application/json', '\uFEFF{"a":3}', { a: 3 }],
    ['application/json', '{broken', '{broken'],
    ['text/plain', '12', '12'],
    ['text/html', '<p>hi</p>', '<p>hi</p>'],
    ['application/json', '', ''],
    ['application/json', '{"a":{"__proto__":{"admin":true},"b":1}}', { a: { b: 1 } }],
  ])('a %s body %s is parsed', async (type, body, expected) => {
    const server = await local((_req, res) => res.setHeader('content-type', type).end(body));
    const egress = egressWith({ allowHosts: [server.host] });
    const answer = await egress.call(target(oauthConnector(server.origin)), { method: 'GET', path: '/' }, oauthCredential(freshToken()));
    expect(answer.body).toEqual(expected);
    expect(JSON.stringify(answer.body)).not.toContain('admin');
  });

  it('a body nested without end is refused and does not exhaust the stack', async () => {
    const server = await local((_req, res) =>
      res.setHeader('content-type', 'application/json').end('['.repeat(20_000) + ']'.repeat(20_000)),
    );
    const egress = egressWith({ allowHosts: [server.host] });
    const call = egress.call(target(oauthConnector(server.origin)), { method: 'GET', path: '/' }, oauthCredential(freshToken()));
    expect(await failure(call)).toMatchObject({ kind: 'invalid', sent: true });
  });
});

describe('whether the request was sent', () => {
  it('a refused connection: not sent', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((done) => server.close(done));
    const egress = egressWith({ allowHosts: [`127.0.0.1:${port}`] });
    const error = await failure(egress.send({ method: 'POST', url: `http://127.0.0.1:${port}/`, body: 'x' }));
    expect(error).toMatchObject({ kind: 'unreachable', sent: false });
    expect(error.toFault().code).toBe('provider_unavailable');
  });

  it('a handshake that never ends: not sent, and it does not hold up closing', async () => {
    const server = createTcpServer((socket) => socket.resume().on('error', () => socket.destroy()));
    const port = await listen(server);
    const egress = createEgress({ allowHosts: [`127.0.0.1:${port}`] });
    const error = await failure(egress.send({ method: 'POST', url: `https://127.0.0.1:${port}/`, body: 'x', timeoutMs: 200 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
    expect(error.toFault().code).toBe('provider_unavailable');
    await egress.close();
    // Ends only because our side let go of the half-open connection.
    await expect(new Promise((done) => server.close(done))).resolves.toBeUndefined();
  });

  it('a server that speaks no TLS: not sent', async () => {
    const host = await rawServer((write, end) => {
      write('HTTP/1.1 400 Bad Request\r\n\r\n');
      end();
    });
    const egress = egressWith({ allowHosts: [host] });
    expect(await failure(egress.send({ method: 'POST', url: `https://${host}/`, body: 'x' }))).toMatchObject({
      kind: 'unreachable',
      sent: false,
    });
  });

  it('a look-up that never answers: not sent', async () => {
    const egress = egressWith({ resolve: () => new Promise((done) => setTimeout(() => done([]), 250)) });
    const error = await failure(egress.send({ method: 'GET', url: 'https://slow.example.com/', timeoutMs: 50 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
  });

  it('a silent server: sent', async () => {
    const host = await rawServer(() => {});
    const egress = egressWith({ allowHosts: [host] });
    const error = await failure(egress.send({ method: 'POST', url: `http://${host}/`, body: 'x', timeoutMs: 150 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: true });
    expect(error.toFault().code).toBe('provider_timeout');
  });

  it('a slow drip is ended by the total time', async () => {
    const host = await rawServer((write) => {
      write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const drip = setInterval(() => write('.'), 20);
      closers.push(async () => clearInterval(drip));
    });
    const egress = egressWith({ allowHosts: [host] });
    expect(await failure(egress.send({ method: 'GET', url: `http://${host}/`, timeoutMs: 300 }))).toMatchObject({
      kind: 'timeout',
      sent: true,
    });
  });

  it.each([
    ['a reset before the answer', '', 'reset'],
    ['a reset inside the headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['a body that ends too early', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', 'reset'],
    ['bad chunking', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc', 'invalid'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n', 'invalid'],
    ['a header bomb', `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(20_000)}\r\n`, 'invalid'],
    ['endless interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000), 'invalid'],
  ])('%s: sent', async (_what, bytes, kind) => {
    const host = await rawServer((write, end) => {
      if (bytes !== '') write(bytes);
      setImmediate(end);
    });
    const egress = egressWith({ allowHosts: [host] });
    const error = await failure(egress.send({ method: 'POST', url: `http://${host}/`, body: 'x', timeoutMs: 3000 }));
    expect(error).toMatchObject({ kind, sent: true });
  });

  it('after close nothing is sent any more', async () => {
    const server = await local();
    const egress = createEgress({ allowHosts: [server.host] });
    await egress.close();
    expect(await failure(egress.send({ method: 'GET', url: server.origin }))).toMatchObject({ sent: false });
    expect(server.seen).toHaveLength(0);
  });
});

describe('paths, queries and headers of a connector', () => {
  const escapes = [
    '',
    'items',
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example',
    '/a//b',
    '/a\\b',
    '/..',
    '/../admin',
    '/a/../../admin',
    '/a/./b',
    '/.',
    '/%2e%2e/admin',
    '/%2E%2e/admin',
    '/.%2e/admin',
    '/a%2f..%2f..%2fadmin',
    '/a%5c..%5cadmin',
    '/%252e%252e/admin',
    '/%25252e%25252e/admin',
    '/..;/admin',
    '/..%3b/admin',
    '@evil.example/',
    '.evil.example/',
    ':443@evil.example/',
    'https://evil.example/',
    '/a\tb',
    '/a\nb',
    '/a\r\nHost: evil',
    '/a%0d%0ab',
    '/a%00b',
    '/a b',
    '/a?x=1',
    '/a#x',
    '/a%',
    '/a%zz',
    '/a%ff',
    '/ä',
    '/\u2025/admin',
    '/a"b',
    '/a<b>',
    '/a|b',
    '/a^b',
    '/a`b',
    '/a{b}',
    '/?',
    '/[::1]',
  ];
  it('no path leaves the base URL', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    const connector = oauthConnector(`${server.origin}/v1`);
    for (const path of escapes) {
      const error = await failure(egress.call(target(connector), { method: 'GET', path }, oauthCredential(freshToken())));
      expect({ path, kind: error.kind, sent: error.sent }).toEqual({ path, kind: 'blocked', sent: false });
    }
    expect(server.seen).toHaveLength(0);
  });

  it.each(['/', '/items', '/items/a%2Fb', '/@me', '/a%20b', "/a;b=1,c!$&'()*+", '/a..b/c...d', '/a%25b', '/%C3%A4', '/x:batch'])(
    'the honest path %s arrives unchanged',
    async (path) => {
      const server = await local();
      const egress = egressWith({ allowHosts: [server.host] });
      await egress.call(target(oauthConnector(`${server.origin}/v1/`)), { method: 'GET', path }, oauthCredential(freshToken()));
      expect(server.seen[0]?.url).toBe(`/v1${path}`);
    },
  );

  const badHeaders: Record<string, string>[] = [
    { Authorization: 'Bearer mine' },
    { authorization: 'x' },
    { Host: 'evil.example' },
    { Cookie: 'a=b' },
    { Connection: 'x-api-key' },
    { 'Transfer-Encoding': 'chunked' },
    { 'Content-Length': '1' },
    { Upgrade: 'h2c' },
    { 'Keep-Alive': 'x' },
    { TE: 'trailers' },
    { Trailer: 'x' },
    { Expect: '100-continue' },
    { 'Proxy-Authorization': 'x' },
    { 'Accept-Encoding': 'zstd' },
    { 'X-HTTP-Method-Override': 'DELETE' },
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'X-Forwarded-Host': 'evil' },
    { Forwarded: 'for=x' },
    { 'X-Original-URL': '/admin' },
    { 'X-Probe-Key': 'mine' },
    { 'x-probe-APP': 'mine' },
    { 'x-a': 'b\r\nx-injected: 1' },
    { 'x-a': 'b\nc' },
    { 'x-a': 'b\0c' },
    { 'x-a': 'ključ' },
    { 'x-a\r\nx-injected': '1' },
    { 'x a': '1' },
    { '': '1' },
  ];
  it('no header takes the place of the credential, of the framing or of another header', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    const credential = new Secret<Credential>({ kind: 'api_key', fields: { api_key: freshToken(), app_key: freshToken() } });
    for (const headers of badHeaders) {
      const error = await failure(egress.call(target(keyConnector(server.origin)), { method: 'GET', path: '/', headers }, credential));
      expect({ headers, kind: error.kind, sent: error.sent }).toEqual({ headers, kind: 'invalid', sent: false });
    }
    expect(server.seen).toHaveLength(0);
  });

  const badQueries: Record<string, string>[] = [
    { access_token: 'x' },
    { Access_Token: 'x' },
    { 'access-token': 'x' },
    { 'access_token[]': 'x' },
    { '%61ccess_token': 'x' },
    { api_key: 'x' },
    { app_key: 'x' },
    { client_secret: 'x' },
    { q: 'a\r\nb' },
    { 'q\n': 'a' },
  ];
  it('no query parameter stands in for the credential or breaks a line', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    for (const query of badQueries) {
      const call = egress.call(target(oauthConnector(server.origin)), { method: 'GET', path: '/', query }, oauthCredential(freshToken()));
      expect(await failure(call)).toMatchObject({ kind: 'invalid', sent: false });
    }
    expect(server.seen).toHaveLength(0);
  });

  it('a credential with a line break is not sent', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    const request: ApiRequest = { method: 'GET', path: '/' };
    const keys = new Secret<Credential>({ kind: 'api_key', fields: { api_key: 'abc\r\nx: y', app_key: 'abcdefgh' } });
    expect(await failure(egress.call(target(keyConnector(server.origin)), request, keys))).toMatchObject({ kind: 'invalid', sent: false });
    const token = oauthCredential('abc\r\nx: y');
    expect(await failure(egress.call(target(oauthConnector(server.origin)), request, token))).toMatchObject({
      kind: 'invalid',
      sent: false,
    });
    expect(server.seen).toHaveLength(0);
  });

  it('a field of the base URL must fit its options or its whole pattern', async () => {
    const egress = egressWith({ resolve: async () => ['127.0.0.1'] });
    const keys = new Secret<Credential>({ kind: 'api_key', fields: { api_key: freshToken(), app_key: freshToken() } });
    const cases: [string, Record<string, string>][] = [
      ['https://api.{site}', { site: 'evil.example' }],
      ['https://api.{site}', { site: 'example.com#' }],
      ['https://api.{site}', {}],
      ['https://{tenant}.example.com', { tenant: 'UPPER' }],
      ['https://{tenant}.example.com', { tenant: 'lowerUPPER' }],
      ['https://{tenant}.example.com', { tenant: 'evil.example#' }],
      ['https://{tenant}.example.com', { tenant: 'evil.example/' }],
      ['https://{tenant}.example.com', { tenant: 'a@evil.example' }],
      ['https://{tenant}.example.com', { tenant: 'a\\b' }],
      ['https://{tenant}.example.com', { tenant: '.' }],
      ['https://{tenant}.example.com', { tenant: 'a..b' }],
      ['https://example.com/{tenant}', { tenant: '..' }],
      ['https://example.com/{tenant}', { tenant: 'a/../b' }],
    ];
    for (const [baseUrl, fields] of cases) {
      const call = egress.call(target(keyConnector(baseUrl), fields), { method: 'GET', path: '/' }, keys);
      const error = await failure(call);
      expect({ baseUrl, fields, kind: error.kind, message: error.message }).toMatchObject({ baseUrl, fields, kind: 'blocked' });
      expect(error.message).toMatch(/^the field (site|tenant) /);
    }
    const sandbox = await local();
    const good = egressWith({ sandboxOrigin: () => sandbox.origin });
    await good.call(target(keyConnector('https://api.{site}/v1'), { site: 'example.com' }, true), { method: 'GET', path: '/x' }, keys);
    expect(sandbox.seen[0]?.url).toBe('/api.example.com/v1/x');
  });
});

describe('credentials', () => {
  it('an OAuth token is placed as a bearer token, bodies as JSON or form', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host], userAgent: 'probe/1' });
    const token = freshToken();
    const connector = oauthConnector(server.origin, { headers: { 'X-Version': '2' } });
    await egress.call(target(connector), { method: 'POST', path: '/j', json: { a: [1] } }, oauthCredential(token));
    await egress.call(target(connector), { method: 'PUT', path: '/f', form: { a: 'x y', b: undefined, c: true } }, oauthCredential(token));
    expect(server.seen[0]).toMatchObject({ method: 'POST', body: '{"a":[1]}' });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-version': '2',
      'user-agent': 'probe/1',
      host: server.host,
    });
    expect(server.seen[1]).toMatchObject({ method: 'PUT', body: 'a=x+y&c=true' });
    expect(server.seen[1]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('a key is placed by the header templates; a value that looks like a placeholder stays a value', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    const keys = new Secret<Credential>({ kind: 'api_key', fields: { api_key: '{app_key}$&', app_key: freshToken() } });
    await egress.call(target(keyConnector(server.origin)), { method: 'GET', path: '/' }, keys);
    expect(server.seen[0]?.headers['x-probe-key']).toBe('{app_key}$&');
    expect(server.seen[0]?.headers['x-probe-app']).toMatch(/^App tok_/);
  });

  it('a credential of another kind is not sent', async () => {
    const server = await local();
    const egress = egressWith({ allowHosts: [server.host] });
    const call = egress.call(target(keyConnector(server.origin)), { method: 'GET', path: '/' }, oauthCredential(freshToken()));
    expect(await failure(call)).toMatchObject({ kind: 'invalid', sent: false });
    expect(server.seen).toHaveLength(0);
  });

  const unicode = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  const echoes: [string, (token: string) => string][] = [
    ['as it is', (t) => t],
    ['base64', (t) => Buffer.from(t).toString('base64')],
    ['base64 inside a longer text', (t) => Buffer.from(`user:${t}:x`).toString('base64')],
    ['base64 at the third offset', (t) => Buffer.from(`ab${t}`).toString('base64')],
    ['base64url', (t) => Buffer.from(t).toString('base64url')],
    ['URL-encoded', (t) => encodeURIComponent(t)],
    ['URL-encoded in lower case', (t) => encodeURIComponent(t).replace(/%../g, (h) => h.toLowerCase())],
    ['form-encoded', (t) => new URLSearchParams({ t }).toString()],
    ['every byte URL-encoded', (t) => [...Buffer.from(t)].map((b) => `%${b.toString(16)}`).join('')],
    ['hexadecimal', (t) => Buffer.from(t).toString('hex')],
    ['JSON-escaped', (t) => JSON.stringify({ t })],
    ['JSON with escaped slashes', (t) => JSON.stringify({ t }).replaceAll('/', '\\/')],
    ['JSON with every character escaped', (t) => `{"t":"${unicode(t)}"}`],
    ['as a JSON key', (t) => `{"${unicode(t)}":[1]}`],
  ];
  it.each(echoes)('an echo of the credential is removed: %s', async (_how, echo) => {
    // Characters that each encoding treats differently, around a random core.
    const token = `a/+"=${freshToken()}?&<~\\`;
    const safe = `a/+=${freshToken()}?&<~`;
    const server = await local((req, res) => {
      const sent = (req.headers['x-probe-key'] as string | undefined) ?? '';
      res.setHeader('x-echo', encodeURIComponent(sent));
      res.end(`${echo(sent)}`);
    });
    const egress = egressWith({ allowHosts: [server.host] });
    for (const api_key of [token, safe]) {
      const keys = new Secret<Credential>({ kind: 'api_key', fields: { api_key, app_key: freshToken() } });
      const answer = await egress.call(target(keyConnector(server.origin)), { method: 'GET', path: '/' }, keys);
      const text = JSON.stringify(answer);
      expect(text).toContain('[credential removed]');
      for (const [, form] of echoes) expect(text).not.toContain(form(api_key).replace(/^t=/, ''));
      expect(text).not.toContain(api_key.slice(8, 30));
      expect(text).not.toContain(Buffer.from(api_key).toString('base64').slice(8, 24));
      expect(text).not.toContain(Buffer.from(`ab${api_key}`).toString('base64').slice(8, 24));
    }
  });

  it('an honest answer keeps every byte', async () => {
    const bytes = randomBytes(4096);
    const server = await local((_req, res) => res.end(bytes));
    const egress = egressWith({ allowHosts: [server.host] });
    const { body } = await egress.send({ method: 'GET', url: server.origin });
    expect(createHash('sha256').update(body).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('no error of this package names the path, the query or the credential', async () => {
    const token = freshToken();
    const host = await rawServer((_write, end) => end());
    const egress = egressWith({ allowHosts: [host] });
    const call = egress.call(
      target(oauthConnector(`http://${host}`)),
      { method: 'GET', path: `/${token}`, query: { q: token } },
      oauthCredential(token),
    );
    const error = await failure(call);
    expect([error.message, error.stack, JSON.stringify(error.toFault()), error.toFault().internal].join()).not.toContain(token);
  });
});
