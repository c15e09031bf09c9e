import { connector, get } from '@grantway/connector-kit';
import { atAtlassianSite, atlassianAuth, atlassianFault, atlassianToken } from '@grantway/connector-kit/atlassian';
import { issueCommentAdd, issueCommentsList, issueWorklogAdd, issueWorklogsList } from './discussion.ts';
import { mira } from './fields.ts';
import {
  issueAssign,
  issueCreate,
  issueGet,
  issueLinkCreate,
  issuesSearch,
  issueTransition,
  issueTransitionsList,
  issueUpdate,
} from './issues.ts';
import {
  boardSprintsList,
  boardsList,
  createMetaIssueTypesList,
  myselfGet,
  projectsList,
  sprintIssuesMove,
  userAssignableSearch,
  usersSearch,
} from './projects.ts';

const scopes = {
  'read:jira-work': 'See projects, issues, comments and time spent that you can see',
  'write:jira-work': 'Create and change issues, comment on them and record time, as you',
  'read:jira-user': 'See people: names, and addresses that they do not keep private',
  'read:board-scope:jira-software': 'See boards',
  'read:project:jira': 'See projects, as boards need it',
  'read:sprint:jira-software': 'See sprints',
  'write:sprint:jira-software': 'Move issues into sprints',
};

export default connector({
  id: 'jira',
  name: 'Jira',
  description: 'Find, create, change and move on issues of a Jira Cloud site, with comments, time spent, boards and sprints.',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/',
  auth: atlassianAuth('jira', scopes, ['read:jira-work', 'write:jira-work', 'read:jira-user']),
  authVariants: {
    api_token: atlassianToken({
      request: get('/rest/api/3/myself'),
      subject: (user: { accountId: string; displayName?: string; self: string }) =>
        atAtlassianSite({ id: user.accountId, label: user.displayName ?? user.accountId }, user.self),
      example: {
        receives: {
          body: { ...mira, emailAddress: 'mira@acme.example', locale: 'en_US' },
        },
        gives: { id: `${mira.accountId}#acme.atlassian.net`, label: 'Mira Lopez · acme.atlassian.net', team: 'acme.atlassian.net' },
      },
    }),
  },
  api: {
    baseUrl: 'https://api.atlassian.com/ex/jira/{cloud_id}',
    fault: (response) => atlassianFault('Jira', response),
    refusals: {
      rejected: { status: 401, body: { code: 401, message: 'Unauthorized' } },
      missing_scope: { status: 401, body: { code: 401, message: 'Unauthorized; scope does not match' } },
      rate_limited: {
        status: 429,
        headers: { 'retry-after': '15', 'x-ratelimit-reset': '2025-11-21T10:01Z', 'ratelimit-reason': 'jira-burst-based' },
        body: { errorMessages: ['Rate limit exceeded.'], errors: {} },
      },
      error: {
        status: 404,
        body: { errorMessages: ['Issue does not exist or you do not have permission to see it.'], errors: {} },
      },
      unavailable: { status: 503, body: { errorMessages: ['Service unavailable'], errors: {} } },
    },
  },
  identify: {
    request: get('/rest/api/3/myself'),
    // Whether the address is shown at all is its owner's choice, so no rule can rest on it.
    subject: (user: { accountId: string; displayName?: string }) => ({ id: user.accountId, label: user.displayName ?? user.accountId }),
    example: {
      receives: { body: { ...mira, emailAddress: 'mira@acme.example', locale: 'en_US' } },
      gives: { id: '5b10a2844c20165700ede21g', label: 'Mira Lopez' },
    },
  },
  tools: [
    issuesSearch,
    issueGet,
    issueCreate,
    issueUpdate,
    issueAssign,
    issueTransitionsList,
    issueTransition,
    issueLinkCreate,
    issueCommentAdd,
    issueCommentsList,
    issueWorklogAdd,
    issueWorklogsList,
    projectsList,
    createMetaIssueTypesList,
    usersSearch,
    userAssignableSearch,
    myselfGet,
    boardsList,
    boardSprintsList,
    sprintIssuesMove,
  ],
});
