import type { Socket } from 'node:net';
import { type buildConnector, errors } from 'undici';
import { AnswerReader } from './http1-answer.ts';

/** One request, of parts that were checked: it is written as it is. */
export interface Http1Request {
  method: string;
  /** `http://` or `https://`, host, and the port where it is not the scheme's own. */
  origin: string;
  host: string;
  /** With the query. */
  path: string;
  /** Name, value, name, value; without those of host, connection and length. */
  headers: readonly string[];
  body: string | undefined;
  /** How long nothing of the body may come. */
  bodyTimeoutMs: number;
}

export interface Http1Controller {
  /** Gives up; nothing is told any more. */
  abort(reason: Error): void;
}

/** Told of one exchange, by the names that undici has for the same. */
export interface Http1Handler {
  /** Right before it is written to an open connection. */
  onRequestStart(controller: Http1Controller): void;
  /** Also of interim answers (1xx). */
  onResponseStart(controller: Http1Controller, status: number, headers: Record<string, string>): void;
  onResponseData(controller: Http1Controller, chunk: Buffer): void;
  onResponseEnd(): void;
  /** `controller` is undefined where nothing was sent. */
  onResponseError(controller: Http1Controller | undefined, error: Error): void;
}

export interface Http1Options {
  connect: buildConnector.connector;
  /** To one origin; more requests wait their turn. */
  connections: number;
  maxHeaderBytes: number;
}

interface Waiting {
  request: Http1Request;
  handler: Http1Handler;
}

const writable = /^\/[\x21-\x7e]*$/;

/** How often connections are looked for that have rested long enough. */
const sweepMs = 1_000;

/**
 * A client for HTTP/1.1 that does what calls of connectors need and nothing else: a text or nothing is sent, one request is on its
 * way on a connection, nothing is repeated and nothing followed. It is on the way of nearly every call (what that saves is in the
 * README); whatever else there is (files, streams, webhooks) stays with undici.
 *
 * An answer can only be that to the request before it: a connection is used again when its answer has ended without doubt, a turn of the event loop
 * later, in which bytes that nobody asked for, or its end, would have been met. Either closes it.
 */
export class Http1Client {
  readonly options: Http1Options;
  readonly #origins = new Map<string, Origin>();
  #resting: Line[] = [];
  #rested: Line[] = [];
  #sweeping: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: Http1Options) {
    this.options = options;
  }

  /** Origins with a connection, or with somebody who waits for one. */
  get size(): number {
    return this.#origins.size;
  }

  send(request: Http1Request, handler: Http1Handler): void {
    if (this.#isClosed) {
      handler.onResponseError(undefined, new errors.ClientDestroyedError());
      return;
    }
    // The one part that is made of what callers say. Whatever was overlooked elsewhere, no path becomes a second request.
    if (!writable.test(request.path)) {
      handler.onResponseError(undefined, new errors.InvalidArgumentError('a path that cannot be sent'));
      return;
    }
    let origin = this.#origins.get(request.origin);
    if (origin === undefined) {
      origin = new Origin(this, request.origin);
      this.#origins.set(request.origin, origin);
    }
    origin.send({ request, handler });
  }

  /**
   * Used again after a whole turn of the event loop. An immediate runs before anything else is received, so that it takes two of them to have
   * asked the system once more what came on the connection.
   */
  rest(line: Line): void {
    this.#resting.push(line);
    if (this.#resting.length === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#rested.push(...this.#resting.splice(0));
    setImmediate(this.#wake);
  };

  readonly #wake = (): void => {
    const now = performance.now();
    for (const line of this.#rested.splice(0)) line.origin.take(line, now);
    if (!this.#isClosed) this.#sweeping ??= setInterval(this.#sweep, sweepMs).unref();
  };

  readonly #sweep = (): void => {
    const now = performance.now();
    for (const origin of this.#origins.values()) origin.sweep(now);
    if (this.#origins.size === 0) this.#stopSweeping();
  };

  #stopSweeping(): void {
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }

  forget(origin: string): void {
    this.#origins.delete(origin);
  }

  /** Closes every connection; requests that are under way or wait for one fail. */
  destroy(): void {
    this.#isClosed = true;
    this.#stopSweeping();
    for (const origin of this.#origins.values()) origin.destroy();
  }
}

/** The connections to one. */
class Origin {
  readonly client: Http1Client;
  readonly #name: string;
  readonly #to: buildConnector.Options;
  readonly #lines = new Set<Line>();
  /** The one that rested last is last. */
  readonly #idle: Line[] = [];
  readonly #waiting: Waiting[] = [];
  #opening = 0;
  #isClosed = false;

  constructor(client: Http1Client, name: string) {
    const { protocol, host, hostname, port } = new URL(name);
    this.client = client;
    this.#name = name;
    this.#to = { protocol, host, hostname, port };
  }

  send(asked: Waiting): void {
    const now = performance.now();
    for (let line = this.#idle.pop(); line !== undefined; line = this.#idle.pop()) {
      if (!line.isUsable(now)) line.end();
      else {
        if (!line.begin(asked)) this.#keep(line);
        return;
      }
    }
    this.#waiting.push(asked);
    this.#open();
  }

  /** A connection for somebody who waits, where one more may be. */
  #open(): void {
    if (this.#isClosed) return;
    const { connect, connections, maxHeaderBytes } = this.client.options;
    if (this.#waiting.length <= this.#opening || this.#lines.size + this.#opening >= connections) return;
    this.#opening++;
    connect(this.#to, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      this.#opening--;
      if (error !== null) {
        this.#waiting.shift()?.handler.onResponseError(undefined, error);
        this.#open();
        this.#forgetIfUnused();
        return;
      }
      if (this.#isClosed) {
        socket?.destroy();
        return;
      }
      const line = new Line(this, socket as Socket, maxHeaderBytes);
      this.#lines.add(line);
      this.take(line, performance.now());
    });
  }

  /** For whoever waits longest, or until somebody asks. */
  take(line: Line, now: number): void {
    if (!line.isUsable(now)) {
      line.end();
      return;
    }
    for (let asked = this.#waiting.shift(); asked !== undefined; asked = this.#waiting.shift()) if (line.begin(asked)) return;
    this.#keep(line);
  }

  #keep(line: Line): void {
    line.unref();
    this.#idle.push(line);
  }

  closed(line: Line): void {
    this.#lines.delete(line);
    const at = this.#idle.indexOf(line);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#open();
    this.#forgetIfUnused();
  }

  #forgetIfUnused(): void {
    if (this.#lines.size === 0 && this.#opening === 0 && this.#waiting.length === 0) this.client.forget(this.#name);
  }

  sweep(now: number): void {
    for (const line of this.#idle.slice()) if (!line.isUsable(now)) line.end();
  }

  destroy(): void {
    this.#isClosed = true;
    for (const { handler } of this.#waiting.splice(0)) handler.onResponseError(undefined, new errors.ClientDestroyedError());
    for (const line of this.#lines) line.fail(new errors.ClientDestroyedError());
  }
}

/** One connection, with one exchange on it at most. */
class Line implements Http1Controller {
  readonly origin: Origin;
  readonly #socket: Socket;
  readonly #answer: AnswerReader;
  #handler: Http1Handler | undefined;
  #isWritten = false;
  #bodyTimeoutMs = 0;
  #silence: NodeJS.Timeout | undefined;
  #usableUntil = Number.POSITIVE_INFINITY;
  #error: Error | undefined;

  constructor(origin: Origin, socket: Socket, maxHeaderBytes: number) {
    this.origin = origin;
    this.#socket = socket;
    this.#answer = new AnswerReader(maxHeaderBytes);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
  }

  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable && this.#socket.readable;
  }

  /** Whether it was sent: who has given up meanwhile wants nothing any more. */
  begin({ request, handler }: Waiting): boolean {
    this.#handler = handler;
    this.#socket.ref();
    handler.onRequestStart(this);
    if (this.#handler === undefined) return false;
    this.#isWritten = true;
    this.#bodyTimeoutMs = request.bodyTimeoutMs;
    const { method, path, host, headers, body } = request;
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    const bytes = body === undefined ? 0 : Buffer.byteLength(body);
    // RFC 9110 section 8.6: a method that may have a body says that it has none.
    if (bytes > 0 || (method !== 'GET' && method !== 'DELETE')) head += `content-length: ${bytes}\r\n`;
    const socket = this.#socket;
    if (bytes === 0) socket.write(`${head}\r\n`, 'latin1');
    else if (bytes === (body as string).length) socket.write(`${head}\r\n${body}`, 'latin1');
    else {
      socket.cork();
      socket.write(`${head}\r\n`, 'latin1');
      socket.write(body as string, 'utf8');
      socket.uncork();
    }
    return true;
  }

  /** No process goes on for a connection that nobody uses. */
  unref(): void {
    this.#socket.unref();
  }

  /** Closes it, and tells nobody. */
  end(): void {
    this.#settle();
    this.#socket.destroy();
  }

  abort(): void {
    if (this.#isWritten) this.end();
    else this.#handler = undefined;
  }

  readonly #events = {
    head: (status: number, headers: Record<string, string>): boolean => {
      this.#handler?.onResponseStart(this, status, headers);
      return this.#handler !== undefined;
    },
    data: (chunk: Buffer): boolean => {
      this.#handler?.onResponseData(this, chunk);
      return this.#handler !== undefined;
    },
  };

  readonly #onData = (chunk: Buffer): void => {
    // Bytes that nobody asked for.
    if (this.#handler === undefined) {
      this.end();
      return;
    }
    let read: number;
    try {
      read = this.#answer.read(chunk, this.#events);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    if (this.#handler === undefined) return;
    if (read !== -1) this.#over(read === chunk.length);
    else if (!this.#answer.isInBody) return;
    else if (this.#silence === undefined) this.#silence = setTimeout(this.#onSilence, this.#bodyTimeoutMs);
    else this.#silence.refresh();
  };

  #over(isAlone: boolean): void {
    const handler = this.#handler as Http1Handler;
    this.#settle();
    // A request that was answered before it was written would be in the way of the next.
    const restMs = isAlone && this.#socket.writableLength === 0 ? this.#answer.reusableMs : 0;
    if (restMs === 0) this.end();
    else {
      this.#usableUntil = performance.now() + restMs;
      this.origin.client.rest(this);
    }
    handler.onResponseEnd();
  }

  #settle(): void {
    this.#handler = undefined;
    this.#isWritten = false;
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  fail(error: Error): void {
    const handler = this.#handler;
    this.#settle();
    this.#socket.destroy();
    handler?.onResponseError(this, error);
  }

  readonly #onSilence = (): void => {
    this.fail(new errors.BodyTimeoutError());
  };

  readonly #onEnd = (): void => {
    if (this.#handler !== undefined && this.#answer.ended()) this.#over(false);
    else this.fail(new errors.SocketError('other side closed'));
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
  };

  readonly #onClose = (): void => {
    this.fail(this.#error ?? new errors.SocketError('closed'));
    this.origin.closed(this);
  };
}
