import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  await broker.api('/v1/connections', { body: { name: 'linear', connector: 'linear', sandbox: true } });
  await broker.api('/v1/connections', {
    body: {
      name: 'by-app',
      connector: 'linear',
      sandbox: true,
      verification: { mode: 'app', user_verify_urls: ['https://app.example/verify', 'https://app.example/other?x=1'] },
    },
  });
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let people = 0;
const someone = () => `person-${++people}`;
const mint = (body: Json) => broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'linear', ...body } });
const liveLinks = async (identifier: string) =>
  (
    await rows.query(
      `select l.id from authorization_links l join connected_accounts a on a.id = l.connected_account_id join users u on u.id = a.user_id
       where u.identifier = $1 and l.used_at is null and l.expires_at > now()`,
      [identifier],
    )
  ).length;

describe('the life of a link', () => {
  it.each([60, 604_800, undefined])('is what was asked for: %s', async (expires_in) => {
    const made = await mint({ identifier: someone(), ...(expires_in === undefined ? {} : { expires_in }) });
    expect(made.status).toBe(200);
    const lifeMs = Date.parse(made.body.expires_at) - Date.now();
    expect(Math.abs(lifeMs - (expires_in ?? 1800) * 1000)).toBeLessThan(10_000);
  });

  it.each([59, 604_801, 0, -1, 1.5, '60'])('is refused outside of 60 seconds to 7 days: %s', async (expires_in) => {
    expect((await mint({ identifier: someone(), expires_in })).status).toBe(400);
  });
});

describe('one live link', () => {
  it('asked for in the same way is the same; in another way it is a new one, and the old one ends', async () => {
    const identifier = someone();
    const first = await mint({ identifier, expires_in: 300 });
    expect((await mint({ identifier, expires_in: 300 })).body.link).toBe(first.body.link);
    expect((await mint({ identifier })).body.link).toBe(first.body.link);
    const second = await mint({ identifier, expires_in: 3600 });
    expect(second.body.link).not.toBe(first.body.link);
    expect((await fetch(first.body.link)).status).toBe(410);
    expect(await liveLinks(identifier)).toBe(1);
  });

  it('A21: a looping agent gets one link, even a short-lived one near its end', async () => {
    const identifier = someone();
    const { link } = (await mint({ identifier, expires_in: 60 })).body;
    const call = async () => {
      const refused = await broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier, connection_name: 'linear' } });
      expect(refused.body.code).toBe('authorization_required');
      return refused.body.authentication_link;
    };
    const loop = async (calls: number) => new Set(await Promise.all(Array.from({ length: calls }, call)));
    // `npm run attacks`: a thousand.
    for (let batch = 0; batch < (process.env['MODE'] === 'long' ? 20 : 2); batch++) expect(await loop(50)).toEqual(new Set([link]));
    expect(await liveLinks(identifier)).toBe(1);
    // 52 of its 60 seconds are over.
    await rows.query(
      `update authorization_links set created_at = now() - interval '52 seconds', expires_at = now() + interval '8 seconds'
       where token_id = $1`,
      [link.split('_')[1]],
    );
    expect(await loop(8)).toEqual(new Set([link]));
  });
});

describe('A11: the address of the app', () => {
  it('is one of the connection’s own, exactly', async () => {
    const ask = (user_verify_url: string) => mint({ connection_name: 'by-app', identifier: 'ada', user_verify_url });
    const { status } = await ask('https://app.example/other?x=1');
    expect(status).toBe(200);
    const bad = [
      'https://app.example/verify/',
      'https://app.example/verify?',
      'https://app.example/verify#',
      'https://app.example/verify?x',
      'https://app.example/verify/..',
      'https://app.example/./verify',
      'https://app.example/VERIFY',
      'https://app.example:443/verify',
      'https://APP.example/verify',
      'https://app.example./verify',
      'https://app.example.evil.test/verify',
      'https://evil.test/verify',
      'https://evil.test#https://app.example/verify',
      'https://evil.test?https://app.example/verify',
      'https://app.example@evil.test/verify',
      'https://evil.test\\@app.example/verify',
      'http://app.example/verify',
      '//app.example/verify',
      '/verify',
      'verify',
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'https:app.example/verify',
      'https:///app.example/verify',
      ' https://app.example/verify',
      'https://app.example/verify ',
      'https://app.example/verify\n',
      'https://app.example/ver\tify',
      'https://app.example/%76erify',
      'https://app.example/verify%00',
      'https://app.example/verify\u202e',
      'https://*.example/verify',
      '*',
      '',
      'https://xn--app-.example/verify',
      'https://app。example/verify',
      'https://app.example\\@evil.test/verify',
      'https://app.example:444/verify',
      'https://app.example:0443/verify',
      'https://:@app.example/verify',
      'https://app.example%2eevil.test/verify',
      'https://app.example%00.evil.test/verify',
      'https://app.example/verify%2f..',
      'https://app.example//verify',
      'https://app.example/;/verify',
      'https://app.example/verify;x',
      'https://app.example/other',
      'https://app.example/other?x=2',
      'https://app.example/other?x=1&y=2',
      'https://app.example/other?x=1&x=1',
      'https://app.example/other?%78=1',
      'https://app.example/other?x=1#',
      'HTTPS://app.example/verify',
      'https:/app.example/verify',
      'https:\\\\app.example\\verify',
      'vbscript:x',
      'blob:https://app.example/verify',
      'view-source:https://app.example/verify',
      'https://ａpp.example/verify',
      'https://аpp.example/verify',
      'https://127.0.0.1/verify',
      'https://[::1]/verify',
    ];
    expect(new Set(bad).size).toBeGreaterThanOrEqual(60);
    for (const url of bad) {
      const answer = await ask(url);
      expect([url, answer.status, answer.body.code]).toEqual([url, 422, 'user_verify_url_not_allowed']);
    }
  });

  it('is not even listed unless it is an absolute https address that means one thing', async () => {
    const bad = [
      'http://app.example/verify',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://user@app.example/',
      'https://app.example/#x',
      'https://app.example/\\x',
      'https://app.example/a b',
      'https://APP.example/',
      'https://app.example:443/x',
      'https://app.example/a/../b',
      '//app.example/x',
      'https://app.example/x?auth_request_id=1',
      'https://app.example/x?state=1',
      'https://app.example/\n',
      '',
    ];
    for (const url of bad) {
      const answer = await broker.api('/v1/connections', {
        body: { name: 'never', connector: 'linear', sandbox: true, verification: { mode: 'app', user_verify_urls: [url] } },
      });
      expect([url, answer.status, answer.body.code]).toEqual([url, 400, 'invalid_request']);
    }
  });
});

describe('a setting that makes no sense', () => {
  it.each<[string, Json]>([
    ['app without an address', { verification: { mode: 'app' } }],
    ['session without an address', { verification: { mode: 'session', user_verify_urls: [] } }],
    ['chat with an address', { verification: { mode: 'chat', user_verify_urls: ['https://app.example/'] } }],
    ['oidc without a provider', { verification: { mode: 'oidc' } }],
    ['a provider without oidc', { verification: { mode: 'chat', oidc: { issuer: 'https://idp.example', client_id: 'x' } } }],
    ['an unknown mode', { verification: { mode: 'trust' } }],
    ['a domain without a value', { identity_match: { policy: 'domain' } }],
    ['any with a value', { identity_match: { policy: 'any', value: 'x' } }],
    ['a silent swap', { on_account_change: 'swap' }],
  ])('is refused: %s', async (_name, more) => {
    const answer = await broker.api('/v1/connections', { body: { name: 'never', connector: 'linear', sandbox: true, ...more } });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  });

  it('is refused for the link too', async () => {
    for (const more of [{ state: 'x' }, { code_challenge: 'A'.repeat(43) }, { user_verify_url: 'https://app.example/verify' }]) {
      expect((await mint({ identifier: someone(), ...more })).status).toBeGreaterThanOrEqual(400);
    }
    expect((await mint({ connection_name: 'by-app', identifier: someone(), code_challenge: 'A'.repeat(43) })).status).toBe(400);
    expect((await mint({ connection_name: 'by-app', identifier: someone(), scopes: ['admin'] })).status).toBe(400);
  });
});
