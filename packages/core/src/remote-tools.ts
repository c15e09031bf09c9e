import { createHash } from 'node:crypto';
import { remoteTool } from '@grantway/connector-kit';
import type { AccountOwner } from '@grantway/contract';
import type { JsonObject } from '@grantway/mcp-client';
import type { RemoteTool } from './remote-definitions.ts';
import { type RemoteServer, remoteConnector } from './remote-servers.ts';
import type { ExposedTool } from './tools.ts';

/** A remote MCP server as it is shown somewhere, and whose accounts are used there. */
export interface RemotePlace {
  server: RemoteServer;
  /** What stands before its names; undefined where they are shown as they are. */
  prefix: string | undefined;
  accountOwner: AccountOwner;
  accountChoice: boolean;
}

/** A tool of a server's, with the words of the server's own in `definition`. */
export type ExposedRemoteTool = ExposedTool & { definition: JsonObject };

const maxNameLength = 64;

export function remotePrefix(connectionName: string): string {
  return `${connectionName.replaceAll('-', '_')}_`;
}

/** A name that every client takes, for one of a server's own; the same each time, and never the same for two. */
export function shownName({ prefix }: Pick<RemotePlace, 'prefix'>, name: string): string {
  if (prefix === undefined) return name;
  const plain = `${prefix}${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
  if (plain.length <= maxNameLength && plain === prefix + name) return plain;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${plain.slice(0, maxNameLength - 9)}_${digest}`;
}

export function exposeRemoteTool(place: RemotePlace, { name, effect, idempotent, definition, mirrored }: RemoteTool): ExposedRemoteTool {
  return {
    ...placeOf(place),
    name: shownName(place, name),
    tool: remoteTool({
      name: shownName(place, name),
      title: definition.title as string | undefined,
      description: definition.description as string | undefined,
      effect,
      idempotent,
      inputSchema: definition.inputSchema as JsonObject,
      outputSchema: definition.outputSchema as JsonObject | undefined,
    }),
    definition,
    remote: { server: place.server, method: 'tools/call', toolName: name, params: (args) => ({ name, arguments: args }), mirrored },
  };
}

/** Nobody can list a server that asks who is there: this tool is how its caller gets the link for the user. */
export function exposeConnecting(place: RemotePlace): ExposedRemoteTool {
  const { connectionName } = place.server;
  const name = shownName({ prefix: place.prefix ?? '' }, `${place.prefix === undefined ? remotePrefix(connectionName) : ''}connect`);
  const definition = {
    title: `Connect ${connectionName}`,
    description:
      place.accountOwner === 'organization'
        ? `The organization's account at ${connectionName} is not connected, so that its tools are not known yet. Only the people who run this agent can do that. List the tools again afterwards.`
        : `The user's account at ${connectionName} is not connected, so that its tools are not known yet. Call this for a link that the user must open; list the tools again afterwards.`,
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    annotations: { readOnlyHint: true },
  };
  return {
    ...placeOf(place),
    name,
    tool: remoteTool({ name, ...definition, effect: 'read', idempotent: true }),
    definition,
    remote: { server: place.server, method: 'tools/list', params: () => ({}) },
  };
}

/** Where calls to the server go, and as whom. */
export function placeOf({ server, accountOwner, accountChoice }: Omit<RemotePlace, 'prefix'>) {
  return {
    accountOwner,
    accountChoice,
    connector: remoteConnector(server.settings, server.connectionName),
    connectionId: server.connectionId,
    connectionName: server.connectionName,
  };
}
