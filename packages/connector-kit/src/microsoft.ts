import { z } from 'zod';
import type { OAuth2Auth, TokenAnswer, TokenRefusal } from './auth.ts';
import { type ApiFault, type Connector, faultByStatus, retryAfter } from './connector.ts';
import { type ApiResponse, get } from './request.ts';
import type { Provenance } from './tool.ts';

export { nextHit } from './microsoft-search.ts';

/**
 * What the connectors for Microsoft Graph v1.0 have in common: the identity platform, the wording of errors, paging and
 * moments. They are separate products with separate consents over one API, so this cannot live in either's folder.
 */

export const graphBaseUrl = 'https://graph.microsoft.com/v1.0';

/**
 * An operation as `GET /me/messages/{message-id}`, with the names that Graph's own OpenAPI document gives to path parameters;
 * where arguments choose between several, all of them with commas between.
 */
export function graphOperation(operation: string): Provenance {
  return { specification: '@softeria/ms-365-mcp-server', version: '0.155.0', operation };
}

/** Operations that the package above does not hold, read from Microsoft's reference pages and held against its published types. */
export function graphPage(operation: string): Provenance {
  return { specification: '@microsoft/microsoft-graph-types', version: '2.43.1', operation };
}

const common = {
  offline_access: 'Stay connected when you are not there, until you take the access back',
  'User.Read': 'See who you are: your name, your address and your id',
};

/** Scope -> the narrower ones that it holds, along the lines of Graph's permission tables. */
const covers: Record<string, string[]> = {
  'Mail.ReadWrite': ['Mail.Read'],
  'Calendars.ReadWrite': ['Calendars.Read'],
  'Files.ReadWrite.All': ['Files.ReadWrite', 'Files.Read.All', 'Files.Read'],
  'Files.ReadWrite': ['Files.Read'],
  'Files.Read.All': ['Files.Read'],
  'Sites.ReadWrite.All': ['Sites.Read.All'],
  'Chat.ReadWrite': ['Chat.Read', 'Chat.Create', 'ChatMessage.Send'],
  'Chat.Read': ['Chat.ReadBasic'],
  'OnlineMeetings.ReadWrite': ['OnlineMeetings.Read'],
};

/**
 * The Microsoft identity platform, v2.0, with delegated permissions. There is no revocation endpoint (the nearest call,
 * POST /me/revokeSignInSessions, would sign the person out of everything), so disconnecting forgets the tokens alone.
 */
export function microsoftAuth(own: Record<string, string>, defaultScopes: string[]): OAuth2Auth {
  const scopes = { ...common, ...own };
  const held = Object.entries(covers).filter(([wide]) => wide in scopes);
  return {
    kind: 'oauth2',
    authorizeUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize',
    tokenUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
    fields: [
      {
        name: 'tenant',
        label: 'Tenant',
        help: 'common takes work and personal accounts, organizations work accounts; or one directory by its id or domain.',
        secret: false,
        pattern:
          /^(?:common|organizations|consumers|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4})$/,
        default: 'common',
        placeholder: 'common',
      },
    ],
    scopes,
    defaultScopes: ['offline_access', 'User.Read', ...defaultScopes],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    // Without it a browser with one session goes straight through, and nobody can choose another account.
    authorizeParams: { response_mode: 'query', prompt: 'select_account' },
    // A grant of it is seen by the refresh token, never named in `scope`.
    unlistedScopes: ['offline_access'],
    offline: { scope: 'offline_access' },
    scopeCovers: Object.fromEntries(held.map(([wide, narrow]) => [wide, narrow.filter((scope) => scope in scopes)])),
    readTokenResponse: (body) => readTokens(body, Object.keys(scopes)),
    tokenExample: {
      body: {
        token_type: 'Bearer',
        scope: ['User.Read', ...defaultScopes].map((scope) => `https://graph.microsoft.com/${scope}`).join(' '),
        expires_in: 4019,
        ext_expires_in: 4019,
        access_token: 'made-up-access-token',
        refresh_token: 'made-up-refresh-token',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: {
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: 'AADSTS700082: The refresh token has expired due to inactivity.',
          error_codes: [700082],
          timestamp: '2025-11-21 10:00:05Z',
          trace_id: '5f2c1d3e-8a47-4b90-9c6d-2e1f0a3b4c01',
          correlation_id: '7a9e0b1c-2d3f-4e58-8b60-1c2d3e4f5a02',
        },
        slot: '/error',
      },
    },
    // Each refresh brings a new refresh token, and the old one stays good until it expires.
    rotationClass: 'B',
    idleSeconds: 90 * 86_400,
    // What ends a grant (AADSTS50173, 700082, 65001) comes as invalid_grant, interaction_required or consent_required, so
    // there are no goneErrors of Microsoft's own.
  };
}

/** Scopes come back with or without Graph's address before them, and in the letters of the request or of the registration. */
function readTokens(body: unknown, known: string[]): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof b.access_token !== 'string' || b.access_token === '') {
    return { error: typeof b.error === 'string' && b.error !== '' ? b.error : 'no_access_token' };
  }
  const spelled = new Map(known.map((scope) => [scope.toLowerCase(), scope]));
  const named = (scope: string) => {
    const short = scope.replace(/^https:\/\/graph\.microsoft\.com\//i, '');
    return spelled.get(short.toLowerCase()) ?? short;
  };
  return {
    access_token: b.access_token,
    refresh_token: typeof b.refresh_token === 'string' && b.refresh_token !== '' ? b.refresh_token : undefined,
    token_type: 'Bearer',
    expires_in: typeof b.expires_in === 'number' ? b.expires_in : undefined,
    scopes: typeof b.scope === 'string' ? b.scope.split(' ').filter(Boolean).map(named) : undefined,
    id_token: typeof b.id_token === 'string' ? b.id_token : undefined,
  };
}

interface Me {
  id: string;
  displayName?: string | null;
  userPrincipalName?: string | null;
}

/** No `email`: a directory's administrator may write any address into `mail` and the sign-in name, so neither proves anything. */
export const graphIdentity: Connector['identify'] = {
  request: get('/me', { $select: 'id,displayName,mail,userPrincipalName' }),
  subject: ({ id, displayName, userPrincipalName }: Me) => ({
    id,
    label: displayName && userPrincipalName ? `${displayName} (${userPrincipalName})` : displayName || userPrincipalName || id,
  }),
  example: {
    receives: {
      body: {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users(id,displayName,mail,userPrincipalName)/$entity',
        id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b',
        displayName: 'Mira Lopez',
        mail: 'mira@acme.example',
        userPrincipalName: 'mira@acme.example',
      },
    },
    gives: { id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b', label: 'Mira Lopez (mira@acme.example)' },
  },
};

const busy = new Set(['TooManyRequests', 'activityLimitReached', 'ApplicationThrottled']);

/** What an agent can do about the refusals that it meets most. */
const hints = new Map([
  ['ErrorAccessDenied', 'access denied; the item is not shared with this account, or the permission was not granted'],
  ['accessDenied', 'access denied; the item is not shared with this account, or the permission was not granted'],
  ['Authorization_RequestDenied', 'access denied; an administrator of the directory has to allow this'],
  ['ErrorItemNotFound', 'no such item, or it was moved or deleted since'],
  ['itemNotFound', 'no such item, or this account cannot see it'],
  ['nameAlreadyExists', 'an item of this name exists already'],
  ['MailboxNotEnabledForRESTAPI', 'this account has no mailbox in Exchange Online or Outlook.com'],
  ['InefficientFilter', 'too many conditions at once; ask for fewer'],
]);

export function graphFault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  const { body, headers } = response;
  if (byStatus === undefined) {
    return typeof body === 'string' && body.trim() !== ''
      ? { kind: 'error', message: 'Microsoft: the answer is not one of Graph’s' }
      : undefined;
  }
  const error = errorOf(body);
  const code = typeof error.code === 'string' && /^[A-Za-z][A-Za-z_.-]{1,60}$/.test(error.code) ? error.code : undefined;
  if (byStatus.kind === 'rate_limited' || (code !== undefined && busy.has(code))) {
    return { kind: 'rate_limited', message: 'Microsoft: too many requests', retryAfterSeconds: retryAfter(headers['retry-after']) };
  }
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Microsoft: the access token was not accepted' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Microsoft: ${byStatus.message}` };
  const needed = response.status === 403 ? neededScopes(error.message) : [];
  if (needed.length > 0) return { kind: 'missing_scope', message: `Microsoft: the account lacks ${needed.join(', ')}`, needed };
  const said = code === undefined ? undefined : hints.get(code);
  return { kind: 'error', message: `Microsoft: ${said ?? textOf(code, error.message) ?? byStatus.message}` };
}

function errorOf(body: unknown): { code?: unknown; message?: unknown } {
  const error = typeof body === 'object' && body !== null ? (body as { error?: unknown }).error : undefined;
  return typeof error === 'object' && error !== null ? error : {};
}

/** Teams names what would do, the narrowest first; any one of them is enough. Other services say no more than that it is denied. */
function neededScopes(message: unknown): string[] {
  if (typeof message !== 'string') return [];
  const list = /API requires one of '([A-Za-z0-9., -]{3,1000})'/.exec(message.slice(0, 2000))?.[1] ?? '';
  const first = list.split(',').map((scope) => scope.trim())[0] ?? '';
  return /^[A-Za-z]+(?:\.[A-Za-z]+){1,4}$/.test(first) ? [first] : [];
}

function textOf(code: string | undefined, message: unknown): string | undefined {
  if (typeof message !== 'string' || message === '') return code;
  const safe = message
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{40,}/g, '[removed]')
    .replace(/\s+/g, ' ')
    .slice(0, 130);
  return code === undefined ? safe : `${code}, ${safe}`.slice(0, 170);
}

const details = {
  date: '2025-11-21T10:00:05',
  'request-id': '0c6e3a52-41b7-4d9f-8e21-6a5b4c3d2e1f',
  'client-request-id': '0c6e3a52-41b7-4d9f-8e21-6a5b4c3d2e1f',
};

/** As Graph documents its errors; `missing` is what a service says for want of a permission. */
export function graphRefusals(notFound: { code: string; message: string }, missing?: string): NonNullable<Connector['api']['refusals']> {
  return {
    rejected: {
      status: 401,
      body: {
        error: { code: 'InvalidAuthenticationToken', message: 'Access token has expired or is not yet valid.', innerError: details },
      },
    },
    ...(missing === undefined
      ? {}
      : { missing_scope: { status: 403, body: { error: { code: 'Forbidden', message: missing, innerError: details } } } }),
    rate_limited: {
      status: 429,
      headers: { 'retry-after': '10' },
      body: {
        error: {
          code: 'TooManyRequests',
          message: 'Please retry again later.',
          innerError: { code: '429', ...details, status: '429' },
        },
      },
    },
    error: { status: 404, body: { error: { ...notFound, innerError: details } } },
    unavailable: {
      status: 503,
      headers: { 'retry-after': '30' },
      body: { error: { code: 'serviceNotAvailable', message: 'The service is temporarily unavailable.', innerError: details } },
    },
  };
}

export interface GraphPage<T> {
  value: T[];
  '@odata.nextLink'?: string;
}

/**
 * Where the next page begins, out of @odata.nextLink. The link holds a host and a path, so nothing of it is used but the one value:
 * `s` and a number for $skip, `t` and base64url for $skiptoken, of which vendors' own characters are many.
 */
export function nextCursor(page: { '@odata.nextLink'?: string }): string | null {
  const link = page['@odata.nextLink'];
  if (link === undefined) return null;
  const value = (name: string) => new RegExp(`[?&](?:\\$|%24)?${name}=([^&#]+)`, 'i').exec(link)?.[1];
  const token = value('skiptoken');
  if (token !== undefined) return `t${Buffer.from(decodeURIComponent(token)).toString('base64url')}`;
  const skip = value('skip');
  if (skip !== undefined && /^\d{1,9}$/.test(skip)) return `s${skip}`;
  throw new RangeError('the link to the next page holds neither $skiptoken nor $skip');
}

/** $top, and $skip or $skiptoken, of a page. */
export function graphPaging(limit: number | undefined, from: string | undefined): Record<string, string | number | undefined> {
  const top = limit === undefined ? {} : { $top: limit };
  if (from === undefined) return top;
  return from.startsWith('s') ? { ...top, $skip: Number(from.slice(1)) } : { ...top, $skiptoken: tokenIn(from) };
}

function tokenIn(from: string): string {
  return Buffer.from(from.slice(1), 'base64url').toString('utf8');
}

export const graphCursor = z
  .string()
  .regex(/^(?:s\d{1,9}|t[A-Za-z0-9_-]{1,8000})$/)
  .refine((from) => from.startsWith('s') || /^[\x20-\x7e]+$/.test(tokenIn(from)), 'is no cursor')
  .optional()
  .describe('next_cursor of the page before, with the other arguments unchanged');

/** Of collections that know $skiptoken alone. */
export const graphTokenCursor = z
  .string()
  .regex(/^t[A-Za-z0-9_-]{1,8000}$/)
  .refine((from) => graphCursor.safeParse(from).success, 'is no cursor')
  .optional()
  .describe('next_cursor of the page before, with the other arguments unchanged');

export const graphNextCursor = z.string().nullable();

/** Moments of Graph have up to seven digits of a second, and a zone always. */
export function graphTime(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' ? null : new Date(text).toISOString();
}

/** A text inside an OData string literal: '' stands for one quote (OData 4.01, URL Conventions, section 5.1.1.6.1). */
export function odataText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The beginning of a text, and whether there is more. */
export function cut(text: string | null | undefined, most: number): { text: string; truncated: boolean } {
  const whole = text ?? '';
  return { text: whole.slice(0, most), truncated: whole.length > most };
}

const entities: Record<string, string> = { nbsp: ' ', amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** What people read of markup; agents have no use for the rest, and pay for it. */
export function plainText(html: string): string {
  return html
    .replace(/<(?:br|\/p|\/div|\/li|\/tr|\/h\d)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(nbsp|amp|lt|gt|quot|#39);/g, (_whole, name: string) => entities[name] ?? '')
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
