import { exampleFile, get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { bcc, body, carrying, cc, contentType, file_ids, type Letter, subject, to } from './compose.ts';
import { sent, sentGives, update, updateGives } from './examples.ts';
import { cursor, docs, draftId, limit, nextCursor, provenance, q, threadId } from './fields.ts';
import { Changed, changedOf, Message, type MessageBody, messageOf } from './message.ts';
import { compose } from './scopes.ts';

const Draft = z.object({ id: z.string(), message_id: z.string(), thread_id: z.string() });

interface DraftBody {
  id: string;
  message: MessageBody;
}

const draftOf = ({ id, message }: DraftBody) => ({ id, message_id: message.id, thread_id: message.threadId });

const letter = {
  to,
  subject,
  body,
  cc,
  bcc,
  contentType,
  threadId: threadId.optional().describe('Thread that it answers, from gmail_list_threads'),
  inReplyTo: z
    .string()
    .regex(/^<[^\s<>]{3,250}>$/)
    .optional()
    .describe('rfc822_message_id that it answers, with threadId'),
  file_ids,
};

const writing = (at: Parameters<typeof carrying>[0], letter: Letter) =>
  carrying(at, { ...letter, references: letter.inReplyTo }, (message) => ({ message }));

const draft = { id: 'r-7204518390021', message: { id: '19aa62d9e4f60730', threadId: '19aa62d9e4f60730', labelIds: ['DRAFT'] } };
const draftGives = { id: draft.id, message_id: draft.message.id, thread_id: draft.message.threadId };

export const createDraft = tool({
  name: 'gmail_create_draft',
  title: 'Write a draft',
  description:
    'Write a draft into the person’s mailbox without sending it, so that it can be looked at and changed; each call makes another. Send it ' +
    'with gmail_send_draft. For an answer give threadId and inReplyTo from gmail_get_thread_by_id.',
  effect: 'write',
  scopes: [compose],
  input: z.object(letter),
  output: Draft,
  request: (input) => writing({ method: 'POST', path: '/gmail/v1/users/me/drafts' }, input),
  respond: draftOf,
  docs: `${docs('drafts')}/create`,
  provenance: provenance('drafts.create'),
  examples: [
    {
      input: { to: ['ana@lumen.example'], subject: 'Intro to Northwind', body: 'Hi Ana,\n\nI would like you to meet Sam.' },
      receives: { body: draft },
      gives: draftGives,
    },
    {
      input: { to: ['ana@lumen.example'], subject: 'Our deck', body: 'Hi Ana,\n\nhere it is.', file_ids: [exampleFile.file_id] },
      receives: { body: draft },
      gives: draftGives,
    },
  ],
});

export const updateDraft = tool({
  name: 'gmail_update_draft',
  title: 'Rewrite a draft',
  description:
    'Replace one draft as a whole by what is given, recipients included; it is not sent. Read it with gmail_get_draft first and give again ' +
    'what is to stay, attachments too. Send it with gmail_send_draft.',
  effect: 'destructive',
  idempotent: true,
  scopes: [compose],
  input: z.object({ draftId, ...letter }),
  output: Draft,
  request: ({ draftId, ...input }) => writing({ method: 'PUT', path: path`/gmail/v1/users/me/drafts/${draftId}` }, input),
  respond: draftOf,
  docs: `${docs('drafts')}/update`,
  provenance: provenance('drafts.update'),
  examples: [
    {
      input: {
        draftId: draft.id,
        to: ['ana@lumen.example'],
        subject: 'Intro to Northwind',
        body: 'Hi Ana,\n\nmeet Sam, who runs Northwind.',
      },
      receives: { body: draft },
      gives: draftGives,
    },
    {
      input: {
        draftId: draft.id,
        to: ['ana@lumen.example'],
        subject: 'Our deck',
        body: 'Hi Ana,\n\nhere is the newer one.',
        file_ids: [exampleFile.file_id],
      },
      receives: { body: draft },
      gives: draftGives,
    },
  ],
});

export const listDrafts = tool({
  name: 'gmail_list_drafts',
  title: 'List drafts',
  description:
    'List drafts, those changed last first, with the ids that gmail_get_draft and gmail_send_draft take. Gmail gives ids alone; q narrows ' +
    'them down by words, recipients or subject.',
  effect: 'read',
  scopes: [compose],
  input: z.object({ q, limit, cursor }),
  output: z.object({ drafts: z.array(Draft), next_cursor: nextCursor }),
  request: ({ q, limit, cursor }) => get('/gmail/v1/users/me/drafts', { q, maxResults: limit, pageToken: cursor }),
  respond: (body: { drafts?: DraftBody[]; nextPageToken?: string }) => ({
    drafts: (body.drafts ?? []).map(draftOf),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: `${docs('drafts')}/list`,
  provenance: provenance('drafts.list'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          drafts: [{ id: draft.id, message: { id: draft.message.id, threadId: draft.message.threadId } }],
          nextPageToken: '0987654321',
          resultSizeEstimate: 21,
        },
      },
      gives: { drafts: [draftGives], next_cursor: '0987654321' },
    },
  ],
});

export const getDraft = tool({
  name: 'gmail_get_draft',
  title: 'Read a draft',
  description:
    'Read one draft: recipients, subject and text as they stand. Find its id with gmail_list_drafts; change it with gmail_update_draft, send ' +
    'it with gmail_send_draft.',
  effect: 'read',
  scopes: [compose],
  input: z.object({ draftId }),
  output: z.object({ id: z.string(), message: Message }),
  request: ({ draftId }) => get(path`/gmail/v1/users/me/drafts/${draftId}`, { format: 'full' }),
  respond: ({ id, message }: DraftBody) => ({ id, message: messageOf(message, 20_000) }),
  docs: `${docs('drafts')}/get`,
  provenance: provenance('drafts.get'),
  examples: [
    {
      input: { draftId: draft.id },
      receives: { body: { id: draft.id, message: { ...update, labelIds: ['DRAFT'] } } },
      gives: { id: draft.id, message: { ...updateGives, is_unread: false, label_ids: ['DRAFT'] } },
    },
  ],
});

export const sendDraft = tool({
  name: 'gmail_send_draft',
  title: 'Send a draft',
  description:
    'Send one draft as it stands to its recipients, at once; the draft is gone afterwards, so that a repetition finds nothing. Read it with ' +
    'gmail_get_draft first. To send without a draft use gmail_send_message.',
  effect: 'write',
  scopes: [compose],
  input: z.object({ draftId }),
  output: Changed,
  request: ({ draftId }) => post('/gmail/v1/users/me/drafts/send', { id: draftId }),
  respond: changedOf,
  docs: `${docs('drafts')}/send`,
  provenance: provenance('drafts.send'),
  examples: [{ input: { draftId: draft.id }, receives: { body: { ...sent, historyId: '4180060' } }, gives: sentGives }],
});

export const deleteDraft = tool({
  name: 'gmail_delete_draft',
  title: 'Delete a draft',
  description:
    'Delete one draft for good; it does not go to the trash. Find its id with gmail_list_drafts. To write it anew use gmail_update_draft, ' +
    'to remove a message that was sent or received gmail_trash_message.',
  effect: 'destructive',
  scopes: [compose],
  input: z.object({ draftId }),
  output: z.object({}),
  request: ({ draftId }) => ({ method: 'DELETE', path: path`/gmail/v1/users/me/drafts/${draftId}` }),
  respond: () => ({}),
  docs: `${docs('drafts')}/delete`,
  provenance: provenance('drafts.delete'),
  examples: [{ input: { draftId: draft.id }, receives: { status: 204, body: '' }, gives: {} }],
});
