import type { Effect } from '@grantway/connector-kit';
import { isObject, type JsonObject, paramHeaders } from '@grantway/mcp-client';

/** A tool as its server describes it, reduced to what is passed on. */
export interface RemoteTool {
  name: string;
  /** Strict in doubt: what does not say that it only reads is a write. */
  effect: Effect;
  idempotent: boolean;
  definition: JsonObject;
  /** Arguments that the server wants repeated in headers. */
  mirrored: ReadonlyMap<string, string>;
}

const maxDepth = 32;
const maxBytes = 256 * 1024;
const maxText = 8192;

/** Undefined for what is no usable definition: it is left out, and the rest of the list stays. */
export function readTool(value: unknown): RemoteTool | undefined {
  if (!isObject(value) || !isName(value.name) || !isObject(value.inputSchema) || !isBounded(value)) return undefined;
  const mirrored = paramHeaders(value.inputSchema);
  if (mirrored === undefined) return undefined;
  const hints = isObject(value.annotations) ? value.annotations : {};
  const effect: Effect = hints.readOnlyHint === true ? 'read' : hints.destructiveHint === true ? 'destructive' : 'write';
  return {
    name: value.name,
    effect,
    idempotent: effect === 'read' || hints.idempotentHint === true,
    mirrored,
    definition: {
      ...described(value),
      inputSchema: value.inputSchema,
      ...(isObject(value.outputSchema) ? { outputSchema: value.outputSchema } : {}),
      ...(isObject(value.annotations) ? { annotations: value.annotations } : {}),
    },
  };
}

export function readPrompt(value: unknown): JsonObject | undefined {
  if (!isObject(value) || !isName(value.name) || !isBounded(value)) return undefined;
  return { name: value.name, ...described(value), ...(Array.isArray(value.arguments) ? { arguments: value.arguments } : {}) };
}

/** `uri` of a resource, `uriTemplate` of a template. */
export function readResource(value: unknown, address: 'uri' | 'uriTemplate'): JsonObject | undefined {
  if (!isObject(value) || typeof value.name !== 'string' || !isBounded(value)) return undefined;
  const uri = value[address];
  if (typeof uri !== 'string' || uri.length > 2048) return undefined;
  return {
    [address]: uri,
    name: value.name,
    ...described(value),
    ...(typeof value.mimeType === 'string' ? { mimeType: value.mimeType } : {}),
    ...(typeof value.size === 'number' ? { size: value.size } : {}),
    ...(isObject(value.annotations) ? { annotations: value.annotations } : {}),
  };
}

function described(value: JsonObject): JsonObject {
  const icons = Array.isArray(value.icons) ? value.icons.filter((icon) => isObject(icon) && /^(https|data):/i.test(String(icon.src))) : [];
  return {
    ...(typeof value.title === 'string' ? { title: value.title.slice(0, 256) } : {}),
    ...(typeof value.description === 'string' ? { description: value.description.slice(0, maxText) } : {}),
    ...(icons.length > 0 ? { icons } : {}),
    ...(isObject(value._meta) ? { _meta: value._meta } : {}),
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

function isBounded(value: unknown): boolean {
  return depthOf(value) <= maxDepth && JSON.stringify(value).length <= maxBytes;
}

function depthOf(root: unknown): number {
  let deepest = 0;
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let node = open.pop(); node !== undefined && deepest <= maxDepth; node = open.pop()) {
    const { value, depth } = node;
    if (typeof value !== 'object' || value === null) continue;
    deepest = Math.max(deepest, depth);
    for (const child of Object.values(value)) open.push({ value: child, depth: depth + 1 });
  }
  return deepest;
}
