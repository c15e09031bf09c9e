import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ready } from '../processes.ts';

/** The floor of everything: a JSON-RPC answer that is always the same. */
const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'x'.repeat(300) }] } });
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, headers).end(answer));
});
server.listen(0, '127.0.0.1', () => ready({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` }, () => server.close()));
