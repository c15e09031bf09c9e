import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connector, get, type OAuth2Auth, type OAuth2Credential } from '@grantway/connector-kit';
import { isFault, reveal, Secret } from '@grantway/contract';
import { createEgress, type Egress } from '@grantway/egress';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchangeCode, type OAuthApp, refreshToken } from './index.ts';

/* A token endpoint that answers what it likes. */
let server: Server;
let origin: string;
let egress: Egress;
let behaviour: RequestListener = (_req, res) => res.end();

beforeAll(async () => {
  server = createServer((req, res) => {
    req.resume();
    req.on('end', () => behaviour(req, res));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgress({ sandboxOrigin: () => origin });
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function answering(body: string, type = 'application/json', status = 200): void {
  behaviour = (_req, res) => {
    res.writeHead(status, { 'content-type': type });
    res.end(body);
  };
}

function app(auth: Partial<OAuth2Auth> = {}): OAuthApp {
  const odd = connector({
    id: 'odd',
    name: 'Odd',
    description: 'A vendor that answers what it likes.',
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
      rotationClass: 'E',
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
    clientId: 'client',
    clientSecret: new Secret('secret-of-the-client'),
    redirectUri: 'https://broker.example/cb',
    sandboxOrigin: origin,
  };
}

const old: OAuth2Credential = {
  kind: 'oauth2',
  access_token: 'old-access',
  refresh_token: 'old-refresh',
  scopes: ['a', 'b'],
  extra: { instance_host: 'na1.odd.example' },
};
const refresh = (auth: Partial<OAuth2Auth> = {}) => refreshToken(egress, app(auth), new Secret(structuredClone(old)));
async function refreshed(auth: Partial<OAuth2Auth> = {}): Promise<OAuth2Credential> {
  const outcome = await refresh(auth);
  if (outcome.kind !== 'refreshed') throw new Error(`not refreshed but ${outcome.kind}`);
  return reveal(outcome.credential);
}
const code = () => exchangeCode(egress, app(), { code: new Secret('the-code'), pkceVerifier: undefined, iss: undefined });

const good = { access_token: 'new-access', token_type: 'Bearer', expires_in: 3600, refresh_token: 'new-refresh', scope: 'a b' };
const json = JSON.stringify(good);

describe('E07: a 200 with an error inside is a refusal', () => {
  it.each<[string, unknown, string]>([
    ['Slack says that the token is revoked', { ok: false, error: 'token_revoked' }, 'gone'],
    ['GitHub says that the refresh token is bad', { error: 'bad_refresh_token', error_description: 'x' }, 'gone'],
    ['invalid_grant', { error: 'invalid_grant' }, 'gone'],
    ['HubSpot’s own code, in its own place', { status: 'BAD_REFRESH_TOKEN', message: 'x' }, 'gone'],
    ['Microsoft’s expired refresh token', { error: 'invalid_grant', error_codes: [700082], error_description: 'AADSTS700082: x' }, 'gone'],
    ['the app is refused', { ok: false, error: 'bad_client_secret' }, 'app_refused'],
    ['the rate is limited', { ok: false, error: 'ratelimited' }, 'transient'],
    ['something unknown', { ok: false, error: 'a_new_error' }, 'transient'],
    ['an error in an object', { error: { code: 'invalid_grant', message: 'x' } }, 'gone'],
    ['an error beside an empty token', { access_token: '', error: 'invalid_grant' }, 'gone'],
    ['an error beside a null token', { access_token: null, error: 'invalid_grant' }, 'gone'],
  ])('%s', async (_name, body, kind) => {
    answering(JSON.stringify(body));
    const tokenExample = { body: {}, slots: {}, refusal: { status: 400, body: { status: 'x' }, slot: '/status' } };
    expect((await refresh({ tokenExample })).kind).toBe(kind);
    const failed = await code().catch((error: unknown) => error);
    expect(isFault(failed)).toBe(true);
  });
});

describe('E08: a body that is no whole answer decides nothing and brings no credential', () => {
  const bodies: [string, string][] = [];
  const add = (name: string, body: string) => bodies.push([name, body]);
  // Cut at every byte.
  for (let length = 1; length < json.length; length += 1) add(`cut after ${length} bytes`, json.slice(0, length));
  for (const text of [
    '',
    ' ',
    'null',
    'true',
    '0',
    '"x"',
    '[]',
    '[{}]',
    '{}',
    'undefined',
    'NaN',
    '\u0000',
    '\ufeff',
    '{',
    '}',
    '{}{}',
    json + json,
  ]) {
    add(`the text ${JSON.stringify(text.slice(0, 20))}`, text);
  }
  for (const html of ['<html>', '<!doctype html><title>x</title>', '<?xml version="1.0"?><a/>', `<pre>${json}</pre>`, `<!-- ${json} -->`]) {
    add(html.slice(0, 20), html);
  }
  for (const value of [null, '', 5, true, [], {}, ['x'], { token: 'x' }, 'a b', 'a\nb', 'ä', '\u0000', 'x'.repeat(20_000)]) {
    add(`access_token ${JSON.stringify(value).slice(0, 20)}`, JSON.stringify({ ...good, access_token: value }));
  }
  for (const key of ['Access_Token', 'accessToken', ' access_token', 'access_token\u0000', 'token']) {
    add(`the member ${JSON.stringify(key)}`, JSON.stringify({ [key]: 'x', token_type: 'Bearer' }));
  }
  for (const name of ['access_token', 'refresh_token', 'expires_in', 'scope', 'token_type', 'error']) {
    add(`${name} twice`, `{"${name}":"first",${json.slice(1, -1)},"${name}":"second"}`);
  }
  add('access_token twice, spelled in two ways', `{"access_token":"a","access\\u005ftoken":"b"}`);
  for (const proto of [
    '{"__proto__":{"access_token":"evil"}}',
    '{"constructor":{"prototype":{"access_token":"evil"}}}',
    '{"a":{"__proto__":{"access_token":"evil"}}}',
  ]) {
    add(`polluted: ${proto.slice(0, 20)}`, proto);
  }
  for (const type of ['mac', 'DPoP', 'N_A', 'pop']) add(`a token of type ${type}`, JSON.stringify({ ...good, token_type: type }));
  add('deep lists', '['.repeat(100_000));
  add('deep objects', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`);
  add('300 KB', JSON.stringify({ ...good, padding: 'x'.repeat(300_000) }));
  add('300 KB of space', `${' '.repeat(300_000)}${json}`);
  add('a form without a token', 'token_type=bearer&expires_in=60');
  add('a form with a space', 'access_token=a b');
  add('a comment', `/* */${json}`);
  add('single quotes', json.replaceAll('"', "'"));
  add('a trailing comma', json.replace('}', ',}'));

  it(`there are at least 120 of them`, () => expect(bodies.length).toBeGreaterThanOrEqual(120));

  it.each(bodies)('%s', async (_name, body) => {
    answering(body);
    expect(['unknown', 'transient']).toContain((await refresh()).kind);
    const failed = await code().catch((error: unknown) => error);
    expect(isFault(failed, 'consent_failed')).toBe(true);
    expect(({} as Record<string, unknown>)['access_token']).toBeUndefined();
  });

  it('50 MB are not read to their end', async () => {
    let sent = 0;
    behaviour = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const more = () => {
        while (sent < 50 * 1024 * 1024 && !res.destroyed) {
          sent += chunk.length;
          if (!res.write(chunk)) return void res.once('drain', more);
        }
        res.end(json);
      };
      more();
    };
    expect((await refresh()).kind).toBe('unknown');
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('a whole answer under another content type is an answer', async () => {
    for (const type of ['text/html', 'text/plain', 'application/octet-stream', 'application/json; charset=utf-8']) {
      answering(json, type);
      expect((await refreshed()).access_token).toBe('new-access');
    }
  });
});

describe('E09: a life that makes no sense is clamped, or not known', () => {
  const day = 86_400;
  /** Written as JSON; seconds of life, or undefined for not known. */
  const values: [string, number | undefined][] = [
    ['3600', 3600],
    ['"3600"', 3600],
    ['" 3600 "', 3600],
    ['"3600.9"', 3600],
    ['3600.9', 3600],
    ['0', 30],
    ['-0', 30],
    ['"0"', 30],
    ['1', 30],
    ['29.9', 30],
    ['30', 30],
    ['-1', 30],
    ['-1e10', 30],
    ['3600000', 3_600_000],
    ['34560000', 400 * day],
    ['34560001', 400 * day],
    ['1e99', 400 * day],
    ['9007199254740993', 400 * day],
    ['"99999999999999999999"', 400 * day],
    ['1e999', undefined],
    ['-1e999', undefined],
    ['"1e99"', undefined],
    ['"-5"', undefined],
    ['"+5"', undefined],
    ['"0x10"', undefined],
    ['"Infinity"', undefined],
    ['"NaN"', undefined],
    ['"never"', undefined],
    ['"3600s"', undefined],
    ['"1 hour"', undefined],
    ['"3,600"', undefined],
    ['"٣٦٠٠"', undefined],
    ['""', undefined],
    ['" "', undefined],
    ['null', undefined],
    ['true', undefined],
    ['false', undefined],
    ['[]', undefined],
    ['[3600]', undefined],
    ['{}', undefined],
    ['{"valueOf":3600}', undefined],
    ['"2026-01-01T00:00:00Z"', undefined],
  ];
  it('there are at least 40 of them', () => expect(values.length).toBeGreaterThanOrEqual(40));

  const lifeOf = async (member: string, auth: Partial<OAuth2Auth> = {}) => {
    answering(json.replace('"expires_in":3600', member));
    const before = Date.now();
    const { expires_at } = await refreshed(auth);
    return { expires_at, before, after: Date.now() };
  };

  it.each(values)('expires_in %s', async (text, seconds) => {
    const { expires_at, before, after } = await lifeOf(`"expires_in":${text}`);
    if (seconds === undefined) return expect(expires_at).toBeUndefined();
    expect(expires_at).toBeGreaterThanOrEqual(before + seconds * 1000);
    expect(expires_at).toBeLessThanOrEqual(after + seconds * 1000);
  });

  it.each([['"expires_in":null'], ['"other":1'], ['"expires_in":"never"']])(
    '%s: the connector’s default holds where it has one',
    async (member) => {
      const { expires_at, before, after } = await lifeOf(member, { defaultLifeSeconds: 7200 });
      expect(expires_at).toBeGreaterThanOrEqual(before + 7_200_000);
      expect(expires_at).toBeLessThanOrEqual(after + 7_200_000);
    },
  );

  const moment = Math.floor(Date.now() / 1000) + 7200;
  it.each<[string, string, number | undefined]>([
    ['seconds since the epoch', `${moment}`, 7200],
    ['seconds as digits', `"${moment}"`, 7200],
    ['milliseconds', `${moment * 1000}`, 7200],
    ['milliseconds as digits', `"${moment * 1000}"`, 7200],
    ['ISO 8601', `"${new Date(moment * 1000).toISOString()}"`, 7200],
    ['ISO 8601 without a zone', `"${new Date(moment * 1000).toISOString().slice(0, 19)}"`, 7200],
    ['the past', '1000000000', 30],
    ['the past in ISO 8601', '"2001-09-09T01:46:40Z"', 30],
    ['the far future', '99999999999', 400 * day],
    ['a small number', '3600', undefined],
    ['words', '"tomorrow"', undefined],
    ['null', 'null', undefined],
  ])('expires_at as %s', async (_name, text, seconds) => {
    const { expires_at } = await lifeOf(`"expires_at":${text}`);
    if (seconds === undefined) return expect(expires_at).toBeUndefined();
    const life = ((expires_at as number) - Date.now()) / 1000;
    expect(life).toBeLessThanOrEqual(seconds + 2);
    expect(life).toBeGreaterThan(seconds === 7200 ? 7100 : seconds - 60);
  });

  it('expires_in outweighs expires_at', async () => {
    const { expires_at, before } = await lifeOf(`"expires_in":600,"expires_at":${moment}`);
    expect((expires_at as number) - before).toBeLessThan(700_000);
  });
});

describe('E10: an answer without a refresh token keeps the one of before', () => {
  it.each([
    ['left out', undefined],
    ['empty', ''],
    ['null', null],
    ['a number', 5],
    ['a list', []],
    ['with a line break', 'a\nb'],
    ['false', false],
  ])('%s', async (_name, refresh_token) => {
    answering(JSON.stringify({ ...good, refresh_token }));
    expect(await refreshed()).toMatchObject({ access_token: 'new-access', refresh_token: 'old-refresh' });
  });
});

describe('parameters in the answer', () => {
  const auth: Partial<OAuth2Auth> = {
    captureFromToken: [{ name: 'instance_host', pointer: '/instance_url', hostSuffixes: ['odd.example'] }],
  };
  it.each([
    ['https://na7.odd.example', 'na7.odd.example'],
    ['https://NA7.odd.example/', 'na7.odd.example'],
    ['na7.odd.example', 'na7.odd.example'],
    ['odd.example', 'odd.example'],
  ])('%s is taken, anew with each answer', async (said, host) => {
    answering(JSON.stringify({ ...good, instance_url: said }));
    expect((await refreshed(auth)).extra).toEqual({ instance_host: host });
  });

  it.each([
    ['https://evil.example'],
    ['https://odd.example.evil.test'],
    ['https://evilodd.example'],
    ['https://odd.example@evil.test'],
    ['https://evil.test/odd.example'],
    ['https://evil.test#.odd.example'],
    ['https://evil.test?.odd.example'],
    ['https://evil.test\\.odd.example'],
    ['https://na1.odd.example:8443'],
    ['https://na1.odd.example/services'],
    ['http://na1.odd.example'],
    ['ftp://na1.odd.example'],
    ['//na1.odd.example'],
    ['https://127.0.0.1'],
    ['https://[::1]'],
    ['https://169.254.169.254'],
    ['https://na1..odd.example'],
    ['https://-x.odd.example'],
    ['https://na1.odd.example.'],
    ['https://na1.odd.example\n'],
    ['https://nа1.odd.example'],
    ['{instance_host}.odd.example'],
    [''],
    [5],
    [['https://na1.odd.example']],
    [{ host: 'na1.odd.example' }],
    ['x'.repeat(600)],
  ])('%j is not: the first answer is refused, a later one keeps the host of before', async (said) => {
    answering(JSON.stringify({ ...good, instance_url: said }));
    expect((await refreshed(auth)).extra).toEqual({ instance_host: 'na1.odd.example' });
    const first = exchangeCode(egress, app(auth), { code: new Secret('c'), pkceVerifier: undefined, iss: undefined });
    expect(isFault(await first.catch((error: unknown) => error), 'consent_failed')).toBe(true);
  });
});
