import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Dispatcher, errors } from 'undici';
import { EgressError } from './egress-error.ts';
import type { Http1Client, Http1Controller, Http1Handler } from './http1-client.ts';

/** Where a request goes, already judged. */
export interface Destination {
  origin: string;
  host: string;
  /** With the query. */
  path: string;
}

export interface PreparedRequest {
  method: string;
  to: Destination;
  /** By name, or name and value in turn. */
  headers: Record<string, string> | string[];
  body: string | Buffer | undefined;
  timeoutMs: number;
  maxBytes: number;
}

export interface OutboundResponse {
  status: number;
  /** Lower-case names; several values of one name joined by a comma; set-cookie dropped. */
  headers: Record<string, string>;
  body: Buffer;
}

const idleTimeoutMs = 15_000;
const maxInformational = 16;
const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** A request of parts that were checked, which are written as they are. */
export interface CheckedRequest extends PreparedRequest {
  headers: string[];
  body: string | undefined;
}

/** One request and its whole answer. Follows nothing, repeats nothing. Throws EgressError only. */
export function exchange(dispatcher: Dispatcher, request: PreparedRequest): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => new Dispatched(request, resolve, reject).dispatch(dispatcher));
}

/** As `exchange`. */
export function checkedExchange(client: Http1Client, request: CheckedRequest): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => {
    const { method, to, headers, body, timeoutMs } = request;
    const { origin, host, path } = to;
    const bodyTimeoutMs = Math.min(timeoutMs, idleTimeoutMs);
    client.send({ method, origin, host, path, headers, body, bodyTimeoutMs }, new Transfer(request, resolve, reject));
  });
}

/** An object instead of closures, since there is one for every call. */
class Transfer implements Http1Handler {
  readonly request: PreparedRequest;
  readonly #resolve: (response: OutboundResponse | Promise<OutboundResponse>) => void;
  readonly #reject: (error: EgressError) => void;
  readonly #timer: NodeJS.Timeout;
  /** Told of right before something is written to an open connection, so that until then no byte can have left. */
  #sent = false;
  #settled = false;
  #controller: Http1Controller | undefined;
  #status = 0;
  #informational = 0;
  #headers: Record<string, string> = {};
  #size = 0;
  #chunks: Buffer[] = [];

  constructor(
    request: PreparedRequest,
    resolve: (response: OutboundResponse | Promise<OutboundResponse>) => void,
    reject: (error: EgressError) => void,
  ) {
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(Transfer.#isLate, request.timeoutMs, this);
  }

  onRequestStart(controller: Http1Controller): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error('given up before it was sent'));
    else this.#sent = true;
  }

  onResponseStart(_controller: Http1Controller, status: number, headers: Record<string, string>): void {
    const { to, method, maxBytes } = this.request;
    if (status < 200) {
      this.#informational += 1;
      if (this.#informational > maxInformational) this.#fail(new EgressError('invalid', true, `${to.host} sent too many interim answers`));
      return;
    }
    this.#status = status;
    this.#headers = headers;
    if (method !== 'HEAD' && Number(this.#headers['content-length']) > maxBytes) this.#fail(tooLarge(to, maxBytes));
  }

  onResponseData(_controller: Http1Controller, chunk: Buffer): void {
    const { to, maxBytes } = this.request;
    this.#size += chunk.length;
    if (this.#size > maxBytes) this.#fail(tooLarge(to, maxBytes));
    else if (!this.#settled) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settle();
    const chunks = this.#chunks;
    const raw = { status: this.#status, headers: this.#headers, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) };
    if (raw.headers['content-encoding'] === undefined) this.#resolve(raw);
    else this.#resolve(decoded(raw, this.request.maxBytes).then((body) => ({ ...raw, body })));
  }

  onResponseError(_controller: Http1Controller | undefined, error: Error): void {
    this.#fail(explained(error, this.#sent, this.request.to));
  }

  static #isLate(transfer: Transfer): void {
    const { to, timeoutMs } = transfer.request;
    transfer.#fail(new EgressError('timeout', transfer.#sent, `${to.host} did not answer within ${timeoutMs} ms`));
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
  }

  #fail(error: EgressError): void {
    if (this.#settled) return;
    this.#settle();
    this.#reject(error);
    this.#controller?.abort(error);
  }
}

/** By way of undici. */
class Dispatched extends Transfer implements Dispatcher.DispatchHandler {
  dispatch(dispatcher: Dispatcher): void {
    const { to, method, headers, body, timeoutMs } = this.request;
    try {
      dispatcher.dispatch(
        {
          origin: to.origin,
          path: to.path,
          method: method as Dispatcher.HttpMethod,
          headers,
          body: body ?? null,
          // The time of the whole exchange is watched here.
          headersTimeout: 0,
          bodyTimeout: Math.min(timeoutMs, idleTimeoutMs),
        },
        this,
      );
    } catch (error) {
      this.onResponseError(undefined, error as Error);
    }
  }

  override onResponseStart(controller: Dispatcher.DispatchController, status: number, received: IncomingHttpHeaders): void {
    super.onResponseStart(controller, status, plainHeaders(received));
  }
}

export function plainHeaders(received: IncomingHttpHeaders): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of Object.keys(received)) {
    const value = received[name];
    const key = name.toLowerCase();
    if (value === undefined || key === 'set-cookie' || key === '__proto__') continue;
    out[key] = Array.isArray(value) ? value.join(', ') : value;
  }
  return out;
}

export async function decoded(response: OutboundResponse, maxBytes: number): Promise<Buffer> {
  const { body, headers } = response;
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (body.length === 0 || coding === '' || coding === 'identity') return body;
  // Codings stacked on one another are refused: nobody asked for them, and each layer multiplies.
  if (!(coding in decoders)) throw new EgressError('invalid', true, 'the answer has a content coding that was not asked for');
  try {
    return await decoders[coding as keyof typeof decoders](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new EgressError('too_large', true, `the answer is larger than ${maxBytes} bytes`);
    }
    throw new EgressError('invalid', true, 'the answer could not be decompressed', error);
  }
}

export function tooLarge(url: { host: string }, maxBytes: number): EgressError {
  return new EgressError('too_large', true, `${url.host} answered more than ${maxBytes} bytes`);
}

export function explained(error: unknown, sent: boolean, url: { host: string }): EgressError {
  if (error instanceof EgressError) return error;
  const kindAndWords = (): [EgressError['kind'], string] => {
    if (error instanceof errors.ConnectTimeoutError) return ['timeout', 'could not be connected to in time'];
    if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) return ['timeout', 'stopped answering'];
    if (error instanceof errors.InvalidArgumentError) return ['invalid', 'was not sent a valid request'];
    if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError)
      return ['invalid', 'did not answer in HTTP'];
    if (!sent) return ['unreachable', 'could not be reached'];
    return ['reset', 'closed the connection'];
  };
  const [kind, words] = kindAndWords();
  return new EgressError(kind, sent, `${url.host} ${words}`, error);
}
