import { type ConnectedAccountReason, type CredentialRead, Fault, newId, type ReadCredential } from '@grantway/contract';
import { recordEvent, type StoredCredentialRead, schema, type Tx } from '@grantway/db';
import { endsByItself, type Lease, NeedsAuthorization, readOut, sameBytes } from '@grantway/vault';
import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';

const accounts = schema.connectedAccounts;
const reads = schema.credentialReads;

/**
 * Answers the access token of an account in clear, where an operator turned that on for this client. It is counted, audited
 * and announced in one transaction before it leaves, and counts in the decrypt budget as any other lease does. Keys and
 * passwords only where that was turned on too; a refresh token never.
 *
 * @throws Fault credential_read_off, credential_read_limit, not_found, authorization_required, and as a lease
 */
export async function readCredential(ctx: Ctx, id: string, input: CredentialRead): Promise<ReadCredential> {
  const clientId = ctx.actor.kind === 'client' ? ctx.actor.id : null;
  if (clientId === null) throw new Fault('credential_read_off');
  // Before anything is looked up or opened: a client that may not read learns nothing here.
  await ctx.tx((tx) => mustBeOn(tx, ctx, clientId));
  await ctx.tx(async (tx) => {
    const [known] = await tx
      .select({ id: accounts.id })
      .from(accounts)
      .where(and(eq(accounts.id, id), eq(accounts.environmentId, ctx.environmentId)));
    if (known === undefined) throw new Fault('not_found', 'no such connected account');
  });
  const lease = await leaseFor(ctx, id, clientId);
  await ctx.tx(async (tx) => {
    const limits = await mustBeOn(tx, ctx, clientId, 'lock');
    if (!limits.keys && !endsByItself(lease)) {
      throw new Fault('credential_read_off', 'this client may read access tokens, and no key or password');
    }
    await count(tx, ctx, clientId, id, limits);
    const [now] = await tx.select({ fingerprint: accounts.accessFingerprint }).from(accounts).where(eq(accounts.id, id)).for('update');
    // It was ended or replaced in this very moment: what is dead is not worth a row that says it was read.
    if (now?.fingerprint == null || !sameBytes(now.fingerprint, lease.fingerprint)) {
      throw new Fault('unavailable', 'the account has changed in this moment; try again');
    }
    const { reason } = input;
    await ctx.audit(tx, 'credential.read', { kind: 'connected_account', id }, { reason, connection: lease.connectionName });
    await recordEvent(tx, {
      environmentId: ctx.environmentId,
      type: 'credential.read',
      connectedAccountId: id,
      data: { client_id: clientId, reason },
    });
  });
  ctx.log.warn({ account_id: id, client_id: clientId }, 'a credential was read in clear');
  const { accessToken, expiresAt, fields } = readOut(lease);
  return {
    connected_account_id: id,
    connection_name: lease.connectionName,
    connector: lease.connector,
    access_token: accessToken,
    expires_at: expiresAt,
    scopes: lease.scopes,
    fields,
  };
}

/** Locked, callers of one client take turns, so that its limits hold over all processes. */
async function mustBeOn(tx: Tx, ctx: Ctx, clientId: string, lock?: 'lock'): Promise<StoredCredentialRead> {
  const t = schema.clients;
  const query = tx
    .select({ limits: t.credentialRead })
    .from(t)
    .where(and(eq(t.id, clientId), eq(t.environmentId, ctx.environmentId)));
  const [client] = await (lock === undefined ? query : query.for('update'));
  if (client?.limits == null) throw new Fault('credential_read_off');
  return client.limits;
}

async function count(tx: Tx, ctx: Ctx, clientId: string, accountId: string, limits: StoredCredentialRead): Promise<void> {
  const { rows } = await tx.execute<{ hour: number; day: number; hour_left_s: number; day_left_s: number }>(sql`
    select count(*) filter (where created_at > clock_timestamp() - interval '1 hour')::int as hour, count(*)::int as day,
      coalesce(extract(epoch from min(created_at) filter (where created_at > clock_timestamp() - interval '1 hour')
        + interval '1 hour' - clock_timestamp()), 0)::float8 as hour_left_s,
      coalesce(extract(epoch from min(created_at) + interval '1 day' - clock_timestamp()), 0)::float8 as day_left_s
    from credential_reads where client_id = ${clientId} and created_at > clock_timestamp() - interval '1 day'`);
  const past = rows[0] ?? { hour: 0, day: 0, hour_left_s: 0, day_left_s: 0 };
  const [isDay, isHour] = [past.day >= limits.perDay, past.hour >= limits.perHour];
  if (isDay || isHour) {
    ctx.log.warn(
      { client_id: clientId, per_hour: limits.perHour, per_day: limits.perDay },
      'a client has read as many credentials as it may',
    );
    throw new Fault('credential_read_limit', {
      detail: isDay ? `it may read ${limits.perDay} within a day` : `it may read ${limits.perHour} within an hour`,
      retryAfterSeconds: Math.max(1, Math.ceil(isDay ? past.day_left_s : past.hour_left_s)),
    });
  }
  await tx.insert(reads).values({
    id: newId('credentialRead'),
    environmentId: ctx.environmentId,
    clientId,
    connectedAccountId: accountId,
    createdAt: sql`clock_timestamp()`,
  });
}

async function leaseFor(ctx: Ctx, id: string, clientId: string): Promise<Lease> {
  try {
    return await ctx.modules.leases.lease(id, clientId);
  } catch (error) {
    if (!(error instanceof NeedsAuthorization)) throw error;
    throw new Fault('authorization_required', {
      detail: 'The account must be connected; create an authorization link for its user.',
      extra: {
        connected_account_id: id,
        connected_account_status: error.status,
        reason: error.reason satisfies ConnectedAccountReason | null,
      },
    });
  }
}
