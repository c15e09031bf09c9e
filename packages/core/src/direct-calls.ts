import { createHash } from 'node:crypto';
import { Fault, newId, Secret, type Tool, type ToolExecute, type ToolResult } from '@grantway/contract';
import { schema } from '@grantway/db';
import { type Place, sameBytes } from '@grantway/vault';
import { and, eq } from 'drizzle-orm';
import { canonicalJson } from './canonical-json.ts';
import { findTool, presentTool } from './connectors.ts';
import type { Ctx } from './ctx.ts';
import { wholeGrant } from './grants.ts';
import { executeTool } from './tool-calls.ts';
import { findInCatalogue } from './tool-finder.ts';
import type { ExposedTool } from './tools.ts';

/** Tools that can be executed in this environment: those of the connectors that have a connection. With a query: the best ones first. */
export async function listTools(
  ctx: Ctx,
  query: { connection_name?: string | undefined; connector?: string | undefined; query?: string | undefined; limit?: number | undefined },
): Promise<Tool[]> {
  const connections = await ctx.tx((tx) =>
    tx
      .selectDistinct({ connector: schema.connections.connector })
      .from(schema.connections)
      .where(
        and(
          eq(schema.connections.environmentId, ctx.environmentId),
          query.connection_name === undefined ? undefined : eq(schema.connections.name, query.connection_name),
          query.connector === undefined ? undefined : eq(schema.connections.connector, query.connector),
        ),
      ),
  );
  const ids = new Set(connections.map((c) => c.connector));
  if (query.query !== undefined) {
    const found = await findInCatalogue(ctx.modules.catalogue, ids, query.query, query.limit ?? 20);
    return found.map(({ connector, tool }) => presentTool(connector.id, tool));
  }
  return (await ctx.modules.catalogue.all()).filter((c) => ids.has(c.id)).flatMap((c) => c.tools.map((t) => presentTool(c.id, t)));
}

/**
 * The same execution as through MCP, for callers without MCP. With an Idempotency-Key the first answer is kept (sealed)
 * and given again; nothing is executed twice.
 * @throws Fault as executeTool, and unknown_tool, unknown_connection, unknown_account, ambiguous_connection, idempotency_mismatch, idempotency_in_progress
 */
export async function executeDirectly(ctx: Ctx, name: string, input: ToolExecute, idempotencyKey: string | undefined): Promise<ToolResult> {
  const clientId = ctx.actor.id ?? '';
  const found = await findTool(ctx.modules.catalogue, name);
  const prepared = await ctx.tx(async (tx) => {
    const candidates =
      found === undefined
        ? []
        : await tx
            .select({ id: schema.connections.id, name: schema.connections.name })
            .from(schema.connections)
            .where(
              and(
                eq(schema.connections.environmentId, ctx.environmentId),
                eq(schema.connections.connector, found.connector.id),
                input.connection_name === undefined ? undefined : eq(schema.connections.name, input.connection_name),
              ),
            )
            .limit(2);
    if (found !== undefined && candidates.length > 1) {
      throw new Fault('ambiguous_connection', `several connections have the tool "${name}"; name one with connection_name`);
    }
    if (found !== undefined && candidates.length === 0 && input.connection_name !== undefined) {
      throw new Fault('unknown_connection', `there is no connection "${input.connection_name}" with the tool "${name}"`);
    }
    return { connection: candidates[0] };
  });
  const exposed: ExposedTool | undefined =
    found === undefined || prepared.connection === undefined
      ? undefined
      : {
          name,
          ...found,
          connectionId: prepared.connection.id,
          connectionName: prepared.connection.name,
          accountOwner: input.account_owner ?? 'user',
          accountChoice: true,
        };
  const toolCallId = newId('toolCall');
  const kept = idempotencyKey === undefined ? undefined : await claimKey(ctx, clientId, idempotencyKey, { name, input }, toolCallId);
  if (kept?.answer !== undefined) return kept.answer;
  try {
    const { output } = await executeTool(
      ctx.modules,
      {
        via: 'api',
        environmentId: ctx.environmentId,
        clientId,
        // Acting for a user who was never seen makes the user, as ensure_instance does; a refused call does not.
        userId: null,
        userIdentifier: input.identifier,
        instance: null,
        grant: wholeGrant,
        requestId: ctx.requestId,
        log: ctx.log,
      },
      name,
      exposed,
      input.arguments,
      { toolCallId, account: input.account_label ?? input.connected_account_id },
    );
    const answer: ToolResult = { tool_call_id: toolCallId, tool_name: name, output };
    await ctx.tx(async (tx) => {
      if (kept !== undefined) {
        const answerCt = await ctx.modules.sealing.seal(answerPlace(ctx.environmentId, toolCallId), new Secret(answer));
        await tx.update(schema.idempotencyKeys).set({ answerCt }).where(kept.where);
      }
      await ctx.audit(tx, 'tool.executed', { kind: 'tool_call', id: toolCallId }, { tool: name });
    });
    return answer;
  } catch (error) {
    // Whatever was certainly not done may be tried again under the same key; an unknown outcome keeps it.
    if (kept !== undefined && error instanceof Fault && error.code !== 'outcome_unknown' && error.code !== 'internal') {
      await ctx.tx((tx) => tx.delete(schema.idempotencyKeys).where(kept.where));
    }
    throw error;
  }
}

const answerPlace = (environmentId: string, toolCallId: string): Place => ({
  environmentId,
  table: 'idempotency_keys',
  column: 'answer_ct',
  rowId: toolCallId,
  generation: 1,
});

async function claimKey(ctx: Ctx, clientId: string, key: string, request: unknown, toolCallId: string) {
  const t = schema.idempotencyKeys;
  const keyMac = await ctx.modules.sealing.mac('idempotency key', [clientId, key]);
  const requestHash = createHash('sha256').update(canonicalJson(request)).digest();
  const where = and(eq(t.environmentId, ctx.environmentId), eq(t.clientId, clientId), eq(t.keyMac, keyMac));
  const claim = await ctx.tx(async (tx) => {
    const made = await tx
      .insert(t)
      .values({ environmentId: ctx.environmentId, clientId, keyMac, requestHash, toolCallId })
      .onConflictDoNothing()
      .returning({ toolCallId: t.toolCallId });
    if (made.length > 0) return 'made';
    const [known] = await tx
      .select({
        requestHash: t.requestHash,
        toolCallId: t.toolCallId,
        answerCt: t.answerCt,
        createdAt: t.createdAt,
        outcome: schema.toolCalls.outcome,
        effect: schema.toolCalls.effect,
      })
      .from(t)
      .leftJoin(schema.toolCalls, eq(schema.toolCalls.id, t.toolCallId))
      .where(where);
    return known;
  });
  if (claim === 'made') return { where };
  // The first call failed between our two looks and gave the key back: its caller may repeat it, and so may this one.
  if (claim === undefined)
    throw new Fault('idempotency_in_progress', { detail: 'the first call with this key has just ended', retryAfterSeconds: 1 });
  const row = claim;
  if (!sameBytes(row.requestHash, requestHash)) {
    throw new Fault('idempotency_mismatch', 'this Idempotency-Key was used for another tool or other arguments');
  }
  if (row.answerCt === null) {
    // A call takes two tries at most, and a refresh between them; after that its process is dead.
    const deadAfterMs = ctx.modules.settings.toolTimeoutMs * 3 + 30_000;
    const isDead = Date.now() - row.createdAt.getTime() > deadAfterMs;
    if (row.outcome !== 'outcome_unknown' && !isDead) {
      throw new Fault('idempotency_in_progress', { detail: 'the first call with this key is still running', retryAfterSeconds: 2 });
    }
    // A call has its row before it is sent: without one nothing happened, and this call may take the dead one's place.
    const nothingHappened =
      row.outcome === null || row.effect === 'read' || ['refused', 'authorization_required', 'failed'].includes(row.outcome);
    if (nothingHappened) {
      const taken = await ctx.tx((tx) =>
        tx
          .update(t)
          .set({ toolCallId, createdAt: new Date() })
          .where(and(where, eq(t.toolCallId, row.toolCallId)))
          .returning({ toolCallId: t.toolCallId }),
      );
      if (taken.length > 0) return { where };
      throw new Fault('idempotency_in_progress', { detail: 'another call with this key was faster', retryAfterSeconds: 2 });
    }
    throw new Fault('outcome_unknown', {
      detail: 'the first call with this key may have happened, and its answer was lost; look before you use another key',
      extra: { tool_call_id: row.toolCallId },
    });
  }
  const answer = await ctx.modules.sealing.openAnswer<ToolResult>(answerPlace(ctx.environmentId, row.toolCallId), row.answerCt);
  await ctx.tx((tx) =>
    ctx.audit(tx, 'tool.executed', { kind: 'tool_call', id: row.toolCallId }, { tool: (request as { name: string }).name, replayed: true }),
  );
  return { where, answer };
}
