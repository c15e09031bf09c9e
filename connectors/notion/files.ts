import { get, path, post, tool, withoutUndefined } from '@grantway/connector-kit';
import { z } from 'zod';
import { Block, blockOf } from './content.ts';
import { blockBody, fileUrl, ids, list, richText } from './example-parts.ts';
import { id, type List, textPieces, typed, uuid } from './fields.ts';

export const Upload = z.object({
  id: z.string(),
  status: z.string(),
  filename: z.string().nullable(),
  content_type: z.string().nullable(),
  content_length: z.int().nullable(),
  expires_at: z.string().nullable(),
  problem: z.string().nullable(),
});

interface UploadBody {
  id: string;
  status: string;
  filename: string | null;
  content_type: string | null;
  content_length: number | null;
  expiry_time: string | null;
  file_import_result?: { type: string; error?: { message?: string } };
}

export function uploadOf(body: UploadBody): z.input<typeof Upload> {
  return {
    id: body.id,
    status: body.status,
    filename: body.filename,
    content_type: body.content_type,
    content_length: body.content_length,
    expires_at: body.expiry_time,
    problem: body.file_import_result?.error?.message?.slice(0, 300) ?? null,
  };
}

export function uploadExample(status: string, contentLength: number | null) {
  return {
    object: 'file_upload',
    id: ids.file,
    created_time: '2025-11-21T10:04:00.000Z',
    created_by: { id: ids.bot, type: 'bot' },
    last_edited_time: '2025-11-21T10:04:00.000Z',
    in_trash: false,
    archived: false,
    expiry_time: '2025-11-21T11:04:00.000Z',
    status,
    filename: 'term-sheet.pdf',
    content_type: 'application/pdf',
    content_length: contentLength,
  };
}

export const fileUploadCreate = tool({
  name: 'notion_file_upload_create',
  title: 'Begin an upload',
  description:
    'Begin an upload: send the bytes with notion_file_upload_send, or have Notion fetch them from external_url and ask ' +
    'notion_file_upload_retrieve until status is uploaded. Then use notion_file_attach within the hour.',
  effect: 'write',
  scopes: [],
  input: z.object({
    filename: z
      .string()
      .regex(/^[^/\\\r\n]{1,200}\.[A-Za-z0-9]{1,10}$/)
      .describe('Name with its ending, for example term-sheet.pdf'),
    external_url: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .optional()
      .describe('Where Notion is to fetch it: public https, without signing in'),
    content_type: z
      .string()
      .regex(/^[a-z]+\/[A-Za-z0-9.+-]{1,100}$/)
      .optional()
      .describe('Media type, for example application/pdf'),
  }),
  output: Upload,
  request: ({ content_type, ...given }) =>
    post('/v1/file_uploads', {
      mode: given.external_url === undefined ? 'single_part' : 'external_url',
      ...withoutUndefined({ ...given, content_type }),
    }),
  respond: uploadOf,
  docs: 'https://developers.notion.com/reference/create-a-file-upload',
  provenance: typed('createFileUpload'),
  examples: [
    {
      input: {
        filename: 'term-sheet.pdf',
        external_url: 'https://files.acme.example/term-sheet.pdf',
        content_type: 'application/pdf',
      },
      receives: { body: uploadExample('pending', null) },
      gives: {
        id: ids.file,
        status: 'pending',
        filename: 'term-sheet.pdf',
        content_type: 'application/pdf',
        content_length: null,
        expires_at: '2025-11-21T11:04:00.000Z',
        problem: null,
      },
      fresh: { '/id': 'uuid', '/created_time': 'iso_now' },
    },
    {
      input: { filename: 'term-sheet.pdf' },
      receives: { body: uploadExample('pending', null) },
      gives: {
        id: ids.file,
        status: 'pending',
        filename: 'term-sheet.pdf',
        content_type: 'application/pdf',
        content_length: null,
        expires_at: '2025-11-21T11:04:00.000Z',
        problem: null,
      },
      fresh: { '/id': 'uuid', '/created_time': 'iso_now' },
    },
  ],
});

export const fileUploadRetrieve = tool({
  name: 'notion_file_upload_retrieve',
  aliases: ['notion_file_upload_get'],
  title: 'Ask how far an upload is',
  description:
    'Tell whether an upload that notion_file_upload_create began is pending, uploaded, expired or failed, and what went wrong. Only an ' +
    'uploaded one can be shown with notion_file_attach.',
  effect: 'read',
  scopes: [],
  input: z.object({ file_upload_id: id.describe('Id from notion_file_upload_create') }),
  output: Upload,
  request: ({ file_upload_id }) => get(path`/v1/file_uploads/${uuid(file_upload_id)}`),
  respond: uploadOf,
  docs: 'https://developers.notion.com/reference/retrieve-a-file-upload',
  provenance: typed('getFileUpload'),
  examples: [
    {
      input: { file_upload_id: ids.file },
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

export const fileAttach = tool({
  name: 'notion_file_attach',
  title: 'Show an uploaded file on a page',
  description:
    'Add an uploaded file to the end of a page as a block: a picture, a PDF, sound, film or a plain file. The upload comes from ' +
    'notion_file_upload_create; its link is read later with notion_page_content_get.',
  effect: 'write',
  scopes: [],
  input: z.object({
    block_id: id.describe('Page id from notion_page_search, or id of a block that holds others'),
    file_upload_id: id.describe('Id of an upload whose status is uploaded'),
    type: z.enum(['file', 'image', 'pdf', 'audio', 'video']).default('file').describe('How it is shown'),
    caption: z.string().max(2000).optional().describe('Text below it'),
  }),
  output: Block,
  request: ({ block_id, file_upload_id, type, caption }) => ({
    method: 'PATCH',
    path: path`/v1/blocks/${uuid(block_id)}/children`,
    json: {
      children: [
        {
          type,
          [type]: {
            type: 'file_upload',
            file_upload: { id: uuid(file_upload_id) },
            ...(caption === undefined ? {} : { caption: textPieces(caption) }),
          },
        },
      ],
    },
  }),
  respond: (body: List<Parameters<typeof blockOf>[0]>) => {
    const [block] = body.results;
    if (block === undefined) throw new Error('the answer holds no block');
    return blockOf(block);
  },
  docs: 'https://developers.notion.com/docs/working-with-files-and-media',
  provenance: typed('appendBlockChildren'),
  examples: [
    {
      input: { block_id: ids.page, file_upload_id: ids.file, type: 'pdf', caption: 'Term sheet, draft' },
      receives: {
        body: list('block', [
          blockBody(ids.block, 'pdf', {
            caption: richText('Term sheet, draft'),
            type: 'file',
            file: {
              url: fileUrl,
              expiry_time: '2025-11-21T11:05:00.000Z',
            },
          }),
        ]),
      },
      gives: {
        id: ids.block,
        type: 'pdf',
        text: 'Term sheet, draft',
        truncated: false,
        has_children: false,
        checked: null,
        file: {
          url: fileUrl,
          name: null,
          expires_at: '2025-11-21T11:05:00.000Z',
        },
      },
      fresh: { '/results/0/id': 'uuid', '/results/0/created_time': 'iso_now' },
    },
  ],
});
