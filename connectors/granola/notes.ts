import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, cut, from, isoOf, nextCursor, nextOf, noteId, type Paged } from './fields.ts';

const Note = z.object({
  id: z.string(),
  title: z.string().nullable(),
  owner_name: z.string().nullable(),
  owner_email: z.string().nullable(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

interface NoteBody {
  id: string;
  title: string | null;
  owner?: { name?: string | null; email?: string };
  created_at?: string;
  updated_at?: string;
}

function noteOf(n: NoteBody): z.input<typeof Note> {
  return {
    id: n.id,
    title: n.title ?? null,
    owner_name: n.owner?.name ?? null,
    owner_email: n.owner?.email ?? null,
    created_at: isoOf(n.created_at),
    updated_at: isoOf(n.updated_at),
  };
}

const note = {
  id: 'not_1d3tmYTlCICgjy',
  object: 'note',
  title: 'Pilot with Acme',
  owner: { name: 'Mira Lopez', email: 'mira@acme.example' },
  created_at: '2025-11-21T10:00:00Z',
  updated_at: '2025-11-21T11:02:00Z',
};
const noteGiven = {
  id: 'not_1d3tmYTlCICgjy',
  title: 'Pilot with Acme',
  owner_name: 'Mira Lopez',
  owner_email: 'mira@acme.example',
  created_at: '2025-11-21T10:00:00.000Z',
  updated_at: '2025-11-21T11:02:00.000Z',
};

export const notesList = tool({
  name: 'granola_notes_list',
  aliases: ['granola_list_notes'],
  title: 'List meeting notes',
  description:
    'List meeting notes, with title, owner and time; only those whose summary is finished. What was said and agreed comes from ' +
    'granola_note_get. Narrow by time, or by a folder of granola_folders_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    created_after: z.iso.datetime().optional().describe('Made after'),
    created_before: z.iso.datetime().optional().describe('Made before'),
    updated_after: z.iso.datetime().optional().describe('Changed after'),
    folder_id: z
      .string()
      .regex(/^fol_[A-Za-z0-9]{14}$/)
      .optional()
      .describe('Folder id from granola_folders_list; folders in it count'),
    limit: z.int().min(1).max(30).default(20).describe('Notes per page, 1 to 30'),
    cursor,
  }),
  output: z.object({ notes: z.array(Note), next_cursor: nextCursor }),
  request: ({ limit, ...rest }) => get('/v1/notes', { ...rest, page_size: limit }),
  respond: (body: Paged & { notes: NoteBody[] }) => ({ notes: body.notes.map(noteOf), next_cursor: nextOf(body) }),
  docs: 'https://docs.granola.ai/api-reference/list-notes',
  provenance: from('GET /v1/notes'),
  examples: [
    {
      input: { created_after: '2025-11-20T00:00:00Z' },
      receives: { body: { notes: [note], hasMore: true, cursor: 'made-up-cursor-2' } },
      gives: { notes: [noteGiven], next_cursor: 'made-up-cursor-2' },
    },
  ],
});

interface Speech {
  speaker?: { source?: string; attribution?: string; diarization_label?: string; name?: string };
  text?: string;
  start_time?: string;
  end_time?: string;
}

const Line = z.object({ speaker: z.string().nullable(), text: z.string(), start: z.string().nullable(), end: z.string().nullable() });

/** A name where Granola knows one, then its label, then whether it was the note taker. */
function lineOf({ speaker, text, start_time, end_time }: Speech): z.input<typeof Line> {
  return {
    speaker: speaker?.name ?? speaker?.diarization_label ?? speaker?.attribution ?? speaker?.source ?? null,
    text: text ?? '',
    start: isoOf(start_time),
    end: isoOf(end_time),
  };
}

interface WholeNote extends NoteBody {
  web_url?: string;
  summary_text?: string;
  summary_markdown?: string | null;
  attendees?: { name?: string | null; email: string }[];
  folder_membership?: { id: string; name: string }[];
  calendar_event?: {
    event_title?: string | null;
    scheduled_start_time?: string | null;
    scheduled_end_time?: string | null;
    organiser?: string | null;
  } | null;
}

export const noteGet = tool({
  name: 'granola_note_get',
  aliases: ['granola_get_note'],
  title: 'Get a meeting note',
  description:
    'Get one meeting note: its summary, who was there, the calendar event and its folders. The words as they were spoken come from ' +
    'granola_note_transcript_get. Its id comes from granola_notes_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ note_id: noteId }),
  output: Note.extend({
    web_url: z.string().nullable(),
    summary: z.string().nullable(),
    truncated: z.boolean(),
    attendees: z.array(z.object({ name: z.string().nullable(), email: z.string() })),
    folders: z.array(z.object({ id: z.string(), name: z.string() })),
    event: z.object({
      title: z.string().nullable(),
      organiser: z.string().nullable(),
      starts_at: z.string().nullable(),
      ends_at: z.string().nullable(),
    }),
  }),
  request: ({ note_id }) => get(path`/v1/notes/${note_id}`),
  respond: (body: WholeNote) => {
    const { text: summary, truncated } = cut(body.summary_markdown ?? body.summary_text, 20_000);
    const event = body.calendar_event;
    return {
      ...noteOf(body),
      web_url: body.web_url ?? null,
      summary,
      truncated,
      attendees: (body.attendees ?? []).map(({ name, email }) => ({ name: name ?? null, email })),
      folders: (body.folder_membership ?? []).map(({ id, name }) => ({ id, name })),
      event: {
        title: event?.event_title ?? null,
        organiser: event?.organiser ?? null,
        starts_at: isoOf(event?.scheduled_start_time),
        ends_at: isoOf(event?.scheduled_end_time),
      },
    };
  },
  docs: 'https://docs.granola.ai/api-reference/get-note',
  provenance: from('GET /v1/notes/{note_id}'),
  examples: [
    {
      input: { note_id: 'not_1d3tmYTlCICgjy' },
      receives: {
        body: {
          ...note,
          web_url: 'https://notes.granola.ai/d/made-up',
          summary_text: 'Acme pilots in January.',
          summary_markdown: '## Next\n- Acme pilots in **January**.',
          attendees: [{ name: 'Jo Park', email: 'jo@bramble.example' }],
          folder_membership: [{ id: 'fol_4y6LduVdwSKC27', object: 'folder', name: 'Pilots' }],
          calendar_event: {
            event_title: 'Pilot',
            invitees: [{ email: 'jo@bramble.example' }],
            organiser: 'mira@acme.example',
            calendar_event_id: 'made-up-event',
            scheduled_start_time: '2025-11-21T10:00:00Z',
            scheduled_end_time: '2025-11-21T10:30:00Z',
          },
          transcript: null,
        },
      },
      gives: {
        ...noteGiven,
        web_url: 'https://notes.granola.ai/d/made-up',
        summary: '## Next\n- Acme pilots in **January**.',
        truncated: false,
        attendees: [{ name: 'Jo Park', email: 'jo@bramble.example' }],
        folders: [{ id: 'fol_4y6LduVdwSKC27', name: 'Pilots' }],
        event: {
          title: 'Pilot',
          organiser: 'mira@acme.example',
          starts_at: '2025-11-21T10:00:00.000Z',
          ends_at: '2025-11-21T10:30:00.000Z',
        },
      },
    },
  ],
});

export const transcriptGet = tool({
  name: 'granola_note_transcript_get',
  aliases: ['granola_get_transcript', 'granola_transcript_get'],
  title: 'Get a meeting’s transcript',
  description:
    'Get the words of one meeting as they were spoken, with speakers and times, page by page. For the summary use granola_note_get. ' +
    'Its id comes from granola_notes_list. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ note_id: noteId, limit: z.int().min(1).max(100).default(20).describe('Utterances per page, 1 to 100'), cursor }),
  output: z.object({ transcript: z.array(Line), next_cursor: nextCursor }),
  request: ({ note_id, limit, cursor: at }) => get(path`/v1/notes/${note_id}/transcript`, { page_size: limit, cursor: at }),
  respond: (body: Paged & { transcript: Speech[] }) => ({ transcript: body.transcript.map(lineOf), next_cursor: nextOf(body) }),
  docs: 'https://docs.granola.ai/api-reference/get-transcript',
  provenance: from('GET /v1/notes/{note_id}/transcript'),
  examples: [
    {
      input: { note_id: 'not_1d3tmYTlCICgjy' },
      receives: {
        body: {
          transcript: [
            {
              speaker: { source: 'microphone', attribution: 'me', diarization_label: 'Speaker A', name: 'Mira Lopez' },
              text: 'Shall we start in January?',
              start_time: '2025-11-21T10:03:11Z',
              end_time: '2025-11-21T10:03:14Z',
            },
            {
              speaker: { source: 'speaker', attribution: 'them' },
              text: 'Yes.',
              start_time: '2025-11-21T10:03:15Z',
              end_time: '2025-11-21T10:03:16Z',
            },
          ],
          hasMore: false,
          cursor: null,
        },
      },
      gives: {
        transcript: [
          {
            speaker: 'Mira Lopez',
            text: 'Shall we start in January?',
            start: '2025-11-21T10:03:11.000Z',
            end: '2025-11-21T10:03:14.000Z',
          },
          { speaker: 'them', text: 'Yes.', start: '2025-11-21T10:03:15.000Z', end: '2025-11-21T10:03:16.000Z' },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const foldersList = tool({
  name: 'granola_folders_list',
  aliases: ['granola_list_folders'],
  title: 'List folders',
  description:
    'List the folders that meeting notes are in, each with the folder above it. Give an id as folder_id to granola_notes_list to see its ' +
    'notes. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit: z.int().min(1).max(30).default(20).describe('Folders per page, 1 to 30'), cursor }),
  output: z.object({
    folders: z.array(z.object({ id: z.string(), name: z.string(), parent_folder_id: z.string().nullable() })),
    next_cursor: nextCursor,
  }),
  request: ({ limit, cursor: at }) => get('/v1/folders', { page_size: limit, cursor: at }),
  respond: (body: Paged & { folders: { id: string; name: string; parent_folder_id?: string | null }[] }) => ({
    folders: body.folders.map(({ id, name, parent_folder_id }) => ({ id, name, parent_folder_id: parent_folder_id ?? null })),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.granola.ai/api-reference/list-folders',
  provenance: from('GET /v1/folders'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          folders: [{ id: 'fol_4y6LduVdwSKC27', object: 'folder', name: 'Pilots', parent_folder_id: null }],
          hasMore: false,
          cursor: null,
        },
      },
      gives: { folders: [{ id: 'fol_4y6LduVdwSKC27', name: 'Pilots', parent_folder_id: null }], next_cursor: null },
    },
  ],
});
