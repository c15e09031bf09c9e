import { annotations } from '@grantway/connector-kit';
import { accountArgument, type Catalogue, type ExposedTool, exposedTools, type OpenInstance } from '@grantway/core';
import { errorCode, type JsonObject, RpcError } from './json-rpc.ts';

/** What one config's version shows to an agent: derived once, since mappings and connectors decide it alone. */
export interface Exposure {
  /** Changes when the list of tools may have changed. */
  fingerprint: string;
  tools: readonly ExposedTool[];
  byName: ReadonlyMap<string, ExposedTool>;
}

export type Exposures = (instance: OpenInstance) => Promise<Exposure>;

const kept = 500;

export function createExposures(catalogue: Catalogue): Exposures {
  const known = new Map<string, Exposure>();
  return async (instance) => {
    const key = JSON.stringify(instance.mappings);
    const found = known.get(key);
    if (found !== undefined) return found;
    const tools = await exposedTools(catalogue, instance.mappings);
    const exposure = { fingerprint: key, tools, byName: new Map(tools.map((tool) => [tool.name, tool])) };
    // Insertion order makes the first key the oldest.
    if (known.size >= kept) known.delete(known.keys().next().value as string);
    known.set(key, exposure);
    return exposure;
  };
}

export const toolsPerPage = 200;

/**
 * One page of tools/list, in the order of names. The cursor says after which name to go on, so that a config changed
 * between two pages neither repeats nor drops what stayed.
 * @throws RpcError invalidParams
 */
export function listTools(
  exposure: Exposure,
  accounts: OpenInstance['accounts'],
  params: JsonObject,
): { tools: JsonObject[]; nextCursor?: string } {
  const after = readCursor(params.cursor);
  const rest = after === undefined ? exposure.tools : exposure.tools.filter((tool) => tool.name > after);
  const page = rest.slice(0, toolsPerPage);
  const last = page.at(-1);
  return {
    tools: page.map((tool) => present(tool, accounts)),
    ...(rest.length > page.length && last !== undefined ? { nextCursor: Buffer.from(last.name).toString('base64url') } : {}),
  };
}

function readCursor(cursor: unknown): string | undefined {
  if (cursor === undefined) return undefined;
  const name = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : '';
  if (!/^[A-Za-z0-9_]{1,128}$/.test(name)) {
    throw new RpcError(errorCode.invalidParams, 'The cursor is not one of ours; use nextCursor of the page before.');
  }
  return name;
}

function present(
  { name, tool, connector, connectionName, connectionId, accountChoice }: ExposedTool,
  accounts: OpenInstance['accounts'],
): JsonObject {
  const nameable = accountChoice ? accounts.filter((account) => account.connectionId === connectionId) : [];
  // Where several connections have the tool, people see which one this is.
  const title = name === tool.name ? tool.title : `${tool.title} (${connectionName})`;
  return {
    name,
    title,
    description: tool.description,
    inputSchema: withAccount(tool.inputSchema(), connector.name, nameable),
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
  return { ...schema, properties: { ...(schema.properties as JsonObject), [accountArgument]: argument } };
}
