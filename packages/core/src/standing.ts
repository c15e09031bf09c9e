import { Fault } from '@grantway/contract';

/** Who is not served any more. */
export interface Standing {
  environmentSuspended: boolean;
  userSuspended: boolean;
  clientSuspended: boolean;
}

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
export async function mustStillBeServed(
  { questions }: { questions: { standing(of: OnBehalf): Promise<Standing> } },
  of: OnBehalf,
): Promise<void> {
  mustStand(await questions.standing(of));
}

/** @throws Fault environment_suspended, user_suspended, client_suspended */
export function mustStand(standing: Standing): void {
  if (standing.environmentSuspended) throw new Fault('environment_suspended');
  if (standing.userSuspended) throw new Fault('user_suspended');
  if (standing.clientSuspended) throw new Fault('client_suspended');
}
