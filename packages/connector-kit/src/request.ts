import type { FileFacts, FileNaming, FilesUpload, FileUpload } from './file-facts.ts';

/** A request as a connector describes it: no host, no credential. Egress adds both. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with one slash, below the connector's base URL. Build it with `path` so that values are escaped. */
  path: string;
  /** A list is sent as one parameter for each of its values, an empty one as none. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as application/x-www-form-urlencoded. */
  form?: Record<string, string | number | boolean | undefined>;
  /** A file of the caller's as its body, or as a part of it; or several. */
  upload?: FileUpload | FilesUpload;
  /**
   * Of a tool that downloads: what the file is called, where that is known before. Of several requests the one that has it is answered
   * by the file.
   */
  receive?: FileNaming;
  /** One of the connector's `hosts`; absent: its base URL. */
  host?: string;
  /** One of the connector's `moreTokens`; absent: the access token. */
  token?: string;
}

/** A provider's answer, its body already parsed: JSON when it is JSON, otherwise text. */
export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  body: unknown;
  /** Of a tool that downloads: what the bytes became. */
  file?: FileFacts;
}

type Query = ApiRequest['query'];

export function get(path: string, query?: Query): ApiRequest {
  return query === undefined ? { method: 'GET', path } : { method: 'GET', path, query };
}

export function post(path: string, json: unknown): ApiRequest {
  return { method: 'POST', path, json };
}

/** A GraphQL document over POST; undefined variables are left out. `endpoint` defaults to /graphql. */
export function graphql(query: string, variables: Record<string, unknown> = {}, endpoint = '/graphql'): ApiRequest {
  return { method: 'POST', path: endpoint, json: { query, variables: withoutUndefined(variables) } };
}

/** Template tag for paths: each value becomes one escaped segment; empty, `.` and `..` segments are refused. */
export function path(strings: TemplateStringsArray, ...values: (string | number)[]): string {
  let out = strings[0] ?? '';
  values.forEach((value, i) => {
    const text = String(value);
    if (text === '' || text === '.' || text === '..') throw new RangeError('a path segment must not be empty, "." or ".."');
    out += encodeURIComponent(text) + (strings[i + 1] ?? '');
  });
  return out;
}

/** The same object without its undefined members, nested objects included. */
export function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => [k, isPlainObject(v) ? withoutUndefined(v) : v]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
