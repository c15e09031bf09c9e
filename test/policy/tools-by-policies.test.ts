import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { offers } from '../remote-mcp/setting.ts';
import { type Kind, kinds } from './kinds.ts';
import { type Case, configOf, connectorCases, outcomeOf, setPolicy, shownTools } from './setting.ts';

let broker: TestBroker;
let server: Fixture;
let instance: Json;
let cases: Case[];

const remote = 'far-away';

beforeAll(async () => {
  server = await startFixture();
  server.tools.push(...offers().tools, {
    definition: { name: 'file', description: 'Files a note', inputSchema: { type: 'object', properties: { note: { type: 'string' } } } },
    eras: ['modern', 'legacy'],
    run: ({ args }) => ({ content: [{ type: 'text', text: JSON.stringify(args) }] }),
  });
  broker = await startBroker({ allowHosts: [new URL(server.url).host] });
  cases = await connectorCases(broker);
  const mappings = [...new Set(cases.map(({ connection }) => connection))].map((connection_name) => ({
    connection_name,
    tools: cases.filter(({ connection }) => connection === connection_name).map(({ name }) => name),
  }));
  await broker.api('/v1/connections', { body: { name: remote, connector: 'mcp', mcp: { url: server.url } } });
  instance = await configOf(broker, [...mappings, remote]);
  await connectAll(broker, instance);
  const sent = async () => server.requests.filter(({ body }) => body?.method === 'tools/call').length;
  const far = { connection: remote, sent };
  cases.push(
    { ...far, requests: 1, name: 'echo', shown: 'far_away_echo', effect: 'read', input: { text: 'hello' } },
    { ...far, requests: 1, name: 'file', shown: 'far_away_file', effect: 'write', input: { note: 'x1' } },
    { ...far, requests: 1, name: 'remove', shown: 'far_away_remove', effect: 'destructive', input: {} },
  );
});
afterAll(async () => {
  await broker?.close();
  await server?.close();
});

let restricted: Promise<string> | undefined;
/** Of a client that is restricted to the config. */
async function restrictedToken(): Promise<string> {
  restricted ??= (async () => {
    const body = { name: 'of one config', scopes: ['connectors:read'], restrictions: { configs: [instance.name] } };
    const { client_id, client_secret } = (await broker.api('/v1/clients', { body })).body;
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
    return ((await (await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: form })).json()) as Json).access_token;
  })();
  return restricted;
}

interface Surface {
  policy: Json;
  /** Whether its list has remote servers' tools, too; they can be called either way. */
  listsRemote: boolean;
  /** Of the tools given, the names of those that an agent sees. */
  shown(tools: readonly Case[]): Promise<Set<string>>;
  call(tool: Case, args: Json): ReturnType<typeof outcomeOf>;
}

/** The ways in which an agent sees and calls the tools of a config. */
const surfaces: Record<string, Surface> = {
  'tools/list and tools/call': {
    policy: {},
    listsRemote: true,
    shown: async () => new Set((await shownTools(instance.url)).keys()),
    call: ({ shown }, args) => outcomeOf(instance.url, shown, args),
  },
  'describe_tool and call_tool': {
    policy: { tools_mode: 'search' },
    listsRemote: true,
    async shown(tools) {
      const described = tools.map(
        async ({ shown: name }) => [name, (await outcomeOf(instance.url, 'describe_tool', { name })).outcome] as const,
      );
      return new Set((await Promise.all(described)).flatMap(([name, outcome]) => (outcome === 'done' ? [name] : [])));
    },
    call: ({ shown }, args) => outcomeOf(instance.url, 'call_tool', { name: shown, arguments: args }),
  },
  'GET /v1/tools of a client that has this config only, and execute with the config': {
    policy: {},
    listsRemote: false,
    async shown() {
      const { body } = await broker.api('/v1/tools', { token: await restrictedToken() });
      return new Set(body.items.map((tool: Json) => tool.name));
    },
    async call({ shown }, args) {
      const body = { identifier: instance.user_identifier, mcp_config_name: instance.name, arguments: args };
      const answer = await broker.api(`/v1/tools/${shown}/execute`, { body });
      const outcome = answer.status === 200 ? 'done' : answer.body.code;
      return { outcome: outcome === 'unknown_tool' ? 'unknown' : outcome, text: answer.body.detail ?? '', id: answer.body.tool_call_id };
    },
  },
};

/** How many requests have reached whom, by connection. */
async function sentBy(tools: readonly Case[]): Promise<Map<string, number>> {
  const connections = new Map(tools.map((tool) => [tool.connection, tool]));
  return new Map(await Promise.all([...connections].map(async ([connection, tool]) => [connection, await tool.sent()] as const)));
}

/** A policy has 50 limits at most, and 20 calls of one user may wait for a person: those by MCP, and by the API. */
function someOf(tools: readonly Case[], kind: string): Case[] {
  if (kind.includes('asking')) return tools.filter((_, at) => at % 6 === 1);
  return kind.includes('limit') ? tools.slice(-50) : [...tools];
}

const table = Object.keys(surfaces).flatMap((surface) => Object.keys(kinds).map((kind) => [kind, surface] as const));

describe.each(table)('F14, B05: tools of every connector under %s, by %s', (name, way) => {
  it('is shown, runs or is refused as the table says; what is refused sends nothing and is recorded', async () => {
    const [kind, surface] = [kinds[name] as Kind, surfaces[way] as Surface];
    const able = cases.filter((tool) => kind.policy(tool) !== undefined);
    const meant = someOf(able, name);
    const policies = meant.map((tool) => kind.policy(tool));
    const entries = policies.flatMap((policy) => policy.tools ?? []);
    const limits = policies.flatMap((policy) => policy.limits ?? []);
    await setPolicy(broker, instance, { ...policies[0], ...surface.policy, tools: entries, limits });
    const shown = await surface.shown(meant);
    const before = await sentBy(meant);
    const due = new Map([...before.keys()].map((connection) => [connection, 0]));
    const rows: [id: string, label: string, outcome: string][] = [];
    for (const tool of meant) {
      const expected = kind.expected(tool);
      const label = `${tool.shown}: ${expected}`;
      if (surface.listsRemote || tool.connection !== remote) expect([label, shown.has(tool.shown)]).toEqual([label, kind.listed(tool)]);
      const answer = await surface.call(tool, kind.args?.(tool) ?? tool.input);
      expect([label, answer.text, answer.outcome]).toEqual([label, answer.text, expected]);
      if (expected === 'done') due.set(tool.connection, (due.get(tool.connection) ?? 0) + tool.requests);
      rows.push([answer.id, label, { done: 'success', approval_required: 'approval_required' }[expected] ?? 'refused']);
    }
    const { body } = await broker.api('/v1/tool-calls?limit=100');
    const kept = new Map<string, string>(body.items.map((row: Json) => [row.id, row.outcome]));
    expect(rows.map(([id, label]) => [label, kept.get(id)])).toEqual(rows.map(([, label, outcome]) => [label, outcome]));
    const after = await sentBy(meant);
    expect([...after].map(([connection, count]) => [connection, count - (before.get(connection) ?? 0)])).toEqual([...due]);
  }, 120_000);
});
