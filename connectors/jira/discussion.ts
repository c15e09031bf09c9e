import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { fromDocument, toDocument } from './document.ts';
import {
  cursor,
  docsBase,
  from,
  isoOf,
  issueIdOrKey,
  jiraTime,
  limit,
  mira,
  miraGiven,
  nextCursor,
  nextStart,
  type Page,
  paged,
  restExample,
  text,
  User,
  type UserBody,
  userOf,
} from './fields.ts';

const textMax = 4000;

const Comment = z.object({
  id: z.string(),
  author: User,
  body: z.string(),
  truncated: z.boolean(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

interface CommentBody {
  id: string;
  author?: UserBody;
  body?: unknown;
  created?: string;
  updated?: string;
}

function commentOf(comment: CommentBody): z.input<typeof Comment> {
  const body = fromDocument(comment.body);
  return {
    id: comment.id,
    author: userOf(comment.author),
    body: body.slice(0, textMax),
    truncated: body.length > textMax,
    created_at: isoOf(comment.created),
    updated_at: isoOf(comment.updated),
  };
}

const said = 'The tax service is being restarted.\nSee https://status.acme.example/42';
const commentReceived = {
  self: `${restExample}/issue/10142/comment/10301`,
  id: '10301',
  author: mira,
  body: toDocument(said),
  updateAuthor: mira,
  created: '2025-11-21T10:08:00.000+0000',
  updated: '2025-11-21T10:08:00.000+0000',
  jsdPublic: true,
};
const commentGiven = {
  id: '10301',
  author: miraGiven,
  body: said,
  truncated: false,
  created_at: '2025-11-21T10:08:00.000Z',
  updated_at: '2025-11-21T10:08:00.000Z',
};

export const issueCommentAdd = tool({
  name: 'jira_issue_comment_add',
  title: 'Comment on an issue',
  description:
    'Write one comment on an issue; watchers are notified, and each call comments again. Find keys with jira_issues_search. ' +
    'To record time that was spent use jira_issue_worklog_add.',
  effect: 'write',
  scopes: ['write:jira-work'],
  input: z.object({
    issueIdOrKey,
    body: text.min(1).describe('Plain text; "- " makes lists, "# " headings, ``` code'),
    visibility_type: z.enum(['role', 'group']).optional().describe('Show it to one role or group only'),
    visibility_value: z.string().min(1).max(255).optional().describe('Name of that role or group'),
  }),
  output: Comment,
  request: ({ issueIdOrKey, body, visibility_type: type, visibility_value: value }) =>
    post(path`/rest/api/3/issue/${issueIdOrKey}/comment`, {
      body: toDocument(body),
      ...(type === undefined || value === undefined ? {} : { visibility: { type, value } }),
    }),
  respond: commentOf,
  docs: `${docsBase}/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-post`,
  provenance: from('addComment'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142', body: said },
      receives: { status: 201, body: commentReceived },
      gives: commentGiven,
      fresh: { '/created': 'iso_now', '/updated': 'iso_now' },
    },
  ],
});

export const issueCommentsList = tool({
  name: 'jira_issue_comments_list',
  title: 'List comments',
  description:
    'List the comments on one issue as text, newest first unless told; texts over 4,000 characters are cut (truncated). The ' +
    'description of the issue itself is in jira_issue_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({
    issueIdOrKey,
    orderBy: z.enum(['created', '-created']).default('-created').describe('-created shows the newest first'),
    limit,
    cursor,
  }),
  output: z.object({ total: z.int(), comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ issueIdOrKey, ...rest }) => get(path`/rest/api/3/issue/${issueIdOrKey}/comment`, paged(rest)),
  respond: (body: Page & { comments: CommentBody[] }) => ({
    total: body.total ?? body.comments.length,
    comments: body.comments.map(commentOf),
    next_cursor: nextStart(body, body.comments.length),
  }),
  docs: `${docsBase}/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-get`,
  provenance: from('getComments'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142' },
      receives: { body: { startAt: 0, maxResults: 20, total: 1, comments: [commentReceived] } },
      gives: { total: 1, comments: [commentGiven], next_cursor: null },
    },
  ],
});

const Worklog = z.object({
  id: z.string(),
  author: User,
  time_spent: z.string(),
  seconds: z.int(),
  comment: z.string(),
  started_at: z.string().nullable(),
});

interface WorklogBody {
  id: string;
  author?: UserBody;
  timeSpent?: string;
  timeSpentSeconds?: number;
  comment?: unknown;
  started?: string;
}

function worklogOf(worklog: WorklogBody): z.input<typeof Worklog> {
  return {
    id: worklog.id,
    author: userOf(worklog.author),
    time_spent: worklog.timeSpent ?? '',
    seconds: worklog.timeSpentSeconds ?? 0,
    comment: fromDocument(worklog.comment).slice(0, 2000),
    started_at: isoOf(worklog.started),
  };
}

const worklogReceived = {
  self: `${restExample}/issue/10142/worklog/100028`,
  author: mira,
  updateAuthor: mira,
  comment: toDocument('Looked for the slow call'),
  created: '2025-11-21T11:20:04.000+0000',
  updated: '2025-11-21T11:20:04.000+0000',
  started: '2025-11-21T10:10:00.000+0000',
  timeSpent: '1h 10m',
  timeSpentSeconds: 4200,
  id: '100028',
  issueId: '10142',
};
const worklogGiven = {
  id: '100028',
  author: miraGiven,
  time_spent: '1h 10m',
  seconds: 4200,
  comment: 'Looked for the slow call',
  started_at: '2025-11-21T10:10:00.000Z',
};

export const issueWorklogAdd = tool({
  name: 'jira_issue_worklog_add',
  title: 'Record time spent',
  description:
    'Record time that was spent on one issue; each call records it again, so look with jira_issue_worklogs_list first. The ' +
    'remaining estimate is lowered unless told otherwise. For words alone use jira_issue_comment_add.',
  effect: 'write',
  scopes: ['write:jira-work'],
  input: z.object({
    issueIdOrKey,
    timeSpent: z
      .string()
      .regex(/^\d{1,4}(\.\d{1,2})?[wdhm]( \d{1,4}(\.\d{1,2})?[wdhm]){0,3}$/)
      .describe('For example 1h 30m, or 2d'),
    started: z.iso.datetime({ offset: true }).optional().describe('When it began; now unless told'),
    comment: text.optional().describe('What was done, as plain text'),
    adjustEstimate: z.enum(['auto', 'leave']).default('auto').describe('leave keeps the remaining estimate as it is'),
  }),
  output: Worklog,
  request: ({ issueIdOrKey, timeSpent, started, comment, adjustEstimate }) => ({
    ...post(path`/rest/api/3/issue/${issueIdOrKey}/worklog`, {
      timeSpent,
      ...(started === undefined ? {} : { started: jiraTime(started) }),
      ...(comment === undefined ? {} : { comment: toDocument(comment) }),
    }),
    query: { adjustEstimate },
  }),
  respond: worklogOf,
  docs: `${docsBase}/api-group-issue-worklogs/#api-rest-api-3-issue-issueidorkey-worklog-post`,
  provenance: from('addWorklog'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142', timeSpent: '1h 10m', started: '2025-11-21T10:10:00Z', comment: 'Looked for the slow call' },
      receives: { status: 201, body: worklogReceived },
      gives: worklogGiven,
    },
  ],
});

export const issueWorklogsList = tool({
  name: 'jira_issue_worklogs_list',
  title: 'List time spent',
  description:
    'List the time that was recorded on one issue, oldest first, with who spent it and when it began. To add to it use ' +
    'jira_issue_worklog_add. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:jira-work'],
  input: z.object({
    issueIdOrKey,
    startedAfter: z.iso.datetime({ offset: true }).optional().describe('Only work that began after this moment'),
    startedBefore: z.iso.datetime({ offset: true }).optional().describe('Only work that began before this moment'),
    limit,
    cursor,
  }),
  output: z.object({ total: z.int(), worklogs: z.array(Worklog), next_cursor: nextCursor }),
  request: ({ issueIdOrKey, startedAfter, startedBefore, ...rest }) => {
    const ms = (iso: string | undefined) => (iso === undefined ? undefined : Date.parse(iso));
    const window = { startedAfter: ms(startedAfter), startedBefore: ms(startedBefore) };
    return get(path`/rest/api/3/issue/${issueIdOrKey}/worklog`, { ...window, ...paged(rest) });
  },
  respond: (body: Page & { worklogs: WorklogBody[] }) => ({
    total: body.total ?? body.worklogs.length,
    worklogs: body.worklogs.map(worklogOf),
    next_cursor: nextStart(body, body.worklogs.length),
  }),
  docs: `${docsBase}/api-group-issue-worklogs/#api-rest-api-3-issue-issueidorkey-worklog-get`,
  provenance: from('getIssueWorklog'),
  examples: [
    {
      input: { issueIdOrKey: 'ENG-142' },
      receives: { body: { startAt: 0, maxResults: 20, total: 1, worklogs: [worklogReceived] } },
      gives: { total: 1, worklogs: [worklogGiven], next_cursor: null },
    },
  ],
});
