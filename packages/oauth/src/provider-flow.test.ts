import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connector, get } from '@grantway/connector-kit';
import { isFault, reveal, Secret } from '@grantway/contract';
import { createEgress, type Egress } from '@grantway/egress';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { authorizationUrl, createPkce, exchangeCode, type OAuthApp, refreshToken, revokeToken } from './index.ts';

// The strict server stands where the sandbox stands: the connector's https URLs are mapped to it.
const redirectUri = 'https://broker.example/oauth/callback/con_1';
const clients = {
  post: { id: 'client-post', secret: randomBytes(24).toString('base64url') },
  basic: { id: 'client-basic_1.x', secret: `${randomBytes(12).toString('base64url')}+/:%& ${randomBytes(6).toString('hex')}` },
};

let server: Server;
let origin: string;
let egress: Egress;

beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(origin, {
    clients: (['post', 'basic'] as const).map((kind) => ({
      client_id: clients[kind].id,
      client_secret: clients[kind].secret,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: `client_secret_${kind}`,
    })),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'offline_access', 'items:read', 'items:write'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    features: { devInteractions: { enabled: false }, revocation: { enabled: true }, introspection: { enabled: true } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    routes: {
      authorization: '/auth.strict.example/authorize',
      token: '/auth.strict.example/token',
      revocation: '/auth.strict.example/revoke',
      introspection: '/introspect',
    },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 86_400, Session: 3600 },
  });
  const handle = provider.callback();
  server.on('request', async (req, res) => {
    if (!req.url?.startsWith('/interaction/')) return handle(req, res);
    const { prompt, params, session } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: 'alice' } });
    const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) });
    grant.addOIDCScope(String(params.scope));
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } });
  });
  egress = createEgress({ sandboxOrigin: () => origin });
});

afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function app(kind: 'post' | 'basic', secret = clients[kind].secret): OAuthApp {
  const strict = connector({
    id: 'strict',
    name: 'Strict',
    description: 'A strict authorization server.',
    docs: 'https://strict.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://auth.strict.example/authorize',
      tokenUrl: 'https://auth.strict.example/token',
      revokeUrl: 'https://auth.strict.example/revoke',
      scopes: { openid: 'Know who you are', 'items:read': 'Read items', 'items:write': 'Write items' },
      defaultScopes: ['openid', 'items:read'],
      scopeSeparator: ' ',
      pkce: 'S256',
      clientAuthentication: `client_secret_${kind}`,
      rotationClass: 'E',
    },
    api: { baseUrl: 'https://api.strict.example' },
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  });
  return {
    connector: strict as OAuthApp['connector'],
    clientId: clients[kind].id,
    clientSecret: new Secret(secret),
    redirectUri,
    sandboxOrigin: origin,
  };
}

/** What a browser does: follows redirects with cookies until the callback. */
async function consent(url: string): Promise<URLSearchParams> {
  const jar = new Map<string, string>();
  let next = url;
  for (let hop = 0; hop < 12; hop += 1) {
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`no redirect but ${answer.status}: ${await answer.text()}`);
    next = new URL(location, next).href;
    if (next.startsWith(redirectUri)) return new URL(next).searchParams;
  }
  throw new Error('too many redirects');
}

async function authorized(of: OAuthApp) {
  const pkce = createPkce();
  const state = randomBytes(16).toString('base64url');
  const callback = await consent(authorizationUrl(of, { state, scopes: ['openid', 'items:read', 'items:write'], pkce }));
  expect(callback.get('state')).toBe(state);
  return { code: new Secret(callback.get('code') ?? ''), pkceVerifier: pkce.verifier, iss: callback.get('iss') ?? undefined };
}

async function isActive(token: string): Promise<boolean> {
  const body = new URLSearchParams({ token, client_id: clients.post.id, client_secret: clients.post.secret });
  const answer = await fetch(`${origin}/introspect`, { method: 'POST', body });
  return ((await answer.json()) as { active: boolean }).active;
}

it.each(['post', 'basic'] as const)('code, PKCE, refresh with rotation, revocation, by client_secret_%s', async (kind) => {
  const of = app(kind);
  const exchange = await authorized(of);
  expect(exchange.iss).toBe(origin);
  const first = await exchangeCode(egress, of, exchange);
  const opened = reveal(first);
  expect(opened).toMatchObject({ kind: 'oauth2', scopes: ['openid', 'items:read', 'items:write'] });
  expect(opened.refresh_token).toBeDefined();
  expect(opened.id_token).toBeDefined();
  expect(Math.abs((opened.expires_at ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);

  const outcome = await refreshToken(egress, of, first);
  if (outcome.kind !== 'refreshed') throw new Error(`not refreshed but ${outcome.kind}`);
  const second = reveal(outcome.credential);
  expect(second.refresh_token).not.toBe(opened.refresh_token);
  expect(second.access_token).not.toBe(opened.access_token);
  expect(second.scopes).toEqual(opened.scopes);

  expect(await revokeToken(egress, of, outcome.credential)).toMatchObject({ proven: true });
  if (kind === 'post') expect(await isActive(second.access_token)).toBe(false);
  expect(await refreshToken(egress, of, outcome.credential)).toEqual({ kind: 'gone', error: 'invalid_grant' });
});

it('a rotated refresh token used again is gone, and takes its successor with it', async () => {
  const of = app('post');
  const first = await exchangeCode(egress, of, await authorized(of));
  const outcome = await refreshToken(egress, of, first);
  if (outcome.kind !== 'refreshed') throw new Error(`not refreshed but ${outcome.kind}`);
  expect(await isActive(reveal(outcome.credential).access_token)).toBe(true);
  expect(await refreshToken(egress, of, first)).toEqual({ kind: 'gone', error: 'invalid_grant' });
  expect(await refreshToken(egress, of, outcome.credential)).toEqual({ kind: 'gone', error: 'invalid_grant' });
});

it('a code is good once, and only with its own verifier', async () => {
  const of = app('post');
  const exchange = await authorized(of);
  const wrong = await exchangeCode(egress, of, { ...exchange, pkceVerifier: createPkce().verifier }).catch((e: unknown) => e);
  expect(isFault(wrong, 'consent_failed')).toBe(true);
  const again = await authorized(of);
  await exchangeCode(egress, of, again);
  const replayed = await exchangeCode(egress, of, again).catch((e: unknown) => e);
  expect(isFault(replayed, 'consent_failed')).toBe(true);
  expect(String((replayed as Error).message)).toContain('invalid_grant');
});

it('a wrong client secret is the app’s trouble and not the user’s', async () => {
  const good = app('post');
  const bad = app('post', randomBytes(8).toString('hex'));
  const exchange = await authorized(good);
  const fault = await exchangeCode(egress, bad, exchange).catch((e: unknown) => e);
  expect(isFault(fault, 'connection_incident')).toBe(true);
  const credential = await exchangeCode(egress, good, exchange);
  expect(await refreshToken(egress, bad, credential)).toEqual({ kind: 'app_refused', error: 'invalid_client' });
  expect((await refreshToken(egress, good, credential)).kind).toBe('refreshed');
});

it('an issuer other than the sandbox’s is refused before the code is sent', async () => {
  const of = app('post');
  const exchange = await authorized(of);
  for (const iss of ['https://evil.example', `${origin}1`, 'nonsense', '']) {
    const fault = await exchangeCode(egress, of, { ...exchange, iss }).catch((e: unknown) => e);
    expect(isFault(fault, 'issuer_mismatch')).toBe(true);
  }
  expect(reveal(await exchangeCode(egress, of, exchange)).kind).toBe('oauth2');
});

it('without PKCE the strict server gives no code, and this package asks for none', async () => {
  const of = app('post');
  expect(() => authorizationUrl(of, { state: 's', scopes: ['openid'], pkce: undefined })).toThrow(/PKCE/);
  const bare = new URL(authorizationUrl(of, { state: 's', scopes: ['openid'], pkce: createPkce() }));
  bare.searchParams.delete('code_challenge');
  bare.searchParams.delete('code_challenge_method');
  expect((await consent(bare.href)).get('error')).toBe('invalid_request');
});
