import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
async function connection(more: Json, connector = 'linear'): Promise<string> {
  const name = `${connector}-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return name;
}
async function mint(connection_name: string, identifier: string): Promise<{ link: string; id: string }> {
  const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body;
  const found = await broker.api(`/v1/connected-accounts?connection_name=${connection_name}&identifier=${encodeURIComponent(identifier)}`);
  return { link, id: found.body.items[0].id };
}
const counts = async (connector = 'linear'): Promise<Json> => (await broker.control(`/${connector}/ledger`, 'GET')).counts;
const outcomeOf = (url: string) => new URL(url).searchParams.get('r');
const audited = async (id: string) =>
  (await rows.query<{ action: string }>('select action from audit_events where target_id = $1 order by id', [id])).map((r) => r.action);

describe('A03: the provider account must be the user’s', () => {
  it.each([
    ['email of the user', { policy: 'email' }, 'ada@acme.example', 'ada@acme.example', true],
    ['domain part of another case', { policy: 'email' }, 'ada@acme.example', 'ada@ACME.example', true],
    ['somebody else’s email', { policy: 'email' }, 'ada@acme.example', 'bob@acme.example', false],
    ['local part of another case', { policy: 'email' }, 'ada@acme.example', 'Ada@acme.example', false],
    ['email of a fixed account', { policy: 'email', value: 'robot@acme.example' }, 'ada', 'robot@acme.example', true],
    ['not the fixed account', { policy: 'email', value: 'robot@acme.example' }, 'ada@acme.example', 'ada@acme.example', false],
    ['an identifier that is no address', { policy: 'email' }, 'ada', 'ada@acme.example', false],
    ['domain', { policy: 'domain', value: 'acme.example' }, 'ada', 'anyone@Acme.example', true],
    ['a longer domain', { policy: 'domain', value: 'acme.example' }, 'ada', 'x@evil-acme.example', false],
    ['a domain below', { policy: 'domain', value: 'acme.example' }, 'ada', 'x@acme.example.evil.test', false],
    ['team', { policy: 'team', value: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90' }, 'ada', 'bob@other.test', true],
    ['another team', { policy: 'team', value: 'T0OTHER' }, 'ada', 'ada@acme.example', false],
  ])('%s', async (_name, identity_match, identifier, account, passes) => {
    const name = await connection({ identity_match });
    const { link, id } = await mint(name, identifier);
    const { tokens_issued, revocations } = await counts();
    const page = await broker.connect(link, { account });
    const row = await storedAccount(rows, id);
    if (passes) {
      expect(row.status).toBe('ACTIVE');
      return;
    }
    expect(outcomeOf(page.url)).toBe('identity_mismatch');
    expect(page.html).toContain('not the right one');
    expect(row).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null, provider_account_id: null });
    // The token was taken, and given back.
    expect(await counts()).toMatchObject({ tokens_issued: tokens_issued + 1, revocations: revocations + 1 });
    expect((await audited(id)).at(-1)).toBe('authorization.failed');
  });

  it('an account that tells no address does not pass a policy about addresses', async () => {
    for (const identity_match of [{ policy: 'email' }, { policy: 'domain', value: 'acme.example' }]) {
      const { link, id } = await mint(await connection({ identity_match }, 'slack'), 'ada@acme.example');
      expect(outcomeOf((await broker.connect(link, { account: 'ada@acme.example' })).url)).toBe('identity_mismatch');
      expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
    }
  });

  it('Slack tells the team', async () => {
    const right = await mint(await connection({ identity_match: { policy: 'team', value: 'T06ACMEHQ01' } }, 'slack'), 'ada');
    await broker.connect(right.link);
    expect((await storedAccount(rows, right.id)).status).toBe('ACTIVE');
  });

  it('a connected account stays as it was when another one is refused', async () => {
    const name = await connection({ identity_match: { policy: 'email' } });
    const { link, id } = await mint(name, 'ada@acme.example');
    await broker.connect(link, { account: 'ada@acme.example' });
    const before = await storedAccount(rows, id);
    expect(before.status).toBe('ACTIVE');
    const again = await mint(name, 'ada@acme.example');
    expect(outcomeOf((await broker.connect(again.link, { account: 'mallory@evil.example' })).url)).toBe('identity_mismatch');
    expect(await storedAccount(rows, id)).toEqual(before);
  });
});

describe('A05: another provider account', () => {
  const reauthorize = async (name: string, identifier: string, browser = new Browser()) => {
    const first = await mint(name, identifier);
    await broker.connect(first.link, { account: 'ada@acme.example' });
    const before = await storedAccount(rows, first.id);
    const { link } = await mint(name, identifier);
    const page = await browser.arrive(await browser.toCallback(link, 'allow', 'bob@acme.example'));
    return { id: first.id, before, link, page, browser };
  };

  it('is refused where the connection does not say otherwise; the new token is given back', async () => {
    const { revocations } = await counts();
    const { id, before, page } = await reauthorize(await connection({}), 'ada');
    expect(outcomeOf(page.url)).toBe('account_changed');
    expect(page.html).not.toContain('/replace"');
    expect(await storedAccount(rows, id)).toEqual(before);
    expect((await counts()).revocations).toBe(revocations + 1);
  });

  it('is asked about where it may be confirmed; the old credential is untouched until the yes, and given back after it', async () => {
    const name = await connection({ on_account_change: 'confirm' });
    const { revocations } = await counts();
    const { id, before, link, page, browser } = await reauthorize(name, 'ada');
    expect(page.html).toContain('Replace the Linear account?');
    expect(page.html).toContain('Ada @ Acme');
    expect(page.html).toContain('Bob @ Acme');
    expect(await storedAccount(rows, id)).toEqual(before);
    expect((await counts()).revocations).toBe(revocations);

    // Another browser is asked nothing, and its yes is nobody's.
    const stranger = new Browser();
    expect((await stranger.follow(`${link}/done`, () => false)).html).not.toContain('/replace"');
    expect((await stranger.submit(page, {}, '/replace')).status).toBe(303);
    expect(await storedAccount(rows, id)).toEqual(before);

    const old = await openCredential(broker, before);
    await browser.submit(page, {}, '/replace');
    const after = await storedAccount(rows, id);
    expect(after.status).toBe('ACTIVE');
    expect(after.provider_account_id).not.toBe(before.provider_account_id);
    expect((await openCredential(broker, after)).access_token).not.toBe(old.access_token);
    // By the outbox, after the answer.
    await expect.poll(async () => (await counts()).revocations, { timeout: 15_000 }).toBe(revocations + 1);
    expect(await audited(id)).toContain('connected_account.replaced');
    // Once only.
    await browser.submit(page, {}, '/replace');
    expect(await storedAccount(rows, id)).toEqual(after);
  });

  it('that nobody confirms is erased and its token given back', async () => {
    const { revocations } = await counts();
    const { id, before, link, browser } = await reauthorize(await connection({ on_account_change: 'confirm' }), 'ada');
    await rows.query("update verifications set expires_at = now() - interval '1 second' where connected_account_id = $1", [id]);
    const waiting = async () => (await rows.query('select outcome, sealed_ct from verifications where connected_account_id = $1', [id]))[0];
    await expect.poll(waiting, { timeout: 25_000, interval: 200 }).toEqual({ outcome: 'expired', sealed_ct: null });
    expect((await counts()).revocations).toBe(revocations + 1);
    expect((await browser.follow(`${link}/done`, () => false)).html).not.toContain('/replace"');
    expect(await storedAccount(rows, id)).toEqual(before);
  });

  it('is asked about in the browser that the app has verified', async () => {
    const name = await connection({
      on_account_change: 'confirm',
      verification: { mode: 'app', user_verify_urls: ['http://127.0.0.1:9/verify'] },
    });
    const verify = async (browser: Browser, link: string, account: string) => {
      const at = await browser.request(await browser.toCallback(link, 'allow', account));
      const auth_request_id = new URL(at.headers.get('location') ?? '').searchParams.get('auth_request_id');
      return broker.api('/v1/connected-accounts/verify', { body: { auth_request_id, identifier: 'ada' } });
    };
    const first = await mint(name, 'ada');
    expect((await verify(new Browser(), first.link, 'ada@acme.example')).status).toBe(200);
    const before = await storedAccount(rows, first.id);
    const { link } = await mint(name, 'ada');
    const browser = new Browser();
    const answer = await verify(browser, link, 'bob@acme.example');
    expect(answer.body).toMatchObject({ status: 409, code: 'account_changed' });
    expect(await storedAccount(rows, first.id)).toEqual(before);
    const page = await browser.follow(answer.body.post_user_verify_redirect_url, () => false);
    expect(page.html).toContain('Replace the Linear account?');
    await browser.submit(page, {}, '/replace');
    expect((await storedAccount(rows, first.id)).provider_account_id).not.toBe(before.provider_account_id);
  });
});
