import { Fault, type FaultCode } from '@grantway/contract';
import { schema } from '@grantway/db';
import type { Place } from '@grantway/vault';
import { and, eq, sql } from 'drizzle-orm';
import { createCtx, type Log, type Modules } from './ctx.ts';
import { accountArgument } from './owned-accounts.ts';
import type { ToolCallRecord } from './tool-call-log.ts';

/* What an agent hears of a call that a person must approve, and what of it is kept sealed. */
const t = schema.approvals;
export type ApprovalRow = typeof t.$inferSelect;

/** The tool by which an agent goes on with an approval without sending the arguments again. */
export const approvalTool = 'grantway_approval_status';
export const approvalArgument = 'approval_id';

export interface KeptAnswer {
  output: Record<string, unknown>;
  remote?: Record<string, unknown>;
  failed?: boolean;
}

export type KeptPassage = { kind: 'kept'; toolCallId: string; answer: KeptAnswer };
/** run: make the call now, and `settleApproval` whatever comes of it. kept: it was made, and this was the answer. */
export type Passage = { kind: 'run'; approvalId: string } | KeptPassage;

export function approvalPlace(row: { environmentId: string; id: string }, column: 'arguments_ct' | 'result_ct'): Place {
  return { environmentId: row.environmentId, table: 'approvals', column, rowId: row.id, generation: 1 };
}

export interface SealedCall {
  /** As the agent sent them, and the account that it named. */
  sent: { args: unknown; account?: unknown };
  /** Exactly what will be sent. */
  input: Record<string, unknown>;
}

export function isOf(row: ApprovalRow, of: Pick<ToolCallRecord, 'via' | 'client_id' | 'mcp_instance_id' | 'user_identifier'>): boolean {
  return (
    row.via === of.via &&
    row.clientId === of.client_id &&
    row.mcpInstanceId === of.mcp_instance_id &&
    row.userIdentifier === of.user_identifier
  );
}

export const noSuchApproval = () => new Fault('not_found', 'there is no such approval');

export async function approvalUrl(modules: Modules, row: Pick<ApprovalRow, 'tokenId'>, audience: 'operator' | 'user'): Promise<string> {
  return `${modules.baseUrl()}/approve/${await modules.sealing.derive('approval', row.tokenId, audienceVersion[audience])}`;
}

/** One id, two links: whoever was given the one cannot make the other. */
export const audienceVersion = { operator: 1, user: 2 } as const;

/** What is kept of a run: its answer, or in what words it failed. */
export type Kept = { answer: KeptAnswer } | { detail: string };

/** @throws Fault approval_required and the codes of `endedFault` */
export async function answerOf(modules: Modules, row: ApprovalRow): Promise<KeptPassage> {
  if (row.status === 'pending') throw await waitingFault(modules, row);
  const kept = row.resultCt === null ? undefined : await modules.sealing.openAnswer<Kept>(approvalPlace(row, 'result_ct'), row.resultCt);
  if (kept !== undefined && 'answer' in kept) return { kind: 'kept', toolCallId: row.toolCallId ?? '', answer: kept.answer };
  throw endedFault(row, kept?.detail);
}

export async function waitingFault(modules: Modules, row: ApprovalRow): Promise<Fault> {
  const until = row.expiresAt.toISOString();
  const link = row.approvers === 'user' ? await approvalUrl(modules, row, 'user') : undefined;
  return new Fault('approval_required', {
    detail:
      link === undefined
        ? `Nothing was sent: the people who run this agent must approve this call first, by ${until}. Tell the user that it waits (approval ${row.id}). Afterwards make the same call again with the same arguments; it is made once`
        : `Nothing was sent: the user must approve this call first, by ${until} (approval ${row.id}). Give the user the approval link, and then make the same call again with the same arguments; it is made once`,
    extra: {
      approval_id: row.id,
      approval_status: 'pending',
      approval_expires_at: until,
      ...(link === undefined ? {} : { approval_link: link }),
    },
  });
}

/** What is told of an approval that no longer waits, and of which no answer is kept. */
export function endedFault(row: ApprovalRow, failedWith?: string): Fault {
  const said = row.reason === null ? '' : `: ${row.reason}`;
  switch (row.status) {
    case 'running':
      return endingFault(row, 'approval_running', 'the approved call is being made right now; ask again shortly', 2);
    case 'denied':
      return endingFault(row, 'approval_denied', `this call was denied${said}. Do not repeat it unless the user wants something else`);
    case 'expired':
      return endingFault(row, 'approval_expired', 'nobody approved this call in time, or nobody came back for it; nothing was sent');
    case 'cancelled':
      return endingFault(row, 'approval_cancelled', `the approval was given up${said}; nothing was sent`);
    case 'outcome_unknown':
      return endingFault(row, 'outcome_unknown', 'the approved call may have happened, and its answer was lost; look before you ask again');
    case 'failed':
      return endingFault(
        row,
        'approval_failed',
        `the approved call was made, and failed (${row.faultCode})${failedWith === undefined ? '' : `: ${failedWith}`}`,
      );
    default:
      return endingFault(row, 'approval_spent', 'the approved call was made and succeeded; its answer is not kept');
  }
}

export function endingFault(row: ApprovalRow, code: FaultCode, detail: string, retryAfterSeconds?: number): Fault {
  return new Fault(code, {
    detail,
    extra: { approval_id: row.id, approval_status: row.status },
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

export interface AskingAgent extends Pick<ToolCallRecord, 'via' | 'client_id' | 'mcp_instance_id' | 'user_identifier'> {
  environmentId: string;
  requestId: string;
  log: Log;
}

/**
 * What an agent that asks by the approval's id is to do next: make the call that was approved, with the arguments that were
 * shown, or take the answer that is kept of it.
 * @throws Fault not_found for an approval of anybody else, approval_required and the codes of `endedFault`
 */
export async function findApprovedCall(
  modules: Modules,
  agent: AskingAgent,
  id: string,
): Promise<{ kind: 'call'; name: string; args: Record<string, unknown> } | KeptPassage> {
  const { environmentId, requestId, log } = agent;
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'client', id: agent.client_id }, requestId, log });
  const row = await ctx.tx(async (tx) => {
    const own = and(eq(t.id, id), eq(t.environmentId, environmentId));
    const [found] = await tx.select().from(t).where(own).for('update');
    if (found === undefined || !isOf(found, agent)) throw noSuchApproval();
    if (found.endedAt === null) return found;
    if (found.toldAt === null) await tx.update(t).set({ toldAt: sql`clock_timestamp()` }).where(own);
    if (found.resultCt !== null) await ctx.audit(tx, 'approval.collected', { kind: 'approval', id }, { tool_call: found.toolCallId });
    return found;
  });
  // The sweep writes it down.
  if (row.endedAt === null && row.status !== 'running' && row.expiresAt.getTime() <= Date.now()) {
    throw endedFault({ ...row, status: 'expired' });
  }
  if (row.status !== 'approved') return answerOf(modules, row);
  const { sent } = await modules.sealing.openAnswer<SealedCall>(approvalPlace(row, 'arguments_ct'), row.argumentsCt as Buffer);
  const account = sent.account === undefined ? {} : { [accountArgument]: sent.account };
  return { kind: 'call', name: row.toolName, args: { ...(sent.args as Record<string, unknown> | undefined), ...account } };
}
