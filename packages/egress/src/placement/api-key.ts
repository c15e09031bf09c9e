import { type ApiKeyAuth, type Credential, templatesOf } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { type FieldValues, fieldValues } from './field-values.ts';
import type { Placement } from './placed.ts';

// Of the connector alone, which does not change.
const templates = new WeakMap<ApiKeyAuth, readonly string[]>();

/** Fills the connector's header templates from the credential's fields, and from `fields` where the operator fixed them. */
export function placeApiKey(auth: ApiKeyAuth, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'api_key') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  const query = auth.query === undefined ? undefined : filledAll(auth.query, values.fill);
  const headers: Record<string, string> = {};
  for (const header in auth.headers) headers[lowerName(header, values)] = values.fill(auth.headers[header] as string);
  const placement: Placement = { headers, secrets: values.secrets(templatesFor(auth)) };
  if (query !== undefined) {
    placement.query = query;
    // What stands in a URL is echoed as it stands there, and that spelling may be spelled once more.
    for (const value of Object.values(query)) placement.secrets.push(new URLSearchParams({ v: value }).toString().slice(2));
  }
  if (auth.pathPrefix !== undefined) placement.pathPrefix = segment(values.fill(auth.pathPrefix));
  return placement;
}

// Of connectors' own headers, of which there are few.
const lowerNames = new Map<string, string>();

function lowerName(header: string, values: FieldValues): string {
  if (header.includes('{')) return values.fill(header).toLowerCase();
  const found = lowerNames.get(header) ?? header.toLowerCase();
  lowerNames.set(header, found);
  return found;
}

function templatesFor(auth: ApiKeyAuth): readonly string[] {
  const found = templates.get(auth) ?? templatesOf(auth);
  templates.set(auth, found);
  return found;
}

function filledAll(templates: Record<string, string>, fill: (template: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(templates).map(([name, template]) => [name, fill(template)]));
}

// RFC 3986 section 3.3, without what could end the segment, leave it, or be read differently by two readers.
function segment(text: string): string {
  if (!/^\/[A-Za-z0-9_~:-][A-Za-z0-9._~:-]*$/.test(text)) throw malformed('the key cannot stand in a path');
  return text;
}
