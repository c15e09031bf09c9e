import type { AuthSpec } from '@grantway/connector-kit';
import { type Json, Person, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { kindVendor } from './kind-vendor.ts';

const threeLegged: AuthSpec = {
  kind: 'oauth1',
  authorization: {
    requestTokenUrl: 'https://api.legged.example/oauth/request_token',
    authorizeUrl: 'https://www.legged.example/oauth/authorize',
    accessTokenUrl: 'https://api.legged.example/oauth/access_token',
    authorizeParams: { expiration: 'never' },
  },
  fields: [],
  realm: 'Items',
  revocation: { method: 'DELETE', path: '/oauth/token' },
};
const alone: AuthSpec = { kind: 'oauth1', fields: [] };

let broker: TestBroker;
let rows: Rows;

beforeAll(async () => {
  broker = await startBroker({ connectors: [kindVendor('legged', threeLegged), kindVendor('alone', alone)] });
  rows = await openRows(broker);
  for (const id of ['legged', 'alone']) {
    const made = await broker.api('/v1/connections', { body: { name: id, connector: id, sandbox: true } });
    expect([made.status, made.body.status, made.body.auth.kind]).toEqual([201, 'COMPLETED', 'oauth1']);
    expect(made.body.auth.redirect_uri === null).toBe(id === 'alone');
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const linkFor = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const accountOf = async (identifier: string): Promise<Json> =>
  (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0];
const list = (id: string, identifier: string) =>
  broker.api(`/v1/tools/${id}_item_list/execute`, { body: { identifier, arguments: { query: 'x' } } });
const incidentOf = async (id: string) =>
  (await rows.query<{ at: Date | null }>('select incident_at as at from connections where name = $1', [id]))[0]?.at;

describe('three legs', () => {
  it('the person agrees on the vendor’s page; every request of a tool is signed', async () => {
    const page = await broker.connect(await linkFor('legged', 'ada'), { account: 'ada@example.test' });
    expect([page.status, page.html.includes('is connected')]).toEqual([200, true]);
    expect(await accountOf('ada')).toMatchObject({
      status: 'ACTIVE',
      provider_account: { label: 'ada@example.test' },
      access_token_expires_at: null,
    });
    // Query with what must be encoded, and a form body, both in the base string; the vendor checks each signature.
    for (let i = 0; i < 2; i++) expect((await list('legged', 'ada')).body.output).toEqual({ items: ['one'] });
    const title = "Søren's 100% & more + (tilde~)*!";
    const write = await broker.api('/v1/tools/legged_item_rename/execute', {
      body: { identifier: 'ada', arguments: { item: 'a b', title } },
    });
    expect([write.status, write.body.output?.title]).toEqual([200, title]);
  });

  it('nothing of the token is told: not in rows, pages, logs', async () => {
    const { id } = await accountOf('ada');
    const lease = await broker.modules.leases.lease(id);
    const { reveal } = await import('@grantway/contract');
    const opened = reveal(lease.credential) as { token: string; token_secret: string };
    const [row] = await rows.query<{ text: string }>(
      'select a::text || s::text as text from connected_accounts a, consent_sessions s where a.id = $1',
      [id],
    );
    for (const secret of [opened.token, opened.token_secret]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(row?.text).not.toContain(secret);
      expect(broker.logLines.some((line) => line.includes(secret))).toBe(false);
    }
  });

  it('a no is a no', async () => {
    const page = await broker.connect(await linkFor('legged', 'denier'), { decision: 'deny' });
    expect(page.url).toContain('r=consent_denied');
    expect((await accountOf('denier')).status).toBe('PENDING_AUTH');
  });

  it('A04, A06, A08: an approval of another attempt, another browser, or a second time connects nothing', async () => {
    const [mallory, victim] = [new Browser(), new Browser()];
    const his = new URL(await mallory.toCallback(await linkFor('legged', 'mallory')));
    const hers = new URL(await victim.toCallback(await linkFor('legged', 'victim')));
    // What he approved, with her state, in her browser.
    const mixed = new URL(his.href);
    mixed.searchParams.set('state', hers.searchParams.get('state') ?? '');
    const { counts: before } = await broker.control('/legged/ledger', 'GET');
    expect((await victim.arrive(mixed.href)).url).toContain('r=consent_failed');
    // Nothing was even asked of the vendor.
    expect((await broker.control('/legged/ledger', 'GET')).counts).toEqual(before);
    expect((await accountOf('victim')).status).toBe('PENDING_AUTH');
    expect((await new Browser().arrive(his.href)).status).toBe(400);
    expect((await mallory.arrive(his.href)).url).toContain('/done');
    expect((await accountOf('mallory')).status).toBe('ACTIVE');
    expect((await mallory.arrive(his.href)).status).toBe(400);
  });

  it('A10: a verifier that was guessed connects nothing', async () => {
    const browser = new Browser();
    const back = new URL(await browser.toCallback(await linkFor('legged', 'guesser')));
    back.searchParams.set('oauth_verifier', 'a-guess');
    expect((await browser.arrive(back.href)).url).toContain('r=consent_failed');
    expect((await accountOf('guesser')).status).toBe('PENDING_AUTH');
  });

  it('a person’s end at the vendor is found by the next call: revoked_by_provider, no incident', async () => {
    await broker.control('/legged/revoke', 'POST', { account: 'ada@example.test' });
    expect((await list('legged', 'ada')).body.code).toBe('authorization_required');
    expect(await accountOf('ada')).toMatchObject({ status: 'REVOKED', reason: 'revoked_by_provider' });
    expect(await incidentOf('legged')).toBeNull();
  });

  it('a disconnect revokes at the vendor, with a proof', async () => {
    await broker.connect(await linkFor('legged', 'leaver'), { account: 'leaver@example.test' });
    const account = await accountOf('leaver');
    const { counts: before } = await broker.control('/legged/ledger', 'GET');
    expect((await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await accountOf('leaver')).revocation).toMatchObject({ status: 'proven' });
    expect((await broker.control('/legged/ledger', 'GET')).counts.revocations).toBe(before.revocations + 1);
  });

  it('A01: with verification by the operator’s app, the verifier is parked and exchanged only for the right user', async () => {
    const verification = { mode: 'app', user_verify_urls: ['https://app.example/verify'] };
    const made = await broker.api('/v1/connections', { body: { name: 'legged-app', connector: 'legged', sandbox: true, verification } });
    expect(made.status).toBe(201);
    const issued = async () => (await broker.control('/legged/ledger', 'GET')).counts.tokens_issued;
    const before = await issued();
    const arrive = async (identifier: string) => {
      const browser = new Browser();
      const parked = await browser.request(await browser.toCallback(await linkFor('legged-app', identifier)));
      return new URL(parked.headers.get('location') ?? '').searchParams.get('auth_request_id');
    };
    const verify = (auth_request_id: string | null, identifier: string) =>
      broker.api('/v1/connected-accounts/verify', { body: { auth_request_id, identifier } });
    const first = await arrive('parked');
    expect((await accountOf('parked')).status).toBe('PENDING_VERIFICATION');
    expect((await verify(first, 'somebody else')).body.code).toBe('verification_failed');
    expect(await issued()).toBe(before);
    const verified = await verify(await arrive('parked'), 'parked');
    expect([verified.status, verified.body.connected_account?.status]).toEqual([200, 'ACTIVE']);
    expect(await issued()).toBe(before + 1);
  });

  it('a consumer that the vendor refuses is one incident of the connection: no account ends', async () => {
    await broker.connect(await linkFor('legged', 'stays'), { account: 'stays@example.test' });
    await broker.control('/legged/revoke', 'POST', { what: 'apps' });
    const call = await broker.api('/v1/tools/legged_item_list/execute', {
      body: { identifier: 'stays', connection_name: 'legged', arguments: {} },
    });
    expect(call.body.code).toBe('connection_incident');
    expect((await accountOf('stays')).status).toBe('ACTIVE');
    expect(await incidentOf('legged')).not.toBeNull();
    const consent = await new Person().open(await linkFor('legged', 'late')).then((page) => new Person().submit(page, {}, '/go'));
    expect(consent.status).toBe(502);
  });
});

describe('the consumer alone', () => {
  it('is connected by one press of a button, signs without a token, and never ends an account by itself', async () => {
    const page = await broker.connectKey(await linkFor('alone', 'solo'), {});
    expect(page.status).toBe(200);
    expect((await list('alone', 'solo')).body.output).toEqual({ items: ['one'] });
    await broker.control('/alone/revoke', 'POST', { what: 'apps' });
    expect((await list('alone', 'solo')).body.code).toBe('connection_incident');
    expect((await accountOf('solo')).status).toBe('ACTIVE');
  });
});

describe('the stand-in', () => {
  it('refuses a request that comes a second time, and one that was changed', async () => {
    const made = await broker.api('/v1/connections', { body: { name: 'alone-two', connector: 'alone', sandbox: true } });
    expect(made.status).toBe(201);
    const { oauth1Authorization } = await import('@grantway/egress');
    const { client_id: key, client_secret: secret } = await broker.control('/alone/register', 'POST', {});
    const signed = (url: string, timestamp = Math.floor(Date.now() / 1000)) =>
      oauth1Authorization({ method: 'GET', url: new URL(url), consumer: { key, secret }, nonce: `n${timestamp}${url.length}`, timestamp });
    const send = async (url: string, authorization: string) =>
      (await fetch(url.replace('https:/', broker.sandbox.origin), { headers: { authorization } })).status;
    const url = 'https://api.alone.example/v1/me';
    const header = signed(url);
    expect(await send(url, header)).toBe(200);
    expect(await send(url, header)).toBe(401);
    expect(await send('https://api.alone.example/v1/items?query=x', signed(`${url}?other=1`))).toBe(401);
    expect(await send(url, signed(url, Math.floor(Date.now() / 1000) - 3600))).toBe(401);
  });
});
