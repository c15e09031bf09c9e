import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { country, documented, nullable, q } from './fields.ts';

const lang = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]{2,4})?$/)
  .optional()
  .describe('Language of the words, for example en');

export const suggest = tool({
  name: 'brave_suggest_search',
  title: 'Suggest searches',
  description:
    'Suggest how a search that was begun may go on, as a search box does while one types. It searches nothing itself: give a suggestion ' +
    'to brave_web_search. To correct spelling use brave_spellcheck.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    count: z.int().min(1).max(20).default(5).describe('Suggestions, 1 to 20'),
    country,
    lang,
    rich: z.boolean().optional().describe('Whether known things come with title and picture; some plans only'),
  }),
  output: z.object({
    suggestions: z.array(z.object({ query: z.string(), title: z.string().nullable(), description: z.string().nullable() })),
  }),
  request: (input) => get('/suggest/search', input),
  respond: ({ results }: { results?: { query: string; title?: string; description?: string }[] }) => ({
    suggestions: (results ?? []).map((r) => ({ query: r.query, title: nullable(r.title), description: nullable(r.description) })),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/suggest/get-started',
  provenance: documented('GET /res/v1/suggest/search'),
  examples: [
    {
      input: { q: 'garden gn', rich: true },
      receives: {
        body: {
          type: 'suggest',
          query: { original: 'garden gn' },
          results: [
            { query: 'garden gnome', is_entity: true, title: 'Garden gnome', description: 'Ornament', img: 'https://img.example/6' },
            { query: 'garden gnomes for sale', is_entity: false },
          ],
        },
      },
      gives: {
        suggestions: [
          { query: 'garden gnome', title: 'Garden gnome', description: 'Ornament' },
          { query: 'garden gnomes for sale', title: null, description: null },
        ],
      },
    },
  ],
});

export const spellcheck = tool({
  name: 'brave_spellcheck',
  aliases: ['brave_spellcheck_search'],
  title: 'Check the spelling of a search',
  description:
    'Check the spelling of search words and get the likely correction; nothing comes back where they are right. For ways to go on with a ' +
    'search use brave_suggest_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ q, country, lang }),
  output: z.object({ original: z.string().nullable(), corrections: z.array(z.string()) }),
  request: (input) => get('/spellcheck/search', input),
  respond: ({ query, results }: { query?: { original?: string }; results?: { query: string }[] }) => ({
    original: query?.original ?? null,
    corrections: (results ?? []).map((r) => r.query),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/spellcheck/get-started',
  provenance: documented('GET /res/v1/spellcheck/search'),
  examples: [
    {
      input: { q: 'gardn gnome' },
      receives: { body: { type: 'spellcheck', query: { original: 'gardn gnome' }, results: [{ query: 'garden gnome' }] } },
      gives: { original: 'gardn gnome', corrections: ['garden gnome'] },
    },
  ],
});
