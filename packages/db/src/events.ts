import { type EventType, newId } from '@grantway/contract';
import { sql } from 'drizzle-orm';
import type { Tx } from './database.ts';

export interface NewEvent {
  environmentId: string;
  type: EventType;
  /** The account it is about: its names go into the event, and its events are delivered in order. */
  connectedAccountId?: string;
  /** Ids, names and codes; never a secret or a user's data. */
  data?: Record<string, unknown>;
}

/**
 * Common table expressions that write the events selected by `source` (id, environment_id, type, account_id, data), and
 * with each a delivery for every endpoint that takes it. The second of the same id is nothing.
 */
function outbox(source: string): string {
  return `event as (
      insert into events (id, environment_id, type, connected_account_id, data)
        select s.id, s.environment_id, s.type, s.account_id, s.data || case when a.id is null then '{}'::jsonb else jsonb_build_object(
            'connected_account_id', a.id, 'account_owner', case when a.user_id is null then 'organization' else 'user' end,
            'account_label', coalesce(a.label, a.provider_account_label), 'identifier', u.identifier, 'connection_id', c.id, 'connection_name', c.name, 'connector', c.connector) end
          from (${source}) s
            left join connected_accounts a on a.id = s.account_id
            left join connections c on c.id = a.connection_id
            left join users u on u.id = a.user_id
        on conflict (id) do nothing
        returning id, seq, environment_id, type, connected_account_id),
    delivery as (
      insert into webhook_deliveries (endpoint_id, event_id, environment_id, seq, connected_account_id)
        select w.id, e.id, e.environment_id, e.seq, e.connected_account_id from event e
          join webhook_endpoints w on w.environment_id = e.environment_id and w.status = 'ENABLED'
            and (w.event_types is null or e.type = any (w.event_types))
        -- an endpoint that is being deleted is waited for and then left out: it must not undo the deed
        for key share of w)`;
}

/** Writes an event in the transaction of the deed: both are durable, or neither. Call it while the account's row is locked. */
export async function recordEvent(tx: Tx, event: NewEvent): Promise<void> {
  const [before, after] = outbox('@source@').split('@source@') as [string, string];
  const source = sql`select ${newId('event')}::text as id, ${event.environmentId}::text as environment_id, ${event.type}::text as type,
    ${event.connectedAccountId ?? null}::text as account_id, ${JSON.stringify(event.data ?? {})}::jsonb as data`;
  await tx.execute(sql`with ${sql.raw(before)}${source}${sql.raw(after)} select 1`);
}

/** The same for a deed that is one statement: `source` selects the events from the rows of `deed`, which are the answer unless there is another; `parts` are its own expressions. */
export function withEvents(deed: string, source: string, parts = '', answer = 'select * from deed'): string {
  return `with ${parts}deed as (${deed}), ${outbox(source)} ${answer}`;
}

/** For a parameter of such a statement. */
export const newEventId = () => newId('event');
