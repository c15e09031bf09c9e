import { act, ask, exampleFile, get, NothingToDo, path, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { bcc, body, carrying, cc, contentType, file_ids, subject, to } from './compose.ts';
import { sent, sentGives, update } from './examples.ts';
import { docs, provenance, threadId } from './fields.ts';
import { Changed, changedOf, headerOf, type MessageBody, type Part } from './message.ts';
import { readonly, send } from './scopes.ts';

const sendAt = { method: 'POST', path: '/gmail/v1/users/me/messages/send' } as const;

export const sendMessage = tool({
  name: 'gmail_send_message',
  title: 'Send a message',
  description:
    'Send a new message from the connected person’s address at once; each call sends again, and it cannot be called back. To let the person ' +
    'look first use gmail_create_draft; to answer a conversation gmail_reply_to_thread.',
  effect: 'write',
  scopes: [send],
  input: z.object({ to, subject, body, cc, bcc, contentType, file_ids }),
  output: Changed,
  request: (letter) => carrying(sendAt, letter),
  respond: changedOf,
  docs: `${docs('messages')}/send`,
  provenance: provenance('messages.send'),
  examples: [
    {
      input: {
        to: ['jon@acme.example'],
        subject: 'Lumen: November numbers',
        body: 'Hi Jon,\n\nAna sent the deck. Shall we talk on Monday?',
      },
      receives: { body: { ...sent, historyId: '4180050' } },
      gives: sentGives,
    },
    {
      input: {
        to: ['jon@acme.example'],
        subject: 'Lumen: the deck',
        body: 'Hi Jon,\n\nhere it is.',
        file_ids: [exampleFile.file_id],
      },
      receives: { body: { ...sent, historyId: '4180052' } },
      gives: sentGives,
    },
  ],
});

interface ThreadHeaders {
  id: string;
  messages?: { id: string; labelIds?: string[]; payload?: Part }[];
}

const asked = ['From', 'Reply-To', 'To', 'Cc', 'Subject', 'Message-ID', 'References'];

/** Addresses alone, out of a header that may hold names, quotes and groups; what is no plain address is left out. */
export function addressesIn(header: string | undefined): string[] {
  const withoutNames = (header ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '');
  return withoutNames.split(',').flatMap((part) => {
    const text = (/<([^<>]*)>\s*$/.exec(part)?.[1] ?? part).trim();
    return /^[^\s<>,;:"()[\]\\]+@[^\s<>,;:"()[\]\\]+\.[^\s<>,;:"()[\]\\]+$/.test(text) ? [text] : [];
  });
}

export const replyToThread = runTool({
  name: 'gmail_reply_to_thread',
  title: 'Answer a conversation',
  description:
    'Answer the latest message of a conversation that is no draft; subject and recipients follow from it unless told. Sent at once, again ' +
    'with each call. Read it first with gmail_get_thread_by_id; for an answer to look at use gmail_create_draft.',
  effect: 'write',
  scopes: [readonly, send],
  input: z.object({
    threadId,
    body,
    to: to.optional().describe('Recipients instead of the one who wrote the message'),
    cc,
    bcc,
    contentType,
    file_ids,
  }),
  output: Changed.extend({ to: z.array(z.string()), subject: z.string() }),
  *run({ threadId, ...letter }) {
    const thread = yield* ask<ThreadHeaders>(
      get(path`/gmail/v1/users/me/threads/${threadId}`, { format: 'metadata', metadataHeaders: asked }),
    );
    const last = thread.messages?.findLast(({ labelIds }) => labelIds?.includes('DRAFT') !== true)?.payload;
    if (last === undefined) throw new NothingToDo('the conversation has no message to answer');
    const wrote = headerOf(last, 'reply-to') ?? headerOf(last, 'from');
    const own = thread.messages?.findLast(({ payload }) => payload === last)?.labelIds?.includes('SENT') === true;
    // an answer to a message of one's own goes to those that it went to
    const recipients = letter.to ?? addressesIn(own ? headerOf(last, 'to') : wrote);
    if (recipients.length === 0) throw new NothingToDo('the message names nobody to answer: give to');
    const old = oneLine(headerOf(last, 'subject') ?? '');
    const answered = headerOf(last, 'message-id');
    const subject = /^re:/i.test(old) ? old : `Re: ${old}`.trim();
    const request = carrying(sendAt, {
      ...letter,
      threadId,
      to: recipients.slice(0, 100),
      subject,
      inReplyTo: answered,
      references: answered === undefined ? undefined : `${headerOf(last, 'references') ?? ''} ${answered}`,
    });
    const sent = yield* act<MessageBody>(request);
    return { ...changedOf(sent), to: recipients.slice(0, 100), subject };
  },
  docs: `${docs('messages')}/send`,
  provenance: provenance('messages.send'),
  examples: [
    answerExample({ threadId: update.threadId, body: 'Thank you, Ana. Could you add the churn figures?' }),
    answerExample({ threadId: update.threadId, body: 'Thank you, Ana. Ours are attached.', file_ids: [exampleFile.file_id] }),
  ],
});

/** The conversation that is answered, and the answer to the answer. */
function answerExample<In>(input: In) {
  return {
    input,
    before: [
      {
        receives: {
          body: {
            id: update.threadId,
            historyId: update.historyId,
            messages: [
              {
                id: update.id,
                threadId: update.threadId,
                labelIds: update.labelIds,
                snippet: update.snippet,
                payload: {
                  mimeType: 'multipart/mixed',
                  headers: update.payload.headers.filter(({ name }) => asked.includes(name)),
                },
                sizeEstimate: update.sizeEstimate,
                historyId: update.historyId,
                internalDate: update.internalDate,
              },
            ],
          },
        },
      },
    ],
    receives: { body: { id: '19aa61c8d3e5f629', threadId: update.threadId, labelIds: ['SENT'], historyId: '4180051' } },
    gives: {
      id: '19aa61c8d3e5f629',
      thread_id: update.threadId,
      label_ids: ['SENT'],
      to: ['ana@lumen.example'],
      subject: 'Re: November update',
    },
  };
}

/** What stands in a header was folded, or was decoded by Gmail: line breaks within are spaces. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 500);
}
