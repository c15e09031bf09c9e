import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  country,
  cursor,
  freshness,
  from,
  goggles,
  isoOf,
  nextCursor,
  nextPage,
  nullable,
  paged,
  q,
  safesearch,
  searchLang,
  wholeList,
} from './fields.ts';

const Page = z.object({
  title: z.string(),
  url: z.string(),
  description: z.string().nullable(),
  site: z.string().nullable(),
  published_at: z.string().nullable(),
  extra_snippets: z.array(z.string()),
});

interface PageBody {
  title: string;
  url: string;
  description?: string;
  page_age?: string | null;
  age?: string;
  meta_url?: { hostname?: string };
  profile?: { name?: string };
  extra_snippets?: string[];
}

function pageOf(p: PageBody): z.input<typeof Page> {
  return {
    title: p.title,
    url: p.url,
    description: nullable(p.description),
    site: p.meta_url?.hostname ?? p.profile?.name ?? null,
    published_at: isoOf(p.page_age),
    extra_snippets: p.extra_snippets ?? [],
  };
}

/** Marks of emphasis are noise to an agent. */
const plain = { text_decorations: false } as const;

interface WebBody {
  query?: { more_results_available?: boolean };
  web?: { results?: PageBody[] };
  locations?: { results?: { id: string; title?: string }[] };
  summarizer?: { key?: string };
}

export const webSearch = tool({
  name: 'brave_web_search',
  title: 'Search the web',
  description:
    'Search the web with Brave and get titles, addresses and snippets. For news use brave_news_search, for places ' +
    'brave_local_place_search, for page text brave_llm_context. With summary the answer has a key for brave_summarizer_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    limit: z.int().min(1).max(20).default(20).describe('Results per page, 1 to 20'),
    cursor,
    country,
    search_lang: searchLang,
    freshness,
    safesearch,
    extra_snippets: z.boolean().optional().describe('Up to five more snippets each; some plans only'),
    goggles,
    summary: z.boolean().optional().describe('Make a key for the summarizer'),
  }),
  output: z.object({
    results: z.array(Page),
    next_cursor: nextCursor,
    locations: z.array(z.object({ id: z.string(), title: z.string().nullable() })),
    summarizer_key: z.string().nullable(),
  }),
  request: (input) => get('/web/search', { ...paged(input), ...plain }),
  respond: ({ query, web, locations, summarizer }: WebBody, _response, asked) => ({
    results: web === undefined ? [] : wholeList(web.results).map(pageOf),
    next_cursor: nextPage(asked, () => query?.more_results_available ?? false),
    locations: locations === undefined ? [] : wholeList(locations.results).map(({ id, title }) => ({ id, title: title ?? null })),
    summarizer_key: summarizer?.key ?? null,
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/web-search/get-started',
  provenance: from('GET /res/v1/web/search'),
  examples: [
    {
      input: { q: 'garden gnomes of clay', limit: 1 },
      receives: {
        body: {
          type: 'search',
          query: { original: 'garden gnomes of clay', show_strict_warning: false, is_navigational: false, more_results_available: true },
          mixed: { type: 'mixed', main: [{ type: 'web', index: 0, all: false }], top: [], side: [] },
          locations: {
            type: 'locations',
            results: [
              { type: 'location_result', id: 'made-up-place-1', provider_url: 'https://search.brave.com', title: 'Gnome workshop' },
            ],
          },
          web: {
            type: 'search',
            family_friendly: true,
            results: [
              {
                type: 'search_result',
                subtype: 'generic',
                title: 'Gnomes of clay',
                url: 'https://gnomes.example/clay',
                description: 'How gnomes are made of clay, and how long they last outdoors.',
                is_source_local: false,
                is_source_both: false,
                page_age: '2025-06-03T08:15:00',
                age: 'June 3, 2025',
                profile: { name: 'Gnomes', url: 'https://gnomes.example/clay', long_name: 'gnomes.example', img: 'https://img.example/1' },
                language: 'en',
                family_friendly: true,
                meta_url: {
                  scheme: 'https',
                  netloc: 'gnomes.example',
                  hostname: 'gnomes.example',
                  favicon: 'https://img.example/2',
                  path: '› clay',
                },
                extra_snippets: ['Clay that was fired twice stands frost.'],
              },
            ],
          },
        },
      },
      gives: {
        results: [
          {
            title: 'Gnomes of clay',
            url: 'https://gnomes.example/clay',
            description: 'How gnomes are made of clay, and how long they last outdoors.',
            site: 'gnomes.example',
            published_at: '2025-06-03T08:15:00.000Z',
            extra_snippets: ['Clay that was fired twice stands frost.'],
          },
        ],
        next_cursor: '1',
        locations: [{ id: 'made-up-place-1', title: 'Gnome workshop' }],
        summarizer_key: null,
      },
    },
  ],
});

export const newsSearch = tool({
  name: 'brave_news_search',
  title: 'Search the news',
  description:
    'Search news articles with Brave, with their age and whether they are breaking. For pages of every kind use brave_web_search. Narrow ' +
    'to the past day or week with freshness.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    limit: z.int().min(1).max(50).default(20).describe('Results per page, 1 to 50'),
    cursor,
    country,
    search_lang: searchLang,
    freshness,
    safesearch,
    extra_snippets: z.boolean().optional().describe('Up to five more snippets each; some plans only'),
    goggles,
  }),
  output: z.object({
    results: z.array(Page.extend({ age: z.string().nullable(), breaking: z.boolean() })),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/news/search', paged(input)),
  respond: ({ results = [] }: { results?: (PageBody & { breaking?: boolean })[] }, _response, asked) => ({
    results: results.map((r) => ({ ...pageOf(r), age: r.age ?? null, breaking: r.breaking ?? false })),
    next_cursor: nextPage(asked, (count) => results.length >= count),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/news-search/get-started',
  provenance: from('GET /res/v1/news/search'),
  examples: [
    {
      input: { q: 'gnome fair', freshness: 'pw' },
      receives: {
        body: {
          type: 'news',
          query: { original: 'gnome fair', spellcheck_off: false, show_strict_warning: false },
          results: [
            {
              type: 'news_result',
              title: 'Gnome fair opens in Valencia',
              url: 'https://paper.example/gnome-fair',
              description: 'Forty makers show their work until Sunday.',
              age: '3 hours ago',
              page_age: '2025-11-21T07:00:00',
              breaking: true,
              meta_url: {
                scheme: 'https',
                netloc: 'paper.example',
                hostname: 'paper.example',
                favicon: 'https://img.example/3',
                path: '› gnome-fair',
              },
              thumbnail: { src: 'https://img.example/4', original: 'https://paper.example/gnome.jpg' },
            },
          ],
        },
      },
      gives: {
        results: [
          {
            title: 'Gnome fair opens in Valencia',
            url: 'https://paper.example/gnome-fair',
            description: 'Forty makers show their work until Sunday.',
            site: 'paper.example',
            published_at: '2025-11-21T07:00:00.000Z',
            extra_snippets: [],
            age: '3 hours ago',
            breaking: true,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface ImageBody {
  title?: string;
  url?: string;
  source?: string;
  page_fetched?: string;
  thumbnail?: { src?: string };
  properties?: { url?: string; width?: number; height?: number };
}

export const imageSearch = tool({
  name: 'brave_image_search',
  title: 'Search images',
  description:
    'Search pictures with Brave: address of the picture, its size, and the page that it stands on. Not paged: ask for more with count. ' +
    'For films use brave_video_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    count: z.int().min(1).max(200).default(20).describe('Pictures, 1 to 200'),
    country,
    search_lang: searchLang,
    safesearch: z.enum(['off', 'strict']).optional().describe('Filter for adult content'),
  }),
  output: z.object({
    results: z.array(
      z.object({
        title: z.string().nullable(),
        page_url: z.string().nullable(),
        image_url: z.string().nullable(),
        thumbnail_url: z.string().nullable(),
        width: z.int().nullable(),
        height: z.int().nullable(),
        source: z.string().nullable(),
      }),
    ),
  }),
  request: (input) => get('/images/search', input),
  respond: ({ results }: { results?: ImageBody[] }) => ({
    results: (results ?? []).map((r) => ({
      title: nullable(r.title),
      page_url: nullable(r.url),
      image_url: nullable(r.properties?.url),
      thumbnail_url: nullable(r.thumbnail?.src),
      width: r.properties?.width ?? null,
      height: r.properties?.height ?? null,
      source: nullable(r.source),
    })),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/image-search/get-started',
  provenance: from('GET /res/v1/images/search'),
  examples: [
    {
      input: { q: 'clay gnome' },
      receives: {
        body: {
          type: 'images',
          query: { original: 'clay gnome', spellcheck_off: false, show_strict_warning: false },
          results: [
            {
              type: 'image_result',
              title: 'A gnome of clay',
              url: 'https://gnomes.example/clay',
              source: 'gnomes.example',
              page_fetched: '2025-10-11T22:08:31Z',
              thumbnail: { src: 'https://img.example/thumb', width: 500, height: 400 },
              properties: { url: 'https://gnomes.example/clay.jpg', placeholder: 'https://img.example/p', width: 1600, height: 1280 },
              meta_url: { scheme: 'https', netloc: 'gnomes.example', hostname: 'gnomes.example' },
              confidence: 'high',
            },
          ],
          extra: { might_be_offensive: false },
        },
      },
      gives: {
        results: [
          {
            title: 'A gnome of clay',
            page_url: 'https://gnomes.example/clay',
            image_url: 'https://gnomes.example/clay.jpg',
            thumbnail_url: 'https://img.example/thumb',
            width: 1600,
            height: 1280,
            source: 'gnomes.example',
          },
        ],
      },
    },
  ],
});

interface VideoBody extends PageBody {
  video?: { duration?: string; creator?: string; publisher?: string; views?: number };
  thumbnail?: { src?: string };
}

export const videoSearch = tool({
  name: 'brave_video_search',
  title: 'Search videos',
  description:
    'Search videos with Brave: title, address, length, who made it and where it is shown. For pictures use brave_image_search, for ' +
    'articles brave_news_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    limit: z.int().min(1).max(50).default(20).describe('Results per page, 1 to 50'),
    cursor,
    country,
    search_lang: searchLang,
    freshness,
    safesearch,
  }),
  output: z.object({
    results: z.array(
      z.object({
        title: z.string(),
        url: z.string(),
        description: z.string().nullable(),
        duration: z.string().nullable(),
        creator: z.string().nullable(),
        publisher: z.string().nullable(),
        views: z.int().nullable(),
        thumbnail_url: z.string().nullable(),
        published_at: z.string().nullable(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: (input) => get('/videos/search', paged(input)),
  respond: ({ results = [] }: { results?: VideoBody[] }, _response, asked) => ({
    results: results.map((r) => ({
      title: r.title,
      url: r.url,
      description: nullable(r.description),
      duration: nullable(r.video?.duration),
      creator: nullable(r.video?.creator),
      publisher: nullable(r.video?.publisher),
      views: r.video?.views ?? null,
      thumbnail_url: nullable(r.thumbnail?.src),
      published_at: isoOf(r.page_age),
    })),
    next_cursor: nextPage(asked, (count) => results.length >= count),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/video-search/get-started',
  provenance: from('GET /res/v1/videos/search'),
  examples: [
    {
      input: { q: 'how to make a clay gnome', limit: 1 },
      receives: {
        body: {
          type: 'videos',
          query: { original: 'how to make a clay gnome', spellcheck_off: false, show_strict_warning: false },
          results: [
            {
              type: 'video_result',
              title: 'A clay gnome in ten minutes',
              url: 'https://video.example/watch/17',
              description: 'From a lump to a hat.',
              age: 'May 2, 2025',
              page_age: '2025-05-02T12:00:00',
              video: { duration: '10:02', views: 5120, creator: 'Mira Lopez', publisher: 'Video Example' },
              meta_url: { scheme: 'https', netloc: 'video.example', hostname: 'video.example' },
              thumbnail: { src: 'https://img.example/5', original: 'https://video.example/17.jpg' },
            },
          ],
        },
      },
      gives: {
        results: [
          {
            title: 'A clay gnome in ten minutes',
            url: 'https://video.example/watch/17',
            description: 'From a lump to a hat.',
            duration: '10:02',
            creator: 'Mira Lopez',
            publisher: 'Video Example',
            views: 5120,
            thumbnail_url: 'https://img.example/5',
            published_at: '2025-05-02T12:00:00.000Z',
          },
        ],
        next_cursor: '1',
      },
    },
  ],
});
