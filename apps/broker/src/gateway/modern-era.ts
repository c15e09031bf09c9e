import { approvalTool } from '@grantway/core';
import { mirroredValues } from '@grantway/mcp-client';
import { answerApprovalTool, withApprovalTool } from './approval-tool.ts';
import { askToOpen, canAsk, needsLink, wasAnswered } from './authorization-round.ts';
import { type Exchange, instructionsFor } from './exchange.ts';
import { type Exposure, hasRemotes } from './exposure.ts';
import { errorCode, isObject, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { notOffered } from './legacy-era.ts';
import { compareParams, metaKey, serverInfo, supportedVersions } from './protocol.ts';
import type { Speaker } from './remote-calls.ts';
import { answerRemoteMethod, callRemoteTool, remoteCapabilities } from './remote-methods.ts';
import { isSearchMode, listFor, searchRound } from './search-mode.ts';
import { askableOf } from './sessions.ts';
import { callTool, readToolRequest, toolResult, writtenToolResult } from './tool-answers.ts';

/** Lists depend on the credential, so that no shared cache may keep them; a change is seen after this time at the latest. */
const cache = { ttlMs: 30_000, cacheScope: 'private' } as const;

/** 2026-07-28; `subscriptions/listen` is answered as a stream, elsewhere. */
export function answerModern(exchange: Exchange, request: RpcRequest, clientCapabilities: JsonObject): Promise<JsonObject> {
  if (request.method === 'tools/call') {
    const exposure = exchange.exposures(exchange.instance, 'modern');
    // Nothing is awaited that is there.
    if (!(exposure instanceof Promise)) return call(exchange, exposure, request, clientCapabilities);
  }
  return answerMethod(exchange, request, clientCapabilities);
}

async function answerMethod(exchange: Exchange, request: RpcRequest, clientCapabilities: JsonObject): Promise<JsonObject> {
  const { method, params } = request;
  const exposure = () => exchange.exposures(exchange.instance, 'modern');
  switch (method) {
    case 'server/discover':
      return complete({
        // The same list as in the refusal of an unknown version; the older ones are reached through initialize.
        supportedVersions,
        capabilities: { tools: { listChanged: true }, ...(hasRemotes(exchange.instance) ? remoteCapabilities(await exposure()) : {}) },
        instructions: instructionsFor(exchange.instance),
        ...cache,
      });
    case 'tools/list': {
      const shown = await exposure();
      return exchange.lists.find(exchange, shown, 'modern', params, () =>
        complete({ ...withApprovalTool(exchange, listFor(exchange, shown, params), params), ...cache }),
      );
    }
    case 'tools/call':
      return await call(exchange, await exposure(), request, clientCapabilities);
    default: {
      const speaker = speakerOf(request, clientCapabilities);
      const result = hasRemotes(exchange.instance) ? await answerRemoteMethod(exchange, await exposure(), speaker, request) : undefined;
      if (result !== undefined) return passed(cached.has(method) && result.resultType === undefined ? { ...result, ...cache } : result);
      throw new RpcError(errorCode.methodNotFound, notOffered(method), { status: 404 });
    }
  }
}

/** Whose results say how long they may be kept. */
const cached = new Set(['prompts/list', 'resources/list', 'resources/templates/list', 'resources/read']);

function speakerOf({ params }: RpcRequest, clientCapabilities: JsonObject): Speaker {
  const level = isObject(params._meta) ? params._meta[metaKey.logLevel] : undefined;
  const logLevel = typeof level === 'string' ? level : undefined;
  return { era: 'modern', capabilities: askableOf(clientCapabilities), logLevel };
}

async function call(exchange: Exchange, exposure: Exposure, asked: RpcRequest, clientCapabilities: JsonObject): Promise<JsonObject> {
  // What most calls have nothing to do with is not waited for either.
  const round = isSearchMode(exchange.instance) ? await searchRound(exchange, exposure, asked) : { request: asked, indirect: false };
  if ('result' in round) return complete(round.result);
  const { request: message, indirect } = round;
  const { params } = message;
  const request = readToolRequest(params);
  const goneOn = request.name === approvalTool ? await answerApprovalTool(exchange, exposure, request) : undefined;
  if (goneOn !== undefined) return complete(goneOn);
  const exposed = exposure.find(request.name);
  if (exposed?.remote !== undefined) {
    // A client that calls through call_tool does not see which arguments the server wants in headers.
    if (exposed.remote.mirrored !== undefined && !indirect)
      compareParams(mirroredValues(exposed.remote.mirrored, request.args), exchange.headers);
    return passed(await callRemoteTool(exchange, speakerOf(message, clientCapabilities), message, exposed));
  }
  const answered = params.requestState !== undefined && (await wasAnswered(exchange, request, params));
  const answer = await callTool(exchange, request, exposed);
  if (answer.kind === 'fault' && needsLink(answer.fault) && !answered && canAsk(clientCapabilities)) {
    const question = await askToOpen(exchange, request, answer.fault);
    if (question !== undefined) return signed(question);
  }
  return writtenToolResult(answer, isComplete, isSigned) ?? complete(toolResult(answer, request));
}

/** A result that is passed on says itself whether it is complete. */
function passed(result: JsonObject): JsonObject {
  return result.resultType === undefined ? complete(result) : signed(result);
}

function complete(result: JsonObject): JsonObject {
  return signed({ resultType: 'complete', ...result });
}

// What `complete` and `signed` add, as JSON.
const isComplete = '"resultType":"complete",';
const isSigned = `,${JSON.stringify({ [metaKey.serverInfo]: serverInfo }).slice(1, -1)}`;

function signed(result: JsonObject): JsonObject {
  return { ...result, _meta: { ...(result._meta as JsonObject | undefined), [metaKey.serverInfo]: serverInfo } };
}
