import { get, path, post, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  nextCursor,
} from '@grantway/connector-kit/microsoft';
import {
  DriveItem,
  type DriveItemBody,
  DrivePermission,
  driveItem,
  driveItemFields,
  driveItemId,
  driveItemName,
  drivePermission,
  driveQuery,
  searchSegment,
} from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { contextOf, fileExample, fileGiven, ids, mira } from './examples.ts';
import { Done, done, driveId, fileId, limit, siteId } from './fields.ts';

interface DriveBody {
  id: string;
  name?: string | null;
  description?: string | null;
  driveType?: string | null;
  webUrl?: string | null;
  lastModifiedDateTime?: string | null;
}

export const drivesList = tool({
  name: 'sharepoint_drives_list',
  aliases: ['sharepoint_list_drives'],
  title: 'List libraries',
  description:
    'List the libraries of files in one site; a new site has one, Documents. Their ids are what sharepoint_files_list and ' +
    'sharepoint_files_search take as drive_id. Lists without files are in sharepoint_lists_list.',
  effect: 'read',
  scopes: ['Sites.Read.All'],
  input: z.object({ site_id: siteId, limit, cursor: graphCursor }),
  output: z.object({
    drives: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        description: z.string(),
        type: z.string(),
        modified_at: z.string().nullable(),
        web_url: z.string().nullable(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ site_id, limit: top, cursor }) => get(path`/sites/${site_id}/drives`, graphPaging(top, cursor)),
  respond: (body: GraphPage<DriveBody>) => ({
    drives: body.value.map((d) => ({
      id: d.id,
      name: d.name ?? '',
      description: d.description ?? '',
      type: d.driveType ?? 'unknown',
      modified_at: graphTime(d.lastModifiedDateTime),
      web_url: d.webUrl ?? null,
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/drive-list',
  provenance: graphOperation('GET /sites/{site-id}/drives'),
  examples: [
    {
      input: { site_id: ids.site },
      receives: {
        body: {
          ...contextOf('drives'),
          value: [
            {
              createdDateTime: '2024-10-18T03:05:59Z',
              description: '',
              id: ids.drive,
              lastModifiedDateTime: '2025-11-21T08:12:40Z',
              name: 'Documents',
              webUrl: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents',
              driveType: 'documentLibrary',
              createdBy: mira,
              owner: { group: { email: 'deals@acme.example', id: '0f1e2d3c-made-up', displayName: 'Deals Owners' } },
              quota: { deleted: 0, remaining: 27487790000000, state: 'normal', total: 27487790694400, used: 694400 },
            },
          ],
        },
      },
      gives: {
        drives: [
          {
            id: ids.drive,
            name: 'Documents',
            description: '',
            type: 'documentLibrary',
            modified_at: '2025-11-21T08:12:40.000Z',
            web_url: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

const Page = z.object({ items: z.array(DriveItem), next_cursor: graphNextCursor });
const page = (body: GraphPage<DriveItemBody>) => ({ items: body.value.map(driveItem), next_cursor: nextCursor(body) });

export const filesList = tool({
  name: 'sharepoint_files_list',
  aliases: ['sharepoint_list_drive_item_children'],
  title: 'List files',
  description:
    'List the files and folders in one folder of a library, its root unless told. Libraries come from sharepoint_drives_list; to find a ' +
    'file whose place is not known use sharepoint_files_search.',
  effect: 'read',
  scopes: ['Files.Read.All'],
  input: z.object({
    drive_id: driveId,
    item_id: driveItemId.default('root').describe('Folder id from sharepoint_files_search, or root'),
    limit,
    cursor: graphCursor,
  }),
  output: Page,
  request: ({ drive_id, item_id, limit: top, cursor }) =>
    get(path`/drives/${drive_id}/items/${item_id}/children`, { $select: driveItemFields, ...graphPaging(top, cursor) }),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-list-children',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}/children'),
  examples: [
    {
      input: { drive_id: ids.drive, limit: 1 },
      receives: {
        body: {
          ...contextOf('Collection(driveItem)'),
          value: [fileExample(ids.file, 'Term sheet.pdf')],
          '@odata.nextLink': `https://graph.microsoft.com/v1.0/drives/${ids.drive}/items/root/children?$top=1&$skiptoken=Paged%3dTRUE%26p_ID%3d7`,
        },
      },
      gives: { items: [fileGiven], next_cursor: 'tUGFnZWQ9VFJVRSZwX0lEPTc' },
    },
  ],
});

export const filesSearch = tool({
  name: 'sharepoint_files_search',
  title: 'Search a library',
  description:
    'Find files and folders of one library by words in name, properties or text. Across all sites use sharepoint_search; libraries come ' +
    'from sharepoint_drives_list.',
  effect: 'read',
  scopes: ['Files.Read.All'],
  input: z.object({ drive_id: driveId, query: driveQuery.describe('Words, for example term sheet'), limit, cursor: graphCursor }),
  output: Page,
  request: ({ drive_id, query, limit: top, cursor }) =>
    get(path`/drives/${drive_id}` + searchSegment(query), { $select: driveItemFields, ...graphPaging(top, cursor) }),
  respond: page,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-search',
  provenance: graphOperation("GET /drives/{drive-id}/search(q='{q}')"),
  examples: [
    {
      input: { drive_id: ids.drive, query: 'term sheet' },
      receives: { body: { ...contextOf('Collection(driveItem)'), value: [fileExample(ids.file, 'Term sheet.pdf')] } },
      gives: { items: [fileGiven], next_cursor: null },
    },
  ],
});

export const fileGet = tool({
  name: 'sharepoint_file_get',
  title: 'Look at a file',
  description:
    'Tell name, size, type, place and last change of one file or folder in a library, without its content. Ids come from ' +
    'sharepoint_files_list, sharepoint_files_search or sharepoint_search.',
  effect: 'read',
  scopes: ['Files.Read.All'],
  input: z.object({ drive_id: driveId, item_id: fileId }),
  output: DriveItem,
  request: ({ drive_id, item_id }) => get(path`/drives/${drive_id}/items/${item_id}`, { $select: driveItemFields }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-get',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}'),
  examples: [
    {
      input: { drive_id: ids.drive, item_id: ids.file },
      receives: { body: { ...contextOf("drives('b%21t18F')/items/$entity"), ...fileExample(ids.file, 'Term sheet.pdf') } },
      gives: fileGiven,
    },
  ],
});

export const folderCreate = tool({
  name: 'sharepoint_folder_create',
  title: 'Create a folder',
  description:
    'Make a folder in a library, inside another one or in its root. If one of that name is there already it fails unless told otherwise; ' +
    'look with sharepoint_files_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite.All'],
  input: z.object({
    drive_id: driveId,
    parent_id: driveItemId.describe('Folder id from sharepoint_files_list, or root'),
    name: driveItemName.describe('Name of the new folder'),
    conflict_behavior: z.enum(['fail', 'rename']).default('fail').describe('Where the name is taken: fail, or take another name'),
  }),
  output: DriveItem,
  request: ({ drive_id, parent_id, name, conflict_behavior }) =>
    post(path`/drives/${drive_id}/items/${parent_id}/children`, {
      name,
      folder: {},
      '@microsoft.graph.conflictBehavior': conflict_behavior,
    }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-post-children',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/children'),
  examples: [
    {
      input: { drive_id: ids.drive, parent_id: 'root', name: 'Northwind' },
      receives: {
        status: 201,
        body: {
          ...contextOf("drives('b%21t18F')/items/$entity"),
          ...fileExample(ids.folder, 'Northwind', { size: 0, file: null, folder: { childCount: 0 } }),
        },
      },
      gives: {
        ...fileGiven,
        id: ids.folder,
        name: 'Northwind',
        kind: 'folder',
        size: 0,
        mime_type: null,
        child_count: 0,
        web_url: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents/Northwind',
      },
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const fileDelete = tool({
  name: 'sharepoint_file_delete',
  aliases: ['sharepoint_recycle_item'],
  title: 'Delete a file',
  description:
    'Put a file, or a folder with all that is in it, into the site’s recycle bin, from which people can bring it back. Ids come from ' +
    'sharepoint_files_list or sharepoint_files_search.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Files.ReadWrite.All'],
  input: z.object({ drive_id: driveId, item_id: fileId.refine((id) => id !== 'root', 'the root cannot be deleted') }),
  output: Done,
  request: ({ drive_id, item_id }) => ({ method: 'DELETE', path: path`/drives/${drive_id}/items/${item_id}` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-delete',
  provenance: graphOperation('DELETE /drives/{drive-id}/items/{driveItem-id}'),
  examples: [{ input: { drive_id: ids.drive, item_id: ids.file }, receives: { status: 204, body: '' }, gives: { accepted: true } }],
});

export const sharingLinkCreate = tool({
  name: 'sharepoint_sharing_link_create',
  title: 'Make a sharing link',
  description:
    'Make a link by which others open a file or folder of a library; a link of the same kind that exists is given again. With anonymous ' +
    'whoever has it gets in without signing in. Ids come from sharepoint_files_list.',
  effect: 'write',
  idempotent: true,
  scopes: ['Files.ReadWrite.All'],
  input: z.object({
    drive_id: driveId,
    item_id: fileId,
    type: z.enum(['view', 'edit']).describe('What the link allows'),
    scope: z.enum(['organization', 'anonymous', 'users']).default('organization').describe('Whom it lets in'),
    expiration_date_time: z.iso.datetime({ offset: true }).optional().describe('When it ends'),
  }),
  output: DrivePermission,
  request: ({ drive_id, item_id, type, scope, expiration_date_time }) =>
    post(path`/drives/${drive_id}/items/${item_id}/createLink`, {
      type,
      scope,
      ...(expiration_date_time === undefined ? {} : { expirationDateTime: new Date(expiration_date_time).toISOString() }),
    }),
  respond: drivePermission,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-createlink',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/createLink'),
  examples: [
    {
      input: { drive_id: ids.drive, item_id: ids.file, type: 'view' },
      receives: {
        status: 201,
        body: {
          ...contextOf('permission'),
          id: '5d1b3c7e-made-up-link',
          roles: ['read'],
          shareId: 'u!made0up0share',
          hasPassword: false,
          grantedToIdentitiesV2: [],
          link: {
            scope: 'organization',
            type: 'view',
            webUrl: 'https://acme.sharepoint.example/:b:/s/deals/made0up',
            preventsDownload: false,
            application: { id: '00000003-0000-0000-0000-000000000000', displayName: 'Grantway' },
          },
        },
      },
      gives: {
        id: '5d1b3c7e-made-up-link',
        roles: ['read'],
        granted_to: [],
        link: { type: 'view', scope: 'organization', url: 'https://acme.sharepoint.example/:b:/s/deals/made0up' },
        inherited: false,
        has_password: false,
        expires_at: null,
      },
    },
  ],
});
