import { isDeepStrictEqual } from 'node:util';
import { appRevocationRequest } from '../app-revocation.ts';
import { type AuthSpec, type OAuth2Auth, reservedNames, type TokenAnswer, type TokenRefusal, templatesOf, usesApp } from '../auth.ts';
import { type ApiFault, type Connector, connector as declare, faultByStatus } from '../connector.ts';
import { accepts } from '../parameters.ts';
import type { ApiResponse } from '../request.ts';
import { definitionTokens, toolsetTokens } from '../size.ts';
import { placeholders } from '../url-template.ts';
import { issuedProblems } from './issued-rules.ts';
import { valueAt, withStrings, withValues } from './pointer.ts';
import { requestProblems } from './tool-rules.ts';

/** One promise of a connector, and what breaks it in the given one. */
export interface ConnectorRule {
  title: string;
  problems: (connector: Connector) => string[];
}

export const faultMessageMax = 200;

export const connectorRules: ConnectorRule[] = [
  {
    title: 'is well formed and presents itself',
    problems: (c) => {
      const found: string[] = [];
      const { variant: _, ...plain } = c;
      try {
        declare(plain);
      } catch (error) {
        found.push(String(error));
      }
      if (c.description.length < 20 || c.description.length > 200) found.push(`the description has ${c.description.length} characters`);
      if (!c.docs.startsWith('https://')) found.push('docs is no https URL');
      if (c.tools.length === 0) found.push('it has no tools');
      return found;
    },
  },
  {
    title: 'costs an agent that has all of its tools less than 8,000 tokens',
    problems: ({ tools }) => {
      const sum = tools.reduce((total, tool) => total + definitionTokens(tool), 0);
      return sum < toolsetTokens ? [] : [`the definitions have about ${sum} tokens together`];
    },
  },
  {
    title: 'identifies the account as its example says, with a whole request',
    problems: ({ identify, api }) => {
      const found = requestProblems(identify.request);
      const response = {
        status: identify.example.receives.status ?? 200,
        headers: {},
        body: structuredClone(identify.example.receives.body),
      };
      const fault = (api.fault ?? faultByStatus)(response);
      if (fault !== undefined) found.push(`api.fault calls the good answer ${fault.kind}`);
      const account = identify.subject(response.body as never, response);
      if (!isDeepStrictEqual(account, identify.example.gives)) found.push(`it gives ${JSON.stringify(account)}`);
      if (account.id === '' || account.label === '' || /undefined|null/.test(account.id + account.label))
        found.push('id or label is missing');
      return found;
    },
  },
  {
    title: 'judges the refusals that the vendor documents by their kind',
    problems: ({ api }) =>
      Object.entries(api.refusals ?? {}).flatMap(([kind, refusal]) => {
        const fault = (api.fault ?? faultByStatus)(responseOf(refusal));
        if (fault?.kind !== kind) return [`${kind} is judged ${fault?.kind ?? 'a good answer'}`];
        return messageProblems(fault).map((problem) => `${kind}: ${problem}`);
      }),
  },
  {
    title: 'documents a refused credential, a limited rate, a refused request and a failing vendor',
    problems: ({ api }) =>
      (['rejected', 'rate_limited', 'error', 'unavailable'] as const)
        .filter((kind) => api.refusals?.[kind] === undefined)
        .map((kind) => `api.refusals has no ${kind}`),
  },
  {
    title: 'judges any body without throwing, and never calls a failing status good',
    problems: ({ api }) => {
      const judge = api.fault ?? faultByStatus;
      const expected: [number, ApiFault['kind'][]][] = [
        [401, ['rejected', 'revoked']],
        [404, ['error']],
        [429, ['rate_limited']],
        [500, ['unavailable']],
        [503, ['unavailable']],
      ];
      return expected.flatMap(([status, kinds]) =>
        oddBodies.flatMap((body) => {
          const where = `${status} with ${JSON.stringify(body)}`;
          try {
            const fault = judge({ status, headers: {}, body });
            return fault !== undefined && kinds.includes(fault.kind) ? [] : [`${where} is judged ${fault?.kind ?? 'a good answer'}`];
          } catch (error) {
            return [`${where} throws ${String(error)}`];
          }
        }),
      );
    },
  },
  {
    title: 'keeps credentials and long texts that a vendor echoes out of a fault’s message',
    problems: ({ api }) => {
      const judge = api.fault ?? faultByStatus;
      const planted = `planted${crypto.randomUUID().replaceAll('-', '')}`;
      const echoes = [` Bearer ${planted}`, ` ${planted}${'x'.repeat(64)}`, ` ${'word '.repeat(2000)}`];
      return Object.entries(api.refusals ?? {}).flatMap(([kind, refusal]) =>
        echoes.flatMap((echo) => {
          const fault = judge({ ...responseOf(refusal), body: withStrings(refusal.body, (text) => text + echo) });
          if (fault === undefined) return [`${kind} with an echo is judged a good answer`];
          const leaks = JSON.stringify(fault).includes(planted) ? [`${kind} repeats what the vendor echoed: ${JSON.stringify(fault)}`] : [];
          return [...leaks, ...messageProblems(fault).map((problem) => `${kind}: ${problem}`)];
        }),
      );
    },
  },
  {
    title: 'is authorized over https with nothing of the protocol overridden',
    problems: ({ auth }) => (auth.kind === 'oauth2' ? oauthProblems(auth) : issuedProblems(auth)),
  },
  {
    title: 'reads its token endpoint’s answers and refusals as their slots say',
    problems: ({ auth }) => (auth.kind === 'oauth2' ? [...tokenProblems(auth), ...otherTokenProblems(auth)] : []),
  },
  {
    title: 'takes only fields that cannot reach a host, a header or another field',
    problems: ({ auth, api }) => (auth.kind === 'oauth2' ? [] : fieldProblems(auth, api.baseUrl)),
  },
  {
    title: 'sends no credential and no placeholder of its own in constant headers',
    problems: ({ api }) =>
      Object.entries(api.headers ?? {}).flatMap(([name, value]) =>
        /authorization|cookie|key|token|secret/i.test(name) || /[\r\n]/.test(value) ? [`api.headers.${name}`] : [],
      ),
  },
];

const oddBodies: unknown[] = [
  undefined,
  null,
  '',
  '<html>',
  0,
  [],
  {},
  { ok: false },
  { error: {} },
  { errors: 'x' },
  { errors: [null] },
  { errors: [{ extensions: null }] },
];

function responseOf(refusal: { status: number; headers?: Record<string, string>; body: unknown }): ApiResponse {
  return { status: refusal.status, headers: refusal.headers ?? {}, body: structuredClone(refusal.body) };
}

function messageProblems({ message }: ApiFault): string[] {
  const found: string[] = [];
  if (message.length < 3 || message.length > faultMessageMax) found.push(`the message has ${message.length} characters`);
  if (/undefined|\[object /.test(message)) found.push(`the message is ${message}`);
  return found;
}

/** RFC 6749 section 4.1.1, RFC 7636 section 4.3: what the broker itself puts into the authorization request. */
const ownParams = [
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'client_secret',
];

function oauthProblems(auth: OAuth2Auth): string[] {
  const found: string[] = [];
  for (const name of ['authorizeUrl', 'tokenUrl', 'revokeUrl'] as const) {
    const url = auth[name];
    if (url !== undefined && !(url.startsWith('https://') && new URL(url).hash === '')) found.push(`${name} is not a plain https URL`);
  }
  const params = { ...auth.authorizeParams, ...auth.scopeParams?.(auth.defaultScopes) };
  for (const name of ownParams) if (name in params) found.push(`it overrides ${name}`);
  if (auth.authorizeParams !== undefined && 'scope' in auth.authorizeParams) found.push('scope is fixed in authorizeParams');
  if ([auth.revokeUrl, auth.revocation, auth.revocationByApp].filter((way) => way !== undefined).length > 1)
    found.push('it is revoked in more than one way');
  if (auth.revocationByApp !== undefined) {
    const tokens = { client_id: 'made-up-client', access_token: 'made-up-access-token', refresh_token: 'made-up-refresh-token' };
    const request = appRevocationRequest(auth.revocationByApp, tokens);
    found.push(
      ...(request === undefined ? ['names a value that no grant has'] : requestProblems(request)).map((p) => `revocationByApp: ${p}`),
    );
  }
  if (auth.revocation !== undefined) found.push(...requestProblems(auth.revocation).map((problem) => `revocation: ${problem}`));
  if (auth.defaultScopes.length === 0 && auth.scopesAt !== 'app') found.push('there are no default scopes');
  for (const [scope, words] of Object.entries(auth.scopes)) {
    if (words.length < 8 || words === scope) found.push(`${scope} has no plain words`);
    if (scope.includes(auth.scopeSeparator)) found.push(`${scope} holds the separator`);
  }
  if (auth.scopeParams !== undefined) {
    const sent = Object.values(auth.scopeParams(Object.keys(auth.scopes)))
      .join(auth.scopeSeparator)
      .split(auth.scopeSeparator);
    if (sent.length !== Object.keys(auth.scopes).length) found.push('scopeParams loses or adds scopes');
  }
  return found;
}

function tokenProblems(auth: OAuth2Auth): string[] {
  const found: string[] = [];
  const example = auth.tokenExample;
  const read = auth.readTokenResponse;
  if (read !== undefined && example === undefined) found.push('an own way of reading needs a tokenExample');
  if (read !== undefined) {
    for (const body of [null, '', [], {}, { ok: true }, { access_token: '' }, { access_token: 7 }]) {
      try {
        if (!isRefusal(read(body))) found.push(`${JSON.stringify(body)} is read as a token`);
      } catch (error) {
        found.push(`${JSON.stringify(body)} throws ${String(error)}`);
      }
    }
  }
  if (example === undefined) return found;
  const scopes = auth.defaultScopes.slice(0, 2);
  const values = {
    access_token: crypto.randomUUID(),
    refresh_token: crypto.randomUUID(),
    expires_in: 4321,
    scope: scopes.join(auth.scopeSeparator),
  };
  if (example.slots.access_token === undefined) found.push('the example has no slot for the access token');
  const slots = Object.entries(example.slots) as [keyof typeof values, string][];
  const lost = slots.filter(([, pointer]) => valueAt(example.body, pointer) === undefined);
  if (lost.length > 0) return [...found, ...lost.map(([name, pointer]) => `${name}: nothing stands at ${pointer}`)];
  const body = withValues(example.body, Object.fromEntries(slots.map(([name, pointer]) => [pointer, values[name]])));
  const answer = (read ?? readRfc6749)(body);
  if (isRefusal(answer)) return [...found, `the example is read as the refusal ${answer.error}`];
  for (const [name] of slots) {
    const given = name === 'scope' ? answer.scopes?.toSorted() : answer[name];
    const wanted = name === 'scope' ? scopes.toSorted() : values[name];
    if (!isDeepStrictEqual(given, wanted)) found.push(`${name} is read as ${JSON.stringify(given)}`);
  }
  if (example.refusal !== undefined) {
    const { slot, status } = example.refusal;
    if (valueAt(example.refusal.body, slot) === undefined) return [...found, `the refusal has nothing at ${slot}`];
    const refusal = withValues(example.refusal.body, { [slot]: 'invalid_grant' });
    if (status < 300) {
      const answered = (read ?? readRfc6749)(refusal);
      if (!isRefusal(answered) || answered.error !== 'invalid_grant') found.push(`the refusal is read as ${JSON.stringify(answered)}`);
    }
  }
  return found;
}

/** Answers of another shape: whatever stands in their slots is read, and each scope under the name by which it was asked for. */
function otherTokenProblems(auth: OAuth2Auth): string[] {
  return (auth.otherTokenExamples ?? []).flatMap(({ scopeParam, answers, body, slots }) => {
    const where = `${scopeParam}, ${answers}`;
    const sent = (scopes: string[]) => auth.scopeParams?.(scopes) ?? {};
    const scopes = Object.keys(auth.scopes).filter((scope) => sent([scope])[scopeParam] !== undefined);
    if (scopes.length === 0 || auth.readTokenResponse === undefined) return [`${where}: no scope is asked for there, or nothing reads it`];
    const values = {
      access_token: crypto.randomUUID(),
      refresh_token: crypto.randomUUID(),
      expires_in: 4321,
      scope: sent(scopes)[scopeParam],
    };
    const places = Object.entries(slots) as [keyof typeof values, string][];
    const lost = places.filter(([, pointer]) => valueAt(body, pointer) === undefined);
    if (lost.length > 0) return lost.map(([name, pointer]) => `${where}: ${name}: nothing stands at ${pointer}`);
    const answer = auth.readTokenResponse(withValues(body, Object.fromEntries(places.map(([name, pointer]) => [pointer, values[name]]))));
    if (isRefusal(answer)) return [`${where}: read as the refusal ${answer.error}`];
    return places.flatMap(([name]) => {
      const isRead = name === 'scope' ? scopes.every((scope) => answer.scopes?.includes(scope)) : answer[name] === values[name];
      return isRead ? [] : [`${where}: ${name} is read as ${JSON.stringify(name === 'scope' ? answer.scopes : answer[name])}`];
    });
  });
}

function isRefusal(answer: TokenAnswer | TokenRefusal): answer is TokenRefusal {
  return 'error' in answer;
}

/** RFC 6749 section 5.1, for connectors that need nothing else. */
function readRfc6749(body: unknown): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof b.access_token !== 'string') return { error: String(b.error ?? 'no_access_token') };
  return {
    access_token: b.access_token,
    refresh_token: b.refresh_token as string | undefined,
    expires_in: b.expires_in as number | undefined,
    scopes: typeof b.scope === 'string' ? b.scope.split(/[ ,]+/) : undefined,
  };
}

const hostileFields = [
  '',
  'evil.example/',
  'a@evil.example',
  'a:80',
  'a/b',
  'a?b',
  'a#b',
  '..',
  '.a',
  'a.',
  'a b',
  'a\nb',
  'a\r\nX: y',
  'a\n',
  '{a}',
];
const hostName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

function fieldProblems(auth: Exclude<AuthSpec, OAuth2Auth>, baseUrl: string): string[] {
  const found: string[] = [];
  const reserved = reservedNames(auth);
  const inHeaders = templatesOf(auth)
    .flatMap(placeholders)
    .filter((name) => !reserved.includes(name));
  const endpoint = auth.kind === 'minted' ? auth.mint.url : 'tokenUrl' in auth ? auth.tokenUrl : '';
  const inHost = [...placeholders(baseUrl), ...placeholders(endpoint)];
  for (const name of [...inHeaders, ...inHost]) {
    if (!auth.fields.some((field) => field.name === name)) found.push(`there is no field ${name}`);
  }
  if (!usesApp(auth) && auth.kind !== 'none' && !auth.fields.some((field) => field.secret)) found.push('no field is secret');
  for (const field of auth.fields) {
    const { name, pattern, options } = field;
    if (!/^[a-z][a-z0-9_]*$/.test(name)) found.push(`${name} is no field name`);
    if (pattern !== undefined && !(pattern.source.startsWith('^') && pattern.source.endsWith('$') && !/[gmy]/.test(pattern.flags))) {
      found.push(`${name}: the pattern is not anchored`);
    }
    if (field.default !== undefined && options !== undefined && !options.some((o) => o.value === field.default)) {
      found.push(`${name}: the default is none of the options`);
    }
    if (field.secret && (field.default !== undefined || options !== undefined))
      found.push(`${name}: a secret has no default and no options`);
    // A key file is read as a whole before it is kept.
    if (field.multiline === true && pattern === undefined) continue;
    if (field.operatorUrl === true) {
      // A port and a path are the operator's to say.
      for (const text of hostileFields.filter((each) => each !== 'a:80' && each !== 'a/b')) {
        if (accepts(field, text) || accepts(field, `https://${text}`)) found.push(`${name} takes ${JSON.stringify(text)}`);
      }
      continue;
    }
    if (pattern === undefined && options === undefined) {
      if (inHost.includes(name) || inHeaders.includes(name)) found.push(`${name} stands in a host or header without pattern or options`);
      continue;
    }
    if (inHost.includes(name)) {
      for (const option of options ?? []) if (!hostName.test(option.value)) found.push(`${name}: ${option.value} is no host name`);
    }
    if (options === undefined && pattern !== undefined) {
      const hostile = inHost.includes(name) ? hostileFields : hostileFields.filter((text) => /[\r\n]/.test(text));
      for (const text of hostile) if (pattern.test(text)) found.push(`${name} takes ${JSON.stringify(text)}`);
    }
  }
  return found;
}
