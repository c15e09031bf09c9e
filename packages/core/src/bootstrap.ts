import { everyPermission, newId } from '@grantway/contract';
import { schema } from '@grantway/db';
import { sql } from 'drizzle-orm';
import { createClient } from './clients.ts';
import { createCtx, type Modules } from './ctx.ts';

/** The workspace and environment that every installation begins with. Safe when several processes start at once. */
export async function ensureFirstEnvironment(modules: Modules): Promise<{ environmentId: string; clients: number }> {
  return modules.db.system('bootstrap').tx(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(7264110917)`);
    const [known] = await tx.select({ id: schema.environments.id }).from(schema.environments).orderBy(schema.environments.id).limit(1);
    if (known !== undefined) {
      const [clients] = await tx.select({ n: sql<number>`count(*)::int` }).from(schema.clients);
      return { environmentId: known.id, clients: clients?.n ?? 0 };
    }
    const [workspaceId, environmentId] = [newId('workspace'), newId('environment')];
    await tx.insert(schema.workspaces).values({ id: workspaceId, name: 'Default workspace' });
    await tx.insert(schema.environments).values({ id: environmentId, workspaceId, name: 'default' });
    return { environmentId, clients: 0 };
  });
}

/** Machine credentials made by the installation itself, for its operator: with every permission, those of later versions included. */
export async function createOperatorClient(
  modules: Modules,
  environmentId: string,
  name: string,
): Promise<{ clientId: string; clientSecret: string }> {
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'system', id: null }, requestId: newId('request') });
  return ctx.tx((tx) => createClient(ctx, tx, { name, scopes: [everyPermission] }));
}
