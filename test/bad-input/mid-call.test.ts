import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { startSandbox } from '@grantway/sandbox';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gate, startGate } from './gate.ts';
import { callOf, callsOf, eras, providerRequests, send, until, wellFormed } from './setting.ts';

/** Things that change while a call waits for its provider. A gate holds the provider's request, so that nothing depends on luck. */
let broker: TestBroker;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let gate: Gate;
beforeAll(async () => {
  gate = await startGate(() => sandbox.origin);
  broker = await startBroker({ sandbox: { origin: gate.origin }, toolTimeoutMs: 30_000 });
  sandbox = await startSandbox({ connectors: [...(await broker.modules.catalogue.all())] });
  await incidentSetting(broker);
});
afterAll(async () => {
  await broker?.close();
  await sandbox?.close();
  await gate?.close();
});

const write = { channel: 'C06INC4LLS1', text: 'Once and only once' };
const toSlack = 'chat.postMessage';

/** A config of its own with a user of its own, connected. */
async function setting(): Promise<Json> {
  const name = `config-${randomBytes(4).toString('hex')}`;
  const connection_tool_mappings = ['slack', 'linear'].map((connection_name) => ({ connection_name }));
  expect((await broker.api('/v1/mcp-configs', { body: { name, connection_tool_mappings } })).status).toBe(201);
  const body = { config_name: name, user_identifier: `user-${randomBytes(4).toString('hex')}` };
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body;
  await connectAll(broker, instance);
  return instance;
}

async function namesOf(era: (typeof eras)[number], url: string): Promise<string[]> {
  return (await send(url, wellFormed(era, 'tools/list'))).json.result.tools.map((tool: Json) => tool.name);
}

describe.each(eras)('in the %s era', (era) => {
  /** A write that is let in, and then held at the provider's door while `meanwhile` happens. */
  async function during(instance: Json, meanwhile: () => Promise<void>): Promise<Json> {
    const held = gate.hold(toSlack);
    const asked = await providerRequests(broker);
    const under = send(instance.url, callOf(era, 'slack_post_message', write));
    await held.there;
    try {
      await meanwhile();
    } finally {
      held.release();
    }
    const { status, json, text } = await under;
    expect(status).toBe(200);
    expect(json.result?.isError, text).toBeUndefined();
    expect(await providerRequests(broker)).toBe(asked + 1);
    return json;
  }

  it('a tool that is taken out of the config: the call that was let in is finished under its version, the next one is unknown', async () => {
    const instance = await setting();
    await during(instance, async () => {
      const body = { connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_list_channels'] }] };
      expect((await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body })).body.version).toBe(2);
      expect(await namesOf(era, instance.url)).toEqual(['slack_list_channels']);
      const next = await send(instance.url, callOf(era, 'slack_post_message', write));
      expect([next.status, next.json.error.code, next.json.error.message]).toEqual([200, -32602, 'Unknown tool: slack_post_message']);
    });
    const rows = await callsOf(broker, instance);
    expect(rows.map((row) => [row.outcome, row.mcp_config_version])).toEqual([
      ['refused', 2],
      ['success', 1],
    ]);
  });

  it('a connection that is taken out of the config: finished, and the next call is unknown', async () => {
    const instance = await setting();
    await during(instance, async () => {
      const body = { connection_tool_mappings: [{ connection_name: 'linear' }] };
      expect((await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body })).status).toBe(200);
      expect((await send(instance.url, callOf(era, 'slack_post_message', write))).json.error.code).toBe(-32602);
      // It cannot be deleted under those who still use it.
      const [connection] = (await broker.api('/v1/connections?name=slack')).body.items;
      expect((await broker.api(`/v1/connections/${connection.id}`, { method: 'DELETE' })).body.code).toBe('in_use');
    });
    const rows = await callsOf(broker, instance);
    expect(rows.map((row) => [row.outcome, row.mcp_config_version])).toEqual([
      ['refused', 2],
      ['success', 1],
    ]);
  });

  it('a config that is deleted: finished and recorded, and the URL is gone', async () => {
    const instance = await setting();
    await during(instance, async () => {
      expect((await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'DELETE' })).status).toBe(204);
      const next = await send(instance.url, callOf(era, 'slack_post_message', write));
      expect([next.status, next.json.error.code]).toEqual([404, 404]);
      expect(next.json.error.message).toMatch(/not known here/);
    });
    expect(await callsOf(broker, instance)).toMatchObject([
      { outcome: 'success', mcp_config_version: 1, mcp_config_name: instance.config.name },
    ]);
  });

  it('an account that is disconnected: its credential is revoked before the provider looks, so that both calls ask for authorization', async () => {
    const instance = await setting();
    const account = instance.connections.find((c: Json) => c.connection_name === 'slack').connected_account_id;
    const revocations = async () => (await broker.control('/slack/ledger', 'GET')).counts.revocations;
    const before = await revocations();
    const held = gate.hold(toSlack);
    const under = send(instance.url, callOf(era, 'slack_post_message', write));
    await held.there;
    expect((await broker.api(`/v1/connected-accounts/${account}`, { method: 'DELETE' })).status).toBeLessThan(300);
    await until(async () => (await revocations()) > before, 'the credential is revoked');
    held.release();
    for (const { json } of [await under, await send(instance.url, callOf(era, 'slack_post_message', write))]) {
      expect(json.result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'authorization_required' } });
    }
    expect((await callsOf(broker, instance)).map((row) => row.outcome)).toEqual(['authorization_required', 'authorization_required']);
  });

  it('a user who is suspended: what is with the provider is finished, the next call is refused at the door', async () => {
    const instance = await setting();
    await during(instance, async () => {
      await broker.api(`/v1/users/${instance.user_identifier}`, { method: 'PATCH', body: { suspended: true } });
      const next = await send(instance.url, callOf(era, 'slack_post_message', write));
      expect([next.status, next.json.error.code, next.json.error.data.code]).toEqual([403, 403, 'user_suspended']);
    });
    expect((await callsOf(broker, instance)).map((row) => row.outcome)).toEqual(['success']);
  });

  it.each([
    ['write', 'slack_post_message', write, toSlack],
    ['read', 'slack_list_channels', {}, 'conversations.list'],
  ])(
    'a client that goes in the middle of a %s: it is finished once, recorded, and its connection is closed',
    async (_, tool, args, path) => {
      const instance = await setting();
      const asked = await providerRequests(broker);
      const held = gate.hold(path);
      const { headers, body } = callOf(era, tool, args);
      const request = http.request(instance.url, {
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', ...headers },
      });
      request.on('error', () => {});
      request.end(JSON.stringify(body));
      await held.there;
      request.destroy();
      const open = () => new Promise<number>((resolve) => broker.broker.app.server.getConnections((_error, count) => resolve(count)));
      broker.broker.app.server.closeIdleConnections();
      await until(async () => (await open()) === 0, 'the connection is closed');
      held.release();
      await until(async () => (await callsOf(broker, instance))[0]?.outcome === 'success', 'the outcome is recorded');
      expect(await providerRequests(broker)).toBe(asked + 1);
      expect(await callsOf(broker, instance)).toHaveLength(1);
      expect((await send(instance.url, callOf(era, tool, args))).json.result.isError).toBeUndefined();
    },
  );
});

it('nothing of all that was an error of ours', () => {
  expect(broker.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
