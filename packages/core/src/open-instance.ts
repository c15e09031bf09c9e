import { Fault, parseBearer, type StoredPolicy } from '@grantway/contract';
import type { StoredRemoteServer, ToolMapping } from '@grantway/db';
import { policyOf } from './call-policy.ts';
import type { Modules } from './ctx.ts';
import type { NameableAccount } from './owned-accounts.ts';
import { remoteServerOf } from './remote-servers.ts';
import { type MappedConnection, mappedConnection } from './tools.ts';

/** What one MCP request works with: who, on whose behalf, and what the config's current version allows. */
export interface OpenInstance {
  id: string;
  environmentId: string;
  clientId: string | null;
  userId: string;
  userIdentifier: string;
  configId: string;
  configName: string;
  configDescription: string;
  configVersion: number;
  policy: StoredPolicy;
  /** Absent: everything that the config allows. */
  accessLevel?: 'FULL' | 'READ_ONLY';
  mappings: MappedConnection[];
  /** Of connections whose accounts a call may name: the default first, then the older ones. */
  accounts: NameableAccount[];
}

interface OpenRow {
  id: string;
  environment_id: string;
  client_id: string | null;
  client_suspended: boolean;
  user_suspended: boolean;
  environment_suspended: boolean;
  secret_version: number;
  revoked: boolean;
  user_id: string;
  identifier: string;
  config_id: string;
  config_name: string;
  config_description: string;
  config_version: number;
  mappings: ToolMapping[];
  policy: unknown;
  connections:
    | { id: string; name: string; connector: string; mcp?: StoredRemoteServer | null; header?: string | null; generation?: number }[]
    | null;
  accounts: NameableAccount[] | null;
}

/**
 * Opens an MCP instance by the secret part of its URL: one prepared query.
 * @throws Fault not_found for anything that is not a live URL of ours, instance_revoked, client_suspended, user_suspended,
 * environment_suspended
 */
export async function openInstance(modules: Modules, token: string): Promise<OpenInstance> {
  const parsed = parseBearer('mcpUrl', token);
  if (parsed === undefined) throw new Fault('not_found');
  const [row] = await modules.db.system('open MCP instance').query<OpenRow & Record<string, unknown>>({
    name: 'open MCP instance',
    text: `select i.id, i.environment_id, i.client_id, coalesce(cl.suspended_at is not null, false) as client_suspended, u.suspended_at is not null as user_suspended,
             e.suspended_at is not null as environment_suspended, i.secret_version,
             i.revoked_at is not null as revoked, i.user_id, u.identifier, g.id as config_id, g.name as config_name, g.description as config_description,
             g.version as config_version, v.mappings, v.policy,
             (select json_agg(case when c.mcp is null then json_build_object('id', c.id, 'name', c.name, 'connector', c.connector)
                  else json_build_object('id', c.id, 'name', c.name, 'connector', c.connector, 'mcp', c.mcp,
                    'header', encode(c.mcp_header_ct, 'base64'), 'generation', c.mcp_header_generation) end)
                from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m)) as connections,
             (select json_agg(json_build_object('id', a.id, 'connectionId', a.connection_id, 'label', coalesce(a.label, a.provider_account_label),
                  'default', a.is_default) order by a.is_default desc, a.id)
                from jsonb_array_elements(v.mappings) m
                  join connected_accounts a on a.connection_id = m->>'connectionId'
                    and coalesce(a.user_id, '') = case when m->>'owner' = 'organization' then '' else i.user_id end
                where m->>'choice' = 'true' and a.status <> 'DISCONNECTED' and coalesce(a.label, a.provider_account_label) is not null) as accounts
           from mcp_instances i
             join users u on u.id = i.user_id
             join environments e on e.id = i.environment_id
             join mcp_configs g on g.id = i.config_id
             join mcp_config_versions v on v.config_id = g.id and v.version = g.version
             left join clients cl on cl.id = i.client_id
           where i.url_id = $1`,
    values: [parsed.id],
  });
  // The secret is checked for unknown ids too: time must not tell which ids exist.
  const genuine = await modules.sealing.isDerived('mcpUrl', token, row?.secret_version ?? 1);
  if (row === undefined || !genuine) throw new Fault('not_found');
  if (row.revoked) throw new Fault('instance_revoked', 'this MCP URL was revoked; ask for a new one where you got it');
  if (row.environment_suspended) throw new Fault('environment_suspended');
  if (row.user_suspended) throw new Fault('user_suspended');
  if (row.client_suspended) throw new Fault('client_suspended', 'the client that this MCP URL belongs to is suspended');
  const byId = new Map(row.connections?.map((c) => [c.id, c]));
  return {
    id: row.id,
    environmentId: row.environment_id,
    clientId: row.client_id,
    userId: row.user_id,
    userIdentifier: row.identifier,
    configId: row.config_id,
    configName: row.config_name,
    configDescription: row.config_description,
    configVersion: row.config_version,
    policy: policyOf(row.config_id, row.config_version, row.policy),
    mappings: row.mappings.flatMap((m) => {
      const connection = byId.get(m.connectionId);
      if (connection === undefined) return [];
      const { id, name, mcp = null, header = null, generation = 0 } = connection;
      const remote = remoteServerOf({
        id,
        name,
        environmentId: row.environment_id,
        mcp,
        mcpHeaderCt: header === null ? null : Buffer.from(header, 'base64'),
        mcpHeaderGeneration: generation,
      });
      return [mappedConnection(m, connection, remote)];
    }),
    accounts: row.accounts ?? [],
  };
}
