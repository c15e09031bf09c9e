import type { ExposedTool } from '@grantway/core';
import { isComplete } from '@grantway/core';
import { RemoteError } from '@grantway/mcp-client';
import { askToOpen, canAsk, needsLink, wasAnswered } from './authorization-round.ts';
import type { Exchange } from './exchange.ts';
import { type Exposure, pageOf } from './exposure.ts';
import { errorCode, isObject, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { callRemote, type RemoteAnswer, type Speaker } from './remote-calls.ts';
import {
  callTargetOf,
  findPrompt,
  findResource,
  type RemoteView,
  remoteMethod,
  remotePrompts,
  remoteResources,
  shownAddresses,
} from './remote-exposure.ts';
import { readToolRequest, type ToolRequest, toolResult } from './tool-answers.ts';

/** What a config with remote MCP servers declares beside tools; the servers themselves may have less. */
export function remoteCapabilities(exposure: Pick<Exposure, 'remotes'>): JsonObject {
  if (!exposure.remotes.some((view) => view.whole)) return {};
  return {
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
  };
}

/** Undefined for a method that has nothing to do with remote MCP servers. */
export async function answerRemoteMethod(
  exchange: Exchange,
  exposure: Exposure,
  speaker: Speaker,
  request: RpcRequest,
): Promise<JsonObject | undefined> {
  const { method, params } = request;
  const views = exposure.remotes;
  if (!views.some((view) => view.whole)) return undefined;
  switch (method) {
    case 'prompts/list': {
      const { page, ...next } = pageOf(remotePrompts(views), (prompt) => prompt.name as string, params);
      return { prompts: page, ...next };
    }
    case 'resources/list': {
      const { page, ...next } = pageOf(remoteResources(views, 'resources'), (resource) => resource.uri as string, params);
      return { resources: page, ...next };
    }
    case 'resources/templates/list': {
      const { page, ...next } = pageOf(remoteResources(views, 'templates'), (template) => template.uriTemplate as string, params);
      return { resourceTemplates: page, ...next };
    }
    case 'prompts/get': {
      const { name, arguments: args } = params;
      if (typeof name !== 'string') throw new RpcError(errorCode.invalidParams, 'params.name must be the name of a prompt.');
      const found = findPrompt(views, name);
      if (found === undefined) throw new RpcError(errorCode.invalidParams, `Unknown prompt: ${name.slice(0, 128)}`);
      const sent = { name: found.name, ...(isObject(args) ? { arguments: args } : {}) };
      return passOn(exchange, speaker, request, found.view, remoteMethod(found.view, method, sent), {
        name,
        args: isObject(args) ? args : {},
      });
    }
    case 'resources/read': {
      const uri = uriOf(params);
      const found = findResource(views, uri);
      if (found === undefined) throw noResource(uri);
      return passOn(exchange, speaker, request, found.view, remoteMethod(found.view, method, { uri: found.uri }), { name: uri, args: {} });
    }
    case 'completion/complete':
      return complete(exchange, speaker, views, params);
    default:
      return undefined;
  }
}

/** tools/call of a tool that a remote MCP server has: its result as it is, or what keeps it from coming. */
export async function callRemoteTool(exchange: Exchange, speaker: Speaker, request: RpcRequest, exposed: ExposedTool): Promise<JsonObject> {
  const call = readToolRequest(request.params);
  const remote = exposed.remote as NonNullable<ExposedTool['remote']>;
  const asked = { name: call.name, args: call.args };
  const { answer, question } = await callOrAsk(exchange, speaker, request, exposed, asked, call.args);
  if (question !== undefined) return question;
  if (answer.kind === 'rounds') return answer.result;
  if (answer.kind === 'fault') {
    const error = rpcErrorOf(answer.fault.extra?.rpc_error, speaker);
    if (error !== undefined) throw error;
    return toolResult(answer, call);
  }
  if (remote.method !== 'tools/call') {
    return { content: [{ type: 'text', text: 'The account is connected. List the tools again to see what there is.' }] };
  }
  const { result, meta } = cleaned(answer.output.remote ?? {});
  const view = viewOf(await exchange.exposures(exchange.instance, speaker.era), exposed);
  return {
    ...shownAddresses(view, { ...result, content: Array.isArray(result.content) ? result.content : [] }),
    _meta: { ...meta, 'grantway/tool_call_id': answer.output.toolCallId },
  };
}

async function passOn(
  exchange: Exchange,
  speaker: Speaker,
  request: RpcRequest,
  view: RemoteView,
  exposed: ExposedTool,
  asked: ToolRequest,
): Promise<JsonObject> {
  const { answer, question } = await callOrAsk(exchange, speaker, request, exposed, asked, {});
  if (question !== undefined) return question;
  if (answer.kind === 'rounds') return answer.result;
  if (answer.kind === 'output') {
    const { result, meta } = cleaned(answer.output.remote ?? {});
    return { ...shownAddresses(view, result), ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) };
  }
  const { fault } = answer;
  const known = rpcErrorOf(fault.extra?.rpc_error, speaker);
  if (known !== undefined && request.method === 'resources/read' && known.code === errorCode.invalidParams) throw noResource(asked.name);
  if (known !== undefined) throw known;
  const link = fault.extra?.authentication_link;
  throw new RpcError(fault.status, typeof link === 'string' ? `${fault.message} Authorization link: ${link}` : fault.message, {
    data: { code: fault.code, ...(link === undefined ? {} : { authentication_link: link }) },
  });
}

/** The person is asked to connect where the client can show a link; the answer to that comes back to the same request. */
async function callOrAsk(
  exchange: Exchange,
  speaker: Speaker,
  request: RpcRequest,
  exposed: ExposedTool,
  asked: ToolRequest,
  args: JsonObject,
): Promise<{ answer: RemoteAnswer; question?: JsonObject | undefined }> {
  const { requestState } = request.params;
  const isPassedOn = typeof requestState === 'string' && /^[up]\./.test(requestState);
  const answered = speaker.era === 'modern' && !isPassedOn && (await wasAnswered(exchange, asked, request.params));
  const answer = await callRemote(exchange, speaker, request, exposed, args);
  const mayAsk = speaker.era === 'modern' && !answered && canAsk(speaker.capabilities);
  if (answer.kind !== 'fault' || !needsLink(answer.fault) || !mayAsk) return { answer };
  return { answer, question: await askToOpen(exchange, asked, answer.fault) };
}

async function complete(exchange: Exchange, speaker: Speaker, views: readonly RemoteView[], params: JsonObject): Promise<JsonObject> {
  const { ref, argument, context } = params;
  const nothing = { completion: { values: [], total: 0, hasMore: false } };
  if (!isObject(ref) || !isObject(argument)) throw new RpcError(errorCode.invalidParams, 'params.ref and params.argument must be objects.');
  let view: RemoteView | undefined;
  let own: JsonObject | undefined;
  if (ref.type === 'ref/prompt' && typeof ref.name === 'string') {
    const found = findPrompt(views, ref.name);
    view = found?.view;
    own = found && { type: ref.type, name: found.name };
  } else if (ref.type === 'ref/resource' && typeof ref.uri === 'string') {
    const found = findResource(views, ref.uri);
    view = found?.view;
    own = found && { type: ref.type, uri: found.uri };
  }
  if (view === undefined || own === undefined)
    throw new RpcError(errorCode.invalidParams, 'params.ref names nothing that is offered here.');
  const { modules, instance, session } = exchange;
  try {
    const result = await modules.remotes.links.request(
      await callTargetOf(modules, instance, view.server),
      { era: session === undefined ? 'modern' : speaker.era, sessionId: session?.id },
      {
        method: 'completion/complete',
        params: { ref: own, argument, ...(isObject(context) ? { context } : {}) },
        party: { capabilities: speaker.capabilities },
        timeoutMs: Math.min(5000, modules.settings.toolTimeoutMs),
        onNotification: () => {},
      },
    );
    return isComplete(result) && isObject(result.completion) ? { completion: result.completion } : nothing;
  } catch (error) {
    if (error instanceof RemoteError && error.code === errorCode.invalidParams) {
      throw new RpcError(errorCode.invalidParams, error.message);
    }
    // Suggestions are a courtesy: a server without them, or without an answer, has none.
    return nothing;
  }
}

function viewOf(exposure: Exposure, exposed: ExposedTool): Pick<RemoteView, 'server' | 'prefix'> {
  const found = exposure.remotes.find((view) => view.server.connectionId === exposed.connectionId);
  return found ?? { server: (exposed.remote as NonNullable<ExposedTool['remote']>).server, prefix: undefined };
}

/** What belongs to the exchange with the server stays there, and nobody speaks in our name. */
function cleaned(answer: JsonObject): { result: JsonObject; meta: JsonObject } {
  const { _meta, resultType: _type, requestState: _state, inputRequests: _requests, ttlMs: _ttl, cacheScope: _scope, ...result } = answer;
  const meta = isObject(_meta) ? _meta : {};
  return {
    result,
    meta: Object.fromEntries(Object.entries(meta).filter(([name]) => !/^(io\.modelcontextprotocol|grantway)\//.test(name))),
  };
}

/** A server's JSON-RPC error in the words of this client's era. Undefined where it is better told as a failed tool. */
export function rpcErrorOf(error: unknown, speaker: Speaker): RpcError | undefined {
  if (!isObject(error) || typeof error.code !== 'number') return undefined;
  const { code, data } = error;
  const message = String(error.message);
  const options = isObject(data) ? { data } : {};
  if (code === errorCode.missingCapability) {
    return speaker.era === 'modern' ? new RpcError(code, message, { status: 400, ...options }) : undefined;
  }
  // A method that the server lacks is not one that we lack.
  if (code === errorCode.methodNotFound) return new RpcError(errorCode.internal, message, options);
  return new RpcError(code, message, options);
}

export function uriOf(params: JsonObject): string {
  if (typeof params.uri !== 'string') throw new RpcError(errorCode.invalidParams, 'params.uri must be the address of a resource.');
  return params.uri;
}

export function noResource(uri: string): RpcError {
  return new RpcError(errorCode.invalidParams, 'Resource not found', { data: { uri: uri.slice(0, 2048) } });
}
