import { Fault, type ToolCall, type ToolCallOutcome } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, desc, eq, gte, lt, lte } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { within } from './restrictions.ts';

export interface ToolCallQuery {
  limit: number;
  cursor?: string | undefined;
  user_identifier?: string | undefined;
  connection_name?: string | undefined;
  connected_account_id?: string | undefined;
  tool_name?: string | undefined;
  client_id?: string | undefined;
  mcp_instance_id?: string | undefined;
  outcome?: ToolCallOutcome | undefined;
  created_after?: string | undefined;
  created_before?: string | undefined;
}

export async function listToolCalls(ctx: Ctx, query: ToolCallQuery): Promise<Page<ToolCall>> {
  const t = schema.toolCalls;
  const before = decodeCursor('toolCall', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          ownCalls(ctx),
          before === undefined ? undefined : lt(t.id, before),
          query.user_identifier === undefined ? undefined : eq(t.userIdentifier, query.user_identifier),
          query.connection_name === undefined ? undefined : eq(t.connectionName, query.connection_name),
          query.connected_account_id === undefined ? undefined : eq(t.connectedAccountId, query.connected_account_id),
          query.tool_name === undefined ? undefined : eq(t.toolName, query.tool_name),
          query.client_id === undefined ? undefined : eq(t.clientId, query.client_id),
          query.mcp_instance_id === undefined ? undefined : eq(t.mcpInstanceId, query.mcp_instance_id),
          query.outcome === undefined ? undefined : eq(t.outcome, query.outcome),
          query.created_after === undefined ? undefined : gte(t.createdAt, new Date(query.created_after)),
          query.created_before === undefined ? undefined : lte(t.createdAt, new Date(query.created_before)),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, presentToolCall);
}

function ownCalls(ctx: Ctx) {
  const t = schema.toolCalls;
  return and(eq(t.environmentId, ctx.environmentId), within.own(ctx, t.clientId), within.identifiers(ctx, t.userIdentifier));
}

export async function getToolCall(ctx: Ctx, id: string): Promise<ToolCall> {
  const t = schema.toolCalls;
  const [row] = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(and(eq(t.id, id), ownCalls(ctx))),
  );
  if (row === undefined) throw new Fault('not_found', 'no such tool call');
  return presentToolCall(row);
}

function presentToolCall(row: typeof schema.toolCalls.$inferSelect): ToolCall {
  return {
    id: row.id,
    request_id: row.requestId,
    via: row.via as ToolCall['via'],
    client_id: row.clientId,
    user_identifier: row.userIdentifier,
    mcp_instance_id: row.mcpInstanceId,
    mcp_config_name: row.mcpConfigName,
    mcp_config_version: row.mcpConfigVersion,
    connection_name: row.connectionName,
    connected_account_id: row.connectedAccountId,
    account_label: row.accountLabel,
    connector: row.connector,
    tool_name: row.toolName,
    effect: row.effect as ToolCall['effect'],
    outcome: row.outcome as ToolCallOutcome,
    fault_code: row.faultCode as ToolCall['fault_code'],
    provider_status: row.providerStatus,
    duration_ms: row.durationMs,
    created_at: row.createdAt.toISOString(),
  };
}
