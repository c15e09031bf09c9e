import { act, ask, get, path, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { deck, deckGives, folder, folderGives, memo, memoGives } from './examples.ts';
import { briefFields, docs, File, type FileBody, fileId, fileOf, id, kinds, provenance } from './fields.ts';
import { ownFiles } from './scopes.ts';

const name = z.string().min(1).max(500);
const description = z.string().max(4000).optional().describe('What it is, shown beside it');
const folderId = id.optional().describe('Folder id from google_drive_files_search; the person’s own Drive unless told');
const answer = { fields: `${briefFields},kind`, supportsAllDrives: true };
const parents = (folderId: string | undefined) => (folderId === undefined ? undefined : [folderId]);

export const folderCreate = tool({
  name: 'google_drive_folder_create',
  aliases: ['googledrive_create_folder'],
  title: 'Create a folder',
  description:
    'Create an empty folder; Drive allows several of one name, and each call makes another, so look with google_drive_files_search first. ' +
    'Move files into it with google_drive_file_move.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({
    name: name.describe('Name of the folder'),
    folderId: folderId.describe('Folder to put it into; id from google_drive_files_search'),
    description,
  }),
  output: File,
  request: ({ name, folderId, description }) => ({
    method: 'POST',
    path: '/drive/v3/files',
    query: answer,
    json: { name, description, mimeType: kinds.folder, parents: parents(folderId) },
  }),
  respond: fileOf,
  docs: docs('files/create'),
  provenance: provenance('files.create'),
  examples: [
    {
      input: { name: 'Lumen Labs', folderId: '0mAdeUp-Folder-Id-Deals' },
      receives: { body: { ...folder, kind: 'drive#file' } },
      gives: folderGives,
    },
  ],
});

export const fileCreate = tool({
  name: 'google_drive_file_create',
  aliases: ['googledrive_create_file'],
  title: 'Create an empty document',
  description:
    'Create an empty Google document, spreadsheet or presentation in a folder; each call makes another. Fill it with the tools of Google ' +
    'Docs and Sheets. For a folder use google_drive_folder_create; from a template google_drive_file_copy.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({
    name: name.describe('Name of the file'),
    kind: z.enum(['document', 'spreadsheet', 'presentation']).describe('What to create'),
    folderId,
    description,
  }),
  output: File,
  request: ({ name, kind, folderId, description }) => ({
    method: 'POST',
    path: '/drive/v3/files',
    query: answer,
    json: { name, description, mimeType: kinds[kind], parents: parents(folderId) },
  }),
  respond: fileOf,
  docs: docs('files/create'),
  provenance: provenance('files.create'),
  examples: [
    {
      input: { name: memo.name, kind: 'document', folderId: '0mAdeUp-Folder-Id-Deals' },
      receives: { body: { ...memo, kind: 'drive#file' } },
      gives: memoGives,
    },
  ],
});

export const fileCopy = tool({
  name: 'google_drive_file_copy',
  aliases: ['googledrive_copy_file'],
  title: 'Copy a file',
  description:
    'Copy one file, for example a template, under a new name; each call makes another copy, and sharing is not copied. Folders cannot be ' +
    'copied. To put the file itself elsewhere use google_drive_file_move.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({ fileId, name: name.optional().describe('Name of the copy; Copy of … unless told'), folderId, description }),
  output: File,
  request: ({ fileId, name, folderId, description }) => ({
    method: 'POST',
    path: path`/drive/v3/files/${fileId}/copy`,
    query: answer,
    json: { name, description, parents: parents(folderId) },
  }),
  respond: fileOf,
  docs: docs('files/copy'),
  provenance: provenance('files.copy'),
  examples: [
    {
      input: { fileId: '1mAdeUp-Memo-Template-Id-0009', name: memo.name, folderId: '0mAdeUp-Folder-Id-Deals' },
      receives: { body: { ...memo, kind: 'drive#file' } },
      gives: memoGives,
    },
  ],
});

export const fileUpdate = tool({
  name: 'google_drive_file_update',
  aliases: ['googledrive_update_file_metadata'],
  title: 'Rename or star a file',
  description:
    'Change the name, description or star of one file or folder; what is not given stays, and so does its address. To put it into another ' +
    'folder use google_drive_file_move, to share it google_drive_permission_create.',
  effect: 'write',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({
    fileId,
    name: name.optional().describe('New name'),
    description: description.describe('New description'),
    starred: z.boolean().optional().describe('Whether the person has it starred'),
  }),
  output: File,
  request: ({ fileId, ...json }) => ({ method: 'PATCH', path: path`/drive/v3/files/${fileId}`, query: answer, json }),
  respond: fileOf,
  docs: docs('files/update'),
  provenance: provenance('files.update'),
  examples: [
    {
      input: { fileId: deck.id, name: 'november.pdf' },
      receives: { body: { ...deck, kind: 'drive#file' } },
      gives: deckGives,
    },
  ],
});

export const fileMove = runTool({
  name: 'google_drive_file_move',
  aliases: ['googledrive_move_file'],
  title: 'Move a file',
  description:
    'Move one file or folder out of the folder where it lies into another; who may see it can change with that. Folder ids come from ' +
    'google_drive_files_search. To keep the file where it is use google_drive_file_copy.',
  effect: 'write',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({
    fileId,
    addParents: id.describe('Folder id from google_drive_files_search to move it to; root is the person’s own Drive'),
  }),
  output: File,
  *run({ fileId, addParents }) {
    // a file lies in one folder, and Drive wants to be told which it leaves
    const { parents = [] } = yield* ask<{ parents?: string[] }>(
      get(path`/drive/v3/files/${fileId}`, { fields: 'id,parents', supportsAllDrives: true }),
    );
    const left = parents.filter((parent) => parent !== addParents);
    const moved = yield* act<FileBody>({
      method: 'PATCH',
      path: path`/drive/v3/files/${fileId}`,
      query: {
        ...answer,
        ...(left.length === parents.length ? { addParents } : {}),
        ...(left.length === 0 ? {} : { removeParents: left.join(',') }),
      },
      json: {},
    });
    return fileOf(moved);
  },
  docs: docs('files/update'),
  provenance: provenance('files.update'),
  examples: [
    {
      input: { fileId: deck.id, addParents: folder.id },
      before: [{ receives: { body: { id: deck.id, parents: deck.parents } } }],
      receives: { body: { ...deck, kind: 'drive#file', parents: [folder.id] } },
      gives: { ...deckGives, folder_id: folder.id },
    },
  ],
});

export const fileTrash = tool({
  name: 'google_drive_file_trash',
  aliases: ['googledrive_trash_file'],
  title: 'Put a file into the trash',
  description:
    'Put one file or folder with all in it into the trash, where Drive deletes it after 30 days; google_drive_file_untrash brings it back ' +
    'until then. People that it is shared with lose it as well.',
  effect: 'destructive',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({ fileId }),
  output: File,
  request: ({ fileId }) => ({
    method: 'PATCH',
    path: path`/drive/v3/files/${fileId}`,
    query: { ...answer, fields: `${answer.fields},explicitlyTrashed` },
    json: { trashed: true },
  }),
  respond: fileOf,
  docs: docs('files/update'),
  provenance: provenance('files.update'),
  examples: [
    {
      input: { fileId: deck.id },
      receives: { body: { ...deck, kind: 'drive#file', trashed: true, explicitlyTrashed: true } },
      gives: { ...deckGives, trashed: true },
    },
  ],
});

export const fileUntrash = tool({
  name: 'google_drive_file_untrash',
  aliases: ['googledrive_untrash_file'],
  title: 'Bring a file back',
  description:
    'Take one file or folder out of the trash, back to where it lay. Find it with google_drive_files_search and trashed. The opposite is ' +
    'google_drive_file_trash.',
  effect: 'write',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({ fileId }),
  output: File,
  request: ({ fileId }) => ({ method: 'PATCH', path: path`/drive/v3/files/${fileId}`, query: answer, json: { trashed: false } }),
  respond: fileOf,
  docs: docs('files/update'),
  provenance: provenance('files.update'),
  examples: [{ input: { fileId: deck.id }, receives: { body: { ...deck, kind: 'drive#file' } }, gives: deckGives }],
});
