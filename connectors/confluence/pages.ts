import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  type BodyOf,
  bodyFormat,
  contentOf,
  cursor,
  from,
  isoOf,
  limit,
  linksExample,
  miraId,
  nextCursor,
  nextOf,
  type Paged,
  pageId,
  spaceId,
  v2Docs,
  webUrl,
  wikiExample,
} from './fields.ts';

/** What lists and changes give of a page; confluence_page_get gives its content. */
const PageBrief = z.object({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  space_id: z.string(),
  parent_id: z.string().nullable(),
  author_id: z.string().nullable(),
  version: z.int(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
  url: z.string().nullable(),
});

interface PageBody {
  id: string;
  title: string;
  status: string;
  spaceId: string;
  parentId?: string | null;
  authorId?: string;
  createdAt?: string;
  version?: { number?: number; createdAt?: string } | null;
  body?: BodyOf | null;
  labels?: { results?: { name?: string }[] | null } | null;
  _links?: { webui?: string; base?: string } | null;
}

function briefOf(page: PageBody, base?: string): z.input<typeof PageBrief> {
  return {
    id: page.id,
    title: page.title,
    status: page.status,
    space_id: page.spaceId,
    parent_id: page.parentId ?? null,
    author_id: page.authorId ?? null,
    version: page.version?.number ?? 1,
    created_at: isoOf(page.createdAt),
    updated_at: isoOf(page.version?.createdAt),
    url: webUrl(page._links?.base ?? base, page._links?.webui),
  };
}

const received = {
  id: '65812',
  status: 'current',
  title: 'Checkout runbook',
  spaceId: '65538',
  parentId: '65700',
  parentType: 'page',
  position: 12,
  authorId: miraId,
  ownerId: miraId,
  lastOwnerId: null,
  createdAt: '2025-03-11T09:00:00.000Z',
  version: { createdAt: '2025-11-20T16:11:02.000Z', message: 'Tax cache', number: 7, minorEdit: false, authorId: miraId },
  _links: {
    editui: '/pages/resumedraft.action?draftId=65812',
    webui: '/spaces/ENG/pages/65812/Checkout+runbook',
    tinyui: '/x/FAEB',
  },
};
const brief = {
  id: '65812',
  title: 'Checkout runbook',
  status: 'current',
  space_id: '65538',
  parent_id: '65700',
  author_id: miraId,
  version: 7,
  created_at: '2025-03-11T09:00:00.000Z',
  updated_at: '2025-11-20T16:11:02.000Z',
  url: 'https://acme.atlassian.net/wiki/spaces/ENG/pages/65812/Checkout+runbook',
};
const single = { ...received, _links: { ...received._links, ...linksExample } };

const title = z.string().min(1).max(255);
const statuses = z.enum(['current', 'archived', 'deleted', 'trashed']).optional().describe('Only pages in this state');
const sort = z.enum(['id', '-id', 'created-date', '-created-date', 'modified-date', '-modified-date', 'title', '-title']);
const Pages = z.object({ pages: z.array(PageBrief), next_cursor: nextCursor });

function pagesOf(body: Paged & { results: PageBody[] }): z.input<typeof Pages> {
  return { pages: body.results.map((page) => briefOf(page, body._links?.base)), next_cursor: nextOf(body) };
}

export const pageList = tool({
  name: 'confluence_page_list',
  title: 'List pages',
  description:
    'List pages of all spaces, or those with one exact title, newest change first. To search words use confluence_search, for ' +
    'one space confluence_space_pages_list. Content is left out: read it with confluence_page_get.',
  effect: 'read',
  scopes: ['read:page:confluence'],
  input: z.object({
    title: title.optional().describe('Only pages with exactly this title'),
    status: statuses,
    sort: sort.default('-modified-date').describe('Order by'),
    limit,
    cursor,
  }),
  output: Pages,
  request: (input) => get('/wiki/api/v2/pages', input),
  respond: pagesOf,
  docs: `${v2Docs}/api-group-page/#api-pages-get`,
  provenance: from('getPages'),
  examples: [
    {
      input: { title: 'Checkout runbook' },
      receives: { body: { results: [received], _links: linksExample } },
      gives: { pages: [brief], next_cursor: null },
    },
  ],
});

export const spacePagesList = tool({
  name: 'confluence_space_pages_list',
  title: 'List pages of a space',
  description:
    'List the pages of one space, newest change first; depth root shows the top of the tree alone. Space ids come from ' +
    'confluence_space_list. Content is left out: read it with confluence_page_get.',
  effect: 'read',
  scopes: ['read:page:confluence'],
  input: z.object({
    id: spaceId,
    depth: z.enum(['all', 'root']).default('all').describe('root: only pages that stand below none'),
    title: title.optional().describe('Only pages with exactly this title'),
    status: statuses,
    sort: sort.default('-modified-date').describe('Order by'),
    limit,
    cursor,
  }),
  output: Pages,
  request: ({ id, ...rest }) => get(path`/wiki/api/v2/spaces/${id}/pages`, rest),
  respond: pagesOf,
  docs: `${v2Docs}/api-group-page/#api-spaces-id-pages-get`,
  provenance: from('getPagesInSpace'),
  examples: [
    {
      input: { id: '65538' },
      receives: {
        body: {
          results: [received],
          _links: { ...linksExample, next: '/wiki/api/v2/spaces/65538/pages?limit=20&cursor=eyJpZCI6IjY1ODEyIn0%3D' },
        },
      },
      gives: { pages: [brief], next_cursor: 'eyJpZCI6IjY1ODEyIn0=' },
    },
  ],
});

const bodyMax = 30_000;

export const pageGet = tool({
  name: 'confluence_page_get',
  title: 'Read a page',
  description:
    'Read one page with its content and labels, as text, or as the markup that confluence_page_update takes (body_format ' +
    'storage). Content over 30,000 characters is cut (truncated). Find ids with confluence_search; comments are apart.',
  effect: 'read',
  scopes: ['read:page:confluence'],
  input: z.object({
    id: pageId,
    body_format: bodyFormat,
    version: z.int().min(1).optional().describe('An earlier version; the newest unless told'),
    get_draft: z.boolean().optional().describe('The draft instead of what was published'),
  }),
  output: PageBrief.extend({ body: z.string(), truncated: z.boolean(), labels: z.array(z.string()) }),
  request: ({ id, body_format, version, get_draft }) =>
    get(path`/wiki/api/v2/pages/${id}`, {
      'body-format': body_format,
      version,
      'get-draft': get_draft,
      'include-labels': true,
    }),
  respond: (page: PageBody) => ({
    ...briefOf(page),
    ...contentOf(page.body, bodyMax),
    labels: (page.labels?.results ?? []).map((label) => label.name ?? ''),
  }),
  docs: `${v2Docs}/api-group-page/#api-pages-id-get`,
  provenance: from('getPageById'),
  examples: [
    {
      input: { id: '65812' },
      receives: {
        body: {
          ...single,
          body: {
            view: {
              representation: 'view',
              value: '<h2 id="Slow">When it is slow</h2><p>Look at the tax service &amp; its cache.</p><ul><li><p>Warm it</p></li></ul>',
            },
          },
          labels: {
            results: [{ id: '70001', name: 'runbook', prefix: 'global' }],
            meta: { hasMore: false },
            _links: { self: `${wikiExample}/api/v2/pages/65812/labels` },
          },
        },
      },
      gives: {
        ...brief,
        body: '## When it is slow\n\nLook at the tax service & its cache.\n\n- Warm it',
        truncated: false,
        labels: ['runbook'],
      },
    },
    {
      input: { id: '65812', body_format: 'storage' },
      receives: {
        body: { ...single, body: { storage: { representation: 'storage', value: '<p>Look at the tax service &amp; its cache.</p>' } } },
      },
      gives: { ...brief, body: '<p>Look at the tax service &amp; its cache.</p>', truncated: false, labels: [] },
    },
  ],
});

const representation = z.enum(['storage', 'wiki', 'atlas_doc_format']).default('storage').describe('What body_value is written in');
const bodyValue = z.string().max(500_000);

export const pageCreate = tool({
  name: 'confluence_page_create',
  title: 'Create a page',
  description:
    'Create one page in a space, below a parent if told; its title must be new in the space, so look with ' +
    'confluence_space_pages_list first. Space ids come from confluence_space_list. Watchers of the space are notified.',
  effect: 'write',
  scopes: ['write:page:confluence'],
  input: z.object({
    spaceId,
    title: title.describe('Title, new in the space'),
    body_value: bodyValue.default('').describe('Content; in storage format XHTML such as <p>Text</p>'),
    body_representation: representation,
    parentId: pageId.optional().describe('Page that it stands below, from confluence_page_list; the homepage of the space unless told'),
    status: z.enum(['current', 'draft']).default('current').describe('draft is seen by you alone'),
  }),
  output: PageBrief,
  request: ({ body_value: value, body_representation: representation, ...rest }) =>
    post('/wiki/api/v2/pages', { ...rest, body: { representation, value } }),
  respond: (page: PageBody) => briefOf(page),
  docs: `${v2Docs}/api-group-page/#api-pages-post`,
  provenance: from('createPage'),
  examples: [
    {
      input: { spaceId: '65538', title: 'Checkout runbook', body_value: '<p>When it is slow</p>', parentId: '65700' },
      receives: {
        body: {
          ...single,
          version: { createdAt: '2025-03-11T09:00:00.000Z', message: '', number: 1, minorEdit: false, authorId: miraId },
          body: { storage: { representation: 'storage', value: '<p>When it is slow</p>' } },
        },
      },
      gives: { ...brief, version: 1, updated_at: '2025-03-11T09:00:00.000Z' },
      fresh: { '/createdAt': 'iso_now', '/version/createdAt': 'iso_now' },
    },
  ],
});

export const pageUpdate = tool({
  name: 'confluence_page_update',
  title: 'Change a page',
  description:
    'Publish a new version of one page; content and title are replaced as a whole. Read it first with confluence_page_get ' +
    '(body_format storage), and give its version plus one as version_number: another number is refused. Watchers are notified.',
  effect: 'write',
  scopes: ['write:page:confluence'],
  input: z.object({
    id: pageId,
    title: title.describe('Title, the present one if it shall stay'),
    body_value: bodyValue.describe('The whole new content; in storage format XHTML such as <p>Text</p>'),
    version_number: z.int().min(2).describe('version of confluence_page_get plus one'),
    status: z.enum(['current', 'draft']).default('current').describe('State that is changed'),
    body_representation: representation,
    parentId: pageId.optional().describe('Move it below this page; id from confluence_page_list'),
    version_message: z.string().max(500).optional().describe('What was changed, for the history'),
  }),
  output: PageBrief,
  request: ({ id, version_number: number, version_message: message, body_value: value, body_representation, ...rest }) => ({
    method: 'PUT',
    path: path`/wiki/api/v2/pages/${id}`,
    json: { id, ...rest, body: { representation: body_representation, value }, version: { number, message } },
  }),
  respond: (page: PageBody) => briefOf(page),
  docs: `${v2Docs}/api-group-page/#api-pages-id-put`,
  provenance: from('updatePage'),
  examples: [
    {
      input: {
        id: '65812',
        title: 'Checkout runbook',
        body_value: '<p>Warm the cache</p>',
        version_number: 7,
        version_message: 'Tax cache',
      },
      receives: { body: { ...single, body: { storage: { representation: 'storage', value: '<p>Warm the cache</p>' } } } },
      gives: brief,
      fresh: { '/version/createdAt': 'iso_now' },
    },
  ],
});

export const pageDelete = tool({
  name: 'confluence_page_delete',
  title: 'Delete a page',
  description:
    'Move one page to the trash of its space, from where people can restore it; pages below it move up. Drafts are gone for good. ' +
    'Read it with confluence_page_get first. To change content use confluence_page_update.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['delete:page:confluence'],
  input: z.object({ id: pageId, draft: z.boolean().default(false).describe('It is a draft, and is discarded') }),
  output: z.object({ done: z.boolean() }),
  request: ({ id, draft }) => ({ method: 'DELETE', path: path`/wiki/api/v2/pages/${id}`, query: { draft } }),
  respond: () => ({ done: true }),
  docs: `${v2Docs}/api-group-page/#api-pages-id-delete`,
  provenance: from('deletePage'),
  examples: [{ input: { id: '65812' }, receives: { status: 204, body: '' }, gives: { done: true } }],
});

const Node = z.object({ id: z.string(), type: z.string(), title: z.string(), status: z.string() });

interface NodeBody {
  id: string;
  type?: string;
  title?: string;
  status?: string;
  parentId?: string;
  depth?: number;
}

function nodeOf({ id, type = 'page', title = '', status = '' }: NodeBody): z.input<typeof Node> {
  return { id, type, title, status };
}

export const pageDirectChildrenGet = tool({
  name: 'confluence_page_direct_children_get',
  aliases: ['confluence_page_children_get'],
  title: 'List what stands below a page',
  description:
    'List the pages, folders, whiteboards and databases directly below one page, in their order. For all levels at once use ' +
    'confluence_page_descendants_get, for the way up confluence_page_ancestors_get.',
  effect: 'read',
  scopes: ['read:hierarchical-content:confluence'],
  input: z.object({ id: pageId, limit, cursor }),
  output: z.object({ children: z.array(Node), next_cursor: nextCursor }),
  request: ({ id, ...rest }) => get(path`/wiki/api/v2/pages/${id}/direct-children`, rest),
  respond: (body: Paged & { results: NodeBody[] }) => ({ children: body.results.map(nodeOf), next_cursor: nextOf(body) }),
  docs: `${v2Docs}/api-group-children/#api-pages-id-direct-children-get`,
  provenance: from('getPageDirectChildren'),
  examples: [
    {
      input: { id: '65700' },
      receives: {
        body: {
          results: [{ id: '65812', status: 'current', title: 'Checkout runbook', type: 'page', spaceId: '65538', childPosition: 12 }],
          _links: linksExample,
        },
      },
      gives: { children: [{ id: '65812', type: 'page', title: 'Checkout runbook', status: 'current' }], next_cursor: null },
    },
  ],
});

export const pageDescendantsGet = tool({
  name: 'confluence_page_descendants_get',
  title: 'List the tree below a page',
  description:
    'List everything below one page to a depth, each with its parent, to see how a space is built. For one level use ' +
    'confluence_page_direct_children_get. Start at homepage_id of confluence_space_get for a whole space.',
  effect: 'read',
  scopes: ['read:hierarchical-content:confluence'],
  input: z.object({ id: pageId, depth: z.int().min(1).max(5).default(2).describe('Levels, 1 to 5'), limit, cursor }),
  output: z.object({ descendants: z.array(Node.extend({ parent_id: z.string(), depth: z.int() })), next_cursor: nextCursor }),
  request: ({ id, ...rest }) => get(path`/wiki/api/v2/pages/${id}/descendants`, rest),
  respond: (body: Paged & { results: NodeBody[] }) => ({
    descendants: body.results.map((node) => ({ ...nodeOf(node), parent_id: node.parentId ?? '', depth: node.depth ?? 1 })),
    next_cursor: nextOf(body),
  }),
  docs: `${v2Docs}/api-group-descendants/#api-pages-id-descendants-get`,
  provenance: from('getPageDescendants'),
  examples: [
    {
      input: { id: '65700' },
      receives: {
        body: {
          results: [
            { id: '65812', status: 'current', title: 'Checkout runbook', type: 'page', parentId: '65700', depth: 1, childPosition: 12 },
          ],
          _links: linksExample,
        },
      },
      gives: {
        descendants: [{ id: '65812', type: 'page', title: 'Checkout runbook', status: 'current', parent_id: '65700', depth: 1 }],
        next_cursor: null,
      },
    },
  ],
});

export const pageAncestorsGet = tool({
  name: 'confluence_page_ancestors_get',
  title: 'List what stands above a page',
  description:
    'List what stands above one page, from the top of the space down to its parent. Titles are not told: read each with ' +
    'confluence_page_get. For the other direction use confluence_page_direct_children_get.',
  effect: 'read',
  scopes: ['read:hierarchical-content:confluence'],
  input: z.object({ id: pageId }),
  output: z.object({ ancestors: z.array(z.object({ id: z.string(), type: z.string() })) }),
  request: ({ id }) => get(path`/wiki/api/v2/pages/${id}/ancestors`, { limit: 100 }),
  respond: (body: { results: NodeBody[] }) => ({ ancestors: body.results.map(({ id, type = 'page' }) => ({ id, type })) }),
  docs: `${v2Docs}/api-group-ancestors/#api-pages-id-ancestors-get`,
  provenance: from('getPageAncestors'),
  examples: [
    {
      input: { id: '65812' },
      receives: { body: { results: [{ id: '65700', type: 'page' }], _links: linksExample } },
      gives: { ancestors: [{ id: '65700', type: 'page' }] },
    },
  ],
});
