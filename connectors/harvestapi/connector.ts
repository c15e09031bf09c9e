import { connector, get } from '@grantway/connector-kit';
import { companiesSearch, companyGet, jobGet, jobsSearch } from './companies.ts';
import { fault } from './faults.ts';
import { envelope } from './fields.ts';
import { geoSearch, peopleSearch, profileGet, profilesSearch, servicesSearch } from './people.ts';
import { companyPosts, postComments, postGet, postReactions, postsSearch, profilePosts } from './posts.ts';

export default connector({
  id: 'harvestapi',
  name: 'HarvestAPI for LinkedIn',
  description: 'Search LinkedIn people, companies, jobs and posts through HarvestAPI, without a LinkedIn account.',
  docs: 'https://docs.harvest-api.com',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'At harvest-api.com under API keys.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,256}$/,
      },
    ],
    headers: { 'X-API-Key': '{api_key}' },
  },
  api: {
    baseUrl: 'https://api.harvest-api.com',
    fault,
    refusals: {
      rejected: {
        status: 401,
        body: { ...envelope, status: 401, error: { error: 'Unauthorized', message: 'Invalid API key', status: 401 } },
      },
      rate_limited: { status: 429, headers: { 'retry-after': '5' }, body: { status: 429, error: 'Too many requests' } },
      error: { status: 404, body: { ...envelope, status: 404, error: { error: 'Not found', message: 'Profile not found', status: 404 } } },
      unavailable: { status: 503, body: { status: 503, error: 'Service unavailable' } },
    },
  },
  identify: {
    // No call says whose key it is. A look-up of a place is the cheapest that proves one.
    request: get('/linkedin/geo-id-search', { search: 'Earth' }),
    subject: (body: { elements?: unknown[] }) => {
      if (!Array.isArray(body.elements)) throw new TypeError('the places could not be read');
      return { id: 'account', label: 'HarvestAPI account of the key' };
    },
    example: {
      receives: { body: { ...envelope, elements: [] } },
      gives: { id: 'account', label: 'HarvestAPI account of the key' },
    },
  },
  tools: [
    peopleSearch,
    profilesSearch,
    profileGet,
    companiesSearch,
    companyGet,
    jobsSearch,
    jobGet,
    postsSearch,
    postGet,
    postComments,
    postReactions,
    profilePosts,
    companyPosts,
    servicesSearch,
    geoSearch,
  ],
});
