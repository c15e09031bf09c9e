import type { IncomingHttpHeaders } from 'node:http';
import { errorCode, isObject, type JsonObject, RpcError, type RpcNotification, type RpcRequest } from './json-rpc.ts';

/**
 * Two eras on one URL. Modern (2026-07-28): every request stands alone and says in `_meta` which version it speaks.
 * Legacy: `initialize` first, then the version in a header. What a request is follows from its body; headers are only
 * compared with it, so that a proxy that drops one cannot change what a request means.
 */
export const modernVersion = '2026-07-28';
/** Newest first: what `initialize` is answered with when it asks for a version that is not known. */
export const legacyVersions: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
export const supportedVersions: readonly string[] = [modernVersion, ...legacyVersions];
/** Transport specification 2025-06-18: no version header means this one. It is also the only one with batches. */
export const versionWithoutHeader = '2025-03-26';

export const metaKey = {
  version: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

export const serverInfo = { name: 'grantway', title: 'Grantway', version: '0.1.0' } as const;

export type Era = { era: 'modern'; clientCapabilities: JsonObject } | { era: 'legacy'; version: string };

/**
 * Decides what a message is and holds its headers against its body, in the order in which the specification wants the
 * first mistake named.
 * @throws RpcError with HTTP 400: headerMismatch, invalidParams for an incomplete `_meta`, unsupportedVersion
 */
export function judge(message: RpcRequest | RpcNotification, headers: IncomingHttpHeaders): Era {
  const header = headerOf(headers, 'mcp-protocol-version');
  const meta = isObject(message.params._meta) ? message.params._meta : undefined;
  const claimed = meta !== undefined && metaKey.version in meta;

  // `initialize` is the legacy handshake, unless its `_meta` says truthfully that it is not.
  if (
    message.method === 'initialize' &&
    message.kind === 'request' &&
    !(claimed && problemOf(meta) === undefined && isModern(meta[metaKey.version]))
  ) {
    if (header !== undefined && isModern(header))
      throw mismatch('an initialize request cannot carry a version header of the stateless protocol');
    return { era: 'legacy', version: header ?? versionWithoutHeader };
  }
  if (claimed) return judgeModern(message, headers, meta);
  if (header === undefined) return { era: 'legacy', version: versionWithoutHeader };
  if (header === modernVersion) {
    if (message.kind === 'notification') return judgeModern(message, headers, { [metaKey.version]: header });
    throw new RpcError(
      errorCode.invalidParams,
      `params._meta must hold ${metaKey.version} and ${metaKey.clientCapabilities} on every request.`,
      {
        status: 400,
      },
    );
  }
  if (!legacyVersions.includes(header)) throw unsupportedVersion(header);
  return { era: 'legacy', version: header };
}

function judgeModern(message: RpcRequest | RpcNotification, headers: IncomingHttpHeaders, meta: JsonObject): Era {
  const isRequest = message.kind === 'request';
  const problem = isRequest
    ? problemOf(meta)
    : typeof meta[metaKey.version] === 'string'
      ? undefined
      : `${metaKey.version} must be a string`;
  if (problem !== undefined) throw new RpcError(errorCode.invalidParams, `params._meta is not complete: ${problem}.`, { status: 400 });

  const version = meta[metaKey.version] as string;
  const versionHeader = headerOf(headers, 'mcp-protocol-version');
  const methodHeader = headerOf(headers, 'mcp-method');
  if (versionHeader !== undefined && versionHeader !== version)
    throw mismatch('MCP-Protocol-Version names another version than params._meta');
  if (methodHeader !== undefined && methodHeader !== message.method) throw mismatch('Mcp-Method names another method than the body');
  if (version !== modernVersion) throw unsupportedVersion(version);
  if (isRequest) {
    if (versionHeader === undefined) throw mismatch('the header MCP-Protocol-Version is required');
    if (methodHeader === undefined) throw mismatch('the header Mcp-Method is required');
    compareName(message, headers);
  }
  const capabilities = meta[metaKey.clientCapabilities];
  return { era: 'modern', clientCapabilities: isObject(capabilities) ? capabilities : {} };
}

/** Which member of `params` the header Mcp-Name repeats (SEP-2243). */
const namedBy = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

function compareName(message: RpcRequest, headers: IncomingHttpHeaders): void {
  const member = namedBy.get(message.method);
  if (member === undefined) return;
  const value = message.params[member];
  const header = headerOf(headers, 'mcp-name');
  if (header === undefined) {
    if (typeof value === 'string') throw mismatch('the header Mcp-Name is required');
    return;
  }
  const decoded = decodeHeader(header);
  if (decoded === undefined) throw mismatch('Mcp-Name is not valid Base64');
  if (typeof value === 'string' && decoded !== value) throw mismatch(`Mcp-Name names something else than params.${member}`);
}

/**
 * Arguments that a tool wants repeated in headers (SEP-2243), held against them.
 * @throws RpcError headerMismatch (400)
 */
export function compareParams(expected: ReadonlyMap<string, string | undefined>, headers: IncomingHttpHeaders): void {
  for (const [name, value] of expected) {
    const header = headerOf(headers, name);
    if (header === undefined && value === undefined) continue;
    if (header === undefined) throw mismatch(`the header ${name} is required`);
    const decoded = decodeHeader(header);
    if (decoded === undefined) throw mismatch(`${name} is not valid Base64`);
    if (decoded !== value) throw mismatch(`${name} says something else than its argument`);
  }
}

/** `=?base64?<canonical Base64 of UTF-8>?=`, or the value as it is. Undefined for what only looks like it. */
function decodeHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=') || value.length < 11) return value;
  const encoded = value.slice(9, -2);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

export const logLevels = new Set(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']);

/** What is wrong with the `_meta` of a modern request; undefined when nothing is. */
function problemOf(meta: JsonObject): string | undefined {
  if (typeof meta[metaKey.version] !== 'string') return `${metaKey.version} must be a string`;
  if (!isObject(meta[metaKey.clientCapabilities])) return `${metaKey.clientCapabilities} must be an object`;
  const info = meta[metaKey.clientInfo];
  if (info !== undefined && !(isObject(info) && typeof info.name === 'string' && typeof info.version === 'string')) {
    return `${metaKey.clientInfo} must hold a name and a version`;
  }
  const level = meta[metaKey.logLevel];
  if (level !== undefined && !(typeof level === 'string' && logLevels.has(level))) return `${metaKey.logLevel} must be a log level`;
  return undefined;
}

function isModern(version: unknown): boolean {
  // Versions are dates, so that their order is the order of the text.
  return typeof version === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= modernVersion;
}

export function unsupportedVersion(requested: string): RpcError {
  return new RpcError(errorCode.unsupportedVersion, 'This protocol version is not supported here.', {
    status: 400,
    data: { supported: supportedVersions, requested: requested.slice(0, 64) },
  });
}

function mismatch(what: string): RpcError {
  return new RpcError(errorCode.headerMismatch, `Headers and body disagree: ${what}.`, { status: 400 });
}

/** Node joins repeated headers with a comma, which then agrees with nothing. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value.trim() : value?.join(',');
}
