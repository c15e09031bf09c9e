import { type AuthorizationLink, type AuthorizationLinkCreate, Fault, newId, randomBase62 } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { ensureAccount, ensureUser } from './connected-accounts.ts';
import { connectionStatus, findConnectionByName } from './connections.ts';
import type { Ctx } from './ctx.ts';

const t = schema.authorizationLinks;

/** @throws Fault unknown_connection, connection_not_ready */
export async function createAuthorizationLink(ctx: Ctx, input: AuthorizationLinkCreate): Promise<AuthorizationLink> {
  return ctx.tx(async (tx) => {
    const connection = await findConnectionByName(ctx, tx, input.connection_name);
    if (connection === undefined) throw new Fault('unknown_connection', `there is no connection "${input.connection_name}"`);
    await mustBeReady(ctx, connection);
    const userId = await ensureUser(tx, ctx.environmentId, input.identifier);
    const account = await ensureAccount(tx, ctx.environmentId, connection.id, userId);
    const link = await liveLink(ctx, tx, account.id);
    await ctx.audit(
      tx,
      'authorization_link.created',
      { kind: 'connected_account', id: account.id },
      { connection: connection.name, new: link.isNew },
    );
    return { link: link.url, expires_at: link.expiresAt.toISOString() };
  });
}

/** @throws Fault connection_not_ready */
export async function mustBeReady(
  ctx: Pick<Ctx, 'modules'>,
  connection: { name: string; connector: string; clientId: string | null; clientSecretCt: Buffer | null },
): Promise<void> {
  const connector = await ctx.modules.catalogue.find(connection.connector);
  if (connector === undefined || connectionStatus(connection, connector.auth.kind) !== 'COMPLETED') {
    throw new Fault(
      'connection_not_ready',
      `the connection "${connection.name}" has no complete OAuth app yet; add its client id and client secret`,
    );
  }
}

/**
 * The one live link of an account: the same one until it is used or has expired, so that a looping agent cannot flood
 * a person with links (security.md A21). Its token is derived from its id by the vault, never stored.
 */
export async function liveLink(
  ctx: Pick<Ctx, 'modules' | 'environmentId'>,
  tx: Tx,
  accountId: string,
): Promise<{ url: string; expiresAt: Date; isNew: boolean }> {
  const { modules } = ctx;
  // Makes callers that arrive together take turns, so that they get the same link.
  await tx
    .select({ id: schema.connectedAccounts.id })
    .from(schema.connectedAccounts)
    .where(eq(schema.connectedAccounts.id, accountId))
    .for('update');
  const [known] = await tx
    .select({ tokenId: t.tokenId, expiresAt: t.expiresAt })
    .from(t)
    .where(
      and(
        eq(t.connectedAccountId, accountId),
        isNull(t.usedAt),
        // A link about to expire is of no use to the person who gets it now.
        sql`${t.expiresAt} > clock_timestamp() + make_interval(secs => ${modules.settings.linkLifeSeconds / 6})`,
      ),
    )
    .orderBy(desc(t.expiresAt))
    .limit(1);
  const link = known ?? { tokenId: randomBase62(16), expiresAt: new Date(Date.now() + modules.settings.linkLifeSeconds * 1000) };
  if (known === undefined) {
    const id = newId('authorizationLink');
    await tx.insert(t).values({
      id,
      tokenId: link.tokenId,
      environmentId: ctx.environmentId,
      connectedAccountId: accountId,
      expiresAt: link.expiresAt,
    });
    await recordEvent(tx, {
      environmentId: ctx.environmentId,
      type: 'authorization_link.created',
      connectedAccountId: accountId,
      data: { authorization_link_id: id, expires_at: link.expiresAt.toISOString() },
    });
  }
  return { url: await linkUrl(ctx, link.tokenId), expiresAt: link.expiresAt, isNew: known === undefined };
}

export async function linkUrl(ctx: Pick<Ctx, 'modules'>, tokenId: string): Promise<string> {
  return `${ctx.modules.baseUrl()}/connect/${await ctx.modules.sealing.derive('link', tokenId, 1)}`;
}
