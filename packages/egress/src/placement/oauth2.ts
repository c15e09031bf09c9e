import type { Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import type { Placement } from './placed.ts';

/** RFC 6750 section 2.1. */
export function placeOAuth2(credential: Secret<Credential>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'oauth2') throw malformed('the credential is of another kind than the connector');
  const { access_token, refresh_token, id_token } = opened;
  if (!/^[\x21-\x7e]+$/.test(access_token)) throw malformed('the access token cannot stand in a header');
  return {
    headers: { authorization: `Bearer ${access_token}` },
    secrets: [access_token, refresh_token, id_token].filter((value) => value !== undefined),
  };
}
