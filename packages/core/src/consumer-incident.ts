import type { Connector, OAuth1Auth } from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import { schema } from '@grantway/db';
import { consumerIsAccepted } from '@grantway/oauth';
import type { Lease } from '@grantway/vault';
import { eq, sql } from 'drizzle-orm';
import type { Modules } from './ctx.ts';

/**
 * Before a refused OAuth 1.0a credential ends its account: a consumer secret that the vendor no longer takes refuses every
 * account alike, and is one incident of the connection.
 * @throws Fault connection_incident; provider_unavailable where the vendor gives no verdict
 */
export async function mustTakeTheConsumer(modules: Modules, connector: Connector, lease: Lease): Promise<void> {
  const { app } = lease;
  const auth = connector.auth as OAuth1Auth;
  if (app === undefined) throw new Fault('connection_not_ready');
  const sandboxOrigin = lease.sandbox ? modules.sandboxOrigin() : undefined;
  const consumer = { connector: connector as Connector & { auth: OAuth1Auth }, app, sandboxOrigin };
  // Without pages of the vendor there is nothing of the account's own that could have been refused.
  const accepted = auth.authorization === undefined ? false : await consumerIsAccepted(modules.egress, consumer);
  if (accepted === true) return;
  if (accepted === undefined) {
    throw new Fault('provider_unavailable', `${connector.name} refused the call, and does not say whether it still takes this connection`);
  }
  const { connections } = schema;
  await modules.db.inEnvironment(lease.environmentId, (tx) =>
    tx
      .update(connections)
      .set({ incidentAt: sql`coalesce(${connections.incidentAt}, clock_timestamp())`, incidentError: 'consumer_refused' })
      .where(eq(connections.id, lease.connectionId)),
  );
  throw new Fault('connection_incident', {
    detail: `the provider refuses the consumer key or secret of the connection "${lease.connectionName}"; its operator must act`,
  });
}
