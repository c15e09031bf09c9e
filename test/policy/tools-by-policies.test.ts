import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { offers } from '../remote-mcp/setting.ts';
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
  // A policy has 50 limits at most.
  const known = new Map<string, number>();
  cases = (await connectorCases(broker)).filter(({ connection }) => {
    const count = (known.get(connection) ?? 0) + 1;
    known.set(connection, count);
    return count <= 15;
  });
  const ours = [...new Set(cases.map(({ connection }) => connection))];
  await broker.api('/v1/connections', { body: { name: remote, connector: 'mcp', mcp: { url: server.url } } });
  instance = await configOf(broker, [...ours, remote]);
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

/** An argument that the call holds, to hang a rule on. */
function some({ input }: Case): [name: string, value: Json] | undefined {
  return Object.entries(input).find(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
}

const without = (input: Json, name: string): Json => Object.fromEntries(Object.entries(input).filter(([key]) => key !== name));

interface Kind {
  /** Undefined where the tool has nothing that the policy could be about. */
  policy(tool: Case): Json | undefined;
  args?(tool: Case): Json;
  expected(tool: Case): string;
  listed(tool: Case): boolean;
}

const entry = (tool: Case, more: Json): Json => ({ tools: [{ tool: tool.name, connection_name: tool.connection, ...more }] });
const always = () => true;

/** What each kind of policy makes of one call. */
const kinds: Record<string, Kind> = {
  'no policy': { policy: () => ({}), expected: () => 'done', listed: always },
  read_only: {
    policy: () => ({ read_only: true }),
    expected: ({ effect }) => (effect === 'read' ? 'done' : 'unknown'),
    listed: ({ effect }) => effect === 'read',
  },
  'deny by name': { policy: (tool) => entry(tool, { approval: 'deny' }), expected: () => 'unknown', listed: () => false },
  'deny by effect': {
    policy: () => ({ approval: { write: 'deny', destructive: 'deny' } }),
    expected: ({ effect }) => (effect === 'read' ? 'done' : 'unknown'),
    listed: ({ effect }) => effect === 'read',
  },
  'deny by effect, allowed by name': {
    policy: (tool) => ({ approval: { read: 'deny', write: 'deny', destructive: 'deny' }, ...entry(tool, { approval: 'always_allow' }) }),
    expected: () => 'done',
    listed: always,
  },
  'allowed on this connection, denied on the others': {
    policy: (tool) => ({
      tools: [
        { tool: tool.name, connection_name: tool.connection, approval: 'always_allow' },
        { tool: tool.name, approval: 'deny' },
      ],
    }),
    expected: () => 'done',
    listed: always,
  },
  'a fixed argument that the agent leaves to the config': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { fixed_arguments: { [one[0]]: one[1] } });
    },
    args: (tool) => without(tool.input, (some(tool) as [string, Json])[0]),
    expected: () => 'done',
    listed: always,
  },
  'a fixed argument that the agent sends': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { fixed_arguments: { [one[0]]: one[1] } });
    },
    expected: () => 'argument_not_allowed',
    listed: always,
  },
  'a rule that the call keeps': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { constraints: { [one[0]]: { enum: [one[1]], required: true } } });
    },
    expected: () => 'done',
    listed: always,
  },
  'a limit that is not reached': {
    policy: (tool) => ({ limits: [{ per: 'user', tool: tool.name, calls_per_day: 1_000_000 }] }),
    expected: () => 'done',
    listed: always,
  },
  'a limit that the calls before have reached': {
    policy: (tool) => ({ limits: [{ per: 'user', tool: tool.name, calls_per_day: 1 }] }),
    expected: () => 'rate_limited',
    listed: always,
  },
  'a rule that the call breaks': {
    policy: (tool) => {
      const one = some(tool);
      const rules: Json = { string: { pattern: 'no such value' }, number: { minimum: 1e9 }, boolean: { enum: [one?.[1] !== true] } };
      return one && entry(tool, { constraints: { [one[0]]: rules[typeof one[1]] } });
    },
    expected: () => 'argument_not_allowed',
    listed: always,
  },
};

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

const table = Object.keys(surfaces).flatMap((surface) => Object.keys(kinds).map((kind) => [kind, surface] as const));

describe.each(table)('F14, B05: every tool under %s, by %s', (name, way) => {
  it('is shown, runs or is refused as the table says; what is refused sends nothing and is recorded', async () => {
    const [kind, surface] = [kinds[name] as Kind, surfaces[way] as Surface];
    const meant = cases.filter((tool) => kind.policy(tool) !== undefined);
    const policies = meant.map((tool) => kind.policy(tool));
    const entries = policies.flatMap((policy) => policy.tools ?? []);
    const limits = policies.flatMap((policy) => policy.limits ?? []);
    await setPolicy(broker, instance, { ...policies[0], ...surface.policy, tools: entries, limits });
    const shown = await surface.shown(meant);
    for (const tool of meant) {
      const expected = kind.expected(tool);
      const label = `${tool.shown}: ${expected}`;
      if (surface.listsRemote || tool.connection !== remote) expect([label, shown.has(tool.shown)]).toEqual([label, kind.listed(tool)]);
      const before = await tool.sent();
      const answer = await surface.call(tool, kind.args?.(tool) ?? tool.input);
      expect([label, answer.text, answer.outcome]).toEqual([label, answer.text, expected]);
      expect([label, (await tool.sent()) - before]).toEqual([label, expected === 'done' ? tool.requests : 0]);
      const { body } = await broker.api(`/v1/tool-calls/${answer.id}`);
      expect([label, body.outcome]).toEqual([label, expected === 'done' ? 'success' : 'refused']);
    }
  }, 120_000);
});
