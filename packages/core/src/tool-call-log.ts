import { randomUUID } from 'node:crypto';
import type { Effect, FaultCode, ToolCallOutcome } from '@grantway/contract';
import { type Database, grouped, withEvents } from '@grantway/db';
import { compared, type Expected, expectedValues, type Outdated } from './expectations.ts';

/** One row of the audit of calls. Written before anything is sent (pending), and when the outcome is known. */
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

/** Who was not served any more when the row of an intent was written. */
export interface Standing {
  environmentSuspended: boolean;
  userSuspended: boolean;
  clientSuspended: boolean;
}

export interface ToolCallLog {
  /**
   * The row that a call must have before any byte of it leaves, outcome `pending`. Of a write or destructive call it is
   * durable when this resolves. Of a read it is in the table, and on the disk a moment later: what a crash of the database
   * could take with it has changed nothing anywhere. The same statement looks whether everybody is still served, and compares
   * what is expected: where something is outdated, there is no row, and nothing may be sent.
   */
  intend(record: ToolCallRecord, expected?: Expected): Promise<Standing | Outdated>;
  /** The row with its outcome; resolves when it is durable. Rows of calls that finish together share one statement. */
  write(record: ToolCallRecord): Promise<void>;
  /** Marks calls of processes that died as outcome_unknown; answers how many. */
  closeOrphans(olderThanSeconds: number): Promise<number>;
  drain(): Promise<void>;
}

/** Outcomes that webhooks tell of. */
const tellsOf: ReadonlySet<ToolCallOutcome> = new Set(['failed', 'outcome_unknown']);

/** An event for each call that failed or may have. Its id is the call's in another prefix, so that a repeated write makes no second one. */
const failures = `select 'evt_' || substr(id, 4) as id, environment_id, 'tool_call.failed'::text as type, connected_account_id as account_id,
    jsonb_build_object('tool_call_id', id, 'tool_name', tool_name, 'user_identifier', user_identifier, 'outcome', outcome, 'fault_code', fault_code,
      'provider_status', provider_status, 'via', via, 'client_id', client_id, 'mcp_instance_id', mcp_instance_id) as data
  from deed where outcome in (${[...tellsOf].map((outcome) => `'${outcome}'`).join(', ')})`;

const columns = `id, environment_id, request_id, via, client_id, user_identifier, mcp_instance_id, mcp_config_name, mcp_config_version,
  connection_name, connected_account_id, account_label, connector, tool_name, effect, outcome, fault_code, provider_status, duration_ms, created_at`;

/**
 * Rows wait for a statement that is on its way so long, then go beside it; the disk takes both with one flush. A statement costs
 * the database as much as ten rows of it, so that few and full ones are what makes calls cheap.
 */
const patienceMs = 4;
const lanes = 2;
const maxRows = 500;
const usedAgainMs = 60_000;
const maxUsed = 50_000;

const insert = `insert into tool_calls (${columns}, writer) select ${columns}, $2::uuid from batch`;
const batch = 'batch as (select * from json_populate_recordset(null::tool_calls, $1::json) with ordinality)';

/** A character for each call: what is outdated, or the sum of who is suspended. One column of one row is what is read fastest. */
const standing = `(
  case when a.known then 0 else
    coalesce((select (e.suspended_at is not null)::int from environments e where e.id = b.environment_id), 1)
    + coalesce((select 2 * (u.suspended_at is not null)::int from users u where u.environment_id = b.environment_id and u.identifier = b.user_identifier), 0)
    + coalesce((select 4 * (c.suspended_at is not null)::int from clients c where c.id = b.client_id), 0)
  end)::text`;

/** Whoever is not told of counts as suspended. */
function readFound(character = '7'): Standing | Outdated {
  if (character === 'i') return 'instance';
  if (character === 'a') return 'account';
  const sum = Number(character);
  return { environmentSuspended: (sum & 1) !== 0, userSuspended: (sum & 2) !== 0, clientSuspended: (sum & 4) !== 0 };
}

const finished = `on conflict (id) do update set outcome = excluded.outcome, fault_code = excluded.fault_code,
  provider_status = excluded.provider_status, duration_ms = excluded.duration_ms,
  connected_account_id = excluded.connected_account_id, account_label = excluded.account_label`;

/** Group commit: while statements are on their way, the rows that arrive wait for the next. */
export function createToolCallLog(db: Database, onFinished: (record: ToolCallRecord) => void = () => {}): ToolCallLog {
  const writer = randomUUID();
  const system = db.system('write tool calls');

  const intents = (durable: boolean) =>
    grouped<{ record: ToolCallRecord; expected: Expected | undefined }, Standing | Outdated>(
      async (asked) => {
        // An instance that is as it was expected was opened for somebody who is served: only for others it is looked again.
        const looks = asked.some(({ expected }) => (expected?.instance ?? null) === null);
        const [row] = await system.query<{ found: string }>({
          name: `${durable ? 'intend writes' : 'intend reads'}${looks ? '' : ' of known instances'}`,
          text: `with ${durable ? '' : "now as materialized (select set_config('synchronous_commit', 'off', true)),"}
                   ${batch},
                   asked as materialized (${compared(3)}),
                   intent as (${insert} ${durable ? '' : 'cross join now'} join asked on n = ordinality where same_instance and same_account on conflict (id) do nothing)
                 select string_agg(case when not a.same_instance then 'i' when not a.same_account then 'a' else ${looks ? standing : "'0'"} end, '' order by a.n) as found
                 from asked a ${looks ? 'join batch b on a.n = b.ordinality' : ''}`,
          values: [JSON.stringify(asked.map(({ record }) => record)), writer, ...expectedValues(asked.map(({ expected }) => expected))],
        });
        return asked.map((_, i) => readFound(row?.found[i]));
      },
      { lanes, patienceMs, maxItems: maxRows },
    );
  const [writes, reads] = [intents(true), intents(false)];

  // When this process last said of an account that it was used; oldest first.
  const used = new Map<string, number>();

  /** Of the accounts that these calls used, those of which it was not said within the last minute. */
  function newlyUsed(records: readonly ToolCallRecord[]): string[] {
    const now = performance.now();
    const found: string[] = [];
    for (const { outcome, connected_account_id: id } of records) {
      if (outcome !== 'success' || id === null || now - (used.get(id) ?? Number.NEGATIVE_INFINITY) < usedAgainMs) continue;
      used.delete(id);
      used.set(id, now);
      found.push(id);
      if (used.size > maxUsed) used.delete(used.keys().next().value as string);
    }
    return found;
  }

  const outcomes = grouped<ToolCallRecord, void>(
    async (records) => {
      const accounts = newlyUsed(records);
      try {
        const rows = JSON.stringify(records);
        // Most groups are calls that went well, of accounts in use: nothing but their rows is written.
        if (accounts.length === 0 && records.every(({ outcome }) => !tellsOf.has(outcome))) {
          await system.query({ name: 'write outcomes', text: `with ${batch} ${insert} ${finished}`, values: [rows, writer] });
        } else {
          await system.query({
            name: 'write tool calls',
            // One statement: the rows, and when their accounts were last used (to the minute, so that busy ones are not rewritten each time).
            text: withEvents(
              `${insert} ${finished} returning ${columns}`,
              failures,
              `${batch},
                 stale as (
                   select id from connected_accounts
                   where id = any($3::text[]) and (last_used_at is null or last_used_at < now() - interval '1 minute')
                   -- whoever holds the row now (a refresh, a consent) must not be waited for
                   for update skip locked),
                 used as (update connected_accounts a set last_used_at = now() from stale where a.id = stale.id),`,
              'select 1 where false',
            ),
            values: [rows, writer, accounts],
          });
        }
      } catch (error) {
        for (const id of accounts) used.delete(id);
        throw error;
      }
      for (const record of records) onFinished(record);
      return [];
    },
    { lanes, patienceMs, maxItems: maxRows },
  );

  return {
    intend: (record, expected) => (record.effect === 'read' ? reads : writes).add({ record: { ...record, outcome: 'pending' }, expected }),
    write: (record) => outcomes.add(record),
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
      await Promise.all([writes.settled(), reads.settled(), outcomes.settled()]);
    },
  };
}
