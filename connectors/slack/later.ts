import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { channelId, cursor, limit, nextCursor, type Paged, ts } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.slack.dev/reference/methods/';
const moment = z.iso.datetime({ offset: true });
const seconds = (iso: string) => Math.floor(Date.parse(iso) / 1000);
const isoOfSeconds = (unix: number) => new Date(unix * 1000).toISOString();
const scheduledId = z.string().regex(/^Q[A-Z0-9]{5,30}$/);

export const scheduleMessage = tool({
  name: 'slack_schedule_message',
  aliases: ['slack_schedule_rich_message'],
  title: 'Post a message later',
  description:
    'Have a message posted to a channel at a moment within the next 120 days. Each call plans another; slack_list_scheduled_messages shows ' +
    'them, slack_delete_scheduled_message takes one back. To post now use slack_post_message.',
  effect: 'write',
  scopes: ['chat:write'],
  input: z.object({
    channel: channelId.describe('Channel id from slack_list_channels'),
    text: z.string().min(1).max(12_000).describe('The message, in Slack mrkdwn'),
    post_at: moment.describe('When it is posted'),
    thread_ts: ts.optional().describe('Post it in the thread that this message began; ts from slack_fetch_conversation_history'),
  }),
  output: z.object({ scheduled_message_id: z.string(), channel: z.string(), post_at: z.string() }),
  request: ({ post_at, ...rest }) => post('/chat.scheduleMessage', { ...rest, post_at: seconds(post_at) }),
  respond: (body: { scheduled_message_id: string; channel: string; post_at: number }) => ({
    scheduled_message_id: body.scheduled_message_id,
    channel: body.channel,
    post_at: isoOfSeconds(body.post_at),
  }),
  docs: `${docs}chat.scheduleMessage`,
  provenance: typed('chat.scheduleMessage'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', text: 'Postmortem in ten minutes.', post_at: '2025-11-24T09:50:00Z' },
      receives: {
        body: {
          ok: true,
          channel: 'C06INC4LLS1',
          scheduled_message_id: 'Q06SCHED001',
          post_at: 1763977800,
          message: { text: 'Postmortem in ten minutes.', bot_id: 'B06BOTGRNT2', type: 'delayed_message' },
        },
      },
      gives: { scheduled_message_id: 'Q06SCHED001', channel: 'C06INC4LLS1', post_at: '2025-11-24T09:50:00.000Z' },
    },
  ],
});

export const listScheduledMessages = tool({
  name: 'slack_list_scheduled_messages',
  title: 'List messages to come',
  description:
    'List the messages that slack_schedule_message planned and that are not posted yet, in one channel or all. Their ids are what ' +
    'slack_delete_scheduled_message takes.',
  effect: 'read',
  scopes: ['chat:write'],
  input: z.object({ channel: channelId.optional().describe('Only those for this channel; id from slack_list_channels'), limit, cursor }),
  output: z.object({
    scheduled_messages: z.array(z.object({ scheduled_message_id: z.string(), channel: z.string(), post_at: z.string(), text: z.string() })),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/chat.scheduledMessages.list', input),
  respond: (body: { scheduled_messages: { id: string; channel_id: string; post_at: number; text?: string }[] } & Paged) => ({
    scheduled_messages: body.scheduled_messages.map((m) => ({
      scheduled_message_id: m.id,
      channel: m.channel_id,
      post_at: isoOfSeconds(m.post_at),
      text: (m.text ?? '').slice(0, 1000),
    })),
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: `${docs}chat.scheduledMessages.list`,
  provenance: typed('chat.scheduledMessages.list'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          ok: true,
          scheduled_messages: [
            {
              id: 'Q06SCHED001',
              channel_id: 'C06INC4LLS1',
              post_at: 1763977800,
              date_created: 1763719500,
              text: 'Postmortem in ten minutes.',
            },
          ],
          response_metadata: { next_cursor: '' },
        },
      },
      gives: {
        scheduled_messages: [
          {
            scheduled_message_id: 'Q06SCHED001',
            channel: 'C06INC4LLS1',
            post_at: '2025-11-24T09:50:00.000Z',
            text: 'Postmortem in ten minutes.',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const deleteScheduledMessage = tool({
  name: 'slack_delete_scheduled_message',
  title: 'Take back a message to come',
  description:
    'Take back a message that slack_schedule_message planned, before it is posted; one that is due within a minute is refused. Ids come from ' +
    'slack_list_scheduled_messages. Posted ones are deleted with slack_delete_message.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['chat:write'],
  input: z.object({
    channel: channelId.describe('Its channel, as slack_list_scheduled_messages shows it'),
    scheduled_message_id: scheduledId.describe('Id from slack_list_scheduled_messages, such as Q1298393284'),
  }),
  output: z.object({ done: z.boolean() }),
  request: (input) => post('/chat.deleteScheduledMessage', input),
  respond: () => ({ done: true }),
  docs: `${docs}chat.deleteScheduledMessage`,
  provenance: typed('chat.deleteScheduledMessage'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', scheduled_message_id: 'Q06SCHED001' },
      receives: { body: { ok: true, warning: 'missing_charset' } },
      gives: { done: true },
    },
  ],
});

export const addReminder = tool({
  name: 'slack_add_reminder',
  title: 'Set a reminder',
  description:
    'Have Slack remind the person whose account this is at a moment. Works for accounts that act as the person (user scopes). To remind ' +
    'others plan a message to their channel with slack_schedule_message.',
  effect: 'write',
  scopes: ['user:reminders:write'],
  input: z.object({
    text: z.string().min(1).max(1000).describe('What to be reminded of'),
    time: moment.describe('When, at most five years from now'),
  }),
  output: z.object({ reminder_id: z.string(), text: z.string(), at: z.string().nullable() }),
  request: ({ text, time }) => post('/reminders.add', { text, time: seconds(time) }),
  respond: ({ reminder }: { reminder: { id: string; text: string; time?: number } }) => ({
    reminder_id: reminder.id,
    text: reminder.text,
    at: reminder.time === undefined ? null : isoOfSeconds(reminder.time),
  }),
  docs: `${docs}reminders.add`,
  provenance: typed('reminders.add'),
  examples: [
    {
      input: { text: 'Write the postmortem', time: '2025-11-24T09:00:00Z' },
      receives: {
        body: {
          ok: true,
          reminder: {
            id: 'Rm06POSTM01',
            creator: 'U06MIRAL0P2',
            user: 'U06MIRAL0P2',
            text: 'Write the postmortem',
            recurring: false,
            time: 1763974800,
            complete_ts: 0,
          },
        },
      },
      gives: { reminder_id: 'Rm06POSTM01', text: 'Write the postmortem', at: '2025-11-24T09:00:00.000Z' },
    },
  ],
});

const link = z.url({ protocol: /^https$/ }).max(2000);

export const addBookmark = tool({
  name: 'slack_add_bookmark',
  title: 'Put a link above a channel',
  description:
    'Put a link into the bar above a channel, for example the page of an incident; everybody in it sees the bar. Each call adds another. For ' +
    'one message use slack_pin_message instead.',
  effect: 'write',
  scopes: ['bookmarks:write'],
  input: z.object({
    channel_id: channelId.describe('Channel id from slack_list_channels'),
    title: z.string().min(1).max(200).describe('What stands on it'),
    link: link.describe('Where it leads, over https'),
  }),
  output: z.object({ bookmark_id: z.string(), title: z.string(), link: z.string() }),
  request: (input) => post('/bookmarks.add', { ...input, type: 'link' }),
  respond: ({ bookmark }: { bookmark: { id: string; title: string; link: string } }) => ({
    bookmark_id: bookmark.id,
    title: bookmark.title,
    link: bookmark.link,
  }),
  docs: `${docs}bookmarks.add`,
  provenance: typed('bookmarks.add'),
  examples: [
    {
      input: { channel_id: 'C06INC0091X', title: 'Incident 91', link: 'https://status.acme.example/incidents/91' },
      receives: {
        body: {
          ok: true,
          bookmark: {
            id: 'Bk06INC0091',
            channel_id: 'C06INC0091X',
            title: 'Incident 91',
            link: 'https://status.acme.example/incidents/91',
            emoji: null,
            icon_url: null,
            type: 'link',
            entity_id: null,
            date_created: 1763719500,
            date_updated: 0,
            rank: 'u',
            last_updated_by_user_id: 'U06MIRAL0P2',
            shortcut_id: null,
            app_id: null,
          },
        },
      },
      gives: { bookmark_id: 'Bk06INC0091', title: 'Incident 91', link: 'https://status.acme.example/incidents/91' },
    },
  ],
});
