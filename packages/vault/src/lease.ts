import { randomUUID } from 'node:crypto';
import type { Connector, Credential, OAuth2Auth, OAuth2Credential } from '@grantway/connector-kit';
import { type ConnectedAccountReason, type ConnectedAccountStatus, Fault, type Secret } from '@grantway/contract';
import { type Database, recordAudit } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import { type OAuthApp, type RefreshOutcome, refreshToken } from '@grantway/oauth';
import { sql } from 'drizzle-orm';
import { type AccountRow, clientSecretPlace, credentialPlace, readAccount, refreshDueSeconds, refreshMarginSeconds } from './accounts.ts';
import { factsOf, fingerprint, type Sealing, sameBytes, sameRefreshToken } from './sealing.ts';

/** A usable credential and everything egress needs to place it. */
export interface Lease {
  accountId: string;
  environmentId: string;
  connector: string;
  connectionId: string;
  connectionName: string;
  sandbox: boolean;
  /** Non-secret fields: fixed by the operator, or entered by the person. */
  fields: Record<string, string>;
  scopes: string[];
  credential: Secret<Credential>;
  /** Recognises this very credential; a provider's 401 is answered with a refresh of it only. */
  fingerprint: Buffer;
  refreshable: boolean;
}

/** The account cannot be used now and a person must act. */
export class NeedsAuthorization extends Error {
  readonly accountId: string;
  readonly status: ConnectedAccountStatus;
  readonly reason: ConnectedAccountReason | null;
  constructor(accountId: string, status: ConnectedAccountStatus, reason: ConnectedAccountReason | null) {
    super(`the account is ${status}`);
    this.name = 'NeedsAuthorization';
    this.accountId = accountId;
    this.status = status;
    this.reason = reason;
  }
}

export interface LeaseDeps {
  db: Database;
  sealing: Sealing;
  egress: Egress;
  connector(id: string): Promise<Connector>;
  /** Where the built-in stand-in for vendors answers; undefined where it is off. */
  sandboxOrigin(): string | undefined;
  baseUrl(): string;
  log: { info(fields: Record<string, unknown>, message: string): void; warn(fields: Record<string, unknown>, message: string): void };
}

/**
 * The claim on a token's row: how long a holder may take, how long others wait beyond it, and how long the provider
 * may take within it. The request is aborted a second before the claim ends, by a stopwatch that started before the
 * claim reached Postgres; so the holder is silent before anyone can take over (security.md 4.5, L2).
 */
const claimSeconds = 10;
const graceSeconds = 2;
const providerTimeoutMs = 8_000;
/** A call waits so long for a refresh that another process is making. */
const waitForOthersMs = 15_000;

export interface Leases {
  /**
   * The account's credential, fresh: renewed now when too little of its life is left.
   * @throws NeedsAuthorization, Fault connection_incident or unavailable
   */
  lease(accountId: string): Promise<Lease>;
  /**
   * The one refresh function: called before a tool call, after a provider's 401, and by the sweep. Renews only while
   * the stored credential is the one with this fingerprint (or, without one, while it is due).
   * @throws as lease
   */
  refresh(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void>;
  /** Ids of accounts whose refresh is due or whose claim was abandoned. */
  dueForRefresh(limit: number): Promise<string[]>;
}

export function createLeases(deps: LeaseDeps): Leases {
  const owner = randomUUID();
  const underWay = new Map<string, Promise<void>>();

  async function read(accountId: string): Promise<AccountRow> {
    const row = await readAccount(deps.db, accountId);
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    return row;
  }

  function mustBeUsable(row: AccountRow): void {
    if (row.status !== 'ACTIVE' || row.credential_ct === null || row.grant_id === null) {
      throw new NeedsAuthorization(row.id, row.status, row.reason);
    }
  }

  function isStale(row: AccountRow): boolean {
    if (row.life_left_s === null) return false;
    return row.life_left_s <= refreshMarginSeconds(row.life_s ?? row.life_left_s);
  }

  const open = <T extends Credential>(row: AccountRow) =>
    deps.sealing.open<T>(
      credentialPlace({ environmentId: row.environment_id, id: row.id, generation: Number(row.generation), grantId: row.grant_id as string }),
      row.credential_ct as Buffer,
    );

  async function toLease(row: AccountRow): Promise<Lease> {
    return {
      accountId: row.id,
      environmentId: row.environment_id,
      connector: row.connector,
      connectionId: row.connection_id,
      connectionName: row.connection_name,
      sandbox: row.sandbox,
      fields: { ...row.fields, ...row.connection_fields },
      scopes: row.scopes,
      credential: await open(row),
      fingerprint: row.access_fingerprint as Buffer,
      refreshable: row.refreshable,
    };
  }

  async function lease(accountId: string): Promise<Lease> {
    const row = await read(accountId);
    mustBeUsable(row);
    if (!isStale(row)) return toLease(row);
    if (!row.refreshable) {
      if ((row.life_left_s as number) > 0) return toLease(row);
      await end(row, 'EXPIRED', 'no_refresh_token', null);
      throw new NeedsAuthorization(accountId, 'EXPIRED', 'no_refresh_token');
    }
    try {
      await refresh(accountId, {});
    } catch (error) {
      // A provider outage must not stop calls while the access token is still good.
      if (!(error instanceof Fault) || (row.life_left_s as number) <= 5) throw error;
      return toLease(row);
    }
    const fresh = await read(accountId);
    mustBeUsable(fresh);
    return toLease(fresh);
  }

  function refresh(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void> {
    const running = underWay.get(accountId);
    if (running !== undefined) return running;
    const work = refreshOnce(accountId, options).finally(() => underWay.delete(accountId));
    underWay.set(accountId, work);
    return work;
  }

  /** Claims, or waits for whoever holds the claim; then sends at most one token request. */
  async function refreshOnce(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void> {
    const giveUpAt = performance.now() + waitForOthersMs;
    let pauseMs = 25;
    for (;;) {
      const row = await read(accountId);
      mustBeUsable(row);
      const wanted =
        options.rejected === undefined
          ? isStale(row) || options.due === true
          : row.access_fingerprint !== null && sameBytes(row.access_fingerprint, options.rejected);
      if (!wanted) return;
      if (!row.refreshable) throw new NeedsAuthorization(accountId, row.status, 'no_refresh_token');
      if (row.wait_s !== null && row.wait_s > 0) {
        throw new Fault('provider_unavailable', {
          detail: 'the provider could not renew the access token; try again shortly',
          retryAfterSeconds: Math.ceil(row.wait_s),
        });
      }
      const startedAt = performance.now();
      const claim = row.claimed ? undefined : await claimRow(row);
      if (claim !== undefined) return spend(row, claim, startedAt);
      if (performance.now() > giveUpAt) throw new Fault('unavailable', 'the access token is being renewed elsewhere; try again shortly');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(250, pauseMs * 2);
    }
  }

  async function claimRow(row: AccountRow): Promise<{ fence: number; uncertain: boolean } | undefined> {
    const [claim] = await deps.db.system('lease credential').query<{ fence: string; uncertain: boolean }>({
      name: 'lease: claim',
      // A takeover of somebody's abandoned claim makes the outcome of his request uncertain, in the same statement.
      text: `update connected_accounts set claim_owner = $2, claim_fence = claim_fence + 1,
               claim_deadline = clock_timestamp() + make_interval(secs => $3), uncertain = uncertain or claim_owner is not null
             where id = $1 and status = 'ACTIVE' and generation = $4
               and (claim_owner is null or claim_deadline < clock_timestamp() - make_interval(secs => $5))
             returning claim_fence as fence, uncertain`,
      values: [row.id, owner, claimSeconds, row.generation, graceSeconds],
    });
    return claim === undefined ? undefined : { fence: Number(claim.fence), uncertain: claim.uncertain };
  }

  async function spend(row: AccountRow, claim: { fence: number; uncertain: boolean }, startedAt: number): Promise<void> {
    const current = await open<OAuth2Credential>(row);
    const app = await appOf(row);
    const spentMs = performance.now() - startedAt;
    if (spentMs > (claimSeconds * 1000) / 3) {
      await release(row, claim.fence, { delaySeconds: 0, uncertain: false });
      throw new Fault('unavailable', 'the access token could not be renewed in time; try again shortly');
    }
    const timeoutMs = Math.min(providerTimeoutMs, claimSeconds * 1000 - 1000 - spentMs);
    const outcome = await refreshToken(deps.egress, app, current, { timeoutMs });
    await settle(row, claim, outcome);
  }

  async function settle(
    row: AccountRow,
    claim: { fence: number; uncertain: boolean },
    outcome: RefreshOutcome,
  ): Promise<void> {
    const note = { account_id: row.id, connection_id: row.connection_id, outcome: outcome.kind };
    switch (outcome.kind) {
      case 'refreshed':
        await commit(row, outcome.credential);
        deps.log.info(note, 'credential refreshed');
        return;
      case 'gone': {
        // Only the swap on generation and fence may end an account: a loser's invalid_grant changes nothing.
        const reason = claim.uncertain ? 'rotation_lost' : 'revoked_by_provider';
        if (await end(row, 'REVOKED', reason, claim.fence)) {
          deps.log.warn({ ...note, reason }, 'credential is gone');
          throw new NeedsAuthorization(row.id, 'REVOKED', reason);
        }
        return;
      }
      case 'app_refused':
        await incident(row, outcome.error);
        await release(row, claim.fence, { delaySeconds: 30, uncertain: false });
        deps.log.warn({ ...note, error: outcome.error }, 'the provider refuses the connection');
        throw new Fault('connection_incident', {
          detail: `the provider refuses the connection "${row.connection_name}" (${outcome.error}); its operator must act`,
        });
      case 'unsent':
      case 'transient':
      case 'unknown': {
        const delaySeconds = await release(row, claim.fence, {
          delaySeconds: 'retryAfterSeconds' in outcome ? outcome.retryAfterSeconds : undefined,
          uncertain: outcome.kind === 'unknown',
        });
        deps.log.warn(note, 'credential could not be refreshed');
        throw new Fault('provider_unavailable', {
          detail: 'the provider could not renew the access token; try again shortly',
          retryAfterSeconds: Math.ceil(delaySeconds),
        });
      }
    }
  }

  /** Stores what was received under the generation it was made from, never under the fence: nothing received is dropped. */
  async function commit(row: AccountRow, credential: Secret<OAuth2Credential>): Promise<void> {
    const generation = Number(row.generation) + 1;
    const facts = factsOf(credential);
    const lifeS = facts.expiresAtMs === undefined ? null : Math.max(1, Math.round((facts.expiresAtMs - Date.now()) / 1000));
    const record = await deps.sealing.seal(
      credentialPlace({ environmentId: row.environment_id, id: row.id, generation, grantId: row.grant_id as string }),
      credential,
    );
    const write = () =>
      deps.db.system('lease credential').query({
        name: 'lease: commit',
        text: `update connected_accounts set generation = $3, credential_ct = $4, access_fingerprint = $5, refreshable = $6,
                 access_obtained_at = clock_timestamp(), access_expires_at = clock_timestamp() + make_interval(secs => $7),
                 next_refresh_at = clock_timestamp() + make_interval(secs => $8), scopes = coalesce($9, scopes),
                 claim_owner = null, claim_deadline = null, uncertain = false, attempts = 0, not_before = null,
                 last_refreshed_at = clock_timestamp(), updated_at = clock_timestamp()
               where id = $1 and generation = $2 and grant_id = $10 and status = 'ACTIVE' returning id`,
        values: [
          row.id,
          row.generation,
          generation,
          record,
          fingerprint(credential),
          facts.refreshable,
          lifeS,
          lifeS === null ? null : refreshDueSeconds(lifeS),
          facts.scopes ?? null,
          row.grant_id,
        ],
      });
    const written = await retried(write, (error) => deps.log.warn({ account_id: row.id, err: error }, 'commit of a refreshed credential is retried'));
    if (written.length > 0) return;
    const now = await read(row.id);
    const landed = now.credential_ct !== null && now.grant_id === row.grant_id && sameRefreshToken(await open(now), credential);
    // A new consent or a disconnect came in between: its word counts, and the late token is of no use to anyone.
    if (!landed) deps.log.warn({ account_id: row.id }, 'a refreshed credential came too late and was dropped');
  }

  async function end(row: AccountRow, status: 'EXPIRED' | 'REVOKED', reason: ConnectedAccountReason, fence: number | null): Promise<boolean> {
    return deps.db.system('lease credential').tx(async (tx) => {
      const { rowCount } = await tx.execute(
        sql`update connected_accounts set status = ${status}, reason = ${reason}, status_changed_at = clock_timestamp(), updated_at = clock_timestamp(),
              credential_ct = null, access_fingerprint = null, refreshable = false, next_refresh_at = null, claim_owner = null, claim_deadline = null
            where id = ${row.id} and status = 'ACTIVE' and generation = ${row.generation} and (${fence}::bigint is null or claim_fence = ${fence}::bigint)`,
      );
      if (rowCount === 0) return false;
      await recordAudit(tx, {
        environmentId: row.environment_id,
        action: 'connected_account.status_changed',
        actor: { kind: 'system', id: null },
        target: { kind: 'connected_account', id: row.id },
        requestId: null,
        details: { to: status, reason },
      });
      return true;
    });
  }

  /** Gives the claim back with a pause; answers the pause in seconds. */
  async function release(
    row: AccountRow,
    fence: number,
    { delaySeconds, uncertain }: { delaySeconds: number | undefined; uncertain: boolean },
  ): Promise<number> {
    // Full jitter, doubling from a quarter of a second to five minutes; after an unknown outcome quickly, because grace windows are short.
    const random = Math.random();
    const [released] = await deps.db.system('lease credential').query<{ wait_s: number | null }>({
      name: 'lease: release',
      text: `update connected_accounts set claim_owner = null, claim_deadline = null, uncertain = uncertain or $3, attempts = attempts + 1,
               not_before = clock_timestamp() + make_interval(secs => coalesce($4::float8,
                 case when $3 then 0.2 + $5::float8 * 1.8 else $5::float8 * least(300, 0.25 * power(2, least(attempts, 20))) end)),
               next_refresh_at = greatest(next_refresh_at, clock_timestamp() + interval '5 seconds')
             where id = $1 and claim_fence = $2 returning extract(epoch from not_before - clock_timestamp())::float8 as wait_s`,
      values: [row.id, fence, uncertain, delaySeconds ?? null, random],
    });
    return Math.max(0, released?.wait_s ?? 0);
  }

  async function incident(row: AccountRow, error: string): Promise<void> {
    await deps.db.system('lease credential').query({
      name: 'lease: incident',
      text: 'update connections set incident_at = coalesce(incident_at, clock_timestamp()), incident_error = $2 where id = $1',
      values: [row.connection_id, error.slice(0, 200)],
    });
  }

  async function appOf(row: AccountRow): Promise<OAuthApp> {
    const connector = await deps.connector(row.connector);
    if (row.sandbox && deps.sandboxOrigin() === undefined) throw new Fault('sandbox_not_allowed', 'the sandbox is off');
    if (connector.auth.kind !== 'oauth2' || row.client_id === null) throw new Fault('connection_not_ready', 'the connection has no OAuth app');
    return {
      connector: connector as OAuthApp['connector'] & { auth: OAuth2Auth },
      clientId: row.client_id,
      clientSecret:
        row.client_secret_ct === null
          ? undefined
          : await deps.sealing.open<string>(
              clientSecretPlace({ environmentId: row.environment_id, id: row.connection_id, generation: Number(row.secret_generation) }),
              row.client_secret_ct,
            ),
      redirectUri: `${deps.baseUrl()}/oauth/callback/${row.connection_id}`,
      sandboxOrigin: row.sandbox ? deps.sandboxOrigin() : undefined,
    };
  }

  return {
    lease,
    refresh,
    async dueForRefresh(limit) {
      const rows = await deps.db.system('sweep').query<{ id: string }>({
        name: 'sweep: due',
        text: `(select id from connected_accounts where next_refresh_at <= clock_timestamp() and status = 'ACTIVE' order by next_refresh_at limit $1)
               union
               (select id from connected_accounts where claim_owner is not null
                  and claim_deadline < clock_timestamp() - make_interval(secs => $2) limit $1)
               limit $1`,
        values: [limit, graceSeconds],
      });
      return rows.map((r) => r.id);
    },
  };
}

/** A credential that was received must not be lost to a passing fault of the database. */
async function retried<T>(work: () => Promise<T>, onError: (error: unknown) => void): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 60) throw error;
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 50 * 2 ** attempt)));
    }
  }
}
