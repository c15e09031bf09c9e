import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { ids, list, pageBody, richText, titleValue } from './example-parts.ts';
import {
  cursor,
  described,
  id,
  type List,
  limit,
  nextCursor,
  type Parent,
  ParentRef,
  parentOf,
  plain,
  type RichText,
  textPieces,
  typed,
  uuid,
} from './fields.ts';
import { Page, type PageBody, pageOf } from './pages.ts';

const Database = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  url: z.string(),
  parent: ParentRef,
  in_trash: z.boolean(),
  data_sources: z.array(z.object({ id: z.string(), name: z.string() })),
  edited_at: z.string(),
});

interface DatabaseBody {
  id: string;
  title: RichText[];
  description?: RichText[];
  url: string;
  parent: Parent;
  in_trash: boolean;
  data_sources: { id: string; name: string }[];
  last_edited_time: string;
}

function databaseOf(body: DatabaseBody): z.input<typeof Database> {
  return {
    id: body.id,
    title: plain(body.title),
    description: plain(body.description),
    url: body.url,
    parent: parentOf(body.parent),
    in_trash: body.in_trash,
    data_sources: body.data_sources.map(({ id: found, name }) => ({ id: found, name })),
    edited_at: body.last_edited_time,
  };
}

const databaseExample = {
  object: 'database',
  id: ids.database,
  title: richText('Pipeline'),
  description: [],
  parent: { type: 'page_id', page_id: ids.home },
  is_inline: false,
  in_trash: false,
  archived: false,
  is_locked: false,
  created_time: '2025-06-02T08:00:00.000Z',
  last_edited_time: '2025-11-20T17:40:00.000Z',
  data_sources: [{ id: ids.source, name: 'Pipeline' }],
  icon: null,
  cover: null,
  url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
  public_url: null,
};

const databaseShown = {
  id: ids.database,
  title: 'Pipeline',
  description: '',
  url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
  parent: { type: 'page', id: ids.home },
  in_trash: false,
  data_sources: [{ id: ids.source, name: 'Pipeline' }],
  edited_at: '2025-11-20T17:40:00.000Z',
};

export const databaseFetch = tool({
  name: 'notion_database_fetch',
  aliases: ['notion_database_get', 'notion_database_retrieve'],
  title: 'Read a database',
  description:
    'Read one database: title, place and the data sources that hold its rows. Rows and columns belong to a data source: take its id from ' +
    'here to notion_data_source_query or notion_data_source_retrieve.',
  effect: 'read',
  scopes: [],
  input: z.object({ database_id: id.describe('Database id, or the 32 digits in its address') }),
  output: Database,
  request: ({ database_id }) => get(path`/v1/databases/${uuid(database_id)}`),
  respond: databaseOf,
  docs: 'https://developers.notion.com/reference/database-retrieve',
  provenance: described('retrieve-a-database'),
  examples: [{ input: { database_id: ids.database }, receives: { body: databaseExample }, gives: databaseShown }],
});

const columnTypes = [
  'rich_text',
  'number',
  'select',
  'multi_select',
  'date',
  'people',
  'checkbox',
  'url',
  'email',
  'phone_number',
  'files',
] as const;

export const databaseCreate = tool({
  name: 'notion_database_create',
  title: 'Create a database',
  description:
    'Create a database with its first data source below a page. A title column is made always; give the others with their types. Fill it ' +
    'with notion_page_create and the data source id in the answer. Each call makes another database.',
  effect: 'write',
  scopes: [],
  input: z.object({
    parent_page_id: id.describe('Page that it stands on, from notion_page_search'),
    title: z.string().min(1).max(2000).describe('The database’s title'),
    title_column: z.string().min(1).max(100).default('Name').describe('Name of the column that holds the rows’ titles'),
    columns: z
      .array(
        z.object({
          name: z.string().min(1).max(100).describe('Name of the column'),
          type: z.enum(columnTypes).describe('What its cells hold'),
          options: z.array(z.string().min(1).max(100)).max(50).optional().describe('Choices of a select or multi_select'),
        }),
      )
      .max(50)
      .default([])
      .describe('Further columns'),
    is_inline: z.boolean().default(false).describe('Shown within the page instead of on its own'),
  }),
  output: Database,
  request: ({ parent_page_id, title, title_column, columns, is_inline }) =>
    post('/v1/databases', {
      parent: { type: 'page_id', page_id: uuid(parent_page_id) },
      title: textPieces(title),
      is_inline,
      initial_data_source: {
        properties: Object.fromEntries([
          ...columns.map(({ name, type, options }) => [name, { type, [type]: choices(type, options) }]),
          [title_column, { type: 'title', title: {} }],
        ]),
      },
    }),
  respond: databaseOf,
  docs: 'https://developers.notion.com/reference/database-create',
  provenance: typed('createDatabase'),
  examples: [
    {
      input: {
        parent_page_id: ids.home,
        title: 'Pipeline',
        columns: [
          { name: 'Stage', type: 'select', options: ['First call', 'Due diligence'] },
          { name: 'Amount', type: 'number' },
        ],
      },
      receives: { body: databaseExample },
      gives: databaseShown,
      fresh: { '/id': 'uuid', '/created_time': 'iso_now', '/last_edited_time': 'iso_now' },
    },
  ],
});

function choices(type: (typeof columnTypes)[number], options: string[] | undefined): object {
  const chosen = (type === 'select' || type === 'multi_select') && options !== undefined;
  return chosen ? { options: options.map((name) => ({ name })) } : {};
}

interface ColumnBody {
  name: string;
  type: string;
  [settings: string]: unknown;
}

function optionsOf(column: ColumnBody): string[] {
  const settings = column[column.type] as { options?: { name: string }[] } | undefined;
  return (settings?.options ?? []).map(({ name }) => name).slice(0, 100);
}

export const dataSourceRetrieve = tool({
  name: 'notion_data_source_retrieve',
  aliases: ['notion_data_source_fetch', 'notion_data_source_get'],
  title: 'Read a data source’s columns',
  description:
    'Read the columns of one data source: names, types and choices, as notion_page_create, notion_page_update and the filter of ' +
    'notion_data_source_query need them. Ids come from notion_database_fetch or notion_page_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ data_source_id: id.describe('Data source id, not the id of its database') }),
  output: z.object({
    id: z.string(),
    title: z.string(),
    url: z.string(),
    database_id: z.string().nullable(),
    columns: z.array(z.object({ name: z.string(), type: z.string(), options: z.array(z.string()) })),
  }),
  request: ({ data_source_id }) => get(path`/v1/data_sources/${uuid(data_source_id)}`),
  respond: (body: { id: string; title: RichText[]; url: string; parent: Parent; properties: Record<string, ColumnBody> }) => ({
    id: body.id,
    title: plain(body.title),
    url: body.url,
    database_id: body.parent.type === 'database_id' ? parentOf(body.parent).id : null,
    columns: Object.values(body.properties).map((column) => ({ name: column.name, type: column.type, options: optionsOf(column) })),
  }),
  docs: 'https://developers.notion.com/reference/retrieve-a-data-source',
  provenance: described('retrieve-a-data-source'),
  examples: [
    {
      input: { data_source_id: ids.source },
      receives: {
        body: {
          object: 'data_source',
          id: ids.source,
          title: richText('Pipeline'),
          description: [],
          parent: { type: 'database_id', database_id: ids.database },
          database_parent: { type: 'page_id', page_id: ids.home },
          is_inline: false,
          in_trash: false,
          archived: false,
          created_time: '2025-06-02T08:00:00.000Z',
          last_edited_time: '2025-11-20T17:40:00.000Z',
          icon: null,
          cover: null,
          properties: {
            Name: { id: 'title', name: 'Name', description: null, type: 'title', title: {} },
            Amount: { id: 'nM2p', name: 'Amount', description: null, type: 'number', number: { format: 'euro' } },
            Stage: {
              id: 'aB%3Ac',
              name: 'Stage',
              description: null,
              type: 'status',
              status: {
                options: [
                  { id: 'first', name: 'First call', color: 'default', description: null },
                  { id: 'in-progress', name: 'Due diligence', color: 'blue', description: null },
                ],
                groups: [{ id: 'g1', name: 'In progress', color: 'blue', option_ids: ['first', 'in-progress'] }],
              },
            },
          },
          url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
          public_url: null,
        },
      },
      gives: {
        id: ids.source,
        title: 'Pipeline',
        url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
        database_id: ids.database,
        columns: [
          { name: 'Name', type: 'title', options: [] },
          { name: 'Amount', type: 'number', options: [] },
          { name: 'Stage', type: 'status', options: ['First call', 'Due diligence'] },
        ],
      },
    },
  ],
});

export const dataSourceQuery = tool({
  name: 'notion_data_source_query',
  aliases: ['notion_database_query'],
  title: 'Query the rows of a data source',
  description:
    'List the rows (pages) of one data source with their properties, filtered and sorted by its columns. Names and types of columns come ' +
    'from notion_data_source_retrieve, the data source’s id from notion_database_fetch.',
  effect: 'read',
  scopes: [],
  input: z.object({
    data_source_id: id.describe('Data source id, not the id of its database'),
    filter: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Notion filter: {"property":"Stage","status":{"equals":"Won"}}, or {"and":[…]}, {"or":[…]}'),
    sorts: z
      .array(
        z.object({
          property: z.string().min(1).max(200).describe('Name of the column'),
          direction: z.enum(['ascending', 'descending']).describe('Order of its values'),
        }),
      )
      .max(10)
      .optional()
      .describe('The first counts most'),
    limit,
    cursor,
  }),
  output: z.object({ pages: z.array(Page), next_cursor: nextCursor }),
  request: ({ data_source_id, filter, sorts, limit: page_size, cursor: start_cursor }) =>
    post(path`/v1/data_sources/${uuid(data_source_id)}/query`, {
      page_size,
      ...(filter === undefined ? {} : { filter }),
      ...(sorts === undefined ? {} : { sorts }),
      ...(start_cursor === undefined ? {} : { start_cursor }),
    }),
  respond: (body: List<PageBody>) => ({
    // a wiki's data source also holds further data sources, which are no rows
    pages: body.results.filter(({ object }) => object === 'page').map(pageOf),
    next_cursor: body.next_cursor,
  }),
  docs: 'https://developers.notion.com/reference/query-a-data-source',
  provenance: described('query-data-source'),
  examples: [
    {
      input: {
        data_source_id: ids.source,
        filter: { property: 'Stage', status: { equals: 'Due diligence' } },
        sorts: [{ property: 'Amount', direction: 'descending' }],
      },
      receives: {
        body: list('page_or_data_source', [
          pageBody(
            ids.page,
            { type: 'data_source_id', data_source_id: ids.source, database_id: ids.database },
            {
              Name: titleValue('Nordlicht Robotics'),
              Stage: { id: 'aB%3Ac', type: 'status', status: { id: 'in-progress', name: 'Due diligence', color: 'blue' } },
            },
          ),
        ]),
      },
      gives: {
        pages: [
          {
            id: ids.page,
            title: 'Nordlicht Robotics',
            url: 'https://www.notion.so/acme/9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a',
            parent: { type: 'data_source', id: ids.source },
            in_trash: false,
            created_at: '2025-11-20T09:15:00.000Z',
            edited_at: '2025-11-21T10:05:00.000Z',
            properties: {
              Name: { type: 'title', value: 'Nordlicht Robotics' },
              Stage: { type: 'status', value: 'Due diligence' },
            },
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
