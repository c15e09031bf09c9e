import { isObject, type JsonObject, type Party } from '@grantway/mcp-client';
import type { Log } from './log.ts';
import { type RemoteTool, readPrompt, readResource, readTool } from './remote-definitions.ts';
import type { Era, Manner, RemoteLinks, RemoteTarget } from './remote-links.ts';

/** What a server offers, in the order of names. */
export interface RemoteCatalog {
  /** Grows with each change of what is in it. */
  version: number;
  tools: readonly RemoteTool[];
  prompts: readonly JsonObject[];
  resources: readonly JsonObject[];
  templates: readonly JsonObject[];
}

export interface RemoteCatalogs {
  /**
   * The server's lists: from memory where they are there, refreshed behind the caller's back; waited for, and not for
   * long, where they are not there or known to have changed. Undefined while the server does not answer.
   * @throws NeedsAuthorization where the account is not connected, and the lists are not there yet
   */
  get(target: RemoteTarget, manner: Manner): Promise<RemoteCatalog | undefined>;
  /** The server said that a list changed: the next reader waits for the new one. */
  invalidate(target: RemoteTarget): void;
}

interface Entry {
  value: RemoteCatalog | undefined;
  text: string;
  staleAtMs: number;
  changed: boolean;
  failedAtMs: number;
  /** It let a reader wait in vain: from then on nobody waits for it, until it has answered. */
  isSlow: boolean;
  fetching: Promise<void> | undefined;
}

const maxEntries = 500;
const maxItems = 1000;
const maxPages = 20;
/** How long a list is taken for fresh: as the server says, within these. */
const ttlMs = { usual: 60_000, least: 5_000, most: 300_000 };
/** How long a reader waits for lists that were never seen, and for ones that changed. */
const firstWaitMs = 5_000;
const changedWaitMs = 2_000;
const leaveAloneMs = 10_000;
const requestTimeoutMs = 10_000;
const nobody: Party = { capabilities: {} };

export function createRemoteCatalogs(links: RemoteLinks, log: Log): RemoteCatalogs {
  const entries = new Map<string, Entry>();
  let versions = 0;
  const keyOf = ({ server, accountId }: RemoteTarget, era: Era) => `${server.key} ${era} ${sharedOr(accountId, server)}`;

  function entryOf(key: string): Entry {
    const entry = entries.get(key) ?? {
      value: undefined,
      text: '',
      staleAtMs: 0,
      changed: false,
      failedAtMs: 0,
      isSlow: false,
      fetching: undefined,
    };
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string);
    return entry;
  }

  function refresh(entry: Entry, target: RemoteTarget, manner: Manner): Promise<void> {
    if (entry.fetching !== undefined) return entry.fetching;
    entry.changed = false;
    entry.fetching = read(target, manner, entry.value)
      .then(({ lists, freshMs }) => {
        const text = JSON.stringify(lists);
        // Unchanged lists stay the very same value, so that what was made of them need not be made again.
        if (entry.value === undefined || text !== entry.text) entry.value = { version: ++versions, ...lists };
        entry.text = text;
        entry.staleAtMs = Date.now() + freshMs;
        entry.failedAtMs = 0;
        entry.isSlow = false;
      })
      .catch((error: unknown) => {
        entry.failedAtMs = Date.now();
        entry.isSlow = true;
        entry.staleAtMs = Date.now() + leaveAloneMs;
        throw error;
      })
      .finally(() => {
        entry.fetching = undefined;
      });
    entry.fetching.catch((err: unknown) => {
      log.warn({ reason: (err as Error).message, connection: target.server.connectionName }, 'could not list a remote MCP server');
    });
    return entry.fetching;
  }

  async function read(target: RemoteTarget, { era }: Manner, before: RemoteCatalog | undefined) {
    // Lists are the same in every session, so one of our own is enough for them.
    const manner: Manner = { era };
    const spoken = await links.eraOf(target, manner, requestTimeoutMs);
    const ask = (method: string, params: JsonObject) =>
      links.request(target, { era: spoken }, { method, params, party: nobody, timeoutMs: requestTimeoutMs, onNotification: () => {} });
    const said =
      spoken === 'modern' ? await ask('server/discover', {}) : await links.legacy(target, { era: spoken }, nobody).opened(requestTimeoutMs);
    const capabilities = isObject(said.capabilities) ? said.capabilities : {};
    let freshMs = ttlMs.usual;

    async function all<T>(offered: boolean, method: string, member: string, one: (value: unknown) => T | undefined): Promise<T[]> {
      const found: T[] = [];
      let cursor: unknown;
      for (let page = 0; offered && page < maxPages && found.length < maxItems; page++) {
        const result = await ask(method, cursor === undefined ? {} : { cursor });
        if (typeof result.ttlMs === 'number') freshMs = Math.min(freshMs, Math.max(ttlMs.least, Math.min(ttlMs.most, result.ttlMs)));
        for (const value of Array.isArray(result[member]) ? result[member] : []) {
          const item = one(value);
          if (item !== undefined && found.length < maxItems) found.push(item);
        }
        cursor = result.nextCursor;
        if (typeof cursor !== 'string') break;
      }
      return found;
    }

    const has = (name: string) => isObject(capabilities[name]);
    const [tools, prompts, resources, templates] = await Promise.all([
      all(has('tools'), 'tools/list', 'tools', readTool),
      // What is beside the tools must not cost them.
      all(has('prompts'), 'prompts/list', 'prompts', readPrompt).catch(() => before?.prompts ?? []),
      all(has('resources'), 'resources/list', 'resources', (v) => readResource(v, 'uri')).catch(() => before?.resources ?? []),
      all(has('resources'), 'resources/templates/list', 'resourceTemplates', (v) => readResource(v, 'uriTemplate')).catch(
        () => before?.templates ?? [],
      ),
    ]);
    const lists = {
      tools: sorted(tools, (tool) => tool.name),
      prompts: sorted(prompts, (prompt) => prompt.name as string),
      resources: sorted(resources, (resource) => resource.uri as string),
      templates: sorted(templates, (template) => template.uriTemplate as string),
    };
    return { lists, freshMs };
  }

  return {
    async get(target, manner) {
      const entry = entryOf(keyOf(target, manner.era));
      const isFresh = Date.now() < entry.staleAtMs && !entry.changed;
      if (entry.value !== undefined && isFresh) return entry.value;
      if (entry.value === undefined && entry.fetching === undefined && Date.now() - entry.failedAtMs < leaveAloneMs && !entry.changed) {
        return undefined;
      }
      const waitMs = entry.isSlow ? 0 : entry.value === undefined ? firstWaitMs : entry.changed ? changedWaitMs : 0;
      // Who is not connected is told so, in the same words as by a call.
      if (entry.value === undefined && target.server.settings.credential === 'user') await target.credential();
      const fetching = refresh(entry, target, manner).catch(() => undefined);
      if (waitMs > 0 && !(await within(fetching, waitMs))) entry.isSlow = true;
      return entry.value;
    },

    invalidate(target) {
      for (const era of ['modern', 'legacy'] as const) {
        const entry = entries.get(keyOf(target, era));
        if (entry !== undefined) entry.changed = true;
      }
    },
  };
}

function sharedOr(accountId: string | undefined, server: RemoteTarget['server']): string {
  return server.settings.credential === 'user' ? (accountId ?? '') : '';
}

/** Equal names come from a server that is wrong; the first one stands. */
function sorted<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(nameOf(item))) byName.set(nameOf(item), item);
  return [...byName.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** Whether the work was done in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
