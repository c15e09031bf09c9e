import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { update, updateGives } from './examples.ts';
import {
  addLabelIds,
  cursor,
  docs,
  includeSpamTrash,
  labelIds,
  limit,
  nextCursor,
  provenance,
  q,
  removeLabelIds,
  threadId,
} from './fields.ts';
import { Message, type MessageBody, messageOf } from './message.ts';
import { modify, readonly } from './scopes.ts';

/** Entities stand in snippets as in HTML. */
const plain = (snippet: string) =>
  snippet.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

export const listThreads = tool({
  name: 'gmail_list_threads',
  title: 'Find conversations',
  description:
    'Find conversations, newest first, by search words or labels, with the first words of the latest message. Read one whole with ' +
    'gmail_get_thread_by_id, answer it with gmail_reply_to_thread. For single messages use gmail_fetch_mails.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ q, labelIds, includeSpamTrash, limit, cursor }),
  output: z.object({
    threads: z.array(z.object({ id: z.string(), snippet: z.string() })),
    estimated_total: z.int(),
    next_cursor: nextCursor,
  }),
  request: ({ limit, cursor, ...rest }) => get('/gmail/v1/users/me/threads', { ...rest, maxResults: limit, pageToken: cursor }),
  respond: (body: { threads?: { id: string; snippet?: string }[]; nextPageToken?: string; resultSizeEstimate?: number }) => ({
    threads: (body.threads ?? []).map(({ id, snippet }) => ({ id, snippet: plain(snippet ?? '') })),
    estimated_total: body.resultSizeEstimate ?? 0,
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: `${docs('threads')}/list`,
  provenance: provenance('threads.list'),
  examples: [
    {
      input: { q: 'is:unread', labelIds: ['INBOX'] },
      receives: {
        body: {
          threads: [
            { id: update.threadId, snippet: update.snippet, historyId: '4180021' },
            { id: '19a8e7d6c5b4a392', snippet: 'Jon&#39;s notes from the board meeting', historyId: '4179880' },
          ],
          resultSizeEstimate: 2,
        },
      },
      gives: {
        threads: [
          { id: update.threadId, snippet: update.snippet },
          { id: '19a8e7d6c5b4a392', snippet: "Jon's notes from the board meeting" },
        ],
        estimated_total: 2,
        next_cursor: null,
      },
    },
  ],
});

const maxMessages = 50;

export const getThread = tool({
  name: 'gmail_get_thread_by_id',
  title: 'Read a conversation',
  description:
    'Read one conversation: its messages from the oldest to the newest, each as gmail_get_message_by_id gives it, but texts over 4,000 ' +
    'characters cut. Find thread ids with gmail_list_threads; answer with gmail_reply_to_thread.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ threadId }),
  output: z.object({ id: z.string(), messages: z.array(Message), truncated: z.literal(true).optional() }),
  request: ({ threadId }) => get(path`/gmail/v1/users/me/threads/${threadId}`, { format: 'full' }),
  respond: ({ id, messages = [] }: { id: string; messages?: MessageBody[] }) => ({
    id,
    messages: messages.slice(-maxMessages).map((message) => messageOf(message, 4000)),
    ...(messages.length > maxMessages ? { truncated: true as const } : {}),
  }),
  docs: `${docs('threads')}/get`,
  provenance: provenance('threads.get'),
  examples: [
    {
      input: { threadId: update.threadId },
      receives: { body: { id: update.threadId, historyId: '4180021', messages: [update] } },
      gives: { id: update.threadId, messages: [updateGives] },
    },
  ],
});

const ThreadLabels = z.object({ id: z.string(), label_ids: z.array(z.string()) });

interface Slim {
  id: string;
  messages?: { labelIds?: string[] }[];
}

const labelsOf = ({ id, messages = [] }: Slim) => ({ id, label_ids: [...new Set(messages.flatMap(({ labelIds = [] }) => labelIds))] });

export const modifyThread = tool({
  name: 'gmail_modify_thread_labels',
  title: 'Mark, file or archive a conversation',
  description:
    'Add and remove labels of all messages of one conversation: remove INBOX to archive it, UNREAD to mark it as read. Own labels come from ' +
    'gmail_list_labels. For one message of it use gmail_modify_message_labels.',
  effect: 'write',
  idempotent: true,
  scopes: [modify],
  input: z.object({ threadId, addLabelIds, removeLabelIds }),
  output: ThreadLabels,
  request: ({ threadId, ...change }) => post(path`/gmail/v1/users/me/threads/${threadId}/modify`, change),
  respond: labelsOf,
  docs: `${docs('threads')}/modify`,
  provenance: provenance('threads.modify'),
  examples: [
    {
      input: { threadId: update.threadId, removeLabelIds: ['INBOX', 'UNREAD'] },
      receives: {
        body: {
          id: update.threadId,
          historyId: '4180040',
          messages: [{ id: update.id, threadId: update.threadId, labelIds: ['IMPORTANT', 'CATEGORY_PERSONAL'], historyId: '4180040' }],
        },
      },
      gives: { id: update.threadId, label_ids: ['IMPORTANT', 'CATEGORY_PERSONAL'] },
    },
  ],
});

export const trashThread = tool({
  name: 'gmail_trash_thread',
  title: 'Put a conversation into the trash',
  description:
    'Put all messages of one conversation into the trash, where Gmail deletes them after 30 days. To only take it out of the inbox use ' +
    'gmail_modify_thread_labels, for one message gmail_trash_message.',
  effect: 'destructive',
  idempotent: true,
  scopes: [modify],
  input: z.object({ threadId }),
  output: ThreadLabels,
  request: ({ threadId }) => ({ method: 'POST', path: path`/gmail/v1/users/me/threads/${threadId}/trash` }),
  respond: labelsOf,
  docs: `${docs('threads')}/trash`,
  provenance: provenance('threads.trash'),
  examples: [
    {
      input: { threadId: update.threadId },
      receives: {
        body: {
          id: update.threadId,
          historyId: '4180041',
          messages: [{ id: update.id, threadId: update.threadId, labelIds: ['TRASH'], historyId: '4180041' }],
        },
      },
      gives: { id: update.threadId, label_ids: ['TRASH'] },
    },
  ],
});
