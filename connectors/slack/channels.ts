import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { channelId, cursor, limit, nextCursor, type Paged } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.slack.dev/reference/methods/';
const userId = z.string().regex(/^[UW][A-Z0-9]{5,30}$/);

const Channel = z.object({
  id: z.string(),
  name: z.string(),
  is_private: z.boolean(),
  is_archived: z.boolean(),
  is_member: z.boolean(),
  topic: z.string(),
  purpose: z.string(),
  created_at: z.string(),
});

interface ChannelBody {
  id: string;
  name?: string;
  created: number;
  is_private?: boolean;
  is_archived?: boolean;
  is_member?: boolean;
  topic?: { value?: string };
  purpose?: { value?: string };
}

function channelOf(c: ChannelBody): z.input<typeof Channel> {
  return {
    id: c.id,
    name: c.name ?? '',
    is_private: c.is_private ?? false,
    is_archived: c.is_archived ?? false,
    is_member: c.is_member ?? false,
    topic: c.topic?.value ?? '',
    purpose: c.purpose?.value ?? '',
    created_at: new Date(c.created * 1000).toISOString(),
  };
}

const one = (body: { channel: ChannelBody }) => channelOf(body.channel);

function channelExample(topic: string) {
  const by = { creator: 'U06MIRAL0P2', last_set: 1763719200 };
  return {
    ok: true,
    channel: {
      id: 'C06INC0091X',
      name: 'inc-91-checkout',
      is_channel: true,
      is_group: false,
      is_im: false,
      is_mpim: false,
      is_private: false,
      created: 1763719200,
      is_archived: false,
      is_general: false,
      unlinked: 0,
      name_normalized: 'inc-91-checkout',
      is_shared: false,
      is_org_shared: false,
      is_pending_ext_shared: false,
      context_team_id: 'T06ACMEHQ01',
      creator: 'U06MIRAL0P2',
      is_member: true,
      topic: { value: topic, ...by },
      purpose: { value: '', creator: '', last_set: 0 },
      previous_names: [],
    },
  };
}

const channelShown = (topic: string) => ({
  id: 'C06INC0091X',
  name: 'inc-91-checkout',
  is_private: false,
  is_archived: false,
  is_member: true,
  topic,
  purpose: '',
  created_at: '2025-11-21T10:00:00.000Z',
});

export const getConversationInfo = tool({
  name: 'slack_get_conversation_info',
  title: 'Look up a channel',
  description:
    'Read one channel by id: name, topic, purpose, whether it is archived and whether this account is a member. To find a channel by name ' +
    'use slack_list_channels; who is in it tells slack_list_channel_members.',
  effect: 'read',
  scopes: ['channels:read'],
  input: z.object({ channel: channelId.describe('Channel id from slack_list_channels') }),
  output: Channel,
  request: ({ channel }) => get('/conversations.info', { channel }),
  respond: one,
  docs: `${docs}conversations.info`,
  provenance: typed('conversations.info'),
  examples: [{ input: { channel: 'C06INC0091X' }, receives: { body: channelExample('SEV-2') }, gives: channelShown('SEV-2') }],
});

export const createChannel = tool({
  name: 'slack_create_channel',
  title: 'Create a channel',
  description:
    'Create a channel, for example for one incident; a name that is taken is refused. Then bring people in with ' +
    'slack_invite_users_to_channel and say what it is for with slack_set_conversation_topic.',
  effect: 'write',
  scopes: ['channels:manage'],
  input: z.object({
    name: z
      .string()
      .regex(/^[\p{Ll}\p{Lo}\p{N}_-]{1,80}$/u)
      .describe('Lower-case letters, digits, hyphens and underscores; at most 80'),
    is_private: z.boolean().default(false).describe('Seen by its members only; also needs the scope groups:write'),
  }),
  output: Channel,
  request: (input) => post('/conversations.create', input),
  respond: one,
  docs: `${docs}conversations.create`,
  provenance: typed('conversations.create'),
  examples: [
    {
      input: { name: 'inc-91-checkout' },
      receives: { body: channelExample('') },
      gives: channelShown(''),
      fresh: { '/channel/created': 'unix_now' },
    },
  ],
});

export const joinConversation = tool({
  name: 'slack_join_conversation',
  title: 'Join a channel',
  description:
    'Make this account a member of a public channel, which posting and reading need; being one already changes nothing. Private channels ' +
    'can only be entered by invitation. Ids come from slack_list_channels.',
  effect: 'write',
  idempotent: true,
  scopes: ['channels:join'],
  input: z.object({ channel: channelId.describe('Id of a public channel, from slack_list_channels') }),
  output: Channel,
  request: (input) => post('/conversations.join', input),
  respond: one,
  docs: `${docs}conversations.join`,
  provenance: typed('conversations.join'),
  examples: [{ input: { channel: 'C06INC0091X' }, receives: { body: channelExample('SEV-2') }, gives: channelShown('SEV-2') }],
});

export const inviteUsersToChannel = tool({
  name: 'slack_invite_users_to_channel',
  title: 'Invite people to a channel',
  description:
    'Add people to a channel that this account is a member of; they are notified. Ids come from slack_list_users or ' +
    'slack_lookup_user_by_email. Where one of them is in it already, Slack refuses the whole call.',
  effect: 'write',
  scopes: ['channels:manage'],
  input: z.object({
    channel: channelId.describe('Channel id from slack_list_channels'),
    users: z.array(userId).min(1).max(100).describe('User ids from slack_list_users or slack_lookup_user_by_email'),
  }),
  output: Channel,
  request: ({ channel, users }) => post('/conversations.invite', { channel, users: users.join(',') }),
  respond: one,
  docs: `${docs}conversations.invite`,
  provenance: typed('conversations.invite'),
  examples: [
    {
      input: { channel: 'C06INC0091X', users: ['U06J0NASK3', 'U06MIRAL0P2'] },
      receives: { body: channelExample('SEV-2') },
      gives: channelShown('SEV-2'),
    },
  ],
});

export const setConversationTopic = tool({
  name: 'slack_set_conversation_topic',
  title: 'Set a channel’s topic',
  description:
    'Replace the topic of a channel, for example with the state of an incident; everybody in it sees the change. What the topic is now tells ' +
    'slack_get_conversation_info. To say something longer use slack_post_message.',
  effect: 'write',
  idempotent: true,
  scopes: ['channels:manage'],
  input: z.object({
    channel: channelId.describe('Channel id from slack_list_channels'),
    topic: z.string().max(250).describe('New topic in plain text'),
  }),
  output: Channel,
  request: (input) => post('/conversations.setTopic', input),
  respond: one,
  docs: `${docs}conversations.setTopic`,
  provenance: typed('conversations.setTopic'),
  examples: [
    {
      input: { channel: 'C06INC0091X', topic: 'SEV-2' },
      receives: { body: channelExample('SEV-2') },
      gives: channelShown('SEV-2'),
    },
  ],
});

export const listChannelMembers = tool({
  name: 'slack_list_channel_members',
  title: 'List who is in a channel',
  description:
    'List the ids of the people and bots in one channel; slack_get_user_info tells who somebody is, slack_list_users names everybody of the ' +
    'workspace. To add people use slack_invite_users_to_channel.',
  effect: 'read',
  scopes: ['channels:read'],
  input: z.object({
    channel: channelId.describe('Channel id from slack_list_channels; private ones also need groups:read'),
    limit,
    cursor,
  }),
  output: z.object({ members: z.array(z.string()), next_cursor: nextCursor }),
  request: (input) => get('/conversations.members', input),
  respond: (body: { members: string[] } & Paged) => ({
    members: body.members,
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: `${docs}conversations.members`,
  provenance: typed('conversations.members'),
  examples: [
    {
      input: { channel: 'C06INC0091X' },
      receives: { body: { ok: true, members: ['U06MIRAL0P2', 'U06J0NASK3'], response_metadata: { next_cursor: '' } } },
      gives: { members: ['U06MIRAL0P2', 'U06J0NASK3'], next_cursor: null },
    },
  ],
});

export const openConversation = tool({
  name: 'slack_open_conversation',
  title: 'Open a direct conversation',
  description:
    'Open, or find again, the direct conversation with one person or a small group, and get the channel id that slack_post_message needs. ' +
    'Ids come from slack_lookup_user_by_email or slack_list_users. Nobody is notified by it.',
  effect: 'write',
  idempotent: true,
  scopes: ['im:write'],
  input: z.object({
    users: z
      .array(userId)
      .min(1)
      .max(8)
      .describe('User id from slack_list_users; several make a group, which also needs the scope mpim:write'),
  }),
  output: z.object({ channel: z.string(), already_open: z.boolean() }),
  request: ({ users }) => post('/conversations.open', { users: users.join(',') }),
  respond: (body: { channel: { id: string }; already_open?: boolean }) => ({
    channel: body.channel.id,
    already_open: body.already_open ?? false,
  }),
  docs: `${docs}conversations.open`,
  provenance: typed('conversations.open'),
  examples: [
    {
      input: { users: ['U06J0NASK3'] },
      receives: { body: { ok: true, no_op: true, already_open: true, channel: { id: 'D06J0NASDM1' } } },
      gives: { channel: 'D06J0NASDM1', already_open: true },
    },
  ],
});
