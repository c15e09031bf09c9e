import { faults, isFault, isId, newId } from '@grantway/contract';
import {
  approvalTool,
  createToolFinder,
  type Log,
  type Modules,
  type OpenInstance,
  OutdatedInstance,
  type Remembered,
} from '@grantway/core';
import type { Mark } from '@grantway/db';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Accounting } from '../accounting.ts';
import { createAdmission } from './admission.ts';
import type { Rounds } from './answers.ts';
import { createConversation, quietConversation, silent } from './conversation.ts';
import { createCredentialWatch } from './credential-watch.ts';
import {
  type Credential,
  createWaysIn,
  credentialOfUrl,
  instanceUrl,
  judge as judgeCredential,
  judgeUrl,
  urlRefusal,
  type WayIn,
} from './credentials.ts';
import type { Exchange } from './exchange.ts';
import { createExposures, hasRemotes } from './exposure.ts';
import {
  errorCode,
  errorMessage,
  idOf,
  isObject,
  type JsonObject,
  parseJson,
  RpcError,
  type RpcRequest,
  readMessage,
  resultMessage,
} from './json-rpc.ts';
import { answerLegacy } from './legacy-era.ts';
import { answerModern } from './modern-era.ts';
import { createParkedCalls } from './parked-calls.ts';
import { type Era, headerOf, judge, metaKey, supportedVersions, unsupportedVersion, versionWithoutHeader } from './protocol.ts';
import { openQuickWay, type QuickCall } from './quick-way.ts';
import { calledName, isSearchMode } from './search-mode.ts';
import { createSessions, type Session } from './sessions.ts';
import { createSubscriptions, type SubscriptionTimes } from './subscriptions.ts';
import { createWrittenLists } from './written-lists.ts';

const maxBatch = 20;
const otherMethods: HTTPMethods[] = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The credential is in the URL or in the answers' context: no cache may keep them, no link may carry them on. */
const privacy = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };

const admitted = 'mcpAdmitted';

/** Who was let in, and with what: it stays with the request, for streams that have it judged again. */
interface Admitted {
  instance: OpenInstance;
  credential: Credential;
  /** Where the instance is one of a moment ago, and was not compared yet. */
  remembered: Remembered<OpenInstance> | undefined;
}

/**
 * The MCP endpoint, by each way in (credentials.ts). A credential is judged before
 * a byte of the body is read. Every answer, also a refusal, is JSON-RPC with a sentence for a person.
 */
export function registerGateway(
  app: FastifyInstance,
  modules: Modules,
  { accounting, ...times }: Partial<SubscriptionTimes> & { accounting?: Accounting } = {},
): void {
  app.register(async (scope) => {
    const admission = createAdmission(modules.baseUrl);
    const exposures = createExposures(modules);
    const lists = createWrittenLists();
    const finder = createToolFinder();
    const rounds: Rounds = createParkedCalls();
    const sessions = createSessions(modules.sealing, ({ id }) => modules.remotes.links.endSession(id));
    const all = { pollMs: 750, keepAliveMs: 15_000, blindMs: 5_000, ...times };
    const watch = createCredentialWatch(modules.log, all);
    const subscriptions = createSubscriptions(modules, watch, all);

    scope.decorateRequest(admitted, null);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.setErrorHandler((error, request, reply) => refuse(reply, toRpcError(error, request.log), null));
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.headers(privacy);
      done();
    });
    scope.addHook('preClose', async () => {
      watch.close();
      subscriptions.close();
      rounds.close();
      sessions.close();
    });

    function credentialOf(request: FastifyRequest, reply: FastifyReply, way: WayIn): Credential {
      const refusal = admission(request.headers, request.raw.socket);
      if (refusal !== undefined) throw new RpcError(403, refusal, { status: 403, data: { code: 'host_not_allowed' } });
      return way.credential(request, reply);
    }

    async function admit(
      request: FastifyRequest,
      reply: FastifyReply,
      way: WayIn,
      credential = credentialOf(request, reply, way),
    ): Promise<void> {
      const instance = await judgeCredential(way, credential, request, reply);
      request.setDecorator<Admitted>(admitted, { instance, credential, remembered: undefined });
    }

    /** As `admit`; a credential that was judged a moment ago is judged again when it is known what is asked. */
    function admitMessage(request: FastifyRequest, reply: FastifyReply, way: WayIn, done: (error?: Error) => void): void {
      let credential: Credential;
      try {
        credential = credentialOf(request, reply, way);
      } catch (error) {
        done(error as Error);
        return;
      }
      const remembered = credential.recall?.();
      if (remembered === undefined) {
        admit(request, reply, way, credential).then(() => done(), done);
        return;
      }
      request.setDecorator<Admitted>(admitted, { instance: remembered.instance, credential, remembered });
      done();
    }

    function exchangeOf(
      asked: Pick<Exchange, 'instance' | 'conversation' | 'requestId' | 'log' | 'headers'> & {
        credential: Credential;
        remembered: Mark | undefined;
      },
    ): Exchange {
      const { instance, conversation, requestId, log, headers, credential, remembered } = asked;
      return {
        modules,
        exposures,
        lists,
        finder,
        rounds,
        conversation,
        session: undefined,
        instance,
        ...(remembered === undefined ? {} : { remembered }),
        hold: (ended) => watch.hold(credential, { ended }),
        headers,
        requestId,
        log,
      };
    }

    async function handle(request: FastifyRequest, reply: FastifyReply, way?: WayIn): Promise<FastifyReply | undefined> {
      const { credential, ...found } = request.getDecorator<Admitted>(admitted);
      let { instance } = found;
      const requestId = isId('request', request.id) ? request.id : newId('request');
      const log = request.log as Log;
      const conversation = createConversation(request, reply);
      const exchange = exchangeOf({
        credential,
        instance,
        remembered: found.remembered?.mark,
        conversation,
        requestId,
        log,
        headers: request.headers,
      });
      /** The instance as it is now, where it is not as it was remembered. @throws RpcError where the credential opens nothing any more */
      const openAnew = async () => {
        credential.forget?.();
        delete exchange.remembered;
        instance = await judgeCredential(way as WayIn, credential, request, reply);
        exchange.instance = instance;
      };
      let body: unknown;
      try {
        if (!Buffer.isBuffer(request.body)) throw wrongMediaType();
        body = parseJson(request.body);
        if (exchange.remembered !== undefined && !comparesItself(instance, body))
          await compareFirst(exchange, exchange.remembered, openAnew);
        exchange.session = await sessionOf(request, instance);
        if (Array.isArray(body)) return await answerBatch({ ...exchange, conversation: silent }, body, request, reply);
        const message = readMessage(body);
        if (message.kind === 'response') {
          exchange.session?.take(message.body);
          return reply.code(202).send();
        }
        const era = judge(message, request.headers);
        if (message.kind === 'notification') {
          if (message.method === 'notifications/cancelled') cancel(exchange.session, message.params.requestId);
          return reply.code(202).send();
        }
        if (era.era === 'modern' && message.method === 'subscriptions/listen') {
          subscriptions.open(instance, credential, message, reply);
          return reply;
        }
        if (message.method === 'initialize' && era.era === 'legacy' && hasRemotes(instance)) {
          // Lists are then read in the manner of the session that is about to be.
          exchange.session = await sessions.create(instance.id, message.params.capabilities);
          reply.header('mcp-session-id', exchange.session.id);
        }
        conversation.end(resultMessage(message.id, await answerInEra(exchange, message, era, openAnew)));
        return reply;
      } catch (error) {
        const known = toRpcError(error, log);
        if (reply.sent) {
          conversation.end(errorMessage(known, idOf(body)));
          return reply;
        }
        return refuse(reply, known, idOf(body));
      }
    }

    /** Asks the database if the instance is what is remembered of it. */
    async function compareFirst(exchange: Exchange, remembered: Mark, openAnew: () => Promise<void>): Promise<void> {
      if ((await modules.expectations.compare({ instance: remembered, account: null })) === undefined) delete exchange.remembered;
      else await openAnew();
    }

    /** `openAnew`: reads the instance again, where it is not as it was remembered. */
    async function answerInEra(exchange: Exchange, message: RpcRequest, era: Era, openAnew: () => Promise<void>): Promise<JsonObject> {
      const answer = () =>
        era.era === 'modern' ? answerModern(exchange, message, era.clientCapabilities) : answerLegacy(exchange, message);
      try {
        return await answer();
      } catch (error) {
        if (!(error instanceof OutdatedInstance)) throw error;
        await openAnew();
        return answer();
      }
    }

    /** As `handle`, of a message that is known to be a plain call of a tool; it needs no stream. */
    async function answerQuickly({ credential, opened, isNew, body, requestId, log: logger, headers, socket }: QuickCall) {
      const log = logger as unknown as Log;
      const { instance, mark } = opened;
      const compares = comparesItself(instance, body);
      const { conversation, over } = hasRemotes(instance) ? quietConversation(socket) : alone;
      try {
        const exchange = exchangeOf({
          credential,
          instance,
          remembered: compares || !isNew ? mark : undefined,
          conversation,
          requestId,
          log,
          headers,
        });
        const openAnew = async () => {
          credential.forget?.();
          delete exchange.remembered;
          exchange.instance = await judgeUrl(credential);
        };
        if (!compares && exchange.remembered !== undefined) await compareFirst(exchange, exchange.remembered, openAnew);
        const message = readMessage(body) as RpcRequest;
        const era = judge(message, headers);
        return { status: 200, message: resultMessage(message.id, await answerInEra(exchange, message, era, openAnew)) };
      } catch (error) {
        const known = toRpcError(error, log);
        return { status: known.status, message: errorMessage(known, idOf(body)) };
      } finally {
        over();
      }
    }

    if (accounting !== undefined) {
      openQuickWay(scope, {
        accounting,
        route: instanceUrl,
        headers: { 'x-content-type-options': 'nosniff', ...privacy },
        admits: ({ headers, socket }) => admission(headers, socket) === undefined,
        credentialOf: (secret) => credentialOfUrl(modules, secret),
        takes: isQuick,
        answer: answerQuickly,
        refusal(error, logger) {
          const known = toRpcError(isFault(error) ? urlRefusal(error.code) : error, logger as unknown as Log);
          return { status: known.status, message: errorMessage(known, null) };
        },
      });
    }

    /** @throws RpcError 404, which makes a client open a new one */
    async function sessionOf(request: FastifyRequest, instance: OpenInstance): Promise<Session | undefined> {
      const id = headerOf(request.headers, 'mcp-session-id');
      if (id === undefined || !hasRemotes(instance)) return undefined;
      const session = await sessions.find(instance.id, id);
      if (session === undefined) {
        throw new RpcError(404, 'This session is over or was never here; initialize a new one.', {
          status: 404,
          data: { code: 'not_found' },
        });
      }
      return session;
    }

    /** GET opens a session's stream, DELETE ends the session; without one there is nothing to either. */
    async function handleSession(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      const { instance, credential } = request.getDecorator<Admitted>(admitted);
      try {
        const session = await sessionOf(request, instance);
        if (session === undefined) return refuse(reply.header('allow', 'POST'), onlyPost(), null);
        if (request.method === 'GET') {
          subscriptions.openSession(instance, credential, session, reply);
          return reply;
        }
        sessions.end(session.id);
        return reply.code(204).send();
      } catch (error) {
        return refuse(reply, toRpcError(error, request.log as Log), null);
      }
    }

    for (const way of createWaysIn(modules)) {
      const { url } = way;
      scope.route({
        method: 'POST',
        url,
        onRequest: (request, reply, done) => admitMessage(request, reply, way, done),
        handler: (request, reply) => handle(request, reply, way),
      });
      scope.route({
        method: ['GET', 'DELETE'],
        url,
        exposeHeadRoute: false,
        onRequest: async (request, reply) => {
          if (request.headers['mcp-session-id'] !== undefined) return admit(request, reply, way);
          reply.header('allow', 'POST');
          throw onlyPost();
        },
        handler: handleSession,
      });
      scope.route({
        method: otherMethods.filter((method) => method !== 'GET' && method !== 'DELETE'),
        url,
        onRequest: async (_request, reply) => {
          reply.header('allow', 'POST');
          throw onlyPost();
        },
        handler: (request, reply) => handle(request, reply),
      });
    }
    // Clients look for OAuth metadata around any URL. There is none, and the secret in the path is nobody's business.
    for (const url of ['/u/*', '/.well-known/:document/u/*']) {
      scope.route({
        method: ['POST', ...otherMethods],
        url,
        onRequest: async () => {
          throw new RpcError(404, 'There is nothing here.', { status: 404, data: { code: 'not_found' } });
        },
        handler: (request, reply) => handle(request, reply),
      });
    }
  });
}

/**
 * A plain call of a tool: the statement that writes its intent compares the instance that it was prepared with. Everything else
 * asks the database first.
 */
function comparesItself(instance: OpenInstance, body: unknown): boolean {
  if (!isObject(body) || body.method !== 'tools/call' || !isObject(body.params)) return false;
  const { name, requestState } = body.params;
  if (requestState !== undefined || hasRemotes(instance)) return false;
  const called = isSearchMode(instance) ? calledName(body.params) : name;
  return called !== undefined && called !== approvalTool;
}

/** A call of a tool to which nothing is said before its answer, and which is not the second part of one before. */
function isQuick(instance: OpenInstance, body: unknown): body is JsonObject {
  if (!isObject(body) || !('id' in body) || body.method !== 'tools/call' || !isObject(body.params)) return false;
  const { name, requestState, _meta } = body.params;
  if (requestState !== undefined || (isSearchMode(instance) ? calledName(body.params) : name) === approvalTool) return false;
  if (!hasRemotes(instance)) return true;
  // In the era before, a server may say something at any time.
  return isObject(_meta) && metaKey.version in _meta && _meta.progressToken === undefined && _meta[metaKey.logLevel] === undefined;
}

const alone = { conversation: silent, over: () => {} };

function onlyPost(): RpcError {
  return new RpcError(405, 'This MCP endpoint takes POST only; it keeps no sessions.', {
    status: 405,
    data: { code: 'method_not_allowed' },
  });
}

function cancel(session: Session | undefined, requestId: unknown): void {
  if (typeof requestId === 'string' || typeof requestId === 'number') session?.running.get(requestId)?.abort();
}

/** Protocol 2025-03-26 alone has batches. */
async function answerBatch(exchange: Exchange, body: unknown[], request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const version = headerOf(request.headers, 'mcp-protocol-version') ?? versionWithoutHeader;
  if (version !== versionWithoutHeader) {
    if (!supportedVersions.includes(version)) throw unsupportedVersion(version);
    throw invalidBatch('Batches exist in protocol version 2025-03-26 only');
  }
  if (body.length === 0 || body.length > maxBatch) throw invalidBatch(`A batch holds 1 to ${maxBatch} messages`);
  const messages = body.map(readMessage);
  const ids = new Set<unknown>();
  for (const message of messages) {
    if (message.kind === 'response') continue;
    const { _meta } = message.params;
    if (isObject(_meta) && metaKey.version in _meta) throw invalidBatch('A request of the stateless protocol stands alone');
    if (message.kind === 'notification') continue;
    if (message.method === 'initialize') throw invalidBatch('An initialize request stands alone');
    if (ids.has(message.id)) throw invalidBatch('Two requests have the same id');
    ids.add(message.id);
  }
  const requests = messages.filter((message): message is RpcRequest => message.kind === 'request');
  if (requests.length === 0) return reply.code(202).send();
  const answers = await Promise.all(
    requests.map(async (message): Promise<JsonObject> => {
      try {
        return resultMessage(message.id, await answerLegacy(exchange, message));
      } catch (error) {
        return errorMessage(toRpcError(error, exchange.log), message.id);
      }
    }),
  );
  return reply.send(answers);
}

function wrongMediaType(): RpcError {
  const data = { code: 'unsupported_media_type' };
  return new RpcError(errorCode.invalidRequest, 'Send a JSON-RPC message as application/json.', { status: 415, data });
}

function invalidBatch(why: string): RpcError {
  return new RpcError(errorCode.invalidRequest, `${why}.`, { status: 400 });
}

function refuse(reply: FastifyReply, error: RpcError, id: string | number | null): FastifyReply {
  if (error.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer realm="grantway"');
  return reply.code(error.status).send(errorMessage(error, id));
}

/** Fastify's own errors by code. Anything unknown is logged, and said to be ours without a word of it. */
function toRpcError(error: unknown, log: Pick<Log, 'error'>): RpcError {
  if (error instanceof RpcError) return error;
  if (isFault(error) && error.status >= 400 && error.status < 500) {
    const words = `${faults[error.code].title}.`;
    return new RpcError(errorCode.invalidRequest, words, { status: error.status, data: { code: error.code } });
  }
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new RpcError(errorCode.invalidRequest, 'The body is larger than this broker reads.', {
      status: 413,
      data: { code: 'payload_too_large' },
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return wrongMediaType();
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new RpcError(errorCode.invalidRequest, 'The HTTP request is not valid.', { status: statusCode });
  }
  log.error({ err: error }, 'MCP request failed');
  return new RpcError(errorCode.internal, 'Something went wrong on our side.', { status: 500 });
}
