import {
  type ApiRequest,
  type AuthSpec,
  accepts,
  type Connector,
  type Credential,
  exchangesOf,
  fieldsOf,
  type Parameter,
  parametersOf,
  waysOf,
} from '@grantway/connector-kit';
import { hostileStrings } from '@grantway/connector-kit/testing';
import { loadAllConnectors } from '@grantway/connectors';
import { Secret } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import { type DestinationPolicy, judgeDestination } from './destination.ts';
import { EgressError } from './egress-error.ts';
import { checkedHeaders } from './headers.ts';
import { createPlainRequests } from './plain-request.ts';
import { type ApiTarget, createPreparation } from './preparation.ts';
import { sandboxException } from './sandbox-exception.ts';

const sandboxOrigin = 'http://127.0.0.1:4010';
const fixed = { before: { 'user-agent': 'grantway' }, after: { 'accept-encoding': 'gzip, br' } };

/** The two ways to make a request ready: `plain` gives undefined where it leaves the request to `general`. */
function ways(allowHosts: string[] = [], origin: () => string | undefined = () => sandboxOrigin) {
  const sandbox = sandboxException(origin);
  const policy: DestinationPolicy = { sandbox, allowHosts: new Set(allowHosts), loopbackWebhooks: { covers: () => false } };
  const { prepare } = createPreparation(sandbox);
  const general = (target: ApiTarget, request: ApiRequest, credential: Secret<Credential>) => {
    const { prepared, port, secrets } = prepare(target, request, credential);
    const url = judgeDestination(prepared.url, policy, { sandbox: prepared.sandbox, port });
    const headers = Object.entries({ ...fixed.before, ...checkedHeaders(prepared.headers), ...fixed.after }).flat();
    return { to: { origin: url.origin, host: url.host, path: url.pathname + url.search }, headers, body: prepared.body, secrets };
  };
  return { general, plain: createPlainRequests(policy, fixed) };
}

function outcome<T>(work: () => T): T | { refused: string } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { refused: `${error.kind} ${error.sent} ${error.message}` };
  }
}

/** Whether the plain way took the request; it then did the same as the general one. */
function agree(of: ReturnType<typeof ways>, target: ApiTarget, request: ApiRequest, credential: Secret<Credential>): boolean {
  // The second time with what the first one remembered.
  const [first, second] = [1, 2].map(() => outcome(() => of.plain(target, request, credential)));
  expect(second).toEqual(first);
  if (first === undefined) return false;
  expect(first).toEqual(outcome(() => of.general(target, request, credential)));
  return true;
}

const candidates = [
  'ada@acme.example',
  'acme',
  'acme-1',
  '12345',
  'us-east-1',
  'X-Api-Key',
  '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
  'https://acme.example/v1',
];

function goodValue(parameter: Parameter): string {
  const named = [...(parameter.options ?? []).map(({ value }) => value), ...(parameter.hostSuffixes ?? []).map((suffix) => `a1.${suffix}`)];
  const value = [...named, ...candidates].find((candidate) => accepts(parameter, candidate));
  const isFree = parameter.pattern === undefined && parameter.options === undefined && parameter.hostSuffixes === undefined;
  if (value === undefined && !isFree) throw new Error(`no value for ${parameter.name}`);
  return value ?? 'ada@acme.example';
}

const secretText = (name: string) => `made-up-${name}-0123456789`;

function credentialOf(auth: AuthSpec): Credential {
  const fields = Object.fromEntries(
    fieldsOf(auth)
      .filter((f) => f.secret)
      .map(({ name }) => [name, secretText(name)]),
  );
  const access_token = secretText('access-token');
  switch (auth.kind) {
    case 'oauth2': {
      const tokens = Object.fromEntries(Object.keys(auth.moreTokens ?? {}).map((name) => [name, secretText(name)]));
      const captures = parametersOf(auth).filter(({ name }) => !fieldsOf(auth).some((field) => field.name === name));
      const extra = Object.fromEntries(captures.map((parameter) => [parameter.name, goodValue(parameter)]));
      return { kind: 'oauth2', access_token, refresh_token: secretText('refresh-token'), tokens, scopes: [], extra };
    }
    case 'oauth1':
      return { kind: 'oauth1', token: secretText('token'), token_secret: secretText('token-secret') };
    case 'oauth2_client_credentials':
    case 'jwt_service_account':
    case 'minted':
      return { kind: auth.kind, fields, requested_scopes: [], scopes: [], access_token };
    default:
      return { kind: auth.kind, fields };
  }
}

function targetOf(connector: Connector, sandbox: boolean): ApiTarget {
  const open = fieldsOf(connector.auth).filter((field) => !field.secret && field.default === undefined);
  const app = new Secret({ client_id: 'made-up-client', client_secret: secretText('client-secret') });
  return { connector, sandbox, app, fields: Object.fromEntries(open.map((field) => [field.name, goodValue(field)])) };
}

const connectors = (await loadAllConnectors()).flatMap((connector) => waysOf(connector));

describe('the plain way to make a request ready', () => {
  it('does for every connector’s worked examples what the general one does, and does most of them', () => {
    const of = ways();
    let [taken, all] = [0, 0];
    for (const connector of connectors) {
      const credential = new Secret(credentialOf(connector.auth));
      const requests = [
        connector.identify.request,
        ...connector.tools.flatMap((tool) => tool.examples.flatMap((example) => exchangesOf(tool, example).map(({ request }) => request))),
      ];
      for (const request of requests.filter(({ upload }) => upload === undefined)) {
        for (const sandbox of [true, false]) {
          all += 1;
          if (agree(of, targetOf(connector, sandbox), request, credential)) taken += 1;
        }
      }
    }
    expect(all).toBeGreaterThan(1000);
    expect(taken / all).toBeGreaterThan(0.8);
  });

  const acme = (auth: AuthSpec, api: Connector['api']): Connector =>
    ({ id: 'acme', auth, api, identify: { request: { method: 'GET', path: '/me' } }, tools: [] }) as unknown as Connector;
  const field = (name: string, more: object = {}) => ({ name, label: name, secret: false, ...more });
  const keyed: AuthSpec = {
    kind: 'api_key',
    fields: [field('key', { secret: true }), field('site', { pattern: /[a-z0-9.:@/\\#-]+/ }), field('zone', { pattern: /[a-z0-9.-]+/ })],
    headers: { 'X-Key': '{key}' },
  };
  const keys = new Secret<Credential>({ kind: 'api_key', fields: { key: secretText('key') } });
  const plain = acme(keyed, { baseUrl: 'https://api.acme.example/v1', hosts: { up: 'https://up.acme.example' } });
  const paths = [
    ...['/', '/a', '/a/', '/a//b', '//', '/./a', '/..', '/a/..', '/a/../b', '/.a', '/..;/a', '/a..', '/a./b', '/a;..', '/~a', '/-', '/_/'],
    ...[
      '/%2e%2e/a',
      '/a%2fb',
      '/a%20b',
      '/%',
      '/a?b',
      '/a#b',
      '/a\\b',
      '/a b',
      '/ä',
      '/a\tb',
      '/a\r\nb',
      '/a\0',
      '@x',
      'x',
      '',
      '/@x',
      '/:80',
    ],
    ...["/!$&'()*+,;=:@-._~", '/a|b', '/a^b', '/a`b', '/{a}', '/[a]', '/a"b', '/<a>', '/a/%C3%A4', '/​', '/ａ', '/a\n', '/a/\n', '\n/a'],
  ];
  const texts = [
    '',
    'a',
    'a b',
    'a+b',
    '&=#?/',
    'ä€😀',
    '\ud800',
    '%41%zz',
    "!'()~*-._",
    'a\r\nb',
    'a\0b',
    '\u2028',
    '[]',
    '2026-11-22T09:40:59Z',
    ...hostileStrings,
  ];

  it('does it for hostile paths, queries and header values', () => {
    const of = ways();
    for (const sandbox of [true, false]) {
      for (const path of paths) agree(of, { connector: plain, fields: {}, sandbox }, { method: 'GET', path, query: { a: 1 } }, keys);
      for (const text of texts) {
        for (const query of [{ q: text }, { [text]: 'x' }, { a: ['x', text], b: undefined, c: true, d: [] }, { access_token: text }]) {
          agree(of, { connector: plain, fields: {}, sandbox }, { method: 'POST', path: '/a', query, json: { a: text } }, keys);
        }
        agree(of, { connector: plain, fields: {}, sandbox }, { method: 'POST', path: '/a', form: { a: text, b: 1 } }, keys);
        agree(of, { connector: plain, fields: {}, sandbox }, { method: 'GET', path: '/a', headers: { 'X-Own': text } }, keys);
        agree(of, { connector: plain, fields: {}, sandbox }, { method: 'GET', path: '/a', headers: { [text]: 'own' } }, keys);
        agree(of, { connector: plain, fields: {}, sandbox }, { method: 'GET', path: '/a', host: text }, keys);
        const credential = new Secret<Credential>({ kind: 'api_key', fields: { key: text } });
        agree(of, { connector: plain, fields: {}, sandbox }, { method: 'GET', path: '/a' }, credential);
      }
      for (const path of paths) agree(of, { connector: plain, fields: {}, sandbox }, { method: 'DELETE', path, host: 'up' }, keys);
    }
  });

  it('does it for headers that a request sets itself, and leaves what may not be set', () => {
    const of = ways();
    const target = {
      connector: acme(keyed, { ...plain.api, headers: { 'User-Agent': 'acme', 'X-Version': '2' } }),
      fields: {},
      sandbox: false,
    };
    expect(agree(of, target, { method: 'GET', path: '/a', headers: { 'x-version': '3', Accept: 'text/plain' } }, keys)).toBe(true);
    for (const name of [
      'X-KEY',
      'authorization',
      'Host',
      'Cookie',
      'accept-encoding',
      'x-forwarded-for',
      'constructor',
      '__proto__',
      'a b',
      '',
    ]) {
      expect(agree(of, target, { method: 'GET', path: '/a', headers: { [name]: 'x' } }, keys), name).toBe(false);
    }
  });

  it('fills a base URL anew for other values, and for none of them with what another one made', () => {
    const of = ways();
    const two = acme(keyed, { baseUrl: 'https://{site}.acme.example/{zone}' });
    const values = ['a', 'b', '1:a', 'a1:b', '.', '..', 'a.b', 'evil.example/', 'x@y', 'a#', 'a\\b', 'a:8443', '', '-'];
    const seen = new Set<string>();
    for (const site of values) {
      for (const zone of values) {
        for (const fields of [{ site, zone }, { site }, { zone }] as Record<string, string>[]) {
          agree(of, { connector: two, fields, sandbox: false }, { method: 'GET', path: '/a' }, keys);
          const made = outcome(() => of.plain({ connector: two, fields, sandbox: false }, { method: 'GET', path: '/a' }, keys));
          if (made !== undefined && 'to' in made) seen.add(`${made.to.origin}${made.to.path}`);
        }
      }
    }
    expect([...seen].filter((url) => !/^https:\/\/[a-z0-9.-]+\.acme\.example\/[a-z0-9.-]+\/a$/.test(url))).toEqual([]);
    expect(seen.size).toBeGreaterThan(4);
  });

  it('goes to no place that is not open, also where it was when the request before was made', () => {
    let origin: string | undefined = sandboxOrigin;
    const of = ways(['10.0.0.1:8080', 'internal.local:80'], () => origin);
    const urls = [
      ...[
        'https://127.0.0.1',
        'https://10.0.0.1',
        'https://[::1]',
        'https://localhost',
        'https://internal',
        'https://a.internal',
        'https://8.8.8.8',
      ],
      ...[
        'http://api.acme.example',
        'https://api.acme.example:8443',
        'http://10.0.0.1:8080',
        'http://internal.local',
        'https://api.acme.example.',
      ],
      ...[sandboxOrigin, 'https://api.acme.example/a/b/', 'https://[2606:4700::1]'],
    ];
    const open = urls.filter((baseUrl) =>
      agree(of, { connector: acme(keyed, { baseUrl }), fields: {}, sandbox: false }, { method: 'GET', path: '/a' }, keys),
    );
    expect(open).toEqual([
      'https://api.acme.example:8443',
      'http://10.0.0.1:8080',
      'http://internal.local',
      'https://api.acme.example/a/b/',
    ]);
    // The sandbox moves to what was open, and away altogether.
    const connector = acme(keyed, { baseUrl: 'http://127.0.0.1:4011' });
    const moving = ways(['127.0.0.1:4011'], () => origin);
    const ask = (sandbox: boolean) => agree(moving, { connector, fields: {}, sandbox }, { method: 'GET', path: '/a' }, keys);
    expect([ask(false), ask(true)]).toEqual([true, true]);
    origin = 'http://127.0.0.1:4011';
    expect([ask(false), ask(true)]).toEqual([false, true]);
    origin = undefined;
    expect([ask(false), ask(true)]).toEqual([true, false]);
  });
});
