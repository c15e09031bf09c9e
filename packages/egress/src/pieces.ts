import type { OutboundFile } from './outbound-file.ts';

/** Of a body that is made while it is sent. `lines` is base64 in lines of 76 characters (RFC 2045 section 6.8). */
export type Piece = string | { file: OutboundFile; as?: 'base64' | 'lines' };

export function length(all: readonly Piece[]): number {
  return all.reduce((sum, piece) => sum + lengthOf(piece), 0);
}

function lengthOf(piece: Piece): number {
  if (typeof piece === 'string') return Buffer.byteLength(piece);
  const { file, as } = piece;
  if (as === undefined) return file.size;
  const text = Math.ceil(file.size / 3) * 4;
  return as === 'base64' ? text : text + 2 * Math.max(0, Math.ceil(text / 76) - 1);
}

/** One file is open at a time. */
export async function* pieces(all: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    if (typeof piece === 'string') {
      if (piece !== '') yield Buffer.from(piece);
      continue;
    }
    const bytes = await piece.file.open();
    if (piece.as === undefined) yield* bytes;
    else yield* piece.as === 'lines' ? lines(bytes) : base64(bytes, 3);
  }
}

async function* base64(bytes: AsyncIterable<Uint8Array>, unit: number): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const some of bytes) {
    const all = Buffer.concat([held, some]);
    const whole = all.length - (all.length % unit);
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole));
    held = all.subarray(whole);
  }
  if (held.length > 0) yield Buffer.from(held.toString('base64'));
}

async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let isFirst = true;
  // 57 bytes are a line, so that every piece but the last one is whole lines.
  for await (const some of base64(bytes, 57)) {
    const text = some.toString('latin1').replace(/.{76}(?!$)/g, '$&\r\n');
    yield Buffer.from(isFirst ? text : `\r\n${text}`, 'latin1');
    isFirst = false;
  }
}
