import { type AuthorizationLink, type AuthorizationLinkCreate, Fault, newId, randomBase62 } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { ensureUser } from './connected-accounts.ts';
import { type ConnectionRow, connectionStatus, findConnectionByName } from './connections.ts';
import type { Ctx } from './ctx.ts';
import { ensureAccount, ensureLabelledAccount, mayChange } from './owned-accounts.ts';
import { connectorOf } from './remote-servers.ts';
import { mayActFor } from './restrictions.ts';
import { type LinkVerification, linkVerification, verificationModeOf } from './verification.ts';

const t = schema.authorizationLinks;

/**
 * @throws Fault not_found for a user whom the client may not act for; unknown_connection, connection_not_ready, verification_not_allowed, user_verify_url_not_allowed, invalid_request,
 *   account_limit, insufficient_scope for an account of the organization
 */
export async function createAuthorizationLink(ctx: Ctx, input: AuthorizationLinkCreate): Promise<AuthorizationLink> {
  mayActFor(ctx, input.identifier);
  return ctx.tx(async (tx) => {
    const connection = await findConnectionByName(ctx, tx, input.connection_name);
    if (connection === undefined) throw new Fault('unknown_connection', `there is no connection "${input.connection_name}"`);
    await mustBeReady(ctx, connection);
    const userId = await ensureUser(tx, ctx.environmentId, input.identifier);
    const ownerId = input.account_owner === 'organization' ? null : userId;
    mayChange(ctx, ownerId);
    const account =
      input.account_label === undefined
        ? await ensureAccount(tx, ctx.environmentId, connection.id, ownerId)
        : await ensureLabelledAccount(tx, ctx.environmentId, connection.id, ownerId, input.account_label);
    const verification = linkVerification(ctx.modules, connection, input);
    const personId = ownerId === null ? userId : null;
    const link = await liveLink(ctx, tx, account.id, { verification, lifeSeconds: input.expires_in, personId });
    await ctx.audit(
      tx,
      'authorization_link.created',
      { kind: 'connected_account', id: account.id },
      { connection: connection.name, new: link.isNew, ...(ownerId === null ? { owner: 'organization', for: userId } : {}) },
    );
    return { link: link.url, expires_at: link.expiresAt.toISOString(), connected_account_id: account.id };
  });
}

/** @throws Fault connection_not_ready */
export async function mustBeReady(
  ctx: Pick<Ctx, 'modules'>,
  connection: Pick<ConnectionRow, 'name' | 'connector' | 'authVariant' | 'mcp' | 'clientId' | 'clientSecretCt' | 'fields'>,
): Promise<void> {
  const connector = await connectorOf(ctx.modules.catalogue, connection);
  if (connector === undefined || connectionStatus(connection, connector.auth) !== 'COMPLETED') {
    throw new Fault(
      'connection_not_ready',
      `the connection "${connection.name}" has no complete OAuth app yet; add its client id and client secret`,
    );
  }
}

/**
 * The one live link of an account (of the organization's: of each person who is to open one): the same one until it is used or has expired, so that a looping agent cannot flood
 * a person with links (security.md A21). Its token is derived from its id by the vault, never stored.
 *
 * Who names no wishes (an agent that needs the account) gets whatever link is live, for its first minute in any case. Other
 * wishes than the live link's make a new one and end the old.
 */
export async function liveLink(
  ctx: Pick<Ctx, 'modules' | 'environmentId' | 'actor'>,
  tx: Tx,
  accountId: string,
  wish?: { verification: LinkVerification; lifeSeconds: number | undefined; personId: string | null },
): Promise<{ url: string; expiresAt: Date; isNew: boolean }> {
  const { modules } = ctx;
  // Makes callers that arrive together take turns, so that they get the same link.
  const [account] = await tx
    .select({ id: schema.connectedAccounts.id, connectionId: schema.connectedAccounts.connectionId })
    .from(schema.connectedAccounts)
    .where(eq(schema.connectedAccounts.id, accountId))
    .for('update');
  const live = and(
    eq(t.connectedAccountId, accountId),
    sql`${t.userId} is not distinct from ${wish?.personId ?? null}`,
    isNull(t.usedAt),
    sql`${t.expiresAt} > clock_timestamp()`,
  );
  const [known] = await tx
    .select()
    .from(t)
    .where(
      and(
        live,
        // A link about to expire is of no use to the person who gets it now.
        sql`(clock_timestamp() < ${t.createdAt} + (${t.expiresAt} - ${t.createdAt}) * 5 / 6
          or clock_timestamp() < ${t.createdAt} + make_interval(secs => ${reissueSeconds}))`,
      ),
    )
    .orderBy(desc(t.expiresAt))
    .limit(1);
  if (known !== undefined && fits(known, wish)) {
    return { url: await linkUrl(ctx, known.tokenId), expiresAt: known.expiresAt, isNew: false };
  }
  if (known !== undefined) await tx.update(t).set({ expiresAt: sql`clock_timestamp()` }).where(live);
  const lifeSeconds = wish?.lifeSeconds ?? modules.settings.linkLifeSeconds;
  const verification = wish?.verification ?? (await defaultVerification(modules, tx, account?.connectionId));
  const link = {
    tokenId: randomBase62(16),
    userId: wish?.personId ?? null,
    clientId: ctx.actor.kind === 'client' ? ctx.actor.id : null,
    expiresAt: new Date(Date.now() + lifeSeconds * 1000),
  };
  const id = newId('authorizationLink');
  await tx.insert(t).values({ id, ...link, ...verification, environmentId: ctx.environmentId, connectedAccountId: accountId });
  await recordEvent(tx, {
    environmentId: ctx.environmentId,
    type: 'authorization_link.created',
    connectedAccountId: accountId,
    data: { authorization_link_id: id, expires_at: link.expiresAt.toISOString() },
  });
  return { url: await linkUrl(ctx, link.tokenId), expiresAt: link.expiresAt, isNew: true };
}

/** The shortest time between two links that nobody has used. */
const reissueSeconds = 60;

function fits(link: typeof t.$inferSelect, wish: Parameters<typeof liveLink>[3]): boolean {
  if (wish === undefined) return true;
  const { userVerifyUrl, appState, codeChallenge } = wish.verification;
  return (
    link.userVerifyUrl === userVerifyUrl &&
    link.appState === appState &&
    link.codeChallenge === codeChallenge &&
    // A second of rounding lies between the two clocks.
    (wish.lifeSeconds === undefined || Math.abs(link.expiresAt.getTime() - link.createdAt.getTime() - wish.lifeSeconds * 1000) < 5000)
  );
}

/** For a link that an agent's call gave rise to: the app is asked at its first address. A session's challenge only the app has. */
async function defaultVerification(modules: Ctx['modules'], tx: Tx, connectionId: string | undefined): Promise<LinkVerification> {
  const none = { userVerifyUrl: null, appState: null, codeChallenge: null };
  if (connectionId === undefined) return none;
  const [connection] = await tx
    .select({ verification: schema.connections.verification })
    .from(schema.connections)
    .where(eq(schema.connections.id, connectionId));
  if (connection === undefined || verificationModeOf(modules, connection) !== 'app') return none;
  return { ...none, userVerifyUrl: connection.verification?.userVerifyUrls?.[0] ?? null };
}

export async function linkUrl(ctx: Pick<Ctx, 'modules'>, tokenId: string): Promise<string> {
  return `${ctx.modules.baseUrl()}/connect/${await ctx.modules.sealing.derive('link', tokenId, 1)}`;
}
