import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf, outcomeOf, setPolicy } from './setting.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

let count = 0;
/** A Slack connection that asks for some scopes, its config, and one user's connected instance. */
async function setting(scopes: string[]): Promise<{ connection: Json; instance: Json }> {
  const name = `slack-${++count}`;
  const made = await broker.api('/v1/connections', { body: { name, connector: 'slack', sandbox: true, scopes } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  // Of others some want a person's token, which this connection does not ask for.
  const instance = await configOf(broker, [{ connection_name: name, tools: ['slack_list_channels', 'slack_post_message'] }]);
  await connectAll(broker, instance);
  return { connection: made.body, instance };
}
const ensured = async (instance: Json): Promise<Json> => {
  const body = { config_name: instance.name, user_identifier: instance.user_identifier };
  return (await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body.connections[0];
};
const authState = async (instance: Json, links = ''): Promise<Json> =>
  (await broker.api(`/v1/mcp-instances/${instance.id}/auth-state${links}`)).body.connections[0];
const addScope = async (connection: Json, scopes: string[]) =>
  expect((await broker.api(`/v1/connections/${connection.id}`, { method: 'PATCH', body: { scopes } })).status).toBe(200);

describe('scopes that the tools of a config need', () => {
  it('are said before a call, with those that the account lacks and the link that asks for them', async () => {
    const { connection, instance } = await setting(['channels:read']);
    const before = await ensured(instance);
    expect(before.needed_scopes).toEqual(expect.arrayContaining(['channels:read', 'chat:write']));
    expect(before).toMatchObject({ connected_account_status: 'ACTIVE', reason: 'scope_missing' });
    expect(before.missing_scopes).toContain('chat:write');
    expect(before.missing_scopes).not.toContain('channels:read');
    // The connection does not ask for it: no link could bring it.
    expect(before.authentication_link).toBeNull();

    await addScope(connection, before.needed_scopes);
    const after = await ensured(instance);
    expect(after.authentication_link).toMatch(/\/connect\/gwln_/);
    expect(await authState(instance)).toMatchObject({ reason: 'scope_missing', missing_scopes: after.missing_scopes });
    const refused = await outcomeOf(instance.url, 'slack_post_message', { channel: 'C06INC4LLS1', text: 'hello' });
    expect(refused.outcome).toBe('scope_missing');

    expect((await broker.connect(after.authentication_link)).status).toBe(200);
    expect(await ensured(instance)).toMatchObject({ reason: null, missing_scopes: [], authentication_link: null });
    const done = await outcomeOf(instance.url, 'slack_post_message', { channel: 'C06INC4LLS1', text: 'hello' });
    expect(done.outcome).toBe('done');
  });

  it('are those of the tools that the policy lets through', async () => {
    const { instance } = await setting(['channels:read']);
    expect((await ensured(instance)).missing_scopes).toContain('chat:write');
    await setPolicy(broker, instance, { read_only: true });
    expect((await ensured(instance)).needed_scopes).not.toContain('chat:write');
    await setPolicy(broker, instance, { approval: { read: 'deny', write: 'deny', destructive: 'deny' } });
    expect(await ensured(instance)).toMatchObject({ needed_scopes: [], missing_scopes: [], reason: null });
  });
});
