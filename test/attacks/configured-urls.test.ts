import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError, parseConfig } from '@grantway/broker';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { Browser } from '../flows/browser.ts';

let broker: TestBroker;
let rows: Rows;
let idp: Server;
let issuer: string;
/** What the identity provider says of itself. */
let metadata: Json;

beforeAll(async () => {
  idp = createServer((request, response) => {
    const found = request.url === '/.well-known/openid-configuration';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(found ? JSON.stringify(metadata) : '{}');
  });
  await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
  const { port } = idp.address() as AddressInfo;
  issuer = `http://127.0.0.1:${port}`;
  broker = await startBroker({ allowHosts: [`127.0.0.1:${port}`] });
  rows = await openRows(broker);
  // Its token, so that no row of that comes later.
  await broker.api('/v1/self');
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  idp?.closeAllConnections();
  await new Promise((done) => idp?.close(done));
});

const hostile = [
  '',
  ' ',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript://app.example/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'data:text/html;base64,PHNjcmlwdD4=',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'file://app.example/x',
  'blob:https://app.example/x',
  'about:blank',
  'filesystem:https://app.example/x',
  'view-source:https://app.example/',
  'ftp://app.example/x',
  'ws://app.example/x',
  'mailto:a@app.example',
  'intent://app.example#Intent;end',
  'a:$(calc.exe)?response_type=code',
  'a:`id`',
  'cmd:/c calc',
  'http://app.example/x',
  'http://10.0.0.1/x',
  '//app.example/x',
  '/x',
  'app.example/x',
  'https:app.example',
  'https:///app.example/x',
  'https:\\\\app.example\\x',
  'https://app.example\\@evil.example',
  'https://user@app.example/x',
  'https://user:pass@app.example/x',
  'https://app.example/x#fragment',
  'https://app.example/a b',
  'https://app.example/a\r\nX: y',
  'https://app.exa mple/x',
  'https://app.example/`id`',
  'https://app.example/"><script>',
  'https://$(id).example/x',
  'https://app.example|sh/x',
  'https://',
  'https://:443/x',
];

it('there are at least 40 hostile addresses', () => expect(hostile.length).toBeGreaterThanOrEqual(40));

describe('A13: an address that is not plain https is refused wherever one is configured', () => {
  const create = (verification: Json) => ({
    path: '/v1/connections',
    body: { name: 'hostile', connector: 'linear', sandbox: true, verification },
  });
  const places: [string, (url: string) => { path: string; body: Json }][] = [
    ['the issuer of an identity provider', (url) => create({ mode: 'oidc', oidc: { issuer: url, client_id: 'x' } })],
    ['user_verify_urls of mode app', (url) => create({ mode: 'app', user_verify_urls: [url] })],
    [
      'user_verify_urls of mode session, beside a good one',
      (url) => create({ mode: 'session', user_verify_urls: ['https://app.example/verify', url] }),
    ],
    ['a webhook endpoint', (url) => ({ path: '/v1/webhook-endpoints', body: { url } })],
  ];
  it.each(places)('%s', async (_name, place) => {
    const before = await rows.checksums();
    for (const url of hostile) {
      const { path, body } = place(url);
      const answer = await broker.api(path, { body });
      expect([url, answer.status]).toEqual([url, expect.toSatisfy((status: number) => status === 400 || status === 422)]);
    }
    expect(changed(before, await rows.checksums())).toEqual([]);
  });

  it('the installation’s own address', () => {
    for (const url of hostile.filter((text) => text !== '')) {
      expect(() => parseConfig({ GRANTWAY_BASE_URL: url }), url).toThrow(ConfigError);
    }
  });
});

describe('A09, A13: an identity provider whose own words are not to be followed', () => {
  const sign = async (about: Json) => {
    metadata = { issuer, response_types_supported: ['code'], subject_types_supported: ['public'], ...about };
    const name = `idp-${Math.random().toString(36).slice(2)}`;
    const verification = { mode: 'oidc', oidc: { issuer, client_id: 'x' } };
    expect((await broker.api('/v1/connections', { body: { name, connector: 'linear', sandbox: true, verification } })).status).toBe(201);
    const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: name, identifier: 'ada' } }))
      .body;
    const browser = new Browser();
    return browser.submit(await browser.follow(link, () => false), {}, '/sign-in');
  };
  const good = () => ({
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    code_challenge_methods_supported: ['S256'],
  });

  it('is followed where they are in order, with S256', async () => {
    const answer = await sign(good());
    const location = new URL(answer.headers.get('location') ?? '');
    expect([answer.status, location.origin, location.searchParams.get('code_challenge_method')]).toEqual([303, issuer, 'S256']);
    expect(location.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  });

  it.each<[string, Json]>([
    ['no word on PKCE', { code_challenge_methods_supported: undefined }],
    ['plain only', { code_challenge_methods_supported: ['plain'] }],
    ['a script as authorization endpoint', { authorization_endpoint: 'javascript:alert(1)' }],
    ['a command as authorization endpoint', { authorization_endpoint: 'a:$(calc.exe)?x' }],
    ['a file as authorization endpoint', { authorization_endpoint: 'file:///etc/passwd' }],
    ['another http host as authorization endpoint', { authorization_endpoint: 'http://127.0.0.1:1/authorize' }],
    ['another http host as token endpoint', { token_endpoint: 'http://127.0.0.1:1/token' }],
  ])('sends nobody anywhere with %s', async (_name, about) => {
    const answer = await sign({ ...good(), ...about });
    expect([answer.status, answer.headers.get('location')]).toEqual([409, null]);
    expect(await answer.text()).not.toMatch(/javascript:|calc\.exe|file:/);
  });
});

it('A09: every connector that knows PKCE is asked with S256, and none with plain', async () => {
  for (const connector of ['linear', 'slack']) {
    const made = await broker.api('/v1/connections', { body: { name: `pkce-${connector}`, connector, sandbox: true } });
    expect(made.status).toBe(201);
    const { link } = (
      await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: `pkce-${connector}`, identifier: 'ada' } })
    ).body;
    const browser = new Browser();
    const started = await browser.submit(await browser.follow(link, () => false), {}, '/go');
    const asked = new URL(started.headers.get('location') ?? '').searchParams;
    const known = (await broker.api(`/v1/connectors/${connector}`)).body.auth.pkce;
    expect([connector, asked.get('code_challenge_method')]).toEqual([connector, known ? 'S256' : null]);
  }
});

describe('E07, E08: a token endpoint that answers nonsense', () => {
  it.each([{ fail: 'html' }, { fail: '200_with_error' }, { fail: '500' }, { fail: 'reset' }])(
    '%j leaves the account as it was',
    async (knob) => {
      const name = `nonsense-${knob.fail.replaceAll('_', '-')}`;
      await broker.api('/v1/connections', { body: { name, connector: 'linear', sandbox: true } });
      const { link } = (
        await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: name, identifier: 'ada' } })
      ).body;
      await broker.connect(link);
      const [{ id }] = (await broker.api(`/v1/connected-accounts?connection_name=${name}`)).body.items;
      const stored = () =>
        rows.one('select status, reason, generation, credential_ct, scopes, access_fingerprint from connected_accounts where id = $1', [
          id,
        ]);
      const before = await stored();
      await broker.control('/linear/knobs', 'PUT', { ...knob, where: 'token' });
      try {
        const answer = await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' });
        expect([answer.status, answer.body.code]).toEqual([502, 'provider_unavailable']);
        expect(await stored()).toEqual(before);
      } finally {
        await broker.control('/linear/knobs', 'DELETE');
      }
    },
  );
});
