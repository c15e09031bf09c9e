import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, limit, nextCursor, nextOf, type Page, pageInfo } from './fields.ts';

const docs = 'https://linear.app/developers/graphql';

interface TeamNode {
  id: string;
  key: string;
  name: string;
  description: string | null;
  private: boolean;
  states: { nodes: { id: string; name: string; type: string; position: number }[] };
}

export const teamsList = tool({
  name: 'linear_teams_list',
  title: 'List teams and their states',
  description:
    'List the teams that the account can see, each with its workflow states in order. Gives the team and state ids that ' +
    'linear_issue_create and linear_issue_update take; key is the prefix of the team’s issues (ENG in ENG-142).',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ limit, cursor }),
  output: z.object({
    teams: z.array(
      z.object({
        id: z.string(),
        key: z.string(),
        name: z.string(),
        description: z.string(),
        is_private: z.boolean(),
        states: z.array(z.object({ id: z.string(), name: z.string(), type: z.string() })),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ limit: first, cursor: after }) =>
    graphql(
      `query Teams($first: Int, $after: String) { teams(first: $first, after: $after) { nodes { id key name description private states(first: 30) { nodes { id name type position } } } ${pageInfo} } }`,
      { first, after },
    ),
  respond: (body: { data: { teams: Page<TeamNode> } }) => ({
    teams: body.data.teams.nodes.map((team) => ({
      id: team.id,
      key: team.key,
      name: team.name,
      description: team.description ?? '',
      is_private: team.private,
      states: team.states.nodes.toSorted((a, b) => a.position - b.position).map(({ id, name, type }) => ({ id, name, type })),
    })),
    next_cursor: nextOf(body.data.teams),
  }),
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'teams' },
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: {
            teams: {
              nodes: [
                {
                  id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01',
                  key: 'ENG',
                  name: 'Engineering',
                  description: 'Checkout, payments and the platform below them',
                  private: false,
                  states: {
                    nodes: [
                      { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f14', name: 'Done', type: 'completed', position: 3 },
                      { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started', position: 2 },
                      { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f12', name: 'Todo', type: 'unstarted', position: 1 },
                      { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f11', name: 'Triage', type: 'triage', position: 0 },
                    ],
                  },
                },
                {
                  id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e02',
                  key: 'OPS',
                  name: 'Operations',
                  description: null,
                  private: false,
                  states: {
                    nodes: [
                      { id: '8e2f4a6c-1b3d-4c5e-9f70-a1b2c3d4e521', name: 'Backlog', type: 'backlog', position: 0 },
                      { id: '8e2f4a6c-1b3d-4c5e-9f70-a1b2c3d4e522', name: 'Done', type: 'completed', position: 1 },
                    ],
                  },
                },
              ],
              pageInfo: { hasNextPage: false, endCursor: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e02' },
            },
          },
        },
      },
      gives: {
        teams: [
          {
            id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01',
            key: 'ENG',
            name: 'Engineering',
            description: 'Checkout, payments and the platform below them',
            is_private: false,
            states: [
              { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f11', name: 'Triage', type: 'triage' },
              { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f12', name: 'Todo', type: 'unstarted' },
              { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
              { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f14', name: 'Done', type: 'completed' },
            ],
          },
          {
            id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e02',
            key: 'OPS',
            name: 'Operations',
            description: '',
            is_private: false,
            states: [
              { id: '8e2f4a6c-1b3d-4c5e-9f70-a1b2c3d4e521', name: 'Backlog', type: 'backlog' },
              { id: '8e2f4a6c-1b3d-4c5e-9f70-a1b2c3d4e522', name: 'Done', type: 'completed' },
            ],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const usersList = tool({
  name: 'linear_users_list',
  title: 'List people',
  description:
    'List the active people of the workspace with their ids, which assigneeId of linear_issue_create, linear_issue_update and ' +
    'linear_issues_list takes. is_me marks the account that these tools act for.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    name: z.string().min(1).max(100).optional().describe('Only people whose name holds this text, upper or lower case alike'),
    limit,
    cursor,
  }),
  output: z.object({
    users: z.array(z.object({ id: z.string(), name: z.string(), display_name: z.string(), email: z.string(), is_me: z.boolean() })),
    next_cursor: nextCursor,
  }),
  request: ({ name, limit: first, cursor: after }) =>
    graphql(
      `query Users($filter: UserFilter, $first: Int, $after: String) { users(filter: $filter, first: $first, after: $after) { nodes { id name displayName email isMe active } ${pageInfo} } }`,
      { filter: name === undefined ? undefined : { name: { containsIgnoreCase: name } }, first, after },
    ),
  respond: (body: { data: { users: Page<{ id: string; name: string; displayName: string; email: string; isMe: boolean }> } }) => ({
    users: body.data.users.nodes.map((u) => ({ id: u.id, name: u.name, display_name: u.displayName, email: u.email, is_me: u.isMe })),
    next_cursor: nextOf(body.data.users),
  }),
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'users' },
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: {
            users: {
              nodes: [
                {
                  id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21',
                  name: 'Mira Lopez',
                  displayName: 'mira',
                  email: 'mira@acme.example',
                  isMe: true,
                  active: true,
                },
                {
                  id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32',
                  name: 'Jonas Berg',
                  displayName: 'jonas',
                  email: 'jonas@acme.example',
                  isMe: false,
                  active: true,
                },
              ],
              pageInfo: { hasNextPage: false, endCursor: null },
            },
          },
        },
      },
      gives: {
        users: [
          { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira Lopez', display_name: 'mira', email: 'mira@acme.example', is_me: true },
          {
            id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32',
            name: 'Jonas Berg',
            display_name: 'jonas',
            email: 'jonas@acme.example',
            is_me: false,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
