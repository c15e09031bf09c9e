import { ask, get, path, post, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { update, updateGives } from './examples.ts';
import {
  addLabelIds,
  cursor,
  docs,
  includeSpamTrash,
  labelIds,
  limit,
  messageId,
  nextCursor,
  provenance,
  q,
  removeLabelIds,
} from './fields.ts';
import { Changed, changedOf, Heading, headingOf, Message, type MessageBody, messageOf } from './message.ts';
import { modify, readonly } from './scopes.ts';

export const fetchMails = tool({
  name: 'gmail_fetch_mails',
  title: 'Find messages',
  description:
    'Find single messages, newest first, by search words or labels. Gmail gives their ids alone: look them over with gmail_get_message_headers, ' +
    'read one with gmail_get_message_by_id. For conversations with their first words use gmail_list_threads.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ q, labelIds, includeSpamTrash, limit, cursor }),
  output: z.object({
    messages: z.array(z.object({ id: z.string(), thread_id: z.string() })),
    estimated_total: z.int(),
    next_cursor: nextCursor,
  }),
  request: ({ limit, cursor, ...rest }) => get('/gmail/v1/users/me/messages', { ...rest, maxResults: limit, pageToken: cursor }),
  respond: (body: { messages?: { id: string; threadId: string }[]; nextPageToken?: string; resultSizeEstimate?: number }) => ({
    messages: (body.messages ?? []).map(({ id, threadId }) => ({ id, thread_id: threadId })),
    estimated_total: body.resultSizeEstimate ?? 0,
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: `${docs('messages')}/list`,
  provenance: provenance('messages.list'),
  examples: [
    {
      input: { q: 'from:ana@lumen.example newer_than:30d', limit: 2 },
      receives: {
        body: {
          messages: [
            { id: update.id, threadId: update.threadId },
            { id: '19a9f0e1d2c3b4a5', threadId: '19a9f0e1d2c3b4a5', historyId: '4180021' },
          ],
          nextPageToken: '0123456789',
          resultSizeEstimate: 14,
        },
      },
      gives: {
        messages: [
          { id: update.id, thread_id: update.threadId },
          { id: '19a9f0e1d2c3b4a5', thread_id: '19a9f0e1d2c3b4a5' },
        ],
        estimated_total: 14,
        next_cursor: '0123456789',
      },
    },
  ],
});

export const getMessage = tool({
  name: 'gmail_get_message_by_id',
  title: 'Read a message',
  description:
    'Read one message: sender, recipients, subject, its text without markup, and the names of what is attached. Reading does not mark it ' +
    'as read; for that use gmail_modify_message_labels. For a whole conversation use gmail_get_thread_by_id.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ messageId }),
  output: Message,
  request: ({ messageId }) => get(path`/gmail/v1/users/me/messages/${messageId}`, { format: 'full' }),
  respond: (body: MessageBody) => messageOf(body, 20_000),
  docs: `${docs('messages')}/get`,
  provenance: provenance('messages.get'),
  examples: [{ input: { messageId: update.id }, receives: { body: update }, gives: updateGives }],
});

const headers = ['From', 'To', 'Subject', 'Date'];
const noted = {
  id: '19a9f0e1d2c3b4a5',
  threadId: '19a9f0e1d2c3b4a5',
  labelIds: ['INBOX'],
  snippet: 'Jon&#39;s notes from the board meeting',
  payload: {
    mimeType: 'text/plain',
    headers: [
      { name: 'From', value: 'Jon Berg <jon@acme.example>' },
      { name: 'To', value: 'mira@acme.example' },
      { name: 'Subject', value: 'Board notes' },
      { name: 'Date', value: 'Thu, 20 Nov 2025 18:00:00 +0100' },
    ],
  },
  sizeEstimate: 4120,
  historyId: '4179880',
  internalDate: '1763658000000',
};

export const getHeaders = runTool({
  name: 'gmail_get_message_headers',
  title: 'Look over messages',
  description:
    'Look over up to 8 messages at once: who wrote, when, subject and first words, to see which of those that gmail_fetch_mails found ' +
    'matter. Their texts come from gmail_get_message_by_id.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ messageIds: z.array(messageId).min(1).max(8).describe('Message ids from gmail_fetch_mails') }),
  output: z.object({ messages: z.array(Heading) }),
  *run({ messageIds }) {
    const messages: z.input<typeof Heading>[] = [];
    for (const id of new Set(messageIds)) {
      const request = get(path`/gmail/v1/users/me/messages/${id}`, { format: 'metadata', metadataHeaders: headers });
      messages.push(headingOf(yield* ask<MessageBody>(request)));
    }
    return { messages };
  },
  docs: `${docs('messages')}/get`,
  provenance: provenance('messages.get'),
  examples: [
    {
      input: { messageIds: [noted.id] },
      receives: { body: noted },
      gives: {
        messages: [
          {
            id: noted.id,
            thread_id: noted.threadId,
            date: '2025-11-20T17:00:00.000Z',
            from: 'Jon Berg <jon@acme.example>',
            subject: 'Board notes',
            snippet: "Jon's notes from the board meeting",
            is_unread: false,
          },
        ],
      },
    },
  ],
});

const slim = {
  id: update.id,
  threadId: update.threadId,
  labelIds: ['IMPORTANT', 'CATEGORY_PERSONAL', 'INBOX', 'STARRED'],
  historyId: '4180033',
};

export const modifyMessage = tool({
  name: 'gmail_modify_message_labels',
  title: 'Mark, file or archive a message',
  description:
    'Add and remove labels of one message: remove UNREAD to mark it as read, remove INBOX to archive it, add STARRED or an own label from ' +
    'gmail_list_labels. For whole conversations use gmail_modify_thread_labels, for many messages gmail_batch_modify_messages.',
  effect: 'write',
  idempotent: true,
  scopes: [modify],
  input: z.object({ messageId, addLabelIds, removeLabelIds }),
  output: Changed,
  request: ({ messageId, ...change }) => post(path`/gmail/v1/users/me/messages/${messageId}/modify`, change),
  respond: changedOf,
  docs: `${docs('messages')}/modify`,
  provenance: provenance('messages.modify'),
  examples: [
    {
      input: { messageId: update.id, addLabelIds: ['STARRED'], removeLabelIds: ['UNREAD'] },
      receives: { body: slim },
      gives: { id: update.id, thread_id: update.threadId, label_ids: slim.labelIds },
    },
  ],
});

export const batchModify = tool({
  name: 'gmail_batch_modify_messages',
  title: 'Mark, file or archive many messages',
  description:
    'Add and remove labels of up to 1000 messages at once, for example to archive everything that gmail_fetch_mails found. Nothing says which ' +
    'of them existed. For one message use gmail_modify_message_labels, whose answer shows its labels.',
  effect: 'write',
  idempotent: true,
  scopes: [modify],
  input: z.object({ ids: z.array(messageId).min(1).max(1000).describe('Message ids from gmail_fetch_mails'), addLabelIds, removeLabelIds }),
  output: z.object({}),
  request: (input) => post('/gmail/v1/users/me/messages/batchModify', input),
  respond: () => ({}),
  docs: `${docs('messages')}/batchModify`,
  provenance: provenance('messages.batchModify'),
  examples: [
    {
      input: { ids: [update.id, '19a9f0e1d2c3b4a5'], removeLabelIds: ['INBOX'] },
      receives: { status: 204, body: '' },
      gives: {},
    },
  ],
});

export const trashMessage = tool({
  name: 'gmail_trash_message',
  title: 'Put a message into the trash',
  description:
    'Put one message into the trash, where Gmail deletes it after 30 days; gmail_untrash_message brings it back until then. To only take it ' +
    'out of the inbox remove INBOX with gmail_modify_message_labels. For whole conversations: gmail_trash_thread.',
  effect: 'destructive',
  idempotent: true,
  scopes: [modify],
  input: z.object({ messageId }),
  output: Changed,
  request: ({ messageId }) => ({ method: 'POST', path: path`/gmail/v1/users/me/messages/${messageId}/trash` }),
  respond: changedOf,
  docs: `${docs('messages')}/trash`,
  provenance: provenance('messages.trash'),
  examples: [
    {
      input: { messageId: update.id },
      receives: { body: { id: update.id, threadId: update.threadId, labelIds: ['TRASH', 'UNREAD'], historyId: '4180034' } },
      gives: { id: update.id, thread_id: update.threadId, label_ids: ['TRASH', 'UNREAD'] },
    },
  ],
});

export const untrashMessage = tool({
  name: 'gmail_untrash_message',
  title: 'Bring a message back',
  description:
    'Take one message out of the trash; it does not return to the inbox by itself: add INBOX with gmail_modify_message_labels. Find it with ' +
    'gmail_fetch_mails and in:trash.',
  effect: 'write',
  idempotent: true,
  scopes: [modify],
  input: z.object({ messageId }),
  output: Changed,
  request: ({ messageId }) => ({ method: 'POST', path: path`/gmail/v1/users/me/messages/${messageId}/untrash` }),
  respond: changedOf,
  docs: `${docs('messages')}/untrash`,
  provenance: provenance('messages.untrash'),
  examples: [
    {
      input: { messageId: update.id },
      receives: { body: { id: update.id, threadId: update.threadId, labelIds: ['UNREAD'], historyId: '4180035' } },
      gives: { id: update.id, thread_id: update.threadId, label_ids: ['UNREAD'] },
    },
  ],
});
