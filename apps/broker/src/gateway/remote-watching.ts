import type { Manner, Modules, OpenInstance, RemoteServer } from '@grantway/core';
import type { JsonObject } from './json-rpc.ts';
import { callTargetOf, listTargetOf, ownUri, type RemoteView, viewsFor } from './remote-exposure.ts';

export interface RemoteWatching {
  /** The config changed: other servers may be in it. */
  follow(instance: OpenInstance): void;
  want(wants: { uris: readonly string[] }): void;
  stop(): void;
}

/** Listens at the servers of a config for one client, and tells it what it wants to know. */
export function watchRemotes(
  modules: Modules,
  instance: OpenInstance,
  manner: Manner,
  capabilities: JsonObject,
  first: { tools: boolean; prompts: boolean; resources: boolean; uris: readonly string[] },
  tell: (method: string, params: JsonObject) => void,
): RemoteWatching {
  let wants = first;
  let current = instance;
  let stops: (() => void)[] = [];
  /** What is begun for an older state of things is dropped when it is ready. */
  let round = 0;

  async function begin(server: RemoteServer, view: Pick<RemoteView, 'server' | 'prefix' | 'whole'>, own: number): Promise<void> {
    const uris = view.whole ? wants.uris.flatMap((uri) => ownUri(view, uri) ?? []) : [];
    // What a session set up, and what is somebody's own, is heard by its own stream; lists are the same for all.
    const isOwn = manner.sessionId !== undefined || uris.length > 0;
    const lists = await listTargetOf(modules, current, server);
    const target = isOwn ? await callTargetOf(modules, current, server) : lists;
    if (own !== round) return;
    const stop = modules.remotes.watches.watch(target, manner, { capabilities }, uris, {
      onNotification(method, params) {
        const changed = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1] as 'tools' | undefined;
        if (changed !== undefined) {
          modules.remotes.catalogs.invalidate(lists);
          if (wants[changed] && (changed === 'tools' || view.whole)) tell(method, {});
          return;
        }
        if (method !== 'notifications/resources/updated' || typeof params.uri !== 'string') return;
        const shown = wants.uris.find((uri) => ownUri(view, uri) === params.uri);
        if (shown !== undefined) tell(method, { uri: shown });
      },
    });
    stops.push(stop);
  }

  function restart(): void {
    const own = ++round;
    for (const stop of stops) stop();
    stops = [];
    for (const view of viewsFor(current)) {
      begin(view.server, view, own).catch((err: unknown) => {
        modules.log.debug(
          { reason: (err as Error).message, connection: view.server.connectionName },
          'could not listen at a remote MCP server',
        );
      });
    }
  }

  restart();
  return {
    follow(changed) {
      current = changed;
      restart();
    },
    want({ uris }) {
      wants = { ...wants, uris };
      restart();
    },
    stop() {
      round++;
      for (const stop of stops) stop();
      stops = [];
    },
  };
}
