import { Fault, newId, type User, type UserUpdate } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { endAccount, queueSalvaged } from '@grantway/vault';
import { and, eq, inArray, sql } from 'drizzle-orm';
import { endLinks, endLinksOfPerson } from './account-endings.ts';
import type { Ctx } from './ctx.ts';

const t = schema.users;

async function lockUser(ctx: Ctx, tx: Tx, identifier: string): Promise<typeof t.$inferSelect> {
  const [row] = await tx
    .select()
    .from(t)
    .where(and(eq(t.environmentId, ctx.environmentId), eq(t.identifier, identifier)))
    .for('update');
  if (row === undefined) throw new Fault('not_found', 'no such user');
  return row;
}

/** Suspends or resumes: nothing is lost meanwhile, credentials are kept fresh, and resuming needs no new consent. */
export async function updateUser(ctx: Ctx, identifier: string, input: UserUpdate): Promise<User> {
  return ctx.tx(async (tx) => {
    const { id } = await lockUser(ctx, tx, identifier);
    const [row] = await tx
      .update(t)
      .set({ suspendedAt: input.suspended ? sql`coalesce(${t.suspendedAt}, clock_timestamp())` : null })
      .where(eq(t.id, id))
      .returning();
    if (row === undefined) throw new Error('the user vanished');
    await ctx.audit(tx, 'user.updated', { kind: 'user', id }, { suspended: input.suspended });
    return {
      identifier,
      suspended: row.suspendedAt !== null,
      suspended_at: row.suspendedAt?.toISOString() ?? null,
      created_at: row.createdAt.toISOString(),
    };
  });
}

/** First tries that a request waits for; the sweep does the others. */
const triedAtOnce = 20;

/**
 * Forgets a user: accounts, links, MCP URLs and kept answers are gone with the transaction; credentials go through the
 * outbox to their providers. What is left are receipts and the audit of deeds.
 */
export async function forgetUser(ctx: Ctx, identifier: string): Promise<void> {
  const accounts = schema.connectedAccounts;
  const revocationIds: string[] = [];
  await ctx.tx(async (tx) => {
    const { id } = await lockUser(ctx, tx, identifier);
    const { sealing } = ctx.modules;
    const all = await tx.select().from(accounts).where(eq(accounts.userId, id)).orderBy(accounts.id).for('update');
    const held = all.filter(({ credentialCt }) => credentialCt !== null);
    for (const account of held) {
      const revocationId = newId('revocation');
      revocationIds.push(revocationId);
      await endAccount(tx, {
        account: { id: account.id, environmentId: ctx.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: ctx.actor,
        requestId: ctx.requestId,
        revoke: { sealing, cause: 'forgotten', id: revocationId },
      });
    }
    // Tokens that are in none of them, and would go with their rows: unstored ones, and those that waited for a yes.
    for (const account of all) {
      revocationIds.push(
        ...(await queueSalvaged(tx, sealing, account, 'forgotten')),
        ...(await endLinks(tx, sealing, account, 'forgotten')),
      );
    }
    await tx.delete(schema.idempotencyKeys).where(
      inArray(
        schema.idempotencyKeys.toolCallId,
        tx
          .select({ id: schema.toolCalls.id })
          .from(schema.toolCalls)
          .where(and(eq(schema.toolCalls.environmentId, ctx.environmentId), eq(schema.toolCalls.userIdentifier, identifier))),
      ),
    );
    await tx.delete(schema.mcpInstances).where(eq(schema.mcpInstances.userId, id));
    const { mcpSignIns: signIns } = schema;
    await tx.delete(signIns).where(and(eq(signIns.environmentId, ctx.environmentId), eq(signIns.userIdentifier, identifier)));
    revocationIds.push(...(await endLinksOfPerson(tx, sealing, id, 'forgotten')));
    // Without their keys nobody reads them; the sweep removes the bytes.
    await tx.update(schema.files).set({ status: 'deleting', keyCt: null }).where(eq(schema.files.userId, id));
    // Links and consents that are under way go with their account.
    await tx.delete(accounts).where(eq(accounts.userId, id));
    await tx.delete(t).where(eq(t.id, id));
    await ctx.audit(tx, 'user.forgotten', { kind: 'user', id }, { credentials: held.length });
  });
  await Promise.all(revocationIds.slice(0, triedAtOnce).map((id) => ctx.modules.revocations.tryNow(id)));
}
