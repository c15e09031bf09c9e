import { randomBytes } from 'node:crypto';
import { allPermissions } from '@grantway/contract';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser, chatCodeIn } from './browser.ts';
import { storedAccount } from './stored-account.ts';

const scope = 'organization_accounts:write';
const verifyUrl = 'http://127.0.0.1:9/verify';
let broker: TestBroker;
let rows: Rows;
/** A token with everything but the right to connect accounts of the organization. */
let without: string;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  without = await broker.token(allPermissions.filter((permission) => permission !== scope).join(' '));
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
const someone = () => `employee-${++made}`;
/** A connection of its own for each test: its organization has one default account on it. */
async function newConnection(more: Json = {}, connector = 'linear'): Promise<string> {
  const name = `shared-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return name;
}
const mint = (connection_name: string, identifier: string, more: Json = {}, token?: string) =>
  broker.api('/v1/connected-accounts/authorization-link', {
    body: { connection_name, identifier, account_owner: 'organization', ...more },
    ...(token === undefined ? {} : { token }),
  });
/** What such a request would write; revocations of earlier tests may still be going on beside it. */
const standing = async () => {
  const { connected_accounts, authorization_links, users, events } = await rows.checksums();
  return { connected_accounts, authorization_links, users, events };
};

async function connect(connection_name: string, identifier: string, account: string, more: Json = {}): Promise<string> {
  const { body } = await mint(connection_name, identifier, more);
  await broker.connect(body.link, { account });
  return body.connected_account_id;
}
const accountOf = async (id: string): Promise<Json> => (await broker.api(`/v1/connected-accounts/${id}`)).body;
const execute = async (identifier: string, connection_name: string, more: Json = {}): Promise<Json> =>
  (await broker.api('/v1/tools/linear_users_list/execute', { body: { connection_name, identifier, ...more } })).body;
const org = { account_owner: 'organization' };
const me = (answer: Json) => answer.output?.users.find((user: Json) => user.is_me)?.email ?? answer.code;
const counts = async (): Promise<Json> => (await broker.control('/linear/ledger', 'GET')).counts;

async function instanceOf(connection_name: string, user_identifier: string, mapping: Json = org): Promise<Json> {
  const name = `config-${connection_name}`;
  await broker.api('/v1/mcp-configs', { body: { name, connection_tool_mappings: [{ connection_name, ...mapping }] } });
  const answer = await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: name, user_identifier } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}
async function callMcp(url: string, name: string, args: Json = {}): Promise<Json> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const body = (await response.json()) as Json;
  return body.result ?? body.error;
}

describe('an account of the organization', () => {
  it('belongs to no user, says who connected it, and serves every user of a config', async () => {
    const name = await newConnection();
    const admin = someone();
    const id = await connect(name, admin, 'robot@acme.example');
    expect(await accountOf(id)).toMatchObject({
      owner: 'organization',
      identifier: null,
      status: 'ACTIVE',
      default: true,
      connected_by: { identifier: admin, client_id: broker.client.clientId },
    });
    const [listed] = (await broker.api(`/v1/connected-accounts?owner=organization&connection_name=${name}`)).body.items;
    expect(listed.id).toBe(id);
    expect((await broker.api(`/v1/connected-accounts?owner=user&connection_name=${name}`)).body.items).toEqual([]);
    const events = (await broker.api(`/v1/events?connected_account_id=${id}`)).body.items;
    expect(events[0].data).toMatchObject({ account_owner: 'organization', identifier: null, account_label: 'Robot @ Acme' });

    for (const user of [someone(), someone()]) {
      const instance = await instanceOf(name, user);
      expect(instance.connections).toMatchObject([{ account_owner: 'organization', connected_account_id: id, authentication_link: null }]);
      const answer = await callMcp(instance.url, 'linear_users_list');
      expect(answer.structuredContent.users.find((one: Json) => one.is_me).email).toBe('robot@acme.example');
      expect(me(await execute(user, name, org))).toBe('robot@acme.example');
      const [call] = (await broker.api(`/v1/tool-calls?user_identifier=${user}`)).body.items;
      expect(call).toMatchObject({ user_identifier: user, connected_account_id: id, account_label: 'Robot @ Acme' });
    }
  });

  it('stands beside the personal ones: neither is used in the other’s place', async () => {
    const name = await newConnection();
    const user = someone();
    await connect(name, someone(), 'robot@acme.example');
    expect((await execute(user, name)).code).toBe('authorization_required');
    const own = (await mint(name, user, { account_owner: 'user' })).body;
    await broker.connect(own.link, { account: 'ada@acme.example' });
    expect(me(await execute(user, name))).toBe('ada@acme.example');
    expect(me(await execute(user, name, org))).toBe('robot@acme.example');
    // By id too: an account of the organization is not one of the user's, nor the other way round.
    const shared = (await broker.api(`/v1/connected-accounts?owner=organization&connection_name=${name}`)).body.items[0];
    expect((await execute(user, name, { connected_account_id: shared.id })).code).toBe('unknown_account');
    expect((await execute(user, name, { ...org, connected_account_id: own.connected_account_id })).code).toBe('unknown_account');
  });

  it('has several as a user has, with labels and one default', async () => {
    const name = await newConnection();
    const admin = someone();
    const [prod, staging] = [
      await connect(name, admin, 'prod@acme.example', { account_label: 'prod' }),
      await connect(name, admin, 'staging@acme.example', { account_label: 'staging' }),
    ];
    expect(me(await execute(admin, name, org))).toBe('prod@acme.example');
    expect(me(await execute(admin, name, { ...org, account_label: 'staging' }))).toBe('staging@acme.example');
    await broker.api(`/v1/connected-accounts/${staging}`, { method: 'PATCH', body: { default: true } });
    expect(me(await execute(admin, name, org))).toBe('staging@acme.example');
    await broker.api(`/v1/connected-accounts/${staging}`, { method: 'DELETE' });
    expect(await accountOf(prod)).toMatchObject({ default: true });
    expect(me(await execute(admin, name, org))).toBe('prod@acme.example');
  });

  it('a link for it, its label, its default and its end need the scope of their own; the agents’ calls give out no link', async () => {
    const name = await newConnection();
    const user = someone();
    const before = await standing();
    const refused = await mint(name, user, {}, without);
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(await standing()).toEqual(before);

    // Nobody has connected it: whoever uses it is told whom to ask, and gets no link.
    const instance = await instanceOf(name, user);
    expect(instance.connections[0]).toMatchObject({ connected_account_status: 'PENDING_AUTH', authentication_link: null });
    const state = await broker.api(`/v1/mcp-instances/${instance.id}/auth-state?include_auth_links=true`);
    expect(state.body.connections[0].authentication_link).toBeNull();
    const answer = await callMcp(instance.url, 'linear_users_list');
    expect(answer).toMatchObject({ isError: true, _meta: { 'grantway/code': 'authorization_required' } });
    expect(answer.content[0].text).toContain('The organization');
    expect(JSON.stringify(answer)).not.toContain('/connect/');
    const direct = await execute(user, name, org);
    expect(direct).toMatchObject({ code: 'authorization_required', account_owner: 'organization' });
    expect(direct.authentication_link).toBeUndefined();
    expect(
      await rows.query(
        'select 1 from authorization_links l join connected_accounts a on a.id = l.connected_account_id where a.user_id is null and a.id = $1',
        [instance.connections[0].connected_account_id],
      ),
    ).toEqual([]);

    const id = await connect(name, user, 'robot@acme.example');
    const path = `/v1/connected-accounts/${id}`;
    expect((await broker.api(path, { method: 'PATCH', body: { label: 'x' }, token: without })).body.code).toBe('insufficient_scope');
    expect((await broker.api(path, { method: 'DELETE', token: without })).body.code).toBe('insufficient_scope');
    expect(await accountOf(id)).toMatchObject({ status: 'ACTIVE', label: 'Robot @ Acme' });
    // The same client connects and names users' accounts as before.
    const own = await mint(name, user, { account_owner: 'user' }, without);
    expect(own.status).toBe(200);
    const named = { method: 'PATCH', body: { label: 'mine' }, token: without };
    expect((await broker.api(`/v1/connected-accounts/${own.body.connected_account_id}`, named)).status).toBe(200);
  });

  it('each person who may connect it has a link of their own; the page says what it is about', async () => {
    const name = await newConnection();
    const [ada, bob] = [someone(), someone()];
    const links = [ada, ada, bob].map((user) => mint(name, user, { account_label: 'prod' }));
    const [one, again, other] = (await Promise.all(links)).map(({ body }) => body);
    expect(again).toEqual(one);
    expect(other.connected_account_id).toBe(one.connected_account_id);
    expect(other.link).not.toBe(one.link);
    const page = await new Browser().follow(other.link, () => false);
    expect(page.html).toContain('account of the whole organization');
    expect(page.html).toContain(`<bdi>${bob}</bdi>`);
    expect(page.html).toContain('The organization’s: <strong><bdi>prod</bdi></strong>');
    await broker.connect(one.link, { account: 'robot@acme.example' });
    expect((await accountOf(one.connected_account_id)).connected_by.identifier).toBe(ada);
    // Renewed by somebody else: the same account, and who has done it.
    await broker.connect(other.link, { account: 'robot@acme.example' });
    expect(await accountOf(one.connected_account_id)).toMatchObject({ status: 'ACTIVE', label: 'prod', connected_by: { identifier: bob } });
  });
});

describe('who connected it', () => {
  it('may be suspended and forgotten; the account goes on, and keeps no name', async () => {
    const name = await newConnection();
    const [admin, user] = [someone(), someone()];
    const id = await connect(name, admin, 'robot@acme.example');
    // The same person's own account, at a vendor for whom it may be one and the same grant.
    const own = (await mint(name, admin, { account_owner: 'user' })).body;
    await broker.connect(own.link, { account: 'robot@acme.example' });
    const waiting = (await mint(name, admin)).body.link;
    await broker.api(`/v1/users/${admin}`, { method: 'PATCH', body: { suspended: true } });
    expect(me(await execute(user, name, org))).toBe('robot@acme.example');
    // What the suspended person could do does not go on: neither the link nor calls of their own.
    expect((await new Browser().follow(waiting, () => false)).status).toBe(403);
    expect((await execute(admin, name, org)).code).toBe('user_suspended');

    const before = await storedAccount(rows, id);
    expect((await broker.api(`/v1/users/${admin}`, { method: 'DELETE' })).status).toBe(204);
    const after = await storedAccount(rows, id);
    expect([after.status, after.grant_id]).toEqual(['ACTIVE', before.grant_id]);
    expect(await accountOf(id)).toMatchObject({ connected_by: { identifier: null, client_id: broker.client.clientId } });
    expect((await new Browser().follow(waiting, () => false)).status).toBe(404);
    expect(me(await execute(user, name, org))).toBe('robot@acme.example');
    expect((await rows.query('select 1 from connected_accounts where id = $1', [own.connected_account_id])).length).toBe(0);
  });

  it('has an account of their own at a vendor that ends all grants of a person at once: forgetting leaves that token to expire', async () => {
    const name = await newConnection({}, 'slack');
    const [admin, user] = [someone(), someone()];
    const id = await connect(name, admin, 'robot@acme.example');
    const own = (await mint(name, admin, { account_owner: 'user' })).body;
    await broker.connect(own.link, { account: 'robot@acme.example' });
    await broker.api(`/v1/users/${admin}`, { method: 'DELETE' });
    const receipts = async () => (await broker.api(`/v1/revocations?connected_account_id=${own.connected_account_id}`)).body.items;
    await expect.poll(async () => (await receipts())[0].status, { timeout: 25_000, interval: 200 }).toBe('unproven');
    expect((await receipts())[0].detail).toContain('left to expire');
    const call = { connection_name: name, identifier: user, ...org };
    expect((await broker.api('/v1/tools/slack_list_channels/execute', { body: call })).status).toBe(200);
    expect((await accountOf(id)).status).toBe('ACTIVE');
  });

  it('and whose check was under way, leaves it as it was', async () => {
    const name = await newConnection({ verification: { mode: 'app', user_verify_urls: [verifyUrl] } });
    const admin = someone();
    const { link, connected_account_id: id } = (await mint(name, admin)).body;
    const browser = new Browser();
    await browser.request(await browser.toCallback(link));
    expect((await accountOf(id)).status).toBe('PENDING_VERIFICATION');
    await broker.api(`/v1/users/${admin}`, { method: 'DELETE' });
    expect((await accountOf(id)).status).toBe('PENDING_AUTH');
    expect(await rows.query('select 1 from verifications where connected_account_id = $1', [id])).toEqual([]);
  });

  it('and who was asked whether another account replaces it, is forgotten: the token that waited is given back, the account untouched', async () => {
    const name = await newConnection({ on_account_change: 'confirm' });
    const id = await connect(name, someone(), 'robot@acme.example');
    const before = await storedAccount(rows, id);
    const admin = someone();
    const { link } = (await mint(name, admin)).body;
    const browser = new Browser();
    const page = await browser.arrive(await browser.toCallback(link, 'allow', 'other@acme.example'));
    expect(page.html).toContain('Replace the Linear account?');
    const { revocations } = await counts();
    expect((await broker.api(`/v1/users/${admin}`, { method: 'DELETE' })).status).toBe(204);
    expect((await counts()).revocations).toBe(revocations + 1);
    const [receipt] = (await broker.api(`/v1/revocations?connected_account_id=${id}`)).body.items;
    expect(receipt).toMatchObject({ cause: 'forgotten', status: 'proven' });
    expect((await browser.submit(page, {}, '/replace')).status).toBe(404);
    expect(await storedAccount(rows, id)).toEqual(before);
  });

  it('is forgotten while connecting it: either the account is connected or it is as before, and both requests are answered', async () => {
    for (let round = 0; round < 6; round++) {
      const name = await newConnection();
      const admin = someone();
      const { link, connected_account_id: id } = (await mint(name, admin)).body;
      const browser = new Browser();
      const callback = await browser.toCallback(link, 'allow', 'robot@acme.example');
      const [page, forgotten] = await Promise.all([browser.request(callback), broker.api(`/v1/users/${admin}`, { method: 'DELETE' })]);
      expect([303, 400, 404, 410]).toContain(page.status);
      expect(forgotten.status).toBe(204);
      const account = await accountOf(id);
      expect(['ACTIVE', 'PENDING_AUTH']).toContain(account.status);
      expect(account.connected_by?.identifier ?? null).toBeNull();
    }
    expect(broker.logLines.filter((line) => /deadlock/.test(line))).toEqual([]);
  });

  it('a user who is suspended uses no account of the organization, over MCP neither', async () => {
    const name = await newConnection();
    await connect(name, someone(), 'robot@acme.example');
    const user = someone();
    const { url } = await instanceOf(name, user);
    expect((await callMcp(url, 'linear_users_list')).isError).toBeUndefined();
    await broker.api(`/v1/users/${user}`, { method: 'PATCH', body: { suspended: true } });
    expect((await execute(user, name, org)).code).toBe('user_suspended');
    expect((await callMcp(url, 'linear_users_list')).data.code).toBe('user_suspended');
  });
});

it('a call of a user who is suspended while the organization’s token is renewed is not sent; the token is kept for the others', async () => {
  const name = await newConnection();
  const id = await connect(name, someone(), 'robot@acme.example');
  const [user, other] = [someone(), someone()];
  expect(me(await execute(user, name, org))).toBe('robot@acme.example');
  await rows.query("update connected_accounts set access_expires_at = now() - interval '1 second' where id = $1", [id]);
  await broker.control('/linear/knobs', 'PUT', { slow_ms: 2000, where: 'token' });
  const { api_calls } = await counts();
  const underWay = execute(user, name, org);
  const claimed = () => rows.query('select 1 from connected_accounts where id = $1 and claim_owner is not null', [id]);
  await expect.poll(async () => (await claimed()).length, { timeout: 10_000, interval: 20 }).toBe(1);
  await broker.api(`/v1/users/${user}`, { method: 'PATCH', body: { suspended: true } });
  expect((await underWay).code).toBe('user_suspended');
  expect((await counts()).api_calls).toBe(api_calls);
  await broker.control('/linear/knobs', 'PUT', {});
  expect(me(await execute(other, name, org))).toBe('robot@acme.example');
});

describe('who is at the keyboard', () => {
  it('app: the person whom the link was made for, and no other', async () => {
    const name = await newConnection({ verification: { mode: 'app', user_verify_urls: [verifyUrl] } });
    const [admin, mallory] = [someone(), someone()];
    const attempt = async (identifier: string) => {
      const { link } = (await mint(name, admin)).body;
      const browser = new Browser();
      const sent = await browser.request(await browser.toCallback(link, 'allow', 'robot@acme.example'));
      const auth_request_id = new URL(sent.headers.get('location') ?? '').searchParams.get('auth_request_id');
      return broker.api('/v1/connected-accounts/verify', { body: { auth_request_id, identifier } });
    };
    expect((await attempt(mallory)).body.code).toBe('verification_failed');
    const verified = await attempt(admin);
    expect(verified.body.connected_account).toMatchObject({ owner: 'organization', status: 'ACTIVE', connected_by: { identifier: admin } });
  });

  it('chat: the code goes through the chat of that person', async () => {
    const name = await newConnection({ verification: { mode: 'chat' } });
    const [admin, colleague] = [someone(), someone()];
    const { link, connected_account_id: id } = (await mint(name, admin)).body;
    // The colleague has a link for the same account, and a code of their own.
    const theirs = (await mint(name, colleague)).body.link;
    const [browser, other] = [new Browser(), new Browser()];
    const codeOf = async (one: Browser, at: string) => {
      await one.submit(await one.follow(at, () => false), {}, '/ready');
      return chatCodeIn((await one.follow(at, () => false)).html) ?? '';
    };
    const [code] = [await codeOf(browser, link), await codeOf(other, theirs)];
    const send = (identifier: string) =>
      broker.api('/v1/connected-accounts/chat-code', { body: { connection_name: name, identifier, code } });
    expect((await send(colleague)).body.code).toBe('verification_failed');
    expect((await send(admin)).body).toEqual({ connected_account_id: id, accepted: true });
    await browser.arrive(await browser.toCallback(link, 'allow', 'robot@acme.example'));
    expect(await accountOf(id)).toMatchObject({ status: 'ACTIVE', connected_by: { identifier: admin } });
  });

  it('the provider account must fit the policy: an address is that of who connects', async () => {
    const name = await newConnection({ identity_match: { policy: 'email' } });
    const admin = `${randomBytes(4).toString('hex')}@acme.example`;
    const { link, connected_account_id: id } = (await mint(name, admin)).body;
    const page = await broker.connect(link, { account: 'mallory@evil.example' });
    expect(new URL(page.url).searchParams.get('r')).toBe('identity_mismatch');
    expect((await accountOf(id)).status).toBe('PENDING_AUTH');
    await broker.connect(link, { account: admin });
    expect((await accountOf(id)).status).toBe('ACTIVE');
  });

  it('another provider account does not take its place silently', async () => {
    const name = await newConnection();
    const id = await connect(name, someone(), 'robot@acme.example');
    const before = await storedAccount(rows, id);
    const { link } = (await mint(name, someone())).body;
    const page = await broker.connect(link, { account: 'mallory@acme.example' });
    expect(new URL(page.url).searchParams.get('r')).toBe('account_changed');
    expect(await storedAccount(rows, id)).toEqual(before);
  });
});

describe('its end', () => {
  it('revokes at the provider with a receipt; the next person connects it again', async () => {
    const name = await newConnection();
    const id = await connect(name, someone(), 'robot@acme.example');
    const { revocations } = await counts();
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await accountOf(id)).toMatchObject({ status: 'DISCONNECTED', revocation: { status: 'proven' } });
    expect((await counts()).revocations).toBe(revocations + 1);
    expect((await storedAccount(rows, id)).credential_ct).toBeNull();
    expect(await connect(name, someone(), 'robot@acme.example')).toBe(id);
    expect((await accountOf(id)).status).toBe('ACTIVE');
  });

  it('an incident reaches it by connection and config, and by the client whose URLs used it; not by who connected it', async () => {
    const name = await newConnection();
    const [admin, user] = [someone(), someone()];
    const id = await connect(name, admin, 'robot@acme.example');
    // Within reach of this config are the organization's accounts only; the same user's own one is not.
    const own = (await mint(name, user, { account_owner: 'user' })).body;
    await broker.connect(own.link, { account: 'ada@acme.example' });
    await instanceOf(name, user);
    const preview = async (filter: Json) => (await broker.api('/v1/incidents', { body: { filter, dry_run: true } })).body.counts.total;
    expect(await preview({ connection_name: name })).toBe(2);
    expect(await preview({ config_name: `config-${name}` })).toBe(1);
    expect(await preview({ client_id: broker.client.clientId, connection_name: name })).toBe(1);
    expect(await preview({ identifier: admin })).toBe(0);
    expect(await preview({ identifier: user, connection_name: name })).toBe(1);
    const { body } = await broker.api('/v1/incidents', { body: { filter: { config_name: `config-${name}` } } });
    await expect
      .poll(async () => (await broker.api(`/v1/incidents/${body.id}`)).body.status, { timeout: 60_000, interval: 250 })
      .toBe('finished');
    const { items } = (await broker.api(`/v1/incidents/${body.id}/report`)).body;
    expect(items).toMatchObject([{ connected_account_id: id, identifier: null, status: 'proven' }]);
    expect(await accountOf(id)).toMatchObject({ status: 'DISCONNECTED', reason: 'ended_by_incident' });
    expect((await accountOf(own.connected_account_id)).status).toBe('ACTIVE');
  });
});

it('a key for everybody: one Datadog key of the company, entered once', async () => {
  const name = await newConnection({}, 'datadog');
  const { link, connected_account_id: id } = (await mint(name, someone())).body;
  const page = await broker.connectKey(link);
  expect(page.html).toContain('The organization’s');
  expect((await accountOf(id)).status).toBe('ACTIVE');
  const instance = await instanceOf(name, someone());
  expect((await callMcp(instance.url, 'datadog_monitors_list')).isError).toBeUndefined();
});
