import { type AuditAction, bearerPattern, Fault, faults, isFault, newId, type Permission } from '@grantway/contract';
import { authenticateAccessToken, type Client, type Ctx, createCtx, type Log, type Modules } from '@grantway/core';
import { foreignKeyViolation, pgErrorCode } from '@grantway/db';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { z } from 'zod';
import { type GivenFile, giveFile, type SentFile, sentFile, takeBodiesAsFiles } from './file-transfer.ts';

/**
 * One REST operation, as a value that tests and the OpenAPI document can enumerate. A mutating route without `audit`
 * does not compile; the reply is parsed on the way out, so that a stray column never leaves.
 */
export type Route<Body extends z.ZodType = z.ZodType, Query extends z.ZodObject = z.ZodObject, Reply extends z.ZodType = z.ZodType> = {
  path: string;
  summary: string;
  description?: string;
  permission: Permission;
  params?: Record<string, string>;
  query?: Query;
  body?: Body;
  /** Request headers that mean something: name -> what. */
  headers?: Record<string, string>;
  status: 200 | 201 | 204;
  reply?: Reply;
  /** The value of the answer's ETag (RFC 9110 section 8.8.3), without quotes. */
  etag?: (reply: z.output<Reply>) => string;
  /** Fault codes worth knowing besides the ones any route can answer. */
  faults?: (keyof typeof faults)[];
} & (
  | { run: (ctx: Ctx, input: RouteInput<Body, Query>) => Promise<z.input<Reply> | undefined>; upload?: never; download?: never }
  /** The body is a file, of whatever type. */
  | { run: (ctx: Ctx, input: RouteInput<Body, Query> & { sent: SentFile }) => Promise<z.input<Reply>>; upload: true; download?: never }
  /** The answer is a file. */
  | { download: (ctx: Ctx, input: RouteInput<Body, Query>) => Promise<GivenFile>; run?: never; upload?: never }
) &
  ({ method: 'GET'; audit?: never } | { method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'; audit: AuditAction });

interface RouteInput<Body extends z.ZodType, Query extends z.ZodObject> {
  body: z.output<Body>;
  query: z.output<Query>;
  params: Record<string, string>;
  headers: FastifyRequest['headers'];
}

export type AnyRoute = Route<z.ZodType, z.ZodObject, z.ZodType>;

export function route<Body extends z.ZodType, Query extends z.ZodObject, Reply extends z.ZodType>(
  definition: Route<Body, Query, Reply>,
): AnyRoute {
  return definition as unknown as AnyRoute;
}

/** Registers the REST API's routes in a scope of their own: authentication, validation and problem+json belong to it. */
export function registerApi(
  app: FastifyInstance,
  modules: Modules,
  routes: readonly AnyRoute[],
  { requestTimeoutMs }: { requestTimeoutMs: number },
): void {
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, toFault(error, request.log as unknown as Log)));
  // Fastify reads text/plain by itself; the API takes JSON and nothing else.
  app.removeContentTypeParser('text/plain');
  const callers = new WeakMap<FastifyRequest, { client: Client; scopes: ReadonlySet<string> }>();
  const register = (scope: FastifyInstance, r: AnyRoute) =>
    scope.route({
      method: r.method,
      url: r.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // Before a byte of the body is read: strangers learn nothing about what we would say of it.
      onRequest: async (request) => {
        const { client, scopes } = await authenticateAccessToken(modules, bearerOf(request));
        if (!scopes.has(r.permission)) throw new Fault('insufficient_scope', `the access token lacks the scope ${r.permission}`);
        callers.set(request, { client, scopes });
      },
      handler: async (request, reply) => {
        const { client, scopes } = callers.get(request) as { client: Client; scopes: ReadonlySet<string> };
        const ctx = createCtx(modules, {
          environmentId: client.environmentId,
          actor: { kind: 'client', id: client.id },
          requestId: request.id,
          log: request.log as unknown as Log,
          scopes,
          restrictions: client.restrictions,
        });
        const input = {
          body:
            r.upload === true
              ? undefined
              : r.body === undefined
                ? refuseBody(request)
                : parsePart('body', r.body, request.body ?? missingBody()),
          query: parsePart('query', r.query?.strict(), request.query),
          params: idsOf(request),
          headers: request.headers,
        };
        if (r.download !== undefined) return giveFile(reply, await r.download(ctx, input as never));
        const sent = r.upload === true ? { sent: sentFile(request, requestTimeoutMs) } : {};
        const answer = await r.run(ctx, { ...input, ...sent } as never);
        if (r.audit !== undefined && !ctx.audited.has(r.audit)) throw new Error(`${r.method} ${r.path} did not write ${r.audit}`);
        reply.header('cache-control', 'no-store').status(r.status);
        if (r.reply === undefined) return reply.send();
        const body = r.reply.parse(answer);
        if (r.etag !== undefined) reply.header('etag', `"${r.etag(body)}"`);
        return reply.send(body);
      },
    });
  for (const r of routes) if (r.upload !== true) register(app, r);
  app.register(async (scope) => {
    takeBodiesAsFiles(scope);
    for (const r of routes) if (r.upload === true) register(scope, r);
  });
  answerOtherMethods(app, routes);
}

/** A known path with another method is 405 with Allow (RFC 9110 section 15.5.6), not 404. */
export function answerOtherMethods(app: FastifyInstance, routes: readonly { method: string; path: string }[]): void {
  const byPath = new Map<string, Set<string>>();
  for (const { method, path } of routes) byPath.set(path, (byPath.get(path) ?? new Set()).add(method));
  const all: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  for (const [path, used] of byPath) {
    // Fastify answers HEAD wherever there is a GET.
    if (used.has('GET')) used.add('HEAD');
    app.route({
      method: all.filter((m) => !used.has(m)),
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // Before the body is read: whatever it is, it was sent in vain.
      onRequest: async (_request, reply) => {
        reply.header('allow', [...used].join(', '));
        throw new Fault('method_not_allowed', `use ${[...used].filter((m) => m !== 'HEAD').join(' or ')}`);
      },
      handler: () => {
        throw new Error('the hook before answers');
      },
    });
  }
}

function bearerOf(request: FastifyRequest): string {
  const match = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '');
  if (match === null) throw new Fault('unauthorized', 'send an access token from POST /oauth/token as "Authorization: Bearer ..."');
  return match[1] as string;
}

function missingBody(): never {
  throw new Fault('invalid_request', 'a JSON body is required');
}

function refuseBody(request: FastifyRequest): undefined {
  if (
    request.body !== undefined &&
    request.body !== null &&
    !(typeof request.body === 'object' && Object.keys(request.body).length === 0)
  ) {
    throw new Fault('invalid_request', 'this operation takes no body');
  }
  return undefined;
}

/** Text that PostgreSQL can keep and that comes back as it was: no U+0000, no half of a surrogate pair. */
function isPlainText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** An id or name with a character that none has is unknown, like any other. */
function idsOf(request: FastifyRequest): Record<string, string> {
  const params = request.params as Record<string, string>;
  if (!Object.values(params).every(isPlainText)) throw new Fault('not_found');
  return params;
}

/** RFC 6901: the whole value is the empty pointer. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Where in a value the first text stands that nobody can keep. */
function strangeText(value: unknown, pointer = ''): string | undefined {
  if (typeof value === 'string') return isPlainText(value) ? undefined : pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = isPlainText(key) ? strangeText(inner, pointer + pointerOf([key])) : pointer;
    if (found !== undefined) return found;
  }
  return undefined;
}

function parsePart(part: 'body' | 'query', schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) {
    const extra = Object.keys((value as Record<string, unknown> | undefined) ?? {});
    if (extra.length > 0) {
      throw new Fault('invalid_request', {
        detail: `unknown parameter "${extra[0]}"`,
        errors: extra.map((k) => ({ pointer: pointerOf([k]), detail: 'unknown parameter' })),
      });
    }
    return {};
  }
  const strange = strangeText(value);
  if (strange !== undefined) {
    const detail = 'must not hold U+0000 or unpaired surrogates';
    throw new Fault('invalid_request', { detail: `${strange || `the ${part}`}: ${detail}`, errors: [{ pointer: strange, detail }] });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointerOf([...issue.path, key]),
          detail: part === 'body' ? 'unknown field' : 'unknown parameter',
        }))
      : [{ pointer: pointerOf(issue.path), detail: issue.message }],
  );
  const first = errors[0];
  throw new Fault('invalid_request', {
    detail: first === undefined ? `the ${part} is not valid` : `${first.pointer || `the ${part}`}: ${first.detail}`,
    errors: errors.slice(0, 20),
  });
}

/** Fastify's own errors by code; everything unknown becomes `internal`, without a word of it to the outside. */
export function toFault(error: unknown, log: Log): Fault {
  if (isFault(error)) {
    if (error.status >= 500) log.warn({ fault: error.code, internal: error.internal, err: error.cause }, 'fault');
    return error;
  }
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  // Nothing of ours has an address that cannot be decoded or is that long.
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') return new Fault('not_found', 'there is nothing at this address');
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Fault('payload_too_large', 'the body is larger than this broker reads');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Fault('unsupported_media_type', 'send application/json');
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return new Fault('invalid_request', 'a JSON body is required');
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || (statusCode === 400 && error instanceof SyntaxError)) return new Fault('invalid_json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Fault('invalid_request', { cause: error });
  const ofDatabase = databaseFault(error);
  if (ofDatabase !== undefined) {
    log.warn({ fault: ofDatabase.code, err: error }, 'database fault');
    return ofDatabase;
  }
  log.error({ err: error }, 'unexpected error');
  return new Fault('internal', { cause: error });
}

/** What of the database's refusals a caller can act on: a thing that vanished under the request, or a passing trouble. */
function databaseFault(error: unknown): Fault | undefined {
  const code = pgErrorCode(error);
  if (code === foreignKeyViolation)
    return new Fault('version_conflict', { detail: 'something this request needs was deleted meanwhile', cause: error });
  // serialization failure, deadlock, lock or statement timeout, shutdown, too many connections, lost connection
  if (code !== undefined && /^(40001|40P01|55P03|57014|57P0[1-3]|53300|08\w{3})$/.test(code)) {
    return new Fault('unavailable', { detail: 'try again shortly', retryAfterSeconds: 1, cause: error });
  }
  return undefined;
}

/** RFC 9457. */
export function problemOf(fault: Fault, requestId: string): Record<string, unknown> {
  return {
    ...fault.extra,
    type: `/docs#fault-${fault.code}`,
    title: faults[fault.code].title,
    status: fault.status,
    code: fault.code,
    ...(fault.detail === undefined ? {} : { detail: fault.detail }),
    request_id: requestId,
    ...(fault.errors === undefined ? {} : { errors: fault.errors }),
  };
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, fault: Fault): FastifyReply {
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(fault.retryAfterSeconds))));
  if (fault.status === 401)
    reply.header(
      'www-authenticate',
      `Bearer realm="grantway"${request.headers.authorization === undefined ? '' : ', error="invalid_token"'}`,
    );
  if (fault.code === 'insufficient_scope') reply.header('www-authenticate', 'Bearer realm="grantway", error="insufficient_scope"');
  return reply
    .status(fault.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault, request.id)));
}

/** Bearer values of ours inside any text become their public id; at the log sink, not at call sites. */
export function redact(text: string): string {
  return text.replace(bearerPattern, '$1_$2_[redacted]');
}

export function newRequestId(): string {
  return newId('request');
}

const maxDepth = 64;

/** Counts brackets outside strings, so that deep nesting is refused before anything recurses over it. */
export function isTooDeep(json: string): boolean {
  return !hasFewBrackets(json) && nestsTooDeep(json);
}

/** No more than levels are allowed: then there is nothing to count, in nearly every request. */
function hasFewBrackets(json: string): boolean {
  let left = maxDepth;
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at !== -1; at = json.indexOf(bracket, at + 1)) if (--left < 0) return false;
  }
  return true;
}

function nestsTooDeep(json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}
