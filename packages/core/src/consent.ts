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
import { authorizationUrl, createPkce, exchangeCode, type OAuthApp, revokeToken } from '@grantway/oauth';
import { type Place, randomToken, sameBytes, storeGrant } from '@grantway/vault';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { mustBeReady } from './authorization-links.ts';
import { type AccountRow, oauthAppOf } from './connected-accounts.ts';
import { type ConnectionRow, fieldAccepts } from './connections.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';

const links = schema.authorizationLinks;
const sessions = schema.consentSessions;

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
}

interface OpenLink {
  ctx: Ctx;
  link: typeof links.$inferSelect;
  account: AccountRow;
  connection: ConnectionRow;
  connector: Connector;
  identifier: string;
  workspaceName: string;
}

type Request = { requestId: string; log: Log };

/** @throws Fault link_invalid */
async function openLink(modules: Modules, token: string, request: Request): Promise<OpenLink> {
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

async function readLink(modules: Modules, environmentId: string, where: ReturnType<typeof eq>, request: Request): Promise<OpenLink> {
  const row = await modules.db.inEnvironment(environmentId, async (tx) => {
    const [one] = await tx
      .select({
        link: links,
        account: schema.connectedAccounts,
        connection: schema.connections,
        userId: schema.users.id,
        identifier: schema.users.identifier,
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
  const connector = await modules.catalogue.find(row.connection.connector);
  if (connector === undefined) throw new Fault('link_invalid', { internal: `no connector ${row.connection.connector}` });
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'person', id: row.userId }, ...request });
  return { ctx, connector, ...row };
}

function linkState(link: OpenLink['link']): LinkView['state'] {
  return link.usedAt !== null ? 'used' : link.expiresAt.getTime() <= Date.now() ? 'expired' : 'live';
}

/** @throws Fault link_used, link_expired */
function mustBeLive(link: OpenLink['link']): void {
  const state = linkState(link);
  if (state === 'used') throw new Fault('link_used');
  if (state === 'expired') throw new Fault('link_expired');
}

/** @throws Fault link_invalid */
export async function viewLink(modules: Modules, token: string, request: Request): Promise<LinkView> {
  const { link, account, connection, connector, identifier, workspaceName } = await openLink(modules, token, request);
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
  };
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
 * @throws Fault link_invalid, link_used, link_expired, connection_not_ready
 */
export async function startConsent(modules: Modules, token: string, request: Request): Promise<{ location: string; browser: string }> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
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
  outcome: 'connected' | FaultCode;
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
  const [session] = await system.query<{
    id: string;
    environment_id: string;
    link_id: string;
    client_id: string;
    redirect_uri: string;
    scopes: string[];
    pkce_verifier_ct: Buffer | null;
  }>({
    name: 'use consent session',
    text: `update consent_sessions set used_at = now() where state_mac = $1 and used_at is null
           returning id, environment_id, link_id, client_id, redirect_uri, scopes, pkce_verifier_ct`,
    values: [stateMac],
  });
  if (session === undefined) throw new Fault('state_invalid');

  const open = await readLink(modules, session.environment_id, eq(links.id, session.link_id), request);
  const linkToken = await modules.sealing.derive('link', open.link.tokenId, 1);
  const { ctx } = open;
  try {
    mustBeLive(open.link);
    if (input.error !== undefined)
      throw new Fault(input.error === 'access_denied' ? 'consent_denied' : 'consent_failed', {
        internal: `the provider answered ${input.error.slice(0, 100)}`,
      });
    if (input.code === undefined || input.code === '') throw new Fault('consent_failed', { internal: 'no code' });
    const app = await oauthAppOf(modules, open.connection);
    // A connection edited meanwhile: the code belongs to the app of before.
    if (app === undefined || app.clientId !== session.client_id || app.redirectUri !== session.redirect_uri) {
      throw new Fault('consent_failed', { internal: 'the connection was changed during the consent' });
    }
    const credential = await exchangeCode(modules.egress, app, {
      code: new Secret(input.code),
      pkceVerifier:
        session.pkce_verifier_ct === null
          ? undefined
          : await modules.sealing.open<string>(verifierPlace(session.environment_id, session.id), session.pkce_verifier_ct),
      iss: input.iss,
      requestedScopes: session.scopes,
    });
    try {
      const account = await identify(modules, open, credential, {});
      await store(open, credential, account, session.scopes, {}, session.id);
    } catch (error) {
      await abandon(ctx, app, credential);
      throw error;
    }
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
    return { linkToken, outcome };
  }
}

/**
 * The person filled in a key connector's form: the key is tried at the provider before it is stored.
 * @throws Fault link_invalid, link_used, link_expired, form_invalid, key_rejected, account_changed, provider_unavailable
 */
export async function submitKey(modules: Modules, token: string, form: Record<string, string>, request: Request): Promise<ConsentResult> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
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
  const account = await identify(modules, open, credential, openFields);
  await store(open, credential, account, [], openFields, undefined);
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
  scopes: string[],
  fields: Record<string, string>,
  sessionId: string | undefined,
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
async function abandon(ctx: Ctx, app: OAuthApp, credential: Secret<Credential>): Promise<void> {
  try {
    await revokeToken(ctx.modules.egress, app, credential as Parameters<typeof revokeToken>[2]);
  } catch (err) {
    ctx.log.warn({ err }, 'a token that was not kept could not be revoked');
  }
}
