/**
 * Bearer values that Grantway mints: `<prefix>_<id>_<secret><crc>`. The id is public (16 base62 characters), the
 * secret has 43 base62 characters (at least 256 bits; of session tokens the last 43), the crc is CRC-32 over everything before it as 6 base62
 * characters. Prefix and crc let secret scanners decide offline; they add no security.
 */
export const bearerPrefixes = {
  /** The secret part of an MCP instance's URL. */
  mcpUrl: 'gwmcp',
  /** An authorization link. */
  link: 'gwln',
  /** A link to the page where a call is approved. */
  approval: 'gwap',
  /** A client secret. */
  clientSecret: 'gwsk',
  /** A session token: its secret part says what it is for, and proves it. */
  sessionToken: 'gwst',
  /** A one-time link that signs a person in, to allow an MCP client something. */
  signInLink: 'gwsl',
  /** An authorization code for an MCP client. */
  authorizationCode: 'gwac',
  /** A refresh token of an MCP client. */
  refreshToken: 'gwrt',
  /** A link by which one file is brought, once, or fetched. */
  fileLink: 'gwfl',
} as const;

export type BearerKind = keyof typeof bearerPrefixes;

export interface Bearer {
  kind: BearerKind;
  id: string;
  secret: string;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const bearerIdLength = 16;
export const bearerSecretLength = 43;
/** What a session token says of itself stands before its proof. */
export const sessionClaimLength = 37;

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(text: string): number {
  let c = 0xffffffff;
  for (let i = 0; i < text.length; i++) c = (crcTable[(c ^ text.charCodeAt(i)) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let out = '';
  for (let i = 0; i < 6; i++, rest = Math.floor(rest / 62)) out = base62[rest % 62] + out;
  return out;
}

/** Bytes as base62, most significant digit first, left-padded to `length`. */
export function toBase62(bytes: Uint8Array, length: number): string {
  let n = 0n;
  for (const byte of bytes) n = (n << 8n) | BigInt(byte);
  let out = '';
  while (n > 0n) {
    out = base62[Number(n % 62n)] + out;
    n /= 62n;
  }
  return out.padStart(length, '0').slice(-length);
}

/** `length` uniformly random base62 characters. */
export function randomBase62(length: number): string {
  let out = '';
  while (out.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      // 248 = 4 * 62: values above would favour the first characters
      if (byte < 248 && out.length < length) out += base62[byte % 62];
    }
  }
  return out;
}

export function formatBearer({ kind, id, secret }: Bearer): string {
  const body = `${bearerPrefixes[kind]}_${id}_${secret}`;
  return body + checksum(body);
}

const shape = /^([a-z]+)_([0-9A-Za-z]{16})_([0-9A-Za-z]{43,80})([0-9A-Za-z]{6})$/;

/** The parts of a well-formed value with a right checksum, or undefined. Says nothing about its validity. */
export function parseBearer(kind: BearerKind, text: string): Bearer | undefined {
  if (text.length > 128) return undefined;
  const match = shape.exec(text);
  if (match === null || match[1] !== bearerPrefixes[kind]) return undefined;
  const [, , id, secret, crc] = match as unknown as [string, string, string, string, string];
  if (secret.length !== bearerSecretLength + (kind === 'sessionToken' ? sessionClaimLength : 0)) return undefined;
  return checksum(text.slice(0, -6)) === crc ? { kind, id, secret } : undefined;
}

/** Finds any of our bearer values inside a longer text; for redaction at the log sink. */
export const bearerPattern = /\b(gwmcp|gwln|gwap|gwsk|gwst|gwsl|gwac|gwrt|gwfl)_([0-9A-Za-z]{16})_[0-9A-Za-z]{6,}/g;
