import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWholeRequests, reasons, type WholeAnswer, type WholeRequest } from './whole-requests.ts';

interface Host {
  server: http.Server;
  port: number;
  /** As the server has them. */
  sockets: Socket[];
  /** Targets of the requests that were taken, and of those that node:http read. */
  taken: string[];
  ordinary: string[];
  over: number;
  failures: unknown[];
  stop(): Promise<void>;
}

const told = (method: string, url: string, headers: object, body: string): WholeAnswer => ({
  status: 200,
  headers: 'x-one: a\r\ncontent-type: application/json; charset=utf-8\r\n',
  body: JSON.stringify({ method, url, headers, body, umlaut: 'ü' }),
});

/** Says of each request what was read; `reads`: what is for /ours is read by the reader under test. */
async function start(
  reads: boolean,
  options: http.ServerOptions = {},
  answerOf?: (request: WholeRequest) => Promise<WholeAnswer | undefined>,
  // No machine is so busy.
  patienceMs = 20_000,
) {
  const server = http.createServer({ keepAliveTimeout: 5_000, ...options }, async (request, response) => {
    host.ordinary.push(request.url as string);
    const pieces: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { status, headers, body } = told(
        request.method as string,
        request.url as string,
        request.headers,
        String(Buffer.concat(pieces)),
      );
      const given = Object.fromEntries(
        headers
          .trimEnd()
          .split('\r\n')
          .map((line) => line.split(': ') as [string, string]),
      );
      response.writeHead(status, { ...given, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
  const host: Host = {
    server,
    port: 0,
    sockets: [],
    taken: [],
    ordinary: [],
    over: 0,
    failures: [],
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  const close = reads
    ? readWholeRequests(server, {
        patienceMs,
        expects: ({ target }) => target.startsWith('/ours'),
        take(request) {
          const { method, target, headers, body } = request;
          if (!target.startsWith('/ours') || target === '/ours-not') return undefined;
          host.taken.push(target);
          return {
            answer: answerOf?.(request) ?? Promise.resolve(told(method, target, headers, String(body))),
            over: () => host.over++,
            failed: (error) => host.failures.push(error),
          };
        },
      })
    : async () => {};
  server.on('connection', (socket) => host.sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host.port = (server.address() as AddressInfo).port;
  return { ...host, close, host };
}

const nobody = { expects: () => false, take: () => undefined };

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

async function client(host: Host) {
  const socket = net.connect({ port: host.port, host: '127.0.0.1', noDelay: true });
  const state = { socket, text: '', ended: false, closed: false };
  socket.on('data', (chunk) => {
    state.text += chunk.toString('latin1');
  });
  socket.on('end', () => {
    state.ended = true;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    state.closed = true;
  });
  const before = host.sockets.length;
  await once(socket, 'connect');
  await until(() => host.sockets.length > before);
  return { ...state, state, at: host.sockets[before] as Socket };
}

/** What comes back for these pieces, each of which has arrived before the next is sent. */
async function talk(host: Host, pieces: (string | Buffer)[]): Promise<string> {
  const { socket, state, at } = await client(host);
  let sent = 0;
  for (const piece of pieces) {
    if (state.closed || !socket.writable || at.destroyed) break;
    const bytes = Buffer.from(piece as string, 'latin1');
    sent += bytes.length;
    socket.write(bytes);
    await until(() => at.bytesRead >= sent || at.destroyed || !at.writable);
  }
  // Answers are made within these.
  for (let i = 0; i < 8; i++) await turn();
  socket.end();
  await until(() => state.closed);
  return state.text.replaceAll(/Date: [^\r]*\r\n/g, 'Date: now\r\n');
}

const body = '{"jsonrpc":"2.0","id":1}';
const request = (line = 'POST /ours HTTP/1.1', headers: string[] = [], text = body) =>
  [line, 'Host: here', 'Content-Type: application/json', `Content-Length: ${text.length}`, ...headers, '', text].join('\r\n');
const lines = (...all: string[]) => all.join('\r\n');
const other = request('POST /other HTTP/1.1');
const notTaken = request('POST /ours-not HTTP/1.1');
const inside = request('POST /ours-inside HTTP/1.1');

/** Sequences of pieces; each is answered byte by byte as by node:http alone. `taken`: what is answered without it. */
const table: [what: string, pieces: (string | Buffer)[], taken: number][] = [
  ['one plain request', [request()], 1],
  ['several in turn', [request(), request(), request()], 3],
  ['one that is not taken', [other], 0],
  ['taken ones before, between and after those that are not', [request(), other, request(), request(), other, other, request()], 4],
  ['one without a body between', [request(), 'GET /x HTTP/1.1\r\nHost: here\r\n\r\n', request()], 2],
  ['one whose body comes later between', [request(), other.slice(0, -5), other.slice(-5), request()], 2],
  ['one whose body comes in three pieces', [other.slice(0, -10), other.slice(-10, -5), other.slice(-5), request()], 1],
  ['a taken one whose body comes later', [request().slice(0, -body.length), body, request()], 2],
  ['a taken one whose body comes in three pieces', [request().slice(0, -10), body.slice(-10, -5), body.slice(-5), request()], 2],
  ['one that was waited for and is not taken', [notTaken.slice(0, -5), notTaken.slice(-5), request()], 1],
  ['one that was waited for, with another behind it', [request().slice(0, -5), body.slice(-5) + inside, request()], 0],
  ['an end instead of the rest', [request().slice(0, -5)], 0],
  ['an end instead of the rest, after one that was taken', [request(), request().slice(0, -5)], 1],
  ['an end instead of the rest, after one that was not', [other, request().slice(0, -5)], 0],
  ['one with keep-alive', [request(undefined, ['Connection: keep-alive']), request()], 2],
  ['one with close', [request(undefined, ['Connection: close'])], 0],
  ['upper case and no space', [lines('POST /ours HTTP/1.1', 'HOST:here', 'CONTENT-LENGTH:2', 'X-A: b  c', '', '{}')], 1],
  ['two in one piece', [request() + request()], 0],
  ['a taken one and half of another', [request() + request().slice(0, 40), request().slice(40)], 0],
  ['one that is not taken, and half of a taken one', [other + request().slice(0, 40), request().slice(40)], 0],
  ['a body longer than announced', [`${request()}${inside}`], 0],
  ['a later piece of a body with another request behind it', [other.slice(0, -5), other.slice(-5) + inside, request()], 0],
  ['a body with a request in it', [request('POST /other HTTP/1.1', [], inside)], 0],
  ['a body with a request in it, that comes later', [request('POST /other HTTP/1.1', [], inside).slice(0, -inside.length), inside], 0],
  ['a body shorter than announced, and then a request', [request().slice(0, -1), inside], 0],
  ['an empty line first', [`\r\n${request()}`, request()], 0],
  ['Transfer-Encoding beside Content-Length', [request(undefined, ['Transfer-Encoding: chunked']), inside], 0],
  ['Transfer-Encoding with a space', [request(undefined, ['Transfer-Encoding : chunked']), inside], 0],
  ['Transfer-Encoding with a tab', [request(undefined, ['Transfer-Encoding:\tchunked']), inside], 0],
  ['Transfer-Encoding of nothing', [request(undefined, ['Transfer-Encoding:']), inside], 0],
  ['an unknown Transfer-Encoding', [request(undefined, ['Transfer-Encoding: xchunked']), inside], 0],
  ['chunks', [lines('POST /ours HTTP/1.1', 'Host: here', 'Transfer-Encoding: chunked', '', '2', '{}', '0', '', ''), inside], 0],
  ['two different lengths', [request(undefined, ['Content-Length: 0']), inside], 0],
  ['the same length twice', [request(undefined, [`Content-Length: ${body.length}`]), inside], 0],
  ['a list of lengths', [lines('POST /ours HTTP/1.1', 'Host: here', 'Content-Length: 2, 2', '', '{}'), inside], 0],
  ...['+2', '-2', '2.0', '0x2', '2e0', '02', '2 ', ' 2', '２', '', '99999999999'].map((length): [string, string[], number] => [
    `a length of "${length}"`,
    [lines('POST /ours HTTP/1.1', 'Host: here', `Content-Length: ${length}`, '', '{}'), inside],
    0,
  ]),
  ['no length and no body', [lines('POST /ours HTTP/1.1', 'Host: here', '', '')], 1],
  ['bare LF', [request().replaceAll('\r\n', '\n'), inside], 0],
  ['one bare LF', [request(undefined, ['X-A: b\nContent-Length: 0']), inside], 0],
  ['a bare CR', [request(undefined, ['X-A: b\rContent-Length: 0']), inside], 0],
  ['a folded line', [request(undefined, ['X-A: b', ' c']), inside], 0],
  ['a folded line with a tab', [request(undefined, ['X-A: b', '\tContent-Length: 0']), inside], 0],
  ['a space before a colon', [request(undefined, ['X-A : b']), inside], 0],
  ['a space before a name', [request(undefined, [' X-A: b']), inside], 0],
  ['no colon', [request(undefined, ['X-A']), inside], 0],
  ['no name', [request(undefined, [': b']), inside], 0],
  ['an empty value', [request(undefined, ['X-A: ']), inside], 0],
  ['a name with a strange character', [request(undefined, ['X(A): b']), inside], 0],
  ['a NUL', [request(undefined, ['X-A: b\0c']), inside], 0],
  ['a character beyond ASCII', [request(undefined, ['X-A: b\xe4']), inside], 0],
  ['a tab in a value', [request(undefined, ['X-A: b\tc']), inside], 0],
  ['a space behind a value', [request(undefined, ['X-A: b ']), inside], 0],
  ['__proto__ and constructor', [request(undefined, ['__proto__: b', 'constructor: c']), inside], 0],
  ['a header that is there twice', [request(undefined, ['X-A: b', 'X-A: c']), inside], 0],
  ['no Host', [lines('POST /ours HTTP/1.1', 'Content-Length: 2', '', '{}'), inside], 0],
  ['two Hosts', [request(undefined, ['Host: there']), inside], 0],
  ['HTTP/1.0', [request('POST /ours HTTP/1.0'), inside], 0],
  ['HTTP/1.2', [request('POST /ours HTTP/1.2'), inside], 0],
  ['HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 0],
  ['no version', ['POST /ours\r\nHost: here\r\n\r\n', inside], 0],
  ['a target with a scheme', [request('POST http://here/ours HTTP/1.1'), inside], 0],
  ['a target with a space', [request('POST /ours /x HTTP/1.1'), inside], 0],
  ['two spaces', [request('POST  /ours HTTP/1.1'), inside], 0],
  ['a target of another kind', [lines('OPTIONS * HTTP/1.1', 'Host: here', '', ''), inside], 0],
  ['CONNECT', [lines('CONNECT here:80 HTTP/1.1', 'Host: here', '', ''), inside], 0],
  ['CONNECT with a path', [lines('CONNECT /ours HTTP/1.1', 'Host: here', '', ''), inside], 0],
  ['a lower-case method', [request('post /ours HTTP/1.1'), inside], 0],
  ['an unknown method', [request('BREW /other HTTP/1.1'), inside], 0],
  ['Expect', [request(undefined, ['Expect: 100-continue']), inside], 0],
  ['Upgrade', [request(undefined, ['Connection: Upgrade', 'Upgrade: websocket']), inside], 0],
  ['a head that is too large', [request(undefined, [`X-A: ${'b'.repeat(20_000)}`]), inside], 0],
  ['a head larger than what is read here', [request(undefined, [`X-A: ${'b'.repeat(9_000)}`]), inside], 0],
  ['TLS', [Buffer.from('16030100050100000101', 'hex')], 0],
  ['nothing that could be meant', ['\0\0\0\0\r\n\r\n'], 0],
];

describe('what comes back is what node:http alone sends, byte by byte', () => {
  let alone: Awaited<ReturnType<typeof start>>;
  let reader: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    [alone, reader] = await Promise.all([start(false), start(true)]);
  });
  afterEach(async () => {
    await Promise.all([alone.stop(), reader.stop()]);
  });

  it.each(table)('%s', async (_what, pieces, taken) => {
    const expected = await talk(alone.host, pieces);
    expect(await talk(reader.host, pieces)).toBe(expected);
    // Each request is read once, by one of the two.
    expect([...reader.taken, ...reader.ordinary].sort()).toEqual(alone.ordinary.sort());
    expect(reader.taken).toHaveLength(taken);
    expect(reader.over).toBe(0);
    expect(reader.host.over).toBe(taken);
  });

  it('a request that is cut in two, wherever it is cut', async () => {
    const whole = request(undefined, ['X-A: b']);
    const expected = await talk(alone.host, [whole, whole]);
    for (let cut = 1; cut < whole.length; cut++) {
      expect(await talk(reader.host, [whole.slice(0, cut), whole.slice(cut), whole]), `cut at ${cut}`).toBe(expected);
    }
    // Where its head was whole, the rest was waited for; elsewhere the connection stayed with node:http.
    expect(reader.taken.length).toBe(2 * body.length);
  });

  it('in pieces of one byte', async () => {
    const whole = [...request()];
    expect(await talk(reader.host, [...whole, ...whole])).toBe(await talk(alone.host, [...whole, ...whole]));
  });
});

describe('what was taken and is given back is answered by node:http, byte by byte', () => {
  let alone: Awaited<ReturnType<typeof start>>;
  let reader: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    const later = () =>
      turn()
        .then(turn)
        .then(() => undefined);
    [alone, reader] = await Promise.all([start(false), start(true, {}, later)]);
  });
  afterEach(async () => {
    await Promise.all([alone.stop(), reader.stop()]);
  });

  it.each(table)('%s', async (_what, pieces) => {
    const expected = await talk(alone.host, pieces);
    expect(await talk(reader.host, pieces)).toBe(expected);
    expect(reader.ordinary).toEqual(alone.ordinary);
    expect(reader.host.over).toBe(reader.taken.length);
  });
});

describe('a connection', () => {
  const hosts: Awaited<ReturnType<typeof start>>[] = [];
  const open = async (...args: Parameters<typeof start>) => {
    const host = await start(...args);
    hosts.push(host);
    return host;
  };
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
  });

  /** Whose answers wait until they are let go. */
  const held = async (options: http.ServerOptions = {}, text = '{}') => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const host = await open(true, options, async ({ target }) => {
      if (target === '/ours') await released;
      return { status: 200, headers: '', body: text };
    });
    return { ...host, release };
  };
  /** The first of which is given back when it is let go. */
  const givenBack = async (options: http.ServerOptions = {}) => {
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const host = await open(true, options, async ({ target }) =>
      target === '/ours' ? released : { status: 200, headers: '', body: '{}' },
    );
    return { ...host, release };
  };
  /** Before the request that is held: a connection that node:http has not seen, and one that it has. */
  const kinds: [string, string[]][] = [
    ['a new one', []],
    ['one that node:http read from before', [other]],
  ];

  async function prepare(host: Host, before: string[]) {
    const made = await client(host);
    for (const piece of before) {
      made.socket.write(piece);
      await until(() => made.state.text.includes('ü') || made.state.text.includes('\xc3\xbc'));
      for (let i = 0; i < 4; i++) await turn();
      made.state.text = '';
    }
    made.socket.write(request());
    await until(() => host.taken.length === 1);
    return made;
  }

  /** Of a server that has something to answer on this connection. */
  async function beginToClose({ server }: Host, close: () => Promise<void>, at: Socket): Promise<{ closed: Promise<unknown> }> {
    const closed = close().then(() => server.close());
    for (let i = 0; i < 4; i++) await turn();
    expect(at.destroyed).toBe(false);
    return { closed };
  }

  describe.each(kinds)('%s', (_kind, before) => {
    it('is over for the account when the client goes before its answer, and nothing is sent', async () => {
      const { host, release } = await held();
      const { socket } = await prepare(host, before);
      expect(host.over).toBe(0);
      socket.resetAndDestroy();
      await until(() => host.over === 1);
      release();
      for (let i = 0; i < 4; i++) await turn();
      expect([host.over, host.failures]).toEqual([1, []]);
    });

    it('whose client ends its side before the answer is closed without it, as by node:http', async () => {
      const { host, release } = await held();
      const { socket, state } = await prepare(host, before);
      socket.end();
      await until(() => state.closed);
      expect([state.text, host.over]).toEqual(['', 1]);
      release();
    });

    it('reads on when the answer has left: what came meanwhile is answered after it, in order', async () => {
      const { host, release } = await held();
      const { socket, state } = await prepare(host, before);
      socket.write(request('POST /ours-second HTTP/1.1'));
      await turn();
      socket.write(other);
      for (let i = 0; i < 8; i++) await turn();
      expect([state.text, host.taken]).toEqual(['', ['/ours']]);
      release();
      await until(() => state.text.includes('/other'));
      expect(state.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
      expect(state.text.indexOf('/other')).toBeGreaterThan(state.text.lastIndexOf('{}'));
    });

    it('is answered when the server is closed, and told that it ends', async () => {
      const { host, release, close } = await held();
      const { socket, state, at } = await prepare(host, before);
      const { closed } = await beginToClose(host, close, at);
      release();
      await until(() => state.closed);
      await closed;
      expect(state.text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n\r\n\{\}$/s);
      socket.destroy();
      await until(() => host.over === 1);
    });

    it('is cut off when all are', async () => {
      const { host, release } = await held();
      const { state } = await prepare(host, before);
      host.server.closeAllConnections();
      await until(() => state.closed);
      expect([state.text, host.over]).toEqual(['', 1]);
      release();
    });

    it('is closed after its answer when it stays idle, or when idle ones are closed', async () => {
      const { host, release } = await held({ keepAliveTimeout: 60 });
      release();
      const { state } = await prepare(host, before);
      await until(() => state.closed);
      expect(state.text).toMatch(/Connection: keep-alive\r\nKeep-Alive: timeout=0\r\n/);
      const another = await held();
      another.release();
      const { state: idle } = await prepare(another.host, before);
      await until(() => idle.text.endsWith('{}'));
      for (let i = 0; i < 4; i++) await turn();
      another.host.server.closeIdleConnections();
      await until(() => idle.closed);
    });

    it('is not idle while its answer is made, however long that takes', async () => {
      const { host, release } = await held({ keepAliveTimeout: 1 });
      const { state } = await prepare(host, before);
      const quiet = net.connect(host.port, '127.0.0.1');
      // Longer than the other one may be idle.
      quiet.setTimeout(1_300);
      await once(quiet, 'timeout');
      quiet.destroy();
      expect(state.closed).toBe(false);
      release();
      await until(() => state.text.endsWith('{}'));
    });

    it('that is given back is answered by node:http, and what came meanwhile after it', async () => {
      const { host, release } = await givenBack();
      const { socket, state } = await prepare(host, before);
      socket.write(request('POST /ours-second HTTP/1.1'));
      for (let i = 0; i < 8; i++) await turn();
      expect([state.text, host.taken, host.ordinary]).toEqual(['', ['/ours'], before.map(() => '/other')]);
      release();
      await until(() => (state.text.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0) === 2);
      expect([host.taken, host.ordinary]).toEqual([['/ours'], [...before.map(() => '/other'), '/ours', '/ours-second']]);
      expect([host.over, host.failures]).toEqual([1, []]);
      socket.destroy();
    });

    it('that is given back carries requests that are answered here', async () => {
      const { host, release } = await givenBack();
      const { socket, state } = await prepare(host, before);
      release();
      await until(() => /200 OK.*\}$/s.test(state.text));
      for (let i = 0; i < 4; i++) await turn();
      socket.write(request('POST /ours-second HTTP/1.1'));
      await until(() => host.taken.length === 2);
      await until(() => state.text.endsWith('{}'));
      expect(host.ordinary).toEqual([...before.map(() => '/other'), '/ours']);
      socket.destroy();
    });

    it('that is given back when the server is closed is answered by node:http', async () => {
      const { host, release, close } = await givenBack({ keepAliveTimeout: 60 });
      const { state, at } = await prepare(host, before);
      const { closed } = await beginToClose(host, close, at);
      release();
      await until(() => state.closed);
      await closed;
      expect(state.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect([host.ordinary.at(-1), host.over]).toEqual(['/ours', 1]);
    });

    it('whose client is gone when it is given back is read by nobody', async () => {
      const { host, release } = await givenBack();
      const { socket } = await prepare(host, before);
      socket.resetAndDestroy();
      await until(() => host.over === 1);
      release();
      for (let i = 0; i < 4; i++) await turn();
      expect([host.ordinary, host.over, host.failures]).toEqual([before.map(() => '/other'), 1, []]);
    });

    it('has one answer in memory at most: the next request waits for a slow reader', async () => {
      const { host, release } = await held({}, 'x'.repeat(32 * 1024 * 1024));
      const { socket } = await prepare(host, before);
      socket.pause();
      release();
      socket.write(request('POST /ours-second HTTP/1.1'));
      for (let i = 0; i < 50; i++) await turn();
      expect([host.taken, host.over]).toEqual([['/ours'], 0]);
      socket.resume();
      await until(() => host.taken.length === 2);
      expect(host.over).toBe(1);
      socket.destroy();
    });
  });

  it('is idle again after an answer that took longer than it may be idle', async () => {
    const { host, release } = await held({ keepAliveTimeout: 300 });
    const { socket, state } = await client(host);
    socket.write(request('POST /ours-first HTTP/1.1'));
    await until(() => state.text.endsWith('{}'));
    socket.write(request());
    await until(() => host.taken.length === 2);
    const quiet = net.connect(host.port, '127.0.0.1');
    quiet.setTimeout(1_500);
    await once(quiet, 'timeout');
    quiet.destroy();
    expect(state.closed).toBe(false);
    release();
    await until(() => state.closed);
    expect(state.text.match(/200 OK/g)).toHaveLength(2);
  });

  it('does not wait long for the rest of a request: node:http does, and gives the connection back', async () => {
    const host = await open(true, {}, undefined, 20);
    const { socket, state } = await client(host.host);
    socket.write(request().slice(0, -5));
    await until(() => host.ordinary.length === 1);
    socket.write(body.slice(-5));
    await until(() => state.text.includes('ü') || state.text.includes('\xc3\xbc'));
    for (let i = 0; i < 4; i++) await turn();
    socket.write(request());
    await until(() => host.taken.length === 1);
    socket.destroy();
  });

  it.each(kinds)(
    '%s, of whose request only a part is here, is given the time to send it when the server is closed',
    async (_kind, before) => {
      const host = await open(true);
      const { socket, state, at } = await client(host.host);
      for (const piece of before) {
        socket.write(piece);
        await until(() => state.text.includes('\xc3\xbc'));
        for (let i = 0; i < 4; i++) await turn();
        state.text = '';
      }
      const sent = at.bytesRead;
      socket.write(request().slice(0, -5));
      await until(() => at.bytesRead > sent);
      const { closed } = await beginToClose(host.host, host.close, at);
      socket.write(body.slice(-5));
      await until(() => state.closed);
      await closed;
      expect(state.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect([host.taken.length, host.ordinary.length]).toEqual([0, before.length + 1]);
    },
  );

  it('whose answer fails is ended, and nothing else', async () => {
    const host = await open(true, {}, async () => {
      throw new Error('as if');
    });
    const { socket, state } = await client(host.host);
    socket.write(request());
    await until(() => state.closed);
    expect(host.failures).toHaveLength(1);
    expect(host.host.over).toBe(1);
  });

  it('that sends nothing is too late after a time, as by node:http', async () => {
    const texts: unknown[][] = await Promise.all(
      [true, false].map(async (reads) => {
        const host = await open(reads, { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 });
        const codes: unknown[] = [];
        host.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
          codes.push(error.code);
          socket.end('late');
        });
        const { state } = await client(host.host);
        await until(() => state.ended || state.closed);
        return [...codes, state.text];
      }),
    );
    expect(texts).toEqual([
      ['ERR_HTTP_REQUEST_TIMEOUT', 'late'],
      ['ERR_HTTP_REQUEST_TIMEOUT', 'late'],
    ]);
  });

  it('that sends half a head is told 408 in time', async () => {
    const host = await open(true, { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 });
    const { socket, state } = await client(host.host);
    socket.write('POST /ours HTTP/1.1\r\n');
    await until(() => state.ended || state.closed);
    expect(state.text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('that lacks a body after a request of its own kind is told 408 in time', async () => {
    const host = await open(true, { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 }, undefined, 20);
    const { socket, state } = await client(host.host);
    socket.write(request());
    await until(() => host.host.over === 1);
    socket.write(request().slice(0, -3));
    await until(() => state.ended || state.closed);
    expect(state.text).toMatch(/HTTP\/1\.1 408 /);
  });

  it('is told the reasons that node:http gives', () => {
    expect(Object.entries(reasons).filter(([status, reason]) => http.STATUS_CODES[status] !== reason)).toEqual([]);
  });

  it('of TLS is not read here', () => {
    const server = https.createServer();
    const listeners = server.listeners('connection');
    readWholeRequests(server as unknown as http.Server, nobody);
    expect(server.listeners('connection')).toEqual(listeners);
  });

  it('is not read here where node:http counts its requests', async () => {
    const server = http.createServer();
    server.maxRequestsPerSocket = 2;
    const [listener] = server.listeners('connection');
    readWholeRequests(server, nobody);
    expect(server.listeners('connection')).toEqual([listener]);
  });
});
