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

/** Of a credential that came too late to be stored; `basedOn` is the generation whose refresh token was spent for it. */
export function salvagePlace(salvaged: { environmentId: string; id: string; basedOn: number; grantId: string }): Place {
  return {
    environmentId: salvaged.environmentId,
    table: 'salvaged_credentials',
    column: 'credential_ct',
    rowId: salvaged.id,
    generation: salvaged.basedOn,
    grantId: salvaged.grantId,
  };
}
