import { connector, get } from '@grantway/connector-kit';
import { createOrganization, createPerson, getCompany, getPerson, searchOrganizations, searchPersons } from './contacts.ts';
import { fault } from './faults.ts';
import { createNote, getRelationshipStrength, listInteractions, listNotes } from './history.ts';
import {
  listCompanyListEntries,
  listEntryCreate,
  listListEntries,
  listListFields,
  listLists,
  listOpportunities,
  updateListEntryField,
} from './lists.ts';

interface WhoAmI {
  tenant: { id: number; name: string };
  user: { id: number; firstName: string; lastName: string | null; emailAddress: string };
}

export default connector({
  id: 'affinity',
  name: 'Affinity',
  description: 'Find people and companies, read pipelines and the history of contacts, and keep notes in Affinity.',
  docs: 'https://developer.affinity.co',
  auth: {
    kind: 'bearer',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'In Affinity under Settings, Manage Apps, with the permission to generate an API key.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,200}$/,
      },
    ],
    token: '{api_key}',
    scheme: 'Bearer',
  },
  api: {
    baseUrl: 'https://api.affinity.co',
    // A key has a default version of its own; what is read here was written against this one.
    headers: { 'X-Affinity-Api-Version': '2024-01-01' },
    fault,
    refusals: {
      rejected: { status: 401, body: { errors: [{ code: 'authentication', message: 'The API key is not valid' }] } },
      rate_limited: {
        status: 429,
        headers: { 'x-ratelimit-limit-user': '900', 'x-ratelimit-limit-user-remaining': '0', 'x-ratelimit-limit-user-reset': '42' },
        body: { errors: [{ code: 'rate-limit', message: 'Too many requests' }] },
      },
      error: { status: 404, body: { errors: [{ code: 'not-found', message: 'Company not found' }] } },
      unavailable: { status: 503, body: { errors: [{ code: 'server', message: 'Service unavailable' }] } },
    },
  },
  identify: {
    request: get('/v2/auth/whoami'),
    subject: ({ tenant, user }: WhoAmI) => ({
      id: String(user.id),
      label: `${[user.firstName, user.lastName].filter(Boolean).join(' ')} @ ${tenant.name}`,
      team: String(tenant.id),
    }),
    example: {
      receives: {
        body: {
          grant: { createdAt: '2025-01-01T00:00:00Z', scopes: ['api'], type: 'api-key' },
          user: { firstName: 'Mira', lastName: 'Lopez', emailAddress: 'mira@acme.example', id: 41001 },
          tenant: { name: 'Acme', subdomain: 'acme', id: 612 },
        },
      },
      gives: { id: '41001', label: 'Mira Lopez @ Acme', team: '612' },
    },
  },
  tools: [
    searchOrganizations,
    searchPersons,
    getCompany,
    getPerson,
    createOrganization,
    createPerson,
    listLists,
    listListFields,
    listListEntries,
    listCompanyListEntries,
    listEntryCreate,
    updateListEntryField,
    listOpportunities,
    listNotes,
    createNote,
    listInteractions,
    getRelationshipStrength,
  ],
});
