import { connector, get } from '@grantway/connector-kit';
import { runCancel, runCreate, runGet, runsList } from './agent-runs.ts';
import { fault } from './faults.ts';
import { taskCreate, taskGet, tasksList } from './research.ts';
import { answer, crawl, findSimilar, search } from './search.ts';
import { itemsList, websetCancel, websetCreate, websetDelete, websetGet, websetsList } from './websets.ts';

export default connector({
  id: 'exa',
  name: 'Exa',
  description: 'Search the web by meaning, read pages, answer questions, and run research over many sources.',
  docs: 'https://docs.exa.ai',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'In Exa’s dashboard under API Keys.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,128}$/,
      },
    ],
    headers: { 'x-api-key': '{api_key}' },
  },
  api: {
    baseUrl: 'https://api.exa.ai',
    fault,
    refusals: {
      rejected: { status: 401, body: { requestId: 'made-up-request', error: 'Invalid API key', tag: 'INVALID_API_KEY' } },
      rate_limited: {
        status: 429,
        headers: { 'retry-after': '2' },
        body: { error: 'You have exceeded your rate limit of 10 requests per second.' },
      },
      error: { status: 400, body: { requestId: 'made-up-request', error: 'Invalid request body', tag: 'INVALID_REQUEST_BODY' } },
      unavailable: { status: 503, body: { requestId: 'made-up-request', error: 'Service unavailable', tag: 'SERVICE_UNAVAILABLE' } },
    },
  },
  identify: {
    // Exa tells nobody whose key it is; a list proves the key and costs nothing.
    request: get('/agent/runs'),
    subject: (body: { data: unknown[] }) => {
      if (!Array.isArray(body.data)) throw new TypeError('the list of runs could not be read');
      return { id: 'team', label: 'Exa team of the key' };
    },
    example: {
      receives: { body: { object: 'list', data: [], hasMore: false, nextCursor: null } },
      gives: { id: 'team', label: 'Exa team of the key' },
    },
  },
  tools: [
    search,
    answer,
    crawl,
    findSimilar,
    taskCreate,
    taskGet,
    tasksList,
    runCreate,
    runGet,
    runsList,
    runCancel,
    websetCreate,
    websetsList,
    websetGet,
    itemsList,
    websetCancel,
    websetDelete,
  ],
});
