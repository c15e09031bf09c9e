/**
 * Messages as RFC 5322 and RFC 2045 want them. No value can become a header of its own: control characters are refused, what is
 * not plain ASCII is encoded (RFC 2047), and the body is base64.
 */
import { type ApiRequest, fileIds, type Mail } from '@grantway/connector-kit';
import { z } from 'zod';

const oneLine = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'holds a line break or another control character');

const address = z.email().refine((text) => text.length <= 254, 'is too long');
const recipients = z.array(address).max(100);

export const subject = oneLine(500).describe('Subject line');
export const to = recipients.min(1).describe('Recipients');
export const cc = recipients.optional().describe('Who gets a copy');
export const bcc = recipients.optional().describe('The same, unseen by the others');
export const body = z.string().min(1).max(500_000).describe('The text');
export const contentType = z.enum(['text/plain', 'text/html']).default('text/plain').describe('What body is');

/** Of the files; with base64 and the text Gmail takes 36.7 MB (35 MiB), which is what 25 MB come to. */
const maxBytes = 25_000_000;
export const file_ids = fileIds(10, 'Attachments, 25 MB in all').optional();

export interface Letter {
  to: string[];
  cc?: string[] | undefined;
  bcc?: string[] | undefined;
  subject: string;
  body: string;
  contentType: Mail['contentType'];
  /** Message-ID of the message that this one answers, and those before it. */
  inReplyTo?: string | undefined;
  references?: string | undefined;
}

/** A request that hands Gmail a message: whole in its JSON, or with attachments behind it, where that takes another path. */
export function carrying(
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
  letter: Letter & { file_ids?: readonly string[] | undefined; threadId?: string | undefined },
  about: (message: { raw?: string; threadId: string | undefined }) => unknown = (message) => message,
): ApiRequest {
  const { file_ids: files, threadId } = letter;
  if (files === undefined) return { method, path, json: about({ raw: rawOf(letter), threadId }) };
  const mail: Mail = { headers: headersOf(letter), text: letter.body, contentType: letter.contentType };
  return {
    method,
    path: `/upload${path}`,
    query: { uploadType: 'multipart' },
    json: about({ threadId }),
    upload: { files, as: { mail }, maxBytes },
  };
}

/** The message in base64url, as `Message.raw` takes it. Sender, date and Message-ID are Gmail’s to add. */
export function rawOf(letter: Letter): string {
  const lines = [
    ...headersOf(letter),
    'MIME-Version: 1.0',
    `Content-Type: ${letter.contentType}; charset=UTF-8`,
    'Content-Transfer-Encoding: base64',
  ];
  const text = Buffer.from(letter.body.replace(/\r\n|\r|\n/g, '\r\n'), 'utf8').toString('base64');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text.replace(/.{76}/g, '$&\r\n')}`, 'latin1').toString('base64url');
}

function headersOf(letter: Letter): string[] {
  return [
    header('To', addresses(letter.to)),
    letter.cc === undefined || letter.cc.length === 0 ? '' : header('Cc', addresses(letter.cc)),
    letter.bcc === undefined || letter.bcc.length === 0 ? '' : header('Bcc', addresses(letter.bcc)),
    header('Subject', encodedWords(letter.subject)),
    letter.inReplyTo === undefined ? '' : header('In-Reply-To', messageIds(letter.inReplyTo)),
    letter.references === undefined ? '' : header('References', messageIds(letter.references)),
  ].filter((line) => line !== '');
}

/** The last check before bytes: printable ASCII, and line breaks only where a fold begins (RFC 5322 section 2.2.3). */
function header(name: string, value: string): string {
  if (!/^[\x20-\x7e]*(?:\r\n [\x20-\x7e]+)*$/.test(value)) throw new RangeError(`the value of ${name} cannot stand in a header`);
  return `${name}: ${value}`;
}

function addresses(list: string[]): string {
  for (const text of list)
    if (!/^[^\s<>,;:"()[\]\\]+@[^\s<>,;:"()[\]\\]+$/.test(text)) throw new RangeError('an address is not a plain one');
  return list.join(',\r\n ');
}

/** Only what has the shape of message ids (RFC 5322 section 3.6.4); the newest 20 are enough to keep a thread together. */
function messageIds(text: string): string {
  return (text.match(/<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>/g) ?? []).slice(-20).join('\r\n ');
}

/** RFC 2047 section 2: an encoded word has 75 characters at most and never splits a character. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]{0,900}$/.test(text) && !text.includes('=?')) return text;
  const words: string[] = [];
  let chunk = '';
  for (const char of text) {
    if (Buffer.byteLength(chunk + char) > 45) {
      words.push(chunk);
      chunk = '';
    }
    chunk += char;
  }
  return [...words, chunk].map((word) => `=?UTF-8?B?${Buffer.from(word, 'utf8').toString('base64')}?=`).join('\r\n ');
}
