import { randomBytes } from 'node:crypto';
import { registry } from '@grantway/connectors';
import { connectAll, incidentSetting, incidentTools, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from './rows.ts';

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

let n = 0;
const newName = (what: string) => `${what}-${++n}`;
const connection = (body: Json) => broker.api('/v1/connections', { body: { name: newName('connection'), ...body } });
const config = (mappings: Json[], body: Json = {}) =>
  broker.api('/v1/mcp-configs', { body: { name: newName('config'), connection_tool_mappings: mappings, ...body } });
const ensure = (config_name: string, user_identifier: string) =>
  broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } });

describe('connectors', () => {
  it('are listed and shown with their tools, schemas and annotations', async () => {
    const list = await broker.api('/v1/connectors');
    expect(list.body.items.map((c: Json) => c.id)).toEqual([...Object.keys(registry), 'mcp'].sort());
    for (const { id, auth_kind, tool_count } of list.body.items) {
      const { body } = await broker.api(`/v1/connectors/${id}`);
      expect(body.auth.kind).toBe(auth_kind);
      expect(body.tools).toHaveLength(tool_count);
      if (id === 'mcp') continue;
      expect(body.tools.map((t: Json) => t.name)).toEqual(
        expect.arrayContaining([...(incidentTools[id as keyof typeof incidentTools] ?? [])]),
      );
      for (const tool of body.tools) {
        expect(tool.input_schema).toMatchObject({ type: 'object', additionalProperties: false });
        expect(tool.annotations.readOnlyHint).toBe(tool.effect === 'read');
      }
    }
  });
});

describe('a connection', () => {
  it('goes from DRAFT over IN_PROGRESS to COMPLETED as its OAuth app becomes known, and its secret never comes out', async () => {
    const secrets = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
    const answers: Json[] = [];
    const seen = (answer: { status: number; body: Json }) => {
      answers.push(answer.body);
      return answer.body;
    };
    const draft = seen(await connection({ connector: 'slack' }));
    expect(draft).toMatchObject({
      status: 'DRAFT',
      sandbox: false,
      scopes: ['channels:read', 'channels:history', 'chat:write', 'users:read'],
    });
    expect(draft.auth).toEqual({
      kind: 'oauth2',
      client_id: null,
      client_secret_set: false,
      redirect_uri: `${broker.baseUrl}/oauth/callback/${draft.id}`,
      fields: {},
    });
    const patch = async (body: Json) => seen(await broker.api(`/v1/connections/${draft.id}`, { method: 'PATCH', body }));
    expect(await patch({ auth: { client_id: 'an app' } })).toMatchObject({
      status: 'IN_PROGRESS',
      auth: { client_id: 'an app', client_secret_set: false },
    });
    expect(await patch({ auth: { client_secret: secrets[0] } })).toMatchObject({
      status: 'COMPLETED',
      auth: { client_id: 'an app', client_secret_set: true },
    });
    expect(await patch({ auth: { client_secret: secrets[1] }, scopes: ['chat:write'] })).toMatchObject({
      status: 'COMPLETED',
      scopes: ['chat:write'],
    });
    const renamed = await patch({ name: newName('renamed') });
    expect(renamed).toMatchObject({ status: 'COMPLETED', scopes: ['chat:write'], created_at: draft.created_at });
    expect(Date.parse(renamed.updated_at)).toBeGreaterThan(Date.parse(draft.updated_at));
    expect(seen(await broker.api(`/v1/connections/${draft.id}`))).toEqual(renamed);
    expect(seen(await broker.api(`/v1/connections?name=${renamed.name}`)).items).toEqual([renamed]);
    const events = seen(await broker.api(`/v1/audit-events?target_id=${draft.id}`));
    expect(events.items.map((e: Json) => [e.action, e.details.changed])).toEqual([
      ['connection.updated', ['name']],
      ['connection.updated', ['auth', 'scopes']],
      ['connection.updated', ['auth']],
      ['connection.updated', ['auth']],
      ['connection.created', undefined],
    ]);
    for (const secret of secrets) expect(JSON.stringify(answers)).not.toContain(secret);
  });

  it('with both at once is COMPLETED, of a key connector always', async () => {
    const whole = await connection({ connector: 'linear', auth: { client_id: 'a', client_secret: 'b' } });
    expect([whole.status, whole.body.status]).toEqual([201, 'COMPLETED']);
    const secretOnly = await connection({ connector: 'linear', auth: { client_secret: 'b' } });
    expect(secretOnly.body.status).toBe('IN_PROGRESS');
    const key = await connection({ connector: 'datadog', auth: { fields: { site: 'datadoghq.eu' } } });
    expect(key.body).toMatchObject({
      status: 'COMPLETED',
      scopes: [],
      auth: { kind: 'api_key', redirect_uri: null, fields: { site: 'datadoghq.eu' } },
    });
  });

  it('that is not ready gives no links, and its tools say why', async () => {
    const draft = (await connection({ connector: 'linear' })).body;
    const name = (await config([{ connection_name: draft.name }])).body.name;
    const before = await rows.checksums();
    const link = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: draft.name, identifier: 'early' },
    });
    expect([link.status, link.body.code]).toEqual([409, 'connection_not_ready']);
    expect(changed(before, await rows.checksums())).toEqual([]);
    const instance = await ensure(name, 'early');
    expect(instance.body.connections[0]).toMatchObject({ connected_account_status: 'PENDING_AUTH', authentication_link: null });
    const run = await broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: 'early', connection_name: draft.name } });
    expect([run.status, run.body.code]).toEqual([409, 'connection_not_ready']);
    expect(run.body.authentication_link).toBeUndefined();
    expect((await broker.api(`/v1/tool-calls/${run.body.tool_call_id}`)).body.outcome).toBe('refused');
    await broker.api(`/v1/connections/${draft.id}`, { method: 'PATCH', body: { auth: { client_id: 'a', client_secret: 'b' } } });
    expect((await ensure(name, 'early')).body.connections[0].authentication_link).toMatch(/\/connect\/gwln_/);
  });

  it('cannot be deleted while a config names it or an account holds a credential on it', async () => {
    const { id, name } = (await connection({ connector: 'slack', sandbox: true })).body;
    const remove = () => broker.api(`/v1/connections/${id}`, { method: 'DELETE' });
    const used = (await config([{ connection_name: name }])).body;
    const link = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: name, identifier: 'ada' } }))
      .body.link;
    expect((await broker.connect(link)).status).toBe(200);

    const before = await rows.checksums();
    const named = await remove();
    expect([named.status, named.body.code]).toEqual([409, 'in_use']);
    expect(named.body.detail).toContain(`"${used.name}"`);
    expect(changed(before, await rows.checksums())).toEqual([]);

    expect((await broker.api(`/v1/mcp-configs/${used.id}`, { method: 'DELETE' })).status).toBe(204);
    const held = await remove();
    expect([held.status, held.body.code]).toEqual([409, 'in_use']);
    expect(held.body.detail).toContain('1 connected account');

    const accounts = await broker.api(`/v1/connected-accounts?connection_name=${name}`);
    expect((await broker.api(`/v1/connected-accounts/${accounts.body.items[0].id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await remove()).status).toBe(204);
    expect((await broker.api(`/v1/connections/${id}`)).status).toBe(404);
    expect((await remove()).status).toBe(404);
    // The name is free again.
    expect((await broker.api('/v1/connections', { body: { name, connector: 'slack' } })).status).toBe(201);
  });

  it('of one name is made once, however many ask at once', async () => {
    const name = newName('contested');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => broker.api('/v1/connections', { body: { name, connector: 'slack' } })),
    );
    expect(answers.map((a) => a.status).sort()).toEqual([201, ...Array(7).fill(409)]);
  });
});

describe('an MCP config', () => {
  beforeAll(async () => {
    await incidentSetting(broker);
  });

  it('is a new version with each change, in force at once', async () => {
    const made = await config([{ connection_name: 'slack', tools: ['slack_list_channels', 'slack_list_channels'] }]);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      version: 1,
      description: '',
      connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_list_channels'] }],
    });
    const path = `/v1/mcp-configs/${made.body.id}`;
    const patch = (body: Json) => broker.api(path, { method: 'PATCH', body });

    const second = await patch({ description: 'reads', version: 1 });
    expect(second.body).toMatchObject({ version: 2, description: 'reads', connection_tool_mappings: made.body.connection_tool_mappings });
    const before = await rows.checksums();
    const late = await patch({ description: 'writes', version: 1 });
    expect([late.status, late.body.code]).toEqual([409, 'version_conflict']);
    expect(changed(before, await rows.checksums())).toEqual([]);

    const third = await patch({ name: newName('renamed'), connection_tool_mappings: [{ connection_name: 'linear', tools: [] }] });
    expect(third.body).toMatchObject({ version: 3, connection_tool_mappings: [{ connection_name: 'linear', tools: [] }] });
    expect((await broker.api(path)).body).toEqual(third.body);
    expect((await broker.api(`/v1/mcp-configs?name=${third.body.name}`)).body.items).toEqual([third.body]);
    // What was in force before stays on record.
    const versions = await rows.query('select version, mappings from mcp_config_versions where config_id = $1 order by version', [
      made.body.id,
    ]);
    expect(versions.map((v) => [v['version'], v['mappings'][0].tools])).toEqual([
      [1, ['slack_list_channels']],
      [2, ['slack_list_channels']],
      [3, []],
    ]);
  });

  it('changed by many at once from one version is changed once', async () => {
    const made = (await config([{ connection_name: 'slack' }])).body;
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        broker.api(`/v1/mcp-configs/${made.id}`, { method: 'PATCH', body: { description: `${i}`, version: 1 } }),
      ),
    );
    expect(answers.map((a) => a.status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect((await broker.api(`/v1/mcp-configs/${made.id}`)).body.version).toBe(2);
  });

  it('follows its connections’ names', async () => {
    const { id, name } = (await connection({ connector: 'linear', sandbox: true })).body;
    const made = (await config([{ connection_name: name }])).body;
    const renamed = newName('renamed');
    await broker.api(`/v1/connections/${id}`, { method: 'PATCH', body: { name: renamed } });
    expect((await broker.api(`/v1/mcp-configs/${made.id}`)).body.connection_tool_mappings).toEqual([
      { connection_name: renamed, tools: [], account_owner: 'user', account_choice: false },
    ]);
  });

  it('takes its instances with it, and leaves the accounts', async () => {
    const made = (await config([{ connection_name: 'slack' }])).body;
    const instance = (await ensure(made.name, 'leaver')).body;
    const account = instance.connections[0].connected_account_id;
    expect((await broker.api(`/v1/mcp-configs/${made.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await broker.api(`/v1/mcp-instances/${instance.id}/auth-state`)).status).toBe(404);
    expect((await fetch(instance.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status).toBe(404);
    expect((await broker.api(`/v1/connected-accounts/${account}`)).status).toBe(200);
  });

  it('that would give two tools one name, or a name too long for clients, is refused', async () => {
    for (const name of ['twin-a', 'twin_a', 'w'.repeat(60)]) {
      expect((await broker.api('/v1/connections', { body: { name, connector: 'slack', sandbox: true } })).status).toBe(201);
    }
    const same = await config([{ connection_name: 'twin-a' }, { connection_name: 'twin_a' }]);
    expect([same.status, same.body.code]).toEqual([409, 'name_taken']);
    const long = await config([{ connection_name: 'twin-a' }, { connection_name: 'w'.repeat(60) }]);
    expect([long.status, long.body.code]).toEqual([400, 'invalid_request']);
  });
});

describe('ensure_instance', () => {
  beforeAll(async () => {
    await incidentSetting(broker);
  });

  it('answers the same URL each time, to each user his own', async () => {
    const [ada, again, bob] = [
      await ensure('incident-responder', 'ada'),
      await ensure('incident-responder', 'ada'),
      await ensure('incident-responder', 'bob'),
    ];
    expect(ada.status).toBe(200);
    expect(again.body).toEqual(ada.body);
    expect(bob.body.url).not.toBe(ada.body.url);
    expect(ada.body.url).toMatch(new RegExp(`^${broker.baseUrl}/u/gwmcp_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}/mcp$`));
    expect(ada.body.connections.map((c: Json) => [c.connection_name, c.connected_account_status, c.reason])).toEqual([
      ['datadog', 'PENDING_AUTH', 'never_connected'],
      ['linear', 'PENDING_AUTH', 'never_connected'],
      ['slack', 'PENDING_AUTH', 'never_connected'],
    ]);
    const quiet = await broker.api(`/v1/mcp-instances/${ada.body.id}/auth-state`);
    expect(quiet.body.connections.map((c: Json) => c.authentication_link)).toEqual([null, null, null]);
    const loud = await broker.api(`/v1/mcp-instances/${ada.body.id}/auth-state?include_auth_links=true`);
    expect(loud.body.connections).toEqual(ada.body.connections);
  });

  it('asked a hundred times at once for somebody new makes one instance, one URL, one pending account per connection', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ensure('incident-responder', 'crowd')));
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((a) => JSON.stringify(a.body))).size).toBe(1);
    expect(await rows.query("select i.id from mcp_instances i join users u on u.id = i.user_id where u.identifier = 'crowd'")).toHaveLength(
      1,
    );
    const accounts = await rows.query<{ id: string; status: string }>(
      "select a.id, a.status from connected_accounts a join users u on u.id = a.user_id where u.identifier = 'crowd'",
    );
    expect(accounts.map((a) => a.status)).toEqual(['PENDING_AUTH', 'PENDING_AUTH', 'PENDING_AUTH']);
    const links = await rows.query('select id from authorization_links where connected_account_id = any($1)', [accounts.map((a) => a.id)]);
    expect(links).toHaveLength(3);
  });

  it('keeps the URL through connecting, and the database alone does not yield it', async () => {
    const made = (await ensure('incident-responder', 'keeper')).body;
    await connectAll(broker, made);
    const after = (await ensure('incident-responder', 'keeper')).body;
    expect(after.url).toBe(made.url);
    expect(after.connections.map((c: Json) => [c.connected_account_status, c.authentication_link])).toEqual(
      Array(3).fill(['ACTIVE', null]),
    );
    const row = await rows.one('select i.* from mcp_instances i where id = $1', [made.id]);
    const secret = made.url.split('_')[2].slice(0, 43);
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  it('answers no URL that was revoked', async () => {
    const made = (await ensure('incident-responder', 'revoked')).body;
    await rows.query('update mcp_instances set revoked_at = now() where id = $1', [made.id]);
    const again = await ensure('incident-responder', 'revoked');
    expect([again.status, again.body.code]).toEqual([410, 'instance_revoked']);
    expect(JSON.stringify(again.body)).not.toContain('gwmcp_');
  });
});

describe('connected accounts', () => {
  it('are shown without secrets, with whose they are at the provider', async () => {
    const instance = await incidentSetting(broker);
    await connectAll(broker, instance);
    const list = await broker.api(`/v1/connected-accounts?identifier=${instance.user_identifier}`);
    expect(list.body.items).toHaveLength(3);
    for (const account of list.body.items) {
      expect((await broker.api(`/v1/connected-accounts/${account.id}`)).body).toEqual(account);
      expect(account).toMatchObject({ status: 'ACTIVE', reason: null, identifier: instance.user_identifier });
      expect(account.provider_account).toEqual({ id: expect.any(String), label: expect.any(String) });
      expect(account.access_token_expires_at === null).toBe(account.connector === 'datadog');
      expect(Object.keys(account).filter((key) => /token$|secret|credential|_ct$|fingerprint/.test(key))).toEqual([]);
    }
  });
});
