import { post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cut, excludeDomains, from, includeDomains, isoOf, numResults } from './fields.ts';

const Result = z.object({
  id: z.string(),
  title: z.string().nullable(),
  url: z.string(),
  published_at: z.string().nullable(),
  author: z.string().nullable(),
  text: z.string().nullable(),
  truncated: z.boolean(),
  highlights: z.array(z.string()),
  summary: z.string().nullable(),
});

interface ResultBody {
  id: string;
  title: string | null;
  url: string;
  publishedDate?: string | null;
  author?: string | null;
  text?: string;
  highlights?: string[];
  summary?: string;
}

interface SearchBody {
  results: ResultBody[];
  resolvedSearchType?: string;
  costDollars?: { total?: number };
}

function resultOf(r: ResultBody): z.input<typeof Result> {
  return {
    id: r.id,
    title: r.title ?? null,
    url: r.url,
    published_at: isoOf(r.publishedDate),
    author: r.author ?? null,
    ...cut(r.text),
    highlights: (r.highlights ?? []).slice(0, 10),
    summary: r.summary ?? null,
  };
}

const Results = z.object({ results: z.array(Result), cost_dollars: z.number().nullable() });

function resultsOf({ results, costDollars }: SearchBody): z.input<typeof Results> {
  return { results: results.map(resultOf), cost_dollars: costDollars?.total ?? null };
}

const text = z.boolean().default(false).describe('Bring the text of each page');
const highlights = z.boolean().default(true).describe('Bring the best passages');
const summary = z.boolean().default(false).describe('Bring a written summary of each');
const maxCharacters = z.int().min(100).max(12_000).default(3000).describe('Most characters of text per page');

/** What of the pages comes along; undefined asks for links alone. */
function contents(ask: { text: boolean; highlights?: boolean; summary: boolean; maxCharacters: number }) {
  const { maxCharacters: most } = ask;
  const asked = {
    ...(ask.text ? { text: { maxCharacters: most } } : {}),
    ...(ask.highlights === true ? { highlights: true } : {}),
    ...(ask.summary ? { summary: true } : {}),
  };
  return Object.keys(asked).length === 0 ? {} : { contents: asked };
}

export const search = tool({
  name: 'exa_search',
  aliases: ['exa_research', 'exa_web_search'],
  title: 'Search the web by meaning',
  description:
    'Search the web by meaning and get pages with their best passages. For a written answer use exa_answer, for pages like a given one ' +
    'exa_find_similar, for the text of known addresses exa_crawl.',
  effect: 'read',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(2000).describe('What to look for'),
    type: z.enum(['auto', 'fast', 'instant', 'neural', 'keyword', 'deep']).default('auto').describe('How to search'),
    category: z.enum(['company', 'people', 'news', 'publication', 'personal site', 'financial report']).optional().describe('Kind of page'),
    numResults,
    includeDomains,
    excludeDomains,
    startPublishedDate: z.iso.datetime().optional().describe('Published at or after'),
    text,
    highlights,
    summary,
    maxCharacters,
  }),
  output: Results,
  request: ({ text: t, highlights: h, summary: s, maxCharacters: m, ...rest }) =>
    post('/search', { ...rest, ...contents({ text: t, highlights: h, summary: s, maxCharacters: m }) }),
  respond: (body: SearchBody) => resultsOf(body),
  docs: 'https://docs.exa.ai/reference/search',
  provenance: from('POST /search'),
  examples: [
    {
      input: { query: 'open source brokers for agent authorization', numResults: 1 },
      receives: {
        body: {
          requestId: '5f0c3a9d1b7e4c62a8d04e9f13b6c7aa',
          resolvedSearchType: 'neural',
          results: [
            {
              id: 'https://notes.example/agent-authorization',
              title: 'Who may an agent speak for?',
              url: 'https://notes.example/agent-authorization',
              publishedDate: '2025-10-04T00:00:00.000Z',
              author: 'Mira Lopez',
              score: 0.31,
              image: 'https://notes.example/cover.png',
              favicon: 'https://notes.example/favicon.ico',
              highlights: ['A broker holds the token, and the agent holds a handle to it.'],
              highlightScores: [0.62],
            },
          ],
          searchTime: 842,
          costDollars: { total: 0.006, search: { neural: 0.005 }, contents: { highlights: 0.001 } },
        },
      },
      gives: {
        results: [
          {
            id: 'https://notes.example/agent-authorization',
            title: 'Who may an agent speak for?',
            url: 'https://notes.example/agent-authorization',
            published_at: '2025-10-04T00:00:00.000Z',
            author: 'Mira Lopez',
            text: null,
            truncated: false,
            highlights: ['A broker holds the token, and the agent holds a handle to it.'],
            summary: null,
          },
        ],
        cost_dollars: 0.006,
      },
    },
  ],
});

export const findSimilar = tool({
  name: 'exa_find_similar',
  aliases: ['exa_similar_find', 'exa_findSimilar'],
  title: 'Find pages like a given one',
  description:
    'Find pages whose meaning is close to that of one address: competitors of a company, papers near a paper. With words in place of an ' +
    'address use exa_search. Exa marks this operation as on its way out.',
  effect: 'read',
  scopes: [],
  input: z.object({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe('Address of the page to compare with'),
    numResults,
    includeDomains,
    excludeDomains,
    excludeSourceDomain: z.boolean().default(true).describe('Whether the page’s own site is left out'),
    startPublishedDate: z.iso.datetime().optional().describe('Published at or after'),
    text,
    highlights,
    summary,
    maxCharacters,
  }),
  output: Results,
  request: ({ text: t, highlights: h, summary: s, maxCharacters: m, ...rest }) =>
    post('/findSimilar', { ...rest, ...contents({ text: t, highlights: h, summary: s, maxCharacters: m }) }),
  respond: (body: SearchBody) => resultsOf(body),
  docs: 'https://docs.exa.ai/reference/find-similar-links',
  provenance: from('POST /findSimilar'),
  examples: [
    {
      input: { url: 'https://acme.example', numResults: 1, text: true, highlights: false },
      receives: {
        body: {
          requestId: '91c2d7e04b3a4f5f8e6d0a1b2c3d4e5f',
          results: [
            {
              id: 'https://bramble.example/',
              title: 'Bramble: task boards for small teams',
              url: 'https://bramble.example/',
              publishedDate: null,
              author: '',
              score: 0.83,
              text: 'Bramble keeps the tasks of a small team on one board.',
            },
          ],
          costDollars: { total: 0.006, search: { neural: 0.005 }, contents: { text: 0.001 } },
        },
      },
      gives: {
        results: [
          {
            id: 'https://bramble.example/',
            title: 'Bramble: task boards for small teams',
            url: 'https://bramble.example/',
            published_at: null,
            author: '',
            text: 'Bramble keeps the tasks of a small team on one board.',
            truncated: false,
            highlights: [],
            summary: null,
          },
        ],
        cost_dollars: 0.006,
      },
    },
  ],
});

interface ContentsBody extends SearchBody {
  statuses?: { id: string; status: string; error?: { tag?: string } | null }[];
}

export const crawl = tool({
  name: 'exa_crawl',
  aliases: ['exa_contents_get', 'exa_get_contents', 'exa_contents'],
  title: 'Read web pages',
  description:
    'Read the text of up to 20 web pages whose addresses are known, for example from exa_search. Long pages are cut and marked as ' +
    'truncated; addresses that could not be read are listed in failed.',
  effect: 'read',
  scopes: [],
  input: z.object({
    urls: z
      .array(z.url({ protocol: /^https?$/ }).max(2000))
      .min(1)
      .max(20)
      .describe('Addresses of the pages'),
    highlights: z.boolean().default(false).describe('Whether the passages that fit best come too'),
    summary: z.boolean().default(false).describe('Whether a written summary comes too'),
    maxCharacters: z.int().min(100).max(12_000).default(8000).describe('Most characters of text per page'),
    maxAgeHours: z.int().min(-1).max(8760).optional().describe('Stored copies may be so old; 0 reads the page now, -1 never does'),
  }),
  output: z.object({ results: z.array(Result), failed: z.array(z.object({ url: z.string(), reason: z.string() })) }),
  request: ({ urls, highlights: h, summary: s, maxCharacters: m, maxAgeHours }) =>
    post('/contents', {
      urls,
      text: { maxCharacters: m },
      ...(h ? { highlights: true } : {}),
      ...(s ? { summary: true } : {}),
      ...(maxAgeHours === undefined ? {} : { maxAgeHours }),
    }),
  respond: ({ results, statuses }: ContentsBody) => ({
    results: results.map(resultOf),
    failed: (statuses ?? [])
      .filter(({ status }) => status === 'error')
      .map(({ id, error }) => ({ url: id, reason: error?.tag ?? 'not readable' })),
  }),
  docs: 'https://docs.exa.ai/reference/get-contents',
  provenance: from('POST /contents'),
  examples: [
    {
      input: { urls: ['https://notes.example/agent-authorization', 'https://gone.example/page'] },
      receives: {
        body: {
          requestId: '0b4d6f8a2c4e4a6c8e0f1a2b3c4d5e6f',
          results: [
            {
              id: 'https://notes.example/agent-authorization',
              title: 'Who may an agent speak for?',
              url: 'https://notes.example/agent-authorization',
              publishedDate: '2025-10-04T00:00:00.000Z',
              author: 'Mira Lopez',
              favicon: 'https://notes.example/favicon.ico',
              text: 'A broker holds the token, and the agent holds a handle to it. The rest is bookkeeping.',
            },
          ],
          statuses: [
            { id: 'https://notes.example/agent-authorization', status: 'success', source: 'cached' },
            { id: 'https://gone.example/page', status: 'error', error: { tag: 'CRAWL_NOT_FOUND', httpStatusCode: 404 } },
          ],
          costDollars: { total: 0.001, contents: { text: 0.001 } },
        },
      },
      gives: {
        results: [
          {
            id: 'https://notes.example/agent-authorization',
            title: 'Who may an agent speak for?',
            url: 'https://notes.example/agent-authorization',
            published_at: '2025-10-04T00:00:00.000Z',
            author: 'Mira Lopez',
            text: 'A broker holds the token, and the agent holds a handle to it. The rest is bookkeeping.',
            truncated: false,
            highlights: [],
            summary: null,
          },
        ],
        failed: [{ url: 'https://gone.example/page', reason: 'CRAWL_NOT_FOUND' }],
      },
    },
  ],
});

interface AnswerBody {
  answer: string | Record<string, unknown>;
  citations?: ResultBody[];
  costDollars?: { total?: number };
}

export const answer = tool({
  name: 'exa_answer',
  title: 'Answer a question from the web',
  description:
    'Answer one question from what the web says now, with the pages that it was taken from. For the pages alone use exa_search; for work ' +
    'that takes many searches use exa_research_task_create.',
  effect: 'read',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(4000).describe('The question'),
    systemPrompt: z.string().max(4000).optional().describe('How to answer, for example: in two sentences'),
    userLocation: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .optional()
      .describe('Country of the person who asks, two capital letters'),
  }),
  output: z.object({
    answer: z.string().nullable(),
    truncated: z.boolean(),
    citations: z.array(z.object({ title: z.string().nullable(), url: z.string(), published_at: z.string().nullable() })),
    cost_dollars: z.number().nullable(),
  }),
  request: (input) => post('/answer', { ...input, stream: false, text: false }),
  respond: ({ answer: said, citations, costDollars }: AnswerBody) => {
    const { text: short, truncated } = cut(typeof said === 'string' ? said : JSON.stringify(said));
    return {
      answer: short,
      truncated,
      citations: (citations ?? []).map((c) => ({ title: c.title ?? null, url: c.url, published_at: isoOf(c.publishedDate) })),
      cost_dollars: costDollars?.total ?? null,
    };
  },
  docs: 'https://docs.exa.ai/reference/answer',
  provenance: from('POST /answer'),
  examples: [
    {
      input: { query: 'How tall is the tower of Acme City?' },
      receives: {
        body: {
          requestId: 'c7a1e3b5d9f24680a2c4e6f80b1d3f57',
          answer: 'The tower of Acme City is 214 metres tall.',
          citations: [
            {
              id: 'https://city.example/tower',
              url: 'https://city.example/tower',
              title: 'The tower',
              author: null,
              publishedDate: '2024-05-02T00:00:00.000Z',
              favicon: 'https://city.example/favicon.ico',
            },
          ],
          costDollars: { total: 0.005, search: { neural: 0.005 } },
        },
      },
      gives: {
        answer: 'The tower of Acme City is 214 metres tall.',
        truncated: false,
        citations: [{ title: 'The tower', url: 'https://city.example/tower', published_at: '2024-05-02T00:00:00.000Z' }],
        cost_dollars: 0.005,
      },
    },
  ],
});
