import type { Connector, RenewableCredential } from '@grantway/connector-kit';
import { newId, type RevocationCause, type Secret } from '@grantway/contract';
import { type Database, newEventId, recordAudit, recordEvent, schema, type Tx, withEvents } from '@grantway/db';
import { and, eq, sql } from 'drizzle-orm';
import { type AccountRow, credentialPlace, grantLeftSeconds, nextRefreshSeconds, readAccount } from './accounts.ts';
import { salvagePlace } from './credential-place.ts';
import type { FaultInjection } from './fault-points.ts';
import type { Journal } from './journal.ts';
import { queueRevocation } from './revocations.ts';
import { factsOf, fingerprint, type Place, type Sealing, sameRefreshToken } from './sealing.ts';

/** What a provider answered to a refresh. */
export interface Received {
  environmentId: string;
  accountId: string;
  grantId: string;
  /** The generation whose refresh token was spent, and the fence of the claim that spent it. */
  basedOn: number;
  fence: number;
  credential: Secret<RenewableCredential>;
}

export interface ReceivedDeps {
  db: Database;
  sealing: Sealing;
  journal?: Journal | undefined;
  faults?: FaultInjection | undefined;
  connector(id: string, variant: string | null): Promise<Connector>;
  log: { info(fields: Record<string, unknown>, message: string): void; warn(fields: Record<string, unknown>, message: string): void };
}

/** Nothing that was received is dropped: it is journalled, then committed, else salvaged (security.md 4.5, L3). */
export interface ReceivedCredentials {
  /** True when it stands in the account's row; false when the row had moved on: then it was salvaged, or queued to be revoked. */
  keep(received: Received, idleSeconds: number | undefined): Promise<boolean>;
  /** Brings what earlier processes left in the journal into the database. Answers how many entries there were. */
  replay(): Promise<number>;
  /**
   * Puts an untried sibling in the place of a credential that the provider refuses, unless another claim came first.
   * False when there is none.
   */
  adopt(row: AccountRow, fence: number, refused: Secret<RenewableCredential>): Promise<boolean>;
  /**
   * Works off salvaged credentials whose account has ended or has another grant by now: they move into the outbox of
   * revocations, or into the place of what was thought lost. Answers how many were looked at.
   */
  settleSalvaged(limit: number): Promise<number>;
}

export function createReceivedCredentials(deps: ReceivedDeps): ReceivedCredentials {
  const { db, sealing, journal, log } = deps;
  const system = () => db.system('lease credential');

  const journalPlace = (r: Omit<Received, 'credential'>): Place => ({
    environmentId: r.environmentId,
    table: 'journal',
    column: 'received',
    rowId: r.accountId,
    generation: r.basedOn,
    grantId: r.grantId,
  });
  const placeOf = (s: SalvagedRow) =>
    salvagePlace({ environmentId: s.environment_id, id: s.id, basedOn: Number(s.based_on), grantId: s.grant_id });

  async function keep(received: Received, idleSeconds: number | undefined): Promise<boolean> {
    const { accountId } = received;
    await deps.faults?.at?.('received', accountId);
    const entry = await append(received);
    await deps.faults?.at?.('journalled', accountId);
    const stored = await store(received, idleSeconds);
    await deps.faults?.at?.('committed', accountId);
    if (entry !== undefined) await settleEntry(entry);
    await deps.faults?.at?.('settled', accountId);
    return stored;
  }

  /** A journal that cannot be written (a full disk) must not cost the credential: the commit follows at once. */
  async function append(received: Received): Promise<string | undefined> {
    if (journal === undefined) return undefined;
    const { credential, ...rest } = received;
    try {
      return await journal.append({ ...rest, record: await sealing.seal(journalPlace(received), credential) });
    } catch (err) {
      log.warn({ account_id: received.accountId, err }, 'the journal could not be written');
      return undefined;
    }
  }

  const settleEntry = (id: string) =>
    journal?.settle(id).catch((err: unknown) => log.warn({ err }, 'an entry of the journal could not be settled'));

  /** Commits, or salvages when the row has moved on. */
  async function store(received: Received, idleSeconds: number | undefined): Promise<boolean> {
    if (await commit(received, idleSeconds)) return true;
    const now = await readAccount(db, received.accountId);
    if (now === undefined) {
      await giveBackOrphan(received);
      return false;
    }
    if (now.credential_ct !== null && now.grant_id === received.grantId && sameRefreshToken(await openStored(now), received.credential)) {
      return true;
    }
    if (isPast(now, received.grantId) && !isMissed(now, received.grantId)) await revokeLate(now, received);
    else await salvage(received);
    return false;
  }

  /** A new consent or an ending came in between: its word counts, and the late token, the newest there is, is revoked. */
  async function revokeLate(row: AccountRow, received: Received): Promise<void> {
    const write = () => system().tx((tx) => queueLate(tx, row, received.grantId, received.credential));
    await retried(write, (err) => log.warn({ account_id: row.id, err }, 'queueing a late credential is retried'));
    log.warn({ account_id: row.id }, 'a refreshed credential came too late and will be revoked');
  }

  async function queueLate(tx: Tx, row: AccountRow, grantId: string, credential: Secret<RenewableCredential>): Promise<void> {
    const { auth } = await deps.connector(row.connector, row.auth_variant);
    // Where refresh tokens never change, the new grant may well hold the same one: it must not be revoked.
    if (row.status === 'ACTIVE' && auth.kind === 'oauth2' && auth.rotationClass === 'A') return;
    await queueRevocation(tx, sealing, {
      account: { id: row.id, environmentId: row.environment_id },
      connectionId: row.connection_id,
      providerAccountId: row.provider_account_id,
      grantId,
      credential,
      cause: 'late',
    });
  }

  /**
   * Stores it under the generation it was made from, never under the fence: nothing received is dropped because its
   * holder was slow. If somebody claimed after him, the spent token may have been sent again, which some providers
   * punish: the outcome stays uncertain, and the next refresh, which comes at once, shows whether the grant is alive.
   */
  async function commit(received: Received, idleSeconds: number | undefined): Promise<boolean> {
    const { credential } = received;
    const generation = received.basedOn + 1;
    const facts = factsOf(credential);
    const lifeS = facts.expiresAtMs === undefined ? null : Math.max(1, Math.round((facts.expiresAtMs - Date.now()) / 1000));
    const record = await sealing.seal(
      credentialPlace({ environmentId: received.environmentId, id: received.accountId, generation, grantId: received.grantId }),
      credential,
    );
    const sameGeneration = deps.faults?.without === 'generation' ? '$2::bigint is not null' : 'generation = $2';
    const write = () => {
      const written = system().query({
        name: 'lease: commit',
        text: withEvents(
          `update connected_accounts set generation = $3, credential_ct = $4, access_fingerprint = $5, refreshable = $6,
                 access_obtained_at = clock_timestamp(), access_expires_at = clock_timestamp() + make_interval(secs => $7),
                 next_refresh_at = case when claim_fence <> $11 then clock_timestamp() else clock_timestamp() + make_interval(secs => $8) end,
                 -- An end that moved away is told of anew.
                 expiry_warned_days = case when clock_timestamp() + make_interval(secs => $13) > grant_expires_at + interval '1 day'
                   then null else expiry_warned_days end,
                 grant_expires_at = coalesce(clock_timestamp() + make_interval(secs => $13), grant_expires_at),
                 scopes = coalesce($9, scopes), claim_owner = null, claim_deadline = null, uncertain = claim_fence <> $11,
                 attempts = 0, not_before = null, last_refreshed_at = clock_timestamp(), updated_at = clock_timestamp()
               where id = $1 and ${sameGeneration} and grant_id = $10 and status = 'ACTIVE' returning id, environment_id, access_expires_at, scopes`,
          `select $12::text as id, environment_id, 'credential.refreshed'::text as type, id as account_id,
             jsonb_build_object('access_token_expires_at', access_expires_at, 'scopes', to_jsonb(scopes)) as data from deed`,
        ),
        values: [
          received.accountId,
          received.basedOn,
          generation,
          record,
          fingerprint(credential),
          facts.refreshable,
          lifeS,
          facts.refreshable ? nextRefreshSeconds(lifeS, idleSeconds) : null,
          facts.scopes ?? null,
          received.grantId,
          received.fence,
          newEventId(),
          grantLeftSeconds(facts.refreshExpiresAtMs),
        ],
      });
      void deps.faults?.at?.('committing', received.accountId);
      return written;
    };
    const written = await retried(write, (err) =>
      log.warn({ account_id: received.accountId, err }, 'commit of a refreshed credential is retried'),
    );
    return written.length > 0;
  }

  /** The account's user was forgotten while its provider answered: the receipt of that deed says where to end this one too. */
  async function giveBackOrphan({ environmentId, accountId, grantId, credential }: Received): Promise<void> {
    const t = schema.revocations;
    await db.inEnvironment(environmentId, async (tx) => {
      const [receipt] = await tx
        .select({ connectionId: t.connectionId, providerAccountId: t.providerAccountId, cause: t.cause })
        .from(t)
        .where(and(eq(t.connectedAccountId, accountId), eq(t.grantId, grantId)))
        .limit(1);
      if (receipt === undefined) return;
      const cause = receipt.cause as RevocationCause;
      await queueRevocation(tx, sealing, { ...receipt, cause, account: { id: accountId, environmentId }, grantId, credential });
    });
  }

  async function salvage(received: Received): Promise<void> {
    const id = newId('salvagedCredential');
    const { environmentId, accountId, grantId, basedOn, credential } = received;
    const place = salvagePlace({ environmentId, id, basedOn, grantId });
    const record = await sealing.seal(place, credential);
    const write = () =>
      system().query({
        name: 'lease: salvage',
        text: `insert into salvaged_credentials (id, environment_id, connected_account_id, grant_id, based_on, credential_ct, access_fingerprint)
               values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
        values: [id, environmentId, accountId, grantId, basedOn, record, fingerprint(credential)],
      });
    await retried(write, (err) => log.warn({ account_id: accountId, err }, 'a salvage is retried'));
    log.warn({ account_id: accountId }, 'a refreshed credential came too late and was salvaged');
  }

  async function replay(): Promise<number> {
    if (journal === undefined) return 0;
    const found = await journal.unsettled();
    for (const { id, entry } of found) {
      try {
        const { record, ...rest } = entry;
        const received = { ...rest, credential: await sealing.open<RenewableCredential>(journalPlace(rest), record) };
        const row = await readAccount(db, entry.accountId);
        await deps.faults?.at?.('replaying', entry.accountId);
        await store(received, row === undefined ? undefined : idleSecondsOf(await deps.connector(row.connector, row.auth_variant)));
        await deps.faults?.at?.('replayed', entry.accountId);
        await settleEntry(id);
      } catch (err) {
        // It stays in the journal for the next start.
        log.warn({ account_id: entry.accountId, err }, 'an entry of the journal could not be replayed');
      }
    }
    await journal.truncate();
    if (found.length > 0) log.info({ count: found.length }, 'the journal was replayed');
    return found.length;
  }

  async function adopt(row: AccountRow, fence: number, refused: Secret<RenewableCredential>): Promise<boolean> {
    const siblings = await system().query<SalvagedRow & Record<string, unknown>>({
      name: 'salvage: siblings',
      text: `select ${salvagedColumns} from salvaged_credentials s
             where connected_account_id = $1 and grant_id = $2 order by based_on desc, created_at desc`,
      values: [row.id, row.grant_id],
    });
    for (const sibling of siblings) {
      const credential = await sealing.open<RenewableCredential>(placeOf(sibling), sibling.credential_ct);
      if (sameRefreshToken(credential, refused)) await forget(sibling.id);
      else return putInPlace(row, sibling, credential, { fence });
    }
    return false;
  }

  /**
   * The sibling becomes the stored credential and is due at once. Also from REVOKED, where the account was ended only
   * because this very credential seemed lost; no other ending is ever taken back.
   */
  function putInPlace(
    row: AccountRow,
    sibling: SalvagedRow,
    credential: Secret<RenewableCredential>,
    whose: { fence: number } | 'ended',
  ): Promise<boolean> {
    const generation = Number(row.generation) + 1;
    return system().tx(async (tx) => {
      const record = await sealing.seal(
        credentialPlace({ environmentId: row.environment_id, id: row.id, generation, grantId: sibling.grant_id }),
        credential,
      );
      const placed = await tx.execute(sql`
        update connected_accounts set generation = ${generation}, credential_ct = ${record}, access_fingerprint = ${fingerprint(credential)},
          refreshable = true, access_obtained_at = clock_timestamp() - interval '1 second', access_expires_at = clock_timestamp(),
          next_refresh_at = clock_timestamp(), claim_owner = null, claim_deadline = null, uncertain = true, not_before = null,
          status = 'ACTIVE', reason = null, updated_at = clock_timestamp(),
          status_changed_at = case when status = 'ACTIVE' then status_changed_at else clock_timestamp() end
        where id = ${row.id} and generation = ${row.generation} and grant_id = ${sibling.grant_id} and
          ${whose === 'ended' ? sql`status = 'REVOKED' and reason = 'rotation_lost'` : sql`status = 'ACTIVE' and claim_fence = ${whose.fence}`}`);
      if (placed.rowCount === 0) return false;
      await tx.execute(sql`delete from salvaged_credentials where id = ${sibling.id}`);
      if (whose === 'ended') {
        await recordAudit(tx, {
          environmentId: row.environment_id,
          action: 'connected_account.status_changed',
          actor: { kind: 'system', id: null },
          target: { kind: 'connected_account', id: row.id },
          requestId: null,
          details: { to: 'ACTIVE', reason: 'salvaged' },
        });
        await recordEvent(tx, {
          environmentId: row.environment_id,
          type: 'connected_account.status_changed',
          connectedAccountId: row.id,
          data: { old_status: 'REVOKED', old_reason: 'rotation_lost', status: 'ACTIVE', reason: null },
        });
      }
      log.info({ account_id: row.id }, 'a salvaged credential took the place of one that the provider refused');
      return true;
    });
  }

  async function settleSalvaged(limit: number): Promise<number> {
    const due = await system().query<SalvagedRow & Record<string, unknown>>({
      name: 'salvage: due',
      // Nobody else takes them meanwhile: a row is put off before it is worked on.
      text: `update salvaged_credentials set attempts = attempts + 1,
               not_before = clock_timestamp() + make_interval(secs => least(3600, 10 * power(2, least(attempts, 10))))
             where id in (
               select s.id from salvaged_credentials s join connected_accounts a on a.id = s.connected_account_id
               where s.not_before <= clock_timestamp() and (a.status <> 'ACTIVE' or a.grant_id is distinct from s.grant_id)
               order by s.not_before limit $1 for update of s skip locked)
             returning ${salvagedColumns}`,
      values: [limit],
    });
    for (const salvaged of due) {
      try {
        await settleOne(salvaged);
      } catch (err) {
        log.warn({ account_id: salvaged.connected_account_id, err }, 'a salvaged credential waits');
      }
    }
    return due.length;
  }

  async function settleOne(salvaged: SalvagedRow): Promise<void> {
    const row = await readAccount(db, salvaged.connected_account_id);
    if (row === undefined) return;
    const credential = await sealing.open<RenewableCredential>(placeOf(salvaged), salvaged.credential_ct);
    if (isMissed(row, salvaged.grant_id)) {
      await putInPlace(row, salvaged, credential, 'ended');
      return;
    }
    await system().tx(async (tx) => {
      const taken = await tx.execute(sql`delete from salvaged_credentials where id = ${salvaged.id}`);
      if (taken.rowCount === 1) await queueLate(tx, row, salvaged.grant_id, credential);
    });
  }

  async function forget(id: string): Promise<void> {
    await system().query({ name: 'salvage: forget', text: 'delete from salvaged_credentials where id = $1', values: [id] });
  }

  const openStored = (row: AccountRow) =>
    sealing.open<RenewableCredential>(
      credentialPlace({
        environmentId: row.environment_id,
        id: row.id,
        generation: Number(row.generation),
        grantId: row.grant_id as string,
      }),
      row.credential_ct as Buffer,
    );

  return { keep, replay, adopt, settleSalvaged };
}

/** How long a grant lasts, however often it is used, where the connector knows. */
export function grantSecondsOf({ auth }: Connector): number | undefined {
  return auth.kind === 'oauth2' ? auth.grantSeconds : undefined;
}

/** After how long a refresh token that nobody uses dies, where the connector knows. */
export function idleSecondsOf({ auth }: Connector): number | undefined {
  return auth.kind === 'oauth2' ? auth.idleSeconds : undefined;
}

/** The account has ended, or has another grant by now. */
const isPast = (row: AccountRow, grantId: string) => row.status !== 'ACTIVE' || row.grant_id !== grantId;

/** It ended only because this very credential seemed lost. */
const isMissed = (row: AccountRow, grantId: string) =>
  row.grant_id === grantId && row.status === 'REVOKED' && row.reason === 'rotation_lost';

interface SalvagedRow {
  id: string;
  environment_id: string;
  connected_account_id: string;
  grant_id: string;
  based_on: string;
  credential_ct: Buffer;
  attempts: number;
}
const salvagedColumns = 'id, environment_id, connected_account_id, grant_id, based_on, credential_ct, attempts';

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
