import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Manner, Modules, OpenInstance } from '@grantway/core';
import type { FastifyReply } from 'fastify';
import type { CredentialWatch } from './credential-watch.ts';
import type { Credential } from './credentials.ts';
import { fingerprintOf, hasRemotes } from './exposure.ts';
import { errorCode, isObject, type JsonObject, type RequestId, RpcError, type RpcRequest, resultMessage } from './json-rpc.ts';
import { metaKey, serverInfo } from './protocol.ts';
import { type RemoteWatching, watchRemotes } from './remote-watching.ts';
import type { Session } from './sessions.ts';

export interface SubscriptionTimes {
  /** Between two looks at the configs that somebody listens to. */
  pollMs: number;
  /** Between two comments that keep proxies from closing a quiet stream. */
  keepAliveMs: number;
  /** For so long streams stay open while the database cannot be read. */
  blindMs: number;
}

export interface Subscriptions {
  /**
   * Answers `subscriptions/listen` with a stream that lasts until the client goes, the URL is revoked or the broker stops.
   * @throws RpcError invalidParams, internal when too many are open
   */
  open(instance: OpenInstance, credential: Credential, request: RpcRequest, reply: FastifyReply): void;
  /**
   * The stream of a legacy client's session, for the same news.
   * @throws RpcError internal when too many are open
   */
  openSession(instance: OpenInstance, credential: Credential, session: Session, reply: FastifyReply): void;
  /** Ends every stream as the specification wants it: with the request's empty result. */
  close(): void;
}

const maxStreams = 2000;
const maxStreamsPerInstance = 16;
const maxUnsentBytes = 64 * 1024;

interface Stream {
  /** Of the request that opened it; undefined where a session did. */
  id: RequestId | undefined;
  response: ServerResponse;
  wants: Wants;
  watching: RemoteWatching | undefined;
}

interface Wants {
  tools: boolean;
  prompts: boolean;
  resources: boolean;
  uris: readonly string[];
}

interface Watched {
  seen: string;
  streams: Set<Stream>;
  release(): void;
}

/** Streams that tell what changed in what their credential opens, for as long as it does. */
export function createSubscriptions(
  modules: Modules,
  watch: CredentialWatch,
  { keepAliveMs }: Pick<SubscriptionTimes, 'keepAliveMs'>,
): Subscriptions {
  const watched = new Map<string, Watched>();
  let count = 0;
  let closed = false;
  let keepAlive: NodeJS.Timeout | undefined;

  function start(): void {
    keepAlive ??= setInterval(() => {
      for (const { streams } of watched.values()) for (const stream of streams) write(stream, ': keep-alive\n\n');
    }, keepAliveMs).unref();
  }

  function stopWhenIdle(): void {
    if (count > 0) return;
    clearInterval(keepAlive);
    keepAlive = undefined;
  }

  function watchFor(instance: OpenInstance, credential: Credential): Watched {
    const entry: Watched = { seen: versionOf(instance), streams: new Set(), release: () => {} };
    entry.release = watch.hold(credential, {
      seen(current) {
        const now = versionOf(current);
        if (now === entry.seen) return;
        entry.seen = now;
        for (const stream of entry.streams) {
          if (stream.wants.tools) notify(stream, 'notifications/tools/list_changed', {});
          stream.watching?.follow(current);
        }
      },
      ended() {
        for (const stream of entry.streams) end(stream);
      },
    });
    return entry;
  }

  function endAll(): void {
    for (const { streams } of watched.values()) for (const stream of streams) end(stream);
  }

  function add(instance: OpenInstance, credential: Credential, stream: Stream, manner: Manner, capabilities: JsonObject): void {
    const { key } = credential;
    const entry = watched.get(key) ?? watchFor(instance, credential);
    stream.watching = watchRemotes(modules, instance, manner, capabilities, stream.wants, (method, params) =>
      notify(stream, method, params),
    );
    watched.set(key, entry);
    entry.streams.add(stream);
    count++;
    stream.response.on('close', () => {
      stream.watching?.stop();
      entry.streams.delete(stream);
      if (entry.streams.size === 0) {
        entry.release();
        if (watched.get(key) === entry) watched.delete(key);
      }
      count--;
      stopWhenIdle();
    });
    start();
  }

  function mustHaveRoom({ key }: Credential): void {
    if (closed || count >= maxStreams || (watched.get(key)?.streams.size ?? 0) >= maxStreamsPerInstance) {
      throw new RpcError(errorCode.internal, 'Too many subscriptions are open; close one first.');
    }
  }

  return {
    open(instance, credential, request, reply) {
      const { notifications } = request.params;
      if (!isObject(notifications)) throw new RpcError(errorCode.invalidParams, 'params.notifications must be an object.');
      const asked = readWants(notifications);
      // Without remote MCP servers there are tools, and nothing else that could change.
      const isRemote = hasRemotes(instance);
      const wants = isRemote ? asked : { ...asked, prompts: false, resources: false, uris: [] };
      const wanted = wants.tools || wants.prompts || wants.resources || wants.uris.length > 0;
      if (wanted) mustHaveRoom(credential);
      const stream: Stream = { id: request.id, response: begin(reply), wants, watching: undefined };
      notify(stream, 'notifications/subscriptions/acknowledged', {
        notifications: {
          ...(wants.tools ? { toolsListChanged: true } : {}),
          ...(wants.prompts ? { promptsListChanged: true } : {}),
          ...(wants.resources ? { resourcesListChanged: true } : {}),
          ...(wants.uris.length > 0 ? { resourceSubscriptions: wants.uris } : {}),
        },
      });
      // What is not offered will never be notified: there is nothing to stay open for.
      if (!wanted) return end(stream);
      add(instance, credential, stream, { era: 'modern' }, {});
    },
    openSession(instance, credential, session, reply) {
      mustHaveRoom(credential);
      const wants = { tools: true, prompts: true, resources: true, uris: [...session.uris] };
      const stream: Stream = { id: undefined, response: begin(reply), wants, watching: undefined };
      write(stream, ': listening\n\n');
      add(instance, credential, stream, { era: 'legacy', sessionId: session.id }, session.capabilities);
      session.onUris = () => {
        stream.wants = { ...stream.wants, uris: [...session.uris] };
        stream.watching?.want(stream.wants);
      };
      const own = session.onUris;
      stream.response.on('close', () => {
        if (session.onUris === own) session.onUris = undefined;
      });
    },
    close() {
      closed = true;
      endAll();
    },
  };
}

function begin(reply: FastifyReply): ServerResponse {
  reply.hijack();
  const headers = reply.getHeaders() as OutgoingHttpHeaders;
  // A kept connection would hold up a broker that stops for as long as idle connections live.
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' });
  return reply.raw;
}

/** @throws RpcError invalidParams */
function readWants(notifications: JsonObject): Wants {
  for (const name of ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged']) {
    if (notifications[name] !== undefined && typeof notifications[name] !== 'boolean') {
      throw new RpcError(errorCode.invalidParams, `params.notifications.${name} must be true or false.`);
    }
  }
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions: uris = [] } = notifications;
  if (!Array.isArray(uris) || uris.length > 500 || uris.some((uri) => typeof uri !== 'string')) {
    throw new RpcError(errorCode.invalidParams, 'params.notifications.resourceSubscriptions must be a list of at most 500 addresses.');
  }
  return {
    tools: toolsListChanged === true,
    prompts: promptsListChanged === true,
    resources: resourcesListChanged === true,
    uris: uris as string[],
  };
}

function versionOf(instance: OpenInstance): string {
  return `${instance.configVersion} ${fingerprintOf(instance)} ${JSON.stringify(instance.accounts)}`;
}

function notify(stream: Stream, method: string, params: JsonObject): void {
  const { id } = stream;
  if (id !== undefined) writeMessage(stream, { jsonrpc: '2.0', method, params: { ...params, _meta: { [metaKey.subscriptionId]: id } } });
  else writeMessage(stream, { jsonrpc: '2.0', method, ...(Object.keys(params).length === 0 ? {} : { params }) });
}

function end(stream: Stream): void {
  // A session's stream simply ends.
  if (stream.id === undefined) return void stream.response.end();
  const _meta = { [metaKey.subscriptionId]: stream.id, [metaKey.serverInfo]: serverInfo };
  writeMessage(stream, resultMessage(stream.id, { resultType: 'complete', _meta }));
  stream.response.end();
}

function writeMessage(stream: Stream, message: JsonObject): void {
  write(stream, `event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

/** A client that does not read is let go, rather than kept in memory. */
function write({ response }: Stream, text: string): void {
  if (!response.writable) return;
  if (response.writableLength > maxUnsentBytes) response.destroy();
  else response.write(text);
}
