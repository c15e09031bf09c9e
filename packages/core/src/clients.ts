import {
  allPermissions,
  type ClientCreate,
  type ClientUpdate,
  type CreatedSecret,
  everyPermission,
  Fault,
  isId,
  type MachineClient,
  newId,
  type Permission,
  restrictablePermissions,
} from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { mintBearer, type Sealing, sameBytes } from '@grantway/vault';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Ctx, Modules } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { configNamesOf, presentRestrictions, type Restrictions, storedRestrictions } from './restrictions.ts';

export interface Client {
  id: string;
  environmentId: string;
  scopes: Permission[];
  /** It holds the set `all`, not a list: permissions of later versions are among its scopes then. */
  holdsEveryPermission: boolean;
  restrictions: Restrictions;
  suspended: boolean;
  environmentSuspended: boolean;
}

const t = schema.clients;

const secretMac = (sealing: Sealing, clientId: string, secret: string) => sealing.mac('client secret', [clientId, secret]);

/** The set `all` is looked up when it is used, so that it holds what this version knows. */
function permissionsOf(stored: readonly string[], restrictions: Restrictions): Permission[] {
  const held = stored.includes(everyPermission) ? [...allPermissions] : (stored as Permission[]);
  return restrictions === null ? held : held.filter((permission) => restrictablePermissions.has(permission));
}

/** @throws Fault invalid_request: a permission over what belongs to everybody would lead around the restrictions */
function mustFit(scopes: readonly string[], restrictions: Restrictions): void {
  const beyond = restrictions === null ? undefined : scopes.find((scope) => !restrictablePermissions.has(scope));
  if (beyond !== undefined) throw new Fault('invalid_request', `a restricted client cannot hold ${beyond}, which reaches everybody`);
}

/** As it is stored: the set stands alone. */
function scopesToStore(scopes: readonly string[]): string[] {
  return scopes.includes(everyPermission) ? [everyPermission] : [...new Set(scopes)];
}

/** Makes machine credentials. The secret is answered once and kept as a keyed hash only. */
export async function createClient(ctx: Ctx, tx: Tx, input: ClientCreate): Promise<{ clientId: string; clientSecret: string }> {
  const clientId = newId('client');
  const clientSecret = mintBearer('clientSecret');
  const restrictions = await storedRestrictions(ctx, tx, input.restrictions ?? null);
  mustFit(input.scopes, restrictions);
  await tx.insert(schema.clients).values({
    id: clientId,
    environmentId: ctx.environmentId,
    name: input.name,
    scopes: scopesToStore(input.scopes),
    restrictions,
    secretMac: await secretMac(ctx.modules.sealing, clientId, clientSecret),
  });
  await ctx.audit(
    tx,
    'client.created',
    { kind: 'client', id: clientId },
    { name: input.name, ...(restrictions === null ? {} : { restrictions: input.restrictions }) },
  );
  return { clientId, clientSecret };
}

export async function findClient(modules: Modules, clientId: string): Promise<(Client & { secretMacs: Buffer[] }) | undefined> {
  if (!isId('client', clientId)) return undefined;
  const row = await modules.questions.client(clientId);
  if (row === undefined) return undefined;
  return {
    id: clientId,
    environmentId: row.environment_id,
    scopes: permissionsOf(row.scopes, row.restrictions),
    holdsEveryPermission: row.scopes.includes(everyPermission) && row.restrictions === null,
    restrictions: row.restrictions,
    suspended: row.suspended,
    environmentSuspended: row.environment_suspended,
    secretMacs: row.previous_secret_mac === null ? [row.secret_mac] : [row.secret_mac, row.previous_secret_mac],
  };
}

/** @throws Fault environment_suspended, client_suspended */
export function mustNotBeSuspended(client: Client): void {
  if (client.environmentSuspended) throw new Fault('environment_suspended');
  if (client.suspended) throw new Fault('client_suspended');
}

/** @throws Fault invalid_client, alike for an unknown id and a wrong secret; client_suspended only for the right secret */
export async function authenticateClient(modules: Modules, clientId: string, secret: string): Promise<Client> {
  const client = await findClient(modules, clientId);
  // The hash is computed for unknown ids too: time must not tell which ids exist.
  const presented = await secretMac(modules.sealing, clientId, secret);
  if (client === undefined || !client.secretMacs.some((mac) => sameBytes(mac, presented))) throw new Fault('invalid_client');
  mustNotBeSuspended(client);
  return client;
}

/** Nobody gives away what he has not got, neither by making a client nor by taking a stronger one over. */
function mustHold(ctx: Ctx, scopes: readonly string[]): void {
  const beyond = scopes.find((scope) => ctx.scopes !== undefined && !ctx.scopes.has(scope));
  if (beyond !== undefined)
    throw new Fault('insufficient_scope', `this access token lacks the scope ${beyond}, which the client has or would get`);
}

/** @throws Fault insufficient_scope */
export async function addClient(ctx: Ctx, input: ClientCreate): Promise<MachineClient & CreatedSecret> {
  mustHold(ctx, input.scopes);
  return ctx.tx(async (tx) => {
    const { clientId, clientSecret } = await createClient(ctx, tx, input);
    return { ...(await presentOne(ctx, tx, clientId)), client_secret: clientSecret };
  });
}

export async function listClients(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; name?: string | undefined },
): Promise<Page<MachineClient>> {
  const before = decodeCursor('client', query.cursor);
  return ctx.tx(async (tx) => {
    const rows = await tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          before === undefined ? undefined : lt(t.id, before),
          query.name === undefined ? undefined : eq(t.name, query.name),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1);
    const names = await configNamesOf(
      ctx,
      tx,
      rows.map((row) => row.restrictions),
    );
    return toPage(rows, query.limit, (row) => present(row, names));
  });
}

/** @throws Fault not_found, insufficient_scope, invalid_request for a client that would suspend itself */
export async function updateClient(ctx: Ctx, id: string, input: ClientUpdate): Promise<MachineClient> {
  return ctx.tx(async (tx) => {
    const known = await getRow(ctx, tx, id, 'lock');
    if (input.suspended === true && ctx.actor.id === id) {
      throw new Fault('invalid_request', 'a client cannot suspend itself: it could not undo it');
    }
    if (input.scopes !== undefined) mustHold(ctx, [...known.scopes, ...input.scopes]);
    const restrictions = input.restrictions === undefined ? known.restrictions : await storedRestrictions(ctx, tx, input.restrictions);
    // Whoever loosens a client takes it over as much as whoever gives it scopes.
    if (input.restrictions !== undefined) mustHold(ctx, known.scopes);
    if (input.restrictions !== undefined && ctx.actor.id === id) {
      throw new Fault('invalid_request', 'a client cannot restrict itself: it could not undo it');
    }
    mustFit(input.scopes ?? known.scopes, restrictions);
    await tx
      .update(t)
      .set({
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.scopes === undefined ? {} : { scopes: scopesToStore(input.scopes) }),
        restrictions,
        ...(input.suspended === undefined
          ? {}
          : { suspendedAt: input.suspended ? sql`coalesce(${t.suspendedAt}, clock_timestamp())` : null }),
      })
      .where(eq(t.id, id));
    await ctx.audit(tx, 'client.updated', { kind: 'client', id }, { ...input });
    return presentOne(ctx, tx, id);
  });
}

/** A new secret; the one of before is taken for a while longer, so that callers can change over without a gap. */
export async function rotateClientSecret(ctx: Ctx, id: string, overlapSeconds: number): Promise<MachineClient & CreatedSecret> {
  const clientSecret = mintBearer('clientSecret');
  const mac = await secretMac(ctx.modules.sealing, id, clientSecret);
  return ctx.tx(async (tx) => {
    const known = await getRow(ctx, tx, id, 'lock');
    mustHold(ctx, known.scopes);
    await tx
      .update(t)
      .set({
        secretMac: mac,
        previousSecretMac: overlapSeconds === 0 ? null : known.secretMac,
        previousSecretUntil: overlapSeconds === 0 ? null : sql`clock_timestamp() + make_interval(secs => ${overlapSeconds})`,
      })
      .where(eq(t.id, id));
    await ctx.audit(tx, 'client.secret_rotated', { kind: 'client', id }, { overlap_seconds: overlapSeconds });
    return { ...(await presentOne(ctx, tx, id)), client_secret: clientSecret };
  });
}

async function getRow(ctx: Ctx, tx: Tx, id: string, lock?: 'lock'): Promise<typeof t.$inferSelect> {
  const query = tx
    .select()
    .from(t)
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId)));
  const [row] = await (lock === undefined ? query : query.for('update'));
  if (row === undefined) throw new Fault('not_found', 'no such client');
  return row;
}

async function presentOne(ctx: Ctx, tx: Tx, id: string): Promise<MachineClient> {
  const row = await getRow(ctx, tx, id);
  return present(row, await configNamesOf(ctx, tx, [row.restrictions]));
}

function present(row: typeof t.$inferSelect, names: ReadonlyMap<string, string>): MachineClient {
  return {
    client_id: row.id,
    name: row.name,
    scopes: row.scopes,
    restrictions: presentRestrictions(row.restrictions, names),
    suspended: row.suspendedAt !== null,
    suspended_at: row.suspendedAt?.toISOString() ?? null,
    previous_secret_expires_at: row.previousSecretUntil?.toISOString() ?? null,
    credential_read:
      row.credentialRead === null
        ? null
        : { per_hour: row.credentialRead.perHour, per_day: row.credentialRead.perDay, keys: row.credentialRead.keys },
    created_at: row.createdAt.toISOString(),
  };
}
