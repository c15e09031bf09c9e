import type { Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import type { Placement } from './placed.ts';

/** Nothing is placed; a credential that was stored for another kind of connector must not get lost here unnoticed. */
export function placeNothing(credential: Secret<Credential>): Placement {
  if (reveal(credential).kind !== 'none') throw malformed('the credential is of another kind than the connector');
  return { headers: {}, secrets: [] };
}
