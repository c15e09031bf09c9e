import { get, path, post, tool } from '@grantway/connector-kit';
import { type GraphPage, graphCursor, graphNextCursor, graphOperation, graphPaging, nextCursor } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids, messageExample, messageGiven } from './examples.ts';
import { type ChatMessage, channelId, content, contentType, limit, Message, message, messageId, teamId } from './fields.ts';

const place = { team_id: teamId, channel_id: channelId };
const rootId = messageId.describe('Id of the message that began the thread, from microsoft_teams_channel_messages_list');
const importance = z.enum(['normal', 'high', 'urgent']).default('normal').describe('How Teams shows it');

const Page = z.object({ messages: z.array(Message), next_cursor: graphNextCursor });
const page = (body: GraphPage<ChatMessage>) => ({ messages: body.value.map(message), next_cursor: nextCursor(body) });

export const channelMessagesList = tool({
  name: 'microsoft_teams_channel_messages_list',
  aliases: ['microsoftteams_list_channel_messages'],
  title: 'Read a channel',
  description:
    'Read the messages that begin threads in a channel, those with the latest activity first, as plain text of at most 4000 characters. ' +
    'Answers are in microsoft_teams_replies_list; to find words use microsoft_teams_messages_search.',
  effect: 'read',
  scopes: ['ChannelMessage.Read.All'],
  input: z.object({ ...place, limit, cursor: graphCursor }),
  output: Page,
  request: ({ team_id, channel_id, limit: top, cursor }) =>
    get(path`/teams/${team_id}/channels/${channel_id}/messages`, graphPaging(top, cursor)),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/channel-list-messages',
  provenance: graphOperation('GET /teams/{team-id}/channels/{channel-id}/messages'),
  examples: [
    {
      input: { team_id: ids.team, channel_id: ids.channel, limit: 1 },
      receives: {
        body: {
          ...contextOf(`teams('${ids.team}')/channels('incidents')/messages`),
          '@odata.count': 1,
          '@odata.nextLink': `https://graph.microsoft.com/v1.0/teams/${ids.team}/channels/x/messages?$top=1&$skiptoken=%5b%7B%22token%22%3a%22%2bRID%22%7D%5d`,
          value: [
            messageExample(
              ids.message,
              '<p>Checkout feels <b>slow</b> since the last deploy &amp; nobody knows why.</p>',
              '2025-11-21T09:55:22.395Z',
              {
                reactions: [
                  { reactionType: '👀', displayName: 'Eyes', reactionContentUrl: null, createdDateTime: '2025-11-21T09:56:00Z', user: {} },
                ],
              },
            ),
          ],
        },
      },
      gives: {
        messages: [
          {
            ...messageGiven(ids.message, 'Checkout feels slow since the last deploy & nobody knows why.', '2025-11-21T09:55:22.395Z'),
            reactions: ['👀'],
          },
        ],
        next_cursor: 'tW3sidG9rZW4iOiIrUklEIn1d',
      },
    },
  ],
});

export const repliesList = tool({
  name: 'microsoft_teams_replies_list',
  aliases: ['microsoftteams_list_channel_message_replies'],
  title: 'Read a thread',
  description:
    'Read the answers to one message of a channel, as plain text of at most 4000 characters each. The message itself is in ' +
    'microsoft_teams_channel_messages_list; to answer use microsoft_teams_channel_message_reply.',
  effect: 'read',
  scopes: ['ChannelMessage.Read.All'],
  input: z.object({ ...place, message_id: rootId, limit, cursor: graphCursor }),
  output: Page,
  request: ({ team_id, channel_id, message_id, limit: top, cursor }) =>
    get(path`/teams/${team_id}/channels/${channel_id}/messages/${message_id}/replies`, graphPaging(top, cursor)),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/chatmessage-list-replies',
  provenance: graphOperation('GET /teams/{team-id}/channels/{channel-id}/messages/{chatMessage-id}/replies'),
  examples: [
    {
      input: { team_id: ids.team, channel_id: ids.channel, message_id: ids.message },
      receives: {
        body: {
          ...contextOf(`teams('${ids.team}')/channels('incidents')/messages('${ids.message}')/replies`),
          '@odata.count': 1,
          value: [
            messageExample(ids.reply, '<div>Same here, p95 is above 2&nbsp;s.</div>', '2025-11-21T10:00:05.150Z', {
              replyToId: ids.message,
            }),
          ],
        },
      },
      gives: { messages: [messageGiven(ids.reply, 'Same here, p95 is above 2 s.', '2025-11-21T10:00:05.150Z')], next_cursor: null },
    },
  ],
});

export const channelMessageSend = tool({
  name: 'microsoft_teams_channel_message_send',
  aliases: ['microsoftteams_send_channel_message'],
  title: 'Post in a channel',
  description:
    'Begin a new thread in a channel as this account; all members see it, and each call posts again. To answer in a thread use ' +
    'microsoft_teams_channel_message_reply, to write to few people microsoft_teams_chat_message_send.',
  effect: 'write',
  scopes: ['ChannelMessage.Send'],
  input: z.object({
    ...place,
    content,
    content_type: contentType,
    subject: z.string().max(255).optional().describe('Headline'),
    importance,
  }),
  output: Message,
  request: ({ team_id, channel_id, content: text, content_type, subject, importance: urgency }) =>
    post(path`/teams/${team_id}/channels/${channel_id}/messages`, {
      ...(subject === undefined ? {} : { subject }),
      importance: urgency,
      body: { contentType: content_type, content: text },
    }),
  respond: message,
  docs: 'https://learn.microsoft.com/graph/api/chatmessage-post',
  provenance: graphOperation('POST /teams/{team-id}/channels/{channel-id}/messages'),
  examples: [
    {
      input: { team_id: ids.team, channel_id: ids.channel, content: 'Two monitors are alerting: Checkout p95 latency, Payment error rate' },
      receives: {
        status: 201,
        body: {
          ...contextOf(`teams('${ids.team}')/channels('incidents')/messages/$entity`),
          ...messageExample(ids.message, 'Two monitors are alerting: Checkout p95 latency, Payment error rate', '2025-11-21T09:55:22.395Z'),
        },
      },
      gives: messageGiven(ids.message, 'Two monitors are alerting: Checkout p95 latency, Payment error rate', '2025-11-21T09:55:22.395Z'),
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const channelMessageReply = tool({
  name: 'microsoft_teams_channel_message_reply',
  aliases: ['microsoftteams_reply_to_channel_message'],
  title: 'Reply in a channel',
  description:
    'Answer in the thread of a channel’s message as this account. message_id is that of the first message, from ' +
    'microsoft_teams_channel_messages_list or microsoft_teams_channel_message_send. Each call posts again.',
  effect: 'write',
  scopes: ['ChannelMessage.Send'],
  input: z.object({ ...place, message_id: rootId, content, content_type: contentType }),
  output: Message,
  request: ({ team_id, channel_id, message_id, content: text, content_type }) =>
    post(path`/teams/${team_id}/channels/${channel_id}/messages/${message_id}/replies`, {
      body: { contentType: content_type, content: text },
    }),
  respond: message,
  docs: 'https://learn.microsoft.com/graph/api/chatmessage-post-replies',
  provenance: graphOperation('POST /teams/{team-id}/channels/{channel-id}/messages/{chatMessage-id}/replies'),
  examples: [
    {
      input: { team_id: ids.team, channel_id: ids.channel, message_id: ids.message, content: 'ENG-142 is open for the checkout latency.' },
      receives: {
        status: 201,
        body: {
          ...contextOf(`teams('${ids.team}')/channels('incidents')/messages('${ids.message}')/replies/$entity`),
          ...messageExample(ids.reply, 'ENG-142 is open for the checkout latency.', '2025-11-21T10:00:05.150Z', { replyToId: ids.message }),
        },
      },
      gives: messageGiven(ids.reply, 'ENG-142 is open for the checkout latency.', '2025-11-21T10:00:05.150Z'),
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});
