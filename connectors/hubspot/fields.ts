import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
/** HubSpot calls it `after`. */
export const cursor = z.string().max(500).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const id = z.string().regex(/^\d{1,20}$/);
/** Names of properties as the account defines them; hubspot_object_properties_list shows them. */
export const propertyName = z.string().regex(/^[a-z0-9_]{1,100}$/);
export const objectType = z.enum([
  'contacts',
  'companies',
  'deals',
  'tickets',
  'notes',
  'tasks',
  'calls',
  'emails',
  'meetings',
  'products',
]);

export interface Paged {
  paging?: { next?: { after?: string } };
}

export function nextOf({ paging }: Paged): string | null {
  return paging?.next?.after ?? null;
}

const valueMax = 4000;

/** What every record of the CRM has; properties that are empty are left out. */
export const CrmRecord = z.object({
  id: z.string(),
  properties: z.record(z.string(), z.string()),
  truncated: z.boolean(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

export interface RecordBody {
  id: string;
  properties: Record<string, string | null>;
  createdAt?: string;
  updatedAt?: string;
}

/** Said by HubSpot with every record, and by ours in fields of their own. */
const said = new Set(['hs_object_id', 'createdate', 'hs_createdate', 'lastmodifieddate', 'hs_lastmodifieddate']);

export function recordOf(record: RecordBody): z.input<typeof CrmRecord> {
  const held = Object.entries(record.properties).filter(
    (entry): entry is [string, string] => entry[1] !== null && entry[1] !== '' && !said.has(entry[0]),
  );
  return {
    id: record.id,
    properties: Object.fromEntries(held.map(([name, value]) => [name, value.slice(0, valueMax)])),
    truncated: held.some(([, value]) => value.length > valueMax),
    created_at: record.createdAt ?? null,
    updated_at: record.updatedAt ?? null,
  };
}

/** Further properties, by the names that the account gives them. */
export const moreProperties = z
  .record(propertyName, z.string().max(65_536))
  .optional()
  .describe('Further properties by internal name; "" empties one');

/** Those that were given; HubSpot takes texts alone. */
export function texts(values: Record<string, string | number | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

export function from(operation: string): Provenance {
  return { specification: '@hubspot/api-client', version: '14.0.1', operation };
}

export const docsBase = 'https://developers.hubspot.com/docs/api-reference';

export function recordExample(id: string, properties: Record<string, string | null>): RecordBody & { archived: boolean; url: string } {
  return {
    id,
    properties: {
      ...properties,
      createdate: '2025-11-03T08:30:00.000Z',
      hs_lastmodifieddate: '2025-11-21T10:04:40.113Z',
      hs_object_id: id,
    },
    createdAt: '2025-11-03T08:30:00.000Z',
    updatedAt: '2025-11-21T10:04:40.113Z',
    archived: false,
    url: `https://app.hubspot.com/contacts/242424/record/0-0/${id}`,
  };
}

export function recordGiven(id: string, properties: Record<string, string>) {
  return {
    id,
    properties,
    truncated: false,
    created_at: '2025-11-03T08:30:00.000Z',
    updated_at: '2025-11-21T10:04:40.113Z',
  };
}
