import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

/**
 * The same raw request to this gateway and to the official server package: status and JSON-RPC code must agree. Where
 * they are meant to differ, the case is not here but in the README's error table.
 */
let broker: TestBroker;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(() => broker.close());

const reference = createMcpHandler(() => {
  const server = new McpServer({ name: 'reference', version: '1.0.0' });
  server.registerTool(
    'slack_list_channels',
    { description: 'Lists channels', inputSchema: z.strictObject({ limit: z.number().optional() }) },
    async () => ({
      content: [{ type: 'text', text: '[]' }],
    }),
  );
  return server;
});
afterAll(() => reference.close());

const meta = (more: Record<string, unknown> = {}) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
  ...more,
});
const rpc = (method: string, params?: unknown, id: unknown = 1) => JSON.stringify({ jsonrpc: '2.0', id, method, params });
const modern = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});
const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
const tool = 'slack_list_channels';

const cases: [string, Record<string, string>, string][] = [
  ['discover', modern('server/discover'), rpc('server/discover', { _meta: meta() })],
  ['stateless list', modern('tools/list'), rpc('tools/list', { _meta: meta() })],
  ['stateless call', modern('tools/call', tool), rpc('tools/call', { name: tool, arguments: {}, _meta: meta() })],
  [
    'stateless call with wrong arguments',
    modern('tools/call', tool),
    rpc('tools/call', { name: tool, arguments: { x: 1 }, _meta: meta() }),
  ],
  ['stateless call of an unknown tool', modern('tools/call', 'nope'), rpc('tools/call', { name: 'nope', arguments: {}, _meta: meta() })],
  ['stateless call without a name', modern('tools/call'), rpc('tools/call', { arguments: {}, _meta: meta() })],
  ['stateless unknown method', modern('nope'), rpc('nope', { _meta: meta() })],
  ['stateless ping', modern('ping'), rpc('ping', { _meta: meta() })],
  ['stateless initialize', modern('initialize'), rpc('initialize', { ...initialize, _meta: meta() })],
  ['version header without _meta', modern('tools/list'), rpc('tools/list', {})],
  [
    '_meta without capabilities',
    modern('tools/list'),
    rpc('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }),
  ],
  ['_meta with a bad client info', modern('tools/list'), rpc('tools/list', { _meta: meta({ 'io.modelcontextprotocol/clientInfo': 'x' }) })],
  ['_meta without a version header', { 'mcp-method': 'tools/list' }, rpc('tools/list', { _meta: meta() })],
  ['_meta without a method header', { 'mcp-protocol-version': '2026-07-28' }, rpc('tools/list', { _meta: meta() })],
  ['another method header', modern('tools/call'), rpc('tools/list', { _meta: meta() })],
  ['another version header', { ...modern('tools/list'), 'mcp-protocol-version': '2025-11-25' }, rpc('tools/list', { _meta: meta() })],
  ['a call without a name header', modern('tools/call'), rpc('tools/call', { name: tool, arguments: {}, _meta: meta() })],
  ['a call with another name header', modern('tools/call', 'other'), rpc('tools/call', { name: tool, arguments: {}, _meta: meta() })],
  ['a broken Base64 name header', modern('tools/call', '=?base64?!?='), rpc('tools/call', { name: tool, arguments: {}, _meta: meta() })],
  [
    'a Base64 name header',
    modern('tools/call', `=?base64?${Buffer.from(tool).toString('base64')}?=`),
    rpc('tools/call', { name: tool, _meta: meta() }),
  ],
  [
    'a version of the future',
    { ...modern('tools/list'), 'mcp-protocol-version': '2099-01-01' },
    rpc('tools/list', { _meta: meta({ 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }) }),
  ],
  [
    'a legacy version in _meta',
    { ...modern('tools/list'), 'mcp-protocol-version': '2025-11-25' },
    rpc('tools/list', { _meta: meta({ 'io.modelcontextprotocol/protocolVersion': '2025-11-25' }) }),
  ],
  ['initialize under a stateless header', modern('initialize'), rpc('initialize', initialize)],
  ['legacy initialize', {}, rpc('initialize', initialize)],
  ['legacy initialize with an unknown version', {}, rpc('initialize', { ...initialize, protocolVersion: '1999-01-01' })],
  ['legacy ping', { 'mcp-protocol-version': '2025-11-25' }, rpc('ping')],
  ['legacy list without a version header', {}, rpc('tools/list')],
  ['legacy call', { 'mcp-protocol-version': '2025-06-18' }, rpc('tools/call', { name: tool, arguments: {} })],
  ['legacy unknown method', { 'mcp-protocol-version': '2025-11-25' }, rpc('nope')],
  ['legacy prompts/list', { 'mcp-protocol-version': '2025-11-25' }, rpc('prompts/list')],
  ['legacy notification', {}, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })],
  ['stateless notification', modern('notifications/x'), JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x' })],
  ['a notification with another method header', modern('notifications/y'), JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x' })],
  ['broken JSON', {}, '{"jsonrpc":'],
  ['a scalar', {}, '7'],
  ['id null', {}, rpc('ping', undefined, null)],
  ['a fraction as id', {}, rpc('ping', undefined, 1.5)],
  ['params as a list', {}, rpc('ping', [])],
  ['an empty batch', {}, '[]'],
  ['a batch with a stateless request', {}, `[${rpc('tools/list', { _meta: meta() })}]`],
];

it.each(cases)('%s is answered alike', async (_, headers, body) => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body,
  };
  const [theirs, ours] = [await reference.fetch(new Request('http://127.0.0.1/mcp', init)), await fetch(instance.url, init)];
  expect(await verdict(ours)).toEqual(await verdict(theirs));
});

async function verdict(response: Response): Promise<Json> {
  const text = await response.text();
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
  const message: Json = data === '' ? {} : JSON.parse(data);
  return {
    status: response.status,
    code: message.error?.code,
    id: message.id,
    resultType: message.result?.resultType,
    isError: message.result?.isError ?? false,
  };
}
