import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { country, documented, freshness, from, q, searchLang } from './fields.ts';

export const llmContext = tool({
  name: 'brave_llm_context',
  aliases: ['brave_llm_context_search'],
  title: 'Search for page text',
  description:
    'Search the web and get the passages of the pages that matter, ready to be read, within a budget of tokens. For titles and addresses ' +
    'alone use brave_web_search; for a written answer brave_chat_completions.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q,
    count: z.int().min(1).max(50).default(20).describe('Search results to choose from, 1 to 50'),
    maximum_number_of_tokens: z.int().min(1024).max(32_768).default(8192).describe('Tokens in all'),
    maximum_number_of_urls: z.int().min(1).max(50).optional().describe('Pages at most'),
    maximum_number_of_tokens_per_url: z.int().min(512).max(8192).optional().describe('Tokens of one page'),
    context_threshold_mode: z.enum(['disabled', 'strict', 'lenient', 'balanced']).optional().describe('How well passages must fit'),
    country,
    search_lang: searchLang,
    freshness,
  }),
  output: z.object({
    pages: z.array(z.object({ title: z.string(), url: z.string(), snippets: z.array(z.string()) })),
    truncated: z.boolean(),
  }),
  request: (input) => get('/llm/context', input),
  respond: ({ grounding }: { grounding?: { generic?: { title: string; url: string; snippets?: string[] }[] } }) => {
    const all = grounding?.generic ?? [];
    let room = 120_000;
    const pages = all.map(({ title, url, snippets }) => ({
      title,
      url,
      snippets: (snippets ?? []).filter((text) => {
        room -= text.length;
        return room >= 0;
      }),
    }));
    return { pages, truncated: room < 0 };
  },
  docs: 'https://api-dashboard.search.brave.com/api-reference/summarizer/llm_context/get',
  provenance: from('GET /res/v1/llm/context'),
  examples: [
    {
      input: { q: 'why do gnomes fade', maximum_number_of_urls: 1 },
      receives: {
        body: {
          grounding: {
            generic: [{ url: 'https://gnomes.example/fade', title: 'Why gnomes fade', snippets: ['Sunlight bleaches red paint first.'] }],
            map: [],
          },
          sources: { 'https://gnomes.example/fade': { title: 'Why gnomes fade', hostname: 'gnomes.example', age: [] } },
        },
      },
      gives: {
        pages: [{ title: 'Why gnomes fade', url: 'https://gnomes.example/fade', snippets: ['Sunlight bleaches red paint first.'] }],
        truncated: false,
      },
    },
  ],
});

interface SummaryBody {
  status: string;
  title?: string;
  summary?: { type: string; data?: unknown }[];
  followups?: string[];
  enrichments?: { context?: { title?: string; url?: string }[] };
}

export const summarizer = tool({
  name: 'brave_summarizer_search',
  aliases: ['brave_summarizer', 'brave_summarizer_summary'],
  title: 'Summarize a search',
  description:
    'Get the written summary of a search that brave_web_search made with summary set, by the summarizer_key that it gave. Status complete ' +
    'means that it is whole; otherwise ask again. Further questions come from brave_summarizer_followups.',
  effect: 'read',
  scopes: [],
  input: z.object({
    key: z.string().min(1).max(2000).describe('summarizer_key from brave_web_search, as it stands'),
    inline_references: z.boolean().optional().describe('Whether addresses of sources stand in the text'),
  }),
  output: z.object({
    status: z.string(),
    title: z.string().nullable(),
    summary: z.string(),
    sources: z.array(z.object({ title: z.string().nullable(), url: z.string() })),
    followups: z.array(z.string()),
  }),
  request: (input) => get('/summarizer/search', input),
  respond: ({ status, title, summary, followups, enrichments }: SummaryBody) => ({
    status,
    title: title ?? null,
    summary: (summary ?? [])
      .map(({ type, data }) => {
        if (type === 'inline_reference') return ` (${String((data as { url?: unknown } | null)?.url ?? '')})`;
        return type === 'token' && typeof data === 'string' ? data : '';
      })
      .join(''),
    sources: (enrichments?.context ?? []).flatMap((c) => (c.url === undefined ? [] : [{ title: c.title ?? null, url: c.url }])),
    followups: followups ?? [],
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/summarizer-search/get-started',
  provenance: from('GET /res/v1/summarizer/search'),
  examples: [
    {
      input: { key: '{"query":"why do gnomes fade","country":"us"}', inline_references: true },
      receives: {
        body: {
          type: 'summarizer',
          status: 'complete',
          title: 'Why gnomes fade',
          summary: [
            { type: 'token', data: 'Gnomes fade in the sun' },
            {
              type: 'inline_reference',
              data: { type: 'inline_reference', url: 'https://gnomes.example/fade', start_index: 0, end_index: 22 },
            },
            { type: 'token', data: '.' },
          ],
          enrichments: {
            raw: 'Gnomes fade in the sun.',
            context: [{ title: 'Why gnomes fade', url: 'https://gnomes.example/fade', meta_url: { hostname: 'gnomes.example' } }],
          },
          followups: ['Which paint lasts longest?'],
        },
      },
      gives: {
        status: 'complete',
        title: 'Why gnomes fade',
        summary: 'Gnomes fade in the sun (https://gnomes.example/fade).',
        sources: [{ title: 'Why gnomes fade', url: 'https://gnomes.example/fade' }],
        followups: ['Which paint lasts longest?'],
      },
    },
  ],
});

export const followups = tool({
  name: 'brave_summarizer_followups',
  title: 'Suggest further questions',
  description:
    'Get questions that people ask next after a summarized search, by the summarizer_key that brave_web_search gave. For the summary ' +
    'itself use brave_summarizer_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ key: z.string().min(1).max(2000).describe('summarizer_key from brave_web_search, as it stands') }),
  output: z.object({ status: z.string(), followups: z.array(z.string()) }),
  request: (input) => get('/summarizer/followups', input),
  respond: ({ status, followups: list }: SummaryBody) => ({ status, followups: list ?? [] }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/summarizer-search/get-started',
  provenance: documented('GET /res/v1/summarizer/followups'),
  examples: [
    {
      input: { key: '{"query":"why do gnomes fade","country":"us"}' },
      receives: { body: { type: 'summarizer_followups', status: 'complete', followups: ['Which paint lasts longest?'] } },
      gives: { status: 'complete', followups: ['Which paint lasts longest?'] },
    },
  ],
});

interface ChatBody {
  model: string;
  choices?: { message?: { content?: string | null }; finish_reason?: string | null }[];
}

export const chat = tool({
  name: 'brave_chat_completions',
  aliases: ['brave_answers', 'brave_answer'],
  title: 'Answer a question from the web',
  description:
    'Have Brave answer a conversation’s last question from what the web says, in words. Needs a plan with answers. For the pages ' +
    'themselves use brave_web_search, for their passages brave_llm_context.',
  effect: 'read',
  scopes: [],
  input: z.object({
    messages: z
      .array(
        z.object({
          role: z.enum(['system', 'user', 'assistant']).describe('Who speaks'),
          content: z.string().min(1).max(8000).describe('What is said'),
        }),
      )
      .min(1)
      .max(20)
      .describe('The conversation; the last message is the question'),
    country: z
      .string()
      .regex(/^[a-z]{2}$/)
      .optional()
      .describe('Where results come from, two small letters'),
    language: z
      .string()
      .regex(/^[a-z]{2}$/)
      .optional()
      .describe('Language of the answer, two letters'),
  }),
  output: z.object({ answer: z.string(), truncated: z.boolean(), finish_reason: z.string().nullable() }),
  request: (input) => post('/chat/completions', { model: 'brave', stream: false, ...input }),
  respond: ({ choices }: ChatBody) => {
    const [first] = choices ?? [];
    const said = first?.message?.content ?? '';
    return { answer: said.slice(0, 20_000), truncated: said.length > 20_000, finish_reason: first?.finish_reason ?? null };
  },
  docs: 'https://api-dashboard.search.brave.com/app/documentation/ai-grounding/get-started',
  provenance: documented('POST /res/v1/chat/completions'),
  examples: [
    {
      input: { messages: [{ role: 'user', content: 'Why do garden gnomes fade?' }] },
      receives: {
        body: {
          id: 'chatcmpl-made-up',
          object: 'chat.completion',
          created: 1763719200,
          model: 'brave',
          choices: [{ index: 0, message: { role: 'assistant', content: 'The sun bleaches their paint.' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 },
        },
      },
      gives: { answer: 'The sun bleaches their paint.', truncated: false, finish_reason: 'stop' },
    },
  ],
});
