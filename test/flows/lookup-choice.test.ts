import { createHash, randomBytes } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { noClouds, severalClouds } from './odd-vendors.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker({ connectors: [severalClouds, noClouds] });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
async function connection(more: Json = {}, connector = 'several'): Promise<string> {
  const name = `${connector}-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return name;
}
async function mint(connection_name: string, more: Json = {}): Promise<{ link: string; id: string }> {
  const answer = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier: 'ada', ...more } });
  const found = await broker.api(`/v1/connected-accounts?connection_name=${connection_name}`);
  return { link: answer.body.link, id: found.body.items[0].id };
}
const revocations = async (connector = 'several') => (await broker.control(`/${connector}/ledger`, 'GET')).counts.revocations as number;
const read = (connection_name: string) =>
  broker.api('/v1/tools/several_item_list/execute', { body: { identifier: 'ada', connection_name, arguments: {} } });
const callsTo = async (cloud: string) =>
  ((await broker.control('/several/ledger', 'GET')).events as Json[]).filter((e) => String(e.path ?? '').includes(`/ex/${cloud}/items`))
    .length;

/** Consents, and answers the page that asks. */
async function arrive(link: string, browser = new Browser()) {
  return { browser, page: await browser.arrive(await browser.toCallback(link)) };
}
const choose = async (browser: Browser, page: { url: string; html: string }, choice: string) => {
  const answer = await browser.submit(page, { choice }, '/choose');
  return browser.follow(new URL(answer.headers.get('location') ?? '', page.url).href, () => false);
};

describe('a lookup with several answers', () => {
  it('is put to the person, who chooses; the calls then go there', async () => {
    const name = await connection();
    const { link, id } = await mint(name);
    const { browser, page } = await arrive(link);
    expect(page.html).toContain('Choose the Vendor several site');
    for (const shown of ['Acme Works', 'https://acme.example', 'Beta Works', 'type="radio"', '<legend>Site</legend>'])
      expect(page.html).toContain(shown);
    expect(await storedAccount(rows, id)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });

    // Looking again changes nothing.
    const before = await rows.checksums();
    expect((await browser.follow(page.url, () => false)).html).toContain('Choose the');
    expect(changed(before, await rows.checksums())).toEqual([]);

    const end = await choose(browser, page, '1');
    expect(end.html).toContain('is connected');
    expect(end.html).toContain(' · Beta Works');
    const account = await storedAccount(rows, id);
    expect(account).toMatchObject({ status: 'ACTIVE', provider_account_id: expect.stringMatching(/#cloud-b$/) });
    expect((await openCredential(broker, account)).extra).toMatchObject({ cloud_id: 'cloud-b' });
    expect((await read(name)).status).toBe(200);
    expect([await callsTo('cloud-a'), await callsTo('cloud-b')]).toEqual([0, 1]);
    // A renewal keeps it.
    await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' });
    expect((await read(name)).status).toBe(200);
    expect(await callsTo('cloud-b')).toBe(2);
    // Once only.
    await choose(browser, page, '0');
    expect((await storedAccount(rows, id)).provider_account_id).toBe(account.provider_account_id);
  });

  it('is answered by the browser that consented, and by no other; nothing but an answer counts', async () => {
    const { link, id } = await mint(await connection());
    const { browser, page } = await arrive(link);
    const stranger = new Browser();
    expect((await stranger.follow(page.url, () => false)).html).not.toContain('/choose"');
    await choose(stranger, page, '0');
    for (const wrong of ['2', '-1', '', '0x0', '1e0', 'constructor', '9'.repeat(400)]) await choose(browser, page, wrong);
    expect(
      (
        await browser.submit(
          { ...page, html: page.html.replace(/name="_form" value="[^"]*"/, 'name="_form" value="x"') },
          { choice: '0' },
          '/choose',
        )
      ).status,
    ).toBe(403);
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
    expect((await choose(browser, page, '0')).html).toContain('is connected');
  });

  it('two answers at once store one credential, and none of theirs is revoked', async () => {
    const { link, id } = await mint(await connection());
    const { browser, page } = await arrive(link);
    const before = await revocations();
    await Promise.all([choose(browser.copy(), page, '0'), choose(browser.copy(), page, '1')]);
    expect(await storedAccount(rows, id)).toMatchObject({ status: 'ACTIVE', generation: '1' });
    expect(await revocations()).toBe(before);
  });

  it('that nobody answers is erased, and its token given back', async () => {
    const { link, id } = await mint(await connection());
    const { browser, page } = await arrive(link);
    const before = await revocations();
    await rows.query("update verifications set expires_at = now() - interval '1 second' where connected_account_id = $1", [id]);
    const waiting = async () => (await rows.query('select outcome, sealed_ct from verifications where connected_account_id = $1', [id]))[0];
    await expect.poll(waiting, { timeout: 25_000, interval: 200 }).toEqual({ outcome: 'expired', sealed_ct: null });
    await expect.poll(() => revocations(), { timeout: 25_000, interval: 200 }).toBe(before + 1);
    expect((await choose(browser, page, '0')).html).not.toContain('is connected');
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
  });

  it('A05: signing in again is for the same place; another place is another account, and is asked about', async () => {
    const name = await connection();
    const first = await mint(name);
    const one = await arrive(first.link);
    await choose(one.browser, one.page, '1');
    const before = await storedAccount(rows, first.id);
    // Without a question: the place of before is still there.
    const again = await arrive((await mint(name)).link);
    expect(again.page.html).toContain('is connected');
    const after = await storedAccount(rows, first.id);
    expect([after.provider_account_id, after.grant_id === before.grant_id]).toEqual([before.provider_account_id, false]);

    const asking = await connection({ on_account_change: 'confirm' });
    const two = await mint(asking);
    const begun = await arrive(two.link);
    await choose(begun.browser, begun.page, '0');
    const stored = await storedAccount(rows, two.id);
    const other = await arrive((await mint(asking)).link);
    expect(other.page.html).toMatch(/value="0" required checked/);
    const asked = await choose(other.browser, other.page, '1');
    expect(asked.html).toContain('Replace the Vendor several account?');
    expect(await storedAccount(rows, two.id)).toEqual(stored);
    await other.browser.submit(asked, {}, '/replace');
    expect((await storedAccount(rows, two.id)).provider_account_id).toMatch(/#cloud-b$/);
  });

  it('A03: the place must be the one that the connection allows', async () => {
    const { link, id } = await mint(await connection({ identity_match: { policy: 'team', value: 'cloud-b' } }));
    const wrong = await arrive(link);
    expect((await choose(wrong.browser, wrong.page, '0')).url).toContain('r=identity_mismatch');
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
    const right = await arrive(link);
    expect((await choose(right.browser, right.page, '1')).html).toContain('is connected');
  });

  it('comes after the person was verified, in the browser that was', async () => {
    const challenge = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
    for (const mode of ['app', 'session']) {
      const verifier = randomBytes(32).toString('base64url');
      const name = await connection({ verification: { mode, user_verify_urls: ['http://127.0.0.1:9/verify'] } });
      const { link, id } = await mint(name, mode === 'session' ? { code_challenge: challenge(verifier) } : {});
      const browser = new Browser();
      const at = await browser.request(await browser.toCallback(link));
      const tokens = (await broker.control('/several/ledger', 'GET')).counts.tokens_issued;
      const body = {
        auth_request_id: new URL(at.headers.get('location') ?? '').searchParams.get('auth_request_id'),
        identifier: 'ada',
        ...(mode === 'session' ? { code_verifier: verifier } : {}),
      };
      const answer = await broker.api('/v1/connected-accounts/verify', { body });
      expect(answer.body).toMatchObject({ status: 409, code: 'choice_required' });
      expect((await broker.control('/several/ledger', 'GET')).counts.tokens_issued).toBe(tokens + 1);
      const url = answer.body.post_user_verify_redirect_url;
      expect((await new Browser().follow(url, () => false)).html).not.toContain('/choose"');
      const page = await browser.follow(url, () => false);
      expect((await choose(browser, page, '0')).html).toContain('is connected');
      expect((await storedAccount(rows, id)).status).toBe('ACTIVE');
    }
  });

  it('a connection edited meanwhile ends the flow, and the token is given back (A06)', async () => {
    const name = await connection();
    const { link, id } = await mint(name);
    const { browser, page } = await arrive(link);
    const [found] = (await broker.api(`/v1/connections?name=${name}`)).body.items;
    const before = await revocations();
    const edit = { verification: { mode: 'app', user_verify_urls: ['http://127.0.0.1:9/verify'] } };
    expect((await broker.api(`/v1/connections/${found.id}`, { method: 'PATCH', body: edit })).status).toBe(200);
    expect((await choose(browser, page, '0')).url).toContain('r=consent_failed');
    expect((await storedAccount(rows, id)).status).toBe('PENDING_AUTH');
    expect(await revocations()).toBe(before + 1);
  });
});

it('a lookup without an answer says so, stores nothing and gives the token back', async () => {
  const name = await connection({}, 'nocloud');
  const { link, id } = await mint(name);
  const { page } = await arrive(link);
  expect(page.url).toContain('r=nothing_to_choose');
  expect(page.html).toContain('There is nothing to connect');
  expect(await storedAccount(rows, id)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });
  expect(await revocations('nocloud')).toBe(1);
});
