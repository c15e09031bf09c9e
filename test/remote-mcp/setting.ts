import { randomBytes } from 'node:crypto';
import type { Json, TestBroker } from '@grantway/test/harness';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject, Offer } from '../conformance/fixture/offers.ts';

const none = { type: 'object', properties: {} };
const text = (words: string): JsonObject => ({ content: [{ type: 'text', text: words }] });

/** Released by tests: a tool that answers when it is told to. */
export interface Gate {
  waiting: number;
  open(): void;
}

/** The tools of these tests, in both eras. */
export function offers(): { tools: Offer[]; gate: Gate } {
  let release: (() => void)[] = [];
  const gate: Gate = {
    waiting: 0,
    open() {
      for (const one of release) one();
      release = [];
    },
  };
  const both = ['modern', 'legacy'] as const;
  const question = {
    mode: 'form',
    message: 'What is your name?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  };
  const greeting = (answer: unknown) => {
    const { action, content } = answer as { action: string; content?: { name?: string } };
    return text(action === 'accept' ? `Hello, ${content?.name}` : `The person said ${action}`);
  };
  const ask = { name: 'ask_name', description: 'Asks for a name', inputSchema: none };
  return {
    gate,
    tools: [
      {
        definition: { name: 'echo', description: 'Says it again', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
        eras: both,
        run: ({ args }) => ({ ...text(JSON.stringify(args)), structuredContent: args }),
      },
      { definition: { name: 'wait', description: 'Answers when it is let', inputSchema: none }, eras: both, run: waiting },
      {
        definition: { name: 'look', description: 'Reads, when it is let', inputSchema: none, annotations: { readOnlyHint: true } },
        eras: both,
        run: waiting,
      },
      {
        definition: { name: 'remove', description: 'Removes', inputSchema: none, annotations: { destructiveHint: true } },
        eras: both,
        run: () => text('removed'),
      },
      {
        definition: ask,
        eras: ['modern'],
        run: ({ responses }) => {
          const answer = (responses as JsonObject | undefined)?.person;
          if (answer !== undefined) return greeting(answer);
          return { resultType: 'input_required', inputRequests: { person: { method: 'elicitation/create', params: question } } };
        },
      },
      { definition: ask, eras: ['legacy'], run: async (run) => greeting(await run.ask('elicitation/create', question)) },
    ],
  };

  async function waiting(): Promise<JsonObject> {
    gate.waiting++;
    await new Promise<void>((resolve) => release.push(resolve));
    gate.waiting--;
    return text('done');
  }
}

/** A connection to a server, a config of it alone or with others, and one user's instance. */
export async function instanceOf(broker: TestBroker, servers: Record<string, Json>, names?: 'as_is'): Promise<Json> {
  const suffix = randomBytes(4).toString('hex');
  for (const [name, mcp] of Object.entries(servers)) {
    const made = await broker.api('/v1/connections', { body: { name: `${name}-${suffix}`, connector: 'mcp', mcp } });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  }
  const config = await broker.api('/v1/mcp-configs', {
    body: {
      name: `config-${suffix}`,
      connection_tool_mappings: Object.keys(servers).map((name) => ({
        connection_name: `${name}-${suffix}`,
        ...(names === undefined ? {} : { names }),
      })),
    },
  });
  if (config.status !== 201) throw new Error(JSON.stringify(config.body));
  const body = { config_name: `config-${suffix}`, user_identifier: `user-${suffix}` };
  const instance = await broker.api('/v1/mcp-instances', { method: 'PUT', body });
  if (instance.status !== 200) throw new Error(JSON.stringify(instance.body));
  return { ...instance.body, suffix };
}

/** What the tests need of a client of either package. */
export interface Peer {
  listTools(): Promise<{ tools: { name: string }[] }>;
  call(name: string, args?: JsonObject, options?: { onprogress?: (progress: Json) => void; signal?: AbortSignal }): Promise<Json>;
  /** How often it heard that the tools changed. */
  changes(): number;
  close(): Promise<void>;
}

const info = { name: 'remote-mcp-test', version: '1.0.0' };
const accepting = async () => ({ action: 'accept' as const, content: { name: 'Ada' } });

/** The official client of the stateless protocol, and the SDK that ends at 2025-11-25. */
export const peers: [string, (url: string) => Promise<Peer>][] = [
  [
    'a client of 2026-07-28',
    async (url) => {
      let changes = 0;
      const client = new Client(info, {
        capabilities: { elicitation: { form: {} } },
        versionNegotiation: { mode: { pin: '2026-07-28' } },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => void changes++ } },
      });
      client.setRequestHandler('elicitation/create', accepting);
      await client.connect(new StreamableHTTPClientTransport(new URL(url)));
      return {
        listTools: () => client.listTools(undefined, { cacheMode: 'refresh' } as never),
        call: (name, args = {}, options = {}) => client.callTool({ name, arguments: args }, options as never),
        changes: () => changes,
        close: () => client.close(),
      };
    },
  ],
  [
    'a client of 2025-11-25',
    async (url) => {
      let changes = 0;
      const client = new LegacyClient(info, {
        capabilities: { elicitation: {} },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => void changes++ } },
      });
      client.setRequestHandler(ElicitRequestSchema, accepting);
      await client.connect(new LegacyTransport(new URL(url)) as Parameters<LegacyClient['connect']>[0]);
      return {
        listTools: () => client.listTools(),
        call: (name, args = {}, options = {}) => client.callTool({ name, arguments: args }, undefined, options),
        changes: () => changes,
        close: () => client.close(),
      };
    },
  ],
];

/** Polls, since what is waited for happens in other processes' time. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One request of 2026-07-28, by hand. */
export async function rpc(
  url: string,
  method: string,
  params: Json = {},
  capabilities: Json = {},
  headers: Record<string, string> = {},
): Promise<Json> {
  const name = params.name ?? params.uri;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' && method !== 'completion/complete' ? { 'mcp-name': name } : {}),
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities },
      },
    }),
  });
  return { status: response.status, ...((await response.json()) as Json) };
}

export const namesAt = async (url: string): Promise<string[]> => (await rpc(url, 'tools/list')).result.tools.map((tool: Json) => tool.name);
export const call = (url: string, name: string, args: Json = {}, more: Json = {}) =>
  rpc(url, 'tools/call', { name, arguments: args, ...more }, { elicitation: { form: {} } });
