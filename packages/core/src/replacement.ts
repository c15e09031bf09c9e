import type { Choice, Credential, ProviderAccount } from '@grantway/connector-kit';
import { Fault, isFault, newId, type Secret } from '@grantway/contract';
import { schema } from '@grantway/db';
import { grantSecondsOf, idleSecondsOf, storeGrant } from '@grantway/vault';
import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Modules } from './ctx.ts';
import { linkState, missingOf, mustBeLive, type OpenLink, openLink, type Request, useLink } from './open-link.ts';
import { addBeside, lockOwner, mustNotBeConnectedTwice, settleConnected } from './owned-accounts.ts';
import { inSeconds, parkedLifeSeconds, sealedPlace } from './verification.ts';

const links = schema.authorizationLinks;
const checks = schema.verifications;

/** The question on the link's page, in the two accounts' own words. */
export interface Replacement {
  from: string;
  to: string;
  /** The person may keep both. */
  mayAdd: boolean;
}

/** What comes with a credential on its way into an account. */
export interface Intake {
  scopes: string[];
  fields: Record<string, string>;
  sessionId: string | undefined;
  browserMac: Buffer | null;
  /** What the connector's lookup gave, or the person chose from it. */
  chosen?: Choice | undefined;
  /** Whose credential it is, as soon as that is known: what is not kept is given back as that account's. */
  onIdentified?: (account: ProviderAccount) => void;
}

/** The other account waits, sealed, for the person's yes; it is not given back yet. */
export class ReplacementOffered extends Fault {
  constructor() {
    super('account_changed', { internal: 'another provider account answered; the person is asked' });
  }
}

export async function offerReplacement(
  open: OpenLink,
  credential: Secret<Credential>,
  account: ProviderAccount,
  intake: Intake,
): Promise<void> {
  const { ctx } = open;
  const id = newId('verification');
  const sealedCt = await ctx.modules.sealing.seal(sealedPlace({ environmentId: ctx.environmentId, id }), credential);
  await ctx.tx(async (tx) => {
    await tx.insert(checks).values({
      id,
      environmentId: ctx.environmentId,
      linkId: open.link.id,
      connectedAccountId: open.account.id,
      sessionId: intake.sessionId ?? null,
      kind: 'replacement',
      browserMac: intake.browserMac,
      sealedCt,
      facts: { from: open.account.providerAccountId, to: account, scopes: intake.scopes, fields: intake.fields },
      expiresAt: inSeconds(parkedLifeSeconds),
    });
  });
}

function openReplacements(open: OpenLink, macs: Buffer[]) {
  return and(
    eq(checks.linkId, open.link.id),
    eq(checks.kind, 'replacement'),
    isNull(checks.outcome),
    inArray(checks.browserMac, macs),
    sql`${checks.expiresAt} > clock_timestamp()`,
  );
}

const macsOf = (modules: Modules, browsers: readonly string[]) => Promise.all(browsers.map((b) => modules.sealing.mac('browser', [b])));

export async function replacementOf(open: OpenLink, browsers: readonly string[]): Promise<Replacement | undefined> {
  if (browsers.length === 0 || open.connection.onAccountChange === 'refuse' || linkState(open.link) !== 'live') return undefined;
  const macs = await macsOf(open.ctx.modules, browsers);
  const [row] = await open.ctx.tx((tx) => tx.select().from(checks).where(openReplacements(open, macs)).orderBy(desc(checks.id)).limit(1));
  if (row === undefined) return undefined;
  return {
    from: open.account.providerAccountLabel ?? '',
    to: (row.facts['to'] as ProviderAccount).label,
    mayAdd: open.connection.onAccountChange === 'confirm_or_add',
  };
}

/**
 * The person said yes to another provider account, in the browser that signed in with it. Until now nothing of the old one
 * was touched (security.md A05). With `add`, it becomes another account of the same owner, and the link leads to that one.
 * @throws Fault link_invalid, link_used, link_expired, account_already_connected, account_limit, verification_required when
 *   this browser has nothing to confirm
 */
export async function confirmReplacement(
  modules: Modules,
  token: string,
  request: Request,
  browsers: readonly string[],
  { add = false }: { add?: boolean } = {},
): Promise<void> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  const { onAccountChange } = open.connection;
  if (onAccountChange === 'refuse' || (add && onAccountChange !== 'confirm_or_add') || browsers.length === 0) {
    throw new Fault('verification_required');
  }
  const { ctx } = open;
  const macs = await macsOf(modules, browsers);
  const confirmed = ctx.tx(async (tx) => {
    await lockOwner(tx, open.connection.id, open.account.userId, open.userId);
    const [row] = await tx.select().from(checks).where(openReplacements(open, macs)).orderBy(desc(checks.id)).limit(1).for('update');
    if (row?.sealedCt == null) throw new Fault('verification_required');
    const credential = await modules.sealing.open<Credential>(sealedPlace(row), row.sealedCt);
    const to = row.facts['to'] as ProviderAccount;
    await useLink(tx, open.link.id);
    const [current] = await tx
      .select()
      .from(schema.connectedAccounts)
      .where(eq(schema.connectedAccounts.id, open.account.id))
      .for('update');
    // The question was about one certain account.
    if (current === undefined || current.providerAccountId !== row.facts['from']) throw new Fault('account_changed');
    if (open.connector.auth.kind === 'oauth2') await mustNotBeConnectedTwice(tx, current, to.id);
    const account = add ? await addBeside(tx, current) : current;
    await settleConnected(tx, account, { providerAccount: to, userId: open.userId, clientId: open.link.clientId });
    // A used link tells what it has connected.
    if (add) await tx.update(links).set({ connectedAccountId: account.id }).where(eq(links.id, open.link.id));
    await tx.update(checks).set({ outcome: 'done', sealedCt: null }).where(eq(checks.id, row.id));
    await storeGrant(tx, modules.sealing, {
      account: { id: account.id, environmentId: ctx.environmentId },
      credential,
      providerAccount: to,
      scopes: row.facts['scopes'] as string[],
      fields: row.facts['fields'] as Record<string, string>,
      idleSeconds: idleSecondsOf(open.connector),
      grantSeconds: grantSecondsOf(open.connector),
      missingScopes: (granted) => missingOf(open, granted),
      actor: ctx.actor,
      requestId: ctx.requestId,
    });
    await ctx.audit(
      tx,
      add ? 'connected_account.added' : 'connected_account.replaced',
      { kind: 'connected_account', id: account.id },
      { connection: open.connection.name, [add ? 'beside' : 'from']: row.facts['from'], to: to.id },
    );
  });
  await confirmed.catch(async (error: unknown) => {
    // Connected elsewhere since the question was asked: there is nothing left to ask, and the timer gives the token back.
    if (isFault(error, 'account_already_connected'))
      await ctx.tx((tx) => tx.update(checks).set({ expiresAt: sql`clock_timestamp()` }).where(openReplacements(open, macs)));
    throw error;
  });
}
