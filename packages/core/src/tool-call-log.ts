import { randomUUID } from 'node:crypto';
import { type Effect, type FaultCode, firstIdAt, type ToolCallOutcome } from '@grantway/contract';
import { type Database, grouped, pgErrorCode, type Step, uniqueViolation, withEvents } from '@grantway/db';
import { type Expected, type Outdated, outdated } from './expectations.ts';
import type { Standing } from './standing.ts';

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
   * intent was written, and of a success as the record is now: only what an outcome changes is written then.
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
const patienceMs = 2;
const lanes = 2;
/** What a busy process adds to it, to send half as many: no answer leaves more than this later for it. */
const gatherMs = 2;
/** Rows a second from which on that is so: two more at least while one is held. All callers of a slow provider are fewer, and would only be later. */
const holdFrom = 1000;
const maxRows = 500;
/** The mark of calls without an outcome; its first value is migration 0007's. */
const sweep = 'unfinished tool calls';
const clocksDifferMs = 300_000;
const usedAgainMs = 60_000;
const maxUsed = 50_000;

/** A call that is begun again or was refused has a row already: the later facts hold. */
const later = names.filter((name) => !['id', 'environment_id', 'created_at'].includes(name)).map((name) => `${name} = excluded.${name}`);
const insert = `insert into tool_calls (${columns}, writer)`;
const fromJson = `${insert} select ${columns}, $2::uuid from json_populate_recordset(null::tool_calls, $1::json)`;

/** Between the values of a row that goes as one text, and instead of one that is null. What holds one of them goes as JSON. */
const between = '\x1f';
const nothing = '\x1e';
const types: Partial<Record<(typeof names)[number], string>> = {
  mcp_config_version: 'int',
  provider_status: 'int',
  duration_ms: 'int',
  created_at: 'timestamptz',
};
const taken = names.map((name, i) => `r.parts[${i + 1}]${types[name] === undefined ? '' : `::${types[name]}`}`);
/**
 * The ordinary one looks for no row before it writes one, and confirms none afterwards. To take JSON apart costs the database a fifth of what
 * the row does. `offset 0`: otherwise each column would split the text anew.
 */
const begin = {
  name: 'tool calls: begin',
  text: `${insert} select ${taken.join(', ')}, $2::uuid
    from (select string_to_array(line, e'\\x1f', e'\\x1e') as parts from unnest($1::text[]) as line offset 0) as r`,
};
const beginAgain = {
  name: 'tool calls: begin again',
  text: `${fromJson} on conflict (id) do update set ${later.join(', ')} where tool_calls.outcome = 'pending' or excluded.outcome <> 'pending'`,
};

/** Undefined: not as one text. */
function lineOf(record: ToolCallRecord): string | undefined {
  let line = '';
  for (const name of names) {
    const value = record[name];
    if (typeof value === 'string' && (value.includes(between) || value.includes(nothing))) return undefined;
    // A separator too many at the end is a value that nobody takes.
    line += (value ?? nothing) + between;
  }
  return line;
}

/** What success changes of a row whose call was made as it says; none of it is in an index. */
const succeed = {
  name: 'tool calls: succeed',
  text: `update tool_calls t set outcome = 'success', fault_code = null, provider_status = u.status, duration_ms = u.ms
    from unnest($1::text[], $2::int[], $3::int[]) as u (id, status, ms) where t.id = u.id`,
};

/** A character for each call: the sum of who is suspended. One column of one row is what is read fastest. */
const look = {
  name: 'tool calls: look',
  text: `select string_agg((
      coalesce((select (e.suspended_at is not null)::int from environments e where e.id = b.environment_id), 1)
      + coalesce((select 2 * (u.suspended_at is not null)::int from users u where u.environment_id = b.environment_id and u.identifier = b.user_identifier), 0)
      + coalesce((select 4 * (c.suspended_at is not null)::int from clients c where c.id = b.client_id), 0)
    )::text, '' order by b.place)
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as b (environment_id, user_identifier, client_id, place)`,
};

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

/**
 * A row of a group. `begin`: the first of its call, an intent or an outcome at once; `begin again`: there may be one already; `succeed`: there
 * is one, and it says already what was done.
 */
interface Entry {
  kind: 'begin' | 'begin again' | 'succeed';
  record: ToolCallRecord;
  looks: boolean;
}

/** Group commit: while statements are on their way, the rows that arrive wait for the next. */
export function createToolCallLog(db: Database, onFinished: (record: ToolCallRecord) => void = () => {}): ToolCallLog {
  const writer = randomUUID();
  const system = db.system('record deeds');

  const lines = { durable: db.fenced('record deeds', 'durable'), soon: db.fenced('record deeds', 'soon') };
  // Calls whose intent was outdated, until they are begun again, taken back or over.
  const outdatedCalls = new Set<string>();

  /** Of one transaction: the rows, and who is suspended of those who ask. */
  async function writeGroup(group: readonly Entry[], isCareful: boolean): Promise<(Standing | undefined)[]> {
    const first: string[] = [];
    const [again, over, asking]: [ToolCallRecord[], ToolCallRecord[], ToolCallRecord[]] = [[], [], []];
    let isSoon = true;
    for (const { kind, record, looks } of group) {
      if (kind === 'succeed') over.push(record);
      else {
        const line = kind === 'begin' && !isCareful ? lineOf(record) : undefined;
        if (line === undefined) again.push(record);
        else first.push(line);
      }
      if (looks) asking.push(record);
      isSoon &&= record.outcome === 'pending' && record.effect === 'read';
    }
    const steps: Step[] = [];
    if (over.length > 0) {
      const ints = (name: 'provider_status' | 'duration_ms') => ({ ints: over.map((record) => record[name]) });
      steps.push({ ...succeed, values: [{ texts: over.map(({ id }) => id) }, ints('provider_status'), ints('duration_ms')] });
    }
    if (first.length > 0) steps.push({ ...begin, values: [{ texts: first }, writer] });
    if (again.length > 0) steps.push({ ...beginAgain, values: [JSON.stringify(again), writer] });
    if (asking.length > 0) {
      const texts = (name: 'environment_id' | 'user_identifier' | 'client_id') => ({ texts: asking.map((record) => record[name] ?? '') });
      steps.push({ ...look, values: [texts('environment_id'), texts('user_identifier'), texts('client_id')] });
    }
    const answers = await lines[isSoon ? 'soon' : 'durable'].together(steps);
    // Rows are taken away by whoever keeps the table short, never before their time; should it happen, the outcome is written whole.
    if (over.length > 0 && answers[0]?.count !== over.length) await writeWhole(over, []);
    const found = asking.length === 0 ? null : answers.at(-1)?.value;
    let next = 0;
    return group.map(({ looks }) => (looks ? readStanding(found?.[next++]) : served));
  }

  async function writeEntries(group: Entry[]): Promise<(Standing | undefined)[]> {
    try {
      return await writeGroup(group, false);
    } catch (error) {
      // Somebody's row was there after all, and nothing of the group was written.
      if (pgErrorCode(error) !== uniqueViolation) throw error;
      return writeGroup(group, true);
    }
  }
  const entries = grouped<Entry, Standing | undefined>(writeEntries, { lanes, patienceMs, maxItems: maxRows, gatherMs, holdFrom });
  // A line of their own, so that a read waits for the disk once and not twice.
  const readIntents = grouped<Entry, Standing | undefined>(writeEntries, {
    lanes,
    patienceMs: 3,
    maxItems: maxRows,
    gatherMs: 1,
    holdFrom,
  });

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
        `${fromJson} ${finished} returning ${columns}`,
        failures,
        `stale as (
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
    { lanes, patienceMs, maxItems: maxRows, gatherMs, holdFrom },
  );

  return {
    async intend(record, expected = { instance: null, account: null }) {
      const kind = outdatedCalls.delete(record.id) ? 'begin again' : 'begin';
      const line = record.effect === 'read' ? readIntents : entries;
      const found = await line.add({ kind, record: { ...record, outcome: 'pending' }, looks: expected.instance === null });
      const other = outdated(db.changes, expected);
      if (other !== undefined) outdatedCalls.add(record.id);
      return other ?? (found as Standing);
    },
    async write(record, hasRow = false) {
      // Of a call that did not succeed the row may be that of an intent with another account.
      const kind = !hasRow ? 'begin' : record.outcome === 'success' ? 'succeed' : 'begin again';
      outdatedCalls.delete(record.id);
      if (tellsOf.has(record.outcome) || isNewlyUsed(record)) await consequential.add(record);
      else await entries.add({ kind, record, looks: false });
      onFinished(record);
    },
    async discard(id) {
      outdatedCalls.delete(id);
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
      await Promise.all([readIntents.settled(), entries.settled(), consequential.settled()]);
    },
  };
}
