import type { OAuth2Auth } from '@grantway/connector-kit';
import {
  type ConnectedAccount,
  type ConnectedAccountReason,
  type ConnectedAccountStatus,
  Fault,
  newId,
  type RevocationStatus,
} from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import type { OAuthApp } from '@grantway/oauth';
import { clientSecretPlace, endAccount, NeedsAuthorization } from '@grantway/vault';
import { and, desc, eq, lt, ne, sql } from 'drizzle-orm';
import { type ConnectionRow, redirectUri } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectorOf } from './remote-servers.ts';

const t = schema.connectedAccounts;
export type AccountRow = typeof t.$inferSelect;

export async function listConnectedAccounts(
  ctx: Ctx,
  query: {
    limit: number;
    cursor?: string | undefined;
    connection_name?: string | undefined;
    identifier?: string | undefined;
    status?: ConnectedAccountStatus | undefined;
  },
): Promise<Page<ConnectedAccount>> {
  const before = decodeCursor('connectedAccount', query.cursor);
  const rows = await ctx.tx((tx) =>
    select(tx)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.connection_name === undefined ? undefined : eq(schema.connections.name, query.connection_name),
          query.identifier === undefined ? undefined : eq(schema.users.identifier, query.identifier),
          query.status === undefined ? undefined : eq(t.status, query.status),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(
    rows.map((row) => ({ id: row.account.id, row })),
    query.limit,
    ({ row }) => present(row),
  );
}

export async function getConnectedAccount(ctx: Ctx, id: string): Promise<ConnectedAccount> {
  const [row] = await ctx.tx((tx) => select(tx).where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId))));
  if (row === undefined) throw new Fault('not_found', 'no such connected account');
  return present(row);
}

/**
 * Disconnects: the stored credential moves to the outbox of what is to be revoked, and is tried at the provider at once.
 * What fails is tried again by the sweep, and ends with a receipt. The account stays, DISCONNECTED, so that its history can be read and its user can connect again.
 */
export async function disconnectAccount(ctx: Ctx, id: string): Promise<void> {
  const revocationId = newId('revocation');
  await ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ status: t.status })
      .from(t)
      .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)))
      .for('update');
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    if (row.status !== 'DISCONNECTED') {
      await endAccount(tx, {
        account: { id, environmentId: ctx.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: ctx.actor,
        requestId: ctx.requestId,
        revoke: { sealing: ctx.modules.sealing, cause: 'disconnected', id: revocationId },
      });
    }
    // Links that are still out must not bring the account back behind the operator's back.
    await tx
      .update(schema.authorizationLinks)
      .set({ expiresAt: sql`least(${schema.authorizationLinks.expiresAt}, clock_timestamp())` })
      .where(eq(schema.authorizationLinks.connectedAccountId, id));
    await ctx.audit(tx, 'connected_account.deleted', { kind: 'connected_account', id }, { from: row.status });
    if (row.status !== 'DISCONNECTED') {
      await recordEvent(tx, {
        environmentId: ctx.environmentId,
        type: 'connected_account.deleted',
        connectedAccountId: id,
        data: { old_status: row.status },
      });
    }
  });
  await ctx.modules.revocations.tryNow(revocationId);
}

/**
 * Renews the access token now, whatever is left of its life. Callers who ask together get one token request; a failure
 * is the account's own, and waits as any other refresh does.
 *
 * @throws Fault not_found, not_refreshable, authorization_required, provider_unavailable, connection_incident, unavailable
 */
export async function refreshAccount(ctx: Ctx, id: string): Promise<ConnectedAccount> {
  const account = await ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ status: t.status, reason: t.reason, refreshable: t.refreshable, fingerprint: t.accessFingerprint })
      .from(t)
      .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    if (row.status === 'ACTIVE' && !row.refreshable) throw new Fault('not_refreshable');
    await ctx.audit(tx, 'connected_account.refresh_requested', { kind: 'connected_account', id }, {});
    return row;
  });
  try {
    if (account.fingerprint === null) {
      throw new NeedsAuthorization(id, account.status as ConnectedAccountStatus, account.reason as ConnectedAccountReason | null);
    }
    await ctx.modules.leases.refresh(id, { rejected: account.fingerprint });
  } catch (error) {
    if (!(error instanceof NeedsAuthorization)) throw error;
    throw new Fault('authorization_required', {
      detail: 'The account must be connected again; create an authorization link for its user.',
      extra: { connected_account_id: id, connected_account_status: error.status, reason: error.reason },
    });
  }
  return getConnectedAccount(ctx, id);
}

/** The OAuth app of a connection, or undefined for a key connector or one that is not completely configured. */
export async function oauthAppOf(
  modules: Pick<Modules, 'catalogue' | 'sealing' | 'sandboxOrigin' | 'baseUrl'>,
  connection: ConnectionRow,
): Promise<OAuthApp | undefined> {
  const connector = await connectorOf(modules.catalogue, connection);
  if (connector?.auth.kind !== 'oauth2' || connection.clientId === null || connection.clientSecretCt === null) return undefined;
  const sandboxOrigin = connection.sandbox ? modules.sandboxOrigin() : undefined;
  if (connection.sandbox && sandboxOrigin === undefined) throw new Fault('sandbox_not_allowed', 'the sandbox is off');
  return {
    connector: connector as OAuthApp['connector'] & { auth: OAuth2Auth },
    clientId: connection.clientId,
    clientSecret: await modules.sealing.open<string>(
      clientSecretPlace({ environmentId: connection.environmentId, id: connection.id, generation: connection.secretGeneration }),
      connection.clientSecretCt,
    ),
    redirectUri: redirectUri(modules.baseUrl(), connection.id),
    sandboxOrigin,
  };
}

/** The user's account on a connection; made, PENDING_AUTH, when it is the first time. Idempotent under concurrency. */
export async function ensureAccount(tx: Tx, environmentId: string, connectionId: string, userId: string): Promise<AccountRow> {
  const where = and(eq(t.connectionId, connectionId), eq(t.userId, userId));
  const [known] = await tx.select().from(t).where(where);
  if (known !== undefined) return known;
  const [made] = await tx
    .insert(t)
    .values({ id: newId('connectedAccount'), environmentId, connectionId, userId, status: 'PENDING_AUTH', reason: 'never_connected' })
    .onConflictDoNothing()
    .returning({ id: t.id });
  if (made !== undefined) {
    const data = { status: 'PENDING_AUTH', reason: 'never_connected' };
    await recordEvent(tx, { environmentId, type: 'connected_account.created', connectedAccountId: made.id, data });
  }
  const [row] = await tx.select().from(t).where(where);
  if (row === undefined) throw new Error('the account vanished');
  return row;
}

/** @throws Fault user_suspended */
export async function ensureUser(tx: Tx, environmentId: string, identifier: string): Promise<string> {
  const where = and(eq(schema.users.environmentId, environmentId), eq(schema.users.identifier, identifier));
  const [known] = await tx.select({ id: schema.users.id, suspendedAt: schema.users.suspendedAt }).from(schema.users).where(where);
  if (known !== undefined && known.suspendedAt !== null) throw new Fault('user_suspended');
  if (known !== undefined) return known.id;
  await tx
    .insert(schema.users)
    .values({ id: newId('user'), environmentId, identifier })
    .onConflictDoNothing();
  const [row] = await tx.select({ id: schema.users.id }).from(schema.users).where(where);
  if (row === undefined) throw new Error('the user vanished');
  return row.id;
}

/** How many accounts are in use, for the welcome page and the metrics. */
export async function countAccounts(tx: Tx): Promise<{ active: number; waiting: number }> {
  const rows = await tx
    .select({ active: sql<boolean>`${t.status} = 'ACTIVE'`, n: sql<number>`count(*)::int` })
    .from(t)
    .where(ne(t.status, 'DISCONNECTED'))
    .groupBy(sql`1`);
  return { active: rows.find((r) => r.active)?.n ?? 0, waiting: rows.find((r) => !r.active)?.n ?? 0 };
}

function select(tx: Tx) {
  return tx
    .select({
      account: t,
      connection: { name: schema.connections.name, connector: schema.connections.connector },
      identifier: schema.users.identifier,
      revocation: sql<Receipt | null>`(select json_build_object('status', r.status, 'detail', r.detail, 'at', coalesce(r.ended_at, r.created_at))
        from revocations r where r.connected_account_id = ${t.id} order by r.id desc limit 1)`,
    })
    .from(t)
    .innerJoin(schema.connections, eq(schema.connections.id, t.connectionId))
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .$dynamic();
}

interface Receipt {
  status: RevocationStatus;
  detail: string | null;
  at: string;
}

function present(row: {
  account: AccountRow;
  connection: { name: string; connector: string };
  identifier: string;
  revocation: Receipt | null;
}): ConnectedAccount {
  const { account, connection, identifier, revocation } = row;
  return {
    id: account.id,
    connection_id: account.connectionId,
    connection_name: connection.name,
    connector: connection.connector,
    identifier,
    status: account.status as ConnectedAccountStatus,
    reason: account.reason as ConnectedAccountReason | null,
    status_changed_at: account.statusChangedAt.toISOString(),
    provider_account:
      account.providerAccountId === null
        ? null
        : { id: account.providerAccountId, label: account.providerAccountLabel ?? account.providerAccountId },
    scopes: account.scopes,
    access_token_expires_at: account.accessExpiresAt?.toISOString() ?? null,
    last_refreshed_at: account.lastRefreshedAt?.toISOString() ?? null,
    last_used_at: account.lastUsedAt?.toISOString() ?? null,
    revocation: revocation === null ? null : { ...revocation, at: new Date(revocation.at).toISOString() },
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
