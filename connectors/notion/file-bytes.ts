import { exampleFile, fileId, fileOutput, get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { blockBody, fileUrl, ids, richText } from './example-parts.ts';
import { described, id, typed, uuid } from './fields.ts';
import { Upload, uploadExample, uploadOf } from './files.ts';

export const fileUploadSend = tool({
  name: 'notion_file_upload_send',
  title: 'Send a file to an upload',
  description:
    'Send the bytes of a file, 20 MB at most, to an upload that notion_file_upload_create began without external_url. It works once; then ' +
    'show the file with notion_file_attach within the hour.',
  effect: 'write',
  scopes: [],
  input: z.object({ file_upload_id: id.describe('Id from notion_file_upload_create'), file_id: fileId() }),
  output: Upload,
  request: ({ file_upload_id, file_id }) => ({
    method: 'POST',
    path: path`/v1/file_uploads/${uuid(file_upload_id)}/send`,
    upload: { file: file_id, as: { field: 'file' } },
  }),
  respond: uploadOf,
  docs: 'https://developers.notion.com/reference/send-a-file-upload',
  provenance: typed('sendFileUpload'),
  examples: [
    {
      input: { file_upload_id: ids.file, file_id: exampleFile.file_id },
      receives: { body: uploadExample('uploaded', 48213) },
      gives: {
        id: ids.file,
        status: 'uploaded',
        filename: 'term-sheet.pdf',
        content_type: 'application/pdf',
        content_length: 48213,
        expires_at: '2025-11-21T11:04:00.000Z',
        problem: null,
      },
    },
  ],
});

interface FileBlock {
  type: string;
  [content: string]: unknown;
}

/** The bytes behind the link of a block; `file` is Notion's own storage, `external` an address elsewhere that somebody typed in. */
function linkOf(block: FileBlock): string {
  const inner = block[block.type] as { file?: { url?: string } } | undefined;
  const url = inner?.file?.url;
  if (url === undefined) throw new TypeError('the block holds no file of Notion’s');
  return url;
}

export const fileDownload = tool({
  name: 'notion_file_download',
  title: 'Download a file',
  description:
    'Download the file, picture, PDF, sound or film of one block through a fresh link, and get a handle of it. Block ids come from ' +
    'notion_page_content_get. Files that were only linked from elsewhere cannot be fetched.',
  effect: 'read',
  scopes: [],
  input: z.object({ block_id: id.describe('Block id from notion_page_content_get') }),
  output: fileOutput,
  request: ({ block_id }) => get(path`/v1/blocks/${uuid(block_id)}`),
  download: { link: linkOf, hostSuffixes: ['prod-files-secure.s3.us-west-2.amazonaws.com', 'file.notion.so'] },
  respond: (_body: FileBlock, { file }) => file ?? exampleFile,
  docs: 'https://developers.notion.com/docs/retrieving-files',
  provenance: described('retrieve-a-block'),
  examples: [
    {
      input: { block_id: ids.block },
      receives: {
        body: blockBody(ids.block, 'pdf', {
          caption: richText('Term sheet, draft'),
          type: 'file',
          file: {
            url: fileUrl,
            expiry_time: '2025-11-21T11:05:00.000Z',
          },
        }),
      },
      file: { headers: { 'content-type': 'application/pdf', 'content-disposition': 'inline; filename="term-sheet.pdf"' }, body: 'hello' },
      gives: { ...exampleFile, name: 'term-sheet.pdf' },
      fresh: { '/pdf/file/url': 'link' },
    },
  ],
});
