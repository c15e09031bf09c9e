import { createHash, timingSafeEqual } from 'node:crypto';
import { type Connection, type ConnectionCreate, Fault, newId, type Secret, type VerificationMode } from '@grantway/contract';
import { recordAudit, type StoredVerification, schema, type Tx } from '@grantway/db';
import { type Place, randomToken, type Sealing } from '@grantway/vault';
import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import type { Ctx, Modules } from './ctx.ts';
import { lockOwner } from './owned-accounts.ts';

/*
 * Who is at the keyboard (security.md 2.5). Whoever holds a link can send it to somebody else, so that another person's
 * account ends up under the holder's identifier; PKCE and `state` do not help, because that person's own browser does
 * everything right. Either the proof comes before the provider (chat, oidc), or what the provider gave waits sealed and
 * unused until the operator's app has named the person (app, session).
 */
const t = schema.verifications;
export type VerificationRow = typeof t.$inferSelect;

/** Codes live ten minutes at most at providers; ours are erased before that, the sweep's delay included. */
export const parkedLifeSeconds = 570;
const chatLifeSeconds = 300;
const chatTries = 3;
/** How long a proof lets its browser go on. */
export const proofLifeSeconds = 600;

type ConnectionRow = typeof schema.connections.$inferSelect;
type InputVerification = NonNullable<ConnectionCreate['verification']>;

export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The way of verifying that holds for a connection. `none` is for development: it never holds off loopback. */
export function verificationModeOf(modules: Modules, connection: Pick<ConnectionRow, 'verification'>): VerificationMode {
  return connection.verification?.mode ?? modules.settings.verification ?? (isLoopbackUrl(modules.baseUrl()) ? 'none' : 'app');
}

/** @throws Fault verification_not_allowed */
export function mustBeAllowed(modules: Modules, mode: VerificationMode): void {
  if (mode === 'none' && !isLoopbackUrl(modules.baseUrl())) {
    throw new Fault(
      'verification_not_allowed',
      'the verification mode "none" lets anybody who holds a link connect; it is for loopback addresses only. Use app, session, oidc or chat',
    );
  }
}

export function storedVerification(input: InputVerification): StoredVerification {
  return {
    mode: input.mode,
    ...(input.user_verify_urls === undefined ? {} : { userVerifyUrls: [...new Set(input.user_verify_urls)] }),
    ...(input.oidc === undefined
      ? {}
      : {
          oidc: {
            issuer: input.oidc.issuer,
            clientId: input.oidc.client_id,
            claim: input.oidc.claim ?? 'sub',
            ...(input.oidc.assume_s256 === true ? { assumeS256: true } : {}),
          },
        }),
  };
}

export function verificationSecretPlace(connection: { environmentId: string; id: string; generation: number }): Place {
  return {
    environmentId: connection.environmentId,
    table: 'connections',
    column: 'verification_secret_ct',
    rowId: connection.id,
    generation: connection.generation,
  };
}

export function identityRedirectUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/oauth/identity/${connectionId}`;
}

export function presentVerification(modules: Modules, row: ConnectionRow): Connection['verification'] {
  const { verification: stored } = row;
  return {
    mode: verificationModeOf(modules, row),
    inherited: stored === null,
    user_verify_urls: stored?.userVerifyUrls ?? [],
    oidc:
      stored?.oidc === undefined
        ? null
        : {
            issuer: stored.oidc.issuer,
            client_id: stored.oidc.clientId,
            client_secret_set: row.verificationSecretCt !== null,
            claim: stored.oidc.claim,
            assume_s256: stored.oidc.assumeS256 === true,
            redirect_uri: identityRedirectUri(modules.baseUrl(), row.id),
          },
  };
}

/** What a link must know of the app that will verify its person. */
export interface LinkVerification {
  userVerifyUrl: string | null;
  appState: string | null;
  codeChallenge: string | null;
}

/**
 * Checked when a link is asked for, so that whoever asks learns of a mistake before a person meets it. The address is
 * compared as a whole with the connection's list (A11).
 * @throws Fault verification_not_allowed, user_verify_url_not_allowed, invalid_request
 */
export function linkVerification(
  modules: Modules,
  connection: ConnectionRow,
  input: { user_verify_url?: string | undefined; state?: string | undefined; code_challenge?: string | undefined },
): LinkVerification {
  const mode = verificationModeOf(modules, connection);
  mustBeAllowed(modules, mode);
  const byApp = mode === 'app' || mode === 'session';
  const refuse = (name: string, detail: string) =>
    new Fault('invalid_request', { detail: `/${name}: ${detail}`, errors: [{ pointer: `/${name}`, detail }] });
  const listed = connection.verification?.userVerifyUrls ?? [];
  if (input.user_verify_url !== undefined && !listed.includes(input.user_verify_url)) {
    throw new Fault('user_verify_url_not_allowed', `the connection "${connection.name}" does not list this user_verify_url`);
  }
  if (!byApp) {
    if (input.code_challenge !== undefined) throw refuse('code_challenge', `has no meaning in the verification mode "${mode}"`);
    if (input.state !== undefined) throw refuse('state', `has no meaning in the verification mode "${mode}"`);
    return { userVerifyUrl: null, appState: null, codeChallenge: null };
  }
  if (listed[0] === undefined) {
    throw new Fault(
      'connection_not_ready',
      `the connection "${connection.name}" verifies people by your app and lists no user_verify_urls yet; set its verification`,
    );
  }
  if (mode === 'session' && input.code_challenge === undefined) throw refuse('code_challenge', 'the mode "session" needs one');
  if (mode === 'app' && input.code_challenge !== undefined) throw refuse('code_challenge', 'has no meaning in the verification mode "app"');
  return {
    userVerifyUrl: input.user_verify_url ?? listed[0],
    appState: input.state ?? null,
    codeChallenge: input.code_challenge ?? null,
  };
}

// ---- parked: modes app and session ---------------------------------------------------------------------------

export const sealedPlace = (row: { environmentId: string; id: string }): Place => ({
  environmentId: row.environmentId,
  table: 'verifications',
  column: 'sealed_ct',
  rowId: row.id,
  generation: 1,
});

export interface ToPark {
  link: typeof schema.authorizationLinks.$inferSelect;
  accountId: string;
  connectionName: string;
  sessionId: string | null;
  /** The one browser that may go on with it. */
  browserMac: Buffer | null;
  secret: Secret<unknown>;
  facts: Record<string, unknown>;
}

/**
 * Keeps the provider's code, or a key, sealed until the operator's app has said who is in that browser. Nothing is sent to
 * the provider. Answers where the browser goes to be verified.
 */
export async function park(ctx: Ctx, it: ToPark): Promise<string> {
  const { userVerifyUrl, appState, codeChallenge } = it.link;
  if (userVerifyUrl === null) throw new Fault('verification_required', { internal: 'the link knows no user_verify_url' });
  const requestId = randomToken();
  const id = newId('verification');
  const sealedCt = await ctx.modules.sealing.seal(sealedPlace({ environmentId: ctx.environmentId, id }), it.secret);
  const requestMac = await ctx.modules.sealing.mac('auth request', [requestId]);
  await ctx.tx(async (tx) => {
    await supersede(tx, it.accountId);
    await tx.insert(t).values({
      id,
      environmentId: ctx.environmentId,
      linkId: it.link.id,
      connectedAccountId: it.accountId,
      sessionId: it.sessionId,
      kind: 'parked',
      requestMac,
      browserMac: it.browserMac,
      codeChallenge,
      sealedCt,
      facts: it.facts,
      expiresAt: inSeconds(parkedLifeSeconds),
    });
    await tx
      .update(schema.connectedAccounts)
      .set({ status: 'PENDING_VERIFICATION', statusChangedAt: sql`clock_timestamp()`, updatedAt: sql`clock_timestamp()` })
      .where(and(eq(schema.connectedAccounts.id, it.accountId), eq(schema.connectedAccounts.status, 'PENDING_AUTH')));
    await ctx.audit(tx, 'authorization.parked', { kind: 'connected_account', id: it.accountId }, { connection: it.connectionName });
  });
  const url = new URL(userVerifyUrl);
  url.searchParams.set('auth_request_id', requestId);
  if (appState !== null) url.searchParams.set('state', appState);
  return url.href;
}

/** What was open of this kind is over: one account has one browser under way. */
async function supersede(tx: Tx, accountId: string): Promise<void> {
  await tx
    .update(t)
    .set({ outcome: 'superseded', sealedCt: null })
    .where(and(eq(t.connectedAccountId, accountId), eq(t.kind, 'parked'), isNull(t.outcome)));
}

/** An account that waited for a check that did not come, or failed, is as it was. */
export async function endWaiting(tx: Tx, accountId: string): Promise<void> {
  await tx
    .update(schema.connectedAccounts)
    .set({ status: 'PENDING_AUTH', statusChangedAt: sql`clock_timestamp()`, updatedAt: sql`clock_timestamp()` })
    .where(and(eq(schema.connectedAccounts.id, accountId), eq(schema.connectedAccounts.status, 'PENDING_VERIFICATION')));
}

/** RFC 7636 section 4.6, S256. */
export function fitsChallenge(challenge: string, verifier: string): boolean {
  const made = Buffer.from(createHash('sha256').update(verifier, 'ascii').digest('base64url'));
  const wanted = Buffer.from(challenge);
  return made.length === wanted.length && timingSafeEqual(made, wanted);
}

// ---- proofs that come first: modes chat and oidc ---------------------------------------------------------------

const browserMacs = (sealing: Sealing, browsers: readonly string[]) => Promise.all(browsers.map((b) => sealing.mac('browser', [b])));

/** The code is derived from the browser's own cookie: only that browser can show it, and the database cannot. */
async function chatCodeOf(sealing: Sealing, rowId: string, browser: string): Promise<string> {
  const mac = await sealing.mac('chat code', [rowId, browser]);
  return String(mac.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
}

const chatCodeMac = (sealing: Sealing, rowId: string, code: string) => sealing.mac('chat code check', [rowId, code]);

/** Checks of one person on one connection, whichever account they are about. */
function ofPerson(connectionId: string, userId: string) {
  const { authorizationLinks: links, connectedAccounts: accounts } = schema;
  return sql`${t.linkId} in (select ${links.id} from ${links} join ${accounts} on ${accounts.id} = ${links.connectedAccountId}
    where ${accounts.connectionId} = ${connectionId} and coalesce(${links.userId}, ${accounts.userId}) = ${userId})`;
}

export interface ChatPerson {
  connection: { id: string; name: string };
  userId: string;
}

/**
 * The person pressed "I am ready": this browser, and no other, gets a code. A newer one replaces it, also where it is about
 * another account of theirs: one chat is one conversation, and a guess must meet one code (A02).
 */
export async function openChat(
  ctx: Ctx,
  { link, account, connection, userId }: ChatPerson & { link: { id: string }; account: { id: string } },
): Promise<{ browser: string }> {
  const { sealing } = ctx.modules;
  const id = newId('verification');
  const browser = randomToken();
  const codeMac = await chatCodeMac(sealing, id, await chatCodeOf(sealing, id, browser));
  const browserMac = await sealing.mac('browser', [browser]);
  await ctx.tx(async (tx) => {
    await lockOwner(tx, connection.id, userId);
    await tx
      .update(t)
      .set({ outcome: 'superseded' })
      .where(and(ofPerson(connection.id, userId), eq(t.kind, 'chat'), isNull(t.outcome)));
    await tx.insert(t).values({
      id,
      environmentId: ctx.environmentId,
      linkId: link.id,
      connectedAccountId: account.id,
      kind: 'chat',
      browserMac,
      codeMac,
      expiresAt: inSeconds(chatLifeSeconds),
    });
  });
  return { browser };
}

/**
 * A code that came through the chat of an identified user. Every wrong one counts against the browser that waits, and the
 * third ends its waiting.
 * @returns the id of the account whose browser may go on
 * @throws Fault verification_failed, the same for every reason
 */
export async function proveByChat(ctx: Ctx, { connection, userId }: ChatPerson, code: string): Promise<string> {
  const { sealing } = ctx.modules;
  const accountId = await ctx.tx(async (tx) => {
    await lockOwner(tx, connection.id, userId);
    const [row] = await tx
      .select()
      .from(t)
      .where(and(ofPerson(connection.id, userId), eq(t.kind, 'chat'), isNull(t.outcome), gt(t.expiresAt, sql`clock_timestamp()`)));
    const given = row === undefined ? undefined : await chatCodeMac(sealing, row.id, code);
    const fits = row?.codeMac != null && given !== undefined && timingSafeEqual(given, row.codeMac);
    if (row !== undefined) {
      const tries = row.tries + 1;
      await tx
        .update(t)
        .set(
          fits
            ? { outcome: 'proven', provenAt: sql`clock_timestamp()`, expiresAt: inSeconds(proofLifeSeconds), tries }
            : { tries, ...(tries >= chatTries ? { outcome: 'refused' } : {}) },
        )
        .where(eq(t.id, row.id));
    }
    await ctx.audit(
      tx,
      fits ? 'authorization.verified' : 'authorization.failed',
      row === undefined ? { kind: 'user', id: userId } : { kind: 'connected_account', id: row.connectedAccountId },
      { connection: connection.name, ...(fits ? { by: 'chat' } : { fault: 'verification_failed' }) },
    );
    return fits ? row?.connectedAccountId : undefined;
  });
  if (accountId === undefined) {
    throw new Fault('verification_failed', 'the code is not right, has expired, or no browser is waiting for one');
  }
  return accountId;
}

export interface VerificationView {
  mode: VerificationMode;
  /** This browser may go on to the provider, or enter its key. */
  ready: boolean;
  /** The code that this browser shows, while it waits for it to be sent. */
  chatCode: string | undefined;
  /** Too many wrong codes came. */
  chatRefused: boolean;
  /** Where the operator's users sign in. */
  signInHost: string | undefined;
  /** The link was not asked for as this mode needs it. */
  unusable: boolean;
  /** Addresses that this browser may be sent to on its way. */
  leadsTo: string[];
}

/** What a browser with these cookies is to be shown. Reads only. */
export async function viewVerification(
  ctx: Ctx,
  open: { link: typeof schema.authorizationLinks.$inferSelect; connection: ConnectionRow },
  browsers: readonly string[],
): Promise<VerificationView> {
  const { modules } = ctx;
  const mode = verificationModeOf(modules, open.connection);
  const view: VerificationView = {
    mode,
    ready: mode === 'none' || mode === 'app' || mode === 'session',
    chatCode: undefined,
    chatRefused: false,
    signInHost: undefined,
    unusable: false,
    leadsTo: [open.link.userVerifyUrl, mode === 'oidc' ? open.connection.verification?.oidc?.issuer : undefined].filter(
      (url) => url != null,
    ),
  };
  if (mode === 'none') return { ...view, ready: isLoopbackUrl(modules.baseUrl()), unusable: !isLoopbackUrl(modules.baseUrl()) };
  if (mode === 'app' || mode === 'session') {
    const unusable = open.link.userVerifyUrl === null || (mode === 'session') !== (open.link.codeChallenge !== null);
    return { ...view, ready: !unusable, unusable };
  }
  const issuer = open.connection.verification?.oidc?.issuer;
  const signInHost = mode === 'oidc' && issuer !== undefined ? new URL(issuer).hostname : undefined;
  const macs = await browserMacs(modules.sealing, browsers);
  const rows =
    macs.length === 0
      ? []
      : await ctx.tx((tx) =>
          tx
            .select()
            .from(t)
            .where(and(eq(t.linkId, open.link.id), eq(t.kind, mode), inArray(t.browserMac, macs), gt(t.expiresAt, sql`clock_timestamp()`))),
        );
  const ready = rows.some((row) => row.outcome === 'proven');
  const waiting = rows.find((row) => row.outcome === null);
  const own = waiting === undefined ? -1 : macs.findIndex((mac) => waiting.browserMac?.equals(mac));
  return {
    ...view,
    ready,
    signInHost,
    chatCode:
      mode === 'chat' && !ready && waiting !== undefined && own >= 0
        ? await chatCodeOf(modules.sealing, waiting.id, browsers[own] as string)
        : undefined,
    chatRefused: mode === 'chat' && !ready && waiting === undefined && rows.some((row) => row.outcome === 'refused'),
  };
}

export interface SignInStart {
  linkId: string;
  accountId: string;
  pkceVerifier: Secret<string>;
  nonce: string;
  /** Of the provider as it is now: one that was edited meanwhile is another. */
  issuer: string;
  clientId: string;
}

/** A sign-in at the operator's identity provider begins; its answer must come to this browser. */
export async function openSignIn(ctx: Ctx, it: SignInStart): Promise<{ state: string; browser: string }> {
  const { sealing } = ctx.modules;
  const id = newId('verification');
  const [state, browser] = [randomToken(), randomToken()];
  const values = {
    id,
    environmentId: ctx.environmentId,
    linkId: it.linkId,
    connectedAccountId: it.accountId,
    kind: 'oidc' as const,
    requestMac: await sealing.mac('oidc state', [state]),
    browserMac: await sealing.mac('browser', [browser]),
    sealedCt: await sealing.seal(sealedPlace({ environmentId: ctx.environmentId, id }), it.pkceVerifier),
    facts: { nonce: it.nonce, issuer: it.issuer, clientId: it.clientId },
    expiresAt: inSeconds(ctx.modules.settings.consentLifeSeconds),
  };
  await ctx.tx((tx) => tx.insert(t).values(values));
  return { state, browser };
}

// ---- the timer -------------------------------------------------------------------------------------------------

/**
 * Erases what waited too long. `giveBack` is asked first for tokens that were taken already (a replacement nobody
 * confirmed), so that they do not live on at the provider.
 */
export async function eraseStaleVerifications(
  modules: Modules,
  giveBack: (row: VerificationRow) => Promise<void> = async () => {},
): Promise<number> {
  const system = modules.db.system('sweep');
  const due = await system.query<{ id: string; environment_id: string }>({
    name: 'stale verifications',
    text: 'select id, environment_id from verifications where outcome is null and expires_at <= clock_timestamp() order by expires_at limit 500',
    values: [],
  });
  for (const { id, environment_id } of due) {
    const [waited] = await modules.db.inEnvironment(environment_id, (tx) => tx.select().from(t).where(eq(t.id, id)));
    // Before it is erased, so that a process that dies in between leaves it to the next. Nobody can confirm it any more.
    if (waited?.kind === 'replacement' || waited?.kind === 'choice') {
      await giveBack(waited).catch((err: unknown) => modules.log.warn({ err }, 'a token that nobody confirmed was not given back'));
    }
    await modules.db.inEnvironment(environment_id, async (tx) => {
      const [row] = await tx
        .select()
        .from(t)
        .where(and(eq(t.id, id), isNull(t.outcome)))
        .for('update');
      if (row === undefined) return;
      await tx.update(t).set({ outcome: 'expired', sealedCt: null }).where(eq(t.id, id));
      if (row.kind === 'parked') {
        await endWaiting(tx, row.connectedAccountId);
        await recordAudit(tx, {
          environmentId: environment_id,
          action: 'authorization.failed',
          actor: { kind: 'system', id: null },
          target: { kind: 'connected_account', id: row.connectedAccountId },
          requestId: null,
          details: { fault: 'verification_failed', because: 'nobody verified the person in time' },
        });
      }
    });
  }
  return due.length;
}

export function inSeconds(seconds: number) {
  return sql`clock_timestamp() + make_interval(secs => ${seconds})`;
}
