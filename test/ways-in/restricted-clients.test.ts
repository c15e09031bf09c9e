import { apiRoutes } from '@grantway/broker';
import { restrictablePermissions } from '@grantway/contract';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { type Agent, agentOf, mcp, outcome, toolNames } from './agent.ts';

const everything = [...restrictablePermissions];
let broker: TestBroker;
let rows: Rows;
/** Of the user and the config that the agent may act for and on, made by the operator's client. */
let own: Json;
/** Of another user, on a config of another connection. */
let other: Json;
let agent: Agent;
/** The agent's own instance. */
let mine: Json;

const configBody = (name: string, connection_name: string) => ({ name, connection_tool_mappings: [{ connection_name }] });
const ensure = (by: Pick<Agent, 'api'>, config_name: string, user_identifier: string) =>
  by.api('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } });

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  own = await incidentSetting(broker, 'team-a/ada');
  await connectAll(broker, own);
  await broker.api('/v1/connections', { body: { name: 'linear-b', connector: 'linear', sandbox: true } });
  await broker.api('/v1/mcp-configs', { body: configBody('role-b', 'linear-b') });
  other = (await ensure(broker, 'role-b', 'team-b/bob')).body;
  await connectAll(broker, other);
  agent = await agentOf(broker, everything, { identifier_prefixes: ['team-a/'], identifiers: ['solo'], configs: ['incident-responder'] });
  mine = (await ensure(agent, 'incident-responder', 'team-a/ada')).body;
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const accountOf = (instance: Json): string => instance.connections[0].connected_account_id;
const execute = (by: Pick<Agent, 'api'>, body: Json, tool = 'datadog_monitors_list') => by.api(`/v1/tools/${tool}/execute`, { body });

describe('a client that is restricted', () => {
  it('is shown with what it is restricted to, and another’s name does not widen it', async () => {
    const find = async () => {
      const { items } = (await broker.api('/v1/clients?limit=100')).body;
      return items.find((client: Json) => client.client_id === agent.clientId);
    };
    expect((await find()).restrictions).toEqual({
      identifiers: ['solo'],
      identifier_prefixes: ['team-a/'],
      configs: ['incident-responder'],
    });
    await broker.api(`/v1/mcp-configs/${own.config.id}`, { method: 'PATCH', body: { name: 'renamed' } });
    await broker.api(`/v1/mcp-configs/${other.config.id}`, { method: 'PATCH', body: { name: 'incident-responder' } });
    try {
      expect((await find()).restrictions.configs).toEqual(['renamed']);
      expect((await ensure(agent, 'incident-responder', 'team-a/ada')).body.code).toBe('not_found');
      expect((await ensure(agent, 'renamed', 'team-a/ada')).body.id).toBe(mine.id);
    } finally {
      await broker.api(`/v1/mcp-configs/${other.config.id}`, { method: 'PATCH', body: { name: 'role-b' } });
      await broker.api(`/v1/mcp-configs/${own.config.id}`, { method: 'PATCH', body: { name: 'incident-responder' } });
    }
  });

  it('acts for its users: by the list and by the prefix', async () => {
    for (const identifier of ['team-a/ada', 'team-a/new', 'solo']) {
      expect((await ensure(agent, 'incident-responder', identifier)).status, identifier).toBe(200);
    }
    for (const identifier of ['team-b/bob', 'Solo', 'solo2', 'team-a', 'x/team-a/ada']) {
      expect((await ensure(agent, 'incident-responder', identifier)).body.code, identifier).toBe('not_found');
    }
  });

  it('B04: holds no permission that reaches everybody, neither when it is made nor by a later change', async () => {
    const beyond = [...new Set(apiRoutes.map(({ permission }) => permission))].filter(
      (permission) => !restrictablePermissions.has(permission),
    );
    expect(beyond.length).toBeGreaterThan(5);
    for (const scope of [...beyond, 'all']) {
      const restrictions = { identifiers: ['solo'] };
      const made = await broker.api('/v1/clients', { body: { name: 'agent', scopes: [scope], restrictions } });
      expect([made.status, made.body.code], scope).toEqual([400, 'invalid_request']);
      const changed = await broker.api(`/v1/clients/${agent.clientId}`, { method: 'PATCH', body: { scopes: [scope] } });
      expect(changed.body.code, scope).toBe('invalid_request');
    }
    // Even where a row came to say so.
    const strong = await agentOf(broker, ['clients:write', 'clients:read']);
    await rows.query(`update clients set restrictions = '{"identifiers": ["solo"]}' where id = $1`, [strong.clientId]);
    expect((await strong.api('/v1/clients')).body.code).toBe('insufficient_scope');
  });

  it.each([
    [{}, 'invalid_request'],
    [{ identifiers: 'solo' }, 'invalid_request'],
    [{ identifier_prefixes: [''] }, 'invalid_request'],
    [{ users: ['solo'] }, 'invalid_request'],
    [{ configs: ['no-such-config'] }, 'not_found'],
  ])('is not restricted by %j, and nothing changes', async (restrictions, code) => {
    const before = await rows.checksums();
    const made = await broker.api('/v1/clients', { body: { name: 'agent', scopes: ['tools:execute'], restrictions } });
    const changed = await broker.api(`/v1/clients/${agent.clientId}`, { method: 'PATCH', body: { restrictions } });
    expect([made.body.code, changed.body.code]).toEqual([code, code]);
    expect(await rows.checksums()).toEqual(before);
  });

  it('has nothing left of a list that is empty', async () => {
    const nobody = await agentOf(broker, everything, { identifiers: [] });
    expect((await ensure(nobody, 'incident-responder', 'team-a/ada')).body.code).toBe('not_found');
    expect((await nobody.api('/v1/connected-accounts')).body.items).toEqual([]);
    const nothing = await agentOf(broker, everything, { configs: [] });
    expect((await nothing.api('/v1/mcp-configs')).body.items).toEqual([]);
    expect((await nothing.api('/v1/tools')).body.items).toEqual([]);
    expect((await nothing.api('/v1/connections')).body.items).toEqual([]);
    const idle = await agentOf(broker, everything, { tools: [] });
    expect((await execute(idle, { identifier: 'team-a/ada' })).body.code).toBe('unknown_tool');
  });
});

interface Case {
  /** Within the restrictions: this is done. */
  allowed?: () => Promise<{ status: number; body: Json }>;
  /** Outside of them, and something that does not exist: both look the same. */
  denied: () => Promise<[path: string, init: Json][]>;
}

const nobody = 'cfg_00000000000000000000000000';
const link = '/v1/connected-accounts/authorization-link';

/** Every operation that takes an identifier, a config, a tool or what belongs to them, for those permissions that can be restricted. */
const cases: Record<string, Case> = {
  'GET /v1/mcp-configs/{id}': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}`),
    denied: async () => [other.config.id, nobody].map((id) => [`/v1/mcp-configs/${id}`, {}]),
  },
  'GET /v1/mcp-configs/{id}/versions': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}/versions`),
    denied: async () => configPaths('/versions'),
  },
  'GET /v1/mcp-configs/{id}/versions/{version}': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}/versions/1`),
    denied: async () => configPaths('/versions/1'),
  },
  'GET /v1/mcp-configs/{id}/versions/{version}/diff': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}/versions/1/diff`),
    denied: async () => configPaths('/versions/1/diff'),
  },
  'PUT /v1/mcp-instances': {
    allowed: () => ensure(agent, 'incident-responder', 'team-a/ada'),
    denied: async () =>
      ['role-b', 'no-such'].map((config_name) => ['/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier: 'solo' } }]),
  },
  'GET /v1/mcp-instances/{id}': {
    allowed: () => agent.api(`/v1/mcp-instances/${mine.id}`),
    denied: async () => instancePaths('', {}),
  },
  'GET /v1/mcp-instances/{id}/auth-state': {
    allowed: () => agent.api(`/v1/mcp-instances/${mine.id}/auth-state`),
    denied: async () => instancePaths('/auth-state?include_auth_links=true', {}),
  },
  'PATCH /v1/mcp-instances/{id}': {
    allowed: () => agent.api(`/v1/mcp-instances/${mine.id}`, { method: 'PATCH', body: { expires_at: null } }),
    denied: async () => instancePaths('', { method: 'PATCH', body: { expires_at: null } }),
  },
  'POST /v1/mcp-instances/{id}/rotate': {
    allowed: () => agent.api(`/v1/mcp-instances/${mine.id}/rotate`, { body: { grace_seconds: 600 } }),
    denied: async () => instancePaths('/rotate', { body: {} }),
  },
  'POST /v1/mcp-instances/{id}/revoke': { denied: async () => instancePaths('/revoke', { method: 'POST' }) },
  'POST /v1/mcp-instances/{id}/restore': { denied: async () => instancePaths('/restore', { method: 'POST' }) },
  'DELETE /v1/mcp-instances/{id}': { denied: async () => instancePaths('', { method: 'DELETE' }) },
  'POST /v1/mcp-configs/{id}/session-tokens': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}/session-tokens`, { body: { user_identifier: 'solo' } }),
    denied: async () =>
      [other.config.id, nobody].map((id) => [`/v1/mcp-configs/${id}/session-tokens`, { body: { user_identifier: 'team-a/ada' } }]),
  },
  'POST /v1/mcp-configs/{id}/session-tokens/revoke': {
    allowed: () => agent.api(`/v1/mcp-configs/${own.config.id}/session-tokens/revoke`, { body: { user_identifier: 'team-a/ada' } }),
    denied: async () =>
      [other.config.id, nobody].map((id) => [`/v1/mcp-configs/${id}/session-tokens/revoke`, { body: { user_identifier: 'team-b/bob' } }]),
  },
  'POST /v1/connected-accounts/authorization-link': {
    allowed: () => agent.api(link, { body: { connection_name: 'slack', identifier: 'team-a/ada' } }),
    denied: async () => ['linear-b', 'no-such'].map((connection_name) => [link, { body: { connection_name, identifier: 'team-a/ada' } }]),
  },
  'POST /v1/connected-accounts/verify': {
    denied: async () =>
      ['team-b/bob', 'team-b/nobody'].map((identifier) => [
        '/v1/connected-accounts/verify',
        { body: { auth_request_id: 'A'.repeat(43), identifier } },
      ]),
  },
  'POST /v1/connected-accounts/chat-code': {
    denied: async () =>
      ['linear-b', 'no-such'].map((connection_name) => [
        '/v1/connected-accounts/chat-code',
        { body: { connection_name, identifier: 'team-a/ada', code: '123456' } },
      ]),
  },
  'GET /v1/connected-accounts/{id}': {
    allowed: () => agent.api(`/v1/connected-accounts/${accountOf(own)}`),
    denied: async () => accountPaths('', {}),
  },
  'PATCH /v1/connected-accounts/{id}': {
    allowed: () => agent.api(`/v1/connected-accounts/${accountOf(own)}`, { method: 'PATCH', body: { label: 'main' } }),
    denied: async () => accountPaths('', { method: 'PATCH', body: { label: 'captured' } }),
  },
  'POST /v1/connected-accounts/{id}/refresh': {
    denied: async () => accountPaths('/refresh', { method: 'POST' }),
  },
  'DELETE /v1/connected-accounts/{id}': { denied: async () => accountPaths('', { method: 'DELETE' }) },
  'POST /v1/tools/{name}/execute': {
    allowed: () => execute(agent, { identifier: 'team-a/ada', mcp_config_name: 'incident-responder' }),
    denied: async () =>
      ['role-b', 'no-such'].map((mcp_config_name) => [
        '/v1/tools/linear_team_list/execute',
        { body: { identifier: 'team-a/ada', mcp_config_name } },
      ]),
  },
  'POST /v1/files': {
    allowed: () => newFile(agent, 'team-a/ada'),
    denied: async () =>
      ['team-b/bob', 'team-b/nobody'].map((user) => [`/v1/files?name=a.json&user_identifier=${encodeURIComponent(user)}`, { body: {} }]),
  },
  'POST /v1/files/upload-links': {
    allowed: () => agent.api('/v1/files/upload-links', { body: { user_identifier: 'team-a/ada' } }),
    denied: async () => ['team-b/bob', 'team-b/nobody'].map((user_identifier) => ['/v1/files/upload-links', { body: { user_identifier } }]),
  },
  'GET /v1/files/{id}': {
    allowed: async () => agent.api(`/v1/files/${(await newFile(agent, 'team-a/ada')).body.id}`),
    denied: async () => filePaths('', {}),
  },
  'GET /v1/files/{id}/content': {
    allowed: async () => agent.api(`/v1/files/${(await newFile(agent, 'team-a/ada')).body.id}/content`),
    denied: async () => filePaths('/content', {}),
  },
  'DELETE /v1/files/{id}': {
    allowed: async () => agent.api(`/v1/files/${(await newFile(agent, 'team-a/ada')).body.id}`, { method: 'DELETE' }),
    denied: async () => filePaths('', { method: 'DELETE' }),
  },
  'GET /v1/tool-calls/{id}': {
    allowed: async () => {
      const { body } = await execute(agent, { identifier: 'team-a/ada', mcp_config_name: 'incident-responder' });
      return agent.api(`/v1/tool-calls/${body.tool_call_id}`);
    },
    denied: async () => {
      const { body } = await execute(broker, { identifier: 'team-a/ada' });
      return [body.tool_call_id, 'tc_00000000000000000000000000'].map((id) => [`/v1/tool-calls/${id}`, {}]);
    },
  },
};

const newFile = (by: Pick<Agent, 'api'>, user: string) =>
  by.api(`/v1/files?name=a.json&user_identifier=${encodeURIComponent(user)}`, { body: { a: 'file' } });
// Of the same user, but brought by another client; another user's; none.
const filePaths = async (rest: string, init: Json): Promise<[string, Json][]> =>
  [(await newFile(broker, 'team-a/ada')).body.id, (await newFile(broker, 'team-b/bob')).body.id, 'file_00000000000000000000000000'].map(
    (id) => [`/v1/files/${id}${rest}`, init],
  );
const configPaths = (rest: string): [string, Json][] => [other.config.id, nobody].map((id) => [`/v1/mcp-configs/${id}${rest}`, {}]);
const instancePaths = (rest: string, init: Json): [string, Json][] =>
  // The same user and config as the agent's own, but another client's URL; another's altogether; none.
  [own.id, other.id, 'mcp_00000000000000000000000000'].map((id) => [`/v1/mcp-instances/${id}${rest}`, init]);
const accountPaths = (rest: string, init: Json): [string, Json][] =>
  [accountOf(other), 'ca_00000000000000000000000000'].map((id) => [`/v1/connected-accounts/${id}${rest}`, init]);

/** Whose answers say nothing of a user, a config or a tool beyond the list tests below. */
const lists = [
  'GET /v1/mcp-configs',
  'GET /v1/mcp-instances',
  'GET /v1/connected-accounts',
  'GET /v1/revocations',
  'GET /v1/tools',
  'GET /v1/tool-calls',
  'GET /v1/files',
  'GET /v1/connections',
  'GET /v1/connections/{id}',
  'GET /v1/connectors',
  'GET /v1/connectors/{id}',
];

describe('B04: a restricted client reaches no other user, config or tool', () => {
  it('by no operation that it may have a permission for: each is here', () => {
    const known = apiRoutes
      .filter(({ permission }) => restrictablePermissions.has(permission))
      .map(({ method, path }) => `${method} ${path}`);
    expect(known.filter((key) => !lists.includes(key)).sort()).toEqual(Object.keys(cases).sort());
  });

  it.each(Object.entries(cases))('%s', async (_, { allowed, denied }) => {
    if (allowed !== undefined) expect((await allowed()).body?.code).toBeUndefined();
    const asked = await denied();
    const before = await rows.checksums();
    const answers = [];
    for (const [path, init] of asked) answers.push(await agent.api(path, init));
    const plain = (text: string) =>
      text.replaceAll(/\b(req|tc)_\w+/g, 'ID').replaceAll(/"(linear-b|role-b|no-such)"|\\"(linear-b|role-b|no-such)\\"/g, 'NAME');
    const said = new Set(answers.map(({ status, body }) => `${status} ${plain(JSON.stringify(body))}`));
    expect([...said]).toHaveLength(1);
    expect(answers[0]?.status).toBeGreaterThanOrEqual(400);
    const after = await rows.checksums();
    expect(Object.keys(after).filter((table) => before[table] !== after[table])).toEqual([]);
  });

  it('nor for another user, wherever an identifier is taken', async () => {
    const identifier = 'team-b/bob';
    const before = await rows.checksums();
    for (const { body } of [
      await ensure(agent, 'incident-responder', identifier),
      await agent.api(`/v1/mcp-configs/${own.config.id}/session-tokens`, { body: { user_identifier: identifier } }),
      await agent.api(`/v1/mcp-configs/${own.config.id}/session-tokens/revoke`, { body: { user_identifier: identifier } }),
      await agent.api(link, { body: { connection_name: 'slack', identifier } }),
      await execute(agent, { identifier, mcp_config_name: 'incident-responder' }),
    ]) {
      expect(body.code).toBe('not_found');
    }
    const code = { connection_name: 'slack', identifier, code: '123456' };
    expect((await agent.api('/v1/connected-accounts/chat-code', { body: code })).body.code).toBe('verification_failed');
    for (const named of [{ connected_account_id: accountOf(other) }, { account_owner: 'organization' }]) {
      const { body } = await execute(agent, { identifier: 'team-a/ada', mcp_config_name: 'incident-responder', ...named });
      expect(['unknown_account', 'invalid_request']).toContain(body.code);
    }
    const after = await rows.checksums();
    expect(Object.keys(after).filter((table) => before[table] !== after[table] && table !== 'tool_calls')).toEqual([]);
  });

  it('nor by a list, with or without a filter', async () => {
    await execute(broker, { identifier: 'team-b/bob' });
    const items = async (path: string): Promise<Json[]> => (await agent.api(path)).body.items;
    expect((await items('/v1/mcp-configs')).map(({ name }) => name)).toEqual(['incident-responder']);
    expect(new Set((await items('/v1/mcp-instances')).map(({ client_id }) => client_id))).toEqual(new Set([agent.clientId]));
    const accounts = await items('/v1/connected-accounts?limit=100');
    expect(accounts.length).toBeGreaterThan(2);
    expect(accounts.filter(({ identifier }) => !/^(team-a\/|solo$)/.test(identifier ?? ''))).toEqual([]);
    expect(accounts.filter(({ connection_name }) => connection_name === 'linear-b')).toEqual([]);
    expect((await items('/v1/connections')).map(({ name }) => name).sort()).toEqual(['datadog', 'linear', 'slack']);
    expect((await items('/v1/tool-calls?limit=100')).filter(({ client_id }) => client_id !== agent.clientId)).toEqual([]);
    await newFile(broker, 'team-a/ada');
    expect((await items('/v1/files?limit=100')).map(({ user_identifier }) => user_identifier)).not.toContain('team-b/bob');
    for (const path of [
      '/v1/files?user_identifier=team-b/bob',
      '/v1/connected-accounts?identifier=team-b/bob',
      '/v1/mcp-instances?user_identifier=team-b/bob',
      '/v1/mcp-instances?config_name=role-b',
      '/v1/mcp-configs?name=role-b',
      '/v1/tool-calls?user_identifier=team-b/bob',
      '/v1/tools?connection_name=linear-b',
    ]) {
      expect(await items(path), path).toEqual([]);
    }
    const mapped = (await broker.api(`/v1/mcp-configs/${own.config.id}`)).body.connection_tool_mappings.flatMap((m: Json) => m.tools);
    expect((await items('/v1/tools')).map(({ name }) => name).sort()).toEqual(mapped.sort());
    await broker.api(`/v1/connected-accounts/${accountOf(other)}`, { method: 'DELETE' });
    expect((await broker.api('/v1/revocations')).body.items.length).toBeGreaterThan(0);
    expect(await items('/v1/revocations')).toEqual([]);
  });
});

describe('a direct call of a client that is restricted to configs', () => {
  it('must name one, and is then held by what it allows, as through MCP', async () => {
    const nameless = await execute(agent, { identifier: 'team-a/ada' });
    expect([nameless.status, nameless.body.code]).toEqual([400, 'invalid_request']);
    const body = { identifier: 'team-a/ada', mcp_config_name: 'incident-responder', arguments: {} };
    const { tool_call_id } = (await execute(agent, body)).body;
    expect((await agent.api(`/v1/tool-calls/${tool_call_id}`)).body).toMatchObject({
      outcome: 'success',
      mcp_config_name: 'incident-responder',
      mcp_config_version: expect.any(Number),
    });
    // The connection has this tool, and the config does not.
    expect((await execute(agent, { ...body, arguments: { query: 'x' } }, 'linear_issue_search')).body.code).toBe('unknown_tool');
    expect((await execute(agent, { ...body, account_owner: 'organization' })).body.code).toBe('invalid_request');
    expect((await execute(agent, { ...body, account_label: 'other' })).body.code).toBe('unknown_account');
  });
});

describe('a client that is restricted to tools', () => {
  const tools = ['datadog_monitors_list', 'slack_list_channels'];

  it('B05: shows, lists and runs these alone, over MCP and REST', async () => {
    const few = await agentOf(broker, everything, { tools });
    const { url } = (await ensure(few, 'incident-responder', 'team-a/ada')).body;
    expect(await toolNames(url)).toEqual(tools);
    expect(await toolNames(own.url)).toHaveLength(9);
    expect((await few.api('/v1/tools')).body.items.map(({ name }: Json) => name).sort()).toEqual(tools);
    expect((await execute(few, { identifier: 'team-a/ada' })).status).toBe(200);
    expect((await execute(few, { identifier: 'team-a/ada' }, 'datadog_incidents_list')).body.code).toBe('unknown_tool');
    const denied = await mcp(url, 'tools/call', { name: 'datadog_incidents_list', arguments: {} });
    expect(denied.body.error).toMatchObject({ code: -32602, data: { code: 'unknown_tool' } });
    const session = (await few.api(`/v1/mcp-configs/${own.config.id}/session-tokens`, { body: { user_identifier: 'team-a/ada' } })).body;
    expect(await toolNames(session.url, session.token)).toEqual(tools);
  });
});

describe('calls through what a client made', () => {
  it('B04, B06: end with the next call when it is narrowed or suspended, and nobody else’s do', async () => {
    const [one, two] = [await agentOf(broker, everything), await agentOf(broker, everything)];
    const [a, b] = [
      (await ensure(one, 'incident-responder', 'team-a/ada')).body,
      (await ensure(two, 'incident-responder', 'team-a/ada')).body,
    ];
    const path = `/v1/mcp-configs/${own.config.id}/session-tokens`;
    const session = (await one.api(path, { body: { user_identifier: 'team-a/ada' } })).body;
    const set = (body: Json) => broker.api(`/v1/clients/${one.clientId}`, { method: 'PATCH', body });
    const three = async () => [(await outcome(a.url))[0], (await outcome(session.url, session.token))[0], (await outcome(b.url))[0]];
    expect(await three()).toEqual([200, 200, 200]);
    for (const restrictions of [{ identifiers: ['solo'] }, { configs: ['role-b'] }]) {
      expect((await set({ restrictions })).status).toBe(200);
      expect(await three()).toEqual([404, 401, 200]);
    }
    expect((await set({ restrictions: null })).body.restrictions).toBeNull();
    expect(await three()).toEqual([200, 200, 200]);
    await set({ suspended: true });
    expect(await three()).toEqual([403, 403, 200]);
    expect((await one.api('/v1/tools')).body.code).toBe('client_suspended');
    expect((await two.api('/v1/tools')).status).toBe(200);
  });

  it('B01: what an operator revoked, a restricted client can neither restore nor delete and ask for again', async () => {
    const narrow = await agentOf(broker, everything, { identifiers: ['solo'] });
    const { id } = (await ensure(narrow, 'incident-responder', 'solo')).body;
    await broker.api(`/v1/mcp-instances/${id}/revoke`, { method: 'POST' });
    for (const answer of [
      await narrow.api(`/v1/mcp-instances/${id}/restore`, { method: 'POST' }),
      await narrow.api(`/v1/mcp-instances/${id}`, { method: 'DELETE' }),
      await ensure(narrow, 'incident-responder', 'solo'),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([410, 'instance_revoked']);
    }
  });
});
