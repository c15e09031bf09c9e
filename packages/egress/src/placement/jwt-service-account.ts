import type { Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { issuedToken } from './issued-token.ts';
import type { Placement } from './placed.ts';

/** RFC 6750 section 2.1. */
export function placeServiceAccount(credential: Secret<Credential>): Placement {
  const { token, secrets } = issuedToken('jwt_service_account', credential);
  return { headers: { authorization: `Bearer ${token}` }, secrets };
}
