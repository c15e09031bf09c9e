import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  agileExample,
  cursor,
  Done,
  docsBase,
  done,
  from,
  isoOf,
  issueIdOrKey,
  jonas,
  limit,
  mira,
  nextCursor,
  nextStart,
  type Page,
  paged,
  projectKey,
  restExample,
  softwareDocs,
  type UserBody,
} from './fields.ts';

const avatarExample = (type: string) => ({
  '48x48': `${restExample}/universal_avatar/view/type/${type}/avatar/10411`,
  '24x24': `${restExample}/universal_avatar/view/type/${type}/avatar/10411?size=small`,
  '16x16': `${restExample}/universal_avatar/view/type/${type}/avatar/10411?size=xsmall`,
  '32x32': `${restExample}/universal_avatar/view/type/${type}/avatar/10411?size=medium`,
});

interface ProjectBody {
  id: string;
  key: string;
  name: string;
  projectTypeKey?: string;
  style?: string;
  archived?: boolean;
}

export const projectsList = tool({
  name: 'jira_projects_list',
  title: 'List projects',
  description:
    'List the projects that the account sees, narrowed by words in key or name. Gives the keys for jira_issue_create and for JQL ' +
    'in jira_issues_search. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({
    query: z.string().min(1).max(255).optional().describe('Words of key or name'),
    typeKey: z.enum(['software', 'business', 'service_desk']).optional().describe('Only projects of this type'),
    orderBy: z.enum(['key', '-key', 'name', 'lastIssueUpdatedTime', '-lastIssueUpdatedTime']).default('key').describe('Order by'),
    limit,
    cursor,
  }),
  output: z.object({
    projects: z.array(z.object({ id: z.string(), key: z.string(), name: z.string(), type: z.string(), style: z.string() })),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/rest/api/3/project/search', paged(input)),
  respond: (body: Page & { values: ProjectBody[] }) => ({
    projects: body.values.map((p) => ({ id: p.id, key: p.key, name: p.name, type: p.projectTypeKey ?? '', style: p.style ?? '' })),
    next_cursor: nextStart(body, body.values.length),
  }),
  docs: `${docsBase}/api-group-projects/#api-rest-api-3-project-search-get`,
  provenance: from('searchProjects'),
  examples: [
    {
      input: { query: 'eng' },
      receives: {
        body: {
          self: `${restExample}/project/search?startAt=0&maxResults=20`,
          maxResults: 20,
          startAt: 0,
          total: 1,
          isLast: true,
          values: [
            {
              self: `${restExample}/project/10000`,
              id: '10000',
              key: 'ENG',
              name: 'Engineering',
              projectTypeKey: 'software',
              simplified: false,
              style: 'classic',
              isPrivate: false,
              avatarUrls: avatarExample('project'),
            },
          ],
        },
      },
      gives: { projects: [{ id: '10000', key: 'ENG', name: 'Engineering', type: 'software', style: 'classic' }], next_cursor: null },
    },
  ],
});

interface TypeBody {
  id: string;
  name: string;
  description?: string;
  subtask?: boolean;
}

export const createMetaIssueTypesList = tool({
  name: 'jira_issue_create_meta_issue_types_list',
  title: 'List issue types of a project',
  description:
    'List the types of issues that may be created in one project, with the names that jira_issue_create takes. Subtasks need a ' +
    'parent. Projects come from jira_projects_list. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({ projectIdOrKey: projectKey.describe('Project key such as ENG, or id'), limit, cursor }),
  output: z.object({
    issue_types: z.array(z.object({ id: z.string(), name: z.string(), description: z.string(), subtask: z.boolean() })),
    next_cursor: nextCursor,
  }),
  request: ({ projectIdOrKey, ...rest }) => get(path`/rest/api/3/issue/createmeta/${projectIdOrKey}/issuetypes`, paged(rest)),
  respond: (body: Page & { issueTypes: TypeBody[] }) => ({
    issue_types: body.issueTypes.map(({ id, name, description = '', subtask = false }) => ({
      id,
      name,
      description: description.slice(0, 300),
      subtask,
    })),
    next_cursor: nextStart(body, body.issueTypes.length),
  }),
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-get`,
  provenance: from('getCreateIssueMetaIssueTypes'),
  examples: [
    {
      input: { projectIdOrKey: 'ENG' },
      receives: {
        body: {
          startAt: 0,
          maxResults: 20,
          total: 1,
          issueTypes: [
            {
              self: `${restExample}/issuetype/10004`,
              id: '10004',
              description: 'Something that does not work.',
              iconUrl: `${restExample}/universal_avatar/view/type/issuetype/avatar/10303`,
              name: 'Bug',
              subtask: false,
              hierarchyLevel: 0,
            },
          ],
        },
      },
      gives: {
        issue_types: [{ id: '10004', name: 'Bug', description: 'Something that does not work.', subtask: false }],
        next_cursor: null,
      },
    },
  ],
});

const Person = z.object({
  account_id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  active: z.boolean(),
  type: z.string(),
});

type PersonBody = UserBody & { emailAddress?: string; active?: boolean; accountType?: string };

function personOf(user: PersonBody): z.input<typeof Person> {
  return {
    account_id: user.accountId ?? '',
    name: user.displayName ?? '',
    email: user.emailAddress ?? null,
    active: user.active ?? true,
    type: user.accountType ?? '',
  };
}

const jonasPerson = {
  account_id: '5b10ac8d82e05b22cc7d4ef5',
  name: 'Jonas Kim',
  email: null,
  active: true,
  type: 'atlassian',
};
const words = z.string().min(1).max(255);
const few = z.int().min(1).max(50).default(20).describe('People at most, 1 to 50');

export const usersSearch = tool({
  name: 'jira_users_search',
  title: 'Search people',
  description:
    'Search the people of the site by name or e-mail address; addresses that somebody keeps private are null. To find who may be ' +
    'given an issue use jira_user_assignable_search. Say more of the name where there are too many.',
  effect: 'read',
  scopes: ['read:jira-user'],
  input: z.object({ query: words.describe('Beginning of a name or address'), limit: few }),
  output: z.object({ users: z.array(Person) }),
  request: ({ query, limit: maxResults }) => get('/rest/api/3/user/search', { query, maxResults }),
  respond: (body: PersonBody[]) => ({ users: body.map(personOf) }),
  docs: `${docsBase}/api-group-user-search/#api-rest-api-3-user-search-get`,
  provenance: from('findUsers'),
  examples: [{ input: { query: 'jonas' }, receives: { body: [jonas] }, gives: { users: [jonasPerson] } }],
});

export const userAssignableSearch = tool({
  name: 'jira_user_assignable_search',
  title: 'Search who may be assigned',
  description:
    'Search the people who may be given an issue of one project, or one issue that exists; say either. Gives the accountId that ' +
    'jira_issue_create and jira_issue_assign take. For everybody use jira_users_search.',
  effect: 'read',
  scopes: ['read:jira-user'],
  input: z.object({
    projectKey: projectKey.optional().describe('Project key such as ENG'),
    issueKey: issueIdOrKey.optional().describe('Issue key such as ENG-142'),
    query: words.optional().describe('Beginning of a name or address'),
    limit: few,
  }),
  output: z.object({ users: z.array(Person) }),
  request: ({ projectKey: project, issueKey, query, limit: maxResults }) =>
    get('/rest/api/3/user/assignable/search', { project, issueKey, query, maxResults }),
  respond: (body: PersonBody[]) => ({ users: body.map(personOf) }),
  docs: `${docsBase}/api-group-user-search/#api-rest-api-3-user-assignable-search-get`,
  provenance: from('findAssignableUsers'),
  examples: [{ input: { projectKey: 'ENG', query: 'jonas' }, receives: { body: [jonas] }, gives: { users: [jonasPerson] } }],
});

export const myselfGet = tool({
  name: 'jira_myself_get',
  title: 'Read the own account',
  description:
    'Read whose account this is: the accountId, name and time zone. In JQL of jira_issues_search currentUser() says the same; the ' +
    'id is what jira_issue_assign takes to give an issue to oneself.',
  effect: 'read',
  scopes: ['read:jira-user'],
  input: z.object({}),
  output: Person.extend({ time_zone: z.string().nullable() }),
  request: () => get('/rest/api/3/myself'),
  respond: (body: PersonBody & { timeZone?: string }) => ({ ...personOf(body), time_zone: body.timeZone ?? null }),
  docs: `${docsBase}/api-group-myself/#api-rest-api-3-myself-get`,
  provenance: from('getCurrentUser'),
  examples: [
    {
      input: {},
      receives: { body: { ...mira, emailAddress: 'mira@acme.example', locale: 'en_US' } },
      gives: {
        account_id: '5b10a2844c20165700ede21g',
        name: 'Mira Lopez',
        email: 'mira@acme.example',
        active: true,
        type: 'atlassian',
        time_zone: 'Europe/Madrid',
      },
    },
  ],
});

interface BoardBody {
  id: number;
  name: string;
  type: string;
  location?: { projectKey?: string };
}

export const boardsList = tool({
  name: 'jira_boards_list',
  title: 'List boards',
  description:
    'List the boards that the account sees, narrowed by project, kind or name. Gives the ids for jira_board_sprints_list. Needs ' +
    'the granular scopes for boards, which are not among the default ones. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:board-scope:jira-software', 'read:project:jira'],
  input: z.object({
    projectKeyOrId: projectKey.optional().describe('Only boards of this project; key from jira_projects_list'),
    type: z.enum(['scrum', 'kanban', 'simple']).optional().describe('Only boards of this kind; sprints are on scrum boards'),
    name: z.string().min(1).max(255).optional().describe('Words of the name'),
    limit: z.int().min(1).max(50).default(20).describe('Entries per page, 1 to 50'),
    cursor,
  }),
  output: z.object({
    boards: z.array(z.object({ id: z.int(), name: z.string(), type: z.string(), project: z.string().nullable() })),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/rest/agile/1.0/board', paged(input)),
  respond: (body: Page & { values: BoardBody[] }) => ({
    boards: body.values.map((b) => ({ id: b.id, name: b.name, type: b.type, project: b.location?.projectKey ?? null })),
    next_cursor: nextStart(body, body.values.length),
  }),
  docs: `${softwareDocs}/api-group-board/#api-rest-agile-1-0-board-get`,
  provenance: from('getAllBoards'),
  examples: [
    {
      input: { projectKeyOrId: 'ENG' },
      receives: {
        body: {
          maxResults: 20,
          startAt: 0,
          total: 1,
          isLast: true,
          values: [
            {
              id: 84,
              self: `${agileExample}/board/84`,
              name: 'Engineering',
              type: 'scrum',
              location: {
                projectId: 10000,
                displayName: 'Engineering (ENG)',
                projectName: 'Engineering',
                projectKey: 'ENG',
                projectTypeKey: 'software',
                avatarURI: 'https://acme.atlassian.net/rest/api/2/universal_avatar/view/type/project/avatar/10411?size=small',
                name: 'Engineering (ENG)',
              },
              isPrivate: false,
            },
          ],
        },
      },
      gives: { boards: [{ id: 84, name: 'Engineering', type: 'scrum', project: 'ENG' }], next_cursor: null },
    },
  ],
});

interface SprintBody {
  id: number;
  name: string;
  state: string;
  goal?: string;
  startDate?: string;
  endDate?: string;
}

export const boardSprintsList = tool({
  name: 'jira_board_sprints_list',
  title: 'List sprints',
  description:
    'List the sprints of one scrum board with state and dates. The active one’s id goes into JQL (sprint = 37) for ' +
    'jira_issues_search, or into jira_sprint_issues_move. Needs a granular scope. Boards come from jira_boards_list.',
  effect: 'read',
  scopes: ['read:sprint:jira-software'],
  input: z.object({
    boardId: z.int().min(1).describe('Board id from jira_boards_list'),
    state: z.enum(['active', 'future', 'closed']).optional().describe('Only sprints in this state'),
    limit: z.int().min(1).max(50).default(20).describe('Entries per page, 1 to 50'),
    cursor,
  }),
  output: z.object({
    sprints: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        state: z.string(),
        goal: z.string(),
        start_at: z.string().nullable(),
        end_at: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ boardId, ...rest }) => get(path`/rest/agile/1.0/board/${boardId}/sprint`, paged(rest)),
  respond: (body: Page & { values: SprintBody[] }) => ({
    sprints: body.values.map((s) => ({
      id: s.id,
      name: s.name,
      state: s.state,
      goal: s.goal ?? '',
      start_at: isoOf(s.startDate),
      end_at: isoOf(s.endDate),
    })),
    next_cursor: nextStart(body, body.values.length),
  }),
  docs: `${softwareDocs}/api-group-board/#api-rest-agile-1-0-board-boardid-sprint-get`,
  provenance: from('getAllSprints'),
  examples: [
    {
      input: { boardId: 84, state: 'active' },
      receives: {
        body: {
          maxResults: 20,
          startAt: 0,
          isLast: true,
          values: [
            {
              id: 37,
              self: `${agileExample}/sprint/37`,
              state: 'active',
              name: 'ENG Sprint 12',
              startDate: '2025-11-17T09:00:00.000Z',
              endDate: '2025-11-28T17:00:00.000Z',
              createdDate: '2025-11-14T12:02:11.000Z',
              originBoardId: 84,
              goal: 'Checkout below 1 s',
            },
          ],
        },
      },
      gives: {
        sprints: [
          {
            id: 37,
            name: 'ENG Sprint 12',
            state: 'active',
            goal: 'Checkout below 1 s',
            start_at: '2025-11-17T09:00:00.000Z',
            end_at: '2025-11-28T17:00:00.000Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const sprintIssuesMove = tool({
  name: 'jira_sprint_issues_move',
  title: 'Move issues into a sprint',
  description:
    'Put up to 50 issues into a sprint that is active or future; they leave the sprint they are in. Sprints come from ' +
    'jira_board_sprints_list, issues from jira_issues_search. Needs a granular scope. Doing it again changes nothing.',
  effect: 'write',
  idempotent: true,
  scopes: ['write:sprint:jira-software'],
  input: z.object({
    sprintId: z.int().min(1).describe('Sprint id from jira_board_sprints_list'),
    issues: z.array(issueIdOrKey).min(1).max(50).describe('Keys such as ENG-142'),
  }),
  output: Done,
  request: ({ sprintId, issues }) => post(path`/rest/agile/1.0/sprint/${sprintId}/issue`, { issues }),
  respond: done,
  docs: `${softwareDocs}/api-group-sprint/#api-rest-agile-1-0-sprint-sprintid-issue-post`,
  provenance: from('moveIssuesToSprintAndRank'),
  examples: [{ input: { sprintId: 37, issues: ['ENG-142'] }, receives: { status: 204, body: '' }, gives: { done: true } }],
});
