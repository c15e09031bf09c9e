import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { provenance } from './fields.ts';
import { metadata } from './scopes.ts';

export const getProfile = tool({
  name: 'gmail_get_profile',
  title: 'Whose mailbox it is',
  description:
    'Tell the connected person’s own e-mail address, and how many messages and conversations the mailbox holds. Use it to leave the person ' +
    'out of the recipients of gmail_reply_to_thread, or to send something to oneself.',
  effect: 'read',
  scopes: [metadata],
  input: z.object({}),
  output: z.object({ email: z.string(), messages_total: z.int(), threads_total: z.int() }),
  request: () => get('/gmail/v1/users/me/profile'),
  respond: (body: { emailAddress: string; messagesTotal?: number; threadsTotal?: number }) => ({
    email: body.emailAddress,
    messages_total: body.messagesTotal ?? 0,
    threads_total: body.threadsTotal ?? 0,
  }),
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile',
  provenance: provenance('getProfile'),
  examples: [
    {
      input: {},
      receives: { body: { emailAddress: 'mira@acme.example', messagesTotal: 48211, threadsTotal: 20140, historyId: '4180021' } },
      gives: { email: 'mira@acme.example', messages_total: 48211, threads_total: 20140 },
    },
  ],
});
