import { z } from 'zod';
import type { Effect, Tool } from './tool.ts';

/**
 * A tool that a remote MCP server describes. Its schemas are the server's, and so is the check of arguments against
 * them; it has no request of its own, since the server gets the call as it is.
 */
export function remoteTool(of: {
  name: string;
  title?: string | undefined;
  description?: string | undefined;
  effect: Effect;
  idempotent: boolean;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown> | undefined;
}): Tool {
  return {
    name: of.name,
    aliases: [],
    title: of.title ?? of.name,
    description: of.description ?? '',
    effect: of.effect,
    idempotent: of.idempotent,
    scopes: [],
    docs: '',
    input: anything,
    output: anything,
    request: () => {
      throw new TypeError('a remote tool has no request of its own');
    },
    respond: (body) => body,
    examples: [],
    inputSchema: () => of.inputSchema,
    outputSchema: () => of.outputSchema ?? { type: 'object' },
  };
}

const anything = z.looseObject({});
