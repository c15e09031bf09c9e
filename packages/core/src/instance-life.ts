import { type EventType, Fault, type McpInstanceSummary, type McpInstanceUpdate, type McpInstanceWithUrl } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { noInstance, ownInstances, readSummary, urlOf } from './instance-summaries.ts';

/**
 * How an instance's URL ends and begins again. A URL that has ended stays so: whatever is in use again has another secret.
 * Nothing is told to processes that serve it: each call, and each second of whatever stays open, reads the row.
 */

const t = schema.mcpInstances;
type Row = typeof t.$inferSelect;
type Deed = 'updated' | 'rotated' | 'deleted';

/** The next secret; the one of before is forgotten, or taken for a while longer. */
const nextSecret = (graceSeconds = 0) => ({
  secretVersion: sql`${t.secretVersion} + 1`,
  previousSecretUntil: graceSeconds === 0 ? null : sql`clock_timestamp() + make_interval(secs => ${graceSeconds})`,
});

const inSeconds = (seconds: number | null) => (seconds === null ? null : sql`clock_timestamp() + make_interval(secs => ${seconds})`);

/** An end, and for how long it was given: a renewed URL gets as long. @throws Fault invalid_request for one that has passed */
function untilMoment(moment: string | null) {
  if (moment === null) return { expiresAt: null, urlLifeSeconds: null };
  const seconds = Math.ceil((Date.parse(moment) - Date.now()) / 1000);
  if (seconds <= 0) {
    const detail = 'must be in the future; to end the URL now, revoke it';
    throw new Fault('invalid_request', { detail: `/expires_at: ${detail}`, errors: [{ pointer: '/expires_at', detail }] });
  }
  // A life of over a century is none that a column of seconds need hold.
  return { expiresAt: new Date(moment), urlLifeSeconds: Math.min(seconds, 3_155_760_000 / 2) };
}

/**
 * The instance as ensure_instance leaves it: with the end that was asked for, and, where its URL had expired, under a new
 * secret for as long as the URL was given last time.
 */
export async function renewed(ctx: Ctx, tx: Tx, instance: Row, expiresAt: string | null | undefined): Promise<Row> {
  const wish = expiresAt === undefined ? {} : untilMoment(expiresAt);
  if (expiresAt === undefined && instance.expiresAt === null) return instance;
  const [row] = await tx
    .select({ expired: sql<boolean>`coalesce(${t.expiresAt} <= clock_timestamp(), false)`, revokedAt: t.revokedAt })
    .from(t)
    .where(eq(t.id, instance.id))
    .for('update');
  if (row === undefined) throw noInstance();
  if (row.revokedAt !== null) throw new Fault('instance_revoked');
  const renewal = row.expired ? { ...nextSecret(), expiresAt: inSeconds(instance.urlLifeSeconds) } : {};
  const change = { ...renewal, ...wish };
  const [now] =
    Object.keys(change).length === 0
      ? await tx.select().from(t).where(eq(t.id, instance.id))
      : await tx.update(t).set(change).where(eq(t.id, instance.id)).returning();
  if (now === undefined) throw noInstance();
  if (row.expired) await tell(ctx, tx, now.id, 'mcp_instance.rotated', { reason: 'expired' });
  return now;
}

/** @throws Fault not_found, instance_revoked, instance_expired: an ended URL is renewed by ensure_instance, under another secret */
export async function updateMcpInstance(ctx: Ctx, id: string, input: McpInstanceUpdate): Promise<McpInstanceSummary> {
  return ctx.tx(async (tx) => {
    const { expired } = await lockLive(ctx, tx, id);
    if (expired) throw new Fault('instance_expired', 'this MCP URL has expired already; ensure the instance for a new one');
    await tx.update(t).set(untilMoment(input.expires_at)).where(eq(t.id, id));
    await record(ctx, tx, id, 'updated', { expires_at: input.expires_at });
    return readSummary(ctx, tx, id);
  });
}

/** Another URL for the same instance. @throws Fault not_found, instance_revoked */
export async function rotateMcpInstance(ctx: Ctx, id: string, graceSeconds: number): Promise<McpInstanceWithUrl> {
  return ctx.tx(async (tx) => {
    const { expired, urlLifeSeconds } = await lockLive(ctx, tx, id);
    const [row] = await tx
      .update(t)
      // What has expired gets no grace.
      .set({ ...nextSecret(expired ? 0 : graceSeconds), ...(expired ? { expiresAt: inSeconds(urlLifeSeconds) } : {}) })
      .where(eq(t.id, id))
      .returning();
    await record(ctx, tx, id, 'rotated', { grace_seconds: graceSeconds });
    return { ...(await readSummary(ctx, tx, id)), url: await urlOf(ctx.modules, row as Row) };
  });
}

/** Ends the URL and all session tokens, until the instance is restored. Again is nothing. @throws Fault not_found */
export async function revokeMcpInstance(ctx: Ctx, id: string): Promise<McpInstanceSummary> {
  return ctx.tx(async (tx) => {
    const { revokedAt } = await lock(ctx, tx, id);
    if (revokedAt === null) {
      await tx
        .update(t)
        .set({ revokedAt: sql`clock_timestamp()`, previousSecretUntil: null, sessionEpoch: sql`${t.sessionEpoch} + 1` })
        .where(eq(t.id, id));
      await tell(ctx, tx, id, 'mcp_instance.revoked');
    }
    await ctx.audit(tx, 'mcp_instance.revoked', { kind: 'mcp_instance', id }, revokedAt === null ? {} : { again: true });
    return readSummary(ctx, tx, id);
  });
}

/**
 * The one deed that makes a revoked instance live again, under another URL. Of one that is live it changes nothing.
 * @throws Fault not_found; instance_revoked to a restricted client
 */
export async function restoreMcpInstance(ctx: Ctx, id: string): Promise<McpInstanceWithUrl> {
  return ctx.tx(async (tx) => {
    const found = await lock(ctx, tx, id);
    let row: Row | undefined = found;
    if (found.revokedAt !== null) {
      mayUndo(ctx);
      [row] = await tx
        .update(t)
        .set({ ...nextSecret(), revokedAt: null, ...(found.expired ? { expiresAt: inSeconds(found.urlLifeSeconds) } : {}) })
        .where(eq(t.id, id))
        .returning();
      await tell(ctx, tx, id, 'mcp_instance.restored');
    }
    await ctx.audit(tx, 'mcp_instance.restored', { kind: 'mcp_instance', id }, found.revokedAt === null ? { again: true } : {});
    return { ...(await readSummary(ctx, tx, id)), url: await urlOf(ctx.modules, row as Row) };
  });
}

/** The URL is then unknown, and who ensures the instance again gets another. @throws Fault not_found */
export async function deleteMcpInstance(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const row = await lock(ctx, tx, id);
    // It would be enough to delete, and to ask again.
    if (row.revokedAt !== null) mayUndo(ctx);
    await record(ctx, tx, id, 'deleted');
    await tx.delete(t).where(eq(t.id, id));
  });
}

/** Who is narrowed to some users may be the very agent from whom the URL was taken. @throws Fault instance_revoked */
function mayUndo(ctx: Ctx): void {
  if (ctx.restrictions !== null) throw new Fault('instance_revoked', 'a restricted client cannot undo a revocation');
}

async function lock(ctx: Ctx, tx: Tx, id: string): Promise<Row & { expired: boolean }> {
  const [row] = await tx
    .select({ instance: t, expired: sql<boolean>`coalesce(${t.expiresAt} <= clock_timestamp(), false)` })
    .from(t)
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .where(and(eq(t.id, id), ownInstances(ctx)))
    .for('update', { of: t });
  if (row === undefined) throw noInstance();
  return { ...row.instance, expired: row.expired };
}

async function lockLive(ctx: Ctx, tx: Tx, id: string): Promise<Row & { expired: boolean }> {
  const row = await lock(ctx, tx, id);
  if (row.revokedAt !== null) throw new Fault('instance_revoked', 'this MCP URL was revoked; restore the instance first');
  return row;
}

async function record(ctx: Ctx, tx: Tx, id: string, deed: Deed, details: Record<string, unknown> = {}): Promise<void> {
  await tell(ctx, tx, id, `mcp_instance.${deed}`, details);
  await ctx.audit(tx, `mcp_instance.${deed}`, { kind: 'mcp_instance', id }, details);
}

/** The event of a deed; the instance is locked, and still there. */
export async function tell(ctx: Ctx, tx: Tx, id: string, type: EventType, details: Record<string, unknown> = {}): Promise<void> {
  const [names] = await tx
    .select({ identifier: schema.users.identifier, config_name: schema.mcpConfigs.name, client_id: t.clientId })
    .from(t)
    .innerJoin(schema.users, eq(schema.users.id, t.userId))
    .innerJoin(schema.mcpConfigs, eq(schema.mcpConfigs.id, t.configId))
    .where(eq(t.id, id));
  await recordEvent(tx, { environmentId: ctx.environmentId, type, data: { mcp_instance_id: id, ...names, ...details } });
}
