import { createHash, hkdfSync } from 'node:crypto';
import { reveal, Secret } from '@grantway/contract';
import { type DataKey, openRecord, sealRecord, VaultError } from './record.ts';

export interface WrapContext {
  purpose: string;
  /** '' for install-wide keys. */
  environmentId: string;
  dataKeyId: string;
}

/** Wraps data keys. The master key itself never touches a record. */
export interface KeyWrapper {
  /** Stable and public, for example `local:1f2e3d4c5b6a7988`; names the master key a wrapped key needs. */
  readonly id: string;
  /** Its private half is elsewhere (break-glass): it wraps, and nothing here can unwrap. */
  readonly wrapOnly?: true;
  wrap(key: Buffer, context: WrapContext): Promise<Buffer>;
  unwrap(blob: Buffer, context: WrapContext): Promise<Buffer>;
}

/**
 * Reads a master key: 32 bytes as base64, base64url or 64 hex digits.
 *
 * @throws Error with one sentence when it is missing, of another length, or so regular that it must be a placeholder
 */
export function parseMasterKey(text: string): Secret<Buffer> {
  const trimmed = text.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64url');
  if (!/^[A-Za-z0-9+/_=-]+$/.test(trimmed) || bytes.length !== 32) {
    throw new Error('the master key must be 32 random bytes as base64 or hex; make one with: openssl rand -base64 32');
  }
  // 32 random bytes hold 22 or fewer different values with a chance below 1 in 10^6 (placeholders hold far fewer), are all
  // printable with one below 10^13 (a sentence in base64 is not a key), and never count up or down.
  const steps = new Set(bytes.subarray(1).map((byte, i) => byte - (bytes[i] as number)));
  if (new Set(bytes).size < 20 || steps.size === 1 || /^[\t\n\r\x20-\x7e]+$/.test(bytes.toString('latin1'))) {
    throw new Error('the master key looks like a placeholder; make a random one with: openssl rand -base64 32');
  }
  return new Secret(bytes);
}

/** A master key held in memory: from a file in the data folder, or from the environment. */
export function localKeyWrapper(masterKey: Secret<Buffer>): KeyWrapper {
  const key = reveal(masterKey);
  const fingerprint = createHash('sha256')
    .update(Buffer.from(hkdfSync('sha512', key, Buffer.alloc(0), 'grantway/master-key/fingerprint', 32)))
    .digest('hex')
    .slice(0, 16);
  // The record format wants a key id; the master key's is derived from its fingerprint.
  const wrapping: DataKey = {
    id: `${fingerprint.slice(0, 8)}-${fingerprint.slice(8, 12)}-${fingerprint.slice(12, 16)}-0000-000000000000`,
    key: Buffer.from(hkdfSync('sha512', key, Buffer.alloc(0), 'grantway/master-key/wrap', 32)),
  };
  const context = (c: WrapContext) => ['data_key_wraps', c.purpose, c.environmentId, c.dataKeyId];
  return {
    id: `local:${fingerprint}`,
    wrap: async (dataKey, c) => sealRecord(wrapping, context(c), dataKey),
    unwrap: async (blob, c) => {
      const dataKey = openRecord(wrapping, context(c), blob);
      if (dataKey.length !== 32) throw new VaultError();
      return dataKey;
    },
  };
}
