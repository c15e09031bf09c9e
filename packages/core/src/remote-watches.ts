import type { JsonObject, Party } from '@grantway/mcp-client';
import type { Log } from './log.ts';
import type { Manner, RemoteLinks, RemoteTarget } from './remote-links.ts';

export interface RemoteListener {
  /** `notifications/{tools,prompts,resources}/list_changed`, or `notifications/resources/updated`. */
  onNotification(method: string, params: JsonObject): void;
}

export interface RemoteWatches {
  /** Listens to a server for as long as somebody listens here; one stream serves all who want the same. Answers how to stop. */
  watch(target: RemoteTarget, manner: Manner, party: Party, uris: readonly string[], listener: RemoteListener): () => void;
  close(): void;
}

interface Watch {
  listeners: Set<RemoteListener>;
  stop: AbortController;
}

const maxWatches = 200;
const backoffMs = { first: 500, most: 60_000 };

export function createRemoteWatches(links: RemoteLinks, log: Log): RemoteWatches {
  const watches = new Map<string, Watch>();

  async function listen(watch: Watch, target: RemoteTarget, manner: Manner, party: Party, uris: readonly string[]): Promise<void> {
    const { signal } = watch.stop;
    const tell = (method: string, params: JsonObject) => {
      for (const listener of [...watch.listeners]) listener.onNotification(method, params);
    };
    /** What was not heard while nothing was heard must be looked at. */
    const backAgain = () => tell('notifications/tools/list_changed', {});
    for (let failures = 0; !signal.aborted; ) {
      const startedMs = Date.now();
      const missed = failures > 0;
      try {
        if ((await links.eraOf(target, manner, 10_000)) === 'modern') {
          const wanted = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
          const resourceSubscriptions = uris.length === 0 ? {} : { resourceSubscriptions: uris };
          const onNotification = (method: string, params: JsonObject) => {
            if (method !== 'notifications/subscriptions/acknowledged') tell(method, params);
            else if (missed) backAgain();
          };
          await links.modern(target).listen({ ...wanted, ...resourceSubscriptions }, { timeoutMs: 120_000, signal, onNotification });
        } else {
          const session = links.legacy(target, manner, party);
          if (missed) {
            await session.request({ method: 'ping', params: {}, party, timeoutMs: 10_000, signal, onNotification: () => {} });
            backAgain();
          }
          // A session that was opened anew knows nothing of what the one before had asked for; asking twice is harmless.
          for (const uri of uris) {
            const subscribe = {
              method: 'resources/subscribe',
              params: { uri },
              party,
              timeoutMs: 10_000,
              signal,
              onNotification: () => {},
            };
            await session.request(subscribe).catch(() => undefined);
          }
          if (!(await session.listen({ timeoutMs: 300_000, signal, onNotification: tell }))) return;
        }
      } catch (err) {
        if (!signal.aborted)
          log.debug(
            { reason: (err as Error).message, connection: target.server.connectionName },
            'a remote MCP server does not let us listen',
          );
      }
      failures = Date.now() - startedMs > backoffMs.most ? 0 : failures + 1;
      await pause(Math.min(backoffMs.most, backoffMs.first * 2 ** failures) * (0.5 + Math.random() / 2), signal);
    }
  }

  return {
    watch(target, manner, party, uris, listener) {
      const { server, accountId, clientId } = target;
      // Leases are the client's: what listens with one ends with its client.
      const owner = accountId === undefined ? [] : [accountId, clientId];
      const key = JSON.stringify([server.key, owner, manner.era, manner.sessionId ?? '', [...uris].sort()]);
      let watch = watches.get(key);
      if (watch === undefined) {
        // Beyond this, changes are seen when lists age.
        if (watches.size >= maxWatches) return () => {};
        watch = { listeners: new Set(), stop: new AbortController() };
        watches.set(key, watch);
        void listen(watch, target, manner, party, uris);
      }
      const own = watch;
      own.listeners.add(listener);
      return () => {
        own.listeners.delete(listener);
        if (own.listeners.size > 0) return;
        own.stop.abort();
        if (watches.get(key) === own) watches.delete(key);
      };
    },
    close() {
      for (const { stop } of watches.values()) stop.abort();
      watches.clear();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
