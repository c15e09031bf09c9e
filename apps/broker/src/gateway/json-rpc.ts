import { isUtf8 } from 'node:buffer';
import { isTooDeep } from '../http.ts';

/** JSON-RPC 2.0 section 5.1, and the codes that MCP 2026-07-28 reserves. */
export const errorCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

export type RequestId = string | number;
export type JsonObject = Record<string, unknown>;

export interface RpcRequest {
  kind: 'request';
  id: RequestId;
  method: string;
  params: JsonObject;
}

export interface RpcNotification {
  kind: 'notification';
  method: string;
  params: JsonObject;
}

/** `response`: a client's answer to a question that it was asked on a stream. */
export type Message = RpcRequest | RpcNotification | { kind: 'response'; body: JsonObject };

/**
 * An answer of the protocol, not of a tool. Its message is read by people, so it is a sentence; it never holds the
 * credential. A refusal before any JSON-RPC meaning carries its HTTP status as the code: MCP keeps -32768 to -32000.
 */
export class RpcError extends Error {
  readonly code: number;
  /** HTTP status of the answer. */
  readonly status: number;
  readonly data: JsonObject | undefined;

  constructor(code: number, message: string, options: { status?: number; data?: JsonObject } = {}) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.status = options.status ?? 200;
    this.data = options.data;
  }
}

export function errorMessage(error: Pick<RpcError, 'code' | 'message' | 'data'>, id: RequestId | null): JsonObject {
  return {
    jsonrpc: '2.0',
    id,
    error: { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) },
  };
}

export function resultMessage(id: RequestId, result: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, result };
}

/** A result that was written as JSON before. Whoever writes it again reads it first, and gets the same. */
export class WrittenResult implements JsonObject {
  [member: string]: unknown;
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** As JSON; of a result that was written before nothing is written again. */
export function messageText(message: JsonObject): string {
  const { id, result } = message;
  if (!(result instanceof WrittenResult)) return JSON.stringify(message);
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result.text}}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws RpcError parse (400) for what is no JSON, invalidRequest (400) for what is nested too deeply */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new RpcError(errorCode.parse, 'The body is not valid UTF-8.', { status: 400 });
  const text = body.toString('utf8');
  if (isTooDeep(text)) throw invalid('The body is nested too deeply.');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the body, which may hold what must not be repeated.
    throw new RpcError(errorCode.parse, 'The body is not valid JSON.', { status: 400 });
  }
}

/** @throws RpcError invalidRequest (400) */
export function readMessage(value: unknown): Message {
  if (!isObject(value)) throw invalid('The body must be one JSON-RPC message.');
  if (value.jsonrpc !== '2.0') throw invalid('The member "jsonrpc" must be "2.0".');
  if (value.method === undefined && ('result' in value || 'error' in value)) return { kind: 'response', body: value };
  const { method, params = {} } = value;
  if (typeof method !== 'string') throw invalid('The member "method" must be a string.');
  if (!isObject(params)) throw invalid('The member "params" must be an object.');
  if (!('id' in value)) return { kind: 'notification', method, params };
  // MCP is narrower than JSON-RPC here: no null, no fractions.
  if (!isRequestId(value.id)) throw invalid('The member "id" must be a string or a whole number.');
  return { kind: 'request', id: value.id, method, params };
}

/** The id to repeat in the answer to a message that could not be read, where it has one; it may be one that is not allowed. */
export function idOf(value: unknown): RequestId | null {
  if (!isObject(value) || typeof value.method !== 'string') return null;
  return typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null;
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function invalid(message: string): RpcError {
  return new RpcError(errorCode.invalidRequest, message, { status: 400 });
}
