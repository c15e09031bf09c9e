import { z } from 'zod';
import { textOfHtml } from './html.ts';

export interface Part {
  partId?: string;
  mimeType?: string;
  filename?: string;
  headers?: { name: string; value: string }[];
  body?: { attachmentId?: string; size?: number; data?: string };
  parts?: Part[];
}

export interface MessageBody {
  id: string;
  threadId: string;
  labelIds?: string[];
  snippet?: string;
  internalDate?: string;
  sizeEstimate?: number;
  payload?: Part;
}

export const Message = z.object({
  id: z.string(),
  thread_id: z.string(),
  date: z.string().nullable(),
  from: z.string(),
  to: z.string(),
  cc: z.string(),
  subject: z.string(),
  text: z.string(),
  truncated: z.literal(true).optional(),
  is_unread: z.boolean(),
  label_ids: z.array(z.string()),
  attachments: z.array(
    z.object({ part_id: z.string(), attachment_id: z.string(), filename: z.string(), mime_type: z.string(), size: z.int() }),
  ),
  rfc822_message_id: z.string().nullable(),
});

/** What is enough to see whether a message matters. */
export const Heading = z.object({
  id: z.string(),
  thread_id: z.string(),
  date: z.string().nullable(),
  from: z.string(),
  subject: z.string(),
  snippet: z.string(),
  is_unread: z.boolean(),
});

export const headingOf = (body: MessageBody): z.input<typeof Heading> => ({
  id: body.id,
  thread_id: body.threadId,
  date: dateOf(body),
  from: headerOf(body.payload, 'from') ?? '',
  subject: headerOf(body.payload, 'subject') ?? '',
  snippet: plainSnippet(body.snippet),
  is_unread: body.labelIds?.includes('UNREAD') ?? false,
});

/** Entities stand in snippets as in HTML. */
export const plainSnippet = (snippet = '') => textOfHtml(snippet.replaceAll('<', '&lt;'));

/** What a change gives of a message. */
export const Changed = z.object({ id: z.string(), thread_id: z.string(), label_ids: z.array(z.string()) });

export const changedOf = (body: MessageBody): z.input<typeof Changed> => ({
  id: body.id,
  thread_id: body.threadId,
  label_ids: body.labelIds ?? [],
});

export const headerOf = (part: Part | undefined, name: string) =>
  part?.headers?.find((header) => header.name.toLowerCase() === name)?.value.slice(0, 2000);

/** A message for reading: the usual headers, its text, and what is attached by name. */
export function messageOf(body: MessageBody, maxText: number): z.input<typeof Message> {
  const parts = leaves(body.payload);
  const text = textOf(parts);
  return {
    id: body.id,
    thread_id: body.threadId,
    date: dateOf(body),
    from: headerOf(body.payload, 'from') ?? '',
    to: headerOf(body.payload, 'to') ?? '',
    cc: headerOf(body.payload, 'cc') ?? '',
    subject: headerOf(body.payload, 'subject') ?? '',
    text: text.slice(0, maxText),
    ...(text.length > maxText ? { truncated: true as const } : {}),
    is_unread: body.labelIds?.includes('UNREAD') ?? false,
    label_ids: body.labelIds ?? [],
    attachments: parts
      .filter(isAttachment)
      .slice(0, 100)
      .map((part) => ({
        part_id: part.partId ?? '',
        attachment_id: part.body?.attachmentId ?? '',
        filename: part.filename ?? '',
        mime_type: part.mimeType ?? 'application/octet-stream',
        size: part.body?.size ?? 0,
      })),
    rfc822_message_id: headerOf(body.payload, 'message-id') ?? null,
  };
}

/** Milliseconds since the epoch, as a string. */
export function dateOf({ internalDate }: Pick<MessageBody, 'internalDate'>): string | null {
  const ms = Number(internalDate ?? Number.NaN);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null;
}

export const isAttachment = ({ body, filename = '' }: Part) => body?.attachmentId !== undefined && filename !== '';

/** The parts that hold something, in the order of the message. Without recursion: how deep they are nested is the sender's choice. */
export function leaves(payload: Part | undefined): Part[] {
  const found: Part[] = [];
  const open = payload === undefined ? [] : [payload];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.parts === undefined || part.parts.length === 0) found.push(part);
    else open.push(...part.parts.toReversed());
  }
  return found;
}

/** Plain text where the sender gave any, otherwise the words of the HTML. Attached texts are attachments. */
function textOf(parts: Part[]): string {
  const inline = parts.filter((part) => (part.filename ?? '') === '' && part.body?.data !== undefined);
  const ofType = (type: string) => inline.filter((part) => part.mimeType === type).map(decoded);
  const plain = ofType('text/plain').join('\n\n').replaceAll('\r\n', '\n').trim();
  return plain === '' ? textOfHtml(ofType('text/html').join('\n').slice(0, 1_000_000)) : plain;
}

function decoded(part: Part): string {
  const charset = /charset="?([\w.:-]{1,40})/i.exec(headerOf(part, 'content-type') ?? '')?.[1] ?? 'utf-8';
  const bytes = Buffer.from(part.body?.data ?? '', 'base64url');
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // A charset that nobody knows: most of such texts are ASCII all the same.
    return bytes.toString('utf8');
  }
}
