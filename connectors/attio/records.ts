import { get, nextOffset, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { ids, recordBody, recordShown } from './example-parts.ts';
import { cursor, isoOf, limit, nextCursor, object, page, recordId, typed, ValuesOut, values, valuesOf, type Wrapped } from './fields.ts';

const AttioRecord = z.object({ record_id: z.string(), web_url: z.string(), created_at: z.string(), values: ValuesOut });

interface RecordBody {
  id: { record_id: string };
  web_url: string;
  created_at: string;
  values: Record<string, Wrapped[]>;
}

function recordOf(record: RecordBody): z.input<typeof AttioRecord> {
  return {
    record_id: record.id.record_id,
    web_url: record.web_url,
    created_at: isoOf(record.created_at),
    values: valuesOf(record.values),
  };
}

const one = (body: { data: RecordBody }) => recordOf(body.data);
const docs = 'https://docs.attio.com/rest-api/endpoint-reference/records/';
const read = ['object_configuration:read', 'record_permission:read'];
const write = ['object_configuration:read', 'record_permission:read-write'];

const Found = z.object({
  object: z.string(),
  record_id: z.string(),
  text: z.string(),
  domains: z.array(z.string()),
  email_addresses: z.array(z.string()),
});

interface FoundBody {
  id: { record_id: string };
  object_slug: string;
  record_text: string;
  domains?: string[];
  email_addresses?: string[];
}

export const searchRecords = tool({
  name: 'attio_search_records',
  title: 'Search records by words',
  description:
    'Find people, companies or other records by name, domain, e-mail address or telephone number, the best match first. To filter by the ' +
    'values of attributes use attio_list_records; attio_get_record gives one record whole.',
  effect: 'read',
  scopes: read,
  input: z.object({
    query: z.string().min(1).max(256).describe('Words to look for'),
    objects: z
      .array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/))
      .min(1)
      .max(10)
      .default(['people', 'companies'])
      .describe('Slugs of the objects to look in'),
    limit: z.int().min(1).max(25).default(20).describe('Most records to give, 1 to 25'),
  }),
  output: z.object({ records: z.array(Found) }),
  request: (input) => post('/v2/objects/records/search', { ...input, request_as: { type: 'workspace' } }),
  respond: (body: { data: FoundBody[] }) => ({
    records: body.data.map((found) => ({
      object: found.object_slug,
      record_id: found.id.record_id,
      text: found.record_text,
      domains: found.domains ?? [],
      email_addresses: found.email_addresses ?? [],
    })),
  }),
  docs: `${docs}search-records`,
  provenance: typed('POST /v2/objects/records/search'),
  examples: [
    {
      input: { query: 'nordlicht' },
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, object_id: ids.companies, record_id: ids.record },
              record_text: 'Nordlicht Robotics',
              record_image: null,
              object_slug: 'companies',
              domains: ['nordlicht.example'],
            },
          ],
        },
      },
      gives: {
        records: [
          { object: 'companies', record_id: ids.record, text: 'Nordlicht Robotics', domains: ['nordlicht.example'], email_addresses: [] },
        ],
      },
    },
  ],
});

const filter = z
  .record(z.string(), z.unknown())
  .optional()
  .describe('Attio filter by attribute: {"name":{"$contains":"Robotics"}}, {"$or":[…]}');
const sorts = z
  .array(
    z.object({
      attribute: z.string().min(1).max(100).describe('Slug of the attribute'),
      direction: z.enum(['asc', 'desc']).describe('Order of its values'),
    }),
  )
  .max(5)
  .optional()
  .describe('The first counts most');

export const query = { filter, sorts, limit, cursor };

export function queryOf(given: { filter?: object | undefined; sorts?: object[] | undefined; limit: number; cursor?: string | undefined }) {
  return {
    ...page(given),
    ...(given.filter === undefined ? {} : { filter: given.filter }),
    ...(given.sorts === undefined ? {} : { sorts: given.sorts }),
  };
}

export const listRecords = tool({
  name: 'attio_list_records',
  aliases: ['attio_query_records'],
  title: 'List records',
  description:
    'List the records of one object with their values, filtered and sorted by attributes; slugs and types come from attio_list_attributes. ' +
    'To find one by name use attio_search_records; the rows of a pipeline are in attio_list_entries.',
  effect: 'read',
  scopes: read,
  input: z.object({ object, ...query }),
  output: z.object({ records: z.array(AttioRecord), next_cursor: nextCursor }),
  request: ({ object: of, ...given }) => post(path`/v2/objects/${of}/records/query`, queryOf(given)),
  respond: (body: { data: RecordBody[] }, _response, asked) => ({
    records: body.data.map(recordOf),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: `${docs}list-records`,
  provenance: typed('POST /v2/objects/{object}/records/query'),
  examples: [
    {
      input: {
        object: 'companies',
        filter: { domains: 'nordlicht.example' },
        sorts: [{ attribute: 'name', direction: 'asc' }],
      },
      receives: { body: { data: [recordBody] } },
      gives: { records: [recordShown], next_cursor: null },
    },
  ],
});

export const getRecord = tool({
  name: 'attio_get_record',
  title: 'Read a record',
  description:
    'Read one record with all its values. Ids come from attio_search_records or attio_list_records; what was written about it is in ' +
    'attio_list_notes, and the pipelines that it is in are in attio_list_record_entries.',
  effect: 'read',
  scopes: read,
  input: z.object({ object, record_id: recordId }),
  output: AttioRecord,
  request: ({ object: of, record_id }) => get(path`/v2/objects/${of}/records/${record_id}`),
  respond: one,
  docs: `${docs}get-a-record`,
  provenance: typed('GET /v2/objects/{object}/records/{record_id}'),
  examples: [{ input: { object: 'companies', record_id: ids.record }, receives: { body: { data: recordBody } }, gives: recordShown }],
});

const given = values.describe('Attribute slug to a list of values: {"name":["Acme"],"domains":["acme.example"]}');

export const createRecord = tool({
  name: 'attio_create_record',
  title: 'Create a record',
  description:
    'Create one record; it fails where a unique attribute, such as a domain or an e-mail address, is taken already: then use ' +
    'attio_upsert_record. Slugs and types come from attio_list_attributes.',
  effect: 'write',
  scopes: write,
  input: z.object({ object, values: given }),
  output: AttioRecord,
  request: ({ object: of, values: written }) => post(path`/v2/objects/${of}/records`, { data: { values: written } }),
  respond: one,
  docs: `${docs}create-a-record`,
  provenance: typed('POST /v2/objects/{object}/records'),
  examples: [
    {
      input: { object: 'companies', values: { name: ['Nordlicht Robotics'], domains: ['nordlicht.example'] } },
      receives: { body: { data: recordBody } },
      gives: recordShown,
      fresh: { '/data/id/record_id': 'uuid', '/data/created_at': 'iso_now' },
    },
  ],
});

export const upsertRecord = tool({
  name: 'attio_upsert_record',
  aliases: ['attio_assert_record'],
  title: 'Create or change a record',
  description:
    'Change the record whose matching attribute has the value given, or create it where there is none. Multiple values are replaced. Where ' +
    'the id is known use attio_update_record. Slugs come from attio_list_attributes.',
  effect: 'write',
  idempotent: true,
  scopes: write,
  input: z.object({
    object,
    matching_attribute: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .describe('Unique attribute to find it by: domains, email_addresses'),
    values: given,
  }),
  output: AttioRecord,
  request: ({ object: of, matching_attribute, values: written }) => ({
    method: 'PUT',
    path: path`/v2/objects/${of}/records`,
    query: { matching_attribute },
    json: { data: { values: written } },
  }),
  respond: one,
  docs: `${docs}assert-a-record`,
  provenance: typed('PUT /v2/objects/{object}/records'),
  examples: [
    {
      input: {
        object: 'companies',
        matching_attribute: 'domains',
        values: { domains: ['nordlicht.example'], name: ['Nordlicht Robotics'] },
      },
      receives: { body: { data: recordBody } },
      gives: recordShown,
    },
  ],
});

export const updateRecord = tool({
  name: 'attio_update_record',
  aliases: ['attio_append_record_values'],
  title: 'Change a record',
  description:
    'Change values of one record: single values are replaced, and to attributes that hold several the new ones are added. Only what is ' +
    'given changes. Ids come from attio_search_records, slugs from attio_list_attributes.',
  effect: 'write',
  idempotent: true,
  scopes: write,
  input: z.object({ object, record_id: recordId, values: given }),
  output: AttioRecord,
  request: ({ object: of, record_id, values: written }) => ({
    method: 'PATCH',
    path: path`/v2/objects/${of}/records/${record_id}`,
    json: { data: { values: written } },
  }),
  respond: one,
  docs: `${docs}update-a-record-append-multiselect-values`,
  provenance: typed('PATCH /v2/objects/{object}/records/{record_id}'),
  examples: [
    {
      input: { object: 'companies', record_id: ids.record, values: { name: ['Nordlicht Robotics'] } },
      receives: { body: { data: recordBody } },
      gives: recordShown,
    },
  ],
});

export const deleteRecord = tool({
  name: 'attio_delete_record',
  title: 'Delete a record',
  description:
    'Delete one record for good, with its entries in lists and its notes. It cannot be brought back: read it with attio_get_record first. ' +
    'To take it out of a pipeline alone use attio_delete_list_entry.',
  effect: 'destructive',
  idempotent: true,
  scopes: write,
  input: z.object({ object, record_id: recordId }),
  output: z.object({ deleted: z.boolean() }),
  request: ({ object: of, record_id }) => ({ method: 'DELETE', path: path`/v2/objects/${of}/records/${record_id}` }),
  respond: () => ({ deleted: true }),
  docs: `${docs}delete-a-record`,
  provenance: typed('DELETE /v2/objects/{object}/records/{record_id}'),
  // Attio answers an empty object
  examples: [{ input: { object: 'companies', record_id: ids.record }, receives: { body: {} }, gives: { deleted: true } }],
});

export const listRecordEntries = tool({
  name: 'attio_list_record_entries',
  title: 'List the pipelines of a record',
  description:
    'List the lists that one record is in, with the id of its entry in each, which attio_update_list_entry and attio_delete_list_entry ' +
    'take. For the entries of one list with their values use attio_list_entries.',
  effect: 'read',
  scopes: [...read, 'list_entry:read'],
  input: z.object({ object, record_id: recordId, limit, cursor }),
  output: z.object({
    entries: z.array(z.object({ list_id: z.string(), list_slug: z.string(), entry_id: z.string() })),
    next_cursor: nextCursor,
  }),
  request: ({ object: of, record_id, ...most }) => get(path`/v2/objects/${of}/records/${record_id}/entries`, page(most)),
  respond: (body: { data: { list_id: string; list_api_slug: string; entry_id: string }[] }, _response, asked) => ({
    entries: body.data.map((entry) => ({
      list_id: entry.list_id,
      list_slug: entry.list_api_slug,
      entry_id: entry.entry_id,
    })),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: `${docs}list-record-entries`,
  provenance: typed('GET /v2/objects/{object}/records/{record_id}/entries'),
  examples: [
    {
      input: { object: 'companies', record_id: ids.record },
      receives: {
        body: {
          data: [
            { list_id: ids.list, list_api_slug: 'seed_pipeline', entry_id: ids.entry, created_at: '2025-11-18T13:20:44.010000000Z' },
            { list_id: ids.thread, list_api_slug: 'newsletter', entry_id: ids.task, created_at: '2025-11-19T08:00:00.000000000Z' },
          ],
        },
      },
      gives: {
        entries: [
          { list_id: ids.list, list_slug: 'seed_pipeline', entry_id: ids.entry },
          { list_id: ids.thread, list_slug: 'newsletter', entry_id: ids.task },
        ],
        next_cursor: null,
      },
    },
  ],
});
