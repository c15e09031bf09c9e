export const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** What only an answer that failed holds: a JSON-RPC error or a tool's. */
export const failures = ['"isError":true', '"error":'];

/** The tool that every server of the run has, and what it is asked for. */
export const monitorId = 18342011;
export const monitorPath = `/api.datadoghq.com/api/v1/monitor/${monitorId}`;

/** A stateless request of protocol 2026-07-28. */
export function modern(method: string, params: Record<string, unknown> = {}): { headers: Record<string, string>; body: string } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  };
  const { name } = params;
  return {
    headers: {
      ...json,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: '{id}', method, params: { ...params, _meta } }),
  };
}

export const call = (name: string, args: Record<string, unknown> = { monitor_id: monitorId }) =>
  modern('tools/call', { name, arguments: args });

/** A request of the protocols before it. */
export const legacyCall = (name: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: '{id}', method: 'tools/call', params: { name, arguments: { monitor_id: monitorId } } });
