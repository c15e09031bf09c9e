import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AppCredentials, Credential } from '@grantway/connector-kit';
import { type BearerKind, formatBearer, parseBearer, randomBase62, reveal, Secret, toBase62 } from '@grantway/contract';
import type { KeyRing } from './key-ring.ts';
import { type DataKey, openRecord, sealRecord, VaultError } from './record.ts';
import type { KeyPurpose } from './wrapped-keys.ts';

/** Where a sealed value lives. All of it is authenticated, so that a record opens in its own place only. */
export interface Place {
  environmentId: string;
  table: string;
  column: string;
  rowId: string;
  /** Grows with every write of the column. */
  generation: number;
  /** The grant a credential belongs to; '' elsewhere. */
  grantId?: string;
}

/** What of a place is authenticated. */
export function contextOf(p: Place): string[] {
  return [p.environmentId, p.table, p.column, p.rowId, String(p.generation), p.grantId ?? ''];
}

/** What lies outside the database is sealed under a key of its own. */
const purposeOf = (place: Place): KeyPurpose => (place.table === 'journal' ? 'journal' : 'record');

const paddingStep = 256;

/** Length does not tell which provider's token it is: plaintexts are padded to steps of 256 bytes. */
function pad(json: string): Buffer {
  const length = Buffer.byteLength(json, 'utf8');
  const out = Buffer.alloc(Math.ceil((length + 4) / paddingStep) * paddingStep);
  out.writeUInt32BE(length);
  // Written in place: a buffer in between would be one more to wipe.
  out.write(json, 4, 'utf8');
  return out;
}

function unpad(padded: Buffer): string {
  const length = padded.length < 4 ? -1 : padded.readUInt32BE();
  if (length < 0 || length > padded.length - 4) throw new VaultError();
  return padded.toString('utf8', 4, 4 + length);
}

/** Bearer values that can be made again from their id; the kind is part of what is hashed. */
export type DerivedKind = Extract<BearerKind, 'mcpUrl' | 'link' | 'approval'>;

const answerColumns: ReadonlySet<string> = new Set([
  'idempotency_keys.answer_ct',
  'mcp_sign_ins.request_ct',
  'approvals.arguments_ct',
  'approvals.result_ct',
]);

export interface Sealing {
  /** Seals any JSON value. */
  seal(place: Place, value: Secret<unknown>): Promise<Buffer>;
  /** Opens the keys that a refresh seals with, so that what comes of it can be sealed while the database is away. */
  prepare(environmentId: string): Promise<void>;
  /** @throws VaultError when it was not sealed for this very place */
  open<T>(place: Place, record: Buffer): Promise<Secret<T>>;
  /** As `open`, at once where the data key is in memory: for what every call does. */
  openNow<T>(place: Place, record: Buffer): Secret<T> | Promise<Secret<T>>;
  /** Opens a value that belongs to the caller himself, to be given back to him: a kept answer, a request or a call that waited. Never a credential. */
  openAnswer<T>(place: Place, record: Buffer): Promise<T>;
  /** Keyed hash of a value we must recognise but need not know: client secrets, `state`, idempotency keys. 32 bytes. */
  mac(purpose: string, parts: readonly string[]): Promise<Buffer>;
  /**
   * The secret of a bearer value that must be the same each time it is asked for, and that the database alone must
   * never yield: an HMAC of its id and version under a key of its own (security.md 3.6, derived form).
   */
  derive(kind: DerivedKind, id: string, version: number): Promise<string>;
  /** Checks a presented value against the derived one in constant time. */
  isDerived(kind: DerivedKind, presented: string, version: number): Promise<boolean>;
}

export function createSealing(ring: KeyRing): Sealing {
  const derivation: Record<DerivedKind, KeyPurpose> = { mcpUrl: 'url', link: 'link', approval: 'link' };

  async function derive(kind: DerivedKind, id: string, version: number): Promise<string> {
    const { key } = await ring.active(derivation[kind]);
    const bytes = createHmac('sha256', key)
      .update(framed([kind, id, String(version)]))
      .digest();
    return formatBearer({ kind, id, secret: toBase62(bytes, 43) });
  }

  const keyOf = (place: Place, record: Buffer) => ring.forRecord(record, purposeOf(place), place.environmentId);

  function openWith<T>(key: DataKey, place: Place, record: Buffer): T {
    const plaintext = openRecord(key, contextOf(place), record);
    const value = JSON.parse(unpad(plaintext)) as T;
    plaintext.fill(0);
    return value;
  }

  const openValue = async <T>(place: Place, record: Buffer) => openWith<T>(await keyOf(place, record), place, record);

  function openNow<T>(place: Place, record: Buffer): Secret<T> | Promise<Secret<T>> {
    const key = keyOf(place, record);
    if (key instanceof Promise) return key.then((loaded) => new Secret(openWith<T>(loaded, place, record)));
    return new Secret(openWith<T>(key, place, record));
  }

  return {
    async seal(place, value) {
      const key = await ring.active(purposeOf(place), place.environmentId);
      const plaintext = pad(JSON.stringify(reveal(value)));
      const record = sealRecord(key, contextOf(place), plaintext);
      plaintext.fill(0);
      return record;
    },
    async prepare(environmentId) {
      await Promise.all([ring.active('record', environmentId), ring.active('journal', environmentId)]);
    },
    open: async <T>(place: Place, record: Buffer) => openNow<T>(place, record),
    openNow,
    openAnswer<T>(place: Place, record: Buffer) {
      if (!answerColumns.has(`${place.table}.${place.column}`)) throw new VaultError();
      return openValue<T>(place, record);
    },
    async mac(purpose, parts) {
      const { key } = await ring.active('lookup');
      return createHmac('sha256', key)
        .update(framed([purpose, ...parts]))
        .digest();
    },
    derive,
    async isDerived(kind, presented, version) {
      const parsed = parseBearer(kind, presented);
      if (parsed === undefined) return false;
      return sameText(presented, await derive(kind, parsed.id, version));
    },
  };
}

/** 0x00 cannot occur in the parts we hash (ids, base62, cookies), and lengths are prefixed besides. */
function framed(parts: readonly string[]): Buffer {
  return Buffer.concat(parts.flatMap((p) => [Buffer.from(`${Buffer.byteLength(p)}:`), Buffer.from(p), Buffer.from([0])]));
}

/** Compares digests, so that lengths may differ and nothing leaks through time. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A new bearer value whose secret is random; shown once, kept as a MAC only. */
export function mintBearer(kind: BearerKind): string {
  return formatBearer({ kind, id: randomBase62(16), secret: randomBase62(43) });
}

/** 256 random bits as base64url: `state`, browser bindings. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** 16 bytes that recognise an access credential without keeping it; a provider's 401 is tied to one of these. */
export function fingerprint(credential: Secret<Credential>): Buffer {
  const value = reveal(credential);
  const text = recognisedBy(value);
  return createHash('sha256').update('grantway/fingerprint\0').update(text).digest().subarray(0, 16);
}

function recognisedBy(value: Credential): string {
  if (value.kind === 'oauth2') return value.access_token;
  if (value.kind === 'oauth1') return JSON.stringify([value.token ?? '', value.token_secret ?? '']);
  if ('access_token' in value && value.access_token !== undefined) return value.access_token;
  return JSON.stringify(Object.entries(value.fields).sort());
}

/** A connection's client id and secret as one value, for whoever asks or signs with them. */
export function appCredentials(clientId: string, clientSecret: Secret<string>): Secret<AppCredentials> {
  return new Secret<AppCredentials>({ client_id: clientId, client_secret: reveal(clientSecret) });
}

/** The public facts of a credential, safe to keep in clear beside it. */
export function factsOf(credential: Secret<Credential>): {
  refreshable: boolean;
  expiresAtMs: number | undefined;
  /** When the refresh token ends, used or not. */
  refreshExpiresAtMs: number | undefined;
  scopes: string[] | undefined;
} {
  const value = reveal(credential);
  // Whatever asks the vendor for its tokens can always ask again.
  if ('requested_scopes' in value) {
    return { refreshable: true, expiresAtMs: value.expires_at, refreshExpiresAtMs: undefined, scopes: value.scopes };
  }
  if (value.kind !== 'oauth2') return { refreshable: false, expiresAtMs: undefined, refreshExpiresAtMs: undefined, scopes: undefined };
  return {
    refreshable: value.refresh_token !== undefined,
    expiresAtMs: value.expires_at,
    refreshExpiresAtMs: value.refresh_expires_at,
    scopes: value.scopes,
  };
}

/** Tells whether two credentials hold the same refresh token, or long-lived secret: our own commit seen again. */
export function sameRefreshToken(a: Secret<Credential>, b: Secret<Credential>): boolean {
  const [x, y] = [reveal(a), reveal(b)];
  if ('requested_scopes' in x && 'requested_scopes' in y) {
    return sameText(JSON.stringify(Object.entries(x.fields).sort()), JSON.stringify(Object.entries(y.fields).sort()));
  }
  return x.kind === 'oauth2' && y.kind === 'oauth2' && x.refresh_token !== undefined && sameText(x.refresh_token, y.refresh_token ?? '');
}
