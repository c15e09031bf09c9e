import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { catalogue, definitionOf } from './definitions.ts';

type JsonObject = Record<string, unknown>;

/** MCP servers of 2026-07-28, one at `/<connection>` for each service of the catalogue; a call answers what it was asked. */
export async function startCatalogue(): Promise<{ url: string; close(): Promise<void> }> {
  const lists = new Map(catalogue.map(({ connection, tools }) => [`/${connection}`, tools.map(definitionOf)]));

  function answer(tools: JsonObject[], method: string, params: JsonObject): JsonObject | undefined {
    const cache = { ttlMs: 300_000, cacheScope: 'private' };
    switch (method) {
      case 'server/discover':
        return { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...cache };
      case 'tools/list':
        return { tools, ...cache };
      case 'tools/call': {
        const { name, arguments: args } = params;
        return { content: [{ type: 'text', text: `called ${name}` }], structuredContent: { called: name, with: args ?? {} } };
      }
      default:
        return undefined;
    }
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      id: unknown;
      method: string;
      params: JsonObject;
    };
    const tools = lists.get(request.url ?? '');
    const result = tools === undefined ? undefined : answer(tools, method, params);
    response.writeHead(result === undefined ? 404 : 200, { 'content-type': 'application/json' });
    const said =
      result === undefined ? { error: { code: -32601, message: 'no such method' } } : { result: { resultType: 'complete', ...result } };
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
