import { allPermissions, Fault, isId, newId, type Permission } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { mintBearer, type Sealing, sameBytes } from '@grantway/vault';
import type { Ctx, Modules } from './ctx.ts';

export interface Client {
  id: string;
  environmentId: string;
  scopes: Permission[];
  suspended: boolean;
}

const secretMac = (sealing: Sealing, clientId: string, secret: string) => sealing.mac('client secret', [clientId, secret]);

/** Makes machine credentials. The secret is answered once and kept as a keyed hash only. */
export async function createClient(
  ctx: Ctx,
  tx: Tx,
  input: { name: string; scopes?: Permission[] },
): Promise<{ clientId: string; clientSecret: string }> {
  const clientId = newId('client');
  const clientSecret = mintBearer('clientSecret');
  await tx.insert(schema.clients).values({
    id: clientId,
    environmentId: ctx.environmentId,
    name: input.name,
    scopes: input.scopes ?? allPermissions,
    secretMac: await secretMac(ctx.modules.sealing, clientId, clientSecret),
  });
  await ctx.audit(tx, 'client.created', { kind: 'client', id: clientId }, { name: input.name });
  return { clientId, clientSecret };
}

export async function findClient(modules: Modules, clientId: string): Promise<(Client & { secretMac: Buffer }) | undefined> {
  if (!isId('client', clientId)) return undefined;
  const [row] = await modules.db.system('authenticate client').query<{
    environment_id: string;
    scopes: Permission[];
    suspended: boolean;
    secret_mac: Buffer;
  }>({
    name: 'client by id',
    text: 'select environment_id, scopes, secret_mac, suspended_at is not null as suspended from clients where id = $1',
    values: [clientId],
  });
  if (row === undefined) return undefined;
  return { id: clientId, environmentId: row.environment_id, scopes: row.scopes, suspended: row.suspended, secretMac: row.secret_mac };
}

/** @throws Fault invalid_client, alike for an unknown id and a wrong secret; client_suspended only for the right secret */
export async function authenticateClient(modules: Modules, clientId: string, secret: string): Promise<Client> {
  const client = await findClient(modules, clientId);
  // The hash is computed for unknown ids too: time must not tell which ids exist.
  const presented = await secretMac(modules.sealing, clientId, secret);
  if (client === undefined || !sameBytes(client.secretMac, presented)) throw new Fault('invalid_client');
  if (client.suspended) throw new Fault('client_suspended');
  return client;
}
