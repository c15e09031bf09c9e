import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId } from '@grantway/contract';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from '../flows/browser.ts';
import {
  type AppRequest,
  appRequest,
  codeForm,
  connectedApp,
  decideIn,
  listTools,
  type McpServer,
  mcpServer,
  refreshForm,
  register,
  signedInBrowser,
  signInLink,
  tokenRequest,
  verifier,
} from './setting.ts';

let broker: TestBroker;
let rows: Rows;
let server: McpServer;
let clientId: string;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  server = await mcpServer(broker);
  clientId = (await register(broker)).body.client_id;
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let people = 0;
const someone = () => `person-${++people}`;
const newApp = (id = clientId) => appRequest(broker, server, id);
const grantsOf = async (identifier: string): Promise<Json[]> =>
  (await broker.api(`/v1/mcp-grants?user_identifier=${encodeURIComponent(identifier)}`)).body.items;

/** Up to the code. */
async function codeFor(identifier: string, app: AppRequest = newApp()): Promise<string> {
  const { answer } = await decideIn(await signedInBrowser(broker, server, identifier), app.authorizeUrl());
  return answer.searchParams.get('code') ?? '';
}

describe('A25: a client gets through on an earlier consent, or without one', () => {
  it('A25: every client is asked about every time, also the one that was allowed a moment ago', async () => {
    const identifier = someone();
    const app = newApp();
    const browser = await signedInBrowser(broker, server, identifier);
    expect((await decideIn(browser, app.authorizeUrl())).answer.searchParams.has('code')).toBe(true);
    const malicious = (await register(broker, { client_name: 'Malicious', redirect_uris: ['https://evil.example/callback'] })).body
      .client_id;
    for (const next of [newApp(), appRequest(broker, server, malicious, 'https://evil.example/callback')]) {
      const page = await browser.follow(next.authorizeUrl(), () => false);
      expect([page.status, page.html]).toEqual([200, expect.stringContaining('show who you are')]);
      const again = await signedInBrowser(broker, server, identifier);
      const consent = await again.follow(next.authorizeUrl(), () => false);
      expect(consent.html).toMatch(/value="allow"/);
      expect(consent.html).toContain(next.clientId === malicious ? 'Malicious' : 'Test client');
    }
    expect(await grantsOf(identifier)).toHaveLength(1);
  });

  it('A25: no request makes the browser leave for a client’s address before a person has said yes', async () => {
    const app = newApp();
    const browser = await signedInBrowser(broker, server, someone());
    const changes: Record<string, string | undefined>[] = [
      { response_type: 'token' },
      { response_type: undefined },
      { response_mode: 'fragment' },
      { prompt: 'none' },
      { code_challenge: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
      { resource: undefined },
      { resource: broker.baseUrl },
      { resource: `${server.url}/` },
      { resource: 'https://elsewhere.example/mcp' },
      { resource: `${broker.baseUrl}/mcp/${newId('mcpConfig')}` },
      { client_id: newId('oauthClient') },
      { client_id: undefined },
      { client_id: broker.client.clientId },
      { redirect_uri: undefined },
      { request: 'x' },
      { request_uri: 'https://evil.example/request' },
      { state: '\u0000' },
    ];
    for (const change of changes) {
      const response = await browser.request(app.authorizeUrl(change));
      const label = JSON.stringify(change);
      expect(response.headers.get('location'), label).toBe(null);
      expect(response.status, label).toBe('prompt' in change ? 200 : 400);
    }
    for (const name of ['client_id', 'redirect_uri', 'state', 'resource', 'code_challenge']) {
      const response = await browser.request(`${app.authorizeUrl()}&${name}=x`);
      expect([response.status, response.headers.get('location')], name).toEqual([400, null]);
    }
  });

  it('A25, A11: the redirect URI is one of the client’s, to the character; on loopback the port alone is free', async () => {
    const { body } = await register(broker, {
      redirect_uris: ['https://client.example/callback', 'http://127.0.0.1/callback', 'com.example.app:/cb'],
    });
    const browser = await signedInBrowser(broker, server, someone());
    const shown = async (uri: string) => (await browser.request(appRequest(broker, server, body.client_id, uri).authorizeUrl())).status;
    for (const uri of [
      'https://client.example/callback',
      'http://127.0.0.1/callback',
      'http://127.0.0.1:3118/callback',
      'com.example.app:/cb',
    ]) {
      expect(await shown(uri), uri).toBe(200);
    }
    for (const uri of [
      'https://client.example/callback/',
      'https://client.example/callback?x=1',
      'https://client.example/callback#x',
      'https://client.example:444/callback',
      'https://client.example/CALLBACK',
      'https://client.example/a/../callback',
      'https://client.example%2f@evil.example/callback',
      'https://client.example@evil.example/callback',
      'https://client.example.evil.example/callback',
      'https://evil.example/callback',
      '//client.example/callback',
      'http://client.example/callback',
      'http://localhost/callback',
      'http://[::1]/callback',
      'http://127.0.0.1:3118/callback2',
      'http://127.0.0.1:3118/callback?x',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.2/callback',
      'https://127.0.0.1/callback',
      'com.example.app:/cb2',
      'com.example.app://cb',
      'javascript:alert(1)',
      '',
    ]) {
      expect(await shown(uri), uri).toBe(400);
    }
  });

  it('A25: what would mislead a person is not registered: addresses, schemes and names', async () => {
    for (const uri of [
      'http://client.example/callback',
      'https://user:password@client.example/callback',
      'https://client.example/callback#fragment',
      'https://client.example/../callback',
      'HTTPS://client.example/callback',
      'https://client.example\\@evil.example/',
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'ms-msdt:/id',
      'search-ms:query=x',
      'mailto:x@example.com',
      'about:blank',
      `https://client.example/${'x'.repeat(2100)}`,
    ]) {
      const { status, body } = await register(broker, { redirect_uris: [uri] });
      expect([status, body.error], uri).toEqual([400, 'invalid_redirect_uri']);
    }
    for (const client_name of ['', ' x', 'a\u202Eb', 'a\u200Bb', 'a\nb', 'x'.repeat(101), 'e\u0301', 7, null]) {
      const { status, body } = await register(broker, { client_name });
      expect([status, body.error], JSON.stringify(client_name)).toEqual([400, 'invalid_client_metadata']);
    }
  });

  it('A25, A15: the page says that nobody checked the name, where the answer goes, and repeats no markup', async () => {
    const name = '<script>alert(1)</script>"\'><img src=x>';
    const { body } = await register(broker, { client_name: name });
    const browser = await signedInBrowser(broker, server, someone());
    const { html } = await browser.follow(newApp(body.client_id).authorizeUrl(), () => false);
    expect(html).toContain('Nobody has checked the app’s name');
    expect(html).toContain('It runs on your own device');
    expect(html).toContain('127.0.0.1:4999');
    expect(html).not.toMatch(/<script|<img(?! src="\/pages\/)/);
  });
});

describe('the person’s decision', () => {
  it('A19: a form of another site, without its token, of another browser or for another request decides nothing', async () => {
    const identifier = someone();
    const browser = await signedInBrowser(broker, server, identifier);
    const app = newApp();
    const page = await browser.follow(app.authorizeUrl(), () => false);
    const hidden = (name: string, html = page.html) =>
      (new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
    const post = (from: Browser, body: Record<string, string>, headers: Record<string, string> = {}) =>
      from.request(`${broker.baseUrl}/oauth/authorize/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ decision: 'allow', ...body }).toString(),
      });
    const good = { _form: hidden('_form'), request: hidden('request') };
    const evil = (await register(broker, { redirect_uris: ['https://evil.example/cb'] })).body.client_id;
    const other = appRequest(broker, server, evil, 'https://evil.example/cb').authorizeUrl().split('?')[1] as string;
    const stranger = await signedInBrowser(broker, server, someone());
    expect((await post(browser, good, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post(browser, good, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(browser, good, { origin: 'null' })).status).toBe(403);
    expect((await post(browser, { request: good.request })).status).toBe(403);
    expect((await post(browser, { ...good, request: other })).status).toBe(403);
    expect((await post(stranger, good)).status).toBe(403);
    expect((await post(new Browser(), good)).status).toBe(401);
    expect((await post(browser, { ...good, decision: 'maybe' })).status).toBe(400);
    expect(await grantsOf(identifier)).toEqual([]);
    expect((await post(browser, good, { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    // Back button, double click.
    expect((await post(browser, good, { 'sec-fetch-site': 'same-origin' })).status).toBe(401);
    expect(await grantsOf(identifier)).toHaveLength(1);
  });

  it('A07: the answer names its issuer, on a yes and on a no', async () => {
    for (const decision of ['allow', 'deny'] as const) {
      const { answer } = await decideIn(await signedInBrowser(broker, server, someone()), newApp().authorizeUrl(), decision);
      expect(answer.searchParams.get('iss')).toBe(broker.baseUrl);
    }
  });

  it('A17, A20: looking at a sign-in link uses nothing up; the button works once, in time, and a guess looks like a used one', async () => {
    const link = await signInLink(broker, server, someone());
    for (const method of ['GET', 'HEAD', 'GET']) {
      const looked = await fetch(link, { method });
      expect([looked.status, looked.headers.getSetCookie()]).toEqual([200, []]);
    }
    const browser = new Browser();
    const page = await browser.follow(link, () => false);
    expect((await browser.submit(page, {})).status).toBe(303);
    const used = await new Browser().submit(page, {});
    const guessed = await fetch(`${link.slice(0, -1)}${link.endsWith('0') ? '1' : '0'}`);
    const late = await signInLink(broker, server, someone());
    await rows.query("update mcp_sign_ins set expires_at = now() - interval '1 second' where proven_at is null");
    const expired = await fetch(late);
    expect([used.status, guessed.status, expired.status]).toEqual([410, 410, 410]);
    expect(await guessed.text()).toBe(await expired.text());
  });

  it('A24: a link names the person it signs in, and signs in for its own config only', async () => {
    const identifier = someone();
    const page = await new Browser().follow(await signInLink(broker, server, identifier), () => false);
    expect(page.html).toContain(identifier);
    const { body: other } = await broker.api('/v1/mcp-configs', {
      body: { name: `other-${people}`, connection_tool_mappings: [{ connection_name: 'slack' }] },
    });
    const elsewhere = { configId: other.id, url: `${broker.baseUrl}/mcp/${other.id}` };
    const browser = await signedInBrowser(broker, elsewhere, identifier);
    expect((await browser.follow(newApp().authorizeUrl(), () => false)).html).toContain('show who you are');
  });
});

describe('codes', () => {
  it('A09: without the verifier, or with another, a code is worth nothing, and is used up', async () => {
    for (const code_verifier of [verifier(), 'x', 'a'.repeat(129)]) {
      const identifier = someone();
      const app = newApp();
      const code = await codeFor(identifier, app);
      const wrong = await tokenRequest(broker, codeForm(app, server, code, { code_verifier }));
      const right = await tokenRequest(broker, codeForm(app, server, code));
      expect([wrong.body.error, right.body.error]).toEqual(['invalid_grant', 'invalid_grant']);
      expect(await grantsOf(identifier)).toMatchObject([{ status: 'REVOKED', revoked_reason: 'code_misused' }]);
    }
    const app = newApp();
    const { code_verifier: _, ...without } = codeForm(app, server, await codeFor(someone(), app));
    expect((await tokenRequest(broker, without)).body.error).toBe('invalid_request');
  });

  it('A10: a code that comes twice ends what came of it', async () => {
    const identifier = someone();
    const app = newApp();
    const code = await codeFor(identifier, app);
    const first = await tokenRequest(broker, codeForm(app, server, code));
    expect((await listTools(server.url, first.body.access_token)).status).toBe(200);
    expect((await tokenRequest(broker, codeForm(app, server, code))).body.error).toBe('invalid_grant');
    expect((await listTools(server.url, first.body.access_token)).status).toBe(401);
    expect((await tokenRequest(broker, refreshForm(app, server, first.body.refresh_token))).body.error).toBe('invalid_grant');
    expect(await grantsOf(identifier)).toMatchObject([{ revoked_reason: 'code_replayed' }]);
  });

  it('A10: of many that redeem one code at once, one gets tokens, and they are dead', async () => {
    const app = newApp();
    const code = await codeFor(someone(), app);
    const answers = await Promise.all(Array.from({ length: 10 }, () => tokenRequest(broker, codeForm(app, server, code))));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect((await listTools(server.url, won[0]?.body.access_token)).status).toBe(401);
  });

  it('A06, A10: a code of one client, address or resource is none for another, and late it is none at all', async () => {
    const stranger = (await register(broker)).body.client_id;
    const changes: Record<string, string>[] = [
      { client_id: stranger },
      { redirect_uri: 'http://127.0.0.1:5000/callback' },
      { resource: `${broker.baseUrl}/mcp/${newId('mcpConfig')}` },
    ];
    for (const change of changes) {
      const app = newApp();
      const answered = await tokenRequest(broker, codeForm(app, server, await codeFor(someone(), app), change));
      expect([answered.status, answered.body.error], JSON.stringify(change)).toEqual([400, 'invalid_grant']);
    }
    const app = newApp();
    const code = await codeFor(someone(), app);
    await rows.query("update mcp_grants set expires_at = now() - interval '1 second' where code_used_at is null");
    expect((await tokenRequest(broker, codeForm(app, server, code))).body.error).toBe('invalid_grant');
    const { resource: _, ...without } = codeForm(app, server, await codeFor(someone(), app));
    expect((await tokenRequest(broker, without)).body.error).toBe('invalid_target');
  });

  it('a client that brings a secret is not taken for a public one', async () => {
    const app = newApp();
    const code = await codeFor(someone(), app);
    const answered = await tokenRequest(broker, codeForm(app, server, code, { client_secret: 'x' }));
    expect([answered.status, answered.body.error]).toEqual([401, 'invalid_client']);
  });
});

describe('refresh tokens', () => {
  it('are good once: one that comes again ends the grant, whoever was first', async () => {
    const identifier = someone();
    const { app, tokens } = await connectedApp(broker, server, identifier);
    const next = await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token));
    expect((await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token))).body.error).toBe('invalid_grant');
    expect((await tokenRequest(broker, refreshForm(app, server, next.body.refresh_token))).body.error).toBe('invalid_grant');
    expect((await listTools(server.url, next.body.access_token)).status).toBe(401);
    expect(await grantsOf(identifier)).toMatchObject([{ status: 'REVOKED', revoked_reason: 'refresh_token_replayed' }]);
  });

  it('are those of one client and one resource, and are kept as MACs only', async () => {
    const { app, tokens } = await connectedApp(broker, server, someone());
    const other = (await register(broker)).body.client_id;
    const form = (change: Record<string, string>) => refreshForm(app, server, tokens.refresh_token, change);
    expect((await tokenRequest(broker, form({ client_id: other }))).body.error).toBe('invalid_grant');
    expect((await tokenRequest(broker, form({ resource: `${broker.baseUrl}/mcp/${newId('mcpConfig')}` }))).body.error).toBe(
      'invalid_target',
    );
    expect((await tokenRequest(broker, form({ resource: broker.baseUrl }))).body.error).toBe('invalid_target');
    expect((await tokenRequest(broker, form({ refresh_token: `${tokens.refresh_token.slice(0, -1)}_` }))).body.error).toBe('invalid_grant');
    expect((await tokenRequest(broker, form({}))).status).toBe(200);
    const secret = tokens.refresh_token.split('_')[2].slice(0, 43);
    for (const table of ['mcp_grants', 'mcp_refresh_tokens', 'mcp_sign_ins', 'audit_events']) {
      expect(await rows.query(`select 1 from ${table} t where t::text like '%' || $1 || '%'`, [secret]), table).toEqual([]);
    }
    expect(broker.logLines.filter((line) => line.includes(secret) || line.includes(tokens.access_token))).toEqual([]);
  });
});

describe('access tokens', () => {
  it('B08: are good at their own URL and nowhere else, and no other token of ours is good there', async () => {
    const { tokens } = await connectedApp(broker, server, someone());
    const { body: other } = await broker.api('/v1/mcp-configs', {
      body: { name: `audience-${people}`, connection_tool_mappings: [{ connection_name: 'slack' }] },
    });
    const [header = '', payload = '', signature = ''] = tokens.access_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json;
    expect(claims).toMatchObject({ iss: broker.baseUrl, aud: server.url, client_id: expect.stringMatching(/^oc_/), scope: 'mcp' });
    expect(claims.exp - claims.iat).toBe(600);
    const refused = { listed: await listTools(`${broker.baseUrl}/mcp/${other.id}`, tokens.access_token) };
    expect(refused.listed.status).toBe(401);
    expect(refused.listed.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect((await listTools(`${broker.baseUrl}/mcp`, tokens.access_token)).status).toBe(404);
    expect((await broker.api('/v1/mcp-configs', { token: tokens.access_token })).status).toBe(401);

    const encode = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { signer } = broker.modules;
    const base = {
      grantId: claims.grant,
      environmentId: claims.env,
      userId: claims.sub,
      clientId: claims.client_id,
      scope: 'mcp',
      resource: server.url,
    };
    const options = { issuer: broker.baseUrl, lifeSeconds: 60, jti: 'x' };
    const forged = [
      await broker.token(),
      await signer.signGrant({ ...base, resource: broker.baseUrl }, options),
      await signer.signGrant(base, { ...options, issuer: 'https://elsewhere.example' }),
      await signer.signGrant(base, { ...options, lifeSeconds: -60 }),
      await signer.signGrant({ ...base, grantId: newId('mcpGrant') }, options),
      await signer.signGrant({ ...base, environmentId: newId('environment') }, options),
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${encode({ alg: 'HS256', typ: 'at+jwt', kid: (JSON.parse(Buffer.from(header, 'base64url').toString()) as Json).kid })}.${payload}.${signature}`,
      `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: '../../etc/passwd' })}.${payload}.${signature}`,
      `${encode({ alg: 'EdDSA', typ: 'at+jwt', jku: 'https://evil.example/jwks' })}.${payload}.${signature}`,
      `${header}.${encode({ ...claims, scope: 'mcp', exp: claims.exp + 1 })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}`,
      '..',
      'a.b.c',
    ];
    for (const [i, token] of forged.entries()) expect((await listTools(server.url, token)).status, String(i)).toBe(401);
    expect((await listTools(server.url, await signer.signGrant(base, options))).status).toBe(200);
  });

  it('B06: a suspended user, environment or client is refused at the next call, and nobody else', async () => {
    const [identifier, other] = [someone(), someone()];
    const [{ app, tokens }, { tokens: others }] = [
      await connectedApp(broker, server, identifier),
      await connectedApp(broker, server, other),
    ];
    const suspend = (suspended: boolean) => broker.api(`/v1/users/${identifier}`, { method: 'PATCH', body: { suspended } });
    expect((await suspend(true)).status).toBe(200);
    expect([(await listTools(server.url, tokens.access_token)).status, (await listTools(server.url, others.access_token)).status]).toEqual([
      403, 200,
    ]);
    expect((await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token))).body.error).toBe('invalid_grant');
    expect(
      (await broker.api(`/v1/mcp-configs/${server.configId}/sign-in-links`, { body: { user_identifier: identifier } })).body.code,
    ).toBe('user_suspended');
    await suspend(false);
    expect((await listTools(server.url, tokens.access_token)).status).toBe(200);
    expect((await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token))).status).toBe(200);

    // Who asked for the link is the test's own client; another one suspends it.
    await rows.query('update clients set suspended_at = now() where id = $1', [broker.client.clientId]);
    expect((await listTools(server.url, others.access_token)).status).toBe(403);
    await rows.query('update clients set suspended_at = null where id = $1', [broker.client.clientId]);
    await rows.query('update environments set suspended_at = now()');
    expect((await listTools(server.url, others.access_token)).status).toBe(403);
    expect((await new Browser().follow(newApp().authorizeUrl(), () => false)).status).toBe(403);
    await rows.query('update environments set suspended_at = null');
    expect((await listTools(server.url, others.access_token)).status).toBe(200);
  });

  it('B07: what came in is not passed on to a server behind, and is in no log line', async () => {
    const seen: string[] = [];
    const behind = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push(JSON.stringify([request.url, request.rawHeaders, body]));
      const { id, method } = JSON.parse(body === '' ? '{}' : body) as Json;
      const meta = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
      const tool = { name: 'look', description: 'Looks', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } };
      const result =
        method === 'server/discover'
          ? { ...meta, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
          : method === 'tools/list'
            ? { ...meta, tools: [tool] }
            : { ...meta, content: [{ type: 'text', text: 'seen' }] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
    await new Promise<void>((done) => behind.listen(0, '127.0.0.1', done));
    const host = `127.0.0.1:${(behind.address() as AddressInfo).port}`;
    const front = await startBroker({ allowHosts: [host], sandbox: false });
    try {
      await front.api('/v1/connections', {
        body: { name: 'behind', connector: 'mcp', mcp: { url: `http://${host}/mcp`, credential: 'none' } },
      });
      const { body: made } = await front.api('/v1/mcp-configs', {
        body: { name: 'front', connection_tool_mappings: [{ connection_name: 'behind' }] },
      });
      const theirs = { configId: made.id, url: `${front.baseUrl}/mcp/${made.id}` };
      const { tokens } = await connectedApp(front, theirs, someone());
      const response = await fetch(theirs.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${tokens.access_token}` },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'behind_look', arguments: {} } }),
      });
      expect(await response.text()).toContain('seen');
      expect(seen.some((request) => request.includes('tools/call'))).toBe(true);
      for (const secret of [tokens.access_token, tokens.access_token.split('.')[2], tokens.refresh_token]) {
        expect(seen.filter((request) => request.includes(secret))).toEqual([]);
        expect(front.logLines.filter((line) => line.includes(secret))).toEqual([]);
      }
    } finally {
      await front.close();
      behind.closeAllConnections();
      behind.close();
    }
  });
});

describe('ending', () => {
  it('by the operator: the next call and the next refresh are refused', async () => {
    const identifier = someone();
    const { app, tokens } = await connectedApp(broker, server, identifier);
    const [grant] = await grantsOf(identifier);
    expect((await broker.api(`/v1/mcp-grants/${grant.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await listTools(server.url, tokens.access_token)).status).toBe(401);
    expect((await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token))).body.error).toBe('invalid_grant');
    expect((await broker.api(`/v1/mcp-grants/${grant.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await broker.api(`/v1/mcp-grants/${grant.id}`)).body).toMatchObject({ status: 'REVOKED', revoked_reason: 'operator' });
  });

  it('by the person: the app is on their page, and its button ends it', async () => {
    const [identifier, other] = [someone(), someone()];
    const [{ tokens }, { tokens: others }] = [await connectedApp(broker, server, identifier), await connectedApp(broker, server, other)];
    const browser = await signedInBrowser(broker, server, identifier);
    const page = await browser.follow(`${broker.baseUrl}/oauth/apps`, () => false);
    expect(page.html).toContain('Test client');
    const [theirs] = await grantsOf(other);
    expect((await browser.submit(page, { grant: theirs.id }, '/remove')).status).toBe(404);
    expect((await browser.submit(page, {}, '/remove')).status).toBe(303);
    expect([(await listTools(server.url, tokens.access_token)).status, (await listTools(server.url, others.access_token)).status]).toEqual([
      401, 200,
    ]);
    expect((await browser.follow(`${broker.baseUrl}/oauth/apps`, () => false)).html).not.toContain('Test client');
    expect(await grantsOf(identifier)).toMatchObject([{ revoked_reason: 'person' }]);
  });

  it.each(['refresh_token', 'access_token'])('by the client, with its %s (RFC 7009); another client’s word is nothing', async (kind) => {
    const identifier = someone();
    const { app, tokens } = await connectedApp(broker, server, identifier);
    const revoke = (form: Record<string, string>) =>
      fetch(`${broker.baseUrl}/oauth/revoke`, { method: 'POST', body: new URLSearchParams(form) });
    expect((await revoke({ token: tokens[kind], client_id: newId('oauthClient') })).status).toBe(200);
    expect((await revoke({ token: 'nonsense', client_id: app.clientId })).status).toBe(200);
    expect((await listTools(server.url, tokens.access_token)).status).toBe(200);
    expect((await revoke({ token: tokens[kind], client_id: app.clientId })).status).toBe(200);
    expect((await listTools(server.url, tokens.access_token)).status).toBe(401);
    expect(await grantsOf(identifier)).toMatchObject([{ revoked_reason: 'client' }]);
  });

  it('with its config, and with its user', async () => {
    const identifier = someone();
    const { body: made } = await broker.api('/v1/mcp-configs', {
      body: { name: `short-${people}`, connection_tool_mappings: [{ connection_name: 'slack' }] },
    });
    const short = { configId: made.id, url: `${broker.baseUrl}/mcp/${made.id}` };
    const { tokens } = await connectedApp(broker, short, identifier);
    expect((await broker.api(`/v1/mcp-configs/${made.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await listTools(short.url, tokens.access_token)).status).toBe(401);
    const { tokens: forgotten } = await connectedApp(broker, server, identifier);
    expect((await broker.api(`/v1/users/${identifier}`, { method: 'DELETE' })).status).toBe(204);
    expect((await listTools(server.url, forgotten.access_token)).status).toBe(401);
    expect(await rows.query('select 1 from mcp_sign_ins where user_identifier = $1', [identifier])).toEqual([]);
  });
});

describe('registration', () => {
  it('is bounded: one address, and all that nobody has allowed anything', async () => {
    const flooded = await startBroker({ sandbox: false });
    try {
      const answers = [];
      for (let i = 0; i < 61; i++) answers.push(await register(flooded));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(60);
      expect(answers.at(-1)).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
      expect(answers.at(-1)?.headers.get('retry-after')).toBe('60');
      const { oauthClients } = flooded.modules;
      const theirRows = await openRows(flooded);
      await theirRows.query("insert into oauth_clients (id, redirect_uris) select 'oc_' || n, '{}' from generate_series(1, 5000) n");
      const metadata = { redirect_uris: ['https://client.example/cb'] };
      await expect(oauthClients.register(metadata, { address: '192.0.2.1', requestId: 'x' })).rejects.toMatchObject({
        code: 'rate_limited',
      });
      await theirRows.close();
    } finally {
      await flooded.close();
    }
  });

  it('refuses what is no metadata in the words of RFC 7591, and ignores what it does not know', async () => {
    for (const body of ['[]', '"x"', '{}', '{"redirect_uris":[]}', '{"redirect_uris":"https://client.example/cb"}', '{']) {
      const response = await fetch(`${broker.baseUrl}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(response.status, body).toBe(400);
      expect(((await response.json()) as Json).error, body).toMatch(/^(invalid_redirect_uri|invalid_client_metadata|invalid_request)$/);
    }
    const made = await register(broker, {
      token_endpoint_auth_method: 'client_secret_basic',
      client_uri: 'https://client.example',
      logo_uri: 'https://evil.example/logo',
      scope: 'everything',
    });
    expect([made.status, made.body.token_endpoint_auth_method, made.body.logo_uri]).toEqual([201, 'none', undefined]);
  });
});
