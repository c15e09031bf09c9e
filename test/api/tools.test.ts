import type { Connector, Tool } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import { newId } from '@grantway/contract';
import { createClient, createCtx } from '@grantway/core';
import { connectAll, incidentSetting, incidentTools, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from './rows.ts';

let broker: TestBroker;
let rows: Rows;
let user: string;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker({ toolTimeoutMs: 800 });
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  user = instance.user_identifier;
  await connectAll(broker, instance);
});
afterEach(async () => {
  for (const connector of Object.keys(incidentTools)) await broker.control(`/${connector}/knobs`, 'DELETE');
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const execute = (tool: string, args: Json = {}, options: { key?: string; identifier?: string; token?: string } = {}) =>
  broker.api(`/v1/tools/${tool}/execute`, {
    body: { identifier: options.identifier ?? user, arguments: args },
    ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
    ...(options.token === undefined ? {} : { token: options.token }),
  });
/** A user of his own, for a test after which the provider is left alone. */
async function anotherUser(): Promise<string> {
  const own = await incidentSetting(broker);
  await connectAll(broker, own);
  return own.user_identifier;
}
const recorded = async (answer: { body: Json }): Promise<Json> => (await broker.api(`/v1/tool-calls/${answer.body.tool_call_id}`)).body;
const knobs = (connector: string, body: Json) => broker.control(`/${connector}/knobs`, 'PUT', body);

/** Runs `deed`; answers how many requests reached the provider's API meanwhile, and what it answered. */
async function counted<T>(connector: string, deed: () => Promise<T>): Promise<[requests: number, answer: T]> {
  const calls = async () => (await broker.control(`/${connector}/ledger`, 'GET')).counts.api_calls;
  const before = await calls();
  const answer = await deed();
  return [(await calls()) - before, answer];
}

const nine = Object.entries(incidentTools).flatMap(([connector, tools]) => tools.map((tool) => [tool, connector] as const));
const load = async (connector: string, name: string): Promise<{ connector: Connector; tool: Tool }> => {
  const found = (await registry[connector as keyof typeof registry]()) as Connector;
  return { connector: found, tool: found.tools.find((t) => t.name === name) as Tool };
};

const read = 'datadog_monitors_list';
const write = 'linear_comment_create';
const remark = { issueId: 'ENG-142', body: 'Rolled back; latency is falling.' };

describe.each(nine)('%s', (name, connector) => {
  it('runs on behalf of the user, answers as its schema says, and is recorded', async () => {
    const { tool } = await load(connector, name);
    const input = tool.examples[0]?.input as Json;
    const [requests, answer] = await counted(connector, () => execute(name, input));
    expect(requests).toBe(1);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ tool_call_id: expect.stringMatching(/^tc_/), tool_name: name, output: expect.any(Object) });
    expect(tool.output.strict().parse(answer.body.output)).toEqual(answer.body.output);
    expect(Object.keys(answer.body.output)).toEqual(Object.keys(tool.examples[0]?.gives ?? {}));
    const account = instance.connections.find((c: Json) => c.connector === connector).connected_account_id;
    expect(await recorded(answer)).toMatchObject({
      request_id: answer.headers.get('x-request-id'),
      via: 'api',
      client_id: broker.client.clientId,
      user_identifier: user,
      mcp_instance_id: null,
      connection_name: connector,
      connected_account_id: account,
      connector,
      tool_name: name,
      effect: tool.effect,
      outcome: 'success',
      fault_code: null,
      provider_status: 200,
    });
    expect((await broker.api(`/v1/connected-accounts/${account}`)).body.status).toBe('ACTIVE');
  });
});

describe('the list of tools', () => {
  it('has those of the connectors that have a connection here', async () => {
    const names = async (query = '') => (await broker.api(`/v1/tools${query}`)).body.items.map((t: Json) => t.name);
    expect(await names()).toEqual(expect.arrayContaining(nine.map(([name]) => name)));
    expect((await names('?connector=slack')).every((name: string) => name.startsWith('slack_'))).toBe(true);
    expect(await names('?connection_name=slack')).toEqual(await names('?connector=slack'));
    expect(await names('?connector=slack&connection_name=linear')).toEqual([]);
    expect(await names('?connection_name=nothing')).toEqual([]);
  });
});

describe('arguments', () => {
  it('that do not fit are named one by one, and nothing is sent', async () => {
    const wrong = { channel: 7, text: '', colour: 'red' };
    const [requests, answer] = await counted('slack', () => execute('slack_post_message', wrong));
    expect(requests).toBe(0);
    expect([answer.status, answer.body.code]).toEqual([422, 'argument_invalid']);
    expect(answer.body.errors.map((e: Json) => e.pointer).sort()).toEqual(['/channel', '/colour', '/text']);
    for (const name of Object.keys(wrong)) expect(answer.body.detail).toContain(name);
    expect(await recorded(answer)).toMatchObject({
      outcome: 'refused',
      fault_code: 'argument_invalid',
      provider_status: null,
      connected_account_id: null,
    });
  });

  it('that are missing are named', async () => {
    const answer = await execute('linear_issue_create', { title: 'No team' });
    expect(answer.body.errors.map((e: Json) => e.pointer)).toEqual(['/teamId']);
  });
});

describe('which connection', () => {
  it('must be said where several have the tool', async () => {
    await broker.api('/v1/connections', { body: { name: 'datadog-eu', connector: 'datadog', sandbox: true } });
    try {
      const answer = await execute(read);
      expect([answer.status, answer.body.code]).toEqual([422, 'ambiguous_connection']);
      const run = await broker.api(`/v1/tools/${read}/execute`, { body: { identifier: user, connection_name: 'datadog' } });
      expect(run.status).toBe(200);
      const other = await broker.api(`/v1/tools/${read}/execute`, { body: { identifier: user, connection_name: 'datadog-eu' } });
      expect(other.body).toMatchObject({
        code: 'authorization_required',
        connection_name: 'datadog-eu',
        connected_account_status: 'PENDING_AUTH',
      });
    } finally {
      const { items } = (await broker.api('/v1/connections?name=datadog-eu')).body;
      expect((await broker.api(`/v1/connections/${items[0].id}`, { method: 'DELETE' })).status).toBe(204);
    }
  });
});

describe('a user who was never seen', () => {
  it('gets a link with the answer, and it works', async () => {
    const answer = await execute('slack_list_channels', {}, { identifier: 'newcomer' });
    expect(answer.body).toMatchObject({ code: 'authorization_required', status: 409, reason: 'never_connected' });
    expect(await recorded(answer)).toMatchObject({
      outcome: 'authorization_required',
      fault_code: 'authorization_required',
      provider_status: null,
    });
    expect((await broker.connect(answer.body.authentication_link)).status).toBe(200);
    expect((await execute('slack_list_channels', {}, { identifier: 'newcomer' })).status).toBe(200);
  });

  it('whose account lacks a scope is told which, with a link', async () => {
    await broker.api('/v1/connections', { body: { name: 'slack-reader', connector: 'slack', sandbox: true, scopes: ['channels:read'] } });
    const { link } = (
      await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'slack-reader', identifier: 'reader' } })
    ).body;
    await broker.connect(link);
    const answer = await broker.api('/v1/tools/slack_post_message/execute', {
      body: { identifier: 'reader', connection_name: 'slack-reader', arguments: { channel: 'C06INC4LLS1', text: 'hello' } },
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'scope_missing']);
    expect(answer.body).toMatchObject({ needed_scopes: ['chat:write'], authentication_link: expect.stringContaining('/connect/gwln_') });
    expect(await recorded(answer)).toMatchObject({ outcome: 'authorization_required', fault_code: 'scope_missing', provider_status: null });
    const { items } = (await broker.api('/v1/connections?name=slack-reader')).body;
    const accounts = (await broker.api('/v1/connected-accounts?connection_name=slack-reader')).body.items;
    await broker.api(`/v1/connected-accounts/${accounts[0].id}`, { method: 'DELETE' });
    expect((await broker.api(`/v1/connections/${items[0].id}`, { method: 'DELETE' })).status).toBe(204);
  });
});

/** Knob -> what a read and a write come to: HTTP status, fault, outcome, the provider's last status, requests sent. */
const troubles: [string, Json, [number, string, string, number | null, number], [number, string, string, number | null, number]][] = [
  ['fails', { fail: '500' }, [502, 'provider_unavailable', 'failed', 503, 2], [504, 'outcome_unknown', 'outcome_unknown', 500, 1]],
  ['limits the rate', { fail: '429' }, [429, 'provider_rate_limited', 'failed', 429, 1], [429, 'provider_rate_limited', 'failed', 400, 1]],
  [
    'does not answer',
    { fail: 'timeout' },
    [504, 'provider_timeout', 'failed', null, 1],
    [504, 'outcome_unknown', 'outcome_unknown', null, 1],
  ],
  [
    'cuts the connection',
    { fail: 'reset' },
    [502, 'provider_unavailable', 'failed', null, 2],
    [504, 'outcome_unknown', 'outcome_unknown', null, 1],
  ],
  [
    'answers with a page',
    { fail: 'html' },
    [502, 'provider_answer_invalid', 'failed', 200, 1],
    [504, 'outcome_unknown', 'outcome_unknown', 200, 1],
  ],
];

describe.each(troubles)('a provider that %s', (_, knob, onRead, onWrite) => {
  it.each([
    ['read', read, {}, 'datadog', onRead],
    ['write', write, remark, 'linear', onWrite],
  ] as const)(
    'in the middle of a %s is told for what it is',
    async (_kind, tool, args, connector, [status, code, outcome, providerStatus, expected]) => {
      const limited = code === 'provider_rate_limited';
      const identifier = limited ? await anotherUser() : user;
      await knobs(connector, knob);
      const [requests, answer] = await counted(connector, () => execute(tool, args, { identifier }));
      expect(requests).toBe(expected);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(answer.body.detail ?? '').not.toContain('<');
      if (code === 'provider_rate_limited') expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await recorded(answer)).toMatchObject({ outcome, fault_code: code, provider_status: providerStatus });
      await broker.control(`/${connector}/knobs`, 'DELETE');
      expect((await execute(tool, args)).status).toBe(200);
      if (limited) expect((await execute(tool, args, { identifier })).body.code).toBe('rate_limited');
    },
  );
});

describe('a provider that', () => {
  it('fails once is asked again for a read', async () => {
    await knobs('datadog', { fail: '500', fail_times: 1 });
    const [requests, answer] = await counted('datadog', () => execute(read));
    expect([requests, answer.status]).toEqual([2, 200]);
  });

  it('says that it is down did not do the write', async () => {
    await knobs('slack', { fail: '500' });
    const [requests, answer] = await counted('slack', () => execute('slack_post_message', { channel: 'C06INC4LLS1', text: 'hello' }));
    expect([requests, answer.status, answer.body.code]).toEqual([1, 502, 'provider_unavailable']);
    expect(await recorded(answer)).toMatchObject({ outcome: 'failed', provider_status: 503 });
  });

  it('refuses with 200 is not taken for one that agreed', async () => {
    await knobs('linear', { fail: '200_with_error' });
    const [requests, answer] = await counted('linear', () => execute(write, remark));
    expect([requests, answer.status, answer.body.code]).toEqual([1, 409, 'scope_missing']);
    expect(await recorded(answer)).toMatchObject({ outcome: 'authorization_required', provider_status: 200 });
    // What Slack says so is that the token has expired.
    await knobs('slack', { fail: '200_with_error', fail_times: 1 });
    const [two, run] = await counted('slack', () => execute('slack_post_message', { channel: 'C06INC4LLS1', text: 'hello' }));
    expect([two, run.status]).toEqual([2, 200]);
  });

  it('rejects a token once gets a fresh one, and the call succeeds', async () => {
    const before = (await broker.control('/linear/ledger', 'GET')).counts;
    await knobs('linear', { fail: '401', fail_times: 1 });
    const [requests, answer] = await counted('linear', () => execute(write, remark));
    expect(requests).toBe(2);
    expect(answer.status).toBe(200);
    expect(await recorded(answer)).toMatchObject({ outcome: 'success', provider_status: 200 });
    expect((await broker.control('/linear/ledger', 'GET')).counts.refreshes).toBe(before.refreshes + 1);
  });

  it('rejects a key once but still knows it does not cost the account', async () => {
    await knobs('datadog', { fail: '401', fail_times: 1 });
    const answer = await execute(read);
    expect([answer.status, answer.body.code]).toEqual([502, 'provider_error']);
    expect((await execute(read)).status).toBe(200);
  });

  it('is slow, but within the limit, is waited for', async () => {
    await knobs('datadog', { slow_ms: 200 });
    expect((await execute(read)).status).toBe(200);
  });
});

it('many who call in the same moment are each audited once, under their own request and call', async () => {
  const others = [await anotherUser(), user];
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, i) => execute(i % 3 === 0 ? 'linear_users_list' : read, {}, { identifier: others[i % 2] as string })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { items } = (await broker.api('/v1/audit-events?action=tool.executed&limit=24')).body;
  const told = (all: [Json, Json, Json][]) => all.map((one) => one.join(' ')).sort();
  expect(told(items.map((e: Json) => [e.request_id, e.target.id, e.details.tool]))).toEqual(
    told(answers.map(({ body, headers }) => [headers.get('x-request-id'), body.tool_call_id, body.tool_name])),
  );
  const users = await Promise.all(answers.map(async (answer) => (await recorded(answer)).user_identifier));
  expect(users).toEqual(answers.map((_, i) => others[i % 2]));
});

describe('an Idempotency-Key', () => {
  const post = { channel: 'C06INC4LLS1', text: 'once only' };
  let n = 0;
  const newKey = () => `key-${++n}-${'x'.repeat(n)}`;

  it('gives the first answer again, whatever the order of its members, and executes nothing', async () => {
    const key = newKey();
    const answers: Json[] = [];
    const deed = async () => {
      answers.push(await execute('slack_post_message', post, { key }));
      answers.push(await execute('slack_post_message', { text: post.text, channel: post.channel }, { key }));
    };
    expect((await counted('slack', deed))[0]).toBe(1);
    expect(answers.map((a) => a.status)).toEqual([200, 200]);
    expect(answers[1].body).toEqual(answers[0].body);
    const events = await broker.api('/v1/audit-events?action=tool.executed&limit=2');
    expect(events.body.items.map((e: Json) => e.details.replayed ?? false)).toEqual([true, false]);
    // Without a key each call is one.
    expect((await counted('slack', () => execute('slack_post_message', post)))[0]).toBe(1);
  });

  it('used for anything else is refused', async () => {
    const key = newKey();
    await execute('slack_post_message', post, { key });
    const others: (() => Promise<Json>)[] = [
      () => execute('slack_post_message', { ...post, text: 'another' }, { key }),
      () => execute('slack_list_channels', {}, { key }),
      () => execute('slack_post_message', post, { key, identifier: 'somebody-else' }),
    ];
    for (const other of others) {
      const [requests, answer] = await counted('slack', () => other());
      expect(requests).toBe(0);
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_mismatch']);
    }
  });

  it('used by two at once is executed once', async () => {
    const key = newKey();
    await knobs('slack', { slow_ms: 300 });
    let answers: Json[] = [];
    const deed = async () => {
      answers = await Promise.all(Array.from({ length: 5 }, () => execute('slack_post_message', post, { key })));
    };
    expect((await counted('slack', deed))[0]).toBe(1);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 409, 409, 409, 409]);
    const waiting = answers.find((a) => a.status === 409);
    expect(waiting.body.code).toBe('idempotency_in_progress');
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(0);
    const done = answers.find((a) => a.status === 200);
    expect((await execute('slack_post_message', post, { key })).body).toEqual(done.body);
  });

  it('belongs to one client', async () => {
    const ctx = createCtx(broker.modules, {
      environmentId: broker.broker.environmentId,
      actor: { kind: 'system', id: null },
      requestId: newId('request'),
    });
    const client = await ctx.tx((tx) => createClient(ctx, tx, { name: 'another', scopes: ['all'] }));
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.clientSecret });
    const { access_token: token } = (await (await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: form })).json()) as Json;
    const key = newKey();
    const deed = async () => {
      expect((await execute('slack_post_message', post, { key })).status).toBe(200);
      expect((await execute('slack_post_message', post, { key, token })).status).toBe(200);
    };
    expect((await counted('slack', deed))[0]).toBe(2);
  });

  it('of a call that was certainly not done may be used again', async () => {
    const key = newKey();
    const own = await incidentSetting(broker);
    const identifier = own.user_identifier;
    expect((await execute('slack_post_message', post, { key, identifier })).body.code).toBe('authorization_required');
    await connectAll(broker, own);
    expect((await execute('slack_post_message', post, { key, identifier })).status).toBe(200);
    // Neither of these was done, and the key stays free.
    const other = newKey();
    await knobs('slack', { fail: '429', fail_times: 1 });
    for (const code of ['provider_rate_limited', 'rate_limited', 'rate_limited']) {
      expect((await execute('slack_post_message', post, { key: other, identifier })).body.code).toBe(code);
    }
  });

  it('of a call that may have happened never sends it again', async () => {
    const key = newKey();
    await knobs('linear', { fail: 'reset', fail_times: 1 });
    const first = await execute(write, remark, { key });
    expect(first.body.code).toBe('outcome_unknown');
    for (let i = 0; i < 3; i++) {
      const [requests, again] = await counted('linear', () => execute(write, remark, { key }));
      expect(requests).toBe(0);
      expect([again.status, again.body.code, again.body.tool_call_id]).toEqual([504, 'outcome_unknown', first.body.tool_call_id]);
    }
  });

  it('is kept as a keyed hash, and the answer sealed', async () => {
    const key = newKey();
    const marker = `marker ${newId('request')}`;
    await execute('slack_post_message', { ...post, text: marker }, { key });
    const kept = await rows.query<{ text: string }>('select t::text as text from idempotency_keys t');
    const all = kept.map((row) => row.text).join('\n');
    for (const secret of [key, marker]) expect(all.includes(secret) || all.includes(Buffer.from(secret).toString('hex'))).toBe(false);
  });
});
