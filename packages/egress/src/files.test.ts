import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiRequest, type Connector, type Credential, type FileUpload, get } from '@grantway/connector-kit';
import { folio } from '@grantway/connector-kit/testing';
import { Secret } from '@grantway/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress, type Downloaded, type DownloadOptions, type Egress, type EgressError, type OutboundFile } from './index.ts';

const token = 'made-up-access-token';
const credential = new Secret<Credential>({ kind: 'bearer', fields: { token } });
const target = { connector: folio as Connector, fields: {}, sandbox: true };
const handle = 'file_01k00000000000000000000000';

let server: Server;
let egress: Egress;
let handler: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
let seen: { path: string; authorization: string | undefined; headers: IncomingMessage['headers'] }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization, headers: request.headers });
    void handler(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  egress = createEgress({ sandboxOrigin: () => `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
});

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
const fileOf = (bytes: Buffer, name = 'a "b" ü.pdf'): OutboundFile => ({
  name,
  contentType: 'application/pdf',
  size: bytes.length,
  open: async () =>
    (async function* () {
      for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
    })(),
});
const sending = (upload: Omit<FileUpload, 'file'>, rest: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'POST',
  path: '/v1/send',
  upload: { file: handle, ...upload },
  ...rest,
});
const receiving = <T = Buffer>(more: Partial<DownloadOptions<T>> = {}): DownloadOptions<T> => ({
  timeoutMs: 2_000,
  totalMs: 5_000,
  maxFileBytes: 1_000_000,
  receive: (_head, bytes) => whole(bytes) as Promise<T>,
  ...more,
});
const failure = (work: Promise<unknown>): Promise<EgressError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

/** Waits until a number stays the same: nothing moves any more. */
async function standstill(count: () => number): Promise<number> {
  for (let last = -1, same = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    same = count() === last ? same + 1 : 0;
    last = count();
    if (same > 10 && last > 0) return last;
  }
}

describe('a file that goes out', () => {
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
  let body: Buffer;
  beforeEach(() => {
    handler = async (request, response) => {
      body = await whole(request);
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
    };
  });
  const send = (request: ApiRequest) => egress.call(target, request, credential, { file: fileOf(bytes) });

  it('is the whole body, with its length and content type, behind the credential', async () => {
    const answer = await send(sending({ as: 'body' }));
    expect(answer).toMatchObject({ status: 200, body: { ok: true } });
    expect(body.equals(bytes)).toBe(true);
    expect(seen[0]?.headers).toMatchObject({
      'content-length': '10000',
      'content-type': 'application/pdf',
      authorization: `Bearer ${token}`,
    });
    expect(seen[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  it('is a part of a form beside its fields, with a name that cannot leave its quotes', async () => {
    await send(sending({ as: { field: 'file' }, contentType: 'text/plain' }, { form: { title: 'one', gone: undefined } }));
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': String(seen[0]?.headers['content-type']) },
    }).formData();
    const file = form.get('file') as File;
    expect([...form.keys()]).toEqual(['title', 'file']);
    expect([form.get('title'), file.type, file.name]).toEqual(['one', 'text/plain', 'a "b" ü.pdf']);
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
    expect(seen[0]?.headers['content-length']).toBe(String(body.length));
    expect(body.toString('latin1')).toContain('filename="a %22b%22');
  });

  it('stands behind a document that describes it', async () => {
    await send(sending({ as: 'related' }, { json: { name: 'report' } }));
    const boundary = /^multipart\/related; boundary=(\S+)$/.exec(String(seen[0]?.headers['content-type']))?.[1];
    const parts = body.toString('latin1').split(`--${boundary}`);
    expect(parts).toHaveLength(4);
    expect(parts[1]).toBe('\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{"name":"report"}\r\n');
    expect(parts[2]).toBe(`\r\ncontent-type: application/pdf\r\n\r\n${bytes.toString('latin1')}\r\n`);
    expect(seen[0]?.headers['content-length']).toBe(String(body.length));
  });

  it.each([0, 1, 2, 3, 10_000])('of %i bytes is base64 where a document has a place for it', async (size) => {
    const part = bytes.subarray(0, size);
    await egress.call(target, sending({ as: { base64: '/a/0/bytes' } }, { json: { a: [{ bytes: '', name: 'ü' }] } }), credential, {
      file: fileOf(part),
    });
    expect(JSON.parse(body.toString())).toEqual({ a: [{ bytes: part.toString('base64'), name: 'ü' }] });
    expect(seen[0]?.headers['content-length']).toBe(String(body.length));
  });

  it('waits for whoever takes it: memory holds a few pieces', async () => {
    const size = 64 * 1_048_576;
    let given = 0;
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    handler = async (request, response) => {
      await held;
      let taken = 0;
      for await (const some of request) taken += some.length;
      response.end(String(taken));
    };
    const file: OutboundFile = {
      name: 'large',
      contentType: 'video/mp4',
      size,
      open: async () =>
        (async function* () {
          for (const piece = Buffer.alloc(65_536); given < size; given += piece.length) yield piece;
        })(),
    };
    const answer = egress.call(target, sending({ as: 'body' }), credential, { file, timeoutMs: 20_000, totalMs: 20_000 });
    expect(await standstill(() => given)).toBeLessThan(size / 2);
    go();
    expect((await answer).body).toBe(String(size));
  });

  it('that is refused before it has all left is answered with the refusal, and its source is closed', async () => {
    let closed = false;
    handler = (_request, response) =>
      void response.writeHead(401, { 'content-type': 'application/json', connection: 'close' }).end('{"error":"bad token"}');
    const file: OutboundFile = {
      ...fileOf(bytes),
      size: 50_000_000,
      open: async () =>
        (async function* () {
          try {
            for (let i = 0; i < 500; i++) {
              yield Buffer.alloc(100_000);
              await new Promise((resolve) => setTimeout(resolve, 1));
            }
          } finally {
            closed = true;
          }
        })(),
    };
    const answer = await egress.call(target, sending({ as: 'body' }), credential, { file }).catch((error: EgressError) => error);
    expect(answer).toMatchObject(answer instanceof Error ? { kind: 'reset', sent: true } : { status: 401, body: { error: 'bad token' } });
    await expect.poll(() => closed).toBe(true);
  });

  it('whose source fails fails with what the source said, and never arrives as a whole', async () => {
    let arrived = false;
    handler = async (request) => {
      await whole(request).then(
        () => {
          arrived = true;
        },
        () => {},
      );
    };
    const file: OutboundFile = {
      ...fileOf(bytes),
      open: async () =>
        (async function* () {
          yield bytes.subarray(0, 5_000);
          throw new Error('the disk is gone');
        })(),
    };
    expect((await failure(egress.call(target, sending({ as: 'body' }), credential, { file }))).message).toBe('the disk is gone');
    expect(arrived).toBe(false);
  });

  it('that nobody takes ends in time', async () => {
    handler = () => {};
    const error = await failure(egress.call(target, sending({ as: 'body' }), credential, { file: fileOf(bytes), timeoutMs: 300 }));
    expect([error.kind, error.sent]).toEqual(['timeout', true]);
  });

  it('goes out only where the request says so, and nothing else does there', async () => {
    expect((await failure(egress.call(target, get('/v1/me'), credential, { file: fileOf(bytes) }))).kind).toBe('invalid');
    expect((await failure(egress.call(target, sending({ as: 'body' }), credential))).kind).toBe('invalid');
    expect(seen).toEqual([]);
  });
});

describe('a file that comes in', () => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 253));
  const download = <T = Buffer>(more: Partial<DownloadOptions<T>> = {}): Promise<Downloaded<T>> =>
    egress.download(target, get('/v1/file'), credential, receiving<T>(more));
  const location = (to: string) => (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(302, { location: to }).end();

  it('is handed on as it comes, and any other answer is an answer', async () => {
    handler = (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(bytes);
    expect((await download()).received?.equals(bytes)).toBe(true);
    expect(seen[0]?.headers['accept-encoding']).toBe('identity');
    handler = (_request, response) => void response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"no such file"}');
    expect(await download()).toMatchObject({ status: 404, body: { error: 'no such file' } });
  });

  it('waits for whoever takes it', async () => {
    const size = 64 * 1_048_576;
    let given = 0;
    handler = async (_request, response) => {
      response.writeHead(200, { 'content-length': size });
      for (const piece = Buffer.alloc(65_536); given < size; given += piece.length) {
        if (!response.write(piece)) await once(response, 'drain');
      }
      response.end();
    };
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const answer = download<number>({
      maxFileBytes: size,
      totalMs: 20_000,
      async receive(_head, stream) {
        await held;
        let taken = 0;
        for await (const some of stream) taken += some.length;
        return taken;
      },
    });
    expect(await standstill(() => given)).toBeLessThan(size / 2);
    go();
    expect((await answer).received).toBe(size);
  });

  it.each([
    ['larger than allowed, as it says', { 'content-length': '2000000' }, 'too_large'],
    ['larger than allowed, as it turns out', {}, 'too_large'],
    ['compressed unasked', { 'content-encoding': 'gzip' }, 'invalid'],
  ])('that is %s is none', async (_, headers, kind) => {
    handler = (_request, response) => {
      response.writeHead(200, headers as Record<string, string>);
      response.on('error', () => {});
      for (let i = 0; i < 20; i++) response.write(bytes);
      response.end();
    };
    expect((await failure(download())).kind).toBe(kind);
  });

  it('that breaks off or stands still fails, and whoever takes it hears of it first', async () => {
    for (const [kind, end] of [
      ['reset', (response: ServerResponse) => response.socket?.destroy()],
      ['timeout', () => {}],
    ] as const) {
      let heard: unknown;
      handler = (_request, response) => {
        response.writeHead(200, { 'content-length': 100_000 });
        response.write(bytes.subarray(0, 50_000), () => setTimeout(() => end(response), 50));
      };
      const receive = (_head: unknown, stream: AsyncIterable<Buffer>) =>
        whole(stream).catch((error) => {
          heard = error;
          throw error;
        });
      const error = await failure(download({ timeoutMs: 400, receive }));
      expect(error.kind).toBe(kind);
      expect(heard).toBe(error);
    }
  });

  it('that holds the credential, in whatever pieces it comes, is not handed out whole', async () => {
    for (const at of [0, 65_530, 99_000]) {
      const poisoned = Buffer.from(bytes);
      poisoned.write(token, at);
      handler = async (_request, response) => {
        response.writeHead(200);
        response.write(poisoned.subarray(0, at + 7));
        await new Promise((resolve) => setTimeout(resolve, 20));
        response.end(poisoned.subarray(at + 7));
      };
      const parts: Buffer[] = [];
      const receive = async (_head: unknown, stream: AsyncIterable<Buffer>) => {
        for await (const part of stream) parts.push(part);
        return Buffer.concat(parts);
      };
      expect((await failure(download({ receive }))).kind).toBe('invalid');
      expect(Buffer.concat(parts).includes(token.slice(0, 8))).toBe(false);
    }
  });

  it('what its taker throws ends the exchange, and is what the caller hears', async () => {
    handler = (_request, response) => {
      response.on('error', () => {});
      response.writeHead(200).write(bytes);
    };
    const receive = async () => {
      throw new Error('there is no room');
    };
    expect((await failure(download({ receive }))).message).toBe('there is no room');
  });

  it('B13: behind a redirect to a domain that is named is fetched without the credential', async () => {
    handler = (request, response) => {
      if (request.url === '/api.folio.example/v1/file') return location('https://eu.folio-content.example/signed/a?s=1')(request, response);
      response.end(bytes);
    };
    const { received } = await download({ hostSuffixes: ['folio-content.example'] });
    expect(received?.equals(bytes)).toBe(true);
    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/api.folio.example/v1/file', `Bearer ${token}`],
      ['/eu.folio-content.example/signed/a?s=1', undefined],
    ]);
  });

  it.each([
    'https://evil.example/a',
    'https://evilfolio-content.example/a',
    'https://folio-content.example.evil.example/a',
    'http://folio-content.example/a',
    'https://folio-content.example:8443/a',
    'https://user@evil.example/a',
    'https://127.0.0.1/a',
    'file:///etc/passwd',
    '/v1/elsewhere',
  ])('behind a redirect to %s is not fetched', async (to) => {
    handler = location(to);
    const error = await failure(download({ hostSuffixes: ['folio-content.example'] }));
    expect(['blocked', 'invalid']).toContain(error.kind);
    expect(seen).toHaveLength(1);
  });

  it('behind a redirect where no domain is named: the redirect is the answer', async () => {
    handler = location('https://folio-content.example/a');
    expect((await download()).status).toBe(302);
    expect(seen).toHaveLength(1);
  });

  it('behind redirects without end, or behind an answer that is no file, is an error', async () => {
    handler = location('https://folio-content.example/again');
    const named = { hostSuffixes: ['folio-content.example'] };
    expect((await failure(download(named))).message).toContain('too many redirects');
    expect(seen).toHaveLength(5);
    handler = (_request, response) => void response.writeHead(403).end('expired');
    const error = await failure(egress.fetchLink('https://folio-content.example/a', true, receiving(named)));
    expect(error.message).toBe(`${new URL('https://folio-content.example').host} answered 403 instead of the file`);
  });
});
