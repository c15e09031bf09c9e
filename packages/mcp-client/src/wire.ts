export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The stateless protocol, and the newest one that opens with `initialize`. */
export const modernVersion = '2026-07-28';
export const legacyVersion = '2025-11-25';
/** Every version with `initialize` and streamable HTTP. */
export const legacyVersions: readonly string[] = [legacyVersion, '2025-06-18', '2025-03-26'];

export const metaKey = {
  version: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

export interface WireRequest {
  method: 'POST' | 'GET' | 'DELETE';
  headers: Record<string, string>;
  json?: unknown;
  /** From one sign of life to the next. */
  timeoutMs: number;
  /** A stream that is meant to stay open. */
  longLived?: boolean;
  signal?: AbortSignal | undefined;
  /** Whether silence is as it should be: a person is being asked. */
  isPatient?: () => boolean;
  onEvent(event: { data: unknown; id: string | undefined; retryMs: number | undefined }): void;
}

export interface WireAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Parsed where it is JSON; undefined where the answer was a stream. */
  body: unknown;
  streamed: boolean;
}

/** One exchange with the server. The address and the credential are the business of whoever made it; so are its errors. */
export type Wire = (request: WireRequest) => Promise<WireAnswer>;

/** What the client at the other end can do, and wants, while one request is answered. */
export interface Party {
  /** As it declared them; nothing is offered to the server that is not in here. */
  capabilities: JsonObject;
  logLevel?: string | undefined;
}

/** Whether a server may ask this of a client that declared these capabilities; anything else is not passed on. */
export function mayAsk(capabilities: JsonObject, method: string, params: JsonObject): boolean {
  switch (method) {
    case 'sampling/createMessage':
      return isObject(capabilities.sampling);
    case 'roots/list':
      return isObject(capabilities.roots);
    case 'elicitation/create': {
      const { elicitation } = capabilities;
      if (!isObject(elicitation)) return false;
      // An empty object means forms (specification 2025-11-25, elicitation capabilities).
      return params.mode === 'url' ? isObject(elicitation.url) : isObject(elicitation.form) || !isObject(elicitation.url);
    }
    default:
      return false;
  }
}

export interface RemoteRequest {
  method: string;
  params: JsonObject;
  party: Party;
  /** Set: progress is asked for, and told to `onNotification`. */
  progress?: boolean;
  /** Awaited right before the request itself goes out, each time it does; what it throws is thrown. */
  beforeSend?: (() => Promise<void>) | undefined;
  /** Additional headers, for mirrored parameters. */
  headers?: Record<string, string>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  onNotification(method: string, params: JsonObject): void;
  /** Legacy servers ask back while they work. @throws RemoteError to refuse */
  onQuestion?(method: string, params: JsonObject): Promise<JsonObject>;
}

/** The server's answer is a JSON-RPC error. */
export class RemoteError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RemoteError';
    this.code = code;
    this.data = data;
  }
}

/** The server's answer is no JSON-RPC at all: HTTP says no, or what came cannot be read. */
export class RemoteRefusal extends Error {
  /** unreadable: a good status with something that is no answer. */
  readonly kind: 'unauthorized' | 'forbidden' | 'gone' | 'rate_limited' | 'unavailable' | 'refused' | 'unreadable';
  readonly status: number;
  readonly retryAfter: string | undefined;
  constructor(answer: Pick<WireAnswer, 'status' | 'headers'>) {
    super(`HTTP ${answer.status}`);
    this.name = 'RemoteRefusal';
    this.status = answer.status;
    this.kind = kindOf(answer.status);
    this.retryAfter = answer.headers['retry-after'];
  }
}

function kindOf(status: number): RemoteRefusal['kind'] {
  if (status < 300) return 'unreadable';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'gone';
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'unavailable' : 'refused';
}

export const accept = 'application/json, text/event-stream';

/** The answer to the request with this id, out of a body that may be one message or (2025-03-26) several. */
export function answerIn(body: unknown, id: string | number): JsonObject | undefined {
  const messages = Array.isArray(body) ? body : [body];
  const found = messages.find(
    (message) =>
      isObject(message) &&
      ('result' in message || 'error' in message) &&
      // An error that could not be matched to a request is about the only one in this exchange.
      (message.id === id || ((message.id === null || message.id === undefined) && 'error' in message)),
  );
  return found as JsonObject | undefined;
}

/** @throws RemoteError, RemoteRefusal */
export function resultOf(message: JsonObject | undefined, answer: WireAnswer): JsonObject {
  if (message === undefined) throw new RemoteRefusal(answer);
  if (isObject(message.error)) {
    // Who is not let in, or not now, is told so by HTTP; the JSON-RPC error beside it is decoration.
    if ([401, 403, 429].includes(answer.status) || answer.status >= 500) throw new RemoteRefusal(answer);
    const { code, message: text, data } = message.error;
    throw new RemoteError(typeof code === 'number' ? code : -32603, typeof text === 'string' ? text.slice(0, 2000) : 'error', data);
  }
  if (!isObject(message.result)) throw new RemoteRefusal({ ...answer, status: 200 });
  return message.result;
}

/** SEP-2243: header values are visible ASCII; anything else travels as Base64 in the marker that the specification names. */
export function headerValue(value: string): string {
  const plain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?');
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}
