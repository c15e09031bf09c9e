import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { mcp, outcome, toolNames } from './agent.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  for (const connector of ['linear', 'slack', 'datadog'])
    await ok('/v1/connections', { body: { name: connector, connector, sandbox: true } });
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

async function ok(path: string, init: Json): Promise<Json> {
  const { status, body } = await broker.api(path, init);
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}
let made = 0;
async function config(...mappings: Json[]): Promise<string> {
  const name = `together-${++made}`;
  await ok('/v1/mcp-configs', { body: { name, connection_tool_mappings: mappings } });
  return name;
}
const instanceOf = (config_name: string, user_identifier = `user-${++made}`): Promise<Json> =>
  ok('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } });

/** Nothing that these URLs open was opened before: each is read, and those that come together are read together. */
describe('instances that are opened in the same moment', () => {
  it('are each what their own URL says: their config, user, and state', async () => {
    const tools = ['linear_users_list', 'slack_list_channels', 'datadog_monitors_list'];
    const configs: string[] = [];
    for (const [i, tool] of tools.entries()) {
      configs.push(await config({ connection_name: ['linear', 'slack', 'datadog'][i], tools: [tool] }));
    }
    const instances = await Promise.all(Array.from({ length: 12 }, (_, i) => instanceOf(configs[i % 3] as string, `someone-${i % 4}`)));
    const [revoked, rotated, suspended] = await Promise.all([1, 2, 3].map(() => instanceOf(configs[0] as string)));
    await ok(`/v1/mcp-instances/${revoked.id}/revoke`, { method: 'POST' });
    await ok(`/v1/mcp-instances/${rotated.id}/rotate`, { method: 'POST', body: {} });
    await ok(`/v1/users/${suspended.user_identifier}`, { method: 'PATCH', body: { suspended: true } });
    const unknown = instances[0].url.replace(/[^_/]+\/mcp$/, `${'A'.repeat(30)}/mcp`);
    const [shown, ...others] = await Promise.all([
      Promise.all(instances.map(({ url }) => toolNames(url))),
      ...[revoked, rotated, suspended, { url: unknown }].map(({ url }) => outcome(url)),
    ]);
    expect(shown).toEqual(instances.map((_, i) => [tools[i % 3]]));
    expect(others).toEqual([
      [410, 'instance_revoked'],
      [410, 'instance_rotated'],
      [403, 'user_suspended'],
      [404, 'not_found'],
    ]);
  });

  it('call for their own user', async () => {
    const name = await config({ connection_name: 'datadog' });
    const instances = await Promise.all(Array.from({ length: 8 }, () => instanceOf(name)));
    for (const { connections } of instances) await broker.connectKey(connections[0].authentication_link);
    const answers = await Promise.all(instances.map(({ url }) => mcp(url, 'tools/call', { name: 'datadog_monitors_list', arguments: {} })));
    const calls = await rows.query<{ id: string; user_identifier: string; mcp_instance_id: string }>('select * from tool_calls');
    const found = new Map(calls.map((call) => [call.id, call]));
    expect(answers.map(({ body }) => found.get(body.result._meta['grantway/tool_call_id']))).toEqual(
      instances.map(({ id, user_identifier }) => expect.objectContaining({ user_identifier, mcp_instance_id: id })),
    );
  });

  it('show the accounts of their own user where a call may name one', async () => {
    const [choice, plain] = [
      await config({ connection_name: 'linear', account_choice: true }),
      await config({ connection_name: 'linear' }),
    ];
    const users = ['one', 'other'].map((who) => `${who}-${++made}`);
    const labels = new Map<string, string[]>();
    for (const [i, identifier] of users.entries()) {
      for (const account_label of [`work ${i}`, `home ${i}`]) {
        const wish = { connection_name: 'linear', identifier, account_label };
        const account = account_label.startsWith('work') ? 'default' : 'priya';
        const { link } = await ok('/v1/connected-accounts/authorization-link', { body: wish });
        await broker.connect(link, account === 'default' ? {} : { account });
        labels.set(identifier, [...(labels.get(identifier) ?? []), account_label]);
      }
    }
    const instances = await Promise.all(users.flatMap((user) => [instanceOf(choice, user), instanceOf(plain, user)]));
    const offered = await Promise.all(
      instances.map(async ({ url }) => {
        const { body } = await mcp(url, 'tools/list');
        return body.result.tools[0].inputSchema.properties.grantway_account?.enum;
      }),
    );
    expect(offered).toEqual(users.flatMap((user) => [labels.get(user), undefined]));
  });

  it('do not fail with one whose config this version cannot read', async () => {
    const [broken, good] = [await config({ connection_name: 'linear' }), await config({ connection_name: 'slack' })];
    const instances = await Promise.all([broken, good, broken, good].map((name) => instanceOf(name)));
    // As a later version of the broker may have written it.
    const policy = JSON.stringify({ approval: 'by committee' });
    await rows.query(
      `insert into mcp_config_versions (environment_id, config_id, version, mappings, policy)
       select v.environment_id, v.config_id, 2, v.mappings, $2 from mcp_config_versions v join mcp_configs g on g.id = v.config_id where g.name = $1 and v.version = 1`,
      [broken, policy],
    );
    await rows.query('update mcp_configs set version = 2 where name = $1', [broken]);
    const outcomes = await Promise.all(instances.map(({ url }) => outcome(url)));
    expect(outcomes.map(([status]) => status)).toEqual([500, 200, 500, 200]);
  });
});
