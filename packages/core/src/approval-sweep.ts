import type { FaultCode, ToolCallOutcome } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, eq, inArray } from 'drizzle-orm';
import { endApproval, keptSeconds } from './approvals.ts';
import { createCtx, type Modules } from './ctx.ts';

const t = schema.approvals;
const perSweep = 500;

/**
 * Ends what waited too long, what nobody may ask for any more, and runs whose process died; erases what was kept long enough.
 * Answers how many were ended.
 */
export async function sweepApprovals(modules: Modules): Promise<number> {
  const system = modules.db.system('sweep');
  const due = await system.query<{ id: string; environment_id: string; because: string | null }>({
    name: 'approvals that are over',
    text: `select a.id, a.environment_id, case
               when u.suspended_at is not null then 'its user was suspended'
               when c.suspended_at is not null then 'its client was suspended'
               when a.mcp_instance_id is not null and (i.id is null or i.revoked_at is not null) then 'its MCP URL was revoked'
             end as because
           from approvals a join users u on u.id = a.user_id
             left join clients c on c.id = a.client_id
             left join mcp_instances i on i.id = a.mcp_instance_id
           where a.status in ('pending', 'approved')
             and (a.expires_at <= clock_timestamp() or u.suspended_at is not null or c.suspended_at is not null
               or (a.mcp_instance_id is not null and (i.id is null or i.revoked_at is not null)))
           order by a.expires_at limit ${perSweep}`,
    values: [],
  });
  for (const { id, environment_id: environmentId, because } of due) {
    const ctx = createCtx(modules, { environmentId, actor: { kind: 'system', id: null }, requestId: 'sweep' });
    await ctx.tx(async (tx) => {
      const [row] = await tx
        .select()
        .from(t)
        .where(and(eq(t.id, id), inArray(t.status, ['pending', 'approved'])))
        .for('update');
      // Somebody who decided meanwhile has moved the end.
      if (row === undefined || (because === null && row.expiresAt.getTime() > Date.now())) return;
      await endApproval(ctx, tx, row, because === null ? 'expired' : 'cancelled', because ?? undefined);
    });
  }
  const dead = await endDeadRuns(modules);
  await system.query({
    name: 'erase what approvals kept',
    text: `update approvals set arguments_ct = null, result_ct = null
           where (arguments_ct is not null or result_ct is not null) and ended_at < clock_timestamp() - make_interval(secs => $1)`,
    values: [keptSeconds],
  });
  return due.length + dead;
}

/**
 * A claim whose process died: the call's own row says what became of it. A write has its row before it is sent, so that one
 * without a row was not sent; a read that may have been sent did no harm. None is made again.
 */
async function endDeadRuns(modules: Modules): Promise<number> {
  const deadAfterSeconds = (modules.settings.toolTimeoutMs * 3) / 1000 + 30;
  const rows = await modules.db.system('sweep').query<{ id: string; outcome: ToolCallOutcome | null }>({
    name: 'end dead runs of approvals',
    text: `update approvals a set ended_at = clock_timestamp(),
             status = case when d.outcome = 'success' then 'succeeded' when d.outcome in ('pending', 'outcome_unknown') then 'outcome_unknown' else 'failed' end,
             fault_code = case when d.outcome = 'success' then null when d.outcome in ('pending', 'outcome_unknown') then $2
               else coalesce(d.fault_code, $3) end
           from (select r.id, c.outcome, c.fault_code from approvals r left join tool_calls c on c.id = r.tool_call_id
                 where r.status = 'running' and r.claimed_at < clock_timestamp() - make_interval(secs => $1)) d
           where a.id = d.id and a.status = 'running' returning a.id, d.outcome`,
    values: [deadAfterSeconds, 'outcome_unknown' satisfies FaultCode, 'unavailable' satisfies FaultCode],
  });
  for (const { id, outcome } of rows) modules.log.warn({ approval_id: id, outcome }, 'an approved call was cut off');
  return rows.length;
}
