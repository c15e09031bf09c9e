import { randomBytes } from 'node:crypto';
import type { Tool } from '@grantway/connector-kit';
import { type Json, sampled, type TestBroker } from '@grantway/test/harness';

/** A tool of a test, and what a call of it holds. */
export interface Case {
  connection: string;
  /** By which the config means it. */
  name: string;
  /** By which agents call it. */
  shown: string;
  effect: Tool['effect'];
  input: Record<string, Json>;
  /** How many requests one call makes. */
  requests: number;
  /** How many requests have reached whoever answers it. */
  sent(): Promise<number>;
}

/** A tool that reads and one that changes something of every connector, as far as the sandbox plays them; makes their connections. */
export async function connectorCases(broker: TestBroker): Promise<Case[]> {
  const cases: Case[] = [];
  for (const { connector, tools } of await sampled()) {
    const connection = connector.id;
    await broker.api('/v1/connections', { body: { name: connection, connector: connection, sandbox: true } });
    for (const tool of tools) {
      cases.push({
        connection,
        name: tool.name,
        shown: tool.name,
        effect: tool.effect,
        input: tool.examples[0]?.input as Record<string, Json>,
        requests: 1 + (tool.examples[0]?.before?.length ?? 0),
        sent: async () => (await broker.control(`/${connection}/ledger`, 'GET')).counts.api_calls,
      });
    }
  }
  return cases;
}

/** One config of every connection named, and one user's instance of it. */
export async function configOf(
  broker: TestBroker,
  connections: readonly (string | Json)[],
  policy: Json = {},
  user?: string,
): Promise<Json> {
  const name = `config-${randomBytes(4).toString('hex')}`;
  const mappings = connections.map((mapping) => (typeof mapping === 'string' ? { connection_name: mapping } : mapping));
  const config = await broker.api('/v1/mcp-configs', { body: { name, connection_tool_mappings: mappings, policy } });
  if (config.status !== 201) throw new Error(JSON.stringify(config.body));
  const body = { config_name: name, user_identifier: user ?? `user-${name}` };
  const instance = await broker.api('/v1/mcp-instances', { method: 'PUT', body });
  if (instance.status !== 200) throw new Error(JSON.stringify(instance.body));
  return { ...instance.body, name };
}

export async function setPolicy(broker: TestBroker, instance: Json, policy: Json): Promise<void> {
  const answer = await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body: { policy } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

let ids = 0;

/** One JSON-RPC request in the stateless era. */
export async function rpc(url: string, method: string, params: Json = {}): Promise<Json> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++ids, method, params: { ...params, _meta: meta } }),
  });
  const text = await response.text();
  const data = /^data: (.*)$/m.exec(text);
  return JSON.parse(data === null ? text : (data[1] as string));
}

/** What became of a call: the fault's code, `unknown`, or `done`. */
export async function outcomeOf(url: string, name: string, args: Json): Promise<{ outcome: string; text: string; id: string }> {
  const answer = await rpc(url, 'tools/call', { name, arguments: args });
  if (answer.error !== undefined) {
    const { code, tool_call_id } = answer.error.data ?? {};
    return { outcome: code === 'unknown_tool' ? 'unknown' : `error ${answer.error.code}`, text: answer.error.message, id: tool_call_id };
  }
  const { isError, content, _meta } = answer.result;
  const code = isError === true ? _meta['grantway/code'] : 'done';
  return { outcome: code === 'unknown_tool' ? 'unknown' : code, text: content[0].text, id: _meta['grantway/tool_call_id'] };
}

/** The tools that an agent sees, by name, with the schemas of their arguments. */
export async function shownTools(url: string): Promise<Map<string, Json>> {
  const shown = new Map<string, Json>();
  let cursor: string | undefined;
  do {
    const { result } = await rpc(url, 'tools/list', cursor === undefined ? {} : { cursor });
    for (const tool of result.tools) shown.set(tool.name, tool.inputSchema);
    cursor = result.nextCursor;
  } while (cursor !== undefined);
  return shown;
}
