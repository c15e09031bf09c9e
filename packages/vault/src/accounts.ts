import type { Credential } from '@grantway/connector-kit';
import { type ConnectedAccountReason, type ConnectedAccountStatus, newId, type RevocationCause, type Secret } from '@grantway/contract';
import { type Actor, type Database, recordAudit, recordEvent, schema, type Tx } from '@grantway/db';
import { and, eq, sql } from 'drizzle-orm';
import { credentialPlace } from './credential-place.ts';
import { queueStored } from './revocations.ts';
import { factsOf, fingerprint, type Place, type Sealing } from './sealing.ts';

export { credentialPlace };

/** The row of an account as lease and refresh see it, its connection included. */
export interface AccountRow {
  id: string;
  environment_id: string;
  connection_id: string;
  connection_name: string;
  connector: string;
  auth_variant: string | null;
  sandbox: boolean;
  client_id: string | null;
  client_secret_ct: Buffer | null;
  secret_generation: string;
  connection_fields: Record<string, string>;
  status: ConnectedAccountStatus;
  reason: ConnectedAccountReason | null;
  scopes: string[];
  fields: Record<string, string>;
  provider_account_id: string | null;
  grant_id: string | null;
  generation: string;
  credential_ct: Buffer | null;
  access_fingerprint: Buffer | null;
  refreshable: boolean;
  /** Seconds of life left and in all, by the database's clock; null where the provider did not say. */
  life_left_s: number | null;
  life_s: number | null;
  /** Somebody holds a claim whose deadline is still to come. */
  claimed: boolean;
  /** The sweep's time for it has come, or a claim on it was abandoned. */
  due: boolean;
  /** A claim on it was abandoned: a provider takes the old refresh token again for a short while only. */
  abandoned: boolean;
  /** Seconds until the next token request may be made. */
  wait_s: number | null;
  /** The grant's own time at the provider is over. */
  grant_over: boolean;
  /** The provider refuses the connection's own credentials. */
  incident: boolean;
  user_suspended: boolean;
  environment_suspended: boolean;
  /** Of the client that `readAccount` was asked for. */
  client_suspended: boolean;
}

/** How long after its deadline a claim on a row is left alone (security.md 4.5, L2). */
export const graceSeconds = 2;

const isAbandoned = `coalesce(a.claim_owner is not null and a.claim_deadline < clock_timestamp() - interval '${graceSeconds} seconds', false)`;

export const accountColumns = `
  a.id, a.environment_id, a.connection_id, c.name as connection_name, c.connector, c.auth_variant, c.sandbox, c.client_id, c.client_secret_ct,
  c.secret_generation, c.fields as connection_fields, a.status, a.reason, a.scopes, a.fields, a.provider_account_id, a.grant_id, a.generation, a.credential_ct,
  a.access_fingerprint, a.refreshable,
  extract(epoch from a.access_expires_at - clock_timestamp())::float8 as life_left_s,
  extract(epoch from a.access_expires_at - a.access_obtained_at)::float8 as life_s,
  (a.claim_owner is not null and a.claim_deadline > clock_timestamp()) as claimed,
  coalesce(a.next_refresh_at <= clock_timestamp(), false) or ${isAbandoned} as due, ${isAbandoned} as abandoned,
  coalesce(a.grant_expires_at <= clock_timestamp(), false) as grant_over,
  c.incident_at is not null as incident,
  (select u.suspended_at is not null from users u where u.id = a.user_id) as user_suspended,
  (select e.suspended_at is not null from environments e where e.id = a.environment_id) as environment_suspended,
  extract(epoch from a.not_before - clock_timestamp())::float8 as wait_s`;

/** One named, prepared query: the hot path's read. */
export async function readAccount(db: Database, accountId: string, clientId: string | null = null): Promise<AccountRow | undefined> {
  const [row] = await db.system('lease credential').query<AccountRow & Record<string, unknown>>({
    name: 'lease: read account',
    text: `select ${accountColumns},
             coalesce((select l.suspended_at is not null from clients l where l.id = $2), false) as client_suspended
           from connected_accounts a join connections c on c.id = a.connection_id where a.id = $1`,
    values: [accountId, clientId],
  });
  return row;
}

/** Whose default account on which connection, and for which client. */
export interface DefaultOf {
  environmentId: string;
  connectionId: string;
  /** Null: the organization. */
  ownerId: string | null;
  clientId: string | null;
}

/** With what names it besides. */
export interface DefaultAccountRow extends AccountRow {
  user_id: string | null;
  label: string | null;
  provider_account_label: string | null;
}

/** The same read for those who know the owner only; many at once, undefined where an owner has no default account. */
export async function readDefaultAccounts(db: Database, wanted: readonly DefaultOf[]): Promise<(DefaultAccountRow | undefined)[]> {
  const rows = await db.system('lease credential').query<DefaultAccountRow & { n: number } & Record<string, unknown>>({
    name: 'lease: read default accounts',
    text: `select w.n::int as n, ${accountColumns}, a.user_id, a.label, a.provider_account_label,
             coalesce((select l.suspended_at is not null from clients l where l.id = w.client_id), false) as client_suspended
           from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as w (environment_id, connection_id, owner_id, client_id, n)
             -- Two looks instead of one with coalesce: under row-level security only what is leakproof uses an index.
             join lateral (
               select * from connected_accounts where user_id = w.owner_id and connection_id = w.connection_id
               union all
               select * from connected_accounts where w.owner_id is null and user_id is null and connection_id = w.connection_id
             ) a on a.is_default and a.environment_id = w.environment_id
             join connections c on c.id = a.connection_id`,
    values: [
      wanted.map((w) => w.environmentId),
      wanted.map((w) => w.connectionId),
      wanted.map((w) => w.ownerId),
      wanted.map((w) => w.clientId),
    ],
  });
  const found: (DefaultAccountRow | undefined)[] = wanted.map(() => undefined);
  for (const row of rows) found[row.n - 1] = row;
  return found;
}

export function clientSecretPlace(connection: { environmentId: string; id: string; generation: number }): Place {
  return {
    environmentId: connection.environmentId,
    table: 'connections',
    column: 'client_secret_ct',
    rowId: connection.id,
    generation: connection.generation,
  };
}

/**
 * How long before its end an access token is renewed, in seconds: a tenth of its life between one and ten minutes,
 * and never more than half of a short life.
 */
export function refreshMarginSeconds(lifeSeconds: number): number {
  return Math.min(lifeSeconds / 2, Math.max(60, Math.min(600, lifeSeconds / 10)));
}

/** When the sweep should renew it: before the margin, spread by up to 15 % of its life so that equal expiries do not meet. */
export function refreshDueSeconds(lifeSeconds: number, random: number = Math.random()): number {
  return Math.max(0, lifeSeconds - refreshMarginSeconds(lifeSeconds) - random * 0.15 * lifeSeconds);
}

/**
 * In how many seconds the sweep should renew: before the access token ends, and by half of the time after which the
 * provider drops a refresh token that nobody uses. Null where neither is known.
 */
export function nextRefreshSeconds(lifeSeconds: number | null, idleSeconds: number | undefined, random?: number): number | null {
  const due = lifeSeconds === null ? undefined : refreshDueSeconds(lifeSeconds, random);
  // The same spread, so that accounts connected together are not touched together.
  const touch = idleSeconds === undefined ? undefined : (idleSeconds / 2) * (1 - 0.15 * (random ?? Math.random()));
  if (due === undefined && touch === undefined) return null;
  return Math.min(due ?? Number.POSITIVE_INFINITY, touch ?? Number.POSITIVE_INFINITY);
}

/** Seconds from now, by the clock that the moment was read from; null where there is none. */
export function grantLeftSeconds(expiresAtMs: number | undefined): number | null {
  return expiresAtMs === undefined ? null : Math.max(1, Math.round((expiresAtMs - Date.now()) / 1000));
}

export interface NewGrant {
  account: { id: string; environmentId: string };
  credential: Secret<Credential>;
  providerAccount: { id: string; label: string };
  /** Granted scopes; undefined where the provider did not say (then what was asked for). */
  scopes: string[];
  fields: Record<string, string>;
  /** The connector's `idleSeconds`. */
  idleSeconds?: number | undefined;
  /** Which of the scopes that were asked for are not among these; told to the audit. */
  missingScopes?: (granted: readonly string[]) => string[];
  /** The connector's `grantSeconds`. */
  grantSeconds?: number | undefined;
  actor: Actor;
  requestId: string | null;
}

/**
 * Stores the credential of a new consent in the caller's transaction: a new grant, so that a refresh of the old one
 * that is still under way cannot land (security.md 4.5, L5). The credential that it replaces goes to the outbox.
 */
export async function storeGrant(tx: Tx, sealing: Sealing, grant: NewGrant): Promise<void> {
  const accounts = schema.connectedAccounts;
  const [row] = await tx.select().from(accounts).where(eq(accounts.id, grant.account.id)).for('update');
  if (row === undefined) throw new Error('the account is gone');
  await queueStored(tx, sealing, row, { cause: 'replaced' });
  const generation = row.generation + 1;
  const grantId = newId('grant');
  const facts = factsOf(grant.credential);
  const lifeS = facts.expiresAtMs === undefined ? null : Math.max(1, Math.round((facts.expiresAtMs - Date.now()) / 1000));
  const dueS = facts.refreshable ? nextRefreshSeconds(lifeS, grant.idleSeconds) : null;
  const scopes = facts.scopes ?? grant.scopes;
  const missing = grant.missingScopes?.(scopes) ?? [];
  const grantLeftS = grantLeftSeconds(facts.refreshExpiresAtMs) ?? grant.grantSeconds ?? null;
  const record = await sealing.seal(credentialPlace({ ...grant.account, generation, grantId }), grant.credential);
  await tx
    .update(accounts)
    .set({
      status: 'ACTIVE',
      reason: null,
      statusChangedAt: sql`clock_timestamp()`,
      providerAccountId: grant.providerAccount.id,
      providerAccountLabel: grant.providerAccount.label,
      scopes,
      fields: grant.fields,
      grantId,
      generation,
      credentialCt: record,
      accessFingerprint: fingerprint(grant.credential),
      accessObtainedAt: sql`clock_timestamp()`,
      accessExpiresAt: lifeS === null ? null : sql`clock_timestamp() + make_interval(secs => ${lifeS})`,
      refreshable: facts.refreshable,
      nextRefreshAt: dueS === null ? null : sql`clock_timestamp() + make_interval(secs => ${dueS})`,
      grantExpiresAt: grantLeftS === null ? null : sql`clock_timestamp() + make_interval(secs => ${grantLeftS})`,
      expiryWarnedDays: null,
      claimOwner: null,
      claimDeadline: null,
      uncertain: false,
      attempts: 0,
      notBefore: null,
      updatedAt: sql`clock_timestamp()`,
    })
    .where(eq(accounts.id, grant.account.id));
  await recordAudit(tx, {
    environmentId: grant.account.environmentId,
    action: 'connected_account.connected',
    actor: grant.actor,
    target: { kind: 'connected_account', id: grant.account.id },
    requestId: grant.requestId,
    details: {
      from: row.status,
      provider_account: grant.providerAccount.label,
      ...(missing.length === 0 ? {} : { missing_scopes: missing }),
    },
  });
  await recordStatusChange(tx, grant.account, row, { status: 'ACTIVE', reason: null });
}

interface Standing {
  status: string;
  reason: string | null;
}

/** The events of a changed status; the account's row is locked by the change. */
async function recordStatusChange(
  tx: Tx,
  account: { id: string; environmentId: string },
  before: Standing | undefined,
  after: Standing,
): Promise<void> {
  if (before?.status === after.status && before.reason === after.reason) return;
  const about = { environmentId: account.environmentId, connectedAccountId: account.id };
  const data = { old_status: before?.status ?? null, old_reason: before?.reason ?? null, status: after.status, reason: after.reason };
  await recordEvent(tx, { ...about, type: 'connected_account.status_changed', data });
  if (after.status === 'REVOKED') await recordEvent(tx, { ...about, type: 'connected_account.revoked', data: { reason: after.reason } });
}

/** Everything that forgetting a credential sets: the sealed row is gone for good. */
const forgotten = {
  credentialCt: null,
  accessFingerprint: null,
  accessObtainedAt: null,
  accessExpiresAt: null,
  refreshable: false,
  nextRefreshAt: null,
  grantExpiresAt: null,
  expiryWarnedDays: null,
  claimOwner: null,
  claimDeadline: null,
  uncertain: false,
  attempts: 0,
  notBefore: null,
} as const;

export interface Ending {
  account: { id: string; environmentId: string };
  status: 'EXPIRED' | 'REVOKED' | 'DISCONNECTED';
  reason: ConnectedAccountReason;
  actor: Actor;
  requestId: string | null;
  /** Set: the credential moves into the outbox of what is to be ended at its provider, in the same transaction. */
  revoke?: { sealing: Sealing; cause: RevocationCause; id?: string | undefined; incidentId?: string | undefined };
  /**
   * Ends the account only while this credential is still the stored one (and, with a fence, while this claim is the
   * latest); a newer one stays untouched.
   */
  onlyIf?: { fingerprint: Buffer } | { generation: number | undefined; fence: number | undefined };
}

function stillTheOne(which: NonNullable<Ending['onlyIf']>) {
  const accounts = schema.connectedAccounts;
  if ('fingerprint' in which) return eq(accounts.accessFingerprint, which.fingerprint);
  return and(
    which.generation === undefined ? undefined : eq(accounts.generation, which.generation),
    which.fence === undefined ? undefined : eq(accounts.claimFence, which.fence),
  );
}

/** Ends an account and destroys its credential, in the caller's transaction. False when somebody else was first. */
export async function endAccount(tx: Tx, ending: Ending): Promise<boolean> {
  const accounts = schema.connectedAccounts;
  const [before] = await tx
    .select({ status: accounts.status, reason: accounts.reason })
    .from(accounts)
    .where(eq(accounts.id, ending.account.id))
    .for('update');
  const which = and(
    eq(accounts.id, ending.account.id),
    ending.onlyIf === undefined ? undefined : and(eq(accounts.status, 'ACTIVE'), stillTheOne(ending.onlyIf)),
  );
  if (ending.revoke !== undefined) {
    const { sealing, ...why } = ending.revoke;
    const [row] = await tx.select().from(accounts).where(which).for('update');
    if (row === undefined) return false;
    await queueStored(tx, sealing, row, why);
  }
  const changed = await tx
    .update(accounts)
    .set({
      ...forgotten,
      status: ending.status,
      reason: ending.reason,
      statusChangedAt: sql`clock_timestamp()`,
      updatedAt: sql`clock_timestamp()`,
      generation: sql`${accounts.generation} + 1`,
    })
    .where(which)
    .returning({ id: accounts.id });
  if (changed.length === 0) return false;
  await recordAudit(tx, {
    environmentId: ending.account.environmentId,
    action: 'connected_account.status_changed',
    actor: ending.actor,
    target: { kind: 'connected_account', id: ending.account.id },
    requestId: ending.requestId,
    details: { to: ending.status, reason: ending.reason },
  });
  await recordStatusChange(tx, ending.account, before, ending);
  return true;
}
