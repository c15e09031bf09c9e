import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';

/**
 * The primitives under the record, as this build of Node has them: published answers, and a second implementation of each
 * from its specification (SP 800-38D, RFC 2104, RFC 5869) over random and edge-case inputs.
 */
const hex = (text: string) => Buffer.from(text, 'hex');

describe('AES-256-GCM', () => {
  const plaintext =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
  const ciphertext =
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
  const key = 'feffe9928665731c6d6a8f9467308308'.repeat(2);
  // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13 to 16.
  it.each([
    ['13', '00'.repeat(32), '00'.repeat(12), '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
    ['14', '00'.repeat(32), '00'.repeat(12), '', '00'.repeat(16), 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
    ['15', key, 'cafebabefacedbaddecaf888', '', plaintext, ciphertext, 'b094dac5d93471bdec1a502270e3cc6c'],
    [
      '16',
      key,
      'cafebabefacedbaddecaf888',
      'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      plaintext.slice(0, 120),
      ciphertext.slice(0, 120),
      '76fc6ece0f4e1768cddf8853bb2d551b',
    ],
  ])('gives the published answer of test case %s, and refuses each bit of its tag changed', (_n, k, iv, aad, p, c, tag) => {
    expect(seal(hex(k), hex(iv), hex(aad), hex(p))).toEqual({ ciphertext: hex(c), tag: hex(tag) });
    expect(open(hex(k), hex(iv), hex(aad), hex(c), hex(tag))?.toString('hex')).toBe(p);
    for (let bit = 0; bit < 128; bit++) {
      const wrong = hex(tag);
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(open(hex(k), hex(iv), hex(aad), hex(c), wrong)).toBeUndefined();
    }
  });

  it('agrees with a second implementation for every length about the block size, and extreme keys and IVs', () => {
    const keys = [randomBytes(32), Buffer.alloc(32), Buffer.alloc(32, 0xff)];
    const ivs = [randomBytes(12), Buffer.alloc(12), Buffer.alloc(12, 0xff)];
    let compared = 0;
    for (const k of keys) {
      for (const iv of ivs) {
        for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 64, 65]) {
          for (const aadLength of [0, 1, 16, 51]) {
            const [aad, p] = [randomBytes(aadLength), randomBytes(length)];
            expect(seal(k, iv, aad, p)).toEqual(slowGcm(k, iv, aad, p));
            compared += 1;
          }
        }
      }
    }
    expect(compared).toBe(360);
  });

  it.each([
    ['all zero', Buffer.alloc(16)],
    ['all one', Buffer.alloc(16, 0xff)],
  ])('refuses a tag of %s bits', (_name, tag) => {
    const [k, iv, p] = [randomBytes(32), randomBytes(12), randomBytes(32)];
    expect(open(k, iv, Buffer.alloc(0), seal(k, iv, Buffer.alloc(0), p).ciphertext, tag)).toBeUndefined();
  });
});

describe('HMAC-SHA-256', () => {
  // RFC 4231, test cases 1 to 3, 6 and 7.
  it.each([
    ['0b'.repeat(20), Buffer.from('Hi There').toString('hex'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?').toString('hex'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      'aa'.repeat(131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First').toString('hex'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'aa'.repeat(131),
      Buffer.from(
        'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      ).toString('hex'),
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('gives the published answers of RFC 4231 (%#)', (key, data, mac) => {
    expect(createHmac('sha256', hex(key)).update(hex(data)).digest('hex')).toBe(mac);
  });

  it('agrees with RFC 2104 in plain hashes, for keys about the block size and messages of every length to 130', () => {
    for (const keyLength of [0, 1, 32, 63, 64, 65, 200]) {
      for (let length = 0; length <= 130; length++) {
        const [key, data] = [randomBytes(keyLength), randomBytes(length)];
        expect(
          createHmac('sha256', key)
            .update(data)
            .digest()
            .equals(slowHmac('sha256', 64, key, data)),
        ).toBe(true);
      }
    }
  });
});

describe('HKDF', () => {
  // RFC 5869, appendix A, test cases 1 to 3 (SHA-256).
  it.each([
    [
      '0b'.repeat(22),
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      42,
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      bytesFrom(0x00, 80),
      bytesFrom(0x60, 80),
      bytesFrom(0xb0, 80),
      82,
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    ['0b'.repeat(22), '', '', 42, '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'],
  ])('gives the published answers of RFC 5869 (%#)', (ikm, salt, info, length, okm) => {
    expect(Buffer.from(hkdfSync('sha256', hex(ikm), hex(salt), hex(info), length)).toString('hex')).toBe(okm);
  });

  it.each([
    ['sha256', 64, 32],
    ['sha512', 128, 64],
  ] as const)('over %s agrees with RFC 5869 in plain HMACs, for all output lengths to three blocks', (hash, block, size) => {
    for (let length = 1; length <= 3 * size; length++) {
      const [ikm, salt, info] = [randomBytes(32), randomBytes(length % 65), randomBytes(length % 50)];
      const prk = slowHmac(hash, block, salt, ikm);
      let [out, last]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
      for (let i = 1; out.length < length; i++) {
        last = slowHmac(hash, block, prk, Buffer.concat([last, info, Buffer.from([i])]));
        out = Buffer.concat([out, last]);
      }
      expect(Buffer.from(hkdfSync(hash, ikm, salt, info, length)).equals(out.subarray(0, length))).toBe(true);
    }
  });
});

function bytesFrom(first: number, count: number): string {
  return Buffer.from(Array.from({ length: count }, (_, i) => first + i)).toString('hex');
}

function seal(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

function open(key: Buffer, iv: Buffer, aad: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function slowGcm(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): { ciphertext: Buffer; tag: Buffer } {
  const block = (input: Buffer) => {
    const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([aes.update(input), aes.final()]);
  };
  const counter = (n: number) => {
    const out = Buffer.concat([iv, Buffer.alloc(4)]);
    out.writeUInt32BE(n, 12);
    return block(out);
  };
  const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ (b[i] as number)));
  const ciphertext = Buffer.concat(
    Array.from({ length: Math.ceil(plaintext.length / 16) }, (_, i) => xor(plaintext.subarray(16 * i, 16 * i + 16), counter(i + 2))),
  );
  const toInt = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(aad.length * 8), 0);
  lengths.writeBigUInt64BE(BigInt(ciphertext.length * 8), 8);
  const input = Buffer.concat([padded(aad), padded(ciphertext), lengths]);
  const h = toInt(block(Buffer.alloc(16)));
  let sum = 0n;
  for (let at = 0; at < input.length; at += 16) {
    const x = sum ^ toInt(input.subarray(at, at + 16));
    let v = h;
    sum = 0n;
    for (let bit = 127n; bit >= 0n; bit--) {
      if ((x >> bit) & 1n) sum ^= v;
      v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
    }
  }
  return { ciphertext, tag: xor(Buffer.from(sum.toString(16).padStart(32, '0'), 'hex'), counter(1)) };
}

function slowHmac(hash: string, block: number, key: Buffer, data: Buffer): Buffer {
  const digest = (...parts: Buffer[]) => createHash(hash).update(Buffer.concat(parts)).digest();
  const short = key.length > block ? digest(key) : key;
  const full = Buffer.concat([short, Buffer.alloc(block - short.length)]);
  return digest(Buffer.from(full.map((b) => b ^ 0x5c)), digest(Buffer.from(full.map((b) => b ^ 0x36)), data));
}
