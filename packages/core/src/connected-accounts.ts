import type { OAuth2Auth, OAuth2Credential } from '@grantway/connector-kit';
import { type ConnectedAccount, type ConnectedAccountReason, type ConnectedAccountStatus, Fault, newId } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { type OAuthApp, revokeToken } from '@grantway/oauth';
import { clientSecretPlace, credentialPlace, endAccount } from '@grantway/vault';
import { and, desc, eq, lt, ne, sql } from 'drizzle-orm';
import { type ConnectionRow, redirectUri } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

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
 * Disconnects: the stored credential is destroyed at once, then revoked at the provider as far as the provider lets
 * us. The account stays, DISCONNECTED, so that its history can be read and its user can connect again.
 */
export async function disconnectAccount(ctx: Ctx, id: string): Promise<void> {
  const found = await ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ account: t, connection: schema.connections })
      .from(t)
      .innerJoin(schema.connections, eq(schema.connections.id, t.connectionId))
      .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)))
      .for('update', { of: t });
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    if (row.account.status !== 'DISCONNECTED') {
      await endAccount(tx, {
        account: { id, environmentId: ctx.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: ctx.actor,
        requestId: ctx.requestId,
      });
    }
    // Links that are still out must not bring the account back behind the operator's back.
    await tx
      .update(schema.authorizationLinks)
      .set({ expiresAt: sql`least(${schema.authorizationLinks.expiresAt}, clock_timestamp())` })
      .where(eq(schema.authorizationLinks.connectedAccountId, id));
    await ctx.audit(tx, 'connected_account.deleted', { kind: 'connected_account', id }, { from: row.account.status });
    if (row.account.status !== 'DISCONNECTED') {
      await recordEvent(tx, {
        environmentId: ctx.environmentId,
        type: 'connected_account.deleted',
        connectedAccountId: id,
        data: { old_status: row.account.status },
      });
    }
    return row;
  });
  await revokeAtProvider(ctx, found.account, found.connection);
}

/** Best effort: the row is gone already, and what the provider said is in the log. */
async function revokeAtProvider(ctx: Ctx, account: AccountRow, connection: ConnectionRow): Promise<void> {
  if (account.credentialCt === null || account.grantId === null) return;
  const app = await oauthAppOf(ctx.modules, connection);
  if (app === undefined) return;
  const credential = await ctx.modules.sealing.open<OAuth2Credential>(
    credentialPlace({ environmentId: account.environmentId, id: account.id, generation: account.generation, grantId: account.grantId }),
    account.credentialCt,
  );
  try {
    const receipt = await revokeToken(ctx.modules.egress, app, credential);
    ctx.log.info({ account_id: account.id, proven: receipt.proven, detail: receipt.detail }, 'revoked at the provider');
  } catch (err) {
    ctx.log.warn({ account_id: account.id, err }, 'could not be revoked at the provider');
  }
}

/** The OAuth app of a connection, or undefined for a key connector or one that is not completely configured. */
export async function oauthAppOf(modules: Modules, connection: ConnectionRow): Promise<OAuthApp | undefined> {
  const connector = await modules.catalogue.find(connection.connector);
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

export async function ensureUser(tx: Tx, environmentId: string, identifier: string): Promise<string> {
  const where = and(eq(schema.users.environmentId, environmentId), eq(schema.users.identifier, identifier));
  const [known] = await tx.select({ id: schema.users.id }).from(schema.users).where(where);
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
    })
    .from(t)
    .innerJoin(schema.connections, eq(schema.connections.id, t.connectionId))
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .$dynamic();
}

function present(row: { account: AccountRow; connection: { name: string; connector: string }; identifier: string }): ConnectedAccount {
  const { account, connection, identifier } = row;
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
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
