import { randomBytes } from 'node:crypto';
import type { Json, TestBroker } from '@grantway/test/harness';
import { rpc } from '../remote-mcp/setting.ts';
import { catalogue, type Question, questions } from './definitions.ts';

export interface Half {
  questions: number;
  /** So many had a right tool in the first place, and among the first five. */
  first: number;
  firstFive: number;
  missed: { question: string; tools: string[]; found: string[] }[];
}

export interface Measure {
  tools: number;
  /** Bytes of the list of tools as JSON. */
  bytes: { all: number; search: number };
  tuning: Half;
  heldOut: Half;
  /** Of the questions that do not name the connection of their tool. */
  unnamed: Half;
}

/** A rule of thumb for English and JSON, in the place of any one model's tokenizer. */
export const bytesPerToken = 4;

/** One connection for each service, a config of all of them, one user's instance; the URL for each mode in turn. */
export async function catalogueSetting(broker: TestBroker, servers: string) {
  const suffix = randomBytes(4).toString('hex');
  for (const { connection } of catalogue) {
    const made = await broker.api('/v1/connections', {
      body: { name: connection, connector: 'mcp', mcp: { url: `${servers}/${connection}` } },
    });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  }
  const config = await broker.api('/v1/mcp-configs', {
    body: { name: `all-${suffix}`, connection_tool_mappings: catalogue.map(({ connection }) => ({ connection_name: connection })) },
  });
  if (config.status !== 201) throw new Error(JSON.stringify(config.body));
  const instance = await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: `all-${suffix}`, user_identifier: 'ada' } });
  const { url } = instance.body as { url: string };
  return {
    url,
    async mode(policy: Json): Promise<void> {
      const changed = await broker.api(`/v1/mcp-configs/${config.body.id}`, { method: 'PATCH', body: { policy } });
      if (changed.status !== 200) throw new Error(JSON.stringify(changed.body));
    },
  };
}

/** Every page of the list. A server that is not listed yet is waited for. */
export async function listAll(url: string, least: number): Promise<Json[]> {
  for (const giveUpAt = performance.now() + 60_000; ; ) {
    const tools: Json[] = [];
    let cursor: string | undefined;
    do {
      const { result } = await rpc(url, 'tools/list', cursor === undefined ? {} : { cursor });
      tools.push(...result.tools);
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    if (tools.length >= least) return tools;
    if (performance.now() > giveUpAt) throw new Error(`only ${tools.length} tools are listed`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function measureToolSearch(broker: TestBroker, servers: string): Promise<Measure> {
  const { url, mode } = await catalogueSetting(broker, servers);
  const all = await listAll(url, 500);
  await mode({ tools_mode: 'search' });
  const few = await listAll(url, 3);
  const bytes = (tools: Json[]) => Buffer.byteLength(JSON.stringify(tools));
  const connectionOf = (tool: string) => tool.slice(0, tool.indexOf('_'));
  const isNamed = ({ question, tools }: Question) => tools.some((tool) => question.toLowerCase().includes(connectionOf(tool)));
  return {
    tools: all.length,
    bytes: { all: bytes(all), search: bytes(few) },
    tuning: await ask(url, questions.tuning),
    heldOut: await ask(url, questions.held_out),
    unnamed: await ask(
      url,
      [...questions.tuning, ...questions.held_out].filter((question) => !isNamed(question)),
    ),
  };
}

async function ask(url: string, asked: readonly Question[]): Promise<Half> {
  const half: Half = { questions: asked.length, first: 0, firstFive: 0, missed: [] };
  for (const { question, tools } of asked) {
    const { result } = await rpc(url, 'tools/call', { name: 'search_tools', arguments: { query: question } });
    const found: string[] = result.structuredContent.tools.map((tool: Json) => tool.name);
    const at = found.findIndex((name) => tools.includes(name));
    if (at === 0) half.first++;
    if (at >= 0) half.firstFive++;
    else half.missed.push({ question, tools, found });
  }
  return half;
}
