import { newId } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { changed, openRows, type Rows } from './rows.ts';

/*
 * ensure_instance of what is there already is answered with one look instead of the transaction that makes it. Asking for
 * `expires_at: null` of an instance without an end changes nothing and always takes the transaction: both must answer alike.
 */

let broker: TestBroker;
let rows: Rows;
let remote: Fixture;
beforeAll(async () => {
  remote = await startFixture();
  broker = await startBroker({ allowHosts: [new URL(remote.url).host] });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await remote?.close();
});

let made = 0;
interface Setting {
  config: string;
  user: string;
  id: string;
  token?: string;
}
type Asking = Pick<Setting, 'config' | 'user' | 'token'>;
const ensure = ({ config, user, token }: Asking, more: Json = {}) =>
  broker.api('/v1/mcp-instances', {
    method: 'PUT',
    body: { config_name: config, user_identifier: user, ...more },
    ...(token === undefined ? {} : { token }),
  });
async function ok(path: string, init: Json): Promise<Json> {
  const { status, body } = await broker.api(path, init);
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}
async function newConnection(body: Json): Promise<string> {
  const name = `again-${++made}`;
  await ok('/v1/connections', { body: { name, sandbox: body.mcp === undefined, ...body } });
  return name;
}
/** A config with these connections, and a user who has connected each that asks for it. */
async function setting(connections: Json[], policy: Json = {}): Promise<Setting> {
  const names = [];
  for (const connection of connections) names.push(await newConnection(connection));
  const config = `again-${++made}`;
  // Not the order in which they were made.
  const mappings = names.reverse().map((connection_name) => ({ connection_name }));
  await ok('/v1/mcp-configs', { body: { name: config, connection_tool_mappings: mappings, policy } });
  const user = `again-${++made}`;
  const { body } = await ensure({ config, user });
  for (const { authentication_link: link, connector } of body.connections) {
    if (link !== null) await (connector === 'datadog' ? broker.connectKey(link) : broker.connect(link));
  }
  return { config, user, id: body.id };
}
const ended = (answer: Json) => ({ status: answer.status, code: answer.body.code });

/** The statements that broker and test send while `work` runs. */
async function statementsOf(work: () => Promise<void>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    return spy.mock.calls.flatMap(([config]: unknown[]) => {
      const { name, text } = typeof config === 'string' ? { name: undefined, text: config } : (config as { name?: string; text?: string });
      return [name ?? text ?? ''];
    });
  } finally {
    spy.mockRestore();
  }
}

const situations: Record<string, () => Promise<Asking>> = {
  'one account': () => setting([{ connector: 'linear' }]),
  'accounts of several connections, in the config’s order': () =>
    setting([{ connector: 'slack' }, { connector: 'datadog' }, { connector: 'linear' }]),
  'a server behind, to which there is nothing to enter': () => setting([{ connector: 'mcp', mcp: { url: remote.url } }]),
  'tools of which the policy hides some': () => setting([{ connector: 'linear' }], { read_only: true }),
  'an account that lacks scopes which its connection does not ask for': async () => {
    const found = await setting([{ connector: 'linear', scopes: ['read'] }]);
    const { body } = await ensure(found);
    expect(body.connections[0]).toMatchObject({ reason: 'scope_missing', authentication_link: null });
    return found;
  },
  'an account of the organization': async () => {
    const connection = await newConnection({ connector: 'linear' });
    const config = `again-${++made}`;
    const mapping = { connection_name: connection, account_owner: 'organization' };
    await ok('/v1/mcp-configs', { body: { name: config, connection_tool_mappings: [mapping] } });
    const wish = { connection_name: connection, identifier: `again-${++made}`, account_owner: 'organization' };
    await broker.connect((await ok('/v1/connected-accounts/authorization-link', { body: wish })).link);
    // He has one of his own there as well.
    const user = `again-${++made}`;
    const own = { connection_name: connection, identifier: user };
    await broker.connect((await ok('/v1/connected-accounts/authorization-link', { body: own })).link, { account: 'priya' });
    const { body } = await ensure({ config, user });
    expect(body.connections[0]).toMatchObject({ account_owner: 'organization', connected_account_status: 'ACTIVE' });
    return { config, user };
  },
};

describe('what is there', () => {
  it.each(Object.entries(situations))('%s: the one look answers as the transaction does', async (_, make) => {
    const asked = await make();
    const before = await rows.checksums();
    // The first who asks of a version of a config finds out which scopes its tools need.
    const whole = await ensure(asked, { expires_at: null });
    const looked = await ensure(asked);
    expect(looked.status).toBe(200);
    expect(looked.body).toEqual(whole.body);
    const statements = await statementsOf(async () => expect((await ensure(asked)).body).toEqual(whole.body));
    expect(statements).toContain('instances that are there');
    expect(statements.filter((text) => text.includes('"mcp_config_versions"'))).toEqual([]);
    // Nothing is written but that it was asked.
    const after = await rows.checksums();
    expect(changed(before, after)).toEqual(['audit_events']);
  });

  it('is audited each time, under who asked', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    const page = '/v1/audit-events?action=mcp_instance.ensured&limit=2';
    const answers = [await ensure(asked), await ensure(asked)];
    expect((await broker.api(page)).body.items).toEqual(
      answers.reverse().map((answer) =>
        expect.objectContaining({
          action: 'mcp_instance.ensured',
          actor: { kind: 'client', id: broker.client.clientId },
          target: { kind: 'mcp_instance', id: asked.id },
          request_id: answer.headers.get('x-request-id'),
          details: { config: asked.config },
        }),
      ),
    );
  });

  it('is not answered where it could not be audited', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    await rows.query('revoke insert on audit_events from current_user');
    try {
      expect(ended(await ensure(asked))).toEqual({ status: 500, code: 'internal' });
    } finally {
      await rows.query('grant insert on audit_events to current_user');
    }
    expect((await ensure(asked)).status).toBe(200);
  });

  it('is each caller’s own, for many who ask in the same moment', async () => {
    const settings = await Promise.all(Array.from({ length: 6 }, () => setting([{ connector: 'linear' }])));
    const askings = settings.flatMap((one) => [one, { ...one, user: settings[0]?.user as string }]);
    const alone = [];
    for (const asked of askings) alone.push((await ensure(asked)).body);
    const many = await Promise.all([...askings, ...askings].map(async (asked) => (await ensure(asked)).body));
    // A link that is not used yet stays the one it was.
    expect(many).toEqual([...alone, ...alone]);
    expect(new Set(alone.map(({ url }) => url)).size).toBe(11);
  });
});

it('two environments that call everything alike, asked in the same moment, each answer of their own', async () => {
  const environment = newId('environment');
  await rows.query("insert into environments (id, workspace_id, name) select $1, id, 'other' from workspaces limit 1", [environment]);
  const { clientId, clientSecret } = await createOperatorClient(broker.modules, environment, 'operator of the other');
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
  const { access_token: elsewhere } = (await (await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: form })).json()) as Json;
  const tokens = [{}, { token: elsewhere as string }];
  const [name, user] = [`alike-${++made}`, `alike-${made}`];
  for (const token of tokens) {
    await ok('/v1/connections', { ...token, body: { name, connector: 'datadog', sandbox: true } });
    await ok('/v1/mcp-configs', { ...token, body: { name, connection_tool_mappings: [{ connection_name: name }] } });
    const { body } = await ensure({ config: name, user, ...token });
    await broker.connectKey(body.connections[0].authentication_link);
  }
  const alone: Json[] = [];
  for (const token of tokens) alone.push((await ensure({ config: name, user, ...token })).body);
  expect(new Set(alone.flatMap(({ id, config, connections }) => [id, config.id, connections[0].connected_account_id])).size).toBe(6);
  const body = { identifier: user, connection_name: name, arguments: {} };
  const twelve = Array.from({ length: 12 }, (_, i) => i % 2);
  const together = await Promise.all(
    twelve.map(async (i) => {
      const token = tokens[i] as (typeof tokens)[number];
      const call = broker.api('/v1/tools/datadog_monitors_list/execute', { ...token, body });
      return [(await ensure({ config: name, user, ...token })).body, (await call).body.tool_call_id];
    }),
  );
  expect(together.map(([ensured]) => ensured)).toEqual(twelve.map((i) => alone[i]));
  const calls = await rows.query<{ id: string; connected_account_id: string }>('select id, connected_account_id from tool_calls');
  const accounts = new Map(calls.map((call) => [call.id, call.connected_account_id]));
  expect(together.map(([, call]) => accounts.get(call))).toEqual(twelve.map((i) => alone[i].connections[0].connected_account_id));
});

describe('what is not as it was', () => {
  it('a config with another version answers with that', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    expect((await ensure(asked)).body.config.version).toBe(1);
    const { body: config } = await broker.api(`/v1/mcp-configs?name=${asked.config}`);
    const [{ id, connection_tool_mappings: mappings }] = config.items;
    await ok(`/v1/mcp-configs/${id}`, {
      method: 'PATCH',
      body: { connection_tool_mappings: mappings, policy: { read_only: true }, version: 1 },
    });
    const whole = await ensure(asked);
    expect(whole.body.config.version).toBe(2);
    expect((await ensure(asked)).body).toEqual(whole.body);
    expect(whole.body.connections[0].needed_scopes).toEqual(['read']);
  });

  it('an account that was disconnected has a link again', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    const [{ connected_account_id: account }] = (await ensure(asked)).body.connections;
    await ok(`/v1/connected-accounts/${account}`, { method: 'DELETE' });
    expect((await ensure(asked)).body.connections[0]).toMatchObject({ authentication_link: expect.stringContaining('http') });
  });

  it('an account of scopes that a consent could bring has a link', async () => {
    const asked = await setting([{ connector: 'linear', scopes: ['read'] }]);
    const [{ connection_name: name, authentication_link: none }] = (await ensure(asked)).body.connections;
    expect(none).toBeNull();
    const [{ id }] = (await broker.api(`/v1/connections?name=${name}`)).body.items;
    await ok(`/v1/connections/${id}`, { method: 'PATCH', body: { scopes: ['read', 'write'] } });
    expect((await ensure(asked)).body.connections[0]).toMatchObject({
      reason: 'scope_missing',
      authentication_link: expect.stringContaining('http'),
    });
  });

  it('an instance that was revoked, or deleted, is not answered', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    const { url } = (await ensure(asked)).body;
    await ok(`/v1/mcp-instances/${asked.id}/revoke`, { method: 'POST' });
    expect(ended(await ensure(asked))).toEqual({ status: 410, code: 'instance_revoked' });
    await ok(`/v1/mcp-instances/${asked.id}/restore`, { method: 'POST' });
    const restored = (await ensure(asked)).body;
    expect([restored.id, restored.url === url]).toEqual([asked.id, false]);
    await ok(`/v1/mcp-instances/${asked.id}`, { method: 'DELETE' });
    expect((await ensure(asked)).body.id).not.toBe(asked.id);
  });

  it('an end is renewed as it was given', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    const end = new Date(Date.now() + 3_600_000).toISOString();
    expect((await ensure(asked, { expires_at: end })).body.expires_at).toBe(end);
    expect((await ensure(asked)).body.expires_at).toBe(end);
  });

  it('a user who is suspended, and a config that is unknown, are refused', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    expect(ended(await ensure({ ...asked, config: 'nobody-has-it' }))).toEqual({ status: 404, code: 'not_found' });
    await ok(`/v1/users/${asked.user}`, { method: 'PATCH', body: { suspended: true } });
    expect((await ensure(asked)).body.code).toBe('user_suspended');
  });

  it('is another client’s, or beyond its restrictions: then as if it was not there', async () => {
    const asked = await setting([{ connector: 'linear' }]);
    const body = { name: 'narrow', scopes: ['mcp_instances:write'], restrictions: { identifiers: [asked.user], configs: [asked.config] } };
    const { client_id: narrowed, client_secret } = await ok('/v1/clients', { body });
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: narrowed, client_secret });
    const { access_token: token } = (await (await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: form })).json()) as Json;
    const own = { ...asked, token };
    const [first, again] = [await ensure(own), await ensure(own)];
    expect(again.body).toEqual(first.body);
    expect(first.body.id).not.toBe(asked.id);
    const other = await setting([{ connector: 'linear' }]);
    for (const restrictions of [{ identifiers: [other.user] }, { configs: [other.config] }]) {
      await ok(`/v1/clients/${narrowed}`, { method: 'PATCH', body: { restrictions } });
      expect(ended(await ensure(own))).toEqual({ status: 404, code: 'not_found' });
    }
  });
});
