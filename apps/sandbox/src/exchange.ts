/** A request that reached the sandbox, before anyone has read its body. */
export interface Incoming {
  method: string;
  /** As sent, percent-encoding included. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
  /** Of a file: sent instead of `body`. */
  bytes?: Buffer;
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...lowerCased(headers) },
    body: JSON.stringify(body),
  };
}

/** An answer as a connector's worked example gives it: JSON, or text where the body is a string. */
export function exampleAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  if (body === undefined || body === null || status === 204) return { status, headers: lowerCased(headers), body: '' };
  if (typeof body !== 'string') return jsonAnswer(status, body, headers);
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...lowerCased(headers) }, body };
}

export function headerOf(headers: Incoming['headers'], name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}

export function isForm(request: Incoming): boolean {
  return (headerOf(request.headers, 'content-type') ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded');
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
