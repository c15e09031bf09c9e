import type { Connector, OAuth2Credential } from '@grantway/connector-kit';
import { newId, type Secret } from '@grantway/contract';
import { type Database, newEventId, recordAudit, recordEvent, withEvents } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import { type OAuthApp, revokeToken } from '@grantway/oauth';
import { sql } from 'drizzle-orm';
import { type AccountRow, credentialPlace, grantLeftSeconds, nextRefreshSeconds, readAccount } from './accounts.ts';
import type { FaultInjection } from './fault-points.ts';
import type { Journal } from './journal.ts';
import { factsOf, fingerprint, type Place, type Sealing, sameRefreshToken } from './sealing.ts';

/** What a provider answered to a refresh. */
export interface Received {
  environmentId: string;
  accountId: string;
  grantId: string;
  /** The generation whose refresh token was spent, and the fence of the claim that spent it. */
  basedOn: number;
  fence: number;
  credential: Secret<OAuth2Credential>;
}

export interface ReceivedDeps {
  db: Database;
  sealing: Sealing;
  egress: Egress;
  journal?: Journal | undefined;
  faults?: FaultInjection | undefined;
  connector(id: string): Promise<Connector>;
  appOf(row: AccountRow): Promise<OAuthApp>;
  log: { info(fields: Record<string, unknown>, message: string): void; warn(fields: Record<string, unknown>, message: string): void };
}

/** Nothing that was received is dropped: it is journalled, then committed, else salvaged (security.md 4.5, L3). */
export interface ReceivedCredentials {
  /** True when it stands in the account's row; false when the row had moved on and it was salvaged. */
  keep(received: Received, idleSeconds: number | undefined): Promise<boolean>;
  /** Brings what earlier processes left in the journal into the database. Answers how many entries there were. */
  replay(): Promise<number>;
  /**
   * Puts an untried sibling in the place of a credential that the provider refuses, unless another claim came first.
   * False when there is none.
   */
  adopt(row: AccountRow, fence: number, refused: Secret<OAuth2Credential>): Promise<boolean>;
  /** Works off salvaged credentials whose account has ended or has another grant by now. Answers how many were looked at. */
  settleSalvaged(limit: number): Promise<number>;
}

/** A provider that does not let us revoke is asked so often; with the pauses below that takes three days. */
const revokeAttempts = 80;

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
  const salvagePlace = (s: { environment_id: string; id: string; based_on: string | number; grant_id: string }): Place => ({
    environmentId: s.environment_id,
    table: 'salvaged_credentials',
    column: 'credential_ct',
    rowId: s.id,
    generation: Number(s.based_on),
    grantId: s.grant_id,
  });

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
    if (now === undefined) return false;
    if (now.credential_ct !== null && now.grant_id === received.grantId && sameRefreshToken(await openStored(now), received.credential)) {
      return true;
    }
    await salvage(received);
    return false;
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
               where id = $1 and ${sameGeneration} and grant_id = $10 and status = 'ACTIVE' returning id, environment_id, access_expires_at`,
          `select $12::text as id, environment_id, 'credential.refreshed'::text as type, id as account_id,
             jsonb_build_object('access_token_expires_at', access_expires_at) as data from deed`,
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

  async function salvage(received: Received): Promise<void> {
    const id = newId('salvagedCredential');
    const { environmentId, accountId, grantId, basedOn, credential } = received;
    const place = salvagePlace({ environment_id: environmentId, id, based_on: basedOn, grant_id: grantId });
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
        const received = { ...rest, credential: await sealing.open<OAuth2Credential>(journalPlace(rest), record) };
        const row = await readAccount(db, entry.accountId);
        await deps.faults?.at?.('replaying', entry.accountId);
        if (row !== undefined) await store(received, idleSecondsOf(await deps.connector(row.connector)));
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

  async function adopt(row: AccountRow, fence: number, refused: Secret<OAuth2Credential>): Promise<boolean> {
    const siblings = await system().query<SalvagedRow & Record<string, unknown>>({
      name: 'salvage: siblings',
      text: `select ${salvagedColumns} from salvaged_credentials s
             where connected_account_id = $1 and grant_id = $2 order by based_on desc, created_at desc`,
      values: [row.id, row.grant_id],
    });
    for (const sibling of siblings) {
      const credential = await sealing.open<OAuth2Credential>(salvagePlace(sibling), sibling.credential_ct);
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
    credential: Secret<OAuth2Credential>,
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
        if (salvaged.attempts >= revokeAttempts) await forget(salvaged.id);
      }
    }
    return due.length;
  }

  async function settleOne(salvaged: SalvagedRow): Promise<void> {
    const row = await readAccount(db, salvaged.connected_account_id);
    if (row === undefined) return;
    const credential = await sealing.open<OAuth2Credential>(salvagePlace(salvaged), salvaged.credential_ct);
    const isOfThisGrant = row.grant_id === salvaged.grant_id;
    if (isOfThisGrant && row.status === 'REVOKED' && row.reason === 'rotation_lost') {
      await putInPlace(row, salvaged, credential, 'ended');
      return;
    }
    const app = await deps.appOf(row);
    // Where refresh tokens never change, the new grant may well hold the same one: it must not be revoked.
    if (!isOfThisGrant && row.status === 'ACTIVE' && app.connector.auth.rotationClass === 'A') return forget(salvaged.id);
    const receipt = await revokeToken(deps.egress, app, credential);
    log.info({ account_id: row.id, proven: receipt.proven, detail: receipt.detail }, 'a late credential was given back');
    const offersNone = app.connector.auth.revokeUrl === undefined && app.connector.auth.revocation === undefined;
    if (receipt.proven || offersNone || salvaged.attempts >= revokeAttempts) await forget(salvaged.id);
  }

  async function forget(id: string): Promise<void> {
    await system().query({ name: 'salvage: forget', text: 'delete from salvaged_credentials where id = $1', values: [id] });
  }

  const openStored = (row: AccountRow) =>
    sealing.open<OAuth2Credential>(
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
