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
  cases = await connectorCases(broker);
  const ours = [...new Set(cases.map(({ connection }) => connection))];
  for (const name of ours) await broker.api('/v1/connections', { body: { name, connector: name, sandbox: true } });
  await broker.api('/v1/connections', { body: { name: remote, connector: 'mcp', mcp: { url: server.url } } });
  instance = await configOf(broker, [...ours, remote]);
  await connectAll(broker, instance);
  const sent = async () => server.requests.filter(({ body }) => body?.method === 'tools/call').length;
  const far = { connection: remote, sent };
  cases.push(
    { ...far, name: 'echo', shown: 'far_away_echo', effect: 'read', input: { text: 'hello' } },
    { ...far, name: 'file', shown: 'far_away_file', effect: 'write', input: { note: 'x1' } },
    { ...far, name: 'remove', shown: 'far_away_remove', effect: 'destructive', input: {} },
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

describe.each(Object.keys(kinds))('F14, B05: every tool under %s', (name) => {
  it('is listed, runs or is refused as the table says; what is refused sends nothing and is recorded', async () => {
    const kind = kinds[name] as Kind;
    for (const tool of cases) {
      const policy = kind.policy(tool);
      if (policy === undefined) continue;
      await setPolicy(broker, instance, policy);
      const expected = kind.expected(tool);
      const label = `${tool.shown}: ${expected}`;
      expect([label, (await shownTools(instance.url)).has(tool.shown)]).toEqual([label, kind.listed(tool)]);
      const before = await tool.sent();
      const answer = await outcomeOf(instance.url, tool.shown, kind.args?.(tool) ?? tool.input);
      expect([label, answer.text, answer.outcome]).toEqual([label, answer.text, expected]);
      expect([label, (await tool.sent()) - before]).toEqual([label, expected === 'done' ? 1 : 0]);
      const { body } = await broker.api(`/v1/tool-calls/${answer.id}`);
      expect([label, body.outcome]).toEqual([label, expected === 'done' ? 'success' : 'refused']);
    }
  }, 120_000);
});
