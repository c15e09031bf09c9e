import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, issueId, limit, nextCursor, nextOf, type Page, Priority, pageInfo, priorityName, priorityNumber } from './fields.ts';

const docs = 'https://linear.app/developers/graphql';

/** What lists and changes give of an issue; linear_issue_get gives the rest. */
const IssueBrief = z.object({
  id: z.string(),
  identifier: z.string(),
  title: z.string(),
  url: z.string(),
  priority: Priority,
  state: z.object({ id: z.string(), name: z.string(), type: z.string() }),
  team: z.object({ id: z.string(), key: z.string() }),
  assignee: z.object({ id: z.string(), name: z.string() }).nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

const brief = 'id identifier title url priority state { id name type } team { id key } assignee { id name } createdAt updatedAt';

interface IssueNode {
  id: string;
  identifier: string;
  title: string;
  url: string;
  priority: number;
  state: { id: string; name: string; type: string };
  team: { id: string; key: string };
  assignee: { id: string; name: string } | null;
  createdAt: string;
  updatedAt: string;
}

function briefOf(issue: IssueNode): z.input<typeof IssueBrief> {
  return {
    id: issue.id,
    identifier: issue.identifier,
    title: issue.title,
    url: issue.url,
    priority: priorityName(issue.priority),
    state: issue.state,
    team: issue.team,
    assignee: issue.assignee,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
  };
}

const stateId = z.uuid().optional().describe('State id from linear_teams_list');
const labelIds = z.array(z.uuid()).max(50).optional().describe('Label ids from linear_labels_list; replaces the whole set');
const dueDate = z.iso.date().optional().describe('Due date');
const estimate = z.int().min(0).max(1000).optional().describe('Estimate in points');
const description = z.string().max(50_000).optional().describe('Markdown');

export const issueCreate = tool({
  name: 'linear_issue_create',
  title: 'Create an issue',
  description:
    'Create one issue in a team; each call makes a new one, so look with linear_issues_list first. Team and state ids come from ' +
    'linear_teams_list, people from linear_users_list. The answer’s identifier (ENG-142) and url are what people use.',
  effect: 'write',
  scopes: ['issues:create'],
  input: z.object({
    teamId: z.uuid().describe('Team id from linear_teams_list'),
    title: z.string().min(1).max(255).describe('One line that says what is wrong or wanted'),
    description: description.describe('What happened, in Markdown'),
    priority: Priority.optional().describe('How urgent it is'),
    assigneeId: z.uuid().optional().describe('User id from linear_users_list'),
    stateId,
    labelIds: labelIds.describe('Label ids from linear_labels_list'),
    projectId: z.uuid().optional().describe('Project id from linear_projects_list'),
    parentId: issueId.optional().describe('Issue that it becomes a sub-issue of, from linear_issues_list'),
    estimate,
    dueDate,
  }),
  output: IssueBrief,
  request: ({ priority, ...rest }) =>
    graphql(`mutation IssueCreate($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { ${brief} } } }`, {
      input: { ...rest, priority: priorityNumber(priority) },
    }),
  respond: (body: { data: { issueCreate: { issue: IssueNode } } }) => briefOf(body.data.issueCreate.issue),
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'issueCreate' },
  examples: [
    {
      input: {
        teamId: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01',
        title: 'Checkout p95 latency is above 2 s',
        description: 'The monitor **Checkout p95 latency** has been in Alert since 09:41 UTC.',
        priority: 'urgent',
      },
      receives: {
        body: {
          data: {
            issueCreate: {
              success: true,
              issue: {
                id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
                identifier: 'ENG-142',
                title: 'Checkout p95 latency is above 2 s',
                url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
                priority: 1,
                state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f11', name: 'Triage', type: 'triage' },
                team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
                assignee: null,
                createdAt: '2025-11-21T10:01:12.482Z',
                updatedAt: '2025-11-21T10:01:12.482Z',
              },
            },
          },
        },
      },
      gives: {
        id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
        identifier: 'ENG-142',
        title: 'Checkout p95 latency is above 2 s',
        url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
        priority: 'urgent',
        state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f11', name: 'Triage', type: 'triage' },
        team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
        assignee: null,
        created_at: '2025-11-21T10:01:12.482Z',
        updated_at: '2025-11-21T10:01:12.482Z',
      },
      fresh: {
        '/data/issueCreate/issue/id': 'uuid',
        '/data/issueCreate/issue/identifier': 'sequence:ENG-',
        '/data/issueCreate/issue/createdAt': 'iso_now',
        '/data/issueCreate/issue/updatedAt': 'iso_now',
      },
    },
  ],
});

export const issueUpdate = tool({
  name: 'linear_issue_update',
  title: 'Change an issue',
  description:
    'Change fields of one issue: only what is given changes, and at least one field must be given. Read it first with ' +
    'linear_issue_get. To add a remark use linear_comment_create.',
  effect: 'write',
  idempotent: true,
  scopes: ['write'],
  input: z
    .object({
      issueId: issueId.describe('Identifier such as ENG-142, or id; both from linear_issues_list'),
      title: z.string().min(1).max(255).optional().describe('New title'),
      description: description.describe('New description in Markdown; replaces the old one'),
      priority: Priority.optional().describe('New priority'),
      stateId,
      assigneeId: z.uuid().nullable().optional().describe('User id from linear_users_list; null takes the assignee away'),
      labelIds,
      projectId: z.uuid().nullable().optional().describe('Project id from linear_projects_list; null takes it out'),
      estimate,
      dueDate: z.iso.date().nullable().optional().describe('Due date; null takes it away'),
    })
    .refine(
      ({ issueId: _, ...changes }) => Object.values(changes).some((value) => value !== undefined),
      'give at least one field to change',
    ),
  output: IssueBrief,
  request: ({ issueId: id, priority, ...rest }) =>
    graphql(
      `mutation IssueUpdate($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success issue { ${brief} } } }`,
      { id, input: { ...rest, priority: priorityNumber(priority) } },
    ),
  respond: (body: { data: { issueUpdate: { issue: IssueNode } } }) => briefOf(body.data.issueUpdate.issue),
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'issueUpdate' },
  examples: [
    {
      input: { issueId: 'ENG-142', stateId: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', assigneeId: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21' },
      receives: {
        body: {
          data: {
            issueUpdate: {
              success: true,
              issue: {
                id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
                identifier: 'ENG-142',
                title: 'Checkout p95 latency is above 2 s',
                url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
                priority: 1,
                state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
                team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
                assignee: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira Lopez' },
                createdAt: '2025-11-21T10:01:12.482Z',
                updatedAt: '2025-11-21T10:04:55.120Z',
              },
            },
          },
        },
      },
      gives: {
        id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
        identifier: 'ENG-142',
        title: 'Checkout p95 latency is above 2 s',
        url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
        priority: 'urgent',
        state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
        team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
        assignee: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira Lopez' },
        created_at: '2025-11-21T10:01:12.482Z',
        updated_at: '2025-11-21T10:04:55.120Z',
      },
      fresh: { '/data/issueUpdate/issue/updatedAt': 'iso_now' },
    },
  ],
});

export const issuesList = tool({
  name: 'linear_issues_list',
  title: 'List issues',
  description:
    'List issues, the most recently changed first, narrowed by team, state, assignee, project, cycle, label or words of the title. Use it ' +
    'before making another with linear_issue_create; linear_issue_get gives one issue whole.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    teamId: z.uuid().optional().describe('Only this team’s issues; id from linear_teams_list'),
    stateType: z
      .enum(['triage', 'backlog', 'unstarted', 'started', 'completed', 'canceled'])
      .optional()
      .describe('Only issues in a state of this type'),
    assigneeId: z.uuid().optional().describe('Only issues of this person; id from linear_users_list'),
    projectId: z.uuid().optional().describe('Only issues of this project; id from linear_projects_list'),
    cycleId: z.uuid().optional().describe('Only issues of this cycle; id from linear_cycles_list'),
    labelId: z.uuid().optional().describe('Only issues with this label; id from linear_labels_list'),
    title: z.string().min(1).max(255).optional().describe('Only issues whose title holds this text, upper or lower case alike'),
    limit,
    cursor,
  }),
  output: z.object({ issues: z.array(IssueBrief), next_cursor: nextCursor }),
  request: ({ teamId, stateType, assigneeId, projectId, cycleId, labelId, title, limit: first, cursor: after }) =>
    graphql(
      `query Issues($filter: IssueFilter, $first: Int, $after: String) { issues(filter: $filter, first: $first, after: $after, orderBy: updatedAt) { nodes { ${brief} } ${pageInfo} } }`,
      {
        filter: {
          team: teamId === undefined ? undefined : { id: { eq: teamId } },
          state: stateType === undefined ? undefined : { type: { eq: stateType } },
          assignee: assigneeId === undefined ? undefined : { id: { eq: assigneeId } },
          project: projectId === undefined ? undefined : { id: { eq: projectId } },
          cycle: cycleId === undefined ? undefined : { id: { eq: cycleId } },
          labels: labelId === undefined ? undefined : { some: { id: { eq: labelId } } },
          title: title === undefined ? undefined : { containsIgnoreCase: title },
        },
        first,
        after,
      },
    ),
  respond: (body: { data: { issues: Page<IssueNode> } }) => ({
    issues: body.data.issues.nodes.map(briefOf),
    next_cursor: nextOf(body.data.issues),
  }),
  docs: 'https://linear.app/developers/filtering',
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'issues' },
  examples: [
    {
      input: { teamId: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', stateType: 'started', limit: 1 },
      receives: {
        body: {
          data: {
            issues: {
              nodes: [
                {
                  id: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
                  identifier: 'ENG-137',
                  title: 'Retry card payments on a gateway timeout',
                  url: 'https://linear.app/acme/issue/ENG-137/retry-card-payments-on-a-gateway-timeout',
                  priority: 2,
                  state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
                  team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
                  assignee: { id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32', name: 'Jonas Berg' },
                  createdAt: '2025-11-18T13:20:44.010Z',
                  updatedAt: '2025-11-20T16:02:31.754Z',
                },
              ],
              pageInfo: { hasNextPage: true, endCursor: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19' },
            },
          },
        },
      },
      gives: {
        issues: [
          {
            id: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
            identifier: 'ENG-137',
            title: 'Retry card payments on a gateway timeout',
            url: 'https://linear.app/acme/issue/ENG-137/retry-card-payments-on-a-gateway-timeout',
            priority: 'high',
            state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
            team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
            assignee: { id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32', name: 'Jonas Berg' },
            created_at: '2025-11-18T13:20:44.010Z',
            updated_at: '2025-11-20T16:02:31.754Z',
          },
        ],
        next_cursor: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
      },
    },
  ],
});

/** Longer descriptions and comments are cut. */
const textMax = 8000;
const commentMax = 2000;

interface IssueWhole extends IssueNode {
  description: string | null;
  dueDate: string | null;
  estimate: number | null;
  project: { id: string; name: string } | null;
  parent: { id: string; identifier: string } | null;
  labels: { nodes: { id: string; name: string }[] };
  comments: { nodes: { id: string; body: string; createdAt: string; user: { name: string } | null }[] };
}

export const issueGet = tool({
  name: 'linear_issue_get',
  title: 'Read an issue',
  description:
    'Read one issue whole: description, labels, project, parent and its latest comments. Find issues with linear_issues_list. ' +
    'A description over 8000 characters is cut (truncated). The ids shown can be given to linear_issue_update.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ issueId: issueId.describe('Identifier such as ENG-142, or id; both from linear_issues_list') }),
  output: IssueBrief.extend({
    description: z.string(),
    truncated: z.boolean(),
    due_date: z.string().nullable(),
    estimate: z.number().nullable(),
    project: z.object({ id: z.string(), name: z.string() }).nullable(),
    parent: z.object({ id: z.string(), identifier: z.string() }).nullable(),
    labels: z.array(z.object({ id: z.string(), name: z.string() })),
    comments: z.array(z.object({ id: z.string(), body: z.string(), author: z.string().nullable(), created_at: z.string() })),
  }),
  request: ({ issueId: id }) =>
    graphql(
      `query Issue($id: String!) { issue(id: $id) { ${brief} description dueDate estimate project { id name } parent { id identifier } labels(first: 50) { nodes { id name } } comments(first: 20) { nodes { id body createdAt user { name } } } } }`,
      { id },
    ),
  respond: (body: { data: { issue: IssueWhole } }) => {
    const { issue } = body.data;
    return {
      ...briefOf(issue),
      description: (issue.description ?? '').slice(0, textMax),
      truncated: (issue.description ?? '').length > textMax,
      due_date: issue.dueDate,
      estimate: issue.estimate,
      project: issue.project,
      parent: issue.parent,
      labels: issue.labels.nodes,
      comments: issue.comments.nodes.map((c) => ({
        id: c.id,
        body: c.body.slice(0, commentMax),
        author: c.user?.name ?? null,
        created_at: c.createdAt,
      })),
    };
  },
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'issue' },
  examples: [
    {
      input: { issueId: 'ENG-137' },
      receives: {
        body: {
          data: {
            issue: {
              id: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
              identifier: 'ENG-137',
              title: 'Retry card payments on a gateway timeout',
              url: 'https://linear.app/acme/issue/ENG-137/retry-card-payments-on-a-gateway-timeout',
              priority: 2,
              state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
              team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
              assignee: { id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32', name: 'Jonas Berg' },
              createdAt: '2025-11-18T13:20:44.010Z',
              updatedAt: '2025-11-20T16:02:31.754Z',
              description: 'A timeout at the gateway is shown to the buyer as a refusal. Retry once with the same key.',
              dueDate: '2025-11-28',
              estimate: 3,
              project: { id: '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541', name: 'Payments reliability' },
              parent: null,
              labels: { nodes: [{ id: '1e7c0a95-8b2f-4d63-9f14-c5a6d2b3e871', name: 'payments' }] },
              comments: {
                nodes: [
                  {
                    id: 'f3b1c2d4-9a80-4e57-8c6d-5d4e3f2a1b09',
                    body: 'The gateway documents the key as safe to repeat for 24 hours.',
                    createdAt: '2025-11-19T09:12:05.330Z',
                    user: { name: 'Mira Lopez' },
                  },
                ],
              },
            },
          },
        },
      },
      gives: {
        id: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
        identifier: 'ENG-137',
        title: 'Retry card payments on a gateway timeout',
        url: 'https://linear.app/acme/issue/ENG-137/retry-card-payments-on-a-gateway-timeout',
        priority: 'high',
        state: { id: '5b7d1d0c-0d3c-4a51-9a37-6b1c9a0e4f13', name: 'In Progress', type: 'started' },
        team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
        assignee: { id: 'd84c2b1f-6a35-4e6b-9c0d-7b2e9f4a1c32', name: 'Jonas Berg' },
        created_at: '2025-11-18T13:20:44.010Z',
        updated_at: '2025-11-20T16:02:31.754Z',
        description: 'A timeout at the gateway is shown to the buyer as a refusal. Retry once with the same key.',
        truncated: false,
        due_date: '2025-11-28',
        estimate: 3,
        project: { id: '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541', name: 'Payments reliability' },
        parent: null,
        labels: [{ id: '1e7c0a95-8b2f-4d63-9f14-c5a6d2b3e871', name: 'payments' }],
        comments: [
          {
            id: 'f3b1c2d4-9a80-4e57-8c6d-5d4e3f2a1b09',
            body: 'The gateway documents the key as safe to repeat for 24 hours.',
            author: 'Mira Lopez',
            created_at: '2025-11-19T09:12:05.330Z',
          },
        ],
      },
    },
  ],
});

export const commentCreate = tool({
  name: 'linear_comment_create',
  title: 'Comment on an issue',
  description:
    'Add one comment to an issue; its followers are notified, and each call adds another. Find issues with linear_issues_list. ' +
    'To change the issue’s own fields use linear_issue_update.',
  effect: 'write',
  scopes: ['comments:create'],
  input: z.object({
    issueId: issueId.describe('Identifier such as ENG-142, or id; both from linear_issues_list'),
    body: z.string().min(1).max(50_000).describe('The comment, in Markdown'),
    parentId: z.uuid().optional().describe('Answer this comment; id from linear_issue_get'),
  }),
  output: z.object({
    id: z.string(),
    url: z.string(),
    body: z.string(),
    issue: z.object({ id: z.string(), identifier: z.string() }).nullable(),
    created_at: z.string(),
  }),
  request: (input) =>
    graphql(
      'mutation CommentCreate($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id url body createdAt user { id name } issue { id identifier } } } }',
      { input },
    ),
  respond: (body: { data: { commentCreate: { comment: CommentNode } } }) => {
    const { comment } = body.data.commentCreate;
    return { id: comment.id, url: comment.url, body: comment.body, issue: comment.issue, created_at: comment.createdAt };
  },
  docs,
  provenance: { specification: '@linear/sdk', version: '98.0.0', operation: 'commentCreate' },
  examples: [
    {
      input: { issueId: 'ENG-142', body: 'Rolled back checkout-api to v411; latency is falling.' },
      receives: {
        body: {
          data: {
            commentCreate: {
              success: true,
              comment: {
                id: '0c9e8d7b-6a5f-4e3d-9c2b-1a0f9e8d7c61',
                url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s#comment-0c9e8d7b',
                body: 'Rolled back checkout-api to v411; latency is falling.',
                createdAt: '2025-11-21T10:07:40.905Z',
                user: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira Lopez' },
                issue: { id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42', identifier: 'ENG-142' },
              },
            },
          },
        },
      },
      gives: {
        id: '0c9e8d7b-6a5f-4e3d-9c2b-1a0f9e8d7c61',
        url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s#comment-0c9e8d7b',
        body: 'Rolled back checkout-api to v411; latency is falling.',
        issue: { id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42', identifier: 'ENG-142' },
        created_at: '2025-11-21T10:07:40.905Z',
      },
      fresh: { '/data/commentCreate/comment/id': 'uuid', '/data/commentCreate/comment/createdAt': 'iso_now' },
    },
  ],
});

interface CommentNode {
  id: string;
  url: string;
  body: string;
  createdAt: string;
  issue: { id: string; identifier: string } | null;
}
