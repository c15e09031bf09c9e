import { isPlainUrl } from '@grantway/contract';

const maxLength = 2048;

/**
 * Private-use schemes that a client may be at without a dot in the name, which RFC 8252 section 7.1 asks for: desktop apps
 * that are in use. Any other name could be a handler of the operating system that does things by itself when it is opened.
 */
const appSchemes = new Set(['claude', 'cursor', 'vscode', 'vscode-insiders', 'windsurf', 'zed']);

const isLoopbackHost = (hostname: string) => hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';

/** Whether the browser would be sent to a port of the person's own machine (RFC 8252 section 7.3). */
export function isLoopbackRedirect(text: string): boolean {
  if (!isPlainUrl(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && isLoopbackHost(hostname);
}

/**
 * Why an MCP client may not be sent its code there, or undefined: https; http on a loopback address; or an app's own scheme
 * (RFC 8252 section 7). Written as a parser writes it again, so that two readers cannot take it differently.
 */
export function redirectUriRefusal(text: string): string | undefined {
  if (text.length > maxLength) return 'it is too long';
  if (text.includes('#')) return 'it has a fragment';
  if (/^https?:/i.test(text)) {
    if (!isPlainUrl(text)) return 'it is no plain URL';
    return text.startsWith('https:') || isLoopbackRedirect(text) ? undefined : 'http is for loopback addresses only';
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/{0,3}[A-Za-z0-9._~!$&'()*+,;=:@%/?-]+$/.exec(text)?.[1];
  if (scheme === undefined || !URL.canParse(text)) return 'it is no plain URL';
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') return 'it names a user';
  return appSchemes.has(scheme) || /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(scheme)
    ? undefined
    : 'its scheme is neither https nor the reversed name of a domain';
}

/**
 * Whether a presented redirect URI is the registered one: the same characters. On a loopback address the port may be another,
 * since an app takes whichever is free (RFC 8252 section 7.3); nothing else may.
 */
export function isSameRedirectUri(registered: string, presented: string): boolean {
  if (registered === presented) return true;
  if (!isLoopbackRedirect(registered) || !isLoopbackRedirect(presented)) return false;
  const [a, b] = [new URL(registered), new URL(presented)];
  return a.hostname === b.hostname && a.pathname === b.pathname && a.search === b.search;
}
