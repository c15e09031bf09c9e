import {
  type ApiRequest,
  act,
  ask,
  belowBase,
  exampleFile,
  type FileFacts,
  fetchFile,
  fileId as fileHandle,
  fileOutput,
  get,
  NothingToDo,
  openUpload,
  path,
  runTool,
} from '@grantway/connector-kit';
import { z } from 'zod';
import { deck, deckGives, memo } from './examples.ts';
import { briefFields, docs, File, type FileBody, fileId, fileOf, id, kinds, provenance } from './fields.ts';
import { ownFiles, readonly } from './scopes.ts';

const base = 'https://www.googleapis.com';
/** What Google makes itself has no bytes of its own, and what has bytes is not exported. */
const isGoogles = (type: string) => type.startsWith('application/vnd.google-apps.');

interface Named {
  name: string;
  mimeType: string;
}

const named = (fileId: string) => get(path`/drive/v3/files/${fileId}`, { fields: 'id,name,mimeType,size', supportsAllDrives: true });
const ofAnyKind = { accept: '*/*' };

export const fileDownload = runTool({
  name: 'google_drive_file_download',
  title: 'Download an uploaded file',
  description:
    'Download one file that was uploaded to Drive, of any kind, and get a handle of it that other tools take as file_id. Google’s own ' +
    'documents have no bytes: for them use google_drive_document_download. To read a text at once use google_drive_file_read.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ fileId }),
  output: fileOutput,
  download: {},
  *run({ fileId }) {
    const { name, mimeType } = yield* ask<Named>(named(fileId));
    if (isGoogles(mimeType)) throw new NothingToDo('this is a Google document, folder or shortcut: no file that was uploaded');
    const request = { ...get(path`/drive/v3/files/${fileId}`, { alt: 'media', supportsAllDrives: true }), headers: ofAnyKind };
    return yield* fetchFile(request, { name });
  },
  docs: docs('files/get'),
  provenance: provenance('files.get'),
  examples: [
    {
      input: { fileId: deck.id },
      before: [{ receives: { body: { id: deck.id, name: deck.name, mimeType: deck.mimeType, size: '5' } } }],
      receives: { headers: { 'content-type': 'application/pdf' }, body: 'hello' },
      gives: { ...exampleFile, name: deck.name },
    },
  ],
});

const office = 'application/vnd.openxmlformats-officedocument.';
const open = 'application/vnd.oasis.opendocument.';
/** What Google exports to, by the ending that people know it by. */
const formats = {
  pdf: 'application/pdf',
  docx: `${office}wordprocessingml.document`,
  xlsx: `${office}spreadsheetml.sheet`,
  pptx: `${office}presentationml.presentation`,
  odt: `${open}text`,
  ods: `${open}spreadsheet`,
  odp: `${open}presentation`,
  rtf: 'application/rtf',
  epub: 'application/epub+zip',
  zip: 'application/zip',
  md: 'text/markdown',
  txt: 'text/plain',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  png: 'image/png',
  jpg: 'image/jpeg',
  svg: 'image/svg+xml',
} as const;
const endings = Object.keys(formats) as (keyof typeof formats)[];

export const documentDownload = runTool({
  name: 'google_drive_document_download',
  title: 'Download a Google document',
  description:
    'Export one Google document, sheet, presentation or drawing to a file of another format, at most 10 MB, and get a handle of it. For ' +
    'files that were uploaded use google_drive_file_download; to read the text at once google_drive_file_export.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    fileId,
    format: z
      .enum(endings)
      .default('pdf')
      .describe(
        'pdf: any. docx, odt, rtf, epub, md: documents. xlsx, ods, csv, tsv: sheets. pptx, odp: presentations. png, jpg, svg: drawings',
      ),
  }),
  output: fileOutput,
  download: {},
  *run({ fileId, format }) {
    const { name, mimeType } = yield* ask<Named>(named(fileId));
    if (!isGoogles(mimeType)) throw new NothingToDo('this file was uploaded and is no Google document: it can be downloaded as it is');
    const request = { ...get(path`/drive/v3/files/${fileId}/export`, { mimeType: formats[format] }), headers: ofAnyKind };
    return yield* fetchFile(request, { name: `${name}.${format}` });
  },
  docs: docs('files/export'),
  provenance: provenance('files.export'),
  examples: [
    {
      input: { fileId: memo.id, format: 'pdf' },
      before: [{ receives: { body: { id: memo.id, name: 'Lumen memo', mimeType: memo.mimeType, size: memo.size } } }],
      receives: { headers: { 'content-type': 'application/pdf' }, body: 'hello' },
      gives: { ...exampleFile, name: 'Lumen memo.pdf' },
    },
  ],
});

/** A session that takes the bytes in one piece: Google’s way for files of any size. Nothing is there until they all are. */
function* upload(request: Pick<ApiRequest, 'method' | 'path'>, json: object, { file_id, size, content_type }: FileFacts) {
  const { headers } = yield* openUpload({
    ...request,
    query: { uploadType: 'resumable', fields: `${briefFields},kind`, supportsAllDrives: true },
    headers: { 'X-Upload-Content-Type': content_type, 'X-Upload-Content-Length': String(size) },
    json,
  });
  const session = belowBase(headers['location'], base, '/upload/drive/v3/files');
  return yield* act<FileBody>({ method: 'PUT', ...session, upload: { file: file_id, as: 'body' } });
}

const sessionExample = (at: string) => ({
  receives: {
    headers: { location: `${base}/upload/drive/v3/files${at}?uploadType=resumable&supportsAllDrives=true&upload_id=made-up-upload-id` },
    body: '',
  },
});

export const fileUpload = runTool({
  name: 'google_drive_file_upload',
  title: 'Upload a file',
  description:
    'Upload a file of any kind and size into a folder, as it is or as a Google document; each call makes another file, even of the same ' +
    'name. To replace what is in a file use google_drive_file_content_update.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({
    file_id: fileHandle('Handle of the file to upload'),
    name: z.string().min(1).max(500).optional().describe('Name in Drive; the file’s own unless told'),
    folderId: id.optional().describe('Folder id from google_drive_files_search; the person’s own Drive unless told'),
    description: z.string().max(4000).optional().describe('What it is, shown beside it'),
    convertTo: z.enum(['document', 'spreadsheet', 'presentation']).optional().describe('Google document to make of it, where Google can'),
  }),
  output: File,
  *run({ name, folderId, description, convertTo }, file = exampleFile) {
    const about = {
      name: name ?? file.name,
      description,
      parents: folderId === undefined ? undefined : [folderId],
      mimeType: convertTo === undefined ? undefined : kinds[convertTo],
    };
    return fileOf(yield* upload({ method: 'POST', path: '/upload/drive/v3/files' }, about, file));
  },
  docs: docs('files/create'),
  provenance: provenance('files.create'),
  examples: [
    {
      input: { file_id: exampleFile.file_id, name: deck.name, folderId: deckGives.folder_id },
      before: [sessionExample('')],
      receives: { body: { ...deck, kind: 'drive#file' } },
      gives: deckGives,
    },
  ],
});

export const fileContentUpdate = runTool({
  name: 'google_drive_file_content_update',
  title: 'Replace what is in a file',
  description:
    'Replace the content of one uploaded file by another file; its id, address, name and sharing stay. Drive keeps the older version for ' +
    '30 days. For a file of its own use google_drive_file_upload, to rename google_drive_file_update.',
  effect: 'destructive',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({ fileId, file_id: fileHandle('Handle of the file that is to be in it') }),
  output: File,
  *run({ fileId }, file = exampleFile) {
    return fileOf(yield* upload({ method: 'PATCH', path: path`/upload/drive/v3/files/${fileId}` }, {}, file));
  },
  docs: docs('files/update'),
  provenance: provenance('files.update'),
  examples: [
    {
      input: { fileId: deck.id, file_id: exampleFile.file_id },
      before: [sessionExample(`/${deck.id}`)],
      receives: { body: { ...deck, kind: 'drive#file' } },
      gives: deckGives,
    },
  ],
});
