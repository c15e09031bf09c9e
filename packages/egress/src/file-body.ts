import { randomUUID } from 'node:crypto';
import type { ApiRequest } from '@grantway/connector-kit';
import { malformed } from './egress-error.ts';

/** A file that goes out: what is said of it, and its bytes as often as they are asked for. */
export interface OutboundFile {
  name: string;
  contentType: string;
  size: number;
  /** Of its bytes, in hexadecimal; for signatures. */
  sha256?: string;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/** A body that is made while it is sent; its length is known before. */
export interface StreamedBody {
  contentType: string;
  length: number;
  bytes(): AsyncGenerator<Uint8Array>;
}

/** What a request's `upload` makes of its file and what stands beside it. Throws EgressError `invalid`. */
export function fileBody(request: ApiRequest, file: OutboundFile): StreamedBody {
  const { upload, json, form } = request;
  if (upload === undefined) throw malformed('the request carries no file');
  const { as, contentType = file.contentType } = upload;
  if (as === 'body') return { contentType, length: file.size, bytes: () => wrapped('', file, '') };
  if (as === 'related') return related(json, file, contentType);
  if ('field' in as) return multipart(as.field, form, file, contentType);
  return inJson(as.base64, json, file);
}

/** multipart/form-data (RFC 7578); names are quoted as browsers do it (WHATWG HTML, multipart/form-data encoding). */
function multipart(field: string, form: ApiRequest['form'], file: OutboundFile, contentType: string): StreamedBody {
  const boundary = `grantway-${randomUUID()}`;
  const head = Object.entries(form ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`)
    .concat(
      `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(field)}"; filename="${quoted(file.name)}"\r\n`,
      `content-type: ${contentType}\r\n\r\n`,
    );
  return around(`multipart/form-data; boundary=${boundary}`, head.join(''), file, `\r\n--${boundary}--\r\n`);
}

/** multipart/related (RFC 2387): the document about the file, then the file. */
function related(json: unknown, file: OutboundFile, contentType: string): StreamedBody {
  const boundary = `grantway-${randomUUID()}`;
  const head = `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(json)}\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`;
  return around(`multipart/related; boundary=${boundary}`, head, file, `\r\n--${boundary}--\r\n`);
}

/** A document with the file as base64 in one of its strings. */
function inJson(pointer: string, json: unknown, file: OutboundFile): StreamedBody {
  const mark = randomUUID();
  const document = structuredClone(json);
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop();
  const holder = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
  if (last === undefined || typeof holder !== 'object' || holder === null || (holder as Record<string, unknown>)[last] !== '') {
    throw malformed('the document has no empty string where the file belongs');
  }
  (holder as Record<string, unknown>)[last] = mark;
  const [head = '', tail = ''] = JSON.stringify(document).split(mark);
  const length = Buffer.byteLength(head) + Math.ceil(file.size / 3) * 4 + Buffer.byteLength(tail);
  return { contentType: 'application/json', length, bytes: () => wrapped(head, file, tail, base64) };
}

function around(contentType: string, head: string, file: OutboundFile, tail: string): StreamedBody {
  const length = Buffer.byteLength(head) + file.size + Buffer.byteLength(tail);
  return { contentType, length, bytes: () => wrapped(head, file, tail) };
}

type Recode = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

async function* wrapped(head: string, file: OutboundFile, tail: string, recode: Recode = (bytes) => bytes): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head);
  yield* recode(await file.open());
  if (tail !== '') yield Buffer.from(tail);
}

async function* base64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0);
  for await (const some of bytes) {
    const all = Buffer.concat([held, some]);
    const whole = all.length - (all.length % 3);
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole));
    held = all.subarray(whole);
  }
  if (held.length > 0) yield Buffer.from(held.toString('base64'));
}

function quoted(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
