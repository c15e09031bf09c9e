import { annotations } from '@grantway/connector-kit';
import {
  accountArgument,
  allowedTools,
  deniesReads,
  type ExposedTool,
  exposedTools,
  type Modules,
  type OpenInstance,
  permits,
  policyKey,
  realName,
} from '@grantway/core';
import { errorCode, type JsonObject, RpcError } from './json-rpc.ts';
import { createRemoteExposures, type RemoteView, remoteTools } from './remote-exposure.ts';

/** What one config's version shows to an agent: derived once, since mappings, policy, connectors and servers' lists decide it alone. */
export interface Exposure {
  /** Changes when the list of tools may have changed. */
  fingerprint: string;
  tools: readonly ExposedTool[];
  byName: ReadonlyMap<string, ExposedTool>;
  /** The tool that a call means: one that is shown by this name, else the one whose other name it is. */
  find(name: string): ExposedTool | undefined;
  /** The remote MCP servers among the config's connections, in the config's order. */
  remotes: readonly RemoteView[];
}

/** `era`: that of the asking client; a server of both eras may offer other tools in each. */
export type Exposures = (instance: OpenInstance, era: 'modern' | 'legacy') => Exposure | Promise<Exposure>;

const kept = 500;

export function createExposures(modules: Modules): Exposures {
  const known = new Map<string, Exposure>();
  const remoteViews = createRemoteExposures(modules);

  function keep(key: string, exposure: Exposure): Exposure {
    // Insertion order makes the first key the oldest.
    if (known.size >= kept) known.delete(known.keys().next().value as string);
    known.set(key, exposure);
    return exposure;
  }

  function named(shown: ReadonlyMap<string, ExposedTool>): Pick<Exposure, 'byName' | 'find'> {
    const byAlias = (name: string) => {
      const found = shown.get(realName(modules.catalogue, name));
      // Other names are of our connectors' tools; a server may show one of its own by the name of one of ours.
      return found?.remote === undefined ? found : undefined;
    };
    return { byName: shown, find: (name) => shown.get(name) ?? byAlias(name) };
  }

  async function derived(key: string, instance: OpenInstance): Promise<Exposure> {
    const tools = allowedTools(instance, await exposedTools(modules.catalogue, instance.mappings)).filter((tool) =>
      permits(instance, tool),
    );
    return keep(key, { fingerprint: key, tools, ...named(byName(tools)), remotes: [] });
  }

  function local(instance: OpenInstance): Exposure | Promise<Exposure> {
    const key = fingerprintOf(instance);
    return known.get(key) ?? derived(key, instance);
  }

  return (instance, era) => (hasRemotes(instance) ? withRemotes(instance, era) : local(instance));

  async function withRemotes(instance: OpenInstance, era: 'modern' | 'legacy'): Promise<Exposure> {
    const own = await local(instance);
    const views = await remoteViews(instance, era);
    const remotes = deniesReads(instance) ? views.map((view) => ({ ...view, whole: false })) : views;
    const key = `${own.fingerprint} ${remotes.map((view) => view.version).join(' ')}`;
    const found = known.get(key);
    // What the servers' lists show is the same for everyone who sees these versions; whose account is asked is not.
    if (found !== undefined) return { ...found, remotes };
    const merged = new Map(own.byName);
    for (const tool of allowedTools(instance, remotes.flatMap(remoteTools))) {
      if (!merged.has(tool.name) && permits(instance, tool)) merged.set(tool.name, tool);
    }
    const tools = [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return keep(key, { fingerprint: key, tools, ...named(merged), remotes });
  }
}

export function hasRemotes(instance: OpenInstance): boolean {
  return instance.mappings.some((mapping) => mapping.remote !== undefined);
}

// An instance that is remembered comes with many calls.
const fingerprints = new WeakMap<OpenInstance, string>();

/** Changes when the config or one of its connections does, and with the grant, not with what servers offer. */
export function fingerprintOf(instance: OpenInstance): string {
  const known = fingerprints.get(instance);
  if (known !== undefined) return known;
  const fingerprint = madeFingerprint(instance);
  fingerprints.set(instance, fingerprint);
  return fingerprint;
}

function madeFingerprint(instance: OpenInstance): string {
  const mappings = instance.mappings.map(({ remote, ...mapping }) => (remote === undefined ? mapping : { ...mapping, key: remote.key }));
  const only = instance.onlyTools === null ? null : [...instance.onlyTools];
  return `${policyKey(instance)} ${JSON.stringify([only, mappings])}`;
}

function byName(tools: readonly ExposedTool[]): Map<string, ExposedTool> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

export const itemsPerPage = 200;

/** One page of tools/list, in the order of names. @throws RpcError invalidParams */
export function listTools(
  exposure: Exposure,
  accounts: OpenInstance['accounts'],
  params: JsonObject,
): { tools: JsonObject[]; nextCursor?: string } {
  const { page, ...next } = pageOf(exposure.tools, (tool) => tool.name, params);
  return { tools: page.map((tool) => presentTool(tool, accounts)), ...next };
}

/**
 * One page of a list in the order of its keys. The cursor says after which key to go on, so that a list changed between
 * two pages neither repeats nor drops what stayed.
 * @throws RpcError invalidParams
 */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, params: JsonObject): { page: T[]; nextCursor?: string } {
  const after = readCursor(params.cursor);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, itemsPerPage);
  const last = page.at(-1);
  return {
    page,
    ...(rest.length > page.length && last !== undefined ? { nextCursor: Buffer.from(cursorMark + keyOf(last)).toString('base64url') } : {}),
  };
}

const cursorMark = 'after ';

function readCursor(cursor: unknown): string | undefined {
  if (cursor === undefined) return undefined;
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : '';
  if (!text.startsWith(cursorMark) || Buffer.from(text).toString('base64url') !== cursor) {
    throw new RpcError(errorCode.invalidParams, 'The cursor is not one of ours; use nextCursor of the page before.');
  }
  return text.slice(cursorMark.length);
}

/** A tool's definition, as MCP clients read it. */
export function presentTool(
  {
    name,
    tool,
    connector,
    connectionName,
    connectionId,
    accountChoice,
    definition,
    inputSchema,
  }: ExposedTool & { definition?: JsonObject },
  accounts: OpenInstance['accounts'],
): JsonObject {
  const nameable = accountChoice ? accounts.filter((account) => account.connectionId === connectionId) : [];
  // A server's own words are passed on as they are.
  if (definition !== undefined) {
    return {
      name,
      ...definition,
      inputSchema: withAccount(inputSchema ?? (definition.inputSchema as JsonObject), connectionName, nameable),
    };
  }
  // Where several connections have the tool, people see which one this is.
  const title = name === tool.name ? tool.title : `${tool.title} (${connectionName})`;
  return {
    name,
    title,
    description: tool.description,
    inputSchema: withAccount(inputSchema ?? tool.inputSchema(), connector.name, nameable),
    outputSchema: tool.outputSchema(),
    annotations: { ...annotations(tool), title },
  };
}

/** Without an account that has a name there is nothing to choose from. */
function withAccount(schema: JsonObject, connectorName: string, nameable: OpenInstance['accounts']): JsonObject {
  if (nameable.length === 0) return schema;
  const usual = nameable.find((account) => account.default)?.label;
  const description = `Which ${connectorName} account to use. ${usual === undefined ? 'Default: one that is not connected yet' : `Default: ${usual}`}`;
  const argument = { type: 'string', enum: nameable.map((account) => account.label), description };
  return { ...schema, properties: { ...(schema.properties as JsonObject | undefined), [accountArgument]: argument } };
}
