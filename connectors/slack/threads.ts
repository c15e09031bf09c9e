import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { channelId, cursor, isoOf, limit, nextCursor, type Paged, ts } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.slack.dev/reference/methods/';
const textMax = 4000;
const channel = channelId.describe('Id of its channel, from slack_list_channels');
const messageTs = ts.describe('ts such as 1763719205.482159, from slack_fetch_conversation_history');

interface MessageBody {
  ts: string;
  user?: string;
  bot_id?: string;
  text?: string;
  thread_ts?: string;
}

export const getConversationReplies = tool({
  name: 'slack_get_conversation_replies',
  title: 'Read a thread',
  description:
    'Read one thread, its first message included, the oldest first. thread_ts comes from slack_fetch_conversation_history, which leaves ' +
    'replies out. To answer use slack_reply_to_thread. Texts over 4,000 characters are cut.',
  effect: 'read',
  scopes: ['channels:history'],
  input: z.object({ channel, ts: ts.describe('ts of its first message, from slack_fetch_conversation_history'), limit, cursor }),
  output: z.object({
    messages: z.array(
      z.object({
        ts: z.string(),
        sent_at: z.string(),
        user: z.string().nullable(),
        bot_id: z.string().nullable(),
        text: z.string(),
        truncated: z.boolean(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/conversations.replies', input),
  respond: (body: { messages: MessageBody[] } & Paged) => ({
    messages: body.messages.map((m) => ({
      ts: m.ts,
      sent_at: isoOf(m.ts),
      user: m.user ?? null,
      bot_id: m.bot_id ?? null,
      text: (m.text ?? '').slice(0, textMax),
      truncated: (m.text ?? '').length > textMax,
    })),
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: `${docs}conversations.replies`,
  provenance: typed('conversations.replies'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', ts: '1763719205.482159' },
      receives: {
        body: {
          ok: true,
          messages: [
            {
              type: 'message',
              user: 'U06MIRAL0P2',
              text: 'Checkout is slow in eu-west-1',
              thread_ts: '1763719205.482159',
              reply_count: 1,
              reply_users_count: 1,
              latest_reply: '1763719321.000739',
              subscribed: true,
              ts: '1763719205.482159',
              team: 'T06ACMEHQ01',
            },
            {
              type: 'message',
              user: 'U06BOTGRNT1',
              bot_id: 'B06BOTGRNT2',
              text: 'ENG-142 is open for it.',
              thread_ts: '1763719205.482159',
              parent_user_id: 'U06MIRAL0P2',
              ts: '1763719321.000739',
              team: 'T06ACMEHQ01',
            },
          ],
          has_more: false,
          response_metadata: { next_cursor: '' },
        },
      },
      gives: {
        messages: [
          {
            ts: '1763719205.482159',
            sent_at: '2025-11-21T10:00:05.482Z',
            user: 'U06MIRAL0P2',
            bot_id: null,
            text: 'Checkout is slow in eu-west-1',
            truncated: false,
          },
          {
            ts: '1763719321.000739',
            sent_at: '2025-11-21T10:02:01.000Z',
            user: 'U06BOTGRNT1',
            bot_id: 'B06BOTGRNT2',
            text: 'ENG-142 is open for it.',
            truncated: false,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const updateMessage = tool({
  name: 'slack_update_message',
  title: 'Change a message',
  description:
    'Replace the text of a message that this account posted; others’ messages cannot be changed. Channel and ts come from ' +
    'slack_post_message. To add something use slack_reply_to_thread; to take it away slack_delete_message.',
  effect: 'write',
  idempotent: true,
  scopes: ['chat:write'],
  input: z.object({ channel, ts: messageTs, text: z.string().min(1).max(12_000).describe('New text, in Slack mrkdwn') }),
  output: z.object({ channel: z.string(), ts: z.string(), text: z.string() }),
  request: (input) => post('/chat.update', input),
  respond: ({ channel: where, ts: when, text }: { channel: string; ts: string; text: string }) => ({ channel: where, ts: when, text }),
  docs: `${docs}chat.update`,
  provenance: typed('chat.update'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', ts: '1763719205.482159', text: 'Resolved: checkout is fast again.' },
      receives: {
        body: {
          ok: true,
          channel: 'C06INC4LLS1',
          ts: '1763719205.482159',
          text: 'Resolved: checkout is fast again.',
          message: {
            type: 'message',
            user: 'U06BOTGRNT1',
            bot_id: 'B06BOTGRNT2',
            text: 'Resolved: checkout is fast again.',
            edited: { user: 'B06BOTGRNT2', ts: '1763722805.000000' },
          },
        },
      },
      gives: { channel: 'C06INC4LLS1', ts: '1763719205.482159', text: 'Resolved: checkout is fast again.' },
    },
  ],
});

export const deleteMessage = tool({
  name: 'slack_delete_message',
  title: 'Delete a message',
  description:
    'Delete a message that this account posted, for everybody and for good; replies in its thread stay. Channel and ts come from ' +
    'slack_post_message. To correct it use slack_update_message instead.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['chat:write'],
  input: z.object({ channel, ts: messageTs }),
  output: z.object({ channel: z.string(), ts: z.string() }),
  request: (input) => post('/chat.delete', input),
  respond: ({ channel: where, ts: when }: { channel: string; ts: string }) => ({ channel: where, ts: when }),
  docs: `${docs}chat.delete`,
  provenance: typed('chat.delete'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', ts: '1763719205.482159' },
      receives: { body: { ok: true, channel: 'C06INC4LLS1', ts: '1763719205.482159' } },
      gives: { channel: 'C06INC4LLS1', ts: '1763719205.482159' },
    },
  ],
});

/** Methods that only acknowledge; Slack warns of every JSON body whose media type names no charset. */
export const acknowledged = { ok: true, warning: 'missing_charset', response_metadata: { warnings: ['missing_charset'] } };

export const addReaction = tool({
  name: 'slack_add_reaction',
  title: 'React with an emoji',
  description:
    'Put an emoji on a message, for example eyes for somebody looks at it. A second one of the same kind is refused. The ts comes from ' +
    'slack_fetch_conversation_history; slack_remove_reaction takes the emoji away.',
  effect: 'write',
  scopes: ['reactions:write'],
  input: z.object({
    channel,
    timestamp: messageTs,
    name: z
      .string()
      .regex(/^[a-z0-9_+'-]{1,100}(::[a-z0-9_-]{1,40})?$/)
      .describe('Name of the emoji without colons: white_check_mark'),
  }),
  output: z.object({ done: z.boolean() }),
  request: (input) => post('/reactions.add', input),
  respond: () => ({ done: true }),
  docs: `${docs}reactions.add`,
  provenance: typed('reactions.add'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', timestamp: '1763719205.482159', name: 'eyes' },
      receives: { body: acknowledged },
      gives: { done: true },
    },
  ],
});

export const removeReaction = tool({
  name: 'slack_remove_reaction',
  title: 'Take an emoji away',
  description:
    'Take away an emoji that this account put on a message with slack_add_reaction; those of others stay. One that is not there is refused. ' +
    'The ts comes from slack_fetch_conversation_history.',
  effect: 'destructive',
  scopes: ['reactions:write'],
  input: z.object({
    channel,
    timestamp: messageTs,
    name: z
      .string()
      .regex(/^[a-z0-9_+'-]{1,100}(::[a-z0-9_-]{1,40})?$/)
      .describe('Name of the emoji without colons: eyes'),
  }),
  output: z.object({ done: z.boolean() }),
  request: (input) => post('/reactions.remove', input),
  respond: () => ({ done: true }),
  docs: `${docs}reactions.remove`,
  provenance: typed('reactions.remove'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', timestamp: '1763719205.482159', name: 'eyes' },
      receives: { body: acknowledged },
      gives: { done: true },
    },
  ],
});

export const getPermalink = tool({
  name: 'slack_get_permalink',
  title: 'Get a message’s address',
  description:
    'Get the web address of one message, to put into a ticket or a page. Channel and ts come from slack_post_message, ' +
    'slack_fetch_conversation_history or slack_search_messages, which gives addresses itself.',
  effect: 'read',
  scopes: [],
  input: z.object({ channel, message_ts: messageTs }),
  output: z.object({ permalink: z.string() }),
  request: (input) => get('/chat.getPermalink', input),
  respond: ({ permalink }: { permalink: string }) => ({ permalink }),
  docs: `${docs}chat.getPermalink`,
  provenance: typed('chat.getPermalink'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', message_ts: '1763719205.482159' },
      receives: {
        body: { ok: true, channel: 'C06INC4LLS1', permalink: 'https://acme.slack.example/archives/C06INC4LLS1/p1763719205482159' },
      },
      gives: { permalink: 'https://acme.slack.example/archives/C06INC4LLS1/p1763719205482159' },
    },
  ],
});

export const pinMessage = tool({
  name: 'slack_pin_message',
  title: 'Pin a message',
  description:
    'Pin a message to its channel, so that everybody finds it again, for example the summary of an incident. One that is pinned already is ' +
    'refused. What is pinned tells slack_list_pinned_items.',
  effect: 'write',
  scopes: ['pins:write'],
  input: z.object({ channel, timestamp: messageTs }),
  output: z.object({ done: z.boolean() }),
  request: (input) => post('/pins.add', input),
  respond: () => ({ done: true }),
  docs: `${docs}pins.add`,
  provenance: typed('pins.add'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', timestamp: '1763719205.482159' },
      receives: { body: acknowledged },
      gives: { done: true },
    },
  ],
});

export const listPinnedItems = tool({
  name: 'slack_list_pinned_items',
  title: 'List pinned messages',
  description:
    'List the messages that are pinned to one channel, at most 100 as Slack allows no more. Their threads are read with ' +
    'slack_get_conversation_replies; slack_pin_message adds one.',
  effect: 'read',
  scopes: ['pins:read'],
  input: z.object({ channel }),
  output: z.object({
    items: z.array(z.object({ ts: z.string(), user: z.string().nullable(), text: z.string(), pinned_at: z.string() })),
  }),
  request: (input) => get('/pins.list', input),
  respond: (body: { items: { created: number; message?: MessageBody }[] }) => ({
    items: body.items.flatMap(({ created, message }) => {
      if (message === undefined) return [];
      const pinned_at = new Date(created * 1000).toISOString();
      return [{ ts: message.ts, user: message.user ?? null, text: (message.text ?? '').slice(0, textMax), pinned_at }];
    }),
  }),
  docs: `${docs}pins.list`,
  provenance: typed('pins.list'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1' },
      receives: {
        body: {
          ok: true,
          items: [
            {
              type: 'message',
              created: 1763719800,
              created_by: 'U06MIRAL0P2',
              channel: 'C06INC4LLS1',
              message: {
                type: 'message',
                user: 'U06MIRAL0P2',
                text: 'Checkout is slow in eu-west-1',
                ts: '1763719205.482159',
                permalink: 'https://acme.slack.example/archives/C06INC4LLS1/p1763719205482159',
                pinned_to: ['C06INC4LLS1'],
              },
            },
          ],
        },
      },
      gives: {
        items: [
          {
            ts: '1763719205.482159',
            user: 'U06MIRAL0P2',
            text: 'Checkout is slow in eu-west-1',
            pinned_at: '2025-11-21T10:10:00.000Z',
          },
        ],
      },
    },
  ],
});
