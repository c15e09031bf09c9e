import { type AuthSpec, missingScopes, type OAuth2Auth } from '@grantway/connector-kit';
import {
  type AccountOwner,
  type ConnectedAccount,
  type ConnectedAccountReason,
  type ConnectedAccountStatus,
  type ConnectedAccountUpdate,
  Fault,
  newId,
  type RevocationStatus,
} from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import type { OAuthApp } from '@grantway/oauth';
import { clientSecretPlace, endAccount, NeedsAuthorization } from '@grantway/vault';
import { and, desc, eq, inArray, isNotNull, isNull, lt, ne, notInArray, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { endLinks } from './account-endings.ts';
import { type ConnectionRow, redirectUri } from './connections.ts';
import { connectorsBy } from './connectors.ts';
import type { Ctx, Modules } from './ctx.ts';
import { labelOf, lockOwner, makeDefault, mayChange, ownedBy, ownerOf, passDefaultOn } from './owned-accounts.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectorAmong, connectorOf } from './remote-servers.ts';
import { mayUseAccount, within } from './restrictions.ts';

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
    owner?: AccountOwner | undefined;
    label?: string | undefined;
    default?: 'true' | 'false' | undefined;
    reason?: ConnectedAccountReason | undefined;
    needs_reauthorization?: 'true' | 'false' | undefined;
  },
): Promise<Page<ConnectedAccount>> {
  const before = decodeCursor('connectedAccount', query.cursor);
  const rows = await ctx.tx((tx) =>
    select(tx)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          within.accounts(ctx),
          before === undefined ? undefined : lt(t.id, before),
          query.connection_name === undefined ? undefined : eq(schema.connections.name, query.connection_name),
          query.identifier === undefined ? undefined : eq(schema.users.identifier, query.identifier),
          query.status === undefined ? undefined : eq(t.status, query.status),
          query.owner === undefined ? undefined : query.owner === 'organization' ? isNull(t.userId) : isNotNull(t.userId),
          query.label === undefined ? undefined : sql`coalesce(${t.label}, ${t.providerAccountLabel}) = ${query.label}`,
          query.default === undefined ? undefined : eq(t.isDefault, query.default === 'true'),
          query.reason === undefined ? undefined : eq(t.reason, query.reason),
          query.needs_reauthorization === undefined
            ? undefined
            : (query.needs_reauthorization === 'true' ? inArray : notInArray)(t.status, ['EXPIRED', 'REVOKED']),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  const ids = rows.map((row) => row.connection.connector);
  const connectors = await connectorsBy(ctx.modules.catalogue, ids);
  return toPage(
    rows.map((row) => ({ id: row.account.id, row })),
    query.limit,
    ({ row }) => present(row, connectorAmong(row.connection, connectors.get(row.connection.connector))?.auth),
  );
}

export async function getConnectedAccount(ctx: Ctx, id: string): Promise<ConnectedAccount> {
  const [row] = await ctx.tx((tx) => select(tx).where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId), within.accounts(ctx))));
  if (row === undefined) throw new Fault('not_found', 'no such connected account');
  return present(row, (await connectorOf(ctx.modules.catalogue, row.connection))?.auth);
}

/**
 * Disconnects: the stored credential moves to the outbox of what is to be revoked, and is tried at the provider at once.
 * What fails is tried again by the sweep, and ends with a receipt. The account stays, DISCONNECTED, so that its history can be read and its user can connect again.
 */
export async function disconnectAccount(ctx: Ctx, id: string): Promise<void> {
  const receipts = [newId('revocation')];
  await ctx.tx(async (tx) => {
    const row = await lockWithOwner(ctx, tx, id);
    if (row.status !== 'DISCONNECTED') {
      await endAccount(tx, {
        account: { id, environmentId: ctx.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: ctx.actor,
        requestId: ctx.requestId,
        revoke: { sealing: ctx.modules.sealing, cause: 'disconnected', id: receipts[0] },
      });
    }
    // Links that are still out must not bring the account back behind the operator's back.
    const account = { id, environmentId: ctx.environmentId, connectionId: row.connectionId };
    receipts.push(...(await endLinks(tx, ctx.modules.sealing, account, 'disconnected')));
    const heir = await passDefaultOn(tx, row);
    await ctx.audit(
      tx,
      'connected_account.deleted',
      { kind: 'connected_account', id },
      { from: row.status, ...(heir === undefined ? {} : { default_passed_to: heir }) },
    );
    if (heir !== undefined) await recordEvent(tx, updatedEvent(ctx, heir, ['default']));
    if (row.status !== 'DISCONNECTED') {
      await recordEvent(tx, {
        environmentId: ctx.environmentId,
        type: 'connected_account.deleted',
        connectedAccountId: id,
        data: { old_status: row.status },
      });
    }
  });
  await Promise.all(receipts.map((receipt) => ctx.modules.revocations.tryNow(receipt)));
}

/** The owner's turn first, then the row: in the order of everybody who changes accounts. */
async function lockWithOwner(ctx: Ctx, tx: Tx, id: string): Promise<AccountRow> {
  const where = and(eq(t.id, id), eq(t.environmentId, ctx.environmentId));
  const [found] = await tx.select({ connectionId: t.connectionId, userId: t.userId }).from(t).where(where);
  if (found === undefined || !(await mayUseAccount(ctx, tx, id))) throw new Fault('not_found', 'no such connected account');
  mayChange(ctx, found.userId);
  await lockOwner(tx, found.connectionId, found.userId);
  const [row] = await tx.select().from(t).where(where).for('update');
  if (row === undefined) throw new Fault('not_found', 'no such connected account');
  return row;
}

const updatedEvent = (ctx: Ctx, id: string, changed: string[]) => ({
  environmentId: ctx.environmentId,
  type: 'connected_account.updated' as const,
  connectedAccountId: id,
  data: { changed },
});

/**
 * Another label, or another default.
 * @throws Fault not_found, insufficient_scope, name_taken where another account of the owner has the label
 */
export async function updateConnectedAccount(ctx: Ctx, id: string, input: ConnectedAccountUpdate): Promise<ConnectedAccount> {
  await ctx.tx(async (tx) => {
    const row = await lockWithOwner(ctx, tx, id);
    if (input.label !== undefined) {
      const accounts = await tx.select().from(t).where(ownedBy(row.connectionId, row.userId));
      if (accounts.some((other) => other.id !== id && labelOf(other) === input.label)) {
        throw new Fault('name_taken', `another account on this connection has the label ${JSON.stringify(input.label)}`);
      }
      await tx.update(t).set({ label: input.label, labelGiven: true, updatedAt: sql`clock_timestamp()` }).where(eq(t.id, id));
    }
    if (input.default === true) await makeDefault(tx, row);
    const changed = Object.keys(input).sort();
    await ctx.audit(tx, 'connected_account.updated', { kind: 'connected_account', id }, { changed });
    await recordEvent(tx, updatedEvent(ctx, id, changed));
  });
  return getConnectedAccount(ctx, id);
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
    if (row === undefined || !(await mayUseAccount(ctx, tx, id))) throw new Fault('not_found', 'no such connected account');
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
  if (connector?.auth.kind !== 'oauth2' || connection.clientId === null) return undefined;
  const isPublic = connector.auth.clientAuthentication === 'none';
  if (connection.clientSecretCt === null && !isPublic) return undefined;
  const sandboxOrigin = connection.sandbox ? modules.sandboxOrigin() : undefined;
  if (connection.sandbox && sandboxOrigin === undefined) throw new Fault('sandbox_not_allowed', 'the sandbox is off');
  return {
    connector: connector as OAuthApp['connector'] & { auth: OAuth2Auth },
    clientId: connection.clientId,
    clientSecret:
      connection.clientSecretCt === null
        ? undefined
        : await modules.sealing.open<string>(
            clientSecretPlace({ environmentId: connection.environmentId, id: connection.id, generation: connection.secretGeneration }),
            connection.clientSecretCt,
          ),
    redirectUri: redirectUri(modules.baseUrl(), connection.id),
    sandboxOrigin,
    values: connection.fields,
  };
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

const connectedBy = alias(schema.users, 'connected_by');

function select(tx: Tx) {
  return tx
    .select({
      account: t,
      connectedBy: connectedBy.identifier,
      connection: {
        name: schema.connections.name,
        connector: schema.connections.connector,
        authVariant: schema.connections.authVariant,
        mcp: schema.connections.mcp,
        scopes: schema.connections.scopes,
      },
      identifier: schema.users.identifier,
      revocation: sql<Receipt | null>`(select json_build_object('status', r.status, 'detail', r.detail, 'at', coalesce(r.ended_at, r.created_at))
        from revocations r where r.connected_account_id = ${t.id} order by r.id desc limit 1)`,
    })
    .from(t)
    .innerJoin(schema.connections, eq(schema.connections.id, t.connectionId))
    .leftJoin(schema.users, eq(schema.users.id, t.userId))
    .leftJoin(connectedBy, eq(connectedBy.id, t.connectedByUserId))
    .$dynamic();
}

interface Receipt {
  status: RevocationStatus;
  detail: string | null;
  at: string;
}

function present(
  row: {
    account: AccountRow;
    connection: { name: string; connector: string; scopes: string[] };
    connectedBy: string | null;
    identifier: string | null;
    revocation: Receipt | null;
  },
  auth: AuthSpec | undefined,
): ConnectedAccount {
  const { account, connection, identifier, revocation } = row;
  return {
    id: account.id,
    connection_id: account.connectionId,
    connection_name: connection.name,
    connector: connection.connector,
    owner: ownerOf(account),
    identifier,
    label: labelOf(account),
    default: account.isDefault,
    connected_by:
      account.providerAccountId === null ? null : { identifier: row.connectedBy ?? identifier, client_id: account.connectedByClientId },
    status: account.status as ConnectedAccountStatus,
    reason: account.reason as ConnectedAccountReason | null,
    status_changed_at: account.statusChangedAt.toISOString(),
    provider_account:
      account.providerAccountId === null
        ? null
        : { id: account.providerAccountId, label: account.providerAccountLabel ?? account.providerAccountId },
    scopes: account.scopes,
    missing_scopes: account.status === 'ACTIVE' && auth?.kind === 'oauth2' ? missingScopes(auth, account.scopes, connection.scopes) : [],
    access_token_expires_at: account.accessExpiresAt?.toISOString() ?? null,
    grant_expires_at: account.grantExpiresAt?.toISOString() ?? null,
    last_refreshed_at: account.lastRefreshedAt?.toISOString() ?? null,
    last_used_at: account.lastUsedAt?.toISOString() ?? null,
    revocation: revocation === null ? null : { ...revocation, at: new Date(revocation.at).toISOString() },
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
