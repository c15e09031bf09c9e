import type { AuditAction, AuditEvent } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, desc, eq, lt } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

export async function listAuditEvents(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; action?: AuditAction | undefined; target_id?: string | undefined },
): Promise<Page<AuditEvent>> {
  const t = schema.auditEvents;
  const before = decodeCursor('auditEvent', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.action === undefined ? undefined : eq(t.action, query.action),
          query.target_id === undefined ? undefined : eq(t.targetId, query.target_id),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, (row) => ({
    id: row.id,
    action: row.action as AuditAction,
    actor: { kind: row.actorKind as AuditEvent['actor']['kind'], id: row.actorId },
    target: row.targetKind === null || row.targetId === null ? null : { kind: row.targetKind, id: row.targetId },
    request_id: row.requestId,
    details: row.details,
    created_at: row.createdAt.toISOString(),
  }));
}
