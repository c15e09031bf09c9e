import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connector, get, type OAuth2Auth, type OAuth2Credential, post, type TokenAnswer } from '@grantway/connector-kit';
import { Fault, reveal, Secret } from '@grantway/contract';
import { createEgress, type Egress, type EgressOptions } from '@grantway/egress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exchangeCode, type OAuthApp, type RefreshOutcome, refreshToken, registerSandboxClient, revokeToken } from './index.ts';

type Answer = { status?: number; type?: string; body?: string; headers?: Record<string, string> };

let server: Server;
let origin: string;
let egress: Egress;
let behaviour: RequestListener;
let seen: { url: string; method: string; form: URLSearchParams; body: string; headers: IncomingHttpHeaders }[] = [];

beforeAll(async () => {
  server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    seen.push({ url: req.url ?? '', method: req.method ?? '', form: new URLSearchParams(body), body, headers: req.headers });
    behaviour(req, res);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgress({ sandboxOrigin: () => origin });
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function answering(answer: Answer): void {
  behaviour = (_req, res) => {
    res.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json', ...answer.headers });
    res.end(answer.body ?? '');
  };
}

const old = `old_${randomBytes(16).toString('hex')}`;
const oldRefresh = `oldr_${randomBytes(16).toString('hex')}`;
const clientSecret = `cs_${randomBytes(16).toString('hex')}`;
const code = `code_${randomBytes(16).toString('hex')}`;
const current = (changes: Partial<OAuth2Credential> = {}) =>
  new Secret<OAuth2Credential>({
    kind: 'oauth2',
    access_token: old,
    refresh_token: oldRefresh,
    scopes: ['a', 'b'],
    extra: { team: 'T1' },
    id_token: 'old.id.token',
    ...changes,
  });

function app(auth: Partial<OAuth2Auth> = {}, sandboxOrigin: string | undefined = origin): OAuthApp {
  const odd = connector({
    id: 'odd',
    name: 'Odd',
    description: 'A vendor with ways of its own.',
    docs: 'https://odd.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://odd.example/authorize',
      tokenUrl: 'https://odd.example/token',
      scopes: { a: 'A', b: 'B' },
      defaultScopes: ['a'],
      scopeSeparator: ' ',
      pkce: 'unsupported',
      clientAuthentication: 'client_secret_post',
      rotationClass: 'D',
      goneErrors: ['bad_refresh_token', 'BAD_REFRESH_TOKEN', 'token_revoked'],
      ...auth,
    },
    api: { baseUrl: 'https://api.odd.example' },
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  });
  return {
    connector: odd as OAuthApp['connector'],
    clientId: 'client-1_x.y',
    clientSecret: new Secret(clientSecret),
    redirectUri: 'https://broker.example/oauth/callback/con_1',
    sandboxOrigin,
  };
}

const json = (value: unknown): string => JSON.stringify(value);
const good = { access_token: 'new-access', token_type: 'Bearer', expires_in: 3600, refresh_token: 'new-refresh', scope: 'a b' };

type Expected = Partial<OAuth2Credential> & { lifeSeconds?: number };
const day = 86_400;

describe('answers that are good although they are off the specification', () => {
  const cases: [string, Answer, Expected][] = [
    [
      'by the book',
      { body: json(good) },
      { access_token: 'new-access', refresh_token: 'new-refresh', scopes: ['a', 'b'], lifeSeconds: 3600 },
    ],
    ['no token_type', { body: json({ ...good, token_type: undefined }) }, { access_token: 'new-access' }],
    ['token_type bot', { body: json({ ...good, token_type: 'bot' }) }, { access_token: 'new-access' }],
    ['token_type null', { body: json({ ...good, token_type: null }) }, { access_token: 'new-access' }],
    ['token_type BEARER', { body: json({ ...good, token_type: 'BEARER' }) }, { access_token: 'new-access' }],
    ['status 201', { status: 201, body: json(good) }, { refresh_token: 'new-refresh' }],
    [
      'form-encoded',
      { type: 'application/x-www-form-urlencoded', body: 'access_token=fa&refresh_token=fr&expires_in=60&scope=a%2Cb' },
      { access_token: 'fa', refresh_token: 'fr', scopes: ['a', 'b'], lifeSeconds: 60 },
    ],
    [
      'form-encoded as text/html',
      { type: 'text/html; charset=utf-8', body: 'access_token=fa&scope=&token_type=bearer' },
      { access_token: 'fa', refresh_token: oldRefresh },
    ],
    ['JSON as text/html', { type: 'text/html', body: json(good) }, { access_token: 'new-access' }],
    ['JSON with a byte order mark', { body: `\uFEFF${json(good)}` }, { access_token: 'new-access' }],
    ['no refresh token', { body: json({ ...good, refresh_token: undefined }) }, { access_token: 'new-access', refresh_token: oldRefresh }],
    ['refresh_token null', { body: json({ ...good, refresh_token: null }) }, { refresh_token: oldRefresh }],
    ['refresh_token empty', { body: json({ ...good, refresh_token: '' }) }, { refresh_token: oldRefresh }],
    ['refresh_token false', { body: json({ ...good, refresh_token: false }) }, { refresh_token: oldRefresh }],
    ['scope as an array', { body: json({ ...good, scope: ['x', 'y', 'x'] }) }, { scopes: ['x', 'y'] }],
    ['scope with commas', { body: json({ ...good, scope: 'x,y, z' }) }, { scopes: ['x', 'y', 'z'] }],
    ['scope shrinks', { body: json({ ...good, scope: 'a' }) }, { scopes: ['a'] }],
    ['no scope', { body: json({ ...good, scope: undefined }) }, { scopes: ['a', 'b'] }],
    ['scope empty', { body: json({ ...good, scope: '' }) }, { scopes: ['a', 'b'] }],
    ['scope null', { body: json({ ...good, scope: null }) }, { scopes: ['a', 'b'] }],
    ['expires_in null', { body: json({ ...good, expires_in: null }) }, { expires_at: undefined }],
    ['no expires_in', { body: json({ ...good, expires_in: undefined }) }, { expires_at: undefined }],
    ['expires_in as digits', { body: json({ ...good, expires_in: '7200' }) }, { lifeSeconds: 7200 }],
    ['expires_in as words', { body: json({ ...good, expires_in: 'never' }) }, { expires_at: undefined }],
    ['expires_in an object', { body: json({ ...good, expires_in: {} }) }, { expires_at: undefined }],
    ['expires_in true', { body: json({ ...good, expires_in: true }) }, { expires_at: undefined }],
    ['expires_in beyond numbers', { body: json(good).replace('3600', '1e999') }, { expires_at: undefined }],
    ['expires_in 0', { body: json({ ...good, expires_in: 0 }) }, { lifeSeconds: 30 }],
    ['expires_in negative', { body: json({ ...good, expires_in: -5 }) }, { lifeSeconds: 30 }],
    ['expires_in with a fraction', { body: json({ ...good, expires_in: 3599.9 }) }, { lifeSeconds: 3599 }],
    ['expires_in 10^99', { body: json(good).replace('3600', '1e99') }, { lifeSeconds: 400 * day }],
    ['an ID token of an unknown issuer', { body: json({ ...good, id_token: 'aaa.bbb.ccc' }) }, { id_token: 'aaa.bbb.ccc' }],
    ['error null beside a token', { body: json({ ...good, error: null }) }, { access_token: 'new-access' }],
    ['__proto__ in the body', { body: `{"__proto__":{"access_token":"evil"},${json(good).slice(1)}` }, { access_token: 'new-access' }],
    ['unknown members', { body: json({ ...good, extra: 5, team: { id: 1 } }) }, { extra: { team: 'T1' } }],
  ];
  it.each(cases)('%s', async (_name, answer, expected) => {
    answering(answer);
    const before = Date.now();
    const outcome = await refreshToken(egress, app(), current());
    if (outcome.kind !== 'refreshed') throw new Error(`not refreshed but ${JSON.stringify(outcome)}`);
    const { lifeSeconds, ...members } = expected;
    const opened = reveal(outcome.credential);
    expect(opened).toMatchObject(members);
    if ('expires_at' in expected) expect(opened.expires_at).toBeUndefined();
    if (lifeSeconds !== undefined) {
      expect(opened.expires_at).toBeGreaterThanOrEqual(before + lifeSeconds * 1000);
      expect(opened.expires_at).toBeLessThanOrEqual(Date.now() + lifeSeconds * 1000);
    }
    expect(seen).toHaveLength(1);
    expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: oldRefresh,
      client_id: 'client-1_x.y',
      client_secret: clientSecret,
    });
  });
});

describe('answers that are not good', () => {
  const cases: [string, Answer, RefreshOutcome][] = [
    ['invalid_grant', { status: 400, body: json({ error: 'invalid_grant' }) }, { kind: 'gone', error: 'invalid_grant' }],
    ['invalid_grant with 403', { status: 403, body: json({ error: 'invalid_grant' }) }, { kind: 'gone', error: 'invalid_grant' }],
    [
      'invalid_grant with 401 and a challenge',
      { status: 401, body: json({ error: 'invalid_grant' }), headers: { 'www-authenticate': 'Bearer' } },
      { kind: 'gone', error: 'invalid_grant' },
    ],
    [
      'invalid_grant, form-encoded',
      { status: 400, type: 'application/x-www-form-urlencoded', body: 'error=invalid_grant&error_description=x' },
      { kind: 'gone', error: 'invalid_grant' },
    ],
    [
      'interaction_required',
      { status: 400, body: json({ error: 'interaction_required' }) },
      { kind: 'gone', error: 'interaction_required' },
    ],
    ['200 with a code of the connector’s', { body: json({ error: 'bad_refresh_token' }) }, { kind: 'gone', error: 'bad_refresh_token' }],
    ['200 with ok false', { body: json({ ok: false, error: 'token_revoked' }) }, { kind: 'gone', error: 'token_revoked' }],
    ['a nested error', { status: 400, body: json({ error: { code: 'invalid_grant' } }) }, { kind: 'gone', error: 'invalid_grant' }],
    [
      'invalid_client',
      { status: 401, body: json({ error: 'invalid_client' }), headers: { 'www-authenticate': 'Basic realm="x"' } },
      { kind: 'app_refused', error: 'invalid_client' },
    ],
    [
      'unauthorized_client',
      { status: 400, body: json({ error: 'unauthorized_client' }) },
      { kind: 'app_refused', error: 'unauthorized_client' },
    ],
    ['invalid_scope', { status: 400, body: json({ error: 'invalid_scope' }) }, { kind: 'app_refused', error: 'invalid_scope' }],
    ['access_denied', { status: 403, body: json({ error: 'access_denied' }) }, { kind: 'app_refused', error: 'access_denied' }],
    [
      '200 with bad_client_secret',
      { body: json({ ok: false, error: 'bad_client_secret' }) },
      { kind: 'app_refused', error: 'bad_client_secret' },
    ],
    ['401 with an unknown code', { status: 401, body: json({ error: 'who_are_you' }) }, { kind: 'app_refused', error: 'who_are_you' }],
    ['an empty 401', { status: 401 }, { kind: 'app_refused', error: 'http_401' }],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, { kind: 'transient', status: 429, retryAfterSeconds: 7 }],
    [
      '429 with a huge wait',
      { status: 429, headers: { 'retry-after': '999999' } },
      { kind: 'transient', status: 429, retryAfterSeconds: 900 },
    ],
    [
      '429 with a date gone by',
      { status: 429, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } },
      { kind: 'transient', status: 429, retryAfterSeconds: 0 },
    ],
    ['429 with nonsense', { status: 429, headers: { 'retry-after': 'soon' } }, { kind: 'transient', status: 429 }],
    ['429 that says invalid_grant', { status: 429, body: json({ error: 'invalid_grant' }) }, { kind: 'transient', status: 429 }],
    ['slow_down', { status: 400, body: json({ error: 'slow_down' }) }, { kind: 'transient', status: 400 }],
    ['200 with ratelimited', { body: json({ ok: false, error: 'ratelimited' }) }, { kind: 'transient', status: 200 }],
    ['temporarily_unavailable', { status: 400, body: json({ error: 'temporarily_unavailable' }) }, { kind: 'transient', status: 400 }],
    ['500 empty', { status: 500 }, { kind: 'transient', status: 500 }],
    ['500 that says invalid_grant', { status: 500, body: json({ error: 'invalid_grant' }) }, { kind: 'transient', status: 500 }],
    ['502 in HTML', { status: 502, type: 'text/html', body: '<html>bad gateway</html>' }, { kind: 'transient', status: 502 }],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '3' } }, { kind: 'transient', status: 503, retryAfterSeconds: 3 }],
    ['500 with a token in it', { status: 500, body: json(good) }, { kind: 'transient', status: 500 }],
    ['403 in HTML', { status: 403, type: 'text/html', body: '<html>denied</html>' }, { kind: 'transient', status: 403 }],
    ['401 in HTML', { status: 401, type: 'text/html', body: '<html>log in</html>' }, { kind: 'transient', status: 401 }],
    ['400 with an unknown code', { status: 400, body: json({ error: 'on_a_coffee_break' }) }, { kind: 'transient', status: 400 }],
    ['400 with broken JSON', { status: 400, body: '{"error":"invalid_gr' }, { kind: 'transient', status: 400 }],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, { kind: 'transient', status: 302 }],
    ['200 in HTML', { type: 'text/html', body: '<html>maintenance</html>' }, { kind: 'unknown' }],
    ['200 empty', { body: '' }, { kind: 'unknown' }],
    ['204', { status: 204 }, { kind: 'unknown' }],
    ['200 with an empty object', { body: '{}' }, { kind: 'unknown' }],
    ['200 with an array', { body: '[]' }, { kind: 'unknown' }],
    ['200 with null', { body: 'null' }, { kind: 'unknown' }],
    ['200 cut off', { body: json(good).slice(0, 40) }, { kind: 'unknown' }],
    ['200 with an empty access token', { body: json({ ...good, access_token: '' }) }, { kind: 'unknown' }],
    ['200 with a number as access token', { body: json({ ...good, access_token: 5 }) }, { kind: 'unknown' }],
    ['200 with a line break in the access token', { body: json({ ...good, access_token: 'a\r\nx: y' }) }, { kind: 'unknown' }],
    ['200 with a token of another type', { body: json({ ...good, token_type: 'mac' }) }, { kind: 'unknown' }],
    ['200 with a token bound to a key', { body: json({ ...good, token_type: 'DPoP' }) }, { kind: 'unknown' }],
    ['200 of more than 256 KB', { body: json({ ...good, padding: 'x'.repeat(300_000) }) }, { kind: 'unknown' }],
    ['200 with a coding nobody asked for', { body: json(good), headers: { 'content-encoding': 'zstd' } }, { kind: 'unknown' }],
    ['access_token only in __proto__', { body: '{"__proto__":{"access_token":"evil"}}' }, { kind: 'unknown' }],
  ];
  it.each(cases)('%s', async (_name, answer, expected) => {
    answering(answer);
    expect(await refreshToken(egress, app(), current())).toEqual(expected);
    expect(seen).toHaveLength(1);
  });

  it('a vendor’s own place for the error code is read', async () => {
    const refusal = { status: 400, body: { status: 'BAD_REFRESH_TOKEN', message: 'x' }, slot: '/status' };
    answering({ status: 400, body: json(refusal.body) });
    const of = app({ tokenExample: { body: {}, slots: {}, refusal } });
    expect(await refreshToken(egress, of, current())).toEqual({ kind: 'gone', error: 'BAD_REFRESH_TOKEN' });
  });
});

describe('whether a refresh was sent', () => {
  it('a connection cut after the request leaves the outcome unknown', async () => {
    behaviour = (req) => req.socket.destroy();
    expect(await refreshToken(egress, app(), current())).toEqual({ kind: 'unknown' });
    expect(seen).toHaveLength(1);
  });

  it('an answer that stops in the middle leaves the outcome unknown', async () => {
    behaviour = (req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      res.write(json(good), () => req.socket.destroy());
    };
    expect(await refreshToken(egress, app(), current())).toEqual({ kind: 'unknown' });
  });

  it('silence leaves the outcome unknown, and is not waited for longer than asked', async () => {
    behaviour = () => {};
    expect(await refreshToken(egress, app(), current(), { timeoutMs: 100 })).toEqual({ kind: 'unknown' });
    expect(seen).toHaveLength(1);
  });

  it('nothing is sent to a refused connection, a blocked address or an unknown name', async () => {
    const closed = createServer();
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
    const nowhere = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((done) => closed.close(done));
    const ways: [EgressOptions, OAuthApp][] = [
      [{ sandboxOrigin: () => nowhere }, app({}, nowhere)],
      [{ sandboxOrigin: () => undefined }, app()],
      [{ resolve: async () => ['10.0.0.1'] }, { ...app(), sandboxOrigin: undefined }],
      [{ resolve: () => Promise.reject(new Error('no such name')) }, { ...app(), sandboxOrigin: undefined }],
    ];
    for (const [options, of] of ways) {
      const other = createEgress(options);
      expect(await refreshToken(other, of, current())).toEqual({ kind: 'unsent' });
      await other.close();
    }
    expect(seen).toHaveLength(0);
  });

  it('a credential without a refresh token asks nobody', async () => {
    const bare = new Secret<OAuth2Credential>({ kind: 'oauth2', access_token: old, scopes: [] });
    expect(await refreshToken(egress, app(), bare)).toEqual({ kind: 'gone', error: 'no_refresh_token' });
    expect(seen).toHaveLength(0);
  });
});

describe('connectors with their own shapes', () => {
  const nested = (body: unknown): TokenAnswer | { error: string } => {
    const b = body as { ok: boolean; error?: string; authed_user: { access_token: string }; team: { id: string } };
    if (!b.ok) return { error: b.error ?? 'unknown' };
    return { access_token: b.authed_user.access_token, extra: { team: b.team.id } };
  };

  it('the connector’s reader is used, its extras are kept', async () => {
    answering({ body: json({ ok: true, authed_user: { access_token: 'nested' }, team: { id: 'T2' } }) });
    const outcome = await refreshToken(egress, app({ readTokenResponse: nested }), current());
    if (outcome.kind !== 'refreshed') throw new Error(outcome.kind);
    expect(reveal(outcome.credential)).toMatchObject({ access_token: 'nested', refresh_token: oldRefresh, extra: { team: 'T2' } });
  });

  it('a reader never sees a __proto__ member', async () => {
    answering({ body: '{"__proto__":{"access_token":"evil"},"inner":{"__proto__":{"access_token":"evil"}}}' });
    const copying = (body: unknown) => Object.assign({}, body, (body as { inner: object }).inner) as TokenAnswer;
    expect(await refreshToken(egress, app({ readTokenResponse: copying }), current())).toEqual({ kind: 'unknown' });
  });

  it('its refusal is a refusal, and an answer that makes it throw is unknown', async () => {
    answering({ body: json({ ok: false, error: 'token_revoked' }) });
    expect(await refreshToken(egress, app({ readTokenResponse: nested }), current())).toEqual({ kind: 'gone', error: 'token_revoked' });
    answering({ body: json({ ok: true }) });
    expect(await refreshToken(egress, app({ readTokenResponse: nested }), current())).toEqual({ kind: 'unknown' });
  });
});

describe('the code exchange', () => {
  const exchange = { code: new Secret(code), pkceVerifier: undefined, iss: undefined };
  const failing = async (of: OAuthApp = app()): Promise<Fault> => {
    const error = await exchangeCode(egress, of, exchange).catch((e: unknown) => e);
    if (!(error instanceof Fault)) throw error;
    return error;
  };

  it('sends exactly the registered redirect URI and the code, and takes the scopes asked for where none are named', async () => {
    answering({ body: json({ ...good, scope: undefined }) });
    const credential = await exchangeCode(egress, app(), { ...exchange, requestedScopes: ['a'] });
    expect(reveal(credential).scopes).toEqual(['a']);
    expect(Object.fromEntries(seen[0]?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'https://broker.example/oauth/callback/con_1',
      client_id: 'client-1_x.y',
      client_secret: clientSecret,
    });
    expect(seen[0]?.url).toBe('/odd.example/token');
  });

  it('client_secret_basic keeps usual ids as they are and puts no secret into the body', async () => {
    answering({ body: json(good) });
    await exchangeCode(egress, app({ clientAuthentication: 'client_secret_basic' }), exchange);
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from(`client-1_x.y:${clientSecret}`).toString('base64')}`);
    expect(seen[0]?.form.has('client_secret')).toBe(false);
  });

  it('a public client sends its id alone', async () => {
    answering({ body: json(good) });
    await exchangeCode(egress, { ...app(), clientSecret: undefined }, exchange);
    expect(seen[0]?.form.get('client_id')).toBe('client-1_x.y');
    expect(seen[0]?.form.has('client_secret')).toBe(false);
  });

  it.each<[string, Answer, string]>([
    ['invalid_grant', { status: 400, body: json({ error: 'invalid_grant' }) }, 'consent_failed'],
    ['200 with an error', { body: json({ error: 'bad_verification_code' }) }, 'consent_failed'],
    ['invalid_client', { status: 401, body: json({ error: 'invalid_client' }) }, 'connection_incident'],
    ['200 with incorrect_client_credentials', { body: json({ error: 'incorrect_client_credentials' }) }, 'connection_incident'],
    ['redirect_uri_mismatch', { body: json({ error: 'redirect_uri_mismatch' }) }, 'connection_incident'],
    ['HTML', { type: 'text/html', body: '<h1>oops</h1>' }, 'consent_failed'],
    ['503', { status: 503 }, 'consent_failed'],
    ['another type of token', { body: json({ ...good, token_type: 'mac' }) }, 'consent_failed'],
  ])('%s', async (_name, answer, expected) => {
    answering(answer);
    expect((await failing()).code).toBe(expected);
  });

  it('no answer is consent_failed, a blocked address is connection_incident', async () => {
    behaviour = (req) => req.socket.destroy();
    expect((await failing()).code).toBe('consent_failed');
    expect((await failing({ ...app(), sandboxOrigin: undefined, connector: at('https://10.0.0.1/token') })).code).toBe(
      'connection_incident',
    );
  });

  it('a vendor’s words are cut short, cleaned, and carry no secret of the request', async () => {
    const hostile = `<script>alert(1)</script>\u202e\r\n${clientSecret} ${code} ${'x'.repeat(5000)}`;
    for (const answer of [{ error: hostile }, { error: 'invalid_grant', error_description: hostile }]) {
      answering({ status: 400, body: json(answer) });
      const fault = await failing();
      const text = `${fault.message}\n${fault.detail}\n${fault.internal}`;
      expect(text).not.toContain(clientSecret);
      expect(text).not.toContain(code);
      expect(text).not.toMatch(/[<>\u202e\r]/);
      expect(fault.detail?.length).toBeLessThan(240);
      expect(fault.internal?.length).toBeLessThan(240);
    }
    answering({ status: 400, body: json({ error: `invalid_client ${clientSecret}` }) });
    expect((await failing()).detail).not.toContain(clientSecret);
  });
});

function at(tokenUrl: string): OAuthApp['connector'] {
  return app({ tokenUrl }).connector;
}

describe('revocation', () => {
  const revokeUrl = 'https://odd.example/revoke';
  const byHint = (answers: Record<string, Answer>): void => {
    behaviour = (_req, res) => {
      const answer = answers[seen.at(-1)?.form.get('token_type_hint') ?? ''] ?? {};
      res.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'text/plain' });
      res.end(answer.body);
    };
  };

  it('the refresh token goes first, then the access token', async () => {
    byHint({});
    expect(await revokeToken(egress, app({ revokeUrl }), current())).toEqual({
      proven: true,
      final: true,
      detail: 'refresh token: revoked; access token: revoked',
    });
    expect(seen.map((s) => [s.url, s.form.get('token')])).toEqual([
      ['/odd.example/revoke', oldRefresh],
      ['/odd.example/revoke', old],
    ]);
  });

  it.each<[string, Record<string, Answer>, boolean]>([
    ['204', { refresh_token: { status: 204 }, access_token: { status: 204 } }, true],
    [
      'the access token is unknown after the grant has ended',
      { access_token: { status: 400, type: 'application/json', body: json({ error: 'invalid_token' }) } },
      true,
    ],
    [
      'the refresh token is refused',
      { refresh_token: { status: 400, type: 'application/json', body: json({ error: 'unsupported_token_type' }) } },
      false,
    ],
    ['the client is refused', { refresh_token: { status: 401 }, access_token: { status: 401 } }, false],
    ['the vendor fails', { refresh_token: { status: 503 }, access_token: { status: 503 } }, false],
    ['the vendor fails on the second', { access_token: { status: 503 } }, false],
    ['200 with an error', { refresh_token: { type: 'application/json', body: json({ ok: false, error: 'nope' }) } }, false],
  ])('%s', async (_name, answers, proven) => {
    byHint(answers);
    expect((await revokeToken(egress, app({ revokeUrl }), current())).proven).toBe(proven);
  });

  it('no answer proves nothing', async () => {
    behaviour = (req) => req.socket.destroy();
    expect(await revokeToken(egress, app({ revokeUrl }), current())).toMatchObject({ proven: false, final: false });
  });

  it('a vendor’s own call carries the token, and its status decides', async () => {
    const of = app({ revocation: post('/auth.revoke', {}) });
    answering({ body: '{"ok":true}' });
    expect(await revokeToken(egress, of, current())).toEqual({ proven: true, final: true, detail: 'revoked' });
    expect(seen[0]).toMatchObject({ url: '/api.odd.example/auth.revoke', method: 'POST' });
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${old}`);
    answering({ status: 500 });
    expect(await revokeToken(egress, of, current())).toMatchObject({ proven: false });
  });

  describe('by the app itself', () => {
    const revocationByApp = { method: 'DELETE', path: '/apps/{client_id}/token', json: { access_token: '{access_token}' } } as const;
    const withoutRefresh = () => current({ refresh_token: undefined });
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

    it('carries the app’s id and secret, and the token in the body alone', async () => {
      answering({ status: 204 });
      expect(await revokeToken(egress, app({ revocationByApp }), withoutRefresh())).toEqual({
        proven: true,
        final: true,
        detail: 'revoked',
      });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({
        url: '/api.odd.example/apps/client-1_x.y/token',
        method: 'DELETE',
        body: json({ access_token: old }),
      });
      expect(seen[0]?.headers.authorization).toBe(basic(`client-1_x.y:${clientSecret}`));
      expect(JSON.stringify(seen[0]?.headers)).not.toContain(old);
    });

    it('proves nothing of a refresh token that the call does not name', async () => {
      answering({ status: 204 });
      const receipt = await revokeToken(egress, app({ revocationByApp }), current());
      expect(receipt).toMatchObject({
        proven: false,
        final: true,
        detail: expect.stringMatching(/^access token: revoked; refresh token: /),
      });
      const both = { ...revocationByApp, json: { access_token: '{access_token}', refresh_token: '{refresh_token}' } };
      expect(await revokeToken(egress, app({ revocationByApp: both }), current())).toMatchObject({ proven: true });
    });

    it.each<[string, Answer, { proven: boolean; final: boolean }]>([
      ['the vendor does not know the token', { status: 404 }, { proven: false, final: true }],
      ['the app’s secret is refused', { status: 401 }, { proven: false, final: false }],
      ['the vendor fails', { status: 503 }, { proven: false, final: false }],
      ['too many', { status: 429 }, { proven: false, final: false }],
      ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' } }, { proven: false, final: false }],
    ])('%s', async (_name, answer, receipt) => {
      answering(answer);
      expect(await revokeToken(egress, app({ revocationByApp }), withoutRefresh())).toMatchObject(receipt);
    });
  });

  it('a vendor that offers none is said to offer none', async () => {
    expect(await revokeToken(egress, app(), current())).toEqual({ proven: false, final: true, detail: 'the vendor offers no revocation' });
    expect(seen).toHaveLength(0);
  });
});

describe('a client at the sandbox', () => {
  it('is registered by RFC 7591', async () => {
    answering({ status: 201, body: json({ client_id: 'c1', client_secret: clientSecret, extra: 1 }) });
    const client = await registerSandboxClient(egress, origin, 'odd', 'https://broker.example/cb');
    expect(client.clientId).toBe('c1');
    expect(client.clientSecret === undefined ? undefined : reveal(client.clientSecret)).toBe(clientSecret);
    expect(seen[0]?.url).toBe('/_sandbox/odd/register');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ redirect_uris: ['https://broker.example/cb'], response_types: ['code'] });
  });

  it.each<Answer>([
    { status: 500 },
    { body: '{}' },
    { body: 'null' },
    { body: '<html>' },
    { status: 400, body: json({ client_id: 'c', client_secret: 's' }) },
  ])('an answer like %j is refused', async (answer) => {
    answering(answer);
    await expect(registerSandboxClient(egress, origin, 'odd', 'https://broker.example/cb')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
