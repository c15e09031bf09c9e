import { type Exchange, instructionsFor } from './exchange.ts';
import { listTools } from './exposure.ts';
import { errorCode, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { legacyVersions, serverInfo } from './protocol.ts';
import { callTool, readToolRequest, toolResult } from './tool-answers.ts';

/** 2024-11-05 to 2025-11-25, without sessions: every request is complete by its URL. */
export async function answerLegacy(exchange: Exchange, { method, params }: RpcRequest): Promise<JsonObject> {
  switch (method) {
    case 'initialize': {
      const { protocolVersion } = params;
      if (typeof protocolVersion !== 'string') throw new RpcError(errorCode.invalidParams, 'params.protocolVersion must be a string.');
      return {
        protocolVersion: legacyVersions.includes(protocolVersion) ? protocolVersion : legacyVersions[0],
        // Changes cannot be told to a client that has no stream; it sees them when it lists again.
        capabilities: { tools: { listChanged: false } },
        serverInfo,
        instructions: instructionsFor(exchange.instance),
      };
    }
    case 'ping':
      return {};
    case 'tools/list':
      return { ...listTools(await exchange.exposures(exchange.instance), exchange.instance.accounts, params) };
    case 'tools/call': {
      const call = readToolRequest(params);
      return toolResult(await callTool(exchange, call), call);
    }
    default:
      throw new RpcError(errorCode.methodNotFound, notOffered(method));
  }
}

export function notOffered(method: string): string {
  return `This server offers tools only; ${method.slice(0, 64)} is not among its methods.`;
}
