import { z } from 'zod';
import type { Connector } from './connector.ts';
import type { ApiRequest } from './request.ts';
import { type Effect, type Tool, tool } from './tool.ts';

type Method = ApiRequest['method'];

/** What a request may do is known by its method alone (RFC 9110 section 9.2), since nothing else is known of it. Widest first. */
const kinds: [Effect, [Method, ...Method[]]][] = [
  ['destructive', ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']],
  ['write', ['GET', 'POST', 'PUT', 'PATCH']],
  ['read', ['GET']],
];

/** Segments of characters that every reader takes for themselves: nothing to decode, no dot segment, no empty one, no query. */
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~:,@=+!$-]{1,200}){1,30}$/;

/** Characters of an answer's JSON; more would fill an agent's context. */
const maxAnswer = 100_000;

const made = new WeakMap<Connector, Tool>();

/**
 * Any request below the connector's base URL, for what no tool does. Nobody has it unless a config names it; host, headers and
 * credential are egress's as for every other tool.
 */
export function apiRequestTool(connector: Connector): Tool {
  const known = made.get(connector);
  if (known !== undefined) return known;
  const variants = kinds.map(([effect, methods]) => ofMethods(connector, effect, methods));
  const widest = variants.reduceRight((narrower, variant) => ({ ...variant, narrower }));
  made.set(connector, widest);
  return widest;
}

/** The tool as one call uses it: judged by the least that the arguments need. */
export function forCall(whole: Tool, args: unknown): Tool {
  const { narrower } = whole;
  const method = typeof args === 'object' && args !== null && 'method' in args ? args.method : undefined;
  return narrower?.input.shape.method?.safeParse(method).success === true ? forCall(narrower, args) : whole;
}

function ofMethods({ id, name, docs }: Connector, effect: Effect, methods: [Method, ...Method[]]): Tool {
  const made = tool({
    name: `${id.replaceAll('-', '_')}_api_request`,
    title: `Call the ${name} API`,
    description: `Send one request to the ${name} API, for what no other ${name} tool does; prefer those, since they check and shorten. The path stands below the API's base address. What it takes and answers is in ${name}'s own reference.`,
    effect,
    scopes: [],
    input: z
      .object({
        method: z.enum(methods).describe('GET reads, DELETE removes, the others change'),
        path: z.string().max(2000).regex(plainPath).describe('Begins with a slash; no host, no query, nothing percent-encoded'),
        query: z
          .record(z.string().regex(/^[A-Za-z0-9_.$[\]-]{1,100}$/), z.union([z.string().max(4000), z.number(), z.boolean()]))
          .optional()
          .describe('Query parameters by name'),
        body: z
          .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
          .optional()
          .describe('Sent as JSON; not with GET'),
      })
      .refine(({ method, body }) => method !== 'GET' || body === undefined, { path: ['body'], error: 'a GET has no body' }),
    output: z.object({ status: z.int(), body: z.unknown(), truncated: z.boolean() }),
    request: ({ method, path, query, body }) => ({
      method,
      path,
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { json: body }),
    }),
    respond: (body: unknown, { status }) => {
      const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
      return text.length <= maxAnswer
        ? { status, body: body ?? null, truncated: false }
        : { status, body: text.slice(0, maxAnswer), truncated: true };
    },
    docs,
    examples: [],
  });
  return { ...made, guarded: true };
}
