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
  oauthClient: 'oc',
  identityProvider: 'idp',
  mcpSignIn: 'msi',
  mcpGrant: 'mg',
  authorizationLink: 'lnk',
  consentSession: 'cs',
  verification: 'vf',
  grant: 'gr',
  salvagedCredential: 'sal',
  toolCall: 'tc',
  file: 'file',
  fileLink: 'fl',
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

// One request for random bytes costs more than the bytes: they are drawn for 64 ids at once, and none is used twice.
const pool = new Uint8Array(1024);
let drawn = pool.length;

export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  const time = timePart(nowMs);
  if (drawn === pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  let random = '';
  for (const end = drawn + 16; drawn < end; drawn++) random += alphabet[(pool[drawn] as number) & 31];
  return `${idPrefixes[kind]}_${time}${random}`;
}

export function isId(kind: IdKind, value: string): boolean {
  return value.startsWith(`${idPrefixes[kind]}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(idPrefixes[kind].length + 1));
}
