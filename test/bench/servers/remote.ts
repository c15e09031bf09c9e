import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ready } from '../processes.ts';
import { monitorAnswer } from './monitor.ts';

/** An MCP server of protocol 2026-07-28 with one tool, as cheap as the upstream of the REST connector. */
const serverInfo = { name: 'bench-remote', version: '1.0.0' };
const list = {
  resultType: 'complete',
  ttlMs: 60_000,
  cacheScope: 'private',
  tools: [
    {
      name: 'monitor_get',
      description: 'Read one monitor',
      inputSchema: { type: 'object', properties: { monitor_id: { type: 'integer' } }, required: ['monitor_id'] },
      annotations: { readOnlyHint: true },
    },
  ],
};
const results: Record<string, unknown> = {
  'server/discover': { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, serverInfo },
  'tools/list': list,
  'tools/call': { resultType: 'complete', content: [{ type: 'text', text: monitorAnswer }] },
};

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown; method: string };
  const result = results[method];
  const answer = result === undefined ? { error: { code: -32601, message: 'There is no such method.' } } : { result };
  const body = JSON.stringify({ jsonrpc: '2.0', id, ...answer });
  response
    .writeHead(result === undefined ? 404 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  ready({ host, url: `http://${host}/mcp` }, () => server.close());
});
