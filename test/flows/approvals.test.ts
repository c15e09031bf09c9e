import { randomBytes, randomUUID } from 'node:crypto';
import { createDatabase, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { agentOf } from '../ways-in/agent.ts';
import { type Asking, askingSetting, mcpCall, mcpRequest } from './asking.ts';

const masterKey = randomBytes(32);
let database: Awaited<ReturnType<typeof createDatabase>>;
let broker: TestBroker;
/** Another process on the same database. */
let second: TestBroker;
let rows: Rows;
beforeAll(async () => {
  database = await createDatabase();
  broker = await startBroker({ databaseUrl: database.url, masterKey });
  second = await startBroker({ databaseUrl: database.url, masterKey, sandbox: { origin: broker.sandbox.origin } });
  rows = await openRows(broker);
});
afterEach(async () => {
  await broker.control('/linear/knobs', 'DELETE').catch(() => {});
});
afterAll(async () => {
  await rows?.close();
  await second?.close();
  await broker?.close();
  await database?.drop();
});

const asking = (policy?: Json) => askingSetting(broker, policy);
const create = 'linear_issue_create';
const [team, otherTeam] = [randomUUID(), randomUUID()];
let titles = 0;
const newIssue = (more: Json = {}) => ({ teamId: team, title: `issue ${++titles} ${randomBytes(6).toString('hex')}`, ...more });
const call = (of: Asking, args: Json, at: TestBroker = broker, name = create): Promise<Json> => mcpCall(at, of.url, name, args);
const goOn = (of: Asking, id: string, at?: TestBroker) => call(of, { approval_id: id }, at, 'grantway_approval_status');
const idIn = (result: Json): string => result._meta['grantway/approval_id'];
const codeIn = (result: Json): string => result._meta['grantway/code'];
const textIn = (result: Json): string => result.content[0].text;
const decide = (id: string, decision: 'approve' | 'deny', body: Json = {}) => broker.api(`/v1/approvals/${id}/${decision}`, { body });
const row = (id: string) => rows.one<Json>('select * from approvals where id = $1', [id]);

/** How often the tool really reached the provider. */
async function reached(tool = create): Promise<number> {
  const ledger = await broker.control('/linear/ledger', 'GET');
  return ledger.events.filter((one: Json) => one.kind === 'api_call' && one.tool === tool).length;
}
/** How often `work` made it reach the provider. */
async function sends(work: () => Promise<unknown>, tool = create): Promise<number> {
  const before = await reached(tool);
  await work();
  return (await reached(tool)) - before;
}
const parked = async (of: Asking, args: Json = newIssue()): Promise<{ id: string; args: Json }> => {
  const result = await call(of, args);
  expect(codeIn(result), JSON.stringify(result)).toBe('approval_required');
  return { id: idIn(result), args };
};
const eventsOf = async (id: string) =>
  (await rows.query<Json>("select type from events where data->>'approval_id' = $1 order by seq", [id])).map(({ type }) => type);
const auditOf = async (id: string) =>
  (await rows.query<Json>('select action from audit_events where target_id = $1 order by created_at, id', [id])).map(
    ({ action }) => action,
  );
const sweep = () => broker.broker.jobs.runNow('approval.sweep');

describe('a call that must be approved', () => {
  it('is parked: nothing is sent, its arguments lie sealed, and who may decide is told without them', async () => {
    const of = await asking();
    const title = `quarterly figures ${randomBytes(8).toString('hex')}`;
    let result: Json;
    expect(
      await sends(async () => {
        result = await call(of, newIssue({ title }));
      }),
    ).toBe(0);
    const id = idIn(result);
    expect(result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'approval_required', 'grantway/approval_status': 'pending' } });
    expect(textIn(result)).toMatch(/^Nothing was sent: the people who run this agent must approve this call first.*same arguments/s);
    expect(textIn(result)).toContain(`grantway_approval_status with approval_id "${id}"`);
    expect(JSON.stringify(result)).not.toMatch(/gwap_|\/approve\//);

    const detail = (await broker.api(`/v1/approvals/${id}`)).body;
    expect(detail).toMatchObject({
      status: 'pending',
      tool_name: create,
      effect: 'write',
      connector: 'linear',
      user_identifier: of.user,
      mcp_instance_id: of.id,
      mcp_config_version: 1,
      approvers: 'operator',
      arguments: { teamId: team, title },
      decided_by: null,
    });
    const [listed] = (await broker.api(`/v1/approvals?status=pending&user_identifier=${of.user}`)).body.items;
    expect(listed).toEqual({ ...detail, arguments: undefined });
    expect(await eventsOf(id)).toEqual(['approval.requested']);
    expect(await auditOf(id)).toEqual(['approval.requested']);
    const record = (await broker.api(`/v1/tool-calls/${result._meta['grantway/tool_call_id']}`)).body;
    expect(record).toMatchObject({ outcome: 'approval_required', fault_code: 'approval_required', provider_status: null });
    for (const table of ['approvals', 'events', 'audit_events', 'tool_calls', 'webhook_deliveries']) {
      expect(await rows.query(`select 1 from ${table} t where t::text like $1`, [`%${title}%`]), table).toEqual([]);
    }
    expect(broker.logLines.join('')).not.toContain(title);
  });

  it('F03: approved, it is made once with exactly these arguments, and answered again; other arguments are another request', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    expect(idIn(await call(of, args))).toBe(id);
    expect((await decide(id, 'approve', { reason: 'fine' })).body).toMatchObject({
      status: 'approved',
      reason: 'fine',
      decided_by: { kind: 'client', id: broker.client.clientId },
    });
    for (const changed of [
      { ...args, title: `${args.title}!` },
      { ...args, priority: 1 },
      { ...args, teamId: otherTeam },
    ]) {
      let other: Json;
      expect(
        await sends(async () => {
          other = await call(of, changed);
        }),
      ).toBe(0);
      expect(idIn(other)).not.toBe(id);
    }
    let made: Json;
    expect(
      await sends(async () => {
        // The order of the members is nobody's business.
        made = await call(of, Object.fromEntries(Object.entries(args).reverse()));
      }),
    ).toBe(1);
    expect(made.isError).toBeUndefined();
    expect(made.structuredContent).toBeDefined();
    expect(await sends(async () => expect(await call(of, args, second)).toEqual(made))).toBe(0);
    expect(await row(id)).toMatchObject({ status: 'succeeded', tool_call_id: made._meta['grantway/tool_call_id'] });
    expect(await eventsOf(id)).toEqual(['approval.requested', 'approval.approved']);
    expect(await auditOf(id)).toEqual(['approval.requested', 'approval.approved', 'approval.claimed', 'approval.collected']);
    const record = (await broker.api(`/v1/tool-calls/${made._meta['grantway/tool_call_id']}`)).body;
    expect(record).toMatchObject({ outcome: 'success', user_identifier: of.user });
  });

  it('F04: 50 repeats at once over two processes make it once, and everybody who comes later gets its answer', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'approve');
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 300 });
    const answers: Json[] = [];
    expect(
      await sends(async () => {
        answers.push(...(await Promise.all(Array.from({ length: 50 }, (_, i) => call(of, args, i % 2 === 0 ? broker : second)))));
      }),
    ).toBe(1);
    const outputs = answers.filter((one) => one.isError === undefined);
    expect(outputs.length).toBeGreaterThan(0);
    for (const one of outputs) expect(one).toEqual(outputs[0]);
    for (const one of answers.filter((a) => a.isError === true)) {
      expect(one._meta).toMatchObject({
        'grantway/code': 'approval_running',
        'grantway/approval_id': id,
        'grantway/retry_after_seconds': 2,
      });
    }
    expect(await sends(async () => expect(await call(of, args)).toEqual(outputs[0]))).toBe(0);
    expect(await rows.query("select 1 from audit_events where target_id = $1 and action = 'approval.claimed'", [id])).toHaveLength(1);
  });

  it('the agent goes on by the approval’s id alone, and nobody else does', async () => {
    const [of, stranger] = [await asking(), await asking()];
    expect((await mcpRequest(broker, of.url, 'tools/list', {})).result.tools[0].name).toBe('grantway_approval_status');
    const { id } = await parked(of);
    const waiting = await goOn(of, id);
    expect(waiting).toMatchObject({ isError: false, _meta: { 'grantway/code': 'approval_required', 'grantway/approval_id': id } });
    expect(codeIn(await goOn(stranger, id))).toBe('not_found');
    expect(codeIn(await goOn(of, 'apr_none'))).toBe('not_found');
    expect(codeIn(await call(of, { approval_id: 1, more: 2 }, broker, 'grantway_approval_status'))).toBe('argument_invalid');
    await decide(id, 'approve');
    expect(await sends(async () => expect(codeIn(await goOn(stranger, id))).toBe('not_found'))).toBe(0);
    let made: Json;
    expect(
      await sends(async () => {
        made = await goOn(of, id);
      }),
    ).toBe(1);
    expect(made.structuredContent).toBeDefined();
    expect(await sends(async () => expect(await goOn(of, id, second)).toEqual(made))).toBe(0);
  });

  it('a config that asks for nothing has no such tool and parks nothing', async () => {
    const of = await asking({ approval: {} });
    const { tools } = (await mcpRequest(broker, of.url, 'tools/list', {})).result;
    expect(tools.map((tool: Json) => tool.name)).not.toContain('grantway_approval_status');
    const answer = await mcpRequest(broker, of.url, 'tools/call', { name: 'grantway_approval_status', arguments: { approval_id: 'x' } });
    expect(answer.error.message).toBe('Unknown tool: grantway_approval_status');
    expect(await sends(async () => expect((await call(of, newIssue())).isError).toBeUndefined())).toBe(1);
  });

  it('a tool’s own word goes before that of its effect; reads are asked for where the config says so', async () => {
    await parked(await asking({ approval: { write: 'always_allow' }, tools: [{ tool: create, approval: 'always_ask' }] }));
    const reading = await asking({ approval: { read: 'always_ask' } });
    const list = 'linear_teams_list';
    const result = await call(reading, {}, broker, list);
    expect(codeIn(result)).toBe('approval_required');
    await decide(idIn(result), 'approve');
    expect(await sends(() => call(reading, {}, broker, list), list)).toBe(1);
  });

  it('an account that is not connected is asked for first, and bad arguments are refused without an approval', async () => {
    const of = await asking();
    expect(codeIn(await call(of, { title: 'no team' }))).toBe('argument_invalid');
    const [account] = (await broker.api(`/v1/connected-accounts?identifier=${of.user}&connection_name=linear`)).body.items;
    await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' });
    expect(codeIn(await call(of, newIssue()))).toBe('authorization_required');
    expect((await broker.api(`/v1/approvals?user_identifier=${of.user}`)).body.items).toEqual([]);
  });

  it('F07: twenty calls of a user wait at most; the next one is refused and told so', async () => {
    const of = await asking();
    for (let i = 0; i < 20; i++) await parked(of);
    const refused = await call(of, newIssue());
    expect(refused).toMatchObject({ isError: true, _meta: { 'grantway/code': 'approval_limit', 'grantway/retry_after_seconds': 60 } });
    expect((await broker.api(`/v1/approvals?user_identifier=${of.user}&limit=100`)).body.items).toHaveLength(20);
  });
});

describe('a decision', () => {
  it('is taken once: every later one is one clear error and changes nothing', async () => {
    const of = await asking();
    for (const decision of ['approve', 'deny'] as const) {
      const { id } = await parked(of);
      expect((await decide(id, decision)).status).toBe(200);
      const before = await row(id);
      for (const again of ['approve', 'deny'] as const) {
        const answer = await decide(id, again);
        expect([answer.status, answer.body.code]).toEqual([409, 'approval_decided']);
        expect(answer.body.detail).toMatch(decision === 'approve' ? /was approved at/ : /was denied at/);
      }
      expect((await broker.api(`/v1/approvals/${id}/link`, { method: 'POST' })).body.code).toBe('approval_decided');
      expect(await row(id)).toEqual(before);
    }
    const { id } = await parked(of);
    await rows.query("update approvals set expires_at = now() - interval '1 second' where id = $1", [id]);
    expect((await decide(id, 'approve')).body.code).toBe('approval_expired');
    const race = await parked(of);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => decide(race.id, i % 2 === 0 ? 'approve' : 'deny')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await eventsOf(race.id)).toHaveLength(2);
  });

  it('a no is a result with its reason, and the same call is not asked for again at once', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'deny', { reason: 'not this quarter' });
    const result = await call(of, args);
    expect(result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'approval_denied', 'grantway/approval_status': 'denied' } });
    expect(textIn(result)).toContain('not this quarter');
    expect(await sends(async () => expect(codeIn(await goOn(of, id))).toBe('approval_denied'))).toBe(0);
    expect(codeIn(await call(of, args))).toBe('approval_denied');
    await rows.query("update approvals set told_at = told_at - interval '11 minutes' where id = $1", [id]);
    const anew = await call(of, args);
    expect([codeIn(anew), idIn(anew) === id]).toEqual(['approval_required', false]);
    expect(codeIn(await goOn(of, id))).toBe('approval_denied');
  });

  it('F05: the client that made a call cannot approve it, and a user’s name opens nothing that is the operator’s', async () => {
    const of = await asking();
    const { id } = await parked(of);
    const named = await decide(id, 'approve', { user_identifier: of.user });
    expect([named.status, named.body.errors]).toEqual([
      400,
      [{ pointer: '/user_identifier', detail: 'the config of this call leaves the decision to the operator' }],
    ]);
    await rows.query("update approvals set via = 'api', mcp_instance_id = null where id = $1", [id]);
    const own = await decide(id, 'approve');
    expect([own.status, own.body.code]).toEqual([403, 'approval_own_call']);
    expect((await row(id)).status).toBe('pending');
    expect((await decide(id, 'deny')).status).toBe(200);

    const theirs = await asking({ approval: { write: 'always_ask' }, approvers: 'user' });
    const waiting = await parked(theirs);
    expect((await decide(waiting.id, 'approve', { user_identifier: of.user })).status).toBe(400);
    expect((await decide(waiting.id, 'approve', { user_identifier: theirs.user })).body.decided_by).toEqual({
      kind: 'user',
      id: theirs.user,
    });
  });
});

describe('what happens meanwhile', () => {
  it('nobody decides: it expires by itself, is told, and the agent hears it', async () => {
    const of = await asking({ approval: { write: 'always_ask' }, approval_timeout_seconds: 60 });
    const [one, two] = [await parked(of), await parked(of)];
    const { expires_at, created_at } = await row(one.id);
    expect(Math.abs(expires_at - created_at - 60_000)).toBeLessThan(2_000);
    await rows.query("update approvals set expires_at = now() - interval '1 second' where id = any($1)", [[one.id, two.id]]);
    // Whoever comes first writes it down.
    expect(codeIn(await call(of, one.args))).toBe('approval_expired');
    await sweep();
    for (const { id } of [one, two]) {
      expect((await row(id)).status).toBe('expired');
      expect(await eventsOf(id)).toEqual(['approval.requested', 'approval.expired']);
      expect((await decide(id, 'approve')).body.code).toBe('approval_expired');
    }
    expect(codeIn(await call(of, two.args))).toBe('approval_expired');
  });

  it('F04: an approved call that nobody comes for expires too; one decided late leaves a quarter of an hour', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await rows.query("update approvals set expires_at = now() + interval '40 seconds' where id = $1", [id]);
    const { expires_at } = (await decide(id, 'approve')).body;
    expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(800_000);
    await rows.query("update approvals set expires_at = now() - interval '1 second' where id = $1", [id]);
    expect(await sends(async () => expect(codeIn(await call(of, args))).toBe('approval_expired'))).toBe(0);
  });

  it.each([
    ['suspended', async (of: Asking) => broker.api(`/v1/users/${of.user}`, { method: 'PATCH', body: { suspended: true } })],
    ['without the MCP URL', async (of: Asking) => rows.query('update mcp_instances set revoked_at = now() where id = $1', [of.id])],
    ['without the config', async (of: Asking) => broker.api(`/v1/mcp-configs/${of.configId}`, { method: 'DELETE' })],
  ])('F04: for a user who is %s by now nothing is approved, and what was waits no longer', async (_, end) => {
    const of = await asking();
    const [waiting, approved] = [await parked(of), await parked(of)];
    await decide(approved.id, 'approve');
    await end(of);
    expect((await decide(waiting.id, 'approve')).body.code).toBe('approval_cancelled');
    await sweep();
    for (const { id } of [waiting, approved]) {
      expect((await row(id)).status).toBe('cancelled');
      expect((await eventsOf(id)).at(-1)).toBe('approval.cancelled');
    }
  });

  it('a forgotten user takes what waited and what was kept along', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'approve');
    await call(of, args);
    await parked(of);
    const sealed = 'select 1 from approvals where user_identifier = $1 and (arguments_ct is not null or result_ct is not null)';
    expect(await rows.query(sealed, [of.user])).toHaveLength(2);
    expect((await broker.api(`/v1/users/${of.user}`, { method: 'DELETE' })).status).toBe(204);
    expect(await rows.query('select 1 from approvals where user_identifier = $1', [of.user])).toEqual([]);
  });

  it('F03: a tool that the config no longer has is not called, and another account is another call', async () => {
    const of = await asking();
    const { id } = await parked(of);
    await decide(id, 'approve');
    const update = (mapping: Json) =>
      broker.api(`/v1/mcp-configs/${of.configId}`, { method: 'PATCH', body: { connection_tool_mappings: [mapping] } });
    expect((await update({ connection_name: 'linear', tools: ['linear_teams_list'] })).status).toBe(200);
    expect(await sends(async () => expect(codeIn(await goOn(of, id))).toBe('approval_changed'))).toBe(0);
    await update({ connection_name: 'linear' });

    const other = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: 'linear', identifier: of.user, account_label: 'second' },
    });
    await broker.connect(other.body.link, { account: 'another@example.test' });
    const accounts = (await broker.api(`/v1/connected-accounts?identifier=${of.user}&connection_name=linear`)).body.items;
    const next = accounts.find((one: Json) => !one.default);
    expect((await broker.api(`/v1/connected-accounts/${next.id}`, { method: 'PATCH', body: { default: true } })).status).toBe(200);
    expect(await sends(async () => expect(codeIn(await goOn(of, id))).toBe('approval_changed'))).toBe(0);
    expect((await row(id)).status).toBe('approved');
  });

  it('F03: rows that somebody put together do not run: arguments open in their own place, the hash fits its own call', async () => {
    const of = await asking();
    const [approved, waiting] = [await parked(of), await parked(of)];
    await decide(approved.id, 'approve');
    const [own, other] = [await row(approved.id), await row(waiting.id)];
    await rows.query('update approvals set arguments_ct = $2 where id = $1', [approved.id, other.arguments_ct]);
    const asked = { name: 'grantway_approval_status', arguments: { approval_id: approved.id } };
    expect(await sends(async () => expect((await mcpRequest(broker, of.url, 'tools/call', asked)).error.code).toBe(-32603))).toBe(0);
    await rows.query('update approvals set is_current = false where id = $1', [waiting.id]);
    await rows.query('update approvals set arguments_ct = $2, call_mac = $3 where id = $1', [
      approved.id,
      own.arguments_ct,
      other.call_mac,
    ]);
    expect(await sends(async () => expect(codeIn(await goOn(of, approved.id))).toBe('approval_changed'))).toBe(0);
  });
});

describe('the run', () => {
  it('a process that dies between claim and answer leaves an unknown outcome, never a second call', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'approve');
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 8_000, when: 'after' });
    const before = await reached();
    const underWay = call(of, args, second);
    await vi.waitFor(async () => expect((await row(id)).status).toBe('running'), { timeout: 20_000, interval: 20 });
    const { tool_call_id } = await row(id);
    const isWritten = async () => expect(await rows.query('select 1 from tool_calls where id = $1', [tool_call_id])).toHaveLength(1);
    await vi.waitFor(isWritten, { timeout: 20_000, interval: 20 });
    // As its death would leave it: claimed long ago, the intent without an outcome.
    await rows.query("update approvals set claimed_at = now() - interval '10 minutes' where id = $1", [id]);
    await sweep();
    expect(await row(id)).toMatchObject({ status: 'outcome_unknown', fault_code: 'outcome_unknown' });
    const told = await call(of, args);
    expect(told).toMatchObject({
      isError: true,
      _meta: { 'grantway/code': 'outcome_unknown', 'grantway/approval_status': 'outcome_unknown' },
    });
    // It was slow and not dead after all: what is known is put right.
    expect((await underWay).isError).toBeUndefined();
    expect((await row(id)).status).toBe('succeeded');
    expect(await reached()).toBe(before + 1);
  });

  it('a claim whose call never came to be written down was not sent, and is not made again', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'approve');
    await rows.query(
      "update approvals set status = 'running', tool_call_id = 'tc_none', claimed_at = now() - interval '10 minutes' where id = $1",
      [id],
    );
    await sweep();
    expect(await row(id)).toMatchObject({ status: 'failed', fault_code: 'unavailable' });
    expect(await sends(async () => expect(codeIn(await call(of, args))).toBe('approval_failed'))).toBe(0);
  });

  it('a call that may have happened is over; one that certainly did not can still be made', async () => {
    const of = await asking();
    const refused = await parked(of);
    await decide(refused.id, 'approve');
    await broker.control('/linear/knobs', 'PUT', { fail: '500', fail_times: 1 });
    expect(codeIn(await call(of, refused.args))).toBe('outcome_unknown');
    expect((await row(refused.id)).status).toBe('outcome_unknown');
    expect(await sends(() => call(of, refused.args))).toBe(0);

    const limited = await parked(of);
    await decide(limited.id, 'approve');
    await broker.control('/linear/knobs', 'PUT', { fail: '429', fail_times: 1 });
    expect(codeIn(await call(of, limited.args))).toBe('provider_rate_limited');
    expect(await row(limited.id)).toMatchObject({ status: 'approved', tool_call_id: null });
    // For as long as the provider asked for, nothing is sent, and the approval stays.
    expect(await sends(async () => expect(codeIn(await call(of, limited.args))).toBe('rate_limited'))).toBe(0);
    expect((await row(limited.id)).status).toBe('approved');

    const gone = await asking();
    const { id } = await parked(gone);
    await decide(id, 'approve');
    await broker.control('/linear/revoke', 'POST');
    const needs = await goOn(gone, id);
    expect(codeIn(needs)).toBe('authorization_required');
    expect((await row(id)).status).toBe('approved');
    await broker.connect(needs._meta['grantway/authentication_link'], { account: `${gone.user}@example.test` });
    expect(await sends(async () => expect((await goOn(gone, id)).isError).toBeUndefined())).toBe(1);
  });

  it('a direct call that was made under it is answered the next time where its audit row could not be written', async () => {
    const of = await asking();
    const { name: mcp_config_name } = (await broker.api(`/v1/mcp-configs/${of.configId}`)).body;
    const args = newIssue();
    const agent = await agentOf(broker, ['tools:execute']);
    const execute = () => agent.api(`/v1/tools/${create}/execute`, { body: { identifier: of.user, mcp_config_name, arguments: args } });
    const { approval_id: id } = (await execute()).body;
    expect((await decide(id, 'approve')).status).toBe(200);
    await rows.query("alter table audit_events add constraint no_direct_calls check (action <> 'tool.executed') not valid");
    try {
      expect(await sends(async () => expect((await execute()).body.code).toBe('outcome_unknown'))).toBe(1);
    } finally {
      await rows.query('alter table audit_events drop constraint no_direct_calls');
    }
    expect((await row(id)).status).toBe('succeeded');
    // The answer of the call that was made.
    const kept = async () => expect(JSON.stringify((await execute()).body.output)).toContain(args.title);
    expect(await sends(kept)).toBe(0);
  });

  it('what is kept is erased a day after the end; the approval stays, and says that it was spent', async () => {
    const of = await asking();
    const { id, args } = await parked(of);
    await decide(id, 'approve');
    await call(of, args);
    await rows.query("update approvals set ended_at = now() - interval '25 hours' where id = $1", [id]);
    await sweep();
    expect(await row(id)).toMatchObject({ status: 'succeeded', arguments_ct: null, result_ct: null });
    expect((await broker.api(`/v1/approvals/${id}`)).body.arguments).toBeNull();
    expect(await sends(async () => expect(codeIn(await goOn(of, id))).toBe('approval_spent'))).toBe(0);
    // By then the same call is a new wish.
    expect(idIn(await call(of, args))).not.toBe(id);
  });
});
