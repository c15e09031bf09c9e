import type { AccountOwner } from '@grantway/contract';
import { type Database, grouped, type StoredRemoteServer, type StoredRestrictions } from '@grantway/db';
import type { OnBehalf, Standing } from './standing.ts';

/** A client as a request finds it. */
export interface ClientRow {
  id: string;
  environment_id: string;
  scopes: string[];
  restrictions: StoredRestrictions | null;
  suspended: boolean;
  environment_suspended: boolean;
  secret_mac: Buffer;
  /** Null after its end. */
  previous_secret_mac: Buffer | null;
}

export interface DirectCallQuestion {
  environmentId: string;
  connectorId: string;
  /** Null: whichever has the tool. */
  connectionName: string | null;
  identifier: string;
}

export interface DirectCallRow {
  id: string;
  name: string;
  /** Null where nobody has this identifier, or is suspended. */
  user_id: string | null;
}

export interface EnsureQuestion {
  environmentId: string;
  configName: string;
  identifier: string;
  clientId: string | null;
}

/** A connection of the config's, and the default account of whoever the config says. */
export interface EnsuredConnection {
  id: string;
  name: string;
  connector: string;
  authVariant: string | null;
  mcp: StoredRemoteServer | null;
  scopes: string[];
  owner: AccountOwner;
  /** Null before anybody asked for it. */
  account: { id: string; status: string; reason: string | null; scopes: string[] } | null;
}

export interface EnsuredRow {
  config_id: string;
  version: number;
  id: string;
  url_id: string;
  secret_version: number;
  created_at: Date;
  /** In the config's order. */
  connections: EnsuredConnection[];
}

/**
 * What requests ask of the database before they do anything, by prepared statements; those who ask in the same moment share one. Nothing is
 * remembered: each answer was read after it was asked for.
 */
export interface Questions {
  client(id: string): Promise<ClientRow | undefined>;
  /** Connections that a call may mean; two where it is not clear. */
  directCall(question: DirectCallQuestion): Promise<DirectCallRow[]>;
  /** The client's instance of a config for a user, where it is there, has no end, and the user is served. */
  ensured(question: EnsureQuestion): Promise<EnsuredRow | undefined>;
  /** Who is not served now. An environment that is not there is not; a user or client whom nobody knows was never suspended. */
  standing(of: OnBehalf): Promise<Standing>;
}

const together = { lanes: 2, patienceMs: 2, maxItems: 500 };

export function createQuestions(db: Database): Questions {
  const authenticating = db.system('authenticate client');
  const calling = db.system('call a tool');
  const leasing = db.system('lease credential');
  const opening = db.system('open MCP instance');

  const clients = grouped<string, ClientRow | undefined>(async (ids) => {
    const rows = await authenticating.query<ClientRow & { id: string }>({
      name: 'clients by id',
      text: `select c.id, c.environment_id, c.scopes, c.restrictions, c.secret_mac, c.suspended_at is not null as suspended,
               e.suspended_at is not null as environment_suspended,
               case when c.previous_secret_until > clock_timestamp() then c.previous_secret_mac end as previous_secret_mac
             from clients c join environments e on e.id = c.environment_id where c.id = any($1::text[])`,
      values: [[...new Set(ids)]],
    });
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }, together);

  const directCalls = grouped<DirectCallQuestion, DirectCallRow[]>(async (questions) => {
    const rows = await calling.query<DirectCallRow & { place: number }>({
      name: 'what direct calls mean',
      // The user is looked up by itself: a join would be planned once for all sizes of its table.
      text: `select q.place::int, c.id, c.name,
               (select u.id from users u where u.environment_id = q.environment_id and u.identifier = q.identifier and u.suspended_at is null) as user_id
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as q (environment_id, connector, connection, identifier, place)
               cross join lateral (
                 select c.id, c.name from connections c
                 where c.environment_id = q.environment_id and c.connector = q.connector and (q.connection is null or c.name = q.connection) limit 2) c`,
      values: [
        questions.map((q) => q.environmentId),
        questions.map((q) => q.connectorId),
        questions.map((q) => q.connectionName),
        questions.map((q) => q.identifier),
      ],
    });
    const answers: DirectCallRow[][] = questions.map(() => []);
    for (const { place, ...row } of rows) answers[place - 1]?.push(row);
    return answers;
  }, together);

  const ensured = grouped<EnsureQuestion, EnsuredRow | undefined>(async (questions) => {
    const rows = await opening.query<EnsuredRow & { place: number }>({
      name: 'instances that are there',
      text: `select q.place::int, i.*,
               coalesce((
                 select json_agg(json_build_object('id', c.id, 'name', c.name, 'connector', c.connector, 'authVariant', c.auth_variant, 'mcp', c.mcp,
                     'scopes', c.scopes, 'owner', coalesce(m.mapping ->> 'owner', 'user'), 'account', case when a.id is not null then
                       json_build_object('id', a.id, 'status', a.status, 'reason', a.reason, 'scopes', a.scopes) end) order by m.place)
                 from mcp_config_versions v
                   cross join jsonb_array_elements(v.mappings) with ordinality as m (mapping, place)
                   join connections c on c.id = m.mapping ->> 'connectionId'
                   left join lateral (
                     select t.id, t.status, t.reason, t.scopes from connected_accounts t
                     where t.connection_id = c.id and t.user_id = i.user_id and t.is_default and m.mapping ->> 'owner' is null
                     union all
                     select t.id, t.status, t.reason, t.scopes from connected_accounts t
                     where t.connection_id = c.id and t.user_id is null and t.is_default and m.mapping ->> 'owner' = 'organization') a on true
                 where v.config_id = i.config_id and v.version = i.version), '[]') as connections
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as q (environment_id, config, identifier, client_id, place)
               cross join lateral (
                 select g.id as config_id, g.version, i.id, i.url_id, i.secret_version, i.created_at, i.user_id
                 from mcp_configs g
                   join users u on u.environment_id = g.environment_id and u.identifier = q.identifier and u.suspended_at is null
                   join mcp_instances i on i.config_id = g.id and i.user_id = u.id and coalesce(i.client_id, '') = coalesce(q.client_id, '')
                 where g.environment_id = q.environment_id and g.name = q.config and i.revoked_at is null and i.expires_at is null
                 offset 0) i`,
      values: [
        questions.map((q) => q.environmentId),
        questions.map((q) => q.configName),
        questions.map((q) => q.identifier),
        questions.map((q) => q.clientId),
      ],
    });
    const answers: (EnsuredRow | undefined)[] = questions.map(() => undefined);
    for (const { place, ...row } of rows) answers[place - 1] = row;
    return answers;
  }, together);

  const standings = grouped<OnBehalf, Standing>(async (asked) => {
    const rows = await leasing.query<{ place: number; environment: boolean; user: boolean; client: boolean }>({
      name: 'still served',
      text: `select q.place::int,
               coalesce((select e.suspended_at is not null from environments e where e.id = q.environment_id), true) as environment,
               coalesce((select u.suspended_at is not null from users u
                 where u.environment_id = q.environment_id and u.identifier = q.identifier), false) as user,
               coalesce((select c.suspended_at is not null from clients c where c.id = q.client_id), false) as client
             from unnest($1::text[], $2::text[], $3::text[]) with ordinality as q (environment_id, identifier, client_id, place)`,
      values: [asked.map((of) => of.environmentId), asked.map((of) => of.userIdentifier), asked.map((of) => of.clientId)],
    });
    const answers: Standing[] = [];
    for (const { place, environment, user, client } of rows)
      answers[place - 1] = { environmentSuspended: environment, userSuspended: user, clientSuspended: client };
    return answers;
  }, together);

  return {
    client: (id) => clients.add(id),
    directCall: (question) => directCalls.add(question),
    ensured: (question) => ensured.add(question),
    standing: (of) => standings.add(of),
  };
}
