import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindVendor } from '../flows/kind-vendor.ts';
import { type Agent, agentOf, mcp, toolNames } from '../ways-in/agent.ts';
import { configOf, outcomeOf, rpc, setPolicy, shownTools } from './setting.ts';

/** A vendor whose tools are known by other names as well. */
function aliased(id: string) {
  const vendor = kindVendor(id, { kind: 'api_key', fields: [{ name: 'key', label: 'Key', secret: true }], headers: { 'X-Key': '{key}' } });
  const others: Record<string, string[]> = { [`${id}_item_list`]: [`${id}ListItems`], [`${id}_item_rename`]: [`rename_${id}_item`] };
  return { ...vendor, tools: vendor.tools.map((tool) => ({ ...tool, aliases: others[tool.name] ?? [] })) };
}

let broker: TestBroker;
let instance: Json;
const user = 'team-a/ada';

beforeAll(async () => {
  broker = await startBroker({ connectors: [aliased('acme')] });
  for (const name of ['acme', 'acme-b']) await broker.api('/v1/connections', { body: { name, connector: 'acme', sandbox: true } });
  instance = await configOf(broker, ['acme'], {}, user);
  await connectKeys(instance);
});
afterAll(() => broker?.close());

async function connectKeys({ connections }: Json): Promise<void> {
  for (const { authentication_link: link } of connections) if (link !== null) await broker.connectKey(link, { key: 'made-up-key' });
}
const lastCall = async () => (await broker.api('/v1/tool-calls?limit=1')).body.items[0];
const sent = async () => (await broker.control('/acme/ledger', 'GET')).counts.api_calls;
const execute = (name: string, body: Json = {}, by: Pick<Agent, 'api'> = broker, headers: Record<string, string> = {}) =>
  by.api(`/v1/tools/${name}/execute`, { body: { identifier: user, connection_name: 'acme', ...body }, headers });

describe('a tool by another name', () => {
  it('is called in both eras and by the REST API; the audit, the answer and every list have its own name', async () => {
    expect((await outcomeOf(instance.url, 'acmeListItems', { query: 'x' })).outcome).toBe('done');
    expect(await lastCall()).toMatchObject({ tool_name: 'acme_item_list', outcome: 'success', via: 'mcp' });
    expect((await mcp(instance.url, 'tools/call', { name: 'acmeListItems', arguments: {} })).body.result.isError).toBeUndefined();
    const answer = await execute('acmeListItems');
    expect(answer.body).toMatchObject({ tool_name: 'acme_item_list', output: { items: ['one'] } });
    expect(await lastCall()).toMatchObject({ tool_name: 'acme_item_list', via: 'api' });
    const through = await execute('acmeListItems', { mcp_config_name: instance.name });
    expect(through.body.tool_name).toBe('acme_item_list');
    expect([...(await shownTools(instance.url)).keys()]).toEqual(['acme_item_list', 'acme_item_rename']);
    expect(await toolNames(instance.url)).toEqual(['acme_item_list', 'acme_item_rename']);
    const listed = (await broker.api('/v1/tools?connector=acme')).body.items.map(({ name }: Json) => name);
    expect(listed).toEqual(['acme_item_list', 'acme_item_rename']);
  });

  it('is one deed under one Idempotency-Key, whichever name is used', async () => {
    const body = { arguments: { item: 'it-1', title: 'One' } };
    const first = await execute('rename_acme_item', body, broker, { 'idempotency-key': 'once' });
    const before = await sent();
    const again = await execute('acme_item_rename', body, broker, { 'idempotency-key': 'once' });
    expect([again.status, again.body.tool_call_id]).toEqual([200, first.body.tool_call_id]);
    expect(await sent()).toBe(before);
  });

  it('is described and called in search mode', async () => {
    await setPolicy(broker, instance, { tools_mode: 'search' });
    const ask = async (name: string, args: Json) => (await rpc(instance.url, 'tools/call', { name, arguments: args })).result;
    expect((await ask('describe_tool', { name: 'acmeListItems' })).structuredContent.tool.name).toBe('acme_item_list');
    expect((await ask('call_tool', { name: 'acmeListItems', arguments: {} })).structuredContent).toEqual({ items: ['one'] });
    expect(JSON.stringify(await ask('search_tools', { query: 'acmeListItems' }))).not.toContain('acmeListItems"');
    await setPolicy(broker, instance, {});
  });

  it('has the connection behind it where several have the tool, and is no one’s without', async () => {
    const both = await configOf(broker, ['acme', 'acme-b'], {}, user);
    await connectKeys(both);
    expect((await outcomeOf(both.url, 'acmeListItems__acme_b', {})).outcome).toBe('done');
    expect(await lastCall()).toMatchObject({ tool_name: 'acme_item_list', connection_name: 'acme-b' });
    expect((await outcomeOf(both.url, 'acmeListItems', {})).outcome).toBe('unknown');
  });

  it('an unknown one, one in another spelling and one of every object’s own are no tools', async () => {
    for (const name of [
      'acme_list_items',
      'acmelistitems',
      'constructor',
      '__proto__',
      'acmeListItems__',
      '__acme',
      'acmeListItems__acme',
    ]) {
      expect((await outcomeOf(instance.url, name, {})).outcome, name).toBe('unknown');
      if (!name.startsWith('__')) expect((await execute(name)).body.code, name).toBe('unknown_tool');
    }
  });
});

describe('another name is no way around', () => {
  const names = ['acme_item_rename', 'rename_acme_item'];
  const args = (title: string) => ({ item: 'it-1', title });

  it('a denied tool, a config that only reads, and a tool that the config does not name', async () => {
    for (const policy of [
      { read_only: true },
      { approval: { write: 'deny' } },
      { tools: [{ tool: 'acme_item_rename', approval: 'deny' }] },
      { tools: [{ tool: 'rename_acme_item', approval: 'deny' }] },
    ]) {
      await setPolicy(broker, instance, policy);
      const before = await sent();
      for (const name of names) {
        expect((await outcomeOf(instance.url, name, args('x'))).outcome, name).toBe('unknown');
        expect((await execute(name, { mcp_config_name: instance.name, arguments: args('x') })).body.code, name).toBe('unknown_tool');
      }
      expect(await sent()).toBe(before);
    }
    await setPolicy(broker, instance, {});
    const narrow = await broker.api('/v1/mcp-configs', {
      body: { name: 'narrow', connection_tool_mappings: [{ connection_name: 'acme', tools: ['acmeListItems'] }] },
    });
    expect(narrow.body.connection_tool_mappings[0].tools).toEqual(['acme_item_list']);
    const url = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'narrow', user_identifier: user } })).body.url;
    expect(await toolNames(url)).toEqual(['acme_item_list']);
    for (const name of names) expect((await outcomeOf(url, name, args('x'))).outcome).toBe('unknown');
  });

  it.each(names)('rules that name %s hold for every name, and are shown under the tool’s own', async (named) => {
    const entry = { constraints: { title: { enum: ['One'] } }, fixed_arguments: { item: 'it-1' } };
    await setPolicy(broker, instance, { tools: [{ tool: named, ...entry }], limits: [{ tool: named, per: 'user', calls_per_day: 1000 }] });
    const { policy } = (await broker.api(`/v1/mcp-configs/${instance.config.id}`)).body;
    expect([policy.tools[0].tool, policy.limits[0].tool]).toEqual(['acme_item_rename', 'acme_item_rename']);
    for (const name of names) {
      expect((await outcomeOf(instance.url, name, { title: 'Two' })).outcome, name).toBe('argument_not_allowed');
      expect((await outcomeOf(instance.url, name, args('One'))).outcome, name).toBe('argument_not_allowed');
      expect((await outcomeOf(instance.url, name, { title: 'One' })).outcome, name).toBe('done');
    }
    const twice = await broker.api(`/v1/mcp-configs/${instance.config.id}`, {
      method: 'PATCH',
      body: { policy: { tools: names.map((tool) => ({ tool, ...entry })) } },
    });
    expect(twice.body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/policy/tools/1/tool' }] });
    await setPolicy(broker, instance, {});
  });

  it('calls by any name count against the same limit', async () => {
    await setPolicy(broker, instance, { limits: [{ tool: 'rename_acme_item', per: 'tool', calls_per_day: 1 }] });
    expect((await outcomeOf(instance.url, names[0] as string, args('One'))).outcome).toBe('done');
    expect((await outcomeOf(instance.url, names[1] as string, args('One'))).outcome).toBe('rate_limited');
    await setPolicy(broker, instance, {});
  });

  it('a client that is restricted to tools has no others', async () => {
    const scopes = ['tools:execute', 'mcp_instances:write'];
    const agent = await agentOf(broker, scopes, { tools: ['acmeListItems'], identifiers: [user] });
    expect((await execute('acmeListItems', {}, agent)).status).toBe(200);
    expect((await execute('acme_item_list', {}, agent)).status).toBe(200);
    const before = await sent();
    for (const name of names) expect((await execute(name, { arguments: args('x') }, agent)).body.code, name).toBe('unknown_tool');
    const { url } = (await agent.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: instance.name, user_identifier: user } }))
      .body;
    for (const name of names) expect((await outcomeOf(url, name, args('x'))).outcome, name).toBe('unknown');
    expect(await sent()).toBe(before);
  });
});
