import type { Json, TestBroker } from '@grantway/test/harness';

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
  text: string;
}

/** One MCP request of the legacy era; `token` as a bearer. */
export async function mcp(url: string, method: string, params: Json = {}, token?: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

export async function toolNames(url: string, token?: string): Promise<string[]> {
  const { status, body, text } = await mcp(url, 'tools/list', {}, token);
  if (status !== 200) throw new Error(text);
  return body.result.tools.map((tool: Json) => tool.name);
}

/** What came of asking: the status, and the fault's code where it was refused. */
export async function outcome(url: string, token?: string): Promise<[number, string | undefined]> {
  const { status, body } = await mcp(url, 'tools/list', {}, token);
  return [status, body.error?.data?.code];
}

export interface Agent {
  clientId: string;
  api(path: string, init?: { method?: string; body?: unknown; headers?: Record<string, string> }): Promise<{ status: number; body: Json }>;
}

/** A client of its own, as an operator makes one for an agent. */
export async function agentOf(broker: TestBroker, scopes: string[], restrictions?: Json): Promise<Agent> {
  const made = await broker.api('/v1/clients', {
    body: { name: 'agent', scopes, ...(restrictions === undefined ? {} : { restrictions }) },
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const response = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: made.body.client_id,
      client_secret: made.body.client_secret,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { clientId: made.body.client_id, api: (path, init = {}) => broker.api(path, { ...init, token }) };
}
