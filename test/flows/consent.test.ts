import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  await incidentSetting(broker);
  await broker.token();
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let people = 0;
/** A link for somebody who was never here before. */
async function newLink(
  connection_name: string,
  identifier = `person-${++people}`,
): Promise<{ link: string; identifier: string; accountId: string }> {
  const made = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } });
  const found = await broker.api(`/v1/connected-accounts?identifier=${identifier}&connection_name=${connection_name}`);
  return { link: made.body.link, identifier, accountId: found.body.items[0].id };
}

const account = (id: string) => storedAccount(rows, id);
const counts = async (connector: string): Promise<Json> => (await broker.control(`/${connector}/ledger`, 'GET')).counts;
const events = async (id: string) =>
  (await rows.query<{ action: string }>('select action from audit_events where target_id = $1 order by id', [id])).map((r) => r.action);
const outcomeOf = (url: string) => new URL(url).searchParams.get('r');

/** What earlier tests gave back to a provider may still be on its way, or be tried again by the sweep, on a machine that is slow. */
const givenBack = () =>
  expect.poll(async () => (await rows.query("select id from revocations where status = 'pending'")).length, soon).toBe(0);
const soon = { timeout: 25_000, interval: 50 };

/** Runs `deed` and expects that no token was exchanged and no table changed but those. */
async function leavesAlone(connector: string, deed: () => Promise<unknown>, mayChange: string[] = []): Promise<void> {
  await givenBack();
  const [before, tokens] = [await rows.checksums(), (await counts(connector)).tokens_issued];
  await deed();
  expect(changed(before, await rows.checksums()).filter((table) => !mayChange.includes(table))).toEqual([]);
  expect((await counts(connector)).tokens_issued).toBe(tokens);
}

describe('A17: looking at a link', () => {
  it('changes nothing, however often previews and scanners do', async () => {
    const { link } = await newLink('linear');
    await leavesAlone('linear', async () => {
      for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(link, { method })).status).toBe(200);
      expect((await fetch(`${link}/done`)).status).toBe(200);
    });
  });
});

describe('a person who says no', () => {
  it('is told so, nothing is connected, and the same link still works', async () => {
    const { link, accountId } = await newLink('linear');
    const page = await broker.connect(link, { decision: 'deny' });
    expect(outcomeOf(page.url)).toBe('consent_denied');
    expect(page.html).not.toContain('is connected');
    expect(await account(accountId)).toMatchObject({ status: 'PENDING_AUTH', reason: 'never_connected', credential_ct: null });
    expect(await events(accountId)).toEqual(['authorization_link.created', 'authorization.started', 'authorization.denied']);
    expect((await broker.connect(link)).html).toContain('Linear is connected');
    expect(await account(accountId)).toMatchObject({ status: 'ACTIVE', reason: null });
  });
});

describe('the provider’s answer', () => {
  it('A08: is refused with a state that is forged, missing, given twice or far too long', async () => {
    const { link } = await newLink('linear');
    const callback = new URL(await new Browser().toCallback(link));
    const variants: [string, (query: URLSearchParams) => void][] = [
      ['forged', (q) => q.set('state', 'A'.repeat(43))],
      ['missing', (q) => q.delete('state')],
      ['twice', (q) => q.append('state', 'other')],
      ['too long', (q) => q.set('state', 'x'.repeat(5000))],
      ['with U+0000', (q) => q.set('state', '\0')],
    ];
    for (const [name, change] of variants) {
      const url = new URL(callback);
      change(url.searchParams);
      await leavesAlone('linear', async () => {
        const page = await new Browser().request(url.href);
        expect(page.status, name).toBe(400);
        expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      });
    }
  });

  it('A08, A10: is used up by its first use: a replay is refused and changes nothing', async () => {
    const { link, accountId } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    const thief = browser.copy();
    expect((await browser.arrive(callback)).html).toContain('Linear is connected');
    const before = await account(accountId);
    for (const again of [browser, thief]) {
      await leavesAlone('linear', async () => expect((await again.request(callback)).status).toBe(400));
    }
    expect(await account(accountId)).toEqual(before);
  });

  it('A08, A10: that comes twice at once is taken once', async () => {
    const { link } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    const { tokens_issued } = await counts('linear');
    const answers = await Promise.all([1, 2, 3, 4].map(() => browser.request(callback)));
    expect(answers.map((a) => a.status).sort()).toEqual([303, 400, 400, 400]);
    expect((await counts('linear')).tokens_issued).toBe(tokens_issued + 1);
  });

  it('A08: is refused after the person took too long', async () => {
    const { link } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    await rows.query("update consent_sessions set expires_at = now() - interval '1 second' where used_at is null");
    await leavesAlone('linear', async () => expect((await browser.request(callback)).status).toBe(400));
  });

  it('A06: is refused at another connection’s callback, and still good at its own', async () => {
    const { link, accountId } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    const slack = await broker.api('/v1/connections?name=slack');
    const elsewhere = callback.replace(/callback\/con_[^?]+/, `callback/${slack.body.items[0].id}`);
    expect(elsewhere).not.toBe(callback);
    await leavesAlone('linear', async () => expect((await browser.request(elsewhere)).status).toBe(400));
    expect((await browser.arrive(callback)).html).toContain('Linear is connected');
    expect((await account(accountId)).status).toBe('ACTIVE');
  });

  it('A04, A08: is refused in another browser, and still good in the one that started', async () => {
    const { link, accountId } = await newLink('linear');
    const [ada, eve] = [new Browser(), new Browser()];
    const callback = await ada.toCallback(link);
    // Eve has a consent of her own under way, so that she has a cookie too.
    await eve.toCallback((await newLink('linear')).link);
    for (const stranger of [eve, new Browser()]) {
      await leavesAlone('linear', async () => expect((await stranger.request(callback)).status).toBe(400));
    }
    await leavesAlone('linear', async () => expect((await ada.request(callback, { method: 'HEAD' })).status).toBe(400));
    expect((await ada.arrive(callback)).html).toContain('Linear is connected');
    expect((await account(accountId)).status).toBe('ACTIVE');
  });

  it.each([
    ['access_denied', 'consent_denied', 'authorization.denied'],
    ['server_error', 'consent_failed', 'authorization.failed'],
    ['<script>alert(1)</script>', 'consent_failed', 'authorization.failed'],
  ])('error=%s ends in %s without an exchange', async (error, outcome, action) => {
    const { link, accountId } = await newLink('linear');
    const browser = new Browser();
    const callback = new URL(await browser.toCallback(link));
    callback.searchParams.delete('code');
    callback.searchParams.set('error', error);
    await leavesAlone('linear', async () => {
      const page = await browser.arrive(callback.href);
      expect(outcomeOf(page.url)).toBe(outcome);
      expect(page.html).not.toContain('<script>');
    }, ['consent_sessions', 'audit_events']);
    expect((await events(accountId)).at(-1)).toBe(action);
  });

  it('without a code, or with a code that the provider never gave, connects nothing', async () => {
    for (const code of [undefined, 'forged-code']) {
      const { link, accountId } = await newLink('linear');
      const browser = new Browser();
      const callback = new URL(await browser.toCallback(link));
      callback.searchParams.delete('code');
      if (code !== undefined) callback.searchParams.set('code', code);
      expect(outcomeOf((await browser.arrive(callback.href)).url)).toBe('consent_failed');
      expect(await account(accountId)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });
    }
  });

  it('A06: for an app that was exchanged meanwhile is not redeemed', async () => {
    const { link } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    const [before] = await rows.query<{ id: string; client_id: string }>("select id, client_id from connections where name = 'linear'");
    await rows.query("update connections set client_id = 'another app' where id = $1", [before?.id]);
    try {
      const { tokens_issued, token_refusals } = await counts('linear');
      expect(outcomeOf((await browser.arrive(callback)).url)).toBe('consent_failed');
      expect(await counts('linear')).toMatchObject({ tokens_issued, token_refusals });
    } finally {
      await rows.query('update connections set client_id = $2 where id = $1', [before?.id, before?.client_id]);
    }
  });

  it('comes to nothing while the token endpoint fails; afterwards the same link works', async () => {
    const { link, accountId } = await newLink('linear');
    await broker.control('/linear/knobs', 'PUT', { where: 'token', fail: '500' });
    try {
      expect(outcomeOf((await broker.connect(link)).url)).toBe('consent_failed');
    } finally {
      await broker.control('/linear/knobs', 'DELETE');
    }
    expect(await account(accountId)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });
    expect((await broker.connect(link)).html).toContain('Linear is connected');
  });

  it('whose account cannot be identified is given back to the provider', async () => {
    const { link, accountId } = await newLink('linear');
    await givenBack();
    const { revocations } = await counts('linear');
    await broker.control('/linear/knobs', 'PUT', { where: 'api', fail: '500' });
    try {
      expect(outcomeOf((await broker.connect(link)).url)).toBe('provider_unavailable');
    } finally {
      await broker.control('/linear/knobs', 'DELETE');
    }
    expect(await account(accountId)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });
    await givenBack();
    expect((await counts('linear')).revocations).toBe(revocations + 1);
  });
});

describe('a link', () => {
  it('that has expired opens nothing, shows no form and starts nothing', async () => {
    const { link, accountId } = await newLink('linear');
    const browser = new Browser();
    const landing = await browser.follow(link, () => false);
    await rows.query('update authorization_links set expires_at = now() where connected_account_id = $1', [accountId]);
    await leavesAlone('linear', async () => {
      const page = await browser.follow(link, () => false);
      expect(page.status).toBe(410);
      expect(page.html).not.toContain('<form');
      // The page was open already when the link expired.
      const late = await browser.submit(landing, {}, '/go');
      expect(late.headers.get('location')).toBe(new URL(link).pathname);
    });
  });

  it('that expires while the person is at the provider connects nothing', async () => {
    const { link, accountId } = await newLink('linear');
    const browser = new Browser();
    const callback = await browser.toCallback(link);
    await rows.query('update authorization_links set expires_at = now() where connected_account_id = $1', [accountId]);
    await leavesAlone('linear', async () => expect((await browser.arrive(callback)).html).not.toContain('is connected'), [
      'consent_sessions',
      'audit_events',
    ]);
    expect((await account(accountId)).status).toBe('PENDING_AUTH');
  });

  it('that was used is used up, also for a browser that was under way with it', async () => {
    const { link, accountId } = await newLink('linear');
    const [first, second] = [new Browser(), new Browser()];
    const late = await second.toCallback(link, 'allow', 'bob@example.test');
    await first.arrive(await first.toCallback(link));
    const before = await account(accountId);
    expect(before.status).toBe('ACTIVE');
    expect((await first.follow(link, () => false)).status).toBe(410);
    await leavesAlone('linear', () => second.arrive(late), ['consent_sessions', 'audit_events']);
    expect(await account(accountId)).toEqual(before);
  });

  it('is the same one for everybody who asks, until it was used', async () => {
    const { link, identifier, accountId } = await newLink('slack');
    const again = await Promise.all([1, 2, 3, 4, 5].map(() => newLink('slack', identifier)));
    expect(new Set(again.map((a) => a.link))).toEqual(new Set([link]));
    await broker.connect(link);
    const next = await newLink('slack', identifier);
    expect(next.accountId).toBe(accountId);
    expect(next.link).not.toBe(link);
  });

  it('with one changed character is no link', async () => {
    const { link } = await newLink('slack');
    const at = link.length - 12;
    const changedLink = link.slice(0, at) + (link[at] === 'a' ? 'b' : 'a') + link.slice(at + 1);
    for (const wrong of [changedLink, link.slice(0, -1), `${link}0`, link.replace('gwln_', 'gwmcp_')]) {
      expect((await fetch(wrong)).status, wrong.replace(/_.*/, '')).toBe(404);
    }
  });
});

describe('consent again', () => {
  it.each(['linear', 'slack'])(
    'as another %s account is refused: the old credential stays, the new token is revoked',
    async (connector) => {
      const { link, identifier, accountId } = await newLink(connector);
      await broker.connect(link, { account: 'ada@example.test' });
      const before = await account(accountId);
      const credential = await openCredential(broker, before);
      await givenBack();
      const { revocations } = await counts(connector);

      const again = await newLink(connector, identifier);
      const page = await broker.connect(again.link, { account: 'bob@example.test' });
      expect(outcomeOf(page.url)).toBe('account_changed');
      const after = await account(accountId);
      expect(after).toEqual(before);
      expect(await openCredential(broker, after)).toEqual(credential);
      await givenBack();
      expect((await counts(connector)).revocations).toBe(revocations + 1);
      expect((await events(accountId)).at(-1)).toBe('authorization.failed');
      const tool = connector === 'linear' ? 'linear_teams_list' : 'slack_list_channels';
      expect((await broker.api(`/v1/tools/${tool}/execute`, { body: { identifier } })).status).toBe(200);
    },
  );

  it('as the same account renews the credential', async () => {
    const { link, identifier, accountId } = await newLink('linear');
    await broker.connect(link);
    const before = await account(accountId);
    const page = await broker.connect((await newLink('linear', identifier)).link);
    expect(page.html).toContain('Linear is connected');
    const after = await account(accountId);
    expect(after.grant_id).not.toBe(before.grant_id);
    expect(Number(after.generation)).toBe(Number(before.generation) + 1);
    expect(after.provider_account_id).toBe(before.provider_account_id);
  });

  it('as another account is fine after the first one was disconnected', async () => {
    const { link, identifier, accountId } = await newLink('linear');
    await broker.connect(link, { account: 'ada@example.test' });
    const before = await account(accountId);
    expect((await broker.api(`/v1/connected-accounts/${accountId}`, { method: 'DELETE' })).status).toBe(204);
    await broker.connect((await newLink('linear', identifier)).link, { account: 'bob@example.test' });
    const after = await account(accountId);
    expect(after.status).toBe('ACTIVE');
    expect(after.provider_account_id).not.toBe(before.provider_account_id);
  });
});

describe('a key', () => {
  it('that the provider does not take is not stored, and the form can be filled in again', async () => {
    const { link, accountId } = await newLink('datadog');
    const refused = await broker.connectKey(link, { api_key: 'invalid'.repeat(5), application_key: 'b'.repeat(40) });
    expect(refused.status).toBe(422);
    expect(refused.html).not.toContain('invalid'.repeat(5));
    expect(await account(accountId)).toMatchObject({ status: 'PENDING_AUTH', credential_ct: null });
    expect((await broker.connectKey(link)).html).toContain('Datadog is connected');
    expect(await account(accountId)).toMatchObject({ status: 'ACTIVE' });
    expect(await broker.connectKey(link).catch((error: Error) => error.message)).toContain('no form');
  });

  it('form with a missing or impossible value is refused before anything is sent', async () => {
    const { link } = await newLink('datadog');
    const { api_calls } = await counts('datadog');
    for (const fields of [
      { api_key: '', application_key: 'b'.repeat(40) },
      { api_key: 'white space', application_key: 'b'.repeat(40) },
      { api_key: 'a'.repeat(5000), application_key: 'b'.repeat(40) },
    ]) {
      await leavesAlone('datadog', async () => expect((await broker.connectKey(link, fields)).status).toBe(422));
    }
    expect((await counts('datadog')).api_calls).toBe(api_calls);
  });
});
