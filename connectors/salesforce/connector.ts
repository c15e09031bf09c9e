import { connector, get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { fault } from './faults.ts';
import { querySoql, reportList, reportResultsGet, searchSosl } from './queries.ts';
import { globalDescribe, objectDescribe, sobjectCreate, sobjectDelete, sobjectGet, sobjectUpdate } from './records.ts';
import {
  accountCreate,
  accountsList,
  contactCreate,
  contactsList,
  leadCreate,
  leadsList,
  noteCreate,
  opportunitiesList,
  opportunityCreate,
  taskCreate,
  tasksList,
} from './sales.ts';

/** Salesforce's own domain; force.com and others hold pages of customers. */
const hostSuffixes = ['salesforce.com'];

interface UserInfo {
  user_id: string;
  organization_id: string;
  name?: string;
  preferred_username: string;
  email?: string;
  email_verified?: boolean;
  zoneinfo?: string;
  language?: string;
}

const userInfoExample = {
  sub: 'https://login.salesforce.com/id/00DRM0000006iOPYAY/005RM0000023FquYAE',
  user_id: '005RM0000023FquYAE',
  organization_id: '00DRM0000006iOPYAY',
  preferred_username: 'mira@acme.example',
  nickname: 'mira',
  name: 'Mira Lopez',
  email: 'mira@acme.example',
  email_verified: true,
  given_name: 'Mira',
  family_name: 'Lopez',
  zoneinfo: 'Europe/Madrid',
  photos: { picture: 'https://acme.my.salesforce.com/profilephoto/005/F', thumbnail: 'https://acme.my.salesforce.com/profilephoto/005/T' },
  profile: 'https://acme.my.salesforce.com/005RM0000023FquYAE',
  picture: 'https://acme.my.salesforce.com/profilephoto/005/F',
  address: { country: 'ES' },
  urls: { rest: 'https://acme.my.salesforce.com/services/data/v{version}/' },
  active: true,
  user_type: 'STANDARD',
  language: 'en_US',
  locale: 'en_GB',
  utcOffset: 3600000,
  updated_at: '2025-11-20T16:11:02Z',
};

const currentUserGet = tool({
  name: 'salesforce_current_user_get',
  title: 'Read the own user',
  description:
    'Read whose account this is: the user id, which OwnerId fields hold, the organization, name and time zone. With the id ' +
    'salesforce_accounts_list and its siblings show what this user owns.',
  effect: 'read',
  scopes: ['openid'],
  input: z.object({}),
  output: z.object({
    user_id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    time_zone: z.string().nullable(),
    language: z.string().nullable(),
  }),
  request: () => get('/services/oauth2/userinfo'),
  respond: (user: UserInfo) => ({
    user_id: user.user_id,
    organization_id: user.organization_id,
    name: user.name ?? '',
    username: user.preferred_username,
    email: user.email ?? null,
    time_zone: user.zoneinfo ?? null,
    language: user.language ?? null,
  }),
  docs: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm',
  provenance: { specification: '@salesforce/core', version: '8.32.6', operation: 'AuthInfo.retrieveUserInfo' },
  examples: [
    {
      input: {},
      receives: { body: userInfoExample },
      gives: {
        user_id: '005RM0000023FquYAE',
        organization_id: '00DRM0000006iOPYAY',
        name: 'Mira Lopez',
        username: 'mira@acme.example',
        email: 'mira@acme.example',
        time_zone: 'Europe/Madrid',
        language: 'en_US',
      },
    },
  ],
});

export default connector({
  id: 'salesforce',
  name: 'Salesforce',
  description: 'Query, create and change records of a Salesforce organization, and run its reports.',
  docs: 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://{login_host}/services/oauth2/authorize',
    tokenUrl: 'https://{login_host}/services/oauth2/token',
    revokeUrl: 'https://{login_host}/services/oauth2/revoke',
    fields: [
      {
        name: 'login_host',
        label: 'Where you sign in',
        help: 'login.salesforce.com, test.salesforce.com for a sandbox, or your My Domain such as acme.my.salesforce.com.',
        secret: false,
        hostSuffixes,
        default: 'login.salesforce.com',
        placeholder: 'login.salesforce.com',
      },
    ],
    scopes: {
      api: 'Do with records and reports what you may do yourself',
      refresh_token: 'Stay connected while you are away',
      openid: 'See who you are',
      id: 'See your profile: name, address, organization',
    },
    defaultScopes: ['api', 'refresh_token', 'openid', 'id'],
    scopeSeparator: ' ',
    scopeCovers: { full: ['api', 'openid', 'id'], offline_access: ['refresh_token'] },
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    authorizeParams: { prompt: 'consent' },
    offline: { scope: 'refresh_token' },
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        refresh_token: 'made-up-refresh-token',
        signature: 'made-up-signature',
        scope: 'refresh_token openid api id',
        instance_url: 'https://acme.my.salesforce.com',
        id: 'https://login.salesforce.com/id/00DRM0000006iOPYAY/005RM0000023FquYAE',
        token_type: 'Bearer',
        issued_at: '1763719200000',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', scope: '/scope' },
      refusal: { status: 400, body: { error: 'invalid_grant', error_description: 'expired access/refresh token' }, slot: '/error' },
    },
    // Whether refresh tokens rotate is a setting of the operator's app.
    rotationClass: 'E',
    captureFromToken: [{ name: 'instance_host', pointer: '/instance_url', hostSuffixes }],
  },
  api: {
    baseUrl: 'https://{instance_host}',
    fault,
    refusals: {
      rejected: { status: 401, body: [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }] },
      missing_scope: {
        status: 403,
        body: [{ message: 'This session is not valid for use with the REST API', errorCode: 'INVALID_SESSION_ID' }],
      },
      rate_limited: {
        status: 403,
        headers: { 'sforce-limit-info': 'api-usage=100000/100000' },
        body: [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
      },
      error: {
        status: 400,
        body: [{ message: "No such column 'Nam' on entity 'Account'.", errorCode: 'INVALID_FIELD' }],
      },
      unavailable: { status: 503, body: [{ message: 'The server is temporarily unavailable', errorCode: 'SERVER_UNAVAILABLE' }] },
    },
  },
  identify: {
    request: get('/services/oauth2/userinfo'),
    // An address is told with whether its owner has confirmed it.
    subject: (user: UserInfo) => ({
      id: user.user_id,
      label: user.name === undefined ? user.preferred_username : `${user.name} (${user.preferred_username})`,
      ...(user.email_verified === true && user.email !== undefined ? { email: user.email } : {}),
      team: user.organization_id,
    }),
    example: {
      receives: { body: userInfoExample },
      gives: {
        id: '005RM0000023FquYAE',
        label: 'Mira Lopez (mira@acme.example)',
        email: 'mira@acme.example',
        team: '00DRM0000006iOPYAY',
      },
    },
  },
  tools: [
    querySoql,
    searchSosl,
    sobjectGet,
    sobjectCreate,
    sobjectUpdate,
    sobjectDelete,
    objectDescribe,
    globalDescribe,
    accountsList,
    accountCreate,
    contactsList,
    contactCreate,
    leadsList,
    leadCreate,
    opportunitiesList,
    opportunityCreate,
    tasksList,
    taskCreate,
    noteCreate,
    reportList,
    reportResultsGet,
    currentUserGet,
  ],
});
