import type { OAuth2Auth } from './auth.ts';
import { type ApiFault, type AuthVariant, faultByStatus, type ProviderAccount, retryAfter } from './connector.ts';
import type { Choice } from './parameters.ts';
import type { ApiResponse } from './request.ts';

/** What the connectors of Atlassian's cloud share: one authorization server, one gateway, a site that is looked up after consent. */

interface Resource {
  id: string;
  name: string;
  url: string;
  scopes: string[];
}

/** The sites of an answer of accessible-resources that were granted for the product; one may be listed once for each of its products. */
export function atlassianSites(product: 'jira' | 'confluence', body: Resource[]): Choice[] {
  const sites = body.filter((resource) => resource.scopes.some((scope) => scope.includes(product)));
  const seen = new Set<string>();
  return sites
    .filter(({ id }) => !seen.has(id) && seen.add(id) !== undefined)
    .map(({ id, name, url }) => ({ values: { cloud_id: id }, label: name, detail: url }));
}

/** OAuth 2.0 (3LO) of Atlassian for one product. */
export function atlassianAuth(product: 'jira' | 'confluence', scopes: Record<string, string>, defaultScopes: string[]): OAuth2Auth {
  const resource = {
    id: '1324a887-45db-4bf4-8e99-ef0ff456d421',
    name: 'acme',
    url: 'https://acme.atlassian.net',
    scopes: defaultScopes.filter((scope) => scope !== 'offline_access'),
    avatarUrl: 'https://site-admin-avatars-cdn.prod.public.atl-paas.net/avatars/240/rocket.png',
  };
  return {
    kind: 'oauth2',
    authorizeUrl: 'https://auth.atlassian.com/authorize',
    tokenUrl: 'https://auth.atlassian.com/oauth/token',
    scopes: { ...scopes, offline_access: 'Stay connected while you are away' },
    defaultScopes: [...defaultScopes, 'offline_access'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    tokenBodyFormat: 'json',
    authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
    unlistedScopes: ['offline_access'],
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        refresh_token: 'made-up-refresh-token',
        expires_in: 3600,
        token_type: 'Bearer',
        scope: [...defaultScopes, 'offline_access'].join(' '),
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: {
        status: 403,
        body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
        slot: '/error',
      },
    },
    // A refresh token that was used stays usable for ten minutes, for a client that lost the answer.
    rotationClass: 'C',
    leewaySeconds: 600,
    offline: { scope: 'offline_access' },
    idleSeconds: 90 * 86_400,
    grantSeconds: 365 * 86_400,
    lookup: {
      noun: 'site',
      baseUrl: 'https://api.atlassian.com',
      request: { method: 'GET', path: '/oauth/token/accessible-resources' },
      captures: [{ name: 'cloud_id', pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }],
      choices: (body: Resource[]) => atlassianSites(product, body),
      example: {
        receives: { body: [resource] },
        gives: [{ values: { cloud_id: resource.id }, label: 'acme', detail: 'https://acme.atlassian.net' }],
      },
    },
  };
}

/** HTTP Basic with a person's address and API token, at the site's own host. */
export function atlassianToken(identify: NonNullable<AuthVariant['identify']>): AuthVariant {
  return {
    label: 'E-mail address and API token',
    description:
      'Each person enters a site, an address and an API token without scopes; no app is registered, and it does what its owner may.',
    auth: {
      kind: 'basic',
      fields: [
        {
          name: 'site',
          label: 'Site',
          help: 'What stands before .atlassian.net in your address.',
          secret: false,
          pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
          placeholder: 'acme',
        },
        {
          name: 'email',
          label: 'E-mail address',
          help: 'Of the Atlassian account that the token belongs to.',
          secret: false,
          pattern: /^[^\s:@]{1,100}@[^\s:@]{1,150}$/,
          placeholder: 'mira@acme.example',
        },
        {
          name: 'api_token',
          label: 'API token',
          help: 'On id.atlassian.com under Security, API tokens: Create API token, without scopes; it is shown once.',
          secret: true,
          pattern: /^[\x21-\x7e]{16,512}$/,
        },
      ],
      username: '{email}',
      password: '{api_token}',
    },
    api: { baseUrl: 'https://{site}.atlassian.net' },
    identify,
  };
}

/** One person has one id on all sites: the same person on another one is another account (the site stands behind `#`). */
export function atAtlassianSite(account: ProviderAccount, url: string): ProviderAccount {
  const { hostname } = new URL(url);
  return { ...account, id: `${account.id}#${hostname}`, label: `${account.label} · ${hostname}`, team: hostname };
}

/** Errors of the gateway and of both products, whose shapes differ. */
export function atlassianFault(name: string, response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const text = textOf(response.body);
  const message = `${name}: ${text ?? byStatus.message}`;
  if (byStatus.kind === 'rate_limited') {
    return { ...byStatus, message: `${name}: rate limited`, retryAfterSeconds: retryAfter(response.headers['retry-after']) };
  }
  if (byStatus.kind !== 'rejected') return { ...byStatus, message };
  // The token is good, but none of its scopes is one that the call takes; which, the gateway does not say.
  if (/scope does not match/i.test(text ?? '')) {
    return { kind: 'missing_scope', message: `${name}: the account lacks a scope that this call needs`, needed: [] };
  }
  return { kind: 'rejected', message: `${name}: the token was not accepted` };
}

/** The gateway says `message`, Jira `errorMessages` and `errors` by field, Confluence `errors` with a title each. */
function textOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { message, errorMessages, errors } = body as Record<string, unknown>;
  const said: unknown[] = [message, ...(Array.isArray(errorMessages) ? errorMessages : [])];
  if (Array.isArray(errors)) {
    for (const error of errors) {
      if (typeof error === 'object' && error !== null)
        said.push((error as { title?: unknown }).title, (error as { detail?: unknown }).detail);
    }
  } else if (typeof errors === 'object' && errors !== null) {
    said.push(...Object.entries(errors).map(([field, reason]) => (typeof reason === 'string' ? `${field}: ${reason}` : undefined)));
  }
  const texts = said.filter((text): text is string => typeof text === 'string' && text !== '');
  if (texts.length === 0) return undefined;
  const safe = texts
    .slice(0, 3)
    .join('; ')
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
