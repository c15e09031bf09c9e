import { get, path, tool } from '@grantway/connector-kit';
import { type GraphPage, graphCursor, graphNextCursor, graphOperation, graphPaging, nextCursor } from '@grantway/connector-kit/microsoft';
import {
  DriveItem,
  type DriveItemBody,
  driveItem,
  driveItemFields,
  driveItemId,
  driveQuery,
  searchSegment,
} from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { deckExample, folderExample, folderGiven, ids, itemGiven, pageOf } from './examples.ts';
import { drive, driveId, itemId, limit, name } from './fields.ts';

const Page = z.object({ items: z.array(DriveItem), next_cursor: graphNextCursor });
const page = (body: GraphPage<DriveItemBody>) => ({ items: body.value.map(driveItem), next_cursor: nextCursor(body) });

export const itemsList = tool({
  name: 'onedrive_items_list',
  aliases: ['onedrive_list_drive_items', 'onedrive_list_items_in_drive'],
  title: 'List a folder',
  description:
    'List the files and folders in one folder, the root unless told, with the ids that all other tools take. To find something whose ' +
    'place is not known use onedrive_items_search.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({
    item_id: driveItemId.default('root').describe('Folder id from onedrive_items_search, or root'),
    orderby: z.enum(['name', 'lastModifiedDateTime desc', 'size desc']).optional().describe('Order; by name unless told'),
    drive_id: driveId,
    limit,
    cursor: graphCursor,
  }),
  output: Page,
  request: ({ drive_id, item_id, orderby, limit: top, cursor }) =>
    get(drive(drive_id) + path`/items/${item_id}/children`, { $select: driveItemFields, $orderby: orderby, ...graphPaging(top, cursor) }),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-list-children',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}/children'),
  examples: [
    {
      input: { item_id: ids.folder, limit: 2 },
      receives: {
        body: pageOf([deckExample, folderExample(ids.archive, 'Archive')], {
          '@odata.nextLink': `https://graph.microsoft.com/v1.0/me/drive/items/${ids.folder}/children?$top=2&$skiptoken=UGFnZWQ9VFJVRSZwX0lEPTI`,
        }),
      },
      gives: { items: [itemGiven, folderGiven(ids.archive, 'Archive')], next_cursor: 'tVUdGblpXUTlWRkpWUlNad1gwbEVQVEk' },
    },
  ],
});

export const itemsSearch = tool({
  name: 'onedrive_items_search',
  aliases: ['onedrive_search_drive_items', 'onedrive_search_items_in_drive'],
  title: 'Search files',
  description:
    'Find files and folders by words in name, properties or text, what others share with this account included. Give drive_id of a ' +
    'result to the other tools, since it may lie elsewhere. What lies in one folder is listed by onedrive_items_list.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({
    query: driveQuery.describe('Words, for example northwind term sheet'),
    drive_id: driveId,
    limit,
    cursor: graphCursor,
  }),
  output: Page,
  request: ({ drive_id, query, limit: top, cursor }) =>
    get(drive(drive_id) + searchSegment(query), { $select: driveItemFields, ...graphPaging(top, cursor) }),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-search',
  provenance: graphOperation("GET /drives/{drive-id}/search(q='{q}')"),
  examples: [
    {
      input: { query: 'northwind term sheet' },
      receives: { body: pageOf([deckExample]) },
      gives: { items: [itemGiven], next_cursor: null },
    },
  ],
});

export const itemGet = tool({
  name: 'onedrive_item_get',
  aliases: ['onedrive_get_drive_item', 'onedrive_get_item_in_drive'],
  title: 'Look at an item',
  description:
    'Tell name, size, type, place and last change of one file or folder, without its content. Ids come from onedrive_items_list or ' +
    'onedrive_items_search; where only the path is known use onedrive_item_get_by_path.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({
    item_id: driveItemId.describe('Item id from onedrive_items_list or onedrive_items_search, or root'),
    drive_id: driveId,
  }),
  output: DriveItem,
  request: ({ drive_id, item_id }) => get(drive(drive_id) + path`/items/${item_id}`, { $select: driveItemFields }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-get',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}'),
  examples: [{ input: { item_id: ids.deck }, receives: { body: deckExample }, gives: itemGiven }],
});

export const itemGetByPath = tool({
  name: 'onedrive_item_get_by_path',
  title: 'Look at an item by path',
  description:
    'Find one file or folder of this account’s own drive by the names of the folders down to it. Gives the id that the other tools take; ' +
    'where the place is not known use onedrive_items_search.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({
    names: z.array(name).min(1).max(20).describe('Names from the root down, for example ["Deals", "Northwind term sheet.pdf"]'),
  }),
  output: DriveItem,
  request: ({ names }) => get(`/me/drive/root:${names.map((one) => path`/${one}`).join('')}`, { $select: driveItemFields }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-get',
  // The same operation, with the item's address written as its path.
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}'),
  examples: [{ input: { names: ['Deals', 'Northwind term sheet.pdf'] }, receives: { body: deckExample }, gives: itemGiven }],
});

interface VersionBody {
  id: string;
  size?: number | null;
  lastModifiedDateTime?: string | null;
  lastModifiedBy?: { user?: { displayName?: string | null } | null } | null;
}

export const versionsList = tool({
  name: 'onedrive_versions_list',
  aliases: ['onedrive_list_versions', 'onedrive_list_item_versions_in_drive'],
  title: 'List a file’s versions',
  description:
    'List the versions of one file, the present one first: number, moment, author and size. An older one is brought back with ' +
    'onedrive_version_restore. Ids of files come from onedrive_items_list or onedrive_items_search.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({ item_id: itemId, drive_id: driveId, limit, cursor: graphCursor }),
  output: z.object({
    versions: z.array(z.object({ id: z.string(), size: z.int(), modified_at: z.string().nullable(), modified_by: z.string().nullable() })),
    next_cursor: graphNextCursor,
  }),
  request: ({ drive_id, item_id, limit: top, cursor }) => get(drive(drive_id) + path`/items/${item_id}/versions`, graphPaging(top, cursor)),
  respond: (body: GraphPage<VersionBody>) => ({
    versions: body.value.map((v) => ({
      id: v.id,
      size: v.size ?? 0,
      modified_at:
        v.lastModifiedDateTime === undefined || v.lastModifiedDateTime === null ? null : new Date(v.lastModifiedDateTime).toISOString(),
      modified_by: v.lastModifiedBy?.user?.displayName ?? null,
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/driveitem-list-versions',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}/versions'),
  examples: [
    {
      input: { item_id: ids.deck },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#drives('b%21t18F')/items('01NK')/versions",
          value: [
            {
              id: '2.0',
              lastModifiedBy: {
                user: { email: 'mira@acme.example', id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b', displayName: 'Mira Lopez' },
              },
              lastModifiedDateTime: '2025-11-21T08:12:40Z',
              publication: { level: 'published', versionId: '2.0' },
              size: 184320,
            },
          ],
        },
      },
      gives: {
        versions: [{ id: '2.0', size: 184320, modified_at: '2025-11-21T08:12:40.000Z', modified_by: 'Mira Lopez' }],
        next_cursor: null,
      },
    },
  ],
});
