import { randomBytes } from 'node:crypto';
import { resumeEnvironment, suspendEnvironment } from '@grantway/core';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

let broker: TestBroker;
let rows: Rows;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

async function ask(method: string, params: Json = {}, url: string = instance.url): Promise<{ status: number; body: Json }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return { status: response.status, body: await response.json() };
}
const call = async (): Promise<string> => {
  const { status, body } = await ask('tools/call', { name: 'datadog_monitors_list', arguments: {} });
  if (status !== 200) return String(status);
  return body.error?.message ?? (body.result.isError === true ? body.result._meta['grantway/code'] : 'ok');
};
/** Asked and asked again, so that it is remembered. */
async function warm(): Promise<void> {
  for (let i = 0; i < 3; i++) expect(await call()).toBe('ok');
}

describe('an instance that was opened a moment ago is believed in nothing: the very next request sees', () => {
  const mapping = (tools: string[]) => [{ connection_name: 'datadog', tools }];

  it('another version of its config', async () => {
    await warm();
    const found = (await broker.api<Json>('/v1/mcp-configs')).body.items.find(({ name }: Json) => name === 'incident-responder');
    const config = `/v1/mcp-configs/${found.id}`;
    const before = (await broker.api(config)).body;
    const updated = await broker.api(config, {
      method: 'PATCH',
      body: { connection_tool_mappings: mapping(['datadog_monitor_get']) },
    });
    expect(updated.status).toBe(200);
    expect(await call()).toContain('Unknown tool');
    expect((await ask('tools/list')).body.result.tools.map((tool: Json) => tool.name)).toEqual(['datadog_monitor_get']);
    const back = await broker.api(config, { method: 'PATCH', body: { connection_tool_mappings: before.connection_tool_mappings } });
    expect(back.status).toBe(200);
    expect(await call()).toBe('ok');
  });

  it('the suspension of its user and of its environment', async () => {
    await warm();
    const user = `/v1/users/${instance.user_identifier}`;
    await broker.api(user, { method: 'PATCH', body: { suspended: true } });
    expect(await call()).toBe('403');
    await broker.api(user, { method: 'PATCH', body: { suspended: false } });
    await warm();
    await suspendEnvironment(broker.modules.db, broker.broker.environmentId);
    expect(await call()).toBe('403');
    await resumeEnvironment(broker.modules.db, broker.broker.environmentId);
    await warm();
  });

  it('that its account was disconnected, and connected again', async () => {
    await warm();
    const id = instance.connections.find((c: Json) => c.connector === 'datadog').connected_account_id;
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBeLessThan(300);
    expect(await call()).toBe('authorization_required');
    const again = await broker.api('/v1/mcp-instances', {
      method: 'PUT',
      body: { config_name: 'incident-responder', user_identifier: instance.user_identifier },
    });
    await connectAll(broker, again.body);
    expect(await call()).toBe('ok');
  });

  it('another version of its secret, and that it was revoked', async () => {
    await warm();
    // Whatever changes the row, by whichever way: here by hand.
    await rows.query('update mcp_instances set secret_version = secret_version + 1 where id = $1', [instance.id]);
    expect(await call()).toBe('410');
    await rows.query('update mcp_instances set secret_version = secret_version - 1 where id = $1', [instance.id]);
    await warm();
    await rows.query('update mcp_instances set revoked_at = now() where id = $1', [instance.id]);
    expect(await call()).toBe('410');
    await rows.query('update mcp_instances set revoked_at = null where id = $1', [instance.id]);
    expect(await call()).toBe('ok');
  });

  it('that it was revoked, and the call that was prepared with it leaves no row', async () => {
    await warm();
    const before = await rows.count('tool_calls');
    await rows.query('update mcp_instances set revoked_at = now() where id = $1', [instance.id]);
    expect(await call()).toBe('410');
    expect(await rows.count('tool_calls')).toBe(before);
    await rows.query('update mcp_instances set revoked_at = null where id = $1', [instance.id]);
    expect(await call()).toBe('ok');
  });

  it('that its account was disconnected, by the API without MCP', async () => {
    const execute = async () =>
      (
        await broker.api('/v1/tools/datadog_monitors_list/execute', {
          body: { identifier: instance.user_identifier, connection_name: 'datadog', arguments: {} },
        })
      ).status;
    for (let i = 0; i < 3; i++) expect(await execute()).toBe(200);
    const id = instance.connections.find((c: Json) => c.connector === 'datadog').connected_account_id;
    // By hand: the row alone says it.
    await rows.query("update connected_accounts set status = 'DISCONNECTED' where id = $1", [id]);
    expect(await execute()).not.toBe(200);
    await rows.query("update connected_accounts set status = 'ACTIVE' where id = $1", [id]);
    expect(await execute()).toBe(200);
  });

  it('that the secret is another, of the right length under the right id', async () => {
    await warm();
    const [, secret] = /_([0-9A-Za-z]+)\/mcp$/.exec(instance.url) as RegExpExecArray;
    const wrong = instance.url.replace(secret, randomBytes(64).toString('hex').slice(0, secret?.length));
    expect((await ask('tools/list', {}, wrong)).status).toBe(404);
    expect(await call()).toBe('ok');
  });
});
