import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of a request line and headers that are read here. */
const maxHeadBytes = 8_192;

/** One request that arrived whole, and nothing else with it. */
export interface WholeRequest {
  method: string;
  target: string;
  /** By their names in lower case; each was there once. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  socket: Socket;
}

export interface WholeAnswer {
  status: number;
  /** Lines, each with its end; those of length, date and connection are added. */
  headers: string;
  body: string;
}

/** Who answers some of them. */
export interface Taker {
  /** Whether the rest of this one is waited for, to be offered when it is whole. */
  expects(head: Omit<WholeRequest, 'body' | 'socket'>): boolean;
  /** For how long, before node:http waits for it. Default 100: many clients send the head by itself and the body right after it. */
  patienceMs?: number;
  /** Undefined: nothing was done, and node:http answers it. */
  take(request: WholeRequest): Taken | undefined;
}

/** A request that was taken. */
export interface Taken {
  /** Undefined: nothing was done after all, and node:http answers it. */
  answer: Promise<WholeAnswer | undefined>;
  /** Called once: its answer has left, or its connection is closed. */
  over(): void;
  /** The answer could not be made or sent; the connection is ended. */
  failed(error: unknown): void;
}

interface Head {
  method: string;
  target: string;
  headers: Record<string, string>;
  bodyAt: number;
  bodyBytes: number;
}

/**
 * The plainest form of HTTP/1.1, in which every reader sees the same: single spaces, CRLF, visible ASCII, no folded lines, nothing
 * empty. Each repetition ends at a character that cannot be part of it, so that the time is linear whatever is sent.
 */
const plainHead = /^[A-Z]{3,10} \/[\x21-\x7e]* HTTP\/1\.1\r\n(?:[A-Za-z][A-Za-z0-9-]*: ?[\x21-\x7e]+(?: +[\x21-\x7e]+)*\r\n){1,100}\r\n$/;
const plainLength = /^(?:0|[1-9]\d{0,9})$/;
/** Their requests end elsewhere than Content-Length says, or are not the last word of the connection's. */
const notPlain = new Set(['transfer-encoding', 'expect', 'upgrade', 'http2-settings', 'trailer', 'te', 'proxy-connection', 'keep-alive']);

/** As node:http says them; nobody has to be given one (RFC 9112 section 4). */
export const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  410: 'Gone',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Undefined for whatever is not as plain as can be: then nothing is known about it. */
export function readHead(chunk: Buffer, maxBytes: number): Head | undefined {
  const end = chunk.indexOf('\r\n\r\n', 0, 'latin1');
  if (end === -1 || end + 4 > maxBytes) return undefined;
  const bodyAt = end + 4;
  const text = chunk.toString('latin1', 0, bodyAt);
  if (!plainHead.test(text)) return undefined;
  const line = text.indexOf('\r\n');
  const space = text.indexOf(' ');
  const method = text.slice(0, space);
  const headers: Record<string, string> = {};
  for (let at = line + 2; at < end; ) {
    const colon = text.indexOf(':', at);
    const next = text.indexOf('\r\n', colon);
    const name = text.slice(at, colon).toLowerCase();
    // The first also for what every object has by itself.
    if (headers[name] !== undefined || notPlain.has(name)) return undefined;
    headers[name] = text.slice(text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1, next);
    at = next + 2;
  }
  const { host, connection, 'content-length': length } = headers;
  if (host === undefined || method === 'CONNECT' || (connection !== undefined && connection.toLowerCase() !== 'keep-alive'))
    return undefined;
  if (length !== undefined && !plainLength.test(length)) return undefined;
  return { method, target: text.slice(space + 1, line - 9), headers, bodyAt, bodyBytes: length === undefined ? 0 : Number(length) };
}

/**
 * Reads requests of the plainest form of HTTP, of which nothing is missing, from the connections themselves, and offers
 * them to `taker`. What is not taken, and all that is not of that form, is read by node:http, which gets every byte of it and none
 * of what was taken.
 *
 * Two readers on one connection are safe only where they agree on where a request ends, or one of them could be talked into
 * seeing a request in what the other holds for a body (RFC 9112 section 11.2). So a request is taken only at a place where nothing
 * is left unread by either, and only where no reader could doubt its end: one Content-Length of plain digits, no Transfer-Encoding
 * (section 6.3), no bare CR or LF, no folded line, no space before a colon (sections 2.2, 5.1, 5.2). node:http's bytes are
 * measured as well: a connection comes back from it when what it was given is one such request and it says that it read exactly
 * one; otherwise the connection stays with it for good.
 *
 * @returns what ends it: resolves when no answer is under way that node:http would cut off, believing its connection idle
 */
export function readWholeRequests(server: Server, taker: Taker): () => Promise<void> {
  const [listener] = server.listeners('connection') as ((socket: Socket) => void)[];
  // Not TLS, whose bytes are none to be read here, and not with limits that node:http keeps by counting or with each byte.
  if (listener === undefined || 'setSecureContext' in server || server.timeout > 0 || (server.maxRequestsPerSocket ?? 0) > 0) {
    return async () => {};
  }
  // Node's option, which its types do not know.
  const { maxHeaderSize = maxHeadBytes } = server as { maxHeaderSize?: number };
  const connections = new Map<Socket, Connection>();
  const maxHead = Math.min(maxHeadBytes, maxHeaderSize);
  const read: Reading = { server, listener, taker, connections, maxHead, closing: false, atRest: () => {} };
  server.removeListener('connection', listener);
  server.on('connection', (socket: Socket) => {
    if (read.closing) listener.call(server, socket);
    else read.connections.set(socket, new Connection(read, socket));
  });
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    read.connections.get(request.socket)?.handed(request, response);
  });
  // node:http closes the connections that it knows.
  const { closeIdleConnections, closeAllConnections } = server;
  server.closeIdleConnections = () => {
    for (const connection of read.connections.values()) connection.closeIfIdle();
    closeIdleConnections.call(server);
  };
  server.closeAllConnections = () => {
    for (const socket of read.connections.keys()) socket.destroy();
    closeAllConnections.call(server);
  };
  return async () => {
    read.closing = true;
    const isBusy = () => [...read.connections.values()].some((connection) => connection.looksIdle);
    while (isBusy()) {
      await new Promise<void>((resolve) => {
        read.atRest = resolve;
      });
    }
  };
}

interface Reading {
  server: Server;
  /** node:http's own, which takes a connection over. */
  listener(this: Server, socket: Socket): void;
  taker: Taker;
  connections: Map<Socket, Connection>;
  maxHead: number;
  closing: boolean;
  /** Told with every answer that is over. */
  atRest(): void;
}

interface Begun {
  head: Head;
  chunks: Buffer[];
  /** Bytes. */
  missing: number;
  impatience: NodeJS.Timeout;
}

type Feed = (this: Socket, chunk: Buffer) => void;

/** One connection, until it is closed or left to node:http for good. */
class Connection {
  readonly #read: Reading;
  readonly #socket: Socket;
  /** node:http's reader, once it was needed; from then on it watches over the connection. */
  #feed: Feed | undefined;
  /** Whether anything was received at all. */
  #isNew = true;
  /** What is answered here. */
  #taken: Taken | undefined;
  /** Arrived meanwhile. */
  #held: Buffer | undefined;
  /** What is here of a request whose rest is waited for. */
  #begun: Begun | undefined;
  /** With node:http: what its request still lacks, and what became of it. */
  #handed: { missing: number; requests: number; request?: IncomingMessage } | undefined;

  constructor(read: Reading, socket: Socket) {
    this.#read = read;
    this.#socket = socket;
    // As long as node:http would wait for a first request.
    const { headersTimeout, requestTimeout } = read.server;
    socket.setTimeout(Math.min(headersTimeout || requestTimeout, requestTimeout || headersTimeout));
    socket.on('data', this.#onData).on('close', this.#onClose);
    socket.on('end', this.#onEndMeanwhile).on('end', this.#onEnd).on('timeout', this.#onTimeout).on('error', this.#onError);
  }

  /** Whether node:http holds this connection for one without a request, though there is one. */
  get looksIdle(): boolean {
    return this.#feed !== undefined && (this.#taken !== undefined || this.#begun !== undefined);
  }

  closeIfIdle(): void {
    const isIdle = this.#taken === undefined && this.#begun === undefined && !this.#isNew;
    if (this.#feed === undefined && isIdle) this.#socket.destroy();
  }

  /** node:http read a request of this connection. */
  handed(request: IncomingMessage, response: ServerResponse): void {
    const handed = this.#handed;
    if (handed === undefined) return;
    handed.requests++;
    handed.request = request;
    response.once('close', () => {
      if (this.#handed === handed && handed.missing === 0) this.#handed = undefined;
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#isNew = false;
    const handed = this.#handed;
    if (this.#taken !== undefined) {
      // The rest waits where it is.
      this.#socket.pause();
      this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    } else if (this.#begun !== undefined) this.#continue(this.#begun, chunk);
    else if (handed !== undefined) {
      if (chunk.length > handed.missing) this.#leave(chunk);
      else {
        handed.missing -= chunk.length;
        this.#pass(chunk, handed.missing);
      }
    } else this.#begin(chunk);
  };

  #begin(chunk: Buffer): void {
    const { closing, maxHead, taker } = this.#read;
    const head = closing || !this.#socket.writable ? undefined : readHead(chunk, maxHead);
    const missing = head === undefined ? -1 : head.bodyAt + head.bodyBytes - chunk.length;
    if (head === undefined || missing < 0) {
      this.#leave(chunk);
      return;
    }
    if (missing > 0 && taker.expects(head)) {
      this.#begun = { head, chunks: [chunk], missing, impatience: setTimeout(this.#onImpatience, taker.patienceMs ?? 100) };
    } else if (missing > 0) this.#hand(chunk, missing);
    else this.#offer(head, chunk);
  }

  #continue(begun: Begun, chunk: Buffer): void {
    begun.chunks.push(chunk);
    begun.missing -= chunk.length;
    if (begun.missing > 0) return;
    const { head, missing } = begun;
    const bytes = this.#gathered();
    if (missing < 0 || this.#read.closing || !this.#socket.writable) this.#leave(bytes);
    else this.#offer(head, bytes);
  }

  #gathered(): Buffer {
    const { chunks, impatience } = this.#begun as Begun;
    clearTimeout(impatience);
    this.#begun = undefined;
    this.#read.atRest();
    return Buffer.concat(chunks);
  }

  readonly #onImpatience = (): void => {
    const missing = this.#begun?.missing as number;
    const bytes = this.#gathered();
    if (this.#read.closing) this.#leave(bytes);
    else this.#hand(bytes, missing);
  };

  /** Node:http is told of what is there, and then of the end. */
  readonly #onEndMeanwhile = (): void => {
    if (this.#begun === undefined) return;
    const socket = this.#socket;
    const told = new Set(socket.listeners('end'));
    this.#leave(this.#gathered());
    for (const listener of socket.listeners('end')) if (!told.has(listener)) listener.call(socket);
  };

  #offer({ method, target, headers, bodyAt }: Head, whole: Buffer): void {
    const taken = this.#read.taker.take({ method, target, headers, body: whole.subarray(bodyAt), socket: this.#socket });
    if (taken === undefined) this.#hand(whole, 0);
    else this.#answer(taken, whole);
  }

  #hand(chunk: Buffer, missing: number): void {
    this.#handed = { missing, requests: 0 };
    this.#pass(chunk, missing);
  }

  /** To node:http, which has to see in it what was seen here. */
  #pass(chunk: Buffer, missing: number): void {
    this.#feed ??= this.#openFeed();
    const handed = this.#handed;
    this.#feed.call(this.#socket, chunk);
    // It reads at once. A request that it holds for complete too early or too late is not the one that was measured.
    if (handed !== undefined && (handed.requests !== 1 || handed.request?.complete !== (missing === 0))) this.#leave();
  }

  #openFeed(): Feed {
    const { server, listener } = this.#read;
    const socket = this.#socket;
    socket.setTimeout(0);
    socket.off('end', this.#onEnd).off('timeout', this.#onTimeout).off('error', this.#onError);
    listener.call(server, socket);
    const feed = socket.listeners('data').find((other) => other !== this.#onData) as Feed;
    // Another listener than its own makes it wait for what listeners are told, where it would take bytes from below them.
    socket.on('data', this.#onData);
    socket.off('data', feed).off('data', this.#onData);
    return feed;
  }

  /** To node:http for good. */
  #leave(chunk?: Buffer): void {
    const { server, listener, connections } = this.#read;
    const socket = this.#socket;
    connections.delete(socket);
    socket.off('data', this.#onData).off('close', this.#onClose).off('end', this.#onEndMeanwhile);
    this.#handed = undefined;
    if (this.#feed !== undefined) socket.on('data', this.#feed);
    else {
      socket.setTimeout(0);
      socket.off('end', this.#onEnd).off('timeout', this.#onTimeout).off('error', this.#onError);
      listener.call(server, socket);
    }
    if (chunk !== undefined) socket.emit('data', chunk);
  }

  #answer(taken: Taken, whole: Buffer): void {
    this.#taken = taken;
    // Where it is not ours alone to say what the end of the idle time means.
    if (this.#feed !== undefined) this.#socket.setTimeout(0);
    const failed = (error: unknown) => {
      taken.failed(error);
      this.#socket.destroy();
    };
    taken.answer.then((answer) => {
      try {
        if (answer === undefined) this.#giveBack(whole);
        else this.#send(answer);
      } catch (error) {
        failed(error);
      }
    }, failed);
  }

  /** As if it had arrived now, and after it what has arrived meanwhile. */
  #giveBack(whole: Buffer): void {
    this.#over();
    if (!this.#socket.writable) return;
    this.#hand(whole, 0);
    this.#resume();
  }

  #resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const socket = this.#socket;
    socket.resume();
    if (this.#read.connections.has(socket)) this.#onData(held);
    else socket.emit('data', held);
  }

  #send({ status, headers, body }: WholeAnswer): void {
    const socket = this.#socket;
    // Whoever has gone, or has ended its side, gets no answer of node:http either.
    if (!socket.writable) return;
    const bytes = Buffer.byteLength(body);
    const { closing, server } = this.#read;
    const connection = closing ? 'close' : keepAlive(server);
    const lines = `${headers}content-length: ${bytes}\r\nDate: ${date()}\r\nConnection: ${connection}\r\n`;
    const head = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n${lines}\r\n`;
    // Its cheaper way where nothing has to be encoded.
    socket.write(head + body, bytes === body.length ? 'latin1' : 'utf8', this.#onSent);
    if (closing) socket.end();
  }

  /** The answer is with the system; not before that is anything else read. */
  readonly #onSent = (): void => {
    this.#over();
    const socket = this.#socket;
    if (!socket.writable) return;
    const { closing, server } = this.#read;
    if (closing) {
      socket.end();
      return;
    }
    const { keepAliveTimeout, keepAliveTimeoutBuffer } = server as Server & { keepAliveTimeoutBuffer?: number };
    const idleMs = keepAliveTimeout === 0 ? 0 : keepAliveTimeout + (keepAliveTimeoutBuffer ?? 0);
    // Each byte begins it anew.
    if (socket.timeout !== idleMs) socket.setTimeout(idleMs);
    this.#resume();
  };

  #over(): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    this.#taken = undefined;
    taken.over();
    this.#read.atRest();
  }

  readonly #onClose = (): void => {
    this.#read.connections.delete(this.#socket);
    if (this.#begun !== undefined) this.#gathered();
    this.#over();
  };

  /** As node:http, which ends its side as well. */
  readonly #onEnd = (): void => {
    this.#socket.end();
  };

  readonly #onError = (): void => {};

  readonly #onTimeout = (): void => {
    if (this.#taken !== undefined || this.#begun !== undefined) return;
    const { server } = this.#read;
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    if (!this.#isNew || !server.emit('clientError', late, this.#socket)) this.#socket.destroy();
  };
}

let dateText = '';
let dateUntil = 0;

/** The Date header's, which says seconds. */
function date(): string {
  const now = Date.now();
  // Clocks are put back, too.
  if (now >= dateUntil || now < dateUntil - 1000) {
    dateUntil = now - (now % 1000) + 1000;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}

function keepAlive({ keepAliveTimeout }: Server): string {
  return keepAliveTimeout === 0 ? 'keep-alive' : `keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}`;
}
