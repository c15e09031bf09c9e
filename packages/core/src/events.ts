import type { Event, EventType } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, desc, eq, gte, lt, lte } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

export async function listEvents(
  ctx: Ctx,
  query: {
    limit: number;
    cursor?: string | undefined;
    type?: EventType | undefined;
    connected_account_id?: string | undefined;
    created_after?: string | undefined;
    created_before?: string | undefined;
  },
): Promise<Page<Event>> {
  const t = schema.events;
  const before = decodeCursor('event', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.type === undefined ? undefined : eq(t.type, query.type),
          query.connected_account_id === undefined ? undefined : eq(t.connectedAccountId, query.connected_account_id),
          query.created_after === undefined ? undefined : gte(t.createdAt, new Date(query.created_after)),
          query.created_before === undefined ? undefined : lte(t.createdAt, new Date(query.created_before)),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, (row) => ({
    id: row.id,
    type: row.type as EventType,
    connected_account_id: row.connectedAccountId,
    data: row.data,
    created_at: row.createdAt.toISOString(),
  }));
}
