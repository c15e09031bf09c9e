import { randomBytes } from 'node:crypto';
import type { KeyRing } from './key-ring.ts';
import { decrypt, encrypt, openRecord, sealRecord, tlv, VaultError } from './record.ts';
import { contextOf, type Place } from './sealing.ts';

/**
 * The sealed file: 8 bytes (magic `GWF`, format 01, chunk size), then chunks of AES-256-GCM with their tags. A file has a random key
 * of its own, used once, so that IVs may count: seven bytes 0, the chunk's number, and 1 in the last chunk's last byte. So chunks
 * cannot be moved, left out or cut off, nor taken from another file. The key is a sealed record of the file's row.
 */
const magic = Buffer.from([0x47, 0x57, 0x46, 0x01]);
const chunkBytes = 65_536;
const tagBytes = 16;
const headerBytes = 8;

export interface FileSealing {
  /** A new key, sealed for the row, and what seals one stream with it. */
  seal(place: Place): Promise<{ keyCt: Buffer; seal(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> }>;
  /**
   * What was sealed, chunk by chunk: none comes out before its tag was found right. The stream ends with VaultError where it was
   * altered, cut off or continued.
   * @throws VaultError where the key was not sealed for this very place
   */
  open(place: Place, keyCt: Buffer): Promise<(sealed: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>>;
}

/** How many bytes a file of that size has once it is sealed. */
export function sealedSize(size: number): number {
  return headerBytes + size + tagBytes * Math.max(1, Math.ceil(size / chunkBytes));
}

export function createFileSealing(ring: KeyRing): FileSealing {
  return {
    async seal(place) {
      const context = contextOf(place);
      const key = randomBytes(32);
      const keyCt = sealRecord(await ring.active('record', place.environmentId), context, key);
      return { keyCt, seal: (bytes) => sealStream(key, context, bytes) };
    },
    async open(place, keyCt) {
      const context = contextOf(place);
      const key = openRecord(await ring.forRecord(keyCt, 'record', place.environmentId), context, keyCt);
      return (sealed) => openStream(key, context, sealed);
    },
  };
}

function ivOf(number: number, isLast: boolean): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(number, 7);
  iv[11] = isLast ? 1 : 0;
  return iv;
}

async function* sealStream(key: Buffer, context: readonly string[], bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    const header = Buffer.alloc(headerBytes);
    magic.copy(header);
    header.writeUInt32BE(chunkBytes, magic.length);
    const additional = Buffer.concat([header, tlv(context)]);
    yield header;
    let number = 0;
    for await (const { bytes: chunk, isLast } of inPieces(bytes, chunkBytes)) {
      yield encrypt(key, ivOf(number++, isLast), additional, chunk);
    }
  } finally {
    key.fill(0);
  }
}

async function* openStream(key: Buffer, context: readonly string[], sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    const source = sealed[Symbol.asyncIterator]();
    let held = Buffer.alloc(0);
    while (held.length < headerBytes) {
      const { value, done } = await source.next();
      if (done === true) throw new VaultError();
      held = Buffer.concat([held, value]);
    }
    const header = held.subarray(0, headerBytes);
    if (!header.subarray(0, magic.length).equals(magic) || header.readUInt32BE(magic.length) !== chunkBytes) throw new VaultError();
    const additional = Buffer.concat([header, tlv(context)]);
    const rest = (async function* () {
      yield held.subarray(headerBytes);
      yield* { [Symbol.asyncIterator]: () => source };
    })();
    let number = 0;
    for await (const { bytes: chunk, isLast } of inPieces(rest, chunkBytes + tagBytes)) {
      yield decrypt(key, ivOf(number++, isLast), additional, chunk);
    }
  } finally {
    key.fill(0);
  }
}

/** The same bytes in pieces of one size; the last one, which alone may be shorter or empty, is marked. */
async function* inPieces(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<{ bytes: Buffer; isLast: boolean }> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const some of bytes) {
    if (some.length === 0) continue;
    held.push(some);
    length += some.length;
    // A full piece is held back until something follows it: it could be the last.
    if (length <= size) continue;
    const all = Buffer.concat(held, length);
    let at = 0;
    for (; length - at > size; at += size) yield { bytes: all.subarray(at, at + size), isLast: false };
    held = [all.subarray(at)];
    length -= at;
  }
  yield { bytes: Buffer.concat(held, length), isLast: true };
}
