import {
  type EventType,
  Fault,
  isId,
  isPlainUrl,
  newId,
  type WebhookDelivery,
  type WebhookEndpoint,
  type WebhookEndpointCreate,
  type WebhookEndpointUpdate,
  type WebhookEndpointWithSecret,
  type WebhookReplay,
} from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { mintWebhookSecret, webhookSecretPlace } from '@grantway/vault';
import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';

const t = schema.webhookEndpoints;
const deliveries = schema.webhookDeliveries;
type EndpointRow = typeof t.$inferSelect;

/** The answer to one request; later events wait for the next. */
const maxReplayed = 10_000;

/** @throws Fault invalid_request for a URL that could never be reached */
export async function createWebhookEndpoint(ctx: Ctx, input: WebhookEndpointCreate): Promise<WebhookEndpointWithSecret> {
  mustBeReachable(ctx, input.url);
  const id = newId('webhookEndpoint');
  const { shown, secret } = mintWebhookSecret();
  const secretCt = await ctx.modules.sealing.seal(webhookSecretPlace({ environmentId: ctx.environmentId, id, generation: 1 }), secret);
  const row = await ctx.tx(async (tx) => {
    const [made] = await tx
      .insert(t)
      .values({
        id,
        environmentId: ctx.environmentId,
        url: input.url,
        description: input.description,
        eventTypes: typesOf(input.events),
        secretGeneration: 1,
        secretCt,
      })
      .returning();
    await ctx.audit(tx, 'webhook_endpoint.created', { kind: 'webhook_endpoint', id }, { host: new URL(input.url).host });
    return made as EndpointRow;
  });
  return { ...present(row), secret: shown };
}

export async function listWebhookEndpoints(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<WebhookEndpoint>> {
  const before = decodeCursor('webhookEndpoint', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(and(eq(t.environmentId, ctx.environmentId), before === undefined ? undefined : lt(t.id, before)))
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, present);
}

export async function getWebhookEndpoint(ctx: Ctx, id: string): Promise<WebhookEndpoint> {
  return present(await ctx.tx((tx) => getRow(ctx, tx, id)));
}

/** @throws Fault not_found, invalid_request */
export async function updateWebhookEndpoint(ctx: Ctx, id: string, input: WebhookEndpointUpdate): Promise<WebhookEndpoint> {
  if (input.url !== undefined) mustBeReachable(ctx, input.url);
  return ctx.tx(async (tx) => {
    const before = await getRow(ctx, tx, id, 'lock');
    const enabled = input.status === 'ENABLED' && before.status === 'DISABLED';
    const [row] = await tx
      .update(t)
      .set({
        ...(input.url === undefined ? {} : { url: input.url }),
        ...(input.description === undefined ? {} : { description: input.description }),
        ...(input.events === undefined ? {} : { eventTypes: typesOf(input.events) }),
        ...(input.status === 'DISABLED' && before.status === 'ENABLED' ? { status: 'DISABLED', reason: 'disabled_by_operator' } : {}),
        ...(enabled ? { status: 'ENABLED', reason: null } : {}),
        // Another address, or a new beginning: what the old one did no longer counts.
        ...(enabled || input.url !== undefined ? { failingSince: null, failures: 0, notBefore: null } : {}),
        updatedAt: sql`clock_timestamp()`,
      })
      .where(eq(t.id, id))
      .returning();
    if (enabled || input.url !== undefined) {
      await tx
        .update(deliveries)
        .set({ nextAttemptAt: sql`clock_timestamp()`, giveUpAt: sql`clock_timestamp() + interval '3 days'` })
        .where(and(eq(deliveries.endpointId, id), eq(deliveries.status, 'pending')));
    }
    await ctx.audit(tx, 'webhook_endpoint.updated', { kind: 'webhook_endpoint', id }, { changed: Object.keys(input).sort() });
    return present(row as EndpointRow);
  });
}

/** What was not yet delivered to it goes with it. */
export async function deleteWebhookEndpoint(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    await getRow(ctx, tx, id, 'lock');
    await tx.delete(t).where(eq(t.id, id));
    await ctx.audit(tx, 'webhook_endpoint.deleted', { kind: 'webhook_endpoint', id });
  });
}

/** A new secret; the one before signs too for a while, so that receivers can change over without losing anything. */
export async function rotateWebhookSecret(ctx: Ctx, id: string, input: { overlap_seconds: number }): Promise<WebhookEndpointWithSecret> {
  const { sealing } = ctx.modules;
  const { shown, secret } = mintWebhookSecret();
  const row = await ctx.tx(async (tx) => {
    const before = await getRow(ctx, tx, id, 'lock');
    const old = { environmentId: ctx.environmentId, id, generation: before.secretGeneration };
    const now = { ...old, generation: before.secretGeneration + 1 };
    const previous =
      input.overlap_seconds === 0
        ? null
        : await sealing.seal(
            webhookSecretPlace(now, 'previous_secret_ct'),
            await sealing.open<string>(webhookSecretPlace(old), before.secretCt),
          );
    const [changed] = await tx
      .update(t)
      .set({
        secretGeneration: now.generation,
        secretCt: await sealing.seal(webhookSecretPlace(now), secret),
        previousSecretCt: previous,
        previousSecretExpiresAt: previous === null ? null : sql`clock_timestamp() + make_interval(secs => ${input.overlap_seconds})`,
        updatedAt: sql`clock_timestamp()`,
      })
      .where(eq(t.id, id))
      .returning();
    const details = { overlap_seconds: input.overlap_seconds };
    await ctx.audit(tx, 'webhook_endpoint.secret_rotated', { kind: 'webhook_endpoint', id }, details);
    return changed as EndpointRow;
  });
  return { ...present(row), secret: shown };
}

/**
 * Sends events again, or for the first time where the endpoint was disabled or not there yet.
 * @throws Fault not_found, endpoint_disabled, unknown_event
 */
export async function replayEvents(ctx: Ctx, id: string, input: WebhookReplay): Promise<{ events: number }> {
  return ctx.tx(async (tx) => {
    const endpoint = await getRow(ctx, tx, id, 'lock');
    if (endpoint.status !== 'ENABLED') throw new Fault('endpoint_disabled', 'enable the endpoint first');
    const e = schema.events;
    const wanted = new Set(input.event_ids);
    if (input.event_ids !== undefined) {
      const known = await tx
        .select({ id: e.id })
        .from(e)
        .where(and(eq(e.environmentId, ctx.environmentId), inArray(e.id, [...wanted])));
      const missing = [...wanted].find((one) => !known.some((row) => row.id === one));
      if (missing !== undefined) {
        throw new Fault('unknown_event', {
          detail: 'there is no such event, or no longer',
          errors: [{ pointer: `/event_ids/${input.event_ids.indexOf(missing)}`, detail: 'no such event' }],
        });
      }
    }
    const chosen = sql`select ${e.id}, ${e.environmentId}, ${e.seq}, ${e.connectedAccountId} from ${e} where ${and(
      eq(e.environmentId, ctx.environmentId),
      input.event_ids === undefined ? undefined : inArray(e.id, [...wanted]),
      input.since === undefined ? undefined : sql`${e.createdAt} >= ${input.since}::timestamptz`,
      input.since === undefined || endpoint.eventTypes === null ? undefined : inArray(e.type, endpoint.eventTypes),
    )} order by ${e.seq} limit ${maxReplayed}`;
    const { rows } = await tx.execute(sql`
      with chosen as (${chosen})
      insert into webhook_deliveries as d (endpoint_id, event_id, environment_id, seq, connected_account_id)
        select ${id}, c.id, c.environment_id, c.seq, c.connected_account_id from chosen c
      on conflict (endpoint_id, event_id) do update set status = 'pending', attempts = 0, next_attempt_at = clock_timestamp(),
        give_up_at = clock_timestamp() + interval '3 days', delivered_at = null, claim = null, claimed_until = null
      returning event_id`);
    await ctx.audit(tx, 'webhook_endpoint.replayed', { kind: 'webhook_endpoint', id }, { events: rows.length });
    return { events: rows.length };
  });
}

export async function listWebhookDeliveries(
  ctx: Ctx,
  id: string,
  query: { limit: number; cursor?: string | undefined; status?: WebhookDelivery['status'] | undefined },
): Promise<Page<WebhookDelivery>> {
  const before = decodeCursor('event', query.cursor);
  const rows = await ctx.tx(async (tx) => {
    await getRow(ctx, tx, id);
    return tx
      .select({ id: deliveries.eventId, delivery: deliveries, type: schema.events.type })
      .from(deliveries)
      .innerJoin(schema.events, eq(schema.events.id, deliveries.eventId))
      .where(
        and(
          eq(deliveries.environmentId, ctx.environmentId),
          eq(deliveries.endpointId, id),
          before === undefined ? undefined : lt(deliveries.eventId, before),
          query.status === undefined ? undefined : eq(deliveries.status, query.status),
        ),
      )
      .orderBy(desc(deliveries.eventId))
      .limit(query.limit + 1);
  });
  return toPage(rows, query.limit, ({ delivery, type }) => ({
    event_id: delivery.eventId,
    type: type as EventType,
    connected_account_id: delivery.connectedAccountId,
    status: delivery.status as WebhookDelivery['status'],
    attempts: delivery.attempts,
    next_attempt_at: delivery.status === 'pending' ? delivery.nextAttemptAt.toISOString() : null,
    last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    delivered_at: delivery.deliveredAt?.toISOString() ?? null,
    created_at: delivery.createdAt.toISOString(),
  }));
}

function mustBeReachable(ctx: Ctx, url: string): void {
  const plain = isPlainUrl(url) ? undefined : 'the URL is not written plainly, or holds a fragment';
  const refusal = ctx.modules.egress.webhookRefusal(url) ?? plain;
  if (refusal === undefined) return;
  throw new Fault('invalid_request', { detail: `/url: ${refusal}`, errors: [{ pointer: '/url', detail: refusal }] });
}

const typesOf = (events: WebhookEndpointCreate['events']) => (events === 'all' ? null : [...new Set(events)]);

async function getRow(ctx: Ctx, tx: Tx, id: string, lock?: 'lock'): Promise<EndpointRow> {
  const query = tx
    .select()
    .from(t)
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
  const [row] = isId('webhookEndpoint', id) ? await (lock === undefined ? query : query.for('no key update')) : [];
  if (row === undefined) throw new Fault('not_found', 'no such webhook endpoint');
  return row;
}

function present(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    events: (row.eventTypes as EventType[] | null) ?? 'all',
    description: row.description,
    status: row.status as WebhookEndpoint['status'],
    reason: row.reason as WebhookEndpoint['reason'],
    failing_since: row.failingSince?.toISOString() ?? null,
    previous_secret_expires_at:
      row.previousSecretExpiresAt !== null && row.previousSecretExpiresAt.getTime() > Date.now()
        ? row.previousSecretExpiresAt.toISOString()
        : null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
