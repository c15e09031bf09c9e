import { everyPermission, Fault } from '@grantway/contract';
import { type Actor, type Database, recordAudit, type StoredCredentialRead, schema, type Tx } from '@grantway/db';
import { desc, eq, sql } from 'drizzle-orm';

// What an operator does to clients from the command line: what no client may do to itself, or when none is left that could.

const t = schema.clients;

async function changeClient(
  db: Database,
  id: string,
  by: string | null,
  change: Partial<typeof t.$inferInsert>,
  details: Record<string, unknown>,
): Promise<void> {
  await db.system('bootstrap').tx(async (tx: Tx) => {
    const [row] = await tx.update(t).set(change).where(eq(t.id, id)).returning({ environmentId: t.environmentId });
    if (row === undefined) throw new Fault('not_found', `there is no client ${id}`);
    await recordAudit(tx, {
      environmentId: row.environmentId,
      action: 'client.updated',
      actor: { kind: 'operator', id: by } satisfies Actor,
      target: { kind: 'client', id },
      requestId: null,
      details,
    });
  });
}

/** Gives a client the set of all permissions, those of later versions included. */
export function grantEveryPermission(db: Database, id: string, by: string | null = null): Promise<void> {
  return changeClient(db, id, by, { scopes: [everyPermission] }, { scopes: [everyPermission] });
}

/** Lets a client read credentials in clear, so often; null ends it with the next call. No route of the API can do this. */
export function setCredentialRead(db: Database, id: string, limits: StoredCredentialRead | null, by: string | null = null): Promise<void> {
  const told = limits === null ? null : { per_hour: limits.perHour, per_day: limits.perDay, keys: limits.keys };
  return changeClient(db, id, by, { credentialRead: limits }, { credential_read: told });
}

/** The next call of this client is refused; other clients are not needed for it. */
export function suspendClient(db: Database, id: string, suspended: boolean, by: string | null = null): Promise<void> {
  const suspendedAt = suspended ? (sql`coalesce(${t.suspendedAt}, clock_timestamp())` as unknown as Date) : null;
  return changeClient(db, id, by, { suspendedAt }, { suspended });
}

export interface OperatorDeed {
  at: Date;
  action: string;
  by: string | null;
  environmentId: string | null;
  target: string | null;
  details: Record<string, unknown>;
}

/** What operators did from the command line, newest first, over all environments and the installation itself. */
export async function listOperatorDeeds(db: Database, limit: number): Promise<OperatorDeed[]> {
  const a = schema.auditEvents;
  const rows = await db
    .system('bootstrap')
    .tx((tx) => tx.select().from(a).where(eq(a.actorKind, 'operator')).orderBy(desc(a.id)).limit(limit));
  return rows.map((row) => ({
    at: row.createdAt,
    action: row.action,
    by: row.actorId,
    environmentId: row.environmentId,
    target: row.targetId,
    details: row.details,
  }));
}
