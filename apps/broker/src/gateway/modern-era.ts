import { askToAuthorize, canAsk, wasAnswered } from './authorization-round.ts';
import { type Exchange, instructionsFor } from './exchange.ts';
import { listTools } from './exposure.ts';
import { errorCode, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { notOffered } from './legacy-era.ts';
import { metaKey, serverInfo, supportedVersions } from './protocol.ts';
import { callTool, readToolRequest, toolResult } from './tool-answers.ts';

/** Lists depend on the credential, so that no shared cache may keep them; a change is seen after this time at the latest. */
const cache = { ttlMs: 30_000, cacheScope: 'private' } as const;

/** 2026-07-28; `subscriptions/listen` is answered as a stream, elsewhere. */
export async function answerModern(
  exchange: Exchange,
  { method, params }: RpcRequest,
  clientCapabilities: JsonObject,
): Promise<JsonObject> {
  switch (method) {
    case 'server/discover':
      return complete({
        // The same list as in the refusal of an unknown version; the older ones are reached through initialize.
        supportedVersions,
        capabilities: { tools: { listChanged: true } },
        instructions: instructionsFor(exchange.instance),
        ...cache,
      });
    case 'tools/list':
      return complete({ ...listTools(await exchange.exposures(exchange.instance), exchange.instance.accounts, params), ...cache });
    case 'tools/call':
      return call(exchange, params, clientCapabilities);
    default:
      throw new RpcError(errorCode.methodNotFound, notOffered(method), { status: 404 });
  }
}

async function call(exchange: Exchange, params: JsonObject, clientCapabilities: JsonObject): Promise<JsonObject> {
  const request = readToolRequest(params);
  const answered = await wasAnswered(exchange, request, params);
  const answer = await callTool(exchange, request);
  if (answer.kind === 'fault' && answer.fault.code === 'authorization_required' && !answered && canAsk(clientCapabilities)) {
    const question = await askToAuthorize(exchange, request, answer.fault);
    if (question !== undefined) return signed(question);
  }
  return complete(toolResult(answer, request));
}

function complete(result: JsonObject): JsonObject {
  return signed({ resultType: 'complete', ...result });
}

function signed(result: JsonObject): JsonObject {
  return { ...result, _meta: { ...(result._meta as JsonObject | undefined), [metaKey.serverInfo]: serverInfo } };
}
