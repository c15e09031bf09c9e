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
import { blocksMax, blocksOf } from './markdown.ts';
import { PropertyOut, type PropertyValue, properties, propertiesOf, propertiesShown } from './properties.ts';

export interface PageBody {
  object: string;
  id: string;
  url: string;
  parent: Parent;
  created_time: string;
  last_edited_time: string;
  in_trash?: boolean;
  archived?: boolean;
  properties: Record<string, PropertyValue>;
}

export const Page = z.object({
  id: z.string(),
  title: z.string(),
  url: z.string(),
  parent: ParentRef,
  in_trash: z.boolean(),
  created_at: z.string(),
  edited_at: z.string(),
  properties: z.record(z.string(), PropertyOut),
});

export function pageOf(page: PageBody): z.input<typeof Page> {
  return {
    id: page.id,
    title: titleOf(page.properties),
    url: page.url,
    parent: parentOf(page.parent),
    in_trash: page.in_trash ?? page.archived ?? false,
    created_at: page.created_time,
    edited_at: page.last_edited_time,
    properties: propertiesShown(page.properties),
  };
}

/** The property that holds a page's title has a name of its own in each database, but always this type. */
function titleOf(found: Record<string, PropertyValue>): string {
  const title = Object.values(found).find(({ type }) => type === 'title')?.title;
  return plain(title as RichText[] | undefined);
}

const pageId = id.describe('Page id, or the 32 digits at the end of its address');

export const content = z
  .string()
  .max(30_000)
  .refine((text) => blocksOf(text).length <= blocksMax, `more than ${blocksMax} blocks; append the rest afterwards`);

interface Found extends PageBody {
  title?: RichText[];
}

export const pageSearch = tool({
  name: 'notion_page_search',
  aliases: ['notion_data_fetch', 'notion_search'],
  title: 'Search pages and data sources',
  description:
    'Find pages and data sources by words of their title, the last edited first; it does not look into texts. Only what was shared with ' +
    'the connection is found. Rows of one database are found better with notion_data_source_query.',
  effect: 'read',
  scopes: [],
  input: z.object({
    query: z.string().max(500).optional().describe('Words of the title; everything that is shared unless given'),
    object: z.enum(['page', 'data_source']).optional().describe('Only pages, or only data sources (tables)'),
    sort_direction: z.enum(['ascending', 'descending']).default('descending').describe('By the moment of the last edit'),
    limit,
    cursor,
  }),
  output: z.object({
    results: z.array(
      z.object({ object: z.string(), id: z.string(), title: z.string(), url: z.string(), parent: ParentRef, edited_at: z.string() }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ query, object, sort_direction: direction, limit: page_size, cursor: start_cursor }) =>
    post('/v1/search', {
      page_size,
      sort: { timestamp: 'last_edited_time', direction },
      ...(query === undefined ? {} : { query }),
      ...(object === undefined ? {} : { filter: { property: 'object', value: object } }),
      ...(start_cursor === undefined ? {} : { start_cursor }),
    }),
  respond: (body: List<Found>) => ({
    results: body.results.map((found) => ({
      object: found.object,
      id: found.id,
      title: found.title === undefined ? titleOf(found.properties) : plain(found.title),
      url: found.url,
      parent: parentOf(found.parent),
      edited_at: found.last_edited_time,
    })),
    next_cursor: body.next_cursor,
  }),
  docs: 'https://developers.notion.com/reference/post-search',
  provenance: described('post-search'),
  examples: [
    {
      input: { query: 'pipeline', limit: 2 },
      receives: {
        body: list(
          'page_or_data_source',
          [
            pageBody(ids.page, { type: 'page_id', page_id: ids.home }, { title: titleValue('Pipeline review') }),
            {
              object: 'data_source',
              id: ids.source,
              created_time: '2025-06-02T08:00:00.000Z',
              last_edited_time: '2025-11-20T17:40:00.000Z',
              title: richText('Pipeline'),
              description: [],
              parent: { type: 'database_id', database_id: ids.database },
              database_parent: { type: 'page_id', page_id: ids.home },
              is_inline: false,
              in_trash: false,
              archived: false,
              icon: null,
              cover: null,
              properties: { Name: { id: 'title', name: 'Name', description: null, type: 'title', title: {} } },
              url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
              public_url: null,
            },
          ],
          'b7e6d5c4-a3f2-4e1d-9c0b-8a7f6e5d4c3b',
        ),
      },
      gives: {
        results: [
          {
            object: 'page',
            id: ids.page,
            title: 'Pipeline review',
            url: 'https://www.notion.so/acme/9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a',
            parent: { type: 'page', id: ids.home },
            edited_at: '2025-11-21T10:05:00.000Z',
          },
          {
            object: 'data_source',
            id: ids.source,
            title: 'Pipeline',
            url: 'https://www.notion.so/acme/3c5e7a91b2d44f688a0c2e4f6a8b0d12',
            parent: { type: 'database', id: ids.database },
            edited_at: '2025-11-20T17:40:00.000Z',
          },
        ],
        next_cursor: 'b7e6d5c4-a3f2-4e1d-9c0b-8a7f6e5d4c3b',
      },
    },
  ],
});

const row = {
  Name: titleValue('Nordlicht Robotics'),
  Stage: { id: 'aB%3Ac', type: 'status', status: { id: 'in-progress', name: 'Due diligence', color: 'blue' } },
  Tags: { id: 'xY1z', type: 'multi_select', multi_select: [{ id: 'o1', name: 'Seed', color: 'green' }] },
  Amount: { id: 'nM2p', type: 'number', number: 1500000 },
  Meeting: { id: 'dT3q', type: 'date', date: { start: '2025-11-24', end: null, time_zone: null } },
};

const rowShown = {
  Name: { type: 'title', value: 'Nordlicht Robotics' },
  Stage: { type: 'status', value: 'Due diligence' },
  Tags: { type: 'multi_select', value: ['Seed'] },
  Amount: { type: 'number', value: 1500000 },
  Meeting: { type: 'date', value: { start: '2025-11-24', end: null } },
};

const inSource = { type: 'data_source_id', data_source_id: ids.source, database_id: ids.database };

const rowPage = {
  id: ids.page,
  title: 'Nordlicht Robotics',
  url: 'https://www.notion.so/acme/9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a',
  parent: { type: 'data_source', id: ids.source },
  in_trash: false,
  created_at: '2025-11-20T09:15:00.000Z',
  edited_at: '2025-11-21T10:05:00.000Z',
  properties: rowShown,
};

export const pageGet = tool({
  name: 'notion_page_get',
  title: 'Read a page’s properties',
  description:
    'Read one page: title, address, parent and properties, each with its type. Its text comes with notion_page_markdown_get, its blocks ' +
    'and files with notion_page_content_get. Ids come from notion_page_search and notion_data_source_query.',
  effect: 'read',
  scopes: [],
  input: z.object({ page_id: pageId }),
  output: Page,
  request: ({ page_id }) => get(path`/v1/pages/${uuid(page_id)}`),
  respond: pageOf,
  docs: 'https://developers.notion.com/reference/retrieve-a-page',
  provenance: described('retrieve-a-page'),
  examples: [{ input: { page_id: ids.page }, receives: { body: pageBody(ids.page, inSource, row) }, gives: rowPage }],
});

export const pageCreate = tool({
  name: 'notion_page_create',
  aliases: ['notion_data_source_insert_row', 'notion_database_insert_row'],
  title: 'Create a page or a row',
  description:
    'Create a page below a page, or a row of a data source, with text in Markdown. Give exactly one parent. ' +
    'The types of a row’s properties come from notion_data_source_retrieve. Each call makes another page.',
  effect: 'write',
  scopes: [],
  input: z
    .object({
      title: z.string().max(2000).describe('The page’s title'),
      parent_page_id: id.optional().describe('Parent page, from notion_page_search'),
      data_source_id: id.optional().describe('Or data source, from notion_page_search'),
      properties: properties.optional().describe('Column to value: {"Stage":{"status":"Won"}}'),
      content: content.optional().describe('Text in Markdown, at most 100 blocks'),
    })
    .refine((given) => (given.parent_page_id === undefined) !== (given.data_source_id === undefined), 'give exactly one parent'),
  output: Page,
  request: ({ title, parent_page_id, data_source_id, properties: given = {}, content: markdown }) =>
    post('/v1/pages', {
      parent:
        parent_page_id === undefined
          ? { type: 'data_source_id', data_source_id: uuid(data_source_id as string) }
          : { type: 'page_id', page_id: uuid(parent_page_id) },
      properties: { ...propertiesOf(given), title: { title: textPieces(title) } },
      ...(markdown === undefined ? {} : { children: blocksOf(markdown) }),
    }),
  respond: pageOf,
  docs: 'https://developers.notion.com/reference/post-page',
  provenance: typed('createPage'),
  examples: [
    {
      input: {
        title: 'Nordlicht Robotics',
        data_source_id: ids.source,
        properties: {
          Stage: { status: 'Due diligence' },
          Tags: { multi_select: ['Seed'] },
          Amount: { number: 1500000 },
          Meeting: { date: { start: '2025-11-24' } },
        },
        content: '# First call\n\n- Team of **nine**\n- [ ] Ask for references',
      },
      receives: { body: pageBody(ids.page, inSource, row) },
      gives: rowPage,
      fresh: { '/id': 'uuid', '/created_time': 'iso_now', '/last_edited_time': 'iso_now' },
    },
  ],
});

export const pageUpdate = tool({
  name: 'notion_page_update',
  title: 'Change a page’s properties',
  description:
    'Change properties, title or icon of one page; what is not given stays. Property types come from notion_page_get or ' +
    'notion_data_source_retrieve. For the text use notion_page_markdown_update, for the trash notion_page_archive.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z
    .object({
      page_id: pageId,
      title: z.string().max(2000).optional().describe('New title'),
      properties: properties.optional().describe('Name to value under its type: {"Stage":{"status":"Won"}}; an empty text takes it away'),
      icon: z.emoji().optional().describe('One emoji shown beside the title'),
    })
    .refine(({ page_id: _, ...changes }) => Object.values(changes).some((value) => value !== undefined), 'give something to change'),
  output: Page,
  request: ({ page_id, title, properties: given = {}, icon }) => ({
    method: 'PATCH',
    path: path`/v1/pages/${uuid(page_id)}`,
    json: {
      properties: { ...propertiesOf(given), ...(title === undefined ? {} : { title: { title: textPieces(title) } }) },
      ...(icon === undefined ? {} : { icon: { type: 'emoji', emoji: icon } }),
    },
  }),
  respond: pageOf,
  docs: 'https://developers.notion.com/reference/patch-page',
  provenance: typed('updatePage'),
  examples: [
    {
      input: { page_id: ids.page, properties: { Stage: { status: 'Due diligence' } } },
      receives: { body: pageBody(ids.page, inSource, row) },
      gives: rowPage,
      fresh: { '/last_edited_time': 'iso_now' },
    },
  ],
});

const PageMoved = Page.pick({ id: true, title: true, url: true, parent: true, in_trash: true });

function movedOf(page: PageBody): z.input<typeof PageMoved> {
  const { id: found, title, url, parent, in_trash } = pageOf(page);
  return { id: found, title, url, parent, in_trash };
}

export const pageArchive = tool({
  name: 'notion_page_archive',
  aliases: ['notion_page_delete'],
  title: 'Move a page to the trash',
  description:
    'Move one page and everything below it to the trash, or take it out again with in_trash false. Notion empties the trash after a time. ' +
    'To remove a single paragraph use notion_block_delete. Ids come from notion_page_search.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ page_id: pageId, in_trash: z.boolean().default(true).describe('False takes the page out of the trash') }),
  output: PageMoved,
  request: ({ page_id, in_trash }) => ({ method: 'PATCH', path: path`/v1/pages/${uuid(page_id)}`, json: { in_trash } }),
  respond: movedOf,
  docs: 'https://developers.notion.com/reference/patch-page',
  provenance: described('patch-page'),
  examples: [
    {
      input: { page_id: ids.page },
      receives: { body: pageBody(ids.page, inSource, row, { in_trash: true, archived: true }) },
      gives: {
        id: ids.page,
        title: 'Nordlicht Robotics',
        url: 'https://www.notion.so/acme/9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a',
        parent: { type: 'data_source', id: ids.source },
        in_trash: true,
      },
    },
  ],
});

export const pageMove = tool({
  name: 'notion_page_move',
  title: 'Move a page elsewhere',
  description:
    'Move one page with everything below it under another page or into a data source; give exactly one new parent. People who may see the ' +
    'new parent may then see the page. Ids come from notion_page_search.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z
    .object({
      page_id: pageId,
      new_parent_page_id: id.optional().describe('Page that it becomes a child of, from notion_page_search'),
      new_parent_data_source_id: id.optional().describe('Data source that it becomes a row of, from notion_page_search'),
    })
    .refine(
      (given) => (given.new_parent_page_id === undefined) !== (given.new_parent_data_source_id === undefined),
      'give exactly one new parent',
    ),
  output: PageMoved,
  request: ({ page_id, new_parent_page_id, new_parent_data_source_id }) =>
    post(path`/v1/pages/${uuid(page_id)}/move`, {
      parent:
        new_parent_page_id === undefined
          ? { type: 'data_source_id', data_source_id: uuid(new_parent_data_source_id as string) }
          : { type: 'page_id', page_id: uuid(new_parent_page_id) },
    }),
  respond: movedOf,
  docs: 'https://developers.notion.com/reference/move-page',
  provenance: typed('movePage'),
  examples: [
    {
      input: { page_id: ids.page, new_parent_page_id: ids.home },
      receives: { body: pageBody(ids.page, { type: 'page_id', page_id: ids.home }, { title: titleValue('Nordlicht Robotics') }) },
      gives: {
        id: ids.page,
        title: 'Nordlicht Robotics',
        url: 'https://www.notion.so/acme/9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a',
        parent: { type: 'page', id: ids.home },
        in_trash: false,
      },
    },
  ],
});
