import { randomUUID } from 'node:crypto';
import type { Effect, FaultCode, ToolCallOutcome } from '@grantway/contract';
import { type Database, withEvents } from '@grantway/db';

/** One row of the audit of calls. Written before a write is sent (pending), and when the outcome is known. */
export interface ToolCallRecord {
  id: string;
  environment_id: string;
  request_id: string;
  via: 'mcp' | 'api';
  client_id: string | null;
  user_identifier: string;
  mcp_instance_id: string | null;
  mcp_config_name: string | null;
  mcp_config_version: number | null;
  connection_name: string | null;
  connected_account_id: string | null;
  account_label: string | null;
  connector: string | null;
  tool_name: string;
  effect: Effect | null;
  outcome: ToolCallOutcome;
  fault_code: FaultCode | null;
  provider_status: number | null;
  duration_ms: number | null;
  created_at: string;
}

export interface ToolCallLog {
  /** Resolves when the row is durable. Rows of calls that finish together share one statement. */
  write(record: ToolCallRecord): Promise<void>;
  /** Marks calls of processes that died as outcome_unknown; answers how many. */
  closeOrphans(olderThanSeconds: number): Promise<number>;
  drain(): Promise<void>;
}

/** An event for each call that failed or may have. Its id is the call's in another prefix, so that a repeated write makes no second one. */
const failures = `select 'evt_' || substr(id, 4) as id, environment_id, 'tool_call.failed'::text as type, connected_account_id as account_id,
    jsonb_build_object('tool_call_id', id, 'tool_name', tool_name, 'user_identifier', user_identifier, 'outcome', outcome, 'fault_code', fault_code,
      'provider_status', provider_status, 'via', via, 'client_id', client_id, 'mcp_instance_id', mcp_instance_id) as data
  from deed where outcome in ('failed', 'outcome_unknown')`;

const columns = `id, environment_id, request_id, via, client_id, user_identifier, mcp_instance_id, mcp_config_name, mcp_config_version,
  connection_name, connected_account_id, account_label, connector, tool_name, effect, outcome, fault_code, provider_status, duration_ms, created_at`;

/** Group commit: while one statement is on its way, the rows that arrive wait for the next. */
export function createToolCallLog(db: Database, onFinished: (record: ToolCallRecord) => void = () => {}): ToolCallLog {
  const writer = randomUUID();
  const system = db.system('write tool calls');
  let waiting: { record: ToolCallRecord; done: () => void; failed: (error: unknown) => void }[] = [];
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, 500);
      waiting = waiting.slice(500);
      try {
        await system.query({
          name: 'write tool calls',
          // One statement: the rows, and when their accounts were last used (to the minute, so that busy ones are not rewritten each time).
          text: withEvents(
            `insert into tool_calls (${columns}, writer) select ${columns}, $2::uuid from batch
                 on conflict (id) do update set outcome = excluded.outcome, fault_code = excluded.fault_code,
                   provider_status = excluded.provider_status, duration_ms = excluded.duration_ms,
                   connected_account_id = excluded.connected_account_id, account_label = excluded.account_label
                 returning ${columns}`,
            failures,
            `batch as (select * from json_populate_recordset(null::tool_calls, $1::json)),
                 stale as (
                   select id from connected_accounts
                   where id in (select connected_account_id from batch where outcome = 'success')
                     and (last_used_at is null or last_used_at < now() - interval '1 minute')
                   -- whoever holds the row now (a refresh, a consent) must not be waited for
                   for update skip locked),
                 used as (update connected_accounts a set last_used_at = now() from stale where a.id = stale.id),`,
          ),
          values: [JSON.stringify(batch.map((b) => b.record)), writer],
        });
        for (const { record, done } of batch) {
          if (record.outcome !== 'pending') onFinished(record);
          done();
        }
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    flushing = undefined;
  }

  return {
    write: (record) =>
      new Promise<void>((done, failed) => {
        waiting.push({ record, done, failed });
        // Begun after this turn of the event loop, so that callers of the same turn share a statement.
        flushing ??= Promise.resolve().then(flush);
      }),
    async closeOrphans(olderThanSeconds) {
      const rows = await system.query<{ id: string }>({
        name: 'close orphaned tool calls',
        text: withEvents(
          `update tool_calls set outcome = 'outcome_unknown', fault_code = 'outcome_unknown'
               where outcome = 'pending' and writer is distinct from $1 and created_at < now() - make_interval(secs => $2) returning ${columns}`,
          failures,
        ),
        values: [writer, olderThanSeconds],
      });
      return rows.length;
    },
    drain: async () => {
      await flushing;
    },
  };
}
