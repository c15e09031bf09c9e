import { connector, get } from '@grantway/connector-kit';
import { atAtlassianSite, atlassianAuth, atlassianFault, atlassianToken } from '@grantway/connector-kit/atlassian';
import { footerCommentCreate, footerCommentsGet, pageLabelRemove, pageLabelsAdd, pageLabelsGet } from './discussion.ts';
import { miraId } from './fields.ts';
import {
  pageAncestorsGet,
  pageCreate,
  pageDelete,
  pageDescendantsGet,
  pageDirectChildrenGet,
  pageGet,
  pageList,
  pageUpdate,
  spacePagesList,
} from './pages.ts';
import { currentUserGet, search, spaceGet, spaceList, type UserBody, userExample } from './spaces.ts';

const scopes = {
  'read:content-details:confluence': 'Search, and see who you are',
  'read:space:confluence': 'See spaces',
  'read:page:confluence': 'Read pages and their labels',
  'write:page:confluence': 'Create and change pages, as you',
  'delete:page:confluence': 'Move pages to the trash, as you',
  'read:hierarchical-content:confluence': 'See what stands above and below a page',
  'read:comment:confluence': 'Read comments',
  'write:comment:confluence': 'Comment on pages, as you',
  'write:label:confluence': 'Add labels to pages, and take them away',
};

export default connector({
  id: 'confluence',
  name: 'Confluence',
  description: 'Search, read, write and comment on the pages of a Confluence Cloud site.',
  docs: 'https://developer.atlassian.com/cloud/confluence/rest/v2/intro/',
  auth: atlassianAuth(
    'confluence',
    scopes,
    Object.keys(scopes).filter((scope) => scope !== 'delete:page:confluence'),
  ),
  authVariants: {
    api_token: atlassianToken({
      request: get('/wiki/rest/api/user/current'),
      subject: (user: UserBody & { _links: { base: string } }) =>
        atAtlassianSite({ id: user.accountId ?? '', label: user.displayName ?? user.publicName ?? user.accountId ?? '' }, user._links.base),
      example: {
        receives: { body: userExample() },
        gives: { id: `${miraId}#acme.atlassian.net`, label: 'Mira Lopez · acme.atlassian.net', team: 'acme.atlassian.net' },
      },
    }),
  },
  api: {
    baseUrl: 'https://api.atlassian.com/ex/confluence/{cloud_id}',
    fault: (response) => atlassianFault('Confluence', response),
    refusals: {
      rejected: { status: 401, body: { code: 401, message: 'Unauthorized' } },
      missing_scope: { status: 401, body: { code: 401, message: 'Unauthorized; scope does not match' } },
      rate_limited: {
        status: 429,
        headers: { 'retry-after': '15', 'ratelimit-reason': 'confluence-burst-based' },
        body: { message: 'Rate limit exceeded', statusCode: 429 },
      },
      error: {
        status: 404,
        body: { errors: [{ status: 404, code: 'NOT_FOUND', title: 'Not Found', detail: null }] },
      },
      unavailable: { status: 503, body: { message: 'Service unavailable', statusCode: 503 } },
    },
  },
  identify: {
    request: get('/wiki/rest/api/user/current'),
    // Whether the address is shown at all is its owner's choice, so no rule can rest on it.
    subject: (user: UserBody) => ({ id: user.accountId ?? '', label: user.displayName ?? user.publicName ?? user.accountId ?? '' }),
    example: { receives: { body: userExample() }, gives: { id: miraId, label: 'Mira Lopez' } },
  },
  tools: [
    search,
    spaceList,
    spaceGet,
    spacePagesList,
    pageList,
    pageGet,
    pageCreate,
    pageUpdate,
    pageDelete,
    pageDirectChildrenGet,
    pageDescendantsGet,
    pageAncestorsGet,
    footerCommentsGet,
    footerCommentCreate,
    pageLabelsGet,
    pageLabelsAdd,
    pageLabelRemove,
    currentUserGet,
  ],
});
