import { type ApiRequest, get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, cut, from, isoOf, limit, nextCursor, nextOf } from './fields.ts';

const Webset = z.object({
  id: z.string(),
  title: z.string().nullable(),
  status: z.string(),
  dashboard_url: z.string().nullable(),
  query: z.string().nullable(),
  found: z.int().nullable(),
  enrichments: z.array(z.object({ id: z.string(), description: z.string() })),
  created_at: z.string().nullable(),
});

interface WebsetBody {
  id: string;
  title: string | null;
  status: string;
  dashboardUrl?: string;
  searches?: { query: string; progress?: { found?: number } }[];
  enrichments?: { id: string; description: string }[];
  createdAt: string;
}

function websetOf(w: WebsetBody): z.input<typeof Webset> {
  const searches = w.searches ?? [];
  return {
    id: w.id,
    title: w.title ?? null,
    status: w.status,
    dashboard_url: w.dashboardUrl ?? null,
    query: searches[0]?.query ?? null,
    found: searches.length === 0 ? null : searches.reduce((sum, { progress }) => sum + (progress?.found ?? 0), 0),
    enrichments: (w.enrichments ?? []).map(({ id, description }) => ({ id, description })),
    created_at: isoOf(w.createdAt),
  };
}

const websetId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/)
  .describe('Webset id from exa_websets_list or exa_webset_create');

const websetBody = {
  id: 'webset_made_up_1',
  object: 'webset',
  status: 'running',
  title: 'Makers of garden gnomes in Spain',
  externalId: null,
  dashboardUrl: 'https://websets.exa.ai/websets/webset_made_up_1',
  searches: [
    {
      id: 'webset_search_made_up_1',
      object: 'webset_search',
      status: 'running',
      query: 'makers of garden gnomes in Spain',
      count: 10,
      entity: { type: 'company' },
      progress: { found: 4, analyzed: 40, completion: 35, timeLeft: 60 },
    },
  ],
  enrichments: [{ id: 'wenrich_made_up_1', object: 'webset_enrichment', status: 'pending', description: 'Number of employees' }],
  imports: [],
  monitors: [],
  metadata: {},
  createdAt: '2025-11-21T10:00:00.000Z',
  updatedAt: '2025-11-21T10:00:30.000Z',
};

const websetGiven = {
  id: 'webset_made_up_1',
  title: 'Makers of garden gnomes in Spain',
  status: 'running',
  dashboard_url: 'https://websets.exa.ai/websets/webset_made_up_1',
  query: 'makers of garden gnomes in Spain',
  found: 4,
  enrichments: [{ id: 'wenrich_made_up_1', description: 'Number of employees' }],
  created_at: '2025-11-21T10:00:00.000Z',
};

export const websetCreate = tool({
  name: 'exa_webset_create',
  aliases: ['exa_websets', 'exa_create_webset'],
  title: 'Start a webset',
  description:
    'Start a webset: a lasting collection of companies, people or articles that fit a description, each checked and enriched. Costs ' +
    'credits. Read what it finds with exa_webset_items_list. For a quick search use exa_search.',
  effect: 'write',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(5000).describe('What its entries must be'),
    count: z.int().min(1).max(1000).default(10).describe('How many entries to look for'),
    entity: z.enum(['company', 'person', 'article', 'research_paper']).optional().describe('Kind of entry; found out where left away'),
    criteria: z.array(z.string().min(1).max(1000)).max(5).optional().describe('Conditions that each entry must meet'),
    enrichments: z.array(z.string().min(1).max(5000)).max(10).optional().describe('What to find out about each entry'),
    externalId: z.string().min(1).max(300).optional().describe('A name of your own for it; one that is taken is refused'),
  }),
  output: Webset,
  request: ({ query, count, entity, criteria, enrichments, externalId }) =>
    post('/websets/v0/websets', {
      search: {
        query,
        count,
        ...(entity === undefined ? {} : { entity: { type: entity } }),
        ...(criteria === undefined ? {} : { criteria: criteria.map((description) => ({ description })) }),
      },
      ...(enrichments === undefined ? {} : { enrichments: enrichments.map((description) => ({ description })) }),
      ...(externalId === undefined ? {} : { externalId }),
    }),
  respond: (body: WebsetBody) => websetOf(body),
  docs: 'https://docs.exa.ai/websets/api/websets/create-a-webset',
  provenance: from('POST /websets/v0/websets'),
  examples: [
    {
      input: { query: 'makers of garden gnomes in Spain', entity: 'company', enrichments: ['Number of employees'] },
      receives: { status: 201, body: websetBody },
      gives: websetGiven,
    },
  ],
});

export const websetsList = tool({
  name: 'exa_websets_list',
  aliases: ['exa_list_websets'],
  title: 'List websets',
  description:
    'List the websets of the team, with their state and how many entries were found. The entries themselves are read with ' +
    'exa_webset_items_list. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ websets: z.array(Webset), next_cursor: nextCursor }),
  request: (page) => get('/websets/v0/websets', page),
  respond: (body: { data: WebsetBody[]; hasMore?: boolean; nextCursor?: string | null }) => ({
    websets: body.data.map(websetOf),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.exa.ai/websets/api/websets/list-all-websets',
  provenance: from('GET /websets/v0/websets'),
  examples: [
    {
      input: {},
      receives: { body: { data: [websetBody], hasMore: false, nextCursor: null } },
      gives: { websets: [websetGiven], next_cursor: null },
    },
  ],
});

export const websetGet = tool({
  name: 'exa_webset_get',
  aliases: ['exa_get_webset'],
  title: 'Get a webset',
  description:
    'Get one webset: its state, its search and how far that is. Its entries are read with exa_webset_items_list. Its id comes from ' +
    'exa_websets_list or exa_webset_create; your own externalId is taken too.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: websetId }),
  output: Webset,
  request: ({ id }) => get(path`/websets/v0/websets/${id}`),
  respond: (body: WebsetBody) => websetOf(body),
  docs: 'https://docs.exa.ai/websets/api/websets/get-a-webset',
  provenance: from('GET /websets/v0/websets/{id}'),
  examples: [{ input: { id: 'webset_made_up_1' }, receives: { body: websetBody }, gives: websetGiven }],
});

interface ItemBody {
  id: string;
  properties: {
    type: string;
    url: string;
    description?: string;
    company?: { name?: string | null };
    person?: { name?: string | null };
    article?: { title?: string | null };
    researchPaper?: { title?: string | null };
    custom?: { title?: string | null };
  };
  evaluations?: { criterion: string; satisfied: string }[];
  enrichments?: { enrichmentId: string; status?: string; result: string[] | null }[] | null;
  createdAt: string;
}

export const itemsList = tool({
  name: 'exa_webset_items_list',
  aliases: ['exa_list_webset_items'],
  title: 'List the entries of a webset',
  description:
    'List what a webset has found: each entry with its address, which conditions it meets and what was found out about it. Its id comes ' +
    'from exa_websets_list. While the webset is running more entries may follow.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: websetId, limit, cursor }),
  output: z.object({
    items: z.array(
      z.object({
        id: z.string(),
        type: z.string(),
        name: z.string().nullable(),
        url: z.string(),
        description: z.string().nullable(),
        criteria: z.array(z.object({ criterion: z.string(), satisfied: z.string() })),
        enrichments: z.array(z.object({ enrichment_id: z.string(), result: z.array(z.string()).nullable() })),
        created_at: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ id, ...page }) => get(path`/websets/v0/websets/${id}/items`, page),
  respond: (body: { data: ItemBody[]; hasMore?: boolean; nextCursor?: string | null }) => ({
    items: body.data.map(({ id, properties: p, evaluations, enrichments, createdAt }) => ({
      id,
      type: p.type,
      name: p.company?.name ?? p.person?.name ?? p.article?.title ?? p.researchPaper?.title ?? p.custom?.title ?? null,
      url: p.url,
      description: cut(p.description, 1000).text,
      criteria: (evaluations ?? []).map(({ criterion, satisfied }) => ({ criterion, satisfied })),
      enrichments: (enrichments ?? []).map(({ enrichmentId, result }) => ({ enrichment_id: enrichmentId, result })),
      created_at: isoOf(createdAt),
    })),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.exa.ai/websets/api/websets/items/list-all-items-for-a-webset',
  provenance: from('GET /websets/v0/websets/{id}/items'),
  examples: [
    {
      input: { id: 'webset_made_up_1' },
      receives: {
        body: {
          data: [
            {
              id: 'witem_made_up_1',
              object: 'webset_item',
              source: 'search',
              sourceId: 'webset_search_made_up_1',
              websetId: 'webset_made_up_1',
              properties: {
                type: 'company',
                url: 'https://gnomes.example',
                description: 'Makes garden gnomes of clay in Valencia.',
                content: null,
                company: {
                  name: 'Acme Gnomes',
                  location: 'Valencia, Spain',
                  employees: 40,
                  industry: 'Ceramics',
                  about: null,
                  logoUrl: null,
                },
              },
              evaluations: [{ criterion: 'Makes garden gnomes', reasoning: 'Its catalogue shows them.', satisfied: 'yes', references: [] }],
              enrichments: [
                {
                  object: 'enrichment_result',
                  enrichmentId: 'wenrich_made_up_1',
                  status: 'completed',
                  format: 'number',
                  result: ['40'],
                  reasoning: null,
                  references: [],
                },
              ],
              createdAt: '2025-11-21T10:00:20.000Z',
              updatedAt: '2025-11-21T10:00:25.000Z',
            },
          ],
          hasMore: true,
          nextCursor: 'made-up-cursor-2',
        },
      },
      gives: {
        items: [
          {
            id: 'witem_made_up_1',
            type: 'company',
            name: 'Acme Gnomes',
            url: 'https://gnomes.example',
            description: 'Makes garden gnomes of clay in Valencia.',
            criteria: [{ criterion: 'Makes garden gnomes', satisfied: 'yes' }],
            enrichments: [{ enrichment_id: 'wenrich_made_up_1', result: ['40'] }],
            created_at: '2025-11-21T10:00:20.000Z',
          },
        ],
        next_cursor: 'made-up-cursor-2',
      },
    },
  ],
});

function bare(method: ApiRequest['method'], at: string): ApiRequest {
  return { method, path: at };
}

export const websetCancel = tool({
  name: 'exa_webset_cancel',
  aliases: ['exa_cancel_webset'],
  title: 'Stop a webset',
  description:
    'Stop everything that is running in one webset; entries that were found stay and can be read with exa_webset_items_list. To remove ' +
    'the webset with its entries use exa_webset_delete.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({ id: websetId }),
  output: Webset,
  request: ({ id }) => bare('POST', path`/websets/v0/websets/${id}/cancel`),
  respond: (body: WebsetBody) => websetOf(body),
  docs: 'https://docs.exa.ai/websets/api/websets/cancel-a-running-webset',
  provenance: from('POST /websets/v0/websets/{id}/cancel'),
  examples: [
    {
      input: { id: 'webset_made_up_1' },
      receives: { body: { ...websetBody, status: 'idle' } },
      gives: { ...websetGiven, status: 'idle' },
    },
  ],
});

export const websetDelete = tool({
  name: 'exa_webset_delete',
  aliases: ['exa_delete_webset'],
  title: 'Delete a webset',
  description:
    'Delete one webset with all its entries; this cannot be undone. To stop it and keep what it found use exa_webset_cancel. Find its ' +
    'id with exa_websets_list.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ id: websetId }),
  output: z.object({ id: z.string(), deleted: z.boolean() }),
  request: ({ id }) => bare('DELETE', path`/websets/v0/websets/${id}`),
  respond: (body: WebsetBody) => ({ id: body.id, deleted: true }),
  docs: 'https://docs.exa.ai/websets/api/websets/delete-a-webset',
  provenance: from('DELETE /websets/v0/websets/{id}'),
  examples: [{ input: { id: 'webset_made_up_1' }, receives: { body: websetBody }, gives: { id: 'webset_made_up_1', deleted: true } }],
});
