import { apiRequestTool, type Connector, forCall, type Tool } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import { type AccessLevel, isFault, Policy, type StoredPolicy } from '@grantway/contract';
import {
  type Catalogue,
  createLocalLimiter,
  createToolFinder,
  type ExposedTool,
  exposedTools,
  grantOf,
  type MappedConnection,
  permits,
} from '@grantway/core';
import type { Json } from '@grantway/test/harness';
import { describe, expect, it } from 'vitest';
import { allowedTools, mustBeAllowed, rulesFor, withFixed } from '../../packages/core/src/call-policy.ts';
import { countsFor } from '../../packages/core/src/limits.ts';
import { checkedPolicy } from '../../packages/core/src/policy-checks.ts';
import { kinds, type PolicyCase } from './kinds.ts';

const connectors = new Map<string, Connector>();
for (const [id, load] of Object.entries(registry)) connectors.set(id, await load());
const catalogue: Catalogue = {
  ids: () => [...connectors.keys()],
  aliasOf: () => undefined,
  meaningOf: (id) => ({ id, variant: null }),
  find: async (id) => connectors.get(id),
  all: async () => [...connectors.values()],
};

const mapped = (connectionName: string, connectorId: string, tools: string[] = []): MappedConnection => ({
  connectionId: `con_${connectionName}`,
  connectionName,
  connectorId,
  tools,
  accountOwner: 'user',
  accountChoice: false,
});

/** Every tool that a config can name: those of all connectors, and the request that each connector takes beside them. */
interface EveryCase extends PolicyCase {
  connector: Connector;
  tool: Tool;
}
const cases: EveryCase[] = [...connectors.values()].flatMap((connector) => {
  const of = (tool: Tool, effect: Tool['effect'], input: Json): EveryCase => ({
    connector,
    connection: connector.id,
    name: tool.name,
    tool,
    effect,
    input,
  });
  const request = apiRequestTool(connector);
  const methods = { read: 'GET', write: 'POST', destructive: 'DELETE' } as const;
  return [
    ...connector.tools.map((tool) => of(tool, tool.effect, tool.examples[0]?.input)),
    ...Object.entries(methods).map(([effect, method]) => of(request, effect as Tool['effect'], { method, path: '/x' })),
  ];
});

/** A connector twice in one config, as two accounts have it: what is said of one connection must leave the other alone. */
interface Setting {
  mappings: MappedConnection[];
  tools: ExposedTool[];
}
const settings = new Map<string, Setting>();
for (const connector of connectors.values()) {
  const names = [...connector.tools, apiRequestTool(connector)].map(({ name }) => name);
  const mappings = [mapped(connector.id, connector.id, names), mapped(`${connector.id}-2`, connector.id, names)];
  settings.set(connector.id, { mappings, tools: await exposedTools(catalogue, mappings) });
}

interface Asker {
  policy: StoredPolicy;
  accessLevel?: AccessLevel;
}

/** The order of `run` in tool-calls.ts, up to where something would be sent. */
async function decide(asker: Asker, offered: ExposedTool, args: Json, limiter = createLocalLimiter()): Promise<string> {
  const exposed = { ...offered, tool: forCall(offered.tool, args) };
  const rules = rulesFor(asker, exposed);
  if (rules.hidden) return 'unknown';
  try {
    const parsed = exposed.tool.input.safeParse(withFixed(rules, args));
    if (!parsed.success) return 'argument_invalid';
    mustBeAllowed(rules, exposed, parsed.data);
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
  if (rules.approval === 'always_ask') return 'approval_required';
  const reached = await limiter.take(countsFor(rules.limits, { configId: 'cfg', clientId: 'client', user: 'ada' }));
  return reached === undefined ? 'done' : 'rate_limited';
}

const settingOf = (connector: Connector): Setting => settings.get(connector.id) as Setting;
const exposedAs = ({ connector, name }: EveryCase, connection: string): ExposedTool =>
  settingOf(connector).tools.find((tool) => tool.tool.name === name && tool.connectionName === connection) as ExposedTool;

/** The least that a tool can do decides whether it is in a list. */
const least = ({ tool, effect }: EveryCase): Tool['effect'] => (tool.guarded === true ? 'read' : effect);

async function stored(of: Json, { connector }: EveryCase): Promise<StoredPolicy> {
  return checkedPolicy(catalogue, Policy.parse(of), settingOf(connector).mappings);
}
const key = ({ name, connectionName }: ExposedTool): string => `${name} ${connectionName}`;
const shownBy = (asker: Asker, tools: readonly ExposedTool[]): Map<string, ExposedTool> =>
  new Map(allowedTools(asker, tools).map((tool) => [key(tool), tool]));

it('the table is about the whole catalogue', () => {
  expect(new Set(cases.map(({ connector }) => connector.id))).toEqual(new Set(Object.keys(registry)));
  expect(cases.filter(({ tool }) => tool.guarded !== true)).toHaveLength(
    [...connectors.values()].reduce((sum, connector) => sum + connector.tools.length, 0),
  );
  expect(cases.filter(({ input }) => input === undefined)).toEqual([]);
});

describe.each(Object.entries(kinds))('F14, B05: every tool there is, under %s', (name, kind) => {
  it('is decided as the table says, shown as it is decided, and nothing else is touched', async () => {
    let decided = 0;
    for (const one of cases) {
      const of = kind.policy(one);
      if (of === undefined) continue;
      decided++;
      const label = `${name}: ${one.name} ${one.effect}`;
      const asker = { policy: await stored(of, one) };
      const own = exposedAs(one, one.connection);
      const twin = exposedAs(one, `${one.connection}-2`);
      const args = kind.args?.(one) ?? one.input;
      const limiter = createLocalLimiter();
      const expected = kind.expected(one);
      if (expected === 'rate_limited') expect([label, await decide(asker, own, args, limiter)]).toEqual([label, 'done']);
      expect([label, await decide(asker, own, args, limiter)]).toEqual([label, expected]);

      const isListed = kind.listed({ ...one, effect: least(one) });
      const isTwinListed = kind.twin === 'same' ? isListed : kind.twin === 'free';
      const twinDecided = { same: expected === 'rate_limited' ? 'done' : expected, free: 'done', hidden: 'unknown' }[kind.twin];
      expect([label, await decide(asker, twin, kind.twin === 'same' ? args : one.input)]).toEqual([label, twinDecided]);

      const { tools } = settingOf(one.connector);
      const shown = shownBy(asker, tools);
      expect([label, shown.has(key(own)), shown.has(key(twin))]).toEqual([label, isListed, isTwinListed]);
      const isByName = of.tools !== undefined && of.approval === undefined;
      if (!isByName) continue;
      // Whatever the entry does not name is there, as it is without a policy.
      const others = tools.filter((tool) => tool.tool.name !== one.name);
      expect([label, others.filter((tool) => shown.get(key(tool)) !== tool).map(key)]).toEqual([label, []]);
    }
    expect(decided).toBeGreaterThan(cases.length / 2);
  });
});

const exposeAll = (asker: Asker) => cases.map((one) => ({ one, own: exposedAs(one, one.connection), asker }));

it('F14: no session that only reads, and no client that may use other tools, has any tool more', async () => {
  const policy = Policy.parse({});
  for (const { one, own, asker } of exposeAll({ policy, accessLevel: 'READ_ONLY' })) {
    const may = one.effect === 'read';
    expect([one.name, await decide(asker, own, one.input)]).toEqual([one.name, may ? 'done' : 'unknown']);
    expect([one.name, shownBy(asker, [own]).size]).toEqual([one.name, least(one) === 'read' ? 1 : 0]);
    const called = { ...own, tool: forCall(own.tool, one.input) };
    expect([one.name, permits(grantOf(null, 'READ_ONLY'), called)]).toEqual([one.name, may]);
    const only = (tools: string[]) => permits(grantOf({ tools } as Parameters<typeof grantOf>[0], 'FULL'), own);
    expect([one.name, only([one.name]), only([]), only([`${one.name}x`])]).toEqual([one.name, true, false, false]);
  }
});

it('B05: what a mapping does not name is not exposed, also not the request that takes anything', async () => {
  for (const connector of connectors.values()) {
    const all = await exposedTools(catalogue, [mapped('a', connector.id)]);
    expect(new Set(all.map(({ name }) => name))).toEqual(new Set(connector.tools.map(({ name }) => name)));
    for (const tool of connector.tools) {
      const one = await exposedTools(catalogue, [mapped('a', connector.id, [tool.name])]);
      expect([tool.name, one.map(({ name }) => name)]).toEqual([tool.name, [tool.name]]);
    }
  }
});

it('B05: a tool that is denied by any of its other names is denied', async () => {
  const named = cases.flatMap((one) => one.tool.aliases.map((alias) => ({ one, alias })));
  expect(named.length).toBeGreaterThan(100);
  for (const { one, alias } of named) {
    const policy = { tools: [{ tool: alias, approval: 'deny' }] };
    // As it is kept today, and as one that was kept before the tool got its name.
    for (const kept of [await stored(policy, one), Policy.parse(policy)]) {
      const own = exposedAs(one, one.connection);
      expect([alias, await decide({ policy: kept }, own, one.input), shownBy({ policy: kept }, [own]).size]).toEqual([alias, 'unknown', 0]);
    }
  }
});

it.each([
  ['user', 'requests_per_minute'],
  ['user', 'calls_per_day'],
  ['client', 'requests_per_minute'],
  ['tool', 'calls_per_day'],
  ['connection', 'requests_per_minute'],
  ['config', 'calls_per_day'],
])('F16: a limit per %s of %s is reached by every tool, and shared as it says', async (per, amount) => {
  for (const one of cases) {
    const asker = { policy: await stored({ limits: [{ per, [amount]: 2 }] }, one) };
    const [own, twin] = [exposedAs(one, one.connection), exposedAs(one, `${one.connection}-2`)];
    const limiter = createLocalLimiter();
    const call = (tool: ExposedTool) => decide(asker, tool, one.input, limiter);
    expect([one.name, await call(own), await call(own), await call(own)]).toEqual([one.name, 'done', 'done', 'rate_limited']);
    // The same tool of another connection.
    expect([one.name, await call(twin)]).toEqual([one.name, per === 'connection' ? 'done' : 'rate_limited']);
    const other = settingOf(one.connector).tools.find(
      ({ tool, connectionName }) => tool.name !== one.name && connectionName === one.connection,
    );
    const counted = countsFor(rulesFor(asker, other as ExposedTool).limits, { configId: 'cfg', clientId: 'client', user: 'ada' });
    expect([one.name, (await limiter.take(counted)) === undefined]).toEqual([one.name, per === 'tool']);
  }
});

it('F14: what a policy hides cannot be found by its own words, and what it fixes is no way to its tool', async () => {
  const all = [...settings.values()].flatMap(({ tools, mappings }) =>
    tools.filter((t) => t.connectionName === mappings[0]?.connectionName),
  );
  const find = createToolFinder();
  for (const of of [{ read_only: true }, { approval: { read: 'deny' } }]) {
    const policy = Policy.parse(of);
    const shown = allowedTools({ policy }, all);
    const names = new Set(shown.map(({ name }) => name));
    for (const { name, tool } of all) {
      if (names.has(name)) continue;
      const found = [name, tool.title, tool.description].flatMap((query) => find(shown, { query, limit: 20 }));
      expect([name, found.some((one) => one.tool.tool.name === name)]).toEqual([name, false]);
    }
    expect([names.size > 0, names.size < all.length]).toEqual([true, true]);
  }
});
