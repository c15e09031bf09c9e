import { get, path, post, tool, withoutUndefined } from '@grantway/connector-kit';
import { z } from 'zod';
import { fromDocument, toDocument } from './document.ts';
import {
  accountId,
  Done,
  docsBase,
  done,
  from,
  isoOf,
  issueIdOrKey,
  jonas,
  jonasGiven,
  limit,
  mira,
  miraGiven,
  nextCursor,
  projectKey,
  restExample,
  text,
  User,
  type UserBody,
  userOf,
} from './fields.ts';

/** What lists give of an issue; jira_issue_get gives the rest. */
const IssueBrief = z.object({
  id: z.string(),
  key: z.string(),
  summary: z.string(),
  status: z.string(),
  status_category: z.string(),
  type: z.string(),
  priority: z.string().nullable(),
  assignee: User,
  labels: z.array(z.string()),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

const briefFields = ['summary', 'status', 'issuetype', 'priority', 'assignee', 'labels', 'created', 'updated'];

interface IssueBody {
  id: string;
  key: string;
  fields: {
    summary?: string;
    status?: { name?: string; statusCategory?: { key?: string } };
    issuetype?: { name?: string };
    priority?: { name?: string } | null;
    assignee?: UserBody | null;
    reporter?: UserBody | null;
    project?: { key?: string };
    parent?: { key?: string };
    labels?: string[];
    components?: { name?: string }[];
    duedate?: string | null;
    resolution?: { name?: string } | null;
    description?: unknown;
    created?: string;
    updated?: string;
  };
}

function briefOf({ id, key, fields }: IssueBody): z.input<typeof IssueBrief> {
  return {
    id,
    key,
    summary: fields.summary ?? '',
    status: fields.status?.name ?? '',
    status_category: fields.status?.statusCategory?.key ?? '',
    type: fields.issuetype?.name ?? '',
    priority: fields.priority?.name ?? null,
    assignee: userOf(fields.assignee),
    labels: fields.labels ?? [],
    created_at: isoOf(fields.created),
    updated_at: isoOf(fields.updated),
  };
}

const fieldsReceived = {
  summary: 'Checkout p95 latency is above 2 s',
  status: {
    self: `${restExample}/status/3`,
    description: '',
    iconUrl: 'https://acme.atlassian.net/images/icons/statuses/inprogress.png',
    name: 'In Progress',
    id: '3',
    statusCategory: { self: `${restExample}/statuscategory/4`, id: 4, key: 'indeterminate', colorName: 'yellow', name: 'In Progress' },
  },
  issuetype: { self: `${restExample}/issuetype/10004`, id: '10004', description: '', iconUrl: '', name: 'Bug', subtask: false },
  priority: { self: `${restExample}/priority/2`, iconUrl: '', name: 'High', id: '2' },
  assignee: jonas,
  labels: ['checkout'],
  created: '2025-11-21T10:01:12.482+0000',
  updated: '2025-11-21T10:06:40.113+0000',
};

const issueReceived = {
  expand: 'renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations',
  id: '10142',
  self: `${restExample}/issue/10142`,
  key: 'ENG-142',
};

const brief = {
  id: '10142',
  key: 'ENG-142',
  summary: 'Checkout p95 latency is above 2 s',
  status: 'In Progress',
  status_category: 'indeterminate',
  type: 'Bug',
  priority: 'High',
  assignee: jonasGiven,
  labels: ['checkout'],
  created_at: '2025-11-21T10:01:12.482Z',
  updated_at: '2025-11-21T10:06:40.113Z',
};

export const issuesSearch = tool({
  name: 'jira_issues_search',
  aliases: ['jira_issues_search_get'],
  title: 'Search issues with JQL',
  description:
    'Search issues with JQL, which must name at least one restriction. currentUser() is the account itself. Very recent changes may ' +
    'be missing: read one by key with jira_issue_get. Follow next_cursor until it is null. Descriptions are left out.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({
    jql: z.string().min(3).max(4000).describe('For example: project = ENG AND statusCategory != Done ORDER BY updated DESC'),
    limit,
    cursor: z.string().min(1).max(2000).optional().describe('next_cursor of the page before, with the same jql'),
  }),
  output: z.object({ issues: z.array(IssueBrief), next_cursor: nextCursor }),
  request: ({ jql, limit: maxResults, cursor: nextPageToken }) =>
    post('/rest/api/3/search/jql', { jql, maxResults, nextPageToken, fields: briefFields }),
  respond: (body: { issues?: IssueBody[]; nextPageToken?: string | null }) => ({
    issues: (body.issues ?? []).map(briefOf),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: `${docsBase}/api-group-issue-search/#api-rest-api-3-search-jql-post`,
  provenance: from('searchAndReconsileIssuesUsingJqlPost'),
  examples: [
    {
      input: { jql: 'project = ENG AND statusCategory != Done ORDER BY updated DESC' },
      receives: { body: { issues: [{ ...issueReceived, fields: fieldsReceived }], nextPageToken: 'CAEaAggD', isLast: false } },
      gives: { issues: [brief], next_cursor: 'CAEaAggD' },
    },
  ],
});

const descriptionMax = 20_000;

export const issueGet = tool({
  name: 'jira_issue_get',
  title: 'Read an issue',
  description:
    'Read one issue with its description as text; descriptions over 20,000 characters are cut (truncated). Find keys with ' +
    'jira_issues_search, the discussion with jira_issue_comments_list, and what may be done next with jira_issue_transitions_list.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({ issueIdOrKey }),
  output: IssueBrief.extend({
    description: z.string(),
    truncated: z.boolean(),
    project: z.string(),
    parent: z.string().nullable(),
    reporter: User,
    components: z.array(z.string()),
    resolution: z.string().nullable(),
    due_date: z.string().nullable(),
  }),
  request: ({ issueIdOrKey }) =>
    get(path`/rest/api/3/issue/${issueIdOrKey}`, {
      fields: [...briefFields, 'description', 'project', 'parent', 'reporter', 'components', 'resolution', 'duedate'].join(','),
    }),
  respond: (issue: IssueBody) => {
    const { fields } = issue;
    const description = fromDocument(fields.description);
    return {
      ...briefOf(issue),
      description: description.slice(0, descriptionMax),
      truncated: description.length > descriptionMax,
      project: fields.project?.key ?? '',
      parent: fields.parent?.key ?? null,
      reporter: userOf(fields.reporter),
      components: (fields.components ?? []).map((component) => component.name ?? ''),
      resolution: fields.resolution?.name ?? null,
      due_date: fields.duedate ?? null,
    };
  },
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-issueidorkey-get`,
  provenance: from('getIssue'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142' },
      receives: {
        body: {
          ...issueReceived,
          fields: {
            ...fieldsReceived,
            description: toDocument('The tax service answers slowly.\n\n- since 09:41 UTC\n- in eu-west-1 only'),
            project: { self: `${restExample}/project/10000`, id: '10000', key: 'ENG', name: 'Engineering', projectTypeKey: 'software' },
            reporter: mira,
            components: [{ self: `${restExample}/component/10010`, id: '10010', name: 'checkout' }],
            resolution: null,
            duedate: '2025-11-24',
          },
        },
      },
      gives: {
        ...brief,
        description: 'The tax service answers slowly.\n\n- since 09:41 UTC\n- in eu-west-1 only',
        truncated: false,
        project: 'ENG',
        parent: null,
        reporter: miraGiven,
        components: ['checkout'],
        resolution: null,
        due_date: '2025-11-24',
      },
    },
  ],
});

const summary = z
  .string()
  .min(1)
  .max(255)
  .refine((line) => !/[\r\n]/.test(line), 'must be one line');
const labels = z.array(z.string().min(1).max(255)).optional();
/** Jira's own bound of a name, which agents need not be told. */
const name = z.string().refine((text) => text.length <= 255, 'is too long');
const named = z.array(name).max(50).optional();
const assignee = z.string().max(128).optional().describe('account_id of who shall do it, from jira_user_assignable_search');
const priority = z.string().max(60).optional().describe('For example High');
const duedate = z.iso.date().optional().describe('Due date');

interface Fields {
  summary?: string | undefined;
  description?: string | undefined;
  priority_name?: string | undefined;
  assignee_account_id?: string | undefined;
  labels?: string[] | undefined;
  components?: string[] | undefined;
  fix_versions?: string[] | undefined;
  duedate?: string | undefined;
}

/** Names of priorities, components and versions are told as names; Jira finds them in the project. */
function jiraFields(input: Fields): Record<string, unknown> {
  const list = (names: string[] | undefined) => names?.map((name) => ({ name }));
  return withoutUndefined({
    summary: input.summary,
    description: input.description === undefined ? undefined : toDocument(input.description),
    priority: input.priority_name === undefined ? undefined : { name: input.priority_name },
    assignee: input.assignee_account_id === undefined ? undefined : { accountId: input.assignee_account_id },
    labels: input.labels,
    components: list(input.components),
    fixVersions: list(input.fix_versions),
    duedate: input.duedate,
  });
}

export const issueCreate = tool({
  name: 'jira_issue_create',
  title: 'Create an issue',
  description:
    'Create one issue in a project; each call makes another, so look with jira_issues_search first. Types come from ' +
    'jira_issue_create_meta_issue_types_list, projects from jira_projects_list.',
  effect: 'write',
  scopes: ['write:jira-work'],
  input: z.object({
    project_key: projectKey.describe('Project key such as ENG, or id'),
    issue_type: name.min(1).describe('Name of the type, for example Bug, Task, Story'),
    summary: summary.describe('One line that says what is wrong or wanted'),
    description: text.optional().describe('Plain text; "- " lists, "# " headings, ``` code'),
    assignee_account_id: assignee,
    priority_name: priority,
    labels: labels.describe('Labels, no spaces within one'),
    components: named.describe('Names of components'),
    fix_versions: named.describe('Names of versions'),
    parent_key: z.string().max(70).optional().describe('Epic, or the parent of a subtask'),
    duedate,
  }),
  output: z.object({ id: z.string(), key: z.string() }),
  request: ({ project_key, issue_type, parent_key, ...rest }) =>
    post('/rest/api/3/issue', {
      fields: {
        project: /^\d+$/.test(project_key) ? { id: project_key } : { key: project_key },
        issuetype: { name: issue_type },
        ...(parent_key === undefined ? {} : { parent: /^\d+$/.test(parent_key) ? { id: parent_key } : { key: parent_key } }),
        ...jiraFields(rest),
      },
    }),
  respond: ({ id, key }: { id: string; key: string }) => ({ id, key }),
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-post`,
  provenance: from('createIssue'),
  examples: [
    {
      input: { project_key: 'ENG', issue_type: 'Bug', summary: 'Checkout p95 latency is above 2 s', description: 'Since 09:41 UTC.' },
      receives: {
        status: 201,
        body: {
          id: '10142',
          key: 'ENG-142',
          self: `${restExample}/issue/10142`,
          transition: { status: 200, errorCollection: { errorMessages: [], errors: {} } },
        },
      },
      gives: { id: '10142', key: 'ENG-142' },
      fresh: { '/key': 'sequence:ENG-' },
    },
  ],
});

export const issueUpdate = tool({
  name: 'jira_issue_update',
  title: 'Change an issue',
  description:
    'Change fields of one issue; what is left out stays. Lists and the description replace the whole: read them with ' +
    'jira_issue_get first. For the status use jira_issue_transition, for the person alone jira_issue_assign.',
  effect: 'write',
  idempotent: true,
  scopes: ['write:jira-work'],
  input: z.object({
    issueIdOrKey,
    summary: summary.optional().describe('New summary'),
    description: text.optional().describe('New plain text, as in jira_issue_create'),
    assignee_account_id: assignee,
    priority_name: priority,
    labels: labels.describe('Labels; replaces the whole set'),
    components: named.describe('Names of components; replaces the whole set'),
    fix_versions: named.describe('Names of versions; replaces the whole set'),
    duedate,
    notifyUsers: z.boolean().default(true).describe('Send mail to watchers'),
  }),
  output: Done,
  request: ({ issueIdOrKey, notifyUsers, ...fields }) => ({
    method: 'PUT',
    path: path`/rest/api/3/issue/${issueIdOrKey}`,
    query: { notifyUsers },
    json: { fields: jiraFields(fields) },
  }),
  respond: done,
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-issueidorkey-put`,
  provenance: from('editIssue'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142', priority_name: 'Highest', labels: ['checkout', 'incident'] },
      receives: { status: 204, body: '' },
      gives: { done: true },
    },
  ],
});

export const issueAssign = tool({
  name: 'jira_issue_assign',
  title: 'Assign an issue',
  description:
    'Give one issue to somebody, or to nobody by leaving accountId out. Find people with jira_user_assignable_search, since ' +
    'not everybody may be assigned in every project. The person is notified.',
  effect: 'write',
  idempotent: true,
  scopes: ['write:jira-work'],
  input: z.object({
    issueIdOrKey,
    accountId: accountId.optional().describe('account_id from jira_user_assignable_search; left out: nobody'),
  }),
  output: Done,
  request: ({ issueIdOrKey, accountId }) => ({
    method: 'PUT',
    path: path`/rest/api/3/issue/${issueIdOrKey}/assignee`,
    json: { accountId: accountId ?? null },
  }),
  respond: done,
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-issueidorkey-assignee-put`,
  provenance: from('assignIssue'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142', accountId: '5b10ac8d82e05b22cc7d4ef5' },
      receives: { status: 204, body: '' },
      gives: { done: true },
    },
  ],
});

interface TransitionBody {
  id: string;
  name: string;
  hasScreen?: boolean;
  to?: { name?: string; statusCategory?: { key?: string } };
}

export const issueTransitionsList = tool({
  name: 'jira_issue_transitions_list',
  title: 'List next steps',
  description:
    'List the steps that the account may take from the present status of one issue, with the ids that jira_issue_transition ' +
    'takes and the status each leads to. The workflow decides, so ask for each issue anew.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({ issueIdOrKey }),
  output: z.object({
    transitions: z.array(
      z.object({ id: z.string(), name: z.string(), to_status: z.string(), to_category: z.string(), has_screen: z.boolean() }),
    ),
    truncated: z.boolean(),
  }),
  request: ({ issueIdOrKey }) => get(path`/rest/api/3/issue/${issueIdOrKey}/transitions`),
  respond: ({ transitions }: { transitions: TransitionBody[] }) => ({
    transitions: transitions.slice(0, 50).map((t) => ({
      id: t.id,
      name: t.name,
      to_status: t.to?.name ?? '',
      to_category: t.to?.statusCategory?.key ?? '',
      has_screen: t.hasScreen ?? false,
    })),
    truncated: transitions.length > 50,
  }),
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get`,
  provenance: from('getTransitions'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142' },
      receives: {
        body: {
          expand: 'transitions',
          transitions: [
            {
              id: '31',
              name: 'Done',
              to: {
                self: `${restExample}/status/10002`,
                description: '',
                iconUrl: 'https://acme.atlassian.net/images/icons/statuses/closed.png',
                name: 'Done',
                id: '10002',
                statusCategory: { self: `${restExample}/statuscategory/3`, id: 3, key: 'done', colorName: 'green', name: 'Done' },
              },
              hasScreen: false,
              isGlobal: true,
              isInitial: false,
              isAvailable: true,
              isConditional: false,
            },
          ],
        },
      },
      gives: { transitions: [{ id: '31', name: 'Done', to_status: 'Done', to_category: 'done', has_screen: false }], truncated: false },
    },
  ],
});

export const issueTransition = tool({
  name: 'jira_issue_transition',
  title: 'Move an issue on',
  description:
    'Take one step of the workflow, which changes the status. Ids come from jira_issue_transitions_list for the same issue; one ' +
    'that does not lead on from the present status is refused. A step may ask for a resolution (has_screen).',
  effect: 'write',
  scopes: ['write:jira-work'],
  input: z.object({
    issueIdOrKey,
    transitionId: z
      .string()
      .regex(/^\d{1,12}$/)
      .describe('Id such as 31, from jira_issue_transitions_list'),
    comment: text.optional().describe('A comment that goes with it, as plain text'),
    resolution: z.string().min(1).max(60).optional().describe('Name of the resolution where the step asks, for example Done'),
  }),
  output: Done,
  request: ({ issueIdOrKey, transitionId, comment, resolution }) =>
    post(
      path`/rest/api/3/issue/${issueIdOrKey}/transitions`,
      withoutUndefined({
        transition: { id: transitionId },
        fields: resolution === undefined ? undefined : { resolution: { name: resolution } },
        update: comment === undefined ? undefined : { comment: [{ add: { body: toDocument(comment) } }] },
      }),
    ),
  respond: done,
  docs: `${docsBase}/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post`,
  provenance: from('doTransition'),
  examples: [{ input: { issueIdOrKey: 'ENG-142', transitionId: '31' }, receives: { status: 204, body: '' }, gives: { done: true } }],
});

export const issueLinkCreate = tool({
  name: 'jira_issue_link_create',
  title: 'Link two issues',
  description:
    'Link two issues with a type of the site such as Blocks, Duplicate or Relates. With Blocks the outward issue is blocked by the ' +
    'inward one. Find keys with jira_issues_search. Linking them again changes nothing.',
  effect: 'write',
  idempotent: true,
  scopes: ['write:jira-work'],
  input: z.object({
    link_type_name: z.string().min(1).max(60).describe('Name of the type: Blocks, Duplicate, Relates, …'),
    inward_issue_key: issueIdOrKey.describe('Issue that does it: the one that blocks'),
    outward_issue_key: issueIdOrKey.describe('Issue that it is done to: the one that is blocked'),
  }),
  output: Done,
  request: ({ link_type_name, inward_issue_key, outward_issue_key }) =>
    post('/rest/api/3/issueLink', {
      type: { name: link_type_name },
      inwardIssue: { key: inward_issue_key },
      outwardIssue: { key: outward_issue_key },
    }),
  respond: done,
  docs: `${docsBase}/api-group-issue-links/#api-rest-api-3-issuelink-post`,
  provenance: from('linkIssues'),
  examples: [
    {
      input: { link_type_name: 'Blocks', inward_issue_key: 'ENG-142', outward_issue_key: 'ENG-150' },
      receives: { status: 201, body: '' },
      gives: { done: true },
    },
  ],
});
