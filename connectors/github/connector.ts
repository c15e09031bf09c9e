import { connector, get } from '@grantway/connector-kit';
import { fileContentsGet, fileCreateUpdate, searchCode } from './code.ts';
import { userExample } from './examples.ts';
import { fault, scopeCovers } from './faults.ts';
import { issueCommentCreate, issueCommentsList, issueCreate, issueGet, issuesList, issueUpdate, searchIssues } from './issues.ts';
import {
  pullRequestCreate,
  pullRequestFilesList,
  pullRequestGet,
  pullRequestMerge,
  pullRequestReviewCreate,
  pullRequestsList,
  pullRequestUpdate,
} from './pulls.ts';
import {
  branchCreate,
  branchesList,
  commitsList,
  releasesList,
  repoGet,
  searchRepos,
  userReposList,
  workflowRunsList,
} from './repositories.ts';

export default connector({
  id: 'github',
  name: 'GitHub',
  description: 'Work with issues, pull requests, code and workflow runs of the repositories on GitHub.',
  docs: 'https://docs.github.com/en/rest',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://github.com/login/oauth/authorize',
    tokenUrl: 'https://github.com/login/oauth/access_token',
    scopes: {
      repo: 'Read and change everything in the repositories that you can reach, private ones too',
      public_repo: 'Change public repositories: issues, pull requests, code',
      workflow: 'Change the workflow files of GitHub Actions',
      'read:org': 'See which organizations and teams you are in',
      'read:user': 'See your profile',
      'user:email': 'See your e-mail addresses',
    },
    defaultScopes: ['repo', 'read:org', 'read:user'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    scopeCovers,
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        expires_in: 28800,
        refresh_token: 'made-up-refresh-token',
        refresh_token_expires_in: 15897600,
        scope: 'repo,read:org,read:user',
        token_type: 'bearer',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: {
        status: 200,
        body: {
          error: 'bad_verification_code',
          error_description: 'The code passed is incorrect or expired.',
          error_uri: 'https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors',
        },
        slot: '/error',
      },
    },
    // Tokens of GitHub Apps: a used refresh token is dead, and whether using it again ends more is not documented. Tokens of OAuth apps are never refreshed.
    rotationClass: 'E',
    goneErrors: ['bad_refresh_token'],
    revocationByApp: { method: 'DELETE', path: '/applications/{client_id}/token', json: { access_token: '{access_token}' } },
    // It names one token and ends that one; all that a person granted the app would be another call.
    revocationEnds: 'grant',
  },
  authVariants: {
    personal_token: {
      label: 'Personal access token',
      description:
        'Each person pastes a token of their own, classic or fine-grained; no app is registered, and what it may do was chosen when it was made.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'token',
            label: 'Personal access token',
            help: 'On GitHub under Settings, Developer settings, Personal access tokens; it is shown once.',
            secret: true,
            pattern: /^[A-Za-z0-9_]{20,255}$/,
          },
        ],
        token: '{token}',
        scheme: 'Bearer',
      },
      aliases: ['githubpat'],
    },
  },
  api: {
    baseUrl: 'https://api.github.com',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    fault,
    refusals: {
      rejected: {
        status: 401,
        body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' },
      },
      missing_scope: {
        status: 403,
        headers: { 'x-oauth-scopes': 'read:user', 'x-accepted-oauth-scopes': 'public_repo, repo', 'x-ratelimit-remaining': '4987' },
        body: {
          message: 'Resource not accessible by personal access token',
          documentation_url: 'https://docs.github.com/rest/issues/issues#create-an-issue',
          status: '403',
        },
      },
      rate_limited: {
        status: 403,
        headers: {
          'x-ratelimit-limit': '5000',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': '1763719800',
          'x-ratelimit-used': '5000',
        },
        body: {
          message: 'API rate limit exceeded for user ID 70412.',
          documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api',
          status: '403',
        },
      },
      error: {
        status: 422,
        body: {
          message: 'Validation Failed',
          errors: [{ resource: 'Issue', field: 'title', code: 'missing_field' }],
          documentation_url: 'https://docs.github.com/rest/issues/issues#create-an-issue',
          status: '422',
        },
      },
      unavailable: { status: 503, body: { message: 'Service unavailable', status: '503' } },
    },
  },
  identify: {
    request: get('/user'),
    // The profile's address is one that its owner chose to show; whether it was verified is not said.
    subject: (user: { id: number; login: string; name: string | null }) => ({
      id: String(user.id),
      label: user.name === null || user.name === '' ? user.login : `${user.name} (${user.login})`,
    }),
    example: {
      receives: {
        body: {
          ...userExample('mira-lopez', 70_412),
          name: 'Mira Lopez',
          company: '@acme',
          blog: '',
          location: 'Madrid',
          email: 'mira@acme.example',
          hireable: null,
          bio: null,
          twitter_username: null,
          public_repos: 4,
          public_gists: 0,
          followers: 11,
          following: 9,
          created_at: '2019-03-04T08:00:00Z',
          updated_at: '2025-11-20T16:11:02Z',
        },
      },
      gives: { id: '70412', label: 'Mira Lopez (mira-lopez)' },
    },
  },
  tools: [
    userReposList,
    repoGet,
    branchesList,
    branchCreate,
    commitsList,
    releasesList,
    workflowRunsList,
    issuesList,
    issueGet,
    issueCreate,
    issueUpdate,
    issueCommentsList,
    issueCommentCreate,
    searchIssues,
    pullRequestsList,
    pullRequestGet,
    pullRequestFilesList,
    pullRequestCreate,
    pullRequestUpdate,
    pullRequestMerge,
    pullRequestReviewCreate,
    searchCode,
    searchRepos,
    fileContentsGet,
    fileCreateUpdate,
  ],
});
