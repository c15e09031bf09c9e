import {
  type Connector,
  type Credential,
  type Field,
  faultByStatus,
  fieldsOf,
  type ProviderAccount,
  type StaticCredential,
} from '@grantway/connector-kit';
import { type AuthKind, Fault, type FaultCode, type FieldError, isFault, newId, parseBearer, Secret } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { EgressError } from '@grantway/egress';
import { authorizationUrl, createPkce, exchangeCode, type OAuthApp } from '@grantway/oauth';
import { idleSecondsOf, type Place, queueRevocation, randomToken, sameBytes, storeGrant } from '@grantway/vault';
import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { mustBeReady } from './authorization-links.ts';
import { type AccountRow, oauthAppOf } from './connected-accounts.ts';
import { type ConnectionRow, fieldAccepts } from './connections.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';
import { matchIdentity } from './identity-match.ts';
import { connectorOf } from './remote-servers.ts';
import {
  inSeconds,
  mustBeAllowed,
  park,
  parkedLifeSeconds,
  sealedPlace,
  type VerificationView,
  verificationModeOf,
  viewVerification,
} from './verification.ts';

const links = schema.authorizationLinks;
const sessions = schema.consentSessions;
const checks = schema.verifications;

/** What a hosted page may show of a link. Nothing here changes anything: link previews and scanners look too. */
export interface LinkView {
  state: 'live' | 'expired' | 'used';
  kind: AuthKind;
  connector: { id: string; name: string; docs: string };
  connectionName: string;
  workspaceName: string;
  identifier: string;
  /** What the agent will be able to do, in plain words. */
  scopes: { name: string; description: string }[];
  /** What the person must enter for a key connector; values that the operator fixed are left out. */
  fields: Field[];
  sandbox: boolean;
  expiresAt: Date;
  account: { status: string; label: string | null };
  verification: VerificationView;
  /** Another provider account that this browser may put in the place of the connected one. */
  replacement: { from: string; to: string } | undefined;
}

export interface OpenLink {
  ctx: Ctx;
  link: typeof links.$inferSelect;
  account: AccountRow;
  connection: ConnectionRow;
  connector: Connector;
  identifier: string;
  workspaceName: string;
}

export type Request = { requestId: string; log: Log };

/** @throws Fault link_invalid */
export async function openLink(modules: Modules, token: string, request: Request): Promise<OpenLink> {
  const parsed = parseBearer('link', token);
  if (parsed === undefined || !(await modules.sealing.isDerived('link', token, 1))) throw new Fault('link_invalid');
  const [found] = await modules.db.system('open authorization link').query<{ environment_id: string }>({
    name: 'link by token id',
    text: 'select environment_id from authorization_links where token_id = $1',
    values: [parsed.id],
  });
  if (found === undefined) throw new Fault('link_invalid');
  return readLink(modules, found.environment_id, eq(links.tokenId, parsed.id), request);
}

export async function readLink(modules: Modules, environmentId: string, where: ReturnType<typeof eq>, request: Request): Promise<OpenLink> {
  const row = await modules.db.inEnvironment(environmentId, async (tx) => {
    const [one] = await tx
      .select({
        link: links,
        account: schema.connectedAccounts,
        connection: schema.connections,
        userId: schema.users.id,
        identifier: schema.users.identifier,
        userSuspendedAt: schema.users.suspendedAt,
        environmentSuspendedAt: schema.environments.suspendedAt,
        workspaceName: schema.workspaces.name,
      })
      .from(links)
      .innerJoin(schema.connectedAccounts, eq(schema.connectedAccounts.id, links.connectedAccountId))
      .innerJoin(schema.connections, eq(schema.connections.id, schema.connectedAccounts.connectionId))
      .innerJoin(schema.users, eq(schema.users.id, schema.connectedAccounts.userId))
      .innerJoin(schema.environments, eq(schema.environments.id, links.environmentId))
      .innerJoin(schema.workspaces, eq(schema.workspaces.id, schema.environments.workspaceId))
      .where(where);
    return one;
  });
  if (row === undefined) throw new Fault('link_invalid');
  if (row.environmentSuspendedAt !== null) throw new Fault('environment_suspended');
  if (row.userSuspendedAt !== null) throw new Fault('user_suspended');
  const connector = await connectorOf(modules.catalogue, row.connection);
  if (connector === undefined) throw new Fault('link_invalid', { internal: `no connector ${row.connection.connector}` });
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'person', id: row.userId }, ...request });
  return { ctx, connector, ...row };
}

function linkState(link: OpenLink['link']): LinkView['state'] {
  return link.usedAt !== null ? 'used' : link.expiresAt.getTime() <= Date.now() ? 'expired' : 'live';
}

/** @throws Fault link_used, link_expired */
export function mustBeLive(link: OpenLink['link']): void {
  const state = linkState(link);
  if (state === 'used') throw new Fault('link_used');
  if (state === 'expired') throw new Fault('link_expired');
}

/** @throws Fault link_invalid */
export async function viewLink(modules: Modules, token: string, request: Request, browsers: readonly string[] = []): Promise<LinkView> {
  const open = await openLink(modules, token, request);
  const { link, account, connection, connector, identifier, workspaceName } = open;
  const { auth } = connector;
  return {
    state: linkState(link),
    kind: auth.kind,
    connector: { id: connector.id, name: connector.name, docs: connector.docs },
    connectionName: connection.name,
    workspaceName,
    identifier,
    scopes: auth.kind === 'oauth2' ? connection.scopes.map((name) => ({ name, description: auth.scopes[name] ?? name })) : [],
    fields: fieldsOf(auth).filter((f) => connection.fields[f.name] === undefined),
    sandbox: connection.sandbox,
    expiresAt: link.expiresAt,
    account: { status: account.status, label: account.providerAccountLabel },
    verification: await viewVerification(open.ctx, open, browsers),
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
 * @throws Fault link_invalid, link_used, link_expired, connection_not_ready, verification_required
 */
export async function startConsent(
  modules: Modules,
  token: string,
  request: Request,
  browsers: readonly string[] = [],
): Promise<{ location: string; browser: string }> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  const verificationMode = await mustBeVerifiable(open, browsers);
  await mustBeReady(open.ctx, open.connection);
  const app = await oauthAppOf(modules, open.connection);
  if (app === undefined) throw new Fault('link_invalid', { internal: 'not an OAuth connection' });
  const id = newId('consentSession');
  const [state, browser] = [randomToken(), randomToken()];
  const pkce = app.connector.auth.pkce === 'S256' ? createPkce() : undefined;
  const { ctx } = open;
  const values = {
    id,
    environmentId: ctx.environmentId,
    linkId: open.link.id,
    connectionId: open.connection.id,
    stateMac: await modules.sealing.mac('state', [state]),
    browserMac: await modules.sealing.mac('browser', [browser]),
    pkceVerifierCt: pkce === undefined ? null : await modules.sealing.seal(verifierPlace(ctx.environmentId, id), pkce.verifier),
    clientId: app.clientId,
    redirectUri: app.redirectUri,
    scopes: open.connection.scopes,
    verificationMode,
    expiresAt: new Date(Date.now() + modules.settings.consentLifeSeconds * 1000),
  };
  await ctx.tx(async (tx) => {
    await tx.insert(sessions).values(values);
    await ctx.audit(tx, 'authorization.started', { kind: 'connected_account', id: open.account.id }, { connection: open.connection.name });
  });
  return { location: authorizationUrl(app, { state, scopes: open.connection.scopes, pkce }), browser };
}

export interface CallbackInput {
  connectionId: string;
  /** Parameters of the authorization response (RFC 6749 section 4.1.2, RFC 9207). */
  state: string | undefined;
  code: string | undefined;
  error: string | undefined;
  iss: string | undefined;
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
    await unchangedApp(open, session);
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
        outcome === 'consent_denied' ? 'authorization.denied' : 'authorization.failed',
        { kind: 'connected_account', id: open.account.id },
        { connection: open.connection.name, fault: outcome },
      );
    });
    const mayConfirm = outcome === 'account_changed' && open.connection.onAccountChange === 'confirm';
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
async function unchangedApp(open: OpenLink, session: SessionRow): Promise<OAuthApp> {
  const { modules } = open.ctx;
  const app = await oauthAppOf(modules, open.connection);
  if (app === undefined || app.clientId !== session.clientId || app.redirectUri !== session.redirectUri) {
    throw new Fault('consent_failed', { internal: 'the connection was changed during the consent' });
  }
  if (verificationModeOf(modules, open.connection) !== session.verificationMode) {
    throw new Fault('consent_failed', { internal: 'the way of verifying was changed during the consent' });
  }
  return app;
}

/**
 * The code becomes a credential: only ever called for a person who was verified as the connection demands.
 * @throws Fault consent_failed, provider_unavailable, identity_mismatch, account_changed, link_used
 */
export async function redeemCode(open: OpenLink, session: SessionRow, code: Secret<string>, iss: string | undefined): Promise<void> {
  const { ctx } = open;
  const { modules } = ctx;
  const app = await unchangedApp(open, session);
  const credential = await exchangeCode(modules.egress, app, {
    code,
    pkceVerifier:
      session.pkceVerifierCt === null
        ? undefined
        : await modules.sealing.open<string>(verifierPlace(session.environmentId, session.id), session.pkceVerifierCt),
    iss,
    requestedScopes: session.scopes,
  });
  let identified: ProviderAccount | undefined;
  try {
    await keep(open, credential, {
      scopes: session.scopes,
      fields: {},
      sessionId: session.id,
      browserMac: session.browserMac,
      onIdentified: (account) => {
        identified = account;
      },
    });
  } catch (error) {
    if (!(error instanceof ReplacementOffered)) await abandon(open, credential, identified);
    throw error;
  }
}

interface Intake {
  scopes: string[];
  fields: Record<string, string>;
  sessionId: string | undefined;
  browserMac: Buffer | null;
  /** Whose credential it is, as soon as that is known: what is not kept is given back as that account's. */
  onIdentified?: (account: ProviderAccount) => void;
}

/** The other account waits, sealed, for the person's yes; it is not given back yet. */
class ReplacementOffered extends Fault {
  constructor() {
    super('account_changed', { internal: 'another provider account answered; the person is asked' });
  }
}

/** Identify, match, store: what every credential goes through. */
async function keep(open: OpenLink, credential: Secret<Credential>, intake: Intake): Promise<void> {
  const account = await identify(open.ctx.modules, open, credential, intake.fields);
  intake.onIdentified?.(account);
  matchIdentity(open.connection.identityMatch, account, open.identifier);
  try {
    await store(open, credential, account, intake);
  } catch (error) {
    if (!isFault(error, 'account_changed') || open.connection.onAccountChange !== 'confirm' || intake.browserMac === null) throw error;
    await offerReplacement(open, credential, account, intake);
    throw new ReplacementOffered();
  }
}

/** @throws Fault key_rejected, provider_unavailable, identity_mismatch, account_changed, link_used */
export function keepKey(
  open: OpenLink,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  browserMac: Buffer | null,
): Promise<void> {
  return keep(open, credential, { scopes: [], fields, sessionId: undefined, browserMac });
}

async function offerReplacement(open: OpenLink, credential: Secret<Credential>, account: ProviderAccount, intake: Intake): Promise<void> {
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

async function replacementOf(open: OpenLink, browsers: readonly string[]): Promise<LinkView['replacement']> {
  if (browsers.length === 0 || open.connection.onAccountChange !== 'confirm' || linkState(open.link) !== 'live') return undefined;
  const macs = await macsOf(open.ctx.modules, browsers);
  const [row] = await open.ctx.tx((tx) => tx.select().from(checks).where(openReplacements(open, macs)).orderBy(desc(checks.id)).limit(1));
  if (row === undefined) return undefined;
  return { from: open.account.providerAccountLabel ?? '', to: (row.facts['to'] as ProviderAccount).label };
}

/**
 * The person said yes to another provider account, in the browser that signed in with it. Until now nothing of the old one
 * was touched (security.md A05).
 * @throws Fault link_invalid, link_used, link_expired, verification_required when this browser has nothing to confirm
 */
export async function confirmReplacement(modules: Modules, token: string, request: Request, browsers: readonly string[]): Promise<void> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  if (open.connection.onAccountChange !== 'confirm' || browsers.length === 0) throw new Fault('verification_required');
  const { ctx } = open;
  const macs = await macsOf(modules, browsers);
  await ctx.tx(async (tx) => {
    const [row] = await tx.select().from(checks).where(openReplacements(open, macs)).orderBy(desc(checks.id)).limit(1).for('update');
    if (row?.sealedCt == null) throw new Fault('verification_required');
    const credential = await modules.sealing.open<Credential>(sealedPlace(row), row.sealedCt);
    const to = row.facts['to'] as ProviderAccount;
    await useLink(tx, open.link.id);
    const [current] = await tx
      .select({ providerAccountId: schema.connectedAccounts.providerAccountId })
      .from(schema.connectedAccounts)
      .where(eq(schema.connectedAccounts.id, open.account.id))
      .for('update');
    // The question was about one certain account.
    if (current?.providerAccountId !== row.facts['from']) throw new Fault('account_changed');
    await tx.update(checks).set({ outcome: 'done', sealedCt: null }).where(eq(checks.id, row.id));
    await storeGrant(tx, modules.sealing, {
      account: { id: open.account.id, environmentId: ctx.environmentId },
      credential,
      providerAccount: to,
      scopes: row.facts['scopes'] as string[],
      fields: row.facts['fields'] as Record<string, string>,
      idleSeconds: idleSecondsOf(open.connector),
      actor: ctx.actor,
      requestId: ctx.requestId,
    });
    await ctx.audit(
      tx,
      'connected_account.replaced',
      { kind: 'connected_account', id: open.account.id },
      { connection: open.connection.name, from: row.facts['from'], to: to.id },
    );
  });
}

/** A token that waited for a yes and got none goes back to its provider. */
export async function giveBackReplacement(modules: Modules, row: typeof checks.$inferSelect): Promise<void> {
  if (row.sealedCt === null) return;
  const request = { requestId: newId('request'), log: modules.log };
  const open = await readLink(modules, row.environmentId, eq(links.id, row.linkId), request);
  if (open.connector.auth.kind !== 'oauth2') return;
  await abandon(open, await modules.sealing.open<Credential>(sealedPlace(row), row.sealedCt), row.facts['to'] as ProviderAccount);
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
  if (auth.kind === 'oauth2') throw new Fault('link_invalid', { internal: 'not a key connection' });
  const errors: FieldError[] = [];
  const secretFields: Record<string, string> = {};
  const openFields: Record<string, string> = {};
  for (const field of auth.fields) {
    const value = (open.connection.fields[field.name] ?? form[field.name] ?? '').trim();
    if (value === '') errors.push({ pointer: `/${field.name}`, detail: `${field.label} is missing` });
    else if (value.length > 4096 || !mayBeEntered(auth.kind, value))
      errors.push({ pointer: `/${field.name}`, detail: `${field.label} holds characters that no key has` });
    else if (!fieldAccepts(field, value)) errors.push({ pointer: `/${field.name}`, detail: `${field.label} does not look right` });
    else (field.secret ? secretFields : openFields)[field.name] = value;
  }
  if (errors.length > 0) throw new Fault('form_invalid', { errors });
  const value: StaticCredential = { kind: auth.kind, fields: secretFields };
  const credential = new Secret<Credential>(value);
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
function mayBeEntered(kind: AuthKind, value: string): boolean {
  return kind === 'basic' ? !/[\p{Cc}\p{Surrogate}]/u.test(value) : !/[^\x21-\x7e]/.test(value);
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
  const target = { connector, fields: { ...fields, ...connection.fields }, sandbox: connection.sandbox };
  const response = await modules.egress.call(target, connector.identify.request, credential).catch((error: unknown) => {
    // What was entered cannot be placed at all, for example a user name with a colon.
    if (error instanceof EgressError && error.kind === 'invalid' && !error.sent && connector.auth.kind !== 'oauth2')
      throw new Fault('form_invalid', { internal: error.message });
    if (error instanceof EgressError)
      throw new Fault('provider_unavailable', { detail: `${connector.name} could not be reached`, cause: error });
    throw error;
  });
  const fault = (connector.api.fault ?? faultByStatus)(response);
  if (fault !== undefined) {
    if (fault.kind === 'unavailable' || fault.kind === 'rate_limited')
      throw new Fault('provider_unavailable', `${connector.name} is not available right now`);
    if (connector.auth.kind !== 'oauth2') throw new Fault('key_rejected', `${connector.name} did not accept the key`);
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
 * @throws Fault link_used when another browser was first, account_changed
 */
async function store(
  open: OpenLink,
  credential: Secret<Credential>,
  providerAccount: ProviderAccount,
  { scopes, fields, sessionId }: Intake,
): Promise<void> {
  const { ctx, link, account, connection } = open;
  await ctx.tx(async (tx) => {
    await useLink(tx, link.id);
    const [current] = await tx
      .select({ status: schema.connectedAccounts.status, providerAccountId: schema.connectedAccounts.providerAccountId })
      .from(schema.connectedAccounts)
      .where(eq(schema.connectedAccounts.id, account.id))
      .for('update');
    // Signing in again as somebody else must never silently swap the account (security.md A05).
    if (current?.providerAccountId != null && current.status !== 'DISCONNECTED' && current.providerAccountId !== providerAccount.id) {
      throw new Fault('account_changed', { internal: 'another provider account answered' });
    }
    await storeGrant(tx, ctx.modules.sealing, {
      account: { id: account.id, environmentId: ctx.environmentId },
      credential,
      providerAccount,
      scopes,
      fields,
      idleSeconds: idleSecondsOf(open.connector),
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

/** @throws Fault link_used */
async function useLink(tx: Tx, linkId: string): Promise<void> {
  const used = await tx
    .update(links)
    .set({ usedAt: sql`clock_timestamp()` })
    .where(and(eq(links.id, linkId), isNull(links.usedAt)))
    .returning({ id: links.id });
  if (used.length === 0) throw new Fault('link_used');
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
