import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { commitExample, jonas, linkExample, minimalRepoExample, repoExample } from './examples.ts';
import { branch, cursor, cut, docsBase, from, limit, loginOf, moment, nextCursor, nextPage, owner, paged, repo, sha } from './fields.ts';

const Repo = z.object({
  full_name: z.string(),
  description: z.string().nullable(),
  private: z.boolean(),
  archived: z.boolean(),
  fork: z.boolean(),
  default_branch: z.string(),
  language: z.string().nullable(),
  open_issues_count: z.int(),
  can_push: z.boolean().nullable(),
  url: z.string(),
  pushed_at: z.string().nullable(),
});

interface RepoBody {
  full_name: string;
  description: string | null;
  private: boolean;
  archived: boolean;
  fork: boolean;
  default_branch: string;
  language: string | null;
  open_issues_count: number;
  permissions?: { push?: boolean };
  html_url: string;
  pushed_at: string | null;
}

function repoOf(r: RepoBody): z.input<typeof Repo> {
  const { full_name, description, archived, fork, default_branch, language, open_issues_count, pushed_at } = r;
  const rest = { archived, fork, default_branch, language, open_issues_count, pushed_at };
  return { full_name, description, private: r.private, ...rest, can_push: r.permissions?.push ?? null, url: r.html_url };
}

const repoGiven = {
  full_name: 'acme/checkout-api',
  description: 'Takes orders and payments',
  private: true,
  archived: false,
  fork: false,
  default_branch: 'main',
  language: 'TypeScript',
  open_issues_count: 7,
  can_push: true,
  url: 'https://github.com/acme/checkout-api',
  pushed_at: '2025-11-21T09:12:44Z',
};

export const userReposList = tool({
  name: 'github_user_repos_list',
  title: 'List repositories',
  description:
    'List the repositories that the account may see explicitly: its own, shared with it, and those of its organizations. Gives ' +
    'owner and name for every other tool. Follow next_cursor until it is null; for a known one use github_repo_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    type: z.enum(['all', 'owner', 'public', 'private', 'member']).default('all').describe('Which of them'),
    sort: z.enum(['created', 'updated', 'pushed', 'full_name']).default('pushed').describe('Order by; pushed shows the busiest first'),
    limit,
    cursor,
  }),
  output: z.object({ repositories: z.array(Repo), next_cursor: nextCursor }),
  request: (input) => get('/user/repos', paged(input)),
  respond: (body: RepoBody[], response) => ({ repositories: body.map(repoOf), next_cursor: nextPage(response) }),
  docs: `${docsBase}/repos/repos#list-repositories-for-the-authenticated-user`,
  provenance: from('repos/list-for-authenticated-user'),
  examples: [
    {
      input: {},
      receives: { headers: linkExample('/user/repos'), body: [repoExample('checkout-api', 601_204)] },
      gives: { repositories: [repoGiven], next_cursor: '2' },
    },
  ],
});

export const repoGet = tool({
  name: 'github_repo_get',
  title: 'Read a repository',
  description:
    'Read one repository: description, default branch, whether it is private or archived, and whether the account may push ' +
    '(can_push). Find repositories with github_user_repos_list, its branches with github_branches_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo }),
  output: Repo.extend({ topics: z.array(z.string()), stargazers_count: z.int(), created_at: z.string() }),
  request: ({ owner, repo }) => get(path`/repos/${owner}/${repo}`),
  respond: (body: RepoBody & { topics?: string[]; stargazers_count: number; created_at: string }) => ({
    ...repoOf(body),
    topics: body.topics ?? [],
    stargazers_count: body.stargazers_count,
    created_at: body.created_at,
  }),
  docs: `${docsBase}/repos/repos#get-a-repository`,
  provenance: from('repos/get'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api' },
      receives: { body: { ...repoExample('checkout-api', 601_204), network_count: 3, subscribers_count: 9 } },
      gives: { ...repoGiven, topics: ['checkout', 'payments'], stargazers_count: 14, created_at: '2023-02-06T08:15:00Z' },
    },
  ],
});

export const searchRepos = tool({
  name: 'github_search_repos',
  aliases: ['github_search_repositories'],
  title: 'Search repositories',
  description:
    'Search all repositories that the account sees, public ones of everybody included, by name, description or topic; at most 1,000 ' +
    'hits. Narrow with org:acme, user:login, language:go, archived:false. The account’s own are listed by github_user_repos_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q: z.string().min(1).max(256).describe('Words and qualifiers, for example: checkout org:acme language:typescript'),
    sort: z.enum(['stars', 'forks', 'help-wanted-issues', 'updated']).optional().describe('Order by; best match unless told'),
    order: z.enum(['desc', 'asc']).default('desc').describe('Direction of sort'),
    limit,
    cursor,
  }),
  output: z.object({ total_count: z.int(), repositories: z.array(Repo), next_cursor: nextCursor }),
  request: (input) => get('/search/repositories', paged(input)),
  respond: (body: { total_count: number; items: RepoBody[] }, response) => ({
    total_count: body.total_count,
    repositories: body.items.map(repoOf),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/search/search#search-repositories`,
  provenance: from('search/repos'),
  examples: [
    {
      input: { q: 'checkout org:acme' },
      receives: {
        headers: linkExample('/search/repositories'),
        body: { total_count: 21, incomplete_results: false, items: [{ ...repoExample('checkout-api', 601_204), score: 1 }] },
      },
      gives: { total_count: 21, repositories: [repoGiven], next_cursor: '2' },
    },
  ],
});

const mainSha = '6dcb09b5b57875f334f61aebed695e2e4193db5e';

export const branchesList = tool({
  name: 'github_branches_list',
  title: 'List branches',
  description:
    'List the branches of one repository with the commit each stands at, whose sha github_branch_create takes. The default ' +
    'branch is named by github_repo_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, protected: z.boolean().optional().describe('Only protected branches, or only others'), limit, cursor }),
  output: z.object({
    branches: z.array(z.object({ name: z.string(), sha: z.string(), protected: z.boolean() })),
    next_cursor: nextCursor,
  }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/branches`, paged(rest)),
  respond: (body: { name: string; commit: { sha: string }; protected: boolean }[], response) => ({
    branches: body.map((b) => ({ name: b.name, sha: b.commit.sha, protected: b.protected })),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/branches/branches#list-branches`,
  provenance: from('repos/list-branches'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api' },
      receives: {
        body: [
          {
            name: 'main',
            commit: { sha: mainSha, url: `https://api.github.com/repos/acme/checkout-api/commits/${mainSha}` },
            protected: true,
            protection: { enabled: true, required_status_checks: { enforcement_level: 'non_admins', contexts: ['test'], checks: [] } },
            protection_url: 'https://api.github.com/repos/acme/checkout-api/branches/main/protection',
          },
        ],
      },
      gives: { branches: [{ name: 'main', sha: mainSha, protected: true }], next_cursor: null },
    },
  ],
});

export const branchCreate = tool({
  name: 'github_branch_create',
  title: 'Create a branch',
  description:
    'Create one branch at a commit, for changes that github_file_create_update then writes and github_pull_request_create ' +
    'proposes. The commit’s sha comes from github_branches_list or github_commits_list. An existing name is refused.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    branch_name: branch.describe('Name without refs/heads/, for example fix-tax-cache'),
    sha: sha.describe('Commit that it starts at, 40 hex digits'),
  }),
  output: z.object({ ref: z.string(), sha: z.string() }),
  request: ({ owner, repo, branch_name, sha }) => post(path`/repos/${owner}/${repo}/git/refs`, { ref: `refs/heads/${branch_name}`, sha }),
  respond: (body: { ref: string; object: { sha: string } }) => ({ ref: body.ref, sha: body.object.sha }),
  docs: `${docsBase}/git/refs#create-a-reference`,
  provenance: from('git/create-ref'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', branch_name: 'cache-tax-rates', sha: mainSha },
      receives: {
        status: 201,
        body: {
          ref: 'refs/heads/cache-tax-rates',
          node_id: 'REF_kwDOcache',
          url: 'https://api.github.com/repos/acme/checkout-api/git/refs/heads/cache-tax-rates',
          object: { type: 'commit', sha: mainSha, url: `https://api.github.com/repos/acme/checkout-api/git/commits/${mainSha}` },
        },
      },
      gives: { ref: 'refs/heads/cache-tax-rates', sha: mainSha },
    },
  ],
});

interface CommitBody {
  sha: string;
  html_url: string;
  commit: { message: string; author: { name?: string; date?: string } | null };
  author: { login: string } | null;
}

export const commitsList = tool({
  name: 'github_commits_list',
  title: 'List commits',
  description:
    'List the commits of one branch, newest first, narrowed by file, author or time. Messages over 1,000 characters are cut ' +
    '(truncated). What a pull request changes is in github_pull_request_files_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    owner,
    repo,
    sha: branch.optional().describe('Branch or commit to begin at; the default branch unless told'),
    path: z.string().min(1).max(400).optional().describe('Only commits that touch this file or folder'),
    author: z.string().min(1).max(200).optional().describe('Login or e-mail address of the author'),
    since: moment.describe('Only commits after this moment'),
    until: moment.describe('Only commits before this moment'),
    limit,
    cursor,
  }),
  output: z.object({
    commits: z.array(
      z.object({
        sha: z.string(),
        message: z.string(),
        truncated: z.boolean(),
        author: z.string().nullable(),
        author_name: z.string().nullable(),
        authored_at: z.string().nullable(),
        url: z.string(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/commits`, paged(rest)),
  respond: (body: CommitBody[], response) => ({
    commits: body.map((c) => {
      const { text: message, truncated } = cut(c.commit.message, 1000);
      const { name, date } = c.commit.author ?? {};
      const by = { author: loginOf(c.author), author_name: name ?? null, authored_at: date ?? null };
      return { sha: c.sha, message, truncated, ...by, url: c.html_url };
    }),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/commits/commits#list-commits`,
  provenance: from('repos/list-commits'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', path: 'src/tax.ts' },
      receives: { body: [commitExample('9fb037999f264ba9a7fc6274d15fa3ae2ab98312', 'Cache tax rates', '2025-11-21T10:12:00Z')] },
      gives: {
        commits: [
          {
            sha: '9fb037999f264ba9a7fc6274d15fa3ae2ab98312',
            message: 'Cache tax rates',
            truncated: false,
            author: 'jonas-kim',
            author_name: 'Jonas Kim',
            authored_at: '2025-11-21T10:12:00Z',
            url: 'https://github.com/acme/checkout-api/commit/9fb037999f264ba9a7fc6274d15fa3ae2ab98312',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface ReleaseBody {
  id: number;
  tag_name: string;
  name: string | null;
  body?: string | null;
  draft: boolean;
  prerelease: boolean;
  author: { login: string } | null;
  assets: { name: string }[];
  html_url: string;
  published_at: string | null;
}

export const releasesList = tool({
  name: 'github_releases_list',
  title: 'List releases',
  description:
    'List the releases of one repository, newest first, with tag, notes and the names of attached files; notes over 4,000 ' +
    'characters are cut (truncated). Tags without a release are not listed: see github_commits_list for the history.',
  effect: 'read',
  scopes: [],
  input: z.object({ owner, repo, limit, cursor }),
  output: z.object({
    releases: z.array(
      z.object({
        id: z.int(),
        tag_name: z.string(),
        name: z.string().nullable(),
        notes: z.string(),
        truncated: z.boolean(),
        draft: z.boolean(),
        prerelease: z.boolean(),
        author: z.string().nullable(),
        assets: z.array(z.string()),
        url: z.string(),
        published_at: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/releases`, paged(rest)),
  respond: (body: ReleaseBody[], response) => ({
    releases: body.map(({ id, tag_name, name, draft, prerelease, published_at, ...r }) => {
      const { text: notes, truncated } = cut(r.body, 4000);
      const by = { author: loginOf(r.author), assets: r.assets.map((asset) => asset.name), url: r.html_url };
      return { id, tag_name, name, notes, truncated, draft, prerelease, ...by, published_at };
    }),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/releases/releases#list-releases`,
  provenance: from('repos/list-releases'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api' },
      receives: {
        body: [
          {
            url: 'https://api.github.com/repos/acme/checkout-api/releases/190412',
            html_url: 'https://github.com/acme/checkout-api/releases/tag/v412',
            assets_url: 'https://api.github.com/repos/acme/checkout-api/releases/190412/assets',
            upload_url: 'https://uploads.github.com/repos/acme/checkout-api/releases/190412/assets{?name,label}',
            tarball_url: 'https://api.github.com/repos/acme/checkout-api/tarball/v412',
            zipball_url: 'https://api.github.com/repos/acme/checkout-api/zipball/v412',
            id: 190_412,
            node_id: 'RE_kwDO190412',
            tag_name: 'v412',
            target_commitish: 'main',
            name: 'v412',
            body: '* Taxes by country',
            draft: false,
            prerelease: false,
            immutable: false,
            created_at: '2025-11-21T09:10:00Z',
            published_at: '2025-11-21T09:12:00Z',
            author: jonas,
            assets: [],
          },
        ],
      },
      gives: {
        releases: [
          {
            id: 190_412,
            tag_name: 'v412',
            name: 'v412',
            notes: '* Taxes by country',
            truncated: false,
            draft: false,
            prerelease: false,
            author: 'jonas-kim',
            assets: [],
            url: 'https://github.com/acme/checkout-api/releases/tag/v412',
            published_at: '2025-11-21T09:12:00Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface RunBody {
  id: number;
  name?: string | null;
  display_title: string;
  run_number: number;
  event: string;
  status: string | null;
  conclusion: string | null;
  head_branch: string | null;
  head_sha: string;
  actor?: { login: string } | null;
  html_url: string;
  created_at: string;
  updated_at: string;
}

const statuses = ['completed', 'action_required', 'cancelled', 'failure', 'neutral', 'skipped', 'stale', 'success'] as const;
const running = ['timed_out', 'in_progress', 'queued', 'requested', 'waiting', 'pending'] as const;

export const workflowRunsList = tool({
  name: 'github_workflow_runs_list',
  title: 'List workflow runs',
  description:
    'List the runs of GitHub Actions in one repository, newest first: which workflow, on which branch and commit, and how it ' +
    'ended (conclusion). Narrow by status failure to see what is broken; head_sha comes from github_commits_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    owner,
    repo,
    status: z
      .enum([...statuses, ...running])
      .optional()
      .describe('Only runs with this status or conclusion'),
    branch: branch.optional().describe('Only runs of this branch'),
    event: z
      .string()
      .regex(/^[a-z_]{2,40}$/)
      .optional()
      .describe('What started it: push, pull_request, schedule, …'),
    actor: z.string().min(1).max(100).optional().describe('Login of who started it'),
    head_sha: sha.optional().describe('Only runs for this commit'),
    limit,
    cursor,
  }),
  output: z.object({
    total_count: z.int(),
    workflow_runs: z.array(
      z.object({
        id: z.int(),
        name: z.string().nullable(),
        title: z.string(),
        run_number: z.int(),
        event: z.string(),
        status: z.string().nullable(),
        conclusion: z.string().nullable(),
        branch: z.string().nullable(),
        head_sha: z.string(),
        actor: z.string().nullable(),
        url: z.string(),
        created_at: z.string(),
        updated_at: z.string(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ owner, repo, ...rest }) => get(path`/repos/${owner}/${repo}/actions/runs`, paged(rest)),
  respond: (body: { total_count: number; workflow_runs: RunBody[] }, response) => ({
    total_count: body.total_count,
    workflow_runs: body.workflow_runs.map(({ id, run_number, event, status, conclusion, head_sha, created_at, updated_at, ...run }) => ({
      id,
      name: run.name ?? null,
      title: run.display_title,
      run_number,
      event,
      status,
      conclusion,
      branch: run.head_branch,
      head_sha,
      actor: loginOf(run.actor),
      url: run.html_url,
      created_at,
      updated_at,
    })),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/actions/workflow-runs#list-workflow-runs-for-a-repository`,
  provenance: from('actions/list-workflow-runs-for-repo'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', status: 'failure' },
      receives: { body: { total_count: 1, workflow_runs: [runExample()] } },
      gives: {
        total_count: 1,
        workflow_runs: [
          {
            id: 19_204_411,
            name: 'test',
            title: 'Cache tax rates',
            run_number: 1204,
            event: 'push',
            status: 'completed',
            conclusion: 'failure',
            branch: 'cache-tax-rates',
            head_sha: '9fb037999f264ba9a7fc6274d15fa3ae2ab98312',
            actor: 'jonas-kim',
            url: 'https://github.com/acme/checkout-api/actions/runs/19204411',
            created_at: '2025-11-21T10:13:02Z',
            updated_at: '2025-11-21T10:16:40Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

function runExample() {
  const url = 'https://api.github.com/repos/acme/checkout-api/actions/runs/19204411';
  const head = '9fb037999f264ba9a7fc6274d15fa3ae2ab98312';
  const person = { name: 'Jonas Kim', email: 'jonas@acme.example' };
  return {
    id: 19_204_411,
    name: 'test',
    node_id: 'WFR_kwLO19204411',
    head_branch: 'cache-tax-rates',
    head_sha: head,
    path: '.github/workflows/test.yml',
    display_title: 'Cache tax rates',
    run_number: 1204,
    run_attempt: 1,
    event: 'push',
    status: 'completed',
    conclusion: 'failure',
    workflow_id: 402_118,
    check_suite_id: 31_440_912,
    check_suite_node_id: 'CS_kwDO31440912',
    url,
    html_url: 'https://github.com/acme/checkout-api/actions/runs/19204411',
    pull_requests: [],
    created_at: '2025-11-21T10:13:02Z',
    updated_at: '2025-11-21T10:16:40Z',
    actor: jonas,
    triggering_actor: jonas,
    run_started_at: '2025-11-21T10:13:02Z',
    referenced_workflows: [],
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: 'https://api.github.com/repos/acme/checkout-api/check-suites/31440912',
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: null,
    workflow_url: 'https://api.github.com/repos/acme/checkout-api/actions/workflows/402118',
    head_commit: {
      id: head,
      tree_id: mainSha,
      message: 'Cache tax rates',
      timestamp: '2025-11-21T10:12:00Z',
      author: person,
      committer: person,
    },
    repository: minimalRepoExample('checkout-api', 601_204),
    head_repository: minimalRepoExample('checkout-api', 601_204),
  };
}
