import { createHmac, hkdfSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decrypt, encrypt, VaultError } from './record.ts';
import { sameBytes } from './sealing.ts';

/**
 * The vectors of https://github.com/C2SP/wycheproof, folder `testvectors_v1`: known answers, and forgeries that
 * implementations fell for. They are not part of this repository; GRANTWAY_TEST_WYCHEPROOF names the folder.
 */
const folder = process.env['GRANTWAY_TEST_WYCHEPROOF'];
const missing =
  folder === undefined
    ? 'GRANTWAY_TEST_WYCHEPROOF is not set'
    : existsSync(path.join(folder, 'aes_gcm_test.json'))
      ? undefined
      : `there is no aes_gcm_test.json in ${folder}`;
if (missing !== undefined) process.stderr.write(`skipped: the vectors of Wycheproof, for ${missing}\n`);

interface File<Group, Test> {
  numberOfTests: number;
  testGroups: (Group & { tests: (Test & { tcId: number; comment: string; result: 'valid' | 'invalid' | 'acceptable' })[] })[];
}
const read = <Group, Test>(name: string) =>
  JSON.parse(readFileSync(path.join(folder as string, `${name}_test.json`), 'utf8')) as File<Group, Test>;
const hex = (text: string) => Buffer.from(text, 'hex');
const tell = (name: string, counts: Record<string, number>) =>
  process.stdout.write(
    `Wycheproof, ${name}: ${Object.entries(counts)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ')}\n`,
  );

describe.skipIf(missing !== undefined)('Wycheproof', () => {
  it('AES-GCM: what we take agrees with every vector, and no other size of key or IV is taken', () => {
    const file = read<{ ivSize: number; keySize: number; tagSize: number }, Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>>(
      'aes_gcm',
    );
    const counts = { opened: 0, refused: 0, 'of other sizes refused': 0 };
    for (const { ivSize, keySize, tagSize, tests } of file.testGroups) {
      for (const t of tests) {
        const [key, iv, aad, message, sealed] = [hex(t.key), hex(t.iv), hex(t.aad), hex(t.msg), hex(t.ct + t.tag)];
        const opening = () => decrypt(key, iv, aad, sealed);
        if (keySize !== 256 || ivSize !== 96 || tagSize !== 128) {
          expect(opening, `${t.tcId}`).toThrow(new VaultError());
          expect(() => encrypt(key, iv, aad, message), `${t.tcId}`).toThrow(new VaultError());
          counts['of other sizes refused'] += 1;
        } else if (t.result === 'valid') {
          expect(opening().equals(message), `${t.tcId}`).toBe(true);
          expect(encrypt(key, iv, aad, message).equals(sealed), `${t.tcId}`).toBe(true);
          counts.opened += 1;
        } else {
          expect(opening, `${t.tcId} ${t.comment}`).toThrow(new VaultError());
          counts.refused += 1;
        }
      }
    }
    tell('AES-GCM', counts);
    expect(counts.opened + counts.refused + counts['of other sizes refused']).toBe(file.numberOfTests);
    expect(counts.opened).toBeGreaterThan(30);
    expect(counts.refused).toBeGreaterThan(20);
  });

  it('HMAC-SHA-256: whole tags agree with every vector, and a tag that was cut is none', () => {
    const file = read<{ tagSize: number }, Record<'key' | 'msg' | 'tag', string>>('hmac_sha256');
    const counts = { agreed: 0, refused: 0, 'cut tags refused, their bytes compared': 0 };
    for (const { tagSize, tests } of file.testGroups) {
      for (const t of tests) {
        const mac = createHmac('sha256', hex(t.key)).update(hex(t.msg)).digest();
        const tag = hex(t.tag);
        if (tagSize !== 256) {
          expect(sameBytes(mac, tag), `${t.tcId}`).toBe(false);
          expect(mac.subarray(0, tagSize / 8).equals(tag), `${t.tcId} ${t.comment}`).toBe(t.result === 'valid');
          counts['cut tags refused, their bytes compared'] += 1;
        } else {
          expect(sameBytes(mac, tag), `${t.tcId} ${t.comment}`).toBe(t.result === 'valid');
          counts[t.result === 'valid' ? 'agreed' : 'refused'] += 1;
        }
      }
    }
    tell('HMAC-SHA-256', counts);
    expect(counts.agreed + counts.refused + counts['cut tags refused, their bytes compared']).toBe(file.numberOfTests);
  });

  it.each([
    ['HKDF-SHA-256', 'sha256', 'hkdf_sha256'],
    ['HKDF-SHA-512', 'sha512', 'hkdf_sha512'],
  ])('%s: agrees with every vector, and gives no more than 255 blocks', (name, hash, fileName) => {
    const file = read<unknown, Record<'ikm' | 'salt' | 'info' | 'okm', string> & { size: number }>(fileName);
    const counts = { agreed: 0, refused: 0 };
    for (const { tests } of file.testGroups) {
      for (const t of tests) {
        const run = () => Buffer.from(hkdfSync(hash, hex(t.ikm), hex(t.salt), hex(t.info), t.size));
        if (t.result === 'valid') {
          expect(run().equals(hex(t.okm)), `${t.tcId}`).toBe(true);
          counts.agreed += 1;
        } else {
          expect(run, `${t.tcId} ${t.comment}`).toThrow();
          counts.refused += 1;
        }
      }
    }
    tell(name, counts);
    expect(counts.agreed + counts.refused).toBe(file.numberOfTests);
  });
});
