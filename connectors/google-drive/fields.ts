import { z } from 'zod';

/** Revision of the discovery document that the requests were checked against. */
export const provenance = (method: string) => ({
  specification: 'google discovery drive.v3',
  version: '20260916',
  operation: `drive.${method}`,
});

export const docs = (method: string) => `https://developers.google.com/workspace/drive/api/reference/rest/v3/${method}`;

export const id = z.string().regex(/^[A-Za-z0-9_-]{4,128}$/);
export const fileId = id.describe('File id from google_drive_files_search, or the part of its address after /d/');
export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(4096).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const folderType = 'application/vnd.google-apps.folder';

/** What people call the kinds of files, and what Drive calls them. */
export const kinds = {
  folder: folderType,
  document: 'application/vnd.google-apps.document',
  spreadsheet: 'application/vnd.google-apps.spreadsheet',
  presentation: 'application/vnd.google-apps.presentation',
  form: 'application/vnd.google-apps.form',
  pdf: 'application/pdf',
} as const;

export const File = z.object({
  id: z.string(),
  name: z.string(),
  mime_type: z.string(),
  url: z.string().nullable(),
  folder_id: z.string().nullable(),
  size: z.int().nullable(),
  modified_at: z.string().nullable(),
  owner: z.string().nullable(),
  shared: z.boolean(),
  trashed: z.boolean(),
});

export interface FileBody {
  id: string;
  name: string;
  mimeType: string;
  webViewLink?: string;
  parents?: string[];
  size?: string;
  createdTime?: string;
  modifiedTime?: string;
  owners?: { displayName?: string; emailAddress?: string }[];
  shared?: boolean;
  trashed?: boolean;
  starred?: boolean;
  description?: string;
  lastModifyingUser?: { displayName?: string; emailAddress?: string };
  driveId?: string;
  capabilities?: { canEdit?: boolean; canShare?: boolean; canDownload?: boolean };
  shortcutDetails?: { targetId?: string; targetMimeType?: string };
}

/** Drive gives id, name and type alone unless the fields are named. */
export const briefFields = 'id,name,mimeType,webViewLink,parents,size,modifiedTime,owners(displayName,emailAddress),shared,trashed';

export function fileOf(file: FileBody): z.input<typeof File> {
  return {
    id: file.id,
    name: file.name,
    mime_type: file.mimeType,
    url: file.webViewLink ?? null,
    folder_id: file.parents?.[0] ?? null,
    size: file.size === undefined ? null : Number(file.size),
    modified_at: file.modifiedTime ?? null,
    owner: file.owners?.[0]?.emailAddress ?? null,
    shared: file.shared ?? false,
    trashed: file.trashed ?? false,
  };
}

/** Within a search texts stand in single quotes; these and backslashes are escaped by a backslash. */
export const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
