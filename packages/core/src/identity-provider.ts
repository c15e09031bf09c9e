import { Fault, type IdentityProviderPut, type IdentityProviderSetting, newId, Secret } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import type { IdentityProvider } from '@grantway/oauth';
import type { Place } from '@grantway/vault';
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Ctx, Modules } from './ctx.ts';
import { isLoopbackUrl } from './verification.ts';

const t = schema.identityProviders;
export type IdentityProviderRow = typeof t.$inferSelect;

/** Where the provider sends people back to: one address for each environment, so that no other's answer can be fed in. */
export const signedInUri = (baseUrl: string, environmentId: string): string => `${baseUrl}/oauth/signed-in/${environmentId}`;

function secretPlace(environmentId: string, id: string, generation: number): Place {
  return { environmentId, table: 'identity_providers', column: 'client_secret_ct', rowId: id, generation };
}

/** @throws Fault not_found, invalid_request */
export async function putIdentityProvider(ctx: Ctx, input: IdentityProviderPut): Promise<IdentityProviderSetting> {
  const { environmentId, modules } = ctx;
  if (input.issuer.startsWith('http:') && !isLoopbackUrl(modules.baseUrl())) {
    const detail = 'must be https';
    throw new Fault('invalid_request', { detail: `/issuer: ${detail}`, errors: [{ pointer: '/issuer', detail }] });
  }
  return ctx.tx(async (tx) => {
    const known = await lockRow(tx, environmentId);
    const id = known?.id ?? newId('identityProvider');
    const generation = (known?.secretGeneration ?? 0) + 1;
    const secret =
      input.client_secret === undefined
        ? {}
        : {
            secretGeneration: generation,
            clientSecretCt:
              input.client_secret === null
                ? null
                : await modules.sealing.seal(secretPlace(environmentId, id, generation), new Secret(input.client_secret)),
          };
    // A secret belongs to one provider: it is not sent to another one's address.
    const moved = known !== undefined && known.issuer !== input.issuer && input.client_secret === undefined;
    const values = {
      issuer: input.issuer,
      clientId: input.client_id,
      claim: input.claim,
      assumeS256: input.assume_s256,
      configIds: input.config_names === null ? null : await idsOf(ctx, tx, input.config_names),
      ...secret,
      ...(moved ? { clientSecretCt: null } : {}),
    };
    await tx
      .insert(t)
      .values({ id, environmentId, ...values })
      .onConflictDoUpdate({ target: t.environmentId, set: { ...values, updatedAt: sql`clock_timestamp()` } });
    await ctx.audit(tx, 'identity_provider.updated', { kind: 'identity_provider', id }, { issuer: input.issuer });
    return present(ctx, tx, (await lockRow(tx, environmentId)) as IdentityProviderRow);
  });
}

/** @throws Fault not_found */
export async function getIdentityProvider(ctx: Ctx): Promise<IdentityProviderSetting> {
  return ctx.tx(async (tx) => {
    const [row] = await tx.select().from(t).where(eq(t.environmentId, ctx.environmentId));
    if (row === undefined) throw new Fault('not_found', 'no identity provider is set');
    return present(ctx, tx, row);
  });
}

/** @throws Fault not_found */
export async function deleteIdentityProvider(ctx: Ctx): Promise<void> {
  await ctx.tx(async (tx) => {
    const gone = await tx.delete(t).where(eq(t.environmentId, ctx.environmentId)).returning({ id: t.id });
    if (gone[0] === undefined) throw new Fault('not_found', 'no identity provider is set');
    await ctx.audit(tx, 'identity_provider.deleted', { kind: 'identity_provider', id: gone[0].id });
  });
}

async function lockRow(tx: Tx, environmentId: string): Promise<IdentityProviderRow | undefined> {
  const [row] = await tx.select().from(t).where(eq(t.environmentId, environmentId)).for('update');
  return row;
}

async function idsOf(ctx: Ctx, tx: Tx, names: readonly string[]): Promise<string[]> {
  const { mcpConfigs: configs } = schema;
  const rows = await tx
    .select({ id: configs.id, name: configs.name })
    .from(configs)
    .where(and(eq(configs.environmentId, ctx.environmentId), inArray(configs.name, [...names])));
  const found = new Set(rows.map((row) => row.name));
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined) {
    const detail = `there is no MCP config "${missing}"`;
    throw new Fault('not_found', { detail, errors: [{ pointer: `/config_names/${names.indexOf(missing)}`, detail }] });
  }
  return rows.map((row) => row.id).sort();
}

async function present(ctx: Ctx, tx: Tx, row: IdentityProviderRow): Promise<IdentityProviderSetting> {
  const { mcpConfigs: configs } = schema;
  const named =
    row.configIds === null
      ? null
      : await tx.select({ name: configs.name }).from(configs).where(inArray(configs.id, row.configIds)).orderBy(configs.name);
  return {
    issuer: row.issuer,
    client_id: row.clientId,
    client_secret_set: row.clientSecretCt !== null,
    claim: row.claim,
    assume_s256: row.assumeS256,
    config_names: named === null ? null : named.map(({ name }) => name),
    redirect_uri: signedInUri(ctx.modules.baseUrl(), row.environmentId),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

/** The provider that signs people in to a config, or undefined where there is none for it. */
export async function findIdentityProvider(
  modules: Modules,
  environmentId: string,
  configId: string,
): Promise<(IdentityProvider & { claim: 'sub' | 'email' }) | undefined> {
  const row = await modules.db.inEnvironment(environmentId, async (tx) => {
    const [one] = await tx.select().from(t).where(eq(t.environmentId, environmentId));
    return one;
  });
  if (row === undefined || (row.configIds !== null && !row.configIds.includes(configId))) return undefined;
  return {
    issuer: row.issuer,
    clientId: row.clientId,
    claim: row.claim,
    assumeS256: row.assumeS256,
    clientSecret:
      row.clientSecretCt === null
        ? undefined
        : await modules.sealing.open<string>(secretPlace(environmentId, row.id, row.secretGeneration), row.clientSecretCt),
    redirectUri: signedInUri(modules.baseUrl(), environmentId),
  };
}
