import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connector, get, path } from '@grantway/connector-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, startSandbox } from './index.ts';
import { acorn, bramble, cedar } from './testing/connectors.ts';
import { type App, pkce, postForm, redirectUri, registerApp, Visitor } from './testing/visitor.ts';

const running: Sandbox[] = [];
const folders: string[] = [];
const lines: string[] = [];

async function start(connectors: Connector[], stateDir?: string): Promise<Sandbox> {
  const sandbox = await startSandbox({ connectors, stateDir, log: (line) => lines.push(line) });
  running.push(sandbox);
  return sandbox;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandbox-'));
  folders.push(made);
  return made;
}

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(running.splice(0).map((sandbox) => sandbox.close()));
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
  lines.length = 0;
});

/** Lets `ms` pass for the sandbox without waiting: it asks only the clock. */
function pass(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  scope: string;
}

function acornUrl(sandbox: Sandbox, app: App, changes: Record<string, string> = {}): { url: string; verifier: string } {
  const { verifier, challenge } = pkce();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: redirectUri,
    scope: 'read,tickets:write',
    state: 'state-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  });
  return { url: `${sandbox.origin}/acorn.example/oauth/authorize?${query}`, verifier };
}

const acornToken = (sandbox: Sandbox, app: App, form: Record<string, string>) =>
  postForm(`${sandbox.origin}/api.acorn.example/oauth/token`, form, app, 'basic');
const exchange = (sandbox: Sandbox, app: App, code: string, verifier: string) =>
  acornToken(sandbox, app, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier });
const refresh = (sandbox: Sandbox, app: App, refreshToken: string) =>
  acornToken(sandbox, app, { grant_type: 'refresh_token', refresh_token: refreshToken });

async function connectAcorn(sandbox: Sandbox, app: App, account?: string, changes: Record<string, string> = {}): Promise<Tokens> {
  const { url, verifier } = acornUrl(sandbox, app, changes);
  const back = await new Visitor().decide(url, 'allow', account);
  const answer = await exchange(sandbox, app, back.searchParams.get('code') ?? '', verifier);
  expect(answer.status).toBe(200);
  return answer.body as unknown as Tokens;
}

async function call(
  sandbox: Sandbox,
  token: string,
  path: string,
  init: { method?: string; json?: unknown; headers?: Record<string, string> } = {},
) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers };
  const body = init.json === undefined ? {} : { body: JSON.stringify(init.json) };
  const response = await fetch(`${sandbox.origin}${path}`, { method: init.method ?? 'GET', headers, ...body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
}

const graphqlCall = (sandbox: Sandbox, token: string, query: string, variables: object = {}) =>
  call(sandbox, token, '/api.acorn.example/v2/graphql', { method: 'POST', json: { query, variables } });
const createTicket = (sandbox: Sandbox, token: string, input: object) =>
  graphqlCall(sandbox, token, 'mutation TicketCreate($input: TicketInput!) {\n ticketCreate(input: $input) { id }\n}', { input });
const readBoard = (sandbox: Sandbox, token: string, board: number | string = 7001) =>
  call(sandbox, token, `/api.acorn.example/v2/owners/acme/boards/${board}?page=1&view=full`);
const me = (sandbox: Sandbox, token: string) => graphqlCall(sandbox, token, 'query Me { me { id name } team { name } }');

async function control(sandbox: Sandbox, method: string, path: string, json?: unknown) {
  const response = await fetch(`${sandbox.origin}/_sandbox/${path}`, {
    method,
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const counts = async (sandbox: Sandbox, connector = 'acorn') =>
  (await control(sandbox, 'GET', `${connector}/ledger`)).body.counts as unknown as Record<string, number>;

describe('consent and code exchange', () => {
  it('consent, exchange and a call work with PKCE', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { url, verifier } = acornUrl(sandbox, app);
    const visitor = new Visitor();
    const page = await visitor.request(url);
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    const { html, action } = await visitor.form(page);
    expect(html).toContain('Sandbox: this page stands in for Acorn. Nothing here touches a real account.');
    expect(html).toContain('See your tickets');
    expect(html).toContain('Create and change tickets');
    expect(html).toContain('Grantway');
    expect(html).toContain('value="ada@example.test"');
    expect(html).not.toMatch(/<script|<style| style=| on[a-z]+=/);
    const answer = await visitor.request(action, { method: 'POST', body: new URLSearchParams({ account: '', decision: 'allow' }) });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.origin + back.pathname).toBe(redirectUri);
    expect([...back.searchParams.keys()].sort()).toEqual(['code', 'state']);
    expect(back.searchParams.get('state')).toBe('state-1');
    const tokens = await exchange(sandbox, app, back.searchParams.get('code') ?? '', verifier);
    expect(tokens).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600, scope: 'read tickets:write' } });
    expect((await readBoard(sandbox, String(tokens.body.access_token))).status).toBe(200);
    expect(await counts(sandbox)).toMatchObject({ registrations: 1, consents_allowed: 1, tokens_issued: 1, api_calls: 1, api_refusals: 0 });
  });

  it('a vendor that wraps its tokens, separates scopes by commas and knows no PKCE is spoken to in its own words', async () => {
    const sandbox = await start([bramble()]);
    const app = await registerApp(sandbox.origin, 'bramble');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: app.client_id,
      redirect_uri: redirectUri,
      scope: 'channels:read,chat:write',
      user_scope: '',
      state: 's',
      code_challenge: 'ignored',
    });
    const back = await new Visitor().decide(`${sandbox.origin}/bramble.example/oauth/v2/authorize?${query}`, 'allow');
    const token = (form: Record<string, string>) => postForm(`${sandbox.origin}/bramble.example/api/oauth.access`, form, app, 'post');
    const code = back.searchParams.get('code') ?? '';
    const first = await token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: 'ignored' });
    expect(first.body).toMatchObject({ ok: true, authed: { ttl: 43200, scope: 'channels:read,chat:write' }, team: { id: 'T0987ZYXW' } });
    const { authed } = first.body as { authed: { id: string; token: string; refresh: string } };
    expect(authed.token).toHaveLength(43);
    expect(first.body).not.toHaveProperty('access_token');
    const again = await token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    expect(again).toMatchObject({ status: 200, body: { ok: false, error: 'invalid_grant' } });
  });

  it('scopes in a second parameter are understood, and a scope in the wrong one is refused', async () => {
    const sandbox = await start([bramble()]);
    const app = await registerApp(sandbox.origin, 'bramble');
    const url = (params: Record<string, string>) =>
      `${sandbox.origin}/bramble.example/oauth/v2/authorize?${new URLSearchParams({ response_type: 'code', client_id: app.client_id, redirect_uri: redirectUri, ...params })}`;
    const visitor = new Visitor();
    expect((await visitor.form(await visitor.request(url({ user_scope: 'chat:write' })))).html).toContain('Post messages as you');
    const wrong = await new Visitor().request(url({ user_scope: 'channels:read' }));
    expect(wrong.headers.get('location')).toContain('error=invalid_scope');
  });

  it('scopes joined by another separator than the vendor’s are refused', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const answer = await new Visitor().request(acornUrl(sandbox, app, { scope: 'read tickets:write' }).url);
    expect(answer.headers.get('location')).toContain('error=invalid_scope');
  });

  it('a request without PKCE is refused where the vendor takes it', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const url = new URL(acornUrl(sandbox, app).url);
    url.searchParams.delete('code_challenge');
    url.searchParams.delete('code_challenge_method');
    const answer = await new Visitor().request(url.href);
    expect(answer.headers.get('location')).toContain('error=invalid_request');
  });

  it('a wrong verifier is refused', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const back = await new Visitor().decide(acornUrl(sandbox, app).url, 'allow');
    const answer = await exchange(sandbox, app, back.searchParams.get('code') ?? '', pkce().verifier);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('a replayed code is refused and ends what it gave', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { url, verifier } = acornUrl(sandbox, app);
    const code = (await new Visitor().decide(url, 'allow')).searchParams.get('code') ?? '';
    const first = await exchange(sandbox, app, code, verifier);
    expect(first.status).toBe(200);
    expect(await exchange(sandbox, app, code, verifier)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await readBoard(sandbox, String(first.body.access_token))).status).toBe(401);
  });

  it('another redirect URI is refused without a redirect', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { url } = acornUrl(sandbox, app, { redirect_uri: 'http://127.0.0.1:4999/elsewhere' });
    const answer = await new Visitor().request(url);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).toContain('redirect_uri');
  });

  it('a loopback redirect URI matches on any port, an https one exactly', async () => {
    const sandbox = await start([acorn()]);
    const loopback = await registerApp(sandbox.origin, 'acorn');
    const otherPort = redirectUri.replace('4999', '5888');
    const back = await new Visitor().decide(acornUrl(sandbox, loopback, { redirect_uri: otherPort }).url, 'allow');
    expect(back.port).toBe('5888');
    const web = await registerApp(sandbox.origin, 'acorn', ['https://app.example/callback']);
    const refused = await new Visitor().request(acornUrl(sandbox, web, { redirect_uri: 'https://app.example:8443/callback' }).url);
    expect(refused.status).toBe(400);
  });

  it('Deny sends access_denied and the state back', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const back = await new Visitor().decide(acornUrl(sandbox, app).url, 'deny');
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('state')).toBe('state-1');
    expect(back.searchParams.has('code')).toBe(false);
  });

  it('another browser cannot answer a consent', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const visitor = new Visitor();
    const { action } = await visitor.form(await visitor.request(acornUrl(sandbox, app).url));
    const stranger = await new Visitor().request(action, { method: 'POST', body: new URLSearchParams({ decision: 'allow' }) });
    expect(stranger.status).toBe(400);
    expect(await counts(sandbox)).toMatchObject({ consents_allowed: 0 });
  });

  it('what is typed on the consent page is shown back as text', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const visitor = new Visitor();
    const { action } = await visitor.form(await visitor.request(acornUrl(sandbox, app).url));
    const body = new URLSearchParams({ account: '"><img src=x>', decision: 'maybe' });
    const answer = await visitor.request(action, { method: 'POST', body });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toContain('&quot;&gt;&lt;img src=x&gt;');
    expect(html).not.toContain('<img');
  });

  it('a client that authenticates in another way than declared is refused', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const url = `${sandbox.origin}/api.acorn.example/oauth/token`;
    const answer = await postForm(url, { grant_type: 'refresh_token', refresh_token: 'x' }, app, 'post');
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const wrongSecret = { ...app, client_secret: 'wrong-secret' };
    expect((await acornToken(sandbox, wrongSecret, { grant_type: 'refresh_token', refresh_token: 'x' })).status).toBe(401);
  });

  it('a scope named offline_access is granted like any other', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    expect((await connectAcorn(sandbox, app, undefined, { scope: 'read,offline_access' })).scope.split(' ').sort()).toEqual([
      'offline_access',
      'read',
    ]);
  });

  it('two connectors behind one authorization endpoint are told apart by the client', async () => {
    const twin: Connector = { ...acorn(), id: 'acorn-twin', name: 'Twin', tools: [] };
    const sandbox = await start([acorn(), twin]);
    const app = await registerApp(sandbox.origin, 'acorn-twin');
    const visitor = new Visitor();
    const { html } = await visitor.form(await visitor.request(acornUrl(sandbox, app, { scope: 'read' }).url));
    expect(html).toContain('stands in for Twin');
    const tokens = await connectAcorn(sandbox, app, undefined, { scope: 'read' });
    expect((await me(sandbox, tokens.access_token)).status).toBe(200);
    expect(await counts(sandbox, 'acorn-twin')).toMatchObject({ tokens_issued: 1, api_calls: 1, api_refusals: 0 });
  });
});

describe('scopes, expiry and revocation', () => {
  it('a tool whose scope was not granted gets the vendor’s missing_scope answer', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { access_token } = await connectAcorn(sandbox, app, undefined, { scope: 'read' });
    expect(await createTicket(sandbox, access_token, { title: 'x' })).toMatchObject({ status: 403, body: { error: 'needs_scope' } });
    expect((await readBoard(sandbox, access_token)).status).toBe(200);
  });

  it('an unknown token, another vendor’s token and no token are rejected', async () => {
    const sandbox = await start([acorn(), bramble()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { access_token, refresh_token } = await connectAcorn(sandbox, app);
    expect((await readBoard(sandbox, 'unknown')).status).toBe(401);
    expect((await readBoard(sandbox, refresh_token)).status).toBe(401);
    const elsewhere = await call(sandbox, access_token, '/bramble.example/api/auth.test', { method: 'POST' });
    expect(elsewhere).toMatchObject({ status: 200, body: { ok: false, error: 'invalid_auth' } });
    const bare = await fetch(`${sandbox.origin}/api.acorn.example/v2/owners/acme/boards/1?view=full`);
    expect(bare.status).toBe(401);
  });

  it('the lifetime knob shortens tokens, and an expired one is rejected until it is refreshed', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    await control(sandbox, 'PUT', 'acorn/knobs', { access_token_ttl_seconds: 30 });
    const tokens = await connectAcorn(sandbox, app);
    expect(tokens.expires_in).toBe(30);
    expect((await readBoard(sandbox, tokens.access_token)).status).toBe(200);
    pass(31_000);
    expect((await readBoard(sandbox, tokens.access_token)).status).toBe(401);
    const renewed = await refresh(sandbox, app, tokens.refresh_token);
    expect(renewed.status).toBe(200);
    expect((await readBoard(sandbox, String(renewed.body.access_token))).status).toBe(200);
  });

  it('revoking as the user ends access and refresh at once, for the one account', async () => {
    const sandbox = await start([acorn('A')]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const ada = await connectAcorn(sandbox, app, 'ada@example.test');
    const bob = await connectAcorn(sandbox, app, 'bob@example.test');
    expect(await control(sandbox, 'POST', 'acorn/revoke', { account: 'ada@example.test' })).toMatchObject({
      status: 200,
      body: { revoked: 1 },
    });
    expect(await readBoard(sandbox, ada.access_token)).toMatchObject({ status: 401, body: { error: 'gone' } });
    expect(await refresh(sandbox, app, ada.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await readBoard(sandbox, bob.access_token)).status).toBe(200);
    expect((await control(sandbox, 'POST', 'acorn/revoke')).body).toEqual({ revoked: 1 });
    expect((await readBoard(sandbox, bob.access_token)).status).toBe(401);
    expect(await counts(sandbox)).toMatchObject({ revocations: 2 });
  });

  it('a client can revoke its grant (RFC 7009), but not another client’s', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const other = await registerApp(sandbox.origin, 'acorn');
    const tokens = await connectAcorn(sandbox, app);
    const url = `${sandbox.origin}/api.acorn.example/oauth/revoke`;
    await postForm(url, { token: tokens.refresh_token }, other, 'basic');
    expect((await readBoard(sandbox, tokens.access_token)).status).toBe(200);
    expect((await postForm(url, { token: tokens.refresh_token }, app, 'basic')).status).toBe(200);
    expect((await readBoard(sandbox, tokens.access_token)).status).toBe(401);
    expect((await refresh(sandbox, app, tokens.refresh_token)).status).toBe(400);
    expect(await counts(sandbox)).toMatchObject({ revocations: 1 });
  });

  it('the vendor’s own revocation call ends the grant of the token that it carries', async () => {
    const sandbox = await start([bramble()]);
    const tokens = await connectBramble(sandbox);
    const revoked = await call(sandbox, tokens.token, '/bramble.example/api/auth.revoke', { method: 'POST' });
    expect(revoked).toMatchObject({ status: 200, body: { ok: true } });
    const after = await call(sandbox, tokens.token, '/bramble.example/api/auth.test', { method: 'POST' });
    expect(after.body).toEqual({ ok: false, error: 'token_revoked' });
  });

  it('keys are taken when they look real, and every key so far can be revoked', async () => {
    const sandbox = await start([cedar()]);
    const read = (api: string, app: string, site = 'cedar.example', extra: Record<string, string> = { 'x-version': '2026-01-01' }) =>
      fetch(`${sandbox.origin}/api.${site}/monitors/5`, { headers: { 'x-api-key': api, authorization: `App ${app}`, ...extra } });
    const [api, app] = [crypto.randomUUID(), crypto.randomUUID()];
    expect(await (await read(api, app)).json()).toEqual({ id: 5, name: 'Checkout p95' });
    expect((await read(api, app, 'cedar.test')).status).toBe(200);
    expect((await read(api, app, 'cedar.elsewhere')).status).toBe(404);
    expect((await read(api, app, 'cedar.example', {})).status).toBe(400);
    expect((await read(api, 'short')).status).toBe(403);
    expect((await read('an-invalid-key', app)).status).toBe(403);
    expect((await fetch(`${sandbox.origin}/api.cedar.example/monitors/5`, { headers: { 'x-api-key': api } })).status).toBe(403);
    expect((await control(sandbox, 'POST', 'cedar/revoke')).body).toEqual({ revoked: 1 });
    expect((await read(api, app)).status).toBe(403);
    expect((await read(crypto.randomUUID(), app)).status).toBe(200);
  });
});

describe('further hosts of a vendor', () => {
  it('are served for the calls that name them, and for no others; a key in the path is found below each', async () => {
    const plain = cedar();
    const [monitor] = plain.tools;
    if (monitor === undefined) throw new Error('the tool is missing');
    const drawing = {
      ...monitor,
      name: 'cedar_drawing_get',
      request: (input: Record<string, unknown>) => ({ ...get(path`/drawings/${String(input.id)}`), host: 'drawings' }),
    };
    const hosts = { drawings: 'https://draw.cedar.example/v3/render' };
    const auth = {
      kind: 'api_key' as const,
      fields: [{ name: 'api_key', label: 'Key', secret: true }],
      headers: {},
      pathPrefix: '/bot{api_key}',
    };
    const sandbox = await start([
      { ...plain, auth, api: { ...plain.api, baseUrl: 'https://api.cedar.example', hosts }, tools: [monitor, drawing] },
    ]);
    const status = async (url: string) => (await fetch(`${sandbox.origin}/${url}`, { headers: { 'x-version': '2026-01-01' } })).status;
    expect(await status('api.cedar.example/botmade-up-key/monitors/5')).toBe(200);
    expect(await status('draw.cedar.example/v3/render/botmade-up-key/drawings/5')).toBe(200);
    expect(await status('draw.cedar.example/v3/render/botinvalid-key/drawings/5')).toBe(403);
    expect(await status('api.cedar.example/botmade-up-key/drawings/5')).toBe(404);
    expect(await status('draw.cedar.example/v3/render/botmade-up-key/monitors/5')).toBe(404);
  });
});

describe('rotation', () => {
  const connect = async (rotation: 'A' | 'B' | 'C' | 'D' | 'E') => {
    const sandbox = await start([acorn(rotation)]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const tokens = await connectAcorn(sandbox, app);
    const first = await refresh(sandbox, app, tokens.refresh_token);
    expect(first.status).toBe(200);
    return { sandbox, app, old: tokens.refresh_token, fresh: String(first.body.refresh_token), access: String(first.body.access_token) };
  };

  it('A: the refresh token never changes', async () => {
    const { sandbox, app, old, fresh } = await connect('A');
    expect(fresh).toBe(old);
    expect((await refresh(sandbox, app, old)).status).toBe(200);
  });

  it('B: the old refresh token stays valid', async () => {
    const { sandbox, app, old, fresh } = await connect('B');
    expect(fresh).not.toBe(old);
    pass(3_600_000);
    expect((await refresh(sandbox, app, old)).status).toBe(200);
    expect((await refresh(sandbox, app, fresh)).status).toBe(200);
    expect(await counts(sandbox)).toMatchObject({ refreshes: 3, refreshes_with_old_token: 1, reuse_detected: 0 });
  });

  it('C: the old refresh token works for 60 seconds and then fails alone', async () => {
    const { sandbox, app, old, fresh } = await connect('C');
    pass(50_000);
    expect((await refresh(sandbox, app, old)).status).toBe(200);
    pass(15_000);
    expect(await refresh(sandbox, app, old)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await refresh(sandbox, app, fresh)).status).toBe(200);
    expect(await counts(sandbox)).toMatchObject({ refreshes_with_old_token: 1, reuse_detected: 1 });
  });

  it('D: the old refresh token fails, the new one lives on', async () => {
    const { sandbox, app, old, fresh, access } = await connect('D');
    expect(await refresh(sandbox, app, old)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await readBoard(sandbox, access)).status).toBe(200);
    expect((await refresh(sandbox, app, fresh)).status).toBe(200);
    expect(await counts(sandbox)).toMatchObject({ reuse_detected: 1 });
  });

  it('E: reuse ends the whole grant', async () => {
    const { sandbox, app, old, fresh, access } = await connect('E');
    expect((await refresh(sandbox, app, old)).status).toBe(400);
    expect((await refresh(sandbox, app, fresh)).status).toBe(400);
    expect((await readBoard(sandbox, access)).status).toBe(401);
    expect(await counts(sandbox)).toMatchObject({ reuse_detected: 1 });
  });

  it('of many simultaneous uses of a single-use token one is granted', async () => {
    const sandbox = await start([acorn('D')]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { refresh_token } = await connectAcorn(sandbox, app);
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(sandbox, app, refresh_token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await counts(sandbox)).toMatchObject({ refreshes: 1, reuse_detected: 7 });
  });

  it('the knob changes the class, and can leave the refresh token out', async () => {
    const sandbox = await start([acorn('E')]);
    const app = await registerApp(sandbox.origin, 'acorn');
    await control(sandbox, 'PUT', 'acorn/knobs', { rotate: 'A' });
    const { refresh_token } = await connectAcorn(sandbox, app);
    expect((await refresh(sandbox, app, refresh_token)).body.refresh_token).toBe(refresh_token);
    await control(sandbox, 'PUT', 'acorn/knobs', { drop_refresh_token: true });
    const silent = await refresh(sandbox, app, refresh_token);
    expect(silent.status).toBe(200);
    expect(silent.body).not.toHaveProperty('refresh_token');
    expect((await refresh(sandbox, app, refresh_token)).status).toBe(200);
    expect(await connectAcorn(sandbox, app)).not.toHaveProperty('refresh_token');
  });
});

async function connectBramble(sandbox: Sandbox): Promise<{ token: string; refresh: string }> {
  const app = await registerApp(sandbox.origin, 'bramble');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: redirectUri,
    scope: 'channels:read,chat:write',
  });
  const back = await new Visitor().decide(`${sandbox.origin}/bramble.example/oauth/v2/authorize?${query}`, 'allow');
  const form = { grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '', redirect_uri: redirectUri };
  const answer = await postForm(`${sandbox.origin}/bramble.example/api/oauth.access`, form, app, 'post');
  return answer.body.authed as { token: string; refresh: string };
}

describe('answers', () => {
  it('show the caller’s values and new ids each time', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { access_token } = await connectAcorn(sandbox, app);
    const first = (await createTicket(sandbox, access_token, { title: 'Disk full on db-3', priority: 1 })).body.data.ticket;
    const second = (await createTicket(sandbox, access_token, { title: 'Another one' })).body.data.ticket;
    expect(first).toMatchObject({ title: 'Disk full on db-3', priority: 1, votes: 2, key: 'ACO-42' });
    expect(first.url).toBe('https://acorn.example/t/ACO-42/disk-full-on-db-3');
    expect(second).toMatchObject({ title: 'Another one', key: 'ACO-43' });
    expect(second.id).not.toBe(first.id);
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Math.abs(Date.parse(first.createdAt) - Date.now())).toBeLessThan(60_000);
  });

  it('remember what they made: a later call about it shows it', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { access_token } = await connectAcorn(sandbox, app);
    const made = (await createTicket(sandbox, access_token, { title: 'Disk full on db-3' })).body.data.ticket;
    const change = 'mutation TicketChange($ticket: ID!, $title: String!) { ticketChange(ticket: $ticket, title: $title) { id } }';
    for (const ticket of [made.key, made.id]) {
      const changed = await graphqlCall(sandbox, access_token, change, { ticket, title: 'Solved' });
      expect(changed.body.data.ticket).toEqual({ id: made.id, key: made.key, title: 'Solved' });
    }
  });

  it('path parameters take any value, and the example for that very value is preferred', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { access_token } = await connectAcorn(sandbox, app);
    expect((await readBoard(sandbox, access_token, 7002)).body).toMatchObject({ id: 7002, title: 'Support' });
    const other = await call(sandbox, access_token, '/api.acorn.example/v2/owners/o%2Fther/boards/9?page=3&view=full');
    expect(other.body).toEqual({ id: 9, owner: 'o/ther', title: 'Delivery', page: 3 });
  });

  it('two tools behind one path are told apart by what the request holds', async () => {
    const sandbox = await start([bramble()]);
    const { token } = await connectBramble(sandbox);
    const send = (json: object) => call(sandbox, token, '/bramble.example/api/chat.post', { method: 'POST', json });
    const posted = (await send({ channel: 'C1', text: 'Hello' })).body;
    expect(posted).toMatchObject({ ok: true, channel: 'C1', message: { text: 'Hello', ts: posted.ts } });
    expect(posted.ts).toMatch(/^\d{10}\.\d{6}$/);
    const reply = (await send({ channel: 'C1', text: 'Me too', thread_ts: posted.ts })).body;
    expect(reply.message).toEqual({ text: 'Me too', thread_ts: posted.ts });
    expect(reply.ts).not.toBe(posted.ts);
    const { events } = (await control(sandbox, 'GET', 'bramble/ledger')).body as unknown as { events: { tool?: string }[] };
    expect(events.map(({ tool }) => tool).filter(Boolean)).toEqual(['bramble_message_post', 'bramble_message_reply']);
  });

  it('identify shows who signed in, and another account is another subject', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const subject = async (account: string) => {
      const { access_token } = await connectAcorn(sandbox, app, account);
      const { body } = await me(sandbox, access_token);
      return acorn().identify.subject(body as never, { status: 200, headers: {}, body });
    };
    const ada = await subject('ada@example.test');
    const grace = await subject('grace.hopper@example.test');
    expect(ada.label).toBe('Ada @ Acme');
    expect(grace.label).toBe('Grace Hopper @ Acme');
    expect(grace.id).not.toBe(ada.id);
    expect(await subject('ada@example.test')).toEqual(ada);
    const { access_token } = await connectAcorn(sandbox, app, 'grace.hopper@example.test');
    const { ticket } = (await createTicket(sandbox, access_token, { title: 'x' })).body.data;
    expect(ticket.author).toEqual({ id: grace.id, name: 'Grace Hopper' });
  });

  it('a request that fits no example is answered with what is served', async () => {
    const sandbox = await start([acorn()]);
    const answer = await call(sandbox, 'any', '/api.acorn.example/v2/nothing');
    expect(answer.status).toBe(404);
    expect(answer.body.served[0]).toMatchObject({ connector: 'acorn' });
    expect(answer.text).toContain('GET /api.acorn.example/v2/owners/{…}/boards/{…} (acorn_board_get)');
    const unknownOperation = await graphqlCall(sandbox, 'any', 'mutation Other { other { id } }');
    expect(unknownOperation.status).toBe(404);
  });
});

describe('knobs', () => {
  it('unknown and ill-formed knobs are refused by name and change nothing', async () => {
    const sandbox = await start([acorn()]);
    await control(sandbox, 'PUT', 'acorn/knobs', { slow_ms: 1 });
    const bad = [
      { slow: 1 },
      { slow_ms: -1 },
      { slow_ms: '5' },
      { fail: '418' },
      { fail_times: 2 },
      { fail: '500', fail_times: 0 },
      { where: 'web' },
      { rotate: 'F' },
      [],
      'x',
    ];
    for (const knobs of bad) {
      const answer = await control(sandbox, 'PUT', 'acorn/knobs', knobs);
      expect(answer.status, JSON.stringify(knobs)).toBe(400);
    }
    expect((await control(sandbox, 'PUT', 'acorn/knobs', { slow: 1 })).body.message).toContain('slow is not a knob');
    expect((await control(sandbox, 'GET', 'acorn/knobs')).body).toEqual({ slow_ms: 1 });
    expect((await control(sandbox, 'DELETE', 'acorn/knobs')).body).toEqual({});
    expect((await control(sandbox, 'GET', 'unknown/knobs')).status).toBe(404);
  });

  it('API calls fail as told, as often as told', async () => {
    const sandbox = await start([bramble()]);
    const { token } = await connectBramble(sandbox);
    const test = () => call(sandbox, token, '/bramble.example/api/auth.test', { method: 'POST' });
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: '500', fail_times: 2 });
    expect([(await test()).status, (await test()).status]).toEqual([500, 500]);
    expect((await test()).body).toMatchObject({ ok: true });
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: '429' });
    const limited = await test();
    expect([limited.status, limited.headers.get('retry-after'), limited.body.error]).toEqual([429, '30', 'ratelimited']);
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: '401' });
    expect((await test()).body).toEqual({ ok: false, error: 'invalid_auth' });
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: '200_with_error' });
    expect(await test()).toMatchObject({ status: 200, body: { ok: false } });
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: 'html' });
    expect((await test()).headers.get('content-type')).toContain('text/html');
    await control(sandbox, 'PUT', 'bramble/knobs', { fail: 'reset' });
    await expect(test()).rejects.toThrow();
    await control(sandbox, 'DELETE', 'bramble/knobs');
    expect((await test()).body).toMatchObject({ ok: true });
    expect(await counts(sandbox, 'bramble')).toMatchObject({ api_calls: 9, api_refusals: 7 });
  });

  it('the token endpoint fails as told while the API works', async () => {
    const sandbox = await start([acorn('A')]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const tokens = await connectAcorn(sandbox, app);
    await control(sandbox, 'PUT', 'acorn/knobs', { fail: '200_with_error', where: 'token', fail_times: 1 });
    expect((await readBoard(sandbox, tokens.access_token)).status).toBe(200);
    expect(await refresh(sandbox, app, tokens.refresh_token)).toMatchObject({ status: 200, body: { error: 'temporarily_unavailable' } });
    expect((await refresh(sandbox, app, tokens.refresh_token)).status).toBe(200);
    await control(sandbox, 'PUT', 'acorn/knobs', { fail: 'reset', where: 'token' });
    await expect(refresh(sandbox, app, tokens.refresh_token)).rejects.toThrow();
  });

  it('after the deed only the answer is lost: a single-use refresh token is spent, a call is made', async () => {
    const sandbox = await start([acorn('D')]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const tokens = await connectAcorn(sandbox, app);
    await control(sandbox, 'PUT', 'acorn/knobs', { fail: 'reset', where: 'token', when: 'after', fail_times: 1 });
    await expect(refresh(sandbox, app, tokens.refresh_token)).rejects.toThrow();
    expect(await counts(sandbox)).toMatchObject({ refreshes: 1 });
    expect(await refresh(sandbox, app, tokens.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await counts(sandbox)).toMatchObject({ refreshes: 1, reuse_detected: 1 });
    expect((await control(sandbox, 'PUT', 'acorn/knobs', { when: 'later' })).status).toBe(400);
  });

  it('a request that is never answered ends when the sandbox closes', async () => {
    const sandbox = await start([acorn()]);
    await control(sandbox, 'PUT', 'acorn/knobs', { fail: 'timeout' });
    const held = readBoard(sandbox, 'any').then(
      () => 'answered',
      () => 'cut',
    );
    await vi.waitFor(async () => expect(await counts(sandbox)).toMatchObject({ api_calls: 1 }));
    await sandbox.close();
    expect(await held).toBe('cut');
  });

  it('a slow answer does not keep the sandbox from closing', async () => {
    const sandbox = await start([acorn()]);
    await control(sandbox, 'PUT', 'acorn/knobs', { slow_ms: 120_000 });
    const held = readBoard(sandbox, 'any').then(
      () => 'answered',
      () => 'cut',
    );
    await vi.waitFor(() => expect(lines).toContain('acorn api: waits 120000 ms by knob'));
    await sandbox.close();
    expect(await held).toBe('cut');
  });

  it('web pages of other origins and other host names cannot turn knobs', async () => {
    const sandbox = await start([acorn()]);
    const response = await fetch(`${sandbox.origin}/_sandbox/acorn/knobs`, {
      method: 'PUT',
      headers: { origin: 'https://elsewhere.example' },
      body: '{"fail":"500"}',
    });
    expect(response.status).toBe(403);
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const options = { method: 'PUT', headers: { host: 'rebound.example' } };
      request(`${sandbox.origin}/_sandbox/acorn/knobs`, options, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end('{"fail":"500"}');
    });
    expect(rebound).toBe(421);
    expect((await control(sandbox, 'GET', 'acorn/knobs')).body).toEqual({});
  });
});

describe('state', () => {
  it('clients, grants, tokens, revoked keys and sequences survive a restart on another port', async () => {
    const stateDir = folder();
    const first = await start([acorn('D'), cedar()], stateDir);
    const app = await registerApp(first.origin, 'acorn');
    const kept = await connectAcorn(first, app);
    const revoked = await connectAcorn(first, app, 'bob');
    await control(first, 'POST', 'acorn/revoke', { account: 'bob' });
    const used = await connectAcorn(first, app, 'eve');
    const renewed = await refresh(first, app, used.refresh_token);
    expect((await createTicket(first, kept.access_token, { title: 'x' })).body.data.ticket.key).toBe('ACO-42');
    const headers = { 'x-api-key': crypto.randomUUID(), authorization: `App ${crypto.randomUUID()}`, 'x-version': '1' };
    const monitor = (sandbox: Sandbox) => fetch(`${sandbox.origin}/api.cedar.example/monitors/5`, { headers });
    expect((await monitor(first)).status).toBe(200);
    await control(first, 'POST', 'cedar/revoke');
    await first.close();

    const second = await start([acorn('D'), cedar()], stateDir);
    expect(second.origin).not.toBe(first.origin);
    expect((await createTicket(second, kept.access_token, { title: 'x' })).body.data.ticket.key).toBe('ACO-43');
    expect((await refresh(second, app, kept.refresh_token)).status).toBe(200);
    expect((await refresh(second, app, used.refresh_token)).status).toBe(400);
    expect((await refresh(second, app, String(renewed.body.refresh_token))).status).toBe(200);
    expect((await readBoard(second, revoked.access_token)).body).toEqual({ error: 'gone' });
    expect((await monitor(second)).status).toBe(403);
    await connectAcorn(second, app);
  });

  it('the file is readable by its owner only and holds no token', async () => {
    const stateDir = folder();
    const sandbox = await start([acorn()], stateDir);
    const app = await registerApp(sandbox.origin, 'acorn');
    const tokens = await connectAcorn(sandbox, app);
    const file = join(stateDir, 'sandbox.jsonl');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(app.client_id);
    expect(text).not.toContain(tokens.access_token);
    expect(text).not.toContain(tokens.refresh_token);
  });

  it('neither the log nor the ledger holds a token, a code or a secret', async () => {
    const sandbox = await start([acorn()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { url, verifier } = acornUrl(sandbox, app);
    const code = (await new Visitor().decide(url, 'allow')).searchParams.get('code') ?? '';
    const { body } = await exchange(sandbox, app, code, verifier);
    await readBoard(sandbox, String(body.access_token));
    await refresh(sandbox, app, String(body.refresh_token));
    await refresh(sandbox, app, String(body.refresh_token));
    const seen = lines.join('\n') + JSON.stringify((await control(sandbox, 'GET', 'acorn/ledger')).body);
    expect(lines.length).toBeGreaterThan(5);
    for (const secret of [code, verifier, app.client_secret, body.access_token, body.refresh_token]) expect(seen).not.toContain(secret);
  });

  it('nothing is printed', async () => {
    const spies = (['log', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(() => {}));
    const sandbox = await start([acorn(), bramble()]);
    const app = await registerApp(sandbox.origin, 'acorn');
    const { refresh_token } = await connectAcorn(sandbox, app);
    await refresh(sandbox, app, refresh_token);
    await refresh(sandbox, app, refresh_token);
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});

describe('the index', () => {
  it('is a page for people and JSON for programs', async () => {
    const sandbox = await start([acorn(), cedar()]);
    const page = await fetch(`${sandbox.origin}/_sandbox`, { headers: { accept: 'text/html' } });
    const html = await page.text();
    expect(html).toContain('Acorn');
    expect(html).toContain('access_token_ttl_seconds');
    const style = /href="([^"]+\.css)"/.exec(html)?.[1] ?? '';
    expect((await fetch(sandbox.origin + style)).headers.get('content-type')).toContain('text/css');
    const json = (await (await fetch(`${sandbox.origin}/_sandbox`)).json()) as { vendors: { id: string; oauth: string[][] }[] };
    expect(json.vendors.map(({ id }) => id)).toEqual(['acorn', 'cedar']);
    expect(json.vendors[0]?.oauth[0]).toEqual(['authorize', `${sandbox.origin}/acorn.example/oauth/authorize`]);
  });
});
