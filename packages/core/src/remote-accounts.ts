import type { Credential, StaticCredential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { storeGrant } from '@grantway/vault';
import { eq } from 'drizzle-orm';
import type { AccountRow } from './connected-accounts.ts';
import type { Modules } from './ctx.ts';
import { ensureAccount, type OwnerId } from './owned-accounts.ts';
import type { RemoteServer } from './remote-servers.ts';

/** The owner's default account at a server. */
export async function ensureRemoteAccount(
  modules: Pick<Modules, 'sealing'>,
  tx: Tx,
  server: RemoteServer,
  ownerId: OwnerId,
  requestId: string,
): Promise<AccountRow> {
  const account = await ensureAccount(tx, server.environmentId, server.connectionId, ownerId);
  return connectIfNothingIsEntered(modules, tx, server, account, requestId);
}

/** Where nobody has anything to enter, an account is connected as soon as it is there. One that was ended stays ended. */
export async function connectIfNothingIsEntered(
  modules: Pick<Modules, 'sealing'>,
  tx: Tx,
  { environmentId, settings }: RemoteServer,
  account: AccountRow,
  requestId: string,
): Promise<AccountRow> {
  if (settings.credential === 'user' || account.status !== 'PENDING_AUTH' || account.reason !== 'never_connected') return account;
  const { host } = new URL(settings.url);
  const nothing: StaticCredential = { kind: 'none', fields: {} };
  await storeGrant(tx, modules.sealing, {
    account: { id: account.id, environmentId },
    credential: new Secret<Credential>(nothing),
    providerAccount: { id: host, label: host },
    scopes: [],
    fields: {},
    actor: { kind: 'system', id: null },
    requestId,
  });
  const [connected] = await tx.select().from(schema.connectedAccounts).where(eq(schema.connectedAccounts.id, account.id));
  if (connected === undefined) throw new Error('the account vanished');
  return connected;
}
