/**
 * Ids: `<prefix>_<26 characters>`, a ULID in lower-case Crockford base32 (48 bits of milliseconds, 80 random bits),
 * so that they sort by the time of their making and never look like a secret.
 */
export const idPrefixes = {
  workspace: 'ws',
  environment: 'env',
  client: 'cl',
  connection: 'con',
  user: 'usr',
  connectedAccount: 'ca',
  mcpConfig: 'cfg',
  mcpInstance: 'mcp',
  authorizationLink: 'lnk',
  consentSession: 'cs',
  grant: 'gr',
  toolCall: 'tc',
  auditEvent: 'ae',
  event: 'evt',
  webhookEndpoint: 'we',
  request: 'req',
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time;
  let random = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) random += alphabet[byte & 31];
  return `${idPrefixes[kind]}_${time}${random}`;
}

export function isId(kind: IdKind, value: string): boolean {
  return value.startsWith(`${idPrefixes[kind]}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(idPrefixes[kind].length + 1));
}
