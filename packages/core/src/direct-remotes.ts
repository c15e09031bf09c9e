import { type AccountOwner, Fault } from '@grantway/contract';
import { schema } from '@grantway/db';
import { NeedsAuthorization } from '@grantway/vault';
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { type RemoteServer, remoteConnectorId, remoteServerOf } from './remote-servers.ts';
import { type ExposedRemoteTool, exposeConnecting, exposeRemoteTool, type RemotePlace, remotePrefix } from './remote-tools.ts';
import { within } from './restrictions.ts';
import type { ExposedTool } from './tools.ts';

/** Whose accounts are looked with, where a server shows its tools to people who are connected and to nobody else. */
interface Owner {
  accountOwner: AccountOwner;
  /** Undefined: nobody's. */
  identifier?: string | undefined;
}

/**
 * The tools of the environment's remote MCP servers as callers without MCP name them: behind the connection's name. A
 * server that does not answer shows none; one that the owner is not connected to shows the tool that answers with a link.
 */
export async function listRemoteTools(ctx: Ctx, filter: { connectionName?: string | undefined; of: Owner }): Promise<ExposedRemoteTool[]> {
  const servers = await serversOf(ctx, filter.connectionName);
  const lists = await Promise.all(servers.map((server) => toolsOf(ctx, server, filter.of)));
  return lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The tool that a caller without MCP names. Where the owner is not connected to the server that the name leads to, a call
 * of any of its tools answers with the link.
 * @throws Fault ambiguous_connection
 */
export async function findRemoteTool(
  ctx: Ctx,
  name: string,
  input: { connectionName?: string | undefined; of: Owner },
): Promise<ExposedTool | undefined> {
  const servers = (await serversOf(ctx, input.connectionName)).filter(({ connectionName }) => leadsTo(name, connectionName));
  const found = await Promise.all(
    servers.map(async (server) => {
      const tools = await toolsOf(ctx, server, input.of);
      const [only] = tools;
      return tools.find((tool) => tool.name === name) ?? (only?.remote?.method === 'tools/list' ? { ...only, name } : undefined);
    }),
  );
  const fitting = found.filter((tool) => tool !== undefined);
  if (fitting.length > 1) {
    throw new Fault('ambiguous_connection', `several connections have the tool "${name}"; name one with connection_name`);
  }
  return fitting[0];
}

/** A long name of a connection is cut before its server's names are. */
function leadsTo(name: string, connectionName: string): boolean {
  return name.startsWith(remotePrefix(connectionName).slice(0, 54));
}

async function serversOf(ctx: Ctx, connectionName: string | undefined): Promise<RemoteServer[]> {
  const t = schema.connections;
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          eq(t.connector, remoteConnectorId),
          within.connections(ctx, t.id),
          connectionName === undefined ? undefined : eq(t.name, connectionName),
        ),
      ),
  );
  return rows.flatMap((row) => remoteServerOf(row) ?? []);
}

async function toolsOf(ctx: Ctx, server: RemoteServer, of: Owner): Promise<ExposedRemoteTool[]> {
  const { catalogs, listTarget } = ctx.modules.remotes;
  const place: RemotePlace = {
    server,
    prefix: remotePrefix(server.connectionName),
    accountOwner: of.accountOwner,
    accountChoice: true,
  };
  const isPersonal = server.settings.credential === 'user';
  const accountId = isPersonal ? await accountOf(ctx, server, of) : undefined;
  if (isPersonal && accountId === undefined) return [exposeConnecting(place)];
  try {
    const catalog = await catalogs.get(listTarget(server, accountId, ctx.actor.id), { era: 'modern' });
    return (catalog?.tools ?? []).map((tool) => exposeRemoteTool(place, tool));
  } catch (error) {
    if (error instanceof NeedsAuthorization) return [exposeConnecting(place)];
    ctx.log.warn({ reason: (error as Error).message, connection: server.connectionName }, 'could not look at a remote MCP server');
    return [];
  }
}

/** One that is connected before others, then the default one. Looking makes none. */
async function accountOf(ctx: Ctx, server: RemoteServer, of: Owner): Promise<string | undefined> {
  const t = schema.connectedAccounts;
  if (of.accountOwner === 'user' && of.identifier === undefined) return undefined;
  const [row] = await ctx.tx((tx) =>
    tx
      .select({ id: t.id })
      .from(t)
      .leftJoin(schema.users, eq(schema.users.id, t.userId))
      .where(
        and(
          eq(t.connectionId, server.connectionId),
          of.accountOwner === 'organization' ? isNull(t.userId) : eq(schema.users.identifier, of.identifier as string),
        ),
      )
      .orderBy(desc(sql`${t.status} = 'ACTIVE'`), desc(t.isDefault), t.id)
      .limit(1),
  );
  return row?.id;
}
