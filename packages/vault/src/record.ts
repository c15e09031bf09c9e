import { createCipheriv, createDecipheriv, createHmac, createSecretKey, KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The sealed record, suite 1: HKDF-SHA-512, AES-256-GCM, 32-byte key commitment.
 *
 * | offset | length | field |
 * |---|---|---|
 * | 0 | 1 | magic 0xA7 |
 * | 1 | 1 | format 0x01 |
 * | 2 | 1 | suite 0x01 |
 * | 3 | 16 | data key id (UUID bytes) |
 * | 19 | 32 | salt |
 * | 51 | 12 | IV |
 * | 63 | 32 | commitment |
 * | 95 | n | ciphertext |
 * | 95+n | 16 | tag |
 */
const magic = 0xa7;
const format = 1;
const suite = 1;
const headerLength = 19;
const saltEnd = 51;
const ivEnd = 63;
const commitmentEnd = 95;
const tagLength = 16;
export const recordOverhead = commitmentEnd + tagLength;

const info = Buffer.from('grantway/record/v1');

export interface DataKey {
  /** UUID. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** One message for every way a record can fail to open: a reader must not learn which check objected. */
export class VaultError extends Error {
  constructor() {
    super('the record does not open');
    this.name = 'VaultError';
  }
}

/** Length-prefixed fields: ["ab","c"] and ["a","bc"] must not be the same bytes. */
export const tlv = (fields: readonly string[]): Buffer => behind(Buffer.alloc(0), fields);

/** `head`, and then the fields with their lengths. */
function behind(head: Buffer, fields: readonly string[]): Buffer {
  // Not of the pool that small buffers share: it would be kept as a whole for as long as one of them.
  const out = Buffer.allocUnsafeSlow(fields.reduce((sum, field) => sum + 4 + Buffer.byteLength(field, 'utf8'), head.length));
  let at = head.copy(out);
  for (const field of fields) {
    const length = out.write(field, at + 4, 'utf8');
    out.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return out;
}

/** HKDF-SHA-512 (RFC 5869) of 64 bytes, which are one block; by its two HMACs, in half of the time that `hkdfSync` takes. */
function derive(key: Buffer, salt: Buffer, header: Buffer): { encryption: Buffer; commitment: Buffer } {
  const extracted = createHmac('sha512', salt).update(key).digest();
  const okm = createHmac('sha512', extracted).update(info).update(header).update(firstBlock).digest();
  extracted.fill(0);
  return { encryption: okm.subarray(0, 32), commitment: okm.subarray(32, 64) };
}

const firstBlock = Buffer.from([1]);

interface RecordKey {
  encryption: KeyObject;
  commitment: Buffer;
  /** The place that its record was last looked for in, and the additional data that this makes: nearly always the same again, and no secret. */
  context: readonly string[];
  additional: Buffer;
}

/**
 * Of the records that were read last, by their salts: a key is derived once for the calls that follow one another, which is
 * half of the work of opening. They stand below their data key, which is in memory as well and without which nobody has them
 * here, and go with it; whoever has that one can derive them all.
 */
const derivedKeys = new WeakMap<DataKey, Map<string, RecordKey>>();
export const maxDerivedKeys = 1_000;

/** How many keys of records are in memory below this one. */
export const derivedKeysOf = (dataKey: DataKey): number => derivedKeys.get(dataKey)?.size ?? 0;

/** @throws VaultError for a record that names another data key */
function recordKeyOf(dataKey: DataKey, record: Buffer): RecordKey {
  const known = derivedKeys.get(dataKey) ?? new Map<string, RecordKey>();
  // The header stands in the name: whatever is found was held against this data key's id.
  const name = record.toString('latin1', 0, saltEnd);
  const found = known.get(name);
  if (found !== undefined) return found;
  if (recordKeyId(record) !== dataKey.id) throw new VaultError();
  const { encryption, commitment } = derive(dataKey.key, record.subarray(headerLength, saltEnd), record.subarray(0, headerLength));
  const made = { encryption: createSecretKey(encryption), commitment: Buffer.from(commitment), context: [], additional: Buffer.alloc(0) };
  encryption.fill(0);
  if (known.size >= maxDerivedKeys) known.delete(known.keys().next().value as string);
  known.set(name, made);
  derivedKeys.set(dataKey, known);
  return made;
}

function additionalOf(key: RecordKey, context: readonly string[], record: Buffer): Buffer {
  if (key.additional.length === 0 || !isSame(key.context, context)) {
    key.additional = behind(record.subarray(0, saltEnd), context);
    key.context = [...context];
  }
  return key.additional;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** A 256-bit key, a 96-bit IV and a 128-bit tag are all there is. */
function mustFit(key: Buffer | KeyObject, iv: Buffer): void {
  if ((key instanceof KeyObject ? key.symmetricKeySize : key.length) !== 32 || iv.length !== ivEnd - saltEnd) throw new VaultError();
}

/**
 * AES-256-GCM (NIST SP 800-38D). Answers the ciphertext and, behind it, its tag of 16 bytes.
 * @param key 32 bytes
 * @param iv 12 bytes
 * @throws VaultError for a key or IV of another length
 */
export function encrypt(key: Buffer, iv: Buffer, additional: Buffer, plaintext: Buffer): Buffer {
  mustFit(key, iv);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * What `encrypt` made, or nothing: no byte comes out before the tag was found right.
 * @throws VaultError for everything that `encrypt` did not make under this key, IV and additional data
 */
export function decrypt(key: Buffer | KeyObject, iv: Buffer, additional: Buffer, ciphertext: Buffer): Buffer {
  mustFit(key, iv);
  if (ciphertext.length < tagLength) throw new VaultError();
  return unsealed(key, iv, additional, ciphertext);
}

// Without authTagLength Node accepts tags cut down to 4 bytes.
const wholeTag = { authTagLength: tagLength };

function unsealed(key: Buffer | KeyObject, iv: Buffer, additional: Buffer, ciphertext: Buffer): Buffer {
  const end = ciphertext.length - tagLength;
  const decipher = createDecipheriv('aes-256-gcm', key, iv, wholeTag);
  decipher.setAAD(additional);
  decipher.setAuthTag(ciphertext.subarray(end));
  const opened = decipher.update(ciphertext.subarray(0, end));
  try {
    // A stream mode has nothing left to give; it throws where the tag is not right.
    decipher.final();
    return opened;
  } catch {
    opened.fill(0);
    throw new VaultError();
  }
}

/** @param context what the record is bound to: environment, table, column, row id, generation, ... (authenticated, not stored) */
export function sealRecord(dataKey: DataKey, context: readonly string[], plaintext: Buffer): Buffer {
  const salt = randomBytes(32);
  const iv = randomBytes(12);
  const header = Buffer.concat([Buffer.from([magic, format, suite]), uuidBytes(dataKey.id)]);
  const { encryption, commitment } = derive(dataKey.key, salt, header);
  try {
    return Buffer.concat([
      header,
      salt,
      iv,
      commitment,
      encrypt(encryption, iv, behind(Buffer.concat([header, salt]), context), plaintext),
    ]);
  } finally {
    encryption.fill(0);
  }
}

/** The id of the data key that a record names, so that the key ring can load exactly that one. */
export function recordKeyId(record: Buffer): string {
  if (record.length < recordOverhead || record[0] !== magic || record[1] !== format || record[2] !== suite) throw new VaultError();
  return uuidText(record.subarray(3, headerLength));
}

/** @throws VaultError for any record that was not sealed with this key for this very context */
export function openRecord(dataKey: DataKey, context: readonly string[], record: Buffer): Buffer {
  if (record.length < recordOverhead) throw new VaultError();
  const key = recordKeyOf(dataKey, record);
  // AES-GCM does not commit to its key: one ciphertext can open under two. The commitment is checked first.
  if (!timingSafeEqual(key.commitment, record.subarray(ivEnd, commitmentEnd))) throw new VaultError();
  return unsealed(key.encryption, record.subarray(saltEnd, ivEnd), additionalOf(key, context, record), record.subarray(commitmentEnd));
}

function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== headerLength - 3) throw new Error('a data key id must be a UUID');
  return bytes;
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
