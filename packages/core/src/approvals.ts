import { createHash } from 'node:crypto';
import type { Tool } from '@grantway/connector-kit';
import { Fault, type FaultCode, newId, type Policy, randomBase62, Secret, type ToolPolicy } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { sameBytes } from '@grantway/vault';
import { and, eq, inArray, sql } from 'drizzle-orm';
import {
  type ApprovalRow,
  answerOf,
  approvalPlace,
  endingFault,
  isOf,
  type Kept,
  type KeptAnswer,
  noSuchApproval,
  type Passage,
  type SealedCall,
  waitingFault,
} from './approval-answers.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';
import type { ToolCallRecord } from './tool-call-log.ts';

/*
 * Calls that a person must approve. What is asked for is bound to who calls, the tool as it is described now, the account and
 * exactly the arguments; the same call again finds its row by a keyed hash of all that. An approved row is claimed by
 * compare-and-swap before the call is made, and never claimed again: a crash in between leaves an unknown outcome, not a second call.
 */
const t = schema.approvals;

/** The same call is answered from its ended approval for so long after the agent first heard of the end; then it asks anew. */
const toldForSeconds = 600;
/** And for so long at most. What was sealed goes with it. */
export const keptSeconds = 86_400;
/** Somebody who approves at the last moment leaves the agent time to come. */
export const approvedForSeconds = 900;
/** Of one user: who is asked too often stops reading. */
const maxWaiting = 20;
const maxResultBytes = 256 * 1024;

/** Whether an agent of this config may meet a call that must be approved. */
export function mayAsk(policy: { approval: Policy['approval']; tools: readonly Pick<ToolPolicy, 'approval'>[] }): boolean {
  return [...Object.values(policy.approval), ...policy.tools.map((tool) => tool.approval)].includes('always_ask');
}

/** One call, after everything but the approval has been looked at. */
export interface AskedCall {
  /** As far as it is known before the call is made. */
  record: ToolCallRecord;
  log: Log;
  userId: string;
  /** As the agent calls it. */
  name: string;
  tool: Tool;
  connectionId: string;
  accountId: string;
  sent: SealedCall['sent'];
  /** Exactly what will be sent. */
  input: Record<string, unknown>;
  policy: Pick<Policy, 'approvers' | 'approval_timeout_seconds'> | undefined;
  /** Set: the call is made under this approval or not at all. */
  approvalId: string | undefined;
}

/**
 * Whether the call may be made now: parks it the first time, claims it once it is approved, and answers what became of it
 * afterwards.
 * @throws Fault approval_required, approval_running, approval_denied, approval_expired, approval_cancelled, approval_failed,
 * approval_spent, approval_changed, approval_limit, outcome_unknown; nothing was sent by this call
 */
export async function passApproval(modules: Modules, asked: AskedCall): Promise<Passage> {
  const { record } = asked;
  const ctx = createCtx(modules, {
    environmentId: record.environment_id,
    actor: { kind: 'client', id: record.client_id },
    requestId: record.request_id,
    log: asked.log,
  });
  const callMac = await macOf(modules, asked);
  for (let attempt = 0; attempt < 3; attempt++) {
    const met = await ctx.tx((tx) => meet(ctx, tx, asked, callMac));
    if (met !== undefined && 'claimed' in met) return { kind: 'run', approvalId: met.claimed };
    if (met !== undefined) return answerOf(modules, met);
    const parked = await park(ctx, asked, callMac);
    if (parked !== undefined) throw await waitingFault(modules, parked);
  }
  throw new Fault('unavailable', { detail: 'others ask for the same call; repeat it', retryAfterSeconds: 1 });
}

/** F03: whoever changes the tool, the account, the agent or one argument asks for something else. */
function macOf({ sealing }: Modules, asked: AskedCall): Promise<Buffer> {
  const { record, tool } = asked;
  const definition = [tool.name, tool.description, tool.effect, tool.inputSchema()];
  const digest = createHash('sha256')
    .update(canonicalJson([definition, asked.input]))
    .digest('base64url');
  return sealing.mac('approval', [...requesterOf(record, asked.userId), asked.connectionId, asked.accountId, digest]);
}

/** Who must come back for the answer. */
function requesterOf(record: ToolCallRecord, userId: string): string[] {
  const { via, client_id, mcp_instance_id, mcp_config_name } = record;
  return [via, client_id ?? '', mcp_instance_id ?? `config ${mcp_config_name ?? ''}`, userId];
}

const isOver = sql<boolean>`${t.expiresAt} <= clock_timestamp()`;
const isStale = sql<boolean>`coalesce(least(${t.toldAt} + make_interval(secs => ${toldForSeconds}), ${t.endedAt} + make_interval(secs => ${keptSeconds})) < clock_timestamp(), false)`;

/** The row as the call finds it, after the step that this call takes; undefined where the call is to be parked. */
async function meet(ctx: Ctx, tx: Tx, asked: AskedCall, callMac: Buffer): Promise<ApprovalRow | { claimed: string } | undefined> {
  const which = asked.approvalId === undefined ? and(eq(t.callMac, callMac), eq(t.isCurrent, true)) : eq(t.id, asked.approvalId);
  const [found] = await tx
    .select({ row: t, isOver, isStale })
    .from(t)
    .where(and(eq(t.environmentId, ctx.environmentId), which))
    .for('update');
  if (found === undefined) {
    if (asked.approvalId !== undefined) throw noSuchApproval();
    return undefined;
  }
  const { row } = found;
  const own = eq(t.id, row.id);
  if (!sameBytes(row.callMac, callMac)) {
    if (!isOf(row, asked.record)) throw noSuchApproval();
    throw endingFault(
      row,
      'approval_changed',
      'the tool, the account or a fixed argument is no longer what was shown; make the call again',
    );
  }
  if (row.endedAt !== null) {
    if (found.isStale && asked.approvalId === undefined) {
      await tx.update(t).set({ isCurrent: false }).where(own);
      return undefined;
    }
    if (row.toldAt === null) await tx.update(t).set({ toldAt: sql`clock_timestamp()` }).where(own);
    if (row.resultCt !== null) {
      await ctx.audit(tx, 'approval.collected', { kind: 'approval', id: row.id }, { tool_call: row.toolCallId });
    }
    return row;
  }
  if (row.status === 'running') return row;
  if (found.isOver) {
    const ended = await endApproval(ctx, tx, row, 'expired');
    await tx.update(t).set({ toldAt: ended.endedAt }).where(own);
    return ended;
  }
  if (row.status === 'pending') return row;
  await tx.update(t).set({ status: 'running', toolCallId: asked.record.id, claimedAt: sql`clock_timestamp()` }).where(own);
  await ctx.audit(tx, 'approval.claimed', { kind: 'approval', id: row.id }, { tool_call: asked.record.id });
  return { claimed: row.id };
}

/** Ends what nobody decided, or nobody came back for, with what is told of it. The row is locked. */
export async function endApproval(
  ctx: Ctx,
  tx: Tx,
  row: ApprovalRow,
  status: 'expired' | 'cancelled',
  because?: string,
): Promise<ApprovalRow> {
  const [ended] = await tx
    .update(t)
    .set({ status, endedAt: sql`clock_timestamp()`, ...(because === undefined ? {} : { reason: because }) })
    .where(eq(t.id, row.id))
    .returning();
  if (ended === undefined) throw new Error('the approval vanished');
  await tell(tx, ended, `approval.${status}`, { was: row.status, ...(because === undefined ? {} : { reason: because }) });
  await ctx.audit(tx, `approval.${status}`, { kind: 'approval', id: row.id }, { was: row.status });
  return ended;
}

/** Ids, names and times: arguments are read through the API or on the page. */
export function tell(tx: Tx, row: ApprovalRow, type: Parameters<typeof recordEvent>[1]['type'], more: Record<string, unknown> = {}) {
  return recordEvent(tx, {
    environmentId: row.environmentId,
    type,
    data: {
      approval_id: row.id,
      status: row.status,
      tool_name: row.toolName,
      effect: row.effect,
      connector: row.connector,
      connection_name: row.connectionName,
      connected_account_id: row.connectedAccountId,
      account_label: row.accountLabel,
      user_identifier: row.userIdentifier,
      client_id: row.clientId,
      mcp_instance_id: row.mcpInstanceId,
      mcp_config_name: row.mcpConfigName,
      approvers: row.approvers,
      expires_at: row.expiresAt.toISOString(),
      ...more,
    },
  });
}

/** Undefined where the same call was parked by somebody else meanwhile. */
async function park(ctx: Ctx, asked: AskedCall, callMac: Buffer): Promise<ApprovalRow | undefined> {
  const { record, input, sent, policy } = asked;
  const id = newId('approval');
  const place = approvalPlace({ environmentId: ctx.environmentId, id }, 'arguments_ct');
  const argumentsCt = await ctx.modules.sealing.seal(place, new Secret<SealedCall>({ sent, input }));
  return ctx.tx(async (tx) => {
    // Calls of one user take turns, so that all of them together stay under the limit.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`approvals ${asked.userId}`}, 0))`);
    const waiting = await tx.$count(t, and(eq(t.userId, asked.userId), inArray(t.status, ['pending', 'approved'])));
    const [row] = await tx
      .insert(t)
      .values({
        id,
        environmentId: ctx.environmentId,
        tokenId: randomBase62(16),
        callMac,
        userId: asked.userId,
        userIdentifier: record.user_identifier,
        via: record.via,
        clientId: record.client_id,
        mcpInstanceId: record.mcp_instance_id,
        mcpConfigName: record.mcp_config_name,
        mcpConfigVersion: record.mcp_config_version,
        toolName: asked.name,
        effect: asked.tool.effect,
        connector: record.connector ?? '',
        connectionId: asked.connectionId,
        connectionName: record.connection_name ?? '',
        connectedAccountId: asked.accountId,
        accountLabel: record.account_label,
        approvers: policy?.approvers ?? 'operator',
        argumentsCt,
        expiresAt: sql`clock_timestamp() + make_interval(secs => ${policy?.approval_timeout_seconds ?? 3600})`,
      })
      .onConflictDoNothing()
      .returning();
    if (row === undefined) return undefined;
    if (waiting >= maxWaiting) {
      throw new Fault('approval_limit', {
        detail: `${waiting} calls of this user wait for a decision already; wait until some are decided`,
        retryAfterSeconds: 60,
        extra: { approval_status: 'refused' },
      });
    }
    await tell(tx, row, 'approval.requested');
    await ctx.audit(tx, 'approval.requested', { kind: 'approval', id }, { tool: row.toolName, config: row.mcpConfigName });
    return row;
  });
}

/** What came of a call that `passApproval` let run; written after the call's own row. */
export async function settleApproval(
  modules: Modules,
  run: { environmentId: string; approvalId: string; toolCallId: string; log: Log },
  outcome: { answer: KeptAnswer } | { fault: Fault },
): Promise<void> {
  const row = { environmentId: run.environmentId, id: run.approvalId };
  // A sweep that took a slow run for a dead one is corrected.
  const mine = and(eq(t.id, run.approvalId), eq(t.toolCallId, run.toolCallId), inArray(t.status, ['running', 'outcome_unknown', 'failed']));
  const save = (values: Partial<typeof t.$inferInsert>) =>
    modules.db.inEnvironment(run.environmentId, (tx) => tx.update(t).set(values).where(mine));
  try {
    if (wasNotMade(outcome)) {
      await save({ status: 'approved', toolCallId: null, claimedAt: null });
      return;
    }
    const kept: Kept = 'answer' in outcome ? { answer: outcome.answer } : { detail: outcome.fault.message };
    const fits = Buffer.byteLength(JSON.stringify(kept)) <= maxResultBytes;
    const now = new Date();
    await save({
      ...endOf(outcome),
      resultCt: fits ? await modules.sealing.seal(approvalPlace(row, 'result_ct'), new Secret(kept)) : null,
      endedAt: now,
      toldAt: now,
    });
  } catch (err) {
    // The claim stands, so that nothing is made twice; the sweep ends it from the call's row.
    run.log.error({ err, approval_id: run.approvalId }, 'the end of an approved call could not be written down');
  }
}

/** Then it may still be made, once: a remote server asked something first, or it is certain that nothing was done. */
function wasNotMade(outcome: { answer: KeptAnswer } | { fault: Fault }): boolean {
  return 'answer' in outcome ? outcome.answer.remote?.['resultType'] === 'input_required' : harmless.includes(outcome.fault.code);
}

const harmless: readonly FaultCode[] = [
  'authorization_required',
  'scope_missing',
  'provider_rate_limited',
  // Of ours; a provider's is the other one.
  'rate_limited',
  'user_suspended',
  'client_suspended',
  'environment_suspended',
];

function endOf(outcome: { answer: KeptAnswer } | { fault: Fault }): { status: string; faultCode: FaultCode | null } {
  if ('answer' in outcome) {
    return outcome.answer.failed === true ? { status: 'failed', faultCode: 'provider_error' } : { status: 'succeeded', faultCode: null };
  }
  const { code } = outcome.fault;
  return { status: code === 'outcome_unknown' || code === 'internal' ? 'outcome_unknown' : 'failed', faultCode: code };
}
