import { EgressError } from './egress-error.ts';

/** Of what an answer in JSON holds beside its file. */
export const maxRestBytes = 262_144;
const maxDepth = 256;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The file that stands as text in a JSON document, decoded while the document comes; `rest` is the document with an empty string in
 * its place, whole once the bytes have ended. What is outside the file is only followed, and read by JSON.parse later: this need
 * be right for documents that it takes. Throws EgressError `invalid`, `too_large`.
 */
export function fileInJson(
  document: AsyncIterable<Buffer>,
  { pointer, encoding }: { pointer: string; encoding: 'base64' | 'base64url' },
  { host, maxFileBytes }: { host: string; maxFileBytes: number },
): { bytes: AsyncGenerator<Buffer>; rest: () => Buffer } {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  const invalid = (what: string) => new EgressError('invalid', true, `${host} ${what}`);
  const keep = (some: Buffer) => {
    keptBytes += some.length;
    if (keptBytes > maxRestBytes) throw invalid('put the file into too large an answer');
    // A copy: a slice would hold the whole piece that it came in.
    kept.push(Buffer.from(some));
  };

  async function* bytes(): AsyncGenerator<Buffer> {
    const path: (string | number)[] = [];
    const containers: ('object' | 'array')[] = [];
    const wanted = pointer
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const isWanted = () => containers.length > 0 && path.length === wanted.length && wanted.every((step, i) => step === String(path[i]));
    let state: 'outside' | 'key' | 'text' | 'file' = 'outside';
    let expectsKey = false;
    let isEscaped = false;
    let key = '';
    let found = false;
    const decoder = textDecoder(encoding, maxFileBytes, host, invalid);

    for await (const chunk of document) {
      let from = 0;
      let at = 0;
      while (at < chunk.length) {
        if (state === 'file') {
          const end = chunk.indexOf(quote, at);
          const text = chunk.toString('latin1', at, end < 0 ? chunk.length : end);
          const some = decoder.take(text);
          if (some.length > 0) yield some;
          if (end < 0) {
            at = chunk.length;
            from = at;
            continue;
          }
          const last = decoder.end();
          if (last.length > 0) yield last;
          state = 'outside';
          from = end;
          at = end + 1;
          continue;
        }
        const byte = chunk[at] as number;
        at += 1;
        if (state === 'key' || state === 'text') {
          if (isEscaped) isEscaped = false;
          else if (byte === backslash) isEscaped = true;
          else if (byte === quote) {
            if (state === 'key') path[path.length - 1] = nameOf(key);
            state = 'outside';
            continue;
          }
          if (state === 'key') key += String.fromCharCode(byte);
          if (key.length > maxRestBytes) throw invalid('put the file into too large an answer');
          continue;
        }
        if (byte === quote) {
          if (expectsKey) {
            state = 'key';
            key = '';
            expectsKey = false;
          } else if (isWanted()) {
            if (found) throw invalid('gave two files in one answer');
            found = true;
            state = 'file';
            keep(chunk.subarray(from, at));
          } else state = 'text';
        } else if (byte === openBrace || byte === openBracket) {
          if (containers.length >= maxDepth) throw invalid('nests its answer too deeply');
          const isObject = byte === openBrace;
          containers.push(isObject ? 'object' : 'array');
          path.push(isObject ? '' : 0);
          expectsKey = isObject;
        } else if (byte === closeBrace || byte === closeBracket) {
          containers.pop();
          path.pop();
          expectsKey = false;
        } else if (byte === comma) {
          if (containers.at(-1) === 'object') expectsKey = true;
          else path[path.length - 1] = Number(path.at(-1)) + 1;
        } else if (byte === colon) expectsKey = false;
      }
      if (state !== 'file') keep(chunk.subarray(from));
    }
    if (state !== 'outside' || !found) throw invalid('gave no file where it belongs in the answer');
    try {
      JSON.parse(rest().toString('utf8'));
    } catch {
      throw invalid('gave a file in an answer that is no JSON');
    }
  }

  const rest = () => Buffer.concat(kept);
  return { bytes: bytes(), rest };
}

/** Keys are compared as they are meant: `\u0064ata` is `data`. */
function nameOf(raw: string): string {
  try {
    return JSON.parse(`"${Buffer.from(raw, 'latin1').toString('utf8')}"`);
  } catch {
    return raw;
  }
}

/** Base64 in pieces, strict: one alphabet, nothing behind the padding, no length that no bytes have. */
function textDecoder(
  encoding: 'base64' | 'base64url',
  maxBytes: number,
  host: string,
  invalid: (what: string) => EgressError,
): { take(text: string): Buffer; end(): Buffer } {
  const letters = encoding === 'base64' ? /^[A-Za-z0-9+/]*$/ : /^[A-Za-z0-9_-]*$/;
  let held = '';
  let opened = '';
  let padding = 0;
  let size = 0;
  const wrong = () => invalid(`gave a file that is not ${encoding}`);
  const decode = (text: string) => {
    const some = Buffer.from(text, encoding);
    size += some.length;
    if (size > maxBytes) throw new EgressError('too_large', true, `${host} answered more than ${maxBytes} bytes`);
    return some;
  };
  /** JSON may write any character as an escape, and some writers do so with `+` and `/`. */
  const unescaped = (text: string): string => {
    const all = opened + text;
    opened = /\\(?:u[0-9A-Fa-f]{0,3})?$/.exec(all)?.[0] ?? '';
    const whole = opened === '' ? all : all.slice(0, -opened.length);
    return whole.includes('\\')
      ? whole.replace(/\\(?:u([0-9A-Fa-f]{4})|\/)/g, (_, hex) => (hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16))))
      : whole;
  };
  return {
    take(text) {
      const plain = unescaped(text);
      const letter = plain.replace(/=+$/, '');
      if (!letters.test(letter) || (padding > 0 && letter !== '')) throw wrong();
      padding += plain.length - letter.length;
      const all = held + letter;
      const whole = all.length - (all.length % 4);
      held = all.slice(whole);
      return decode(all.slice(0, whole));
    },
    end() {
      const isWhole = padding === 0 ? held.length !== 1 : (held.length + padding) % 4 === 0 && padding <= 2 && held.length > 1;
      if (!isWhole || opened !== '') throw wrong();
      return decode(held);
    },
  };
}
