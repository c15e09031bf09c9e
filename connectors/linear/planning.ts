import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, limit, nextCursor, nextOf, type Page, pageInfo } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://linear.app/developers/graphql';
const team = '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01';

export const viewerGet = tool({
  name: 'linear_viewer_get',
  title: 'Read whose account this is',
  description:
    'Tell as whom these tools act, in which workspace, and in which teams that person is. The id is what assigneeId takes to give an issue ' +
    'to oneself. For other people use linear_users_list.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({}),
  output: z.object({
    id: z.string(),
    name: z.string(),
    email: z.string(),
    organization: z.object({ id: z.string(), name: z.string() }),
    teams: z.array(z.object({ id: z.string(), key: z.string(), name: z.string() })),
  }),
  request: () =>
    graphql('query ViewerWithTeams { viewer { id name email teams(first: 50) { nodes { id key name } } } organization { id name } }'),
  respond: ({
    data: { viewer, organization },
  }: {
    data: {
      viewer: { id: string; name: string; email: string; teams: { nodes: { id: string; key: string; name: string }[] } };
      organization: { id: string; name: string };
    };
  }) => ({ id: viewer.id, name: viewer.name, email: viewer.email, organization, teams: viewer.teams.nodes }),
  docs,
  provenance: typed('Query.viewer'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: {
            viewer: {
              id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21',
              name: 'Mira Lopez',
              email: 'mira@acme.example',
              teams: { nodes: [{ id: team, key: 'ENG', name: 'Engineering' }] },
            },
            organization: { id: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90', name: 'Acme' },
          },
        },
      },
      gives: {
        id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21',
        name: 'Mira Lopez',
        email: 'mira@acme.example',
        organization: { id: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90', name: 'Acme' },
        teams: [{ id: team, key: 'ENG', name: 'Engineering' }],
      },
    },
  ],
});

interface CycleNode {
  id: string;
  number: number;
  name: string | null;
  startsAt: string;
  endsAt: string;
  progress: number;
  isActive: boolean;
}

export const cyclesList = tool({
  name: 'linear_cycles_list',
  title: 'List a team’s cycles',
  description:
    'List the cycles (sprints) of one team with their days and progress from 0 to 1; is_active marks the present one. Teams come from ' +
    'linear_teams_list; what is being worked on shows linear_issues_list.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    teamId: z.uuid().describe('Team id from linear_teams_list'),
    which: z.enum(['all', 'active', 'next', 'previous']).default('all').describe('Only the present, the coming or the last one'),
    limit,
    cursor,
  }),
  output: z.object({
    cycles: z.array(
      z.object({
        id: z.string(),
        number: z.number(),
        name: z.string(),
        starts_at: z.string(),
        ends_at: z.string(),
        progress: z.number(),
        is_active: z.boolean(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ teamId, which, limit: first, cursor: after }) =>
    graphql(
      `query Cycles($filter: CycleFilter, $first: Int, $after: String) { cycles(filter: $filter, first: $first, after: $after) { nodes { id number name startsAt endsAt progress isActive } ${pageInfo} } }`,
      {
        filter: {
          team: { id: { eq: teamId } },
          isActive: which === 'active' ? { eq: true } : undefined,
          isNext: which === 'next' ? { eq: true } : undefined,
          isPrevious: which === 'previous' ? { eq: true } : undefined,
        },
        first,
        after,
      },
    ),
  respond: ({ data }: { data: { cycles: Page<CycleNode> } }) => ({
    cycles: data.cycles.nodes.map((cycle) => ({
      id: cycle.id,
      number: cycle.number,
      name: cycle.name ?? '',
      starts_at: cycle.startsAt,
      ends_at: cycle.endsAt,
      progress: cycle.progress,
      is_active: cycle.isActive,
    })),
    next_cursor: nextOf(data.cycles),
  }),
  docs,
  provenance: typed('Query.cycles'),
  examples: [
    {
      input: { teamId: team, which: 'active' },
      receives: {
        body: {
          data: {
            cycles: {
              nodes: [
                {
                  id: 'e1d2c3b4-a5f6-4978-8c9d-0e1f2a3b4c5d',
                  number: 47,
                  name: null,
                  startsAt: '2025-11-17T00:00:00.000Z',
                  endsAt: '2025-12-01T00:00:00.000Z',
                  progress: 0.35,
                  isActive: true,
                },
              ],
              pageInfo: { hasNextPage: false, endCursor: null },
            },
          },
        },
      },
      gives: {
        cycles: [
          {
            id: 'e1d2c3b4-a5f6-4978-8c9d-0e1f2a3b4c5d',
            number: 47,
            name: '',
            starts_at: '2025-11-17T00:00:00.000Z',
            ends_at: '2025-12-01T00:00:00.000Z',
            progress: 0.35,
            is_active: true,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const labelsList = tool({
  name: 'linear_labels_list',
  title: 'List labels',
  description:
    'List the labels of issues with the ids that labelIds of linear_issue_create and linear_issue_update take; team is null for labels of ' +
    'the whole workspace. Groups of labels (is_group) cannot be set themselves.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    teamId: z.uuid().optional().describe('Only labels of this team; id from linear_teams_list'),
    name: z.string().min(1).max(255).optional().describe('Only labels whose name holds this text'),
    limit,
    cursor,
  }),
  output: z.object({
    labels: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        color: z.string(),
        is_group: z.boolean(),
        team: z.object({ id: z.string(), key: z.string() }).nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ teamId, name, limit: first, cursor: after }) =>
    graphql(
      `query IssueLabels($filter: IssueLabelFilter, $first: Int, $after: String) { issueLabels(filter: $filter, first: $first, after: $after) { nodes { id name color isGroup team { id key } } ${pageInfo} } }`,
      {
        filter: {
          team: teamId === undefined ? undefined : { id: { eq: teamId } },
          name: name === undefined ? undefined : { containsIgnoreCase: name },
        },
        first,
        after,
      },
    ),
  respond: ({
    data,
  }: {
    data: {
      issueLabels: Page<{ id: string; name: string; color: string; isGroup: boolean; team: { id: string; key: string } | null }>;
    };
  }) => ({
    labels: data.issueLabels.nodes.map(({ isGroup, ...label }) => ({ ...label, is_group: isGroup })),
    next_cursor: nextOf(data.issueLabels),
  }),
  docs,
  provenance: typed('Query.issueLabels'),
  examples: [
    {
      input: { name: 'incident' },
      receives: {
        body: {
          data: {
            issueLabels: {
              nodes: [{ id: '1e7c0a95-8b2f-4d63-9f14-c5a6d2b3e872', name: 'incident', color: '#eb5757', isGroup: false, team: null }],
              pageInfo: { hasNextPage: false, endCursor: null },
            },
          },
        },
      },
      gives: {
        labels: [{ id: '1e7c0a95-8b2f-4d63-9f14-c5a6d2b3e872', name: 'incident', color: '#eb5757', is_group: false, team: null }],
        next_cursor: null,
      },
    },
  ],
});

export const workflowStatesList = tool({
  name: 'linear_workflow_states_list',
  title: 'List workflow states',
  description:
    'List the states that issues can be in, of one team or all, with the ids that stateId of linear_issue_update takes. For the states of ' +
    'several teams in their order linear_teams_list is shorter.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    teamId: z.uuid().optional().describe('Only states of this team; id from linear_teams_list'),
    type: z.enum(['triage', 'backlog', 'unstarted', 'started', 'completed', 'canceled']).optional().describe('Only states of this type'),
    limit,
    cursor,
  }),
  output: z.object({
    states: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.string(),
        position: z.number(),
        team: z.object({ id: z.string(), key: z.string() }),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ teamId, type, limit: first, cursor: after }) =>
    graphql(
      `query WorkflowStates($filter: WorkflowStateFilter, $first: Int, $after: String) { workflowStates(filter: $filter, first: $first, after: $after) { nodes { id name type position team { id key } } ${pageInfo} } }`,
      {
        filter: {
          team: teamId === undefined ? undefined : { id: { eq: teamId } },
          type: type === undefined ? undefined : { eq: type },
        },
        first,
        after,
      },
    ),
  respond: ({
    data,
  }: {
    data: { workflowStates: Page<{ id: string; name: string; type: string; position: number; team: { id: string; key: string } }> };
  }) => ({ states: data.workflowStates.nodes, next_cursor: nextOf(data.workflowStates) }),
  docs,
  provenance: typed('Query.workflowStates'),
  examples: [
    {
      input: { teamId: team, type: 'completed' },
      receives: {
        body: {
          data: {
            workflowStates: {
              nodes: [
                {
                  id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f14',
                  name: 'Done',
                  type: 'completed',
                  position: 3,
                  team: { id: team, key: 'ENG' },
                },
              ],
              pageInfo: { hasNextPage: false, endCursor: null },
            },
          },
        },
      },
      gives: {
        states: [
          { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f14', name: 'Done', type: 'completed', position: 3, team: { id: team, key: 'ENG' } },
        ],
        next_cursor: null,
      },
    },
  ],
});
