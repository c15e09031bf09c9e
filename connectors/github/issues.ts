import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { issueExample, linkExample, mira } from './examples.ts';
import { cursor, cut, docsBase, from, limit, login, loginOf, moment, nextCursor, nextPage, owner, paged, repo } from './fields.ts';

const issue_number = z.int().min(1).describe('Number in the repository, as in #142');
const text = z.string().max(60_000);
const labelNames = z.array(z.string().min(1).max(50)).max(50).optional();
const assignees = z.array(login).max(10).optional();

/** What lists give of an issue; github_issue_get gives the text as well. */
const IssueBrief = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string(),
  state_reason: z.string().nullable(),
  is_pull_request: z.boolean(),
  author: z.string().nullable(),
  assignees: z.array(z.string()),
  labels: z.array(z.string()),
  comments: z.int(),
  url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().nullable(),
});

interface IssueBody {
  number: number;
  title: string;
  state: string;
  state_reason?: string | null;
  pull_request?: object;
  user: { login: string } | null;
  assignees?: { login: string }[] | null;
  labels: ({ name?: string | null } | string)[];
  comments: number;
  html_url: string;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  body?: string | null;
  milestone?: { title: string } | null;
}

function briefOf(issue: IssueBody): z.input<typeof IssueBrief> {
  return {
    number: issue.number,
    title: issue.title,
    state: issue.state,
    state_reason: issue.state_reason ?? null,
    is_pull_request: issue.pull_request !== undefined,
    author: loginOf(issue.user),
    assignees: (issue.assignees ?? []).map((user) => user.login),
    labels: issue.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))).filter((name) => name !== ''),
    comments: issue.comments,
    url: issue.html_url,
    created_at: issue.created_at,
    updated_at: issue.updated_at,
    closed_at: issue.closed_at,
  };
}

const latency = 'Checkout p95 latency is above 2 s';
const brief = {
  number: 142,
  title: latency,
  state: 'open',
  state_reason: null,
  is_pull_request: false,
  author: 'mira-lopez',
  assignees: ['jonas-kim'],
  labels: ['bug'],
  comments: 2,
  url: 'https://github.com/acme/checkout-api/issues/142',
  created_at: '2025-11-21T09:58:12Z',
  updated_at: '2025-11-21T10:04:40Z',
  closed_at: null,
};

export const issuesList = tool({
  name: 'github_issues_list',
  title: 'List issues',
  description:
    'List the issues of one repository, newest first, pull requests among them (is_pull_request). To search words or several ' +
    'repositories use github_search_issues; for the text of one use github_issue_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({
    owner,
    repo,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Which issues'),
    labels: z.string().max(500).optional().describe('All these labels, joined by commas'),
    assignee: z.string().max(100).optional().describe('Login, none, or * for anybody'),
    creator: z.string().max(100).optional().describe('Login of who opened it'),
    since: moment.describe('Only those changed since'),
    sort: z.enum(['created', 'updated', 'comments']).default('created').describe('Order by'),
    direction: z.enum(['asc', 'desc']).default('desc').describe('desc shows the newest first'),
    limit,
    cursor,
  }),
  output: z.object({ issues: z.array(IssueBrief), next_cursor: nextCursor }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/issues`, paged(rest)),
  respond: (body: IssueBody[], response) => ({ issues: body.map(briefOf), next_cursor: nextPage(response) }),
  docs: `${docsBase}/issues/issues#list-repository-issues`,
  provenance: from('issues/list-for-repo'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', labels: 'bug' },
      receives: { headers: linkExample('/repositories/601204/issues'), body: [issueExample(142, latency)] },
      gives: { issues: [brief], next_cursor: '2' },
    },
  ],
});

export const issueGet = tool({
  name: 'github_issue_get',
  title: 'Read an issue',
  description:
    'Read one issue with its text; texts over 20,000 characters are cut (truncated). Numbers come from github_issues_list or ' +
    'github_search_issues, the discussion from github_issue_comments_list. For pull requests use github_pull_request_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, issue_number }),
  output: IssueBrief.extend({ body: z.string(), truncated: z.boolean(), milestone: z.string().nullable() }),
  request: ({ owner, repo, issue_number }) => get(path`/repos/${owner}/${repo}/issues/${issue_number}`),
  respond: (issue: IssueBody) => {
    const { text: body, truncated } = cut(issue.body, 20_000);
    return { ...briefOf(issue), body, truncated, milestone: issue.milestone?.title ?? null };
  },
  docs: `${docsBase}/issues/issues#get-an-issue`,
  provenance: from('issues/get'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', issue_number: 142 },
      receives: { body: issueExample(142, latency) },
      gives: { ...brief, body: 'Checkout takes more than 2 s since **v412**.', truncated: false, milestone: null },
    },
  ],
});

export const issueCreate = tool({
  name: 'github_issue_create',
  title: 'Create an issue',
  description:
    'Open one issue in a repository; each call opens another, so look with github_search_issues first. Watchers and assignees ' +
    'are notified. Labels and assignees are dropped without a word where the account may not push.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    title: z.string().min(1).max(256).describe('One line that says what is wrong or wanted'),
    body: text.optional().describe('What happened, in Markdown'),
    labels: labelNames.describe('Names of labels'),
    assignees: assignees.describe('Logins of those who shall take it'),
    milestone: z.int().min(1).optional().describe('Number of a milestone, from its address'),
    type: z.string().min(1).max(100).optional().describe('Name of an issue type of the organization, for example Bug'),
  }),
  output: IssueBrief,
  request: ({ owner, repo, ...body }) => post(path`/repos/${owner}/${repo}/issues`, body),
  respond: briefOf,
  docs: `${docsBase}/issues/issues#create-an-issue`,
  provenance: from('issues/create'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', title: latency, body: 'Checkout takes more than 2 s since **v412**.', labels: ['bug'] },
      receives: { status: 201, body: issueExample(142, latency) },
      gives: brief,
      fresh: { '/created_at': 'iso_now', '/updated_at': 'iso_now' },
    },
  ],
});

export const issueUpdate = tool({
  name: 'github_issue_update',
  title: 'Change an issue',
  description:
    'Change title, text, state, labels or assignees of one issue; what is left out stays. Close it with state closed. Labels ' +
    'and assignees replace the whole set: read them with github_issue_get first. To say something use github_issue_comment_create.',
  effect: 'write',
  idempotent: true,
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    issue_number,
    title: z.string().max(256).optional().describe('New title'),
    body: text.optional().describe('New text in Markdown; replaces the whole'),
    state: z.enum(['open', 'closed']).optional().describe('New state'),
    state_reason: z.enum(['completed', 'not_planned', 'duplicate', 'reopened']).optional().describe('Why, where the state changes'),
    labels: labelNames.describe('Names of labels; replaces the whole set'),
    assignees: assignees.describe('Logins; replaces the whole set'),
    milestone: z.int().min(1).optional().describe('Number of a milestone, from its address'),
  }),
  output: IssueBrief,
  request: ({ owner, repo, issue_number, ...json }) => ({
    method: 'PATCH',
    path: path`/repos/${owner}/${repo}/issues/${issue_number}`,
    json,
  }),
  respond: briefOf,
  docs: `${docsBase}/issues/issues#update-an-issue`,
  provenance: from('issues/update'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', issue_number: 142, state: 'closed', state_reason: 'completed' },
      receives: {
        body: issueExample(142, latency, {
          state: 'closed',
          state_reason: 'completed',
          closed_at: '2025-11-21T11:02:00Z',
          closed_by: mira,
          updated_at: '2025-11-21T11:02:00Z',
        }),
      },
      gives: {
        ...brief,
        state: 'closed',
        state_reason: 'completed',
        closed_at: '2025-11-21T11:02:00Z',
        updated_at: '2025-11-21T11:02:00Z',
      },
      fresh: { '/updated_at': 'iso_now', '/closed_at': 'iso_now' },
    },
  ],
});

const Comment = z.object({
  id: z.int(),
  author: z.string().nullable(),
  body: z.string(),
  truncated: z.boolean(),
  url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});

interface CommentBody {
  id: number;
  user: { login: string } | null;
  body?: string;
  html_url: string;
  created_at: string;
  updated_at: string;
}

function commentOf(comment: CommentBody): z.input<typeof Comment> {
  const { text: body, truncated } = cut(comment.body, 4000);
  const { id, html_url: url, created_at, updated_at } = comment;
  return { id, author: loginOf(comment.user), body, truncated, url, created_at, updated_at };
}

const commentReceived = {
  id: 3_104_882_517,
  node_id: 'IC_kwDO3104',
  url: 'https://api.github.com/repos/acme/checkout-api/issues/comments/3104882517',
  html_url: 'https://github.com/acme/checkout-api/issues/142#issuecomment-3104882517',
  issue_url: 'https://api.github.com/repos/acme/checkout-api/issues/142',
  body: 'The tax service answers in 1.8 s since 09:40 UTC.',
  user: mira,
  created_at: '2025-11-21T10:02:31Z',
  updated_at: '2025-11-21T10:02:31Z',
  author_association: 'MEMBER',
  performed_via_github_app: null,
};

const commentGiven = {
  id: 3_104_882_517,
  author: 'mira-lopez',
  body: 'The tax service answers in 1.8 s since 09:40 UTC.',
  truncated: false,
  url: 'https://github.com/acme/checkout-api/issues/142#issuecomment-3104882517',
  created_at: '2025-11-21T10:02:31Z',
  updated_at: '2025-11-21T10:02:31Z',
};

export const issueCommentsList = tool({
  name: 'github_issue_comments_list',
  title: 'List comments',
  description:
    'List the comments on one issue or pull request, oldest first; texts over 4,000 characters are cut (truncated). The text of ' +
    'the issue itself is in github_issue_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, issue_number, since: moment.describe('Only comments changed at or after this moment'), limit, cursor }),
  output: z.object({ comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ owner, repo, issue_number, ...rest }) => get(path`/repos/${owner}/${repo}/issues/${issue_number}/comments`, paged(rest)),
  respond: (body: CommentBody[], response) => ({ comments: body.map(commentOf), next_cursor: nextPage(response) }),
  docs: `${docsBase}/issues/comments#list-issue-comments`,
  provenance: from('issues/list-comments'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', issue_number: 142 },
      receives: { body: [commentReceived] },
      gives: { comments: [commentGiven], next_cursor: null },
    },
  ],
});

export const issueCommentCreate = tool({
  name: 'github_issue_comment_create',
  title: 'Comment on an issue',
  description:
    'Write one comment on an issue or a pull request; everybody who follows it is notified, and each call comments again. ' +
    'For a review with a verdict use github_pull_request_review_create.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    issue_number: issue_number.describe('Number of the issue or pull request'),
    body: text.min(1).describe('The comment, in Markdown; @login notifies somebody'),
  }),
  output: Comment,
  request: ({ owner, repo, issue_number, body }) => post(path`/repos/${owner}/${repo}/issues/${issue_number}/comments`, { body }),
  respond: commentOf,
  docs: `${docsBase}/issues/comments#create-an-issue-comment`,
  provenance: from('issues/create-comment'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', issue_number: 142, body: 'The tax service answers in 1.8 s since 09:40 UTC.' },
      receives: { status: 201, body: commentReceived },
      gives: commentGiven,
      fresh: { '/created_at': 'iso_now', '/updated_at': 'iso_now' },
    },
  ],
});

/** GitHub searches no further than this many hits. */
export const query = z.string().min(1).max(256);

export const searchIssues = tool({
  name: 'github_search_issues',
  title: 'Search issues and pull requests',
  description:
    'Search issues and pull requests over all repositories that the account sees, at most 1,000 hits. Say is:issue or ' +
    'is:pull-request in q, and narrow with repo:acme/api, state:open, author:login. For one repository’s list use github_issues_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q: query.describe('Words and qualifiers, for example: is:issue state:open repo:acme/checkout-api latency'),
    sort: z.enum(['comments', 'reactions', 'interactions', 'created', 'updated']).optional().describe('Order by; best match unless told'),
    order: z.enum(['desc', 'asc']).default('desc').describe('Direction of sort'),
    limit,
    cursor,
  }),
  output: z.object({
    total_count: z.int(),
    issues: z.array(IssueBrief.extend({ repository: z.string() })),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/search/issues', paged(input)),
  respond: (body: { total_count: number; items: (IssueBody & { repository_url: string })[] }, response) => ({
    total_count: body.total_count,
    issues: body.items.map((item) => ({ ...briefOf(item), repository: item.repository_url.split('/').slice(-2).join('/') })),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/search/search#search-issues-and-pull-requests`,
  provenance: from('search/issues-and-pull-requests'),
  examples: [
    {
      input: { q: 'is:issue state:open repo:acme/checkout-api latency' },
      receives: {
        body: { total_count: 1, incomplete_results: false, search_type: 'lexical', items: [issueExample(142, latency, { score: 1 })] },
      },
      gives: { total_count: 1, issues: [{ ...brief, repository: 'acme/checkout-api' }], next_cursor: null },
    },
  ],
});
