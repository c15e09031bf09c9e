import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * One connection that is kept open and asked one thing at a time, as cheaply as HTTP/1.1 allows: the load shares two cores with
 * what is measured, and what it costs itself is missing there. It speaks to servers of the run only, and takes an answer for what
 * it says it is.
 */
export interface PlainClient {
  /** `head`: everything up to the length of the body, with its last line break. @throws Error where the connection ends before the answer */
  ask(head: string, body: string | undefined): Promise<PlainAnswer>;
  close(): void;
}

export interface PlainAnswer {
  status: number;
  body: Buffer;
}

/** Request line and headers, as `ask` wants them. */
export function headOf(method: string, path: string, host: string, headers: Record<string, string>): string {
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}`;
}

const headEnd = Buffer.from('\r\n\r\n');

export async function openPlainClient(url: URL): Promise<PlainClient> {
  const socket = await opened(url);
  let waiting: { resolve(answer: PlainAnswer): void; reject(error: Error): void } | undefined;
  let parts: Buffer[] = [];
  let ended: Error | undefined;
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    const answer = answerIn(parts.length === 1 ? chunk : joined());
    if (answer === undefined) return;
    parts = [];
    const { resolve } = waiting as NonNullable<typeof waiting>;
    waiting = undefined;
    resolve(answer);
  });
  socket.on('error', (error) => {
    ended = error;
  });
  socket.on('close', () => {
    ended ??= new Error('the connection was closed');
    waiting?.reject(ended);
  });
  // Joined once for each piece; a long answer comes in few of them.
  const joined = (): Buffer => {
    const all = Buffer.concat(parts);
    parts = [all];
    return all;
  };
  return {
    ask: (head, body) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        waiting = { resolve, reject };
        socket.write(body === undefined ? `${head}\r\n` : `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    close: () => socket.destroy(),
  };
}

async function opened(url: URL): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Undefined: not all of it is here yet. */
function answerIn(bytes: Buffer): PlainAnswer | undefined {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  const from = end + headEnd.length;
  if (length === undefined) {
    const body = chunksIn(bytes, from);
    return body && { status, body };
  }
  const to = from + Number(length);
  return bytes.length < to ? undefined : { status, body: bytes.subarray(from, to) };
}

/** RFC 9112 section 7.1, without trailers. */
function chunksIn(bytes: Buffer, from: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    at = end + 2;
    if (bytes.length < at + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}
