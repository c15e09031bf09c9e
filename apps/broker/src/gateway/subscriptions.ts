import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { isFault } from '@grantway/contract';
import { type Modules, type OpenInstance, openInstance } from '@grantway/core';
import type { FastifyReply } from 'fastify';
import { errorCode, isObject, type JsonObject, type RequestId, RpcError, type RpcRequest, resultMessage } from './json-rpc.ts';
import { metaKey, serverInfo } from './protocol.ts';

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
  open(instance: OpenInstance, token: string, request: RpcRequest, reply: FastifyReply): void;
  /** Ends every stream as the specification wants it: with the request's empty result. */
  close(): void;
}

const maxStreams = 2000;
const maxStreamsPerInstance = 16;
const maxUnsentBytes = 64 * 1024;

interface Stream {
  id: RequestId;
  response: ServerResponse;
}

interface Watched {
  seen: string;
  streams: Set<Stream>;
}

/**
 * One loop for all streams: it opens each instance that somebody listens to again, one after the other, so that any
 * number of listeners costs one query at a time. Revocation and suspension end a stream the same way.
 */
export function createSubscriptions(modules: Modules, times: SubscriptionTimes): Subscriptions {
  const watched = new Map<string, Watched>();
  let count = 0;
  let closed = false;
  let lookedAt = performance.now();
  let poll: NodeJS.Timeout | undefined;
  let keepAlive: NodeJS.Timeout | undefined;

  function start(): void {
    if (keepAlive !== undefined) return;
    lookedAt = performance.now();
    keepAlive = setInterval(() => {
      for (const { streams } of watched.values()) for (const stream of streams) write(stream, ': keep-alive\n\n');
    }, times.keepAliveMs).unref();
    scheduleLook();
  }

  function stopWhenIdle(): void {
    if (count > 0) return;
    clearInterval(keepAlive);
    clearTimeout(poll);
    keepAlive = poll = undefined;
  }

  function scheduleLook(): void {
    poll = setTimeout(async () => {
      await look();
      if (poll !== undefined) scheduleLook();
    }, times.pollMs).unref();
  }

  async function look(): Promise<void> {
    for (const [token, entry] of watched) {
      try {
        const now = versionOf(await openInstance(modules, token));
        if (now === entry.seen) continue;
        entry.seen = now;
        for (const stream of entry.streams) notify(stream, 'notifications/tools/list_changed', {});
      } catch (error) {
        if (!isFault(error)) {
          modules.log.warn({ err: error }, 'could not look for changed configs');
          // Who cannot learn that somebody was suspended must not go on serving him.
          if (performance.now() - lookedAt > times.blindMs) endAll();
          return;
        }
        for (const stream of entry.streams) end(stream);
      }
    }
    lookedAt = performance.now();
  }

  function endAll(): void {
    for (const { streams } of watched.values()) for (const stream of streams) end(stream);
  }

  return {
    open(instance, token, request, reply) {
      const { notifications } = request.params;
      if (!isObject(notifications)) throw new RpcError(errorCode.invalidParams, 'params.notifications must be an object.');
      for (const name of ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged']) {
        if (notifications[name] !== undefined && typeof notifications[name] !== 'boolean') {
          throw new RpcError(errorCode.invalidParams, `params.notifications.${name} must be true or false.`);
        }
      }
      const wanted = notifications.toolsListChanged === true;
      const entry = watched.get(token) ?? { seen: versionOf(instance), streams: new Set<Stream>() };
      if (wanted && (closed || count >= maxStreams || entry.streams.size >= maxStreamsPerInstance)) {
        throw new RpcError(errorCode.internal, 'Too many subscriptions are open; close one first.');
      }
      reply.hijack();
      const stream = { id: request.id, response: reply.raw };
      const headers = reply.getHeaders() as OutgoingHttpHeaders;
      // A kept connection would hold up a broker that stops for as long as idle connections live.
      reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' });
      notify(stream, 'notifications/subscriptions/acknowledged', { notifications: wanted ? { toolsListChanged: true } : {} });
      // What is not offered will never be notified: there is nothing to stay open for.
      if (!wanted) return end(stream);
      watched.set(token, entry);
      entry.streams.add(stream);
      count++;
      reply.raw.on('close', () => {
        entry.streams.delete(stream);
        if (entry.streams.size === 0 && watched.get(token) === entry) watched.delete(token);
        count--;
        stopWhenIdle();
      });
      start();
    },
    close() {
      closed = true;
      endAll();
    },
  };
}

function versionOf(instance: OpenInstance): string {
  return `${instance.configVersion} ${JSON.stringify(instance.mappings)} ${JSON.stringify(instance.accounts)}`;
}

function notify(stream: Stream, method: string, params: JsonObject): void {
  writeMessage(stream, { jsonrpc: '2.0', method, params: { ...params, _meta: { [metaKey.subscriptionId]: stream.id } } });
}

function end(stream: Stream): void {
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
