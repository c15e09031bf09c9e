import { connector, get } from '@grantway/connector-kit';
import { auditList, endpointDelete, endpointsGet, endpointUpdate } from './admin.ts';
import { fault } from './faults.ts';
import { foldersList, noteGet, notesList, transcriptGet } from './notes.ts';

export default connector({
  id: 'granola',
  name: 'Granola',
  description: 'Read meeting notes, transcripts and folders of Granola, and look after its webhooks.',
  docs: 'https://docs.granola.ai',
  auth: {
    kind: 'bearer',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'In the Granola app under Settings, API; it begins with grn_.',
        secret: true,
        pattern: /^grn_[A-Za-z0-9_-]{8,200}$/,
      },
    ],
    token: '{api_key}',
    scheme: 'Bearer',
  },
  api: {
    baseUrl: 'https://public-api.granola.ai',
    fault,
    refusals: {
      rejected: { status: 401, body: { error: 'Unauthorized' } },
      rate_limited: { status: 429, headers: { 'retry-after': '5' }, body: { error: 'Too many requests' } },
      error: { status: 404, body: { error: 'Note not found' } },
      unavailable: { status: 503, body: { error: 'Service unavailable' } },
    },
  },
  identify: {
    // No call says whose key it is, and a personal key sees notes of others: the owner of the first one proves nothing.
    request: get('/v1/notes', { page_size: 1 }),
    subject: ({ notes }: { notes?: unknown[] }) => {
      if (!Array.isArray(notes)) throw new TypeError('the notes could not be read');
      return { id: 'key', label: 'Granola notes of the key' };
    },
    example: {
      receives: { body: { notes: [], hasMore: false, cursor: null } },
      gives: { id: 'key', label: 'Granola notes of the key' },
    },
  },
  tools: [notesList, noteGet, transcriptGet, foldersList, auditList, endpointsGet, endpointUpdate, endpointDelete],
});
