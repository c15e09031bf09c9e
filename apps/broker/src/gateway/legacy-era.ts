import { approvalTool } from '@grantway/core';
import { RemoteError } from '@grantway/mcp-client';
import { answerApprovalTool, withApprovalTool } from './approval-tool.ts';
import { type Exchange, instructionsFor } from './exchange.ts';
import { type Exposure, hasRemotes } from './exposure.ts';
import { errorCode, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { legacyVersions, logLevels, serverInfo } from './protocol.ts';
import type { Speaker } from './remote-calls.ts';
import { callTargetOf, findResource } from './remote-exposure.ts';
import { answerRemoteMethod, callRemoteTool, noResource, remoteCapabilities, uriOf } from './remote-methods.ts';
import { isSearchMode, listFor, searchRound } from './search-mode.ts';
import type { Session } from './sessions.ts';
import { callTool, readToolRequest, toolResult, writtenToolResult } from './tool-answers.ts';

/** 2024-11-05 to 2025-11-25. Every request is complete by its URL; a session adds what only a session can have. */
export async function answerLegacy(exchange: Exchange, request: RpcRequest): Promise<JsonObject> {
  const { method, params } = request;
  const { session } = exchange;
  // Without a session a server is spoken to in the stateless protocol where it has it: the lists are those.
  const exposure = () => exchange.exposures(exchange.instance, session === undefined ? 'modern' : 'legacy');
  const isRemote = hasRemotes(exchange.instance);
  switch (method) {
    case 'initialize': {
      const { protocolVersion } = params;
      if (typeof protocolVersion !== 'string') throw new RpcError(errorCode.invalidParams, 'params.protocolVersion must be a string.');
      return {
        protocolVersion: legacyVersions.includes(protocolVersion) ? protocolVersion : legacyVersions[0],
        // Changes can be told to a client that has a session; any other sees them when it lists again.
        capabilities: { tools: { listChanged: isRemote }, ...(isRemote ? remoteCapabilities(await exposure()) : {}) },
        serverInfo,
        instructions: instructionsFor(exchange.instance),
      };
    }
    case 'ping':
      return {};
    case 'tools/list': {
      const shown = await exposure();
      return exchange.lists.find(exchange, shown, 'legacy', params, () => ({
        ...withApprovalTool(exchange, listFor(exchange, shown, params), params),
      }));
    }
    case 'tools/call': {
      const shown = await exposure();
      const round = isSearchMode(exchange.instance) ? await searchRound(exchange, shown, request) : { request };
      if ('result' in round) return round.result;
      const call = readToolRequest(round.request.params);
      const goneOn = call.name === approvalTool ? await answerApprovalTool(exchange, shown, call) : undefined;
      if (goneOn !== undefined) return goneOn;
      const exposed = shown.find(call.name);
      if (exposed?.remote !== undefined) return callRemoteTool(exchange, speakerOf(session), round.request, exposed);
      const answer = await callTool(exchange, call, exposed);
      return writtenToolResult(answer) ?? toolResult(answer, call);
    }
    default: {
      const result = isRemote ? await answerOther(exchange, await exposure(), request) : undefined;
      if (result !== undefined) return result;
      throw new RpcError(errorCode.methodNotFound, notOffered(method));
    }
  }
}

async function answerOther(exchange: Exchange, exposure: Exposure, request: RpcRequest): Promise<JsonObject | undefined> {
  const { session } = exchange;
  switch (request.method) {
    case 'logging/setLevel':
      return exposure.remotes.some((view) => view.whole) ? setLevel(exchange, exposure, request.params) : undefined;
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return session === undefined ? undefined : subscribe(exchange, session, exposure, request);
    default:
      return answerRemoteMethod(exchange, exposure, speakerOf(session), request);
  }
}

function speakerOf(session: Session | undefined): Speaker {
  return { era: 'legacy', capabilities: session?.capabilities ?? {}, logLevel: session?.logLevel };
}

/** Held here, and told to the servers that keep a session with this client; others are told with each request. */
async function setLevel(exchange: Exchange, exposure: Exposure, { level }: JsonObject): Promise<JsonObject> {
  if (typeof level !== 'string' || !logLevels.has(level)) throw new RpcError(errorCode.invalidParams, 'params.level must be a log level.');
  const { session } = exchange;
  if (session === undefined) return {};
  session.logLevel = level;
  await Promise.all(
    exposure.remotes.map((view) =>
      // A server without logs has nothing to say, whatever the level.
      tellServer(exchange, session, view.server, 'logging/setLevel', { level }).catch(() => undefined),
    ),
  );
  return {};
}

async function subscribe(
  exchange: Exchange,
  session: Session,
  exposure: Exposure,
  { method, params }: RpcRequest,
): Promise<JsonObject | undefined> {
  const uri = uriOf(params);
  const found = findResource(exposure.remotes, uri);
  if (found === undefined) throw noResource(uri);
  if (session.uris.size >= 500 && method === 'resources/subscribe') {
    throw new RpcError(errorCode.invalidParams, 'Too many resources are subscribed to; unsubscribe from one first.');
  }
  try {
    await tellServer(exchange, session, found.view.server, method, { uri: found.uri });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw new RpcError(errorCode.internal, 'The server of this resource does not answer.');
    throw new RpcError(error.code === errorCode.methodNotFound ? errorCode.invalidParams : error.code, error.message);
  }
  if (method === 'resources/subscribe') session.uris.add(uri);
  else session.uris.delete(uri);
  session.onUris?.();
  return {};
}

/** Nothing to tell where the server is spoken to without a session. */
async function tellServer(
  { modules, instance }: Exchange,
  session: Session,
  server: Parameters<typeof callTargetOf>[2],
  method: string,
  params: JsonObject,
): Promise<void> {
  const target = await callTargetOf(modules, instance, server);
  const manner = { era: 'legacy', sessionId: session.id } as const;
  const timeoutMs = Math.min(5000, modules.settings.toolTimeoutMs);
  if ((await modules.remotes.links.eraOf(target, manner, timeoutMs)) === 'modern') return;
  const party = { capabilities: session.capabilities };
  await modules.remotes.links.request(target, manner, { method, params, party, timeoutMs, onNotification: () => {} });
}

export function notOffered(method: string): string {
  return `This server offers tools only; ${method.slice(0, 64)} is not among its methods.`;
}
