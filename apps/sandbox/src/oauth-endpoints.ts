import { createHmac } from 'node:crypto';
import { fieldsOf, fillText, type OAuth2Auth, placeholders } from '@grantway/connector-kit';
import { offlineScope, type ProviderAnswer, presenceScope, unknownScopesParam } from './authorization-server.ts';
import { type Answer, headerOf, type Incoming, isForm, jsonAnswer } from './exchange.ts';
import { endAllOf } from './grants.ts';
import { isRecord, setAt } from './json-places.ts';
import { findStored, usedTokenWorks } from './provider-adapter.ts';
import { tokenAnswer } from './token-answers.ts';
import type { OAuthVendor, Vendor } from './vendor.ts';

/*
 * The vendor's own wording on the outside, a strict provider on the inside. Everything here follows from what the
 * connector declares; what it does not declare is RFC 6749, 7009, 7591 and 7636 as the provider enforces them.
 */

export async function authorize(vendor: Vendor, oauth: OAuthVendor, request: Incoming): Promise<Answer> {
  const asked = oauth.scopes.read(request.query);
  // A vendor with the scopes at the app's registration takes none here.
  const ofApp = oauth.auth.scopesAt === 'app';
  const [scopes, unknown] = ofApp
    ? [oauth.auth.defaultScopes, oauth.scopes.params.filter((name) => request.query.has(name))]
    : [asked.scopes, asked.unknown];
  const inner = new URLSearchParams();
  const names = ['response_type', 'client_id', 'redirect_uri', 'state'];
  if (oauth.auth.pkce === 'S256') names.push('code_challenge', 'code_challenge_method');
  if (scopes.includes('openid')) names.push('nonce');
  for (const name of names) for (const value of request.query.getAll(name)) inner.append(name, value);
  // OpenID Connect Core section 11: without it the provider would quietly drop the scope
  if (scopes.includes('offline_access')) inner.set('prompt', 'consent');
  inner.set('scope', [...scopes, presenceScope, ...(staysConnected(oauth.auth, scopes, request.query) ? [offlineScope] : [])].join(' '));
  if (unknown.length > 0) inner.set(unknownScopesParam, unknown.join(' '));
  rememberAsked(vendor, oauth.auth, request);
  const server = oauth.server();
  const answer = await server.call({ method: 'GET', path: `/authorize?${inner}`, headers: browserHeaders(vendor, request) });
  return toBrowser(vendor, answer);
}

/** Whether the request holds what the vendor wants to see before it gives a refresh token. */
function staysConnected({ offline }: OAuth2Auth, scopes: string[], query: URLSearchParams): boolean {
  if (offline === undefined) return false;
  if ('scope' in offline) return scopes.includes(offline.scope);
  return Object.entries(offline.params).every(([name, value]) => query.get(name) === value);
}

/** After the consent page: the provider decides, and sends the browser back to the one who asked. */
export async function resume(vendor: Vendor, oauth: OAuthVendor, request: Incoming, uid: string): Promise<Answer> {
  const path = `/authorize/${encodeURIComponent(uid)}`;
  return toBrowser(vendor, await oauth.server().call({ method: 'GET', path, headers: browserHeaders(vendor, request) }));
}

export async function token(vendor: Vendor, oauth: OAuthVendor, request: Incoming): Promise<Answer> {
  const form = tokenForm(oauth.auth, request);
  const given = form?.get('grant_type') ?? '';
  const grantType = given === 'authorization_code' || given === 'refresh_token' ? given : 'other';
  const refuse = (status: number, error: string, description?: string) => {
    vendor.ledger.count('token_refusals');
    vendor.ledger.record('token', { grant_type: grantType, error });
    vendor.log(`${vendor.id} token ${grantType} refused: ${error}`);
    return refusal(oauth.auth, status, error, description);
  };
  const problem = clientAuthenticationProblem(oauth.auth, request, form);
  if (problem !== undefined) return refuse(401, 'invalid_client', problem);
  // A vendor that does not know PKCE ignores its parameters
  if (oauth.auth.pkce === 'unsupported') form?.delete('code_verifier');

  const refreshToken = grantType === 'refresh_token' ? (form?.get('refresh_token') ?? undefined) : undefined;
  const before = refreshToken === undefined ? undefined : findStored(vendor.state, vendor.id, 'RefreshToken', refreshToken);
  const wasUsed = before?.consumedAtMs !== undefined && before.revoked !== true;
  const answer = await oauth.server().call({
    method: 'POST',
    path: '/token',
    headers: clientHeaders(request, form),
    body: form?.toString() ?? request.body.toString('utf8'),
  });
  const body = parsed(answer.body);
  if (answer.status !== 200) {
    if (wasUsed && !usedTokenWorks(before, vendor.knobs.rotate ?? oauth.auth.rotationClass, oauth.auth.leewaySeconds))
      vendor.ledger.count('reuse_detected');
    return refuse(answer.status, String(body.error ?? 'server_error'), text(body.error_description));
  }
  if (vendor.knobs.drop_refresh_token === true) delete body.refresh_token;
  vendor.ledger.count('tokens_issued');
  if (grantType === 'refresh_token') vendor.ledger.count('refreshes');
  if (wasUsed) vendor.ledger.count('refreshes_with_old_token');
  vendor.ledger.record('token', { grant_type: grantType, status: 200 });
  vendor.log(`${vendor.id} token ${grantType} granted`);
  return jsonAnswer(200, tokenAnswer(vendor, oauth, { grantType, granted: body }));
}

/** RFC 7009. */
export async function revoke(vendor: Vendor, oauth: OAuthVendor, request: Incoming): Promise<Answer> {
  const form = tokenForm(oauth.auth, request);
  const problem = clientAuthenticationProblem(oauth.auth, request, form);
  if (problem !== undefined) return jsonAnswer(401, { error: 'invalid_client', error_description: problem });
  const value = form?.get('token') ?? '';
  const live = () =>
    ['AccessToken', 'RefreshToken']
      .map((model) => findStored(vendor.state, vendor.id, model, value))
      .find((stored) => stored !== undefined && stored.revoked !== true);
  const before = live();
  const body = form?.toString() ?? request.body.toString('utf8');
  const answer = await oauth.server().call({ method: 'POST', path: '/revoke', headers: clientHeaders(request, form), body });
  if (before !== undefined && live() === undefined) {
    if (oauth.auth.revocationEnds === 'account') endAllOf(vendor, before.payload);
    vendor.ledger.count('revocations');
    vendor.ledger.record('revocation', { by: 'client' });
    vendor.log(`${vendor.id} a client revoked its grant`);
  }
  return answer.body === '' ? { status: answer.status, headers: {}, body: '' } : jsonAnswer(answer.status, parsed(answer.body));
}

/** RFC 7591. Grant types, authentication and application type follow from the connector and the redirect URIs. */
export async function register(vendor: Vendor, oauth: OAuthVendor, request: Incoming): Promise<Answer> {
  const body = parsed(request.body.toString('utf8'));
  const uris = Array.isArray(body.redirect_uris) ? body.redirect_uris : [];
  const metadata = {
    redirect_uris: body.redirect_uris,
    ...(typeof body.client_name === 'string' ? { client_name: body.client_name } : {}),
    // RFC 8252 section 7.3: a native client's loopback redirect URI matches on any port
    application_type: uris.length > 0 && uris.every(isLoopback) ? 'native' : 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: oauth.auth.clientAuthentication,
  };
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const answer = await oauth.server().call({ method: 'POST', path: '/register', headers, body: JSON.stringify(metadata) });
  if (answer.status === 201) {
    vendor.ledger.count('registrations');
    vendor.ledger.record('registration', {});
    vendor.log(`${vendor.id} registered a client`);
  }
  return jsonAnswer(answer.status, parsed(answer.body));
}

/** A token endpoint's refusal in the vendor's own words. */
export function refusal(auth: Pick<OAuth2Auth, 'tokenExample'>, status: number, error: string, description?: string): Answer {
  const example = auth.tokenExample?.refusal;
  if (example === undefined) return jsonAnswer(status, { error, ...(description === undefined ? {} : { error_description: description }) });
  const body = structuredClone(example.body);
  setAt(body, example.slot, error);
  return jsonAnswer(example.status, body);
}

/** The declared way and no other: a client that uses another would fail at the real vendor. */
function clientAuthenticationProblem(auth: OAuth2Auth, request: Incoming, form: URLSearchParams | undefined): string | undefined {
  const basic = headerOf(request.headers, 'authorization') !== undefined;
  const post = form?.has('client_secret') === true;
  if (auth.clientAuthentication === 'none' && (basic || post)) return 'send client_id alone: this client is public';
  if (auth.clientAuthentication === 'client_secret_post' && basic) return 'send client_id and client_secret in the body';
  if (auth.clientAuthentication === 'client_secret_basic' && post) return 'send client_id and client_secret by HTTP Basic';
  return undefined;
}

/** The body as the connector says that it is written; another is not understood, as at the real vendor. */
function tokenForm(auth: OAuth2Auth, request: Incoming): URLSearchParams | undefined {
  if (auth.tokenBodyFormat !== 'json') return isForm(request) ? new URLSearchParams(request.body.toString('utf8')) : undefined;
  if (!(headerOf(request.headers, 'content-type') ?? '').startsWith('application/json')) return new URLSearchParams();
  const members = Object.entries(parsed(request.body.toString('utf8')));
  return new URLSearchParams(members.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function clientHeaders(request: Incoming, form: URLSearchParams | undefined): Record<string, string> {
  const authorization = headerOf(request.headers, 'authorization');
  return {
    accept: 'application/json',
    'content-type':
      form === undefined
        ? (headerOf(request.headers, 'content-type') ?? 'application/x-www-form-urlencoded')
        : 'application/x-www-form-urlencoded',
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** The session cookie is kept from the provider both ways: each consent asks anew who signs in. */
function browserHeaders(vendor: Vendor, request: Incoming): Record<string, string> {
  const cookies = (headerOf(request.headers, 'cookie') ?? '').split(/;\s*/).filter((cookie) => !isSession(vendor, cookie));
  return { accept: 'text/html', cookie: cookies.join('; ') };
}

function toBrowser(vendor: Vendor, answer: ProviderAnswer): Answer {
  const headers: Answer['headers'] = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date'].includes(name)) {
      headers[name] = value;
    }
  }
  const cookies = [headers['set-cookie'] ?? []].flat().filter((cookie) => !isSession(vendor, cookie));
  delete headers['set-cookie'];
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  const location = text(headers.location);
  if (location === undefined) return { status: answer.status, headers, body: answer.body };
  headers.location = outward(vendor, location);
  return { status: answer.status, headers, body: '' };
}

/**
 * Redirects within the sandbox stay relative, so that it works under each of its names. `iss` (RFC 9207) is taken away:
 * a vendor that sends it has an issuer, and connectors declare none.
 */
function outward(vendor: Vendor, location: string): string {
  const own = vendor.oauth?.server().provider.issuer;
  if (location.startsWith(`${own}/`)) return new URL(location).pathname;
  if (location.startsWith('/')) return location;
  const url = new URL(location);
  url.searchParams.delete('iss');
  if (url.searchParams.has('code')) addCallbackValues(vendor, url);
  return url.href;
}

const askedKey = (vendor: Vendor, state: string) => `${vendor.id}/asked/${state}`;

/** What the address told of which shop or tenant is meant, for the redirect back. */
function rememberAsked(vendor: Vendor, auth: OAuth2Auth, request: Incoming): void {
  const names = placeholders(auth.authorizeUrl);
  if (names.length === 0) return;
  const literals = (auth.authorizeUrl.slice('https:/'.length).split('?')[0] ?? '').split(/\{[a-z][a-z0-9_]*\}/);
  const shape = new RegExp(`^${literals.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('([^/]+)')}$`);
  const found = shape.exec(request.path)?.slice(1) ?? [];
  const values = Object.fromEntries(names.map((name, i) => [name, found[i] ?? '']));
  const asked = { values, clientId: request.query.get('client_id') ?? '' };
  vendor.state.set(askedKey(vendor, request.query.get('state') ?? ''), asked, { expiresAtMs: Date.now() + 3_600_000, volatile: true });
}

/** What this vendor's redirect says besides the code, signed where it signs. */
function addCallbackValues(vendor: Vendor, url: URL): void {
  const { auth } = vendor.connector;
  if (auth.kind !== 'oauth2') return;
  const { captureFromCallback = [], verifyCallback } = auth;
  const asked = vendor.state.get(askedKey(vendor, url.searchParams.get('state') ?? '')) as
    | { values: Record<string, string>; clientId: string }
    | undefined;
  for (const { parameter, example } of captureFromCallback) url.searchParams.set(parameter, example);
  for (const [name, template] of Object.entries(verifyCallback?.equals ?? {})) {
    url.searchParams.set(name, fillText(template, fieldsOf(auth), asked?.values ?? {}));
  }
  const { signature } = verifyCallback ?? {};
  if (signature === undefined) return;
  const client = findStored(vendor.state, vendor.id, 'Client', asked?.clientId ?? '');
  const signed = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`);
  const secret = text((client?.payload as { client_secret?: unknown } | undefined)?.client_secret) ?? '';
  url.searchParams.set(signature.parameter, createHmac('sha256', secret).update(signed.join('&')).digest('hex'));
}

function isSession(vendor: Vendor, cookie: string): boolean {
  return cookie.startsWith(`gw_sandbox_${vendor.id}_session`);
}

function isLoopback(uri: unknown): boolean {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
