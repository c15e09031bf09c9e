import {
  accept,
  answerIn,
  headerValue,
  isObject,
  type JsonObject,
  metaKey,
  modernVersion,
  RemoteError,
  type RemoteRequest,
  resultOf,
  type Wire,
} from './wire.ts';

export interface ModernCaller {
  /**
   * One request of 2026-07-28. The result is as the server gave it; `resultType` says whether it is complete.
   * @throws RemoteError, RemoteRefusal, and whatever the wire throws
   */
  request(request: RemoteRequest): Promise<JsonObject>;
  /** `subscriptions/listen`, until the signal or the server ends it. */
  listen(
    notifications: JsonObject,
    options: { timeoutMs: number; signal: AbortSignal; onNotification(method: string, params: JsonObject): void },
  ): Promise<void>;
}

const namedBy: Record<string, string> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

/** Codes that only a server of the stateless protocol answers with: header mismatch, missing capability, unsupported version. */
const modernCodes = new Set([-32020, -32021, -32022]);

/**
 * Whether a failed `server/discover` still shows a server of the stateless protocol. Anything it does not recognise is
 * taken for an older server, which is then asked to `initialize`.
 */
export function showsModern(error: unknown): boolean {
  if (!(error instanceof RemoteError) || !modernCodes.has(error.code)) return false;
  if (error.code !== -32022) return true;
  return isObject(error.data) && Array.isArray(error.data.supported) && error.data.supported.includes(modernVersion);
}

export function createModernCaller(wire: Wire, clientInfo: JsonObject): ModernCaller {
  let lastId = 0;

  function exchange(method: string, params: JsonObject, of: Pick<RemoteRequest, 'party' | 'headers' | 'progress'>) {
    const id = ++lastId;
    const named = namedBy[method];
    const name = named === undefined ? undefined : params[named];
    const _meta = {
      ...(isObject(params._meta) ? params._meta : {}),
      [metaKey.version]: modernVersion,
      [metaKey.clientInfo]: clientInfo,
      [metaKey.clientCapabilities]: of.party.capabilities,
      ...(of.party.logLevel === undefined ? {} : { [metaKey.logLevel]: of.party.logLevel }),
      ...(of.progress === true ? { progressToken: id } : {}),
    };
    return {
      id,
      json: { jsonrpc: '2.0', id, method, params: { ...params, _meta } },
      headers: {
        ...of.headers,
        accept,
        'mcp-protocol-version': modernVersion,
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}),
      },
    };
  }

  return {
    async request(request) {
      const { id, json, headers } = exchange(request.method, request.params, request);
      let found: JsonObject | undefined;
      await request.beforeSend?.();
      const answer = await wire({
        method: 'POST',
        headers,
        json,
        timeoutMs: request.timeoutMs,
        signal: request.signal,
        onEvent({ data }) {
          if (!isObject(data)) return;
          // A request of the server's has no place here: it asks with `input_required`.
          if (typeof data.method === 'string' && !('id' in data)) {
            request.onNotification(data.method, isObject(data.params) ? data.params : {});
          } else found ??= answerIn(data, id);
        },
      });
      return resultOf(found ?? answerIn(answer.body, id), answer);
    },

    async listen(notifications, { timeoutMs, signal, onNotification }) {
      const { id, json, headers } = exchange('subscriptions/listen', { notifications }, { party: { capabilities: {} } });
      let found: JsonObject | undefined;
      const answer = await wire({
        method: 'POST',
        headers,
        json,
        timeoutMs,
        longLived: true,
        signal,
        onEvent({ data }) {
          if (isObject(data) && typeof data.method === 'string') onNotification(data.method, isObject(data.params) ? data.params : {});
          else found ??= answerIn(data, id);
        },
      });
      if (!answer.streamed) resultOf(answerIn(answer.body, id), answer);
      if (found !== undefined) resultOf(found, answer);
    },
  };
}
