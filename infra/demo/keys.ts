import { randomBytes } from 'node:crypto';

/** Keys that the sandbox takes: made anew, so that there is none to leak. */
export function someKeys(): Record<string, string> {
  return { api_key: randomBytes(16).toString('hex'), application_key: randomBytes(20).toString('hex') };
}
