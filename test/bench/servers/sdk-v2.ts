import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Pool } from 'undici';
import { input, ready } from '../processes.ts';
import { called, described } from './same-tool.ts';

/** The same tool and hop with the present official SDK and its own handler, a server for each request. */
const { upstream } = input<{ upstream: string }>();
const pool = new Pool(upstream, { connections: 128 });
const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  server.registerTool('monitor_get', described, (args) => called(pool, args));
  return server;
});

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headers).filter((h): h is [string, string] => typeof h[1] === 'string');
  const answer = await handler.fetch(
    new Request(`http://${request.headers.host}${request.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
});
http.listen(0, '127.0.0.1', () => ready({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp` }, () => http.close()));
