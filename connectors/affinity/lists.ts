import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, Field, type FieldBodies, fieldsOf, id, limit, nextCursor, nextOf, type Paged, typed } from './fields.ts';

const v2 = 'https://developer.affinity.co/api-reference/';
const listId = id.describe('List id from affinity_list_lists');

const List = z.object({ list_id: z.int(), name: z.string(), type: z.string(), is_public: z.boolean() });

export const listLists = tool({
  name: 'affinity_list_lists',
  title: 'List pipelines',
  description:
    'List the lists (pipelines) that the key’s owner may see, and whether they hold companies, people or opportunities. Their entries are in ' +
    'affinity_v2_list_list_entries, their columns in affinity_v2_list_list_fields.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ lists: z.array(List), next_cursor: nextCursor }),
  request: (given) => get('/v2/lists', given),
  respond: (body: Paged<{ id: number; name: string; type: string; isPublic: boolean }>) => ({
    lists: (body.data ?? []).map((list) => ({ list_id: list.id, name: list.name, type: list.type, is_public: list.isPublic })),
    next_cursor: nextOf(body),
  }),
  docs: `${v2}lists/get-metadata-on-all-lists`,
  provenance: typed('GET /v2/lists'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [{ id: 450, name: 'Seed pipeline', creatorId: 41001, ownerId: 41001, isPublic: true, type: 'company' }],
          pagination: { prevUrl: null, nextUrl: null },
        },
      },
      gives: { lists: [{ list_id: 450, name: 'Seed pipeline', type: 'company', is_public: true }], next_cursor: null },
    },
  ],
});

export const listListFields = tool({
  name: 'affinity_v2_list_list_fields',
  title: 'List a pipeline’s columns',
  description:
    'List the fields of one list with ids and types of value, which affinity_v2_update_list_entry_field takes. The option ids of a dropdown ' +
    'are seen in entries: affinity_v2_list_list_entries.',
  effect: 'read',
  scopes: [],
  input: z.object({ list_id: listId, limit, cursor }),
  output: z.object({
    fields: z.array(z.object({ field_id: z.string(), name: z.string(), type: z.string(), value_type: z.string() })),
    next_cursor: nextCursor,
  }),
  request: ({ list_id, ...page }) => get(path`/v2/lists/${list_id}/fields`, page),
  respond: (body: Paged<{ id: string; name: string; type: string; valueType: string }>) => ({
    fields: (body.data ?? []).map((field) => ({
      field_id: field.id,
      name: field.name,
      type: field.type,
      value_type: field.valueType,
    })),
    next_cursor: nextOf(body),
  }),
  docs: `${v2}lists/get-metadata-on-a-single-lists-fields`,
  provenance: typed('GET /v2/lists/{listId}/fields'),
  examples: [
    {
      input: { list_id: 450 },
      receives: {
        body: {
          data: [{ id: 'field-1163869', name: 'Stage', type: 'list', enrichmentSource: null, valueType: 'ranked-dropdown' }],
          pagination: { prevUrl: null, nextUrl: null },
        },
      },
      gives: {
        fields: [{ field_id: 'field-1163869', name: 'Stage', type: 'list', value_type: 'ranked-dropdown' }],
        next_cursor: null,
      },
    },
  ],
});

const Entry = z.object({
  list_entry_id: z.int(),
  list_id: z.int(),
  created_at: z.string(),
  type: z.string().nullable(),
  entity_id: z.int().nullable(),
  name: z.string().nullable(),
  fields: z.array(Field),
});

interface EntryBody {
  id: number;
  listId: number;
  createdAt: string;
  type?: string;
  entity?: { id: number; name?: string; firstName?: string; lastName?: string | null; fields?: FieldBodies };
  fields?: FieldBodies;
}

function entryOf({ entity, ...entry }: EntryBody): z.input<typeof Entry> {
  const name = entity?.name ?? [entity?.firstName, entity?.lastName].filter(Boolean).join(' ');
  return {
    list_entry_id: entry.id,
    list_id: entry.listId,
    created_at: new Date(entry.createdAt).toISOString(),
    type: entry.type ?? null,
    entity_id: entity?.id ?? null,
    name: name === '' ? null : name,
    fields: fieldsOf(entity?.fields ?? entry.fields),
  };
}

const stage = {
  id: 'field-1163869',
  name: 'Stage',
  type: 'list',
  enrichmentSource: null,
  value: { type: 'ranked-dropdown', data: { dropdownOptionId: 5082, text: 'Due diligence', rank: 2, color: 'blue' } },
};

const stageShown = {
  field_id: 'field-1163869',
  name: 'Stage',
  value_type: 'ranked-dropdown',
  value: { option_id: 5082, text: 'Due diligence' },
};

export const listListEntries = tool({
  name: 'affinity_v2_list_list_entries',
  aliases: ['affinity_list_list_entries'],
  title: 'List the entries of a pipeline',
  description:
    'List the companies, people or opportunities of one list with their fields there, such as the stage. list_entry_id is what ' +
    'affinity_v2_update_list_entry_field takes; entity_id of a company goes to affinity_v2_get_company.',
  effect: 'read',
  scopes: [],
  input: z.object({
    list_id: listId,
    fieldTypes: z
      .array(z.enum(['enriched', 'global', 'list', 'relationship-intelligence']))
      .max(4)
      .default(['list'])
      .describe('Fields to show: the list’s own, your global ones, bought data, contacts'),
    limit,
    cursor,
  }),
  output: z.object({ entries: z.array(Entry), next_cursor: nextCursor }),
  request: ({ list_id, ...given }) => get(path`/v2/lists/${list_id}/list-entries`, given),
  respond: (body: Paged<EntryBody>) => ({ entries: (body.data ?? []).map(entryOf), next_cursor: nextOf(body) }),
  docs: `${v2}lists/get-all-list-entries-on-a-list`,
  provenance: typed('GET /v2/lists/{listId}/list-entries'),
  examples: [
    {
      input: { list_id: 450, limit: 1 },
      receives: {
        body: {
          data: [
            {
              id: 16367,
              type: 'company',
              listId: 450,
              createdAt: '2025-11-18T13:20:44Z',
              creatorId: 41001,
              entity: {
                id: 7133202,
                name: 'Nordlicht Robotics',
                domain: 'nordlicht.example',
                domains: ['nordlicht.example'],
                isGlobal: false,
                fields: [stage],
              },
            },
          ],
          pagination: { prevUrl: null, nextUrl: 'https://api.affinity.co/v2/lists/450/list-entries?cursor=ICAgICAgIGFmdGVyOjo6NA&limit=1' },
        },
      },
      gives: {
        entries: [
          {
            list_entry_id: 16367,
            list_id: 450,
            created_at: '2025-11-18T13:20:44.000Z',
            type: 'company',
            entity_id: 7133202,
            name: 'Nordlicht Robotics',
            fields: [stageShown],
          },
        ],
        next_cursor: 'ICAgICAgIGFmdGVyOjo6NA',
      },
    },
  ],
});

export const listCompanyListEntries = tool({
  name: 'affinity_v2_list_company_list_entries',
  title: 'List the pipelines of a company',
  description:
    'List the entries of one company in all lists, with their fields there: in which pipelines it is and at which stage. Ids come from ' +
    'affinity_search_organizations; names of lists from affinity_list_lists.',
  effect: 'read',
  scopes: [],
  input: z.object({ company_id: id.describe('Company id from affinity_search_organizations'), limit, cursor }),
  output: z.object({ entries: z.array(Entry), next_cursor: nextCursor }),
  request: ({ company_id, ...page }) => get(path`/v2/companies/${company_id}/list-entries`, page),
  respond: (body: Paged<EntryBody>) => ({ entries: (body.data ?? []).map(entryOf), next_cursor: nextOf(body) }),
  docs: `${v2}companies/get-a-companys-list-entries`,
  provenance: typed('GET /v2/companies/{id}/list-entries'),
  examples: [
    {
      input: { company_id: 7133202 },
      receives: {
        body: {
          data: [
            {
              id: 16367,
              listId: 450,
              createdAt: '2025-11-18T13:20:44Z',
              creatorId: 41001,
              fields: [
                stage,
                { id: 'field-1163870', name: 'Owner', type: 'list', enrichmentSource: null, value: { type: 'person', data: null } },
              ],
            },
          ],
          pagination: { prevUrl: null, nextUrl: null },
        },
      },
      gives: {
        entries: [
          {
            list_entry_id: 16367,
            list_id: 450,
            created_at: '2025-11-18T13:20:44.000Z',
            type: null,
            entity_id: null,
            name: null,
            fields: [stageShown],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

const valueTypes = ['text', 'filterable-text', 'number', 'datetime', 'dropdown', 'ranked-dropdown', 'person', 'company'] as const;

export const updateListEntryField = tool({
  name: 'affinity_v2_update_list_entry_field',
  title: 'Change a field of an entry',
  description:
    'Set one field of a list entry, for example move it to another stage. Fields and types come from affinity_v2_list_list_fields; a dropdown ' +
    'takes the option’s id, person and company an id. Null empties the field.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z
    .object({
      list_id: listId,
      list_entry_id: id.describe('Entry id from affinity_v2_list_list_entries'),
      field_id: z
        .string()
        .regex(/^[a-z0-9-]{1,60}$/)
        .describe('Field id such as field-1163869'),
      type: z.enum(valueTypes).describe('value_type of the field'),
      value: z
        .union([z.string().max(20_000), z.number()])
        .nullable()
        .describe('Text, number, moment in ISO 8601, or id of the option, person or company'),
    })
    .refine(({ type, value }) => value === null || isOfType(type, value), 'the value is not of that type'),
  output: z.object({ updated: z.boolean() }),
  request: ({ list_id, list_entry_id, field_id, type, value }) =>
    post(path`/v2/lists/${list_id}/list-entries/${list_entry_id}/fields/${field_id}`, { value: { type, data: dataOf(type, value) } }),
  respond: () => ({ updated: true }),
  docs: `${v2}lists/update-a-single-field-value-on-a-list-entry`,
  provenance: typed('POST /v2/lists/{listId}/list-entries/{listEntryId}/fields/{fieldId}'),
  examples: [
    {
      input: { list_id: 450, list_entry_id: 16367, field_id: 'field-1163869', type: 'ranked-dropdown', value: 5082 },
      // 204 has no body
      receives: { status: 204, body: '' },
      gives: { updated: true },
    },
  ],
});

function isOfType(type: (typeof valueTypes)[number], value: string | number): boolean {
  if (type === 'text' || type === 'filterable-text') return typeof value === 'string';
  if (type === 'datetime') return typeof value === 'string' && z.iso.datetime({ offset: true }).safeParse(value).success;
  if (type === 'number') return typeof value === 'number';
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function dataOf(type: (typeof valueTypes)[number], value: string | number | null): unknown {
  if (value === null) return null;
  if (type === 'dropdown' || type === 'ranked-dropdown') return { dropdownOptionId: value };
  if (type === 'person' || type === 'company') return { id: value };
  return value;
}

export const listEntryCreate = tool({
  name: 'affinity_list_entry_create',
  aliases: ['affinity_add_to_list'],
  title: 'Put a company or person into a pipeline',
  description:
    'Add a company or person to a list; opportunities are made in their list from the start. Each call adds another entry: look with ' +
    'affinity_v2_list_company_list_entries first. Fields are set with affinity_v2_update_list_entry_field.',
  effect: 'write',
  scopes: [],
  input: z.object({
    list_id: listId,
    entity_id: id.describe('What the list holds: company id from affinity_search_organizations, or person id from affinity_search_persons'),
  }),
  output: z.object({ list_entry_id: z.int(), list_id: z.int(), entity_id: z.int(), created_at: z.string() }),
  request: ({ list_id, entity_id }) => post(path`/lists/${list_id}/list-entries`, { entity_id }),
  respond: (body: { id: number; list_id: number; entity_id: number; created_at: string }) => ({
    list_entry_id: body.id,
    list_id: body.list_id,
    entity_id: body.entity_id,
    created_at: new Date(body.created_at).toISOString(),
  }),
  docs: 'https://api-docs.affinity.co/#create-a-new-list-entry',
  provenance: typed('POST /lists/{list_id}/list-entries'),
  examples: [
    {
      input: { list_id: 450, entity_id: 7133202 },
      receives: {
        body: {
          id: 16367,
          list_id: 450,
          creator_id: 41001,
          entity_id: 7133202,
          entity_type: 1,
          created_at: '2025-11-18T13:20:44.443-08:00',
          entity: { id: 7133202, type: 1, name: 'Nordlicht Robotics', domain: 'nordlicht.example' },
        },
      },
      gives: { list_entry_id: 16367, list_id: 450, entity_id: 7133202, created_at: '2025-11-18T21:20:44.443Z' },
      fresh: { '/created_at': 'iso_now' },
    },
  ],
});

const Opportunity = z.object({ opportunity_id: z.int(), name: z.string(), list_id: z.int() });

export const listOpportunities = tool({
  name: 'affinity_list_opportunities',
  aliases: ['affinity_v2_list_opportunities'],
  title: 'List opportunities',
  description:
    'List opportunities with the list that each is in. Their stages and other fields are those of their entries: ' +
    'affinity_v2_list_list_entries. What was written about one is in affinity_list_notes.',
  effect: 'read',
  scopes: [],
  input: z.object({
    ids: z.array(id).max(100).optional().describe('Only these opportunities; ids from affinity_v2_list_list_entries'),
    limit,
    cursor,
  }),
  output: z.object({ opportunities: z.array(Opportunity), next_cursor: nextCursor }),
  request: ({ ids, ...page }) => get('/v2/opportunities', { ...page, ids: ids?.map(String) }),
  respond: (body: Paged<{ id: number; name: string; listId: number }>) => ({
    opportunities: (body.data ?? []).map((found) => ({ opportunity_id: found.id, name: found.name, list_id: found.listId })),
    next_cursor: nextOf(body),
  }),
  docs: `${v2}opportunities/get-all-opportunities`,
  provenance: typed('GET /v2/opportunities'),
  examples: [
    {
      input: { limit: 1 },
      receives: {
        body: {
          data: [{ id: 121, name: 'Nordlicht seed round', listId: 451 }],
          pagination: { prevUrl: null, nextUrl: null },
        },
      },
      gives: { opportunities: [{ opportunity_id: 121, name: 'Nordlicht seed round', list_id: 451 }], next_cursor: null },
    },
  ],
});
