import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kindVendor } from '../flows/kind-vendor.ts';
import { outcomeOf, setPolicy, shownTools } from './setting.ts';

let broker: TestBroker;
let instance: Json;
const name = 'acme_api_request';
const user = 'ada';

async function configWith(config: string, tools: string[]): Promise<Json> {
  const mappings = [{ connection_name: 'acme', ...(tools.length === 0 ? {} : { tools }) }];
  const made = await broker.api('/v1/mcp-configs', { body: { name: config, connection_tool_mappings: mappings } });
  expect(made.status).toBe(201);
  return (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: config, user_identifier: user } })).body;
}
beforeAll(async () => {
  const key = { name: 'key', label: 'Key', secret: true };
  broker = await startBroker({
    connectors: [kindVendor('acme', { kind: 'api_key', fields: [key], headers: {}, query: { sig: '{key}' } })],
  });
  await broker.api('/v1/connections', { body: { name: 'acme', connector: 'acme', sandbox: true } });
  instance = await configWith('named', [name]);
  await broker.connectKey(instance.connections[0].authentication_link, { key: 'made-up-key' });
});
afterAll(() => broker?.close());

const call = (args: Json, url = instance.url) => outcomeOf(url, name, args);
const get = { method: 'GET', path: '/items', query: { query: 'x', view: "a b&c=d+e*'~" } };
const rename = { method: 'POST', path: '/items/it-1/rename', body: { title: 'One' } };
const lastCall = async () => (await broker.api('/v1/tool-calls?limit=1')).body.items[0];
const sent = async () => (await broker.control('/acme/ledger', 'GET')).counts.api_calls;

it('is nobody’s whose config does not name it', async () => {
  const all = await configWith('all', []);
  expect([...(await shownTools(all.url)).keys()]).toEqual(['acme_item_list', 'acme_item_rename']);
  expect((await call(get, all.url)).outcome).toBe('unknown');
  const direct = { identifier: user, connection_name: 'acme', arguments: get };
  expect((await broker.api(`/v1/tools/${name}/execute`, { body: direct })).body.code).toBe('unknown_tool');
  expect((await broker.api('/v1/tools')).body.items.map((tool: Json) => tool.name)).not.toContain(name);
  const denied = {
    name: 'x',
    connection_tool_mappings: [{ connection_name: 'acme' }],
    policy: { tools: [{ tool: name, approval: 'deny' }] },
  };
  expect((await broker.api('/v1/mcp-configs', { body: denied })).body.code).toBe('unknown_tool');
});

it('calls what the config’s connection reaches, and is recorded by what it did', async () => {
  expect([...(await shownTools(instance.url)).keys()]).toEqual([name]);
  const answer = await call(get);
  expect([answer.outcome, JSON.parse(answer.text)]).toEqual(['done', { status: 200, body: { items: ['one'] }, truncated: false }]);
  expect(await lastCall()).toMatchObject({ tool_name: name, effect: 'read' });
  expect((await call(rename)).outcome).toBe('done');
  expect(await lastCall()).toMatchObject({ tool_name: name, effect: 'write' });
  await call({ method: 'DELETE', path: '/items/it-1' });
  expect(await lastCall()).toMatchObject({ effect: 'destructive' });
});

it('a config that reads has it for reading', async () => {
  await setPolicy(broker, instance, { read_only: true });
  const schema = (await shownTools(instance.url)).get(name);
  expect(schema.properties.method.enum ?? [schema.properties.method.const]).toEqual(['GET']);
  expect((await call(get)).outcome).toBe('done');
  const before = await sent();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post'])
    expect((await call({ ...rename, method })).outcome).toBe('argument_invalid');
  expect(await sent()).toBe(before);
});

it.each([
  [{ approval: { destructive: 'deny' } }, ['GET', 'POST'], ['DELETE']],
  [{ approval: { write: 'deny' } }, ['GET', 'DELETE'], ['POST', 'PUT']],
  [{ approval: { write: 'always_ask', destructive: 'always_ask' } }, ['GET'], ['POST', 'DELETE']],
  [{ tools: [{ tool: name, constraints: { method: { enum: ['GET'] } } }] }, ['GET'], ['POST', 'DELETE']],
  [{ tools: [{ tool: name, approval: 'deny' }] }, [], ['GET', 'POST', 'DELETE']],
])('under %j it does %j and not %j', async (policy, taken, refused) => {
  await setPolicy(broker, instance, policy);
  for (const method of taken) {
    const { outcome } = await call(method === 'GET' ? get : { ...rename, method });
    expect(['done', 'provider_error'], `${method}: ${outcome}`).toContain(outcome);
  }
  const before = await sent();
  for (const method of refused) {
    const { outcome } = await call({ ...rename, method });
    expect(['unknown', 'argument_invalid', 'argument_not_allowed', 'approval_required'], `${method}: ${outcome}`).toContain(outcome);
  }
  expect(await sent()).toBe(before);
  await setPolicy(broker, instance, {});
});

it('reaches no other host or path, and names no credential of its own', async () => {
  const before = await sent();
  for (const path of [
    '//evil.example',
    '/../admin',
    '/%2e%2e/x',
    '/@evil.example/..',
    'https://evil.example/x',
    '/x\r\nHost: evil.example',
  ]) {
    expect((await call({ method: 'GET', path })).outcome, path).toBe('argument_invalid');
  }
  for (const query of [{ sig: 'x' }, { SIG: 'x' }, { 'sig[]': 'x' }, { access_token: 'x' }, { api_key: 'x' }]) {
    expect((await call({ ...get, query })).outcome, JSON.stringify(query)).not.toBe('done');
  }
  expect(await sent()).toBe(before);
});
