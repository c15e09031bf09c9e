import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

/** Pinned: Salesforce keeps a version for three years at least, and answers differ between them. */
export const data = '/services/data/v64.0';

export const limit = z.int().min(1).max(200).default(20).describe('Entries per page, 1 to 200');
export const nextCursor = z.string().nullable();
/** 15 characters, or 18 with a check. */
export const id = z.string().regex(/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/);
/** Standard objects and fields, and custom ones with their suffix (__c). */
export const apiName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,79}$/);
/** A field, also one of a related record: Account.Name */
export const fieldName = z.string().regex(/^[A-Za-z][A-Za-z0-9_.]{0,200}$/);
export const sobject_type = apiName.describe('API name of the object, such as Account or Invoice__c');
export const record_id = id.describe('Record id of 15 or 18 characters, from salesforce_query_soql');

export const Created = z.object({ id: z.string() });
export const createdOf = ({ id }: { id: string }) => ({ id });
export const createdExample = (id: string) => ({ id, success: true, errors: [], warnings: [], infos: [] });

/** A change that Salesforce answers with 204 and no body. */
export const Done = z.object({ done: z.boolean() });
export const done = () => ({ done: true });

/** Salesforce writes offsets without a colon; outside moments are RFC 3339 in UTC. */
export function isoOf(value: unknown): string | null {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : null;
}

export interface Row {
  attributes?: { type?: string; url?: string };
  [field: string]: unknown;
}

const textMax = 4000;

/** A row without what Salesforce says about itself; related records and lists of them likewise, as deep as SOQL goes. */
export function rowOf(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name !== 'attributes')
      .map(([name, value]) => [name, plainOf(value)]),
  );
}

function plainOf(value: unknown): unknown {
  if (typeof value === 'string') return value.length > textMax ? `${value.slice(0, textMax)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  const { records } = value as { records?: unknown };
  if (Array.isArray(records)) return records.map((record) => rowOf(record as Row));
  return Array.isArray(value) ? value : rowOf(value as Row);
}

/** Whether a text in the rows was cut. */
export function isCut(value: unknown): boolean {
  if (typeof value === 'string') return value.length > textMax;
  return typeof value === 'object' && value !== null && Object.values(value).some(isCut);
}

export const Fields = z.record(apiName, z.union([z.string(), z.number(), z.boolean(), z.null()]));

export function from(operation: string): Provenance {
  return { specification: 'jsforce', version: '3.10.16', operation };
}

export const restDocs = 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest';
export const analyticsDocs = 'https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics';

export function attributesExample(type: string, id: string) {
  return { attributes: { type, url: `${data}/sobjects/${type}/${id}` } };
}
