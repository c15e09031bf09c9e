import type { OAuth2Credential } from '@grantway/connector-kit';
import { type AuditAction, newId, type RevocationCause } from '@grantway/contract';
import { type Actor, recordAudit, schema, type Tx } from '@grantway/db';
import { eq, sql } from 'drizzle-orm';
import { salvagePlace } from './credential-place.ts';
import { VaultError } from './record.ts';
import { queueRevocation } from './revocations.ts';
import { sealedColumns } from './sealed-columns.ts';
import type { Sealing } from './sealing.ts';

/**
 * Destroys every wrap of an environment's data keys, in the caller's transaction: what they sealed is unreadable from then
 * on, in backups too unless they hold the wraps. The keys' rows stay, retired, so that their ids can be read in the audit.
 * A running broker that still has one in memory forgets it with its next renewal, within eight minutes of use.
 */
export async function destroyEnvironmentKeys(tx: Tx, environmentId: string, actor: Actor): Promise<{ keys: string[] }> {
  const { rows } = await tx.execute<{ id: string; purpose: string }>(sql`
    update data_keys set state = 'retired', state_changed_at = clock_timestamp() where environment_id = ${environmentId} returning id, purpose`);
  await tx.execute(sql`
    delete from data_key_wraps where data_key_id in (select id from data_keys where environment_id = ${environmentId})`);
  for (const { id, purpose } of rows) {
    await recordAudit(tx, {
      environmentId,
      action: 'data_key.destroyed' satisfies AuditAction,
      actor,
      target: { kind: 'data_key', id },
      requestId: null,
      details: { purpose },
    });
  }
  return { keys: rows.map(({ id }) => id) };
}

/** Removes every sealed value of an environment, whatever it is: the row where it is nothing without it, else the value. */
export async function eraseSealedValues(tx: Tx, environmentId: string): Promise<void> {
  for (const { table, column, purpose, goesWithItsRow } of sealedColumns) {
    if (purpose !== 'record') continue;
    const [from, which] = [sql.identifier(table), sql`environment_id = ${environmentId} and ${sql.identifier(column)} is not null`];
    await tx.execute(
      goesWithItsRow ? sql`delete from ${from} where ${which}` : sql`update ${from} set ${sql.identifier(column)} = null where ${which}`,
    );
  }
}

/**
 * Moves what was salvaged for an account into the outbox, before its row goes and takes it along: a provider issued it, so
 * that it must be ended there. Answers the ids of the receipts.
 */
export async function queueSalvaged(
  tx: Tx,
  sealing: Sealing,
  account: { id: string; environmentId: string; connectionId: string; providerAccountId: string | null },
  cause: RevocationCause,
): Promise<string[]> {
  const t = schema.salvagedCredentials;
  const salvaged = await tx.delete(t).where(eq(t.connectedAccountId, account.id)).returning();
  const ids: string[] = [];
  for (const row of salvaged) {
    const credential = await sealing.open<OAuth2Credential>(salvagePlace(row), row.credentialCt).catch((error: unknown) => {
      if (error instanceof VaultError) return undefined;
      throw error;
    });
    const { connectionId, providerAccountId } = account;
    const id = newId('revocation');
    ids.push(await queueRevocation(tx, sealing, { account, connectionId, providerAccountId, grantId: row.grantId, credential, cause, id }));
  }
  return ids;
}
