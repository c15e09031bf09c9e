import type { Credential } from '@grantway/connector-kit';
import { Secret as Sealed, type Secret } from '@grantway/contract';
import { type Egress, EgressError } from '@grantway/egress';
import {
  createLegacySession,
  createModernCaller,
  isObject,
  type JsonObject,
  type LegacySession,
  type ModernCaller,
  modernVersion,
  type Party,
  RemoteError,
  RemoteRefusal,
  type RemoteRequest,
  showsModern,
  type Wire,
} from '@grantway/mcp-client';
import type { Sealing } from '@grantway/vault';
import type { Log } from './log.ts';
import { addressOf, type RemoteServer, remoteConnector, remoteHeaderPlace } from './remote-servers.ts';

export type Era = 'modern' | 'legacy';

/** A server, and for whom: sessions and what they hold are never shared between accounts. */
export interface RemoteTarget {
  server: RemoteServer;
  /** Undefined for what is the same for everyone: lists of a server with one header, or none. */
  accountId: string | undefined;
  /** Who uses the account; what it may do ends with it. */
  clientId: string | null;
  /**
   * The last look before a request is sent, after whatever was waited for.
   * @throws Fault where somebody was suspended meanwhile
   */
  mustBeServed?: () => Promise<void>;
  /** The account's credential, where each person has one; looked up anew for every exchange. */
  credential: () => Promise<Secret<Credential>>;
}

/** Which protocol to speak: that of the caller's client where the server has it, so that nothing is translated without need. */
export interface Manner {
  era: Era;
  /** The session of the client at the other end: what it set up at the server belongs to it alone. */
  sessionId?: string | undefined;
}

export interface RemoteLinks {
  eraOf(target: RemoteTarget, manner: Manner, timeoutMs: number): Promise<Era>;
  /** @throws RemoteError, RemoteRefusal, EgressError, NeedsAuthorization */
  request(target: RemoteTarget, manner: Manner, request: RemoteRequest): Promise<JsonObject>;
  modern(target: RemoteTarget): ModernCaller;
  legacy(target: RemoteTarget, manner: Manner, party: Party): LegacySession;
  /** A client's session is over: so are its sessions at servers. */
  endSession(sessionId: string): void;
  close(): Promise<void>;
}

interface Verdict {
  modern?: boolean;
  legacy?: boolean;
  /** When something was found missing; servers learn. */
  atMs: number;
}

interface Kept {
  session: LegacySession;
  target: RemoteTarget;
  clientSessionId: string | undefined;
  usedAtMs: number;
  running: number;
}

const rejudgeMs = 10 * 60_000;
const idleMs = 10 * 60_000;
const maxSessions = 2000;

export function createRemoteLinks(deps: { egress: Egress; sealing: Sealing; version: string; log: Log }): RemoteLinks {
  const clientInfo = { name: 'grantway', title: 'Grantway', version: deps.version };
  const verdicts = new Map<string, Verdict>();
  const probes = new Map<string, Promise<boolean>>();
  const sessions = new Map<string, Kept>();
  const sweep = setInterval(() => {
    const now = Date.now();
    for (const [key, kept] of sessions) if (kept.running === 0 && now - kept.usedAtMs > idleMs) drop(key, kept);
    for (const [key, verdict] of verdicts) if (now - verdict.atMs > rejudgeMs) verdicts.delete(key);
  }, 60_000).unref();

  function wireOf(target: RemoteTarget): Wire {
    const { server } = target;
    const connector = remoteConnector(server.settings, server.connectionName, true);
    const address = addressOf(server.settings);
    return async ({ method, headers, json, ...options }) => {
      const credential = await credentialOf(target);
      return deps.egress.converse(
        { connector, fields: {}, sandbox: false },
        { method, ...address, headers, ...(json === undefined ? {} : { json }) },
        credential,
        { ...options, ...(options.signal === undefined ? {} : { signal: options.signal }) } as Parameters<Egress['converse']>[3],
      );
    };
  }

  async function credentialOf({ server, credential }: RemoteTarget): Promise<Secret<Credential>> {
    if (server.settings.credential === 'user') return credential();
    if (server.settings.credential === 'none') return new Sealed<Credential>({ kind: 'none', fields: {} });
    if (server.headerCt === null) throw new RemoteRefusal({ status: 401, headers: {} });
    const place = { environmentId: server.environmentId, id: server.connectionId, generation: server.headerGeneration };
    return deps.sealing.open<Credential>(remoteHeaderPlace(place), server.headerCt);
  }

  const modern = (target: RemoteTarget) => createModernCaller(wireOf(target), clientInfo);

  function drop(key: string, kept: Kept): void {
    sessions.delete(key);
    void kept.session.close();
  }

  function keyOf({ server, accountId, clientId }: RemoteTarget, { sessionId }: Manner, party: Party): string {
    const owner = accountId === undefined ? [] : [accountId, clientId];
    return JSON.stringify([server.key, owner, sessionId ?? '', party.capabilities]);
  }

  function legacyKept(target: RemoteTarget, manner: Manner, party: Party): Kept {
    const key = keyOf(target, manner, party);
    let kept = sessions.get(key);
    if (kept === undefined) {
      // The least recently used one that rests makes room.
      if (sessions.size >= maxSessions) {
        for (const [other, old] of sessions) {
          if (old.running > 0) continue;
          drop(other, old);
          break;
        }
      }
      const session = createLegacySession(wireOf(target), { clientInfo, capabilities: party.capabilities });
      kept = { session, target, clientSessionId: manner.sessionId, usedAtMs: 0, running: 0 };
    }
    kept.usedAtMs = Date.now();
    sessions.delete(key);
    sessions.set(key, kept);
    return kept;
  }

  function remember(key: string, found: Omit<Verdict, 'atMs'>): void {
    verdicts.set(key, { ...verdicts.get(key), ...found, atMs: Date.now() });
  }

  /** One probe at a time for each server and account; callers that come meanwhile share it. */
  function probe(era: Era, target: RemoteTarget, manner: Manner, timeoutMs: number): Promise<boolean> {
    const key = `${era} ${keyOf(target, manner, { capabilities: {} })}`;
    let running = probes.get(key);
    if (running === undefined) {
      running = (era === 'modern' ? probeModern(target, timeoutMs) : probeLegacy(target, manner, timeoutMs)).finally(() =>
        probes.delete(key),
      );
      probes.set(key, running);
    }
    return running;
  }

  async function probeModern(target: RemoteTarget, timeoutMs: number): Promise<boolean> {
    let found: boolean;
    try {
      const answer = await modern(target).request({
        method: 'server/discover',
        params: {},
        party: { capabilities: {} },
        timeoutMs,
        onNotification: () => {},
      });
      found = Array.isArray(answer.supportedVersions) && answer.supportedVersions.includes(modernVersion);
    } catch (error) {
      if (!isEvidence(error)) throw error;
      found = showsModern(error);
    }
    remember(target.server.key, { modern: found });
    return found;
  }

  async function probeLegacy(target: RemoteTarget, manner: Manner, timeoutMs: number): Promise<boolean> {
    let found = true;
    try {
      await legacyKept(target, manner, { capabilities: {} }).session.opened(timeoutMs);
    } catch (error) {
      if (!isEvidence(error)) throw error;
      found = false;
    }
    remember(target.server.key, { legacy: found });
    return found;
  }

  async function eraOf(target: RemoteTarget, manner: Manner, timeoutMs: number): Promise<Era> {
    const wanted = manner.era;
    const other: Era = wanted === 'modern' ? 'legacy' : 'modern';
    const known = verdicts.get(target.server.key);
    const has = known?.[wanted] ?? (await probe(wanted, target, manner, timeoutMs));
    return has ? wanted : other;
  }

  return {
    eraOf,
    modern,
    legacy: (target, manner, party) => legacyKept(target, manner, party).session,

    async request(target, manner, request) {
      const era = await eraOf(target, manner, request.timeoutMs).catch(nothingSent);
      const sent = { ...request, beforeSend: target.mustBeServed };
      if (era === 'modern') return modern(target).request(sent);
      const kept = legacyKept(target, manner, request.party);
      kept.running++;
      try {
        await kept.session.opened(request.timeoutMs).catch(nothingSent);
        return await kept.session.request(sent);
      } finally {
        kept.running--;
        kept.usedAtMs = Date.now();
      }
    },

    endSession(sessionId) {
      for (const [key, kept] of sessions) if (kept.clientSessionId === sessionId) drop(key, kept);
    },

    async close() {
      clearInterval(sweep);
      const all = [...sessions.values()];
      sessions.clear();
      await Promise.all(all.map(({ session }) => session.close()));
    },
  };
}

/** What fails before the request itself is on its way has done nothing, whatever the request would do. */
function nothingSent(error: unknown): never {
  if (error instanceof EgressError) throw new EgressError(error.kind, false, error.message, error);
  if (error instanceof RemoteRefusal && error.kind === 'unavailable') throw new RemoteRefusal({ status: 503, headers: {} });
  throw error;
}

/** Whether a failure tells something of the protocol: who is not let in, or finds nobody at home, has learned nothing. */
function isEvidence(error: unknown): boolean {
  if (error instanceof RemoteError) return true;
  return error instanceof RemoteRefusal && ['gone', 'refused', 'unreadable'].includes(error.kind);
}

export function isComplete(result: JsonObject): boolean {
  return result.resultType === undefined || result.resultType === 'complete';
}

export function questionsIn(result: JsonObject): Record<string, { method: string; params: JsonObject }> | undefined {
  if (result.resultType !== 'input_required' || !isObject(result.inputRequests)) return undefined;
  const questions: Record<string, { method: string; params: JsonObject }> = {};
  for (const [name, question] of Object.entries(result.inputRequests)) {
    if (!isObject(question) || typeof question.method !== 'string') return undefined;
    questions[name] = { method: question.method, params: isObject(question.params) ? question.params : {} };
  }
  return questions;
}
