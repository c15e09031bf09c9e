import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { channelId, cursor, isoOf, limit, nextCursor, type Paged, slackTime, ts } from './fields.ts';

const postMessageDocs = 'https://docs.slack.dev/reference/methods/chat.postMessage';

const text = z
  .string()
  .min(1)
  .max(12_000)
  .describe('The message, in Slack mrkdwn: *bold*, _italic_, `code`, <https://example.com|label>, <@USER_ID> to mention');

const Posted = z.object({ channel: z.string(), ts: z.string(), posted_at: z.string(), thread_ts: z.string().nullable(), text: z.string() });

interface PostMessageBody {
  channel: string;
  ts: string;
  message?: { text?: string; thread_ts?: string };
}

function posted({ channel, ts, message }: PostMessageBody): z.input<typeof Posted> {
  return { channel, ts, posted_at: isoOf(ts), thread_ts: message?.thread_ts ?? null, text: message?.text ?? '' };
}

export const postMessage = tool({
  name: 'slack_post_message',
  aliases: ['slack_send_message', 'slack_send_rich_message'],
  title: 'Post a message',
  description:
    'Post one new message to a channel. Find channel ids with slack_list_channels; to answer in an existing thread use ' +
    'slack_reply_to_thread with the ts returned here. Everyone in the channel sees it; each call posts again.',
  effect: 'write',
  scopes: ['chat:write'],
  input: z.object({
    channel: channelId.describe('Channel id such as C012AB3CD, from slack_list_channels; the account must be a member'),
    text,
    unfurl_links: z.boolean().optional().describe('Show previews of linked pages; Slack decides unless told'),
    unfurl_media: z.boolean().optional().describe('Show previews of linked media; Slack decides unless told'),
  }),
  output: Posted,
  request: (input) => post('/chat.postMessage', input),
  respond: posted,
  docs: postMessageDocs,
  provenance: { specification: '@slack/web-api', version: '8.2.0', operation: 'chat.postMessage' },
  examples: [
    {
      input: { channel: 'C06INC4LLS1', text: ':rotating_light: Two monitors are alerting: Checkout p95 latency, Payment error rate' },
      receives: {
        body: {
          ok: true,
          channel: 'C06INC4LLS1',
          ts: '1763719205.482159',
          message: {
            user: 'U06BOTGRNT1',
            type: 'message',
            ts: '1763719205.482159',
            bot_id: 'B06BOTGRNT2',
            app_id: 'A06APPGRNT3',
            text: ':rotating_light: Two monitors are alerting: Checkout p95 latency, Payment error rate',
            team: 'T06ACMEHQ01',
            bot_profile: {
              id: 'B06BOTGRNT2',
              app_id: 'A06APPGRNT3',
              name: 'Incident responder',
              icons: { image_48: 'https://example.com/bot_48.png' },
              deleted: false,
              updated: 1763000000,
              team_id: 'T06ACMEHQ01',
            },
            blocks: [
              {
                type: 'rich_text',
                block_id: 'kL2',
                elements: [{ type: 'rich_text_section', elements: [{ type: 'emoji', name: 'rotating_light' }] }],
              },
            ],
          },
          response_metadata: { warnings: ['missing_charset'] },
          warning: 'missing_charset',
        },
      },
      gives: {
        channel: 'C06INC4LLS1',
        ts: '1763719205.482159',
        posted_at: '2025-11-21T10:00:05.482Z',
        thread_ts: null,
        text: ':rotating_light: Two monitors are alerting: Checkout p95 latency, Payment error rate',
      },
      fresh: { '/ts': 'unix_micros', '/message/ts': 'unix_micros' },
    },
  ],
});

export const replyToThread = tool({
  name: 'slack_reply_to_thread',
  title: 'Reply in a thread',
  description:
    'Post one reply in the thread of a message. thread_ts is the ts of its first message, from slack_post_message or ' +
    'slack_fetch_conversation_history. For a new message use slack_post_message. Each call posts again.',
  effect: 'write',
  scopes: ['chat:write'],
  input: z.object({
    channel: channelId.describe('Id of the channel that holds the thread, from slack_list_channels'),
    thread_ts: ts.describe('ts of the message that began the thread, such as 1763719205.482159, from slack_fetch_conversation_history'),
    text,
    reply_broadcast: z.boolean().default(false).describe('Also show the reply in the channel itself'),
  }),
  output: Posted,
  request: (input) => post('/chat.postMessage', input),
  respond: posted,
  docs: postMessageDocs,
  provenance: { specification: '@slack/web-api', version: '8.2.0', operation: 'chat.postMessage' },
  examples: [
    {
      input: { channel: 'C06INC4LLS1', thread_ts: '1763719205.482159', text: 'ENG-142 is open for the checkout latency.' },
      receives: {
        body: {
          ok: true,
          channel: 'C06INC4LLS1',
          ts: '1763719321.000739',
          message: {
            user: 'U06BOTGRNT1',
            type: 'message',
            ts: '1763719321.000739',
            bot_id: 'B06BOTGRNT2',
            app_id: 'A06APPGRNT3',
            text: 'ENG-142 is open for the checkout latency.',
            team: 'T06ACMEHQ01',
            thread_ts: '1763719205.482159',
            parent_user_id: 'U06BOTGRNT1',
          },
        },
      },
      gives: {
        channel: 'C06INC4LLS1',
        ts: '1763719321.000739',
        posted_at: '2025-11-21T10:02:01.000Z',
        thread_ts: '1763719205.482159',
        text: 'ENG-142 is open for the checkout latency.',
      },
      fresh: { '/ts': 'unix_micros', '/message/ts': 'unix_micros' },
    },
  ],
});

/** Longer texts are cut, so that a page of history stays readable for an agent. */
const textMax = 4000;

const Message = z.object({
  ts: z.string(),
  sent_at: z.string(),
  user: z.string().nullable(),
  bot_id: z.string().nullable(),
  text: z.string(),
  truncated: z.boolean(),
  thread_ts: z.string().nullable(),
  reply_count: z.int(),
});

interface HistoryBody extends Paged {
  messages: { ts: string; user?: string; bot_id?: string; text?: string; thread_ts?: string; reply_count?: number }[];
}

export const fetchConversationHistory = tool({
  name: 'slack_fetch_conversation_history',
  title: 'Read a channel’s messages',
  description:
    'Read the messages of one channel, newest first, without the replies in threads. Channel ids come from slack_list_channels, ' +
    'the people behind user ids from slack_get_user_info. Texts over 4000 characters are cut (truncated).',
  effect: 'read',
  scopes: ['channels:history'],
  input: z.object({
    channel: channelId.describe('Channel id from slack_list_channels; private ones also need groups:history'),
    oldest: z.iso.datetime({ offset: true }).optional().describe('Only messages after this moment'),
    latest: z.iso.datetime({ offset: true }).optional().describe('Only messages before this moment'),
    limit,
    cursor,
  }),
  output: z.object({ messages: z.array(Message), next_cursor: nextCursor }),
  request: ({ oldest, latest, ...rest }) =>
    get('/conversations.history', {
      ...rest,
      oldest: oldest === undefined ? undefined : slackTime(oldest),
      latest: latest === undefined ? undefined : slackTime(latest),
    }),
  respond: (body: HistoryBody) => ({
    messages: body.messages.map((m) => ({
      ts: m.ts,
      sent_at: isoOf(m.ts),
      user: m.user ?? null,
      bot_id: m.bot_id ?? null,
      text: (m.text ?? '').slice(0, textMax),
      truncated: (m.text ?? '').length > textMax,
      thread_ts: m.thread_ts ?? null,
      reply_count: m.reply_count ?? 0,
    })),
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: 'https://docs.slack.dev/reference/methods/conversations.history',
  provenance: { specification: '@slack/web-api', version: '8.2.0', operation: 'conversations.history' },
  examples: [
    {
      input: { channel: 'C06INC4LLS1', oldest: '2025-11-21T09:00:00Z', limit: 2 },
      receives: {
        body: {
          ok: true,
          oldest: '1763715600.000000',
          messages: [
            {
              type: 'message',
              user: 'U06MIRAL0P2',
              text: 'Checkout feels slow since the last deploy, anyone else?',
              ts: '1763718922.114209',
              client_msg_id: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a11',
              team: 'T06ACMEHQ01',
              thread_ts: '1763718922.114209',
              reply_count: 2,
              reply_users_count: 1,
              latest_reply: '1763719010.220019',
              reply_users: ['U06J0NASK3'],
              is_locked: false,
              subscribed: false,
              reactions: [{ name: 'eyes', users: ['U06J0NASK3'], count: 1 }],
            },
            {
              type: 'message',
              subtype: 'bot_message',
              bot_id: 'B06DEPLOYS1',
              text: 'checkout-api v412 is live in production',
              ts: '1763718240.000400',
              username: 'deploys',
              icons: { emoji: ':rocket:' },
            },
          ],
          has_more: true,
          pin_count: 0,
          channel_actions_ts: null,
          channel_actions_count: 0,
          response_metadata: { next_cursor: 'bmV4dF90czoxNzYzNzE4MjQwMDAwNDAw' },
        },
      },
      gives: {
        messages: [
          {
            ts: '1763718922.114209',
            sent_at: '2025-11-21T09:55:22.114Z',
            user: 'U06MIRAL0P2',
            bot_id: null,
            text: 'Checkout feels slow since the last deploy, anyone else?',
            truncated: false,
            thread_ts: '1763718922.114209',
            reply_count: 2,
          },
          {
            ts: '1763718240.000400',
            sent_at: '2025-11-21T09:44:00.000Z',
            user: null,
            bot_id: 'B06DEPLOYS1',
            text: 'checkout-api v412 is live in production',
            truncated: false,
            thread_ts: null,
            reply_count: 0,
          },
        ],
        next_cursor: 'bmV4dF90czoxNzYzNzE4MjQwMDAwNDAw',
      },
    },
  ],
});
