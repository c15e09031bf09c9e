import { createHmac } from 'node:crypto';
import { type Json, Person, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { connectorsOfTests } from './odd-vendors.ts';
import { openClientSecret, openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker({ connectors: connectorsOfTests });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
async function connection(connector: string, more: Json = {}): Promise<{ name: string; id: string }> {
  const name = `${connector}-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return { name, id: answer.body.id };
}
async function mint(connection_name: string, identifier = 'ada'): Promise<{ link: string; id: string }> {
  const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body;
  const found = await broker.api(`/v1/connected-accounts?connection_name=${connection_name}&identifier=${identifier}`);
  return { link, id: found.body.items[0].id };
}
const counts = async (connector: string) => (await broker.control(`/${connector}/ledger`, 'GET')).counts as Record<string, number>;

/** Up to the redirect back, with the shop entered. */
async function toCallback(link: string, browser: Browser, fields: Record<string, string> = {}): Promise<URL> {
  const landing = await browser.follow(link, () => false);
  const started = await browser.submit(landing, fields, '/go');
  const consent = await browser.follow(started.headers.get('location') ?? '', () => false);
  const decided = await browser.submit(consent, { account: 'ada@example.test', decision: 'allow' });
  const next = new URL(decided.headers.get('location') ?? '', consent.url).href;
  const isCallback = (url: string) => new URL(url).pathname.startsWith('/oauth/callback/');
  return new URL(isCallback(next) ? next : (await browser.follow(next, isCallback)).url);
}

const hostile = [
  '',
  ' ',
  'evil.example',
  'evil.example/',
  'evil.example#',
  'a@evil.example',
  'a:80',
  'a/b',
  'a\\b',
  'a?b',
  'a#b',
  '..',
  '.a',
  'a.',
  'a b',
  'a\tb',
  'a\u0000',
  'a%2eb',
  'а-cyrillic',
  '{shop}',
  '[::1]',
  '-a',
  'A',
  'x'.repeat(300),
  '"><script>alert(1)</script>',
];

describe('a host asked from the person', () => {
  it('is asked on the page before the consent, and nothing begins with one that does not fit', async () => {
    const { name } = await connection('shop');
    const { link } = await mint(name);
    const browser = new Browser();
    const landing = await browser.follow(link, () => false);
    expect(landing.html).toContain('The first part of its address.');
    for (const shop of hostile) {
      const answer = await browser.submit(landing, { shop }, '/go');
      expect([shop, answer.status, answer.headers.get('location')]).toEqual([shop, 422, null]);
      const html = await answer.text();
      expect(html).toMatch(/Shop (is missing|does not look right)/);
      expect(html).not.toContain('<script');
    }
    expect(await rows.query('select id from consent_sessions')).toHaveLength(0);
    const started = await browser.submit(landing, { shop: ' acme-shoes ' }, '/go');
    expect(started.headers.get('location')).toContain('/acme-shoes.shops.example/admin/oauth/authorize?');
  });

  it('that the operator fixed is not asked, and the person cannot replace it', async () => {
    const { name } = await connection('shop', { auth: { fields: { shop: 'fixed-shop' } } });
    const { link, id } = await mint(name);
    const browser = new Browser();
    expect((await browser.follow(link, () => false)).html).not.toContain('name="shop"');
    const back = await toCallback(link, browser, { shop: 'mine' });
    expect(back.searchParams.get('shop')).toBe('fixed-shop.shops.example');
    expect((await browser.arrive(back.href)).html).toContain('is connected');
    expect((await openCredential(broker, await storedAccount(rows, id))).extra).toMatchObject({ shop: 'fixed-shop' });
  });

  it('a connection takes no value that does not fit its declaration', async () => {
    for (const shop of hostile) {
      const answer = await broker.api('/v1/connections', {
        body: { name: `bad-${++made}`, connector: 'shop', sandbox: true, auth: { fields: { shop } } },
      });
      expect([shop, answer.status]).toEqual([shop, 400]);
    }
  });

  it('a token stays with the host that issued it, whatever the operator sets later', async () => {
    const { name, id } = await connection('shop', { auth: { fields: { shop: 'first' } } });
    const { link } = await mint(name);
    await new Person().consent(link);
    expect((await broker.api(`/v1/connections/${id}`, { method: 'PATCH', body: { auth: { fields: { shop: 'second' } } } })).status).toBe(
      200,
    );
    const answer = await broker.api('/v1/tools/shop_item_list/execute', {
      body: { identifier: 'ada', connection_name: name, arguments: {} },
    });
    expect(answer.status).toBe(200);
    const calls = ((await broker.control('/shop/ledger', 'GET')).events as Json[]).filter((e) => e.tool === 'shop_item_list');
    expect(calls.at(-1).path).toContain('/first.shops.example/');
  });

  it('a field edited during the consent ends it before anything is exchanged (A06)', async () => {
    const { name, id } = await connection('shop');
    const { link } = await mint(name);
    const browser = new Browser();
    const back = await toCallback(link, browser, { shop: 'mine' });
    await broker.api(`/v1/connections/${id}`, { method: 'PATCH', body: { auth: { fields: { shop: 'other' } } } });
    const { tokens_issued } = await counts('shop');
    expect((await browser.arrive(back.href)).url).toContain('r=consent_failed');
    expect((await counts('shop')).tokens_issued).toBe(tokens_issued);
  });
});

describe('a signed redirect back', () => {
  const signed = (url: URL, secret: string) => {
    url.searchParams.delete('hmac');
    const text = [...url.searchParams]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${k}=${v}`)
      .join('&');
    url.searchParams.set('hmac', createHmac('sha256', secret).update(text).digest('hex'));
  };
  const variants: [string, (url: URL, secret: string) => void][] = [
    ['without a signature', (url) => url.searchParams.delete('hmac')],
    ['with an empty one', (url) => url.searchParams.set('hmac', '')],
    ['with another code', (url) => url.searchParams.set('code', 'other')],
    ['with one more parameter', (url) => url.searchParams.set('more', '1')],
    ['with another shop', (url) => url.searchParams.set('shop', 'evil.shops.example')],
    ['signed with another secret', (url) => signed(url, 'another')],
    ['with a parameter twice', (url) => url.searchParams.append('shop', 'mine.shops.example')],
    [
      'signed rightly, for another shop',
      (url, secret) => {
        url.searchParams.set('shop', 'other.shops.example');
        signed(url, secret);
      },
    ],
    [
      'signed rightly, for a host that is none of theirs',
      (url, secret) => {
        url.searchParams.set('shop', 'mine.shops.example.evil.test');
        signed(url, secret);
      },
    ],
  ];
  it.each(variants)('%s exchanges nothing and stores nothing', async (_name, change) => {
    const { name, id: connectionId } = await connection('shop');
    const { link, id } = await mint(name);
    const browser = new Browser();
    const back = await toCallback(link, browser, { shop: 'mine' });
    change(back, (await openClientSecret(broker, rows, connectionId)).clientSecret);
    const { tokens_issued } = await counts('shop');
    expect((await browser.arrive(back.href)).url).toContain('r=consent_failed');
    expect((await counts('shop')).tokens_issued).toBe(tokens_issued);
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
  });
});

describe('values in the redirect back', () => {
  it.each([
    [
      'region',
      'accounts-server',
      [
        '',
        'evil.example',
        'https://evil.example',
        'https://accounts.region.example.evil.test',
        'https://accounts.region.example@evil.test',
        'https://accounts.region.example:8443',
        'https://accounts.region.example/x',
        'http://accounts.region.example',
        'https://region.example.',
        'https://xregion.example',
        'javascript:alert(1)',
        'https://127.0.0.1',
        '//accounts.region.example',
        'accounts.region.example\\@evil.test',
      ],
    ],
    ['ledger', 'realmId', ['', '1/2', '../1', '12a', '1'.repeat(40), '1?x', '١٢٣', '1\r\nx']],
  ])('%s: nothing that does not fit %s is taken; no token request is made', async (connector, parameter, values) => {
    const { name } = await connection(connector);
    const { link, id } = await mint(name);
    const { tokens_issued, token_refusals } = await counts(connector);
    for (const value of [...values, undefined, 'twice']) {
      const browser = new Browser();
      const back = await toCallback(link, browser);
      if (value === undefined) back.searchParams.delete(parameter);
      else if (value === 'twice') back.searchParams.append(parameter, back.searchParams.get(parameter) ?? '');
      else back.searchParams.set(parameter, value);
      expect([value, (await browser.arrive(back.href)).url]).toEqual([value, expect.stringContaining('r=consent_failed')]);
    }
    expect(await counts(connector)).toMatchObject({ tokens_issued, token_refusals });
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
    const browser = new Browser();
    expect((await browser.arrive((await toCallback(link, browser)).href)).html).toContain('is connected');
  });
});

describe('a key that stands in the URL', () => {
  it.each([
    ['botpath', { token: '12345:AAH-planted_fedcba9876543210' }],
    ['inquery', { key: 'planted-key-fedcba9876543210', token: 'planted-token+/=fedcba98' }],
  ])('%s: is in no log, audit row, call record, answer or ledger, also when the vendor fails', async (connector, keys) => {
    const { name } = await connection(connector);
    const { link } = await mint(name);
    const pages = [await new Person().enterKey(link, keys)];
    const answers: string[] = [];
    const knobs: Json[] = [
      {},
      { fail: '401' },
      { fail: '500' },
      { fail: 'reset' },
      { fail: 'html' },
      { fail: '200_with_error' },
      // At the end: what comes after it is not sent.
      { fail: '429' },
    ];
    for (const knob of knobs) {
      await broker.control(`/${connector}/knobs`, 'PUT', knob);
      for (const tool of ['list', 'create']) {
        const answer = await broker.api(`/v1/tools/${connector}_item_${tool}/execute`, {
          body: { identifier: 'ada', connection_name: name, arguments: {} },
        });
        answers.push(JSON.stringify([answer.body, [...answer.headers]]));
      }
    }
    await broker.control(`/${connector}/knobs`, 'DELETE');
    const kept = await rows.query('select * from audit_events');
    const calls = await rows.query('select * from tool_calls');
    expect(calls.length).toBeGreaterThan(10);
    const ledger = await broker.control(`/${connector}/ledger`, 'GET');
    const everything = [...broker.logLines, JSON.stringify([kept, calls, ledger]), ...answers, ...pages.map((p) => p.html)].join('\n');
    for (const value of Object.values(keys)) {
      for (const spelled of [value, encodeURIComponent(value), Buffer.from(value).toString('base64').slice(0, 20)]) {
        expect(everything.includes(spelled), spelled).toBe(false);
      }
    }
  });
});
