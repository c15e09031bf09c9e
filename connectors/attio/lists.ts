import { get, nextOffset, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { actor, entryBody, entryShown, ids } from './example-parts.ts';
import { cursor, isoOf, limit, list, nextCursor, page, typed, ValuesOut, values, valuesOf, type Wrapped } from './fields.ts';
import { query, queryOf } from './records.ts';

const Kind = z.object({ object_id: z.string(), slug: z.string(), singular: z.string(), plural: z.string() });

export const listObjects = tool({
  name: 'attio_list_objects',
  title: 'List kinds of records',
  description:
    'List the objects of the workspace, such as people, companies and deals, with the slugs that the other tools take as object. Their ' +
    'attributes come from attio_list_attributes, pipelines from attio_list_lists.',
  effect: 'read',
  scopes: ['object_configuration:read'],
  input: z.object({}),
  output: z.object({ objects: z.array(Kind) }),
  request: () => get('/v2/objects'),
  respond: (body: {
    data: { id: { object_id: string }; api_slug: string | null; singular_noun: string | null; plural_noun: string | null }[];
  }) => ({
    objects: body.data.map((found) => ({
      object_id: found.id.object_id,
      slug: found.api_slug ?? found.id.object_id,
      singular: found.singular_noun ?? '',
      plural: found.plural_noun ?? '',
    })),
  }),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/objects/list-objects',
  provenance: typed('GET /v2/objects'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, object_id: ids.companies },
              api_slug: 'companies',
              singular_noun: 'Company',
              plural_noun: 'Companies',
              created_at: '2025-06-02T08:00:00.000000000Z',
            },
          ],
        },
      },
      gives: { objects: [{ object_id: ids.companies, slug: 'companies', singular: 'Company', plural: 'Companies' }] },
    },
  ],
});

interface AttributeBody {
  api_slug: string;
  title: string;
  type: string;
  is_writable: boolean;
  is_required: boolean;
  is_unique: boolean;
  is_multiselect: boolean;
}

export const listAttributes = tool({
  name: 'attio_list_attributes',
  title: 'List attributes',
  description:
    'List the attributes of an object or a list: slugs, types, and whether they are required, unique or hold several values. Needed to write ' +
    'values with attio_create_record or attio_update_list_entry, and for filters.',
  effect: 'read',
  scopes: ['object_configuration:read', 'list_configuration:read'],
  input: z.object({
    target: z.enum(['objects', 'lists']).describe('Whose attributes'),
    identifier: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .describe('Slug or id from attio_list_objects or attio_list_lists'),
    limit,
    cursor,
  }),
  output: z.object({
    attributes: z.array(
      z.object({
        slug: z.string(),
        title: z.string(),
        type: z.string(),
        is_writable: z.boolean(),
        is_required: z.boolean(),
        is_unique: z.boolean(),
        is_multiselect: z.boolean(),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ target, identifier, ...most }) => get(path`/v2/${target}/${identifier}/attributes`, page(most)),
  respond: (body: { data: AttributeBody[] }, _response, asked) => ({
    attributes: body.data.map(({ api_slug: slug, title, type, is_writable, is_required, is_unique, is_multiselect }) => {
      return { slug, title, type, is_writable, is_required, is_unique, is_multiselect };
    }),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/attributes/list-attributes',
  provenance: typed('GET /v2/{target}/{identifier}/attributes'),
  examples: [
    {
      input: { target: 'lists', identifier: 'seed_pipeline' },
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, object_id: ids.list, attribute_id: ids.note },
              title: 'Stage',
              description: null,
              api_slug: 'stage',
              type: 'status',
              is_system_attribute: false,
              is_writable: true,
              is_required: false,
              is_unique: false,
              is_multiselect: false,
              is_default_value_enabled: false,
              is_archived: false,
              default_value: null,
              relationship: null,
              created_at: '2025-06-02T08:00:00.000000000Z',
              config: {
                currency: { default_currency_code: null, display_type: null },
                record_reference: { allowed_object_ids: null },
              },
            },
          ],
        },
      },
      gives: {
        attributes: [
          {
            slug: 'stage',
            title: 'Stage',
            type: 'status',
            is_writable: true,
            is_required: false,
            is_unique: false,
            is_multiselect: false,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const listLists = tool({
  name: 'attio_list_lists',
  title: 'List pipelines',
  description:
    'List the lists (pipelines) that the app may see, with the slugs that attio_list_entries and attio_create_list_entry take and the objects ' +
    'whose records they hold. Its stages come from attio_list_attribute_options.',
  effect: 'read',
  scopes: ['list_configuration:read'],
  input: z.object({}),
  output: z.object({
    lists: z.array(z.object({ list_id: z.string(), slug: z.string(), name: z.string(), parent_objects: z.array(z.string()) })),
  }),
  request: () => get('/v2/lists'),
  respond: (body: { data: { id: { list_id: string }; api_slug: string; name: string; parent_object: string[] }[] }) => ({
    lists: body.data.map((found) => ({
      list_id: found.id.list_id,
      slug: found.api_slug,
      name: found.name,
      parent_objects: found.parent_object,
    })),
  }),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/lists/list-all-lists',
  provenance: typed('GET /v2/lists'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, list_id: ids.list },
              api_slug: 'seed_pipeline',
              name: 'Seed pipeline',
              parent_object: ['companies'],
              workspace_access: 'full-access',
              workspace_member_access: [],
              created_by_actor: actor,
              created_at: '2025-06-02T08:00:00.000000000Z',
            },
          ],
        },
      },
      gives: { lists: [{ list_id: ids.list, slug: 'seed_pipeline', name: 'Seed pipeline', parent_objects: ['companies'] }] },
    },
  ],
});

const Entry = z.object({
  entry_id: z.string(),
  parent_object: z.string(),
  parent_record_id: z.string(),
  created_at: z.string(),
  entry_values: ValuesOut,
});

interface EntryBody {
  id: { entry_id: string };
  parent_object: string;
  parent_record_id: string;
  created_at: string;
  entry_values: Record<string, Wrapped[]>;
}

function entryOf(entry: EntryBody): z.input<typeof Entry> {
  return {
    entry_id: entry.id.entry_id,
    parent_object: entry.parent_object,
    parent_record_id: entry.parent_record_id,
    created_at: isoOf(entry.created_at),
    entry_values: valuesOf(entry.entry_values),
  };
}

const one = (body: { data: EntryBody }) => entryOf(body.data);
const docs = 'https://docs.attio.com/rest-api/endpoint-reference/entries/';
const write = ['list_configuration:read', 'list_entry:read-write'];
const entryId = z.uuid().describe('Entry id from attio_list_entries, not the id of its record');
const entryValues = values.describe(
  'Attribute slug of the list to values: {"stage":["Due diligence"]}; stages from attio_list_attribute_options',
);

export const listEntries = tool({
  name: 'attio_list_entries',
  aliases: ['attio_query_list_entries'],
  title: 'List the entries of a pipeline',
  description:
    'List the entries of one list with their values there, such as the stage, filtered and sorted. The company or person behind an entry ' +
    'is read with attio_get_record and its parent_record_id. Lists come from attio_list_lists.',
  effect: 'read',
  scopes: ['list_configuration:read', 'list_entry:read'],
  input: z.object({ list, ...query }),
  output: z.object({ entries: z.array(Entry), next_cursor: nextCursor }),
  request: ({ list: of, ...given }) => post(path`/v2/lists/${of}/entries/query`, queryOf(given)),
  respond: (body: { data: EntryBody[] }, _response, asked) => ({
    entries: body.data.map(entryOf),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: `${docs}list-entries`,
  provenance: typed('POST /v2/lists/{list}/entries/query'),
  examples: [
    {
      input: { list: 'seed_pipeline', filter: { stage: 'Due diligence' } },
      receives: { body: { data: [entryBody] } },
      gives: { entries: [entryShown], next_cursor: null },
    },
  ],
});

export const addToList = tool({
  name: 'attio_create_list_entry',
  aliases: ['attio_add_to_list'],
  title: 'Put a record into a pipeline',
  description:
    'Add a record to a list, with values such as the stage. Each call adds another entry: look with attio_list_record_entries first, and ' +
    'change an existing one with attio_update_list_entry.',
  effect: 'write',
  scopes: write,
  input: z.object({
    list,
    parent_object: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .describe('Object of the record such as companies or people; parent_objects of attio_list_lists says which the list takes'),
    parent_record_id: z.uuid().describe('Record id from attio_search_records'),
    entry_values: entryValues.default({}),
  }),
  output: Entry,
  request: ({ list: of, ...data }) => post(path`/v2/lists/${of}/entries`, { data }),
  respond: one,
  docs: `${docs}create-an-entry-add-record-to-list`,
  provenance: typed('POST /v2/lists/{list}/entries'),
  examples: [
    {
      input: {
        list: 'seed_pipeline',
        parent_object: 'companies',
        parent_record_id: ids.record,
        entry_values: { stage: ['Due diligence'] },
      },
      receives: { body: { data: entryBody } },
      gives: entryShown,
      fresh: { '/data/id/entry_id': 'uuid', '/data/created_at': 'iso_now' },
    },
  ],
});

export const updateListEntry = tool({
  name: 'attio_update_list_entry',
  title: 'Change an entry of a pipeline',
  description:
    'Change values of one entry, for example move it to another stage: single values are replaced, to attributes that hold several the new ' +
    'ones are added. Ids come from attio_list_entries, slugs from attio_list_attributes.',
  effect: 'write',
  idempotent: true,
  scopes: write,
  input: z.object({ list, entry_id: entryId, entry_values: entryValues }),
  output: Entry,
  request: ({ list: of, entry_id, entry_values }) => ({
    method: 'PATCH',
    path: path`/v2/lists/${of}/entries/${entry_id}`,
    json: { data: { entry_values } },
  }),
  respond: one,
  docs: `${docs}update-a-list-entry-append-multiselect-values`,
  provenance: typed('PATCH /v2/lists/{list}/entries/{entry_id}'),
  examples: [
    {
      input: { list: 'seed_pipeline', entry_id: ids.entry, entry_values: { stage: ['Due diligence'] } },
      receives: { body: { data: entryBody } },
      gives: entryShown,
    },
  ],
});

export const removeFromList = tool({
  name: 'attio_delete_list_entry',
  aliases: ['attio_remove_from_list'],
  title: 'Take an entry out of a pipeline',
  description:
    'Remove one entry from a list, with the values that it has there; the record stays. Ids come from attio_list_entries or ' +
    'attio_list_record_entries. To delete the record itself use attio_delete_record.',
  effect: 'destructive',
  idempotent: true,
  scopes: write,
  input: z.object({ list, entry_id: entryId }),
  output: z.object({ removed: z.boolean() }),
  request: ({ list: of, entry_id }) => ({ method: 'DELETE', path: path`/v2/lists/${of}/entries/${entry_id}` }),
  respond: () => ({ removed: true }),
  docs: `${docs}delete-a-list-entry`,
  provenance: typed('DELETE /v2/lists/{list}/entries/{entry_id}'),
  examples: [{ input: { list: 'seed_pipeline', entry_id: ids.entry }, receives: { body: {} }, gives: { removed: true } }],
});
