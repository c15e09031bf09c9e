import {
  Fault,
  isFault,
  isId,
  newId,
  parseBearer,
  Secret,
  type SignInLink,
  type SignInLinkCreate,
  UserIdentifier,
} from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { createPkce, signedIn, signInUrl } from '@grantway/oauth';
import { mintBearer, type Place, randomToken, type Sealing } from '@grantway/vault';
import { and, eq, gt, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import { type AuthorizationRequest, resourceOf } from './authorization-requests.ts';
import { type Ctx, createCtx, type Modules } from './ctx.ts';
import { findIdentityProvider } from './identity-provider.ts';
import { findConfig } from './mcp-instances.ts';
import type { Request } from './open-link.ts';
import { mayActFor } from './restrictions.ts';
import { inSeconds } from './verification.ts';

/*
 * Who the person is that an MCP client sends to us. A sign-in is for one config, one browser and one decision: what a browser
 * proved for one client is no proof for the next (security.md A25).
 */
const t = schema.mcpSignIns;
export type SignInRow = typeof t.$inferSelect;

/** How long the person has for the decision, and for adding the server to a client; the browser's cookie lives as long. */
const signedInSeconds = 600;

const startsPerMinute = 600;

const place = (row: { environmentId: string; id: string }, column: 'pkce_verifier_ct' | 'request_ct'): Place => ({
  environmentId: row.environmentId,
  table: 'mcp_sign_ins',
  column,
  rowId: row.id,
  generation: 1,
});
const linkMac = (sealing: Sealing, token: string) => sealing.mac('sign-in link', [token]);
const browserMac = (sealing: Sealing, browser: string) => sealing.mac('sign-in browser', [browser]);

export const signInLinkUrl = (baseUrl: string, token: string): string => `${baseUrl}/oauth/sign-in/${token}`;

// ---- one-time links ----------------------------------------------------------------------------------------------

/**
 * A link for the operator's backend to show to a person whom it knows.
 * @throws Fault not_found, user_suspended
 */
export async function createSignInLink(ctx: Ctx, configId: string, input: SignInLinkCreate): Promise<SignInLink> {
  const { environmentId, modules } = ctx;
  const [id, token] = [newId('mcpSignIn'), mintBearer('signInLink')];
  const requestMac = await linkMac(modules.sealing, token);
  return ctx.tx(async (tx) => {
    const config = await findConfig(ctx, tx, eq(schema.mcpConfigs.id, configId));
    if (config === undefined) throw new Fault('not_found', 'no such MCP config');
    mayActFor(ctx, input.user_identifier);
    if (await isSuspended(tx, environmentId, input.user_identifier)) throw new Fault('user_suspended');
    const [row] = await tx
      .insert(t)
      .values({
        id,
        environmentId,
        configId,
        kind: 'link',
        userIdentifier: input.user_identifier,
        clientId: ctx.actor.kind === 'client' ? ctx.actor.id : null,
        requestMac,
        expiresAt: inSeconds(input.expires_in),
      })
      .returning({ expiresAt: t.expiresAt });
    if (row === undefined) throw new Error('the sign-in vanished');
    await ctx.audit(tx, 'sign_in_link.created', { kind: 'mcp_sign_in', id }, { config: config.name });
    return {
      id,
      url: signInLinkUrl(modules.baseUrl(), token),
      mcp_url: resourceOf(modules.baseUrl(), configId),
      user_identifier: input.user_identifier,
      expires_at: row.expiresAt.toISOString(),
    };
  });
}

export interface SignInView {
  identifier: string;
  configName: string;
  workspaceName: string;
  resource: string;
  expiresAt: Date;
}

interface OpenSignIn {
  ctx: Ctx;
  row: SignInRow & { userIdentifier: string };
  view: SignInView;
}

/** What a link says; looking at it uses nothing up. @throws Fault sign_in_link_invalid, suspensions */
export async function viewSignInLink(modules: Modules, token: string, request: Request): Promise<SignInView> {
  return (await openLink(modules, token, request)).view;
}

/**
 * The person pressed the button: the link is spent, and the browser that pressed it is theirs for a while.
 * @throws Fault sign_in_link_invalid, suspensions
 */
export async function useSignInLink(modules: Modules, token: string, request: Request): Promise<{ browser: string }> {
  const { ctx, row } = await openLink(modules, token, request);
  const browser = randomToken();
  const mac = await browserMac(modules.sealing, browser);
  await ctx.tx(async (tx) => {
    const spent = await tx
      .update(t)
      .set({ requestMac: null, browserMac: mac, provenAt: sql`clock_timestamp()`, expiresAt: inSeconds(signedInSeconds) })
      .where(and(eq(t.id, row.id), isNotNull(t.requestMac), gt(t.expiresAt, sql`clock_timestamp()`)))
      .returning({ id: t.id });
    if (spent.length === 0) throw new Fault('sign_in_link_invalid');
    await ctx.audit(tx, 'mcp_sign_in.completed', { kind: 'mcp_sign_in', id: row.id }, { by: 'link' });
  });
  return { browser };
}

async function openLink(modules: Modules, token: string, request: Request): Promise<OpenSignIn> {
  if (parseBearer('signInLink', token) === undefined) throw new Fault('sign_in_link_invalid');
  const [found] = await modules.db.system('open authorization link').query<{ id: string; environment_id: string }>({
    name: 'sign-in by link',
    text: "select id, environment_id from mcp_sign_ins where request_mac = $1 and kind = 'link' and expires_at > clock_timestamp()",
    values: [await linkMac(modules.sealing, token)],
  });
  if (found === undefined) throw new Fault('sign_in_link_invalid');
  const open = await readSignIn(modules, found.environment_id, [found.id], request);
  if (open === undefined) throw new Fault('sign_in_link_invalid');
  return open;
}

/** The first of these that is known and whose person is known. @throws Fault environment_suspended, user_suspended, client_suspended */
async function readSignIn(
  modules: Modules,
  environmentId: string,
  ids: readonly string[],
  request: Request,
): Promise<OpenSignIn | undefined> {
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'person', id: null }, ...request });
  const [found] = await ctx.tx((tx) =>
    tx
      .select({
        row: t,
        configName: schema.mcpConfigs.name,
        workspaceName: schema.workspaces.name,
        environmentSuspendedAt: schema.environments.suspendedAt,
        userSuspendedAt: schema.users.suspendedAt,
        clientSuspendedAt: schema.clients.suspendedAt,
      })
      .from(t)
      .innerJoin(schema.mcpConfigs, eq(schema.mcpConfigs.id, t.configId))
      .innerJoin(schema.environments, eq(schema.environments.id, t.environmentId))
      .innerJoin(schema.workspaces, eq(schema.workspaces.id, schema.environments.workspaceId))
      .leftJoin(schema.users, and(eq(schema.users.environmentId, t.environmentId), eq(schema.users.identifier, t.userIdentifier)))
      .leftJoin(schema.clients, eq(schema.clients.id, t.clientId))
      .where(inArray(t.id, [...ids])),
  );
  const identifier = found?.row.userIdentifier ?? null;
  if (found === undefined || identifier === null) return undefined;
  if (found.environmentSuspendedAt !== null) throw new Fault('environment_suspended');
  if (found.userSuspendedAt !== null) throw new Fault('user_suspended');
  if (found.clientSuspendedAt !== null) throw new Fault('client_suspended');
  return {
    ctx,
    row: { ...found.row, userIdentifier: identifier },
    view: {
      identifier,
      configName: found.configName,
      workspaceName: found.workspaceName,
      resource: resourceOf(modules.baseUrl(), found.row.configId),
      expiresAt: found.row.expiresAt,
    },
  };
}

async function isSuspended(tx: Tx, environmentId: string, identifier: string): Promise<boolean> {
  const [row] = await tx
    .select({ at: schema.users.suspendedAt })
    .from(schema.users)
    .where(and(eq(schema.users.environmentId, environmentId), eq(schema.users.identifier, identifier)));
  return row?.at != null;
}

// ---- the browser that is signed in -------------------------------------------------------------------------------

/** Signed in, and not used up by a decision yet. */
export interface SignedInBrowser extends OpenSignIn {
  /** The cookie's value that proves it; never to be shown. */
  browser: string;
}

/**
 * Who is in the browser with these cookies, newest first; for one config, or for any.
 * @throws Fault environment_suspended, user_suspended, client_suspended
 */
export async function findSignedIn(
  modules: Modules,
  browsers: readonly string[],
  request: Request,
  configId?: string,
): Promise<SignedInBrowser | undefined> {
  for (const browser of browsers) {
    const [found] = await modules.db.system('open consent session').query<{ id: string; environment_id: string }>({
      name: 'sign-in by browser',
      text: `select id, environment_id from mcp_sign_ins where browser_mac = $1 and proven_at is not null and used_at is null
               and expires_at > clock_timestamp() and ($2::text is null or config_id = $2)`,
      values: [await browserMac(modules.sealing, browser), configId ?? null],
    });
    const open = found === undefined ? undefined : await readSignIn(modules, found.environment_id, [found.id], request);
    if (open !== undefined) return { ...open, browser };
  }
  return undefined;
}

/** Uses a sign-in up, by one conditional update. @throws Fault sign_in_required */
export async function spendSignIn(tx: Tx, signIn: SignedInBrowser): Promise<void> {
  const spent = await tx
    .update(t)
    .set({ usedAt: sql`clock_timestamp()` })
    .where(and(eq(t.id, signIn.row.id), isNull(t.usedAt), gt(t.expiresAt, sql`clock_timestamp()`)))
    .returning({ id: t.id });
  if (spent.length === 0) throw new Fault('sign_in_required');
}

// ---- the operator's identity provider ----------------------------------------------------------------------------

/**
 * "Sign in": to the operator's identity provider, and back to this very browser. `query`: the client's request, sealed until
 * the person returns.
 * @throws Fault not_found, provider_unavailable, connection_not_ready
 */
export async function startProviderSignIn(
  modules: Modules,
  asked: AuthorizationRequest,
  query: string,
  request: Request,
): Promise<{ location: string; browser: string }> {
  const { environmentId, id: configId } = asked.config;
  const idp = await findIdentityProvider(modules, environmentId, configId);
  if (idp === undefined) throw new Fault('sign_in_required');
  const { sealing } = modules;
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'person', id: null }, ...request });
  await mustHaveRoom(ctx);
  const [pkce, nonce, state, browser] = [createPkce(), randomToken(), randomToken(), randomToken()];
  const at = { environmentId, id: newId('mcpSignIn') };
  const values = {
    ...at,
    configId,
    kind: 'oidc' as const,
    requestMac: await sealing.mac('sign-in state', [state]),
    browserMac: await browserMac(sealing, browser),
    pkceVerifierCt: await sealing.seal(place(at, 'pkce_verifier_ct'), pkce.verifier),
    requestCt: await sealing.seal(place(at, 'request_ct'), new Secret(query)),
    facts: { nonce, issuer: idp.issuer, clientId: idp.clientId },
    expiresAt: inSeconds(modules.settings.consentLifeSeconds),
  };
  await ctx.tx((tx) => tx.insert(t).values(values));
  return { location: await signInUrl(modules.egress, idp, { state, nonce, challenge: pkce.challenge }), browser };
}

/** Anybody can begin: what that writes, and asks of the provider, is bounded. @throws Fault rate_limited */
async function mustHaveRoom({ tx, environmentId }: Ctx): Promise<void> {
  const begun = await tx((one) =>
    one.$count(
      t,
      and(eq(t.environmentId, environmentId), eq(t.kind, 'oidc'), gt(t.createdAt, sql`clock_timestamp() - interval '1 minute'`)),
    ),
  );
  if (begun >= startsPerMinute) throw new Fault('rate_limited', { retryAfterSeconds: 60 });
}

/**
 * The identity provider sent the person back: `state` is spent, in the browser that began and in no other.
 * @returns the client's request, to go on with; `outcome` says whether the person is known now
 * @throws Fault state_invalid, wrong_browser
 */
export async function finishProviderSignIn(
  modules: Modules,
  input: { environmentId: string; query: URLSearchParams; browsers: readonly string[] },
  request: Request,
): Promise<{ query: string; outcome: 'proven' | Fault['code'] }> {
  const state = input.query.get('state');
  if (state === null || state.length > 256 || !isId('environment', input.environmentId)) throw new Fault('state_invalid');
  const { sealing } = modules;
  const requestMac = await sealing.mac('sign-in state', [state]);
  const macs = await Promise.all(input.browsers.map((browser) => browserMac(sealing, browser)));
  const ctx = createCtx(modules, { environmentId: input.environmentId, actor: { kind: 'person', id: null }, ...request });
  const row = await ctx.tx(async (tx) => {
    const where = and(eq(t.requestMac, requestMac), eq(t.environmentId, input.environmentId), eq(t.kind, 'oidc'));
    const [one] = await tx.select().from(t).where(where).for('update');
    if (one === undefined || one.expiresAt.getTime() <= Date.now()) throw new Fault('state_invalid');
    if (!macs.some((mac) => one.browserMac?.equals(mac))) throw new Fault('wrong_browser');
    await tx.update(t).set({ requestMac: null, pkceVerifierCt: null, requestCt: null }).where(eq(t.id, one.id));
    return one;
  });
  if (row.pkceVerifierCt === null || row.requestCt === null) throw new Fault('state_invalid');
  const query = await sealing.openAnswer<string>(place(row, 'request_ct'), row.requestCt);

  let identifier: string | undefined;
  let outcome: 'proven' | Fault['code'] = 'proven';
  try {
    const idp = await findIdentityProvider(modules, row.environmentId, row.configId);
    if (idp === undefined || row.facts['issuer'] !== idp.issuer || row.facts['clientId'] !== idp.clientId) {
      throw new Fault('sign_in_failed', { internal: 'the identity provider was changed during the sign-in' });
    }
    const url = new URL(idp.redirectUri);
    url.search = input.query.toString();
    const person = await signedIn(modules.egress, idp, {
      url,
      state,
      nonce: row.facts['nonce'] as string,
      pkceVerifier: await sealing.open<string>(place(row, 'pkce_verifier_ct'), row.pkceVerifierCt),
    });
    identifier = idp.claim === 'sub' ? person.sub : person.verifiedEmail;
    if (identifier === undefined || !UserIdentifier.safeParse(identifier).success) {
      throw new Fault('sign_in_failed', { internal: 'the claim is missing, not verified, or no identifier' });
    }
  } catch (error) {
    if (!isFault(error)) throw error;
    outcome = error.code === 'verification_failed' ? 'sign_in_failed' : error.code;
    ctx.log.info({ fault: error.code, internal: error.internal }, 'a sign-in for an MCP client did not succeed');
  }
  const target = { kind: 'mcp_sign_in', id: row.id };
  await ctx.tx(async (tx) => {
    if (outcome === 'proven') {
      const proven = { userIdentifier: identifier ?? null, provenAt: sql`clock_timestamp()`, expiresAt: inSeconds(signedInSeconds) };
      await tx.update(t).set(proven).where(eq(t.id, row.id));
      await ctx.audit(tx, 'mcp_sign_in.completed', target, { by: 'oidc' });
    } else {
      await tx.update(t).set({ usedAt: sql`clock_timestamp()` }).where(eq(t.id, row.id));
      await ctx.audit(tx, 'mcp_sign_in.failed', target, { fault: outcome });
    }
  });
  return { query, outcome };
}
