import { randomBytes } from 'node:crypto';
import { RemoteError } from '@grantway/mcp-client';
import { isObject, type JsonObject } from './json-rpc.ts';

interface Question {
  method: string;
  params: JsonObject;
  resolve(answer: JsonObject): void;
  reject(error: Error): void;
}

/**
 * A call to a server of the legacy era that asks back, for a client of the stateless one: the call waits here, on this
 * node, while the client takes the question away and comes back with the answer.
 */
export interface ParkedCall<T> {
  /** What it is found by again. */
  readonly id: string;
  /** Ends the call at the server: after its life, or by `stop`. */
  readonly signal: AbortSignal;
  stop(): void;
  ask(method: string, params: JsonObject): Promise<JsonObject>;
  /** What comes first: the call's end, or questions to be carried to the client. */
  next(): Promise<{ kind: 'done'; value: T } | { kind: 'asked'; questions: Record<string, { method: string; params: JsonObject }> }>;
  /** Gives the answers on; those that are missing are asked again. */
  answer(responses: unknown): void;
}

export type Hold = (ended: () => void) => () => void;

export interface ParkedCalls<T> {
  /** `hold` tells when the credential that it was started with has ended: it then waits no longer. */
  start(instanceId: string, digest: () => string, hold: Hold, run: (call: ParkedCall<T>) => Promise<T>): ParkedCall<T>;
  /** The same instance and the very same request, or nothing. */
  find(id: string, instanceId: string, digest: string): ParkedCall<T> | undefined;
  close(): void;
}

const lifeMs = 10 * 60_000;
const maxCalls = 1000;

export function createParkedCalls<T>(): ParkedCalls<T> {
  /** Those that have asked; few ever do. */
  const parked = new Map<string, { call: ParkedCall<T>; instanceId: string; digest: string }>();
  const running = new Set<() => void>();

  return {
    start(instanceId, digest, hold, run) {
      let id: string | undefined;
      const stop = new AbortController();
      const open = new Map<string, Question>();
      let asked = 0;
      let wake: (() => void) | undefined;
      let release: (() => void) | undefined;
      const end = () => {
        stop.abort();
        for (const { reject } of open.values()) reject(new RemoteError(-32603, 'Nobody answered in time.'));
        open.clear();
      };
      const timer = setTimeout(end, lifeMs).unref();
      const call: ParkedCall<T> = {
        get id() {
          id ??= randomBytes(18).toString('base64url');
          return id;
        },
        signal: stop.signal,
        stop: () => stop.abort(),
        ask: (method, params) =>
          new Promise((resolve, reject) => {
            if (!parked.has(call.id)) {
              if (parked.size >= maxCalls) return reject(new RemoteError(-32603, 'Too many calls wait for an answer.'));
              parked.set(call.id, { call, instanceId, digest: digest() });
            }
            release ??= hold(end);
            open.set(`q${++asked}`, { method, params, resolve, reject });
            wake?.();
          }),
        async next() {
          if (open.size === 0) {
            const asking = new Promise<'asked'>((resolve) => {
              wake = () => resolve('asked');
            });
            const first = await Promise.race([done, asking]);
            if (first !== 'asked') return { kind: 'done', value: first };
          }
          const questions = [...open].map(([name, { method, params }]) => [name, { method, params }] as const);
          return { kind: 'asked', questions: Object.fromEntries(questions) };
        },
        answer(responses) {
          for (const [name, question] of open) {
            const response = isObject(responses) ? responses[name] : undefined;
            if (!isObject(response)) continue;
            open.delete(name);
            question.resolve(response);
          }
        },
      };
      running.add(end);
      const done = run(call).finally(() => {
        clearTimeout(timer);
        release?.();
        running.delete(end);
        if (id !== undefined) parked.delete(id);
      });
      // Whoever waits gets it from `next`; a call that nobody came back for ends by itself.
      done.catch(() => undefined);
      return call;
    },

    find(id, instanceId, digest) {
      const entry = parked.get(id);
      return entry?.instanceId === instanceId && entry.digest === digest ? entry.call : undefined;
    },

    close() {
      for (const end of running) end();
    },
  };
}
