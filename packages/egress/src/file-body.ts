import { randomUUID } from 'node:crypto';
import type { ApiRequest } from '@grantway/connector-kit';
import { malformed } from './egress-error.ts';
import { mailOf } from './mail-body.ts';
import type { OutboundFile } from './outbound-file.ts';
import { length, type Piece, pieces } from './pieces.ts';

/** A body that is made while it is sent; its length is known before. */
export interface StreamedBody {
  contentType: string;
  length: number;
  bytes(): AsyncGenerator<Uint8Array>;
}

/** What a request's `upload` makes of its files and what stands beside them. Throws EgressError `invalid`. */
export function fileBody(request: ApiRequest, files: readonly OutboundFile[]): StreamedBody {
  const { upload, json, form } = request;
  if (upload === undefined) throw malformed('the request carries no file');
  if ('files' in upload) {
    if (upload.files.length !== files.length) throw malformed('the request carries another number of files');
    if ('base64' in upload.as) return inJson(upload.as.base64, json, files);
    const mail = mailOf(upload.as.mail, files);
    return json === undefined ? bodyOf('message/rfc822', mail) : related(json, 'message/rfc822', mail);
  }
  const [file, another] = files;
  if (file === undefined || another !== undefined) throw malformed('the request carries one file');
  const { as, contentType = file.contentType } = upload;
  if (as === 'body') return bodyOf(contentType, [{ file }]);
  if (as === 'related') return related(json, contentType, [{ file }]);
  if ('field' in as) return multipart(as.field, form, file, contentType);
  return inJson([as.base64], json, [file]);
}

function bodyOf(contentType: string, all: readonly Piece[]): StreamedBody {
  return { contentType, length: length(all), bytes: () => pieces(all) };
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
  return bodyOf(`multipart/form-data; boundary=${boundary}`, [head.join(''), { file }, `\r\n--${boundary}--\r\n`]);
}

/** multipart/related (RFC 2387): the document about it, then what it is about. */
function related(json: unknown, contentType: string, about: readonly Piece[]): StreamedBody {
  const boundary = `grantway-${randomUUID()}`;
  const head = `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(json)}\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`;
  return bodyOf(`multipart/related; boundary=${boundary}`, [head, ...about, `\r\n--${boundary}--\r\n`]);
}

/** A document with files as base64 in strings of its own, which are empty. */
function inJson(pointers: readonly string[], json: unknown, files: readonly OutboundFile[]): StreamedBody {
  const document = structuredClone(json);
  const marks = new Map(files.map((file, i) => [markAt(document, pointers[i] ?? ''), file] as const));
  // Where the strings stand in the document decides what comes first.
  const parts = JSON.stringify(document).split(new RegExp(`(${[...marks.keys()].join('|')})`));
  return bodyOf(
    'application/json',
    parts.map((part): Piece => {
      const file = marks.get(part);
      return file === undefined ? part : { file, as: 'base64' };
    }),
  );
}

function markAt(document: unknown, pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop();
  const holder = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
  if (last === undefined || typeof holder !== 'object' || holder === null || (holder as Record<string, unknown>)[last] !== '') {
    throw malformed('the document has no empty string where the file belongs');
  }
  const mark = randomUUID();
  (holder as Record<string, unknown>)[last] = mark;
  return mark;
}

function quoted(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
