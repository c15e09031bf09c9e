import { cut, graphTime } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';

/** Ids that stay the same when an item is moved to another folder. */
export const stableIds = { Prefer: 'IdType="ImmutableId"' };
/** The same, and bodies as text: markup costs an agent more than it tells. */
export const stableIdsAsText = { Prefer: 'IdType="ImmutableId", outlook.body-content-type="text"' };
/** The same, and moments of events in UTC, in answers to writes as well. */
export const eventHeaders = { Prefer: 'IdType="ImmutableId", outlook.body-content-type="text", outlook.timezone="UTC"' };

const id = z.string().regex(/^[A-Za-z0-9_=-]{8,400}$/);
export const messageId = id.describe('Message id from outlook_messages_list or outlook_messages_search');
export const draftId = id.describe('Id of a draft, from outlook_draft_create');
export const attachmentId = id.describe('Attachment id from outlook_attachments_list');
export const eventId = id.describe('Event id from outlook_events_list');
export const calendarId = id.optional().describe('From outlook_calendars_list; the default calendar unless told');

const wellKnown = 'inbox, drafts, sentitems, deleteditems, archive or junkemail';
export const folderId = z
  .string()
  .regex(/^[A-Za-z0-9_=-]{5,400}$/)
  .describe(`Folder id from outlook_folders_list, or ${wellKnown}`);

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');

const address = z.email().max(254);
export const recipients = (words: string) => z.array(address).max(100).describe(words);
export const asRecipients = (addresses: string[] | undefined) => addresses?.map((one) => ({ emailAddress: { address: one } }));

export const bodyType = z.enum(['text', 'html']).default('text').describe('How the body is written');
export const moment = z.iso.datetime({ offset: true });

/** OData wants moments as they are, without quotes. */
export const odataTime = (text: string) => new Date(text).toISOString();

export interface Recipient {
  emailAddress?: { name?: string | null; address?: string | null } | null;
}

export const Person = z.object({ name: z.string(), address: z.string() });

export function person(recipient: Recipient | null | undefined): z.input<typeof Person> | null {
  const { name, address } = recipient?.emailAddress ?? {};
  return address === undefined || address === null ? null : { name: name ?? '', address };
}

export function addresses(list: Recipient[] | undefined): string[] {
  return (list ?? []).flatMap((recipient) => recipient.emailAddress?.address ?? []);
}

export interface Message {
  id: string;
  conversationId?: string | null;
  parentFolderId?: string | null;
  subject?: string | null;
  from?: Recipient | null;
  toRecipients?: Recipient[];
  ccRecipients?: Recipient[];
  receivedDateTime?: string | null;
  sentDateTime?: string | null;
  isRead?: boolean | null;
  isDraft?: boolean | null;
  hasAttachments?: boolean | null;
  importance?: string;
  flag?: { flagStatus?: string } | null;
  categories?: string[];
  bodyPreview?: string | null;
  body?: { contentType?: string; content?: string | null };
  webLink?: string | null;
}

export const summaryFields =
  'id,conversationId,subject,from,toRecipients,receivedDateTime,isRead,hasAttachments,importance,flag,categories,bodyPreview';

export const Summary = z.object({
  id: z.string(),
  conversation_id: z.string().nullable(),
  subject: z.string(),
  from: Person.nullable(),
  to: z.array(z.string()),
  received_at: z.string().nullable(),
  is_read: z.boolean(),
  has_attachments: z.boolean(),
  importance: z.string(),
  flag: z.string(),
  categories: z.array(z.string()),
  preview: z.string(),
});

export function summary(m: Message): z.input<typeof Summary> {
  return {
    id: m.id,
    conversation_id: m.conversationId ?? null,
    subject: m.subject ?? '',
    from: person(m.from),
    to: addresses(m.toRecipients),
    received_at: graphTime(m.receivedDateTime),
    is_read: m.isRead ?? false,
    has_attachments: m.hasAttachments ?? false,
    importance: m.importance ?? 'normal',
    flag: m.flag?.flagStatus ?? 'notFlagged',
    categories: m.categories ?? [],
    preview: m.bodyPreview ?? '',
  };
}

/** Longer bodies are cut: a thread quotes itself many times over. */
export const bodyMax = 20_000;

export const Draft = z.object({
  id: z.string(),
  subject: z.string(),
  to: z.array(z.string()),
  is_draft: z.boolean(),
  modified_at: z.string().nullable(),
  web_link: z.string().nullable(),
});

export function draft(m: Message & { lastModifiedDateTime?: string | null }): z.input<typeof Draft> {
  return {
    id: m.id,
    subject: m.subject ?? '',
    to: addresses(m.toRecipients),
    is_draft: m.isDraft ?? true,
    modified_at: graphTime(m.lastModifiedDateTime),
    web_link: m.webLink ?? null,
  };
}

export function textOf(body: Message['body']): { text: string; truncated: boolean } {
  return cut(body?.content, bodyMax);
}

/** What says that a request without an answer was taken. */
export const Done = z.object({ accepted: z.literal(true) });
export const done = (): z.input<typeof Done> => ({ accepted: true });
