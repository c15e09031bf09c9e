import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { EgressError } from './egress-error.ts';
import { type CheckedRequest, checkedExchange, exchange, type OutboundResponse } from './http-exchange.ts';
import { Http1Client, type Http1Options } from './http1-client.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that speaks bytes. */
interface Wire {
  origin: string;
  host: string;
  /** Opened so far, and those that are still open. */
  opened: number;
  open: Set<Socket>;
}

async function wire(onConnection: (socket: Socket, index: number) => void): Promise<Wire> {
  const open = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    onConnection(socket, made.opened++);
  });
  const made: Wire = { origin: '', host: '', opened: 0, open };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  made.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  made.origin = `http://${made.host}`;
  closers.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return made;
}

type Way = (request: CheckedRequest) => Promise<OutboundResponse>;
const maxHeaderBytes = 2_048;

function ourWay(options: Partial<Http1Options> = {}): Way {
  const client = new Http1Client({ connect: buildConnector({}), connections: 64, maxHeaderBytes, ...options });
  closers.push(() => client.destroy());
  return (request) => checkedExchange(client, request);
}

/** What every other request of this package goes by. */
function undicisWay(): Way {
  const agent = new Agent({ connect: buildConnector({}), connections: 64, pipelining: 1, maxHeaderSize: maxHeaderBytes });
  closers.push(() => agent.destroy());
  return (request) => exchange(agent, request);
}

function asked({ origin, host }: Wire, more: Partial<CheckedRequest> & { path?: string } = {}): CheckedRequest {
  const { path = '/', ...rest } = more;
  return { method: 'GET', to: { origin, host, path }, headers: [], body: undefined, timeoutMs: 5_000, maxBytes: 100_000, ...rest };
}

/** As text, to be compared: the body byte for byte. */
async function outcome(answer: Promise<OutboundResponse>): Promise<unknown> {
  try {
    const { status, headers, body } = await answer;
    return { status, headers, body: body.toString('latin1') };
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { kind: error.kind, sent: error.sent, message: error.message.replace(/127\.0\.0\.1:\d+/, 'host') };
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Each request as it came, whole; `answer` sends what comes back. */
function onRequests(socket: Socket, answer: (request: string, nth: number) => void): void {
  let held = '';
  let nth = 0;
  socket.on('data', (chunk) => {
    held += chunk.toString('latin1');
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)/.exec(held.slice(0, end))?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      const request = held.slice(0, end + 4 + length);
      held = held.slice(request.length);
      answer(request, nth++);
    }
  });
}

const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

describe('a request', () => {
  it.each([
    ['GET', undefined],
    ['DELETE', undefined],
    ['POST', undefined],
    ['PUT', undefined],
    ['PATCH', undefined],
    ['POST', ''],
    ['POST', '{"text":"plain"}'],
    ['PUT', '{"text":"Größe, 尺寸, 📏"}'],
    ['DELETE', '{"ids":[1]}'],
    ['GET', '{"query":1}'],
  ])('is written as undici writes it: %s with %j', async (method, body) => {
    const seen: string[] = [];
    const server = await wire((socket) =>
      onRequests(socket, (request) => {
        seen.push(request);
        socket.write(ok(''));
      }),
    );
    const headers = ['user-agent', 'grantway', 'x-note', 'caf\xe9, one', 'authorization', 'Bearer abc', 'accept-encoding', 'gzip, br'];
    for (const way of [undicisWay(), ourWay()]) await way(asked(server, { method, body, headers, path: '/v1/things?a=%20b' }));
    const [expected, found] = seen as [string, string];
    expect(found.split('\r\n').sort()).toEqual(expected.split('\r\n').sort());
    expect(found.split('\r\n')[0]).toBe(expected.split('\r\n')[0]);
  });
});

it.each(['', 'things', '/a b', '/a\r\nx: y', '/a\n', '/ä', '/a\0', '/a HTTP/1.1\r\n\r\nGET /b'])(
  'a path that is none is not sent: %j',
  async (path) => {
    const server = await echo();
    expect(await outcome(ourWay()(asked(server, { path })))).toEqual({
      kind: 'invalid',
      sent: false,
      message: 'host was not sent a valid request',
    });
    expect(server.opened).toBe(0);
  },
);

const head = 'HTTP/1.1 200 OK\r\n';
const long = 'x'.repeat(1_000);

/** Answers of servers, honest and not; `closes`: whether the server ends its side then. */
const answers: Record<string, { bytes: string; closes?: boolean }> = {
  'a length': { bytes: `${head}content-length: 5\r\n\r\nhello` },
  'a length of nothing': { bytes: `${head}content-length: 0\r\n\r\n` },
  'no reason': { bytes: 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok' },
  'a reason of odd characters': { bytes: 'HTTP/1.1 404 N\xf6t found, (sorry)\r\ncontent-length: 2\r\n\r\nok' },
  'names in capitals, values with blanks before': { bytes: `${head}Content-Length:5\r\nX-Thing: \t a  b\r\nX-Empty:\r\n\r\nhello` },
  'several values of one name': { bytes: `${head}x-a: 1\r\nX-A: 2\r\nlink: <a>\r\nlink: <b>\r\nx-a: 3\r\ncontent-length: 0\r\n\r\n` },
  cookies: { bytes: `${head}set-cookie: a=1\r\nSet-Cookie: b=2\r\ncontent-length: 1\r\n\r\nx` },
  'names that objects have by themselves': {
    bytes: `${head}constructor: a\r\n__proto__: b\r\ntoString: c\r\nhasownproperty: d\r\ncontent-length: 0\r\n\r\n`,
  },
  'bytes beyond ASCII in a value': { bytes: `${head}x-name: caf\xe9\r\ncontent-length: 0\r\n\r\n` },
  chunks: { bytes: `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n` },
  'chunks in capitals': { bytes: `${head}Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n00\r\n\r\n` },
  'no chunk at all': { bytes: `${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n` },
  'chunks with extensions': { bytes: `${head}transfer-encoding: chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n` },
  'chunks with trailers': { bytes: `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n` },
  'a large chunk': { bytes: `${head}transfer-encoding: chunked\r\n\r\n3e8\r\n${long}\r\n3E8\r\n${long}\r\n0\r\n\r\n` },
  'no content': { bytes: 'HTTP/1.1 204 No Content\r\n\r\n' },
  'until it closes': { bytes: `${head}x-a: 1\r\n\r\nhello until the end`, closes: true },
  'the older version': { bytes: 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello', closes: true },
  'the older version, left open': { bytes: 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello' },
  'a close': { bytes: `${head}connection: close\r\ncontent-length: 5\r\n\r\nhello` },
  'a close in capitals': { bytes: `${head}Connection: Close\r\ncontent-length: 5\r\n\r\nhello` },
  'keep-alive': { bytes: `${head}connection: keep-alive\r\nkeep-alive: timeout=30\r\ncontent-length: 5\r\n\r\nhello` },
  'keep-alive, but hardly': { bytes: `${head}connection: keep-alive\r\nkeep-alive: timeout=2\r\ncontent-length: 5\r\n\r\nhello` },
  'interim answers': {
    bytes: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${head}content-length: 5\r\n\r\nhello`,
  },
  'too many interim answers': { bytes: `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)}${head}content-length: 0\r\n\r\n` },
  'more than was said': { bytes: `${head}content-length: 5\r\n\r\nhello, world` },
  'a second answer': { bytes: `${head}content-length: 5\r\n\r\nhello${head}content-length: 6\r\n\r\nsecond` },
  'a second answer after chunks': { bytes: `${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n${head}content-length: 6\r\n\r\nsecond` },
  'a body after no content': { bytes: 'HTTP/1.1 204 No Content\r\n\r\nhello' },
  'a redirect': { bytes: 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n' },
  'less than was said': { bytes: `${head}content-length: 50\r\n\r\nhello`, closes: true },
  'chunks that break off': { bytes: `${head}transfer-encoding: chunked\r\n\r\n5\r\nhel`, closes: true },
  'a head that breaks off': { bytes: `${head}content-le`, closes: true },
  nothing: { bytes: '', closes: true },
  'a head that is too large': { bytes: `${head}${`x-a: ${long}\r\n`.repeat(3)}content-length: 0\r\n\r\n` },
  'a body that is too large': { bytes: `${head}content-length: 100001\r\n\r\n${'x'.repeat(100_001)}` },
  'chunks that are too large': { bytes: `${head}transfer-encoding: chunked\r\n\r\n186a1\r\n${'x'.repeat(100_001)}\r\n0\r\n\r\n` },
};

/** No HTTP, or one whose end could be seen in two places. */
const malformed: Record<string, string> = {
  'a length and chunks': `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks and a length': `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nhello`,
  'two lengths': `${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
  'a length that is none': `${head}content-length: 5a\r\n\r\nhello`,
  'a negative length': `${head}content-length: -5\r\n\r\nhello`,
  'a list of lengths': `${head}content-length: 5, 5\r\n\r\nhello`,
  'an endless length': `${head}content-length: 99999999999999999999999\r\n\r\nhello`,
  'a chunk without a size': `${head}transfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n`,
  'a chunk of a negative size': `${head}transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n`,
  'a chunk of an odd size': `${head}transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
  'a chunk of a size beyond measure': `${head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello`,
  'a chunk longer than it says': `${head}transfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`,
  'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  'another version': 'HTTP/3.7 200 OK\r\ncontent-length: 0\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n',
  'a status that is none': 'HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n',
  'a header without a colon': `${head}nonsense\r\ncontent-length: 0\r\n\r\n`,
  'a header without a name': `${head}: value\r\ncontent-length: 0\r\n\r\n`,
  'a blank before the colon': `${head}x-a : 1\r\ncontent-length: 0\r\n\r\n`,
  'a null in a value': `${head}x-a: a\0b\r\ncontent-length: 0\r\n\r\n`,
};

/** Errors as well, and not compared: undici takes some of them. Some reader on the way could see another end, or there is none. */
const strict: Record<string, string> = {
  'a head without an end': `${head}x-a: ${'x'.repeat(3_000)}`,
  'trailers without an end': `${head}transfer-encoding: chunked\r\n\r\n0\r\n${`x-a: ${'x'.repeat(1_000)}\r\n`.repeat(3)}`,
  'a trailer without an end': `${head}transfer-encoding: chunked\r\n\r\n0\r\nx-a: ${'x'.repeat(3_000)}`,
  'a trailer that is none': `${head}transfer-encoding: chunked\r\n\r\n0\r\nx y\r\n\r\n`,
  'an extension without an end': `${head}transfer-encoding: chunked\r\n\r\n5;${'x'.repeat(3_000)}`,
  'a bare line end in the head': 'HTTP/1.1 200 OK\ncontent-length: 5\n\nhello',
  'a folded header': `${head}x-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n`,
  'another coding below the chunks': `${head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunks said twice': `${head}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks of the older version': 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'another protocol that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  'a bare line end after a chunk size': `${head}transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
  'a carriage return inside of a value': `${head}x-a: a\rb\r\ncontent-length: 0\r\n\r\n`,
};

/** A server that answers the first request of each connection with these bytes, in such pieces, and every other one with its number. */
async function scripted({ bytes, closes = false }: { bytes: string; closes?: boolean }, cut: (all: Buffer) => Buffer[]): Promise<Wire> {
  return wire((socket) =>
    onRequests(socket, (_request, nth) => {
      if (nth > 0) {
        socket.write(ok('again'));
        return;
      }
      const pieces = cut(Buffer.from(bytes, 'latin1'));
      const next = () => {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece, () => setImmediate(next));
        else if (closes) socket.end();
      };
      next();
    }),
  );
}

const cuts: Record<string, (all: Buffer) => Buffer[]> = {
  'at once': (all) => [all],
  'head and body apart': (all) => {
    const at = all.indexOf('\r\n\r\n') + 4;
    return [all.subarray(0, at), all.subarray(at)];
  },
  'in the middle of each line end': (all) => {
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = all.indexOf('\r\n'); at !== -1; at = all.indexOf('\r\n', at + 2)) {
      pieces.push(all.subarray(from, at + 1));
      from = at + 1;
    }
    return [...pieces, all.subarray(from)];
  },
  'byte by byte': (all) => (all.length > 3_000 ? [all] : Array.from(all, (_, i) => all.subarray(i, i + 1))),
};

describe('an answer', () => {
  it.each(Object.keys(answers))('is read as undici reads it, and leaves the connection as there: %s', async (name) => {
    const answer = answers[name] as { bytes: string; closes?: boolean };
    const found: unknown[] = [];
    for (const way of [undicisWay, ourWay]) {
      for (const cut of Object.values(cuts)) {
        const server = await scripted(answer, cut);
        const go = way();
        const first = await outcome(go(asked(server)));
        for (let i = 0; i < 3; i++) await turn();
        const second = await outcome(go(asked(server)));
        found.push({ first, second: server.opened === 1 ? second : 'on another connection' });
      }
    }
    const [expected] = found;
    expect(found).toEqual(found.map(() => expected));
  });

  it.each(Object.entries({ ...malformed, ...strict }))(
    'is an error at once where it is no HTTP or its end is in doubt: %s',
    async (name, bytes) => {
      for (const cut of Object.values(cuts)) {
        const server = await scripted({ bytes }, cut);
        expect(await outcome(ourWay()(asked(server)))).toEqual({ kind: 'invalid', sent: true, message: 'host did not answer in HTTP' });
        await until(() => server.open.size === 0);
        if (name in malformed) expect(await outcome(undicisWay()(asked(server)))).toHaveProperty('kind');
      }
    },
  );

  it('is read by RFC 9110 where undici is not: blanks after a value, the length of what a 304 does not have', async () => {
    const server = await wire((socket) =>
      onRequests(socket, (_request, nth) =>
        socket.write(
          nth === 0 ? `${head}x-a: b \t \r\ncontent-length: 0\r\n\r\n` : 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n',
        ),
      ),
    );
    const go = ourWay({ connections: 1 });
    expect(await outcome(go(asked(server)))).toEqual({ status: 200, headers: { 'x-a': 'b', 'content-length': '0' }, body: '' });
    for (let i = 0; i < 2; i++)
      expect(await outcome(go(asked(server)))).toEqual({ status: 304, headers: { 'content-length': '5' }, body: '' });
  });
});

/** Answers with what was asked for, when it is told to. */
async function echo(): Promise<Wire & { held: { path: string; answer(): void }[] }> {
  const held: { path: string; answer(): void }[] = [];
  const server = await wire((socket) =>
    onRequests(socket, (request) => {
      const path = request.split(' ')[1] as string;
      held.push({ path, answer: () => socket.write(ok(path)) });
    }),
  );
  return Object.assign(server, { held });
}

/** Answers with what was asked for, at once. */
async function mirror(): Promise<{ server: Wire; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = await wire((socket) => {
    sockets.push(socket);
    onRequests(socket, (request) => socket.write(ok(request.split(' ')[1] as string)));
  });
  return { server, sockets };
}

const bodyOf = async (answer: Promise<OutboundResponse>) => (await answer).body.toString();

describe('connections', () => {
  it('are as many as allowed; whoever comes later waits for one in turn, and has its own answer', async () => {
    const server = await echo();
    const go = ourWay({ connections: 2 });
    const paths = ['/1', '/2', '/3', '/4', '/5'];
    const all = Promise.all(paths.map((path) => bodyOf(go(asked(server, { path })))));
    for (let answered = 0; answered < paths.length; answered++) {
      await until(() => server.held.length === Math.min(paths.length, answered + 2));
      for (let i = 0; i < 10; i++) await turn();
      expect(server.held.length).toBe(Math.min(paths.length, answered + 2));
      server.held[answered]?.answer();
    }
    expect(await all).toEqual(paths);
    expect(server.held.map(({ path }) => path)).toEqual(paths);
    expect(server.opened).toBe(2);
  });

  it('are not spent on whoever has given up while waiting', async () => {
    const server = await echo();
    const go = ourWay({ connections: 1 });
    const first = bodyOf(go(asked(server, { path: '/first' })));
    await until(() => server.held.length === 1);
    const given = outcome(go(asked(server, { path: '/given-up', timeoutMs: 20 })));
    const last = bodyOf(go(asked(server, { path: '/last' })));
    expect(await given).toMatchObject({ kind: 'timeout', sent: false });
    server.held[0]?.answer();
    expect(await first).toBe('/first');
    await until(() => server.held.length === 2);
    server.held[1]?.answer();
    expect(await last).toBe('/last');
    expect(server.held.map(({ path }) => path)).toEqual(['/first', '/last']);
    expect(server.opened).toBe(1);
  });

  it('end with an exchange that is given up; a late answer is nobody’s', async () => {
    const server = await echo();
    const go = ourWay({ connections: 1 });
    const given = outcome(go(asked(server, { path: '/given-up', timeoutMs: 30 })));
    const next = bodyOf(go(asked(server, { path: '/next' })));
    expect(await given).toMatchObject({ kind: 'timeout', sent: true });
    server.held[0]?.answer();
    await until(() => server.held.length === 2);
    server.held[1]?.answer();
    expect(await next).toBe('/next');
    expect(server.opened).toBe(2);
  });

  it('that bring what nobody asked for are closed, and it is nobody’s answer', async () => {
    const { server, sockets } = await mirror();
    const go = ourWay();
    expect(await bodyOf(go(asked(server, { path: '/one' })))).toBe('/one');
    sockets[0]?.write(ok('forged'));
    await until(() => server.open.size === 0);
    expect(await bodyOf(go(asked(server, { path: '/two' })))).toBe('/two');
    expect(server.opened).toBe(2);
  });

  it('that bring something more right after an answer are not used again, even where somebody waits for them', async () => {
    const server = await wire((socket, index) =>
      onRequests(socket, (request) => {
        socket.write(ok(request.split(' ')[1] as string));
        // The first immediate comes before the answer is received, the second right after it was.
        if (index === 0) setImmediate(() => setImmediate(() => socket.write(ok('forged'))));
      }),
    );
    const go = ourWay({ connections: 1 });
    expect(await Promise.all(['/one', '/two'].map((path) => bodyOf(go(asked(server, { path })))))).toEqual(['/one', '/two']);
    expect(server.opened).toBe(2);
  });

  it('that have rested for as long as the server allows are closed', async () => {
    const server = await wire((socket) => onRequests(socket, () => socket.write(ok('', 'keep-alive: timeout=3\r\n'))));
    const client = new Http1Client({ connect: buildConnector({}), connections: 1, maxHeaderBytes });
    closers.push(() => client.destroy());
    await checkedExchange(client, asked(server));
    expect(client.size).toBe(1);
    const answeredAt = performance.now();
    await until(() => server.open.size === 0);
    // Of three seconds two are kept as a margin.
    expect(performance.now() - answeredAt).toBeGreaterThan(900);
    // Nothing is kept of an origin without connections.
    await until(() => client.size === 0);
  });

  it('that the server has closed are not used again', async () => {
    const { server, sockets } = await mirror();
    const go = ourWay();
    expect(await bodyOf(go(asked(server, { path: '/one' })))).toBe('/one');
    sockets[0]?.end();
    await until(() => server.open.size === 0);
    expect(await bodyOf(go(asked(server, { path: '/two' })))).toBe('/two');
  });

  it('whose request was not taken whole before its answer came are not used again', async () => {
    const server = await wire((socket) => {
      socket.once('data', () => {
        // Nothing more is read, so that the rest of the request stays where it is.
        socket.pause();
        socket.write(ok('early'));
      });
    });
    const go = ourWay();
    const body = 'x'.repeat(30_000_000);
    expect(await bodyOf(go(asked(server, { method: 'POST', body })))).toBe('early');
    await until(() => server.open.size === 0 || [...server.open].every((socket) => socket.resume().destroyed));
    expect(server.opened).toBe(1);
  });

  it('that cannot be opened fail who waits for them, one by one, and nothing was sent', async () => {
    const server = await echo();
    let opened = 0;
    const connect = buildConnector({});
    const go = ourWay({
      connections: 1,
      connect: (options, callback) => {
        if (opened++ < 2) queueMicrotask(() => callback(new Error('no way'), null));
        else connect(options, callback);
      },
    });
    const outcomes = ['/1', '/2'].map((path) => outcome(go(asked(server, { path }))));
    const third = bodyOf(go(asked(server, { path: '/3' })));
    for (const found of outcomes) expect(await found).toMatchObject({ kind: 'unreachable', sent: false });
    await until(() => server.held.length === 1);
    server.held[0]?.answer();
    expect(await third).toBe('/3');
  });

  it('close with the client; whoever waits or is under way fails, and nothing is sent afterwards', async () => {
    const server = await echo();
    const client = new Http1Client({ connect: buildConnector({}), connections: 1, maxHeaderBytes });
    const go: Way = (request) => checkedExchange(client, request);
    const [first, second] = ['/1', '/2'].map((path) => outcome(go(asked(server, { path, timeoutMs: 60_000 }))));
    await until(() => server.held.length === 1);
    client.destroy();
    expect(await second).toMatchObject({ sent: false });
    expect(await outcome(go(asked(server)))).toMatchObject({ kind: 'unreachable', sent: false });
    expect(await first).toMatchObject({ sent: true });
    await until(() => server.open.size === 0);
  });

  it('keep a process going while an answer is waited for, and not afterwards', async () => {
    const server = await echo();
    const go = ourWay();
    // The server's own are always among them.
    const counted = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length - server.open.size;
    const before = counted();
    for (const nth of [0, 1]) {
      const answer = go(asked(server));
      await until(() => server.held.length === nth + 1);
      expect(counted()).toBe(before + 1);
      server.held[nth]?.answer();
      await answer;
      await until(() => counted() === before);
    }
    expect(server.opened).toBe(1);
  });

  it('an answer that stands still is given up after the time for that', async () => {
    const server = await wire((socket) => onRequests(socket, () => socket.write(`${head}content-length: 50\r\n\r\nhello`)));
    const client = new Http1Client({ connect: buildConnector({}), connections: 1, maxHeaderBytes });
    closers.push(() => client.destroy());
    const error = await new Promise<Error>((resolve, reject) => {
      client.send(
        { method: 'GET', origin: server.origin, host: server.host, path: '/', headers: [], body: undefined, bodyTimeoutMs: 30 },
        {
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: () => reject(new Error('it ended')),
          onResponseError: (_controller, failure) => resolve(failure),
        },
      );
    });
    expect(error.name).toBe('BodyTimeoutError');
    await until(() => server.open.size === 0);
  });

  it('whatever servers do, an answer is that to its own request', async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    const server = await wire((socket) =>
      onRequests(socket, (request) => {
        const path = request.split(' ')[1] as string;
        const size = path.length.toString(16);
        const kind = random(8);
        const all = Buffer.from(
          kind === 0
            ? `${ok(path)}${ok('/forged')}`
            : kind === 1
              ? `${head}\r\n${path}`
              : kind === 2
                ? `${head}transfer-encoding: chunked\r\n\r\n${size}\r\n${path}\r\n0\r\n\r\n`
                : kind === 3
                  ? `${head}connection: close\r\ncontent-length: ${path.length}\r\n\r\n${path}`
                  : ok(path),
        );
        const at = random(all.length);
        const isLate = random(3) === 0;
        const isWhole = random(2) === 0;
        socket.write(isWhole ? all : all.subarray(0, at));
        const rest = () => {
          if (!isWhole) socket.write(all.subarray(at));
          // Sent without being asked for, some time after the answer.
          if (kind === 4) socket.write(ok('/forged'));
          if (kind === 1) socket.end();
          if (kind === 5) socket.destroy();
        };
        if (isLate) setImmediate(rest);
        else rest();
      }),
    );
    const go = ourWay({ connections: 8 });
    let right = 0;
    for (let round = 0; round < 60; round++) {
      const paths = Array.from({ length: 16 }, (_, i) => `/${round}/${i}`);
      const found = await Promise.all(paths.map((path) => outcome(go(asked(server, { path, timeoutMs: 1_000 })))));
      found.forEach((one, i) => {
        if (typeof one !== 'object' || one === null || !('body' in one)) return;
        expect(one.body).toBe(paths[i]);
        right++;
      });
    }
    expect(right).toBeGreaterThan(300);
  });
});
