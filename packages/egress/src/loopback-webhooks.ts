import { blocked } from './egress-error.ts';

/**
 * A developer's receiver on the same machine: webhooks, and nothing else, may go to a loopback address where the broker
 * itself is at one. A host that is merely resolved to a loopback address is not meant.
 */
export interface LoopbackWebhookException {
  covers(url: URL): boolean;
}

export function loopbackWebhookException(allowed: () => boolean): LoopbackWebhookException {
  return {
    covers: (url) => (url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)) && allowed(),
  };
}

/** The port that a webhook's URL names, where it is one of a web server's: well-known ports of other services are not. */
export function webhookPort(url: URL): string {
  if (url.port !== '' && Number(url.port) < 1024) throw blocked(`port ${url.port} is not allowed`);
  if (url.hash !== '') throw blocked('a URL with a fragment');
  return url.port;
}
