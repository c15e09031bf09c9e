import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Host and Origin, against DNS rebinding and browser pages that reach for a broker on their visitor's machine. Only the
 * raw Host header counts: a page can set X-Forwarded-Host itself.
 * @returns a sentence when the request is refused
 */
export function createAdmission(baseUrl: () => string): (headers: IncomingHttpHeaders, socket: Socket) => string | undefined {
  let text = '';
  let base = new URL('http://localhost');
  return (headers, socket) => {
    if (baseUrl() !== text) {
      text = baseUrl();
      base = new URL(text);
    }
    const host = hostName(headers.host);
    if (host === undefined || !(host === base.hostname || (isLoopbackName(host) && isLoopbackAddress(socket.localAddress)))) {
      return 'The Host header does not name this broker. Use the address that the MCP URL was given out with.';
    }
    const { origin } = headers;
    if (origin !== undefined && !(origin === base.origin || (isLoopbackName(base.hostname) && isLoopbackOrigin(origin)))) {
      return 'Web pages of other origins may not use this endpoint.';
    }
    return undefined;
  };
}

/** The name in a Host header (RFC 9110 section 7.2), lower case, without the port. */
function hostName(header: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(header?.toLowerCase() ?? '')?.[1];
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && isLoopbackName(new URL(origin).hostname);
}
