import { type AccessLevel, Fault, parseBearer, type StoredPolicy } from '@grantway/contract';
import type { StoredRemoteServer, ToolMapping } from '@grantway/db';
import { policyOf } from './call-policy.ts';
import type { Modules } from './ctx.ts';
import { type Grant, grantOf } from './grants.ts';
import type { Remembered } from './opened-instances.ts';
import type { NameableAccount } from './owned-accounts.ts';
import { remoteServerOf } from './remote-servers.ts';
import { allowsConfig, allowsIdentifier, type Restrictions } from './restrictions.ts';
import { type MappedConnection, mappedConnection } from './tools.ts';

/** What one MCP request works with: who, on whose behalf, and what the config's current version allows. */
export interface OpenInstance extends Grant {
  id: string;
  configId: string;
  environmentId: string;
  clientId: string | null;
  userId: string;
  userIdentifier: string;
  configName: string;
  configDescription: string;
  configVersion: number;
  policy: StoredPolicy;
  mappings: MappedConnection[];
  /** Of connections whose accounts a call may name: the default first, then the older ones. */
  accounts: NameableAccount[];
}

interface OpenRow {
  id: string;
  environment_id: string;
  client_id: string | null;
  client_suspended: boolean;
  restrictions: Restrictions;
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
  /** Milliseconds until the clock alone ends what it opens, or the URL of before; null: never. */
  life_ms: number | null;
}

/** What both ways of opening look at; each is one prepared statement. */
const lookedAt = `select i.id, i.environment_id, i.client_id, coalesce(cl.suspended_at is not null, false) as client_suspended, cl.restrictions, u.suspended_at is not null as user_suspended,
             e.suspended_at is not null as environment_suspended, i.secret_version, i.config_id,
             coalesce(i.previous_secret_until > clock_timestamp(), false) as previous_works, coalesce(i.expires_at <= clock_timestamp(), false) as expired,
             i.session_epoch, i.revoked_at is not null as revoked, i.user_id, u.identifier, g.name as config_name, g.description as config_description,
             g.version as config_version, v.mappings, v.policy,
             (select json_agg(case when c.mcp is null then json_build_object('id', c.id, 'name', c.name, 'connector', c.connector)
                  else json_build_object('id', c.id, 'name', c.name, 'connector', c.connector, 'mcp', c.mcp,
                    'header', encode(c.mcp_header_ct, 'base64'), 'generation', c.mcp_header_generation) end)
                from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m)) as connections,
             (select json_agg(json_build_object('id', a.id, 'connectionId', a.connection_id, 'label', coalesce(a.label, a.provider_account_label),
                  'default', a.is_default) order by a.is_default desc, a.id)
                from jsonb_array_elements(v.mappings) m
                  join connected_accounts a on a.connection_id = m->>'connectionId'
                    and (a.user_id = i.user_id and m->>'owner' is distinct from 'organization' or a.user_id is null and m->>'owner' = 'organization')
                where m->>'choice' = 'true' and a.status <> 'DISCONNECTED' and coalesce(a.label, a.provider_account_label) is not null) as accounts,
             extract(epoch from least(i.expires_at, case when i.previous_secret_until > clock_timestamp() then i.previous_secret_until end) - clock_timestamp())::float8 * 1000 as life_ms
           from mcp_instances i
             join users u on u.id = i.user_id
             join environments e on e.id = i.environment_id
             join mcp_configs g on g.id = i.config_id
             join mcp_config_versions v on v.config_id = g.id and v.version = g.version
             left join clients cl on cl.id = i.client_id`;

/**
 * Opens an MCP instance by the secret part of its URL: one prepared query. What was opened a moment ago and has not
 * changed is not read again (`opened-instances.ts`).
 * @throws Fault not_found for anything that is no URL of ours; instance_revoked, instance_rotated, instance_expired,
 * client_suspended, user_suspended, environment_suspended
 */
export async function openInstance(modules: Modules, token: string): Promise<OpenInstance> {
  const remembered = recallInstance(modules, token);
  if (remembered !== undefined) {
    if ((await modules.expectations.compare({ instance: remembered.mark, account: null })) === undefined) return remembered.instance;
    modules.openedInstances.forget(token);
  }
  const parsed = parseBearer('mcpUrl', token);
  if (parsed === undefined) throw new Fault('not_found');
  const { changes } = modules.db;
  const moment = changes.moment();
  const [row] = await modules.db.system('open MCP instance').query<OpenRow & Record<string, unknown>>({
    name: 'open MCP instance',
    text: `${lookedAt} where i.url_id = $1`,
    values: [parsed.id],
  });
  const current = row?.secret_version ?? 1;
  // The secret is checked for unknown ids too: time must not tell which ids exist.
  if (!(await modules.sealing.isDerived('mcpUrl', token, current))) {
    const age = await ageOf(modules, token, current);
    if (row === undefined || age === undefined) throw new Fault('not_found');
    if (row.revoked) throw revoked();
    if (age > 1 || !row.previous_works)
      throw new Fault('instance_rotated', 'this MCP URL was replaced; ask for the new one where you got it');
  }
  if (row === undefined || !isWithin(row)) throw new Fault('not_found');
  if (row.revoked) throw revoked();
  if (row.expired) throw new Fault('instance_expired', 'this MCP URL has expired; ask for a new one where you got it');
  const instance = opened(row, 'FULL');
  if (changes.hears()) modules.openedInstances.keep(token, { instance, mark: { moment, ids: madeOf(row) } }, row.life_ms ?? undefined);
  return instance;
}

/** All rows that what was opened was made of. */
function madeOf(row: OpenRow): string[] {
  return [
    row.id,
    row.user_id,
    row.environment_id,
    row.config_id,
    ...(row.client_id === null ? [] : [row.client_id]),
    ...row.mappings.flatMap(({ connectionId, choice }) => (choice === true ? [connectionId, `accounts:${connectionId}`] : [connectionId])),
  ];
}

/** What this URL opened a moment ago, for whoever looks at its mark behind a fence before anything comes of it. */
export function recallInstance(modules: Modules, token: string): Remembered<OpenInstance> | undefined {
  const found = modules.openedInstances.recall(token) as Remembered<OpenInstance> | undefined;
  if (found === undefined || !modules.db.changes.since(found.mark)) return found;
  modules.openedInstances.forget(token);
  return undefined;
}

/** For so many rotations back a URL is told from one that never was. */
const remembered = 4;

/** How many rotations ago this was the secret; the same work for whatever it is. */
async function ageOf(modules: Modules, token: string, current: number): Promise<number | undefined> {
  let found: number | undefined;
  for (let age = 1; age <= remembered; age++) {
    if (await modules.sealing.isDerived('mcpUrl', token, current - age)) found = age;
  }
  return found;
}

/** Whose instance a token speaks for, as the token itself says: it was proven genuine before. */
export interface InstanceClaim {
  instanceId: string;
  /** The config whose static URL the token was made for, and presented at. */
  configId: string;
  environmentId?: string;
  accessLevel: AccessLevel;
  /** Of a session token: it ends when the instance's grows. */
  sessionEpoch?: number;
}

/**
 * Opens an MCP instance for a token at the static URL of its config: the same one query, by the instance's id. The end of
 * its own URL is none of the token's, which has one of its own.
 * @throws Fault unauthorized where there is no such instance of that config, or the token was revoked; instance_revoked,
 * client_suspended, user_suspended, environment_suspended
 */
export async function openInstanceOf(modules: Modules, claim: InstanceClaim): Promise<OpenInstance> {
  const [row] = await modules.db.system('open MCP instance').query<OpenRow & Record<string, unknown>>({
    name: 'open MCP instance by id',
    text: `${lookedAt} where i.id = $1`,
    values: [claim.instanceId],
  });
  if (
    row === undefined ||
    row.config_id !== claim.configId ||
    row.environment_id !== (claim.environmentId ?? row.environment_id) ||
    !isWithin(row)
  ) {
    throw new Fault('unauthorized');
  }
  if (row.revoked) throw revoked();
  if (row.session_epoch !== (claim.sessionEpoch ?? row.session_epoch)) throw new Fault('unauthorized');
  return opened(row, claim.accessLevel);
}

/** A client that was narrowed later has no way left to what it made before. */
function isWithin({ restrictions, identifier, config_id }: OpenRow): boolean {
  return allowsIdentifier(restrictions, identifier) && allowsConfig(restrictions, config_id);
}

const revoked = () => new Fault('instance_revoked', 'this MCP URL was revoked; ask for a new one where you got it');

/** @throws Fault environment_suspended, user_suspended, client_suspended */
function opened(row: OpenRow, accessLevel: AccessLevel): OpenInstance {
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
    ...grantOf(row.restrictions, accessLevel),
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
