import type { Credential, StaticCredential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import type { Tx } from '@grantway/db';
import { storeGrant } from '@grantway/vault';
import { type AccountRow, ensureAccount } from './connected-accounts.ts';
import type { Modules } from './ctx.ts';
import type { RemoteServer } from './remote-servers.ts';

/** Where nobody has anything to enter, an account is connected as soon as it is there. One that was ended stays ended. */
export async function ensureRemoteAccount(
  modules: Pick<Modules, 'sealing'>,
  tx: Tx,
  server: RemoteServer,
  userId: string,
  requestId: string,
): Promise<AccountRow> {
  const { environmentId, connectionId, settings } = server;
  const account = await ensureAccount(tx, environmentId, connectionId, userId);
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
  return ensureAccount(tx, environmentId, connectionId, userId);
}
