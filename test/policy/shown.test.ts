import { executeTool, exposedTools, openInstance } from '@grantway/core';
import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf, connectorCases, outcomeOf, rpc, setPolicy, shownTools } from './setting.ts';

let broker: TestBroker;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  for (const name of ['slack', 'linear', 'datadog']) {
    await broker.api('/v1/connections', { body: { name, connector: name, sandbox: true } });
  }
  instance = await configOf(broker, ['slack', 'linear', 'datadog']);
  await connectAll(broker, instance);
});
afterAll(() => broker?.close());

const post = { channel: 'C06INC4LLS1', text: 'hello' };

describe('what an agent sees', () => {
  it('no fixed argument, and the rules in the schema, which agrees with what is refused', async () => {
    const secret = 'C06INC4LLS1';
    const rule = { pattern: 'h[a-z]+', max_length: 5, required: true };
    await setPolicy(broker, instance, {
      tools: [{ tool: 'slack_post_message', fixed_arguments: { channel: secret }, constraints: { text: rule } }],
    });
    const schema = (await shownTools(instance.url)).get('slack_post_message');
    expect(JSON.stringify(schema)).not.toContain(secret);
    expect(Object.keys(schema.properties)).not.toContain('channel');
    expect(schema.required).not.toContain('channel');
    expect(schema.properties.text).toMatchObject({ pattern: '^(?:h[a-z]+)$', maxLength: 5 });
    const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    for (const args of [{ text: 'hello' }, { text: 'bye' }, { text: 'hhhhhh' }, {}, { text: 'hi', channel: secret }]) {
      const { outcome, text } = await outcomeOf(instance.url, 'slack_post_message', args);
      expect([args, outcome === 'done']).toEqual([args, fits(args)]);
      if (!('channel' in args)) expect(text).not.toContain(outcome === 'done' ? 'nothing' : secret);
    }
  });

  it('a refusal names the argument and the rule', async () => {
    await setPolicy(broker, instance, { tools: [{ tool: 'slack_post_message', constraints: { channel: { enum: ['C024BE91L'] } } }] });
    const { text } = await outcomeOf(instance.url, 'slack_post_message', post);
    expect(text).toBe('The arguments of slack_post_message are not allowed here: channel: must be "C024BE91L".');
    await setPolicy(broker, instance, { tools: [{ tool: 'slack_post_message', fixed_arguments: { channel: 'C024BE91L' } }] });
    const sent = await outcomeOf(instance.url, 'slack_post_message', post);
    expect(sent.text).toBe('The arguments of slack_post_message are not allowed here: channel: is set already and cannot be given.');
  });

  it('every schema that some rule narrowed is still one', async () => {
    const cases = await connectorCases(broker);
    const own = await configOf(broker, [...new Set(cases.map(({ connection }) => connection))]);
    const tools = cases.flatMap(({ name, input }) => {
      const [first] = Object.entries(input);
      return first === undefined ? [] : [{ tool: name, constraints: { [first[0]]: { required: true } } }];
    });
    await setPolicy(broker, own, { tools });
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const shown = await shownTools(own.url);
    for (const { name, input } of cases) {
      const fits = ajv.compile(shown.get(name));
      expect([name, fits(input), fits.errors]).toEqual([name, true, null]);
    }
  });
});

it('a rule that names a connection still means it after it was renamed', async () => {
  await broker.api('/v1/connections', { body: { name: 'before', connector: 'slack', sandbox: true } });
  const policy = { tools: [{ tool: 'slack_post_message', connection_name: 'before', approval: 'deny' }] };
  const own = await configOf(broker, ['before'], policy);
  const [connection] = (await broker.api('/v1/connections?name=before')).body.items;
  expect((await broker.api(`/v1/connections/${connection.id}`, { method: 'PATCH', body: { name: 'after' } })).status).toBe(200);
  expect((await outcomeOf(own.url, 'slack_post_message', post)).outcome).toBe('unknown');
  const { body } = await broker.api(`/v1/mcp-configs/${own.config.id}`);
  expect(body.policy.tools).toEqual([{ ...policy.tools[0], connection_name: 'after' }]);
});

it('B05: a hidden tool answers as one that does not exist', async () => {
  await setPolicy(broker, instance, { read_only: true });
  const say = async (name: string) => {
    const { error } = await rpc(instance.url, 'tools/call', { name, arguments: post });
    const { tool_call_id, ...data } = error.data;
    expect(tool_call_id).toMatch(/^tc_/);
    return { ...error, message: error.message.replace(name, '...'), data };
  };
  expect(await say('slack_post_message')).toEqual(await say('slack_post_massage'));
});

it('F14, B05: the call itself asks the policy, whatever a surface shows; a session that may only read writes nothing', async () => {
  const token = new URL(instance.url).pathname.split('/')[2] as string;
  const { modules } = broker;
  const attempt = async (policy: Json, accessLevel?: 'READ_ONLY'): Promise<string> => {
    await setPolicy(broker, instance, policy);
    const opened = { ...(await openInstance(modules, token)), ...(accessLevel === undefined ? {} : { accessLevel }) };
    const exposed = (await exposedTools(modules.catalogue, opened.mappings)).find(({ name }) => name === 'slack_post_message');
    const { environmentId, clientId, userId, userIdentifier } = opened;
    const caller = {
      via: 'mcp' as const,
      environmentId,
      clientId,
      userId,
      userIdentifier,
      instance: opened,
      grant: opened,
      requestId: 'r',
      log: modules.log,
    };
    const called = executeTool(modules, caller, 'slack_post_message', exposed, post);
    return called.then(
      () => 'done',
      (fault: Json) => fault.code,
    );
  };
  const ledger = async () => (await broker.control('/slack/ledger', 'GET')).counts.api_calls;
  expect(await attempt({})).toBe('done');
  const before = await ledger();
  expect(await attempt({}, 'READ_ONLY')).toBe('unknown_tool');
  expect(await attempt({ read_only: true })).toBe('unknown_tool');
  expect(await attempt({ approval: { write: 'deny' } })).toBe('unknown_tool');
  expect(await attempt({ tools: [{ tool: 'slack_post_message', approval: 'deny' }] })).toBe('unknown_tool');
  expect(await attempt({ tools: [{ tool: 'slack_post_message', constraints: { text: { max_length: 1 } } }] })).toBe('argument_not_allowed');
  expect(await attempt({ tools: [{ tool: 'slack_post_message', fixed_arguments: { text: 'x' } }] })).toBe('argument_not_allowed');
  expect(await ledger()).toBe(before);
});

describe('bad policies', () => {
  it.each([
    [{ tools: [{ tool: 'slack_post_massage' }] }, 422, 'unknown_tool', '/policy/tools/0/tool'],
    [{ tools: [{ tool: 'slack_post_message', connection_name: 'gone' }] }, 422, 'unknown_connection', '/policy/tools/0/connection_name'],
    [
      { tools: [{ tool: 'slack_post_message', constraints: { colour: { required: true } } }] },
      400,
      'invalid_request',
      '/policy/tools/0/constraints/colour',
    ],
    [
      { tools: [{ tool: 'slack_post_message', fixed_arguments: { channel: 7 } }] },
      400,
      'invalid_request',
      '/policy/tools/0/fixed_arguments/channel',
    ],
    [
      { tools: [{ tool: 'slack_post_message', constraints: { text: { pattern: '(a' } } }] },
      400,
      'invalid_request',
      '/policy/tools/0/constraints/text',
    ],
    [{ limits: [{ per: 'user' }] }, 400, 'invalid_request', '/policy/limits/0'],
    [{ readonly: true }, 400, 'invalid_request', '/policy/readonly'],
  ])('%j changes nothing', async (policy, status, code, pointer) => {
    const { body: before } = await broker.api(`/v1/mcp-configs/${instance.config.id}`);
    const answer = await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body: { policy } });
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([status, code, pointer]);
    expect((await broker.api(`/v1/mcp-configs/${instance.config.id}`)).body).toEqual(before);
  });

  it('mappings that no longer have what the policy names are refused with it', async () => {
    await setPolicy(broker, instance, { tools: [{ tool: 'slack_post_message', approval: 'deny' }] });
    const body = { connection_tool_mappings: [{ connection_name: 'linear' }] };
    const answer = await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body });
    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [{ pointer: '/policy/tools/0/tool', detail: 'the config maps no tool "slack_post_message"' }],
    ]);
  });
});
