import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiRequest, type Connector, type Credential, type FilesUpload, get, type Mail } from '@grantway/connector-kit';
import { folio } from '@grantway/connector-kit/testing';
import { Secret } from '@grantway/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress, type DownloadOptions, type Egress, type EgressError, type OutboundFile } from './index.ts';

const token = 'made-up-access-token';
const credential = new Secret<Credential>({ kind: 'bearer', fields: { token } });
const target = { connector: folio as Connector, fields: {}, sandbox: true };
const handles = [0, 1, 2].map((n) => `file_01k0000000000000000000000${n}`);

let server: Server;
let egress: Egress;
let handler: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
let seen: IncomingMessage['headers'][] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.headers);
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
const failure = (work: Promise<unknown>): Promise<EgressError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
const bytesOf = (size: number, seed = 7) => Buffer.from(Array.from({ length: size }, (_, i) => (i * seed) % 253));

describe('several files in one request', () => {
  let open = 0;
  let most = 0;
  const fileOf = (bytes: Buffer, more: Partial<OutboundFile> = {}): OutboundFile => ({
    name: 'report.pdf',
    contentType: 'application/pdf',
    size: bytes.length,
    open: async () => {
      open += 1;
      most = Math.max(most, open);
      return (async function* () {
        for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
        open -= 1;
      })();
    },
    ...more,
  });
  let body: Buffer;
  beforeEach(() => {
    [open, most] = [0, 0];
    handler = async (request, response) => {
      body = await whole(request);
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
    };
  });
  const send = (as: FilesUpload['as'], files: OutboundFile[], more: Partial<ApiRequest> = {}) =>
    egress.call(
      target,
      { method: 'POST', path: '/v1/letters', upload: { files: handles.slice(0, files.length), as }, ...more },
      credential,
      {
        file: files,
      },
    );
  const mail: Mail = { headers: ['To: jon@acme.example', 'Subject: One\r\n two'], text: 'Grüße\nMira', contentType: 'text/html' };

  /** The parts of a message, each with its header fields unfolded. */
  const read = (message: string) => {
    const parts = (text: string) => {
      const at = text.indexOf('\r\n\r\n');
      return { head: text.slice(0, at).replaceAll('\r\n ', ' ').split('\r\n').filter(Boolean), text: text.slice(at + 4) };
    };
    const { head, text } = parts(message);
    const boundary = /boundary="([^"]+)"/.exec(head.join())?.[1];
    return {
      head,
      parts: text
        .split(`--${boundary}`)
        .slice(1, -1)
        .map((part) => parts(part.slice(2, -2))),
    };
  };

  it.each([0, 1, 2, 3, 56, 57, 58, 113, 114, 10_000])(
    'a file of %i bytes is attached to a message, with the length known before',
    async (size) => {
      const [one, two] = [bytesOf(size), bytesOf(5_000, 11)];
      await send({ mail }, [fileOf(one), fileOf(two, { name: 'notes.txt', contentType: 'text/plain' })]);
      expect(seen[0]).toMatchObject({
        'content-type': 'message/rfc822',
        'content-length': String(body.length),
        authorization: `Bearer ${token}`,
      });
      const { head, parts } = read(body.toString('latin1'));
      expect(head.slice(0, 3)).toEqual(['To: jon@acme.example', 'Subject: One two', 'MIME-Version: 1.0']);
      expect(parts[0]?.head).toEqual(['Content-Type: text/html; charset=UTF-8', 'Content-Transfer-Encoding: base64']);
      expect(Buffer.from(parts[0]?.text ?? '', 'base64').toString()).toBe('Grüße\r\nMira');
      expect(parts.slice(1).map((part) => part.head)).toEqual([
        ['Content-Type: application/pdf', 'Content-Disposition: attachment; filename="report.pdf"', 'Content-Transfer-Encoding: base64'],
        ['Content-Type: text/plain', 'Content-Disposition: attachment; filename="notes.txt"', 'Content-Transfer-Encoding: base64'],
      ]);
      expect(parts.slice(1).map((part) => Buffer.from(part.text, 'base64').toString('hex'))).toEqual([
        one.toString('hex'),
        two.toString('hex'),
      ]);
      for (const line of body.toString('latin1').split('\r\n')) expect(line.length).toBeLessThan(200);
      for (const line of parts[2]?.text.split('\r\n').slice(0, -1) ?? []) expect(line).toHaveLength(76);
      expect([open, most]).toEqual([0, 1]);
    },
  );

  it('a message stands behind a document about it, where there is one', async () => {
    await send({ mail }, [fileOf(bytesOf(100))], { json: { threadId: 't1' } });
    const boundary = /^multipart\/related; boundary=(\S+)$/.exec(String(seen[0]?.['content-type']))?.[1];
    const [, about = '', message = ''] = body.toString('latin1').split(`--${boundary}`);
    expect(about).toBe('\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{"threadId":"t1"}\r\n');
    expect(message.startsWith('\r\ncontent-type: message/rfc822\r\n\r\nTo: jon@acme.example\r\n')).toBe(true);
    expect(seen[0]?.['content-length']).toBe(String(body.length));
  });

  it.each([
    ['Bericht für Mira.pdf', "filename*0*=UTF-8''Bericht%20f%C3%BCr%20Mir; filename*1*=a.pdf"],
    ['ü.pdf', "filename*=UTF-8''%C3%BC.pdf"],
    ["it's (1)!.pdf", `filename="it's (1)!.pdf"`],
    ['a\\"b', 'filename="a\\\\\\"b"'],
  ])('a file named %s is called so', async (name, said) => {
    await send({ mail }, [fileOf(bytesOf(3), { name })]);
    expect(read(body.toString('latin1')).parts[1]?.head[1]).toBe(`Content-Disposition: attachment; ${said}`);
  });

  it('a long name is cut into lines of RFC 2231 and reads back whole', async () => {
    const name = `${'📈ü '.repeat(49)}.pdf`;
    await send({ mail }, [fileOf(bytesOf(3), { name })]);
    const field = read(body.toString('latin1')).parts[1]?.head[1] ?? '';
    const parts = [...field.matchAll(/filename\*(\d+)\*=([^;]*)/g)].sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , part]) => part);
    expect(decodeURIComponent(parts.join('').replace(/^UTF-8''/, ''))).toBe(name);
    for (const line of body.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
  });

  it.each([
    ['a name with a line break', { name: 'a\r\nBcc: evil@evil.example' }, {}],
    ['a name with U+0085', { name: 'a\u0085b' }, {}],
    ['a type with a line break', { contentType: 'text/plain\r\nBcc: evil@evil.example' }, {}],
    ['a header with a line break', {}, { headers: ['To: a@b.example\r\nBcc: evil@evil.example'] }],
    ['a header that is none', {}, { headers: ['evil'] }],
    ['a header that is not ASCII', {}, { headers: ['Subject: ü'] }],
    ['a header about the parts', {}, { headers: ['Content-Type: text/html'] }],
    ['a line that is too long', {}, { headers: [`Subject: ${'x'.repeat(1_000)}`] }],
    ['a text of another kind', {}, { contentType: 'text/plain; x\r\ny' }],
  ])('%s is refused before anything is sent', async (_, file, more) => {
    const error = await failure(send({ mail: { ...mail, ...(more as Partial<Mail>) } }, [fileOf(bytesOf(3), file)]));
    expect([error.kind, error.sent]).toEqual(['invalid', false]);
    expect(seen).toEqual([]);
  });

  it('stand as base64 where a document has places for them, whatever their order', async () => {
    const files = [fileOf(bytesOf(4)), fileOf(bytesOf(5)), fileOf(bytesOf(6))];
    const json = { last: { bytes: '' }, list: [{ n: 'ü', bytes: '' }, { bytes: '' }] };
    await send({ base64: ['/list/0/bytes', '/list/1/bytes', '/last/bytes'] }, files, { json });
    expect(JSON.parse(body.toString())).toEqual({
      last: { bytes: bytesOf(6).toString('base64') },
      list: [{ n: 'ü', bytes: bytesOf(4).toString('base64') }, { bytes: bytesOf(5).toString('base64') }],
    });
    expect(seen[0]?.['content-length']).toBe(String(body.length));
    for (const wrong of [
      ['/list/0/bytes', '/list/1/bytes', '/list/0/bytes'],
      ['/list/0/bytes', '/list/0/n', '/last/bytes'],
    ])
      expect((await failure(send({ base64: wrong }, files, { json }))).kind).toBe('invalid');
  });

  it('another number of files than the request names is refused', async () => {
    const upload = { files: handles.slice(0, 2), as: { mail } };
    const error = await failure(egress.call(target, { method: 'POST', path: '/x', upload }, credential, { file: [fileOf(bytesOf(1))] }));
    expect([error.kind, error.sent, seen.length]).toEqual(['invalid', false, 0]);
  });
});

describe('a file that is text in an answer', () => {
  const bytes = bytesOf(100_000);
  const download = (
    pointer: string,
    encoding: 'base64' | 'base64url',
    more: Partial<DownloadOptions<{ bytes: Buffer; rest: unknown }>> = {},
  ) =>
    egress.download(target, get('/v1/attachment'), credential, {
      timeoutMs: 2_000,
      totalMs: 5_000,
      maxFileBytes: 1_000_000,
      inJson: { pointer, encoding },
      receive: async (_head, stream, rest) => ({ bytes: await whole(stream), rest: rest() }),
      ...more,
    });
  /** In pieces of a size, so that everything is cut somewhere. */
  const answers = (document: string, size = 65_536) => {
    handler = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const all = Buffer.from(document);
      for (let at = 0; at < all.length; at += size) {
        response.write(all.subarray(at, at + size));
        if (size < 100) await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
  };

  it.each([
    ['base64url without padding', 'base64url', bytes.subarray(0, 99_998).toString('base64url')],
    ['base64url with padding', 'base64url', `${bytes.subarray(0, 99_998).toString('base64url')}=`],
    ['base64', 'base64', bytes.subarray(0, 99_998).toString('base64')],
    ['base64 with escapes', 'base64', bytes.subarray(0, 99_998).toString('base64').replaceAll('+', '\\u002B').replaceAll('/', '\\/')],
  ] as const)('is decoded from %s, and what stands around it is read', async (_, encoding, text) => {
    answers(`{"size":99998,"data":"${text}","name":"a \\"b\\".pdf"}`);
    const { received, body } = await download('/data', encoding);
    expect(received?.bytes.equals(bytes.subarray(0, 99_998))).toBe(true);
    expect(received?.rest).toEqual({ size: 99_998, data: '', name: 'a "b".pdf' });
    expect(body).toEqual(received?.rest);
  });

  it.each([1, 2, 3, 5, 7])('is found wherever it stands, in pieces of %i bytes', async (size) => {
    const data = Buffer.from('hello, Ü').toString('base64');
    const escaped = data.replaceAll('/', '\\/').replace('a', '\\u0061');
    answers(` {"a":[{"data":"no"},[1,{"\\u0064ata":"${escaped}","x":{"data":"{\\"}"}}],"data"],"data":"no","b":[[],{},"]}"]}`, size);
    const { received } = await download('/a/1/1/data', 'base64');
    expect(received?.bytes.toString()).toBe('hello, Ü');
    expect(received?.rest).toEqual({ a: [{ data: 'no' }, [1, { data: '', x: { data: '{"}' } }], 'data'], data: 'no', b: [[], {}, ']}'] });
  });

  it('that is empty is a file of no bytes', async () => {
    answers('{"data":""}');
    expect((await download('/data', 'base64url')).received?.bytes).toHaveLength(0);
  });

  it.each([
    ['the other alphabet', '{"data":"-_-_"}', 'base64'],
    ['the other alphabet', '{"data":"+/+/"}', 'base64url'],
    ['a line break', '{"data":"aGVs\\r\\nbG8="}', 'base64'],
    ['a length that no bytes have', '{"data":"aGVsbG8aa"}', 'base64'],
    ['something behind the padding', '{"data":"aGVsbA==aGVsbA=="}', 'base64'],
    ['too much padding', '{"data":"aGVs===="}', 'base64'],
    ['padding alone', '{"data":"="}', 'base64'],
    ['another text', '{"data":"not base64!"}', 'base64'],
    ['no text', '{"data":7}', 'base64'],
    ['no such member', '{"size":3}', 'base64'],
    ['two of them', '{"data":"aGVs","data":"aGVs"}', 'base64'],
    ['a document that breaks off', '{"data":"aGVs"', 'base64'],
    ['a document that breaks off within', '{"data":"aGVs', 'base64'],
    ['a document that is none', '{"data":"aGVs" "x"}', 'base64'],
    ['a page', '<!doctype html><title>Sign in</title>', 'base64'],
    ['nothing', '', 'base64'],
    ['too deep a document', `{"a":${'['.repeat(300)}${']'.repeat(300)},"data":"aGVs"}`, 'base64'],
    ['too much beside the file', `{"a":"${'x'.repeat(300_000)}","data":"aGVs"}`, 'base64'],
  ] as const)('with %s is no file: %s', async (_, document, encoding) => {
    answers(document);
    const error = await failure(download('/data', encoding));
    expect(error.kind).toBe('invalid');
  });

  it('that is larger than allowed ends where it is', async () => {
    answers(`{"data":"${bytesOf(20_001).toString('base64')}"}`);
    expect((await failure(download('/data', 'base64', { maxFileBytes: 20_000 }))).kind).toBe('too_large');
    answers(`{"data":"${bytesOf(20_000).toString('base64')}"}`);
    expect((await download('/data', 'base64', { maxFileBytes: 20_000 })).received?.bytes).toHaveLength(20_000);
  });

  it('an endless answer ends too', async () => {
    handler = (_request, response) => {
      response.on('error', () => {});
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":"');
      const more = () => {
        while (!response.destroyed && response.write('aGVs'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect((await failure(download('/data', 'base64'))).kind).toBe('too_large');
  });

  it('that holds the credential is not handed out, nor is one that stands beside it', async () => {
    answers(`{"data":"${Buffer.from(`xx ${token} yy`).toString('base64url')}"}`);
    expect((await failure(download('/data', 'base64url'))).kind).toBe('invalid');
    answers(`{"data":"aGVs","name":"${token}"}`);
    expect(JSON.stringify((await download('/data', 'base64url')).received?.rest)).not.toContain(token);
  });

  it('a refusal is an answer', async () => {
    handler = (_request, response) => void response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"none"}');
    expect(await download('/data', 'base64')).toMatchObject({ status: 404, body: { error: 'none' } });
  });

  it('waits for whoever takes it: memory holds a few pieces', async () => {
    const size = 32 * 1_048_576;
    let given = 0;
    handler = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":"');
      for (const piece = Buffer.from('aGVs'.repeat(16_384)); given < size; given += piece.length) {
        if (!response.write(piece)) await once(response, 'drain');
      }
      response.end('"}');
    };
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let taken = 0;
    const answer = download('/data', 'base64', {
      maxFileBytes: size,
      totalMs: 60_000,
      timeoutMs: 60_000,
      receive: async (_head, stream) => {
        await held;
        for await (const some of stream) taken += some.length;
        return { bytes: Buffer.alloc(0), rest: undefined };
      },
    });
    for (let last = -1; given !== last || given === 0; ) {
      last = given;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(given).toBeLessThan(size / 2);
    go();
    await answer;
    expect(taken).toBe((size / 4) * 3);
  });
});
