import { reveal, type Secret } from '@grantway/contract';
import type { Json, TestBroker } from '@grantway/test/harness';
import type { Rows } from '../api/rows.ts';

/** The row of an account, and what the vault keeps in it. */
export interface StoredAccount {
  id: string;
  environment_id: string;
  connection_id: string;
  status: string;
  reason: string | null;
  generation: string;
  grant_id: string | null;
  credential_ct: Buffer | null;
  access_fingerprint: Buffer | null;
  provider_account_id: string | null;
}

export const storedAccount = (rows: Rows, id: string) => rows.one<StoredAccount>('select * from connected_accounts where id = $1', [id]);

/** Opens the sealed credential, as only the broker's own process can. */
export async function openCredential(broker: TestBroker, account: StoredAccount): Promise<Json> {
  if (account.credential_ct === null) return undefined;
  const place = {
    environmentId: account.environment_id,
    table: 'connected_accounts',
    column: 'credential_ct',
    rowId: account.id,
    generation: Number(account.generation),
    grantId: account.grant_id ?? '',
  };
  return reveal((await broker.modules.sealing.open(place, account.credential_ct)) as Secret<Json>);
}

/** The OAuth app's secret of a connection. */
export async function openClientSecret(
  broker: TestBroker,
  rows: Rows,
  connectionId: string,
): Promise<{ clientId: string; clientSecret: string }> {
  const row = await rows.one<{ environment_id: string; client_id: string; secret_generation: string; client_secret_ct: Buffer }>(
    'select * from connections where id = $1',
    [connectionId],
  );
  const place = {
    environmentId: row.environment_id,
    table: 'connections',
    column: 'client_secret_ct',
    rowId: connectionId,
    generation: Number(row.secret_generation),
  };
  return {
    clientId: row.client_id,
    clientSecret: reveal((await broker.modules.sealing.open(place, row.client_secret_ct)) as Secret<string>),
  };
}
