import type { BearerAuth, Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { fieldValues } from './field-values.ts';
import type { Placement } from './placed.ts';

/** RFC 9110 section 11.4: the vendor's scheme and the token, or the token alone. */
export function placeBearer(auth: BearerAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'bearer') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  const token = values.fill(auth.token);
  if (!/^[\x21-\x7e]+$/.test(token)) throw malformed('the token cannot stand in a header');
  return { headers: { authorization: auth.scheme === '' ? token : `${auth.scheme} ${token}` }, secrets: values.secrets([auth.token]) };
}
