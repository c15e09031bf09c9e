import { apiRequestTool, type Connector, goesBy, type Tool, variantOf } from '@grantway/connector-kit';
import { type AccountOwner, Fault } from '@grantway/contract';
import type { ToolMapping } from '@grantway/db';
import type { JsonObject } from '@grantway/mcp-client';
import type { Catalogue } from './ctx.ts';
import type { RemoteServer } from './remote-servers.ts';

/** One tool as an agent sees it, and where its calls go. */
export interface ExposedTool {
  /** The tool's name; with the connection's name behind it where several connections of one config have the tool. */
  name: string;
  tool: Tool;
  connector: Connector;
  connectionId: string;
  connectionName: string;
  accountOwner: AccountOwner;
  /** Whether a call may name one of the owner's accounts. */
  accountChoice: boolean;
  /** The schema of its arguments as a policy leaves it; without it the tool's own. */
  inputSchema?: JsonObject;
  /** Set where a remote MCP server answers: the request that it gets. */
  remote?: {
    server: RemoteServer;
    method: string;
    /** The server's own name of the tool, where one is called. */
    toolName?: string;
    params: (args: Record<string, unknown>) => JsonObject;
    mirrored?: ReadonlyMap<string, string>;
  };
}

/** The tool as its connection's account uses it: authorized as the credential is. @throws Fault connection_not_ready */
export function asAuthorized(exposed: ExposedTool, { authVariant }: { authVariant: string | null }): ExposedTool {
  if (authVariant === null) return exposed;
  const connector = variantOf(exposed.connector, authVariant);
  if (connector === undefined)
    throw new Fault('connection_not_ready', `this build does not know how "${exposed.connectionName}" is authorized`);
  return { ...exposed, connector };
}

export interface MappedConnection {
  connectionId: string;
  connectionName: string;
  connectorId: string;
  /** Empty means all. */
  tools: string[];
  accountOwner: AccountOwner;
  accountChoice: boolean;
  names?: 'as_is';
  remote?: RemoteServer;
}

export function mappedConnection(
  mapping: ToolMapping,
  connection: { id: string; name: string; connector: string },
  remote?: RemoteServer,
): MappedConnection {
  return {
    connectionId: connection.id,
    connectionName: connection.name,
    connectorId: connection.connector,
    tools: mapping.tools,
    accountOwner: mapping.owner ?? 'user',
    accountChoice: mapping.choice ?? false,
    ...(mapping.names === undefined ? {} : { names: mapping.names }),
    ...(remote === undefined ? {} : { remote }),
  };
}

/** Whether a config's mapping names the tool, or all. */
export function isMapped({ tools }: Pick<MappedConnection, 'tools'>, tool: Tool): boolean {
  return tools.length === 0 ? tool.guarded !== true : tools.some((name) => goesBy(tool, name));
}

/** What a config may name of a connector: its tools, and the guarded one. */
export function nameableTools(connector: Connector | undefined): Tool[] {
  return connector === undefined ? [] : [...connector.tools, apiRequestTool(connector)];
}

const maxNameLength = 64;

/**
 * What a config exposes, in the order of names. Two connections of one connector would collide: their tools are told
 * apart by the connection's name, so that no call can go to the wrong account.
 */
export async function exposedTools(catalogue: Catalogue, mappings: readonly MappedConnection[]): Promise<ExposedTool[]> {
  const found: ExposedTool[] = [];
  for (const mapping of mappings) {
    const connector = await catalogue.find(mapping.connectorId);
    for (const tool of nameableTools(connector)) {
      if (!isMapped(mapping, tool)) continue;
      found.push({
        name: tool.name,
        tool,
        connector: connector as Connector,
        connectionId: mapping.connectionId,
        connectionName: mapping.connectionName,
        accountOwner: mapping.accountOwner,
        accountChoice: mapping.accountChoice,
      });
    }
  }
  const uses = new Map<string, number>();
  for (const { name } of found) uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const exposed of found) {
    if ((uses.get(exposed.tool.name) ?? 0) > 1) exposed.name = `${exposed.tool.name}__${exposed.connectionName.replaceAll('-', '_')}`;
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** @throws Fault name_taken when two tools would have one name, or a name would be too long for clients */
export function mustBeDistinct(tools: readonly ExposedTool[]): void {
  tools.forEach((tool, i) => {
    if (tools[i + 1]?.name === tool.name)
      throw new Fault('name_taken', `two tools of this config would be called "${tool.name}"; rename a connection`);
    if (tool.name.length > maxNameLength) {
      throw new Fault(
        'invalid_request',
        `the tool "${tool.name}" has a name of over ${maxNameLength} characters; use a shorter connection name`,
      );
    }
  });
}
