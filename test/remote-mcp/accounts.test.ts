import { randomBytes } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { call, namesAt, offers, rpc, until } from './setting.ts';

/** Whose account is asked: several of one user, the organization's, and nobody's who is suspended. */
let broker: TestBroker;
let server: Fixture;
let legacy: Fixture;
beforeAll(async () => {
  server = await startFixture();
  legacy = await startFixture({ eras: ['legacy'] });
  for (const fixture of [server, legacy]) fixture.tools.push(...offers().tools);
  broker = await startBroker({ allowHosts: [server, legacy].map(({ url }) => new URL(url).host) });
});
afterAll(async () => {
  await broker.close();
  await Promise.all([server, legacy].map((fixture) => fixture.close()));
});

const keyOf = (name: string) => `key-of-${name}-${randomBytes(8).toString('hex')}`;

/** A connection of its own, and a config of it alone. */
async function setting(mcp: Json, mapping: Json = {}): Promise<{ connection: string; instance: (user: string) => Promise<Json> }> {
  const connection = `c-${randomBytes(4).toString('hex')}`;
  const made = await broker.api('/v1/connections', { body: { name: connection, connector: 'mcp', mcp } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const mappings = [{ connection_name: connection, names: 'as_is', ...mapping }];
  const config = await broker.api('/v1/mcp-configs', { body: { name: connection, connection_tool_mappings: mappings } });
  expect(config.status, JSON.stringify(config.body)).toBe(201);
  expect(config.body.connection_tool_mappings[0]).toMatchObject({ names: 'as_is', ...mapping });
  const instance = async (user_identifier: string) =>
    (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: connection, user_identifier } })).body;
  return { connection, instance };
}

async function connect(connection_name: string, identifier: string, value: string, more: Json): Promise<string> {
  const { status, body } = await broker.api('/v1/connected-accounts/authorization-link', {
    body: { connection_name, identifier, ...more },
  });
  expect(status, JSON.stringify(body)).toBe(200);
  expect((await broker.connectKey(body.link, { value })).status).toBe(200);
  return body.connected_account_id;
}

/** The Authorization header and the arguments of each call that the server has got since. */
function callsSince(fixture: Fixture, from: number): [string | undefined, Json][] {
  return fixture.requests
    .slice(from)
    .filter(({ body }) => body?.method === 'tools/call')
    .map(({ headers, body }) => [headers.authorization, (body as Json).params.arguments]);
}

const schemaAt = async (url: string, name: string): Promise<Json> =>
  (await rpc(url, 'tools/list')).result.tools.find((tool: Json) => tool.name === name)?.inputSchema;

describe('several accounts of one user', () => {
  it('an agent chooses by label; each call carries that account’s key, and the server never hears of the choice', async () => {
    const { connection, instance } = await setting({ url: server.url, credential: 'user' }, { account_choice: true });
    const [work, home] = [keyOf('work'), keyOf('home')];
    const ids = [
      await connect(connection, 'ada', work, { account_label: 'work' }),
      await connect(connection, 'ada', home, { account_label: 'home' }),
    ];
    const { id, url } = await instance('ada');
    expect((await schemaAt(url, 'echo')).properties.grantway_account).toMatchObject({ type: 'string', enum: ['work', 'home'] });
    const from = server.requests.length;
    for (const args of [{ a: 1 }, { a: 2, grantway_account: 'home' }, { a: 3, grantway_account: 'work' }]) {
      expect((await call(url, 'echo', args)).result.isError).toBeUndefined();
    }
    expect(callsSince(server, from)).toEqual([
      [`Bearer ${work}`, { a: 1 }],
      [`Bearer ${home}`, { a: 2 }],
      [`Bearer ${work}`, { a: 3 }],
    ]);
    const { items } = (await broker.api(`/v1/tool-calls?mcp_instance_id=${id}`)).body;
    expect(items.map((item: Json) => [item.connected_account_id, item.account_label])).toEqual([
      [ids[0], 'work'],
      [ids[1], 'home'],
      [ids[0], 'work'],
    ]);
    const unknown = await call(url, 'echo', { grantway_account: 'school' });
    expect(unknown.result._meta['grantway/code']).toBe('unknown_account');
    expect(callsSince(server, from)).toHaveLength(3);

    // The default one is disconnected: the other takes its place.
    await broker.api(`/v1/connected-accounts/${ids[1]}`, { method: 'PATCH', body: { default: true } });
    await broker.api(`/v1/connected-accounts/${ids[1]}`, { method: 'DELETE' });
    expect((await call(url, 'echo', { a: 4 })).result.structuredContent).toEqual({ a: 4 });
  });

  it('while the default one is not connected, the lists come through another that is', async () => {
    const { connection, instance } = await setting({ url: server.url, credential: 'user' }, { account_choice: true });
    const link = { connection_name: connection, identifier: 'eve', account_label: 'later' };
    const later = (await broker.api('/v1/connected-accounts/authorization-link', { body: link })).body.connected_account_id;
    const now = keyOf('now');
    await connect(connection, 'eve', now, { account_label: 'now' });
    await broker.api(`/v1/connected-accounts/${later}`, { method: 'PATCH', body: { default: true } });
    const { url } = await instance('eve');
    expect(await namesAt(url)).toContain('echo');
    expect((await call(url, 'echo')).result._meta['grantway/code']).toBe('authorization_required');
    const from = server.requests.length;
    expect((await call(url, 'echo', { grantway_account: 'now' })).result.isError).toBeUndefined();
    expect(callsSince(server, from)).toEqual([[`Bearer ${now}`, {}]]);
  });

  it('without the choice there is none: the argument is the server’s', async () => {
    const { instance } = await setting({ url: server.url });
    const { url } = await instance('ada');
    expect((await schemaAt(url, 'echo')).properties?.grantway_account).toBeUndefined();
    expect((await call(url, 'echo', { grantway_account: 'work' })).result.structuredContent).toEqual({ grantway_account: 'work' });
  });
});

describe('the organization’s account', () => {
  it('is one for all, connected by who may, and no user of it is given a link', async () => {
    const { connection, instance } = await setting({ url: server.url, credential: 'user' }, { account_owner: 'organization' });
    const first = await instance('ada');
    expect(first.connections[0]).toMatchObject({ account_owner: 'organization', authentication_link: null });
    const names = await namesAt(first.url);
    expect(names).toHaveLength(1);
    const refused = await call(first.url, names[0] as string);
    expect(refused.result._meta['grantway/code']).toBe('authorization_required');
    expect(JSON.stringify(refused)).not.toContain('/link/');
    expect(refused.result._meta['grantway/authentication_link']).toBeUndefined();

    const shared = keyOf('all');
    const id = await connect(connection, 'admin', shared, { account_owner: 'organization' });
    await until(async () => (await namesAt(first.url)).includes('echo'), 'the tools are there');
    const second = await instance('bob');
    const from = server.requests.length;
    for (const { url } of [first, second]) expect((await call(url, 'echo')).result.isError).toBeUndefined();
    expect(callsSince(server, from)).toEqual([
      [`Bearer ${shared}`, {}],
      [`Bearer ${shared}`, {}],
    ]);
    const account = (await broker.api(`/v1/connected-accounts/${id}`)).body;
    expect(account).toMatchObject({ owner: 'organization', status: 'ACTIVE', connector: 'mcp', missing_scopes: [] });

    await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' });
    expect((await call(second.url, 'echo')).result._meta['grantway/code']).toBe('authorization_required');
    expect(callsSince(server, from)).toHaveLength(2);
    expect((await broker.api(`/v1/connected-accounts/${id}`)).body).toMatchObject({
      status: 'DISCONNECTED',
      revocation: { status: 'unproven' },
    });
  });

  it('is used by each client on its own: one that is suspended takes nobody along', async () => {
    const { connection, instance } = await setting({ url: legacy.url, credential: 'user' }, { account_owner: 'organization' });
    await connect(connection, 'admin', keyOf('all'), { account_owner: 'organization' });
    const { body: client } = await broker.api('/v1/clients', { body: { name: 'agent', scopes: ['mcp_instances:write'] } });
    const credentials = { grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret };
    const granted = await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: new URLSearchParams(credentials) });
    const { access_token: token } = (await granted.json()) as Json;
    const body = { config_name: connection, user_identifier: 'ada' };
    const { url } = (await broker.api('/v1/mcp-instances', { method: 'PUT', body, token })).body;
    const other = (await instance('bob')).url;
    // The session that serves these calls is opened by the first of them.
    for (const at of [url, other]) expect((await call(at, 'echo')).result.isError).toBeUndefined();
    await broker.api(`/v1/clients/${client.client_id}`, { method: 'PATCH', body: { suspended: true } });
    expect((await call(url, 'echo')).error.data.code).toBe('client_suspended');
    expect((await call(other, 'echo')).result.isError).toBeUndefined();
  });

  it('is there at once where nobody has anything to enter', async () => {
    const { instance } = await setting({ url: server.url }, { account_owner: 'organization' });
    const { url, connections } = await instance('ada');
    expect(connections[0]).toMatchObject({ account_owner: 'organization', connected_account_status: 'ACTIVE' });
    expect((await call(url, 'echo', { a: 1 })).result.structuredContent).toEqual({ a: 1 });
    const other = (await instance('bob')).connections[0];
    expect(other.connected_account_id).toBe(connections[0].connected_account_id);
  });
});

describe('a call of somebody who is suspended while it waits', () => {
  it.each([
    ['remove', 'nobody’s credential', { credential: 'none' }, {}],
    ['echo', 'the connection’s header', { credential: 'connection', header_value: 'shared-0123456789' }, {}],
    ['echo', 'the organization’s account', { credential: 'user' }, { account_owner: 'organization' }],
  ])('is not sent: %s of %s', async (tool, _, mcp: Json, mapping: Json) => {
    const { connection, instance } = await setting({ url: legacy.url, ...mcp }, mapping);
    if (mcp.credential === 'user') await connect(connection, 'admin', keyOf('all'), { account_owner: 'organization' });
    const user = `user-${connection}`;
    const { url } = await instance(user);
    await until(async () => (await namesAt(url)).includes('echo'), 'the tools are there');
    expect((await call(url, 'echo')).result.isError).toBeUndefined();
    const from = legacy.requests.length;
    let release = () => {};
    // The server has forgotten the session, and takes its time to open another.
    legacy.forgetSessions();
    legacy.hold = { method: 'initialize', until: new Promise<void>((resolve) => (release = resolve)) };
    try {
      const underWay = call(url, tool);
      await until(() => legacy.requests.slice(from).some(({ body }) => body?.method === 'initialize'), 'a session is being opened');
      // The one that was answered with: there is no such session.
      expect(callsSince(legacy, from)).toHaveLength(1);
      expect((await broker.api(`/v1/users/${user}`, { method: 'PATCH', body: { suspended: true } })).status).toBe(200);
      release();
      expect((await underWay).result._meta['grantway/code']).toBe('user_suspended');
      expect(callsSince(legacy, from)).toHaveLength(1);
    } finally {
      release();
      legacy.hold = undefined;
    }
  });
});
