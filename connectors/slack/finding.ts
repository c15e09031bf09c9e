import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { channelId, cursor, isoOf, limit, nextCursor, type Paged } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.slack.dev/reference/methods/';

const User = z.object({
  id: z.string(),
  name: z.string(),
  display_name: z.string(),
  real_name: z.string(),
  email: z.string().nullable(),
  is_bot: z.boolean(),
  is_active: z.boolean(),
});

interface UserBody {
  id: string;
  name: string;
  real_name?: string;
  deleted?: boolean;
  is_bot?: boolean;
  profile?: { real_name?: string; display_name?: string; email?: string };
}

function userOf(user: UserBody): z.input<typeof User> {
  return {
    id: user.id,
    name: user.name,
    display_name: user.profile?.display_name ?? '',
    real_name: user.real_name ?? user.profile?.real_name ?? '',
    email: user.profile?.email ?? null,
    is_bot: user.is_bot ?? false,
    is_active: user.deleted !== true,
  };
}

const jonas = {
  id: 'U06J0NASK3',
  team_id: 'T06ACMEHQ01',
  name: 'jonas',
  deleted: false,
  color: '4bbe2e',
  real_name: 'Jonas Berg',
  tz: 'Europe/Berlin',
  tz_label: 'Central European Time',
  tz_offset: 3600,
  profile: { title: 'Backend engineer', real_name: 'Jonas Berg', display_name: 'jonas', email: 'jonas@acme.example', team: 'T06ACMEHQ01' },
  is_admin: false,
  is_owner: false,
  is_restricted: false,
  is_bot: false,
  is_app_user: false,
  updated: 1763000000,
};

const jonasShown = {
  id: 'U06J0NASK3',
  name: 'jonas',
  display_name: 'jonas',
  real_name: 'Jonas Berg',
  email: 'jonas@acme.example',
  is_bot: false,
  is_active: true,
};

export const listUsers = tool({
  name: 'slack_list_users',
  title: 'List people',
  description:
    'List the people and bots of the workspace with their ids, people who left included (is_active). With an e-mail address at hand use ' +
    'slack_lookup_user_by_email; for one known id slack_get_user_info. Slack has no search by name.',
  effect: 'read',
  scopes: ['users:read'],
  input: z.object({ limit, cursor }),
  output: z.object({ users: z.array(User), next_cursor: nextCursor }),
  request: (input) => get('/users.list', input),
  respond: (body: { members: UserBody[] } & Paged) => ({
    users: body.members.map(userOf),
    next_cursor: body.response_metadata?.next_cursor || null,
  }),
  docs: `${docs}users.list`,
  provenance: typed('users.list'),
  examples: [
    {
      input: {},
      receives: { body: { ok: true, members: [jonas], cache_ts: 1763719200, response_metadata: { next_cursor: '' } } },
      gives: { users: [jonasShown], next_cursor: null },
    },
  ],
});

export const lookupUserByEmail = tool({
  name: 'slack_lookup_user_by_email',
  title: 'Find a person by e-mail',
  description:
    'Find one person of the workspace by e-mail address, for example the commander of an incident, and get the id to mention (<@ID>), ' +
    'invite or write to. Without an address use slack_list_users.',
  effect: 'read',
  scopes: ['users:read.email'],
  input: z.object({ email: z.email().max(254).describe('Address as it stands in Slack') }),
  output: User,
  request: (input) => get('/users.lookupByEmail', input),
  respond: (body: { user: UserBody }) => userOf(body.user),
  docs: `${docs}users.lookupByEmail`,
  provenance: typed('users.lookupByEmail'),
  examples: [{ input: { email: 'jonas@acme.example' }, receives: { body: { ok: true, user: jonas } }, gives: jonasShown }],
});

/** Pages of the older lists have numbers; to callers they are opaque like any cursor. */
const pageCursor = z
  .string()
  .regex(/^\d{1,4}$/)
  .optional()
  .describe('next_cursor of the page before');

function nextPage({ page, pages }: { page: number; pages: number }): string | null {
  return page < pages ? String(page + 1) : null;
}

interface MatchBody {
  ts: string;
  text?: string;
  user?: string;
  username?: string;
  permalink?: string;
  channel?: { id?: string; name?: string };
}

const textMax = 2000;

export const searchMessages = tool({
  name: 'slack_search_messages',
  title: 'Search messages',
  description:
    'Search all messages that the person may see, the newest first. Works for accounts that act as the person (user scopes), not for the ' +
    'bot. To read one channel in order use slack_fetch_conversation_history, a thread slack_get_conversation_replies.',
  effect: 'read',
  scopes: ['user:search:read'],
  input: z.object({
    query: z.string().min(1).max(500).describe('Words, and in:#channel, from:@name, before:2025-11-21, has:link'),
    sort: z.enum(['timestamp', 'score']).default('timestamp').describe('By moment, or the best match first'),
    limit: z.int().min(1).max(100).default(20).describe('Messages per page, 1 to 100'),
    cursor: pageCursor,
  }),
  output: z.object({
    total: z.int(),
    messages: z.array(
      z.object({
        channel: z.string().nullable(),
        channel_name: z.string().nullable(),
        ts: z.string(),
        sent_at: z.string(),
        user: z.string().nullable(),
        text: z.string(),
        truncated: z.boolean(),
        permalink: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ limit: count, cursor: page, ...rest }) => get('/search.messages', { ...rest, count, page: Number(page ?? 1) }),
  respond: ({ messages }: { messages: { total: number; matches: MatchBody[]; paging: { page: number; pages: number } } }) => ({
    total: messages.total,
    messages: messages.matches.map((m) => ({
      channel: m.channel?.id ?? null,
      channel_name: m.channel?.name ?? null,
      ts: m.ts,
      sent_at: isoOf(m.ts),
      user: m.user ?? null,
      text: (m.text ?? '').slice(0, textMax),
      truncated: (m.text ?? '').length > textMax,
      permalink: m.permalink ?? null,
    })),
    next_cursor: nextPage(messages.paging),
  }),
  docs: `${docs}search.messages`,
  provenance: typed('search.messages'),
  examples: [
    {
      input: { query: 'checkout in:#incidents' },
      receives: {
        body: {
          ok: true,
          query: 'checkout in:#incidents',
          messages: {
            total: 1,
            pagination: { total_count: 1, page: 1, per_page: 20, page_count: 1, first: 1, last: 1 },
            paging: { count: 20, total: 1, page: 1, pages: 1 },
            matches: [
              {
                iid: '6f3c2b1a-9e8d-4c7b-a6f5-e4d3c2b1a098',
                team: 'T06ACMEHQ01',
                channel: { id: 'C06INC4LLS1', name: 'incidents', is_private: false, is_mpim: false },
                type: 'message',
                user: 'U06MIRAL0P2',
                username: 'mira',
                ts: '1763719205.482159',
                text: 'Checkout is slow in eu-west-1',
                permalink: 'https://acme.slack.example/archives/C06INC4LLS1/p1763719205482159',
              },
            ],
          },
        },
      },
      gives: {
        total: 1,
        messages: [
          {
            channel: 'C06INC4LLS1',
            channel_name: 'incidents',
            ts: '1763719205.482159',
            sent_at: '2025-11-21T10:00:05.482Z',
            user: 'U06MIRAL0P2',
            text: 'Checkout is slow in eu-west-1',
            truncated: false,
            permalink: 'https://acme.slack.example/archives/C06INC4LLS1/p1763719205482159',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const listFiles = tool({
  name: 'slack_list_files',
  title: 'List files',
  description:
    'List files that were shared, the newest first, narrowed by channel, person or kind: names, sizes and addresses, not what is in them. The ' +
    'messages around them are in slack_fetch_conversation_history.',
  effect: 'read',
  scopes: ['files:read'],
  input: z.object({
    channel: channelId.optional().describe('Only files of this channel; id from slack_list_channels'),
    user: z
      .string()
      .regex(/^[UW][A-Z0-9]{5,30}$/)
      .optional()
      .describe('Only files of this person; id from slack_list_users'),
    types: z
      .array(z.enum(['images', 'pdfs', 'gdocs', 'snippets', 'zips', 'spaces']))
      .max(6)
      .optional()
      .describe('Only these kinds'),
    limit: z.int().min(1).max(100).default(20).describe('Files per page, 1 to 100'),
    cursor: pageCursor,
  }),
  output: z.object({
    files: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        title: z.string(),
        mimetype: z.string(),
        size: z.int(),
        user: z.string().nullable(),
        permalink: z.string().nullable(),
        created_at: z.string(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ limit: count, cursor: page, types, ...rest }) =>
    get('/files.list', { ...rest, types: types?.join(','), count, page: Number(page ?? 1) }),
  respond: (body: {
    files: {
      id: string;
      name?: string | null;
      title?: string | null;
      mimetype?: string;
      size?: number;
      user?: string;
      permalink?: string;
      created: number;
    }[];
    paging: { page: number; pages: number };
  }) => ({
    files: body.files.map((file) => ({
      id: file.id,
      name: file.name ?? '',
      title: file.title ?? '',
      mimetype: file.mimetype ?? '',
      size: file.size ?? 0,
      user: file.user ?? null,
      permalink: file.permalink ?? null,
      created_at: new Date(file.created * 1000).toISOString(),
    })),
    next_cursor: nextPage(body.paging),
  }),
  docs: `${docs}files.list`,
  provenance: typed('files.list'),
  examples: [
    {
      input: { channel: 'C06INC4LLS1', limit: 1 },
      receives: {
        body: {
          ok: true,
          files: [
            {
              id: 'F06GRAPHS1',
              created: 1763719260,
              timestamp: 1763719260,
              name: 'latency.png',
              title: 'Checkout p95',
              mimetype: 'image/png',
              filetype: 'png',
              pretty_type: 'PNG',
              user: 'U06MIRAL0P2',
              editable: false,
              size: 48213,
              mode: 'hosted',
              is_external: false,
              is_public: true,
              permalink: 'https://acme.slack.example/files/U06MIRAL0P2/F06GRAPHS1/latency.png',
              channels: ['C06INC4LLS1'],
              groups: [],
              ims: [],
            },
          ],
          paging: { count: 1, total: 3, page: 1, pages: 3 },
        },
      },
      gives: {
        files: [
          {
            id: 'F06GRAPHS1',
            name: 'latency.png',
            title: 'Checkout p95',
            mimetype: 'image/png',
            size: 48213,
            user: 'U06MIRAL0P2',
            permalink: 'https://acme.slack.example/files/U06MIRAL0P2/F06GRAPHS1/latency.png',
            created_at: '2025-11-21T10:01:00.000Z',
          },
        ],
        next_cursor: '2',
      },
    },
  ],
});
