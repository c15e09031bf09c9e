import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, limit, nextCursor, nextOf, type Page, pageInfo } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://linear.app/developers/graphql';
const textMax = 8000;

const ids = {
  team: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01',
  project: '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541',
  status: '2b4d6f80-1a3c-4e5f-8b7d-9c0e1f2a3b4c',
  mira: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21',
};

const Project = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  url: z.string(),
  status: z.object({ id: z.string(), name: z.string(), type: z.string() }),
  health: z.string().nullable(),
  progress: z.number(),
  lead: z.object({ id: z.string(), name: z.string() }).nullable(),
  start_date: z.string().nullable(),
  target_date: z.string().nullable(),
});

const fields = 'id name description url status { id name type } health progress lead { id name } startDate targetDate';

interface ProjectNode {
  id: string;
  name: string;
  description: string;
  url: string;
  status: { id: string; name: string; type: string };
  health: string | null;
  progress: number;
  lead: { id: string; name: string } | null;
  startDate: string | null;
  targetDate: string | null;
}

function projectOf({ startDate, targetDate, ...project }: ProjectNode): z.input<typeof Project> {
  return { ...project, start_date: startDate, target_date: targetDate };
}

const node = {
  id: ids.project,
  name: 'Payments reliability',
  description: 'No payment is lost or made twice',
  url: 'https://linear.app/acme/project/payments-reliability-4f1c2d3e5b6a',
  status: { id: ids.status, name: 'In Progress', type: 'started' },
  health: 'atRisk',
  progress: 0.42,
  lead: { id: ids.mira, name: 'Mira Lopez' },
  startDate: '2025-10-01',
  targetDate: '2025-12-19',
};

const shown = {
  id: ids.project,
  name: 'Payments reliability',
  description: 'No payment is lost or made twice',
  url: 'https://linear.app/acme/project/payments-reliability-4f1c2d3e5b6a',
  status: { id: ids.status, name: 'In Progress', type: 'started' },
  health: 'atRisk',
  progress: 0.42,
  lead: { id: ids.mira, name: 'Mira Lopez' },
  start_date: '2025-10-01',
  target_date: '2025-12-19',
};

export const projectsList = tool({
  name: 'linear_projects_list',
  title: 'List projects',
  description:
    'List projects, the most recently changed first, with status, health and progress from 0 to 1; narrowed by team or words of the name. ' +
    'linear_project_get gives one whole; its id is what linear_issue_create takes as projectId.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    teamId: z.uuid().optional().describe('Only projects of this team; id from linear_teams_list'),
    name: z.string().min(1).max(255).optional().describe('Only projects whose name holds this text'),
    limit,
    cursor,
  }),
  output: z.object({ projects: z.array(Project), next_cursor: nextCursor }),
  request: ({ teamId, name, limit: first, cursor: after }) =>
    graphql(
      `query Projects($filter: ProjectFilter, $first: Int, $after: String) { projects(filter: $filter, first: $first, after: $after, orderBy: updatedAt) { nodes { ${fields} } ${pageInfo} } }`,
      {
        filter: {
          accessibleTeams: teamId === undefined ? undefined : { some: { id: { eq: teamId } } },
          name: name === undefined ? undefined : { containsIgnoreCase: name },
        },
        first,
        after,
      },
    ),
  respond: ({ data }: { data: { projects: Page<ProjectNode> } }) => ({
    projects: data.projects.nodes.map(projectOf),
    next_cursor: nextOf(data.projects),
  }),
  docs,
  provenance: typed('Query.projects'),
  examples: [
    {
      input: { name: 'payments' },
      receives: { body: { data: { projects: { nodes: [node], pageInfo: { hasNextPage: false, endCursor: ids.project } } } } },
      gives: { projects: [shown], next_cursor: null },
    },
  ],
});

const projectId = z.uuid().describe('Project id from linear_projects_list');

export const projectGet = tool({
  name: 'linear_project_get',
  title: 'Read a project',
  description:
    'Read one project whole: its text, teams and the latest report on how it goes. Find projects with linear_projects_list; its issues are ' +
    'listed by linear_issues_list, its documents by linear_documents_list.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ projectId }),
  output: Project.extend({
    content: z.string(),
    truncated: z.boolean(),
    teams: z.array(z.object({ id: z.string(), key: z.string(), name: z.string() })),
    last_update: z.object({ body: z.string(), health: z.string(), created_at: z.string() }).nullable(),
  }),
  request: ({ projectId: id }) =>
    graphql(
      `query Project($id: String!) { project(id: $id) { ${fields} content teams(first: 20) { nodes { id key name } } lastUpdate { body health createdAt } } }`,
      { id },
    ),
  respond: ({
    data: {
      project: { content, teams, lastUpdate, ...project },
    },
  }: {
    data: {
      project: ProjectNode & {
        content: string | null;
        teams: { nodes: { id: string; key: string; name: string }[] };
        lastUpdate: { body: string; health: string; createdAt: string } | null;
      };
    };
  }) => ({
    ...projectOf(project),
    content: (content ?? '').slice(0, textMax),
    truncated: (content ?? '').length > textMax,
    teams: teams.nodes,
    last_update:
      lastUpdate === null ? null : { body: lastUpdate.body.slice(0, 2000), health: lastUpdate.health, created_at: lastUpdate.createdAt },
  }),
  docs,
  provenance: typed('Query.project'),
  examples: [
    {
      input: { projectId: ids.project },
      receives: {
        body: {
          data: {
            project: {
              ...node,
              content: '## Goal\n\nNo payment is lost.',
              teams: { nodes: [{ id: ids.team, key: 'ENG', name: 'Engineering' }] },
              lastUpdate: { body: 'The gateway is late.', health: 'atRisk', createdAt: '2025-11-17T09:00:00.000Z' },
            },
          },
        },
      },
      gives: {
        ...shown,
        content: '## Goal\n\nNo payment is lost.',
        truncated: false,
        teams: [{ id: ids.team, key: 'ENG', name: 'Engineering' }],
        last_update: { body: 'The gateway is late.', health: 'atRisk', created_at: '2025-11-17T09:00:00.000Z' },
      },
    },
  ],
});

const date = z.iso.date();

export const projectCreate = tool({
  name: 'linear_project_create',
  title: 'Create a project',
  description:
    'Create a project for one or several teams; each call makes another, so look with linear_projects_list first. Teams come from ' +
    'linear_teams_list, people from linear_users_list. Issues join it with linear_issue_create or linear_issue_update.',
  effect: 'write',
  scopes: ['write'],
  input: z.object({
    name: z.string().min(1).max(80).describe('The project’s name'),
    teamIds: z.array(z.uuid()).min(1).max(20).describe('Team ids from linear_teams_list'),
    description: z.string().max(255).optional().describe('One line that says what it is for'),
    content: z.string().max(50_000).optional().describe('Longer text in Markdown'),
    leadId: z.uuid().optional().describe('User id from linear_users_list'),
    startDate: date.optional().describe('First day'),
    targetDate: date.optional().describe('Day by which it should be done'),
  }),
  output: Project,
  request: (input) =>
    graphql(`mutation ProjectCreate($input: ProjectCreateInput!) { projectCreate(input: $input) { success project { ${fields} } } }`, {
      input,
    }),
  respond: ({ data }: { data: { projectCreate: { project: ProjectNode } } }) => projectOf(data.projectCreate.project),
  docs,
  provenance: typed('Mutation.projectCreate'),
  examples: [
    {
      input: { name: 'Payments reliability', teamIds: [ids.team], description: 'No payment is lost or made twice', leadId: ids.mira },
      receives: { body: { data: { projectCreate: { success: true, project: node } } } },
      gives: shown,
      fresh: { '/data/projectCreate/project/id': 'uuid' },
    },
  ],
});

export const projectUpdate = tool({
  name: 'linear_project_update',
  title: 'Change a project',
  description:
    'Change fields of one project: only what is given changes, and null takes a value away. Read it first with linear_project_get, whose ' +
    'status ids can be given here. People come from linear_users_list.',
  effect: 'write',
  idempotent: true,
  scopes: ['write'],
  input: z
    .object({
      projectId,
      name: z.string().min(1).max(80).optional().describe('New name'),
      description: z.string().max(255).optional().describe('New line that says what it is for'),
      statusId: z.uuid().optional().describe('Status id seen on projects'),
      leadId: z.uuid().nullable().optional().describe('User id from linear_users_list; null takes the lead away'),
      startDate: date.nullable().optional().describe('First day'),
      targetDate: date.nullable().optional().describe('Day by which it should be done'),
    })
    .refine(({ projectId: _, ...changes }) => Object.values(changes).some((value) => value !== undefined), 'give a field to change'),
  output: Project,
  request: ({ projectId: id, ...input }) =>
    graphql(
      `mutation ProjectUpdate($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { success project { ${fields} } } }`,
      { id, input },
    ),
  respond: ({ data }: { data: { projectUpdate: { project: ProjectNode } } }) => projectOf(data.projectUpdate.project),
  docs,
  provenance: typed('Mutation.projectUpdate'),
  examples: [
    {
      input: { projectId: ids.project, targetDate: '2025-12-19' },
      receives: { body: { data: { projectUpdate: { success: true, project: node } } } },
      gives: shown,
    },
  ],
});
