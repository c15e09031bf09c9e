import { existsSync } from 'node:fs';
import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from '../flows/browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../flows/identity-provider.ts';
import {
  appRequest,
  codeForm,
  decideIn,
  listTools,
  type McpServer,
  mcpServer,
  register,
  signedInBrowser,
  signInLink,
  startDocumentServer,
  tokenRequest,
} from './setting.ts';

let broker: TestBroker;
let rows: Rows;
let server: McpServer;
let documents: Awaited<ReturnType<typeof startDocumentServer>>;
let idp: TestIdentityProvider;
beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  [documents, idp] = await Promise.all([startDocumentServer(), startIdentityProvider()]);
  broker = await startBroker({ allowHosts: [documents.host, idp.host] });
  rows = await openRows(broker);
  server = await mcpServer(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await documents?.close();
  await idp?.close();
});

let people = 0;
const someone = () => `client-person-${++people}`;
const callback = 'http://127.0.0.1:4998/callback';

/** What an application keeps for the official clients: whatever they save, and where the person is to be sent. */
function application(clientInformation?: Json) {
  const kept: Record<string, Json> = { clientInformation };
  const keeps = (name: string) => async (value: Json) => {
    kept[name] = value;
  };
  return {
    kept,
    sentTo: undefined as URL | undefined,
    provider: {
      redirectUrl: callback,
      clientMetadata: { client_name: 'Official client', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'] },
      state: () => 'state-of-the-application',
      clientInformation: async () => kept['clientInformation'],
      saveClientInformation: keeps('clientInformation'),
      tokens: async () => kept['tokens'],
      saveTokens: keeps('tokens'),
      codeVerifier: async () => kept['codeVerifier'],
      saveCodeVerifier: keeps('codeVerifier'),
      discoveryState: async () => kept['discoveryState'],
      saveDiscoveryState: keeps('discoveryState'),
      redirectToAuthorization: keeps('sentTo'),
    } as Json,
  };
}

const official = {
  'the v2 client': () => ({
    client: new Client({ name: 'test', version: '1' }) as Json,
    transport: (o: Json) => new StreamableHTTPClientTransport(new URL(server.url), o) as Json,
  }),
  'the v1 client': () => ({
    client: new LegacyClient({ name: 'test', version: '1' }) as Json,
    transport: (o: Json) => new LegacyTransport(new URL(server.url), o) as Json,
  }),
};
const each = Object.entries(official);

/** From the bare URL until the official client is connected; `person` walks the pages and answers where they end. */
async function connect(
  make: (typeof official)['the v2 client'],
  app: ReturnType<typeof application>,
  person: (url: string) => Promise<URL>,
) {
  const first = make();
  const transport = first.transport({ authProvider: app.provider });
  await expect(first.client.connect(transport)).rejects.toMatchObject({ name: expect.stringMatching(/Unauthorized|Error/) });
  const answer = await person(String(app.kept['sentTo']));
  expect(answer.searchParams.get('state')).toBe('state-of-the-application');
  await transport.finishAuth(answer.searchParams.get('code'), answer.searchParams.get('iss'));
  const { client, transport: again } = make();
  await client.connect(again({ authProvider: app.provider }));
  return client;
}

const inBrowser = (identifier: string) => async (url: string) =>
  (await decideIn(await signedInBrowser(broker, server, identifier), url)).answer;

describe.each(each)('%s, from the bare URL', (_name, make) => {
  it('registers, sends the person, gets tokens, lists and calls; renews an ended token by itself, and is refused once revoked', async () => {
    const identifier = someone();
    const { body: instance } = await broker.api('/v1/mcp-instances', {
      method: 'PUT',
      body: { config_name: 'incident-responder', user_identifier: identifier },
    });
    await connectAll(broker, instance);
    const app = application();
    const client = await connect(make, app, inBrowser(identifier));
    expect(app.kept['clientInformation'].client_id).toMatch(/^oc_/);
    expect((await client.listTools()).tools.map((tool: Json) => tool.name)).toContain('slack_list_channels');
    const called = await client.callTool({ name: 'slack_list_channels', arguments: {} });
    expect(called.isError ?? false, JSON.stringify(called)).toBe(false);

    // The token is none any more: the client has it renewed, and the call goes on.
    const spent = app.kept['tokens'].refresh_token;
    app.kept['tokens'] = { ...app.kept['tokens'], access_token: `${app.kept['tokens'].access_token.slice(0, -4)}AAAA` };
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
    expect(app.kept['tokens'].refresh_token).not.toBe(spent);

    const [grant] = (await broker.api(`/v1/mcp-grants?user_identifier=${identifier}`)).body.items;
    expect(grant.mcp_instance_id).toBe(instance.id);
    await broker.api(`/v1/mcp-grants/${grant.id}`, { method: 'DELETE' });
    await expect(client.listTools()).rejects.toThrow();
    await client.close();
  });

  it('by a metadata document: the host that vouches for it is what the person reads first', async () => {
    documents.document = { ...documents.document, redirect_uris: [callback], client_id: documents.url };
    const app = application({ client_id: documents.url });
    let page = '';
    const client = await connect(make, app, async (url) => {
      const decided = await decideIn(await signedInBrowser(broker, server, someone()), url);
      page = decided.html;
      return decided.answer;
    });
    expect(page).toContain(`verified: described at <strong><bdi>${documents.host}</bdi></strong>`);
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
    await client.close();
  });
});

describe('client metadata documents', () => {
  const shown = async (clientId: string, redirectUri = 'http://127.0.0.1:7/callback') =>
    new Browser().follow(appRequest(broker, server, clientId, redirectUri).authorizeUrl(), () => false);

  it('must name their own URL, be public, complete and small; their host is asked once for many, also where it refuses', async () => {
    const good = { client_name: 'Documented client', redirect_uris: ['http://127.0.0.1/callback'] };
    const bad: [string, Json, Record<string, string>?, number?][] = [
      ['another client_id', { ...good, client_id: `${documents.url}x` }],
      ['no client_id', good],
      ['a secret', { ...good, token_endpoint_auth_method: 'client_secret_post' }],
      ['a secret in the open', { ...good, client_secret: 'made-up-secret' }],
      ['a signature', { ...good, token_endpoint_auth_method: 'private_key_jwt' }],
      ['no redirect', { client_name: 'x' }],
      ['a bad redirect', { ...good, redirect_uris: ['http://evil.example/cb'] }],
      ['a list', []],
      ['no JSON', '{'],
      ['too large', { ...good, x: 'x'.repeat(20_000) }],
      ['HTML', good, { 'content-type': 'text/html' }],
      ['a redirect', good, { 'content-type': 'application/json', location: 'http://127.0.0.1:9/' }, 302],
      ['an error', good, { 'content-type': 'application/json' }, 500],
    ];
    for (const [i, [what, document, headers, status]] of bad.entries()) {
      const id = `http://${documents.host}/bad-${i}.json`;
      const own = typeof document === 'object' && !Array.isArray(document) && !('client_id' in document) && what !== 'no client_id';
      documents.document = own ? { ...document, client_id: id } : document;
      documents.headers = headers ?? { 'content-type': 'application/json' };
      documents.status = status ?? 200;
      const before = documents.requests;
      const pages = await Promise.all([shown(id), shown(id), shown(id)]);
      expect(
        pages.map((page) => page.status),
        what,
      ).toEqual([400, 400, 400]);
      expect((await shown(id)).status, what).toBe(400);
      expect(documents.requests - before, what).toBe(1);
    }
    documents.status = 200;
    documents.headers = { 'content-type': 'application/json' };
    documents.document = { ...good, client_id: `http://${documents.host}/good.json` };
    expect((await shown(`http://${documents.host}/good.json`)).status).toBe(200);
  });

  it('A25: are not a way into the network behind us', async () => {
    for (const id of [
      'http://169.254.169.254/latest/meta-data',
      'https://169.254.169.254/latest/meta-data',
      'https://127.0.0.1/client.json',
      'https://[::1]/client.json',
      'https://10.0.0.1/client.json',
      'https://2130706433/client.json',
      'https://localhost/client.json',
      'https://broker.internal/client.json',
      'https://client.example:8443/client.json',
      'https://user@client.example/client.json',
      'https://client.example',
      'https://client.example/',
      'https://client.example/a/../client.json',
      'https://client.example/client.json?x=1',
      'https://client.example/client.json#x',
      'file:///etc/passwd',
      'gopher://127.0.0.1/x',
      `http://${new URL(broker.databaseUrl).host}/x`,
      `${broker.sandbox.origin}/client.json`,
    ]) {
      const page = await shown(id);
      expect([page.status, page.html.includes('We do not know this app')], id).toEqual([400, true]);
    }
  });
});

describe('the operator’s identity provider', () => {
  const setting = (change: Json = {}) => ({ issuer: idp.issuer, client_id: idp.clientId, client_secret: idp.clientSecret, ...change });
  const put = (change: Json = {}) => broker.api('/v1/identity-provider', { method: 'PUT', body: setting(change) });
  afterEach(() => broker.api('/v1/identity-provider', { method: 'DELETE' }));

  async function setUp(change: Json = {}) {
    const { status, body } = await put(change);
    expect([status, JSON.stringify(body).includes(idp.clientSecret)], JSON.stringify(body)).toEqual([200, false]);
    idp.register(body.redirect_uri);
    return body;
  }
  async function signIn(browser: Browser, url: string, person: Json | undefined) {
    idp.person = person;
    const page = await browser.follow(url, () => false);
    const started = await browser.submit(page, {}, '/sign-in');
    return browser.follow(started.headers.get('location') ?? '', () => false);
  }

  it('says who the person is: they sign in there, come back to the same question, and decide', async () => {
    expect((await setUp()).redirect_uri).toBe(`${broker.baseUrl}/oauth/signed-in/${broker.broker.environmentId}`);
    const identifier = someone();
    const app = appRequest(broker, server, (await register(broker)).body.client_id, 'http://127.0.0.1:4999/callback');
    const browser = new Browser();
    const before = await browser.follow(app.authorizeUrl(), () => false);
    expect(before.html).toContain('Test client');
    const consent = await signIn(browser, app.authorizeUrl(), { sub: identifier });
    expect(consent.html).toContain(identifier);
    const decided = await browser.submit(consent, { decision: 'allow' }, '/decide');
    const answer = new URL(decided.headers.get('location') ?? '');
    expect(answer.searchParams.get('state')).toBe(app.state);
    const tokens = await tokenRequest(broker, codeForm(app, server, answer.searchParams.get('code') ?? ''));
    expect((await listTools(server.url, tokens.body.access_token)).status).toBe(200);
    expect((await broker.api(`/v1/mcp-grants?user_identifier=${identifier}`)).body.items).toMatchObject([{ signed_in_by: 'oidc' }]);
    const [row] = await rows.query<{ t: string }>('select t::text from mcp_sign_ins t where user_identifier = $1', [identifier]);
    expect(row?.t).not.toContain(app.state);
  });

  it('A08: its answer is good once, and in the browser that began', async () => {
    await setUp();
    const app = appRequest(broker, server, (await register(broker)).body.client_id);
    const [browser, thief] = [new Browser(), new Browser()];
    idp.person = { sub: someone() };
    const started = await browser.submit(await browser.follow(app.authorizeUrl(), () => false), {}, '/sign-in');
    const { url } = await browser.follow(started.headers.get('location') ?? '', (to) =>
      new URL(to).pathname.startsWith('/oauth/signed-in/'),
    );
    expect((await thief.request(url)).status).toBe(400);
    expect((await browser.request(url, { method: 'HEAD' })).status).toBe(400);
    expect((await browser.request(url.replace(/env_[^?]+/, 'env_01m7zehbbhkqr16f08kkqtkma9'))).status).toBe(400);
    expect((await browser.request(url)).status).toBe(303);
    expect((await browser.request(url)).status).toBe(400);
  });

  it('names nobody: an unverified address, a person who turned back, a provider that was changed meanwhile', async () => {
    await setUp({ claim: 'email' });
    const app = appRequest(broker, server, (await register(broker)).body.client_id);
    for (const person of [{ sub: 'x', email: 'x@acme.example', email_verified: false }, { sub: 'x' }, undefined]) {
      expect((await signIn(new Browser(), app.authorizeUrl(), person)).html).toContain('The sign-in did not succeed');
    }
    const browser = new Browser();
    idp.person = { sub: 'x', email: 'x@acme.example', email_verified: true };
    const started = await browser.submit(await browser.follow(app.authorizeUrl(), () => false), {}, '/sign-in');
    const { url } = await browser.follow(started.headers.get('location') ?? '', (to) =>
      new URL(to).pathname.startsWith('/oauth/signed-in/'),
    );
    await put({ claim: 'email', client_id: 'another' });
    expect(await (await browser.request(url)).text()).toContain('The sign-in did not succeed');
  });

  it('counts for the configs that it is set for, and a secret does not follow to another issuer', async () => {
    await broker.api('/v1/mcp-configs', { body: { name: 'staff-only', connection_tool_mappings: [{ connection_name: 'slack' }] } });
    await setUp({ config_names: ['staff-only'] });
    const app = appRequest(broker, server, (await register(broker)).body.client_id);
    expect((await new Browser().follow(app.authorizeUrl(), () => false)).html).toContain('ask it for a sign-in link');
    const { client_secret: _, ...moved } = setting({ issuer: 'https://login.example.com' });
    const { body } = await broker.api('/v1/identity-provider', { method: 'PUT', body: moved });
    expect(body.client_secret_set).toBe(false);
  });
});

const executablePath = '/usr/bin/chromium';
it.skipIf(!existsSync(executablePath))(
  'A14: in a real browser: link, consent, Allow, and the client’s own address; framed, the page shows nothing',
  async () => {
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    try {
      const { body } = await register(broker, { client_name: 'Claude', redirect_uris: [`${documents.url}`] });
      documents.document = { arrived: true };
      const app = appRequest(broker, server, body.client_id, documents.url);
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      const folder = process.env['SCREENSHOTS'];
      const shoot = async (name: string) => {
        if (folder === undefined) return;
        await page.screenshot({ path: `${folder}/${name}-desktop.png`, fullPage: true });
        await page.setViewportSize({ width: 390, height: 844 });
        await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true });
        await page.setViewportSize({ width: 1280, height: 900 });
      };
      await page.goto(app.authorizeUrl());
      await page.getByRole('heading', { name: 'First: show who you are' }).waitFor();
      await shoot('sign-in');
      await page.goto(await signInLink(broker, server, 'ada@example.test'));
      await shoot('link');
      await page.getByRole('button', { name: 'Yes, that is me' }).click();
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
      await shoot('apps');
      await page.goto(app.authorizeUrl());
      await page.getByRole('heading', { name: 'Allow this app to use' }).waitFor();
      await shoot('consent');
      await page.setContent(`<iframe src="${app.authorizeUrl()}"></iframe>`);
      await expect.poll(() => page.frames().at(-1)?.url(), { timeout: 20_000 }).toBe('chrome-error://chromewebdata/');
      await page.goto(app.authorizeUrl());
      await page.getByRole('button', { name: 'Allow', exact: true }).click();
      await page.waitForURL((url) => url.origin === new URL(documents.url).origin);
      expect(new URL(page.url()).searchParams.get('iss')).toBe(broker.baseUrl);
      expect(new URL(page.url()).searchParams.get('code')).toMatch(/^gwac_/);
    } finally {
      await browser.close();
    }
  },
);
