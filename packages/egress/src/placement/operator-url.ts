import { type Connector, type Credential, fieldsOf } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';

/**
 * The operator's URL as it was when the key was entered, sealed with the key. It outweighs what the connection says since, so that a
 * key that a person entered for one service is never sent to another.
 */
export function sealedUrlOf(connector: Connector, credential: Secret<Credential>): Record<string, string> {
  const field = fieldsOf(connector.auth).find((f) => f.operatorUrl === true);
  if (field === undefined) return {};
  const opened = reveal(credential);
  const url = 'fields' in opened && Object.hasOwn(opened.fields, field.name) ? opened.fields[field.name] : undefined;
  return url === undefined ? {} : { [field.name]: url };
}
