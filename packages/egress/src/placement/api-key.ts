import { type ApiKeyAuth, type Credential, templatesOf } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { fieldValues } from './field-values.ts';
import type { Placement } from './placed.ts';

/** Fills the connector's header templates from the credential's fields, and from `fields` where the operator fixed them. */
export function placeApiKey(auth: ApiKeyAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'api_key') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  const query = auth.query === undefined ? undefined : filledAll(auth.query, values.fill);
  return {
    headers: Object.fromEntries(
      Object.entries(auth.headers).map(([header, template]) => [values.fill(header).toLowerCase(), values.fill(template)]),
    ),
    ...(query === undefined ? {} : { query }),
    ...(auth.pathPrefix === undefined ? {} : { pathPrefix: segment(values.fill(auth.pathPrefix)) }),
    // What stands in a URL is echoed as it stands there, and that spelling may be spelled once more.
    secrets: [
      ...values.secrets(templatesOf(auth)),
      ...Object.values(query ?? {}).map((value) => new URLSearchParams({ v: value }).toString().slice(2)),
    ],
  };
}

function filledAll(templates: Record<string, string>, fill: (template: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(templates).map(([name, template]) => [name, fill(template)]));
}

// RFC 3986 section 3.3, without what could end the segment, leave it, or be read differently by two readers.
function segment(text: string): string {
  if (!/^\/[A-Za-z0-9_~:-][A-Za-z0-9._~:-]*$/.test(text)) throw malformed('the key cannot stand in a path');
  return text;
}
