import { get, path, post, type Tool, tool, withoutUndefined } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  CrmRecord,
  cursor,
  docsBase,
  from,
  id,
  limit,
  nextCursor,
  nextOf,
  type Paged,
  propertyName,
  type RecordBody,
  recordOf,
} from './fields.ts';

const Filter = z.object({
  propertyName: z.string().describe('Internal name, or associations.contact'),
  operator: z
    .enum(['EQ', 'NEQ', 'LT', 'LTE', 'GT', 'GTE', 'BETWEEN', 'IN', 'NOT_IN', 'HAS_PROPERTY', 'NOT_HAS_PROPERTY', 'CONTAINS_TOKEN'])
    .describe('How to compare'),
  value: z.string().optional().describe('A text, number, or milliseconds'),
  highValue: z.string().optional().describe('Upper end of BETWEEN'),
  values: z.array(z.string()).optional().describe('For IN and NOT_IN'),
});

const shown = z.array(propertyName).max(100).optional().describe('Properties to show; the main ones unless told');

/** What one kind of record is called, and what is shown of it unless told. */
export interface Kind {
  /** As HubSpot's paths have it. */
  plural: string;
  singular: string;
  /** The client's name for it, for provenance. */
  client: string;
  properties: string[];
  scope: string;
  searchAlias?: string;
  searchDescription: string;
  example: { received: RecordBody; given: z.output<typeof CrmRecord>; query: string };
}

export function searchTool(kind: Kind): Tool {
  const { plural, example } = kind;
  return tool({
    name: `hubspot_${plural}_search`,
    ...(kind.searchAlias === undefined ? {} : { aliases: [kind.searchAlias] }),
    title: `Search ${plural}`,
    description: kind.searchDescription,
    effect: 'read',
    scopes: [kind.scope],
    input: z.object({
      query: z.string().max(3000).optional().describe('Words in the main properties'),
      filters: z.array(Filter).max(6).optional().describe('All must hold'),
      sort: z.string().max(100).default('-hs_lastmodifieddate').describe('Property, - for descending'),
      properties: shown,
      limit,
      cursor,
    }),
    output: z.object({ total: z.int(), results: z.array(CrmRecord), next_cursor: nextCursor }),
    request: ({ query, filters, sort, properties = kind.properties, limit, cursor }) =>
      post(
        `/crm/v3/objects/${plural}/search`,
        withoutUndefined({
          query,
          filterGroups: filters === undefined ? undefined : [{ filters }],
          sorts: [sort],
          properties,
          limit,
          after: cursor,
        }),
      ),
    respond: (body: Paged & { total: number; results: RecordBody[] }) => ({
      total: body.total,
      results: body.results.map(recordOf),
      next_cursor: nextOf(body),
    }),
    docs: `${docsBase}/crm-${plural}-v3/search/post-crm-v3-objects-${plural}-search`,
    provenance: from(`crm.${kind.client}.searchApi.doSearch`),
    examples: [
      {
        input: { query: example.query },
        receives: {
          body: { total: 31, results: [example.received], paging: { next: { after: '20', link: `https://api.hubapi.com/x?after=20` } } },
        },
        gives: { total: 31, results: [example.given], next_cursor: '20' },
      },
    ],
  });
}

export function getTool(kind: Kind, description: string): Tool {
  const { plural, singular, example } = kind;
  const idName = `${singular}_id` as const;
  return tool({
    name: `hubspot_${singular}_get`,
    title: `Read a ${singular}`,
    description,
    effect: 'read',
    scopes: [kind.scope],
    input: z.object({
      [idName]: id.describe(`Id from hubspot_${plural}_search`),
      properties: shown,
    }),
    output: CrmRecord,
    request: (input) => {
      const { [idName]: recordId, properties = kind.properties } = input as Record<string, string> & { properties?: string[] };
      return get(path`/crm/v3/objects/${plural}/${recordId as string}`, { properties: properties.join(',') });
    },
    respond: recordOf,
    docs: `${docsBase}/crm-${plural}-v3/basic/get-crm-v3-objects-${plural}-${singular}Id`,
    provenance: from(`crm.${kind.client}.basicApi.getById`),
    examples: [{ input: { [idName]: example.received.id }, receives: { body: example.received }, gives: example.given }],
  });
}
