import type { BasicAuth, Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { fieldValues } from './field-values.ts';
import type { Placement } from './placed.ts';

/** RFC 7617 section 2, in UTF-8. A colon in the user name would move the border to the password. */
export function placeBasic(auth: BasicAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'basic') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  const [username, password] = [values.fill(auth.username), values.fill(auth.password)];
  if (username.includes(':')) throw malformed('the user name holds a colon');
  if (/\p{Cc}/u.test(username + password)) throw malformed('the credential holds a control character');
  const pair = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return { headers: { authorization: `Basic ${pair}` }, secrets: [...values.secrets([auth.username, auth.password]), pair] };
}
