import { get, path, post, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPage,
  graphPaging,
  graphTime,
  nextCursor,
  odataText,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids, listItemExample, listItemGiven } from './examples.ts';
import { type By, columnName, Done, done, fieldsOf, limit, listId, listItemId, personOf, readFields, siteId, values } from './fields.ts';

const place = { site_id: siteId, list_id: listId };

interface ListBody {
  id: string;
  name?: string | null;
  displayName?: string | null;
  description?: string | null;
  webUrl?: string | null;
  lastModifiedDateTime?: string | null;
  list?: { template?: string | null; hidden?: boolean | null } | null;
}

export const listsList = tool({
  name: 'sharepoint_lists_list',
  aliases: ['sharepoint_list_lists'],
  title: 'List lists',
  description:
    'List the lists of one site with their ids; libraries of files are among them with the template documentLibrary. Their columns are in ' +
    'sharepoint_list_columns_list, their entries in sharepoint_list_items_list.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ site_id: siteId, limit, cursor: graphCursor }),
  output: z.object({
    lists: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        description: z.string(),
        template: z.string(),
        hidden: z.boolean(),
        modified_at: z.string().nullable(),
        web_url: z.string().nullable(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ site_id, limit: top, cursor }) => get(path`/sites/${site_id}/lists`, graphPaging(top, cursor)),
  respond: (body: GraphPage<ListBody>) => ({
    lists: body.value.map((l) => ({
      id: l.id,
      name: l.displayName ?? l.name ?? '',
      description: l.description ?? '',
      template: l.list?.template ?? 'unknown',
      hidden: l.list?.hidden ?? false,
      modified_at: graphTime(l.lastModifiedDateTime),
      web_url: l.webUrl ?? null,
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/list-list',
  provenance: graphOperation('GET /sites/{site-id}/lists'),
  examples: [
    {
      input: { site_id: ids.site },
      receives: {
        body: {
          ...contextOf("sites('deals')/lists"),
          value: [
            {
              '@odata.etag': '"e2f1a0b9-made-up,4"',
              createdDateTime: '2025-01-10T09:00:00Z',
              description: 'Running deals',
              eTag: '"e2f1a0b9-made-up,4"',
              id: ids.list,
              lastModifiedDateTime: '2025-11-21T08:12:40Z',
              name: 'Pipeline',
              webUrl: 'https://acme.sharepoint.example/sites/deals/Lists/Pipeline',
              displayName: 'Pipeline',
              parentReference: { siteId: ids.site },
              list: { contentTypesEnabled: false, hidden: false, template: 'genericList' },
            },
          ],
        },
      },
      gives: {
        lists: [
          {
            id: ids.list,
            name: 'Pipeline',
            description: 'Running deals',
            template: 'genericList',
            hidden: false,
            modified_at: '2025-11-21T08:12:40.000Z',
            web_url: 'https://acme.sharepoint.example/sites/deals/Lists/Pipeline',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

const kinds = [
  'text',
  'number',
  'choice',
  'dateTime',
  'boolean',
  'personOrGroup',
  'lookup',
  'currency',
  'hyperlinkOrPicture',
  'calculated',
] as const;

type ColumnBody = Partial<Record<(typeof kinds)[number], object | null>> & {
  name?: string | null;
  displayName?: string | null;
  description?: string | null;
  required?: boolean | null;
  readOnly?: boolean | null;
  hidden?: boolean | null;
  indexed?: boolean | null;
  choice?: { choices?: string[] | null } | null;
};

export const listColumnsList = tool({
  name: 'sharepoint_list_columns_list',
  aliases: ['sharepoint_list_list_fields'],
  title: 'List a list’s columns',
  description:
    'List the columns of one list: the internal names that entries are read, filtered and written by, kinds, choices, which must be ' +
    'filled. Look here before sharepoint_list_item_create or sharepoint_list_item_update.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ ...place, limit, cursor: graphCursor }),
  output: z.object({
    columns: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        description: z.string(),
        kind: z.string(),
        choices: z.array(z.string()),
        required: z.boolean(),
        read_only: z.boolean(),
        indexed: z.boolean(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ site_id, list_id, limit: top, cursor }) => get(path`/sites/${site_id}/lists/${list_id}/columns`, graphPaging(top, cursor)),
  respond: (body: GraphPage<ColumnBody>) => ({
    columns: body.value
      .filter(({ hidden }) => hidden !== true)
      .map((c) => ({
        name: c.name ?? '',
        title: c.displayName ?? '',
        description: c.description ?? '',
        kind: kinds.find((kind) => (c[kind] ?? null) !== null) ?? 'other',
        choices: (c.choice?.choices ?? []).slice(0, 60),
        required: c.required ?? false,
        read_only: c.readOnly ?? false,
        indexed: c.indexed ?? false,
      })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/list-list-columns',
  provenance: graphOperation('GET /sites/{site-id}/lists/{list-id}/columns'),
  examples: [
    {
      input: { site_id: ids.site, list_id: ids.list },
      receives: {
        body: {
          ...contextOf("sites('deals')/lists('Pipeline')/columns"),
          value: [
            {
              columnGroup: 'Custom Columns',
              description: 'How far it is',
              displayName: 'Stage',
              enforceUniqueValues: false,
              hidden: false,
              id: '99ddcf45-e2f7-4f17-82b0-6fba34445c11',
              indexed: true,
              isDeletable: true,
              isReorderable: true,
              isSealed: false,
              name: 'Stage',
              readOnly: false,
              required: true,
              choice: { allowTextEntry: false, choices: ['First call', 'Term sheet', 'Closed'], displayAs: 'dropDownMenu' },
            },
          ],
        },
      },
      gives: {
        columns: [
          {
            name: 'Stage',
            title: 'Stage',
            description: 'How far it is',
            kind: 'choice',
            choices: ['First call', 'Term sheet', 'Closed'],
            required: true,
            read_only: false,
            indexed: true,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface ListItemBody {
  id: string;
  fields?: Record<string, unknown> | null;
  createdDateTime?: string | null;
  lastModifiedDateTime?: string | null;
  lastModifiedBy?: By | null;
  webUrl?: string | null;
}

const Fields = z.record(z.string(), z.unknown());

const Item = z.object({
  id: z.string(),
  fields: Fields,
  truncated: z.boolean(),
  created_at: z.string().nullable(),
  modified_at: z.string().nullable(),
  modified_by: z.string().nullable(),
  web_url: z.string().nullable(),
});

const item = (i: ListItemBody): z.input<typeof Item> => ({
  id: i.id,
  ...readFields(i.fields),
  created_at: graphTime(i.createdDateTime),
  modified_at: graphTime(i.lastModifiedDateTime),
  modified_by: personOf(i.lastModifiedBy),
  web_url: i.webUrl ?? null,
});

const literal = (value: string | number | boolean) => (typeof value === 'string' ? odataText(value) : String(value));

export const listItemsList = tool({
  name: 'sharepoint_list_items_list',
  aliases: ['sharepoint_list_list_items'],
  title: 'List entries',
  description:
    'List the entries of one list with the values of their columns, narrowed by one column. Columns and their names are in ' +
    'sharepoint_list_columns_list; texts over 2000 characters are cut.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z
    .object({
      ...place,
      filter_field: columnName.optional().describe('Column to narrow by, best an indexed one'),
      filter_op: z.enum(['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'startswith']).default('eq').describe('How to compare'),
      filter_value: z
        .union([z.string().max(255), z.number(), z.boolean()])
        .optional()
        .describe('What to compare with'),
      columns: z.array(columnName).min(1).max(50).optional().describe('Only these; all unless told'),
      limit,
      cursor: graphCursor,
    })
    .refine(({ filter_field, filter_value }) => (filter_field === undefined) === (filter_value === undefined), {
      message: 'filter_field and filter_value go together',
    }),
  output: z.object({ items: z.array(Item), next_cursor: graphNextCursor }),
  request: ({ site_id, list_id, filter_field, filter_op, filter_value, columns, limit: top, cursor }) => {
    const compared =
      filter_op === 'startswith'
        ? `startswith(fields/${filter_field},${literal(String(filter_value))})`
        : `fields/${filter_field} ${filter_op} ${literal(filter_value ?? '')}`;
    return {
      ...get(path`/sites/${site_id}/lists/${list_id}/items`, {
        $expand: columns === undefined ? 'fields' : `fields($select=${columns.join(',')})`,
        $filter: filter_field === undefined ? undefined : compared,
        ...graphPaging(top, cursor),
      }),
      // Without it a column that is not indexed cannot be filtered by at all; with it, in a long list, it may fail.
      ...(filter_field === undefined ? {} : { headers: { Prefer: 'HonorNonIndexedQueriesWarningMayFailRandomly' } }),
    };
  },
  respond: (body: GraphPage<ListItemBody>) => ({ items: body.value.map(item), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/listitem-list',
  provenance: graphOperation('GET /sites/{site-id}/lists/{list-id}/items'),
  examples: [
    {
      input: { site_id: ids.site, list_id: ids.list, filter_field: 'Stage', filter_value: 'Term sheet' },
      receives: { body: { ...contextOf("sites('deals')/lists('Pipeline')/items(fields())"), value: [listItemExample()] } },
      gives: { items: [listItemGiven], next_cursor: null },
    },
  ],
});

export const listItemGet = tool({
  name: 'sharepoint_list_item_get',
  aliases: ['sharepoint_get_list_item'],
  title: 'Read an entry',
  description:
    'Read one entry of a list with the values of all its columns and who changed it last. Ids come from sharepoint_list_items_list, the ' +
    'meaning of columns from sharepoint_list_columns_list.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ ...place, item_id: listItemId }),
  output: Item,
  request: ({ site_id, list_id, item_id }) => get(path`/sites/${site_id}/lists/${list_id}/items/${item_id}`, { $expand: 'fields' }),
  respond: item,
  docs: 'https://learn.microsoft.com/graph/api/listitem-get',
  provenance: graphOperation('GET /sites/{site-id}/lists/{list-id}/items/{listItem-id}'),
  examples: [
    {
      input: { site_id: ids.site, list_id: ids.list, item_id: '7' },
      receives: { body: { ...contextOf("sites('deals')/lists('Pipeline')/items(fields())/$entity"), ...listItemExample() } },
      gives: listItemGiven,
    },
  ],
});

export const listItemCreate = tool({
  name: 'sharepoint_list_item_create',
  aliases: ['sharepoint_create_list_item'],
  title: 'Add an entry',
  description:
    'Add one entry to a list. Names, kinds and choices of its columns are in sharepoint_list_columns_list; each call adds another entry. ' +
    'To change one that is there use sharepoint_list_item_update.',
  effect: 'write',
  scopes: ['Sites.ReadWrite.All'],
  input: z.object({ ...place, fields: values }),
  output: Item,
  request: ({ site_id, list_id, fields }) => post(path`/sites/${site_id}/lists/${list_id}/items`, { fields: fieldsOf(fields) }),
  respond: item,
  docs: 'https://learn.microsoft.com/graph/api/listitem-create',
  provenance: graphOperation('POST /sites/{site-id}/lists/{list-id}/items'),
  examples: [
    {
      input: { site_id: ids.site, list_id: ids.list, fields: { Title: 'Northwind', Stage: 'Term sheet', Amount: 2500000 } },
      receives: { status: 201, body: { ...contextOf("sites('deals')/lists('Pipeline')/items/$entity"), ...listItemExample() } },
      gives: listItemGiven,
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const listItemUpdate = tool({
  name: 'sharepoint_list_item_update',
  aliases: ['sharepoint_update_list_item'],
  title: 'Change an entry',
  description:
    'Change the given columns of one entry; the others stay, and null empties one. Ids come from sharepoint_list_items_list, names of ' +
    'columns from sharepoint_list_columns_list.',
  effect: 'write',
  idempotent: true,
  scopes: ['Sites.ReadWrite.All'],
  input: z.object({ ...place, item_id: listItemId, fields: values }),
  output: z.object({ fields: Fields, truncated: z.boolean() }),
  request: ({ site_id, list_id, item_id, fields }) => ({
    method: 'PATCH',
    path: path`/sites/${site_id}/lists/${list_id}/items/${item_id}/fields`,
    json: fieldsOf(fields),
  }),
  respond: (body: Record<string, unknown>) => readFields(body),
  docs: 'https://learn.microsoft.com/graph/api/listitem-update',
  provenance: graphPage('PATCH /sites/{site-id}/lists/{list-id}/items/{listItem-id}/fields'),
  examples: [
    {
      input: { site_id: ids.site, list_id: ids.list, item_id: '7', fields: { Stage: 'Closed' } },
      receives: {
        body: {
          ...contextOf("sites('deals')/lists('Pipeline')/items('7')/fields/$entity"),
          '@odata.etag': '"5e3c1b2a-4d5f-4e6a-8b7c-9d0e1f2a3b11,4"',
          id: '7',
          Title: 'Northwind',
          Stage: 'Closed',
          Amount: 2500000,
        },
      },
      gives: { fields: { Title: 'Northwind', Stage: 'Closed', Amount: 2500000 }, truncated: false },
    },
  ],
});

export const listItemDelete = tool({
  name: 'sharepoint_list_item_delete',
  aliases: ['sharepoint_delete_list_item'],
  title: 'Delete an entry',
  description:
    'Take one entry out of a list; in a library of files the file goes with it. To keep it and change a column instead use ' +
    'sharepoint_list_item_update. Ids come from sharepoint_list_items_list.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Sites.ReadWrite.All'],
  input: z.object({ ...place, item_id: listItemId }),
  output: Done,
  request: ({ site_id, list_id, item_id }) => ({ method: 'DELETE', path: path`/sites/${site_id}/lists/${list_id}/items/${item_id}` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/listitem-delete',
  provenance: graphOperation('DELETE /sites/{site-id}/lists/{list-id}/items/{listItem-id}'),
  examples: [
    { input: { site_id: ids.site, list_id: ids.list, item_id: '7' }, receives: { status: 204, body: '' }, gives: { accepted: true } },
  ],
});
