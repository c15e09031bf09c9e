import type { ApiKeyAuth, Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { fieldValues } from './field-values.ts';
import type { Placement } from './placed.ts';

/** Fills the connector's header templates from the credential's fields, and from `fields` where the operator fixed them. */
export function placeApiKey(auth: ApiKeyAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'api_key') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  return {
    headers: Object.fromEntries(Object.entries(auth.headers).map(([header, template]) => [header.toLowerCase(), values.fill(template)])),
    secrets: values.secrets(Object.values(auth.headers)),
  };
}
