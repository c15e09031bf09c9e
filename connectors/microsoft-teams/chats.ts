import { get, path, post, tool } from '@grantway/connector-kit';
import {
  cut,
  type GraphPage,
  graphBaseUrl,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  nextCursor,
  plainText,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids, memberExample, messageExample, messageGiven } from './examples.ts';
import {
  type ChatMessage,
  chatId,
  content,
  contentType,
  limit,
  Member,
  type MemberEntry,
  Message,
  member,
  message,
  moment,
  userId,
  wholeMax,
} from './fields.ts';

interface ChatEntry {
  id: string;
  topic?: string | null;
  chatType?: string;
  createdDateTime?: string | null;
  lastUpdatedDateTime?: string | null;
  webUrl?: string | null;
  members?: MemberEntry[];
  lastMessagePreview?: { createdDateTime?: string | null; body?: { content?: string | null } } | null;
}

const Chat = z.object({
  id: z.string(),
  type: z.string(),
  topic: z.string().nullable(),
  members: z.array(z.string()),
  created_at: z.string().nullable(),
  last_message_at: z.string().nullable(),
  last_message: z.string(),
  web_url: z.string().nullable(),
});

const chat = (c: ChatEntry): z.input<typeof Chat> => ({
  id: c.id,
  type: c.chatType ?? 'unknown',
  topic: c.topic ?? null,
  members: (c.members ?? []).flatMap(({ displayName }) => displayName ?? []),
  created_at: graphTime(c.createdDateTime),
  last_message_at: graphTime(c.lastMessagePreview?.createdDateTime),
  last_message: cut(plainText(c.lastMessagePreview?.body?.content ?? ''), 200).text,
  web_url: c.webUrl ?? null,
});

const chatExample = {
  id: ids.chat,
  topic: 'Checkout incident',
  createdDateTime: '2025-11-21T09:40:07.054Z',
  lastUpdatedDateTime: '2025-11-21T09:40:11.012Z',
  chatType: 'group',
  webUrl: 'https://teams.example/l/chat/checkout',
  tenantId: '2432b57b-0abd-43db-aa7b-16eadd115d11',
  onlineMeetingInfo: null,
  viewpoint: { isHidden: false, lastMessageReadDateTime: '2025-11-21T09:56:00Z' },
};

export const chatsList = tool({
  name: 'microsoft_teams_chats_list',
  aliases: ['microsoftteams_list_chats'],
  title: 'List chats',
  description:
    'List the one-to-one, group and meeting chats of this account, the latest message first, with names of members and a preview. Ids are ' +
    'for microsoft_teams_chat_messages_list and microsoft_teams_chat_message_send.',
  effect: 'read',
  scopes: ['Chat.Read'],
  input: z.object({ limit, cursor: graphCursor }),
  output: z.object({ chats: z.array(Chat), next_cursor: graphNextCursor }),
  request: ({ limit: top, cursor }) =>
    get('/me/chats', {
      $expand: 'members,lastMessagePreview',
      $orderby: 'lastMessagePreview/createdDateTime desc',
      ...graphPaging(top, cursor),
    }),
  respond: (body: GraphPage<ChatEntry>) => ({ chats: body.value.map(chat), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/chat-list',
  provenance: graphOperation('GET /me/chats'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          ...contextOf('chats(members(),lastMessagePreview())'),
          '@odata.count': 1,
          value: [
            {
              ...chatExample,
              members: [
                memberExample(ids.mira, 'Mira Lopez', 'mira@acme.example', ['owner']),
                memberExample(ids.theo, 'Theo Brandt', 'theo@acme.example', ['owner']),
              ],
              lastMessagePreview: {
                id: ids.message,
                createdDateTime: '2025-11-21T09:55:22.395Z',
                isDeleted: false,
                messageType: 'message',
                eventDetail: null,
                body: { contentType: 'html', content: '<p>Rolling back now.</p>' },
                from: null,
              },
            },
          ],
        },
      },
      gives: {
        chats: [
          {
            id: ids.chat,
            type: 'group',
            topic: 'Checkout incident',
            members: ['Mira Lopez', 'Theo Brandt'],
            created_at: '2025-11-21T09:40:07.054Z',
            last_message_at: '2025-11-21T09:55:22.395Z',
            last_message: 'Rolling back now.',
            web_url: 'https://teams.example/l/chat/checkout',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const chatCreate = tool({
  name: 'microsoft_teams_chat_create',
  aliases: ['microsoftteams_create_chat'],
  title: 'Start a chat',
  description:
    'Start a chat, in which nothing is written yet: then use microsoft_teams_chat_message_send. The one-to-one chat of two people is made ' +
    'once, a group anew with each call. User ids come from microsoft_teams_users_search, one’s own from microsoft_teams_profile_get.',
  effect: 'write',
  scopes: ['Chat.Create'],
  input: z
    .object({
      chat_type: z.enum(['oneOnOne', 'group']).describe('oneOnOne for exactly two people'),
      member_user_ids: z
        .array(userId)
        .min(2)
        .max(20)
        .describe('User ids from microsoft_teams_users_search, of all members with this account’s own'),
      topic: z.string().min(1).max(250).optional().describe('Title, for a group alone'),
    })
    .refine(({ chat_type, member_user_ids, topic }) => chat_type === 'group' || (member_user_ids.length === 2 && topic === undefined), {
      message: 'a one-to-one chat has two members and no topic',
    }),
  output: z.object({
    id: z.string(),
    type: z.string(),
    topic: z.string().nullable(),
    created_at: z.string().nullable(),
    web_url: z.string().nullable(),
  }),
  request: ({ chat_type, member_user_ids, topic }) =>
    post('/chats', {
      chatType: chat_type,
      ...(topic === undefined ? {} : { topic }),
      members: member_user_ids.map((id) => ({
        '@odata.type': '#microsoft.graph.aadUserConversationMember',
        roles: ['owner'],
        'user@odata.bind': `${graphBaseUrl}/users('${id}')`,
      })),
    }),
  respond: (body: ChatEntry) => {
    const { id, type, topic, created_at, web_url } = chat(body);
    return { id, type, topic, created_at, web_url };
  },
  docs: 'https://learn.microsoft.com/graph/api/chat-post',
  provenance: graphOperation('POST /chats'),
  examples: [
    {
      input: { chat_type: 'group', member_user_ids: [ids.mira, ids.theo], topic: 'Checkout incident' },
      receives: { status: 201, body: { ...contextOf('chats/$entity'), ...chatExample } },
      gives: {
        id: ids.chat,
        type: 'group',
        topic: 'Checkout incident',
        created_at: '2025-11-21T09:40:07.054Z',
        web_url: 'https://teams.example/l/chat/checkout',
      },
      fresh: { '/createdDateTime': 'iso_now' },
    },
  ],
});

export const chatMessagesList = tool({
  name: 'microsoft_teams_chat_messages_list',
  aliases: ['microsoftteams_list_chat_messages'],
  title: 'Read a chat',
  description:
    'Read the messages of one chat, those changed last first, as plain text of at most 4000 characters. Chat ids come from ' +
    'microsoft_teams_chats_list; to find words in any chat use microsoft_teams_messages_search.',
  effect: 'read',
  scopes: ['Chat.Read'],
  input: z.object({
    chat_id: chatId,
    modified_after: moment.optional().describe('Only written or changed after this moment'),
    modified_before: moment.optional().describe('Only written or changed before this moment'),
    limit,
    cursor: graphCursor,
  }),
  output: z.object({ messages: z.array(Message), next_cursor: graphNextCursor }),
  request: ({ chat_id, modified_after, modified_before, limit: top, cursor }) => {
    const conditions = [
      modified_after === undefined ? undefined : `lastModifiedDateTime gt ${new Date(modified_after).toISOString()}`,
      modified_before === undefined ? undefined : `lastModifiedDateTime lt ${new Date(modified_before).toISOString()}`,
    ].filter((condition) => condition !== undefined);
    return get(path`/chats/${chat_id}/messages`, {
      // A filter is ignored unless the same property is sorted by.
      $orderby: 'lastModifiedDateTime desc',
      $filter: conditions.length === 0 ? undefined : conditions.join(' and '),
      ...graphPaging(top, cursor),
    });
  },
  respond: (body: GraphPage<ChatMessage>) => ({ messages: body.value.map(message), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/chat-list-messages',
  provenance: graphOperation('GET /chats/{chat-id}/messages'),
  examples: [
    {
      input: { chat_id: ids.chat, limit: 1 },
      receives: {
        body: {
          ...contextOf(`chats('checkout')/messages`),
          '@odata.count': 1,
          '@odata.nextLink': 'https://graph.microsoft.com/v1.0/chats/x/messages?$top=1&$skiptoken=M2UyZDAwMDAwMDMxMzkzYTMy%3d',
          value: [
            messageExample(ids.message, '<p>Rolling back now.</p>', '2025-11-21T09:55:22.395Z', {
              chatId: ids.chat,
              channelIdentity: null,
            }),
          ],
        },
      },
      gives: {
        messages: [messageGiven(ids.message, 'Rolling back now.', '2025-11-21T09:55:22.395Z')],
        next_cursor: 'tTTJVeVpEQXdNREF3TURNeE16a3pZVE15PQ',
      },
    },
  ],
});

export const chatMessageSend = tool({
  name: 'microsoft_teams_chat_message_send',
  aliases: ['microsoftteams_send_chat_message'],
  title: 'Write in a chat',
  description:
    'Write one message into a chat as this account; its members are notified, and each call writes again. Chat ids come from ' +
    'microsoft_teams_chats_list or, for people not written to yet, microsoft_teams_chat_create.',
  effect: 'write',
  scopes: ['ChatMessage.Send'],
  input: z.object({ chat_id: chatId, content, content_type: contentType }),
  output: Message,
  request: ({ chat_id, content: text, content_type }) =>
    post(path`/chats/${chat_id}/messages`, { body: { contentType: content_type, content: text } }),
  respond: message,
  docs: 'https://learn.microsoft.com/graph/api/chat-post-messages',
  provenance: graphOperation('POST /chats/{chat-id}/messages'),
  examples: [
    {
      input: { chat_id: ids.chat, content: 'Rolling back now.' },
      receives: {
        status: 201,
        body: {
          ...contextOf(`chats('checkout')/messages/$entity`),
          ...messageExample(ids.message, 'Rolling back now.', '2025-11-21T09:55:22.395Z', {
            chatId: ids.chat,
            channelIdentity: null,
            body: { contentType: 'text', content: 'Rolling back now.' },
          }),
        },
      },
      gives: messageGiven(ids.message, 'Rolling back now.', '2025-11-21T09:55:22.395Z'),
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const chatMembersList = tool({
  name: 'microsoft_teams_chat_members_list',
  aliases: ['microsoftteams_list_chat_members'],
  title: 'List a chat’s members',
  description:
    'List the people in one chat with their user ids and addresses. Teams gives them all at once; at most 250 are shown. For the people ' +
    'in a team use microsoft_teams_team_members_list.',
  effect: 'read',
  scopes: ['Chat.ReadBasic'],
  input: z.object({ chat_id: chatId }),
  output: z.object({ members: z.array(Member), truncated: z.boolean() }),
  request: ({ chat_id }) => get(path`/chats/${chat_id}/members`),
  respond: (body: GraphPage<MemberEntry>) => ({
    members: body.value.slice(0, wholeMax).map(member),
    truncated: body.value.length > wholeMax || body['@odata.nextLink'] !== undefined,
  }),
  docs: 'https://learn.microsoft.com/graph/api/chat-list-members',
  provenance: graphOperation('GET /chats/{chat-id}/members'),
  examples: [
    {
      input: { chat_id: ids.chat },
      receives: {
        body: {
          ...contextOf(`chats('checkout')/members`),
          '@odata.count': 1,
          value: [memberExample(ids.theo, 'Theo Brandt', 'theo@acme.example', ['owner'])],
        },
      },
      gives: { members: [{ user_id: ids.theo, name: 'Theo Brandt', email: 'theo@acme.example', roles: ['owner'] }], truncated: false },
    },
  ],
});
