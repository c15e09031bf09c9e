import type { Credential } from '@grantway/connector-kit';
import { newId, type RevocationCause } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { queueRevocation, type Sealing } from '@grantway/vault';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { sealedPlace } from './verification.ts';

const t = schema.authorizationLinks;

/**
 * Ends everything that could still bring an ended account back: its links, the consents that began on them, and what was
 * parked for a check. A provider's token among that goes into the outbox; the ids of the receipts are the answer.
 */
export async function endLinks(
  tx: Tx,
  sealing: Sealing,
  account: { id: string; environmentId: string; connectionId: string },
  cause: RevocationCause,
): Promise<string[]> {
  const checks = schema.verifications;
  const links = await tx
    .update(t)
    .set({ expiresAt: sql`least(${t.expiresAt}, clock_timestamp())` })
    .where(eq(t.connectedAccountId, account.id))
    .returning({ id: t.id });
  // Consents and checks begin on a link.
  if (links.length === 0) return [];
  await tx
    .update(schema.consentSessions)
    .set({ pkceVerifierCt: null })
    .where(
      inArray(
        schema.consentSessions.linkId,
        links.map(({ id }) => id),
      ),
    );
  const open = await tx
    .select()
    .from(checks)
    .where(and(eq(checks.connectedAccountId, account.id), isNull(checks.outcome)))
    .for('update');
  const receipts: string[] = [];
  for (const row of open) {
    if (row.kind === 'replacement' && row.sealedCt !== null) {
      const credential = await sealing.open<Credential>(sealedPlace(row), row.sealedCt);
      const { connectionId } = account;
      const providerAccountId = (row.facts['to'] as { id: string } | undefined)?.id ?? null;
      receipts.push(
        await queueRevocation(tx, sealing, { account, connectionId, providerAccountId, grantId: newId('grant'), credential, cause }),
      );
    }
    await tx.update(checks).set({ outcome: 'superseded', sealedCt: null }).where(eq(checks.id, row.id));
  }
  return receipts;
}
