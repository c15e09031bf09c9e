import { createHmac } from 'node:crypto';

export interface OAuth1Request {
  method: string;
  /** The vendor's own URL, its query included. */
  url: URL;
  /** The body, where it is form-encoded (RFC 5849 section 3.4.1.3.1); other bodies are not signed. */
  form?: string | undefined;
  realm?: string | undefined;
  consumer: { key: string; secret: string };
  token?: { token: string; secret: string } | undefined;
  nonce: string;
  /** Seconds since the epoch. */
  timestamp: number;
  /** Further protocol parameters: oauth_callback, oauth_verifier. */
  more?: Record<string, string> | undefined;
}

type Pair = [name: string, value: string];

/** The Authorization header of an OAuth 1.0a request (RFC 5849 section 3.5.1), signed with HMAC-SHA1 (section 3.4.2). */
export function oauth1Authorization(request: OAuth1Request): string {
  const { consumer, token, realm } = request;
  const own: Pair[] = [
    ['oauth_consumer_key', consumer.key],
    ...(token === undefined ? [] : [['oauth_token', token.token] as Pair]),
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', String(request.timestamp)],
    ['oauth_nonce', request.nonce],
    ...Object.entries(request.more ?? {}),
  ];
  const signature = signOAuth1(signatureBase(request.method, request.url, own, request.form), consumer.secret, token?.secret ?? '');
  const parameters = [...own, ['oauth_signature', signature] as Pair].map(([name, value]) => `${strict(name)}="${strict(value)}"`);
  return `OAuth ${[...(realm === undefined ? [] : [`realm="${realm.replace(/["\\]/g, '')}"`]), ...parameters].join(', ')}`;
}

/** RFC 5849 section 3.4.2. */
export function signOAuth1(base: string, consumerSecret: string, tokenSecret: string): string {
  return createHmac('sha1', `${strict(consumerSecret)}&${strict(tokenSecret)}`)
    .update(base)
    .digest('base64');
}

/** RFC 5849 section 3.4.1: method, base string URI and every parameter, sorted by what they look like encoded. */
export function signatureBase(method: string, url: URL, protocol: Pair[], form: string | undefined): string {
  // URL has lower-cased scheme and host and dropped the scheme's own port (section 3.4.1.2).
  const uri = `${url.protocol}//${url.host}${url.pathname}`;
  const pairs: Pair[] = [...url.searchParams, ...new URLSearchParams(form ?? ''), ...protocol];
  const parameters = pairs
    .map(([name, value]): Pair => [strict(name), strict(value)])
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return [method.toUpperCase(), uri, parameters].map(strict).join('&');
}

/** RFC 5849 section 3.6. */
function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
