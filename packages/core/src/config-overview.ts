import type { Effect } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, eq, inArray } from 'drizzle-orm';
import type { AuthorizationRequest } from './authorization-requests.ts';
import type { Modules } from './ctx.ts';
import { exposedTools, mappedConnection } from './tools.ts';

/** One connection of a config, as a person is told of it before allowing an app its use. */
export interface OverviewConnection {
  connectionName: string;
  connectorId: string;
  connectorName: string;
  accountOwner: 'user' | 'organization';
  /** Tools by what they do; none are known of a remote server until it is asked. */
  tools: { title: string; effect: Effect }[];
  /** The remote MCP server's host; it decides itself what it offers. */
  remoteHost: string | undefined;
}

/** What a scope opens of a config as it is now. */
export async function configOverview(modules: Modules, asked: AuthorizationRequest): Promise<OverviewConnection[]> {
  const { mcpConfigs: configs, mcpConfigVersions: versions } = schema;
  const { config, scope } = asked;
  const found = await modules.db.inEnvironment(config.environmentId, async (tx) => {
    const [version] = await tx
      .select({ mappings: versions.mappings })
      .from(configs)
      .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
      .where(eq(configs.id, config.id));
    const mappings = version?.mappings ?? [];
    const ids = mappings.map((m) => m.connectionId);
    const rows = ids.length === 0 ? [] : await tx.select().from(schema.connections).where(inArray(schema.connections.id, ids));
    return mappings.flatMap((mapping) => {
      const connection = rows.find((row) => row.id === mapping.connectionId);
      return connection === undefined ? [] : [{ connection, mapped: mappedConnection(mapping, connection) }];
    });
  });
  const tools = await exposedTools(
    modules.catalogue,
    found.map(({ mapped }) => mapped),
  );
  const shown = tools.filter(({ tool }) => scope === 'mcp' || tool.effect === 'read');
  return Promise.all(
    found.map(async ({ connection, mapped }) => ({
      connectionName: connection.name,
      connectorId: connection.connector,
      connectorName: (await modules.catalogue.find(connection.connector))?.name ?? connection.name,
      accountOwner: mapped.accountOwner,
      tools: shown.filter((tool) => tool.connectionId === connection.id).map(({ tool }) => ({ title: tool.title, effect: tool.effect })),
      remoteHost: connection.mcp === null ? undefined : new URL(connection.mcp.url).host,
    })),
  );
}
