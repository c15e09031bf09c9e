import { type Connector, type OAuth2Auth, placeholders, scopesOf } from '@grantway/connector-kit';
import { valueAt } from './json-places.ts';

/*
 * What is particular about each vendor's way to authorize, out of its connector's declaration. `quirks.test.ts` proves that
 * the sandbox plays every one of them, and QUIRKS.gen.md lists them.
 */

/** Says the quirk in a few words, or undefined where the connector has none. */
type Words = (connector: Connector) => string | undefined;
const ofOAuth =
  (words: (auth: OAuth2Auth) => string | undefined | false): Words =>
  ({ auth }) =>
    (auth.kind === 'oauth2' && words(auth)) || undefined;

export const quirks = {
  'client authentication': ofOAuth(
    ({ clientAuthentication }) =>
      ({ client_secret_basic: 'client by HTTP Basic', client_secret_post: 'client in the body', none: 'public client' })[
        clientAuthentication
      ],
  ),
  'token body': ofOAuth(({ tokenBodyFormat }) => tokenBodyFormat === 'json' && 'token requests in JSON'),
  PKCE: ofOAuth(({ pkce }) => (pkce === 'S256' ? 'PKCE with S256' : 'no PKCE')),
  'scope separator': ofOAuth(({ scopeSeparator, scopesAt }) => scopesAt !== 'app' && scopeSeparator === ',' && 'scopes with commas'),
  'scopes of the app': ofOAuth(({ scopesAt }) => scopesAt === 'app' && 'scopes at the app’s registration, none in the request'),
  'nested tokens': ofOAuth(
    (auth) =>
      nestedIn(auth).length > 0 &&
      nestedIn(auth)
        .map((nested) => `token at \`${nested.pointer}\`${nested.when}`)
        .join(', '),
  ),
  '200 with an error, token endpoint': ofOAuth(({ tokenExample }) => tokenExample?.refusal?.status === 200 && 'refuses tokens with 200'),
  '200 with an error, API': ({ auth, api }) =>
    auth.kind === 'oauth2' && Object.values(api.refusals ?? {}).some(({ status }) => status === 200) ? 'refuses calls with 200' : undefined,
  'refusal of its own': ofOAuth(({ tokenExample }) => {
    const { status = 400, slot = '/error' } = tokenExample?.refusal ?? {};
    if (status === 200 || (status === 400 && slot === '/error')) return undefined;
    return `refuses tokens with ${status}, the code at \`${slot}\``;
  }),
  'scopes in the answer': ofOAuth((auth) => {
    const { separator, prefix, isList } = answeredScopes(auth);
    const words = [
      isList ? 'as a list' : separator !== undefined && separator !== auth.scopeSeparator ? `with ${separatorNames[separator]}` : undefined,
      prefix === '' ? undefined : `behind \`${prefix}\``,
      unnamed(auth).length > 0
        ? `without ${unnamed(auth)
            .map((scope) => `\`${scope}\``)
            .join(', ')}`
        : undefined,
    ].filter((word) => word !== undefined);
    return words.length > 0 && `answers scopes ${words.join(', ')}`;
  }),
  rotation: ofOAuth((auth) => {
    if (auth.tokenExample !== undefined && auth.tokenExample.slots.refresh_token === undefined) return 'no refresh token';
    return {
      A: 'the refresh token stays',
      B: 'new refresh tokens, old ones stay good',
      C: `new refresh tokens, the old one good for ${auth.leewaySeconds ?? 60} s`,
      D: 'refresh tokens work once',
      E: 'refresh tokens work once, reuse ends the grant',
    }[auth.rotationClass];
  }),
  'staying connected': ofOAuth(({ offline }) => {
    if (offline === undefined) return undefined;
    const asked = 'scope' in offline ? `scope \`${offline.scope}\`` : Object.entries(offline.params).map((pair) => `\`${pair.join('=')}\``);
    return `refresh token only for ${asked}`;
  }),
  'life of access tokens': ofOAuth((auth) => {
    const { expires_in, refresh_token } = auth.tokenExample?.slots ?? {};
    if (auth.tokenExample === undefined) return undefined;
    if (expires_in !== undefined) return `access for ${valueAt(auth.tokenExample.body, expires_in)} s`;
    return refresh_token === undefined ? 'access without an end' : 'access for a time that is not said';
  }),
  'life of refresh tokens': ofOAuth((auth) => {
    const seconds = refreshSeconds(auth);
    return seconds !== undefined && `refresh tokens unused for ${days(seconds)} end`;
  }),
  'life of grants': ofOAuth(({ grantSeconds }) => grantSeconds !== undefined && `grants end after ${days(grantSeconds)}`),
  'address of the account’s own': ofOAuth((auth) => {
    const names = placeholders(auth.authorizeUrl);
    return names.length > 0 && `\`{${names.join('}, {')}}\` in the address of its pages`;
  }),
  'API host with the token': ofOAuth(
    ({ captureFromToken = [] }) =>
      captureFromToken.length > 0 && `API host at \`${captureFromToken.map(({ pointer }) => pointer).join('`, `')}\` of the token answer`,
  ),
  'choice after consent': ofOAuth(
    ({ lookup }) => lookup !== undefined && `${lookup.noun} looked up after consent, chosen where there are several`,
  ),
  revocation: ofOAuth(
    ({ revokeUrl, revocation }) =>
      (revokeUrl !== undefined && 'revocation by RFC 7009') || (revocation !== undefined && 'revocation by a call of its API'),
  ),
  'revocation of all': ofOAuth(({ revocationEnds }) => revocationEnds === 'account' && 'which ends all that the person granted to the app'),
  'several secrets': ({ auth }) => {
    const secrets = 'fields' in auth ? (auth.fields ?? []).filter((field) => field.secret && field.optional !== true) : [];
    return secrets.length > 1 ? `${secrets.length} secrets with each call` : undefined;
  },
  'header with each call': ({ api }) => {
    const names = Object.keys(api.headers ?? {}).filter((name) => !/^(accept|user-agent|content-type)$/i.test(name));
    return names.length > 0 ? `${names.map((name) => `\`${name}\``).join(', ')} with each call` : undefined;
  },
} as const satisfies Record<string, Words>;

export type Quirk = keyof typeof quirks;

export function quirksOf(connector: Connector): [quirk: Quirk, words: string][] {
  return (Object.entries(quirks) as [Quirk, Words][]).flatMap(([quirk, words]) => {
    const said = words(connector);
    return said === undefined ? [] : [[quirk, said] as [Quirk, string]];
  });
}

/** Where tokens stand below the top of an answer, and when they do. */
export function nestedIn({ tokenExample, otherTokenExamples = [] }: OAuth2Auth): { pointer: string; when: string; scopeParam?: string }[] {
  const isNested = (pointer: string | undefined): pointer is string => pointer !== undefined && pointer.split('/').length > 2;
  const first = tokenExample?.slots.access_token;
  return [
    ...(isNested(first) ? [{ pointer: first, when: '' }] : []),
    ...otherTokenExamples.flatMap(({ slots, scopeParam }) =>
      isNested(slots.access_token) ? [{ pointer: slots.access_token, when: ` for \`${scopeParam}\``, scopeParam }] : [],
    ),
  ];
}

const separatorNames: Record<string, string> = { ' ': 'spaces', ',': 'commas' };

/** How the vendor's own example spells the scopes. */
export function answeredScopes(auth: OAuth2Auth): { separator: string | undefined; prefix: string; isList: boolean; words: string[] } {
  const pointer = auth.tokenExample?.slots.scope;
  const shown = pointer === undefined ? undefined : valueAt(auth.tokenExample?.body, pointer);
  const text = typeof shown === 'string' ? shown : '';
  const words = Array.isArray(shown) ? shown.map(String) : text.split(/[\s,]+/).filter((word) => word !== '');
  const declared = Object.keys(scopesOf(auth)).sort((a, b) => b.length - a.length);
  const [first = ''] = words;
  const held = declared.find((scope) => first.endsWith(scope)) ?? first;
  return {
    separator: text.includes(',') ? ',' : text.includes(' ') ? ' ' : undefined,
    prefix: first.slice(0, first.length - held.length),
    isList: Array.isArray(shown),
    words,
  };
}

/** Scopes that are granted and that the vendor's example does not name. */
export function unnamed(auth: OAuth2Auth): string[] {
  return (auth.unlistedScopes ?? []).filter((scope) => !answeredScopes(auth).words.includes(scope));
}

/** After how long a refresh token that nobody uses ends, where the vendor says. */
export function refreshSeconds({ tokenExample, readTokenResponse, idleSeconds }: OAuth2Auth): number | undefined {
  const body = tokenExample?.body;
  const read = (body === undefined ? {} : (readTokenResponse?.(body) ?? body)) as { refresh_token_expires_in?: unknown };
  const said = [read.refresh_token_expires_in, idleSeconds].filter((value) => typeof value === 'number');
  return said.length === 0 ? undefined : Math.min(...said);
}

function days(seconds: number): string {
  return `${seconds / 86_400} days`;
}
