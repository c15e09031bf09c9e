import { annotations } from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import type { ExposedTool, OpenInstance } from '@grantway/core';
import { z } from 'zod';
import type { Exchange } from './exchange.ts';
import { type Exposure, listTools, presentTool } from './exposure.ts';
import { type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { callTool, readToolRequest, type ToolRequest, toolResult } from './tool-answers.ts';

/**
 * `tools_mode: "search"`: three tools stand for all of a config's. They find, describe and call what the exposure holds and
 * nothing else, so that whatever is not shown in a list cannot be found or called here either.
 */
const names = { search: 'search_tools', describe: 'describe_tool', call: 'call_tool' } as const;

const maxLine = 200;
const maxNamedConnections = 40;

const SearchArguments = z.strictObject({
  query: z.string().min(1).max(500).describe('What the tool should do, in any words, for example "send a message to a Slack channel"'),
  limit: z.int().min(1).max(20).default(5).describe('How many tools to show, 1 to 20'),
  connection: z.string().max(63).optional().describe('Only tools of this connection'),
});
const DescribeArguments = z.strictObject({ name: z.string().min(1).max(256).describe('A tool name from search_tools') });
const CallArguments = z.strictObject({
  name: z.string().min(1).max(256).describe('A tool name from search_tools'),
  arguments: z.record(z.string(), z.unknown()).default({}).describe('The arguments, after the inputSchema that describe_tool shows'),
});

const FoundTools = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string().describe('Its first sentence; describe_tool has all of it'),
      effect: z.enum(['read', 'write', 'destructive']),
      connection: z.string(),
      score: z.number().describe('Greater is better, within this answer'),
      matched: z.array(z.string()).describe('The words of the query that led to it'),
    }),
  ),
  available: z.int().describe('How many tools there are altogether'),
});
const DescribedTool = z.object({
  tool: z.record(z.string(), z.unknown()).describe('name, title, description, inputSchema, outputSchema, annotations'),
  effect: z.enum(['read', 'write', 'destructive']),
  connection: z.string(),
  example: z
    .object({ arguments: z.record(z.string(), z.unknown()), result: z.record(z.string(), z.unknown()) })
    .optional()
    .describe('A call and what it answers'),
});

const schemas = {
  search: { inputSchema: schemaOf(SearchArguments), outputSchema: schemaOf(FoundTools) },
  describe: { inputSchema: schemaOf(DescribeArguments), outputSchema: schemaOf(DescribedTool) },
  call: { inputSchema: schemaOf(CallArguments) },
};

function schemaOf(type: z.ZodType): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12', io: 'input' }) as JsonObject;
  return schema;
}

export function isSearchMode(instance: OpenInstance): boolean {
  return instance.policy.tools_mode === 'search';
}

/** One page of tools/list, as the config wants it. @throws RpcError invalidParams */
export function listFor(exchange: Exchange, exposure: Exposure, params: JsonObject): ReturnType<typeof listTools> {
  const { instance } = exchange;
  return isSearchMode(instance) ? { tools: searchTools(exposure) } : listTools(exposure, instance.accounts, params);
}

function searchTools({ tools }: Exposure): JsonObject[] {
  const connections = [...new Set(tools.map((tool) => tool.connectionName))].sort();
  const more = connections.length > maxNamedConnections ? `, and ${connections.length - maxNamedConnections} more` : '';
  const reading = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  return [
    {
      name: names.call,
      title: 'Call a tool',
      description:
        'Call a tool that search_tools found. It answers as the tool itself does: its result, its error, or the link that the user must open first.',
      ...schemas.call,
      annotations: { title: 'Call a tool', ...worstOf(tools) },
    },
    {
      name: names.describe,
      title: 'Describe a tool',
      description: 'The full definition of one tool: what it does, its arguments, what it answers, and an example where there is one.',
      ...schemas.describe,
      annotations: { title: 'Describe a tool', ...reading },
    },
    {
      name: names.search,
      title: 'Search tools',
      description: `Find tools by what they do; call this first. There are ${tools.length}, of the connections ${connections.slice(0, maxNamedConnections).join(', ')}${more}.`,
      ...schemas.search,
      annotations: { title: 'Search tools', ...reading },
    },
  ];
}

/** What a call can do at worst, since the client asks its user by that. */
function worstOf(tools: readonly ExposedTool[]): Omit<ReturnType<typeof annotations>, 'title'> {
  const effects = new Set(tools.map(({ tool }) => tool.effect));
  const effect = effects.has('destructive') ? 'destructive' : effects.has('write') ? 'write' : 'read';
  const { title: _, ...hints } = annotations({ title: '', effect, idempotent: tools.every(({ tool }) => tool.idempotent) });
  return hints;
}

/** `indirect`: the request that `call_tool` stands for; from there on it goes the way of any call. */
export type Round = { result: JsonObject } | { request: RpcRequest; indirect: boolean };

/**
 * In search mode the three names are ours, also where a remote server has a tool of such a name: that one is called by
 * `call_tool`. The real names work directly too, since the allow-list is the same.
 * @throws RpcError invalidParams
 */
export async function searchRound(exchange: Exchange, exposure: Exposure, request: RpcRequest): Promise<Round> {
  const asIs = { request, indirect: false };
  if (!isSearchMode(exchange.instance)) return asIs;
  const call = readToolRequest(request.params);
  try {
    switch (call.name) {
      case names.search:
        return { result: done(search(exchange, exposure, parse(SearchArguments, call.args))) };
      case names.describe:
        return { result: describe(exchange, exposure, parse(DescribeArguments, call.args).name) };
      case names.call: {
        const inner = parse(CallArguments, call.args);
        const target = { name: inner.name, args: inner.arguments };
        if (exposure.find(target.name) === undefined) return { result: await refuse(exchange, target) };
        return { request: { ...request, params: { ...request.params, ...inner } }, indirect: true };
      }
      default:
        return asIs;
    }
  } catch (error) {
    if (error instanceof Fault) return { result: toolResult({ kind: 'fault', fault: error }, call) };
    throw error;
  }
}

/** The tool that a call is of in the end; undefined where it is answered here, as a search is or a `call_tool` whose arguments do not fit. */
export function calledName({ name, arguments: args }: JsonObject): string | undefined {
  if (name === names.search || name === names.describe || typeof name !== 'string') return undefined;
  return name === names.call ? CallArguments.safeParse(args).data?.name : name;
}

function search({ finder }: Exchange, exposure: Exposure, asked: z.output<typeof SearchArguments>): JsonObject {
  const { query, limit, connection } = asked;
  if (connection !== undefined && !exposure.tools.some((tool) => tool.connectionName === connection)) {
    throw argumentInvalid('/connection', 'no tool here is of a connection of this name');
  }
  const found = finder(exposure.tools, { query, limit, connectionName: connection });
  return {
    tools: found.map(({ tool: { name, tool, connectionName }, score, matched }) => ({
      name,
      title: name === tool.name ? tool.title : `${tool.title} (${connectionName})`,
      description: firstSentence(tool.description),
      effect: tool.effect,
      connection: connectionName,
      score,
      matched,
    })),
    available: exposure.tools.length,
  };
}

function describe(exchange: Exchange, exposure: Exposure, name: string): JsonObject {
  const exposed = exposure.find(name);
  if (exposed === undefined) return unknown(name);
  const { tool, connectionName, inputSchema } = exposed;
  // Where the config fixes or limits arguments, the example may be of a call that is refused.
  const example = inputSchema === undefined ? tool.examples[0] : undefined;
  return done({
    tool: presentTool(exposed, exchange.instance.accounts),
    effect: tool.effect,
    connection: connectionName,
    ...(example === undefined ? {} : { example: { arguments: example.input, result: example.gives } }),
  });
}

/** The row of the refusal is the same as for a direct call; the answer is a result, which a model reads in every client. */
async function refuse(exchange: Exchange, call: ToolRequest): Promise<JsonObject> {
  try {
    return toolResult(await callTool(exchange, call, undefined), call);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return unknown(call.name, error.data?.tool_call_id);
  }
}

function unknown(name: string, toolCallId?: unknown): JsonObject {
  return {
    content: [{ type: 'text', text: `Unknown tool: ${name.slice(0, 128)}. Find the names of tools with ${names.search}.` }],
    isError: true,
    _meta: { 'grantway/code': 'unknown_tool', ...(toolCallId === undefined ? {} : { 'grantway/tool_call_id': toolCallId }) },
  };
}

function done(output: JsonObject): JsonObject {
  return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
}

/** @throws Fault argument_invalid that names each argument */
function parse<T extends z.ZodType>(type: T, args: JsonObject): z.output<T> {
  const parsed = type.safeParse(args);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: `/${key.slice(0, 128)}`, detail: 'unknown argument' }))
      : [{ pointer: issue.path.map((step) => `/${String(step).slice(0, 128)}`).join(''), detail: issue.message }],
  );
  throw new Fault('argument_invalid', { errors });
}

function argumentInvalid(pointer: string, detail: string): Fault {
  return new Fault('argument_invalid', { errors: [{ pointer, detail }] });
}

function firstSentence(text: string): string {
  const line = /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
  const flat = line.replaceAll(/\s+/g, ' ').trim();
  return flat.length <= maxLine ? flat : `${flat.slice(0, maxLine - 1).trimEnd()}…`;
}
