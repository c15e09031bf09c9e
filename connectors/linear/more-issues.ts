import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, issueId, limit, nextCursor, nextOf, type Page, Priority, pageInfo, priorityName } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://linear.app/developers/graphql';
const issue = issueId.describe('Identifier such as ENG-142, or id; both from linear_issues_list');

const ids = {
  issue: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
  other: 'c2a9d7b4-0d6e-4f5c-a1a6-8e0b5f3c7d19',
  relation: '7d1e9c3b-2a4f-4b6d-8e0c-5f3a1b2c4d6e',
};

interface FoundIssue {
  id: string;
  identifier: string;
  title: string;
  url: string;
  priority: number;
  state: { name: string; type: string };
  team: { id: string; key: string };
  assignee: { id: string; name: string } | null;
  updatedAt: string;
}

export const issueSearch = tool({
  name: 'linear_issue_search',
  title: 'Search issues',
  description:
    'Search titles, descriptions and, if wanted, comments of all issues for words, the best match first. To narrow by team, state or person ' +
    'use linear_issues_list; linear_issue_get gives one issue whole.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    query: z.string().min(1).max(500).describe('Words to look for'),
    teamId: z.uuid().optional().describe('Prefer issues of this team; id from linear_teams_list'),
    includeComments: z.boolean().default(false).describe('Look into comments too'),
    includeArchived: z.boolean().default(false).describe('Also find archived issues'),
    limit,
    cursor,
  }),
  output: z.object({
    issues: z.array(
      z.object({
        id: z.string(),
        identifier: z.string(),
        title: z.string(),
        url: z.string(),
        priority: Priority,
        state: z.object({ name: z.string(), type: z.string() }),
        team: z.object({ id: z.string(), key: z.string() }),
        assignee: z.object({ id: z.string(), name: z.string() }).nullable(),
        updated_at: z.string(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ query: term, limit: first, cursor: after, ...rest }) =>
    graphql(
      `query IssueSearch($term: String!, $teamId: String, $includeComments: Boolean, $includeArchived: Boolean, $first: Int, $after: String) { searchIssues(term: $term, teamId: $teamId, includeComments: $includeComments, includeArchived: $includeArchived, first: $first, after: $after) { nodes { id identifier title url priority state { name type } team { id key } assignee { id name } updatedAt } ${pageInfo} } }`,
      { term, ...rest, first, after },
    ),
  respond: (body: { data: { searchIssues: Page<FoundIssue> } }) => ({
    issues: body.data.searchIssues.nodes.map(({ updatedAt, priority, ...found }) => ({
      ...found,
      priority: priorityName(priority),
      updated_at: updatedAt,
    })),
    next_cursor: nextOf(body.data.searchIssues),
  }),
  docs,
  provenance: typed('Query.searchIssues'),
  examples: [
    {
      input: { query: 'checkout latency' },
      receives: {
        body: {
          data: {
            searchIssues: {
              nodes: [
                {
                  id: ids.issue,
                  identifier: 'ENG-142',
                  title: 'Checkout p95 latency is above 2 s',
                  url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
                  priority: 1,
                  state: { name: 'In Progress', type: 'started' },
                  team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
                  assignee: null,
                  updatedAt: '2025-11-21T10:04:55.120Z',
                },
              ],
              pageInfo: { hasNextPage: false, endCursor: null },
            },
          },
        },
      },
      gives: {
        issues: [
          {
            id: ids.issue,
            identifier: 'ENG-142',
            title: 'Checkout p95 latency is above 2 s',
            url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s',
            priority: 'urgent',
            state: { name: 'In Progress', type: 'started' },
            team: { id: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01', key: 'ENG' },
            assignee: null,
            updated_at: '2025-11-21T10:04:55.120Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const issueArchive = tool({
  name: 'linear_issue_archive',
  title: 'Archive an issue',
  description:
    'Put an issue into the archive, where lists leave it out; people can bring it back in Linear. To say that it is done set a completed ' +
    'state with linear_issue_update instead. Find issues with linear_issues_list.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['write'],
  input: z.object({ issueId: issue }),
  output: z.object({ id: z.string().nullable(), identifier: z.string().nullable() }),
  request: ({ issueId: id }) =>
    graphql('mutation IssueArchive($id: String!) { issueArchive(id: $id) { success entity { id identifier } } }', { id }),
  respond: ({ data: { issueArchive: done } }: { data: { issueArchive: { entity: { id: string; identifier: string } | null } } }) => ({
    id: done.entity?.id ?? null,
    identifier: done.entity?.identifier ?? null,
  }),
  docs,
  provenance: typed('Mutation.issueArchive'),
  examples: [
    {
      input: { issueId: 'ENG-142' },
      receives: { body: { data: { issueArchive: { success: true, entity: { id: ids.issue, identifier: 'ENG-142' } } } } },
      gives: { id: ids.issue, identifier: 'ENG-142' },
    },
  ],
});

const Related = z.object({ relation_id: z.string(), type: z.string(), issue_id: z.string(), identifier: z.string(), title: z.string() });

interface RelatedIssue {
  id: string;
  identifier: string;
  title: string;
}

function relatedOf(id: string, type: string, other: RelatedIssue): z.input<typeof Related> {
  return { relation_id: id, type, issue_id: other.id, identifier: other.identifier, title: other.title };
}

export const issueRelationCreate = tool({
  name: 'linear_issue_relation_create',
  title: 'Relate two issues',
  description:
    'Say that an issue blocks, doubles or has to do with another one; marking a duplicate closes it. What is related already tells ' +
    'linear_issue_relations_list. For a sub-issue give parentId to linear_issue_create.',
  effect: 'write',
  scopes: ['write'],
  input: z.object({
    issueId: issue,
    relatedIssueId: issueId.describe('The other issue: UUID or identifier'),
    type: z
      .enum(['blocks', 'duplicate', 'related', 'similar'])
      .describe('blocks: the other waits for this; duplicate: this doubles the other'),
  }),
  output: Related,
  request: (input) =>
    graphql(
      'mutation IssueRelationCreate($input: IssueRelationCreateInput!) { issueRelationCreate(input: $input) { success issueRelation { id type relatedIssue { id identifier title } } } }',
      { input },
    ),
  respond: (body: { data: { issueRelationCreate: { issueRelation: { id: string; type: string; relatedIssue: RelatedIssue } } } }) => {
    const { id, type, relatedIssue } = body.data.issueRelationCreate.issueRelation;
    return relatedOf(id, type, relatedIssue);
  },
  docs,
  provenance: typed('Mutation.issueRelationCreate'),
  examples: [
    {
      input: { issueId: 'ENG-142', relatedIssueId: 'ENG-137', type: 'related' },
      receives: {
        body: {
          data: {
            issueRelationCreate: {
              success: true,
              issueRelation: {
                id: ids.relation,
                type: 'related',
                relatedIssue: { id: ids.other, identifier: 'ENG-137', title: 'Retry card payments on a gateway timeout' },
              },
            },
          },
        },
      },
      gives: {
        relation_id: ids.relation,
        type: 'related',
        issue_id: ids.other,
        identifier: 'ENG-137',
        title: 'Retry card payments on a gateway timeout',
      },
      fresh: { '/data/issueRelationCreate/issueRelation/id': 'uuid' },
    },
  ],
});

export const issueRelationsList = tool({
  name: 'linear_issue_relations_list',
  title: 'List related issues',
  description:
    'List what an issue blocks, doubles or has to do with, and under inverse which issues say so of it (at most 50): a type blocks there ' +
    'means that this issue is blocked. Relations are made with linear_issue_relation_create.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ issueId: issue, limit, cursor }),
  output: z.object({ relations: z.array(Related), inverse: z.array(Related), next_cursor: nextCursor }),
  request: ({ issueId: id, limit: first, cursor: after }) =>
    graphql(
      `query IssueRelations($id: String!, $first: Int, $after: String) { issue(id: $id) { relations(first: $first, after: $after) { nodes { id type relatedIssue { id identifier title } } ${pageInfo} } inverseRelations(first: 50) { nodes { id type issue { id identifier title } } } } }`,
      { id, first, after },
    ),
  respond: ({
    data,
  }: {
    data: {
      issue: {
        relations: Page<{ id: string; type: string; relatedIssue: RelatedIssue }>;
        inverseRelations: { nodes: { id: string; type: string; issue: RelatedIssue }[] };
      };
    };
  }) => ({
    relations: data.issue.relations.nodes.map((r) => relatedOf(r.id, r.type, r.relatedIssue)),
    inverse: data.issue.inverseRelations.nodes.map((r) => relatedOf(r.id, r.type, r.issue)),
    next_cursor: nextOf(data.issue.relations),
  }),
  docs,
  provenance: typed('Query.issue'),
  examples: [
    {
      input: { issueId: 'ENG-142' },
      receives: {
        body: {
          data: {
            issue: {
              relations: { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } },
              inverseRelations: {
                nodes: [
                  {
                    id: ids.relation,
                    type: 'blocks',
                    issue: { id: ids.other, identifier: 'ENG-137', title: 'Retry card payments on a gateway timeout' },
                  },
                ],
              },
            },
          },
        },
      },
      gives: {
        relations: [],
        inverse: [
          {
            relation_id: ids.relation,
            type: 'blocks',
            issue_id: ids.other,
            identifier: 'ENG-137',
            title: 'Retry card payments on a gateway timeout',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
