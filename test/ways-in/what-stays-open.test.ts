import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { instanceOf, offers } from '../remote-mcp/setting.ts';
import { mcp, toolNames } from './agent.ts';

let broker: TestBroker;
let rows: Rows;
let server: Fixture;
/** What the server's tools heard: a call whose end was told to them. */
let given: string[] = [];

beforeAll(async () => {
  // A server that asks back on its stream: the call waits here for the client's answer.
  server = await startFixture({ eras: ['legacy'] });
  server.tools.push(...offers().tools, {
    definition: { name: 'sneaky', description: 'Says nothing of what it does', inputSchema: { type: 'object' } },
    eras: ['modern', 'legacy'],
    run: () => {
      given.push('sneaky');
      return { content: [{ type: 'text', text: 'done' }] };
    },
  });
  broker = await startBroker({ allowHosts: [new URL(server.url).host], toolTimeoutMs: 30_000 });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await server?.close();
});

/** One request of 2026-07-28. */
async function modern(url: string, method: string, params: Json, token?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
        },
      },
    }),
  });
}

const post = (path: string, body?: Json) => broker.api(path, { method: 'POST', ...(body === undefined ? {} : { body }) });

/** Ways to end what was let in with one credential. */
const ends: [string, (instance: Json) => Promise<unknown>][] = [
  ['revoked', (instance) => post(`/v1/mcp-instances/${instance.id}/revoke`)],
  ['rotated', (instance) => post(`/v1/mcp-instances/${instance.id}/rotate`, {})],
  ['deleted', (instance) => broker.api(`/v1/mcp-instances/${instance.id}`, { method: 'DELETE' })],
  ['expired', (instance) => rows.query("update mcp_instances set expires_at = now() - interval '1 second' where id = $1", [instance.id])],
];

describe('B06: whatever stays open for a URL ends when it is', () => {
  it.each(ends)('%s: the stream of a listener', async (_, end) => {
    const instance = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
    const response = await modern(instance.url, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
    expect(response.status).toBe(200);
    const text = response.text();
    await end(instance);
    expect(await text).toContain('"resultType":"complete"');
  });

  it.each(ends)('%s: a call that waits for a person’s answer', async (_, end) => {
    const instance = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
    const asked = (await (await modern(instance.url, 'tools/call', { name: 'ask_name', arguments: {} })).json()) as Json;
    expect(asked.result.resultType).toBe('input_required');
    const waits = async () =>
      (await rows.one<{ outcome: string }>('select outcome from tool_calls where mcp_instance_id = $1', [instance.id])).outcome;
    expect(await waits()).toBe('pending');
    await end(instance);
    await vi.waitFor(async () => expect(await waits()).not.toBe('pending'), { timeout: 20_000, interval: 50 });
  });

  it('revoked: both, where they came with a session token', async () => {
    const instance = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
    const { token, url } = (
      await post(`/v1/mcp-configs/${instance.config.id}/session-tokens`, { user_identifier: instance.user_identifier })
    ).body;
    const listener = (await modern(url, 'subscriptions/listen', { notifications: { toolsListChanged: true } }, token)).text();
    const asked = (await (await modern(url, 'tools/call', { name: 'ask_name', arguments: {} }, token)).json()) as Json;
    expect(asked.result.resultType).toBe('input_required');
    await post(`/v1/mcp-configs/${instance.config.id}/session-tokens/revoke`, { user_identifier: instance.user_identifier });
    expect(await listener).toContain('"resultType":"complete"');
    await vi.waitFor(
      async () =>
        expect(
          (await rows.one<{ outcome: string }>('select outcome from tool_calls where mcp_instance_id = $1', [instance.id])).outcome,
        ).not.toBe('pending'),
      { timeout: 20_000, interval: 50 },
    );
    // The URL of the same instance is another credential.
    expect((await mcp(instance.url, 'tools/list')).status).toBe(200);
  });
});

describe('READ_ONLY, where a remote server has the tools', () => {
  it('B05: shows and runs none that does not say that it only reads, nor goes on with a call that a full token began', async () => {
    given = [];
    const instance = await instanceOf(broker, { a: { url: server.url } }, 'as_is');
    const tokenOf = async (access_level: string): Promise<Json> =>
      (await post(`/v1/mcp-configs/${instance.config.id}/session-tokens`, { user_identifier: instance.user_identifier, access_level }))
        .body;
    const [full, narrow] = [await tokenOf('FULL'), await tokenOf('READ_ONLY')];
    const { url } = full;
    expect(await toolNames(url, full.token)).toEqual(expect.arrayContaining(['echo', 'sneaky', 'remove', 'ask_name']));
    const shown = await toolNames(url, narrow.token);
    expect(shown).toContain('echo');
    for (const name of ['sneaky', 'remove', 'ask_name', 'wait']) {
      expect(shown).not.toContain(name);
      const { body } = await mcp(url, 'tools/call', { name, arguments: {} }, narrow.token);
      expect(body.error, name).toMatchObject({ code: -32602, data: { code: 'unknown_tool' } });
    }
    expect(given).toEqual([]);

    const call = { name: 'ask_name', arguments: {} };
    const asked = (await (await modern(url, 'tools/call', call, full.token)).json()) as Json;
    const { requestState, inputRequests } = asked.result;
    const inputResponses = Object.fromEntries(
      Object.keys(inputRequests).map((name) => [name, { action: 'accept', content: { name: 'Mallory' } }]),
    );
    const answer = { ...call, requestState, inputResponses };
    const taken = (await (await modern(url, 'tools/call', answer, narrow.token)).json()) as Json;
    expect(taken.error.code).toBe(-32602);
    const done = (await (await modern(url, 'tools/call', answer, full.token)).json()) as Json;
    expect(done.result.content[0].text).toBe('Hello, Mallory');
  });
});
