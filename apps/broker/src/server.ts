import { timingSafeEqual } from 'node:crypto';
import { Fault, faults, isFault } from '@grantway/contract';
import { countAccounts, type Log, type Modules } from '@grantway/core';
import { schema } from '@grantway/db';
import { sql } from 'drizzle-orm';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { createAccounting } from './accounting.ts';
import { registerAccessTokens } from './api/access-tokens.ts';
import { registerFileLinks } from './api/file-links.ts';
import { apiRoutes } from './api/index.ts';
import { answerBrokenRequest, boundUploads } from './broken-requests.ts';
import { registerGateway } from './gateway/index.ts';
import { answerOtherMethods, isTooDeep, newRequestId, registerApi, sendProblem, toFault } from './http.ts';
import { requestLogger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { errorPage, pageHeaders, registerPages, renderReference, renderWelcome } from './pages/index.ts';

export interface ServerOptions {
  version: string;
  mode: 'embedded' | 'server';
  bodyLimitBytes: number;
  headerLimitBytes: number;
  requestTimeoutMs: number;
  logger: FastifyBaseLogger;
  metrics: Metrics;
  metricsToken: string | undefined;
  connectorsDir: string;
  environmentId: string;
}

/** Every route of the broker, in one Fastify instance: api, pages, gateway, health. */
export async function createServer(modules: Modules, options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs,
    http: {
      maxHeaderSize: options.headerLimitBytes,
      headersTimeout: options.requestTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      // Node looks at its connections from time to time; this is how much later than allowed a request may end.
      connectionsCheckingInterval: Math.min(5_000, Math.ceil(options.requestTimeoutMs / 4)),
    },
    childLoggerFactory: requestLogger,
    genReqId: newRequestId,
    // A request id is ours: nothing a caller sends becomes part of a log line's identity.
    requestIdHeader: false,
    // Our own onResponse line is the one line of a request.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    routerOptions: { maxParamLength: 256 },
    trustProxy: false,
    frameworkErrors: (error, request, reply) => void answerOutsideRoutes(error, request, reply),
    clientErrorHandler: answerBrokenRequest,
    forceCloseConnections: 'idle',
  });

  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body: string, done) => {
    if (body === '') return done(null, undefined);
    if (isTooDeep(body)) return done(new Fault('invalid_json', 'the JSON is nested too deeply'), undefined);
    try {
      done(null, parseJson(body));
    } catch (error) {
      done(isFault(error) ? error : new Fault('invalid_json'), undefined);
    }
  });

  boundUploads(app);
  const accounting = createAccounting(options.metrics);
  underWay.set(app, accounting.underWay);
  // Hooks of every request answer by `done`: a promise for each would cost more than what most of them do.
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', accounting.begun());
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    accounting.answered(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime, request.log);
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, toFault(error, request.log as unknown as Log)));
  app.setNotFoundHandler((request, reply) => sendProblem(reply, request, new Fault('not_found', 'there is nothing at this address')));

  app.register(async (scope) => registerApi(scope, modules, apiRoutes, options));
  app.register(async (scope) => registerAccessTokens(scope, modules));
  app.register(async (scope) => registerFileLinks(scope, modules, options));
  app.register(async (scope) => registerPages(scope, modules, { connectorsDir: options.connectorsDir }));
  app.register(async (scope) => registerGateway(scope, modules, { accounting }));
  app.register(async (scope) => registerSelf(scope, modules, options));
  return app;
}

/** An address that no route could be looked up for. What people open is answered with a page, anything else with a problem. */
function answerOutsideRoutes(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = toFault(error, request.log as unknown as Log);
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  const { url } = request;
  const code =
    url.startsWith('/connect/') || url.startsWith('/approve/')
      ? 'link_invalid'
      : url.startsWith('/oauth/sign-in/')
        ? 'sign_in_link_invalid'
        : url.startsWith('/oauth/callback/') || url.startsWith('/pages/')
          ? 'not_found'
          : undefined;
  if (code === undefined) return sendProblem(reply, request, fault);
  return reply.status(faults[code].status).headers(pageHeaders()).send(errorPage({ code }));
}

const underWay = new WeakMap<FastifyInstance, () => number>();

/** Requests whose answer has not left yet, open streams included. */
export function requestsUnderWay(app: FastifyInstance): number {
  return underWay.get(app)?.() ?? 0;
}

/** JSON without prototype tricks: `__proto__` and `constructor.prototype` are refused, not dropped. */
function parseJson(text: string): unknown {
  if (!/"(?:__proto__|constructor)"|\\u/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__' || (key === 'constructor' && typeof value === 'object' && value !== null && 'prototype' in value)) {
      throw new Fault('invalid_json', `the key "${key}" is not allowed`);
    }
    return value;
  });
}

/** What the broker says of itself. */
function registerSelf(app: FastifyInstance, modules: Modules, options: ServerOptions): void {
  // Made when somebody first asks: together they take longer than all the rest of what a server registers.
  let document: ReturnType<typeof openApiDocument> | undefined;
  let reference: string | undefined;
  const openApi = () => {
    document ??= openApiDocument(apiRoutes, options.version);
    return document;
  };

  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = await isReady(modules);
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
  app.get('/metrics', async (request, reply) => {
    if (!mayReadMetrics(request, options.metricsToken)) throw new Fault('not_found', 'there is nothing at this address');
    return reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics());
  });
  app.get('/openapi.json', async () => openApi());
  app.get('/docs', async (_request, reply) => {
    reference ??= renderReference(openApi());
    return reply.headers(pageHeaders()).type('text/html; charset=utf-8').send(reference);
  });

  answerOtherMethods(
    app,
    ['/', '/docs', '/healthz', '/metrics', '/openapi.json', '/readyz'].map((path) => ({ method: 'GET', path })),
  );

  app.get('/', async (request, reply) => {
    const base = modules.baseUrl();
    if (!(request.headers.accept ?? '').includes('text/html')) {
      return {
        name: 'Grantway',
        description: 'The open agent-auth broker',
        version: options.version,
        links: {
          api_reference: `${base}/docs`,
          openapi: `${base}/openapi.json`,
          token_endpoint: `${base}/oauth/token`,
          authorization_server_metadata: `${base}/.well-known/oauth-authorization-server`,
          jwks: `${base}/.well-known/jwks.json`,
          health: `${base}/healthz`,
          readiness: `${base}/readyz`,
          metrics: `${base}/metrics`,
        },
        operations: apiRoutes.map((r) => ({ method: r.method, path: r.path, summary: r.summary })),
      };
    }
    const ready = await isReady(modules);
    const state = ready
      ? await modules.db.inEnvironment(options.environmentId, async (tx) => {
          const [connections] = await tx.select({ n: sql<number>`count(*)::int` }).from(schema.connections);
          const [calls] = await tx
            .select({ n: sql<number>`count(*)::int` })
            .from(schema.toolCalls)
            .where(sql`created_at > now() - interval '24 hours'`);
          return { connections: connections?.n ?? 0, toolCalls24h: calls?.n ?? 0, accounts: await countAccounts(tx) };
        })
      : { connections: 0, toolCalls24h: 0, accounts: { active: 0, waiting: 0 } };
    const html = renderWelcome({
      baseUrl: base,
      version: options.version,
      mode: options.mode,
      connectors: modules.catalogue.ids().length,
      connections: state.connections,
      accountsActive: state.accounts.active,
      accountsWaiting: state.accounts.waiting,
      toolCalls24h: state.toolCalls24h,
      sandbox: modules.sandboxOrigin(),
      ready,
    });
    return reply.headers(pageHeaders()).type('text/html; charset=utf-8').send(html);
  });
}

async function isReady(modules: Modules): Promise<boolean> {
  try {
    await modules.db.system('health').query({ name: 'health', text: 'select 1', values: [] });
    return true;
  } catch {
    return false;
  }
}

function mayReadMetrics({ ip, headers }: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) {
    // What a proxy on this machine passes on comes from somewhere else.
    const passedOn = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
    return !passedOn && (ip === '127.0.0.1' || ip === '::1' || ip === '::ffff:127.0.0.1');
  }
  const [given, wanted] = [Buffer.from(headers.authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
