import { describe, expect, it } from 'vitest';
import type { AuthSpec, MintedAuth } from '../auth.ts';
import { type Connector, connector } from '../connector.ts';
import { get } from '../request.ts';
import { connectorRules } from './connector-rules.ts';
import { issuedProblems } from './issued-rules.ts';

const scoped = { scopes: { 'items:read': 'See your items' }, defaultScopes: ['items:read'], scopeSeparator: ' ' as const };
const declare = (auth: AuthSpec): Connector =>
  connector({
    id: 'odd',
    name: 'Odd',
    description: 'A vendor with ways of its own.',
    docs: 'https://odd.example/docs',
    auth,
    api: { baseUrl: 'https://api.odd.example' },
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  });
const fieldRule = connectorRules.find((rule) => rule.title.startsWith('takes only fields'));

const client: AuthSpec = {
  kind: 'oauth2_client_credentials',
  secretOf: 'account',
  fields: [
    { name: 'id', label: 'Id', secret: true, pattern: /^[!-~]+$/ },
    { name: 'secret', label: 'Secret', secret: true, pattern: /^[!-~]+$/ },
    { name: 'tenant', label: 'Tenant', secret: false, pattern: /^[a-z0-9]{1,30}$/ },
  ],
  tokenUrl: 'https://{tenant}.odd.example/token',
  clientId: '{id}',
  clientSecret: '{secret}',
  clientAuthentication: 'client_secret_post',
  ...scoped,
};
const key = { name: 'file', label: 'File', secret: true, multiline: true };
const robot: AuthSpec = {
  kind: 'jwt_service_account',
  secretOf: 'account',
  fields: [key],
  key: '{file}',
  tokenUrl: 'https://odd.example/token',
  ...scoped,
};
const minted: MintedAuth = {
  kind: 'minted',
  secretOf: 'connection',
  fields: [{ name: 'installation', label: 'Installation', secret: false, pattern: /^[0-9]+$/ }],
  mint: {
    method: 'POST',
    url: 'https://api.odd.example/installations/{installation}/tokens',
    headers: { Authorization: 'Bearer {jwt}' },
    jwt: { algorithm: 'RS256', key: '{client_secret}', claims: { iss: '{client_id}' }, lifeSeconds: 540 },
  },
  answer: { body: { token: 'x', expires_at: '2026-01-01T00:00:00Z' }, slots: { token: '/token', expires_at: '/expires_at' } },
  headers: { Authorization: 'token {token}' },
};
const oauth1: AuthSpec = {
  kind: 'oauth1',
  fields: [],
  authorization: { requestTokenUrl: 'https://o.example/r', authorizeUrl: 'https://o.example/a', accessTokenUrl: 'https://o.example/t' },
};

describe('kinds that ask the vendor for tokens', () => {
  it.each([
    ['client credentials', client],
    ['a service account', robot],
    ['a minted token', minted],
    ['OAuth 1.0a', oauth1],
  ] as const)('%s, well declared, has no problem', (_what, auth) => {
    expect(issuedProblems(auth)).toEqual([]);
    expect(fieldRule?.problems(declare(auth))).toEqual([]);
  });

  it.each<[string, AuthSpec, RegExp]>([
    ['a token endpoint that is not https', { ...client, tokenUrl: 'http://{tenant}.odd.example/token' }, /must be https/],
    ['a token endpoint over a secret', { ...client, tokenUrl: 'https://{secret}.odd.example/token' }, /non-secret/],
    ['a token endpoint of a service account that a field could move', { ...robot, tokenUrl: 'https://{file}.odd.example/' }, /non-secret/],
    ['a template over nothing', { ...client, clientSecret: '{other}' }, /is no field/],
    ['the connection’s app where the secret is the account’s', { ...client, clientSecret: '{client_secret}' }, /is no field/],
    [
      'a field named as the connection’s app',
      { ...minted, fields: [{ name: 'client_id', label: 'Id', secret: false }] },
      /no name of a field/,
    ],
    ['a person’s secret where it is the connection’s', { ...minted, fields: [...minted.fields, key] }, /disagree/],
    ['a key file on one line', { ...robot, fields: [{ ...key, multiline: false }] }, /several lines/],
    ['a secret in a form of OAuth 1.0a', { ...oauth1, fields: [key] }, /from the connection/],
    [
      'a page that is not https',
      { ...oauth1, authorization: { ...oauth1.authorization, authorizeUrl: 'http://o.example/a' } as never },
      /must be https/,
    ],
  ])('%s does not load', (_what, auth, words) => {
    expect(() => declare(auth)).toThrow(words);
  });

  it.each<[string, AuthSpec, RegExp]>([
    ['parameters that override the protocol', { ...client, tokenParams: { scope: 'all' } }, /overrides scope/],
    ['a token that no header carries', { ...minted, headers: { Authorization: 'Bearer' } }, /no header/],
    ['a token in a cookie', { ...minted, headers: { Cookie: '{token}' } }, /may not stand/],
    [
      'a slot where nothing stands',
      { ...minted, answer: { ...minted.answer, slots: { token: '/nothing', expires_at: '/expires_at' } } },
      /nothing stands/,
    ],
    ['a token that lives nobody knows how long', { ...minted, answer: { ...minted.answer, slots: { token: '/token' } } }, /how long/],
    [
      'an assertion for an hour',
      { ...minted, mint: { ...minted.mint, jwt: { ...(minted.mint.jwt as object), lifeSeconds: 3600 } } as never },
      /too long/,
    ],
    ['two bodies', { ...minted, mint: { ...minted.mint, form: {}, json: {} } }, /both/],
  ])('the suite objects to %s', (_what, auth, words) => {
    expect(issuedProblems(auth).join('; ')).toMatch(words);
  });

  it('the suite objects to a field that could move a token endpoint', () => {
    const open = { ...client, fields: client.fields.map((f) => (f.name === 'tenant' ? { ...f, pattern: /^[a-z.@/]+$/ } : f)) };
    expect(fieldRule?.problems(declare(open)).length).toBeGreaterThan(0);
  });
});
