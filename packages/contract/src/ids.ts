/**
 * Ids: `<prefix>_<26 characters>`, a ULID in lower-case Crockford base32 (48 bits of milliseconds, 80 more), so that they
 * sort by the time of their making and never look like a secret. Ids that one process makes in one millisecond sort in the order
 * of their making: the 80 bits are then a counter of 20, which begins at random, and 60 random ones (as RFC 9562 section 6.2,
 * method 1, for UUIDv7).
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
/** Every two characters, by their number: an id is put together of few and flat texts. */
const pairs = Array.from({ length: 1024 }, (_, i) => `${alphabet[i >> 5]}${alphabet[i & 31]}`);

let writtenMs = -1;
let written = '';

function timePart(ms: number): string {
  if (ms === writtenMs) return written;
  let time = '';
  for (let rest = ms, i = 0; i < 5; i++, rest = Math.floor(rest / 1024)) time = pairs[rest % 1024] + time;
  writtenMs = ms;
  written = time;
  return time;
}

/** No id of this kind that was made at that time or later sorts before it, and none that was made before sorts after it. */
export function firstIdAt(kind: IdKind, ms: number): string {
  return `${idPrefixes[kind]}_${timePart(Math.max(0, ms))}`;
}

// One request for random bytes costs more than the bytes: they are drawn for 64 ids at once, and none is used twice.
const pool = new Uint8Array(1024);
let drawn = pool.length;

const counterEnd = 2 ** 20;
let lastMs = -1;
let counter = 0;

export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  if (drawn === pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  const end = drawn + 16;
  // It begins in the lower half: half a million ids of one millisecond have a place after it, and more than those only lose their order.
  if (nowMs === lastMs) counter = (counter + 1) % counterEnd;
  else
    counter =
      (((pool[drawn] as number) & 15) << 15) |
      (((pool[drawn + 1] as number) & 31) << 10) |
      (((pool[drawn + 2] as number) & 31) << 5) |
      ((pool[drawn + 3] as number) & 31);
  lastMs = nowMs;
  let rest = counted(counter);
  for (drawn += 4; drawn < end; drawn += 2) rest += pairs[(((pool[drawn] as number) & 31) << 5) | ((pool[drawn + 1] as number) & 31)];
  return `${idPrefixes[kind]}_${timePart(nowMs)}${rest}`;
}

const counted = (n: number): string => `${pairs[n >>> 10]}${pairs[n & 1023]}`;

export function isId(kind: IdKind, value: string): boolean {
  return value.startsWith(`${idPrefixes[kind]}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(idPrefixes[kind].length + 1));
}
