import type { Dispatcher } from 'undici';
import { EgressError } from './egress-error.ts';
import { createEventParser, type RawEvent } from './event-stream.ts';
import { decoded, explained, type OutboundResponse, type PreparedRequest, plainHeaders, tooLarge } from './http-exchange.ts';

export interface StreamedRequest extends Omit<PreparedRequest, 'to'> {
  url: URL;
  /** Ends the exchange; the promise then rejects with EgressError `aborted`. */
  signal: AbortSignal | undefined;
  /** Meant to stay open: only single events are bounded, not the stream. */
  longLived: boolean;
  /** Whether silence is as it should be, for example while a person is being asked. */
  isPatient: () => boolean;
  onEvent: (event: RawEvent) => void;
}

export interface StreamedResponse extends OutboundResponse {
  /** True where the answer was a stream of events: they went to `onEvent`, and the body is empty. */
  streamed: boolean;
}

/** However often a server says that it is still there. */
const longestMs = 15 * 60_000;

/**
 * One request whose answer may be a stream of events. `timeoutMs` is counted from one sign of life to the next. Follows
 * nothing, repeats nothing. Throws EgressError only.
 */
export function streamExchange(dispatcher: Dispatcher, request: StreamedRequest): Promise<StreamedResponse> {
  const { url, timeoutMs, maxBytes, signal } = request;
  const raw = new Promise<StreamedResponse>((resolve, reject) => {
    // As in `exchange`: until undici calls onRequestStart no byte can have left.
    let sent = false;
    let settled = false;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: Record<string, string> = {};
    let size = 0;
    let lastSignMs = performance.now();
    let parser: { write(chunk: Buffer): void } | undefined;
    const startedMs = lastSignMs;
    const chunks: Buffer[] = [];

    const settle = () => {
      settled = true;
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: EgressError) => {
      if (settled) return;
      settle();
      reject(error);
      controller?.abort(error);
    };
    const onAbort = () => fail(new EgressError('aborted', sent, `the exchange with ${url.host} was given up`));
    // One timer that looks, instead of one that is set again with every chunk.
    const timer = setInterval(
      () => {
        const now = performance.now();
        if (!request.longLived && now - startedMs > longestMs) fail(new EgressError('timeout', sent, `${url.host} took too long`));
        else if (request.isPatient()) lastSignMs = now;
        else if (now - lastSignMs > timeoutMs)
          fail(new EgressError('timeout', sent, `${url.host} gave no sign of life for ${timeoutMs} ms`));
      },
      Math.max(20, Math.min(1000, timeoutMs / 10)),
    );

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(c) {
        controller = c;
        if (settled) c.abort(new Error('given up before it was sent'));
        else sent = true;
      },
      onResponseStart(_c, statusCode, received) {
        if (statusCode < 200) return;
        lastSignMs = performance.now();
        status = statusCode;
        headers = plainHeaders(received);
        if (!/^text\/event-stream\b/i.test(headers['content-type'] ?? '') || status >= 300) return;
        const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
        if (coding !== '' && coding !== 'identity') fail(new EgressError('invalid', true, `${url.host} compressed a stream unasked`));
        parser = createEventParser(maxBytes, request.onEvent);
      },
      onResponseData(_c, chunk) {
        if (settled) return;
        size += chunk.length;
        if (size > maxBytes && (!request.longLived || parser === undefined)) return fail(tooLarge(url, maxBytes));
        // Only a stream may take its time: whatever else comes in drops is late as a whole.
        if (parser === undefined) return void chunks.push(chunk);
        lastSignMs = performance.now();
        try {
          parser.write(chunk);
        } catch (error) {
          fail(explained(error, true, url));
        }
      },
      onResponseEnd() {
        if (settled) return;
        settle();
        resolve({ status, headers, body: Buffer.concat(chunks), streamed: parser !== undefined });
      },
      onResponseError(_c, error) {
        fail(explained(error, sent, url));
      },
    };

    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: request.body ?? null,
          // Both are watched above, where patience is known.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      );
    } catch (error) {
      fail(explained(error, sent, url));
    }
  });
  return raw.then(async (response) => (response.streamed ? response : { ...response, body: await decoded(response, maxBytes) }));
}
