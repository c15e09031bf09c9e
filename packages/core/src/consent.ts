import {
  accepts,
  type Credential,
  type Field,
  fieldsAreTheOperators,
  fieldsOf,
  hasConsentPage,
  isTheOperators,
  missingScopes,
  type OAuth1Credential,
  scopesOf,
  usesApp,
} from '@grantway/connector-kit';
import { type AccountOwner, type AuthKind, Fault, type FaultCode, type FieldError, isFault, newId, Secret } from '@grantway/contract';
import { schema } from '@grantway/db';
import {
  authorizationUrl,
  createPkce,
  exchangeCode,
  isToken,
  type OAuthApp,
  oauth1AuthorizationUrl,
  readCallback,
  temporaryCredentials,
  tokenCredentials,
  withValues,
} from '@grantway/oauth';
import { type Place, randomToken, sameBytes } from '@grantway/vault';
import { eq } from 'drizzle-orm';
import { mustBeReady } from './authorization-links.ts';
import { oauthAppOf } from './connected-accounts.ts';
import { fieldAccepts, redirectUri } from './connections.ts';
import type { Ctx, Modules } from './ctx.ts';
import { keepKey, keepOrGiveBack } from './intake.ts';
import { consumerOf, enteredCredential } from './issued-credentials.ts';
import { type ChoiceView, choiceFor } from './lookup.ts';
import { linkState, mustBeLive, type OpenLink, openLink, type Request, readLink } from './open-link.ts';
import { ownerOf } from './owned-accounts.ts';
import { type Replacement, ReplacementOffered, replacementOf } from './replacement.ts';
import { mustBeAllowed, park, type VerificationView, verificationModeOf, viewVerification } from './verification.ts';

const links = schema.authorizationLinks;
const sessions = schema.consentSessions;

/** What a hosted page may show of a link. Nothing here changes anything: link previews and scanners look too. */
export interface LinkView {
  state: 'live' | 'expired' | 'used';
  kind: AuthKind;
  /** The person is sent to the vendor's own pages; otherwise `fields` are asked here. */
  hasConsentPage: boolean;
  connector: { id: string; name: string; docs: string };
  connectionName: string;
  workspaceName: string;
  identifier: string;
  /** What the agent will be able to do, in plain words. */
  scopes: { name: string; description: string }[];
  /** What the person must enter: keys, or what an OAuth vendor's address depends on; values that the operator fixed are left out. */
  fields: Field[];
  sandbox: boolean;
  expiresAt: Date;
  /** `label` is the provider's; `name` is ours, where somebody chose one. */
  account: { status: string; label: string | null; name: string | null; owner: AccountOwner };
  verification: VerificationView;
  /** Scopes that were asked for and not granted to the connected account. */
  missingScopes: { name: string; description: string }[];
  /** What this browser must choose before the account is connected. */
  choice: ChoiceView | undefined;
  /** Another provider account that this browser may put in the place of the connected one. */
  replacement: Replacement | undefined;
}

/** @throws Fault link_invalid */
export async function viewLink(modules: Modules, token: string, request: Request, browsers: readonly string[] = []): Promise<LinkView> {
  const open = await openLink(modules, token, request);
  const { link, account, connection, connector, identifier, workspaceName } = open;
  const { auth } = connector;
  return {
    state: linkState(link),
    kind: auth.kind,
    hasConsentPage: hasConsentPage(auth),
    connector: { id: connector.id, name: connector.name, docs: connector.docs },
    connectionName: connection.name,
    workspaceName,
    identifier,
    scopes: connection.scopes.map((name) => ({ name, description: scopesOf(auth)[name] ?? name })),
    fields: (fieldsAreTheOperators(auth) ? [] : fieldsOf(auth))
      .filter((f) => connection.fields[f.name] === undefined && f.setBy !== 'operator')
      .map((f) =>
        auth.kind === 'oauth2' && account.fields[f.name] !== undefined ? { ...f, default: account.fields[f.name] as string } : f,
      ),
    sandbox: connection.sandbox,
    expiresAt: link.expiresAt,
    account: {
      status: account.status,
      label: account.providerAccountLabel,
      name: account.labelGiven ? account.label : null,
      owner: ownerOf(account),
    },
    verification: await viewVerification(open.ctx, open, browsers),
    missingScopes:
      auth.kind === 'oauth2' && account.status === 'ACTIVE'
        ? missingScopes(auth, account.scopes, connection.scopes).map((name) => ({ name, description: auth.scopes[name] ?? name }))
        : [],
    choice: await choiceFor(open, browsers),
    replacement: await replacementOf(open, browsers),
  };
}

/** @throws Fault verification_required, verification_not_allowed */
async function mustBeVerifiable(open: OpenLink, browsers: readonly string[]): Promise<VerificationView['mode']> {
  const view = await viewVerification(open.ctx, open, browsers);
  mustBeAllowed(open.ctx.modules, view.mode);
  if (!view.ready) throw new Fault('verification_required');
  return view.mode;
}

const verifierPlace = (environmentId: string, sessionId: string): Place => ({
  environmentId,
  table: 'consent_sessions',
  column: 'pkce_verifier_ct',
  rowId: sessionId,
  generation: 1,
});

/**
 * The person pressed Continue: makes the session that the provider's answer must match, and says where to go.
 * `browser` goes into a cookie of this very browser.
 * @throws Fault link_invalid, link_used, link_expired, connection_not_ready, verification_required, form_invalid
 */
export async function startConsent(
  modules: Modules,
  token: string,
  request: Request,
  browsers: readonly string[] = [],
  form: Record<string, string> = {},
): Promise<{ location: string; browser: string }> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  const verificationMode = await mustBeVerifiable(open, browsers);
  await mustBeReady(open.ctx, open.connection);
  const { auth } = open.connector;
  if (!hasConsentPage(auth)) throw new Fault('link_invalid', { internal: 'no consent page' });
  const { ctx } = open;
  const fields = fieldsAreTheOperators(auth) ? {} : enteredFields(open, form);
  const id = newId('consentSession');
  const [state, browser] = [randomToken(), randomToken()];
  const way = await wayToConsent(open, state, fields);
  const values = {
    id,
    environmentId: ctx.environmentId,
    linkId: open.link.id,
    connectionId: open.connection.id,
    stateMac: await modules.sealing.mac('state', [state]),
    browserMac: await modules.sealing.mac('browser', [browser]),
    pkceVerifierCt: way.kept === undefined ? null : await modules.sealing.seal(verifierPlace(ctx.environmentId, id), way.kept),
    clientId: open.connection.clientId ?? '',
    redirectUri: redirectUri(modules.baseUrl(), open.connection.id),
    scopes: open.connection.scopes,
    fields,
    verificationMode,
    expiresAt: new Date(Date.now() + modules.settings.consentLifeSeconds * 1000),
  };
  await ctx.tx(async (tx) => {
    await tx.insert(sessions).values(values);
    await ctx.audit(tx, 'authorization.started', { kind: 'connected_account', id: open.account.id }, { connection: open.connection.name });
  });
  return { location: way.location, browser };
}

/** Where the browser goes, and what of the attempt is kept sealed: the PKCE verifier, or OAuth 1.0a's temporary credentials. */
async function wayToConsent(
  { ctx: { modules }, connector, connection }: OpenLink,
  state: string,
  fields: Record<string, string>,
): Promise<{ location: string; kept: Secret<string> | Secret<OAuth1Credential> | undefined }> {
  const consumer = await consumerOf(modules, connector, connection);
  if (consumer !== undefined) {
    const callback = `${redirectUri(modules.baseUrl(), connection.id)}?state=${state}`;
    const temporary = await temporaryCredentials(modules.egress, consumer, callback);
    return { location: oauth1AuthorizationUrl(consumer, temporary), kept: temporary };
  }
  const app = await oauthAppOf(modules, connection);
  if (app === undefined) throw new Fault('link_invalid', { internal: 'not an OAuth connection' });
  const pkce = app.connector.auth.pkce === 'S256' ? createPkce() : undefined;
  return { location: authorizationUrl(withValues(app, fields), { state, scopes: connection.scopes, pkce }), kept: pkce?.verifier };
}

/** What the vendor's own address depends on, from the connection or the person. @throws Fault form_invalid */
function enteredFields({ connector, connection }: OpenLink, form: Record<string, string>): Record<string, string> {
  const values: Record<string, string> = {};
  const errors: FieldError[] = [];
  for (const field of fieldsOf(connector.auth)) {
    const asked = field.setBy === 'operator' ? field.default : form[field.name];
    const value = (connection.fields[field.name] ?? asked ?? '').trim();
    if (accepts(field, value)) values[field.name] = value;
    else errors.push({ pointer: `/${field.name}`, detail: `${field.label} ${value === '' ? 'is missing' : 'does not look right'}` });
  }
  if (errors.length > 0) throw new Fault('form_invalid', { errors });
  return values;
}

export interface CallbackInput {
  connectionId: string;
  /** Parameters of the authorization response (RFC 6749 section 4.1.2, RFC 9207). */
  state: string | undefined;
  code: string | undefined;
  error: string | undefined;
  iss: string | undefined;
  /** RFC 5849 section 2.2: the temporary token that was approved. */
  temporaryToken?: string | undefined;
  /** All of it, for what a connector takes from it besides. */
  query?: URLSearchParams;
  /** The cookie of this browser. */
  browser: string | undefined;
}

/** How an attempt ended; the page of the link tells it to the person. */
export interface ConsentResult {
  linkToken: string;
  /** parked: the operator's app verifies the person next, at `location`. */
  outcome: 'connected' | 'parked' | FaultCode;
  location?: string;
  /** A cookie that this browser needs, or still needs, for the next step. */
  browser?: string;
}

/**
 * The provider sent the person back. `state` is used up whatever follows; the code is exchanged only when path, session
 * and browser agree.
 * @throws Fault state_invalid, wrong_browser: nothing was exchanged, and there may be no link to go back to
 */
export async function finishConsent(modules: Modules, input: CallbackInput, request: Request): Promise<ConsentResult> {
  if (input.state === undefined || input.state.length > 256) throw new Fault('state_invalid');
  const stateMac = await modules.sealing.mac('state', [input.state]);
  const system = modules.db.system('open consent session');
  const [peek] = await system.query<{ browser_mac: Buffer }>({
    name: 'consent session by state',
    text: 'select browser_mac from consent_sessions where state_mac = $1 and connection_id = $2 and used_at is null and expires_at > now()',
    values: [stateMac, input.connectionId],
  });
  if (peek === undefined) throw new Fault('state_invalid');
  // Another browser must not use the session up: the one that started may still come.
  const browserMac = await modules.sealing.mac('browser', [input.browser ?? '']);
  if (!sameBytes(browserMac, peek.browser_mac)) throw new Fault('wrong_browser');
  const [used] = await system.query<{ id: string; environment_id: string; link_id: string }>({
    name: 'use consent session',
    text: `update consent_sessions set used_at = now() where state_mac = $1 and used_at is null returning id, environment_id, link_id`,
    values: [stateMac],
  });
  if (used === undefined) throw new Fault('state_invalid');

  const open = await readLink(modules, used.environment_id, eq(links.id, used.link_id), request);
  const linkToken = await modules.sealing.derive('link', open.link.tokenId, 1);
  const { ctx } = open;
  const session = await readSession(ctx, used.id);
  try {
    mustBeLive(open.link);
    if (input.error !== undefined)
      throw new Fault(input.error === 'access_denied' ? 'consent_denied' : 'consent_failed', {
        internal: `the provider answered ${input.error.slice(0, 100)}`,
      });
    if (input.code === undefined || input.code === '') throw new Fault('consent_failed', { internal: 'no code' });
    mustBeUnchanged(open, session);
    if (open.connector.auth.kind === 'oauth1' && !isToken(await temporaryOf(modules, session), input.temporaryToken))
      throw new Fault('consent_failed', { internal: 'another temporary token came back' });
    if (open.connector.auth.kind === 'oauth2') {
      const learned = readCallback(await unchangedApp(open, session), input.query ?? new URLSearchParams(), session.fields);
      if (Object.keys(learned).length > 0) {
        session.fields = { ...session.fields, ...learned };
        await ctx.tx((tx) => tx.update(sessions).set({ fields: session.fields }).where(eq(sessions.id, session.id)));
      }
    }
    const code = new Secret(input.code);
    const { verificationMode } = session;
    if (verificationMode === 'app' || verificationMode === 'session') {
      const location = await park(ctx, {
        link: open.link,
        accountId: open.account.id,
        connectionName: open.connection.name,
        sessionId: session.id,
        browserMac: session.browserMac,
        secret: code,
        facts: input.iss === undefined ? {} : { iss: input.iss },
      });
      return { linkToken, outcome: 'parked', location, ...(input.browser === undefined ? {} : { browser: input.browser }) };
    }
    await redeemCode(open, session, code, input.iss);
    return { linkToken, outcome: 'connected' };
  } catch (error) {
    const outcome: FaultCode = isFault(error) ? error.code : 'internal';
    if (outcome === 'internal') ctx.log.error({ err: error }, 'consent failed');
    else ctx.log.info({ fault: outcome, internal: isFault(error) ? error.internal : undefined }, 'consent not completed');
    await ctx.tx(async (tx) => {
      await tx.update(sessions).set({ outcome }).where(eq(sessions.id, session.id));
      await ctx.audit(
        tx,
        outcome === 'consent_denied'
          ? 'authorization.denied'
          : outcome === 'choice_required'
            ? 'authorization.parked'
            : 'authorization.failed',
        { kind: 'connected_account', id: open.account.id },
        { connection: open.connection.name, fault: outcome },
      );
    });
    const mayConfirm = outcome === 'choice_required' || (outcome === 'account_changed' && open.connection.onAccountChange !== 'refuse');
    return { linkToken, outcome, ...(mayConfirm && input.browser !== undefined ? { browser: input.browser } : {}) };
  }
}

type SessionRow = typeof sessions.$inferSelect;

export async function readSession(ctx: Ctx, id: string): Promise<SessionRow> {
  const [row] = await ctx.tx((tx) => tx.select().from(sessions).where(eq(sessions.id, id)));
  if (row === undefined) throw new Fault('state_invalid');
  return row;
}

/**
 * The app that the code was given to. A connection edited meanwhile ends the flow, its way of verifying included: a code
 * must not be redeemed under a weaker check than it was asked for with (security.md A06).
 * @throws Fault consent_failed
 */
function mustBeUnchanged(open: OpenLink, session: SessionRow): void {
  const { modules } = open.ctx;
  const { clientId, id } = open.connection;
  if (clientId !== session.clientId || redirectUri(modules.baseUrl(), id) !== session.redirectUri) {
    throw new Fault('consent_failed', { internal: 'the connection was changed during the consent' });
  }
  const { auth } = open.connector;
  const fixed = (fieldsAreTheOperators(auth) ? [] : fieldsOf(auth)).map(({ name }) => [name, open.connection.fields[name]] as const);
  if (fixed.some(([name, value]) => value !== undefined && value !== session.fields[name])) {
    throw new Fault('consent_failed', { internal: 'the fields of the connection were changed during the consent' });
  }
  if (verificationModeOf(modules, open.connection) !== session.verificationMode) {
    throw new Fault('consent_failed', { internal: 'the way of verifying was changed during the consent' });
  }
}

/** The app itself, where there is one. @throws Fault consent_failed */
export async function unchangedApp(open: OpenLink, session: SessionRow): Promise<OAuthApp> {
  mustBeUnchanged(open, session);
  const app = await oauthAppOf(open.ctx.modules, open.connection);
  if (app === undefined) throw new Fault('consent_failed', { internal: 'the connection was changed during the consent' });
  return app;
}

function temporaryOf(modules: Modules, session: SessionRow): Promise<Secret<OAuth1Credential>> {
  if (session.pkceVerifierCt === null) throw new Fault('consent_failed', { internal: 'no temporary credentials' });
  return modules.sealing.open<OAuth1Credential>(verifierPlace(session.environmentId, session.id), session.pkceVerifierCt);
}

/**
 * The code becomes a credential: only ever called for a person who was verified as the connection demands.
 * @throws Fault consent_failed, provider_unavailable, identity_mismatch, account_changed, link_used
 */
export async function redeemCode(open: OpenLink, session: SessionRow, code: Secret<string>, iss: string | undefined): Promise<void> {
  const { ctx } = open;
  const { modules } = ctx;
  mustBeUnchanged(open, session);
  const consumer = await consumerOf(modules, open.connector, open.connection);
  const credential: Secret<Credential> =
    consumer !== undefined
      ? await tokenCredentials(modules.egress, consumer, await temporaryOf(modules, session), code)
      : await exchangeCode(modules.egress, await unchangedApp(open, session), {
          code,
          pkceVerifier:
            session.pkceVerifierCt === null
              ? undefined
              : await modules.sealing.open<string>(verifierPlace(session.environmentId, session.id), session.pkceVerifierCt),
          iss,
          requestedScopes: session.scopes,
          values: session.fields,
        });
  const { scopes, fields, browserMac } = session;
  await keepOrGiveBack(open, credential, { scopes, fields, sessionId: session.id, browserMac });
}

/**
 * The person filled in a key connector's form: the key is tried at the provider before it is stored, and not even tried
 * before the person was verified (security.md A18).
 * @throws Fault link_invalid, link_used, link_expired, form_invalid, key_rejected, identity_mismatch, account_changed,
 *   provider_unavailable, verification_required
 */
export async function submitKey(
  modules: Modules,
  token: string,
  form: Record<string, string>,
  request: Request,
  browsers: readonly string[] = [],
): Promise<ConsentResult> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  const mode = await mustBeVerifiable(open, browsers);
  const { auth } = open.connector;
  if (auth.kind === 'oauth2' || hasConsentPage(auth)) throw new Fault('link_invalid', { internal: 'not a key connection' });
  if (usesApp(auth) || auth.fields.some((f) => f.setBy === 'operator')) await mustBeReady(open.ctx, open.connection);
  const errors: FieldError[] = [];
  const secretFields: Record<string, string> = {};
  const openFields: Record<string, string> = {};
  for (const field of auth.fields) {
    const theirs = isTheOperators(auth, field);
    const value = (open.connection.fields[field.name] ?? (theirs ? field.default : form[field.name]) ?? '').trim();
    if (value === '' && field.optional === true) continue;
    if (value === '') errors.push({ pointer: `/${field.name}`, detail: `${field.label} is missing` });
    else if (value.length > (field.multiline === true ? 16_384 : 4096) || !mayBeEntered(auth.kind, field, value))
      errors.push({ pointer: `/${field.name}`, detail: `${field.label} holds characters that no key has` });
    else if (!fieldAccepts(field, value)) errors.push({ pointer: `/${field.name}`, detail: `${field.label} does not look right` });
    else (field.secret || field.operatorUrl === true ? secretFields : openFields)[field.name] = value;
  }
  const credential = enteredCredential(open, auth, { secret: secretFields, open: openFields }, errors);
  if (errors.length > 0) throw new Fault('form_invalid', { errors });
  const browser = randomToken();
  const browserMac = await modules.sealing.mac('browser', [browser]);
  if (mode === 'app' || mode === 'session') {
    const location = await park(open.ctx, {
      link: open.link,
      accountId: open.account.id,
      connectionName: open.connection.name,
      sessionId: null,
      browserMac,
      secret: credential,
      facts: { fields: openFields },
    });
    return { linkToken: token, outcome: 'parked', location, browser };
  }
  try {
    await keepKey(open, credential, openFields, browserMac);
  } catch (error) {
    if (error instanceof ReplacementOffered) return { linkToken: token, outcome: 'account_changed', browser };
    throw error;
  }
  return { linkToken: token, outcome: 'connected' };
}

/** Keys and tokens are printable ASCII; people's own user names and passwords may hold anything that can be typed. */
function mayBeEntered(kind: AuthKind, field: Field, value: string): boolean {
  if (field.multiline === true) return !/[\p{Surrogate}]|(?![\r\n\t])\p{Cc}/u.test(value);
  return kind === 'basic' || kind === 'minted' ? !/[\p{Cc}\p{Surrogate}]/u.test(value) : !/[^\x21-\x7e]/.test(value);
}
