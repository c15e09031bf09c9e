import { type AuditAction, newId } from '@grantway/contract';
import type { Tx } from './database.ts';
import { auditEvents } from './schema.ts';

export interface Actor {
  /** `operator`: whoever ran a command of the installation; the id is the name of his account on that machine. */
  kind: 'client' | 'person' | 'system' | 'operator';
  id: string | null;
}

export interface AuditEntry {
  /** Null for a deed that concerns the installation and no environment; no environment's clients see its row. */
  environmentId: string | null;
  action: AuditAction;
  actor: Actor;
  target?: { kind: string; id: string };
  requestId: string | null;
  /** Names, counts and codes; never a secret or a user's data. */
  details?: Record<string, unknown>;
}

const rowOf = (entry: AuditEntry) => ({
  id: newId('auditEvent'),
  environmentId: entry.environmentId,
  action: entry.action,
  actorKind: entry.actor.kind,
  actorId: entry.actor.id,
  targetKind: entry.target?.kind ?? null,
  targetId: entry.target?.id ?? null,
  requestId: entry.requestId,
  details: entry.details ?? {},
});

/** Writes the audit row of a deed in the transaction of the deed: both are durable, or neither. */
export async function recordAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx.insert(auditEvents).values(rowOf(entry));
}

/** The rows of deeds that changed nothing besides, of whichever environments, as one prepared statement. */
export function auditStatement(entries: readonly AuditEntry[]): { name: string; text: string; values: unknown[] } {
  return {
    name: 'write audit rows',
    text: `insert into audit_events (id, environment_id, action, actor_kind, actor_id, target_kind, target_id, request_id, details)
      select "id", "environmentId", "action", "actorKind", "actorId", "targetKind", "targetId", "requestId", "details"
      from json_to_recordset($1::json) as r ("id" text, "environmentId" text, "action" text, "actorKind" text, "actorId" text,
        "targetKind" text, "targetId" text, "requestId" text, "details" jsonb)`,
    values: [JSON.stringify(entries.map(rowOf))],
  };
}
