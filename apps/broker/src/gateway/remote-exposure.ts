import { remoteTool } from '@grantway/connector-kit';
import type { AccountOwner } from '@grantway/contract';
import {
  type ExposedTool,
  ensureRemoteAccount,
  exposeConnecting,
  exposeRemoteTool,
  type MappedConnection,
  type Modules,
  type OpenInstance,
  placeOf,
  type RemoteCatalog,
  type RemoteServer,
  type RemoteTarget,
  remotePrefix,
  shownName,
} from '@grantway/core';
import { NeedsAuthorization } from '@grantway/vault';
import type { JsonObject } from './json-rpc.ts';
import { isObject } from './json-rpc.ts';

/** One remote MCP server as one instance sees it. */
export interface RemoteView {
  server: RemoteServer;
  /** What stands before its names; undefined where a config shows them as they are. */
  prefix: string | undefined;
  /** The tools that the config names; empty means all. */
  allowed: readonly string[];
  /** Prompts and resources belong to a config that takes the server whole; one that names tools, or a client restricted to some, means those. */
  whole: boolean;
  accountOwner: AccountOwner;
  accountChoice: boolean;
  catalog: RemoteCatalog | undefined;
  /** The lists can be seen only by who has connected an account. */
  needsAccount: boolean;
  /** Changes with what is shown. */
  version: string;
}

export type RemoteViews = (instance: OpenInstance, era: 'modern' | 'legacy') => Promise<RemoteView[]>;

export function createRemoteExposures(modules: Modules): RemoteViews {
  return (instance, era) =>
    // Side by side: who is slow holds up nobody but himself, and nobody for long.
    Promise.all(
      instance.mappings.flatMap((mapping) =>
        mapping.remote === undefined ? [] : [viewOf(modules, instance, mapping, mapping.remote, era)],
      ),
    );
}

type Frame = Pick<RemoteView, 'server' | 'prefix' | 'allowed' | 'whole' | 'accountOwner' | 'accountChoice'>;

function frameOf({ onlyTools }: OpenInstance, mapping: MappedConnection, server: RemoteServer): Frame {
  const { accountOwner, accountChoice } = mapping;
  const prefix = mapping.names === 'as_is' ? undefined : remotePrefix(mapping.connectionName);
  return { server, prefix, allowed: mapping.tools, whole: mapping.tools.length === 0 && onlyTools === null, accountOwner, accountChoice };
}

/** The servers of a config, without a look at what they offer. */
export function viewsFor(instance: OpenInstance): Frame[] {
  return instance.mappings.flatMap((mapping) => (mapping.remote === undefined ? [] : [frameOf(instance, mapping, mapping.remote)]));
}

async function viewOf(
  modules: Modules,
  instance: OpenInstance,
  mapping: MappedConnection,
  server: RemoteServer,
  era: 'modern' | 'legacy',
): Promise<RemoteView> {
  const view = frameOf(instance, mapping, server);
  try {
    const catalog = await firstOf(await listTargetsOf(modules, instance, mapping, server), (target) =>
      modules.remotes.catalogs.get(target, { era }),
    );
    return { ...view, catalog, needsAccount: false, version: `${server.key}:${catalog?.version ?? 'none'}` };
  } catch (error) {
    if (error instanceof NeedsAuthorization) return { ...view, catalog: undefined, needsAccount: true, version: `${server.key}:account` };
    modules.log.warn({ reason: (error as Error).message, connection: server.connectionName }, 'could not look at a remote MCP server');
    return { ...view, catalog: undefined, needsAccount: false, version: `${server.key}:none` };
  }
}

/** Where a call may name an account, the default one may not be connected while another is. */
async function listTargetsOf(
  modules: Modules,
  instance: OpenInstance,
  { accountChoice, connectionId }: MappedConnection,
  server: RemoteServer,
): Promise<RemoteTarget[]> {
  const usual = await listTargetOf(modules, instance, server);
  if (!accountChoice || usual.accountId === undefined) return [usual];
  const others = instance.accounts.filter((account) => account.connectionId === connectionId && account.id !== usual.accountId);
  return [usual, ...others.map(({ id }) => modules.remotes.listTarget(server, id, instance.clientId))];
}

/** @throws NeedsAuthorization where none of the accounts is connected */
async function firstOf<T>(targets: readonly RemoteTarget[], look: (target: RemoteTarget) => Promise<T>): Promise<T> {
  for (const [i, target] of targets.entries()) {
    try {
      return await look(target);
    } catch (error) {
      if (!(error instanceof NeedsAuthorization) || i === targets.length - 1) throw error;
    }
  }
  throw new Error('there is no account to look with');
}

/** For lists: an account is looked for only where each person has one. */
export async function listTargetOf(modules: Modules, instance: OpenInstance, server: RemoteServer): Promise<RemoteTarget> {
  const accountId = server.settings.credential === 'user' ? await accountOf(modules, instance, server) : undefined;
  return modules.remotes.listTarget(server, accountId, instance.clientId);
}

/** For everything that is the account's own. */
export async function callTargetOf(modules: Modules, instance: OpenInstance, server: RemoteServer): Promise<RemoteTarget> {
  return modules.remotes.target(server, await accountOf(modules, instance, server), instance);
}

async function accountOf(modules: Modules, instance: OpenInstance, server: RemoteServer): Promise<string> {
  const mapping = instance.mappings.find(({ connectionId }) => connectionId === server.connectionId);
  const ownerId = mapping?.accountOwner === 'organization' ? null : instance.userId;
  const account = await modules.db.inEnvironment(instance.environmentId, (tx) =>
    ensureRemoteAccount(modules, tx, server, ownerId, instance.id),
  );
  return account.id;
}

export function remoteTools(view: RemoteView): (ExposedTool & { definition?: JsonObject })[] {
  if (view.needsAccount) return [exposeConnecting(view)];
  return (view.catalog?.tools ?? [])
    .filter(({ name }) => view.allowed.length === 0 || view.allowed.includes(name))
    .map((tool) => exposeRemoteTool(view, tool));
}

/** A request of another kind, in the words of a tool, so that it takes the one way there is: lease, audit, egress. */
export function remoteMethod(view: RemoteView, method: string, params: JsonObject): ExposedTool {
  return {
    ...placeOf(view),
    // A choice is an argument of tools; whatever else is asked is the default account's.
    accountChoice: false,
    name: method,
    tool: remoteTool({ name: method, effect: 'read', idempotent: true, inputSchema: { type: 'object' } }),
    remote: { server: view.server, method, params: () => params },
  };
}

// ---- prompts and resources -------------------------------------------------------------------------------------

export function remotePrompts(views: readonly RemoteView[]): JsonObject[] {
  return merged(
    views.flatMap((view) =>
      view.whole ? (view.catalog?.prompts ?? []).map((prompt) => ({ ...prompt, name: shownName(view, prompt.name as string) })) : [],
    ),
    'name',
  );
}

export function findPrompt(views: readonly RemoteView[], name: string): { view: RemoteView; name: string } | undefined {
  for (const view of views) {
    const found = view.whole ? view.catalog?.prompts.find((prompt) => shownName(view, prompt.name as string) === name) : undefined;
    if (found !== undefined) return { view, name: found.name as string };
  }
  return undefined;
}

export function remoteResources(views: readonly RemoteView[], kind: 'resources' | 'templates'): JsonObject[] {
  const member = kind === 'resources' ? 'uri' : 'uriTemplate';
  return merged(
    views.flatMap((view) =>
      view.whole ? (view.catalog?.[kind] ?? []).map((one) => ({ ...one, [member]: shownUri(view, one[member] as string) })) : [],
    ),
    member,
  );
}

function merged(items: JsonObject[], key: string): JsonObject[] {
  const byKey = new Map<string, JsonObject>();
  for (const item of items) if (!byKey.has(item[key] as string)) byKey.set(item[key] as string, item);
  return [...byKey.values()].sort((a, b) => ((a[key] as string) < (b[key] as string) ? -1 : 1));
}

/** Two servers may use one address: the connection's name stands before the scheme, `docs+file:///a`, where several are shown. */
function shownUri(view: Pick<RemoteView, 'server' | 'prefix'>, uri: string): string {
  return view.prefix === undefined ? uri : `${schemeOf(view)}+${uri}`;
}

/** RFC 3986 section 3.1: a scheme begins with a letter and has no underscore. */
function schemeOf(view: Pick<RemoteView, 'server'>): string {
  const name = view.server.connectionName.replaceAll('_', '.');
  return /^[a-z]/.test(name) ? name : `c.${name}`;
}

export function findResource(views: readonly RemoteView[], uri: string): { view: RemoteView; uri: string } | undefined {
  for (const view of views) {
    if (!view.whole) continue;
    const own = ownUri(view, uri);
    if (own !== undefined) return { view, uri: own };
  }
  return undefined;
}

/** The server's own address for one that is shown here; undefined where it is another server's. */
export function ownUri(view: Pick<RemoteView, 'server' | 'prefix'>, uri: string): string | undefined {
  if (view.prefix === undefined) return uri;
  const scheme = `${schemeOf(view)}+`;
  return uri.startsWith(scheme) ? uri.slice(scheme.length) : undefined;
}

/** A result with the addresses of resources as this endpoint shows them, so that they can be read here. */
export function shownAddresses(view: Pick<RemoteView, 'server' | 'prefix'>, result: JsonObject): JsonObject {
  if (view.prefix === undefined) return result;
  const uriOf = (value: JsonObject) => (typeof value.uri === 'string' ? { ...value, uri: shownUri(view, value.uri) } : value);
  const block = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    if (value.type === 'resource_link') return uriOf(value);
    return value.type === 'resource' && isObject(value.resource) ? { ...value, resource: uriOf(value.resource) } : value;
  };
  const { content, contents, messages } = result;
  return {
    ...result,
    ...(Array.isArray(content) ? { content: content.map(block) } : {}),
    ...(Array.isArray(contents) ? { contents: contents.map((one) => (isObject(one) ? uriOf(one) : one)) } : {}),
    ...(Array.isArray(messages)
      ? { messages: messages.map((one) => (isObject(one) ? { ...one, content: block(one.content) } : one)) }
      : {}),
  };
}
