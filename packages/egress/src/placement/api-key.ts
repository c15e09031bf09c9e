import { type ApiKeyAuth, type Credential, placeholders } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import type { Placement } from './placed.ts';

/** Fills the connector's header templates from the credential's fields, and from `fields` where the operator fixed them. */
export function placeApiKey(auth: ApiKeyAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'api_key') throw malformed('the credential is of another kind than the connector');
  const fieldValue = (name: string): string => {
    const field = auth.fields.find((f) => f.name === name);
    const source = Object.hasOwn(opened.fields, name) ? opened.fields : fields;
    const value = Object.hasOwn(source, name) ? source[name] : field?.default;
    if (field === undefined || value === undefined || value === '') throw malformed(`the credential has no ${name}`);
    return value;
  };
  const headers = Object.fromEntries(
    Object.entries(auth.headers).map(([header, template]) => {
      // One pass over the template, so that a value that looks like a placeholder stays a value.
      const filled = template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) => fieldValue(name));
      return [header.toLowerCase(), filled];
    }),
  );
  const secretNames = new Set(auth.fields.filter((f) => f.secret).map((f) => f.name));
  const placed = Object.values(auth.headers).flatMap(placeholders);
  const secrets = [...new Set([...placed, ...Object.keys(opened.fields)])].filter((name) => secretNames.has(name)).map(fieldValue);
  return { headers, secrets };
}
