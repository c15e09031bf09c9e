import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { deck, deckGives, folder, folderGives, memo, memoGives } from './examples.ts';
import {
  briefFields,
  cursor,
  docs,
  File,
  type FileBody,
  fileId,
  fileOf,
  id,
  kinds,
  limit,
  nextCursor,
  provenance,
  quoted,
} from './fields.ts';
import { names } from './scopes.ts';

interface Page {
  files?: FileBody[];
  nextPageToken?: string;
  incompleteSearch?: boolean;
}

const Files = z.object({ files: z.array(File), next_cursor: nextCursor });
const filesOf = ({ files = [], nextPageToken }: Page) => ({ files: files.map(fileOf), next_cursor: nextPageToken ?? null });

const list = (conditions: string[], orderBy: string | undefined, limit: number, cursor: string | undefined) =>
  get('/drive/v3/files', {
    q: conditions.join(' and '),
    orderBy,
    pageSize: limit,
    pageToken: cursor,
    fields: `nextPageToken,incompleteSearch,files(${briefFields})`,
    supportsAllDrives: true,
    includeItemsFromAllDrives: true,
  });

export const filesSearch = tool({
  name: 'google_drive_files_search',
  aliases: ['googledrive_search_files', 'googledrive_search_content'],
  title: 'Search files',
  description:
    'Search files and folders by words in them, name, kind, owner or date; every condition given must hold. Words sort by fit, anything ' +
    'else by change, newest first. For what lies in one folder use google_drive_files_list.',
  effect: 'read',
  scopes: [names],
  input: z.object({
    text: z.string().min(1).max(500).optional().describe('Words in the content or name'),
    name: z.string().min(1).max(500).optional().describe('Words that the name begins with or holds'),
    kind: z.enum(['folder', 'document', 'spreadsheet', 'presentation', 'form', 'pdf']).optional().describe('Kind of file'),
    owner: z.email().optional().describe('E-mail address of the owner'),
    modifiedAfter: z.iso.datetime({ offset: true }).optional().describe('Only what changed since'),
    sharedWithMe: z.boolean().optional().describe('Only what others shared with the person'),
    starred: z.boolean().optional().describe('Only what the person has starred'),
    trashed: z.boolean().default(false).describe('Look into the trash instead'),
    limit,
    cursor,
  }),
  output: Files,
  request: ({ text, name, kind, owner, modifiedAfter, sharedWithMe, starred, trashed, limit, cursor }) =>
    list(
      [
        `trashed = ${trashed}`,
        ...(text === undefined ? [] : [`fullText contains ${quoted(text)}`]),
        ...(name === undefined ? [] : [`name contains ${quoted(name)}`]),
        ...(kind === undefined ? [] : [`mimeType = ${quoted(kinds[kind])}`]),
        ...(owner === undefined ? [] : [`${quoted(owner)} in owners`]),
        ...(modifiedAfter === undefined ? [] : [`modifiedTime > ${quoted(new Date(modifiedAfter).toISOString())}`]),
        ...(sharedWithMe === true ? ['sharedWithMe = true'] : []),
        ...(starred === undefined ? [] : [`starred = ${starred}`]),
      ],
      // Drive refuses an order where words are searched for
      text === undefined ? 'modifiedTime desc' : undefined,
      limit,
      cursor,
    ),
  respond: filesOf,
  docs: docs('files/list'),
  provenance: provenance('files.list'),
  examples: [
    {
      input: { text: 'Lumen', kind: 'document' },
      receives: { body: { incompleteSearch: false, files: [memo] } },
      gives: { files: [memoGives], next_cursor: null },
    },
    {
      input: { owner: 'mira@acme.example', limit: 2 },
      receives: { body: { nextPageToken: 'made-up-page-2', incompleteSearch: false, files: [deck, memo] } },
      gives: { files: [deckGives, memoGives], next_cursor: 'made-up-page-2' },
    },
  ],
});

export const filesList = tool({
  name: 'google_drive_files_list',
  aliases: ['googledrive_list_folder_contents'],
  title: 'List a folder',
  description:
    'List what lies directly in one folder, folders first and then by name; root is the person’s own Drive. To look through everything ' +
    'use google_drive_files_search, which also finds a folder’s id.',
  effect: 'read',
  scopes: [names],
  input: z.object({ folderId: id.default('root').describe('Folder id; root unless told'), limit, cursor }),
  output: Files,
  request: ({ folderId, limit, cursor }) => list([`${quoted(folderId)} in parents`, 'trashed = false'], 'folder,name', limit, cursor),
  respond: filesOf,
  docs: docs('files/list'),
  provenance: provenance('files.list'),
  examples: [
    {
      input: { folderId: '0mAdeUp-Folder-Id-Deals' },
      receives: { body: { incompleteSearch: false, files: [folder, memo, deck] } },
      gives: { files: [folderGives, memoGives, deckGives], next_cursor: null },
    },
  ],
});

const FileFull = File.extend({
  description: z.string().nullable(),
  created_at: z.string().nullable(),
  last_modified_by: z.string().nullable(),
  starred: z.boolean(),
  shared_drive_id: z.string().nullable(),
  can_edit: z.boolean(),
  can_share: z.boolean(),
  shortcut_to: z.string().nullable(),
});

export const fileGet = tool({
  name: 'google_drive_file_get',
  aliases: ['googledrive_get_file_metadata'],
  title: 'Look at a file',
  description:
    'Look at one file or folder: where it lies, who owns and last changed it, what the person may do with it. Not its content: for that use ' +
    'google_drive_file_export or google_drive_file_read. folder_id is what google_drive_file_move takes.',
  effect: 'read',
  scopes: [names],
  input: z.object({ fileId }),
  output: FileFull,
  request: ({ fileId }) =>
    get(path`/drive/v3/files/${fileId}`, {
      fields: `${briefFields},description,createdTime,lastModifyingUser(displayName,emailAddress),starred,driveId,capabilities(canEdit,canShare,canDownload),shortcutDetails`,
      supportsAllDrives: true,
    }),
  respond: (file: FileBody) => ({
    ...fileOf(file),
    description: file.description?.slice(0, 4000) ?? null,
    created_at: file.createdTime ?? null,
    last_modified_by: file.lastModifyingUser?.emailAddress ?? file.lastModifyingUser?.displayName ?? null,
    starred: file.starred ?? false,
    shared_drive_id: file.driveId ?? null,
    can_edit: file.capabilities?.canEdit ?? false,
    can_share: file.capabilities?.canShare ?? false,
    shortcut_to: file.shortcutDetails?.targetId ?? null,
  }),
  docs: docs('files/get'),
  provenance: provenance('files.get'),
  examples: [
    {
      input: { fileId: memo.id },
      receives: {
        body: {
          ...memo,
          description: 'For the meeting on Monday',
          createdTime: '2025-11-02T11:00:00.000Z',
          lastModifyingUser: { displayName: 'Jon Berg', emailAddress: 'jon@acme.example' },
          starred: true,
          capabilities: { canEdit: true, canShare: true, canDownload: true },
        },
      },
      gives: {
        ...memoGives,
        description: 'For the meeting on Monday',
        created_at: '2025-11-02T11:00:00.000Z',
        last_modified_by: 'jon@acme.example',
        starred: true,
        shared_drive_id: null,
        can_edit: true,
        can_share: true,
        shortcut_to: null,
      },
    },
  ],
});
