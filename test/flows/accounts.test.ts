import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser, chatCodeIn } from './browser.ts';
import { storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  await newConnection('linear');
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
const someone = () => `person-${++made}`;
async function newConnection(name: string, more: Json = {}, connector = 'linear'): Promise<void> {
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}
const mint = (identifier: string, more: Json = {}) =>
  broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'linear', identifier, ...more } });
const accounts = async (identifier: string, more = ''): Promise<Json[]> =>
  (await broker.api(`/v1/connected-accounts?identifier=${identifier}${more}`)).body.items.reverse();
const labelled = async (identifier: string, label: string): Promise<Json> =>
  (await accounts(identifier, `&label=${encodeURIComponent(label)}`))[0];
const patch = (id: string, body: Json, more: Json = {}) => broker.api(`/v1/connected-accounts/${id}`, { method: 'PATCH', body, ...more });
const remove = (id: string) => broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' });
const outcomeOf = (url: string) => new URL(url).searchParams.get('r');
const counts = async (): Promise<Json> => (await broker.control('/linear/ledger', 'GET')).counts;
const defaults = async (identifier: string) => (await accounts(identifier, '&default=true')).map((account) => account.label);

/** What such a request would write; revocations of earlier tests may still be going on beside it. */
const standing = async () => {
  const { connected_accounts, authorization_links, users, events } = await rows.checksums();
  return { connected_accounts, authorization_links, users, events };
};

async function connect(identifier: string, account: string, more: Json = {}): Promise<{ url: string; html: string }> {
  const { status, body } = await mint(identifier, more);
  expect(status, JSON.stringify(body)).toBe(200);
  return broker.connect(body.link, { account });
}

/** Two accounts: work (the default) and home. */
async function personWithTwo(): Promise<string> {
  const identifier = someone();
  await connect(identifier, 'ada@work.example', { account_label: 'work' });
  await connect(identifier, 'ada@home.example', { account_label: 'home' });
  return identifier;
}

/** Whose account the provider was called with. */
const me = (users: Json[]) => users.find((user) => user.is_me)?.email;
async function execute(identifier: string, more: Json = {}): Promise<Json> {
  return (await broker.api('/v1/tools/linear_users_list/execute', { body: { connection_name: 'linear', identifier, ...more } })).body;
}
const used = async (identifier: string, more: Json = {}) => {
  const answer = await execute(identifier, more);
  return answer.output === undefined ? answer.code : me(answer.output.users);
};

describe('several accounts of one user on one connection', () => {
  it('have labels, one default, and a credential each; what names none means the default', async () => {
    const identifier = await personWithTwo();
    expect(await accounts(identifier)).toMatchObject([
      { label: 'work', default: true, owner: 'user', status: 'ACTIVE', identifier },
      { label: 'home', default: false, owner: 'user', status: 'ACTIVE', identifier },
    ]);
    const by = { identifier, client_id: broker.client.clientId };
    expect((await accounts(identifier)).map((account) => account.connected_by)).toEqual([by, by]);
    expect(await used(identifier)).toBe('ada@work.example');
    expect(await used(identifier, { account_label: 'home' })).toBe('ada@home.example');
    const home = await labelled(identifier, 'home');
    expect(await used(identifier, { connected_account_id: home.id })).toBe('ada@home.example');
    const calls = (await broker.api(`/v1/tool-calls?connected_account_id=${home.id}`)).body.items;
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatchObject({ connected_account_id: home.id, account_label: 'home', outcome: 'success' });
  });

  it('a first account is called as its provider calls it, and a second one of the same name is told apart', async () => {
    const identifier = someone();
    await connect(identifier, 'ada@one.example');
    expect((await accounts(identifier))[0]).toMatchObject({ label: 'Ada @ Acme', default: true });
    await newConnection('linear-same', { on_account_change: 'confirm_or_add' });
    await connect(identifier, 'ada@one.example', { connection_name: 'linear-same' });
    const { link } = (await mint(identifier, { connection_name: 'linear-same' })).body;
    const browser = new Browser();
    const page = await browser.arrive(await browser.toCallback(link, 'allow', 'ada@two.example'));
    await browser.submit(page, { as: 'another' }, '/replace');
    expect((await accounts(identifier, '&connection_name=linear-same')).map((account) => account.label)).toEqual([
      'Ada @ Acme',
      'Ada @ Acme (2)',
    ]);
  });

  it('a provider’s label is made one of ours: short, and without what cannot be seen', async () => {
    const identifier = someone();
    await connect(identifier, `x\u202e${'é😀'.repeat(30)}`);
    const [{ label, provider_account }] = (await accounts(identifier)) as [Json];
    expect(provider_account.label).toContain('\u202e');
    expect(label).not.toContain('\u202e');
    expect(label.length).toBeLessThanOrEqual(64);
    expect(label.isWellFormed()).toBe(true);
    expect(await used(identifier, { account_label: label })).toMatch(/@/);
  });

  it('the account that waits since ensure_instance takes the first label, so that nobody connects in vain', async () => {
    const identifier = someone();
    const plain = (await mint(identifier)).body;
    const work = (await mint(identifier, { account_label: 'work' })).body;
    expect(work).toEqual(plain);
    const home = (await mint(identifier, { account_label: 'home' })).body;
    expect(home.connected_account_id).not.toBe(work.connected_account_id);
    // The same label again is the same account and the same link.
    expect((await mint(identifier, { account_label: 'home' })).body).toEqual(home);
    // A default that nobody has connected gives way to the first one that is.
    await broker.connect(home.link, { account: 'ada@home.example' });
    expect(await defaults(identifier)).toEqual(['home']);
    await broker.connect(work.link, { account: 'ada@work.example' });
    expect(await defaults(identifier)).toEqual(['home']);
    expect(await accounts(identifier)).toHaveLength(2);
  });

  it('a renewed account keeps its label and its place', async () => {
    const identifier = await personWithTwo();
    const before = await labelled(identifier, 'home');
    await connect(identifier, 'ada@home.example', { account_label: 'home' });
    const after = await labelled(identifier, 'home');
    expect(after).toMatchObject({ id: before.id, default: false, status: 'ACTIVE' });
    expect(after.status_changed_at).not.toBe(before.status_changed_at);
    expect(await defaults(identifier)).toEqual(['work']);
  });

  it('one provider account is not connected under two labels; the new token is not kept, the first one lives', async () => {
    const identifier = await personWithTwo();
    const page = await connect(identifier, 'ada@work.example', { account_label: 'third' });
    expect(outcomeOf(page.url)).toBe('account_already_connected');
    expect(page.html).toContain('connected already');
    expect(await labelled(identifier, 'third')).toMatchObject({ status: 'PENDING_AUTH', provider_account: null });
    const third = await labelled(identifier, 'third');
    // To give it back could end the account that is connected: the vendor may take it for the whole of what the person granted.
    const [receipt] = (await broker.api(`/v1/revocations?connected_account_id=${third.id}`)).body.items;
    expect(receipt).toMatchObject({ cause: 'abandoned', status: 'unproven', detail: expect.stringContaining('left to expire') });
    expect(await used(identifier)).toBe('ada@work.example');
  });

  it('a label is one of the owner’s on the connection, plain to see, and no id', async () => {
    const identifier = await personWithTwo();
    const [work, home] = await accounts(identifier);
    expect(await patch(home.id, { label: 'work' })).toMatchObject({ status: 409, body: { code: 'name_taken' } });
    expect((await patch(home.id, { label: 'Privat ✓' })).body).toMatchObject({ label: 'Privat ✓', default: false });
    // Another user and another connection have labels of their own.
    const other = await personWithTwo();
    expect((await accounts(other)).map((account) => account.label)).toEqual(['work', 'home']);
    const before = await standing();
    for (const label of ['', ' work', 'a\u200bb', 'e\u0301', work.id, 'x'.repeat(65), 'a\nb', 7]) {
      expect((await patch(home.id, { label })).body, String(label)).toMatchObject({ code: 'invalid_request' });
      expect((await mint(identifier, { account_label: label })).body).toMatchObject({ code: 'invalid_request' });
    }
    expect((await patch(home.id, {})).body).toMatchObject({ code: 'invalid_request' });
    expect((await patch(home.id, { default: false })).body).toMatchObject({ code: 'invalid_request' });
    expect(await standing()).toEqual(before);
  });

  it('the default is moved by PATCH, tells so in audit and events, and by DELETE to the oldest one in use', async () => {
    const identifier = await personWithTwo();
    await connect(identifier, 'ada@third.example', { account_label: 'third' });
    const [work, home, third] = await accounts(identifier);
    expect((await patch(third.id, { default: true })).body).toMatchObject({ default: true });
    expect(await defaults(identifier)).toEqual(['third']);
    expect(await used(identifier)).toBe('ada@third.example');
    const events = (await broker.api(`/v1/events?connected_account_id=${third.id}`)).body.items;
    expect(events[0]).toMatchObject({
      type: 'connected_account.updated',
      data: { changed: ['default'], account_label: 'third', account_owner: 'user' },
    });
    const audit = (await broker.api(`/v1/audit-events?target_id=${third.id}`)).body.items;
    expect(audit[0]).toMatchObject({ action: 'connected_account.updated', details: { changed: ['default'] } });

    // work is older than home, but its provider has ended it: whatever is in use comes first.
    await rows.query("update connected_accounts set status = 'REVOKED', reason = 'revoked_by_provider' where id = $1", [work.id]);
    expect((await remove(third.id)).status).toBe(204);
    expect(await defaults(identifier)).toEqual(['home']);
    expect((await broker.api(`/v1/audit-events?target_id=${third.id}`)).body.items).toContainEqual(
      expect.objectContaining({ action: 'connected_account.deleted', details: { from: 'ACTIVE', default_passed_to: home.id } }),
    );
    // One that is not the default passes nothing on; the last one keeps it.
    expect((await remove(work.id)).status).toBe(204);
    expect(await defaults(identifier)).toEqual(['home']);
    expect((await remove(home.id)).status).toBe(204);
    expect(await defaults(identifier)).toEqual(['home']);
    expect((await remove(home.id)).status).toBe(204);
    // A deleted account cannot be named; its label connects it again, and then it is what a call means.
    expect(await used(identifier, { account_label: 'third' })).toBe('unknown_account');
    await connect(identifier, 'ada@third.example', { account_label: 'third' });
    expect((await labelled(identifier, 'third')).id).toBe(third.id);
    expect(await defaults(identifier)).toEqual(['third']);
  });

  it('an account that its provider ends keeps its place: no call goes to another account by itself', async () => {
    const identifier = await personWithTwo();
    const [work] = await accounts(identifier);
    await rows.query("update connected_accounts set status = 'REVOKED', reason = 'revoked_by_provider' where id = $1", [work.id]);
    expect(await defaults(identifier)).toEqual(['work']);
    const answer = await execute(identifier);
    expect(answer).toMatchObject({ code: 'authorization_required', connected_account_id: work.id });
    expect((await new Browser().follow(answer.authentication_link, () => false)).html).toContain('<strong><bdi>work</bdi></strong>');
    expect(await used(identifier, { account_label: 'home' })).toBe('ada@home.example');
  });

  it('one that was connected before there were labels is called as its provider calls it, and is its user’s own doing', async () => {
    const identifier = someone();
    await connect(identifier, 'ada@old.example');
    await rows.query(
      `update connected_accounts set label = null, connected_by_user_id = null, connected_by_client_id = null
         where user_id = (select id from users where identifier = $1)`,
      [identifier],
    );
    const [old] = (await accounts(identifier)) as [Json];
    expect(old).toMatchObject({ label: 'Ada @ Acme', default: true, connected_by: { identifier, client_id: null } });
    expect(await used(identifier, { account_label: 'Ada @ Acme' })).toBe('ada@old.example');
    // Its name is taken all the same.
    expect((await mint(identifier, { account_label: 'Ada @ Acme' })).body.connected_account_id).toBe(old.id);
    await connect(identifier, 'ada@new.example', { account_label: 'new' });
    const other = await labelled(identifier, 'new');
    expect((await patch(other.id, { label: 'Ada @ Acme' })).body.code).toBe('name_taken');
  });

  it('ensure_instance answers the default account each time, and a link only while that is not connected', async () => {
    await broker.api('/v1/mcp-configs', { body: { name: 'ensured', connection_tool_mappings: [{ connection_name: 'linear' }] } });
    const identifier = someone();
    const ensure = async () =>
      (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'ensured', user_identifier: identifier } })).body;
    const first = await ensure();
    expect((await ensure()).connections).toEqual(first.connections);
    await connect(identifier, 'ada@work.example', { account_label: 'work' });
    await mint(identifier, { account_label: 'home' });
    const [{ id }] = (await accounts(identifier, '&default=true')) as [Json];
    const second = await ensure();
    expect(second.url).toBe(first.url);
    // The other account still waits; nothing that this instance needs does.
    expect(second.connections).toMatchObject([{ connected_account_id: id, account_owner: 'user', authentication_link: null }]);
    await rows.query("update connected_accounts set status = 'REVOKED', reason = 'revoked_by_provider' where id = $1", [id]);
    const third = await ensure();
    expect(third.connections[0]).toMatchObject({ connected_account_id: id, authentication_link: expect.stringContaining('/connect/') });
    expect((await ensure()).connections).toEqual(third.connections);
    expect(await accounts(identifier)).toHaveLength(2);
  });

  it('one owner has 20 at most on a connection', async () => {
    const identifier = someone();
    for (let n = 0; n < 20; n++) expect((await mint(identifier, { account_label: `a-${n}` })).status).toBe(200);
    expect((await mint(identifier, { account_label: 'a-20' })).body).toMatchObject({ status: 409, code: 'account_limit' });
    expect((await mint(identifier, { account_label: 'a-3' })).status).toBe(200);
    const all = await accounts(identifier, '&limit=100');
    expect(all).toHaveLength(20);
    await remove(all[4].id);
    expect((await mint(identifier, { account_label: 'a-20' })).status).toBe(200);
    // One that was disconnected takes its place again only where there is one.
    expect((await mint(identifier, { account_label: all[4].label })).body).toMatchObject({ code: 'account_limit' });
  });

  it('belong to their user alone: another’s label or id answers like one that does not exist', async () => {
    const [mine, theirs] = [await personWithTwo(), someone()];
    await connect(theirs, 'bob@acme.example', { account_label: 'secret-plan' });
    const [account] = await accounts(theirs);
    const missing = `${account.id.slice(0, -4)}0000`;
    const plain = (answer: Json, name: string) =>
      JSON.stringify(answer)
        .replaceAll(name, 'NAME')
        .replaceAll(/req_\w+/g, 'R')
        .replaceAll(/tc_\w+/g, 'C');
    const byId = await execute(mine, { connected_account_id: account.id });
    expect(byId).toMatchObject({ status: 422, code: 'unknown_account' });
    expect(plain(byId, account.id)).toBe(plain(await execute(mine, { connected_account_id: missing }), missing));
    const byLabel = await execute(mine, { account_label: 'secret-plan' });
    expect(byLabel.code).toBe('unknown_account');
    expect(plain(byLabel, 'secret-plan')).toBe(plain(await execute(mine, { account_label: 'nothing-plan' }), 'nothing-plan'));
    expect(JSON.stringify(byId)).not.toContain('secret-plan');
    expect(await execute(mine, { account_label: 'home', connected_account_id: account.id })).toMatchObject({ code: 'invalid_request' });
  });

  it('are suspended and forgotten with their user', async () => {
    const identifier = await personWithTwo();
    await broker.api(`/v1/users/${identifier}`, { method: 'PATCH', body: { suspended: true } });
    expect(await used(identifier, { account_label: 'home' })).toBe('user_suspended');
    expect((await mint(identifier, { account_label: 'third' })).body).toMatchObject({ code: 'user_suspended' });
    await broker.api(`/v1/users/${identifier}`, { method: 'PATCH', body: { suspended: false } });
    expect(await used(identifier, { account_label: 'home' })).toBe('ada@home.example');
    const { revocations } = await counts();
    expect((await broker.api(`/v1/users/${identifier}`, { method: 'DELETE' })).status).toBe(204);
    expect(await accounts(identifier)).toEqual([]);
    expect((await counts()).revocations).toBe(revocations + 2);
  });
});

describe('at the same time', () => {
  it('two consents make two accounts and one default', async () => {
    for (let round = 0; round < 5; round++) {
      const identifier = someone();
      const links = await Promise.all(['work', 'home'].map(async (label) => (await mint(identifier, { account_label: label })).body.link));
      await Promise.all(links.map((link, i) => broker.connect(link, { account: `ada@${i}.example` })));
      const both = await accounts(identifier);
      expect(both.map((account) => account.status)).toEqual(['ACTIVE', 'ACTIVE']);
      expect(both.filter((account) => account.default)).toHaveLength(1);
    }
  });

  it('two consents of one provider account leave one of them', async () => {
    const identifier = someone();
    const links = await Promise.all(['work', 'home'].map(async (label) => (await mint(identifier, { account_label: label })).body.link));
    const pages = await Promise.all(links.map((link) => broker.connect(link, { account: 'ada@same.example' })));
    expect(pages.map((page) => outcomeOf(page.url)).sort()).toEqual(['account_already_connected', null]);
    expect((await accounts(identifier)).filter((account) => account.status === 'ACTIVE')).toHaveLength(1);
    expect((await accounts(identifier, '&default=true')).map((account) => account.status)).toEqual(['ACTIVE']);
  });

  it('the same new label asked for many times is one account', async () => {
    const identifier = someone();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => mint(identifier, { account_label: i % 2 === 0 ? 'a' : 'b' })));
    expect(new Set(answers.map((answer) => answer.body.link)).size).toBe(2);
    expect(await accounts(identifier)).toHaveLength(2);
    expect(await defaults(identifier)).toHaveLength(1);
  });

  it('changes and ends of defaults leave exactly one', async () => {
    const identifier = await personWithTwo();
    await connect(identifier, 'ada@third.example', { account_label: 'third' });
    const all = await accounts(identifier);
    const answers = await Promise.all([
      ...Array.from({ length: 12 }, (_, i) => patch(all[i % 3].id, { default: true })),
      remove(all[0].id),
      connect(identifier, 'ada@home.example', { account_label: 'home' }),
    ]);
    for (const answer of answers) if ('status' in answer) expect([200, 204]).toContain(answer.status);
    expect(await defaults(identifier)).toHaveLength(1);
  });

  it('the database itself refuses a second default and a second label', async () => {
    const identifier = await personWithTwo();
    const [work, home] = await accounts(identifier);
    await expect(rows.query('update connected_accounts set is_default = true where id = $1', [home.id])).rejects.toThrow(
      /connected_accounts_default/,
    );
    await expect(rows.query("update connected_accounts set label = 'work' where id = $1", [home.id])).rejects.toThrow(
      /connected_accounts_label/,
    );
    expect(work.default).toBe(true);
  });
});

describe('an account of another name, offered where a re-authorization lands on it', () => {
  async function landsElsewhere(on_account_change: string) {
    const connection_name = `linear-${++made}`;
    await newConnection(connection_name, { on_account_change });
    const identifier = someone();
    await connect(identifier, 'ada@acme.example', { connection_name });
    const [first] = await accounts(identifier);
    const { link } = (await mint(identifier, { connection_name })).body;
    const browser = new Browser();
    const page = await browser.arrive(await browser.toCallback(link, 'allow', 'bob@acme.example'));
    return { identifier, first, link, browser, page };
  }

  it('stands beside the one from before, which is untouched and stays the default', async () => {
    const { identifier, first, link, browser, page } = await landsElsewhere('confirm_or_add');
    expect(page.html).toContain('Keep both');
    const before = await storedAccount(rows, first.id);
    const answer = await browser.submit(page, { as: 'another' }, '/replace');
    expect(answer.status).toBe(303);
    expect(await storedAccount(rows, first.id)).toEqual(before);
    const [, second] = await accounts(identifier);
    expect(second).toMatchObject({ label: 'Bob @ Acme', default: false, status: 'ACTIVE', provider_account: { label: 'Bob @ Acme' } });
    expect(second.connected_by).toEqual({ identifier, client_id: broker.client.clientId });
    // The used link tells what it has connected, and connects nothing more.
    expect((await browser.follow(`${link}/done`, () => false)).html).toContain('Bob @ Acme');
    await browser.submit(page, { as: 'another' }, '/replace');
    expect(await accounts(identifier)).toHaveLength(2);
    const audit = (await broker.api(`/v1/audit-events?target_id=${second.id}`)).body.items.map((event: Json) => event.action);
    expect(audit).toContain('connected_account.added');
  });

  it('may take its place all the same', async () => {
    const { identifier, first, browser, page } = await landsElsewhere('confirm_or_add');
    const replaceForm = { ...page, html: page.html.replace(/<form[^>]*>(?:(?!<\/form>).)*name="as".*?<\/form>/s, '') };
    await browser.submit(replaceForm, {}, '/replace');
    expect(await accounts(identifier)).toMatchObject([{ id: first.id, label: 'Bob @ Acme', provider_account: { label: 'Bob @ Acme' } }]);
  });

  it('that was connected under another label meanwhile is not asked about any more, and its token given back', async () => {
    const { identifier, first, link, browser, page } = await landsElsewhere('confirm_or_add');
    const { connection_name } = first;
    const before = await storedAccount(rows, first.id);
    await connect(identifier, 'bob@acme.example', { connection_name, account_label: 'bob' });
    for (const as of ['another', 'x']) {
      const answer = await browser.submit(page, { as }, '/replace');
      expect(answer.headers.get('location')).toMatch(as === 'another' ? /r=account_already_connected/ : /done$/);
    }
    expect((await browser.follow(`${link}/done?r=account_already_connected`, () => false)).html).toContain('connected already');
    expect(await storedAccount(rows, first.id)).toEqual(before);
    const waiting = () => rows.query('select outcome, sealed_ct from verifications where connected_account_id = $1', [first.id]);
    await expect.poll(waiting, { timeout: 25_000, interval: 200 }).toEqual([{ outcome: 'expired', sealed_ct: null }]);
    expect(await used(identifier, { connection_name, account_label: 'bob' })).toBe('bob@acme.example');
  });

  it('is not to be had where the connection only lets it be replaced', async () => {
    const { identifier, first, browser, page } = await landsElsewhere('confirm');
    expect(page.html).not.toContain('Keep both');
    const before = await storedAccount(rows, first.id);
    expect((await browser.submit(page, { as: 'another' }, '/replace')).status).toBe(303);
    expect(await accounts(identifier)).toHaveLength(1);
    expect(await storedAccount(rows, first.id)).toEqual(before);
  });
});

it('chat: one person has one code under way, whichever account it is about', async () => {
  const connection_name = 'linear-chat';
  await newConnection(connection_name, { verification: { mode: 'chat' } });
  const identifier = someone();
  const browsers = await Promise.all(
    ['work', 'home'].map(async (account_label) => {
      const { link, connected_account_id } = (await mint(identifier, { connection_name, account_label })).body;
      return { link, id: connected_account_id, browser: new Browser() };
    }),
  );
  const codes: string[] = [];
  for (const { link, browser } of browsers) {
    await browser.submit(await browser.follow(link, () => false), {}, '/ready');
    codes.push(chatCodeIn((await browser.follow(link, () => false)).html) ?? '');
  }
  const send = (code: string) => broker.api('/v1/connected-accounts/chat-code', { body: { connection_name, identifier, code } });
  expect((await send(codes[0] as string)).body).toMatchObject({ code: 'verification_failed' });
  expect((await send(codes[1] as string)).body).toEqual({ connected_account_id: browsers[1]?.id, accepted: true });
  await browsers[1]?.browser.arrive(await browsers[1].browser.toCallback(browsers[1].link));
  expect([(await labelled(identifier, 'work')).status, (await labelled(identifier, 'home')).status]).toEqual(['PENDING_AUTH', 'ACTIVE']);
});

it('E21: 50 requests for a link of an account in use make no new grant, and the one it has goes on', async () => {
  const identifier = someone();
  await connect(identifier, 'ada@e21.example');
  const [account] = await accounts(identifier);
  const [before, issued] = [await storedAccount(rows, account.id), (await counts()).tokens_issued];
  await broker.api('/v1/mcp-configs', { body: { name: 'e21', connection_tool_mappings: [{ connection_name: 'linear' }] } });

  const links = await Promise.all(Array.from({ length: 25 }, async () => (await mint(identifier)).body.link));
  for (let n = 0; n < 25; n++) links.push((await mint(identifier)).body.link);
  expect(new Set(links).size).toBe(1);
  // Looked at and not gone through with, the link does nothing.
  for (let n = 0; n < 3; n++) await new Browser().follow(links[0], () => false);
  const ensured = await Promise.all(
    Array.from({ length: 5 }, () =>
      broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'e21', user_identifier: identifier } }),
    ),
  );
  for (const { body } of ensured)
    expect(body.connections[0]).toMatchObject({ connected_account_id: account.id, authentication_link: null });

  expect(await storedAccount(rows, account.id)).toMatchObject({
    grant_id: before.grant_id,
    generation: before.generation,
    status: 'ACTIVE',
  });
  expect((await counts()).tokens_issued).toBe(issued);
  expect(await used(identifier)).toBe('ada@e21.example');
  expect(
    await rows.query('select 1 from consent_sessions s join authorization_links l on l.id = s.link_id where l.connected_account_id = $1', [
      account.id,
    ]),
  ).toHaveLength(1);
});
