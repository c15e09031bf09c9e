import { createHash } from 'node:crypto';
import { type Connector, type Credential, type StaticCredential, variantOf } from '@grantway/connector-kit';
import { Fault, type RemoteServer as RemoteInput, Secret } from '@grantway/contract';
import type { StoredRemoteServer } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import { modernVersion } from '@grantway/mcp-client';
import type { Place } from '@grantway/vault';

/** The connector of connections that lead to a remote MCP server; it has no folder, since each server has its own tools. */
export const remoteConnectorId = 'mcp';

/** The server behind one connection, as a call finds it. */
export interface RemoteServer {
  environmentId: string;
  connectionId: string;
  connectionName: string;
  settings: StoredRemoteServer;
  headerCt: Buffer | null;
  headerGeneration: number;
  /** Changes with whatever may change what the server answers. */
  key: string;
}

interface RemoteRow {
  id: string;
  environmentId: string;
  name: string;
  mcp: StoredRemoteServer | null;
  mcpHeaderCt: Buffer | null;
  mcpHeaderGeneration: number;
}

/** Undefined for a connection of any other connector. */
export function remoteServerOf(row: RemoteRow): RemoteServer | undefined {
  const { mcp: settings } = row;
  if (settings === null) return undefined;
  const digest = createHash('sha256')
    .update(JSON.stringify([settings, row.mcpHeaderGeneration]))
    .digest('base64url');
  return {
    environmentId: row.environmentId,
    connectionId: row.id,
    connectionName: row.name,
    settings,
    headerCt: row.mcpHeaderCt,
    headerGeneration: row.mcpHeaderGeneration,
    key: `${row.id} ${digest.slice(0, 22)}`,
  };
}

/** What the operator configured, complete. @throws Fault invalid_request */
export function storedRemoteServer(modules: { egress: Pick<Egress, 'serverRefusal'> }, input: RemoteInput): StoredRemoteServer {
  const refuse = (member: string, detail: string): never => {
    throw new Fault('invalid_request', { detail: `/mcp/${member}: ${detail}`, errors: [{ pointer: `/mcp/${member}`, detail }] });
  };
  const credential = input.credential ?? (input.header_value === undefined ? 'none' : 'connection');
  const headerName = input.header_name ?? 'Authorization';
  if (/^(accept|content-type|last-event-id|mcp-.*|user-agent)$/i.test(headerName))
    refuse('header_name', 'this header belongs to the protocol');
  if (input.header_value !== undefined && credential !== 'connection') refuse('header_value', 'goes with credential "connection" only');
  const refusal = modules.egress.serverRefusal(input.url, headerName);
  if (refusal !== undefined) refuse('url', refusal);
  const headerPrefix = input.header_prefix ?? (headerName.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  return { url: new URL(input.url).href, credential, headerName, headerPrefix };
}

/** Whether a header value that was given for the one may be sent to the other: same place, same header. */
export function sharesHeader(a: StoredRemoteServer, b: StoredRemoteServer): boolean {
  return new URL(a.url).origin === new URL(b.url).origin && a.credential === b.credential && a.headerName === b.headerName;
}

export function remoteHeaderPlace(connection: { environmentId: string; id: string; generation: number }): Place {
  return {
    environmentId: connection.environmentId,
    table: 'connections',
    column: 'mcp_header_ct',
    rowId: connection.id,
    generation: connection.generation,
  };
}

/** A header value as it is sealed: a credential that egress can place. */
export function headerCredential(value: string): Secret<Credential> {
  const credential: StaticCredential = { kind: 'api_key', fields: { value } };
  return new Secret<Credential>(credential);
}

/**
 * A connection's server in the words of a connector, so that pages, vault and egress treat its accounts as any other's:
 * a person enters the header's value, or nothing. `placing`: as calls need it, also where everyone shares the value.
 * OAuth towards such servers will be another `auth` here.
 */
export function remoteConnector(settings: StoredRemoteServer, name: string, placing = false): Connector {
  const url = new URL(settings.url);
  const asks = settings.credential === 'user';
  const places = asks || (placing && settings.credential === 'connection');
  return {
    id: remoteConnectorId,
    name,
    description: 'A remote MCP server.',
    docs: 'https://modelcontextprotocol.io',
    auth: places
      ? {
          kind: 'api_key',
          fields: [
            {
              name: 'value',
              label: 'Access key',
              secret: true,
              help: `Sent to ${url.host} in the header ${settings.headerName}.`,
              pattern: /^[\x21-\x7e]{1,4096}$/,
            },
          ],
          headers: { [settings.headerName]: `${settings.headerPrefix}{value}` },
        }
      : { kind: 'none', fields: [] },
    api: {
      baseUrl: url.origin,
      // Only a person's own value is on trial; of a shared one the operator is told at the call.
      fault: ({ status }) => {
        if (status === 429 || status >= 500) return { kind: 'unavailable', message: `HTTP ${status}` };
        return asks && (status === 401 || status === 403) ? { kind: 'rejected', message: `HTTP ${status}` } : undefined;
      },
    },
    identify: {
      request: {
        method: 'POST',
        ...addressOf(settings),
        headers: { accept: 'application/json, text/event-stream', 'mcp-protocol-version': modernVersion, 'mcp-method': 'server/discover' },
        json: {
          jsonrpc: '2.0',
          id: 1,
          method: 'server/discover',
          params: {
            _meta: { 'io.modelcontextprotocol/protocolVersion': modernVersion, 'io.modelcontextprotocol/clientCapabilities': {} },
          },
        },
      },
      // A key says nothing of its owner.
      subject: () => ({ id: url.host, label: url.host }),
      example: { receives: { body: {} }, gives: { id: url.host, label: url.host } },
    },
    tools: [],
  };
}

/** Path and query of the server, below its origin. */
export function addressOf(settings: StoredRemoteServer): { path: string; query?: Record<string, string> } {
  const url = new URL(settings.url);
  return { path: url.pathname, ...(url.search === '' ? {} : { query: Object.fromEntries(url.searchParams) }) };
}

/** What of a connection's row says how it is authorized. */
export interface ConnectorRow {
  name: string;
  connector: string;
  authVariant: string | null;
  mcp: StoredRemoteServer | null;
}

/** The connector of a connection, as that connection uses it: in its way in, or as its own remote server. */
export async function connectorOf(
  catalogue: { find(id: string): Promise<Connector | undefined> },
  row: ConnectorRow,
): Promise<Connector | undefined> {
  return connectorAmong(row, row.mcp === null ? await catalogue.find(row.connector) : undefined);
}

/** The same where the catalogue was asked before. */
export function connectorAmong(row: ConnectorRow, found: Connector | undefined): Connector | undefined {
  if (row.mcp !== null) return remoteConnector(row.mcp, row.name);
  return found === undefined ? undefined : variantOf(found, row.authVariant);
}
