import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, isoOfSeconds, limit, nextCursor } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/';

interface HostsBody {
  host_list?: {
    name?: string;
    host_name?: string;
    aliases?: string[];
    apps?: string[];
    up?: boolean;
    is_muted?: boolean;
    last_reported_time?: number;
    tags_by_source?: Record<string, string[]>;
  }[];
  total_matching?: number;
}

export const hostsList = tool({
  name: 'datadog_hosts_list',
  title: 'List hosts',
  description:
    'List the hosts that report to Datadog, narrowed by name or tag: whether they are up, muted, and when they last reported. What runs on ' +
    'them measures datadog_metrics_query, what they write datadog_logs_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    filter: z.string().min(1).max(500).optional().describe('Name, alias or tag, for example env:prod'),
    limit,
    cursor,
  }),
  output: z.object({
    hosts: z.array(
      z.object({
        name: z.string(),
        aliases: z.array(z.string()),
        apps: z.array(z.string()),
        up: z.boolean().nullable(),
        is_muted: z.boolean(),
        last_reported_at: z.string().nullable(),
        tags: z.array(z.string()),
      }),
    ),
    total: z.int(),
    next_cursor: nextCursor,
  }),
  request: ({ filter, limit: count, cursor: start }) => get('/api/v1/hosts', { filter, count, start: Number(start ?? 0) }),
  respond: (body: HostsBody, _response, asked) => {
    const hosts = body.host_list ?? [];
    const total = body.total_matching ?? hosts.length;
    const seen = Number(asked?.query?.start ?? 0) + hosts.length;
    return {
      hosts: hosts.map((host) => ({
        name: host.host_name ?? host.name ?? '',
        aliases: (host.aliases ?? []).slice(0, 10),
        apps: host.apps ?? [],
        up: host.up ?? null,
        is_muted: host.is_muted ?? false,
        last_reported_at: isoOfSeconds(host.last_reported_time),
        tags: [...new Set(Object.values(host.tags_by_source ?? {}).flat())].slice(0, 50),
      })),
      total,
      next_cursor: hosts.length > 0 && seen < total ? String(seen) : null,
    };
  },
  docs: `${docs}hosts/get-all-hosts-for-your-organization/`,
  provenance: typed('v1.HostsApi.listHosts'),
  examples: [
    {
      input: { filter: 'service:checkout-api' },
      receives: {
        body: {
          host_list: [
            {
              id: 9912044,
              name: 'ip-10-0-3-7',
              host_name: 'ip-10-0-3-7',
              aliases: ['i-0a1b2c3d4e'],
              apps: ['agent', 'nginx'],
              sources: ['agent', 'aws'],
              up: true,
              is_muted: false,
              mute_timeout: null,
              last_reported_time: 1763719180,
              tags_by_source: { Datadog: ['env:prod'], 'Amazon Web Services': ['region:eu-west-1'] },
              meta: { platform: 'linux', agent_version: '7.71.0', cpuCores: 4 },
              metrics: { cpu: 41.2, iowait: 0.3, load: 1.9 },
            },
          ],
          total_matching: 1,
          total_returned: 1,
        },
      },
      gives: {
        hosts: [
          {
            name: 'ip-10-0-3-7',
            aliases: ['i-0a1b2c3d4e'],
            apps: ['agent', 'nginx'],
            up: true,
            is_muted: false,
            last_reported_at: '2025-11-21T09:59:40.000Z',
            tags: ['env:prod', 'region:eu-west-1'],
          },
        ],
        total: 1,
        next_cursor: null,
      },
    },
  ],
});

interface UserData {
  id: string;
  type?: string;
  attributes?: { name?: string | null; email?: string; handle?: string; disabled?: boolean };
}

const User = z.object({ id: z.string(), name: z.string(), email: z.string().nullable(), is_active: z.boolean() });

function userOf({ id, attributes: a }: UserData): z.input<typeof User> {
  return { id, name: a?.name ?? a?.handle ?? '', email: a?.email ?? null, is_active: a?.disabled !== true };
}

const mira = {
  type: 'users',
  id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
  attributes: {
    name: 'Mira Lopez',
    handle: 'mira@acme.example',
    email: 'mira@acme.example',
    created_at: '2024-03-01T09:00:00.000000+00:00',
    modified_at: '2025-10-01T09:00:00.000000+00:00',
    icon: 'https://example.com/mira.png',
    title: null,
    verified: true,
    disabled: false,
    service_account: false,
    status: 'Active',
  },
};

const miraShown = { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', name: 'Mira Lopez', email: 'mira@acme.example', is_active: true };

/** Pages are numbered, and the count of all that match stands beside. */
function nextPage(asked: { query?: Record<string, unknown> } | undefined, count: number, total: number | undefined): string | null {
  const page = Number(asked?.query?.['page[number]'] ?? 0);
  const size = Number(asked?.query?.['page[size]'] ?? 0);
  if (count === 0 || size === 0) return null;
  const more = total === undefined ? count >= size : page * size + count < total;
  return more ? String(page + 1) : null;
}

export const usersList = tool({
  name: 'datadog_users_list',
  title: 'List people',
  description:
    'List the people of the organization with the ids that commander_id of datadog_incident_create and datadog_incident_update takes, ' +
    'narrowed by name or e-mail address. Who is on call now tells datadog_team_oncall_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ filter: z.string().min(1).max(200).optional().describe('Name or e-mail address, or a part of it'), limit, cursor }),
  output: z.object({ users: z.array(User), next_cursor: nextCursor }),
  request: ({ filter, limit: size, cursor: page }) =>
    get('/api/v2/users', { filter, 'page[size]': size, 'page[number]': Number(page ?? 0), sort: 'name' }),
  respond: (body: { data?: UserData[]; meta?: { page?: { total_filtered_count?: number } } }, _response, asked) => ({
    users: (body.data ?? []).map(userOf),
    next_cursor: nextPage(asked, (body.data ?? []).length, body.meta?.page?.total_filtered_count),
  }),
  docs: `${docs}users/list-all-users/`,
  provenance: typed('v2.UsersApi.listUsers'),
  examples: [
    {
      input: { filter: 'mira' },
      receives: { body: { data: [mira], included: [], meta: { page: { total_count: 42, total_filtered_count: 1 } } } },
      gives: { users: [miraShown], next_cursor: null },
    },
  ],
});

interface TeamData {
  id: string;
  attributes: { name: string; handle: string; summary?: string | null; user_count?: number };
}

export const teamsList = tool({
  name: 'datadog_teams_list',
  title: 'List teams',
  description:
    'List the teams of the organization with their ids, narrowed by words of name, handle or e-mail address of a member. Who of a team is ' +
    'on call now tells datadog_team_oncall_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ filter_keyword: z.string().min(1).max(200).optional().describe('Name, handle, or a member’s address'), limit, cursor }),
  output: z.object({
    teams: z.array(z.object({ id: z.string(), name: z.string(), handle: z.string(), summary: z.string(), user_count: z.int().nullable() })),
    next_cursor: nextCursor,
  }),
  request: ({ filter_keyword, limit: size, cursor: page }) =>
    get('/api/v2/team', { 'page[number]': Number(page ?? 0), 'page[size]': size, 'filter[keyword]': filter_keyword }),
  respond: (body: { data?: TeamData[]; meta?: { pagination?: { total?: number } } }, _response, asked) => ({
    teams: (body.data ?? []).map(({ id, attributes: a }) => ({
      id,
      name: a.name,
      handle: a.handle,
      summary: a.summary ?? '',
      user_count: a.user_count ?? null,
    })),
    next_cursor: nextPage(asked, (body.data ?? []).length, body.meta?.pagination?.total),
  }),
  docs: `${docs}teams/get-all-teams/`,
  provenance: typed('v2.TeamsApi.listTeams'),
  examples: [
    {
      input: { filter_keyword: 'checkout' },
      receives: {
        body: {
          data: [
            {
              id: '5d3b1f90-7e6c-4a2d-8b1f-3c5e7a9b0d21',
              type: 'team',
              attributes: {
                name: 'Checkout',
                handle: 'checkout',
                summary: 'Cart, checkout, payments',
                description: null,
                avatar: null,
                banner: 2,
                user_count: 7,
                link_count: 3,
                created_at: '2024-03-01T09:00:00.000000+00:00',
                modified_at: '2025-10-01T09:00:00.000000+00:00',
              },
            },
          ],
          meta: { pagination: { offset: 0, limit: 20, total: 1, type: 'number_size' } },
          links: {},
        },
      },
      gives: {
        teams: [
          {
            id: '5d3b1f90-7e6c-4a2d-8b1f-3c5e7a9b0d21',
            name: 'Checkout',
            handle: 'checkout',
            summary: 'Cart, checkout, payments',
            user_count: 7,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const teamOncallGet = tool({
  name: 'datadog_team_oncall_get',
  title: 'Tell who is on call',
  description:
    'Tell who of one team is on call now, by Datadog On-Call: responders answer pages first. Team ids come from datadog_teams_list. To find ' +
    'them in Slack use their e-mail addresses.',
  effect: 'read',
  scopes: [],
  input: z.object({ team_id: z.uuid().describe('Team id from datadog_teams_list') }),
  output: z.object({ responders: z.array(User) }),
  request: ({ team_id }) => get(path`/api/v2/on-call/teams/${team_id}/on-call`, { include: 'responders' }),
  respond: ({ data, included }: { data: { relationships?: { responders?: { data?: { id: string }[] } } }; included?: UserData[] }) => {
    const people = new Map((included ?? []).filter(({ type }) => type === 'users').map((user) => [user.id, user]));
    return { responders: (data.relationships?.responders?.data ?? []).map(({ id }) => userOf(people.get(id) ?? { id })) };
  },
  docs: `${docs}on-call/get-team-on-call-users/`,
  provenance: typed('v2.OnCallApi.getTeamOnCallUsers'),
  examples: [
    {
      input: { team_id: '5d3b1f90-7e6c-4a2d-8b1f-3c5e7a9b0d21' },
      receives: {
        body: {
          data: {
            id: '5d3b1f90-7e6c-4a2d-8b1f-3c5e7a9b0d21',
            type: 'team_oncall_responders',
            relationships: {
              escalations: { data: [] },
              responders: { data: [{ id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', type: 'users' }] },
            },
          },
          included: [mira],
        },
      },
      gives: { responders: [miraShown] },
    },
  ],
});
