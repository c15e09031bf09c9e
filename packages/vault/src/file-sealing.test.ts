import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFileSealing, sealedSize } from './file-sealing.ts';
import type { KeyRing } from './key-ring.ts';
import { recordKeyId, VaultError } from './record.ts';
import type { Place } from './sealing.ts';

const key = { id: randomUUID(), key: randomBytes(32) };
const ring: KeyRing = {
  active: async () => key,
  forRecord: async (record) => {
    expect(recordKeyId(record)).toBe(key.id);
    return key;
  },
};
const files = createFileSealing(ring);
const place: Place = { environmentId: 'env_1', table: 'files', column: 'key_ct', rowId: 'file_1', generation: 1 };

async function* inParts(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function sealed(bytes: Buffer, partSize = 10_000, at = place) {
  const { keyCt, seal } = await files.seal(at);
  return { keyCt, bytes: await all(seal(inParts(bytes, partSize))) };
}

const opened = async (keyCt: Buffer, bytes: Buffer, at = place, partSize = 7_777) =>
  all((await files.open(at, keyCt))(inParts(bytes, partSize)));

const chunk = 65_536;

describe('a sealed file', () => {
  it.each([0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 5])(
    'of %i bytes opens as it was, in whatever parts it comes',
    async (size) => {
      const bytes = randomBytes(size);
      for (const partSize of [1_000, chunk, 1_000_000]) {
        const file = await sealed(bytes, partSize);
        expect(file.bytes.length).toBe(sealedSize(size));
        expect((await opened(file.keyCt, file.bytes, place, partSize)).equals(bytes)).toBe(true);
      }
    },
  );

  it('shows nothing of its bytes, and no two of the same bytes are alike', async () => {
    const bytes = Buffer.alloc(chunk, 'the same sixteen');
    const [a, b] = [await sealed(bytes), await sealed(bytes)];
    expect(a.bytes.includes('the same sixteen')).toBe(false);
    expect(a.bytes.subarray(8)).not.toEqual(b.bytes.subarray(8));
  });

  it('opens for its own row only', async () => {
    const file = await sealed(randomBytes(100));
    for (const elsewhere of [{ rowId: 'file_2' }, { environmentId: 'env_2' }, { column: 'other_ct' }]) {
      await expect(files.open({ ...place, ...elsewhere }, file.keyCt)).rejects.toThrow(VaultError);
    }
    const other = await sealed(randomBytes(100), 100, { ...place, rowId: 'file_2' });
    await expect(opened(other.keyCt, file.bytes, { ...place, rowId: 'file_2' })).rejects.toThrow(VaultError);
  });

  it('does not open cut off, continued, with chunks moved or left out, or with a bit turned', async () => {
    const bytes = randomBytes(3 * chunk + 5);
    const file = await sealed(bytes);
    const at = (n: number) => 8 + n * (chunk + 16);
    const part = (from: number, to?: number) => file.bytes.subarray(from, to);
    const turned = Buffer.from(file.bytes);
    turned[at(1) + 5] = (turned[at(1) + 5] as number) ^ 1;
    const wrong: [string, Buffer][] = [
      ['nothing', Buffer.alloc(0)],
      ['the header alone', part(0, 8)],
      ['cut at a chunk', part(0, at(3))],
      ['cut in a chunk', part(0, at(3) - 1)],
      ['the last chunk left out', part(0, at(2))],
      ['one in the middle left out', Buffer.concat([part(0, at(1)), part(at(2))])],
      ['two exchanged', Buffer.concat([part(0, at(0)), part(at(1), at(2)), part(at(0), at(1)), part(at(2))])],
      ['a byte behind', Buffer.concat([file.bytes, Buffer.alloc(1)])],
      ['the last chunk twice', Buffer.concat([file.bytes, part(at(3))])],
      ['a bit turned', turned],
      ['another format', Buffer.concat([Buffer.from('GWF\x02'), part(4)])],
    ];
    for (const [what, changed] of wrong) await expect(opened(file.keyCt, changed), what).rejects.toThrow(VaultError);
  });

  it('lets no byte of an altered chunk out, and none behind it', async () => {
    const bytes = randomBytes(3 * chunk);
    const file = await sealed(bytes);
    file.bytes[8 + chunk + 16 + 3] = (file.bytes[8 + chunk + 16 + 3] as number) ^ 1;
    const out: Buffer[] = [];
    const reading = (async () => {
      for await (const part of (await files.open(place, file.keyCt))(inParts(file.bytes, 5_000))) out.push(part);
    })();
    await expect(reading).rejects.toThrow(VaultError);
    expect(Buffer.concat(out).equals(bytes.subarray(0, chunk))).toBe(true);
  });
});
