import { createHash } from 'node:crypto';
import { type ApiFault, accepts, missingScopes, parametersOf, placeholders, type StaticAuth } from '@grantway/connector-kit';
import { answerBody } from './api-answers.ts';
import { type ApiMatch, type ApiRoute, baseDepth, describeRoute } from './api-routes.ts';
import { type Answer, exampleAnswer, headerOf, type Incoming } from './exchange.ts';
import { fileAnswer, isFile, uploadedIn } from './files.ts';
import type { Standing } from './issuer.ts';
import type { Leaf } from './json-places.ts';
import { findStored, revokeGrant } from './provider-adapter.ts';
import { matched } from './templates.ts';
import { severalAnswers, strays } from './told.ts';
import type { Vendor } from './vendor.ts';

type FaultKind = ApiFault['kind'];

const plainRefusals: Record<FaultKind, { status: number; headers?: Record<string, string>; body: unknown }> = {
  rejected: { status: 401, body: { error: 'unauthorized', message: 'The sandbox does not accept this credential.' } },
  revoked: { status: 401, body: { error: 'unauthorized', message: 'The sandbox does not accept this credential any more.' } },
  missing_scope: { status: 403, body: { error: 'missing_scope', message: 'The access token lacks a scope.' } },
  rate_limited: { status: 429, headers: { 'retry-after': '2' }, body: { error: 'rate_limited' } },
  error: { status: 400, body: { error: 'bad_request' } },
  unavailable: { status: 500, body: { error: 'internal_error' } },
};

/** The vendor's documented refusal; where the connector has none of that kind, a plain one. */
export function apiRefusal(vendor: Vendor, ...kinds: [FaultKind, ...FaultKind[]]): Answer {
  const { refusals } = vendor.connector.api;
  const declared = kinds.map((kind) => refusals?.[kind]).find((refusal) => refusal !== undefined);
  const { status, headers, body } = declared ?? plainRefusals[kinds[0]];
  return exampleAnswer(status, body, headers);
}

export function answerApiCall(vendor: Vendor, match: ApiMatch, request: Incoming): Answer {
  const { route } = match;
  const { auth } = vendor.connector;
  if (isAskedByApp(vendor, route)) return revokedByApp(vendor, match, request);
  const standing = standingOf(vendor, request);
  if (standing.kind === 'rejected') return apiRefusal(vendor, 'rejected');
  if (standing.kind === 'revoked') return apiRefusal(vendor, 'revoked', 'rejected');
  // A header of the connector's that is about the lookup's answer cannot come with the lookup itself.
  const answers = auth.kind === 'oauth2' ? (auth.lookup?.captures ?? []).map((p) => p.name) : [];
  const missing = Object.entries(vendor.connector.api.headers ?? {}).find(([name, template]) => {
    const given = headerOf(request.headers, name);
    if (route.name === 'lookup' && placeholders(template).some((held) => answers.includes(held))) return false;
    return given === undefined || !fits(vendor, template, given);
  })?.[0];
  if (missing !== undefined) {
    return exampleAnswer(400, { error: 'missing_header', message: `${vendor.connector.name} wants the header ${missing}.` });
  }
  const { scopes } = standing;
  const lacking = scopes === undefined ? [] : missingScopes(vendor.oauth?.auth ?? {}, scopes, route.tool?.scopes ?? []);
  if (lacking.length > 0) return apiRefusal(vendor, 'missing_scope');
  if (route.name === 'revocation' && standing.grantId !== undefined) {
    revokeGrant(vendor.state, vendor.id, standing.grantId);
    vendor.ledger.count('revocations');
    vendor.ledger.record('revocation', { by: 'client' });
  }
  if (route.name === 'revocation' && standing.end !== undefined) {
    standing.end();
    vendor.ledger.count('revocations');
    vendor.ledger.record('revocation', { by: 'client' });
  }
  if (route.request.upload !== undefined) {
    const sent = uploadedIn(route.request, request);
    if (sent === undefined)
      return exampleAnswer(400, { error: 'no_file', message: `${vendor.connector.name} finds no file in the request.` });
    vendor.uploaded = sent;
  }
  if (strays(vendor.connector, route, request.path)) return apiRefusal(vendor, 'error');
  if (isFile(route)) return fileAnswer(vendor.uploaded, route.receives.status ?? 200, route.receives);
  const account: Map<Leaf, Leaf> = standing.account === undefined ? new Map() : vendor.valuesFor(standing.account);
  const shown = route.name === 'lookup' ? severalAnswers(vendor.connector, vendor.knobs.lookup_choices) : route.receives.body;
  const asShown = { ...match, route: { ...route, receives: { ...route.receives, body: shown } } };
  const body = answerBody(asShown, { vendorId: vendor.id, state: vendor.state, account });
  return exampleAnswer(route.receives.status ?? 200, body, route.receives.headers);
}

/** Whether it is the vendor's own revocation that the app asks for, with its secret instead of a token. */
export function isAskedByApp({ connector: { auth } }: Vendor, { name, tool }: Pick<ApiRoute, 'name' | 'tool'>): boolean {
  return name === 'revocation' && tool === undefined && auth.kind === 'oauth2' && auth.revocationByApp !== undefined;
}

/** RFC 7617 with the app's own id and secret; what it names must be its own and alive. */
function revokedByApp(vendor: Vendor, { route, actual }: ApiMatch, request: Incoming): Answer {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(headerOf(request.headers, 'authorization') ?? '')?.[1] ?? '';
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  const client = findStored(vendor.state, vendor.id, 'Client', id ?? '')?.payload as { client_secret?: string } | undefined;
  if (client?.client_secret === undefined || client.client_secret !== secret) return apiRefusal(vendor, 'rejected');
  const named = (value: string) => [...route.places].filter(([, held]) => held === value).map(([place]) => String(actual.get(place)));
  const others = named('client-id').filter((given) => given !== id);
  const tokens = [
    ...named('access-token').map((token) => ['AccessToken', token] as const),
    ...named('refresh-token').map((token) => ['RefreshToken', token] as const),
  ];
  const found = tokens.map(([model, token]) => findStored(vendor.state, vendor.id, model, token));
  const isTheirs = found.every((stored) => stored !== undefined && stored.revoked !== true && stored.payload.clientId === id);
  if (others.length > 0 || !isTheirs) return exampleAnswer(404, { message: 'Not Found', status: '404' });
  for (const stored of found) revokeGrant(vendor.state, vendor.id, stored?.payload.grantId ?? '');
  vendor.ledger.count('revocations');
  vendor.ledger.record('revocation', { by: 'client' });
  vendor.log(`${vendor.id} an app revoked a grant`);
  return exampleAnswer(route.receives.status ?? 200, route.receives.body);
}

/** The access token of a request: RFC 6750 section 2.1, or where the connector says that it stands. */
export function tokenOf(vendor: Vendor, request: Incoming): string | undefined {
  const { auth } = vendor.connector;
  if (auth.kind !== 'oauth2') return undefined;
  const templates = Object.entries(auth.tokenHeaders ?? { Authorization: 'Bearer {access_token}' });
  const values = matched(templates.map(([name, template]) => [template, headerOf(request.headers, name)]));
  const token = values?.get('access_token');
  const further = Object.keys(auth.moreTokens ?? {}).find((name) => token?.endsWith(`.${name}`));
  return further === undefined ? token : token?.slice(0, -further.length - 1);
}

/** The request without a key that stands in its path or query: what is matched, and what may be written down. */
export function withoutKey(vendor: Vendor, request: Incoming): Incoming {
  const { auth } = vendor.connector;
  if (auth.kind !== 'api_key' || (auth.query === undefined && auth.pathPrefix === undefined)) return request;
  const query = new URLSearchParams([...request.query].filter(([name]) => auth.query?.[name] === undefined));
  const at = prefixAt(vendor, request);
  const segments = request.path.split('/');
  if (auth.pathPrefix !== undefined) segments.splice(at, 1);
  return { ...request, path: segments.join('/') || '/', query };
}

/** Which segment of the path is the prefix: the first below the base URL, whose host is a segment here. */
function prefixAt(vendor: Vendor, request: Incoming): number {
  return (baseDepth(vendor.connector, request.path) ?? 1) + 1;
}

/** Whether a constant header has the value that its template makes of fitting parameters. */
function fits(vendor: Vendor, template: string, given: string): boolean {
  if (placeholders(template).length === 0) return true;
  const values = matched([[template, given]]);
  const parameters = parametersOf(vendor.connector.auth);
  return values !== undefined && [...values].every(([name, value]) => parameters.some((p) => p.name === name && accepts(p, value)));
}

/** Whether the token was issued by this vendor and has not expired; it may be revoked. */
export function knowsToken(vendor: Vendor, token: string | undefined): boolean {
  return token !== undefined && findStored(vendor.state, vendor.id, 'AccessToken', token) !== undefined;
}

/** Whether the request carries a key of this way in; it may be revoked. */
export function knowsKey(vendor: Vendor, request: Incoming): boolean {
  return vendor.oauth === undefined && vendor.issuer === undefined && standingOfKey(vendor, request).kind !== 'rejected';
}

/** Ends every key that was ever accepted. Answers how many there were. */
export function revokeKeys(vendor: Vendor): number {
  const live = vendor.state.entries(`${vendor.id}/key/`).filter(([, value]) => value === 'accepted');
  for (const [key] of live) vendor.state.set(key, 'revoked');
  return live.length;
}

/** Ends every grant, or those of one account. Answers how many there were. */
export function revokeGrants(vendor: Vendor, account: string | undefined): number {
  const prefix = `${vendor.id}/Grant/`;
  const grants = vendor.state.entries(prefix).filter(([, value]) => {
    const { payload } = value as { payload: { accountId?: string } };
    return account === undefined || payload.accountId === account;
  });
  for (const [key] of grants) revokeGrant(vendor.state, vendor.id, key.slice(prefix.length));
  return grants.length;
}

export function notServed(request: Incoming, near: { connector: string; routes: string[] }[]): Answer {
  return exampleAnswer(404, {
    error: 'not_served',
    message: `The sandbox serves no ${request.method} ${request.path}. A tool's request must fit one of its worked examples.`,
    served: near,
  });
}

export function servedBy(vendor: Vendor, routes: Parameters<typeof describeRoute>[0][]): { connector: string; routes: string[] } {
  return { connector: vendor.id, routes: [...new Set(routes.map((route) => `${describeRoute(route)} (${route.name})`))] };
}

function standingOf(vendor: Vendor, request: Incoming): Standing {
  if (vendor.issuer !== undefined) return vendor.issuer.standing(request);
  return vendor.oauth === undefined ? standingOfKey(vendor, request) : standingOfToken(vendor, tokenOf(vendor, request));
}

function standingOfToken(vendor: Vendor, token: string | undefined): Standing {
  const stored = token === undefined ? undefined : findStored(vendor.state, vendor.id, 'AccessToken', token);
  if (stored === undefined) return { kind: 'rejected' };
  const { grantId = '', scope = '', accountId } = stored.payload;
  if (stored.revoked === true || findStored(vendor.state, vendor.id, 'Grant', grantId) === undefined) return { kind: 'revoked' };
  const withheld = vendor.knobs.withhold_scopes ?? [];
  const names = scope.split(' ').filter((name) => !withheld.includes(name));
  return { kind: 'accepted', scopes: [...names, ...(vendor.oauth?.scopes.words(names) ?? [])], account: accountId, grantId };
}

/** An access token as the sandbox itself gives them out; where it is not live, it must not pass for somebody's key. */
const ownToken = /^[\w-]{43}(?:\.[a-z_]+)?$/;

/**
 * The sandbox issues no keys, so it takes what looks like one: each secret field has at least 8 characters and holds
 * neither "invalid" nor "revoked". Beside an OAuth app a key is one word, and no token of the sandbox's own.
 */
function standingOfKey(vendor: Vendor, request: Incoming): Standing {
  const auth = vendor.connector.auth as StaticAuth;
  const values = fieldValues(vendor, auth, request);
  if (values === undefined) return { kind: 'rejected' };
  const secrets = auth.fields.filter((field) => field.secret && values.has(field.name)).map((field) => values.get(field.name) as string);
  if (secrets.some((value) => value.length < 8 || /invalid|revoked/i.test(value))) return { kind: 'rejected' };
  if (vendor.connector.variant !== undefined && secrets.some((value) => /\s/.test(value) || ownToken.test(value)))
    return { kind: 'rejected' };
  const key = `${vendor.id}/key/${createHash('sha256').update(JSON.stringify(secrets)).digest('base64url')}`;
  if (vendor.state.get(key) === 'revoked') return { kind: 'revoked' };
  if (vendor.state.get(key) === undefined) vendor.state.set(key, 'accepted');
  return { kind: 'accepted' };
}

/** Where the operator names the header, the sandbox expects the name that is there unless told. */
export function headerName(auth: StaticAuth, name: string): string {
  return auth.fields.find((field) => name === `{${field.name}}`)?.default ?? name;
}

/** The fields as the request carries them, or undefined when something declared is missing or has another shape. */
function fieldValues(vendor: Vendor, auth: StaticAuth, request: Incoming): Map<string, string> | undefined {
  const authorization = headerOf(request.headers, 'authorization');
  switch (auth.kind) {
    case 'api_key':
      return matched([
        ...Object.entries(auth.headers).map(([name, template]): [string, string | undefined] => [
          template,
          headerOf(request.headers, headerName(auth, name)),
        ]),
        ...Object.entries(auth.query ?? {}).map(([name, template]): [string, string | undefined] => [
          template,
          request.query.get(name) ?? undefined,
        ]),
        ...(auth.pathPrefix === undefined
          ? []
          : [[auth.pathPrefix, `/${request.path.split('/')[prefixAt(vendor, request)] ?? ''}`] as [string, string]]),
      ]);
    case 'bearer':
      return matched([[auth.scheme === '' ? auth.token : `${auth.scheme} ${auth.token}`, authorization]]);
    case 'basic': {
      // RFC 7617 section 2: the first colon ends the user name.
      const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(authorization ?? '')?.[1];
      const pair = encoded === undefined ? undefined : /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8'));
      return matched([
        [auth.username, pair?.[1]],
        [auth.password, pair?.[2]],
      ]);
    }
    case 'aws_sigv4': {
      // The secret never comes; the sandbox knows none and looks at the form and at the key's id.
      const shape =
        /^AWS4-HMAC-SHA256 Credential=(\w+)\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/;
      const found = shape.exec(authorization ?? '');
      if (found === null || found[3] !== auth.service || headerOf(request.headers, 'x-amz-date') === undefined) return undefined;
      return matched([
        [auth.accessKeyId, found[1]],
        [auth.region, found[2]],
      ]);
    }
    case 'none':
      return authorization === undefined ? new Map() : undefined;
  }
}
