import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { linkExample, mira, pullDetails, pullExample } from './examples.ts';
import { branch, cursor, cut, docsBase, from, limit, loginOf, nextCursor, nextPage, owner, paged, repo, sha } from './fields.ts';

const pull_number = z.int().min(1).describe('Number of the pull request, from github_pull_requests_list');

/** What lists and changes give of a pull request; github_pull_request_get gives the rest. */
const PullBrief = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string(),
  draft: z.boolean(),
  author: z.string().nullable(),
  head: z.object({ label: z.string(), sha: z.string() }),
  base: z.string(),
  requested_reviewers: z.array(z.string()),
  labels: z.array(z.string()),
  url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  merged_at: z.string().nullable(),
});

interface PullBody {
  number: number;
  title: string;
  state: string;
  draft?: boolean;
  user: { login: string } | null;
  head: { label: string; sha: string };
  base: { ref: string };
  requested_reviewers?: { login: string }[] | null;
  labels: { name: string }[];
  html_url: string;
  created_at: string;
  updated_at: string;
  merged_at: string | null;
}

interface WholePull extends PullBody {
  body: string | null;
  mergeable: boolean | null;
  mergeable_state: string;
  commits: number;
  additions: number;
  deletions: number;
  changed_files: number;
}

function briefOf(pull: PullBody): z.input<typeof PullBrief> {
  return {
    number: pull.number,
    title: pull.title,
    state: pull.state,
    draft: pull.draft ?? false,
    author: loginOf(pull.user),
    head: { label: pull.head.label, sha: pull.head.sha },
    base: pull.base.ref,
    requested_reviewers: (pull.requested_reviewers ?? []).map((user) => user.login),
    labels: pull.labels.map((label) => label.name),
    url: pull.html_url,
    created_at: pull.created_at,
    updated_at: pull.updated_at,
    merged_at: pull.merged_at,
  };
}

const title = 'Cache tax rates for a minute';
const headSha = '9fb037999f264ba9a7fc6274d15fa3ae2ab98312';
const brief = {
  number: 147,
  title,
  state: 'open',
  draft: false,
  author: 'jonas-kim',
  head: { label: 'acme:cache-tax-rates', sha: headSha },
  base: 'main',
  requested_reviewers: ['mira-lopez'],
  labels: ['bug'],
  url: 'https://github.com/acme/checkout-api/pull/147',
  created_at: '2025-11-21T10:20:00Z',
  updated_at: '2025-11-21T10:31:09Z',
  merged_at: null,
};

export const pullRequestsList = tool({
  name: 'github_pull_requests_list',
  title: 'List pull requests',
  description:
    'List the pull requests of one repository, newest first, with their numbers and branches. For text, size and whether it can ' +
    'be merged use github_pull_request_get; to search words use github_search_issues with is:pull-request.',
  effect: 'read',
  scopes: [],
  input: z.object({
    owner,
    repo,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('closed holds the merged ones too (merged_at)'),
    head: branch.optional().describe('Only from this branch, as owner:branch'),
    base: branch.optional().describe('Only into this branch, for example main'),
    sort: z.enum(['created', 'updated', 'popularity', 'long-running']).default('created').describe('Order by'),
    direction: z.enum(['asc', 'desc']).default('desc').describe('desc shows the newest first'),
    limit,
    cursor,
  }),
  output: z.object({ pull_requests: z.array(PullBrief), next_cursor: nextCursor }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/pulls`, paged(rest)),
  respond: (body: PullBody[], response) => ({ pull_requests: body.map(briefOf), next_cursor: nextPage(response) }),
  docs: `${docsBase}/pulls/pulls#list-pull-requests`,
  provenance: from('pulls/list'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', base: 'main' },
      receives: { headers: linkExample('/repositories/601204/pulls'), body: [pullExample(147, title)] },
      gives: { pull_requests: [brief], next_cursor: '2' },
    },
  ],
});

export const pullRequestGet = tool({
  name: 'github_pull_request_get',
  title: 'Read a pull request',
  description:
    'Read one pull request: text, branches, size, and whether it can be merged (mergeable is null while GitHub computes it: ask ' +
    'again). Changed files come from github_pull_request_files_list, comments from github_issue_comments_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, pull_number }),
  output: PullBrief.extend({
    body: z.string(),
    truncated: z.boolean(),
    mergeable: z.boolean().nullable(),
    mergeable_state: z.string(),
    commits: z.int(),
    additions: z.int(),
    deletions: z.int(),
    changed_files: z.int(),
  }),
  request: ({ owner, repo, pull_number }) => get(path`/repos/${owner}/${repo}/pulls/${pull_number}`),
  respond: (pull: WholePull) => {
    const { text: body, truncated } = cut(pull.body, 20_000);
    const { mergeable, mergeable_state, commits, additions, deletions, changed_files } = pull;
    return { ...briefOf(pull), body, truncated, mergeable, mergeable_state, commits, additions, deletions, changed_files };
  },
  docs: `${docsBase}/pulls/pulls#get-a-pull-request`,
  provenance: from('pulls/get'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', pull_number: 147 },
      receives: { body: pullExample(147, title, pullDetails) },
      gives: {
        ...brief,
        body: 'Caches tax rates for a minute. Closes #142.',
        truncated: false,
        mergeable: true,
        mergeable_state: 'clean',
        commits: 3,
        additions: 104,
        deletions: 9,
        changed_files: 4,
      },
    },
  ],
});

const patchMax = 3000;

interface FileBody {
  filename: string;
  status: string;
  additions: number;
  deletions: number;
  previous_filename?: string;
  patch?: string;
}

export const pullRequestFilesList = tool({
  name: 'github_pull_request_files_list',
  title: 'List changed files',
  description:
    'List the files that one pull request changes, each with its diff; diffs over 3,000 characters are cut (truncated), binary ' +
    'files have none. For a file as a whole use github_file_contents_get with the head as ref.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, pull_number, limit, cursor }),
  output: z.object({
    files: z.array(
      z.object({
        filename: z.string(),
        previous_filename: z.string().nullable(),
        status: z.string(),
        additions: z.int(),
        deletions: z.int(),
        patch: z.string(),
        truncated: z.boolean(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ owner, repo, pull_number, ...rest }) => get(path`/repos/${owner}/${repo}/pulls/${pull_number}/files`, paged(rest)),
  respond: (body: FileBody[], response) => ({
    files: body.map(({ filename, previous_filename, status, additions, deletions, patch: whole }) => {
      const { text: patch, truncated } = cut(whole, patchMax);
      return { filename, previous_filename: previous_filename ?? null, status, additions, deletions, patch, truncated };
    }),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/pulls/pulls#list-pull-requests-files`,
  provenance: from('pulls/list-files'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', pull_number: 147 },
      receives: {
        body: [
          {
            sha: 'bbcd538c8e72b8c175046e27cc8f907076331401',
            filename: 'src/tax.ts',
            status: 'modified',
            additions: 2,
            deletions: 1,
            changes: 3,
            blob_url: `https://github.com/acme/checkout-api/blob/${headSha}/src/tax.ts`,
            raw_url: `https://github.com/acme/checkout-api/raw/${headSha}/src/tax.ts`,
            contents_url: `https://api.github.com/repos/acme/checkout-api/contents/src/tax.ts?ref=${headSha}`,
            patch:
              '@@ -8,3 +8,4 @@\n-  return fetchRate(country);\n+  const held = rates.get(country);\n+  return held ?? fetchRate(country);',
          },
        ],
      },
      gives: {
        files: [
          {
            filename: 'src/tax.ts',
            previous_filename: null,
            status: 'modified',
            additions: 2,
            deletions: 1,
            patch:
              '@@ -8,3 +8,4 @@\n-  return fetchRate(country);\n+  const held = rates.get(country);\n+  return held ?? fetchRate(country);',
            truncated: false,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const pullRequestCreate = tool({
  name: 'github_pull_request_create',
  title: 'Open a pull request',
  description:
    'Open one pull request from a branch that exists and has commits that base lacks; make it with github_branch_create and ' +
    'github_file_create_update. A second one for the same branches is refused: look with github_pull_requests_list.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    title: z.string().min(1).max(256).describe('What the change does, in one line'),
    head: branch.describe('Branch with the change; owner:branch where it is in a fork'),
    base: branch.describe('Branch to merge into, for example main'),
    body: z.string().max(60_000).optional().describe('Why and how, in Markdown; Closes #142 closes that issue when merged'),
    draft: z.boolean().default(false).describe('Not yet ready for review'),
    maintainer_can_modify: z.boolean().optional().describe('Let maintainers push to a fork’s branch'),
  }),
  output: PullBrief,
  request: ({ owner, repo, ...body }) => post(path`/repos/${owner}/${repo}/pulls`, body),
  respond: briefOf,
  docs: `${docsBase}/pulls/pulls#create-a-pull-request`,
  provenance: from('pulls/create'),
  examples: [
    {
      input: {
        owner: 'acme',
        repo: 'checkout-api',
        title,
        head: 'cache-tax-rates',
        base: 'main',
        body: 'Caches tax rates for a minute. Closes #142.',
      },
      receives: { status: 201, body: pullExample(147, title, pullDetails) },
      gives: brief,
      fresh: { '/created_at': 'iso_now', '/updated_at': 'iso_now' },
    },
  ],
});

export const pullRequestUpdate = tool({
  name: 'github_pull_request_update',
  title: 'Change a pull request',
  description:
    'Change title, text, base branch or state of one pull request; what is left out stays. Closing it does not merge it: for that use ' +
    'github_pull_request_merge. Labels and assignees are changed with github_issue_update, which takes the same number.',
  effect: 'write',
  idempotent: true,
  scopes: ['public_repo'],
  input: z
    .object({
      owner,
      repo,
      pull_number,
      title: z.string().min(1).max(256).optional().describe('New title'),
      body: z.string().max(65_536).optional().describe('New text in Markdown; replaces the whole'),
      state: z.enum(['open', 'closed']).optional().describe('closed closes it, open opens it again'),
      base: branch.optional().describe('Other branch to merge into, for example main'),
    })
    .refine(
      ({ title, body, state, base }) => [title, body, state, base].some((value) => value !== undefined),
      'give at least one field to change',
    ),
  output: PullBrief,
  request: ({ owner, repo, pull_number, ...json }) => ({
    method: 'PATCH',
    path: path`/repos/${owner}/${repo}/pulls/${pull_number}`,
    json,
  }),
  respond: briefOf,
  docs: `${docsBase}/pulls/pulls#update-a-pull-request`,
  provenance: from('pulls/update'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', pull_number: 147, title },
      receives: { body: pullExample(147, title, pullDetails) },
      gives: brief,
      fresh: { '/updated_at': 'iso_now' },
    },
  ],
});

export const pullRequestMerge = tool({
  name: 'github_pull_request_merge',
  title: 'Merge a pull request',
  description:
    'Merge one pull request into its base branch, which cannot be taken back here. Read it with github_pull_request_get first ' +
    'and give its head sha, so that nothing newer is merged. Refused while checks or reviews are missing.',
  effect: 'destructive',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    pull_number,
    sha: sha.optional().describe('Refuse unless the head is still this commit'),
    merge_method: z.enum(['merge', 'squash', 'rebase']).optional().describe('How; the repository decides what it allows'),
    commit_title: z.string().min(1).max(256).optional().describe('First line of the merge commit'),
    commit_message: z.string().max(10_000).optional().describe('Rest of the merge commit’s message'),
  }),
  output: z.object({ merged: z.boolean(), sha: z.string(), message: z.string() }),
  request: ({ owner, repo, pull_number, ...json }) => ({
    method: 'PUT',
    path: path`/repos/${owner}/${repo}/pulls/${pull_number}/merge`,
    json,
  }),
  respond: ({ merged, sha, message }: { merged: boolean; sha: string; message: string }) => ({ merged, sha, message }),
  docs: `${docsBase}/pulls/pulls#merge-a-pull-request`,
  provenance: from('pulls/merge'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', pull_number: 147, sha: headSha, merge_method: 'squash' },
      receives: {
        body: {
          sha: 'e5bd3914e2e596debea16f433f57875b5b90bcd6',
          merged: true,
          message: 'Pull Request successfully merged',
          documentation_url: `${docsBase}/pulls/pulls#merge-a-pull-request`,
        },
      },
      gives: { merged: true, sha: 'e5bd3914e2e596debea16f433f57875b5b90bcd6', message: 'Pull Request successfully merged' },
    },
  ],
});

interface ReviewBody {
  id: number;
  state: string;
  user: { login: string } | null;
  body: string;
  commit_id: string | null;
  submitted_at?: string;
  html_url: string;
}

export const pullRequestReviewCreate = tool({
  name: 'github_pull_request_review_create',
  title: 'Review a pull request',
  description:
    'Submit one review with a verdict, and remarks on lines of the diff if wanted; read the diff with ' +
    'github_pull_request_files_list. Nobody can approve his own. For a mere remark use github_issue_comment_create.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    pull_number,
    event: z.enum(['APPROVE', 'REQUEST_CHANGES', 'COMMENT']).describe('The verdict'),
    body: z.string().min(1).max(60_000).optional().describe('What to say, in Markdown; needed unless approving'),
    commit_id: sha.optional().describe('sha of the commit that was looked at, from github_pull_request_get; the newest unless told'),
    comments: z
      .array(
        z.object({
          path: z.string().min(1).max(400).describe('File in the diff'),
          line: z.int().min(1).describe('Line of the new version'),
          body: z.string().min(1).max(10_000).describe('The remark, in Markdown'),
        }),
      )
      .max(30)
      .optional()
      .describe('Remarks on lines'),
  }),
  output: z.object({
    id: z.int(),
    state: z.string(),
    author: z.string().nullable(),
    body: z.string(),
    commit_id: z.string().nullable(),
    submitted_at: z.string().nullable(),
    url: z.string(),
  }),
  request: ({ owner, repo, pull_number, ...body }) => post(path`/repos/${owner}/${repo}/pulls/${pull_number}/reviews`, body),
  respond: (review: ReviewBody) => ({
    id: review.id,
    state: review.state,
    author: loginOf(review.user),
    body: review.body.slice(0, 4000),
    commit_id: review.commit_id,
    submitted_at: review.submitted_at ?? null,
    url: review.html_url,
  }),
  docs: `${docsBase}/pulls/reviews#create-a-review-for-a-pull-request`,
  provenance: from('pulls/create-review'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', pull_number: 147, event: 'APPROVE', body: 'Good. One thought on the cache’s size.' },
      receives: {
        body: {
          id: 2_881_004,
          node_id: 'PRR_kwDO2881004',
          user: mira,
          body: 'Good. One thought on the cache’s size.',
          state: 'APPROVED',
          html_url: 'https://github.com/acme/checkout-api/pull/147#pullrequestreview-2881004',
          pull_request_url: 'https://api.github.com/repos/acme/checkout-api/pulls/147',
          _links: {
            html: { href: 'https://github.com/acme/checkout-api/pull/147#pullrequestreview-2881004' },
            pull_request: { href: 'https://api.github.com/repos/acme/checkout-api/pulls/147' },
          },
          submitted_at: '2025-11-21T10:44:52Z',
          commit_id: headSha,
          author_association: 'MEMBER',
        },
      },
      gives: {
        id: 2_881_004,
        state: 'APPROVED',
        author: 'mira-lopez',
        body: 'Good. One thought on the cache’s size.',
        commit_id: headSha,
        submitted_at: '2025-11-21T10:44:52Z',
        url: 'https://github.com/acme/checkout-api/pull/147#pullrequestreview-2881004',
      },
      fresh: { '/submitted_at': 'iso_now' },
    },
  ],
});
