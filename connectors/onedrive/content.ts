import { exampleFile, fileId, fileOutput, get, path, tool } from '@grantway/connector-kit';
import { graphOperation, graphPage } from '@grantway/connector-kit/microsoft';
import {
  DriveItem,
  driveContentHosts,
  driveFilePath,
  driveItem,
  driveItemId,
  driveNameOf,
  driveUploadMaxBytes,
} from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { ids, itemExample, itemGiven } from './examples.ts';
import { drive, driveId, itemId, name } from './fields.ts';

const notRoot = itemId.refine((id) => id !== 'root', 'the root is no file');

export const fileDownload = tool({
  name: 'onedrive_file_download',
  aliases: ['onedrive_download_file', 'onedrive_download_file_in_drive'],
  title: 'Download a file',
  description:
    'Fetch the content of one file and get a handle of it, which tools that send files take as file_id. Folders have none. Ids come from ' +
    'onedrive_items_list or onedrive_items_search; for name and size alone use onedrive_item_get.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({ item_id: notRoot, drive_id: driveId }),
  output: fileOutput,
  request: ({ drive_id, item_id }) => get(drive(drive_id) + path`/items/${item_id}/content`),
  download: { hostSuffixes: driveContentHosts },
  respond: (_body: unknown, { file }) => file ?? exampleFile,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-get-content',
  provenance: graphPage('GET /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { item_id: ids.deck },
      receives: {
        status: 302,
        headers: {
          location:
            'https://contoso-my.sharepoint.com/personal/mira/_layouts/15/download.aspx?UniqueId=c3c8d98c-made-up&Translate=false&tempauth=made-up&ApiVersion=2.0',
        },
        body: '',
      },
      file: {
        headers: {
          'content-type': 'application/pdf',
          'content-disposition': 'attachment; filename="Northwind term sheet.pdf"',
        },
        body: 'hello',
      },
      gives: { ...exampleFile, name: 'Northwind term sheet.pdf' },
    },
  ],
});

export const fileUpload = tool({
  name: 'onedrive_file_upload',
  aliases: ['onedrive_upload_large_file'],
  title: 'Upload a file',
  description:
    'Put a file of at most 250 MB into a folder as a new item. Where the name is taken it fails, or takes another name; a new version of ' +
    'what is there is made by onedrive_file_content_replace. Folders come from onedrive_items_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite'],
  input: z.object({
    file_id: fileId(),
    parent_id: driveItemId.default('root').describe('Folder id, or root'),
    name: name.optional().describe('Name with its ending; the file’s own unless told'),
    conflict_behavior: z.enum(['fail', 'rename']).default('fail').describe('Where the name is taken: fail, or take another name'),
    drive_id: driveId,
  }),
  output: DriveItem,
  request: ({ drive_id, parent_id, name: asked, conflict_behavior, file_id }, file = exampleFile) => ({
    method: 'PUT',
    path: drive(drive_id) + driveFilePath(parent_id, asked ?? driveNameOf(file.name)),
    // Microsoft replaces what is there unless told.
    query: { '@microsoft.graph.conflictBehavior': conflict_behavior },
    upload: { file: file_id, as: 'body', maxBytes: driveUploadMaxBytes },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-put-content',
  provenance: graphOperation('PUT /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { file_id: exampleFile.file_id, parent_id: ids.folder, name: 'Northwind term sheet.pdf' },
      receives: { status: 201, body: itemExample(ids.deck, 'Northwind term sheet.pdf') },
      gives: itemGiven,
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const fileContentReplace = tool({
  name: 'onedrive_file_content_replace',
  title: 'Replace a file’s content',
  description:
    'Give one file new content of at most 250 MB; name, place and sharing stay. What it held becomes an older version, which ' +
    'onedrive_version_restore brings back where the drive keeps versions. A new file is made by onedrive_file_upload.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z.object({ item_id: notRoot, file_id: fileId(), drive_id: driveId }),
  output: DriveItem,
  request: ({ drive_id, item_id, file_id }) => ({
    method: 'PUT',
    path: drive(drive_id) + path`/items/${item_id}/content`,
    upload: { file: file_id, as: 'body', maxBytes: driveUploadMaxBytes },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-put-content',
  provenance: graphOperation('PUT /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { item_id: ids.deck, file_id: exampleFile.file_id },
      receives: { body: itemExample(ids.deck, 'Northwind term sheet.pdf') },
      gives: itemGiven,
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});
