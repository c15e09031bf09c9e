import { randomUUID } from 'node:crypto';
import { recordAudit, recordEvent } from '@grantway/db';
import { EgressError } from '@grantway/egress';
import { signWebhook, webhookSecretPlace } from '@grantway/vault';
import { sql } from 'drizzle-orm';
import type { Modules } from './ctx.ts';

/** A receiver has so long to answer; a claim outlives it, so that only a dead process's claims are taken over. */
const timeoutMs = 10_000;
const claimSeconds = 30;
/** Of one endpoint at a time; each of another account. */
const abreast = 16;
/** One job's share of the time: whoever has more to deliver is woken again. */
const shareMs = 20_000;

interface Claimed {
  endpoint_id: string;
  environment_id: string;
  url: string;
  secret_generation: string;
  secret_ct: Buffer;
  previous_secret_ct: Buffer | null;
  event_id: string;
  connected_account_id: string | null;
  type: string;
  data: Record<string, unknown>;
  created_at: Date;
}

interface Verdict {
  accepted: boolean;
  status: number | null;
  error: string | null;
  retryAfterSeconds: number | null;
}

/** Endpoints for which something is due: whoever has waited longest first. */
export async function endpointsWithDueDeliveries(modules: Modules, limit: number): Promise<string[]> {
  const rows = await modules.db.system('sweep').query<{ endpoint_id: string }>({
    name: 'webhooks: due',
    text: `select d.endpoint_id from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id
           where d.status = 'pending' and d.next_attempt_at <= clock_timestamp()
             and (d.claimed_until is null or d.claimed_until < clock_timestamp())
             and w.status = 'ENABLED' and (w.not_before is null or w.not_before <= clock_timestamp())
           group by d.endpoint_id order by min(d.next_attempt_at) limit $1`,
    values: [limit],
  });
  return rows.map((row) => row.endpoint_id);
}

/**
 * Delivers what is due to one endpoint, at least once and in each account's order. Any number may run at a time, for
 * the same endpoint too: rows are claimed before anything is sent, and no lock is held meanwhile.
 */
export async function deliverWebhooks(modules: Modules, endpointId: string): Promise<void> {
  const giveUpAt = performance.now() + shareMs;
  for (;;) {
    const claim = randomUUID();
    const round = await claimDue(modules, endpointId, claim);
    if (round.length === 0) return;
    const accepted = await Promise.all(round.map((delivery) => deliver(modules, delivery, claim)));
    if (!accepted.includes(true)) {
      await leaveAlone(modules, endpointId);
      return;
    }
    if (performance.now() > giveUpAt) return;
  }
}

/** The first undelivered event of each account, where its time has come. */
function claimDue(modules: Modules, endpointId: string, claim: string): Promise<Claimed[]> {
  return modules.db.system('sweep').query<Claimed & Record<string, unknown>>({
    name: 'webhooks: claim',
    text: `with first as (
             select d.endpoint_id, d.event_id from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id
             where d.endpoint_id = $1 and d.status = 'pending' and d.next_attempt_at <= clock_timestamp()
               and (d.claimed_until is null or d.claimed_until < clock_timestamp())
               and w.status = 'ENABLED' and (w.not_before is null or w.not_before <= clock_timestamp())
               and not exists (select 1 from webhook_deliveries e where e.endpoint_id = d.endpoint_id
                 and e.connected_account_id = d.connected_account_id and e.status = 'pending' and e.seq < d.seq)
             order by d.seq limit ${abreast} for update of d skip locked)
           update webhook_deliveries d set claim = $2, claimed_until = clock_timestamp() + make_interval(secs => ${claimSeconds}),
               attempts = d.attempts + 1, last_attempt_at = clock_timestamp()
             from first f, webhook_endpoints w, events e
             where d.endpoint_id = f.endpoint_id and d.event_id = f.event_id and w.id = d.endpoint_id and e.id = d.event_id
             returning d.endpoint_id, d.environment_id, w.url, w.secret_generation, w.secret_ct,
               case when w.previous_secret_expires_at > clock_timestamp() then w.previous_secret_ct end as previous_secret_ct,
               e.id as event_id, d.connected_account_id, e.type, e.data, e.created_at`,
    values: [endpointId, claim],
  });
}

async function deliver(modules: Modules, delivery: Claimed, claim: string): Promise<boolean> {
  const about = delivery.connected_account_id ?? delivery.event_id;
  await modules.faults?.at?.('webhook_claimed', about);
  const verdict = await send(modules, delivery);
  await modules.faults?.at?.('webhook_sent', about);
  const fields = { endpoint_id: delivery.endpoint_id, event_id: delivery.event_id, type: delivery.type, status: verdict.status };
  if (verdict.accepted) {
    await settleAccepted(modules, delivery, claim, verdict);
    modules.log.info(fields, 'webhook delivered');
  } else {
    await settleRefused(modules, delivery, claim, verdict);
    modules.log.warn({ ...fields, error: verdict.error }, 'webhook not delivered');
  }
  return verdict.accepted;
}

async function send(modules: Modules, delivery: Claimed): Promise<Verdict> {
  // https://www.standardwebhooks.com: the body's recommended members, and the three headers.
  const body = JSON.stringify({ type: delivery.type, timestamp: delivery.created_at.toISOString(), data: delivery.data });
  const timestamp = Math.floor(Date.now() / 1000);
  const of = { environmentId: delivery.environment_id, id: delivery.endpoint_id, generation: Number(delivery.secret_generation) };
  const sealed = [{ place: webhookSecretPlace(of), record: delivery.secret_ct }];
  if (delivery.previous_secret_ct !== null) {
    sealed.push({ place: webhookSecretPlace(of, 'previous_secret_ct'), record: delivery.previous_secret_ct });
  }
  const signature = await signWebhook(modules.sealing, sealed, { id: delivery.event_id, timestamp, body });
  try {
    const answer = await modules.egress.sendWebhook({
      url: delivery.url,
      headers: {
        'content-type': 'application/json',
        'webhook-id': delivery.event_id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature,
      },
      body,
      timeoutMs,
    });
    const accepted = answer.status >= 200 && answer.status < 300;
    return {
      accepted,
      status: answer.status,
      error: accepted ? null : `HTTP ${answer.status}`,
      retryAfterSeconds: accepted ? null : retryAfterSeconds(answer.headers['retry-after']),
    };
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { accepted: false, status: null, error: `${error.kind}: ${error.message}`.slice(0, 200), retryAfterSeconds: null };
  }
}

/** RFC 9110 section 10.2.3; a receiver may ask for up to a day. */
function retryAfterSeconds(value: string | undefined): number | null {
  if (value === undefined) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 86_400) : null;
}

/** Endpoint before delivery, as whoever changes an endpoint does: neither can wait for the other in a circle. */
async function settleAccepted(modules: Modules, delivery: Claimed, claim: string, verdict: Verdict): Promise<void> {
  await modules.db.system('sweep').tx(async (tx) => {
    await tx.execute(sql`update webhook_endpoints set failing_since = null, failures = 0, not_before = null
      where id = ${delivery.endpoint_id} and (failing_since is not null or failures > 0)`);
    // Where a replay was asked for meanwhile, the claim is gone and the event is sent once more.
    await tx.execute(sql`update webhook_deliveries set status = 'delivered', delivered_at = clock_timestamp(), claim = null,
        claimed_until = null, last_status = ${verdict.status}, last_error = null
      where endpoint_id = ${delivery.endpoint_id} and event_id = ${delivery.event_id} and claim = ${claim}`);
  });
}

/** Puts the delivery off, gives it up after three days, and disables an endpoint that accepted nothing for so long. */
async function settleRefused(modules: Modules, delivery: Claimed, claim: string, verdict: Verdict): Promise<void> {
  const { endpoint_id: endpointId, environment_id: environmentId } = delivery;
  await modules.db.system('sweep').tx(async (tx) => {
    await tx.execute(sql`select 1 from webhook_endpoints where id = ${endpointId} for no key update`);
    // Doubling from a second to half an hour, between half of it and all of it.
    const settled = await tx.execute(sql`
      update webhook_deliveries set claim = null, claimed_until = null, last_status = ${verdict.status}, last_error = ${verdict.error},
        status = case when give_up_at <= clock_timestamp() then 'given_up' else 'pending' end,
        next_attempt_at = clock_timestamp() + make_interval(secs => coalesce(${verdict.retryAfterSeconds}::float8,
          (0.5 + random() / 2) * least(1800, power(2, least(attempts - 1, 20)))))
      where endpoint_id = ${endpointId} and event_id = ${delivery.event_id} and claim = ${claim} returning 1`);
    if (settled.rows.length === 0) return;
    const { rows } = await tx.execute<{ reason: string; failing_since: Date; url: string }>(sql`
      with now_failing as (
        update webhook_endpoints set failing_since = coalesce(failing_since, clock_timestamp()),
          not_before = case when ${verdict.retryAfterSeconds}::float8 is null then not_before
            else greatest(not_before, clock_timestamp() + make_interval(secs => ${verdict.retryAfterSeconds}::float8)) end
        where id = ${endpointId} and status = 'ENABLED' returning failing_since)
      select case when ${verdict.status}::int = 410 then 'gone' else 'failing' end as reason from now_failing
        where ${verdict.status}::int = 410 or failing_since <= clock_timestamp() - interval '3 days'`);
    const reason = rows[0]?.reason;
    if (reason === undefined) return;
    await tx.execute(
      sql`update webhook_endpoints set status = 'DISABLED', reason = ${reason}, updated_at = clock_timestamp() where id = ${endpointId}`,
    );
    const details = { reason, status: verdict.status, error: verdict.error };
    await recordAudit(tx, {
      environmentId,
      action: 'webhook_endpoint.disabled',
      actor: { kind: 'system', id: null },
      target: { kind: 'webhook_endpoint', id: endpointId },
      requestId: null,
      details,
    });
    await recordEvent(tx, { environmentId, type: 'webhook_endpoint.disabled', data: { webhook_endpoint_id: endpointId, ...details } });
    modules.log.warn({ endpoint_id: endpointId, reason }, 'webhook endpoint disabled');
  });
}

/** Nothing of a whole round was accepted: the endpoint rests, however many accounts have something to tell it. */
async function leaveAlone(modules: Modules, endpointId: string): Promise<void> {
  await modules.db.system('sweep').query({
    name: 'webhooks: leave alone',
    text: `update webhook_endpoints set failures = failures + 1,
             not_before = greatest(not_before, clock_timestamp() + make_interval(secs => (0.5 + random() / 2) * least(60, power(2, least(failures, 10)))))
           where id = $1`,
    values: [endpointId],
  });
}
