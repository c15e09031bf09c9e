import { type Database, grouped, type StoredRemoteServer, type StoredRestrictions, type ToolMapping } from '@grantway/db';

/** An instance as whoever opens it finds it; the secret is not judged yet. */
export interface InstanceRow {
  id: string;
  environment_id: string;
  client_id: string | null;
  client_suspended: boolean;
  restrictions: StoredRestrictions | null;
  user_suspended: boolean;
  environment_suspended: boolean;
  secret_version: number;
  /** After a rotation: the URL of before still works. */
  previous_works: boolean;
  expired: boolean;
  session_epoch: number;
  revoked: boolean;
  user_id: string;
  identifier: string;
  config: ConfigRow;
  /** Those that a call may name. */
  accounts: { id: string; connectionId: string; label: string; default: boolean }[] | null;
  /** Milliseconds until the clock alone ends what it opens, or the URL of before; null: never. */
  life_ms: number | null;
}

/** A config in its version of now. Instances that were read together share the object. */
export interface ConfigRow {
  id: string;
  name: string;
  description: string;
  version: number;
  mappings: ToolMapping[];
  policy: unknown;
  /** In no order. */
  connections: ConnectionOf[] | null;
}

export interface ConnectionOf {
  id: string;
  name: string;
  connector: string;
  mcp?: StoredRemoteServer;
  /** Base64. */
  header?: string | null;
  generation?: number;
}

export interface InstanceRows {
  /** By the public id inside the instance's URL. */
  byUrl(urlId: string): Promise<InstanceRow | undefined>;
  byId(id: string): Promise<InstanceRow | undefined>;
}

type Found = Omit<InstanceRow, 'config'> & {
  key: string;
  config_id: string;
  /** With the first row of each config. */
  config: Omit<ConfigRow, 'id'> | null;
};

/**
 * Each key's row by itself, so that it is planned as one row of each table; what belongs to a config is made and sent once for all
 * instances of it that are wanted.
 */
const textBy = (column: 'url_id' | 'id') => `
  select i.key, i.id, i.environment_id, i.client_id, i.client_suspended, i.restrictions, i.user_suspended, i.environment_suspended,
    i.secret_version, i.previous_works, i.expired, i.session_epoch, i.revoked, i.user_id, i.identifier, i.config_id, i.life_ms,
    case when v.mappings @> '[{"choice": true}]' then (
      select json_agg(json_build_object('id', a.id, 'connectionId', a.connection_id, 'label', coalesce(a.label, a.provider_account_label),
          'default', a.is_default) order by a.is_default desc, a.id)
        from jsonb_array_elements(v.mappings) m
          join connected_accounts a on a.connection_id = m->>'connectionId'
            and (a.user_id = i.user_id and m->>'owner' is distinct from 'organization' or a.user_id is null and m->>'owner' = 'organization')
        where m->>'choice' = 'true' and a.status <> 'DISCONNECTED' and coalesce(a.label, a.provider_account_label) is not null) end as accounts,
    case when row_number() over (partition by i.config_id) = 1 then json_build_object(
      'name', i.config_name, 'description', i.config_description, 'version', i.config_version, 'mappings', v.mappings, 'policy', v.policy,
      'connections', (select json_agg(case when c.mcp is null then json_build_object('id', c.id, 'name', c.name, 'connector', c.connector)
            else json_build_object('id', c.id, 'name', c.name, 'connector', c.connector, 'mcp', c.mcp,
              'header', encode(c.mcp_header_ct, 'base64'), 'generation', c.mcp_header_generation) end)
          from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m))) end as config
  from unnest($1::text[]) as k (key)
    cross join lateral (
      select k.key, i.id, i.environment_id, i.client_id, coalesce(cl.suspended_at is not null, false) as client_suspended, cl.restrictions,
        u.suspended_at is not null as user_suspended, e.suspended_at is not null as environment_suspended, i.secret_version, i.config_id,
        coalesce(i.previous_secret_until > clock_timestamp(), false) as previous_works, coalesce(i.expires_at <= clock_timestamp(), false) as expired,
        i.session_epoch, i.revoked_at is not null as revoked, i.user_id, u.identifier,
        g.name as config_name, g.description as config_description, g.version as config_version,
        extract(epoch from least(i.expires_at, case when i.previous_secret_until > clock_timestamp() then i.previous_secret_until end)
          - clock_timestamp())::float8 * 1000 as life_ms
      from mcp_instances i
        join users u on u.id = i.user_id
        join environments e on e.id = i.environment_id
        join mcp_configs g on g.id = i.config_id
        left join clients cl on cl.id = i.client_id
      where i.${column} = k.key offset 0) i
    join mcp_config_versions v on v.config_id = i.config_id and v.version = i.config_version`;

/** Those that are wanted in the same moment are read by one prepared statement. */
export function createInstanceRows(db: Database): InstanceRows {
  const system = db.system('open MCP instance');
  const by = (column: 'url_id' | 'id') => {
    const statement = { name: `MCP instances by ${column}`, text: textBy(column) };
    return grouped<string, InstanceRow | undefined>(
      async (keys) => {
        const rows = await system.query<Found>({ ...statement, values: [[...new Set(keys)]] });
        const configs = new Map<string, ConfigRow>();
        for (const { config_id: id, config } of rows) if (config !== null) configs.set(id, { id, ...config });
        const found = new Map(rows.map(({ key, config_id: id, ...row }) => [key, { ...row, config: configs.get(id) as ConfigRow }]));
        return keys.map((key) => found.get(key));
      },
      { lanes: 3, patienceMs: 2, maxItems: 200 },
    );
  };
  const [byUrl, byId] = [by('url_id'), by('id')];
  return { byUrl: (urlId) => byUrl.add(urlId), byId: (id) => byId.add(id) };
}
