import { type ApiResponse, get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { memo } from './examples.ts';
import { docs, fileId, provenance } from './fields.ts';
import { readonly } from './scopes.ts';

const maxText = 60_000;
/** Bytes that are asked for: a character of UTF-8 has at most four. */
const maxBytes = 4 * maxText;

const Content = z.object({ text: z.string().nullable(), content_type: z.string(), truncated: z.literal(true).optional() });

const isText = (type: string) => /^(text\/|application\/([\w.-]+\+)?(json|xml|yaml|x-yaml|javascript|sql|csv|rtf)\b)/i.test(type);

/** The answer is the file itself. A text that is JSON comes parsed; other kinds than text are not handed on. */
function contentOf(body: unknown, { headers, status }: ApiResponse): z.input<typeof Content> {
  const type = headers['content-type'] ?? 'text/plain';
  if (!isText(type)) return { text: null, content_type: type.slice(0, 200) };
  const whole = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  // where the bytes end in the middle of a character
  const text = status === 206 ? whole.replace(/\uFFFD{1,3}$/, '') : whole;
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  const isPart = total !== undefined && Number(total) > maxBytes;
  return {
    text: text.slice(0, maxText),
    content_type: type.slice(0, 200),
    ...(isPart || text.length > maxText ? { truncated: true as const } : {}),
  };
}

export const fileExport = tool({
  name: 'google_drive_file_export',
  aliases: ['googledrive_export_file'],
  title: 'Read a Google document as text',
  description:
    'Read a Google document, sheet or presentation as text: documents as Markdown, HTML or plain text, sheets as CSV of their first tab, ' +
    'presentations as plain text. For files that were uploaded use google_drive_file_read.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    fileId,
    mimeType: z
      .enum(['text/plain', 'text/markdown', 'text/html', 'text/csv', 'text/tab-separated-values'])
      .default('text/plain')
      .describe('Format; text/csv and text/tab-separated-values are for sheets alone'),
  }),
  output: Content,
  request: ({ fileId, mimeType }) => get(path`/drive/v3/files/${fileId}/export`, { mimeType }),
  respond: contentOf,
  docs: docs('files/export'),
  provenance: provenance('files.export'),
  examples: [
    {
      input: { fileId: memo.id, mimeType: 'text/markdown' },
      receives: {
        headers: { 'content-type': 'text/markdown' },
        body: '# Investment memo: Lumen Labs\n\nWe propose to invest **2.5 m**.\n',
      },
      gives: { text: '# Investment memo: Lumen Labs\n\nWe propose to invest **2.5 m**.\n', content_type: 'text/markdown' },
    },
  ],
});

export const fileRead = tool({
  name: 'google_drive_file_read',
  title: 'Read an uploaded text file',
  description:
    'Read a text file that was uploaded to Drive, such as notes, CSV, JSON or logs: its first 60,000 characters. text is null where it is no ' +
    'text, for example a PDF. For Google’s own documents and sheets use google_drive_file_export.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ fileId }),
  output: Content,
  request: ({ fileId }) => ({
    ...get(path`/drive/v3/files/${fileId}`, { alt: 'media', supportsAllDrives: true }),
    headers: { accept: '*/*', range: `bytes=0-${maxBytes - 1}` },
  }),
  respond: contentOf,
  docs: docs('files/get'),
  provenance: provenance('files.get'),
  examples: [
    {
      input: { fileId: '1mAdeUp-Notes-File-Id-0003' },
      receives: {
        status: 206,
        headers: { 'content-type': 'text/plain', 'content-range': 'bytes 0-47/48' },
        body: 'Call with Ana, 21 November\n- revenue up 14 %\n- ok\n',
      },
      gives: { text: 'Call with Ana, 21 November\n- revenue up 14 %\n- ok\n', content_type: 'text/plain' },
    },
  ],
});
