import type { OAuth2Auth, TokenExample } from '@grantway/connector-kit';
import { mapLeaves, setAt, valueAt } from './json-places.ts';
import { findStored } from './provider-adapter.ts';
import type { ScopeReader } from './scopes.ts';
import type { OAuthVendor, Vendor } from './vendor.ts';

/** What the provider granted, in the vendor's own words and at the vendor's own places. */
export function tokenAnswer(
  vendor: Vendor,
  { auth, scopes: reader }: OAuthVendor,
  { grantType, granted }: { grantType: string; granted: Record<string, unknown> },
): Record<string, unknown> {
  const withheld = vendor.knobs.withhold_scopes ?? [];
  const asked = String(granted.scope ?? '')
    .split(' ')
    .filter((scope) => !withheld.includes(scope));
  const scopes = auth.scopesAt === 'app' ? [] : reader.words(asked);
  const example = exampleFor(auth, reader, grantType, asked);
  if (example === undefined) {
    const { scope: _, ...rest } = granted;
    const named = scopes.filter((scope) => auth.unlistedScopes?.includes(scope) !== true);
    return named.length === 0 ? rest : { ...rest, scope: named.join(' ') };
  }
  const values = vendor.valuesFor(accountOf(vendor, String(granted.access_token)) ?? '');
  const body = mapLeaves(example.body, (leaf) => values.get(leaf) ?? leaf) as Record<string, unknown>;
  for (const slot of ['access_token', 'refresh_token', 'expires_in'] as const) {
    const pointer = example.slots[slot];
    if (pointer !== undefined) setAt(body, pointer, granted[slot]);
  }
  if (example.slots.scope !== undefined)
    setAt(body, example.slots.scope, spelled(auth, valueAt(example.body, example.slots.scope), scopes));
  // Made of the first one, so that a call with any of them can be recognised.
  for (const [name, pointer] of Object.entries(auth.moreTokens ?? {})) setAt(body, pointer, `${String(granted.access_token)}.${name}`);
  if (granted.id_token !== undefined) body.id_token = granted.id_token;
  return body;
}

/** The account for which an access token was issued. */
function accountOf(vendor: Vendor, accessToken: string): string | undefined {
  const { accountId } = findStored(vendor.state, vendor.id, 'AccessToken', accessToken)?.payload ?? {};
  return typeof accountId === 'string' ? accountId : undefined;
}

/** Some vendors answer otherwise where all scopes stood in another parameter of the request. */
function exampleFor(
  auth: OAuth2Auth,
  reader: ScopeReader,
  grantType: string,
  asked: string[],
): Pick<TokenExample, 'body' | 'slots'> | undefined {
  const params = new Set(asked.flatMap((scope) => reader.paramsOf(scope)));
  const other = auth.otherTokenExamples?.find(
    ({ scopeParam, answers }) => params.size === 1 && params.has(scopeParam) && answers === grantType,
  );
  return other ?? auth.tokenExample;
}

/** Scopes as the example spells them: a list or one text, its separator, what stands before each, and none that is never named. */
function spelled(auth: OAuth2Auth, shown: unknown, scopes: string[]): string[] | string {
  const text = String(shown);
  const words = Array.isArray(shown) ? shown.map(String) : text.split(/[\s,]+/);
  const prefix = prefixOf(words, Object.keys(auth.scopes));
  const isNamed = (scope: string) => words.includes(scope) || auth.unlistedScopes?.includes(scope) !== true;
  const named = scopes.filter(isNamed).map((scope) => `${prefix}${scope}`);
  if (Array.isArray(shown)) return named;
  return named.join(text.includes(',') ? ',' : text.includes(' ') ? ' ' : auth.scopeSeparator);
}

/** What every word of an answer has before the name of a scope. */
function prefixOf(words: string[], scopes: string[]): string {
  const [first = ''] = words;
  if (scopes.includes(first)) return '';
  const held = scopes.filter((scope) => first.endsWith(scope)).sort((a, b) => b.length - a.length)[0];
  const prefix = held === undefined ? '' : first.slice(0, -held.length);
  return words.every((word) => word.startsWith(prefix) && scopes.includes(word.slice(prefix.length))) ? prefix : '';
}
