import { randomUUID } from 'node:crypto';
import { type Effect, type FaultCode, firstIdAt, type ToolCallOutcome } from '@grantway/contract';
import { type Database, grouped, withEvents } from '@grantway/db';
import { type Expected, type Outdated, outdated } from './expectations.ts';

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
   * could take with it has changed nothing anywhere. By then it is known whether what is expected still holds: where something is
   * outdated, nothing may be sent, and the row is that of the same call begun again (with another account), or is taken back. A call of which nothing is
   * expected has the same statement look whether everybody is still served.
   */
  intend(record: ToolCallRecord, expected?: Expected): Promise<Standing | Outdated>;
  /**
   * The row with its outcome; resolves when it is durable. Rows of calls that finish together share one statement. `hasRow`: the
   * intent was written; only what an outcome changes is written then.
   */
  write(record: ToolCallRecord, hasRow?: boolean): Promise<void>;
  /** Takes an intent back of which nothing was sent. */
  discard(id: string): Promise<void>;
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

const names = [
  'id',
  'environment_id',
  'request_id',
  'via',
  'client_id',
  'user_identifier',
  'mcp_instance_id',
  'mcp_config_name',
  'mcp_config_version',
  'connection_name',
  'connected_account_id',
  'account_label',
  'connector',
  'tool_name',
  'effect',
  'outcome',
  'fault_code',
  'provider_status',
  'duration_ms',
  'created_at',
] as const satisfies (keyof ToolCallRecord)[];
const columns = names.join(', ');

/**
 * Rows wait for a statement that is on its way so long, then go beside it; the disk takes both with one flush. A statement costs
 * the database as much as ten rows of it, so that few and full ones are what makes calls cheap.
 */
const patienceMs = 15;
const lanes = 2;
const maxRows = 500;
/** The mark of calls without an outcome; its first value is migration 0007's. */
const sweep = 'unfinished tool calls';
const clocksDifferMs = 300_000;
const usedAgainMs = 60_000;
const maxUsed = 50_000;

/** A call that is begun again or was refused has a row already: the later facts hold. */
const later = names.filter((name) => !['id', 'environment_id', 'created_at'].includes(name)).map((name) => `${name} = excluded.${name}`);
const begun = (json: number, writer: number) => `${batch(json)},
  written as (
    insert into tool_calls (${columns}, writer) select ${columns}, $${writer}::uuid from batch
    on conflict (id) do update set ${later.join(', ')} where tool_calls.outcome = 'pending' or excluded.outcome <> 'pending')`;
const batch = (json: number) => `batch as (select * from json_populate_recordset(null::tool_calls, $${json}::json) with ordinality)`;
/** What an outcome changes; none of it is in an index. */
const ended = (first: number) => `ended as (
  update tool_calls t set outcome = u.outcome, fault_code = u.fault_code, provider_status = u.provider_status,
    duration_ms = u.duration_ms, connected_account_id = u.connected_account_id, account_label = u.account_label
  from unnest($${first}::text[], $${first + 1}::text[], $${first + 2}::text[], $${first + 3}::int[], $${first + 4}::int[], $${first + 5}::text[], $${first + 6}::text[])
    as u (id, outcome, fault_code, provider_status, duration_ms, connected_account_id, account_label)
  where t.id = u.id returning t.id)`;
const endedNames = ['id', 'outcome', 'fault_code', 'provider_status', 'duration_ms', 'connected_account_id', 'account_label'] as const;

/** A character for each call: the sum of who is suspended. One column of one row is what is read fastest. */
const standing = `(
    coalesce((select (e.suspended_at is not null)::int from environments e where e.id = b.environment_id), 1)
    + coalesce((select 2 * (u.suspended_at is not null)::int from users u where u.environment_id = b.environment_id and u.identifier = b.user_identifier), 0)
    + coalesce((select 4 * (c.suspended_at is not null)::int from clients c where c.id = b.client_id), 0)
  )::text`;

/** Whoever is not told of counts as suspended. */
function readStanding(character = '7'): Standing {
  const sum = Number(character);
  return { environmentSuspended: (sum & 1) !== 0, userSuspended: (sum & 2) !== 0, clientSuspended: (sum & 4) !== 0 };
}

/** The state in which an instance that has not changed was opened. */
const served: Standing = { environmentSuspended: false, userSuspended: false, clientSuspended: false };

const finished = `on conflict (id) do update set outcome = excluded.outcome, fault_code = excluded.fault_code,
  provider_status = excluded.provider_status, duration_ms = excluded.duration_ms,
  connected_account_id = excluded.connected_account_id, account_label = excluded.account_label`;

/** Rows of one statement: of intents, of outcomes whose row is there, and of outcomes that are the first row of their call. */
type Entry =
  | { kind: 'intent'; record: ToolCallRecord; looks: boolean }
  | { kind: 'ended'; record: ToolCallRecord }
  | { kind: 'whole'; record: ToolCallRecord };

/** Group commit: while statements are on their way, the rows that arrive wait for the next. */
export function createToolCallLog(db: Database, onFinished: (record: ToolCallRecord) => void = () => {}): ToolCallLog {
  const writer = randomUUID();
  const system = db.system('write tool calls');

  const pools = { durable: db.fenced('write tool calls', 'durable'), soon: db.fenced('write tool calls', 'soon') };

  // One line for all: what has to be on the disk takes the rows of reads along, which is one statement instead of two.
  const entries = grouped<Entry, Standing | undefined>(
    async (group) => {
      const isSoon = group.every(({ kind, record }) => kind === 'intent' && record.effect === 'read');
      const rows = group.filter(({ kind }) => kind !== 'ended').map(({ record }) => record);
      const over = group.filter(({ kind }) => kind === 'ended').map(({ record }) => record);
      const looks = group.some((entry) => entry.kind === 'intent' && entry.looks);
      const values = [
        ...(over.length === 0 ? [] : endedNames.map((name) => over.map((record) => record[name]))),
        ...(rows.length === 0 ? [] : [JSON.stringify(rows), writer]),
      ];
      const parts = [...(over.length === 0 ? [] : [ended(1)]), ...(rows.length === 0 ? [] : [begun(values.length - 1, values.length)])];
      const [row] = await pools[isSoon ? 'soon' : 'durable'].query<{ found: string | null; ended: number }>({
        name: `tool calls:${over.length === 0 ? '' : ' end'}${rows.length === 0 ? '' : ' begin'}${looks ? ' look' : ''}`,
        text: `with ${parts.join(', ')}
                 select ${looks ? `(select string_agg(${standing}, '' order by b.ordinality) from batch b)` : "''"} as found,
                   ${over.length === 0 ? '0' : '(select count(*)::int from ended)'} as ended`,
        values,
      });
      // Rows are taken away by whoever keeps the table short, never before their time; should it happen, the outcome is written whole.
      if (row?.ended !== over.length) await writeWhole(over, []);
      let next = 0;
      return group.map((entry) => (entry.kind === 'ended' ? undefined : looks ? readStanding(row?.found?.[next++]) : served));
    },
    { lanes, patienceMs, maxItems: maxRows },
  );

  // When this process last said of an account that it was used; oldest first.
  const used = new Map<string, number>();

  function isNewlyUsed({ outcome, connected_account_id: id }: ToolCallRecord): boolean {
    return outcome === 'success' && id !== null && performance.now() - (used.get(id) ?? Number.NEGATIVE_INFINITY) >= usedAgainMs;
  }

  /** Of the accounts that these calls used, those of which it was not said within the last minute. */
  function newlyUsed(records: readonly ToolCallRecord[]): string[] {
    const now = performance.now();
    const found: string[] = [];
    for (const record of records) {
      const { connected_account_id: id } = record;
      if (!isNewlyUsed(record) || id === null) continue;
      used.delete(id);
      used.set(id, now);
      found.push(id);
      if (used.size > maxUsed) used.delete(used.keys().next().value as string);
    }
    return found;
  }

  /** The rows, the events of those that failed, and when these accounts were last used (to the minute, so that busy ones are not rewritten each time). */
  async function writeWhole(records: readonly ToolCallRecord[], accounts: readonly string[]): Promise<void> {
    await system.query({
      name: 'write tool calls',
      text: withEvents(
        `insert into tool_calls (${columns}, writer) select ${columns}, $2::uuid from batch ${finished} returning ${columns}`,
        failures,
        `${batch(1)},
           stale as (
             select id from connected_accounts
             where id = any($3::text[]) and (last_used_at is null or last_used_at < now() - interval '1 minute')
             -- whoever holds the row now (a refresh, a consent) must not be waited for
             for update skip locked),
           used as (update connected_accounts a set last_used_at = now() from stale where a.id = stale.id),`,
        'select 1 where false',
      ),
      values: [JSON.stringify(records), writer, accounts],
    });
  }

  // What more than its row comes of: it tells of a failure, or that an account is in use again.
  const consequential = grouped<ToolCallRecord, void>(
    async (records) => {
      const accounts = newlyUsed(records);
      try {
        await writeWhole(records, accounts);
      } catch (error) {
        for (const id of accounts) used.delete(id);
        throw error;
      }
      return records.map(() => undefined);
    },
    { lanes, patienceMs, maxItems: maxRows },
  );

  return {
    async intend(record, expected = { instance: null, account: null }) {
      const entry: Entry = { kind: 'intent', record: { ...record, outcome: 'pending' }, looks: expected.instance === null };
      const found = await entries.add(entry);
      return outdated(db.changes, expected) ?? (found as Standing);
    },
    async write(record, hasRow = false) {
      if (tellsOf.has(record.outcome) || isNewlyUsed(record)) await consequential.add(record);
      else await entries.add({ kind: hasRow ? 'ended' : 'whole', record });
      onFinished(record);
    },
    async discard(id) {
      await system.query({
        name: 'take an intent back',
        text: "delete from tool_calls where id = $1 and outcome = 'pending' and writer = $2",
        values: [id, writer],
      });
    },
    async closeOrphans(olderThanSeconds) {
      const before = firstIdAt('toolCall', Date.now() - olderThanSeconds * 1000);
      const rows = await system.query<{ id: string }>({
        name: 'close orphaned tool calls',
        // Whoever looks is the first to begin where the one before has stopped; what is still running here is looked at again.
        text: withEvents(
          `update tool_calls set outcome = 'outcome_unknown', fault_code = 'outcome_unknown'
               where id in (select id from unfinished where writer is distinct from $1) and outcome = 'pending' returning ${columns}`,
          failures,
          `unfinished as (
             select id, writer from tool_calls
             where id >= coalesce((select reached from sweep_marks where name = '${sweep}'), '') and id < $2 and outcome = 'pending'),
           mark as (
             insert into sweep_marks (name, reached) select '${sweep}', least($3, (select min(id) from unfinished where writer = $1))
             on conflict (name) do update set reached = greatest(excluded.reached, sweep_marks.reached), updated_at = now()),`,
        ),
        // Clocks of processes beside this one differ by some minutes at most.
        values: [writer, before, firstIdAt('toolCall', Date.now() - olderThanSeconds * 1000 - clocksDifferMs)],
      });
      return rows.length;
    },
    drain: async () => {
      await Promise.all([entries.settled(), consequential.settled()]);
    },
  };
}
