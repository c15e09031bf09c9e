import { malformed } from './egress-error.ts';

// RFC 9110 section 7.6.1 (hop-by-hop) and what only this module may decide: host, framing, coding of the answer.
const ownHeaders = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

// What a connector's request may not set on top of that: credentials, and headers by which a gateway reads another request.
const deniedToConnectors =
  /^(authorization|forwarded|via|x-forwarded-.+|x-real-ip|x-http-method(-override)?|x-method-override|x-original-url|x-rewrite-url)$/;

/** Without control characters, and of bytes (RFC 9110 section 5.5). */
export function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** Lower-cased and checked: token names, values that `isHeaderValue` takes. Throws EgressError `invalid`. */
export function checkedHeaders(headers: Record<string, string>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(key)) throw malformed('a header name is not a token');
    if (ownHeaders.has(key)) throw malformed(`the header ${key} may not be set`);
    if (key in out) throw malformed(`the header ${key} is set twice`);
    if (!isHeaderValue(value)) {
      throw malformed(`the header ${key} has a value that cannot be sent`);
    }
    out[key] = value;
  }
  return out;
}

/** The headers a connector asked for, checked, with the credential's headers placed last; none of them may be named twice. */
export function connectorHeaders(asked: Record<string, string>, placed: Record<string, string>): Record<string, string> {
  const headers = checkedHeaders(asked);
  const credential = checkedHeaders(placed);
  for (const key of Object.keys(headers)) {
    if (deniedToConnectors.test(key) || key in credential) throw malformed(`a connector may not set the header ${key}`);
  }
  return { ...headers, ...credential };
}
