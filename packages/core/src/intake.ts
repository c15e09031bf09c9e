import { type Credential, faultByStatus, hasConsentPage, isIssued, type ProviderAccount, usesApp } from '@grantway/connector-kit';
import { Fault, isFault, newId, type Secret } from '@grantway/contract';
import { schema } from '@grantway/db';
import { EgressError } from '@grantway/egress';
import { grantSecondsOf, idleSecondsOf, queueRevocation, storeGrant } from '@grantway/vault';
import { and, eq, sql } from 'drizzle-orm';
import type { Modules } from './ctx.ts';
import { matchIdentity } from './identity-match.ts';
import { consumerOf, withFirstToken } from './issued-credentials.ts';
import { ChoiceOffered, settle, within } from './lookup.ts';
import { missingOf, type OpenLink, readLink, useLink } from './open-link.ts';
import { lockOwner, mustNotBeConnectedTwice, settleConnected } from './owned-accounts.ts';
import { type Intake, offerReplacement, ReplacementOffered } from './replacement.ts';
import { sealedPlace } from './verification.ts';

/*
 * How a credential becomes an account's: whose it is, whether that is who it should be, and then durable with its link, or
 * given back to its provider.
 */
const sessions = schema.consentSessions;

/**
 * Kept, or waiting for the person's word, or given back to its provider. `check` is asked first.
 * @throws as keep and settle
 */
export async function keepOrGiveBack(
  open: OpenLink,
  credential: Secret<Credential>,
  intake: Intake,
  check: () => Promise<unknown> = async () => {},
): Promise<void> {
  let identified: ProviderAccount | undefined;
  const onIdentified = (account: ProviderAccount) => {
    identified = account;
  };
  try {
    await check();
    const settled = intake.chosen === undefined ? await settle(open, credential, intake) : { credential, chosen: intake.chosen };
    await keep(open, settled.credential, { ...intake, chosen: settled.chosen, onIdentified });
  } catch (error) {
    if (!(error instanceof ReplacementOffered || error instanceof ChoiceOffered)) await abandon(open, credential, identified);
    throw error;
  }
}

/** Identify, match, store: what every credential goes through. */
async function keep(open: OpenLink, credential: Secret<Credential>, intake: Intake): Promise<void> {
  const account = within(await identify(open.ctx.modules, open, credential, intake.fields), intake.chosen);
  intake.onIdentified?.(account);
  matchIdentity(open.connection.identityMatch, account, open.identifier);
  try {
    await store(open, credential, account, intake);
  } catch (error) {
    if (!isFault(error, 'account_changed') || open.connection.onAccountChange === 'refuse' || intake.browserMac === null) throw error;
    await offerReplacement(open, credential, account, intake);
    throw new ReplacementOffered();
  }
}

/** @throws Fault key_rejected, provider_unavailable, connection_incident, identity_mismatch, account_changed, link_used */
export async function keepKey(
  open: OpenLink,
  entered: Secret<Credential>,
  fields: Record<string, string>,
  browserMac: Buffer | null,
): Promise<void> {
  const credential = await withFirstToken(open.ctx.modules, open, entered, fields);
  const { auth } = open.connector;
  let identified: ProviderAccount | undefined;
  const onIdentified = (account: ProviderAccount) => {
    identified = account;
  };
  try {
    await keep(open, credential, { scopes: open.connection.scopes, fields, sessionId: undefined, browserMac, onIdentified });
  } catch (error) {
    // A token that was issued for the trial goes back, where the vendor takes it back.
    if (isIssued(auth) && auth.revocation !== undefined && !(error instanceof ReplacementOffered))
      await abandon(open, credential, identified);
    throw error;
  }
}

/**
 * Asks the provider whose credential this is; the proof that it works.
 * @throws Fault key_rejected (key connectors), consent_failed, provider_unavailable
 */
async function identify(
  modules: Modules,
  open: OpenLink,
  credential: Secret<Credential>,
  fields: Record<string, string>,
): Promise<ProviderAccount> {
  const { connector, connection } = open;
  const consumer = await consumerOf(modules, connector, connection);
  const target = { connector, fields: { ...fields, ...connection.fields }, sandbox: connection.sandbox, app: consumer?.app };
  const response = await modules.egress.call(target, connector.identify.request, credential).catch((error: unknown) => {
    // What was entered cannot be placed at all, for example a user name with a colon.
    if (error instanceof EgressError && error.kind === 'invalid' && !error.sent && !usesApp(connector.auth))
      throw new Fault('form_invalid', { internal: error.message });
    if (error instanceof EgressError)
      throw new Fault('provider_unavailable', { detail: `${connector.name} could not be reached`, cause: error });
    throw error;
  });
  const fault = (connector.identify.fault ?? connector.api.fault ?? faultByStatus)(response);
  if (fault !== undefined) {
    if (fault.kind === 'unavailable' || fault.kind === 'rate_limited')
      throw new Fault('provider_unavailable', `${connector.name} is not available right now`);
    if (!usesApp(connector.auth)) throw new Fault('key_rejected', `${connector.name} did not accept the key`);
    throw new Fault('consent_failed', { internal: `identify: ${fault.kind} ${fault.message}` });
  }
  try {
    return connector.identify.subject(response.body as never, response);
  } catch (cause) {
    throw new Fault('consent_failed', { internal: 'identify: the answer could not be read', cause });
  }
}

/**
 * Credential, link, session and audit rows become durable together, or not at all.
 * @throws Fault link_used when another browser was first, account_changed, account_already_connected
 */
async function store(
  open: OpenLink,
  credential: Secret<Credential>,
  providerAccount: ProviderAccount,
  { scopes, fields, sessionId }: Intake,
): Promise<void> {
  const { ctx, link, account, connection } = open;
  await ctx.tx(async (tx) => {
    await lockOwner(tx, connection.id, account.userId, open.userId);
    await useLink(tx, link.id);
    const [current] = await tx.select().from(schema.connectedAccounts).where(eq(schema.connectedAccounts.id, account.id)).for('update');
    if (current === undefined) throw new Fault('link_invalid');
    if (open.connector.auth.kind === 'oauth2') await mustNotBeConnectedTwice(tx, current, providerAccount.id);
    // Signing in again as somebody else must never silently swap the account (security.md A05).
    if (current.providerAccountId !== null && current.status !== 'DISCONNECTED' && current.providerAccountId !== providerAccount.id) {
      throw new Fault('account_changed', { internal: 'another provider account answered' });
    }
    await settleConnected(tx, current, { providerAccount, userId: open.userId, clientId: link.clientId });
    await storeGrant(tx, ctx.modules.sealing, {
      account: { id: account.id, environmentId: ctx.environmentId },
      credential,
      providerAccount,
      scopes,
      fields,
      idleSeconds: idleSecondsOf(open.connector),
      grantSeconds: grantSecondsOf(open.connector),
      missingScopes: (granted) => missingOf(open, granted),
      actor: ctx.actor,
      requestId: ctx.requestId,
    });
    ctx.audited.add('connected_account.connected');
    if (sessionId !== undefined) await tx.update(sessions).set({ outcome: 'connected' }).where(eq(sessions.id, sessionId));
    await tx
      .update(schema.connections)
      .set({ incidentAt: null, incidentError: null })
      .where(and(eq(schema.connections.id, connection.id), sql`incident_at is not null`));
  });
}

/** A token that we got and will not keep is given back. */
async function abandon(open: OpenLink, credential: Secret<Credential>, providerAccount: ProviderAccount | undefined): Promise<void> {
  const { ctx, account, connection } = open;
  const id = await ctx.tx((tx) =>
    queueRevocation(tx, ctx.modules.sealing, {
      account: { id: account.id, environmentId: ctx.environmentId },
      connectionId: connection.id,
      providerAccountId: providerAccount?.id ?? null,
      grantId: newId('grant'),
      credential,
      cause: 'abandoned',
    }),
  );
  await ctx.modules.revocations.tryNow(id);
}

/** A token that waited for a yes, or for a choice, and got none goes back to its provider. */
export async function giveBackReplacement(modules: Modules, row: typeof schema.verifications.$inferSelect): Promise<void> {
  if (row.sealedCt === null) return;
  const request = { requestId: newId('request'), log: modules.log };
  const open = await readLink(modules, row.environmentId, eq(schema.authorizationLinks.id, row.linkId), request);
  if (!hasConsentPage(open.connector.auth) && !isIssued(open.connector.auth)) return;
  // Whose it is was never asked where nobody chose; then it may be the connected person's own.
  const { providerAccountId: id, status } = open.account;
  const likely = row.kind === 'choice' && id !== null && status === 'ACTIVE' ? { id, label: id } : undefined;
  const owner = (row.facts['to'] as ProviderAccount | undefined) ?? likely;
  await abandon(open, await modules.sealing.open<Credential>(sealedPlace(row), row.sealedCt), owner);
}
