import { type ApprovalStatus, type Effect, Fault, parseBearer } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { eq } from 'drizzle-orm';
import { type ApprovalRow, audienceVersion } from './approval-answers.ts';
import { decide, openCall } from './approval-decisions.ts';
import { type Ctx, createCtx, type Modules } from './ctx.ts';
import type { Request } from './open-link.ts';
import { isLoopbackUrl, verificationModeOf } from './verification.ts';

/*
 * The page of one approval. The operator's link decides by itself: whoever was given it may. The user's link comes from the
 * agent, who could open it as well: it approves by itself where nobody is verified anyway (loopback, mode `none`); elsewhere it
 * leads to the operator's app, which knows who is signed in and decides through the API. It always takes a no.
 */
const t = schema.approvals;

export type Audience = keyof typeof audienceVersion;

export interface ApprovalView {
  id: string;
  audience: Audience;
  status: ApprovalStatus;
  /** It waits, and its time is over. */
  isOver: boolean;
  toolName: string;
  toolTitle: string;
  effect: Effect;
  connectorName: string;
  connectionName: string;
  sandbox: boolean;
  accountLabel: string | null;
  accountOwner: 'user' | 'organization';
  userIdentifier: string;
  /** The client that made the MCP URL, or the call. */
  clientName: string | null;
  configName: string | null;
  workspaceName: string;
  arguments: Record<string, unknown> | undefined;
  reason: string | null;
  expiresAt: Date;
  createdAt: Date;
  decidedAt: Date | null;
  /** How a yes is taken: here, in the operator's app, or not through this link. */
  approveBy: { kind: 'page' } | { kind: 'app'; url: string } | { kind: 'nobody' };
}

interface Opened {
  ctx: Ctx;
  audience: Audience;
  row: ApprovalRow;
}

/** @throws Fault link_invalid */
async function openApproval(modules: Modules, token: string, request: Request): Promise<Opened> {
  const parsed = parseBearer('approval', token);
  if (parsed === undefined) throw new Fault('link_invalid');
  // Both are looked at, whatever the first one says.
  const [byOperator, byUser] = await Promise.all([
    modules.sealing.isDerived('approval', token, audienceVersion.operator),
    modules.sealing.isDerived('approval', token, audienceVersion.user),
  ]);
  if (!byOperator && !byUser) throw new Fault('link_invalid');
  const [found] = await modules.db.system('open authorization link').query<{ environment_id: string; user_id: string }>({
    name: 'approval by token id',
    text: `select a.environment_id, a.user_id from approvals a join environments e on e.id = a.environment_id
           where a.token_id = $1 and e.suspended_at is null and e.forgotten_at is null`,
    values: [parsed.id],
  });
  if (found === undefined) throw new Fault('link_invalid');
  const actor = { kind: 'person', id: byUser ? found.user_id : null } as const;
  const ctx = createCtx(modules, { environmentId: found.environment_id, actor, ...request });
  const row = await ctx.tx((tx) => byTokenId(tx, parsed.id));
  // A link for the user of a config that has become the operator's business is nothing any more.
  if (row === undefined || (byUser && row.approvers !== 'user')) throw new Fault('link_invalid');
  return { ctx, audience: byOperator ? 'operator' : 'user', row };
}

async function byTokenId(tx: Tx, tokenId: string, lock?: 'lock'): Promise<ApprovalRow | undefined> {
  const found = tx.select().from(t).where(eq(t.tokenId, tokenId));
  return (await (lock === undefined ? found : found.for('update')))[0];
}

/** Reads only. @throws Fault link_invalid */
export async function viewApproval(modules: Modules, token: string, request: Request): Promise<ApprovalView> {
  return viewOf(modules, await openApproval(modules, token, request));
}

async function viewOf(modules: Modules, { ctx, audience, row }: Opened): Promise<ApprovalView> {
  const { connections, clients, environments, workspaces, connectedAccounts: accounts } = schema;
  const about = await ctx.tx(async (tx) => {
    const [connection] = await tx.select().from(connections).where(eq(connections.id, row.connectionId));
    const [account] = await tx.select({ userId: accounts.userId }).from(accounts).where(eq(accounts.id, row.connectedAccountId));
    const [client] = row.clientId === null ? [] : await tx.select({ name: clients.name }).from(clients).where(eq(clients.id, row.clientId));
    const [workspace] = await tx
      .select({ name: workspaces.name })
      .from(environments)
      .innerJoin(workspaces, eq(workspaces.id, environments.workspaceId))
      .where(eq(environments.id, row.environmentId));
    return { connection, account, client, workspace };
  });
  const connector = await modules.catalogue.find(row.connector);
  // Where several connections have a tool, the connection's name stands behind the tool's.
  const tool = connector?.tools.find(({ name }) => row.toolName === name || row.toolName.startsWith(`${name}__`));
  return {
    id: row.id,
    audience,
    status: row.status as ApprovalStatus,
    isOver: row.status === 'pending' && row.expiresAt.getTime() <= Date.now(),
    toolName: row.toolName,
    toolTitle: tool?.title ?? row.toolName,
    effect: row.effect as Effect,
    connectorName: connector?.name ?? row.connectionName,
    connectionName: row.connectionName,
    sandbox: about.connection?.sandbox ?? false,
    accountLabel: row.accountLabel,
    accountOwner: about.account?.userId === null ? 'organization' : 'user',
    userIdentifier: row.userIdentifier,
    clientName: about.client?.name ?? null,
    configName: row.mcpConfigName,
    workspaceName: about.workspace?.name ?? '',
    arguments: (await openCall(modules, row))?.input,
    reason: row.reason,
    expiresAt: row.expiresAt,
    createdAt: row.createdAt,
    decidedAt: row.decidedAt,
    approveBy: audience === 'operator' ? { kind: 'page' } : approveByUser(modules, row, about.connection),
  };
}

function approveByUser(
  modules: Modules,
  row: ApprovalRow,
  connection: typeof schema.connections.$inferSelect | undefined,
): ApprovalView['approveBy'] {
  if (connection === undefined) return { kind: 'nobody' };
  const mode = verificationModeOf(modules, connection);
  if (mode === 'none') return isLoopbackUrl(modules.baseUrl()) ? { kind: 'page' } : { kind: 'nobody' };
  const address = mode === 'app' || mode === 'session' ? connection.verification?.userVerifyUrls?.[0] : undefined;
  if (address === undefined) return { kind: 'nobody' };
  const url = new URL(address);
  // An id, no secret: the app finds out who is there, and asks the API.
  url.searchParams.set('approval_id', row.id);
  return { kind: 'app', url: url.href };
}

/**
 * The person's word, once. A yes that the operator's app must give answers where the browser goes for it, and changes nothing.
 * @throws Fault link_invalid, approval_decided, approval_expired, approval_cancelled, verification_required
 */
export async function decideByLink(
  modules: Modules,
  token: string,
  decision: 'approve' | 'deny',
  reason: string | undefined,
  request: Request,
): Promise<{ continueAt: string } | undefined> {
  const opened = await openApproval(modules, token, request);
  const { ctx, audience, row } = opened;
  if (decision === 'approve' && audience === 'user' && row.status === 'pending') {
    const { approveBy } = await viewOf(modules, opened);
    if (approveBy.kind === 'app') return { continueAt: approveBy.url };
    if (approveBy.kind === 'nobody') throw new Fault('verification_required');
  }
  await ctx.tx(async (tx) => {
    const locked = await byTokenId(tx, row.tokenId, 'lock');
    if (locked === undefined) throw new Fault('link_invalid');
    const by = { kind: 'link', id: audience === 'user' ? row.userIdentifier : null };
    await decide(ctx, tx, locked, decision, by, reason);
  });
  return undefined;
}
