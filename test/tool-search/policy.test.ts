import type { Connector, Tool } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rpc } from '../remote-mcp/setting.ts';

const connectors = Object.keys(registry) as (keyof typeof registry)[];
const tools: Tool[] = [];
for (const id of connectors) tools.push(...((await registry[id]()) as Connector).tools);

let broker: TestBroker;
let url: string;
let configId: string;

beforeAll(async () => {
  broker = await startBroker();
  for (const connector of connectors) await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
  const body = { name: 'everything', connection_tool_mappings: connectors.map((name) => ({ connection_name: name })) };
  configId = (await broker.api('/v1/mcp-configs', { body })).body.id;
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'everything', user_identifier: 'ada' } }))
    .body;
  await connectAll(broker, instance);
  url = instance.url;
});
afterAll(async () => {
  await broker?.close();
});

async function policy(of: Json): Promise<void> {
  const changed = await broker.api(`/v1/mcp-configs/${configId}`, { method: 'PATCH', body: { policy: { tools_mode: 'search', ...of } } });
  expect(changed.status).toBe(200);
}
const call = (name: string, args: Json = {}): Promise<Json> => rpc(url, 'tools/call', { name, arguments: args });
const search = async (query: string): Promise<Json> => (await call('search_tools', { query, limit: 20 })).result.structuredContent;

/** Neither found by its own words nor described nor called. */
async function mustBeHidden({ name, title, description }: Tool): Promise<void> {
  for (const query of [name, title, description.slice(0, 500)]) {
    expect((await search(query)).tools.map((found: Json) => found.name)).not.toContain(name);
  }
  for (const way of ['describe_tool', 'call_tool']) {
    expect((await call(way, { name })).result).toMatchObject({ isError: true, _meta: { 'grantway/code': 'unknown_tool' } });
  }
}

/** Two policies that deny every other tool: each tool is denied once, and found once. */
describe.each([0, 1])('where the policy denies every other tool, from number %i on', (parity) => {
  const isDenied = (at: number) => at % 2 === parity;
  beforeAll(async () => {
    const denied = tools.filter((_, at) => isDenied(at));
    await policy({ tools: denied.map(({ name }) => ({ tool: name, approval: 'deny' })) });
    expect((await search('anything')).available).toBe(tools.length - denied.length);
  });

  it.each(tools.map((tool, at) => [tool.name, isDenied(at) ? 'is not there' : 'is found', tool, at] as const))(
    '%s %s',
    async (name, _, tool, at) => {
      if (isDenied(at)) await mustBeHidden(tool);
      else expect((await search(tool.description.slice(0, 500))).tools.map((found: Json) => found.name)).toContain(name);
    },
  );
});

it('a config that only reads has no other tools to find', async () => {
  await policy({ read_only: true });
  for (const tool of tools) if (tool.effect !== 'read') await mustBeHidden(tool);
  expect((await search('list')).available).toBe(tools.filter((tool) => tool.effect === 'read').length);
  const { annotations } = (await rpc(url, 'tools/list')).result.tools[0];
  expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
});

it('an argument that the config fixes is not shown, and no way to its tool', async () => {
  const name = 'slack_post_message';
  await policy({});
  expect((await search('unfurl')).tools.map((found: Json) => found.name)).toEqual([name]);
  await policy({ tools: [{ tool: name, fixed_arguments: { unfurl_links: true, unfurl_media: true } }] });
  expect((await search('unfurl')).tools).toEqual([]);
  await policy({ tools: [{ tool: name, fixed_arguments: { channel: 'C0SECRET' }, constraints: { text: { max_length: 20 } } }] });
  const described = (await call('describe_tool', { name })).result.structuredContent;
  expect(JSON.stringify(described)).not.toContain('C0SECRET');
  expect(described.tool.inputSchema.properties).not.toHaveProperty('channel');
  // The example gives the very argument.
  expect(described.example).toBeUndefined();
  const direct = await call(name, { channel: 'C1', text: 'hi' });
  const through = await call('call_tool', { name, arguments: { channel: 'C1', text: 'hi' } });
  expect(through.result.content).toEqual(direct.result.content);
  expect(through.result._meta['grantway/code']).toBe('argument_not_allowed');
  const long = { text: 'x'.repeat(21) };
  expect((await call('call_tool', { name, arguments: long })).result.content).toEqual((await call(name, long)).result.content);
  expect((await call('call_tool', { name, arguments: { text: 'short' } })).result.isError).toBeUndefined();
});
