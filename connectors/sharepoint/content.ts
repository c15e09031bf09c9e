import { exampleFile, fileOutput, get, fileId as handle, path, tool } from '@grantway/connector-kit';
import { graphOperation, graphPage } from '@grantway/connector-kit/microsoft';
import {
  DriveItem,
  driveContentHosts,
  driveFilePath,
  driveItem,
  driveItemId,
  driveItemName,
  driveNameOf,
  driveUploadMaxBytes,
} from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { contextOf, fileExample, fileGiven, ids } from './examples.ts';
import { driveId, fileId } from './fields.ts';

const notRoot = fileId.refine((id) => id !== 'root', 'the root is no file');

export const fileDownload = tool({
  name: 'sharepoint_file_download',
  aliases: ['sharepoint_download_file'],
  title: 'Download a file',
  description:
    'Fetch the content of one file of a library and get a handle of it, which tools that send files take as file_id. Folders have none. ' +
    'Ids come from sharepoint_files_list or sharepoint_files_search; for name and size alone use sharepoint_file_get.',
  effect: 'read',
  scopes: ['Files.Read.All'],
  input: z.object({ drive_id: driveId, item_id: notRoot }),
  output: fileOutput,
  request: ({ drive_id, item_id }) => get(path`/drives/${drive_id}/items/${item_id}/content`),
  download: { hostSuffixes: driveContentHosts },
  respond: (_body: unknown, { file }) => file ?? exampleFile,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-get-content',
  provenance: graphPage('GET /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { drive_id: ids.drive, item_id: ids.file },
      receives: {
        status: 302,
        headers: {
          location:
            'https://contoso.sharepoint.com/sites/deals/_layouts/15/download.aspx?UniqueId=c3c8d98c-made-up&Translate=false&tempauth=made-up&ApiVersion=2.0',
        },
        body: '',
      },
      file: {
        headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="Term sheet.pdf"' },
        body: 'hello',
      },
      gives: { ...exampleFile, name: 'Term sheet.pdf' },
    },
  ],
});

export const fileUpload = tool({
  name: 'sharepoint_file_upload',
  aliases: ['sharepoint_upload_file'],
  title: 'Upload a file',
  description:
    'Put a file of at most 250 MB into a folder of a library as a new item. Where the name is taken it fails, or takes another name; a new ' +
    'version of what is there is made by sharepoint_file_content_replace. Folders come from sharepoint_files_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite.All'],
  input: z.object({
    drive_id: driveId,
    file_id: handle(),
    parent_id: driveItemId.default('root').describe('Folder id, or root'),
    name: driveItemName.optional().describe('Name with its ending; the file’s own unless told'),
    conflict_behavior: z.enum(['fail', 'rename']).default('fail').describe('Where the name is taken: fail, or take another name'),
  }),
  output: DriveItem,
  request: ({ drive_id, parent_id, name, conflict_behavior, file_id }, file = exampleFile) => ({
    method: 'PUT',
    path: path`/drives/${drive_id}` + driveFilePath(parent_id, name ?? driveNameOf(file.name)),
    // Microsoft replaces what is there unless told.
    query: { '@microsoft.graph.conflictBehavior': conflict_behavior },
    upload: { file: file_id, as: 'body', maxBytes: driveUploadMaxBytes },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-put-content',
  provenance: graphOperation('PUT /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { drive_id: ids.drive, file_id: exampleFile.file_id, name: 'Term sheet.pdf' },
      receives: {
        status: 201,
        body: { ...contextOf("drives('b%21t18F')/items/$entity"), ...fileExample(ids.file, 'Term sheet.pdf') },
      },
      gives: fileGiven,
      fresh: { '/createdDateTime': 'iso_now', '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});

export const fileContentReplace = tool({
  name: 'sharepoint_file_content_replace',
  title: 'Replace a file’s content',
  description:
    'Give one file of a library new content of at most 250 MB; name, place and sharing stay. What it held becomes an older version where ' +
    'the library keeps versions, and is lost where not. A new file is made by sharepoint_file_upload.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Files.ReadWrite.All'],
  input: z.object({ drive_id: driveId, item_id: notRoot, file_id: handle() }),
  output: DriveItem,
  request: ({ drive_id, item_id, file_id }) => ({
    method: 'PUT',
    path: path`/drives/${drive_id}/items/${item_id}/content`,
    upload: { file: file_id, as: 'body', maxBytes: driveUploadMaxBytes },
  }),
  respond: driveItem,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-put-content',
  provenance: graphOperation('PUT /drives/{drive-id}/items/{driveItem-id}/content'),
  examples: [
    {
      input: { drive_id: ids.drive, item_id: ids.file, file_id: exampleFile.file_id },
      receives: { body: { ...contextOf("drives('b%21t18F')/items/$entity"), ...fileExample(ids.file, 'Term sheet.pdf') } },
      gives: fileGiven,
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});
