import { connector, get } from '@grantway/connector-kit';
import { noteCreate, notesSearch, taskCreate, tasksSearch } from './activities.ts';
import { associationCreate, objectPropertiesList, ownersList, recordAssociationsGet } from './directory.ts';
import { fault } from './faults.ts';
import {
  companiesSearch,
  companyCreate,
  companyGet,
  companyUpdate,
  contactCreate,
  contactGet,
  contactsSearch,
  contactUpdate,
} from './people.ts';
import {
  dealCreate,
  dealGet,
  dealsSearch,
  dealUpdate,
  pipelinesList,
  ticketCreate,
  ticketGet,
  ticketsSearch,
  ticketUpdate,
} from './pipelines.ts';
import { readTokenResponse } from './tokens.ts';

const scopes = {
  oauth: 'Be connected at all, and see which account it is',
  'crm.objects.contacts.read': 'See contacts, notes and tasks',
  'crm.objects.contacts.write': 'Create and change contacts, notes and tasks',
  'crm.objects.companies.read': 'See companies',
  'crm.objects.companies.write': 'Create and change companies',
  'crm.objects.deals.read': 'See deals and their pipelines',
  'crm.objects.deals.write': 'Create and change deals',
  'crm.objects.owners.read': 'See the people of the account who own records',
  tickets: 'See, create and change support tickets',
};

interface Account {
  portalId: number;
  accountType: string;
}

export default connector({
  id: 'hubspot',
  name: 'HubSpot',
  description: 'Work with contacts, companies, deals, tickets, notes and tasks of a HubSpot account.',
  docs: 'https://developers.hubspot.com/docs/api-reference/overview',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://app.hubspot.com/oauth/authorize',
    tokenUrl: 'https://api.hubapi.com/oauth/2026-03/token',
    revokeUrl: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
    scopes,
    defaultScopes: Object.keys(scopes),
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    readTokenResponse,
    tokenExample: {
      body: {
        token_type: 'bearer',
        access_token: 'made-up-access-token',
        refresh_token: 'made-up-refresh-token',
        expires_in: 1800,
        hub_id: 242424,
        user_id: 9586504,
        scopes: Object.keys(scopes),
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scopes' },
      refusal: {
        status: 400,
        body: {
          status: 'BAD_REFRESH_TOKEN',
          message: 'missing or invalid refresh token',
          correlationId: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90',
        },
        slot: '/status',
      },
    },
    // The refresh token stays what it is for as long as the app is installed.
    rotationClass: 'A',
    goneErrors: ['BAD_REFRESH_TOKEN'],
  },
  authVariants: {
    private_app: {
      label: 'Private app',
      description:
        'One access token of a private app in one HubSpot account; no consent page, and its scopes are chosen in the private app.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'token',
            label: 'Access token',
            help: 'In HubSpot under Settings, Integrations, Private Apps, in your app under Auth.',
            secret: true,
            pattern: /^[A-Za-z0-9_-]{20,200}$/,
          },
        ],
        token: '{token}',
        scheme: 'Bearer',
      },
    },
  },
  api: {
    baseUrl: 'https://api.hubapi.com',
    fault,
    refusals: {
      rejected: {
        status: 401,
        body: {
          status: 'error',
          message: 'The OAuth token used to make this call expired 12 minute(s) ago.',
          correlationId: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a11',
          category: 'EXPIRED_AUTHENTICATION',
        },
      },
      missing_scope: {
        status: 403,
        body: {
          status: 'error',
          message: 'This app has not been granted all required scopes to make this call.',
          correlationId: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a12',
          errors: [
            {
              message: 'One or more of the following scopes are required.',
              context: { requiredGranularScopes: ['crm.objects.deals.write'] },
            },
          ],
          links: { scopes: 'https://developers.hubspot.com/scopes' },
          category: 'MISSING_SCOPES',
        },
      },
      rate_limited: {
        status: 429,
        headers: { 'x-hubspot-ratelimit-interval-milliseconds': '10000', 'x-hubspot-ratelimit-remaining': '0' },
        body: {
          status: 'error',
          message: 'You have reached your ten_secondly_rolling limit.',
          errorType: 'RATE_LIMIT',
          correlationId: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a13',
          policyName: 'TEN_SECONDLY_ROLLING',
        },
      },
      error: {
        status: 400,
        body: {
          status: 'error',
          message: 'Property values were not valid',
          correlationId: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a14',
          errors: [{ message: 'nobody is not a valid email', code: 'INVALID_EMAIL', context: { propertyName: ['email'] } }],
          category: 'VALIDATION_ERROR',
        },
      },
      unavailable: {
        status: 503,
        body: { status: 'error', message: 'Service unavailable', correlationId: '7c2f7be2-6f8e-4d2e-8d38-1f2f5f0f6a15' },
      },
    },
  },
  identify: {
    request: get('/account-info/v3/details'),
    // HubSpot tells whose account the token reaches, and not with which person's consent.
    subject: ({ portalId, accountType }: Account) => ({
      id: String(portalId),
      label: `HubSpot account ${portalId}${accountType === 'STANDARD' ? '' : ` (${accountType.toLowerCase().replaceAll('_', ' ')})`}`,
      team: String(portalId),
    }),
    example: {
      receives: {
        body: {
          portalId: 242424,
          accountType: 'STANDARD',
          timeZone: 'Europe/Madrid',
          companyCurrency: 'EUR',
          additionalCurrencies: [],
          utcOffset: '+01:00',
          utcOffsetMilliseconds: 3600000,
          uiDomain: 'app.hubspot.com',
          dataHostingLocation: 'eu1',
        },
      },
      gives: { id: '242424', label: 'HubSpot account 242424', team: '242424' },
    },
  },
  tools: [
    contactsSearch,
    contactGet,
    contactCreate,
    contactUpdate,
    companiesSearch,
    companyGet,
    companyCreate,
    companyUpdate,
    dealsSearch,
    dealGet,
    dealCreate,
    dealUpdate,
    ticketsSearch,
    ticketGet,
    ticketCreate,
    ticketUpdate,
    notesSearch,
    noteCreate,
    tasksSearch,
    taskCreate,
    pipelinesList,
    ownersList,
    objectPropertiesList,
    recordAssociationsGet,
    associationCreate,
  ],
});
