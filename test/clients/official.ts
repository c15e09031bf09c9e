import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Json } from '@grantway/test/harness';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Connected, MatrixClient, Said } from './matrix.ts';

const info = { name: 'matrix', version: '1.0.0' };

interface Peer {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Json }): Promise<Json>;
  close(): Promise<void>;
}

const ofPeer = (peer: Peer): Connected => ({
  list: async () => (await peer.listTools()).tools.map((tool) => tool.name),
  call: (name, args): Promise<Said> =>
    peer.callTool({ name, arguments: args }).then(
      ({ content, isError }) => ({ ok: isError !== true, text: content.map((block: Json) => block.text).join('\n') }),
      (error: Error) => ({ ok: false, text: error.message }),
    ),
  close: () => peer.close(),
});

/** The package that a module of it was found in. */
function versionOf(name: string, entry = name): string {
  const file = createRequire(import.meta.url).resolve(entry);
  const folder = file.slice(0, file.lastIndexOf(path.join('node_modules', name)) + path.join('node_modules', name).length);
  return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** The official clients: v2 as it negotiates, pinned and in the legacy era, and v1. */
export const official: MatrixClient[] = [
  ...(
    [
      ['@modelcontextprotocol/client', { mode: 'auto' }],
      ['@modelcontextprotocol/client, pinned', { mode: { pin: '2026-07-28' } }],
      ['@modelcontextprotocol/client, legacy', { mode: 'legacy' }],
    ] as const
  ).map(([name, versionNegotiation]) => ({
    name,
    version: versionOf('@modelcontextprotocol/client'),
    async connect(url: string) {
      const client = new Client(info, { versionNegotiation });
      await client.connect(new StreamableHTTPClientTransport(new URL(url)));
      return ofPeer(client as Peer);
    },
  })),
  {
    name: '@modelcontextprotocol/sdk',
    version: versionOf('@modelcontextprotocol/sdk', '@modelcontextprotocol/sdk/client/index.js'),
    async connect(url) {
      const client = new LegacyClient(info);
      await client.connect(new LegacyTransport(new URL(url)) as Parameters<LegacyClient['connect']>[0]);
      return ofPeer(client as Peer);
    },
  },
];
