import {
  accept,
  answerIn,
  isObject,
  type JsonObject,
  legacyVersion,
  legacyVersions,
  RemoteError,
  RemoteRefusal,
  type RemoteRequest,
  resultOf,
  type Wire,
  type WireAnswer,
} from './wire.ts';

export interface LegacySession {
  /**
   * One request within the session, which is opened at the first, and opened again where the server has forgotten it.
   * @throws RemoteError, RemoteRefusal, and whatever the wire throws
   */
  request(request: RemoteRequest): Promise<JsonObject>;
  /** What the server said of itself when the session was opened. */
  opened(timeoutMs: number): Promise<{ capabilities: JsonObject; serverInfo: unknown; instructions: unknown; version: string }>;
  /** The server's own stream, until the signal or the server ends it. Answers false where the server has none. */
  listen(options: { timeoutMs: number; signal: AbortSignal; onNotification(method: string, params: JsonObject): void }): Promise<boolean>;
  /** Tells the server that the session is over. Never throws. */
  close(): Promise<void>;
}

interface Open {
  id: string | undefined;
  version: string;
  capabilities: JsonObject;
  serverInfo: unknown;
  instructions: unknown;
}

const resumes = 20;

/**
 * A session of 2025-11-25 or older. `capabilities` are what the client at the other end declared: the server may ask for
 * nothing else.
 */
export function createLegacySession(wire: Wire, self: { clientInfo: JsonObject; capabilities: JsonObject }): LegacySession {
  let lastId = 0;
  let opening: Promise<Open> | undefined;

  const headersOf = (open: Open) => ({
    accept,
    'mcp-protocol-version': open.version,
    ...(open.id === undefined ? {} : { 'mcp-session-id': open.id }),
  });

  async function initialize(timeoutMs: number): Promise<Open> {
    const id = ++lastId;
    let found: JsonObject | undefined;
    const params = { protocolVersion: legacyVersion, capabilities: self.capabilities, clientInfo: self.clientInfo };
    const answer = await wire({
      method: 'POST',
      headers: { accept },
      json: { jsonrpc: '2.0', id, method: 'initialize', params },
      timeoutMs,
      onEvent: ({ data }) => {
        found ??= answerIn(data, id);
      },
    });
    const result = resultOf(found ?? answerIn(answer.body, id), answer);
    const version = result.protocolVersion;
    // Our newest was asked for: a server that answers with none of ours speaks nothing that we do.
    if (typeof version !== 'string' || !(legacyVersions.includes(version) || version === '2024-11-05')) {
      throw new RemoteError(-32022, 'The server speaks none of our protocol versions.');
    }
    const sessionId = answer.headers['mcp-session-id'];
    const open: Open = {
      id: sessionId !== undefined && /^[\x21-\x7e]{1,1024}$/.test(sessionId) ? sessionId : undefined,
      version,
      capabilities: isObject(result.capabilities) ? result.capabilities : {},
      serverInfo: result.serverInfo,
      instructions: result.instructions,
    };
    const told = await say(open, { jsonrpc: '2.0', method: 'notifications/initialized' }, timeoutMs);
    if (told.status >= 400) throw new RemoteRefusal(told);
    return open;
  }

  function session(timeoutMs: number): Promise<Open> {
    if (opening === undefined) {
      const begun = initialize(timeoutMs);
      opening = begun;
      begun.catch(() => {
        if (opening === begun) opening = undefined;
      });
    }
    return opening;
  }

  function say(open: Open, json: JsonObject, timeoutMs: number): Promise<WireAnswer> {
    return wire({ method: 'POST', headers: headersOf(open), json, timeoutMs, onEvent: () => {} });
  }

  /** A question of the server's: its answer goes back in a request of its own. */
  async function answerQuestion(open: Open, message: JsonObject, of: Pick<RemoteRequest, 'onQuestion' | 'timeoutMs'>): Promise<void> {
    const { id } = message;
    let answer: JsonObject;
    try {
      const params = isObject(message.params) ? message.params : {};
      const result = message.method === 'ping' ? {} : await (of.onQuestion ?? refuseQuestion)(message.method as string, params);
      answer = { jsonrpc: '2.0', id, result };
    } catch (error) {
      const { code, message: text } =
        error instanceof RemoteError ? error : { code: -32603, message: 'The question could not be answered.' };
      answer = { jsonrpc: '2.0', id, error: { code, message: text } };
    }
    await say(open, answer, of.timeoutMs);
  }

  async function ask(open: Open, request: RemoteRequest): Promise<JsonObject> {
    const id = ++lastId;
    const { method, params, timeoutMs, signal, onNotification } = request;
    let found: JsonObject | undefined;
    let lastEventId: string | undefined;
    let retryMs: number | undefined;
    let asked = 0;
    const failed = new AbortController();
    const onEvent = (event: { data: unknown; id: string | undefined; retryMs: number | undefined }) => {
      lastEventId = event.id ?? lastEventId;
      retryMs = event.retryMs ?? retryMs;
      for (const data of Array.isArray(event.data) ? event.data : [event.data]) {
        if (!isObject(data)) continue;
        if (typeof data.method !== 'string') found ??= answerIn(data, id);
        else if (!('id' in data)) onNotification(data.method, isObject(data.params) ? data.params : {});
        else {
          asked++;
          answerQuestion(open, data, request)
            // The server waits for an answer that it will not get.
            .catch((error: unknown) => failed.abort(error))
            .finally(() => asked--);
        }
      }
    };
    const _meta = { ...(isObject(params._meta) ? params._meta : {}), ...(request.progress === true ? { progressToken: id } : {}) };
    await request.beforeSend?.();
    const exchange = { timeoutMs, signal: anyOf(signal, failed.signal), isPatient: () => asked > 0, onEvent };
    let answer: WireAnswer;
    try {
      answer = await wire({
        ...exchange,
        method: 'POST',
        headers: { ...request.headers, ...headersOf(open) },
        json: { jsonrpc: '2.0', id, method, params: Object.keys(_meta).length === 0 ? params : { ...params, _meta } },
      });
      // SEP-1699: a server may close the stream and go on with it where the client comes back.
      for (let i = 0; answer.streamed && found === undefined && lastEventId !== undefined && i < resumes; i++) {
        await pause(Math.min(retryMs ?? 1000, timeoutMs), exchange.signal);
        answer = await wire({ ...exchange, method: 'GET', headers: { ...headersOf(open), 'last-event-id': lastEventId } });
      }
    } catch (error) {
      if (signal?.aborted === true) {
        const told = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'The caller gave up.' } };
        await say(open, told, timeoutMs).catch(() => undefined);
      }
      throw error;
    }
    // Whatever stands in the body: with a session, this status means that the server has forgotten it.
    if (answer.status === 404 && open.id !== undefined) throw new RemoteRefusal(answer);
    return resultOf(found ?? answerIn(answer.body, id), answer);
  }

  return {
    async request(request) {
      const open = await session(request.timeoutMs);
      try {
        return await ask(open, request);
      } catch (error) {
        // 404 means that the session is unknown (transport specification): nothing was done, and a new one may be opened.
        const forgotten = error instanceof RemoteRefusal && error.status === 404 && open.id !== undefined;
        if (!forgotten) throw error;
        if ((await opening?.catch(() => undefined)) === open) opening = undefined;
        return ask(await session(request.timeoutMs), request);
      }
    },

    opened: session,

    async listen({ timeoutMs, signal, onNotification }) {
      const open = await session(timeoutMs);
      const answer = await wire({
        method: 'GET',
        headers: { ...headersOf(open), accept: 'text/event-stream' },
        timeoutMs,
        longLived: true,
        signal,
        onEvent({ data }) {
          if (!isObject(data) || typeof data.method !== 'string') return;
          if (!('id' in data)) onNotification(data.method, isObject(data.params) ? data.params : {});
          else answerQuestion(open, data, { timeoutMs: 10_000 }).catch(() => undefined);
        },
      });
      if (answer.streamed) return true;
      if (answer.status === 404 && open.id !== undefined && (await opening?.catch(() => undefined)) === open) opening = undefined;
      if (answer.status === 401 || answer.status >= 500) throw new RemoteRefusal(answer);
      return false;
    },

    async close() {
      const open = await opening?.catch(() => undefined);
      opening = undefined;
      if (open?.id === undefined) return;
      await wire({ method: 'DELETE', headers: headersOf(open), timeoutMs: 5000, onEvent: () => {} }).catch(() => undefined);
    },
  };
}

async function refuseQuestion(): Promise<never> {
  throw new RemoteError(-32601, 'There is nobody here to ask.');
}

function anyOf(a: AbortSignal | undefined, b: AbortSignal): AbortSignal {
  return a === undefined ? b : AbortSignal.any([a, b]);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
