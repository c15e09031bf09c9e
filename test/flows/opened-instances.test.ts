import { randomBytes } from 'node:crypto';
import { resumeEnvironment, suspendEnvironment } from '@grantway/core';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

let broker: TestBroker;
let rows: Rows;
let instance: Json;
/** The broker's connections that hear of changes. */
let hearing: pg.Client[];
beforeAll(async () => {
  const queries = vi.spyOn(pg.Client.prototype, 'query');
  broker = await startBroker();
  hearing = (queries.mock.calls as unknown[][]).flatMap(([text], i) =>
    String(text).startsWith('listen ') ? [queries.mock.contexts[i] as unknown as pg.Client] : [],
  );
  queries.mockRestore();
  expect(hearing.length).toBeGreaterThan(1);
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

describe('where changes are not heard of any more, and nothing else says so', () => {
  it('a revocation holds within a second or two all the same', async () => {
    await warm();
    const all = (text: string) => Promise.all(hearing.map((client) => client.query(text)));
    await all('unlisten *');
    await rows.query('update mcp_instances set revoked_at = now() where id = $1', [instance.id]);
    try {
      await vi.waitFor(async () => expect(await call()).toBe('410'), { timeout: 12_000, interval: 50 });
    } finally {
      await all('listen grantway_changes');
      await rows.query('update mcp_instances set revoked_at = null where id = $1', [instance.id]);
    }
    await vi.waitFor(async () => expect(await call()).toBe('ok'), { timeout: 12_000, interval: 50 });
  });
});

describe('a change that was committed before a call, and is not heard of before its row is asked for', () => {
  const streams = () => hearing.map((client) => (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection.stream);
  afterEach(() => {
    for (const stream of streams()) stream.resume();
  });

  /** Makes the change, and the call, while nothing that the database says on those connections is read; goes on once the row was asked for. */
  async function unheard<T>(change: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
    // Read anew by whoever is warmed: what is older than a second is remembered only while it is proven that changes are heard of.
    await rows.query('update mcp_instances set created_at = created_at where id = $1', [instance.id]);
    await rows.query('update connected_accounts set updated_at = clock_timestamp() where id = any($1)', [
      instance.connections.map((c: Json) => c.connected_account_id),
    ]);
    await warm();
    for (const stream of streams()) stream.pause();
    await change();
    const queries = vi.spyOn(pg.Client.prototype, 'query');
    try {
      const asked = work();
      const begun = () =>
        (queries.mock.calls as unknown as [{ steps?: { name: string }[] }][]).some(([{ steps }]) =>
          steps?.some(({ name }) => name.startsWith('tool calls: begin')),
        );
      await vi.waitFor(() => expect(begun()).toBe(true), { timeout: 5_000, interval: 5 });
      for (const stream of streams()) stream.resume();
      return await asked;
    } finally {
      queries.mockRestore();
    }
  }
  const newest = () =>
    rows.one<Json>('select outcome, fault_code, provider_status, mcp_config_version as version from tool_calls order by id desc limit 1');

  it('sends nothing where the URL was revoked, and leaves no row', async () => {
    const before = await rows.count('tool_calls');
    expect(await unheard(() => rows.query('update mcp_instances set revoked_at = now() where id = $1', [instance.id]), call)).toBe('410');
    expect(await rows.count('tool_calls')).toBe(before + 3);
    await rows.query('update mcp_instances set revoked_at = null where id = $1', [instance.id]);
  });

  it('sends nothing where the user was suspended, and leaves no row', async () => {
    const before = await rows.count('tool_calls');
    expect(
      await unheard(() => rows.query('update users set suspended_at = now() where identifier = $1', [instance.user_identifier]), call),
    ).toBe('403');
    expect(await rows.count('tool_calls')).toBe(before + 3);
    await rows.query('update users set suspended_at = null where identifier = $1', [instance.user_identifier]);
  });

  it('sends nothing where the account was disconnected, and asks for consent', async () => {
    const { connected_account_id: id } = instance.connections.find((c: Json) => c.connector === 'datadog');
    expect(await unheard(() => rows.query("update connected_accounts set status = 'DISCONNECTED' where id = $1", [id]), call)).toBe(
      'authorization_required',
    );
    expect(await newest()).toMatchObject({ outcome: 'authorization_required', provider_status: null });
    await rows.query("update connected_accounts set status = 'ACTIVE' where id = $1", [id]);
  });

  it('is what the call goes by where it stays allowed: one row, of the version that holds now', async () => {
    const before = await rows.count('tool_calls');
    const found = (await broker.api<Json>('/v1/mcp-configs')).body.items.find(({ name }: Json) => name === 'incident-responder');
    const change = () => broker.api(`/v1/mcp-configs/${found.id}`, { method: 'PATCH', body: { description: 'Another one.' } });
    expect(await unheard(change, call)).toBe('ok');
    expect(await rows.count('tool_calls')).toBe(before + 4);
    expect(await newest()).toMatchObject({ outcome: 'success', version: found.version + 1 });
  });
});
