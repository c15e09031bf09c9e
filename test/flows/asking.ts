import { randomBytes, randomUUID } from 'node:crypto';
import type { Json, TestBroker } from '@grantway/test/harness';

/** One user's MCP URL on a config some of whose calls must be approved. */
export interface Asking {
  url: string;
  id: string;
  user: string;
  configId: string;
}

/** Linear, connected by a user of its own, in a config of its own; without a policy every write is asked for. */
export async function askingSetting(
  broker: TestBroker,
  policy: Json = { approval: { write: 'always_ask' } },
  connection = 'linear',
): Promise<Asking> {
  const mark = randomBytes(5).toString('hex');
  const user = `asker-${mark}`;
  const made = await broker.api('/v1/connections', { body: { name: connection, connector: 'linear', sandbox: true } });
  if (made.status !== 201 && made.body.code !== 'name_taken') throw new Error(JSON.stringify(made.body));
  const config = await broker.api('/v1/mcp-configs', {
    body: { name: `asking-${mark}`, connection_tool_mappings: [{ connection_name: connection }], policy },
  });
  if (config.status !== 201) throw new Error(JSON.stringify(config.body));
  const instance = await broker.api('/v1/mcp-instances', {
    method: 'PUT',
    body: { config_name: config.body.name, user_identifier: user },
  });
  if (instance.status !== 200) throw new Error(JSON.stringify(instance.body));
  const { authentication_link: link } = instance.body.connections[0];
  if (link !== null) await broker.connect(link, { account: `${user}@example.test` });
  return { url: instance.body.url, id: instance.body.id, user, configId: config.body.id };
}

/** One MCP request of the legacy era, at any process of the installation. */
export async function mcpRequest(at: Pick<TestBroker, 'baseUrl'>, url: string, method: string, params: Json): Promise<Json> {
  const response = await fetch(new URL(new URL(url).pathname, at.baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return response.json();
}

export async function mcpCall(at: Pick<TestBroker, 'baseUrl'>, url: string, name: string, args: Json): Promise<Json> {
  const answer = await mcpRequest(at, url, 'tools/call', { name, arguments: args });
  if (answer.result === undefined) throw new Error(JSON.stringify(answer));
  return answer.result;
}

/** A call that waits for a decision: its approval's id. */
export async function parkedApproval(broker: TestBroker): Promise<string> {
  const of = await askingSetting(broker);
  const result = await mcpCall(broker, of.url, 'linear_issue_create', { teamId: randomUUID(), title: 'An issue' });
  const id = result._meta['grantway/approval_id'];
  if (id === undefined) throw new Error(JSON.stringify(result));
  return id;
}
