import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { EgressError } from './egress-error.ts';
import type { StreamedBody } from './file-body.ts';
import { decoded, explained, type OutboundResponse, plainHeaders, tooLarge } from './http-exchange.ts';
import { scrubResponse, spellings } from './scrub.ts';

export interface FileHead {
  status: number;
  headers: Record<string, string>;
}

export interface FileRequest<T> {
  method: string;
  url: URL;
  headers: Record<string, string>;
  /** What is sent: made while it leaves, or at hand. */
  body: StreamedBody | string | Buffer | undefined;
  /** How long nothing may move. */
  idleMs: number;
  /** From the first byte sent to the last one received. */
  totalMs: number;
  /** Of an answer that is read as a whole. */
  maxBytes: number;
  /** Where a good answer is a file: who takes its bytes. Whatever he throws ends the exchange and is passed on. */
  receive?: ((head: FileHead, bytes: AsyncIterable<Buffer>) => Promise<T>) | undefined;
  maxFileBytes: number;
  /** Where the answer only holds the file: the file in it, and what bounds the answer. */
  unwrap?: { file(answer: AsyncIterable<Buffer>): AsyncIterable<Buffer>; maxBytes: number } | undefined;
  /** Values that must not come back: a file that holds one is not given out. */
  secrets: string[];
}

/**
 * One request with a file on its way, out or in; memory holds a few pieces of it at a time. Follows nothing, repeats nothing.
 * Throws EgressError, or what `receive` threw.
 */
export function fileExchange<T>(dispatcher: Dispatcher, request: FileRequest<T>): Promise<OutboundResponse & { received?: T }> {
  const { url, idleMs, totalMs, maxBytes, secrets, unwrap } = request;
  const maxFileBytes = unwrap?.maxBytes ?? request.maxFileBytes;
  return new Promise((resolve, reject) => {
    // As in `exchange`: until undici calls onRequestStart no byte can have left.
    let sent = false;
    let settled = false;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: Record<string, string> = {};
    let size = 0;
    const chunks: Buffer[] = [];
    let file: Readable | undefined;
    let received: Promise<T> | undefined;
    const startedMs = performance.now();
    let lastMoveMs = startedMs;
    const moved = () => {
      lastMoveMs = performance.now();
    };

    const settle = () => {
      settled = true;
      clearInterval(timer);
    };
    const fail = (error: unknown) => {
      if (settled) return;
      settle();
      // Whoever takes the bytes is done before the caller hears of it: nothing may be half stored then.
      const told = () => reject(error);
      file?.destroy(error as Error);
      controller?.abort(error as Error);
      if (received === undefined) told();
      else received.then(told, told);
    };
    const timer = setInterval(
      () => {
        const now = performance.now();
        // What waits here waits for us, not for the other side.
        if (file !== undefined && file.readableLength > 0) lastMoveMs = now;
        if (now - startedMs > totalMs) fail(new EgressError('timeout', sent, `${url.host} took longer than ${totalMs} ms`));
        else if (now - lastMoveMs > idleMs)
          fail(new EgressError('timeout', sent, `nothing moved between us and ${url.host} for ${idleMs} ms`));
      },
      Math.max(20, Math.min(1000, idleMs / 10)),
    );

    const begin = (take: NonNullable<typeof request.receive>) => {
      const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
      if (coding !== 'identity') return fail(new EgressError('invalid', true, `${url.host} compressed a file unasked`));
      if (Number(headers['content-length']) > maxFileBytes) return fail(tooLarge(url, maxFileBytes));
      file = new Readable({ highWaterMark: 262_144, read: () => controller?.resume() });
      // Its error is told by `fail`.
      file.on('error', () => {});
      const clean = scrubResponse({ status, headers, body: Buffer.alloc(0) }, secrets);
      received = take({ status, headers: clean.headers }, withoutSecrets(unwrap?.file(file) ?? file, secrets, url));
      received.catch(fail);
    };

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(c) {
        controller = c;
        if (settled) c.abort(new Error('given up before it was sent'));
        else sent = true;
      },
      onResponseStart(_c, statusCode, raw) {
        if (statusCode < 200) return;
        moved();
        status = statusCode;
        headers = plainHeaders(raw);
        if (request.receive !== undefined && status < 300) begin(request.receive);
        else if (Number(headers['content-length']) > maxBytes) fail(tooLarge(url, maxBytes));
      },
      onResponseData(c, chunk) {
        if (settled) return;
        moved();
        size += chunk.length;
        if (size > (file === undefined ? maxBytes : maxFileBytes)) return fail(tooLarge(url, file === undefined ? maxBytes : maxFileBytes));
        if (file === undefined) return void chunks.push(chunk);
        if (!file.push(chunk)) c.pause();
      },
      onResponseEnd() {
        if (settled) return;
        if (file !== undefined && received !== undefined) {
          file.push(null);
          received.then((value) => {
            if (settled) return;
            settle();
            resolve({ status, headers, body: Buffer.alloc(0), received: value });
          }, fail);
          return;
        }
        settle();
        const raw = { status, headers, body: Buffer.concat(chunks) };
        decoded(raw, maxBytes).then((body) => resolve({ ...raw, body }), reject);
      },
      onResponseError(_c, error) {
        fail(explained(error, sent, url));
      },
    };

    const { body } = request;
    const streamed = typeof body === 'object' && 'bytes' in body ? body : undefined;
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method as Dispatcher.HttpMethod,
          headers: streamed === undefined ? request.headers : { ...request.headers, 'content-length': String(streamed.length) },
          body:
            streamed === undefined
              ? ((body as string | Buffer | undefined) ?? null)
              : Readable.from(watched(streamed, moved, fail), { objectMode: false, highWaterMark: 262_144 }),
          headersTimeout: totalMs,
          bodyTimeout: totalMs,
        },
        handler,
      );
    } catch (error) {
      fail(explained(error, sent, url));
    }
  });
}

/** Tells of every piece that is asked for; where the source itself fails, that is the failure and not what the connection makes of it. */
async function* watched(body: StreamedBody, moved: () => void, fail: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body.bytes()) {
      moved();
      yield piece;
      moved();
    }
  } catch (error) {
    fail(error);
    throw error;
  }
}

/** The same bytes, as long as no spelling of the secrets is among them; a spelling that begins in one piece and ends in the next is found too. */
async function* withoutSecrets(file: AsyncIterable<Buffer>, secrets: string[], url: URL): AsyncGenerator<Buffer> {
  const patterns = spellings(secrets).map((text) => Buffer.from(text, 'utf8'));
  const reach = Math.max(0, ...patterns.map(({ length }) => length - 1));
  let held = Buffer.alloc(0);
  for await (const chunk of file) {
    if (reach === 0) {
      yield chunk;
      continue;
    }
    const all = Buffer.concat([held, chunk]);
    if (patterns.some((pattern) => all.includes(pattern)))
      throw new EgressError('invalid', true, `${url.host} put the credential into a file`);
    const whole = Math.max(0, all.length - reach);
    if (whole > 0) yield all.subarray(0, whole);
    held = Buffer.from(all.subarray(whole));
  }
  if (held.length > 0) yield held;
}
