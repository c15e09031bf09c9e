import { exampleFile, type FileFacts, fileIds, path, post, tool } from '@grantway/connector-kit';
import { graphOperation } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { attachmentsOf, uploadOf } from './attachments.ts';
import { ids, messageExample } from './examples.ts';
import { asRecipients, bodyType, Done, Draft, done, draft, draftId, messageId, recipients, stableIds } from './fields.ts';

const written = {
  toRecipients: recipients('Whom it is written to').min(1),
  subject: z.string().min(1).max(255).describe('Subject line'),
  body: z.string().min(1).max(200_000).describe('The text itself'),
};
const copies = {
  bodyType,
  ccRecipients: recipients('Who gets a copy').optional(),
  bccRecipients: recipients('Copies that nobody else sees').optional(),
  importance: z.enum(['low', 'normal', 'high']).optional().describe('Normal unless told'),
  file_ids: fileIds(10, 'Attachments, 3 MB together').optional(),
};

interface Written {
  toRecipients?: string[] | undefined;
  ccRecipients?: string[] | undefined;
  bccRecipients?: string[] | undefined;
  subject?: string | undefined;
  body?: string | undefined;
  bodyType: 'text' | 'html';
  importance?: string | undefined;
}

/** Graph takes a property that is there for one that is wanted, so those not given are left out. */
function messageOf(
  { bodyType: contentType, body, toRecipients, ccRecipients, bccRecipients, ...rest }: Written,
  files: readonly FileFacts[] | undefined,
) {
  const all = {
    ...rest,
    body: body === undefined ? undefined : { contentType, content: body },
    toRecipients: asRecipients(toRecipients),
    ccRecipients: asRecipients(ccRecipients),
    bccRecipients: asRecipients(bccRecipients),
    attachments: files === undefined ? undefined : attachmentsOf(files),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** 202: taken, not yet delivered. */
const taken = { status: 202, headers: { 'content-length': '0' }, body: '' };

export const messageSend = tool({
  name: 'outlook_message_send',
  aliases: ['outlook_send_message'],
  title: 'Send a message',
  description:
    'Write and send a new message at once; it cannot be taken back, and each call sends again. To answer one use outlook_message_reply; for ' +
    'larger files, or to let somebody read it first, outlook_draft_create. Addresses by name: outlook_people_search.',
  effect: 'write',
  scopes: ['Mail.Send'],
  input: z.object({
    ...written,
    ...copies,
    saveToSentItems: z.boolean().default(true).describe('Keep a copy in Sent Items'),
  }),
  output: Done,
  request: ({ saveToSentItems, file_ids, ...message }, _file, files) => ({
    ...post('/me/sendMail', { Message: messageOf(message, files), SaveToSentItems: saveToSentItems }),
    ...uploadOf(file_ids, '/Message/attachments'),
  }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/user-sendmail',
  provenance: graphOperation('POST /me/sendMail'),
  examples: [
    {
      input: { toRecipients: ['jonas@northwind.example'], subject: 'Partner call on Monday', body: 'Does 10:00 still suit you?' },
      receives: taken,
      gives: { accepted: true },
    },
    {
      input: {
        toRecipients: ['jonas@northwind.example'],
        subject: 'Term sheet, third draft',
        body: 'With the change of this morning.',
        file_ids: [exampleFile.file_id],
      },
      receives: taken,
      gives: { accepted: true },
    },
  ],
});

const answerText = z.string().min(1).max(200_000).describe('Plain text that stands above the quoted message');

const replyWith = ({ comment }: { comment: string }) => ({ Comment: comment });

export const messageReply = tool({
  name: 'outlook_message_reply',
  aliases: ['outlook_reply_to_message'],
  title: 'Reply to the sender',
  description:
    'Answer the sender of a message at once, in its thread and with the message quoted. To answer everybody use outlook_message_reply_all. ' +
    'It cannot be taken back, and each call sends again.',
  effect: 'write',
  scopes: ['Mail.Send'],
  input: z.object({ message_id: messageId, comment: answerText }),
  output: Done,
  request: ({ message_id, ...rest }) => post(path`/me/messages/${message_id}/reply`, replyWith(rest)),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/message-reply',
  provenance: graphOperation('POST /me/messages/{message-id}/reply'),
  examples: [{ input: { message_id: ids.message, comment: 'Section 4 works for us.' }, receives: taken, gives: { accepted: true } }],
});

export const messageReplyAll = tool({
  name: 'outlook_message_reply_all',
  aliases: ['outlook_reply_all_message'],
  title: 'Reply to everybody',
  description:
    'Answer the sender and all other recipients of a message at once, in its thread. To answer the sender alone use outlook_message_reply. ' +
    'It cannot be taken back, and each call sends again.',
  effect: 'write',
  scopes: ['Mail.Send'],
  input: z.object({ message_id: messageId, comment: answerText }),
  output: Done,
  request: ({ message_id, ...rest }) => post(path`/me/messages/${message_id}/replyAll`, replyWith(rest)),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/message-replyall',
  provenance: graphOperation('POST /me/messages/{message-id}/replyAll'),
  examples: [{ input: { message_id: ids.message, comment: 'Thank you all, noted.' }, receives: taken, gives: { accepted: true } }],
});

export const messageForward = tool({
  name: 'outlook_message_forward',
  aliases: ['outlook_forward_message'],
  title: 'Forward a message',
  description:
    'Send a message on, with its attachments, to other people. Ids come from outlook_messages_list or outlook_messages_search, addresses ' +
    'from outlook_people_search. It cannot be taken back, and each call sends again.',
  effect: 'write',
  scopes: ['Mail.Send'],
  input: z.object({
    message_id: messageId,
    to_recipients: recipients('Addresses to forward to').min(1),
    comment: answerText.optional(),
  }),
  output: Done,
  request: ({ message_id, to_recipients, comment }) =>
    post(path`/me/messages/${message_id}/forward`, { ToRecipients: asRecipients(to_recipients), Comment: comment ?? '' }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/message-forward',
  provenance: graphOperation('POST /me/messages/{message-id}/forward'),
  examples: [
    {
      input: { message_id: ids.message, to_recipients: ['legal@acme.example'], comment: 'Please look at section 4.' },
      receives: taken,
      gives: { accepted: true },
    },
  ],
});

export const draftCreate = tool({
  name: 'outlook_draft_create',
  aliases: ['outlook_create_draft_message'],
  title: 'Write a draft',
  description:
    'Put a new message into Drafts without sending it, so that somebody can read and change it first. Attach larger files with ' +
    'outlook_attachment_add, send it with outlook_draft_send; without a draft outlook_message_send. Each call makes another draft.',
  effect: 'write',
  scopes: ['Mail.ReadWrite'],
  input: z.object({
    subject: written.subject,
    body: written.body,
    toRecipients: recipients('Addresses of those it is written to').optional(),
    ...copies,
  }),
  output: Draft,
  request: ({ file_ids, ...message }, _file, files) => ({
    ...post('/me/messages', messageOf(message, files)),
    headers: stableIds,
    ...uploadOf(file_ids, '/attachments'),
  }),
  respond: draft,
  docs: 'https://learn.microsoft.com/graph/api/user-post-messages',
  provenance: graphOperation('POST /me/messages'),
  examples: [
    {
      input: { subject: 'Partner call on Monday', body: 'Does 10:00 still suit you?', toRecipients: ['jonas@northwind.example'] },
      receives: {
        status: 201,
        body: messageExample(ids.draft, 'Partner call on Monday', 'Does 10:00 still suit you?', '2025-11-21T10:00:05Z', {
          isDraft: true,
          isRead: true,
          toRecipients: [{ emailAddress: { name: 'Jonas Weber', address: 'jonas@northwind.example' } }],
        }),
      },
      gives: {
        id: ids.draft,
        subject: 'Partner call on Monday',
        to: ['jonas@northwind.example'],
        is_draft: true,
        modified_at: '2025-11-21T10:00:05.000Z',
        web_link: 'https://outlook.example/owa/?ItemID=deal',
      },
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
    {
      input: { subject: 'Term sheet, third draft', body: 'With the change of this morning.', file_ids: [exampleFile.file_id] },
      receives: {
        status: 201,
        body: messageExample(ids.draft, 'Term sheet, third draft', 'With the change of this morning.', '2025-11-21T10:00:05Z', {
          isDraft: true,
          isRead: true,
          hasAttachments: true,
          toRecipients: [],
        }),
      },
      gives: {
        id: ids.draft,
        subject: 'Term sheet, third draft',
        to: [],
        is_draft: true,
        modified_at: '2025-11-21T10:00:05.000Z',
        web_link: 'https://outlook.example/owa/?ItemID=deal',
      },
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const draftSend = tool({
  name: 'outlook_draft_send',
  aliases: ['outlook_send_draft_message'],
  title: 'Send a draft',
  description:
    'Send a draft that lies ready, for example one from outlook_draft_create, to the recipients that stand in it. It moves to Sent Items ' +
    'and keeps its id; it cannot be taken back.',
  effect: 'write',
  scopes: ['Mail.Send'],
  input: z.object({ message_id: draftId }),
  output: Done,
  request: ({ message_id }) => ({ method: 'POST', path: path`/me/messages/${message_id}/send` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/message-send',
  provenance: graphOperation('POST /me/messages/{message-id}/send'),
  examples: [{ input: { message_id: ids.draft }, receives: taken, gives: { accepted: true } }],
});
