import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { Pool } from 'undici';
import { input, ready } from '../processes.ts';
import { called, described } from './same-tool.ts';

/** The same tool and hop with the first official SDK, a server and a transport for each request, as its stateless example does. */
const { upstream } = input<{ upstream: string }>();
const pool = new Pool(upstream, { connections: 128 });

function makeServer(): McpServer {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  const { inputSchema, outputSchema, ...about } = described;
  server.registerTool('monitor_get', { ...about, inputSchema: inputSchema.shape, outputSchema: outputSchema.shape }, (args) =>
    called(pool, args),
  );
  return server;
}

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const server = makeServer();
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on('close', () => {
    transport.close();
    server.close();
  });
  // The SDK's own types do not fit exactOptionalPropertyTypes.
  await server.connect(transport as Parameters<McpServer['connect']>[0]);
  await transport.handleRequest(request, response, JSON.parse(Buffer.concat(chunks).toString()));
});
http.listen(0, '127.0.0.1', () => ready({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp` }, () => http.close()));
