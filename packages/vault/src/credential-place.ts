import type { Place } from './sealing.ts';

export function credentialPlace(account: { environmentId: string; id: string; generation: number; grantId: string }): Place {
  return {
    environmentId: account.environmentId,
    table: 'connected_accounts',
    column: 'credential_ct',
    rowId: account.id,
    generation: account.generation,
    grantId: account.grantId,
  };
}
