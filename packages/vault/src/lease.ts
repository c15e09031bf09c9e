import { randomUUID } from 'node:crypto';
import type { AppCredentials, Connector, Credential, RenewableCredential } from '@grantway/connector-kit';
import { type ConnectedAccountReason, type ConnectedAccountStatus, Fault, type Secret } from '@grantway/contract';
import { createRemembered, type Database, grouped, type Mark, newEventId, recordEvent, withEvents } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import type { RefreshOutcome } from '@grantway/oauth';
import {
  type AccountRow,
  credentialPlace,
  type DefaultAccountRow,
  type DefaultOf,
  endAccount,
  graceSeconds,
  readAccount,
  readDefaultAccounts,
  refreshMarginSeconds,
} from './accounts.ts';
import type { DecryptBudget } from './decrypt-budget.ts';
import type { FaultInjection } from './fault-points.ts';
import type { Journal } from './journal.ts';
import { createPace, type PaceLimits, probeEveryMs } from './pace.ts';
import { createReceivedCredentials } from './received.ts';
import { createRenewals, type Renewal } from './renewal.ts';
import { type Sealing, sameBytes } from './sealing.ts';

/** A usable credential and everything egress needs to place it. */
export interface Lease {
  accountId: string;
  environmentId: string;
  connector: string;
  /** Which of the connector's ways in the credential belongs to; null: its default. */
  authVariant: string | null;
  connectionId: string;
  connectionName: string;
  sandbox: boolean;
  /** Non-secret fields: fixed by the operator, or entered by the person. */
  fields: Record<string, string>;
  scopes: string[];
  credential: Secret<Credential>;
  /** The connection's app, where every request is signed with it. */
  app: Secret<AppCredentials> | undefined;
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
  connector(id: string, variant: string | null): Promise<Connector>;
  /** Where the built-in stand-in for vendors answers; undefined where it is off. */
  sandboxOrigin(): string | undefined;
  baseUrl(): string;
  /**
   * Where credentials are kept between the provider's answer and the commit. Without one, a process that dies in between
   * costs a single-use refresh token; with one, only a process that dies before the answer is on its disk.
   */
  journal?: Journal | undefined;
  /** Of token requests per connection and process. Default: 10 per second, 20 at once. */
  pace?: PaceLimits | undefined;
  /** Never set in production. */
  faults?: FaultInjection | undefined;
  /** Counts what is opened for callers; undefined: without a limit. */
  budget?: DecryptBudget;
  log: { info(fields: Record<string, unknown>, message: string): void; warn(fields: Record<string, unknown>, message: string): void };
}

/**
 * The claim on a token's row: how long a holder may take, how long others wait beyond it, and how long the provider
 * may take within it. The request is aborted a second before the claim ends, by a stopwatch that started before the
 * claim reached Postgres; so the holder is silent before anyone can take over (security.md 4.5, L2).
 */
const claimSeconds = 10;
const providerTimeoutMs = 8_000;
/** After an unknown outcome so many repeats come within two seconds each. */
const quickRepeats = 5;
/** An access token with less life than this is not worth a call. */
const usableSeconds = 5;
/** However long a provider asks to be left alone. */
const longestPauseSeconds = 900;
/** How long an account is left alone after the provider refused the operator's app. */
const incidentPauseSeconds = 30;
/** A call waits so long for a refresh that another process is making. */
const waitForOthersMs = 15_000;

interface Claim {
  fence: number;
  /** The outcome of an earlier request with the same refresh token is not known. */
  uncertain: boolean;
}

export interface DefaultAccount {
  account: { id: string; userId: string | null; label: string | null };
  /** At once, where nothing has to be asked for. */
  lease(): Lease | Promise<Lease>;
}

export interface Leases {
  /**
   * The account's credential, fresh: renewed now when too little of its life is left.
   * @throws NeedsAuthorization, Fault connection_incident or unavailable
   */
  lease(accountId: string, clientId?: string | null): Promise<Lease>;
  /**
   * The owner's default account, and its lease for whoever takes it at once; undefined where the owner has none that is ACTIVE.
   * One prepared query for all who ask in the same moment.
   */
  ofDefault(of: DefaultOf): Promise<DefaultAccount | undefined>;
  /**
   * The same as it was read a moment ago, for whoever looks at `mark` behind a fence before anything comes of it. Who is
   * suspended is not in the mark.
   */
  recallDefault(of: DefaultOf): (DefaultAccount & { mark: Mark }) | undefined;
  /**
   * The one refresh function: called before a tool call, after a provider's 401, and by the sweep. Renews only while
   * the stored credential is the one with this fingerprint; without one, while too little of its life is left, and with
   * `due` already when the row says that its time has come or that a claim on it was abandoned.
   * @throws as lease
   */
  refresh(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void>;
  /** Ids of accounts whose refresh is due or whose claim was abandoned. */
  dueForRefresh(limit: number): Promise<string[]>;
  /** At a start, before anything else is refreshed: what earlier processes received and could not store. */
  replayJournal(): Promise<number>;
  /** Gives credentials back to their providers that came too late to be stored. Answers how many were looked at. */
  settleSalvaged(limit: number): Promise<number>;
}

/** Abandoned ones first: a provider takes the old refresh token again for a short while only. */
export const dueForRefreshSql = `select id from (
   (select id, 0 as turn, claim_deadline as since from connected_accounts
      where claim_owner is not null and claim_deadline < clock_timestamp() - make_interval(secs => $2)
      order by claim_deadline limit $1)
   union all
   (select id, 1, next_refresh_at from connected_accounts
      where next_refresh_at <= clock_timestamp() and status = 'ACTIVE' and claim_owner is null
      order by next_refresh_at limit $1)) due
  order by turn, since limit $1`;

export function createLeases(deps: LeaseDeps): Leases {
  const owner = randomUUID();
  const underWay = new Map<string, Promise<void>>();
  const without = deps.faults?.without;
  const renewals = createRenewals(deps);
  const received = createReceivedCredentials(deps);
  const pace = createPace({ ...deps.pace, mayProbe });

  async function read(accountId: string, clientId: string | null = null): Promise<AccountRow> {
    const row = await readAccount(deps.db, accountId, clientId);
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    return row;
  }

  function mustBeUsable(row: AccountRow): void {
    if (row.status !== 'ACTIVE' || row.credential_ct === null || row.grant_id === null) {
      throw new NeedsAuthorization(row.id, row.status, row.reason);
    }
  }

  /** The last look before a credential is used. Refreshing goes on meanwhile, so that resuming needs no new consent (E16). */
  function mustNotBeSuspended(row: AccountRow): void {
    if (row.environment_suspended) throw new Fault('environment_suspended');
    if (row.user_suspended) throw new Fault('user_suspended');
    if (row.client_suspended) throw new Fault('client_suspended');
  }

  function isStale({ life_left_s: left, life_s: whole }: AccountRow, ageMs = 0): boolean {
    return left !== null && left - ageMs / 1000 <= refreshMarginSeconds(whole ?? left);
  }

  const open = <T extends Credential>(row: AccountRow) =>
    deps.sealing.openNow<T>(
      credentialPlace({
        environmentId: row.environment_id,
        id: row.id,
        generation: Number(row.generation),
        grantId: row.grant_id as string,
      }),
      row.credential_ct as Buffer,
    );

  function toLease(row: AccountRow, clientId: string | null): Lease | Promise<Lease> {
    deps.budget?.spend(row.id, clientId);
    const credential = open(row);
    // Without a client id there is no app that could sign.
    const app = row.client_id === null ? undefined : renewals.signingApp(row);
    if (app === undefined && !(credential instanceof Promise)) return leaseOf(row, credential, undefined);
    return Promise.all([credential, app]).then((opened) => leaseOf(row, ...opened));
  }

  function leaseOf(row: AccountRow, credential: Secret<Credential>, app: Secret<AppCredentials> | undefined): Lease {
    return {
      accountId: row.id,
      environmentId: row.environment_id,
      connector: row.connector,
      authVariant: row.auth_variant,
      connectionId: row.connection_id,
      connectionName: row.connection_name,
      sandbox: row.sandbox,
      fields: { ...row.fields, ...row.connection_fields },
      scopes: row.scopes,
      credential,
      app,
      fingerprint: row.access_fingerprint as Buffer,
      refreshable: row.refreshable,
    };
  }

  const defaults = grouped<DefaultOf, DefaultAccountRow | undefined>((wanted) => readDefaultAccounts(deps.db, wanted), {
    lanes: 4,
    patienceMs: 3,
    maxItems: 200,
  });

  const { changes } = deps.db;
  const remembered = createRemembered<{ row: DefaultAccountRow; mark: Mark }>(changes.isProven);
  const keyOf = ({ environmentId, connectionId, ownerId, clientId }: DefaultOf) =>
    `${environmentId} ${connectionId} ${ownerId ?? ''} ${clientId ?? ''}`;

  /** `ageMs`: of the row. */
  function defaultAccount(row: DefaultAccountRow, { clientId }: DefaultOf, ageMs = 0): DefaultAccount {
    const account = { id: row.id, userId: row.user_id, label: row.label ?? row.provider_account_label };
    return { account, lease: () => (isStale(row, ageMs) ? lease(row.id, clientId, ageMs > 0 ? undefined : row) : usable(row, clientId)) };
  }

  async function ofDefault(of: DefaultOf): Promise<DefaultAccount | undefined> {
    const moment = changes.moment();
    const row = await defaults.add(of);
    if (row === undefined || row.status !== 'ACTIVE') return undefined;
    if (changes.hears()) remembered.keep(keyOf(of), { row, mark: { moment, ids: [row.id, row.connection_id] } });
    return defaultAccount(row, of);
  }

  function recallDefault(of: DefaultOf): (DefaultAccount & { mark: Mark }) | undefined {
    const found = remembered.recall(keyOf(of));
    if (found === undefined) return undefined;
    const { ageMs } = found;
    const { row, mark } = found.value;
    if (changes.since(mark)) {
      remembered.forget(keyOf(of));
      return undefined;
    }
    return { ...defaultAccount(row, of, ageMs), mark };
  }

  function usable(row: AccountRow, clientId: string | null): Lease | Promise<Lease> {
    mustNotBeSuspended(row);
    mustBeUsable(row);
    return toLease(row, clientId);
  }

  async function lease(accountId: string, clientId: string | null = null, known?: AccountRow): Promise<Lease> {
    const row = known ?? (await read(accountId, clientId));
    mustNotBeSuspended(row);
    mustBeUsable(row);
    if (!isStale(row)) return toLease(row, clientId);
    if (!row.refreshable) {
      if ((row.life_left_s as number) > 0) return toLease(row, clientId);
      if (await end(row, 'EXPIRED', 'no_refresh_token', undefined)) {
        throw new NeedsAuthorization(accountId, 'EXPIRED', 'no_refresh_token');
      }
      // Somebody stored another credential, or ended the account, between the read and the swap.
      return lease(accountId, clientId);
    }
    try {
      await refresh(accountId, {});
    } catch (error) {
      // A provider outage must not stop calls while the access token is still good.
      if (!(error instanceof Fault) || (row.life_left_s as number) <= usableSeconds) throw error;
      return toLease(row, clientId);
    }
    return usable(await read(accountId, clientId), clientId);
  }

  function refresh(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void> {
    // Only callers who want the same share a promise: one whose very credential was rejected must not be answered by a
    // look that found nothing due, and one who calls not by the sweep, which is the first to stand back.
    const want = `${accountId} ${options.due === true} ${options.rejected?.toString('hex') ?? ''}`;
    const running = underWay.get(want);
    if (running !== undefined) return running;
    const work = refreshOnce(accountId, options).finally(() => underWay.delete(want));
    underWay.set(want, work);
    return work;
  }

  /** Claims, or waits for whoever holds the claim; then sends at most one token request for each claim that it gets. */
  async function refreshOnce(accountId: string, options: { rejected?: Buffer; due?: boolean }): Promise<void> {
    const giveUpAt = performance.now() + waitForOthersMs;
    let pauseMs = 25;
    for (;;) {
      const row = await read(accountId);
      mustBeUsable(row);
      const wanted =
        options.rejected === undefined
          ? isStale(row) || (options.due === true && row.due)
          : row.access_fingerprint !== null && sameBytes(row.access_fingerprint, options.rejected);
      if (!wanted) return;
      if (!row.refreshable) throw new NeedsAuthorization(accountId, row.status, 'no_refresh_token');
      if (row.wait_s !== null && row.wait_s > 0) {
        if (row.incident) throw incidentFault(row, row.wait_s);
        throw new Fault('provider_unavailable', {
          detail: 'the provider could not renew the access token; try again shortly',
          retryAfterSeconds: Math.ceil(row.wait_s),
        });
      }
      if (!row.claimed) {
        // Whatever can fail by our own fault fails before the claim, so that no claim is left behind without a request.
        const [current, renewal] = [await open<RenewableCredential>(row), await renewals.of(row)];
        await deps.sealing.prepare(row.environment_id);
        await takeTurn(row, options);
        await deps.faults?.at?.('before_claim', row.id);
        const startedAt = performance.now();
        const claim = await claimRow(row);
        if (claim !== undefined) await deps.faults?.at?.('claimed', row.id);
        if (claim !== undefined && (await spend(row, claim, current, renewal, startedAt))) return;
        // Somebody else holds it, or his word came first: look again.
      }
      if (performance.now() > giveUpAt) throw new Fault('unavailable', 'the access token is being renewed elsewhere; try again shortly');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(250, pauseMs * 2);
    }
  }

  /** @throws Fault provider_unavailable or unavailable when no token request may be made for this connection now */
  async function takeTurn(row: AccountRow, options: { rejected?: Buffer; due?: boolean }): Promise<void> {
    // Nobody waits for a renewal while the access token is good, or for the sweep's; an abandoned claim cannot wait.
    const canWait = options.rejected === undefined && (options.due === true || (row.life_left_s ?? 0) > usableSeconds);
    const turn = await pace.enter(row.connection_id, canWait && !row.abandoned ? 'background' : 'on demand');
    if (turn.kind === 'go') return;
    if (options.due === true) await postpone(row, Math.max(turn.retryAfterSeconds, 5) * (1 + 5 * Math.random()));
    throw turn.why === 'provider is down'
      ? new Fault('provider_unavailable', {
          detail: 'the provider is not renewing access tokens at present; try again shortly',
          retryAfterSeconds: turn.retryAfterSeconds,
        })
      : new Fault('unavailable', {
          detail: 'many access tokens of this connection are being renewed; try again shortly',
          retryAfterSeconds: turn.retryAfterSeconds,
        });
  }

  async function postpone(row: AccountRow, delaySeconds: number): Promise<void> {
    await deps.db.system('lease credential').query({
      name: 'lease: postpone',
      text: `update connected_accounts set next_refresh_at = clock_timestamp() + make_interval(secs => $3)
             where id = $1 and generation = $2 and next_refresh_at <= clock_timestamp()`,
      values: [row.id, row.generation, delaySeconds],
    });
  }

  /** The connection's row says who tries a provider that is down: one process in five seconds. */
  async function mayProbe(connectionId: string): Promise<boolean> {
    const probing = await deps.db.system('lease credential').query({
      name: 'lease: probe',
      text: `update connections set provider_probe_at = clock_timestamp() where id = $1
               and (provider_probe_at is null or provider_probe_at <= clock_timestamp() - make_interval(secs => $2)) returning id`,
      values: [connectionId, probeEveryMs / 1000],
    });
    return probing.length > 0;
  }

  async function claimRow(row: AccountRow): Promise<Claim | undefined> {
    const [claim] = await deps.db.system('lease credential').query<{ fence: string; uncertain: boolean }>({
      name: 'lease: claim',
      // A takeover of somebody's abandoned claim makes the outcome of his request uncertain, in the same statement.
      text: `update connected_accounts set claim_owner = $2, claim_fence = claim_fence + 1,
               claim_deadline = clock_timestamp() + make_interval(secs => $3), uncertain = uncertain or claim_owner is not null
             where id = $1 and status = 'ACTIVE' and generation = $4 and (not_before is null or not_before <= clock_timestamp())
               and (${without === 'fence' ? '$5::float8 is not null or' : ''} claim_owner is null
                 or claim_deadline < clock_timestamp() - make_interval(secs => $5))
             returning claim_fence as fence, uncertain`,
      values: [row.id, owner, claimSeconds, row.generation, graceSeconds],
    });
    return claim === undefined ? undefined : { fence: Number(claim.fence), uncertain: claim.uncertain };
  }

  /** True when the row has its word; false when somebody else's came first. */
  async function spend(
    row: AccountRow,
    claim: Claim,
    current: Secret<RenewableCredential>,
    renewal: Renewal,
    startedAt: number,
  ): Promise<boolean> {
    const spentMs = performance.now() - startedAt;
    if (spentMs > (claimSeconds * 1000) / 3) {
      await release(row, claim.fence, { delaySeconds: 0, uncertain: false });
      throw new Fault('unavailable', 'the access token could not be renewed in time; try again shortly');
    }
    const timeoutMs = Math.min(providerTimeoutMs, claimSeconds * 1000 - 1000 - spentMs);
    const outcome = renewal.send(current, { timeoutMs }).catch(async (error: unknown) => {
      await release(row, claim.fence, { delaySeconds: undefined, uncertain: false });
      throw error;
    });
    void deps.faults?.at?.('sending', row.id);
    return settle(row, claim, current, await outcome, renewal);
  }

  async function settle(
    row: AccountRow,
    claim: Claim,
    current: Secret<RenewableCredential>,
    outcome: RefreshOutcome<RenewableCredential>,
    renewal: Renewal,
  ): Promise<boolean> {
    const note = { account_id: row.id, connection_id: row.connection_id, outcome: outcome.kind };
    pace.report(row.connection_id, ['refreshed', 'gone', 'app_refused'].includes(outcome.kind));
    switch (outcome.kind) {
      case 'refreshed': {
        const stored = await received.keep(
          {
            environmentId: row.environment_id,
            accountId: row.id,
            grantId: row.grant_id as string,
            basedOn: Number(row.generation),
            fence: claim.fence,
            credential: outcome.credential,
          },
          renewal.idleSeconds,
        );
        if (stored) deps.log.info(note, 'credential refreshed');
        if (row.incident) await incidentOver(row);
        return stored;
      }
      case 'gone': {
        // Only the swap on generation and fence may end an account: a loser's invalid_grant changes nothing.
        if (await received.adopt(row, claim.fence, current)) return false;
        const [status, reason] =
          row.grant_over && !claim.uncertain
            ? (['EXPIRED', 'refresh_expired'] as const)
            : (['REVOKED', renewal.goneReason(claim.uncertain)] as const);
        if (!(await end(row, status, reason, claim.fence))) {
          deps.log.info(note, 'a refusal came too late to count');
          return false;
        }
        deps.log.warn({ ...note, reason }, 'credential is gone');
        throw new NeedsAuthorization(row.id, status, reason);
      }
      case 'app_refused':
        await incident(row, outcome.error);
        await release(row, claim.fence, { delaySeconds: incidentPauseSeconds, uncertain: false, failed: outcome.kind });
        deps.log.warn({ ...note, error: outcome.error }, 'the provider refuses the connection');
        throw incidentFault(row, incidentPauseSeconds);
      case 'unsent':
      case 'transient':
      case 'unknown': {
        const delaySeconds = await release(row, claim.fence, {
          delaySeconds: 'retryAfterSeconds' in outcome ? outcome.retryAfterSeconds : undefined,
          // A gateway's 502 or 504 may hide a rotation that the provider has made behind it.
          uncertain: outcome.kind === 'unknown' || (outcome.kind === 'transient' && (outcome.status ?? 0) >= 500),
          failed: outcome.kind,
        });
        deps.log.warn(note, 'credential could not be refreshed');
        throw new Fault('provider_unavailable', {
          detail: 'the provider could not renew the access token; try again shortly',
          retryAfterSeconds: Math.ceil(delaySeconds),
        });
      }
    }
  }

  function end(
    row: AccountRow,
    status: 'EXPIRED' | 'REVOKED',
    reason: ConnectedAccountReason,
    fence: number | undefined,
  ): Promise<boolean> {
    return deps.db.system('lease credential').tx(async (tx) => {
      const ended = await endAccount(tx, {
        account: { id: row.id, environmentId: row.environment_id },
        status,
        reason,
        actor: { kind: 'system', id: null },
        requestId: null,
        // Its successor may live on at the provider; most end the whole grant with any token of it.
        ...(reason === 'rotation_lost' ? { revoke: { sealing: deps.sealing, cause: 'rotation_lost' as const } } : {}),
        onlyIf: {
          generation: without === 'generation' ? undefined : Number(row.generation),
          fence: without === 'fence' ? undefined : fence,
        },
      });
      if (ended && reason !== 'no_refresh_token') {
        await recordEvent(tx, {
          environmentId: row.environment_id,
          type: 'credential.refresh_failed',
          connectedAccountId: row.id,
          data: { outcome: 'gone', reason, retry_at: null },
        });
      }
      return ended;
    });
  }

  /** Gives the claim back with a pause; answers the pause in seconds. */
  async function release(
    row: AccountRow,
    fence: number,
    { delaySeconds, uncertain, failed }: { delaySeconds: number | undefined; uncertain: boolean; failed?: RefreshOutcome['kind'] },
  ): Promise<number> {
    // Full jitter, doubling from a quarter of a second to five minutes. After an unknown outcome the first repeats come
    // quickly, because the windows in which a provider still takes the old token are short. The sweep waits as callers do.
    const random = Math.random();
    // What the provider asks for is its least; a share on top, so that those it told the same do not come back together.
    const askedSeconds = delaySeconds === undefined ? null : Math.min(longestPauseSeconds, delaySeconds * (1 + 0.1 * random));
    const [released] = await deps.db.system('lease credential').query<{ wait_s: number }>({
      name: 'lease: release',
      // Told once: the repeats of an outage are not news.
      text: withEvents(
        `update connected_accounts a set claim_owner = null, claim_deadline = null, uncertain = a.uncertain or $3, attempts = a.attempts + 1,
               not_before = clock_timestamp() + d.pause, next_refresh_at = clock_timestamp() + greatest(d.pause, interval '5 seconds')
             from (select make_interval(secs => coalesce($4::float8,
                     case when $3 and attempts < ${quickRepeats} then 0.2 + $5::float8 * 1.8
                          else $5::float8 * least(300, 0.25 * power(2, least(attempts, 20))) end)) as pause
                   from connected_accounts where id = $1) d
             where a.id = $1 and a.claim_fence = $2 and a.status = 'ACTIVE'
             returning extract(epoch from d.pause)::float8 as wait_s, a.id, a.environment_id, a.attempts, a.not_before`,
        `select $6::text as id, environment_id, 'credential.refresh_failed'::text as type, id as account_id,
           jsonb_build_object('outcome', $7::text, 'reason', null, 'retry_at', not_before) as data
           from deed where attempts = 1 and $7::text is not null`,
      ),
      values: [row.id, fence, uncertain, askedSeconds, random, newEventId(), failed ?? null],
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

  /** A refresh that works is the proof that the operator's app is accepted again. */
  async function incidentOver(row: AccountRow): Promise<void> {
    await deps.db.system('lease credential').query({
      name: 'lease: incident over',
      text: 'update connections set incident_at = null, incident_error = null where id = $1',
      values: [row.connection_id],
    });
  }

  return {
    lease: (accountId, clientId) => lease(accountId, clientId),
    ofDefault,
    recallDefault,
    refresh,
    replayJournal: received.replay,
    settleSalvaged: received.settleSalvaged,
    async dueForRefresh(limit) {
      const rows = await deps.db.system('sweep').query<{ id: string }>({
        name: 'sweep: due',
        text: dueForRefreshSql,
        values: [limit, graceSeconds],
      });
      return rows.map((r) => r.id);
    },
  };
}

function incidentFault(row: AccountRow, retryAfterSeconds: number): Fault {
  return new Fault('connection_incident', {
    detail: `the provider refuses the client id or secret of the connection "${row.connection_name}"; its operator must act`,
    retryAfterSeconds: Math.ceil(retryAfterSeconds),
  });
}
