import { z } from 'zod';
import { exampleFile } from '../file-facts.ts';
import { fileIds, fileOutput } from '../files.ts';
import { get, path } from '../request.ts';
import { runTool } from '../run.ts';
import { ask, fetchFile } from '../steps.ts';
import { tool } from '../tool.ts';

const letterId = z
  .string()
  .regex(/^[a-z0-9-]{3,36}$/)
  .describe('Letter id from folio_letter_send');
const [first, second] = [exampleFile.file_id, exampleFile.file_id.replace(/0$/, '1')];

/** Files as attachments of a message. */
export const letterSend = tool({
  name: 'folio_letter_send',
  title: 'Send a letter',
  description:
    'Send a letter with files attached, 10 MB together, to one person; each call sends another. To put a file on a page use folio_upload_send.',
  effect: 'write',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'POST /v1/letters' },
  scopes: [],
  input: z.object({
    to: z.email().max(100).describe('Address of the person'),
    text: z.string().min(1).max(1000).describe('What the letter says'),
    file_ids: fileIds(5),
  }),
  output: z.object({ id: z.string() }),
  request: ({ to, text, file_ids }) => ({
    method: 'POST',
    path: '/v1/letters',
    query: { form: 'message' },
    json: { folder: 'out' },
    upload: { files: file_ids, as: { mail: { headers: [`To: ${to}`], text, contentType: 'text/plain' } }, maxBytes: 10_000_000 },
  }),
  respond: ({ id }: { id: string }) => ({ id }),
  docs: 'https://docs.folio.example/letters#send',
  examples: [
    {
      input: { to: 'jon@acme.example', text: 'Here it is.', file_ids: [first] },
      receives: { body: { id: 'letter-1', folder: 'out' } },
      gives: { id: 'letter-1' },
    },
  ],
});

/** Files as texts of a document. */
export const noteAdd = tool({
  name: 'folio_note_add',
  title: 'Add a note with pictures',
  description: 'Add a note with up to three pictures; each call adds another. For a single file of any size use folio_upload_send instead.',
  effect: 'write',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'POST /v1/notes' },
  scopes: [],
  input: z.object({ text: z.string().min(1).max(1000).describe('What the note says'), file_ids: fileIds(3) }),
  output: z.object({ id: z.string() }),
  request: ({ text, file_ids }, _file, files = []) => ({
    method: 'POST',
    path: '/v1/notes',
    json: { text, pictures: files.map(({ name, content_type }) => ({ name, type: content_type, data: '' })) },
    upload: { files: file_ids, as: { base64: file_ids.map((_, i) => `/pictures/${i}/data`) } },
  }),
  respond: ({ id }: { id: string }) => ({ id }),
  docs: 'https://docs.folio.example/notes#add',
  examples: [
    {
      input: { text: 'Two views', file_ids: [first, second] },
      receives: { body: { id: 'note-1', text: 'Two views' } },
      gives: { id: 'note-1' },
    },
  ],
});

/** A file as a text of the last answer, called what an answer before said. */
export const scanDownload = runTool({
  name: 'folio_scan_download',
  title: 'Download the scan of a letter',
  description:
    'Download what was scanned of one letter, and get a handle that other tools take as file_id. Letter ids come from folio_letter_send.',
  effect: 'read',
  provenance: { specification: 'folio-openapi', version: '1.4', operation: 'GET /v1/letters/{letter_id}/scan' },
  scopes: [],
  input: z.object({ letter_id: letterId }),
  output: fileOutput,
  download: {
    inJson: { pointer: '/scan/data', encoding: 'base64url' },
    naming: ({ scan }: { scan: { type: string } }) => ({ contentType: scan.type }),
  },
  *run({ letter_id }) {
    const { title } = yield* ask<{ title: string }>(get(path`/v1/letters/${letter_id}`));
    return yield* fetchFile(get(path`/v1/letters/${letter_id}/scan`), { name: title });
  },
  docs: 'https://docs.folio.example/letters#scan',
  examples: [
    {
      input: { letter_id: 'letter-1' },
      before: [{ receives: { body: { id: 'letter-1', title: 'report.pdf' } } }],
      receives: { body: { id: 'letter-1', scan: { data: 'aGVsbG8', type: 'application/pdf' } } },
      gives: exampleFile,
    },
  ],
});
