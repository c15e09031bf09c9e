import { z } from 'zod';
import { connector } from '../connector.ts';
import { exampleFile, fileId, fileOutput } from '../files.ts';
import { get, path, post } from '../request.ts';
import { tool } from '../tool.ts';

const uploadId = z
  .string()
  .regex(/^[a-z0-9-]{3,36}$/)
  .describe('Upload id from folio_upload_create');
const pageId = z
  .string()
  .regex(/^[a-z0-9-]{3,36}$/)
  .describe('Page id, as it stands in the page’s address');
const upload = z.object({ id: z.string(), status: z.string() });
const known = { id: 'up-1', status: 'uploaded', filename: 'report.pdf', content_type: 'application/pdf', archived: false };
const link = 'https://files.folio-content.example/v1/up-1/report.pdf?signature=made-up';

const uploadCreate = tool({
  name: 'folio_upload_create',
  title: 'Create an upload',
  description: 'Announce a file that is to be put on a page, and get the upload id that folio_upload_send and folio_page_attach take.',
  effect: 'write',
  scopes: [],
  input: z.object({ filename: z.string().min(1).max(200).describe('What to call it') }),
  output: upload,
  request: ({ filename }) => post('/v1/uploads', { filename }),
  respond: ({ id, status }: z.infer<typeof upload>) => ({ id, status }),
  docs: 'https://docs.folio.example/uploads#create',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'POST /v1/uploads' },
  examples: [
    {
      input: { filename: 'report.pdf' },
      receives: { body: { ...known, status: 'pending' } },
      gives: { id: 'up-1', status: 'pending' },
      fresh: { '/id': 'uuid' },
    },
  ],
});

const uploadSend = tool({
  name: 'folio_upload_send',
  title: 'Send an upload',
  description:
    'Send the bytes of a file for an upload that folio_upload_create announced. It can be sent once; then attach it with folio_page_attach.',
  effect: 'write',
  scopes: [],
  input: z.object({ upload_id: uploadId, file_id: fileId('Handle of the file to send') }),
  output: upload,
  request: ({ upload_id, file_id }) => ({
    method: 'POST',
    path: path`/v1/uploads/${upload_id}/send`,
    upload: { file: file_id, as: { field: 'file' } },
  }),
  respond: ({ id, status }: z.infer<typeof upload>) => ({ id, status }),
  docs: 'https://docs.folio.example/uploads#send',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'POST /v1/uploads/{upload_id}/send' },
  examples: [
    { input: { upload_id: 'up-1', file_id: exampleFile.file_id }, receives: { body: known }, gives: { id: 'up-1', status: 'uploaded' } },
  ],
});

const pageAttach = tool({
  name: 'folio_page_attach',
  title: 'Attach a file to a page',
  description: 'Put a file that was sent with folio_upload_send at the end of a page, as a block of its own. Each call adds another block.',
  effect: 'write',
  scopes: [],
  input: z.object({ page_id: pageId, upload_id: uploadId }),
  output: z.object({ block_id: z.string() }),
  request: ({ page_id, upload_id }) => post(path`/v1/pages/${page_id}/blocks`, { type: 'file', upload: upload_id }),
  respond: ({ id }: { id: string }) => ({ block_id: id }),
  docs: 'https://docs.folio.example/pages#append',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'POST /v1/pages/{page_id}/blocks' },
  examples: [
    {
      input: { page_id: 'page-1', upload_id: 'up-1' },
      receives: { body: { id: 'block-1', type: 'file', file: { upload: 'up-1' } } },
      gives: { block_id: 'block-1' },
    },
  ],
});

const blocksList = tool({
  name: 'folio_blocks_list',
  title: 'List the blocks of a page',
  description:
    'List what stands on a page, in its order, with the block ids that folio_file_download takes. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({
    page_id: pageId,
    limit: z.int().min(1).max(100).default(20).describe('Blocks per page, 1 to 100'),
    cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
  }),
  output: z.object({ blocks: z.array(z.object({ id: z.string(), type: z.string() })), next_cursor: z.string().nullable() }),
  request: ({ page_id, ...page }) => get(path`/v1/pages/${page_id}/blocks`, page),
  respond: (body: { blocks: { id: string; type: string }[]; next: string | null }) => ({
    blocks: body.blocks.map(({ id, type }) => ({ id, type })),
    next_cursor: body.next,
  }),
  docs: 'https://docs.folio.example/pages#blocks',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'GET /v1/pages/{page_id}/blocks' },
  examples: [
    {
      input: { page_id: 'page-1' },
      receives: { body: { blocks: [{ id: 'block-1', type: 'file', created_by: 'u1' }], next: null } },
      gives: { blocks: [{ id: 'block-1', type: 'file' }], next_cursor: null },
    },
  ],
});

const fileDownload = tool({
  name: 'folio_file_download',
  title: 'Download a file of a page',
  description:
    'Download the file of one block, from a fresh link, and get a handle that other tools take as file_id. Block ids come from folio_blocks_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ block_id: pageId.describe('Block id from folio_blocks_list') }),
  output: fileOutput,
  request: ({ block_id }) => get(path`/v1/blocks/${block_id}`),
  download: { link: ({ file }: { file: { url: string } }) => file.url, hostSuffixes: ['folio-content.example'] },
  respond: (_body: unknown, { file }) => file ?? exampleFile,
  docs: 'https://docs.folio.example/blocks#get',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'GET /v1/blocks/{block_id}' },
  examples: [
    {
      input: { block_id: 'block-1' },
      receives: {
        body: {
          id: 'block-1',
          type: 'file',
          file: { url: link, expiry_time: '2026-01-01T01:00:00.000Z' },
          created_by: 'u1',
          in_trash: false,
        },
      },
      file: { headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="report.pdf"' }, body: 'hello' },
      gives: exampleFile,
      fresh: { '/file/url': 'link' },
    },
  ],
});

const pageExport = tool({
  name: 'folio_page_export',
  title: 'Export a page',
  description:
    'Export a page as plain text and get a handle of it. To read a page’s structure use folio_blocks_list instead, which is smaller.',
  effect: 'read',
  scopes: [],
  input: z.object({ page_id: pageId }),
  output: fileOutput,
  request: ({ page_id }) => get(path`/v1/pages/${page_id}/export`),
  download: { hostSuffixes: ['folio-content.example'] },
  respond: (_body: unknown, { file }) => file ?? exampleFile,
  docs: 'https://docs.folio.example/pages#export',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'GET /v1/pages/{page_id}/export' },
  examples: [
    {
      input: { page_id: 'page-1' },
      receives: {
        headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="report.pdf"' },
        body: 'hello',
      },
      gives: exampleFile,
    },
  ],
});

/** A vendor that takes and gives files, after no vendor there is. */
export const folio = connector({
  id: 'folio',
  name: 'Folio',
  description: 'Put files on the pages of Folio, and fetch them.',
  docs: 'https://docs.folio.example',
  auth: {
    kind: 'bearer',
    scheme: 'Bearer',
    fields: [{ name: 'token', label: 'Token', secret: true, pattern: /^[A-Za-z0-9_-]{8,100}$/ }],
    token: '{token}',
  },
  api: {
    baseUrl: 'https://api.folio.example',
    refusals: {
      rejected: { status: 401, body: { error: 'bad token' } },
      rate_limited: { status: 429, headers: { 'retry-after': '3' }, body: {} },
      error: { status: 404, body: { error: 'no such page' } },
      unavailable: { status: 503, body: 'busy' },
    },
  },
  identify: {
    request: get('/v1/me'),
    subject: ({ id, name }: { id: string; name: string }) => ({ id, label: name }),
    example: { receives: { body: { id: 'u1', name: 'Mira Lopez', plan: 'team' } }, gives: { id: 'u1', label: 'Mira Lopez' } },
  },
  tools: [uploadCreate, uploadSend, pageAttach, blocksList, fileDownload, pageExport],
});
