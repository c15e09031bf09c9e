import { randomUUID } from 'node:crypto';
import { headerProblems, type Mail } from '@grantway/connector-kit';
import { malformed } from './egress-error.ts';
import type { OutboundFile } from './outbound-file.ts';
import type { Piece } from './pieces.ts';

/** A message with attachments (RFC 5322, RFC 2046 section 5.1.3). Nothing of a file's name or type can become a header of its own. */
export function mailOf({ headers, text, contentType }: Mail, files: readonly OutboundFile[]): Piece[] {
  if (headers.some((field) => headerProblems(field).length > 0)) throw malformed('a header of the message is not one');
  if (contentType !== 'text/plain' && contentType !== 'text/html') throw malformed('the text of the message is of no known kind');
  const boundary = `grantway-${randomUUID()}`;
  const words = Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'utf8').toString('base64');
  const head = [
    ...headers,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed;\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    `Content-Type: ${contentType}; charset=UTF-8`,
    'Content-Transfer-Encoding: base64',
    '',
    words.replace(/.{76}(?!$)/g, '$&\r\n'),
  ];
  return [
    head.join('\r\n'),
    ...files.flatMap((file): Piece[] => [`\r\n--${boundary}\r\n${attachmentHead(file)}\r\n\r\n`, { file, as: 'lines' }]),
    `\r\n--${boundary}--\r\n`,
  ];
}

function attachmentHead({ name, contentType }: OutboundFile): string {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,199}$/.test(contentType)) throw malformed('the type of a file cannot stand in a header');
  if (/\p{Cc}/u.test(name) || /\p{Cs}/u.test(name)) throw malformed('the name of a file cannot stand in a header');
  return [
    `Content-Type: ${contentType}`,
    `Content-Disposition: attachment;\r\n ${filename(name)}`,
    'Content-Transfer-Encoding: base64',
  ].join('\r\n');
}

/** RFC 2183; what is not plain ASCII, or would be long, as RFC 2231 sections 3 and 4 have it: percent-encoded, in parts of a line each. */
function filename(name: string): string {
  if (/^[\x20-\x7e]{0,60}$/.test(name)) return `filename="${name.replace(/[\\"]/g, '\\$&')}"`;
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const parts = encoded.match(/(?:%[0-9A-F]{2}|[^%]){1,16}/g) ?? [];
  if (parts.length === 1) return `filename*=UTF-8''${encoded}`;
  return parts.map((part, i) => `filename*${i}*=${i === 0 ? "UTF-8''" : ''}${part}`).join(';\r\n ');
}
