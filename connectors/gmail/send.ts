import { post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { bcc, body, cc, contentType, rawOf, subject, to } from './compose.ts';
import { sent, sentGives } from './examples.ts';
import { docs, provenance, threadId } from './fields.ts';
import { Changed, changedOf } from './message.ts';
import { send } from './scopes.ts';

export const sendMessage = tool({
  name: 'gmail_send_message',
  title: 'Send a message',
  description:
    'Send a new message from the connected person’s address at once; each call sends again, and it cannot be called back. To let the person ' +
    'look first use gmail_create_draft; to answer a conversation gmail_reply_to_thread.',
  effect: 'write',
  scopes: [send],
  input: z.object({ to, subject, body, cc, bcc, contentType }),
  output: Changed,
  request: (letter) => post('/gmail/v1/users/me/messages/send', { raw: rawOf(letter) }),
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
  ],
});

export const replyToThread = tool({
  name: 'gmail_reply_to_thread',
  title: 'Answer a conversation',
  description:
    'Answer the last message of a conversation; it is sent at once, and again with each call. Read the conversation with ' +
    'gmail_get_thread_by_id first: its last message has the sender, the subject and the rfc822_message_id that this takes.',
  effect: 'write',
  scopes: [send],
  input: z.object({
    threadId,
    inReplyTo: z
      .string()
      .regex(/^<[^\s<>]{3,250}>$/)
      .describe('rfc822_message_id of the message that is answered'),
    to,
    subject: subject.describe('Subject of the conversation, with Re: before it; another one begins a new conversation'),
    body,
    cc,
    bcc,
    contentType,
  }),
  output: Changed,
  request: ({ threadId, ...letter }) =>
    post('/gmail/v1/users/me/messages/send', { raw: rawOf({ ...letter, references: letter.inReplyTo }), threadId }),
  respond: changedOf,
  docs: `${docs('messages')}/send`,
  provenance: provenance('messages.send'),
  examples: [
    {
      input: {
        threadId: '19aa5d3c1f0e7b42',
        inReplyTo: '<made-up-1@lumen.example>',
        to: ['ana@lumen.example'],
        subject: 'Re: November update',
        body: 'Thank you, Ana. Could you add the churn figures?',
      },
      receives: { body: { id: '19aa61c8d3e5f629', threadId: '19aa5d3c1f0e7b42', labelIds: ['SENT'], historyId: '4180051' } },
      gives: { id: '19aa61c8d3e5f629', thread_id: '19aa5d3c1f0e7b42', label_ids: ['SENT'] },
    },
  ],
});
