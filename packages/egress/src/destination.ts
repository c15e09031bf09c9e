import { isIP } from 'node:net';
import { addressRefusal, nameRefusal } from './address-policy.ts';
import { blocked, malformed } from './egress-error.ts';
import type { LoopbackWebhookException } from './loopback-webhooks.ts';
import type { SandboxException } from './sandbox-exception.ts';

export interface DestinationPolicy {
  sandbox: SandboxException;
  /** The operator's exceptions: exact `host:port`. */
  allowHosts: ReadonlySet<string>;
  loopbackWebhooks: LoopbackWebhookException;
}

/**
 * The URL, parsed once and judged as far as that is possible without the network; everything later uses this object and
 * never the text again. `port` is one that the connector names besides 443.
 */
export function judgeDestination(
  text: string,
  policy: DestinationPolicy,
  mark: { sandbox: boolean; webhook?: boolean; port?: string },
): URL {
  // The URL parser removes tabs and newlines and turns backslashes round; a reader of the text would see another host.
  if (!/^[\x21-\x7e\u0080-\uffff]+$/.test(text) || text.includes('\\')) throw malformed('the URL holds a character that is not allowed');
  if (!URL.canParse(text)) throw malformed('the URL cannot be parsed');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw blocked('a URL with user information');

  if (mark.sandbox) {
    if (!policy.sandbox.covers(url)) throw blocked('a sandbox request may only go to the sandbox');
    return url;
  }
  if (policy.sandbox.covers(url)) throw blocked('only a sandbox request may go to the sandbox');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw blocked(`the scheme ${url.protocol} is not allowed`);
  if (policy.allowHosts.has(hostAndPort(url))) return url;
  if (mark.webhook === true && policy.loopbackWebhooks.covers(url)) return url;

  if (url.protocol !== 'https:') throw blocked('only https is allowed');
  if (url.port !== '' && url.port !== mark.port) throw blocked(`port ${url.port} is not allowed`);
  const refusal = hostRefusal(url.hostname);
  if (refusal !== undefined) throw blocked(`${url.hostname} is ${refusal}`);
  return url;
}

/** Whether addresses of this destination are exempt from the public-address rule. */
export function isExempt(url: URL, policy: DestinationPolicy): boolean {
  return policy.sandbox.covers(url) || policy.allowHosts.has(hostAndPort(url)) || policy.loopbackWebhooks.covers(url);
}

export function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
}

// The parser has already turned every spelling of an IPv4 address (octal, hexadecimal, one number, full-width digits) into
// four decimal numbers, so one look at the hostname tells a literal from a name.
function hostRefusal(hostname: string): string | undefined {
  const bare = unbracketed(hostname);
  return isIP(bare) === 0 ? nameRefusal(bare) : addressRefusal(bare);
}

export function unbracketed(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
