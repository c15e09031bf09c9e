import { type AuditEntry, auditStatement, type Database, grouped } from '@grantway/db';

/** Audit rows of deeds that changed nothing besides, so that they need no transaction of their own. */
export interface AuditLog {
  /** Resolves when the row is durable. Rows of deeds that end together share one statement. */
  record(entry: AuditEntry): Promise<void>;
  drain(): Promise<void>;
}

export function createAuditLog(db: Database): AuditLog {
  const system = db.system('record deeds');
  const rows = grouped<AuditEntry, void>(
    async (entries) => {
      await system.query(auditStatement(entries));
      return entries.map(() => undefined);
    },
    { lanes: 2, patienceMs: 2, maxItems: 500 },
  );
  return { record: (entry) => rows.add(entry), drain: () => rows.settled() };
}
