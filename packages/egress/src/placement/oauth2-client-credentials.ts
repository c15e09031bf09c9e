import type { Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { issuedToken } from './issued-token.ts';
import type { Placement } from './placed.ts';

/** RFC 6750 section 2.1. */
export function placeClientCredentials(credential: Secret<Credential>): Placement {
  const { token, secrets } = issuedToken('oauth2_client_credentials', credential);
  return { headers: { authorization: `Bearer ${token}` }, secrets };
}
