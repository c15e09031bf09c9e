import {
  type Approval,
  type ApprovalDecision,
  type ApprovalDetail,
  type ApprovalLink,
  type ApprovalStatus,
  Fault,
} from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { type ApprovalRow, approvalPlace, approvalUrl, noSuchApproval, type SealedCall } from './approval-answers.ts';
import { approvedForSeconds, tell } from './approvals.ts';
import type { Ctx, Modules } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

const t = schema.approvals;

export interface ApprovalQuery {
  limit: number;
  cursor?: string | undefined;
  status?: ApprovalStatus | undefined;
  user_identifier?: string | undefined;
  tool_name?: string | undefined;
  mcp_instance_id?: string | undefined;
}

export async function listApprovals(ctx: Ctx, query: ApprovalQuery): Promise<Page<Approval>> {
  const before = decodeCursor('approval', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.status === undefined ? undefined : eq(t.status, query.status),
          query.user_identifier === undefined ? undefined : eq(t.userIdentifier, query.user_identifier),
          query.tool_name === undefined ? undefined : eq(t.toolName, query.tool_name),
          query.mcp_instance_id === undefined ? undefined : eq(t.mcpInstanceId, query.mcp_instance_id),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, presentApproval);
}

export async function getApproval(ctx: Ctx, id: string): Promise<ApprovalDetail> {
  const row = await ctx.tx((tx) => readApproval(ctx, tx, id));
  return { ...presentApproval(row), arguments: (await openCall(ctx.modules, row))?.input ?? null };
}

/** The link for whoever the operator gives it to: the same one each time. */
export async function createApprovalLink(ctx: Ctx, id: string): Promise<ApprovalLink> {
  const row = await ctx.tx(async (tx) => {
    const found = await readApproval(ctx, tx, id, 'lock');
    mustBePending(found);
    await ctx.audit(tx, 'approval_link.created', { kind: 'approval', id });
    return found;
  });
  return { link: await approvalUrl(ctx.modules, row, 'operator'), expires_at: row.expiresAt.toISOString() };
}

/**
 * Through the API: as the operator, or for the user who decided in the operator's app.
 * @throws Fault not_found, approval_decided, approval_expired, approval_cancelled, approval_own_call, invalid_request
 */
export async function decideApproval(ctx: Ctx, id: string, decision: 'approve' | 'deny', input: ApprovalDecision): Promise<Approval> {
  const row = await ctx.tx(async (tx) => {
    const found = await readApproval(ctx, tx, id, 'lock');
    const user = input.user_identifier;
    if (user !== undefined && (found.approvers !== 'user' || user !== found.userIdentifier)) {
      const detail =
        found.approvers === 'user' ? 'is not the user of this call' : 'the config of this call leaves the decision to the operator';
      throw new Fault('invalid_request', { detail: `/user_identifier: ${detail}`, errors: [{ pointer: '/user_identifier', detail }] });
    }
    // F05: over MCP the agent holds a URL and no token; here the agent is the client.
    if (decision === 'approve' && found.via === 'api' && found.clientId === ctx.actor.id) {
      throw new Fault('approval_own_call', 'this client made the call; another one must approve it');
    }
    const by = user === undefined ? { kind: 'client', id: ctx.actor.id } : { kind: 'user', id: user };
    return decide(ctx, tx, found, decision, by, input.reason);
  });
  return presentApproval(row);
}

/** The row is locked, so that of all who decide at once the first one did. */
export async function decide(
  ctx: Ctx,
  tx: Tx,
  row: ApprovalRow,
  decision: 'approve' | 'deny',
  by: { kind: string; id: string | null },
  reason: string | undefined,
): Promise<ApprovalRow> {
  mustBePending(row);
  if (decision === 'approve') await mustBeServed(tx, row);
  const [decided] = await tx
    .update(t)
    .set({
      decidedByKind: by.kind,
      decidedById: by.id,
      decidedAt: sql`clock_timestamp()`,
      reason: reason ?? null,
      ...(decision === 'approve'
        ? { status: 'approved', expiresAt: sql`greatest(${t.expiresAt}, clock_timestamp() + make_interval(secs => ${approvedForSeconds}))` }
        : { status: 'denied', endedAt: sql`clock_timestamp()` }),
    })
    .where(and(eq(t.id, row.id), eq(t.status, 'pending')))
    .returning();
  if (decided === undefined) throw new Error('the approval was decided while its row was locked');
  const action = decision === 'approve' ? 'approval.approved' : 'approval.denied';
  await tell(tx, decided, action, { decided_by: by, reason: reason ?? null });
  await ctx.audit(tx, action, { kind: 'approval', id: row.id }, { by: by.kind, tool: row.toolName });
  return decided;
}

/** @throws Fault approval_decided, approval_expired, approval_cancelled */
function mustBePending(row: ApprovalRow): void {
  if (row.status === 'cancelled')
    throw new Fault('approval_cancelled', `this approval was given up: ${row.reason ?? 'nobody may ask for it'}`);
  if (row.status === 'expired' || (row.status === 'pending' && row.expiresAt.getTime() <= Date.now())) {
    throw new Fault('approval_expired', `this approval has expired at ${row.expiresAt.toISOString()}; the agent must ask again`);
  }
  if (row.status !== 'pending') {
    const verdict = row.status === 'denied' ? 'denied' : 'approved';
    throw new Fault('approval_decided', `this approval was ${verdict} at ${row.decidedAt?.toISOString()}`);
  }
}

/** @throws Fault approval_cancelled; the sweep writes it down */
async function mustBeServed(tx: Tx, row: ApprovalRow): Promise<void> {
  const [user] = await tx.select({ suspendedAt: schema.users.suspendedAt }).from(schema.users).where(eq(schema.users.id, row.userId));
  if (user === undefined || user.suspendedAt !== null) throw new Fault('approval_cancelled', 'the user of this call is suspended');
  if (row.mcpInstanceId === null) return;
  const { mcpInstances: instances } = schema;
  const [instance] = await tx.select({ revokedAt: instances.revokedAt }).from(instances).where(eq(instances.id, row.mcpInstanceId));
  if (instance === undefined || instance.revokedAt !== null) throw new Fault('approval_cancelled', 'the MCP URL of this call was revoked');
}

async function readApproval(ctx: Ctx, tx: Tx, id: string, lock?: 'lock'): Promise<ApprovalRow> {
  const found = tx
    .select()
    .from(t)
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
  const [row] = await (lock === undefined ? found : found.for('update'));
  if (row === undefined) throw noSuchApproval();
  return row;
}

/** Undefined once it was erased. */
export async function openCall(modules: Modules, row: ApprovalRow): Promise<SealedCall | undefined> {
  if (row.argumentsCt === null) return undefined;
  return modules.sealing.openAnswer<SealedCall>(approvalPlace(row, 'arguments_ct'), row.argumentsCt);
}

function presentApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    status: row.status as ApprovalStatus,
    tool_name: row.toolName,
    effect: row.effect as Approval['effect'],
    connector: row.connector,
    connection_name: row.connectionName,
    connected_account_id: row.connectedAccountId,
    account_label: row.accountLabel,
    user_identifier: row.userIdentifier,
    via: row.via as Approval['via'],
    client_id: row.clientId,
    mcp_instance_id: row.mcpInstanceId,
    mcp_config_name: row.mcpConfigName,
    mcp_config_version: row.mcpConfigVersion,
    approvers: row.approvers as Approval['approvers'],
    decided_by: row.decidedByKind === null ? null : { kind: row.decidedByKind as 'client', id: row.decidedById },
    decided_at: row.decidedAt?.toISOString() ?? null,
    reason: row.reason,
    tool_call_id: row.toolCallId,
    fault_code: row.faultCode as Approval['fault_code'],
    expires_at: row.expiresAt.toISOString(),
    ended_at: row.endedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
