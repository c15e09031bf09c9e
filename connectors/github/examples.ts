/** Parts of GitHub's answers as its documentation shows them, whole, with invented values. */

const api = 'https://api.github.com';
const site = 'https://github.com';

export function userExample(login: string, id: number, type: 'User' | 'Organization' | 'Bot' = 'User') {
  const url = `${api}/users/${login}`;
  return {
    login,
    id,
    node_id: `MDQ6VXNlcjk${id}`,
    avatar_url: `https://avatars.example.com/u/${id}?v=4`,
    gravatar_id: '',
    url,
    html_url: `${site}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    user_view_type: 'public',
    site_admin: false,
  };
}

export const mira = userExample('mira-lopez', 70412);
export const jonas = userExample('jonas-kim', 70519);
const acme = userExample('acme', 88120, 'Organization');

const repoPaths: Record<string, string> = {
  archive_url: '{archive_format}{/ref}',
  assignees_url: 'assignees{/user}',
  blobs_url: 'git/blobs{/sha}',
  branches_url: 'branches{/branch}',
  collaborators_url: 'collaborators{/collaborator}',
  comments_url: 'comments{/number}',
  commits_url: 'commits{/sha}',
  compare_url: 'compare/{base}...{head}',
  contents_url: 'contents/{+path}',
  contributors_url: 'contributors',
  deployments_url: 'deployments',
  downloads_url: 'downloads',
  events_url: 'events',
  forks_url: 'forks',
  git_commits_url: 'git/commits{/sha}',
  git_refs_url: 'git/refs{/sha}',
  git_tags_url: 'git/tags{/sha}',
  hooks_url: 'hooks',
  issue_comment_url: 'issues/comments{/number}',
  issue_events_url: 'issues/events{/number}',
  issues_url: 'issues{/number}',
  keys_url: 'keys{/key_id}',
  labels_url: 'labels{/name}',
  languages_url: 'languages',
  merges_url: 'merges',
  milestones_url: 'milestones{/number}',
  notifications_url: 'notifications{?since,all,participating}',
  pulls_url: 'pulls{/number}',
  releases_url: 'releases{/id}',
  stargazers_url: 'stargazers',
  statuses_url: 'statuses/{sha}',
  subscribers_url: 'subscribers',
  subscription_url: 'subscription',
  tags_url: 'tags',
  teams_url: 'teams',
  trees_url: 'git/trees{/sha}',
};

export function minimalRepoExample(name: string, id: number) {
  const url = `${api}/repos/acme/${name}`;
  return {
    id,
    node_id: `R_kgDO${id}`,
    name,
    full_name: `acme/${name}`,
    private: true,
    owner: acme,
    html_url: `${site}/acme/${name}`,
    description: 'Takes orders and payments',
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(repoPaths).map(([key, rest]) => [key, `${url}/${rest}`])),
  };
}

export function repoExample(name: string, id: number) {
  return {
    ...minimalRepoExample(name, id),
    git_url: `git://github.com/acme/${name}.git`,
    ssh_url: `git@github.com:acme/${name}.git`,
    clone_url: `${site}/acme/${name}.git`,
    svn_url: `${site}/acme/${name}`,
    mirror_url: null,
    homepage: 'https://acme.example',
    language: 'TypeScript',
    forks_count: 3,
    forks: 3,
    stargazers_count: 14,
    watchers_count: 14,
    watchers: 14,
    size: 5120,
    default_branch: 'main',
    open_issues_count: 7,
    open_issues: 7,
    is_template: false,
    topics: ['checkout', 'payments'],
    has_issues: true,
    has_projects: true,
    has_wiki: false,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: false,
    disabled: false,
    visibility: 'private',
    pushed_at: '2025-11-21T09:12:44Z',
    created_at: '2023-02-06T08:15:00Z',
    updated_at: '2025-11-21T09:12:50Z',
    permissions: { admin: false, maintain: false, push: true, triage: true, pull: true },
    allow_rebase_merge: true,
    allow_squash_merge: true,
    allow_merge_commit: false,
    license: null,
  };
}

function labelExample(id: number, name: string, color: string) {
  return {
    id,
    node_id: `LA_kwDO${id}`,
    url: `${api}/repos/acme/checkout-api/labels/${name}`,
    name,
    description: 'Something does not work',
    color,
    default: name === 'bug',
  };
}

export function issueExample(number: number, title: string, more: Record<string, unknown> = {}) {
  const url = `${api}/repos/acme/checkout-api/issues/${number}`;
  return {
    id: 2_600_000_000 + number,
    node_id: `I_kwDO${number}`,
    url,
    repository_url: `${api}/repos/acme/checkout-api`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${site}/acme/checkout-api/issues/${number}`,
    number,
    state: 'open',
    state_reason: null,
    title,
    body: 'Checkout takes more than 2 s since **v412**.',
    user: mira,
    labels: [labelExample(508, 'bug', 'd73a4a')],
    assignee: jonas,
    assignees: [jonas],
    milestone: null,
    locked: false,
    active_lock_reason: null,
    comments: 2,
    closed_at: null,
    closed_by: null,
    created_at: '2025-11-21T09:58:12Z',
    updated_at: '2025-11-21T10:04:40Z',
    author_association: 'MEMBER',
    type: null,
    reactions: {
      url: `${url}/reactions`,
      total_count: 1,
      '+1': 1,
      '-1': 0,
      laugh: 0,
      hooray: 0,
      confused: 0,
      heart: 0,
      rocket: 0,
      eyes: 0,
    },
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    ...more,
  };
}

function headExample(ref: string, sha: string) {
  return { label: `acme:${ref}`, ref, sha, user: acme, repo: repoExample('checkout-api', 601_204) };
}

export function pullExample(number: number, title: string, more: Record<string, unknown> = {}) {
  const url = `${api}/repos/acme/checkout-api/pulls/${number}`;
  const issue = `${api}/repos/acme/checkout-api/issues/${number}`;
  const page = `${site}/acme/checkout-api/pull/${number}`;
  const statuses = `${api}/repos/acme/checkout-api/statuses/9fb037999f264ba9a7fc6274d15fa3ae2ab98312`;
  return {
    id: 1_900_000_000 + number,
    node_id: `PR_kwDO${number}`,
    url,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/repos/acme/checkout-api/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number,
    state: 'open',
    locked: false,
    active_lock_reason: null,
    title,
    user: jonas,
    body: 'Caches tax rates for a minute. Closes #142.',
    labels: [labelExample(508, 'bug', 'd73a4a')],
    milestone: null,
    created_at: '2025-11-21T10:20:00Z',
    updated_at: '2025-11-21T10:31:09Z',
    closed_at: null,
    merged_at: null,
    merge_commit_sha: 'e5bd3914e2e596debea16f433f57875b5b90bcd6',
    assignee: null,
    assignees: [],
    requested_reviewers: [mira],
    requested_teams: [],
    head: headExample('cache-tax-rates', '9fb037999f264ba9a7fc6274d15fa3ae2ab98312'),
    base: headExample('main', '6dcb09b5b57875f334f61aebed695e2e4193db5e'),
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${api}/repos/acme/checkout-api/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: 'MEMBER',
    auto_merge: null,
    draft: false,
    ...more,
  };
}

/** What one pull request has more than one of a list. */
export const pullDetails = {
  merged: false,
  mergeable: true,
  rebaseable: true,
  mergeable_state: 'clean',
  merged_by: null,
  comments: 1,
  review_comments: 2,
  maintainer_can_modify: false,
  commits: 3,
  additions: 104,
  deletions: 9,
  changed_files: 4,
};

export function commitExample(sha: string, message: string, date: string) {
  const url = `${api}/repos/acme/checkout-api/commits/${sha}`;
  const person = { name: 'Jonas Kim', email: 'jonas@acme.example', date };
  return {
    sha,
    node_id: `C_kwDO${sha.slice(0, 8)}`,
    commit: {
      author: person,
      committer: person,
      message,
      tree: { sha: '6dcb09b5b57875f334f61aebed695e2e4193db5e', url: `${api}/repos/acme/checkout-api/git/trees/6dcb09b5` },
      url: `${api}/repos/acme/checkout-api/git/commits/${sha}`,
      comment_count: 0,
      verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
    },
    url,
    html_url: `${site}/acme/checkout-api/commit/${sha}`,
    comments_url: `${url}/comments`,
    author: jonas,
    committer: jonas,
    parents: [
      { sha: '7638417db6d59f3c431d3e1f261cc637155684cd', url: `${url}/parent`, html_url: `${site}/acme/checkout-api/commit/7638417d` },
    ],
  };
}

export function contentExample(path: string, sha: string, size: number) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const url = `${api}/repos/acme/checkout-api/contents/${path}?ref=main`;
  const html = `${site}/acme/checkout-api/blob/main/${path}`;
  const git = `${api}/repos/acme/checkout-api/git/blobs/${sha}`;
  return {
    name,
    path,
    sha,
    size,
    url,
    html_url: html,
    git_url: git,
    download_url: `https://raw.githubusercontent.com/acme/checkout-api/main/${path}`,
    type: 'file',
    _links: { self: url, git, html },
  };
}

/** The Link header of the first page of three. */
export function linkExample(path: string) {
  const to = (page: number, rel: string) => `<${api}${path}?per_page=20&page=${page}>; rel="${rel}"`;
  return { link: `${to(2, 'next')}, ${to(3, 'last')}` };
}
