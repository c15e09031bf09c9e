import { type ApiRequest, type Connector, type Credential, isIssued, type OAuth2Credential, type SecretOf } from '@grantway/connector-kit';
import { type AuditAction, isFault, newId, type Revocation, type RevocationCause, type RevocationStatus } from '@grantway/contract';
import { schema } from '@grantway/db';
import { type Revocation as Receipt, revokeByCall, revokeToken } from '@grantway/oauth';
import { revocationPlace, VaultError } from '@grantway/vault';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { oauthAppOf } from './connected-accounts.ts';
import type { ConnectionRow } from './connections.ts';
import type { Ctx, Log, Modules, Revocations } from './ctx.ts';
import { consumerOf } from './issued-credentials.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { connectorOf } from './remote-servers.ts';
import { within } from './restrictions.ts';

const t = schema.revocations;
const accounts = schema.connectedAccounts;

export interface RevocationDeps extends Pick<Modules, 'db' | 'sealing' | 'egress' | 'catalogue' | 'baseUrl' | 'sandboxOrigin'> {
  log: Log;
  /** First tries and repeats together, per connection, over all processes. */
  perSecond: number;
}

/** How long a provider may take for each of at most two requests; a claim is longer. */
const timeoutMs = 8_000;
const claimSeconds = 60;
/** Requests to one provider that are on their way at a time. */
const parallel = 12;
const secondsBetweenTries = { first: 5, longest: 3600 };

interface Claimed extends Record<string, unknown> {
  id: string;
  environment_id: string;
  connected_account_id: string;
  connection_id: string;
  provider_account_id: string | null;
  grant_id: string;
  cause: RevocationCause;
  attempts: number;
  credential_ct: Buffer;
}

const claimedColumns =
  'id, environment_id, connected_account_id, connection_id, provider_account_id, grant_id, cause, attempts, credential_ct';
const claim = `attempts = attempts + 1, attempted_at = clock_timestamp(), next_attempt_at = clock_timestamp() + interval '${claimSeconds} seconds'`;

interface Opened {
  connection: Promise<ConnectionRow | undefined>;
  app(connection: ConnectionRow): ReturnType<typeof oauthAppOf>;
}

type Outcome = { status: 'proven' | 'unproven' | 'again'; detail: string };

export function createRevocations(deps: RevocationDeps): Revocations {
  const system = () => deps.db.system('sweep');
  const lanes = new Map<string, Promise<void>>();
  let closing = false;

  /** What all rows of a connection need, read once for those that are tried together. */
  function openConnection(row: Pick<Claimed, 'environment_id' | 'connection_id'>): Opened {
    const connection = deps.db.inEnvironment(row.environment_id, async (tx) => {
      const [found] = await tx.select().from(schema.connections).where(eq(schema.connections.id, row.connection_id));
      return found;
    });
    let app: ReturnType<typeof oauthAppOf> | undefined;
    // Whoever comes first is told of a failure; nobody else may wait for it unheard.
    connection.catch(() => {});
    return { connection, app: (found) => (app ??= oauthAppOf(deps, found)) };
  }

  async function revoke(row: Claimed, opened: Opened): Promise<Outcome> {
    const connection = await opened.connection;
    if (connection === undefined) return { status: 'unproven', detail: 'the connection is gone, and with it the OAuth app' };
    const connector = await connectorOf(deps.catalogue, connection);
    if (connector === undefined) return { status: 'again', detail: `this build has no connector ${connection.connector}` };
    const { auth } = connector;
    if (isIssued(auth)) return endOfIssued(auth.secretOf, await byOwnCall(row, connector, connection, auth.revocation));
    if (auth.kind !== 'oauth2' && auth.kind !== 'oauth1') {
      return { status: 'unproven', detail: 'a key can be ended only by its owner, in the vendor’s settings; the copy here is destroyed' };
    }
    if (await wouldEndALiveGrant(row, auth.kind === 'oauth2' ? (auth.revocationEnds ?? 'account') : 'account')) {
      return {
        status: 'unproven',
        detail: 'left to expire: the same person’s account is connected, and the vendor may end its grant together with this token',
      };
    }
    if (auth.kind === 'oauth1') return outcomeOf(await byOwnCall(row, connector, connection, auth.revocation));
    const app = await opened.app(connection);
    if (app === undefined) return { status: 'again', detail: 'the connection has no complete OAuth app' };
    const credential = await deps.sealing.open<OAuth2Credential>(
      revocationPlace({ environmentId: row.environment_id, id: row.id, grantId: row.grant_id }),
      row.credential_ct,
    );
    const receipt = await revokeToken(deps.egress, app, credential, { timeoutMs });
    return outcomeOf(receipt);
  }

  /** The vendor's own call, made with the very credential that is to end. */
  async function byOwnCall(
    row: Claimed,
    connector: Connector,
    connection: ConnectionRow,
    request: ApiRequest | undefined,
  ): Promise<Receipt> {
    if (request === undefined) return { proven: false, final: true, detail: 'the vendor offers no revocation' };
    const [account] = await deps.db.inEnvironment(row.environment_id, (tx) =>
      tx.select({ fields: accounts.fields }).from(accounts).where(eq(accounts.id, row.connected_account_id)),
    );
    const credential = await deps.sealing.open<Credential>(
      revocationPlace({ environmentId: row.environment_id, id: row.id, grantId: row.grant_id }),
      row.credential_ct,
    );
    const target = {
      connector,
      fields: { ...account?.fields, ...connection.fields },
      sandbox: connection.sandbox,
      app: (await consumerOf(deps, connector, connection))?.app,
    };
    return revokeByCall(deps.egress, target, request, credential, { timeoutMs });
  }

  /**
   * Many vendors end all that a person granted an app at once: a newer grant of the same person must survive the old one's
   * end, and so must one that the same person's provider account gave the organization, or the other way round. What
   * follows a `#` is the site or tenant of one person's account.
   */
  async function wouldEndALiveGrant(row: Claimed, ends: 'grant' | 'account'): Promise<boolean> {
    const found = await system().query({
      name: 'revocation: live grant',
      text: `select 1 from connected_accounts where id = $1 and status = 'ACTIVE' and grant_id = $2
             union all
             select 1 from connected_accounts a left join connected_accounts own on own.id = $1
               where $3 = 'account' and a.connection_id = $5 and split_part(a.provider_account_id, '#', 1) = split_part($4, '#', 1) and a.status = 'ACTIVE'
                 and (a.user_id is null or a.user_id = own.user_id or (own.id is not null and own.user_id is null))`,
      values: [row.connected_account_id, row.grant_id, ends, row.provider_account_id, row.connection_id],
    });
    return found.length > 0;
  }

  async function attempt(row: Claimed, opened: Opened = openConnection(row)): Promise<void> {
    const outcome = await revoke(row, opened).catch((error: unknown): Outcome => {
      if (error instanceof VaultError) return { status: 'unproven', detail: 'the sealed copy could not be opened' };
      if (isFault(error)) return { status: 'again', detail: error.detail ?? error.code };
      deps.log.error({ revocation_id: row.id, err: error }, 'revocation failed');
      return { status: 'again', detail: 'something went wrong on our side' };
    });
    if (outcome.status === 'again') await later(row, outcome.detail);
    else await end(row, outcome.status, outcome.detail);
  }

  /** Full jitter over a floor, doubling up to an hour, until the row's own time to give up. */
  async function later(row: Claimed, detail: string): Promise<void> {
    const longest = Math.min(secondsBetweenTries.longest, secondsBetweenTries.first * 2 ** Math.min(20, row.attempts - 1));
    const pause = longest * (0.5 + Math.random() / 2);
    const [put] = await system().query<{ over: boolean }>({
      name: 'revocation: later',
      text: `update revocations set detail = $3, next_attempt_at = clock_timestamp() + make_interval(secs => $4)
             where id = $1 and status = 'pending' and attempts = $2 returning give_up_at <= clock_timestamp() as over`,
      values: [row.id, row.attempts, detail, pause],
    });
    deps.log.warn({ revocation_id: row.id, account_id: row.connected_account_id, attempts: row.attempts, detail }, 'not revoked yet');
    if (put?.over === true) await end(row, 'unproven', `gave up after ${row.attempts} attempts; the last one: ${detail}`);
  }

  /** The receipt and its audit row are one statement: ten thousand of them are an afternoon's work otherwise. */
  async function end(row: Claimed, status: 'proven' | 'unproven', detail: string): Promise<void> {
    const details = { status, detail, cause: row.cause, connected_account: row.connected_account_id };
    const rows = await system().query({
      name: 'revocation: end',
      text: `with ended as (
               update revocations set status = $2, detail = $3, credential_ct = null, ended_at = clock_timestamp()
               where id = $1 and status = 'pending' returning id, environment_id)
             insert into audit_events (id, environment_id, action, actor_kind, target_kind, target_id, details)
             select $4, environment_id, $5, 'system', 'revocation', id, $6::jsonb from ended returning id`,
      values: [row.id, status, detail, newId('auditEvent'), 'revocation.ended' satisfies AuditAction, JSON.stringify(details)],
    });
    const ended = rows.length > 0;
    if (ended) deps.log.info({ revocation_id: row.id, account_id: row.connected_account_id, status, detail }, 'revocation ended');
  }

  /** The pace is kept by the rows: whoever claims counts what everybody sent within the last second. */
  function claimDue(connectionId: string): Promise<Claimed[]> {
    return system().tx(async (tx) => {
      const { rows: turn } = await tx.execute<{ mine: boolean }>(
        sql`select pg_try_advisory_xact_lock(hashtextextended(${`revocations ${connectionId}`}, 0)) as mine`,
      );
      if (turn[0]?.mine !== true) return [];
      const { rows } = await tx.execute<Claimed>(sql`
        update revocations set ${sql.raw(claim)} where id in (
          select id from revocations
          where connection_id = ${connectionId} and status = 'pending' and next_attempt_at <= clock_timestamp()
          order by next_attempt_at
          limit greatest(0, ${deps.perSecond} - (
            select count(*) from revocations where connection_id = ${connectionId} and attempted_at > clock_timestamp() - interval '1 second'))
          for update skip locked)
        returning ${sql.raw(claimedColumns)}`);
      return rows;
    });
  }

  async function lane(connectionId: string): Promise<void> {
    while (!closing) {
      const startedAt = performance.now();
      const rows = await claimDue(connectionId);
      const [one] = rows;
      if (one === undefined) return;
      const opened = openConnection(one);
      const workers = Array.from({ length: Math.min(parallel, rows.length) }, async () => {
        for (let row = rows.pop(); row !== undefined && !closing; row = rows.pop()) await attempt(row, opened);
      });
      await Promise.all(workers);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 - (performance.now() - startedAt))));
    }
  }

  return {
    async tryNow(id) {
      try {
        const [row] = await system().query<Claimed>({
          name: 'revocation: claim the first try',
          text: `update revocations set ${claim} where id = $1 and status = 'pending' and attempts = 0 returning ${claimedColumns}`,
          values: [id],
        });
        if (row !== undefined) await attempt(row);
      } catch (err) {
        deps.log.warn({ revocation_id: id, err }, 'a revocation is left to the sweep');
      }
    },
    async sweep() {
      if (closing) return;
      const due = await system().query<{ connection_id: string }>({
        name: 'sweep: revocations due',
        text: "select distinct connection_id from revocations where status = 'pending' and next_attempt_at <= clock_timestamp()",
        values: [],
      });
      for (const { connection_id: id } of due) {
        if (lanes.has(id)) continue;
        const running = lane(id)
          .catch((err: unknown) => deps.log.warn({ connection_id: id, err }, 'revocations stopped; the next sweep goes on'))
          .finally(() => lanes.delete(id));
        lanes.set(id, running);
      }
    },
    async settled() {
      while (lanes.size > 0) await Promise.all(lanes.values());
    },
    async close() {
      closing = true;
      await this.settled();
    },
  };
}

function outcomeOf(receipt: Receipt): Outcome {
  return { status: receipt.proven ? 'proven' : receipt.final ? 'unproven' : 'again', detail: receipt.detail };
}

/** Of a token that was made of a long-lived secret: the token ends, or runs out; the secret is its owner's to end. */
function endOfIssued(secretOf: SecretOf, receipt: Receipt): Outcome {
  if (!receipt.proven && !receipt.final) return outcomeOf(receipt);
  const token = receipt.proven ? 'the last token was revoked' : `${receipt.detail}: the last token runs out by itself`;
  if (secretOf === 'connection') return { status: receipt.proven ? 'proven' : 'unproven', detail: `${token}, and no more are made` };
  return {
    status: 'unproven',
    detail: `${token}; the key can be ended only by its owner, in the vendor’s settings; the copy here is destroyed`,
  };
}

export async function listRevocations(
  ctx: Ctx,
  query: {
    limit: number;
    cursor?: string | undefined;
    status?: RevocationStatus | undefined;
    cause?: RevocationCause | undefined;
    connection_name?: string | undefined;
    connected_account_id?: string | undefined;
    incident_id?: string | undefined;
  },
): Promise<Page<Revocation>> {
  const before = decodeCursor('revocation', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          within.accountIds(ctx, tx, t.connectedAccountId),
          before === undefined ? undefined : lt(t.id, before),
          query.status === undefined ? undefined : eq(t.status, query.status),
          query.cause === undefined ? undefined : eq(t.cause, query.cause),
          query.connection_name === undefined ? undefined : eq(t.connectionName, query.connection_name),
          query.connected_account_id === undefined ? undefined : eq(t.connectedAccountId, query.connected_account_id),
          query.incident_id === undefined ? undefined : eq(t.incidentId, query.incident_id),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, presentRevocation);
}

export function presentRevocation(row: typeof t.$inferSelect): Revocation {
  return {
    id: row.id,
    connected_account_id: row.connectedAccountId,
    connection_id: row.connectionId,
    connection_name: row.connectionName,
    connector: row.connector,
    cause: row.cause as RevocationCause,
    incident_id: row.incidentId,
    status: row.status as RevocationStatus,
    detail: row.detail,
    attempts: row.attempts,
    next_attempt_at: row.status === 'pending' ? row.nextAttemptAt.toISOString() : null,
    created_at: row.createdAt.toISOString(),
    ended_at: row.endedAt?.toISOString() ?? null,
  };
}
