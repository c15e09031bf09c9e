import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, limit, nextCursor, type Paged } from './fields.ts';

const Channel = z.object({
  id: z.string(),
  name: z.string(),
  is_private: z.boolean(),
  is_archived: z.boolean(),
  is_member: z.boolean(),
  topic: z.string(),
  purpose: z.string(),
  member_count: z.int().nullable(),
  created_at: z.string(),
});

interface ChannelsBody extends Paged {
  channels: {
    id: string;
    name: string;
    created: number;
    is_private?: boolean;
    is_archived?: boolean;
    is_member?: boolean;
    topic?: { value?: string };
    purpose?: { value?: string };
    num_members?: number;
  }[];
}

export const listChannels = tool({
  name: 'slack_list_channels',
  title: 'List channels',
  description:
    'List the channels of the workspace with their ids, which every other tool takes instead of names. Pages may hold fewer ' +
    'entries than limit: follow next_cursor until it is null. Posting needs is_member.',
  effect: 'read',
  scopes: ['channels:read'],
  input: z.object({
    types: z
      .array(z.enum(['public_channel', 'private_channel']))
      .min(1)
      .max(2)
      .default(['public_channel'])
      .describe('Kinds to list; private_channel also needs the scope groups:read'),
    exclude_archived: z.boolean().default(true).describe('Leave archived channels out'),
    limit,
    cursor,
  }),
  output: z.object({ channels: z.array(Channel), next_cursor: nextCursor }),
  request: ({ types, ...rest }) => get('/conversations.list', { types: types.join(','), ...rest }),
  respond: (body: ChannelsBody) => ({
    channels: body.channels.map((c) => ({
      id: c.id,
      name: c.name,
      is_private: c.is_private ?? false,
      is_archived: c.is_archived ?? false,
      is_member: c.is_member ?? false,
      topic: c.topic?.value ?? '',
      purpose: c.purpose?.value ?? '',
      member_count: c.num_members ?? null,
      created_at: new Date(c.created * 1000).toISOString(),
    })),
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: 'https://docs.slack.dev/reference/methods/conversations.list',
  provenance: { specification: '@slack/web-api', version: '8.2.0', operation: 'conversations.list' },
  examples: [
    {
      input: {},
      receives: {
        body: {
          ok: true,
          channels: [
            channelExample('C06GENERAL1', 'general', 'Company-wide announcements', 'Announcements for everyone', 1704103200, 184, true),
            channelExample(
              'C06INC4LLS1',
              'incidents',
              'Current incident: none',
              'Where incidents are declared and worked on',
              1704189600,
              42,
              false,
            ),
            channelExample('C06DEPLOY01', 'deploys', '', 'What goes live, and when', 1704276000, 37, false),
          ],
          response_metadata: { next_cursor: '' },
        },
      },
      gives: {
        channels: [
          {
            id: 'C06GENERAL1',
            name: 'general',
            is_private: false,
            is_archived: false,
            is_member: true,
            topic: 'Company-wide announcements',
            purpose: 'Announcements for everyone',
            member_count: 184,
            created_at: '2024-01-01T10:00:00.000Z',
          },
          {
            id: 'C06INC4LLS1',
            name: 'incidents',
            is_private: false,
            is_archived: false,
            is_member: true,
            topic: 'Current incident: none',
            purpose: 'Where incidents are declared and worked on',
            member_count: 42,
            created_at: '2024-01-02T10:00:00.000Z',
          },
          {
            id: 'C06DEPLOY01',
            name: 'deploys',
            is_private: false,
            is_archived: false,
            is_member: true,
            topic: '',
            purpose: 'What goes live, and when',
            member_count: 37,
            created_at: '2024-01-03T10:00:00.000Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

/** One entry of conversations.list as Slack documents it. */
function channelExample(id: string, name: string, topic: string, purpose: string, created: number, members: number, general: boolean) {
  const by = { creator: 'U06MIRAL0P2', last_set: created };
  return {
    id,
    name,
    is_channel: true,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: false,
    created,
    is_archived: false,
    is_general: general,
    unlinked: 0,
    name_normalized: name,
    is_shared: false,
    is_org_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    context_team_id: 'T06ACMEHQ01',
    updated: created * 1000,
    parent_conversation: null,
    creator: 'U06MIRAL0P2',
    is_ext_shared: false,
    shared_team_ids: ['T06ACMEHQ01'],
    is_member: true,
    topic: { value: topic, ...by },
    purpose: { value: purpose, ...by },
    previous_names: [],
    num_members: members,
  };
}

interface UserBody {
  user: {
    id: string;
    name: string;
    real_name?: string;
    deleted?: boolean;
    is_bot?: boolean;
    tz?: string;
    profile?: { real_name?: string; display_name?: string; title?: string; email?: string };
  };
}

export const getUserInfo = tool({
  name: 'slack_get_user_info',
  title: 'Look up a person',
  description:
    'Look up one person or bot by user id: names, title, time zone, whether the account is active. User ids stand in the messages of ' +
    'slack_fetch_conversation_history. The e-mail address is null without the scope users:read.email.',
  effect: 'read',
  scopes: ['users:read'],
  input: z.object({
    user: z
      .string()
      .regex(/^[UW][A-Z0-9]{5,30}$/)
      .describe('User id such as U012AB3CD'),
  }),
  output: z.object({
    id: z.string(),
    name: z.string(),
    display_name: z.string(),
    real_name: z.string(),
    title: z.string(),
    email: z.string().nullable(),
    timezone: z.string().nullable(),
    is_bot: z.boolean(),
    is_active: z.boolean(),
  }),
  request: ({ user }) => get('/users.info', { user }),
  respond: ({ user }: UserBody) => ({
    id: user.id,
    name: user.name,
    display_name: user.profile?.display_name ?? '',
    real_name: user.real_name ?? user.profile?.real_name ?? '',
    title: user.profile?.title ?? '',
    email: user.profile?.email ?? null,
    timezone: user.tz ?? null,
    is_bot: user.is_bot ?? false,
    is_active: user.deleted !== true,
  }),
  docs: 'https://docs.slack.dev/reference/methods/users.info',
  provenance: { specification: '@slack/web-api', version: '8.2.0', operation: 'users.info' },
  examples: [
    {
      input: { user: 'U06MIRAL0P2' },
      receives: {
        body: {
          ok: true,
          user: {
            id: 'U06MIRAL0P2',
            team_id: 'T06ACMEHQ01',
            name: 'mira',
            deleted: false,
            color: '9f69e7',
            real_name: 'Mira Lopez',
            tz: 'Europe/Madrid',
            tz_label: 'Central European Time',
            tz_offset: 3600,
            profile: {
              avatar_hash: 'ge3b51ca72de',
              status_text: 'On call',
              status_emoji: ':pager:',
              title: 'Site reliability engineer',
              real_name: 'Mira Lopez',
              display_name: 'mira',
              real_name_normalized: 'Mira Lopez',
              display_name_normalized: 'mira',
              email: 'mira@acme.example',
              image_72: 'https://example.com/mira_72.png',
              team: 'T06ACMEHQ01',
            },
            is_admin: false,
            is_owner: false,
            is_primary_owner: false,
            is_restricted: false,
            is_ultra_restricted: false,
            is_bot: false,
            updated: 1763000000,
            is_app_user: false,
            has_2fa: true,
          },
        },
      },
      gives: {
        id: 'U06MIRAL0P2',
        name: 'mira',
        display_name: 'mira',
        real_name: 'Mira Lopez',
        title: 'Site reliability engineer',
        email: 'mira@acme.example',
        timezone: 'Europe/Madrid',
        is_bot: false,
        is_active: true,
      },
    },
  ],
});
