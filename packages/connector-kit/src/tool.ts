import { z } from 'zod';
import type { FileDownload, FileFacts, FileNaming } from './file-facts.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import type { Run } from './steps.ts';

export type Effect = 'read' | 'write' | 'destructive';

/**
 * Values in a worked example's answer that are new each time; the sandbox makes them at a JSON pointer. `link` is the address of the
 * example's `file`, signed anew: the sandbox serves it for a while.
 */
export type FreshKind = 'uuid' | 'link' | 'iso_now' | 'unix_now' | 'unix_micros' | `sequence:${string}`;

/** One call as the vendor documents it. Shown in the catalogue, replayed by the sandbox, checked by the kit's suite. */
export interface Example<In, Out> {
  input: In;
  receives: { status?: number; headers?: Record<string, string>; body: unknown };
  gives: Out;
  /** Where the answer holds a link, or redirects to one: what stands there. */
  file?: { headers?: Record<string, string>; body: string };
  /** JSON pointers (RFC 6901) into `receives.body`. */
  fresh?: Record<string, FreshKind>;
  /** Of a run: the answers to the requests before the last one. */
  before?: { receives: Example<In, Out>['receives']; fresh?: Record<string, FreshKind> }[];
}

/** What a tool's request was written from, so that a test can hold the one against the other. */
export interface Provenance {
  /** The vendor's machine-readable description or, where there is none, what stands in for it: `github openapi`, `@linear/sdk`. */
  specification: string;
  /** Of the description, as its publisher counts. */
  version: string;
  /** Its name there: an operationId, `GET /v1/pages/{page_id}`, or the GraphQL field. */
  operation: string;
}

export interface ToolDefinition<In extends z.ZodObject = z.ZodObject, Out extends z.ZodObject = z.ZodObject> {
  name: string;
  /** Names by which clients of other brokers know it: a call finds the tool by these too, lists show `name` alone. */
  aliases?: string[];
  title: string;
  /** 80 to 300 characters: what it does, when to use a sibling instead, where ids come from. */
  description: string;
  /** read: changes nothing. write: adds or changes. destructive: may remove or overwrite. */
  effect: Effect;
  /** True where repeating a call with the same arguments changes nothing more. Reads always are. */
  idempotent?: boolean;
  scopes: string[];
  input: In;
  output: Out;
  /** `file` is what there is to know of the argument `file_id`, where that is a handle; `files` the same for `file_ids`. */
  request: (input: z.output<In>, file?: FileFacts, files?: FileFacts[]) => ApiRequest;
  /** Set: the answer is a file. */
  download?: FileDownload;
  /**
   * Reads a good answer's body into the output. Faults were ruled out by the connector's `api.fault`. `asked` is for lists
   * alone that do not say whether there is more (`nextOffset`): everything else must be readable from the answer.
   */
  respond: (body: never, response: ApiResponse, asked: ApiRequest) => z.input<Out>;
  /** Where the vendor documents the operation. */
  docs: string;
  provenance?: Provenance;
  examples: Example<z.input<In>, z.output<Out>>[];
}

/** A tool as the registry holds it: types erased, schemas derived once. */
export interface Tool {
  name: string;
  aliases: string[];
  title: string;
  description: string;
  effect: Effect;
  idempotent: boolean;
  scopes: string[];
  docs: string;
  provenance?: Provenance;
  input: z.ZodObject;
  output: z.ZodObject;
  request: (input: Record<string, unknown>, file?: FileFacts, files?: FileFacts[]) => ApiRequest;
  download?: Omit<FileDownload, 'link' | 'naming'> & { link?: (body: unknown) => string; naming?: (body: unknown) => FileNaming };
  respond: (body: unknown, response: ApiResponse, asked?: ApiRequest) => unknown;
  /** In the place of `request` and `respond`, where a tool is several requests. */
  run?: (input: Record<string, unknown>, file?: FileFacts, files?: FileFacts[]) => Run<unknown>;
  /** Nobody has it whose config does not name it. */
  guarded?: boolean;
  /** The same tool for calls that do less. */
  narrower?: Tool;
  examples: Example<Record<string, unknown>, Record<string, unknown>>[];
  /** JSON Schema 2020-12 of the arguments; unknown arguments are refused. */
  inputSchema(): Record<string, unknown>;
  outputSchema(): Record<string, unknown>;
}

/** Arguments of Grantway's own begin so: it adds them to a tool's schema, and takes them out again. */
const reservedPrefix = 'grantway_';

/** Declares a tool. Arguments are strict: an unknown one is refused by name. */
export function tool<In extends z.ZodObject, Out extends z.ZodObject>(definition: ToolDefinition<In, Out>): Tool {
  const reserved = Object.keys(definition.input.shape).find((name) => name.startsWith(reservedPrefix));
  if (reserved !== undefined) throw new Error(`${definition.name}: the argument ${reserved} begins as Grantway's own do`);
  const input = definition.input.strict();
  let inputSchema: Record<string, unknown> | undefined;
  let outputSchema: Record<string, unknown> | undefined;
  return {
    ...(definition as unknown as Omit<Tool, 'aliases' | 'idempotent' | 'input' | 'inputSchema' | 'outputSchema'>),
    aliases: definition.aliases ?? [],
    idempotent: definition.effect === 'read' || definition.idempotent === true,
    input,
    inputSchema: () => (inputSchema ??= schemaOf(input, 'input')),
    outputSchema: () => (outputSchema ??= schemaOf(definition.output, 'output')),
  };
}

function schemaOf(type: z.ZodObject, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12', io, override: terse }) as Record<string, unknown>;
  return schema;
}

/** What `format` or `type` already says is not said again: a date-time's pattern alone would cost an agent about 95 tokens. */
function terse({ jsonSchema }: { jsonSchema: { format?: unknown; pattern?: unknown; minimum?: unknown; maximum?: unknown } }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** Whether a tool is meant by a name: its own, or one of its other ones. */
export function goesBy({ name, aliases }: Pick<Tool, 'name' | 'aliases'>, asked: string): boolean {
  return name === asked || aliases.includes(asked);
}

/** MCP tool annotations that follow from what the tool declares. */
export function annotations(t: Pick<Tool, 'title' | 'effect' | 'idempotent'>) {
  return {
    title: t.title,
    readOnlyHint: t.effect === 'read',
    destructiveHint: t.effect === 'destructive',
    idempotentHint: t.idempotent,
    openWorldHint: true,
  };
}
