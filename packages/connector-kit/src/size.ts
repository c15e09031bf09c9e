import type { Tool } from './tool.ts';

/** What a default toolset may cost an agent before the first word is said. */
export const toolsetTokens = 8_000;

/** A rough count: four characters of JSON a token. */
export function tokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}

/** What a tool's definition costs an agent: what a model is given of it, which is not the answer's schema. */
export function definitionTokens(tool: Tool): number {
  const { name, title, description } = tool;
  return tokens({ name, title, description, inputSchema: tool.inputSchema() });
}
