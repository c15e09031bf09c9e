import type { Credential } from '@grantway/connector-kit';
import { newId, type RevocationCause } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { queueRevocation, type Sealing } from '@grantway/vault';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { endWaiting, sealedPlace, type VerificationRow } from './verification.ts';

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
  for (const row of open) receipts.push(...(await giveUp(tx, sealing, account, row, cause)));
  return receipts;
}

/**
 * The same for one person's links of accounts that are the organization's, which outlive whoever was about to connect them.
 * Their account is as it was before the person came; the links themselves are gone.
 */
export async function endLinksOfPerson(tx: Tx, sealing: Sealing, userId: string, cause: RevocationCause): Promise<string[]> {
  const { verifications: checks, connectedAccounts: accounts } = schema;
  const open = await tx
    .select({ check: checks, connectionId: accounts.connectionId })
    .from(checks)
    .innerJoin(t, eq(t.id, checks.linkId))
    .innerJoin(accounts, eq(accounts.id, checks.connectedAccountId))
    .where(and(eq(t.userId, userId), isNull(checks.outcome)))
    .orderBy(checks.connectedAccountId);
  const receipts: string[] = [];
  for (const { check, connectionId } of open) {
    const account = { id: check.connectedAccountId, environmentId: check.environmentId, connectionId };
    receipts.push(...(await giveUp(tx, sealing, account, check, cause)));
    if (check.kind === 'parked') await endWaiting(tx, account.id);
  }
  await tx.delete(t).where(eq(t.userId, userId));
  return receipts;
}

async function giveUp(
  tx: Tx,
  sealing: Sealing,
  account: { id: string; environmentId: string; connectionId: string },
  check: VerificationRow,
  cause: RevocationCause,
): Promise<string[]> {
  const receipts: string[] = [];
  if (check.kind === 'replacement' && check.sealedCt !== null) {
    const credential = await sealing.open<Credential>(sealedPlace(check), check.sealedCt);
    const { connectionId } = account;
    const providerAccountId = (check.facts['to'] as { id: string } | undefined)?.id ?? null;
    const grantId = newId('grant');
    receipts.push(await queueRevocation(tx, sealing, { account, connectionId, providerAccountId, grantId, credential, cause }));
  }
  await tx.update(schema.verifications).set({ outcome: 'superseded', sealedCt: null }).where(eq(schema.verifications.id, check.id));
  return receipts;
}
