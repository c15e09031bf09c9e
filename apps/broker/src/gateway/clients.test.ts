import { incidentSetting, incidentTools, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  const closing = broker.close();
  // The client opens connections that it then sends nothing on; those are not idle to Node.
  broker.broker.app.server.closeAllConnections();
  await closing;
});

/** What the tests need of a client of either package. */
interface Peer {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<Json>;
  close(): Promise<void>;
  getServerVersion(): { name: string } | undefined;
}

const info = { name: 'gateway-test', version: '1.0.0' };

async function current(url: string, options: ClientOptions = {}, headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client(info, options);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

async function older(url: string, headers: Record<string, string> = {}): Promise<LegacyClient> {
  const client = new LegacyClient(info);
  await client.connect(new LegacyTransport(new URL(url), { requestInit: { headers } }) as Parameters<LegacyClient['connect']>[0]);
  return client;
}

const peers: [string, (url: string, headers?: Record<string, string>) => Promise<Peer>][] = [
  ['client 2.4 as it comes', (url, headers) => current(url, {}, headers) as Promise<Peer>],
  ['client 2.4 that negotiates', (url, headers) => current(url, { versionNegotiation: { mode: 'auto' } }, headers) as Promise<Peer>],
  [
    'client 2.4 pinned to 2026-07-28',
    (url, headers) => current(url, { versionNegotiation: { mode: { pin: '2026-07-28' } } }, headers) as Promise<Peer>,
  ],
  [
    'client 2.4 that stays in the legacy era',
    (url, headers) => current(url, { versionNegotiation: { mode: 'legacy' } }, headers) as Promise<Peer>,
  ],
  ['sdk 1.32, which knows the legacy era only', (url, headers) => older(url, headers) as Promise<Peer>],
];

describe.each(peers)('%s', (_, connect) => {
  it('connects, lists and is refused a call until the account is connected; then the same call works on the same connection', async () => {
    const instance = await incidentSetting(broker);
    const peer = await connect(instance.url);
    try {
      expect(peer.getServerVersion()?.name).toBe('grantway');
      const { tools } = await peer.listTools();
      expect(tools.map((t) => t.name)).toEqual(Object.values(incidentTools).flat().sort());

      const refused = await peer.callTool({ name: 'slack_list_channels', arguments: {} });
      expect(refused.isError).toBe(true);
      const link = /http\S+\/connect\/\S+/.exec(refused.content[0].text)?.[0];
      expect((await broker.connect(link as string)).status).toBe(200);

      // The clients check structuredContent against outputSchema themselves.
      const worked = await peer.callTool({ name: 'slack_list_channels', arguments: {} });
      expect(worked.isError).toBeFalsy();
      expect(worked.structuredContent.channels.length).toBeGreaterThan(0);

      const wrong = await peer.callTool({ name: 'slack_list_channels', arguments: { limits: 1 } });
      expect(wrong.isError).toBe(true);
      expect(wrong.content[0].text).toContain('limits');
      await expect(peer.callTool({ name: 'slack_get_user_info', arguments: {} })).rejects.toThrow(/Unknown tool/);
    } finally {
      await peer.close();
    }
  });

  it('works with the bearer on the stable URL', async () => {
    const instance = await incidentSetting(broker);
    const token = new URL(instance.url).pathname.split('/')[2];
    const peer = await connect(`${broker.baseUrl}/mcp`, { authorization: `Bearer ${token}` });
    try {
      expect((await peer.listTools()).tools).toHaveLength(9);
    } finally {
      await peer.close();
    }
  });

  it('is told that a URL was revoked, in words', async () => {
    const instance = await incidentSetting(broker);
    const peer = await connect(instance.url);
    try {
      await broker.modules.db
        .system('sweep')
        .query({ name: 'revoke in a test', text: 'update mcp_instances set revoked_at = now() where id = $1', values: [instance.id] });
      // Not tools/list: a client may still have the list it was told to keep for a while.
      await expect(peer.callTool({ name: 'slack_list_channels', arguments: {} })).rejects.toThrow(/410|revoked/);
    } finally {
      await peer.close();
    }
    // Pinned, the client says only that its version was not offered.
    await expect(connect(instance.url)).rejects.toThrow(/was revoked|no fallback in pin mode/);
  });
});

it('the negotiating client speaks the newest era', async () => {
  const instance = await incidentSetting(broker);
  const client = await current(instance.url, { versionNegotiation: { mode: 'auto' } });
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  await client.close();
});

it('a client that can open links gets its answer in one call: it is asked, the person connects, the call goes on', async () => {
  const instance = await incidentSetting(broker);
  const client = new Client(info, { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { url: {} } } });
  const asked: Json[] = [];
  client.setRequestHandler('elicitation/create', async (request) => {
    const params = request.params as Json;
    asked.push(params);
    return { action: (await broker.connect(params.url)).status === 200 ? 'accept' : 'cancel' };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(instance.url)));
  try {
    const answer = await client.callTool({ name: 'slack_list_channels', arguments: {} });
    expect(asked).toMatchObject([{ mode: 'url', message: expect.stringContaining('Slack') }]);
    expect(answer.isError).toBeFalsy();
    expect(answer.structuredContent).toMatchObject({ channels: expect.any(Array) });
  } finally {
    await client.close();
  }
});

it('a client that cancels what it is asked still hands the link to its model', async () => {
  const instance = await incidentSetting(broker);
  const client = new Client(info, { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { url: {} } } });
  client.setRequestHandler('elicitation/create', async () => ({ action: 'cancel' }));
  await client.connect(new StreamableHTTPClientTransport(new URL(instance.url)));
  try {
    const answer: Json = await client.callTool({ name: 'slack_list_channels', arguments: {} });
    expect(answer.isError).toBe(true);
    expect(answer.content[0].text).toMatch(/\/connect\/gwln_/);
  } finally {
    await client.close();
  }
});

it('a listening client is told when the config has changed, and sees the new list', async () => {
  const instance = await incidentSetting(broker);
  let told = 0;
  const client = new Client(info, {
    versionNegotiation: { mode: 'auto' },
    listChanged: { tools: { autoRefresh: false, onChanged: () => void told++ } },
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(instance.url)));
  try {
    expect((await client.listTools()).tools).toHaveLength(9);
    const config = (await broker.api('/v1/mcp-configs?name=incident-responder')).body.items[0];
    const changed = await broker.api(`/v1/mcp-configs/${config.id}`, {
      method: 'PATCH',
      body: { connection_tool_mappings: [{ connection_name: 'slack', tools: ['slack_list_channels'] }] },
    });
    expect(changed.status).toBe(200);
    await expect.poll(() => told, { timeout: 15_000 }).toBeGreaterThan(0);
    expect((await client.listTools()).tools.map((t) => t.name)).toEqual(['slack_list_channels']);
  } finally {
    await client.close();
    await broker.api(`/v1/mcp-configs/${(await broker.api('/v1/mcp-configs?name=incident-responder')).body.items[0].id}`, {
      method: 'PATCH',
      body: { connection_tool_mappings: Object.entries(incidentTools).map(([connection_name, tools]) => ({ connection_name, tools })) },
    });
  }
});
