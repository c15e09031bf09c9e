import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { headOf, openPlainClient } from './plain-client.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** Answers each request with these pieces, one after the other has been sent; what was asked is kept. */
async function answering(reply: (socket: Socket) => Promise<unknown> | unknown): Promise<{ url: URL; asked: string[] }> {
  const asked: string[] = [];
  server = createServer({ noDelay: true }, (socket) =>
    socket.on('data', async (chunk) => {
      asked.push(chunk.toString());
      await reply(socket);
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), asked };
}
const inPieces = (pieces: readonly string[]) => async (socket: Socket) => {
  for (const piece of pieces) await new Promise<void>((sent) => void socket.write(piece, () => sent()));
};

const counted = 'HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello';
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';

it.each([
  ['with its length', [counted], 201],
  ['with its length, byte by byte', [...counted], 201],
  ['in chunks', [chunked], 200],
  ['in chunks, byte by byte', [...chunked], 200],
])('an answer %s is the same text, and the connection is used again', async (_, pieces, status) => {
  const { url, asked } = await answering(inPieces(pieces));
  const client = await openPlainClient(url);
  const head = headOf('POST', '/mcp', url.host, { accept: 'application/json' });
  for (const body of ['{"id":1}', 'ü']) {
    const answer = await client.ask(head, body);
    expect([answer.status, answer.body.toString()]).toEqual([status, 'hello']);
  }
  const common = `POST /mcp HTTP/1.1\r\nhost: ${url.host}\r\naccept: application/json\r\n`;
  expect(asked).toEqual([`${common}content-length: 8\r\n\r\n{"id":1}`, `${common}content-length: 2\r\n\r\nü`]);
  client.close();
});

it('a connection that ends before the answer is an error, and so is what is asked afterwards', async () => {
  const { url } = await answering((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel'));
  const client = await openPlainClient(url);
  const head = headOf('GET', '/', url.host, {});
  await expect(client.ask(head, undefined)).rejects.toThrow('closed');
  await expect(client.ask(head, undefined)).rejects.toThrow('closed');
});
