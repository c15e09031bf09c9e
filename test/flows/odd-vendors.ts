import { type AuthSpec, type Choice, type Connector, connector, get, type OAuth2Auth, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';

/*
 * One vendor for each behaviour that vendors are known for: everything is a declared value, and nothing outside of this file
 * knows of any of them. The sandbox plays each from its declaration.
 */
const site = { id: 'acct-1', name: 'Acme' };

interface Odd {
  auth: AuthSpec;
  baseUrl?: string;
  headers?: Record<string, string>;
  /** Of the second tool. */
  token?: string;
  scopes?: string[];
}

function vendor(id: string, { auth, baseUrl, headers, token, scopes = [] }: Odd): Connector {
  const item = (name: string, effect: 'read' | 'write', needed: string[]) =>
    tool({
      name: `${id}_item_${name}`,
      title: `${name} items`,
      description: 'Works on items.',
      effect,
      scopes: needed,
      input: z.object({}),
      output: z.looseObject({}),
      request: () =>
        effect === 'read' ? get('/items') : { ...post('/items', { name: 'one' }), ...(token === undefined ? {} : { token }) },
      respond: (answer: Record<string, unknown>) => answer,
      docs: `https://${id}.example/docs`,
      examples: [{ input: {}, receives: { body: { items: ['one'] } }, gives: { items: ['one'] } }],
    });
  return connector({
    id,
    name: `Vendor ${id}`,
    description: 'A vendor of the tests.',
    docs: `https://${id}.example/docs`,
    auth,
    api: { baseUrl: baseUrl ?? `https://api.${id}.example`, ...(headers === undefined ? {} : { headers }) },
    identify: {
      request: get('/me'),
      subject: (answer: typeof site) => ({ id: answer.id, label: answer.name }),
      example: { receives: { body: site }, gives: { id: 'acct-1', label: 'Acme' } },
    },
    tools: [item('list', 'read', scopes.slice(0, 1)), item('create', 'write', scopes)],
  });
}

function oauth(id: string, more: Partial<OAuth2Auth> = {}): OAuth2Auth {
  return {
    kind: 'oauth2',
    authorizeUrl: `https://${id}.example/oauth/authorize`,
    tokenUrl: `https://${id}.example/oauth/token`,
    revokeUrl: `https://${id}.example/oauth/revoke`,
    scopes: { read: 'See your items', write: 'Change your items' },
    defaultScopes: ['read', 'write'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    rotationClass: 'D',
    ...more,
  };
}

const label = /^[a-z0-9][a-z0-9-]{0,40}$/;
const secret = (name: string) => ({ name, label: name, secret: true });
const cloudBody = [
  { id: 'cloud-a', name: 'Acme Works', url: 'https://acme.example' },
  { id: 'cloud-b', name: 'Beta Works', url: 'https://beta.example' },
];
const clouds = (body: typeof cloudBody): Choice[] => body.map((c) => ({ values: { cloud_id: c.id }, label: c.name, detail: c.url }));

/** What a lookup answers, so that the other numbers of answers can be had as well. */
function cloudLookup(id: string, body: typeof cloudBody): Partial<OAuth2Auth> {
  return {
    lookup: {
      noun: 'site',
      baseUrl: `https://api.${id}.example/oauth`,
      request: get('/accessible-resources'),
      captures: [{ name: 'cloud_id', pattern: /^[a-z0-9-]{1,64}$/ }],
      choices: clouds,
      example: { receives: { body }, gives: clouds(body) },
    },
  };
}
const ofCloud = (id: string, body: typeof cloudBody) =>
  vendor(id, {
    auth: oauth(id, cloudLookup(id, body)),
    baseUrl: `https://api.${id}.example/ex/{cloud_id}`,
    headers: { 'X-Cloud': '{cloud_id}' },
  });

const nested = { ok: true, authed: { token: 'x', refresh: 'x', ttl: 3600, scope: 'read,write' }, person: { token: 'x' } };

export const oddVendors: Record<string, { connector: Connector; fields?: Record<string, string>; keys?: Record<string, string> }> = {
  'a token nested in the answer, and a second one beside it': {
    connector: vendor('nested', {
      auth: oauth('nested', {
        scopeSeparator: ',',
        readTokenResponse: (body) => {
          const { ok, error, authed } = body as Partial<typeof nested> & { error?: string };
          if (ok !== true || authed === undefined) return { error: error ?? 'unknown' };
          return { access_token: authed.token, refresh_token: authed.refresh, expires_in: authed.ttl, scopes: authed.scope.split(',') };
        },
        tokenExample: {
          body: nested,
          slots: { access_token: '/authed/token', refresh_token: '/authed/refresh', expires_in: '/authed/ttl', scope: '/authed/scope' },
          refusal: { status: 200, body: { ok: false, error: 'invalid_code' }, slot: '/error' },
        },
        moreTokens: { person: '/person/token' },
      }),
      token: 'person',
    }),
  },
  'the API host comes back with the token': {
    connector: vendor('instance', {
      auth: oauth('instance', {
        captureFromToken: [{ name: 'instance_host', pointer: '/instance_url', hostSuffixes: ['instance.example'] }],
        // Neither says how long its token lives.
        tokenExample: {
          body: { access_token: 'x', refresh_token: 'x', instance_url: 'https://na1.instance.example' },
          slots: { access_token: '/access_token', refresh_token: '/refresh_token' },
        },
      }),
      baseUrl: 'https://{instance_host}/services/v1',
    }),
  },
  'a host asked from the person, and a signed redirect back': {
    connector: vendor('shop', {
      auth: oauth('shop', {
        authorizeUrl: 'https://{shop}.shops.example/admin/oauth/authorize',
        tokenUrl: 'https://{shop}.shops.example/admin/oauth/token',
        revokeUrl: 'https://{shop}.shops.example/admin/oauth/revoke',
        scopeSeparator: ',',
        pkce: 'unsupported',
        fields: [{ name: 'shop', label: 'Shop', help: 'The first part of its address.', secret: false, pattern: label }],
        verifyCallback: { equals: { shop: '{shop}.shops.example' }, signature: { kind: 'hmac_sha256_hex', parameter: 'hmac' } },
        tokenHeaders: { 'X-Shop-Access-Token': '{access_token}' },
      }),
      baseUrl: 'https://{shop}.shops.example/admin/api',
    }),
    fields: { shop: 'acme-shoes' },
  },
  'a value in the query of the redirect back': {
    connector: vendor('ledger', {
      auth: oauth('ledger', {
        clientAuthentication: 'client_secret_basic',
        captureFromCallback: [{ name: 'realm_id', parameter: 'realmId', pattern: /^\d{1,20}$/, example: '4620816365' }],
      }),
      baseUrl: 'https://api.ledger.example/v3/company/{realm_id}',
    }),
  },
  'the token endpoint’s host in the redirect back, and a scheme word of its own': {
    connector: vendor('region', {
      auth: oauth('region', {
        tokenUrl: 'https://{accounts_host}/oauth/v2/token',
        revokeUrl: 'https://{accounts_host}/oauth/v2/revoke',
        scopeSeparator: ',',
        captureFromCallback: [
          {
            name: 'accounts_host',
            parameter: 'accounts-server',
            hostSuffixes: ['region.example', 'region-eu.example'],
            example: 'https://accounts.region-eu.example',
          },
        ],
        tokenHeaders: { Authorization: 'Region-oauthtoken {access_token}' },
      }),
    }),
  },
  'a lookup after consent with one answer': { connector: ofCloud('single', cloudBody.slice(0, 1)) },
  'scopes that belong to the app, and JSON at the token endpoint': {
    connector: vendor('appscopes', {
      auth: oauth('appscopes', {
        scopesAt: 'app',
        tokenBodyFormat: 'json',
        clientAuthentication: 'client_secret_basic',
        authorizeParams: { owner: 'user' },
      }),
      headers: { 'X-Version': '2026-06-01' },
    }),
  },
  'a public client': { connector: vendor('public', { auth: oauth('public', { clientAuthentication: 'none' }) }) },
  'a token in the path': {
    connector: vendor('botpath', {
      auth: { kind: 'api_key', fields: [{ ...secret('token'), pattern: /^\d+:[A-Za-z0-9_-]+$/ }], headers: {}, pathPrefix: '/bot{token}' },
    }),
    keys: { token: '12345:AAH-planted_0123456789abcdef' },
  },
  'key and token in the query': {
    connector: vendor('inquery', {
      auth: { kind: 'api_key', fields: [secret('key'), secret('token')], headers: {}, query: { key: '{key}', token: '{token}' } },
    }),
    keys: { key: 'planted-key-0123456789', token: 'planted-token+/=0123456789' },
  },
  'header templates over several fields': {
    connector: vendor('headers', {
      auth: {
        kind: 'api_key',
        fields: [secret('key'), { name: 'email', label: 'E-mail', secret: false, pattern: /^[^\s@]+@[^\s@]+$/ }],
        headers: { 'X-Access-Token': '{key}', 'X-Email': '{email}', 'X-Both': '{email}/{key}' },
      },
    }),
    keys: { key: 'planted-key-0123456789', email: 'ada@acme.example' },
  },
};

export const severalClouds = ofCloud('several', cloudBody);
export const noClouds = ofCloud('nocloud', []);
export const scoped = vendor('scoped', { auth: oauth('scoped'), scopes: ['read', 'write'] });
export const connectorsOfTests = [...Object.values(oddVendors).map((v) => v.connector), severalClouds, noClouds, scoped];
