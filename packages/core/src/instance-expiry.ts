import type { EventType } from '@grantway/contract';
import { newEventId, withEvents } from '@grantway/db';
import type { Modules } from './ctx.ts';

const perRun = 500;
/** An end that is further back was before there was anybody to tell. */
const toldForDays = 7;

const isDue = `revoked_at is null and expires_at <= clock_timestamp() and expires_at > clock_timestamp() - interval '${toldForDays} days'
  and expiry_told_for is distinct from expires_at`;

/** The mark and the event are one statement: of several processes one tells, once for each end that a URL was given. */
const tellOne = withEvents(
  `update mcp_instances set expiry_told_for = expires_at where id = $1 and ${isDue}
   returning id, environment_id, user_id, config_id, client_id, expires_at`,
  `select $2::text as id, d.environment_id, '${'mcp_instance.expired' satisfies EventType}'::text as type, null::text as account_id,
     jsonb_build_object('mcp_instance_id', d.id, 'identifier', owner.identifier, 'config_name', config.name, 'client_id', d.client_id,
       'expires_at', to_char(d.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as data
   from deed d join users owner on owner.id = d.user_id join mcp_configs config on config.id = d.config_id`,
);

/** Tells of MCP URLs whose end has come. Answers how many were told. */
export async function tellOfExpiredInstances({ db }: Pick<Modules, 'db'>): Promise<number> {
  const system = db.system('sweep');
  const due = await system.query<{ id: string }>({
    name: 'sweep: MCP URLs that expired',
    text: `select id from mcp_instances where ${isDue} order by expires_at limit $1`,
    values: [perRun],
  });
  let told = 0;
  for (const { id } of due) {
    told += (await system.query({ name: 'sweep: an MCP URL expired', text: tellOne, values: [id, newEventId()] })).length;
  }
  return told;
}
