import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DataKey, derivedKeysOf, maxDerivedKeys, openRecord, recordOverhead, sealRecord, tlv, VaultError } from './record.ts';
import published from './record.vectors.json' with { type: 'json' };

const newKey = (id: string = randomUUID()): DataKey => ({ id, key: randomBytes(32) });
const context = ['env_a', 'connected_accounts', 'credential_ct', 'ca_1', '3', 'gr_1'];

/** Every failure must look the same from outside: one class, one message. */
function opens(key: DataKey, where: readonly string[], record: Buffer): boolean {
  try {
    openRecord(key, where, record);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    expect((error as Error).message).toBe('the record does not open');
    expect((error as Error).cause).toBeUndefined();
    return false;
  }
}

/** The bits that can be other than they were without anybody noticing. */
function flipsThatOpen(key: DataKey, record: Buffer): number[] {
  return Array.from({ length: record.length * 8 }, (_, bit) => bit).filter((bit) => {
    const damaged = Buffer.from(record);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    return opens(key, context, damaged);
  });
}

describe('what was sealed', () => {
  it.each([0, 1, 15, 16, 17, 255, 256, 4096, 100_000])('opens again: %i bytes', (length) => {
    const key = newKey();
    const plaintext = randomBytes(length);
    const record = sealRecord(key, context, plaintext);
    expect(record.length).toBe(length + recordOverhead);
    expect(openRecord(key, context, record).equals(plaintext)).toBe(true);
  });

  it('C06: does not open with any bit flipped', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(64));
    expect(flipsThatOpen(key, record)).toEqual([]);
    expect(opens(key, context, record)).toBe(true);
  });

  it('C06: does not open with any bit flipped when its key is known from an opening before', () => {
    const key = newKey();
    const plaintext = randomBytes(64);
    const record = sealRecord(key, context, plaintext);
    expect(opens(key, context, record)).toBe(true);
    expect(flipsThatOpen(key, record)).toEqual([]);
    expect(opens(key, ['another', ...context.slice(1)], record)).toBe(false);
    expect(opens({ id: key.id, key: randomBytes(32) }, context, record)).toBe(false);
    expect(openRecord(key, context, record).equals(plaintext)).toBe(true);
  });

  it('opens again after more records than keys are remembered for, and no more keys are', () => {
    const key = newKey();
    const records = Array.from({ length: maxDerivedKeys + 2 }, (_, i) => sealRecord(key, context, Buffer.from(`value ${i}`)));
    for (let round = 0; round < 2; round++)
      expect(records.findIndex((record, i) => openRecord(key, context, record).toString() !== `value ${i}`)).toBe(-1);
    expect(derivedKeysOf(key)).toBe(maxDerivedKeys);
  });

  it('C06: does not open cut to any length, at either end, nor with bytes added', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(64));
    const opened: string[] = [];
    for (let length = 0; length < record.length; length++) {
      if (opens(key, context, record.subarray(0, length))) opened.push(`first ${length}`);
      if (opens(key, context, record.subarray(record.length - length))) opened.push(`last ${length}`);
    }
    for (let more = 1; more <= 32; more++) {
      if (opens(key, context, Buffer.concat([record, Buffer.alloc(more)]))) opened.push(`${more} more`);
      if (opens(key, context, Buffer.concat([record.subarray(0, -16), Buffer.alloc(more), record.subarray(-16)])))
        opened.push(`${more} within`);
    }
    expect(opened).toEqual([]);
  });

  it('C05: does not open with a tag of 0 to 15 bytes, whatever fills its place', () => {
    const key = newKey();
    const opened: string[] = [];
    for (const length of [0, 16, 64]) {
      const record = sealRecord(key, context, randomBytes(length));
      for (let tag = 0; tag < 16; tag++) {
        const cut = record.subarray(0, record.length - 16 + tag);
        if (opens(key, context, cut)) opened.push(`${length}: tag of ${tag}`);
        const filling = record.subarray(cut.length).map((byte) => byte ^ 0xff);
        if (opens(key, context, Buffer.concat([cut, filling]))) opened.push(`${length}: tag of ${tag}, filled`);
      }
    }
    expect(opened).toEqual([]);
  });

  it('C15: does not open under another magic, format or suite', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(8));
    for (const place of [0, 1, 2]) {
      const accepted = Array.from({ length: 256 }, (_, value) => value).filter((value) => {
        const changed = Buffer.from(record);
        changed[place] = value;
        return opens(key, context, changed);
      });
      expect(accepted).toEqual([record[place]]);
    }
  });

  it('does not open with another key, nor with another key under the same id', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(8));
    expect(opens(newKey(), context, record)).toBe(false);
    expect(opens(newKey(key.id), context, record)).toBe(false);
    expect(opens({ id: randomUUID(), key: key.key }, context, record)).toBe(false);
  });

  it('C18: says nothing but that it does not open when the tag fails, as when the commitment fails', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(8));
    expect(() => openRecord(key, ['elsewhere'], record)).toThrow(new VaultError());
    expect(() => openRecord(newKey(key.id), context, record)).toThrow(new VaultError());
  });
});

describe('the context', () => {
  it('C03: refuses each field changed, emptied, dropped, doubled or exchanged with another', () => {
    const key = newKey();
    const record = sealRecord(key, context, randomBytes(8));
    const wrong: string[][] = [[], [...context, ''], ['', ...context], [...context].reverse()];
    for (let i = 0; i < context.length; i++) {
      wrong.push(
        context.with(i, `${context[i]}x`),
        context.with(i, ''),
        context.toSpliced(i, 1),
        context.toSpliced(i, 0, context[i] as string),
      );
      for (let j = i + 1; j < context.length; j++) wrong.push(context.with(i, context[j] as string).with(j, context[i] as string));
    }
    expect(wrong.filter((where) => opens(key, where, record))).toEqual([]);
  });

  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['ab'], ['a', 'b']],
    [
      ['a', ''],
      ['', 'a'],
    ],
    [['a'], ['a', '']],
    [
      ['tnt_1', 'env_1'],
      ['tnt_1e', 'nv_1'],
    ],
    [
      ['1', '12'],
      ['11', '2'],
    ],
    [['a\u0000\u0000\u0000\u0001b'], ['a', 'b']],
    [[], ['']],
  ])('%j is not %j', (one, other) => {
    expect(tlv(one).equals(tlv(other))).toBe(false);
    const key = newKey();
    expect(opens(key, other, sealRecord(key, one, randomBytes(8)))).toBe(false);
  });
});

describe('one record, two keys', () => {
  it('C07: is refused by the commitment although AES-GCM itself would open it under both', () => {
    const id = randomUUID();
    const [first, second] = [newKey(id), newKey(id)];
    const [salt, iv] = [randomBytes(32), randomBytes(12)];
    const header = Buffer.concat([Buffer.from([0xa7, 1, 1]), Buffer.from(id.replaceAll('-', ''), 'hex')]);
    const aad = Buffer.concat([header, salt, tlv(context)]);
    const [a, b] = [derived(first, salt, header), derived(second, salt, header)];
    const { ciphertext, tag } = ciphertextForBoth(a.encryption, b.encryption, iv, aad);

    // The craft is genuine: without a commitment both keys accept it.
    for (const { encryption } of [a, b]) {
      const plain = createDecipheriv('aes-256-gcm', encryption, iv, { authTagLength: 16 });
      plain.setAAD(aad).setAuthTag(tag);
      expect(() => Buffer.concat([plain.update(ciphertext), plain.final()])).not.toThrow();
    }
    const committedTo = (commitment: Buffer) => Buffer.concat([header, salt, iv, commitment, ciphertext, tag]);
    expect(opens(first, context, committedTo(a.commitment))).toBe(true);
    expect(opens(second, context, committedTo(a.commitment))).toBe(false);
    expect(opens(first, context, committedTo(b.commitment))).toBe(false);
    expect(opens(second, context, committedTo(b.commitment))).toBe(true);
  });
});

/** `npm run attacks` seals a million. */
const seals = process.env['MODE'] === 'long' ? 1_000_000 : 100_000;

it(`C10: ${seals} seals of one plaintext under one key repeat neither salt nor IV nor commitment`, { timeout: 1_200_000 }, () => {
  const key = newKey();
  const plaintext = Buffer.alloc(16);
  const seen = { salt: new Set<string>(), iv: new Set<string>(), commitment: new Set<string>() };
  for (let i = 0; i < seals; i++) {
    const record = sealRecord(key, context, plaintext);
    seen.salt.add(record.toString('latin1', 19, 51));
    seen.iv.add(record.toString('latin1', 51, 63));
    seen.commitment.add(record.toString('latin1', 63, 95));
  }
  expect([seen.salt.size, seen.iv.size, seen.commitment.size]).toEqual([seals, seals, seals]);
});

it('a data key id that is no UUID is refused before anything is sealed', () => {
  expect(() => sealRecord({ id: 'key-1', key: randomBytes(32) }, context, Buffer.alloc(1))).toThrow('UUID');
});

describe('the published vectors', () => {
  it.each(published.vectors)('$description', (vector) => {
    const bytes = (name: 'key' | 'plaintext' | 'salt' | 'iv' | 'additional_data' | 'encryption_key' | 'commitment' | 'record') =>
      Buffer.from(vector[name], 'hex');
    const key = { id: vector.key_id, key: bytes('key') };
    expect(openRecord(key, vector.context, bytes('record')).toString('hex')).toBe(vector.plaintext);
    // The intermediate values that a reader in another language can check itself against.
    const header = bytes('record').subarray(0, 19);
    expect(derived(key, bytes('salt'), header)).toEqual({ encryption: bytes('encryption_key'), commitment: bytes('commitment') });
    expect(Buffer.concat([header, bytes('salt'), tlv(vector.context)]).toString('hex')).toBe(vector.additional_data);
  });
});

function derived(key: DataKey, salt: Buffer, header: Buffer): { encryption: Buffer; commitment: Buffer } {
  const okm = Buffer.from(hkdfSync('sha512', key.key, salt, Buffer.concat([Buffer.from('grantway/record/v1'), header]), 64));
  return { encryption: Buffer.from(okm.subarray(0, 32)), commitment: Buffer.from(okm.subarray(32)) };
}

// ---- GHASH over GF(2^128) (NIST SP 800-38D sections 6.3 and 6.4), for the forgery above ---------------------------

const toInt = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
const toBytes = (n: bigint) => Buffer.from(n.toString(16).padStart(32, '0'), 'hex');
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);

function times(x: bigint, y: bigint): bigint {
  let [z, v] = [0n, x];
  for (let i = 127n; i >= 0n; i--) {
    if ((y >> i) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
  }
  return z;
}

/** x^(2^128 - 2). */
function inverse(x: bigint): bigint {
  let [out, power] = [1n << 127n, x];
  for (let i = 1; i < 128; i++) {
    power = times(power, power);
    out = times(out, power);
  }
  return out;
}

function block(key: Buffer, input: Buffer): bigint {
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return toInt(Buffer.concat([aes.update(input), aes.final()]));
}

/** Two blocks of ciphertext, the second solved so that both keys compute the same tag. */
function ciphertextForBoth(one: Buffer, other: Buffer, iv: Buffer, aad: Buffer): { ciphertext: Buffer; tag: Buffer } {
  const free = randomBytes(16);
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(aad.length * 8), 0);
  lengths.writeBigUInt64BE(BigInt(32 * 8), 8);
  const counter = Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]);
  const tagOf = (key: Buffer, solved: Buffer) => {
    const h = block(key, Buffer.alloc(16));
    const input = Buffer.concat([padded(aad), free, solved, lengths]);
    let sum = 0n;
    for (let at = 0; at < input.length; at += 16) sum = times(sum ^ toInt(input.subarray(at, at + 16)), h);
    return { tag: sum ^ block(key, counter), weight: times(h, h) };
  };
  const [a, b] = [tagOf(one, Buffer.alloc(16)), tagOf(other, Buffer.alloc(16))];
  const solved = toBytes(times(a.tag ^ b.tag, inverse(a.weight ^ b.weight)));
  return { ciphertext: Buffer.concat([free, solved]), tag: toBytes(tagOf(one, solved).tag) };
}
