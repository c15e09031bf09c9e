import { get, offsetPattern, path, post, tool } from '@grantway/connector-kit';
import {
  cut,
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPage,
  graphPaging,
  graphTime,
  nextCursor,
  nextHit,
  plainText,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids, mira, pageExample, pageGiven, siteExample, siteGiven } from './examples.ts';
import { type By, limit, pageId, personOf, siteId } from './fields.ts';

interface SiteBody {
  id: string;
  name?: string | null;
  displayName?: string | null;
  description?: string | null;
  webUrl?: string | null;
  createdDateTime?: string | null;
  lastModifiedDateTime?: string | null;
}

const Site = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  web_url: z.string().nullable(),
  created_at: z.string().nullable(),
  modified_at: z.string().nullable(),
});

const site = (s: SiteBody): z.input<typeof Site> => ({
  id: s.id,
  name: s.displayName ?? s.name ?? '',
  description: s.description ?? '',
  web_url: s.webUrl ?? null,
  created_at: graphTime(s.createdDateTime),
  modified_at: graphTime(s.lastModifiedDateTime),
});

export const sitesSearch = tool({
  name: 'sharepoint_sites_search',
  aliases: ['sharepoint_list_sites'],
  title: 'Search sites',
  description:
    'Find sites by words, with the ids that all tools about lists, libraries and pages take. Where the address is known use ' +
    'sharepoint_site_get_by_url; what is written in sites is found by sharepoint_search.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({
    search: z.string().min(1).max(200).describe('Words of the name or description; * for all'),
    limit,
    cursor: graphCursor,
  }),
  output: z.object({ sites: z.array(Site), next_cursor: graphNextCursor }),
  request: ({ search, limit: top, cursor }) => get('/sites', { $search: search, ...graphPaging(top, cursor) }),
  respond: (body: GraphPage<SiteBody>) => ({ sites: body.value.map(site), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/site-search',
  provenance: graphOperation('GET /sites'),
  examples: [
    {
      input: { search: 'deals' },
      receives: { body: { ...contextOf('sites'), value: [siteExample] } },
      gives: { sites: [siteGiven], next_cursor: null },
    },
  ],
});

export const siteGet = tool({
  name: 'sharepoint_site_get',
  aliases: ['sharepoint_get_site'],
  title: 'Look at a site',
  description:
    'Tell name, description, address and age of one site by its id; root is the first site of the organization. Ids come from ' +
    'sharepoint_sites_search; by address use sharepoint_site_get_by_url.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ site_id: siteId }),
  output: Site,
  request: ({ site_id }) => get(path`/sites/${site_id}`),
  respond: site,
  docs: 'https://learn.microsoft.com/graph/api/site-get',
  provenance: graphOperation('GET /sites/{site-id}'),
  examples: [{ input: { site_id: ids.site }, receives: { body: { ...contextOf('sites/$entity'), ...siteExample } }, gives: siteGiven }],
});

const siteUrl = /^https:\/\/([a-z0-9-]{1,60}\.sharepoint\.(?:com|us|cn))\/(sites|teams)\/([A-Za-z0-9._-]{1,100})\/?$/;

export const siteGetByUrl = tool({
  name: 'sharepoint_site_get_by_url',
  title: 'Find a site by address',
  description:
    'Find one site by its address as it stands in the browser, up to the site’s name. Gives the id that all tools about lists, libraries ' +
    'and pages take. Where the address is not known use sharepoint_sites_search.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({
    url: z
      .string()
      .regex(siteUrl)
      .refine((url) => !/^\.{1,2}$/.test(siteUrl.exec(url)?.[3] ?? '.'), 'is no site')
      .describe('For example https://contoso.sharepoint.com/sites/marketing'),
  }),
  output: Site,
  request: ({ url }) => {
    const [, host = '', collection = '', name = ''] = siteUrl.exec(url) ?? [];
    return get(path`/sites/${host}:/${collection}/${name}`);
  },
  respond: site,
  docs: 'https://learn.microsoft.com/graph/api/site-getbypath',
  provenance: graphOperation('GET /sites/{site-id}:/{path}'),
  examples: [
    {
      input: { url: 'https://contoso.sharepoint.com/sites/deals' },
      receives: { body: { ...contextOf('sites/$entity'), ...siteExample } },
      gives: siteGiven,
    },
  ],
});

interface PageBody {
  id: string;
  title?: string | null;
  name?: string | null;
  description?: string | null;
  publishingState?: { level?: string | null } | null;
  lastModifiedDateTime?: string | null;
  lastModifiedBy?: By | null;
  webUrl?: string | null;
  canvasLayout?: { horizontalSections?: Section[] | null; verticalSection?: { webparts?: WebPart[] | null } | null } | null;
}

interface Section {
  columns?: { webparts?: WebPart[] | null }[] | null;
}

interface WebPart {
  innerHtml?: string | null;
}

const Page = z.object({
  id: z.string(),
  title: z.string(),
  name: z.string(),
  description: z.string(),
  state: z.string(),
  modified_at: z.string().nullable(),
  modified_by: z.string().nullable(),
  web_url: z.string().nullable(),
});

const page = (p: PageBody): z.input<typeof Page> => ({
  id: p.id,
  title: p.title ?? '',
  name: p.name ?? '',
  description: p.description ?? '',
  state: p.publishingState?.level ?? 'unknown',
  modified_at: graphTime(p.lastModifiedDateTime),
  modified_by: personOf(p.lastModifiedBy),
  web_url: p.webUrl ?? null,
});

export const pagesList = tool({
  name: 'sharepoint_pages_list',
  aliases: ['sharepoint_list_site_pages'],
  title: 'List pages',
  description:
    'List the pages of one site by title, with who changed them last and whether they are published. What stands on one is in ' +
    'sharepoint_page_get; to find words on pages use sharepoint_search.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ site_id: siteId, limit, cursor: graphCursor }),
  output: z.object({ pages: z.array(Page), next_cursor: graphNextCursor }),
  request: ({ site_id, limit: top, cursor }) => get(path`/sites/${site_id}/pages/microsoft.graph.sitePage`, graphPaging(top, cursor)),
  respond: (body: GraphPage<PageBody>) => ({ pages: body.value.map(page), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/sitepage-list',
  provenance: graphPage('GET /sites/{site-id}/pages/microsoft.graph.sitePage'),
  examples: [
    {
      input: { site_id: ids.site },
      receives: { body: { ...contextOf("sites('deals')/pages/microsoft.graph.sitePage"), value: [pageExample] } },
      gives: { pages: [pageGiven], next_cursor: null },
    },
  ],
});

const textMax = 20_000;

export const pageGet = tool({
  name: 'sharepoint_page_get',
  aliases: ['sharepoint_get_site_page'],
  title: 'Read a page',
  description:
    'Read what stands on one page as plain text, its sections in order, at most 20000 characters (truncated says whether there is more); ' +
    'pictures and other parts are left out. Ids come from sharepoint_pages_list.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ site_id: siteId, page_id: pageId }),
  output: Page.extend({ text: z.string(), truncated: z.boolean() }),
  request: ({ site_id, page_id }) => get(path`/sites/${site_id}/pages/${page_id}/microsoft.graph.sitePage`, { $expand: 'canvasLayout' }),
  respond: (body: PageBody) => {
    const columns = (body.canvasLayout?.horizontalSections ?? []).flatMap((section) => section.columns ?? []);
    const parts = [...columns, ...(body.canvasLayout?.verticalSection ? [body.canvasLayout.verticalSection] : [])];
    const texts = parts.flatMap(({ webparts }) => webparts ?? []).map(({ innerHtml }) => plainText(innerHtml ?? ''));
    return { ...page(body), ...cut(texts.filter((text) => text !== '').join('\n\n'), textMax) };
  },
  docs: 'https://learn.microsoft.com/graph/api/sitepage-get',
  provenance: graphPage('GET /sites/{site-id}/pages/{sitePage-id}/microsoft.graph.sitePage'),
  examples: [
    {
      input: { site_id: ids.site, page_id: ids.page },
      receives: {
        body: {
          ...contextOf("sites('deals')/pages/microsoft.graph.sitePage/$entity"),
          ...pageExample,
          canvasLayout: {
            horizontalSections: [
              {
                layout: 'oneColumn',
                id: '1',
                emphasis: 'none',
                columns: [
                  {
                    id: '1',
                    width: 12,
                    webparts: [
                      {
                        '@odata.type': '#microsoft.graph.textWebPart',
                        id: 'f6d0ef70-c977-45e4-ae4b-4676a30d5a11',
                        innerHtml: '<h2>Partner vote</h2><p>Two thirds of the partners.</p>',
                      },
                    ],
                  },
                ],
              },
            ],
          },
        },
      },
      gives: { ...pageGiven, text: 'Partner vote\nTwo thirds of the partners.', truncated: false },
    },
  ],
});

interface HitResource {
  '@odata.type'?: string;
  id?: string;
  name?: string | null;
  displayName?: string | null;
  webUrl?: string | null;
  lastModifiedDateTime?: string | null;
  lastModifiedBy?: By | null;
  parentReference?: { driveId?: string | null; siteId?: string | null } | null;
}

export const search = tool({
  name: 'sharepoint_search',
  title: 'Search everything',
  description:
    'Search files, list entries, pages and sites of the organization for words, the best hits first. In one library use ' +
    'sharepoint_files_search, for sites by name sharepoint_sites_search. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({
    query: z.string().min(1).max(500).describe('Words in KQL, for example term sheet filetype:pdf author:mira'),
    entity_types: z
      .array(z.enum(['driveItem', 'listItem', 'list', 'site']))
      .min(1)
      .max(4)
      .default(['driveItem', 'listItem'])
      .describe('Kinds to find; listItem holds pages too'),
    limit: z.int().min(1).max(50).default(20).describe('Hits per page, 1 to 50'),
    cursor: z.string().regex(offsetPattern).optional().describe('next_cursor of the page before, with the other arguments unchanged'),
  }),
  output: z.object({
    hits: z.array(
      z.object({
        kind: z.string(),
        id: z.string(),
        name: z.string(),
        summary: z.string(),
        drive_id: z.string().nullable(),
        site_id: z.string().nullable(),
        modified_at: z.string().nullable(),
        modified_by: z.string().nullable(),
        web_url: z.string().nullable(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ query, entity_types, limit: size, cursor = '0' }) =>
    post('/search/query', { requests: [{ entityTypes: entity_types, query: { queryString: query }, from: Number(cursor), size }] }),
  respond: (
    body: {
      value: {
        hitsContainers?: { hits?: { summary?: string | null; resource?: HitResource }[]; moreResultsAvailable?: boolean | null }[];
      }[];
    },
    _response,
    asked,
  ) => {
    const containers = body.value.flatMap(({ hitsContainers }) => hitsContainers ?? []);
    return {
      hits: containers
        .flatMap(({ hits }) => hits ?? [])
        .map(({ summary, resource = {} }) => ({
          kind: (resource['@odata.type'] ?? '').replace('#microsoft.graph.', '') || 'unknown',
          id: resource.id ?? '',
          name: resource.name ?? resource.displayName ?? '',
          summary: plainText(summary ?? '').slice(0, 500),
          drive_id: resource.parentReference?.driveId ?? null,
          site_id: resource.parentReference?.siteId ?? null,
          modified_at: graphTime(resource.lastModifiedDateTime),
          modified_by: personOf(resource.lastModifiedBy),
          web_url: resource.webUrl ?? null,
        })),
      next_cursor: nextHit(
        asked,
        containers.some(({ moreResultsAvailable }) => moreResultsAvailable === true),
      ),
    };
  },
  docs: 'https://learn.microsoft.com/graph/search-concept-files',
  provenance: graphOperation('POST /search/query'),
  examples: [
    {
      input: { query: 'term sheet filetype:pdf' },
      receives: {
        body: {
          value: [
            {
              searchTerms: ['term', 'sheet'],
              hitsContainers: [
                {
                  hits: [
                    {
                      hitId: ids.file,
                      rank: 1,
                      summary: 'Northwind <c0>term</c0> <c0>sheet</c0>, second draft<ddd/>',
                      resource: {
                        '@odata.type': '#microsoft.graph.driveItem',
                        id: ids.file,
                        size: 184320,
                        createdDateTime: '2025-11-18T09:30:00Z',
                        lastModifiedDateTime: '2025-11-21T08:12:40Z',
                        name: 'Term sheet.pdf',
                        webUrl: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents/Term%20sheet.pdf',
                        createdBy: mira,
                        lastModifiedBy: mira,
                        parentReference: { driveId: ids.drive, id: ids.folder, siteId: ids.site, sharepointIds: { listId: ids.list } },
                        fileSystemInfo: { createdDateTime: '2025-11-18T09:30:00Z', lastModifiedDateTime: '2025-11-21T08:12:40Z' },
                      },
                    },
                  ],
                  total: 1,
                  moreResultsAvailable: false,
                },
              ],
            },
          ],
        },
      },
      gives: {
        hits: [
          {
            kind: 'driveItem',
            id: ids.file,
            name: 'Term sheet.pdf',
            summary: 'Northwind term sheet, second draft',
            drive_id: ids.drive,
            site_id: ids.site,
            modified_at: '2025-11-21T08:12:40.000Z',
            modified_by: 'Mira Lopez',
            web_url: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents/Term%20sheet.pdf',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
