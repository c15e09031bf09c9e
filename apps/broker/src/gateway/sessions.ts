import { randomBytes } from 'node:crypto';
import { RemoteError } from '@grantway/mcp-client';
import { type Sealing, sameBytes } from '@grantway/vault';
import type { Conversation } from './conversation.ts';
import { isObject, type JsonObject, type RequestId } from './json-rpc.ts';

/**
 * A session of the legacy era. Only clients of configs with remote MCP servers get one: what needs it is being asked back
 * in the middle of a call, and what a client set up at a server. It lives in this process; but its id says what the client
 * can do, and proves that it is ours, so that a client that comes after a restart, or to another process, is known again:
 * many clients do not open a new session by themselves. What it had set up, it must set up again.
 */
export interface Session {
  readonly id: string;
  readonly instanceId: string;
  /** What the client can be asked, as it declared. */
  readonly capabilities: JsonObject;
  logLevel: string | undefined;
  /** Resources whose changes it wants to hear of, as shown here. */
  readonly uris: Set<string>;
  /** Calls under way, by the client's own ids, so that it can cancel them. */
  readonly running: Map<RequestId, AbortController>;
  /** Called when `uris` changed; set by whoever keeps the session's stream. */
  onUris: (() => void) | undefined;
  /** @throws RemoteError where the client refuses, or goes */
  ask(conversation: Conversation, method: string, params: JsonObject): Promise<JsonObject>;
  /** Takes the client's answer to one of our questions; false where there was none. */
  take(message: JsonObject): boolean;
}

export interface Sessions {
  create(instanceId: string, declared: unknown): Promise<Session>;
  /** Undefined for one that is not ours, has ended here, or is another instance's. */
  find(instanceId: string, id: string): Promise<Session | undefined>;
  end(id: string): void;
  close(): void;
}

const idleMs = 30 * 60_000;
const answerMs = 10 * 60_000;
const maxSessions = 5000;
const maxPerInstance = 64;
const askable = ['sampling', 'elicitation', 'roots'] as const;

/** What may be passed on to servers of what a client declared: what they may ask it. */
export function askableOf(declared: unknown): JsonObject {
  if (!isObject(declared)) return {};
  return Object.fromEntries(askable.flatMap((name) => (isObject(declared[name]) ? [[name, declared[name]]] : [])));
}

/** What an id may say: longer declarations are cut down to what can be asked at all. */
const maxDeclaredBytes = 300;

export function createSessions(sealing: Pick<Sealing, 'mac'>, onEnd: (session: Session) => void): Sessions {
  const ended = new Set<string>();
  const sessions = new Map<string, { session: Session; usedAtMs: number; fail(): void }>();
  const sweep = setInterval(() => {
    const now = Date.now();
    for (const [id, { session, usedAtMs }] of sessions) {
      if (now - usedAtMs > idleMs && session.running.size === 0 && session.onUris === undefined) end(id);
    }
  }, 60_000).unref();

  function end(id: string): void {
    const entry = sessions.get(id);
    if (entry === undefined) return;
    sessions.delete(id);
    entry.fail();
    onEnd(entry.session);
    ended.add(id);
    if (ended.size > maxSessions) ended.delete(ended.values().next().value as string);
  }

  const macOf = async (instanceId: string, body: string) =>
    (await sealing.mac('mcp session', [instanceId, body])).toString('base64url').slice(0, 32);

  function open(instanceId: string, id: string, capabilities: JsonObject): Session {
    const own = [...sessions.values()].filter(({ session }) => session.instanceId === instanceId);
    const oldest = own.length >= maxPerInstance ? own[0] : sessions.size >= maxSessions ? sessions.values().next().value : undefined;
    if (oldest !== undefined) end(oldest.session.id);
    const waiting = new Map<string, { resolve(result: JsonObject): void; reject(error: Error): void }>();
    let asked = 0;
    const session: Session = {
      id,
      instanceId,
      capabilities,
      logLevel: undefined,
      uris: new Set(),
      running: new Map(),
      onUris: undefined,
      ask(conversation, method, params) {
        const question = `ask-${++asked}`;
        if (!conversation.canStream) return Promise.reject(new RemoteError(-32601, 'The client takes no stream to be asked on.'));
        return new Promise<JsonObject>((resolve, reject) => {
          let release = () => {};
          const settle = () => {
            clearTimeout(timer);
            waiting.delete(question);
            release();
          };
          const fail = (error: Error) => {
            settle();
            reject(error);
          };
          const timer = setTimeout(() => fail(new RemoteError(-32603, 'The client did not answer in time.')), answerMs);
          waiting.set(question, {
            resolve: (result) => {
              settle();
              resolve(result);
            },
            reject: fail,
          });
          release = conversation.whenGone(() => fail(new RemoteError(-32603, 'The client went away.')));
          conversation.say({ jsonrpc: '2.0', id: question, method, params });
        });
      },
      take(message) {
        const { id, result, error } = message;
        const question = typeof id === 'string' ? waiting.get(id) : undefined;
        if (question === undefined) return false;
        if (isObject(result)) question.resolve(result);
        else {
          const { code, message: text } = isObject(error) ? error : {};
          const words = typeof text === 'string' ? text.slice(0, 500) : 'The client refused.';
          question.reject(new RemoteError(typeof code === 'number' ? code : -32603, words));
        }
        return true;
      },
    };
    const fail = () => {
      for (const { reject } of [...waiting.values()]) reject(new RemoteError(-32603, 'The session is over.'));
      for (const controller of session.running.values()) controller.abort();
    };
    sessions.set(session.id, { session, usedAtMs: Date.now(), fail });
    return session;
  }

  return {
    async create(instanceId, declared) {
      let capabilities = askableOf(declared);
      let said = JSON.stringify(capabilities);
      if (Buffer.byteLength(said) > maxDeclaredBytes) {
        capabilities = Object.fromEntries(Object.keys(capabilities).map((name) => [name, {}]));
        said = JSON.stringify(capabilities);
      }
      const body = `${randomBytes(18).toString('base64url')}.${Buffer.from(said).toString('base64url')}`;
      return open(instanceId, `${body}.${await macOf(instanceId, body)}`, capabilities);
    },

    async find(instanceId, id) {
      const entry = sessions.get(id);
      if (entry !== undefined) {
        if (entry.session.instanceId !== instanceId) return undefined;
        entry.usedAtMs = Date.now();
        return entry.session;
      }
      const match = /^([\w-]{24}\.([\w-]{2,420}))\.([\w-]{32})$/.exec(id);
      if (match === null || ended.has(id)) return undefined;
      const [, body, said, mac] = match as unknown as [string, string, string, string];
      if (!sameBytes(Buffer.from(mac), Buffer.from(await macOf(instanceId, body)))) return undefined;
      // Another request may have been faster.
      return sessions.get(id)?.session ?? open(instanceId, id, askableOf(JSON.parse(Buffer.from(said, 'base64url').toString('utf8'))));
    },

    end,

    close() {
      clearInterval(sweep);
      for (const id of [...sessions.keys()]) end(id);
    },
  };
}
