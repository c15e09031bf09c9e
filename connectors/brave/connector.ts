import { connector, get } from '@grantway/connector-kit';
import { chat, followups, llmContext, summarizer } from './answers.ts';
import { fault } from './faults.ts';
import { descriptions, placeSearch, pois } from './places.ts';
import { imageSearch, newsSearch, videoSearch, webSearch } from './search.ts';
import { spellcheck, suggest } from './words.ts';

const refused = (status: number, code: string, detail: string) => ({
  type: 'ErrorResponse',
  error: { id: '7c4f0c1e-2a35-4d0e-9b8f-0d6a5e4c3b21', status, code, detail, meta: { component: 'subscriptions' } },
  time: 1763719200,
});

export default connector({
  id: 'brave',
  name: 'Brave Search',
  description: 'Search web, news, pictures, videos and places with Brave, and get summaries and answers.',
  docs: 'https://api-dashboard.search.brave.com/app/documentation',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'api_key',
        label: 'Subscription token',
        help: 'In Brave’s API dashboard under API Keys.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,128}$/,
      },
    ],
    headers: { 'X-Subscription-Token': '{api_key}' },
  },
  api: {
    baseUrl: 'https://api.search.brave.com/res/v1',
    fault,
    refusals: {
      rejected: { status: 422, body: refused(422, 'SUBSCRIPTION_TOKEN_INVALID', 'The provided subscription token is invalid.') },
      rate_limited: {
        status: 429,
        headers: {
          'x-ratelimit-limit': '1, 15000',
          'x-ratelimit-policy': '1;w=1, 15000;w=2592000',
          'x-ratelimit-remaining': '0, 14200',
          'x-ratelimit-reset': '1, 1419704',
        },
        body: refused(429, 'RATE_LIMITED', 'Request rate limit exceeded for plan.'),
      },
      error: { status: 422, body: refused(422, 'VALIDATION', 'Unable to validate request parameter(s)') },
      unavailable: { status: 503, body: refused(503, 'SERVICE_UNAVAILABLE', 'Please try again later.') },
    },
  },
  identify: {
    // Brave tells nobody whose token it is. The smallest search proves it, and costs one request.
    request: get('/web/search', { q: 'brave', count: 1, result_filter: 'web' }),
    subject: ({ type }: { type: string }) => {
      if (type !== 'search') throw new TypeError('the search could not be read');
      return { id: 'subscription', label: 'Brave Search subscription' };
    },
    example: {
      receives: {
        body: {
          type: 'search',
          query: { original: 'brave', more_results_available: true },
          web: { type: 'search', results: [{ title: 'Brave', url: 'https://brave.example', description: 'A browser.' }] },
        },
      },
      gives: { id: 'subscription', label: 'Brave Search subscription' },
    },
  },
  tools: [
    webSearch,
    newsSearch,
    imageSearch,
    videoSearch,
    placeSearch,
    pois,
    descriptions,
    llmContext,
    summarizer,
    followups,
    chat,
    suggest,
    spellcheck,
  ],
});
