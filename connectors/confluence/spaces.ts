import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  cursor,
  from,
  isoOf,
  limit,
  linksExample,
  miraId,
  nextCursor,
  nextOf,
  type Paged,
  spaceId,
  v1Docs,
  v2Docs,
  webUrl,
} from './fields.ts';
import { textOfHtml } from './text.ts';

const Space = z.object({
  id: z.string(),
  key: z.string(),
  name: z.string(),
  type: z.string(),
  status: z.string(),
  homepage_id: z.string().nullable(),
  description: z.string(),
  url: z.string().nullable(),
  created_at: z.string().nullable(),
});

interface SpaceBody {
  id: string;
  key: string;
  name: string;
  type: string;
  status: string;
  homepageId?: string;
  createdAt?: string;
  description?: { plain?: { value?: string } | null } | null;
  _links?: { webui?: string; base?: string } | null;
}

function spaceOf(space: SpaceBody, base: string | undefined): z.input<typeof Space> {
  const { id, key, name, type, status } = space;
  return {
    id,
    key,
    name,
    type,
    status,
    homepage_id: space.homepageId ?? null,
    description: (space.description?.plain?.value ?? '').slice(0, 1000),
    url: webUrl(space._links?.base ?? base, space._links?.webui),
    created_at: isoOf(space.createdAt),
  };
}

const received = {
  id: '65538',
  key: 'ENG',
  name: 'Engineering',
  type: 'global',
  status: 'current',
  authorId: miraId,
  spaceOwnerId: miraId,
  currentActiveAlias: 'ENG',
  createdAt: '2024-02-06T08:15:00.000Z',
  homepageId: '65700',
  description: { plain: { representation: 'plain', value: 'Runbooks and decisions' } },
  icon: null,
  _links: { webui: '/spaces/ENG' },
};
const given = {
  id: '65538',
  key: 'ENG',
  name: 'Engineering',
  type: 'global',
  status: 'current',
  homepage_id: '65700',
  description: 'Runbooks and decisions',
  url: 'https://acme.atlassian.net/wiki/spaces/ENG',
  created_at: '2024-02-06T08:15:00.000Z',
};

export const spaceList = tool({
  name: 'confluence_space_list',
  title: 'List spaces',
  description:
    'List the spaces that the account sees, with the ids that confluence_page_create and confluence_space_pages_list take. In ' +
    'CQL of confluence_search a space is named by its key instead. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:space:confluence'],
  input: z.object({
    keys: z
      .array(z.string().regex(/^~?[A-Za-z0-9]{1,255}$/))
      .max(50)
      .optional()
      .describe('Only spaces with these keys, for example ENG'),
    type: z.enum(['global', 'personal', 'collaboration', 'knowledge_base']).optional().describe('Only spaces of this kind'),
    status: z.enum(['current', 'archived']).optional().describe('Only spaces in this state'),
    sort: z.enum(['id', '-id', 'key', '-key', 'name', '-name']).default('name').describe('Order by'),
    limit,
    cursor,
  }),
  output: z.object({ spaces: z.array(Space), next_cursor: nextCursor }),
  request: ({ keys, ...rest }) => get('/wiki/api/v2/spaces', { keys: keys?.join(','), 'description-format': 'plain', ...rest }),
  respond: (body: Paged & { results: SpaceBody[] }) => ({
    spaces: body.results.map((space) => spaceOf(space, body._links?.base)),
    next_cursor: nextOf(body),
  }),
  docs: `${v2Docs}/api-group-space/#api-spaces-get`,
  provenance: from('getSpaces'),
  examples: [
    {
      input: { keys: ['ENG'] },
      receives: {
        body: { results: [received], _links: { ...linksExample, next: '/wiki/api/v2/spaces?limit=20&cursor=eyJpZCI6IjY1NTM4In0%3D' } },
      },
      gives: { spaces: [given], next_cursor: 'eyJpZCI6IjY1NTM4In0=' },
    },
  ],
});

export const spaceGet = tool({
  name: 'confluence_space_get',
  title: 'Read a space',
  description:
    'Read one space: key, description and the page that it opens with (homepage_id), from which confluence_page_descendants_get ' +
    'shows the tree. Ids come from confluence_space_list.',
  effect: 'read',
  scopes: ['read:space:confluence'],
  input: z.object({ id: spaceId }),
  output: Space,
  request: ({ id }) => get(path`/wiki/api/v2/spaces/${id}`, { 'description-format': 'plain' }),
  respond: (body: SpaceBody) => spaceOf(body, undefined),
  docs: `${v2Docs}/api-group-space/#api-spaces-id-get`,
  provenance: from('getSpaceById'),
  examples: [
    {
      input: { id: '65538' },
      receives: { body: { ...received, _links: { webui: '/spaces/ENG', ...linksExample } } },
      gives: given,
    },
  ],
});

interface SearchBody extends Paged {
  totalSize: number;
  results: {
    content?: { id?: string; type?: string; status?: string };
    space?: { key?: string; name?: string };
    title: string;
    excerpt: string;
    url: string;
    entityType: string;
    resultGlobalContainer?: { title?: string };
    lastModified: string;
  }[];
}

export const search = tool({
  name: 'confluence_search',
  title: 'Search with CQL',
  description:
    'Search pages, blog posts, comments and attachments with CQL, best match first, with an excerpt each. Read a hit with ' +
    'confluence_page_get. Spaces are named by key, as confluence_space_list shows. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:content-details:confluence'],
  input: z.object({
    cql: z.string().min(3).max(2000).describe('For example: type = page AND space = ENG AND text ~ "checkout" ORDER BY lastmodified DESC'),
    limit: z.int().min(1).max(50).default(20).describe('Entries per page, 1 to 50'),
    cursor,
  }),
  output: z.object({
    total: z.int(),
    results: z.array(
      z.object({
        id: z.string().nullable(),
        type: z.string(),
        title: z.string(),
        excerpt: z.string(),
        space: z.string().nullable(),
        url: z.string(),
        modified_at: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ cql, limit, cursor }) => get('/wiki/rest/api/search', { cql, excerpt: 'highlight', limit, cursor }),
  respond: (body: SearchBody) => ({
    total: body.totalSize,
    results: body.results.map((hit) => ({
      id: hit.content?.id ?? null,
      type: hit.content?.type ?? hit.entityType,
      title: marked(hit.title),
      excerpt: marked(hit.excerpt).slice(0, 500),
      space: hit.resultGlobalContainer?.title ?? hit.space?.name ?? null,
      url: webUrl(body._links?.base, hit.url) ?? '',
      modified_at: isoOf(hit.lastModified),
    })),
    next_cursor: nextOf(body),
  }),
  docs: `${v1Docs}/api-group-search/#api-wiki-rest-api-search-get`,
  provenance: from('searchByCQL'),
  examples: [
    {
      input: { cql: 'type = page AND space = ENG AND text ~ "checkout"' },
      receives: {
        body: {
          results: [
            {
              content: {
                id: '65812',
                type: 'page',
                status: 'current',
                title: 'Checkout runbook',
                _expandable: {},
                _links: { webui: '/spaces/ENG/pages/65812/Checkout+runbook' },
              },
              title: '@@@hl@@@Checkout@@@endhl@@@ runbook',
              excerpt: 'When @@@hl@@@checkout@@@endhl@@@ is slow, look at the tax service &amp; its cache.',
              url: '/spaces/ENG/pages/65812/Checkout+runbook',
              resultGlobalContainer: { title: 'Engineering', displayUrl: '/spaces/ENG' },
              breadcrumbs: [],
              entityType: 'content',
              iconCssClass: 'aui-icon content-type-page',
              lastModified: '2025-11-20T16:11:02.000Z',
              friendlyLastModified: 'yesterday at 4:11 PM',
              score: 4.2,
            },
          ],
          start: 0,
          limit: 20,
          size: 1,
          totalSize: 1,
          cqlQuery: 'type = page AND space = ENG AND text ~ "checkout"',
          searchDuration: 41,
          _links: { ...linksExample, context: '/wiki', self: `${linksExample.base}/rest/api/search?cql=type` },
        },
      },
      gives: {
        total: 1,
        results: [
          {
            id: '65812',
            type: 'page',
            title: 'Checkout runbook',
            excerpt: 'When checkout is slow, look at the tax service & its cache.',
            space: 'Engineering',
            url: 'https://acme.atlassian.net/wiki/spaces/ENG/pages/65812/Checkout+runbook',
            modified_at: '2025-11-20T16:11:02.000Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

/** Hits are marked in the text in Confluence's own way. */
function marked(text: string): string {
  return textOfHtml(text.replaceAll('@@@hl@@@', '').replaceAll('@@@endhl@@@', ''));
}

export const currentUserGet = tool({
  name: 'confluence_current_user_get',
  title: 'Read the own account',
  description:
    'Read whose account this is: the account id and name. In CQL of confluence_search currentUser() says the same, for example ' +
    'creator = currentUser(). Ids of authors in other answers are account ids of this kind.',
  effect: 'read',
  scopes: ['read:content-details:confluence'],
  input: z.object({}),
  output: z.object({ account_id: z.string(), name: z.string(), type: z.string() }),
  request: () => get('/wiki/rest/api/user/current'),
  respond: (user: UserBody) => ({
    account_id: user.accountId ?? '',
    name: user.displayName ?? user.publicName ?? '',
    type: user.accountType ?? '',
  }),
  docs: `${v1Docs}/api-group-users/#api-wiki-rest-api-user-current-get`,
  provenance: from('getCurrentUser'),
  examples: [{ input: {}, receives: { body: userExample() }, gives: { account_id: miraId, name: 'Mira Lopez', type: 'atlassian' } }],
});

export interface UserBody {
  accountId?: string;
  accountType?: string;
  displayName?: string | null;
  publicName?: string;
}

export function userExample() {
  return {
    type: 'known',
    accountId: miraId,
    accountType: 'atlassian',
    email: 'mira@acme.example',
    publicName: 'Mira Lopez',
    profilePicture: { path: '/wiki/aa-avatar/5b10a2844c20165700ede21g', width: 48, height: 48, isDefault: false },
    displayName: 'Mira Lopez',
    isExternalCollaborator: false,
    isGuest: false,
    _expandable: { operations: '', personalSpace: '' },
    _links: { self: `${linksExample.base}/rest/api/user?accountId=${miraId}`, base: linksExample.base, context: '/wiki' },
  };
}
