import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type JsonObject, messageText, WrittenResult } from './json-rpc.ts';

/**
 * The answer to one request: one JSON object, until something has to be said before the result. Then it becomes a stream
 * of events that ends with the result.
 */
export interface Conversation {
  /** Calls once the client has gone before it has its answer; at once where it is gone. @returns what takes that back */
  whenGone(listener: () => void): () => void;
  /** Whether the client takes a stream at all. */
  readonly canStream: boolean;
  /** Says something before the result; lost where the client takes no stream. */
  say(message: JsonObject): void;
  /** The answer. Nothing can be said after it. */
  end(message: JsonObject, status?: number): void;
}

/** Between two comments that keep proxies from closing a quiet stream. */
const keepAliveMs = 15_000;
const maxUnsentBytes = 4 * 1024 * 1024;

export function createConversation(request: FastifyRequest, reply: FastifyReply): Conversation {
  // Few calls are given up: listeners do, instead of a signal for each to be joined with others.
  const listening = new Set<() => void>();
  let isGone = false;
  const canStream = /\btext\/event-stream\b|\*\/\*/i.test(request.headers.accept ?? '');
  let isStream = false;
  let ended = false;
  let keepAlive: NodeJS.Timeout | undefined;
  const onClose = () => {
    clearInterval(keepAlive);
    if (ended) return;
    isGone = true;
    for (const listener of listening) listener();
    listening.clear();
  };
  reply.raw.on('close', onClose);

  function write(message: JsonObject): void {
    const { raw } = reply;
    if (!raw.writable) return;
    // A client that does not read is let go, rather than kept in memory.
    if (raw.writableLength > maxUnsentBytes) raw.destroy();
    else raw.write(`event: message\ndata: ${messageText(message)}\n\n`);
  }

  return {
    whenGone(listener) {
      if (isGone) listener();
      else listening.add(listener);
      return () => listening.delete(listener);
    },
    canStream,
    say(message) {
      if (!canStream || ended) return;
      if (!isStream) {
        isStream = true;
        reply.hijack();
        const headers = reply.getHeaders() as OutgoingHttpHeaders;
        reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
        keepAlive = setInterval(() => {
          if (reply.raw.writable) reply.raw.write(': keep-alive\n\n');
        }, keepAliveMs).unref();
      }
      write(message);
    },
    end(message, status = 200) {
      if (ended) return;
      ended = true;
      if (!isStream) {
        if (message.result instanceof WrittenResult)
          void reply.code(status).type('application/json; charset=utf-8').send(messageText(message));
        else void reply.code(status).send(message);
        return;
      }
      write(message);
      reply.raw.end();
    },
  };
}

/** For messages of a batch, which has one answer. */
export const silent: Conversation = { whenGone: () => () => {}, canStream: false, say: () => {}, end: () => {} };

/** Of one request to which nothing is said before its answer. `over`: the answer is made, and nobody goes before it any more. */
export function quietConversation(socket: Socket): { conversation: Conversation; over(): void } {
  let listening: Set<() => void> | undefined;
  const onClose = () => {
    for (const listener of listening as Set<() => void>) listener();
  };
  return {
    conversation: {
      ...silent,
      whenGone(listener) {
        if (socket.destroyed) listener();
        else if (listening === undefined) {
          listening = new Set([listener]);
          socket.once('close', onClose);
        } else listening.add(listener);
        return () => listening?.delete(listener);
      },
    },
    over: () => {
      if (listening !== undefined) socket.off('close', onClose);
    },
  };
}
