import { type Json, someKeys, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from './identity-provider.ts';

let broker: TestBroker;
let rows: Rows;
let idp: TestIdentityProvider;

beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  idp = await startIdentityProvider();
  broker = await startBroker({ allowHosts: [idp.host] });
  rows = await openRows(broker);
  for (const claim of ['sub', 'email'] as const) {
    for (const connector of ['linear', 'datadog']) {
      const made = await broker.api('/v1/connections', {
        body: {
          name: `${connector}-${claim}`,
          connector,
          sandbox: true,
          verification: { mode: 'oidc', oidc: { issuer: idp.issuer, client_id: idp.clientId, client_secret: idp.clientSecret, claim } },
        },
      });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      expect(JSON.stringify(made.body)).not.toContain(idp.clientSecret);
      expect(made.body.verification.oidc).toMatchObject({ issuer: idp.issuer, client_secret_set: true, claim });
      idp.register(made.body.verification.oidc.redirect_uri);
    }
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await idp?.close();
});

let people = 0;
const someone = () => `person-${++people}`;
const mint = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const statusOf = async (identifier: string) =>
  (await broker.api(`/v1/connected-accounts?identifier=${encodeURIComponent(identifier)}`)).body.items[0].status;
const issued = async () => (await broker.control('/linear/ledger', 'GET')).counts.tokens_issued as number;

/** Signs in at the identity provider as whoever sits there, and answers the page after. */
async function signIn(browser: Browser, link: string, person: Json | undefined) {
  idp.person = person;
  const page = await browser.follow(link, () => false);
  const started = await browser.submit(page, {}, '/sign-in');
  return browser.follow(started.headers.get('location') ?? '', () => false);
}

describe('verified by the operator’s identity provider', () => {
  it.each(['linear', 'datadog'])('%s: the user signs in first, and only then goes on', async (connector) => {
    const identifier = someone();
    const link = await mint(`${connector}-sub`, identifier);
    const browser = new Browser();
    expect((await browser.follow(link, () => false)).html).not.toMatch(/action="[^"]*\/(go|key)"/);
    const page = await signIn(browser, link, { sub: identifier });
    expect(page.url).toBe(link);
    expect(page.html).toMatch(/action="[^"]*\/(go|key)"/);
    expect((await new Browser().follow(link, () => false)).html).not.toMatch(/action="[^"]*\/(go|key)"/);
    if (connector === 'linear') await browser.arrive(await browser.toCallback(link));
    else await browser.submit(page, { ...someKeys(), site: 'datadoghq.com' }, '/key');
    expect(await statusOf(identifier)).toBe('ACTIVE');
  });

  it('somebody else, or nobody, signs in: nothing begins, and the link stays for the right person', async () => {
    const identifier = someone();
    const link = await mint('linear-sub', identifier);
    const before = await issued();
    for (const person of [{ sub: someone() }, undefined, { sub: identifier.toUpperCase() }]) {
      const browser = new Browser();
      const page = await signIn(browser, link, person);
      expect(new URL(page.url).searchParams.get('r')).toBe('verification_failed');
      const landing = await browser.follow(link, () => false);
      const forged = { ...landing, html: landing.html.replace('/sign-in"', '/go"') };
      expect((await browser.submit(forged, {})).headers.get('location')).toBe(new URL(link).pathname);
    }
    expect([await issued(), await statusOf(identifier)]).toEqual([before, 'PENDING_AUTH']);
    expect((await signIn(new Browser(), link, { sub: identifier })).html).toMatch(/action="[^"]*\/go"/);
  });

  it('an e-mail address counts only where the provider has verified it', async () => {
    const identifier = `${someone()}@acme.example`;
    const link = await mint('linear-email', identifier);
    for (const email_verified of [false, undefined]) {
      const page = await signIn(new Browser(), link, {
        sub: 'x',
        email: identifier,
        ...(email_verified === undefined ? {} : { email_verified }),
      });
      expect(new URL(page.url).searchParams.get('r')).toBe('verification_failed');
    }
    // A subject that is the user's address is not the user's address.
    expect(new URL((await signIn(new Browser(), link, { sub: identifier })).url).searchParams.get('r')).toBe('verification_failed');
    const page = await signIn(new Browser(), link, { sub: 'y', email: identifier, email_verified: true });
    expect(page.html).toMatch(/action="[^"]*\/go"/);
  });

  it('A08: the answer is good once, in the browser that began, and at its own connection', async () => {
    const identifier = someone();
    const link = await mint('linear-sub', identifier);
    const [browser, thief] = [new Browser(), new Browser()];
    idp.person = { sub: identifier };
    const started = await browser.submit(await browser.follow(link, () => false), {}, '/sign-in');
    const answer = (
      await browser.follow(started.headers.get('location') ?? '', (url) => new URL(url).pathname.startsWith('/oauth/identity/'))
    ).url;
    const asked = idp.tokens;
    expect((await thief.request(answer)).status).toBe(400);
    expect((await browser.request(answer, { method: 'HEAD' })).status).toBe(400);
    const [other] = await rows.query<{ id: string }>("select id from connections where name = 'linear-email'");
    expect((await browser.request(answer.replace(/con_[^?]+/, other?.id ?? ''))).status).toBe(400);
    const forged = new URL(answer);
    forged.searchParams.set('state', 'A'.repeat(43));
    expect((await browser.request(forged.href)).status).toBe(400);
    expect(idp.tokens).toBe(asked);
    const all = await Promise.all([1, 2, 3, 4].map(() => browser.request(answer)));
    expect(all.map((a) => a.status).sort()).toEqual([303, 400, 400, 400]);
    expect(idp.tokens).toBe(asked + 1);
  });

  it('A07: an answer that names another issuer is refused before its code is used', async () => {
    const identifier = someone();
    const link = await mint('linear-sub', identifier);
    for (const iss of ['https://evil.example', `${idp.issuer}/`, undefined]) {
      const browser = new Browser();
      idp.person = { sub: identifier };
      const started = await browser.submit(await browser.follow(link, () => false), {}, '/sign-in');
      const answer = new URL(
        (await browser.follow(started.headers.get('location') ?? '', (url) => new URL(url).pathname.startsWith('/oauth/identity/'))).url,
      );
      if (iss === undefined) answer.searchParams.delete('iss');
      else answer.searchParams.set('iss', iss);
      const asked = idp.tokens;
      const page = await browser.request(answer.href);
      expect(page.headers.get('location')).toMatch(/r=verification_failed/);
      expect(idp.tokens).toBe(asked);
    }
  });

  it('a provider that cannot be reached is said so, and nothing begins', async () => {
    const made = await broker.api('/v1/connections', {
      body: {
        name: 'unreachable',
        connector: 'linear',
        sandbox: true,
        verification: { mode: 'oidc', oidc: { issuer: 'https://127.0.0.1', client_id: 'x' } },
      },
    });
    expect(made.status).toBe(201);
    const link = await mint('unreachable', someone());
    const browser = new Browser();
    const answer = await browser.submit(await browser.follow(link, () => false), {}, '/sign-in');
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('not available');
  });
});
