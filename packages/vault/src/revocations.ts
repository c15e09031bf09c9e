import type { Credential } from '@grantway/connector-kit';
import { newId, type RevocationCause, type Secret } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { eq, sql } from 'drizzle-orm';
import { credentialPlace } from './credential-place.ts';
import { VaultError } from './record.ts';
import type { Place, Sealing } from './sealing.ts';

export function revocationPlace(revocation: { environmentId: string; id: string; grantId: string }): Place {
  return {
    environmentId: revocation.environmentId,
    table: 'revocations',
    column: 'credential_ct',
    rowId: revocation.id,
    generation: 1,
    grantId: revocation.grantId,
  };
}

export interface ToRevoke {
  account: { id: string; environmentId: string };
  connectionId: string;
  providerAccountId: string | null;
  grantId: string;
  /** Undefined where the stored record does not open: then there is nothing to revoke with, and the receipt says so. */
  credential: Secret<Credential> | undefined;
  cause: RevocationCause;
  incidentId?: string | undefined;
  /** Chosen by a caller who wants to try it as soon as the transaction is durable. */
  id?: string | undefined;
}

/** How long a provider is asked again. */
const giveUpAfterHours = 72;
/** Whoever queues it usually tries it himself first; the sweep takes it over when he does not. */
const headStartSeconds = 5;

/** Queues a credential to be ended at its provider, in the transaction of the deed that ended it here. */
export async function queueRevocation(tx: Tx, sealing: Sealing, what: ToRevoke): Promise<string> {
  const id = what.id ?? newId('revocation');
  const { environmentId } = what.account;
  const [connection] = await tx
    .select({ name: schema.connections.name, connector: schema.connections.connector })
    .from(schema.connections)
    .where(eq(schema.connections.id, what.connectionId));
  const readable = what.credential !== undefined && connection !== undefined;
  await tx.insert(schema.revocations).values({
    id,
    environmentId,
    connectedAccountId: what.account.id,
    connectionId: what.connectionId,
    connectionName: connection?.name ?? '',
    connector: connection?.connector ?? '',
    providerAccountId: what.providerAccountId,
    grantId: what.grantId,
    cause: what.cause,
    incidentId: what.incidentId ?? null,
    credentialCt: readable
      ? await sealing.seal(revocationPlace({ environmentId, id, grantId: what.grantId }), what.credential as Secret<Credential>)
      : null,
    // What an incident ends comes by the thousand: it is paced by the sweep from the start.
    nextAttemptAt: sql`clock_timestamp() + make_interval(secs => ${what.incidentId === undefined ? headStartSeconds : 0})`,
    giveUpAt: sql`clock_timestamp() + make_interval(hours => ${giveUpAfterHours})`,
    ...(readable
      ? {}
      : {
          status: 'unproven',
          endedAt: sql`clock_timestamp()`,
          detail: 'the stored credential could not be opened, so that it could not be revoked',
        }),
  });
  return id;
}

export interface StoredGrant {
  id: string;
  environmentId: string;
  connectionId: string;
  providerAccountId: string | null;
  generation: number;
  grantId: string | null;
  credentialCt: Buffer | null;
}

/** Moves an account's credential into the outbox, sealed anew for its place there. Undefined where there is none. */
export async function queueStored(
  tx: Tx,
  sealing: Sealing,
  account: StoredGrant,
  why: Pick<ToRevoke, 'cause' | 'incidentId' | 'id'>,
): Promise<string | undefined> {
  const { grantId, credentialCt } = account;
  if (credentialCt === null || grantId === null) return undefined;
  const credential = await sealing.open<Credential>(credentialPlace({ ...account, grantId }), credentialCt).catch((error: unknown) => {
    // A record that was tampered with must not keep its account alive.
    if (error instanceof VaultError) return undefined;
    throw error;
  });
  return queueRevocation(tx, sealing, {
    account: { id: account.id, environmentId: account.environmentId },
    connectionId: account.connectionId,
    providerAccountId: account.providerAccountId,
    grantId,
    credential,
    ...why,
  });
}
