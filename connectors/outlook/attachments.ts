import {
  type ApiRequest,
  ask,
  exampleFile,
  type FileFacts,
  fetchFile,
  fileId,
  fileOutput,
  get,
  NothingToDo,
  path,
  runTool,
  tool,
} from '@grantway/connector-kit';
import { graphOperation, graphPage } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { ids } from './examples.ts';
import { attachmentId, draftId, messageId, stableIds } from './fields.ts';

export interface Attachment {
  '@odata.type'?: string;
  id: string;
  name?: string | null;
  contentType?: string | null;
  size?: number;
  isInline?: boolean;
  lastModifiedDateTime?: string | null;
}

/** Requests to Graph may have 4 MiB, and base64 makes four bytes of three. */
export const inRequestMaxBytes = 3_000_000;

/** Attachments as they stand in a message, without the bytes: those are put in while it is sent. */
export const attachmentsOf = (files: readonly FileFacts[]) =>
  files.map(({ name, content_type }) => ({
    '@odata.type': '#microsoft.graph.fileAttachment',
    name,
    contentType: content_type,
    contentBytes: '',
  }));

/** What puts the bytes there; `list` is the JSON pointer of the attachments. Nothing where there are none. */
export function uploadOf(file_ids: readonly string[] | undefined, list: string): Pick<ApiRequest, 'upload'> {
  if (file_ids === undefined) return {};
  return { upload: { files: file_ids, as: { base64: file_ids.map((_, i) => `${list}/${i}/contentBytes`) }, maxBytes: inRequestMaxBytes } };
}

export const attachmentDownload = runTool({
  name: 'outlook_attachment_download',
  aliases: ['outlook_get_attachment'],
  title: 'Download an attachment',
  description:
    'Fetch one attachment of a message and get a handle of it, which tools that send files take as file_id. An attached message comes as ' +
    '.eml, an event as .ics, a contact as .vcf. Ids come from outlook_attachments_list; those of kind link cannot be fetched.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({ message_id: messageId, attachment_id: attachmentId }),
  output: fileOutput,
  download: {},
  *run({ message_id, attachment_id }) {
    const place = path`/me/messages/${message_id}/attachments/${attachment_id}`;
    const told = yield* ask<Attachment>({ ...get(place, { $select: 'id,name,contentType,size' }), headers: stableIds });
    const type = told['@odata.type'];
    if (type === '#microsoft.graph.referenceAttachment') throw new NothingToDo('the attachment is a link to a file that lies elsewhere');
    // An item says of no kind which of the three it is; nor has it an ending.
    const naming = type === '#microsoft.graph.itemAttachment' ? { name: told.name ?? 'item' } : namingOf(told);
    return yield* fetchFile({ ...get(`${place}/$value`), headers: stableIds }, naming);
  },
  docs: 'https://learn.microsoft.com/graph/api/attachment-get',
  provenance: graphPage('GET /me/messages/{message-id}/attachments/{attachment-id}'),
  examples: [
    {
      input: { message_id: ids.message, attachment_id: ids.attachment },
      before: [
        {
          receives: {
            body: {
              '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/messages('deal')/attachments/$entity",
              '@odata.type': '#microsoft.graph.fileAttachment',
              '@odata.mediaContentType': 'application/pdf',
              id: ids.attachment,
              name: 'Northwind term sheet v2.pdf',
              contentType: 'application/pdf',
              size: 5,
            },
          },
        },
      ],
      receives: { headers: { 'content-type': 'application/pdf' }, body: 'hello' },
      gives: { ...exampleFile, name: 'Northwind term sheet v2.pdf' },
    },
  ],
});

const namingOf = ({ name, contentType }: Attachment) => ({
  ...(name ? { name } : {}),
  ...(contentType ? { contentType } : {}),
});

const Added = z.object({ id: z.string(), name: z.string(), content_type: z.string().nullable(), size: z.int() });

export const attachmentAdd = tool({
  name: 'outlook_attachment_add',
  aliases: ['outlook_add_message_attachment'],
  title: 'Attach a file to a draft',
  description:
    'Attach one file of at most 3 MB to a draft from outlook_draft_create, before outlook_draft_send sends it. Each call attaches it once ' +
    'more. Small files can go along at once: outlook_message_send and outlook_draft_create take file_ids.',
  effect: 'write',
  scopes: ['Mail.ReadWrite'],
  input: z.object({ message_id: draftId, file_id: fileId() }),
  output: Added,
  request: ({ message_id, file_id }, file = exampleFile) => ({
    method: 'POST',
    path: path`/me/messages/${message_id}/attachments`,
    json: attachmentsOf([file])[0],
    headers: stableIds,
    upload: { file: file_id, as: { base64: '/contentBytes' }, maxBytes: inRequestMaxBytes },
  }),
  respond: (a: Attachment) => ({ id: a.id, name: a.name ?? '', content_type: a.contentType ?? null, size: a.size ?? 0 }),
  docs: 'https://learn.microsoft.com/graph/api/message-post-attachments',
  provenance: graphOperation('POST /me/messages/{message-id}/attachments'),
  examples: [
    {
      input: { message_id: ids.draft, file_id: exampleFile.file_id },
      receives: {
        status: 201,
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/messages('draft')/attachments/$entity",
          '@odata.type': '#microsoft.graph.fileAttachment',
          '@odata.mediaContentType': 'application/pdf',
          id: ids.attachment,
          lastModifiedDateTime: '2025-11-21T10:02:11Z',
          name: 'report.pdf',
          contentType: 'application/pdf',
          size: 312,
          isInline: false,
          contentId: null,
          contentLocation: null,
          contentBytes: 'aGVsbG8=',
        },
      },
      gives: { id: ids.attachment, name: 'report.pdf', content_type: 'application/pdf', size: 312 },
      fresh: { '/lastModifiedDateTime': 'iso_now' },
    },
  ],
});
