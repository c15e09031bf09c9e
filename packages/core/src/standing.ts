import { Fault } from '@grantway/contract';
import type { Database } from '@grantway/db';
import type { Standing } from './tool-call-log.ts';

/** On whose account something is about to be sent. */
export interface OnBehalf {
  environmentId: string;
  clientId: string | null;
  userIdentifier: string;
}

/**
 * The last look before bytes leave for a provider, where anything was waited for since the lease looked: the status is read,
 * not remembered, so that a suspension holds from its own answer on.
 * @throws Fault environment_suspended, user_suspended, client_suspended; any error where the database cannot be read
 */
export async function mustStillBeServed({ db }: { db: Database }, of: OnBehalf): Promise<void> {
  const [row] = await db.system('lease credential').query<{ environment: boolean; client: boolean; user: boolean }>({
    name: 'still served',
    text: `select e.suspended_at is not null as environment, c.suspended_at is not null as client, u.suspended_at is not null as user
           from environments e left join users u on u.environment_id = e.id and u.identifier = $2 left join clients c on c.id = $3
           where e.id = $1`,
    values: [of.environmentId, of.userIdentifier, of.clientId],
  });
  mustStand({
    environmentSuspended: row === undefined || row.environment,
    userSuspended: row?.user === true,
    clientSuspended: row?.client === true,
  });
}

/** @throws Fault environment_suspended, user_suspended, client_suspended */
export function mustStand(standing: Standing): void {
  if (standing.environmentSuspended) throw new Fault('environment_suspended');
  if (standing.userSuspended) throw new Fault('user_suspended');
  if (standing.clientSuspended) throw new Fault('client_suspended');
}
