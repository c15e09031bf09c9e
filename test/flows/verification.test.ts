import { createHash, randomBytes } from 'node:crypto';
import { type Json, someKeys, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser, chatCodeIn } from './browser.ts';
import { openCredential, storedAccount } from './stored-account.ts';

const verifyUrl = 'http://127.0.0.1:9/verify';
let broker: TestBroker;
let rows: Rows;
const sandboxed = { linear: 'linear', datadog: 'datadog' } as const;
const verifications: Json = {
  app: { mode: 'app', user_verify_urls: [verifyUrl, 'https://app.example/a?b=c'] },
  session: { mode: 'session', user_verify_urls: [verifyUrl] },
  chat: { mode: 'chat' },
};

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  for (const [mode, verification] of Object.entries(verifications)) {
    for (const connector of Object.keys(sandboxed)) {
      const made = await broker.api('/v1/connections', { body: { name: `${connector}-${mode}`, connector, sandbox: true, verification } });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
    }
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const keys = () => ({ ...someKeys(), site: 'datadoghq.com' });

let people = 0;
const someone = () => `person-${++people}`;
const pkce = () => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};
const mint = (connection_name: string, identifier: string, more: Json = {}) =>
  broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier, ...more } });
const verify = (body: Json) => broker.api('/v1/connected-accounts/verify', { body });
const accountOf = async (identifier: string) => (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0];
const issued = async () => (await broker.control('/linear/ledger', 'GET')).counts.tokens_issued as number;
const calls = async () => (await broker.control('/datadog/ledger', 'GET')).counts.api_calls as number;
const parked = (accountId: string) =>
  rows.query<{ sealed_ct: Buffer | null; outcome: string | null; kind: string }>(
    'select sealed_ct, outcome, kind from verifications where connected_account_id = $1 order by id',
    [accountId],
  );

/** The browser after the provider, or after the key form: where the broker sends it. */
async function arriveParked(connector: string, link: string, browser = new Browser()): Promise<URL> {
  const response =
    connector === 'linear'
      ? await browser.request(await browser.toCallback(link))
      : await browser.submit(await browser.follow(link, () => false), keys(), '/key');
  expect(response.status).toBe(303);
  return new URL(response.headers.get('location') ?? '');
}

describe.each(['linear', 'datadog'])('%s', (connector) => {
  const used = connector === 'linear' ? issued : calls;

  describe('verified by the app', () => {
    it('nothing is exchanged until the app has named the person; then the account is ACTIVE', async () => {
      const identifier = someone();
      const before = await used();
      const { link } = (await mint(`${connector}-app`, identifier, { state: 'my state & more' })).body;
      const at = await arriveParked(connector, link);
      expect(`${at.origin}${at.pathname}`).toBe(verifyUrl);
      expect(at.searchParams.get('state')).toBe('my state & more');
      expect(await used()).toBe(before);
      const waiting = await accountOf(identifier);
      expect(waiting.status).toBe('PENDING_VERIFICATION');
      expect((await parked(waiting.id)).map((p) => [p.kind, p.outcome, p.sealed_ct !== null])).toEqual([['parked', null, true]]);

      const done = await verify({ auth_request_id: at.searchParams.get('auth_request_id'), identifier });
      expect(done.status, JSON.stringify(done.body)).toBe(200);
      expect(done.body.connected_account).toMatchObject({ id: waiting.id, status: 'ACTIVE', identifier });
      expect(await used()).toBeGreaterThan(before);
      expect(await openCredential(broker, await storedAccount(rows, waiting.id))).toBeDefined();
      expect((await parked(waiting.id))[0]).toMatchObject({ outcome: 'proven', sealed_ct: null });
      const page = await new Browser().follow(done.body.post_user_verify_redirect_url, () => false);
      expect(page.html).toContain('is connected');
    });

    it('A12: another identifier, or the same request twice, is refused; nothing is exchanged and the code is erased', async () => {
      const identifier = someone();
      const { link } = (await mint(`${connector}-app`, identifier)).body;
      const id = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      const before = await used();
      expect((await verify({ auth_request_id: id, identifier: someone() })).body).toMatchObject({
        code: 'verification_failed',
        status: 403,
      });
      const account = await accountOf(identifier);
      expect((await parked(account.id))[0]).toMatchObject({ outcome: 'refused', sealed_ct: null });
      expect(account).toMatchObject({ status: 'PENDING_AUTH', reason: 'never_connected' });
      expect((await verify({ auth_request_id: id, identifier })).status).toBe(403);
      expect(await used()).toBe(before);
      // The link itself was not used up: the right person still can.
      const again = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      expect((await verify({ auth_request_id: again, identifier })).status).toBe(200);
      expect((await verify({ auth_request_id: again, identifier })).status).toBe(403);
    });

    it('a code that nobody asks for is erased by the timer, and can no longer be redeemed', async () => {
      const identifier = someone();
      const { link } = (await mint(`${connector}-app`, identifier)).body;
      const id = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      const account = await accountOf(identifier);
      const [life] = await rows.query<{ s: number }>(
        'select extract(epoch from expires_at - created_at)::float8 as s from verifications where connected_account_id = $1',
        [account.id],
      );
      expect(life?.s).toBeLessThan(590);
      await rows.query("update verifications set expires_at = now() - interval '1 second' where connected_account_id = $1", [account.id]);
      await expect
        .poll(async () => (await parked(account.id))[0], { timeout: 20_000, interval: 200 })
        .toMatchObject({ outcome: 'expired', sealed_ct: null });
      expect((await verify({ auth_request_id: id, identifier })).status).toBe(403);
      expect((await accountOf(identifier)).status).toBe('PENDING_AUTH');
    });

    it('a second browser that parks takes the place of the first', async () => {
      const identifier = someone();
      const { link } = (await mint(`${connector}-app`, identifier)).body;
      const first = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      const second = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      expect((await verify({ auth_request_id: first, identifier })).status).toBe(403);
      expect((await verify({ auth_request_id: second, identifier })).status).toBe(200);
    });
  });

  describe('verified by the session', () => {
    it('needs the verifier of the very session that asked for the link', async () => {
      const identifier = someone();
      const [own, other] = [pkce(), pkce()];
      expect((await mint(`${connector}-session`, identifier)).body).toMatchObject({ code: 'invalid_request' });
      const { link } = (await mint(`${connector}-session`, identifier, { code_challenge: own.challenge })).body;
      const before = await used();
      for (const wrong of [other.verifier, undefined]) {
        const id = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
        expect((await verify({ auth_request_id: id, identifier, code_verifier: wrong })).status).toBe(403);
      }
      expect(await used()).toBe(before);
      const id = (await arriveParked(connector, link)).searchParams.get('auth_request_id');
      expect((await verify({ auth_request_id: id, identifier, code_verifier: own.verifier })).status).toBe(200);
      expect((await accountOf(identifier)).status).toBe('ACTIVE');
    });
  });

  describe('verified by chat', () => {
    const start = async (link: string, browser = new Browser()) => {
      const page = await browser.follow(link, () => false);
      expect(page.html).not.toMatch(/action="[^"]*\/(go|key)"/);
      await browser.submit(page, {}, '/ready');
      return { browser, code: chatCodeIn((await browser.follow(link, () => false)).html) as string };
    };
    const send = (connection_name: string, identifier: string, code: string) =>
      broker.api('/v1/connected-accounts/chat-code', { body: { connection_name, identifier, code } });

    it('the code that this browser shows, sent by the user, lets this browser go on, and no other', async () => {
      const identifier = someone();
      const { link } = (await mint(`${connector}-chat`, identifier)).body;
      const { browser, code } = await start(link);
      expect(code).toMatch(/^\d{6}$/);
      expect(chatCodeIn((await new Browser().follow(link, () => false)).html)).toBeUndefined();
      const sent = await send(`${connector}-chat`, identifier, code);
      expect(sent.status, JSON.stringify(sent.body)).toBe(200);
      expect((await new Browser().follow(link, () => false)).html).not.toMatch(/action="[^"]*\/(go|key)"/);
      const page =
        connector === 'linear'
          ? await browser.arrive(await browser.toCallback(link))
          : await browser.follow(
              new URL((await browser.submit(await browser.follow(link, () => false), keys(), '/key')).headers.get('location') ?? '', link)
                .href,
              () => false,
            );
      expect(page.html).toContain('is connected');
      expect((await accountOf(identifier)).status).toBe('ACTIVE');
    });

    it('three wrong codes end it, also for the right one; so do five minutes and a newer browser', async () => {
      const identifier = someone();
      const { link } = (await mint(`${connector}-chat`, identifier)).body;
      const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
      const tried = await start(link);
      for (let i = 0; i < 3; i++) expect((await send(`${connector}-chat`, identifier, wrong(tried.code))).status).toBe(403);
      expect((await send(`${connector}-chat`, identifier, tried.code)).status).toBe(403);
      expect((await tried.browser.follow(link, () => false)).html).toContain('Too many wrong codes');

      const late = await start(link);
      const account = await accountOf(identifier);
      await rows.query('update verifications set expires_at = now() where connected_account_id = $1 and outcome is null', [account.id]);
      expect((await send(`${connector}-chat`, identifier, late.code)).status).toBe(403);

      const [older, newer] = [await start(link), await start(link)];
      if (older.code !== newer.code) expect((await send(`${connector}-chat`, identifier, older.code)).status).toBe(403);
      expect((await send(`${connector}-chat`, identifier, newer.code)).status).toBe(200);
      expect((await older.browser.follow(link, () => false)).html).not.toMatch(/action="[^"]*\/(go|key)"/);
    });

    it('a form posted before the proof starts nothing and tries no key', async () => {
      const { link } = (await mint(`${connector}-chat`, someone())).body;
      const browser = new Browser();
      const page = await browser.follow(link, () => false);
      const before = await used();
      const forged = { ...page, html: page.html.replace('/ready"', connector === 'linear' ? '/go"' : '/key"') };
      const answer = await browser.submit(forged, keys());
      expect([answer.status, answer.headers.get('location')]).toEqual([303, new URL(link).pathname]);
      expect(await used()).toBe(before);
    });
  });
});
