import { randomBytes } from 'node:crypto';

/** Keys that the sandbox takes, by connector: made anew, so that there is none to leak. */
export function someKeys(connector: string): Record<string, string> {
  const api_key = randomBytes(16).toString('hex');
  if (connector === 'datadog') return { api_key, application_key: randomBytes(20).toString('hex') };
  return { api_key: connector === 'granola' ? `grn_${api_key}` : api_key };
}
