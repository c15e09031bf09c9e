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
  verification: 'vf',
  grant: 'gr',
  salvagedCredential: 'sal',
  toolCall: 'tc',
  approval: 'apr',
  auditEvent: 'ae',
  credentialRead: 'crd',
  revocation: 'rev',
  incident: 'inc',
  event: 'evt',
  webhookEndpoint: 'we',
  request: 'req',
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

function timePart(ms: number): string {
  let time = '';
  for (let rest = ms, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time;
  return time;
}

/** No id of this kind that was made at that time or later sorts before it, and none that was made before sorts after it. */
export function firstIdAt(kind: IdKind, ms: number): string {
  return `${idPrefixes[kind]}_${timePart(Math.max(0, ms))}`;
}

export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  const time = timePart(nowMs);
  let random = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) random += alphabet[byte & 31];
  return `${idPrefixes[kind]}_${time}${random}`;
}

export function isId(kind: IdKind, value: string): boolean {
  return value.startsWith(`${idPrefixes[kind]}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(idPrefixes[kind].length + 1));
}
