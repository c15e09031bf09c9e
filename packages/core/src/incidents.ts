import { Fault, firstIdAt, type Incident, type IncidentCreate, type IncidentItem, newId, type RevocationStatus } from '@grantway/contract';
import { recordAudit, schema, type Tx } from '@grantway/db';
import { endAccount } from '@grantway/vault';
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import { endLinks } from './account-endings.ts';
import type { Ctx, Modules } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

const t = schema.incidents;
const items = schema.incidentItems;

/**
 * Lists, or ends, everything that matches. What is to be ended is written down in the transaction that answers; the deed
 * itself is done by the sweep, so that it goes on wherever a process dies.
 * @throws Fault not_found when the filter names something that does not exist: a typing error must not revoke nothing
 */
export async function createIncident(ctx: Ctx, input: IncidentCreate): Promise<Incident> {
  return ctx.tx(async (tx) => {
    const { filter, dry_run: dryRun } = input;
    const which = await matching(ctx, tx, filter);
    if (dryRun) {
      const { rows } = await tx.execute<{ connection_name: string; connector: string; total: number }>(
        sql`select c.name as connection_name, c.connector, count(*)::int as total
            from connected_accounts a join connections c on c.id = a.connection_id where ${which} group by c.name, c.connector order by c.name`,
      );
      const total = rows.reduce((sum, row) => sum + row.total, 0);
      await ctx.audit(tx, 'incident.requested', undefined, { dry_run: true, total, filter });
      const none = { done: 0, proven: 0, unproven: 0 };
      return {
        id: null,
        dry_run: true,
        status: 'preview',
        filter,
        counts: { total, ...none, remaining: total },
        connections: rows.map((row) => ({ ...row, ...none, remaining: row.total })),
        created_at: null,
        finished_at: null,
      };
    }
    const id = newId('incident');
    await tx.insert(t).values({ id, environmentId: ctx.environmentId, filter, total: 0 });
    const { rows: made } = await tx.execute<{ n: number }>(sql`
      with made as (
        insert into incident_items (incident_id, connected_account_id, environment_id, connection_id, grant_id)
        select ${id}, a.id, a.environment_id, a.connection_id, a.grant_id from connected_accounts a where ${which} returning 1)
      select count(*)::int as n from made`);
    const total = made[0]?.n ?? 0;
    await tx
      .update(t)
      .set({ total, ...(total === 0 ? { finishedAt: sql`clock_timestamp()` } : {}) })
      .where(eq(t.id, id));
    await ctx.audit(tx, 'incident.requested', { kind: 'incident', id }, { dry_run: false, total, filter });
    return read(ctx, tx, id);
  });
}

/** The accounts that hold a credential and match, as a condition on `connected_accounts a`. */
async function matching(ctx: Ctx, tx: Tx, filter: IncidentCreate['filter']): Promise<SQL> {
  const env = ctx.environmentId;
  const named = async (what: string, value: string, query: SQL): Promise<string> => {
    const { rows } = await tx.execute<{ id: string }>(query);
    if (rows[0] === undefined) throw new Fault('not_found', `there is no ${what} "${value}"`);
    return rows[0].id;
  };
  const conditions: SQL[] = [sql`a.environment_id = ${env}`, sql`a.credential_ct is not null`, sql`a.grant_id is not null`];
  // A grant's id holds the time of the consent that made it; refreshes do not change it.
  if (filter.created_after !== undefined)
    conditions.push(sql`a.grant_id collate "C" >= ${firstIdAt('grant', Date.parse(filter.created_after))}`);
  if (filter.created_before !== undefined)
    conditions.push(sql`a.grant_id collate "C" < ${firstIdAt('grant', Date.parse(filter.created_before))}`);
  if (filter.connection_name !== undefined) {
    const id = await named(
      'connection',
      filter.connection_name,
      sql`select id from connections where environment_id = ${env} and name = ${filter.connection_name}`,
    );
    conditions.push(sql`a.connection_id = ${id}`);
  }
  if (filter.identifier !== undefined) {
    const id = await named(
      'user',
      filter.identifier,
      sql`select id from users where environment_id = ${env} and identifier = ${filter.identifier}`,
    );
    conditions.push(sql`a.user_id = ${id}`);
  }
  // Every version of a config counts: who had it may have changed it.
  const mapped = (instances: SQL, whose: SQL) => sql`exists (
    select 1 from mcp_instances i join mcp_config_versions v on v.config_id = i.config_id, jsonb_array_elements(v.mappings) m
    where ${instances} and m->>'connectionId' = a.connection_id and ${whose})`;
  // Each by itself, so that a personal account is looked up by its user's instances, and not among everybody's.
  const reached = (instances: SQL) => sql`(
    ${mapped(instances, sql`i.user_id = a.user_id and m->>'owner' is distinct from 'organization'`)}
    or (a.user_id is null and ${mapped(instances, sql`m->>'owner' = 'organization'`)}))`;
  if (filter.config_name !== undefined) {
    const id = await named(
      'MCP config',
      filter.config_name,
      sql`select id from mcp_configs where environment_id = ${env} and name = ${filter.config_name}`,
    );
    conditions.push(reached(sql`i.config_id = ${id}`));
  }
  if (filter.client_id !== undefined) {
    const id = await named(
      'client',
      filter.client_id,
      sql`select id from clients where environment_id = ${env} and id = ${filter.client_id}`,
    );
    conditions.push(
      sql`(${reached(sql`i.client_id = ${id}`)} or a.id in (
        select connected_account_id from tool_calls where environment_id = ${env} and client_id = ${id}))`,
    );
  }
  return sql.join(conditions, sql` and `);
}

/** What an item has come to: its receipt's word, or, for one that had ended before it was reached, that there is none. */
const state = sql`case when r.status in ('proven', 'unproven') then r.status when r.id is null and i.ended_at is not null then 'unproven' else 'pending' end`;

async function read(ctx: Ctx, tx: Tx, id: string): Promise<Incident> {
  const [row] = await tx
    .select()
    .from(t)
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
  if (row === undefined) throw new Fault('not_found', 'no such incident');
  const { rows: connections } = await tx.execute<{
    connection_name: string;
    connector: string;
    total: number;
    proven: number;
    unproven: number;
  }>(sql`
    select coalesce(c.name, i.connection_id) as connection_name, coalesce(c.connector, '') as connector, count(*)::int as total,
      (count(*) filter (where ${state} = 'proven'))::int as proven, (count(*) filter (where ${state} = 'unproven'))::int as unproven
    from incident_items i left join revocations r on r.id = i.revocation_id left join connections c on c.id = i.connection_id
    where i.incident_id = ${id} group by 1, 2 order by 1`);
  const sum = (of: 'total' | 'proven' | 'unproven') => connections.reduce((n, c) => n + c[of], 0);
  const counted = (n: { total: number; proven: number; unproven: number }) => ({
    total: n.total,
    done: n.proven + n.unproven,
    proven: n.proven,
    unproven: n.unproven,
    remaining: n.total - n.proven - n.unproven,
  });
  return {
    id,
    dry_run: false,
    status: row.finishedAt === null ? 'running' : 'finished',
    filter: row.filter,
    counts: counted({ total: sum('total'), proven: sum('proven'), unproven: sum('unproven') }),
    connections: connections.map((c) => ({ connection_name: c.connection_name, connector: c.connector, ...counted(c) })),
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

export function getIncident(ctx: Ctx, id: string): Promise<Incident> {
  return ctx.tx((tx) => read(ctx, tx, id));
}

interface ItemRow extends Record<string, unknown> {
  id: string;
  connection_name: string;
  connector: string;
  identifier: string | null;
  ended_at: string | null;
  status: RevocationStatus;
  detail: string | null;
  revocation_id: string | null;
  attempts: number | null;
  settled_at: string | null;
}

export async function getIncidentReport(
  ctx: Ctx,
  id: string,
  query: { limit: number; cursor?: string | undefined; status?: RevocationStatus | undefined },
): Promise<Page<IncidentItem>> {
  const after = decodeCursor('connectedAccount', query.cursor);
  const rows = await ctx.tx(async (tx) => {
    const [incident] = await tx
      .select({ id: t.id })
      .from(t)
      .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
    if (incident === undefined) throw new Fault('not_found', 'no such incident');
    const found = await tx.execute<ItemRow>(sql`
      select i.connected_account_id as id, coalesce(c.name, i.connection_id) as connection_name, coalesce(c.connector, '') as connector, u.identifier,
        i.ended_at, ${state} as status, r.detail, i.revocation_id, r.attempts, r.ended_at as settled_at
      from incident_items i left join revocations r on r.id = i.revocation_id left join connections c on c.id = i.connection_id
        left join connected_accounts a on a.id = i.connected_account_id left join users u on u.id = a.user_id
      where i.incident_id = ${id}
        ${after === undefined ? sql`` : sql`and i.connected_account_id > ${after}`}
        ${query.status === undefined ? sql`` : sql`and ${state} = ${query.status}`}
      order by i.connected_account_id limit ${query.limit + 1}`);
    return found.rows;
  });
  const moment = (value: string | null) => (value === null ? null : new Date(value).toISOString());
  return toPage(rows, query.limit, (row) => ({
    connected_account_id: row.id,
    connection_name: row.connection_name,
    connector: row.connector,
    identifier: row.identifier,
    status: row.status,
    detail:
      row.detail ?? (row.ended_at !== null && row.revocation_id === null ? 'it had ended before it was reached, without a receipt' : null),
    revocation_id: row.revocation_id,
    attempts: row.attempts ?? 0,
    ended_at: moment(row.ended_at),
    settled_at: moment(row.settled_at),
  }));
}

/** Endings that are under way at a time, in one process. */
const parallel = 4;
const perRun = 400;
/** Accounts that are ended in one transaction: short enough that no call waits for one. */
const together = 10;
type Item = typeof items.$inferSelect;
const busy = new WeakSet<Modules>();

/**
 * Goes on with every incident that is not finished: first each account is ended here, as fast as the database takes it;
 * the providers are told by the sweep of revocations, at its pace.
 */
export async function runIncidents(modules: Modules): Promise<void> {
  if (busy.has(modules)) return;
  busy.add(modules);
  try {
    const running = await modules.db.system('sweep').query<{ id: string; environment_id: string }>({
      name: 'sweep: incidents',
      text: 'select id, environment_id from incidents where finished_at is null order by id',
      values: [],
    });
    for (const incident of running) {
      while (await endSome(modules, incident)) await modules.revocations.sweep();
      await finish(modules, incident);
    }
  } finally {
    busy.delete(modules);
  }
}

async function endSome(modules: Modules, incident: { id: string; environment_id: string }): Promise<boolean> {
  const left = await modules.db.inEnvironment(incident.environment_id, (tx) =>
    tx
      .select()
      .from(items)
      .where(and(eq(items.incidentId, incident.id), isNull(items.endedAt)))
      .orderBy(items.connectedAccountId)
      .limit(perRun),
  );
  const todo: (typeof left)[] = [];
  for (let from = 0; from < left.length; from += together) todo.push(left.slice(from, from + together));
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let group = todo.shift(); group !== undefined; group = todo.shift()) await endTogether(modules, incident.environment_id, group);
    }),
  );
  return left.length === perRun;
}

/** One transaction for some; where one of them cannot be ended, the others are not held up by it. */
async function endTogether(modules: Modules, environmentId: string, group: Item[]): Promise<void> {
  const end = (some: Item[]) =>
    modules.db.inEnvironment(environmentId, async (tx) => {
      for (const item of some) await endOne(modules, tx, item);
    });
  try {
    await end(group);
  } catch (err) {
    if (group.length === 1) throw err;
    modules.log.warn({ err, count: group.length }, 'an incident goes on one account at a time');
    let failed: unknown;
    for (const item of group) {
      await end([item]).catch((error: unknown) => {
        failed = error;
        modules.log.error({ account_id: item.connectedAccountId, err: error }, 'an account could not be ended; the next sweep tries again');
      });
    }
    if (failed !== undefined) throw failed;
  }
}

async function endOne(modules: Modules, tx: Tx, item: Item): Promise<void> {
  const accounts = schema.connectedAccounts;
  const mine = and(eq(items.incidentId, item.incidentId), eq(items.connectedAccountId, item.connectedAccountId));
  // Whoever marks it does it: of several processes, one.
  const marked = await tx
    .update(items)
    .set({ endedAt: sql`clock_timestamp()` })
    .where(and(mine, isNull(items.endedAt)))
    .returning({ id: items.connectedAccountId });
  if (marked.length === 0) return;
  const [account] = await tx.select().from(accounts).where(eq(accounts.id, item.connectedAccountId)).for('update');
  let revocationId: string | undefined = newId('revocation');
  if (account !== undefined && account.grantId === item.grantId && account.credentialCt !== null) {
    await endAccount(tx, {
      account: { id: account.id, environmentId: account.environmentId },
      status: 'DISCONNECTED',
      reason: 'ended_by_incident',
      actor: { kind: 'system', id: null },
      requestId: null,
      revoke: { sealing: modules.sealing, cause: 'incident', id: revocationId, incidentId: item.incidentId },
    });
    await endLinks(tx, modules.sealing, account, 'incident');
  } else {
    // Somebody else ended this very grant meanwhile; his receipt is the item's.
    const [other] = await tx
      .select({ id: schema.revocations.id })
      .from(schema.revocations)
      .where(and(eq(schema.revocations.connectedAccountId, item.connectedAccountId), eq(schema.revocations.grantId, item.grantId)))
      .limit(1);
    revocationId = other?.id;
  }
  if (revocationId !== undefined) await tx.update(items).set({ revocationId }).where(mine);
}

async function finish(modules: Modules, incident: { id: string; environment_id: string }): Promise<void> {
  await modules.db.inEnvironment(incident.environment_id, async (tx) => {
    const { rows } = await tx.execute<{ total: number; proven: number; unproven: number }>(sql`
      select count(*)::int as total, (count(*) filter (where ${state} = 'proven'))::int as proven,
        (count(*) filter (where ${state} = 'unproven'))::int as unproven
      from incident_items i left join revocations r on r.id = i.revocation_id where i.incident_id = ${incident.id}`);
    const counts = rows[0];
    if (counts === undefined || counts.proven + counts.unproven < counts.total) return;
    const finished = await tx
      .update(t)
      .set({ finishedAt: sql`clock_timestamp()` })
      .where(and(eq(t.id, incident.id), isNull(t.finishedAt)))
      .returning({ id: t.id });
    if (finished.length === 0) return;
    await recordAudit(tx, {
      environmentId: incident.environment_id,
      action: 'incident.finished',
      actor: { kind: 'system', id: null },
      target: { kind: 'incident', id: incident.id },
      requestId: null,
      details: { ...counts },
    });
  });
}
