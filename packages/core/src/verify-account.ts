import type { Credential } from '@grantway/connector-kit';
import { type AccountVerified, type AccountVerify, type ChatCode, type ChatCodeAccepted, Fault, isFault } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import { linkUrl } from './authorization-links.ts';
import { getConnectedAccount } from './connected-accounts.ts';
import { findConnectionByName } from './connections.ts';
import { readSession, redeemCode } from './consent.ts';
import type { Ctx, Modules } from './ctx.ts';
import { giveBackReplacement, keepKey } from './intake.ts';
import { mustBeLive, type OpenLink, openLink, type Request, readLink } from './open-link.ts';
import { allowsIdentifier, within } from './restrictions.ts';
import {
  endWaiting,
  eraseStaleVerifications,
  fitsChallenge,
  openChat,
  proveByChat,
  sealedPlace,
  verificationModeOf,
} from './verification.ts';

const t = schema.verifications;

/**
 * The operator's server names the person in the browser that brought the auth_request_id. Only now is the code exchanged.
 * Any doubt uses the request up and erases what was parked: unknown, used, late, another user's, a wrong verifier all look
 * alike (security.md A01, A12).
 * @throws Fault verification_failed; link_used, link_expired, consent_failed, key_rejected, identity_mismatch, account_changed, provider_unavailable
 */
export async function verifyConnectedAccount(ctx: Ctx, input: AccountVerify): Promise<AccountVerified> {
  // Whoever may not act for the user must not use the request up either.
  if (!allowsIdentifier(ctx.restrictions, input.identifier)) throw notVerified();
  const requestMac = await ctx.modules.sealing.mac('auth request', [input.auth_request_id]);
  const taken = await ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ check: t, identifier: schema.users.identifier })
      .from(t)
      .innerJoin(schema.authorizationLinks, eq(schema.authorizationLinks.id, t.linkId))
      .innerJoin(schema.connectedAccounts, eq(schema.connectedAccounts.id, t.connectedAccountId))
      .innerJoin(schema.users, eq(schema.users.id, sql`coalesce(${schema.authorizationLinks.userId}, ${schema.connectedAccounts.userId})`))
      .where(
        and(
          eq(t.requestMac, requestMac),
          eq(t.environmentId, ctx.environmentId),
          within.connections(ctx, schema.connectedAccounts.connectionId),
          eq(t.kind, 'parked'),
          isNull(t.outcome),
          gt(t.expiresAt, sql`clock_timestamp()`),
        ),
      )
      .for('update', { of: t });
    if (row === undefined) return undefined;
    const { check, identifier } = row;
    const verified =
      identifier === input.identifier &&
      (check.codeChallenge === null
        ? input.code_verifier === undefined
        : input.code_verifier !== undefined && fitsChallenge(check.codeChallenge, input.code_verifier));
    await tx
      .update(t)
      .set(verified ? { outcome: 'proven', provenAt: sql`clock_timestamp()`, sealedCt: null } : { outcome: 'refused', sealedCt: null })
      .where(eq(t.id, check.id));
    if (!verified) await endWaiting(tx, check.connectedAccountId);
    await ctx.audit(
      tx,
      verified ? 'authorization.verified' : 'authorization.failed',
      { kind: 'connected_account', id: check.connectedAccountId },
      verified ? { by: check.codeChallenge === null ? 'app' : 'session' } : { fault: 'verification_failed' },
    );
    return verified ? check : undefined;
  });
  if (taken?.sealedCt == null) {
    throw notVerified();
  }

  const request = { requestId: ctx.requestId, log: ctx.log };
  const open = await readLink(ctx.modules, ctx.environmentId, eq(schema.authorizationLinks.id, taken.linkId), request);
  const backTo = `${await linkUrl(ctx, open.link.tokenId)}/done`;
  try {
    await complete(open, taken, taken.sealedCt);
  } catch (error) {
    await ctx.tx(async (tx) => {
      await endWaiting(tx, taken.connectedAccountId);
      await ctx.audit(
        tx,
        'authorization.failed',
        { kind: 'connected_account', id: taken.connectedAccountId },
        { connection: open.connection.name, fault: isFault(error) ? error.code : 'internal' },
      );
    });
    if (!isFault(error)) throw error;
    throw new Fault(error.code, {
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.internal === undefined ? {} : { internal: error.internal }),
      cause: error,
      // The page there says it to the person, and asks where there is something to confirm.
      extra: { post_user_verify_redirect_url: `${backTo}?r=${error.code}` },
    });
  }
  return { connected_account: await getConnectedAccount(ctx, taken.connectedAccountId), post_user_verify_redirect_url: backTo };
}

const notVerified = () =>
  new Fault('verification_failed', 'the auth_request_id is not valid for this user, was used already, or came too late');

async function complete(open: OpenLink, check: typeof t.$inferSelect, sealedCt: Buffer): Promise<void> {
  const { sealing } = open.ctx.modules;
  // An operator who has disconnected the account meanwhile has ended its links with it.
  mustBeLive(open.link);
  if (check.sessionId === null) {
    const credential = await sealing.open<Credential>(sealedPlace(check), sealedCt);
    return keepKey(open, credential, (check.facts['fields'] ?? {}) as Record<string, string>, check.browserMac);
  }
  const session = await readSession(open.ctx, check.sessionId);
  await redeemCode(open, session, await sealing.open<string>(sealedPlace(check), sealedCt), check.facts['iss'] as string | undefined);
}

/**
 * The operator's bot hands in a code that a user, known by the chat, has sent.
 * @throws Fault verification_failed, the same whether the user, the browser or the code is not known; unknown_connection
 */
export async function submitChatCode(ctx: Ctx, input: ChatCode): Promise<ChatCodeAccepted> {
  const who = await ctx.tx(async (tx) => {
    const connection = await findConnectionByName(ctx, tx, input.connection_name);
    if (connection === undefined) throw new Fault('unknown_connection', `there is no connection "${input.connection_name}"`);
    const [user] = await tx
      .select({ id: schema.users.id })
      .from(schema.users)
      .where(
        and(
          eq(schema.users.environmentId, ctx.environmentId),
          eq(schema.users.identifier, input.identifier),
          within.identifiers(ctx, schema.users.identifier),
        ),
      );
    return user === undefined ? undefined : { connection, userId: user.id };
  });
  if (who === undefined) throw new Fault('verification_failed', 'the code is not right, has expired, or no browser is waiting for one');
  const accountId = await proveByChat(ctx, who, input.code);
  return { connected_account_id: accountId, accepted: true };
}

/**
 * "I am ready": this browser gets a code to show.
 * @throws Fault link_invalid, link_used, link_expired, verification_required where the connection is not verified by chat
 */
export async function startChat(modules: Modules, token: string, request: Request): Promise<{ browser: string }> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  if (verificationModeOf(modules, open.connection) !== 'chat') throw new Fault('verification_required');
  return openChat(open.ctx, open);
}

/** The timer of everything that waits; tokens nobody confirmed are given back to their provider. */
export function sweepVerifications(modules: Modules): Promise<number> {
  return eraseStaleVerifications(modules, (row) => giveBackReplacement(modules, row));
}
