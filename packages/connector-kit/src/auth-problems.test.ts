import { describe, expect, it } from 'vitest';
import type { AuthSpec, OAuth2Auth } from './auth.ts';
import { type Connector, connector } from './connector.ts';
import { captured } from './parameters.ts';
import { get } from './request.ts';
import { missingScopes } from './scopes.ts';

const oauth: OAuth2Auth = {
  kind: 'oauth2',
  authorizeUrl: 'https://acme.example/oauth/authorize',
  tokenUrl: 'https://acme.example/oauth/token',
  revokeUrl: 'https://acme.example/oauth/revoke',
  scopes: { read: 'See boards' },
  defaultScopes: ['read'],
  scopeSeparator: ' ',
  pkce: 'S256',
  clientAuthentication: 'client_secret_post',
  rotationClass: 'E',
};
const sub = { name: 'sub', label: 'Subdomain', secret: false, pattern: /^[a-z0-9-]+$/ };
const cloud = { name: 'cloud_id', pattern: /^[a-z0-9-]+$/ };
const lookup = {
  noun: 'site',
  baseUrl: 'https://api.acme.example/oauth',
  request: get('/sites'),
  captures: [cloud],
  choices: () => [],
  example: { receives: { body: [] }, gives: [{ values: { cloud_id: 'a' }, label: 'A' }] },
};
const key = { name: 'key', label: 'Key', secret: true };

function declare(auth: AuthSpec, api: Connector['api'] = { baseUrl: 'https://api.acme.example' }): Connector {
  return connector({
    id: 'acme',
    name: 'Acme',
    description: 'Boards of Acme.',
    docs: 'https://docs.acme.example',
    auth,
    api,
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'x' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'x' } },
    },
    tools: [],
  });
}

describe('A13: a URL that a connector declares is plain https, or the connector does not load', () => {
  const hostile = [
    '',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'javascript://acme.example/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'data:text/html;base64,PHNjcmlwdD4=',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'file://acme.example/share',
    'blob:https://acme.example/x',
    'about:blank',
    'view-source:https://acme.example',
    'ftp://acme.example/x',
    'ws://acme.example/x',
    'mailto:a@acme.example',
    'tel:1',
    'intent://acme.example#Intent;scheme=x;end',
    'ms-msdt:/id',
    'a:$(calc.exe)?response_type=code',
    'http://acme.example/authorize',
    'HTTPS://acme.example/authorize',
    '//acme.example/authorize',
    '/authorize',
    'acme.example/authorize',
    'https:acme.example',
    'https:/acme.example',
    'https:\\\\acme.example',
    'https://acme.example\\@evil.example',
    'https://user@acme.example/x',
    'https://user:pass@acme.example/x',
    'https://acme.example/x#fragment',
    'https://acme.example/$(id)',
    'https://acme.example/`id`',
    'https://acme.example/x;reboot',
    'https://acme.example/x|sh',
    'https://acme.example/"><script>',
    "https://acme.example/'x'",
    'https://acme.example/a b',
    'https://acme.example/a\r\nX: y',
    'https://acme.example/\u0000',
    'https://acme.example/a/../b',
    'https://ACME.example/x',
    'https://аcme.example/x',
    'https://acme.example:443/x',
    'https://[::1]/x',
    'https://{nothing}.acme.example/x',
    'https://acme.example/{',
    'https://$HOME.acme.example/',
  ];
  it('there are at least 40 of them', () => expect(hostile.length).toBeGreaterThanOrEqual(40));

  const places: [string, (url: string) => void][] = [
    ['authorizeUrl', (authorizeUrl) => declare({ ...oauth, authorizeUrl })],
    ['tokenUrl', (tokenUrl) => declare({ ...oauth, tokenUrl })],
    ['revokeUrl', (revokeUrl) => declare({ ...oauth, revokeUrl })],
    ['lookup.baseUrl', (baseUrl) => declare({ ...oauth, lookup: { ...lookup, baseUrl } })],
    ['api.baseUrl', (baseUrl) => declare(oauth, { baseUrl })],
    ['api.hosts', (uploads) => declare(oauth, { baseUrl: 'https://api.acme.example', hosts: { uploads } })],
    [
      'api.baseUrl of a key connector',
      (baseUrl) => declare({ kind: 'api_key', fields: [key], headers: { 'X-Key': '{key}' } }, { baseUrl }),
    ],
  ];
  it.each(places)('%s', (_name, put) => {
    for (const url of hostile) expect(() => put(url), url).toThrow(/connector acme: /);
    expect(() => put('https://acme.example/oauth/authorize')).not.toThrow();
  });
});

describe('what is declared about values of an account', () => {
  const good: [string, AuthSpec, Connector['api']?][] = [
    [
      'a subdomain',
      { ...oauth, fields: [sub], authorizeUrl: 'https://{sub}.acme.example/a', tokenUrl: 'https://{sub}.acme.example/t' },
      { baseUrl: 'https://{sub}.acme.example' },
    ],
    [
      'a host below a suffix',
      { ...oauth, captureFromToken: [{ name: 'host', pointer: '/api', hostSuffixes: ['acme.example'] }] },
      { baseUrl: 'https://{host}/v1' },
    ],
    [
      'a lookup, in path and header',
      { ...oauth, lookup },
      { baseUrl: 'https://api.acme.example/ex/{cloud_id}', headers: { 'X-Cloud': '{cloud_id}' } },
    ],
    [
      'the token endpoint told by the redirect',
      {
        ...oauth,
        tokenUrl: 'https://{host}/t',
        captureFromCallback: [{ name: 'host', parameter: 'server', hostSuffixes: ['acme.example'], example: 'acme.example' }],
      },
    ],
    ['a public client', { ...oauth, clientAuthentication: 'none' }],
    ['a token in the path', { kind: 'api_key', fields: [key], headers: {}, pathPrefix: '/bot{key}' }],
    [
      'a revocation and a lookup at another host of the vendor',
      {
        ...oauth,
        revokeUrl: undefined as never,
        revocation: { ...get('/end'), host: 'id' },
        lookup: { ...lookup, request: { ...get('/sites'), host: 'id' } },
      },
      { baseUrl: 'https://api.acme.example', hosts: { id: 'https://id.acme.example/v1' } },
    ],
  ];
  it.each(good)('%s is well formed', (_name, auth, api) => expect(() => declare(auth, api)).not.toThrow());

  const bad: [string, RegExp, AuthSpec, Connector['api']?][] = [
    ['a host that anybody could name', /ends its host/, { ...oauth, fields: [sub] }, { baseUrl: 'https://{sub}' }],
    ['a domain that anybody could name', /ends its host/, { ...oauth, fields: [sub] }, { baseUrl: 'https://api.{sub}/v1' }],
    [
      'a pattern that takes a slash',
      /would take/,
      { ...oauth, fields: [{ ...sub, pattern: /^[a-z/]+$/ }] },
      { baseUrl: 'https://{sub}.acme.example' },
    ],
    [
      'a pattern that takes a user',
      /would take/,
      { ...oauth, fields: [{ ...sub, pattern: /^.+$/ }] },
      { baseUrl: 'https://{sub}.acme.example' },
    ],
    ['a pattern that is not anchored', /not anchored/, { ...oauth, fields: [{ ...sub, pattern: /[a-z]+/ }] }],
    [
      'a field without a pattern',
      /no options, pattern/,
      { ...oauth, fields: [{ name: 'sub', label: 'S', secret: false }] },
      { baseUrl: 'https://{sub}.acme.example' },
    ],
    [
      'a further host that depends on the account',
      /api.hosts.uploads holds \{sub\}/,
      { ...oauth, fields: [sub] },
      { baseUrl: 'https://api.acme.example', hosts: { uploads: 'https://{sub}.acme.example' } },
    ],
    [
      'a further host with a query',
      /api.hosts.uploads holds more/,
      oauth,
      { baseUrl: 'https://api.acme.example', hosts: { uploads: 'https://up.acme.example/x?a=b' } },
    ],
    [
      'a further host without a usable name',
      /no name of a host/,
      oauth,
      { baseUrl: 'https://api.acme.example', hosts: { 'up loads': 'https://up.acme.example' } },
    ],
    [
      'a revocation at a host that is not declared',
      /\/end names the host id/,
      { ...oauth, revokeUrl: undefined as never, revocation: { ...get('/end'), host: 'id' } },
    ],
    [
      'a lookup at a host that every object has',
      /\/sites names the host constructor/,
      { ...oauth, lookup: { ...lookup, request: { ...get('/sites'), host: 'constructor' } } },
      { baseUrl: 'https://api.acme.example', hosts: { id: 'https://id.acme.example' } },
    ],
    ['a suffix of one label', /two labels/, { ...oauth, captureFromToken: [{ name: 'host', pointer: '/x', hostSuffixes: ['com'] }] }],
    ['an empty list of suffixes', /two labels/, { ...oauth, captureFromToken: [{ name: 'host', pointer: '/x', hostSuffixes: [] }] }],
    [
      'a suffix with a wildcard',
      /two labels/,
      { ...oauth, captureFromToken: [{ name: 'host', pointer: '/x', hostSuffixes: ['*.acme.example'] }] },
    ],
    [
      'an authorize URL that needs the token answer',
      /authorizeUrl holds \{host\}/,
      { ...oauth, authorizeUrl: 'https://{host}/a', captureFromToken: [{ name: 'host', pointer: '/x', hostSuffixes: ['acme.example'] }] },
    ],
    [
      'a token URL that needs the token answer',
      /tokenUrl holds \{host\}/,
      { ...oauth, tokenUrl: 'https://{host}/t', captureFromToken: [{ name: 'host', pointer: '/x', hostSuffixes: ['acme.example'] }] },
    ],
    [
      'a lookup at an address that it is to find',
      /lookup.baseUrl/,
      { ...oauth, lookup: { ...lookup, baseUrl: undefined as never } },
      { baseUrl: 'https://api.acme.example/{cloud_id}' },
    ],
    [
      'a lookup whose example does not fit',
      /example does not fit/,
      { ...oauth, lookup: { ...lookup, example: { ...lookup.example, gives: [{ values: { cloud_id: 'A B' }, label: 'x' }] } } },
    ],
    ['two values of one name', /twice/, { ...oauth, fields: [sub], captureFromToken: [{ name: 'sub', pointer: '/x', pattern: /^x$/ }] }],
    ['a value called access_token', /no parameter name/, { ...oauth, fields: [{ ...sub, name: 'access_token' }] }],
    ['a secret field of an OAuth connector', /is secret/, { ...oauth, fields: [{ ...sub, secret: true }] }],
    [
      'a callback value from state',
      /taken from state/,
      { ...oauth, captureFromCallback: [{ name: 'x', parameter: 'state', pattern: /^x$/, example: 'x' }] },
    ],
    ['a header of an unknown value', /no parameter/, oauth, { baseUrl: 'https://api.acme.example', headers: { 'X-Y': '{nothing}' } }],
    ['token headers without the token', /no access token/, { ...oauth, tokenHeaders: { 'X-Token': 'constant' } }],
    ['token headers with something unknown', /nothing known/, { ...oauth, tokenHeaders: { 'X-Token': '{access_token}{other}' } }],
    ['token headers with a line break', /tokenHeaders/, { ...oauth, tokenHeaders: { 'X-Token': '{access_token}\r\nx: y' } }],
    ['a public client without PKCE', /needs PKCE/, { ...oauth, clientAuthentication: 'none', pkce: 'unsupported' }],
    [
      'a public client that checks a signature',
      /no secret/,
      { ...oauth, clientAuthentication: 'none', verifyCallback: { signature: { kind: 'hmac_sha256_hex', parameter: 'hmac' } } },
    ],
    ['a default life below any use', /defaultLifeSeconds/, { ...oauth, defaultLifeSeconds: 1 }],
    ['a leeway where the old token is dead', /leewaySeconds/, { ...oauth, leewaySeconds: 60 }],
    ['a leeway of nothing', /leewaySeconds/, { ...oauth, rotationClass: 'C', leewaySeconds: 0 }],
    ['a scope for staying connected that nobody asks for', /forever is not asked for/, { ...oauth, offline: { scope: 'forever' } }],
    [
      'a parameter for staying connected that is not sent',
      /access_type is not sent/,
      { ...oauth, authorizeParams: { access_type: 'online' }, offline: { params: { access_type: 'offline' } } },
    ],
    ['a key that is placed nowhere', /nowhere/, { kind: 'api_key', fields: [key], headers: {} }],
    ['a path prefix of two segments', /pathPrefix/, { kind: 'api_key', fields: [key], headers: {}, pathPrefix: '/bot/{key}' }],
    ['a path prefix without a slash', /pathPrefix/, { kind: 'api_key', fields: [key], headers: {}, pathPrefix: 'bot{key}' }],
    [
      'a key in the query of the base URL',
      /holds a query|plain https/,
      { kind: 'api_key', fields: [key], headers: {}, query: { key: '{key}' } },
      { baseUrl: 'https://api.acme.example/?key=1' },
    ],
  ];
  it.each(bad)('%s is refused at load time', (_name, words, auth, api) => expect(() => declare(auth, api)).toThrow(words));
});

it('a number that a vendor tells is taken as its digits, and only a whole one', () => {
  const id = { name: 'id', pattern: /^\d+$/ };
  expect([captured(id, 42), captured(id, '42'), captured(id, 4.2), captured(id, 1e30), captured(id, true)]).toEqual([
    '42',
    '42',
    undefined,
    undefined,
    undefined,
  ]);
});

describe('missing scopes', () => {
  const auth = { scopeCovers: { admin: ['write'], write: ['read'], 'https://x/email': ['email'] }, unlistedScopes: ['offline'] };
  it.each([
    ['all granted', ['read', 'write'], ['read'], []],
    ['one missing, in the order of what is needed', ['read'], ['write', 'read', 'admin'], ['write', 'admin']],
    ['covered by another, also through a third', ['admin'], ['read', 'write'], []],
    ['spelled otherwise in answers', ['https://x/email'], ['email'], []],
    ['never named in answers', [], ['offline', 'read'], ['read']],
    ['named like a member of every object', [], ['constructor', '__proto__'], ['constructor', '__proto__']],
    ['none needed', [], [], []],
  ])('%s', (_name, granted, needed, missing) => expect(missingScopes(auth, granted, needed)).toEqual(missing));
});
