import { blocked } from './egress-error.ts';

/**
 * The one way to a loopback address that a product flow has. A request marked `sandbox` reaches exactly this origin; a
 * request without the mark never does, whatever else is allowed.
 */
export interface SandboxException {
  /** The origin now in force; undefined where there is no sandbox. Throws when it is not plain http on a loopback address. */
  origin(): string | undefined;
  covers(url: URL): boolean;
}

export function sandboxException(configured: () => string | undefined): SandboxException {
  let known = { text: '', origin: '' };
  const origin = () => {
    const text = configured();
    if (text === undefined) return undefined;
    if (text === known.text) return known.origin;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'http:' || !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) {
      throw blocked('the sandbox must be http on a loopback address');
    }
    known = { text, origin: url.origin };
    return known.origin;
  };
  return { origin, covers: (url) => url.origin === origin() };
}
