import { randomBytes } from 'node:crypto';
import { allPermissions, newId } from '@grantway/contract';
import { createOperatorClient, forgetEnvironment, resumeEnvironment, suspendEnvironment } from '@grantway/core';
import { connectAll, createDatabase, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { createSealing, localKeyWrapper, openKeyRing, parseMasterKey } from '@grantway/vault';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { storedAccount } from './stored-account.ts';

const masterKey = randomBytes(32);
let database: Awaited<ReturnType<typeof createDatabase>>;
let broker: TestBroker;
/** Another process of the same installation. It has a sandbox of its own, so that it runs only while keys alone are used. */
let second: TestBroker;
let rows: Rows;
beforeAll(async () => {
  database = await createDatabase();
  broker = await startBroker({ databaseUrl: database.url, masterKey });
  rows = await openRows(broker);
});
afterEach(async () => {
  for (const connector of ['datadog', 'linear', 'slack']) await broker.control(`/${connector}/knobs`, 'DELETE');
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await database?.drop();
});

async function tokenOf(
  of: { clientId: string; clientSecret: string },
  at: TestBroker = broker,
): Promise<{ status: number; token: string; body: Json }> {
  const response = await fetch(`${at.baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: of.clientId, client_secret: of.clientSecret }),
  });
  const body = (await response.json()) as Json;
  return { status: response.status, token: body.access_token, body };
}

const made = async (scopes: string[]) => {
  const { status, body } = await broker.api('/v1/clients', { body: { name: 'agent', scopes } });
  expect(status).toBe(201);
  return { clientId: body.client_id as string, clientSecret: body.client_secret as string };
};

/** One MCP request at one of the processes. */
async function listTools(
  url: string,
  at: TestBroker = broker,
): Promise<{ status: number; code: string | undefined; tools: number | undefined }> {
  const response = await fetch(new URL(new URL(url).pathname, at.baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  const body = (await response.json()) as Json;
  return { status: response.status, code: body.error?.data?.code, tools: body.result?.tools.length };
}

const execute = (at: TestBroker, identifier: string, token?: string) =>
  at.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier }, ...(token === undefined ? {} : { token }) });

const startSecond = async () => {
  second = await startBroker({ databaseUrl: database.url, masterKey });
};
const stopSecond = () => second.close();

describe('a suspended client', () => {
  beforeAll(startSecond);
  afterAll(stopSecond);

  it('B06: is refused with its next call, over REST and MCP, at every process; others go on; resuming needs nothing else', async () => {
    const one = await made(['tools:execute', 'mcp_instances:write', 'connected_accounts:read']);
    const other = await made(['tools:execute']);
    const [{ token }, { token: there }, { token: othersToken }] = [
      await tokenOf(one),
      await tokenOf(one, second),
      await tokenOf(other, second),
    ];
    const own = await incidentSetting({
      ...broker,
      api: (path, init) => broker.api(path, path === '/v1/mcp-instances' ? { ...init, token } : init),
    });
    const others = await incidentSetting(broker);
    await connectAll(broker, own);
    await connectAll(broker, others);
    expect((await execute(second, own.user_identifier, there)).status).toBe(200);
    expect((await listTools(own.url, second)).tools).toBe(9);

    const suspended = await broker.api(`/v1/clients/${one.clientId}`, { method: 'PATCH', body: { suspended: true } });
    expect(suspended.body).toMatchObject({ suspended: true, suspended_at: expect.any(String) });
    expect((await execute(broker, own.user_identifier, token)).body).toMatchObject({ code: 'client_suspended' });
    expect((await execute(second, own.user_identifier, there)).body).toMatchObject({ code: 'client_suspended' });
    expect(await listTools(own.url, second)).toMatchObject({ status: 403, code: 'client_suspended' });
    expect((await tokenOf(one)).body).toMatchObject({ code: 'client_suspended' });
    expect((await execute(second, others.user_identifier, othersToken)).status).toBe(200);
    expect((await listTools(others.url, second)).tools).toBe(9);

    await broker.api(`/v1/clients/${one.clientId}`, { method: 'PATCH', body: { suspended: false } });
    expect((await execute(second, own.user_identifier, there)).status).toBe(200);
    expect((await listTools(own.url, second)).tools).toBe(9);
  });

  it('is not the one that asks: a client cannot suspend itself', async () => {
    const own = await broker.api(`/v1/clients/${broker.client.clientId}`, { method: 'PATCH', body: { suspended: true } });
    expect(own.body).toMatchObject({ code: 'invalid_request' });
  });

  it('loses scopes with the next call', async () => {
    const one = await made(['connections:read', 'tool_calls:read']);
    const { token } = await tokenOf(one);
    expect((await broker.api('/v1/connections', { token })).status).toBe(200);
    await broker.api(`/v1/clients/${one.clientId}`, { method: 'PATCH', body: { scopes: ['tool_calls:read'] } });
    expect((await broker.api('/v1/connections', { token })).body).toMatchObject({ code: 'insufficient_scope' });
  });
});

describe('a client’s secret', () => {
  it('is taken beside the new one until the overlap is over', async () => {
    const one = await made(['connections:read']);
    const rotated = await broker.api(`/v1/clients/${one.clientId}/rotate-secret`, { body: { overlap_seconds: 600 } });
    expect(rotated.body.previous_secret_expires_at).not.toBeNull();
    const renewed = { ...one, clientSecret: rotated.body.client_secret as string };
    expect(renewed.clientSecret).not.toBe(one.clientSecret);
    expect([(await tokenOf(one)).status, (await tokenOf(renewed)).status]).toEqual([200, 200]);
    await rows.query("update clients set previous_secret_until = now() - interval '1 second' where id = $1", [one.clientId]);
    expect([(await tokenOf(one)).status, (await tokenOf(renewed)).status]).toEqual([401, 200]);
    const again = await broker.api(`/v1/clients/${one.clientId}/rotate-secret`, { body: { overlap_seconds: 0 } });
    expect([(await tokenOf(renewed)).status, (await tokenOf({ ...one, clientSecret: again.body.client_secret })).status]).toEqual([
      401, 200,
    ]);
  });

  it('of a stronger client cannot be had, nor a stronger client be made', async () => {
    const strong = await made(['clients:write', 'clients:read', 'connections:write']);
    const { token } = await tokenOf(await made(['clients:write']));
    for (const answer of [
      await broker.api('/v1/clients', { token, body: { name: 'more', scopes: ['clients:write', 'connections:write'] } }),
      await broker.api(`/v1/clients/${strong.clientId}/rotate-secret`, { token, body: {} }),
      await broker.api(`/v1/clients/${strong.clientId}`, { token, method: 'PATCH', body: { scopes: ['clients:write'] } }),
    ])
      expect(answer.body).toMatchObject({ code: 'insufficient_scope' });
    // A narrow token of a strong client is as weak as it was asked to be.
    const narrow = await broker.token('clients:write');
    expect((await broker.api('/v1/clients', { token: narrow, body: { name: 'more', scopes: ['connections:read'] } })).status).toBe(403);
    expect((await tokenOf(strong)).status).toBe(200);
  });
});

describe('the set of all permissions', () => {
  it('is what the installation’s first client holds: also a permission that did not exist when it was made', async () => {
    const stored = await rows.one<Json>('select scopes from clients where id = $1', [broker.client.clientId]);
    expect(stored.scopes).toEqual(['all']);
    const { body } = await tokenOf(broker.client);
    expect(body.scope.split(' ')).toEqual(allPermissions);
  });

  it('can be given away by who holds it, and by nobody who holds each of them by name, or asked for less', async () => {
    const whole = await broker.api('/v1/clients', { body: { name: 'admin', scopes: ['all', 'connections:read'] } });
    expect(whole.body.scopes).toEqual(['all']);
    const named = await made([...allPermissions]);
    const narrow = await broker.token(allPermissions.slice(1).join(' '));
    for (const token of [(await tokenOf(named)).token, narrow]) {
      for (const answer of [
        await broker.api('/v1/clients', { token, body: { name: 'more', scopes: ['all'] } }),
        await broker.api(`/v1/clients/${named.clientId}`, { token, method: 'PATCH', body: { scopes: ['all'] } }),
        await broker.api(`/v1/clients/${whole.body.client_id}/rotate-secret`, { token, body: {} }),
      ])
        expect(answer.body).toMatchObject({ code: 'insufficient_scope' });
    }
  });
});

const patchUser = (user: string, suspended: boolean) => broker.api(`/v1/users/${user}`, { method: 'PATCH', body: { suspended } });

describe('a suspended user', () => {
  beforeAll(startSecond);
  afterAll(stopSecond);

  it('B06: is refused with the next call, over REST, MCP and hosted pages; others go on; resuming needs no new consent', async () => {
    const [one, other] = [await incidentSetting(broker), await incidentSetting(broker)];
    const { link } = (
      await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'slack', identifier: one.user_identifier } })
    ).body;
    await connectAll(broker, other);
    for (const connection of one.connections.filter((c: Json) => c.connector === 'datadog'))
      await broker.connectKey(connection.authentication_link);
    expect((await patchUser(one.user_identifier, true)).body).toMatchObject({ suspended: true });
    for (const at of [broker, second]) expect((await execute(at, one.user_identifier)).body).toMatchObject({ code: 'user_suspended' });
    expect(await listTools(one.url, second)).toMatchObject({ status: 403, code: 'user_suspended' });
    expect((await fetch(link)).status).toBe(403);
    for (const [path, init] of [
      ['/v1/connected-accounts/authorization-link', { body: { connection_name: 'slack', identifier: one.user_identifier } }],
      ['/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier: one.user_identifier } }],
    ] as const)
      expect((await broker.api(path, init)).body).toMatchObject({ code: 'user_suspended' });
    expect((await execute(second, other.user_identifier)).status).toBe(200);
    const [call] = (await broker.api(`/v1/tool-calls?user_identifier=${one.user_identifier}`)).body.items;
    expect(call).toMatchObject({ outcome: 'refused', fault_code: 'user_suspended' });

    await patchUser(one.user_identifier, false);
    expect((await execute(second, one.user_identifier)).status).toBe(200);
    expect((await listTools(one.url, second)).tools).toBe(9);
  });
});

describe('a suspension', () => {
  it('E16: a refresh that was under way is stored and not used, and the call works after resuming without a new consent', async () => {
    const instance = await incidentSetting(broker);
    await connectAll(broker, instance);
    const { connected_account_id: id } = instance.connections.find((c: Json) => c.connector === 'linear');
    const before = await storedAccount(rows, id);
    await rows.query("update connected_accounts set access_expires_at = now() - interval '1 second' where id = $1", [id]);
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 1000, where: 'token' });
    const calls = async () => (await broker.control('/linear/ledger', 'GET')).counts.api_calls;
    const callsBefore = await calls();
    const teams = () => broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: instance.user_identifier } });
    const underWay = teams();
    await vi.waitFor(
      async () =>
        expect(await rows.query('select 1 from connected_accounts where id = $1 and claim_owner is not null', [id])).toHaveLength(1),
      { timeout: 5_000, interval: 20 },
    );
    await patchUser(instance.user_identifier, true);
    expect((await underWay).body).toMatchObject({ code: 'user_suspended' });
    const stored = await storedAccount(rows, id);
    expect(stored).toMatchObject({ status: 'ACTIVE', grant_id: before.grant_id });
    expect(Number(stored.generation)).toBe(Number(before.generation) + 1);
    expect(await calls()).toBe(callsBefore);
    await patchUser(instance.user_identifier, false);
    expect((await teams()).status).toBe(200);
  });
});

describe('B06: a call that is under way when somebody is suspended', () => {
  let instance: Json;
  let client: { clientId: string; clientSecret: string };
  let token: string;
  beforeAll(async () => {
    client = await made(['tools:execute', 'mcp_instances:write', 'connected_accounts:read']);
    ({ token } = await tokenOf(client));
    instance = await incidentSetting({
      ...broker,
      api: (path, init) => broker.api(path, path === '/v1/mcp-instances' ? { ...init, token } : init),
    });
    await connectAll(broker, instance);
  });
  const patchClient = (suspended: boolean) => broker.api(`/v1/clients/${client.clientId}`, { method: 'PATCH', body: { suspended } });
  const callsAtVendor = async () => (await broker.control('/linear/ledger', 'GET')).counts.api_calls as number;
  const comment = { issueId: 'ENG-142', body: 'It is under way' };
  const overRest = async () => {
    const { body } = await broker.api('/v1/tools/linear_comment_create/execute', {
      token,
      body: { identifier: instance.user_identifier, arguments: comment },
    });
    return body.code as string | undefined;
  };
  const overMcp = async () => {
    const response = await fetch(instance.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'linear_comment_create', arguments: comment } }),
    });
    return JSON.stringify(await response.json());
  };

  it.each([
    ['client', 'client_suspended', patchClient],
    ['user', 'user_suspended', (suspended: boolean) => patchUser(instance.user_identifier, suspended)],
    [
      'environment',
      'environment_suspended',
      (suspended: boolean) => {
        const { environmentId } = broker.broker;
        return suspended ? suspendEnvironment(broker.modules.db, environmentId) : resumeEnvironment(broker.modules.db, environmentId);
      },
    ],
  ] as const)('a write of a suspended %s that had its lease already is not sent', async (_kind, code, suspend) => {
    const before = await callsAtVendor();
    // The row that a write must have before it is sent cannot be written for a moment.
    const gate = await openRows(broker);
    await gate.query('begin');
    await gate.query('lock table tool_calls in access exclusive mode');
    const underWay = Promise.all([overRest(), overMcp()]);
    await vi.waitFor(
      async () => {
        const waiting = await rows.query(
          "select 1 from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'tool_calls' and not l.granted and l.database = (select oid from pg_database where datname = current_database())",
        );
        expect(waiting.length).toBeGreaterThan(0);
      },
      { timeout: 4_000, interval: 20 },
    );
    await suspend(true);
    await gate.query('commit');
    await gate.close();
    const [rest, mcp] = await underWay;
    expect(rest).toBe(code);
    expect(mcp).toContain(code);
    expect(await callsAtVendor()).toBe(before);
    await suspend(false);
    expect(await overRest()).toBeUndefined();
    expect(await callsAtVendor()).toBe(before + 1);
  });

  it('a read whose first try failed is not repeated', async () => {
    const before = await callsAtVendor();
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 800, fail: 'reset', fail_times: 1 });
    const underWay = broker.api('/v1/tools/linear_teams_list/execute', { token, body: { identifier: instance.user_identifier } });
    await vi.waitFor(() => expect(broker.logLines.some((line) => line.includes('linear api: waits 800 ms by knob'))).toBe(true), {
      timeout: 5_000,
      interval: 10,
    });
    await patchClient(true);
    expect((await underWay).body).toMatchObject({ code: 'client_suspended' });
    expect(await callsAtVendor()).toBe(before + 1);
    await patchClient(false);
  });
});

describe('a forgotten user', () => {
  it('is gone at once, with accounts, URL and sealed rows; the providers are told; the others stay', async () => {
    const [one, other] = [await incidentSetting(broker), await incidentSetting(broker)];
    await connectAll(broker, one);
    await connectAll(broker, other);
    const revoked = async () => (await broker.control('/linear/ledger', 'GET')).counts.revocations;
    const before = await revoked();
    expect((await broker.api(`/v1/users/${one.user_identifier}`, { method: 'DELETE' })).status).toBe(204);
    expect((await revoked()) - before).toBe(1);
    const ids = one.connections.map((c: Json) => c.connected_account_id);
    expect(await rows.query('select 1 from connected_accounts where id = any($1)', [ids])).toEqual([]);
    expect(await rows.query('select 1 from users where identifier = $1', [one.user_identifier])).toEqual([]);
    expect(await listTools(one.url)).toMatchObject({ status: 404 });
    const receipts = await rows.query(
      'select connector, status, credential_ct from revocations where connected_account_id = any($1) order by connector',
      [ids],
    );
    expect(receipts).toEqual([
      { connector: 'datadog', status: 'unproven', credential_ct: null },
      { connector: 'linear', status: 'proven', credential_ct: null },
      { connector: 'slack', status: 'proven', credential_ct: null },
    ]);
    expect((await broker.api(`/v1/users/${one.user_identifier}`, { method: 'DELETE' })).status).toBe(404);
    expect((await listTools(other.url)).tools).toBe(9);
  });
});

describe('an environment', () => {
  async function another(): Promise<{ id: string; there: TestBroker; instance: Json }> {
    const [workspace, id] = [newId('workspace'), newId('environment')];
    await rows.query("insert into workspaces (id, name) values ($1, 'Another')", [workspace]);
    await rows.query("insert into environments (id, workspace_id, name) values ($1, $2, 'prod')", [id, workspace]);
    const client = await createOperatorClient(broker.modules, id, 'theirs');
    const { token } = await tokenOf(client);
    const there: TestBroker = { ...broker, client, api: (path, init) => broker.api(path, { token, ...init }) };
    const instance = await incidentSetting(there);
    await connectAll(there, instance);
    return { id, there, instance };
  }

  it('B06: suspended, refuses every call of its own and none of the others, until it is resumed', async () => {
    const { id, there, instance } = await another();
    await suspendEnvironment(broker.modules.db, id);
    expect((await there.api('/v1/connections')).body).toMatchObject({ code: 'environment_suspended' });
    expect((await tokenOf(there.client)).status).toBe(403);
    expect(await listTools(instance.url)).toMatchObject({ status: 403, code: 'environment_suspended' });
    expect((await broker.api('/v1/connections')).status).toBe(200);
    await resumeEnvironment(broker.modules.db, id);
    expect((await there.api('/v1/connections')).status).toBe(200);
    expect((await listTools(instance.url)).tools).toBe(9);
  });

  it('forgotten, has no key left: nothing that was sealed in it opens again, and nothing else is lost', async () => {
    const { id, there, instance } = await another();
    const ours = await incidentSetting(broker);
    await connectAll(broker, ours);
    const sealed = await rows.query<Json>(
      'select id, environment_id, grant_id, generation, credential_ct from connected_accounts where credential_ct is not null and environment_id = any($1)',
      [[id, broker.broker.environmentId]],
    );
    /** As a process that starts now would read what a thief, or a backup, kept. */
    const opens = async (row: Json): Promise<boolean> => {
      const ring = await openKeyRing(broker.modules.db, localKeyWrapper(parseMasterKey(masterKey.toString('base64'))));
      const place = {
        environmentId: row.environment_id,
        table: 'connected_accounts',
        column: 'credential_ct',
        rowId: row.id,
        generation: Number(row.generation),
        grantId: row.grant_id,
      };
      return createSealing(ring)
        .open(place, row.credential_ct)
        .then(
          () => true,
          () => false,
        );
    };
    const theirs = sealed.filter((row) => row.environment_id === id);
    expect(theirs).toHaveLength(3);
    for (const row of theirs) expect(await opens(row)).toBe(true);

    await expect(forgetEnvironment(broker.modules.db, id)).rejects.toMatchObject({ code: 'in_use' });
    const incident = (await there.api('/v1/incidents', { body: { filter: {} } })).body;
    await vi.waitFor(async () => expect((await there.api(`/v1/incidents/${incident.id}`)).body.status).toBe('finished'), {
      timeout: 20_000,
    });
    await forgetEnvironment(broker.modules.db, id);

    for (const row of theirs) expect(await opens(row)).toBe(false);
    expect(await rows.query("select 1 from data_keys where environment_id = $1 and state <> 'retired'", [id])).toEqual([]);
    expect(await rows.query('select 1 from connections where environment_id = $1 and client_secret_ct is not null', [id])).toEqual([]);
    for (const row of sealed.filter((r) => r.environment_id !== id)) expect(await opens(row)).toBe(true);
    expect((await there.api('/v1/connections')).body).toMatchObject({ code: 'environment_suspended' });
    expect((await listTools(instance.url)).status).toBe(403);
    await expect(resumeEnvironment(broker.modules.db, id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await execute(broker, ours.user_identifier)).status).toBe(200);
  });
});
