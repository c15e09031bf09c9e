import { Fault } from '@grantway/contract';
import { type Database, recordAudit, schema, type Tx } from '@grantway/db';
import { destroyEnvironmentKeys, eraseSealedValues } from '@grantway/vault';
import { eq, sql } from 'drizzle-orm';

// Deeds of the installation's operator: no client of an environment may do them, so that they are no routes of the API.

const t = schema.environments;
/** `by`: the name of the operator's account on his machine, as far as it is known. */
const operator = (by: string | null) => ({ actor: { kind: 'operator' as const, id: by }, requestId: null });

export interface EnvironmentState {
  id: string;
  name: string;
  workspace: string;
  suspended: boolean;
  forgotten: boolean;
}

export function listEnvironments(db: Database): Promise<EnvironmentState[]> {
  return db.system('bootstrap').query<EnvironmentState & Record<string, unknown>>({
    name: 'environments',
    text: `select e.id, e.name, w.name as workspace, e.suspended_at is not null as suspended, e.forgotten_at is not null as forgotten
           from environments e join workspaces w on w.id = e.workspace_id order by e.id`,
    values: [],
  });
}

async function lock(tx: Tx, id: string): Promise<typeof t.$inferSelect> {
  const [row] = await tx.select().from(t).where(eq(t.id, id)).for('update');
  if (row === undefined) throw new Fault('not_found', `there is no environment ${id}`);
  return row;
}

/** Every process reads the state with each call, so that the next one is refused; nothing is lost meanwhile. */
export async function suspendEnvironment(db: Database, id: string, by: string | null = null): Promise<void> {
  await db.system('bootstrap').tx(async (tx) => {
    await lock(tx, id);
    await tx
      .update(t)
      .set({ suspendedAt: sql`coalesce(${t.suspendedAt}, clock_timestamp())` })
      .where(eq(t.id, id));
    await recordAudit(tx, { environmentId: id, action: 'environment.suspended', target: { kind: 'environment', id }, ...operator(by) });
  });
}

export async function resumeEnvironment(db: Database, id: string, by: string | null = null): Promise<void> {
  await db.system('bootstrap').tx(async (tx) => {
    if ((await lock(tx, id)).forgottenAt !== null) throw new Fault('not_found', `the environment ${id} was forgotten`);
    await tx.update(t).set({ suspendedAt: null }).where(eq(t.id, id));
    await recordAudit(tx, { environmentId: id, action: 'environment.resumed', target: { kind: 'environment', id }, ...operator(by) });
  });
}

/**
 * Destroys the data keys of an environment and every sealed value in its rows: nothing of it opens again, from a backup
 * of the database either unless the backup holds the keys too. It stays suspended for good, with its audit.
 * @throws Fault in_use while credentials are live at their providers: afterwards nobody could revoke them
 */
export async function forgetEnvironment(db: Database, id: string, options: { unrevoked?: boolean; by?: string } = {}): Promise<void> {
  const who = operator(options.by ?? null);
  await db.system('bootstrap').tx(async (tx) => {
    await lock(tx, id);
    const { rows } = await tx.execute<{ n: number }>(sql`
      select ((select count(*) from connected_accounts where environment_id = ${id} and credential_ct is not null)
        + (select count(*) from salvaged_credentials where environment_id = ${id})
        + (select count(*) from verifications where environment_id = ${id} and kind = 'replacement' and sealed_ct is not null)
        + (select count(*) from revocations where environment_id = ${id} and status = 'pending'))::int as n`);
    const live = rows[0]?.n ?? 0;
    if (live > 0 && options.unrevoked !== true) {
      throw new Fault(
        'in_use',
        `${live} credential(s) were not revoked yet; end them with POST /v1/incidents first, or leave them alive knowingly`,
      );
    }
    await tx
      .update(t)
      .set({ suspendedAt: sql`coalesce(${t.suspendedAt}, clock_timestamp())`, forgottenAt: sql`clock_timestamp()` })
      .where(eq(t.id, id));
    await tx.execute(sql`
      update connected_accounts set credential_ct = null, access_fingerprint = null, refreshable = false, next_refresh_at = null, claim_owner = null,
        claim_deadline = null, generation = generation + 1, status = 'DISCONNECTED', reason = 'disconnected_by_operator',
        status_changed_at = clock_timestamp(), updated_at = clock_timestamp()
      where environment_id = ${id} and credential_ct is not null`);
    await tx.execute(sql`
      update revocations set credential_ct = null, status = 'unproven', ended_at = clock_timestamp(), detail = 'the environment was forgotten first'
      where environment_id = ${id} and status = 'pending'`);
    await tx.execute(sql`update incidents set finished_at = clock_timestamp() where environment_id = ${id} and finished_at is null`);
    await eraseSealedValues(tx, id);
    const { keys } = await destroyEnvironmentKeys(tx, id, who.actor);
    await recordAudit(tx, {
      environmentId: id,
      action: 'environment.forgotten',
      target: { kind: 'environment', id },
      details: { unrevoked: live, data_keys: keys.length },
      ...who,
    });
  });
}
