import { type ApiRequest, baseUrlFor, type Connector, fillUrl, parametersOf } from '@grantway/connector-kit';
import { blocked, malformed } from './egress-error.ts';

/**
 * The URL that the request stands below, with its parameters filled in: the base URL, or the host that it names. Throws EgressError
 * `blocked` when a value does not fit its declaration, and for a host that the connector does not declare.
 */
export function fillBaseUrl(connector: Connector, request: Pick<ApiRequest, 'host'>, values: Record<string, string>): URL {
  const template = baseUrlFor(connector.api, request);
  if (template === undefined) throw blocked('the request names a host that the connector does not declare');
  const url = fillTemplate(connector, template, values);
  if (url.search !== '') throw blocked('the base URL is not a plain one');
  return url;
}

/** A URL of the connector with its parameters filled in. Throws EgressError `blocked` when a value does not fit its declaration. */
export function fillTemplate(connector: Connector, template: string, values: Record<string, string>): URL {
  try {
    return fillUrl(template, parametersOf(connector.auth), values);
  } catch (error) {
    throw error instanceof RangeError ? blocked(error.message) : error;
  }
}

/**
 * Whether a path is below every base URL and stays as it is written, whoever parses it: segments of characters that stand for
 * themselves, none empty and none beginning with a dot. Others may be as good; `joinApiUrl` tells.
 */
export function isPlainPath(path: string): boolean {
  return path === '/' || /^(?:\/[A-Za-z0-9_~!$&*+,;=:@-][A-Za-z0-9._~!$&*+,;=:@-]*)+\/?$/.test(path);
}

/** The query as `joinApiUrl` writes it, with its question mark; undefined where that refuses it. */
export function plainSearch(query: ApiRequest['query'], reserved: readonly string[]): string | undefined {
  if (query === undefined) return '';
  let search = '';
  for (const name of Object.keys(query)) {
    const value = query[name];
    if (value === undefined) continue;
    if (isReserved(name, reserved)) return undefined;
    for (const item of Array.isArray(value) ? value : [value]) {
      // Like `flat` and `String` there: a list in a list is none of ours.
      if (typeof item === 'object') return undefined;
      const text = String(item);
      if (/[\r\n\0]/.test(name) || /[\r\n\0]/.test(text)) return undefined;
      search += `${search === '' ? '?' : '&'}${formText(name)}=${formText(text)}`;
    }
  }
  return search;
}

/** As a form and `URLSearchParams` write it. */
function formText(text: string): string {
  if (/^[A-Za-z0-9*._-]*$/.test(text)) return text;
  if (!/^[ -~]*$/.test(text)) return new URLSearchParams({ v: text }).toString().slice(2);
  return encodeURIComponent(text).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `path` and `query` below `base`. Throws EgressError `blocked` for a path that leaves it, `invalid` for a query that cannot be sent. */
export function joinApiUrl(base: URL, path: string, query: ApiRequest['query'], reserved: readonly string[] = []): URL {
  const problem = pathProblem(path);
  if (problem !== undefined) throw blocked(`the path ${problem}`);
  const prefix = base.pathname.replace(/\/$/, '');
  const url = new URL(`${base.origin}${prefix}${path}`);
  // What the parser made of it must be what was put together, byte for byte; then no later reader can see another host or path.
  if (url.origin !== base.origin || url.pathname !== prefix + path || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw blocked('the path leaves the base URL');
  }
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (isReserved(name, reserved)) throw malformed('a query parameter is reserved for credentials');
    for (const text of [value].flat().map(String)) {
      if (/[\r\n\0]/.test(name + text)) throw malformed('a query value holds a line break');
      url.searchParams.append(name, text);
    }
  }
  return url;
}

function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'does not begin with a slash';
  if (path.includes('//')) return 'holds an empty segment';
  // RFC 3986 section 3.3: pchar and the slash; a query belongs into `query`.
  if (!/^(?:[a-z0-9\-._~!$&'()*+,;=:@/]|%[0-9a-f]{2})+$/i.test(path)) return 'holds a character that is not allowed';
  // Servers differ in how often they decode, so every layer is looked at.
  let layer = path;
  for (let depth = 0; depth < 4; depth += 1) {
    if (layer.split(/[/\\]/).some((segment) => /^\.{1,2}(;.*)?$/.test(segment))) return 'holds a dot segment';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\x00-\x1f\x7f]/.test(layer)) return 'holds a control character';
    const next = decodedOnce(layer);
    if (next === undefined) return depth === 0 ? 'is not valid UTF-8' : undefined;
    if (next === layer) return undefined;
    layer = next;
  }
  return 'is encoded too often';
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const credentialNames = ['access_token', 'refresh_token', 'client_secret', 'api_key', 'apikey', 'application_key', 'app_key'];

// RFC 6750 section 2.3 and its kin: a token in the query would be logged, and could stand beside ours.
function isReserved(name: string, reserved: readonly string[]): boolean {
  const plain = /^[a-z0-9_]+$/.test(name)
    ? name
    : (decodedOnce(name) ?? name).toLowerCase().replace(/\[.*$/, '').replaceAll('-', '_').trim();
  return (
    plain.startsWith('oauth_') || credentialNames.includes(plain) || reserved.some((r) => r.toLowerCase().replaceAll('-', '_') === plain)
  );
}
