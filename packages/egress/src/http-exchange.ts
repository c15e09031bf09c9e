import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Dispatcher, errors } from 'undici';
import { EgressError } from './egress-error.ts';

export interface PreparedRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
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

/** One request and its whole answer. Follows nothing, repeats nothing. Throws EgressError only. */
export async function exchange(dispatcher: Dispatcher, request: PreparedRequest): Promise<OutboundResponse> {
  const raw = await transfer(dispatcher, request);
  return { ...raw, body: await decoded(raw, request.maxBytes) };
}

function transfer(dispatcher: Dispatcher, request: PreparedRequest): Promise<OutboundResponse> {
  const { url, timeoutMs, maxBytes } = request;
  return new Promise((resolve, reject) => {
    // undici calls onRequestStart right before it writes to an open connection, so until then no byte can have left.
    let sent = false;
    let settled = false;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let informational = 0;
    let headers: Record<string, string> = {};
    let size = 0;
    const chunks: Buffer[] = [];

    const fail = (error: EgressError) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      reject(error);
      controller?.abort(error);
    };
    const timer = setTimeout(() => fail(new EgressError('timeout', sent, `${url.host} did not answer within ${timeoutMs} ms`)), timeoutMs);

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(c) {
        controller = c;
        if (settled) c.abort(new Error('given up before it was sent'));
        else sent = true;
      },
      onResponseStart(_c, statusCode, received) {
        if (statusCode < 200) {
          informational += 1;
          if (informational > maxInformational) fail(new EgressError('invalid', true, `${url.host} sent too many interim answers`));
          return;
        }
        status = statusCode;
        headers = plainHeaders(received);
        if (request.method !== 'HEAD' && Number(headers['content-length']) > maxBytes) fail(tooLarge(url, maxBytes));
      },
      onResponseData(_c, chunk) {
        size += chunk.length;
        if (size > maxBytes) fail(tooLarge(url, maxBytes));
        else if (!settled) chunks.push(chunk);
      },
      onResponseEnd() {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        resolve({ status, headers, body: Buffer.concat(chunks) });
      },
      onResponseError(_c, error) {
        fail(explained(error, sent, url));
      },
    };

    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: request.body ?? null,
          headersTimeout: timeoutMs,
          bodyTimeout: Math.min(timeoutMs, idleTimeoutMs),
        },
        handler,
      );
    } catch (error) {
      fail(explained(error, sent, url));
    }
  });
}

export function plainHeaders(received: IncomingHttpHeaders): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) {
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

export function tooLarge(url: URL, maxBytes: number): EgressError {
  return new EgressError('too_large', true, `${url.host} answered more than ${maxBytes} bytes`);
}

export function explained(error: unknown, sent: boolean, url: URL): EgressError {
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
