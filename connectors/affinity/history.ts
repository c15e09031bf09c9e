import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, id, limit, nextCursor, textMax, typed } from './fields.ts';

const v1 = 'https://api-docs.affinity.co/';
const about = {
  person_id: id.optional().describe('Person id from affinity_search_persons'),
  organization_id: id.optional().describe('Company id from affinity_search_organizations'),
  opportunity_id: id.optional().describe('Opportunity id from affinity_list_opportunities'),
};

function given(ids: { person_id?: unknown; organization_id?: unknown; opportunity_id?: unknown }): number {
  return [ids.person_id, ids.organization_id, ids.opportunity_id].filter((one) => one !== undefined).length;
}

const Note = z.object({
  note_id: z.int(),
  content: z.string(),
  truncated: z.boolean(),
  creator_id: z.int(),
  person_ids: z.array(z.int()),
  organization_ids: z.array(z.int()),
  opportunity_ids: z.array(z.int()),
  created_at: z.string(),
});

interface NoteBody {
  id: number;
  content: string | null;
  creator_id: number;
  person_ids: number[];
  organization_ids: number[];
  opportunity_ids: number[];
  created_at: string;
}

function noteOf(note: NoteBody): z.input<typeof Note> {
  const content = note.content ?? '';
  return {
    note_id: note.id,
    content: content.slice(0, textMax),
    truncated: content.length > textMax,
    creator_id: note.creator_id,
    person_ids: note.person_ids,
    organization_ids: note.organization_ids,
    opportunity_ids: note.opportunity_ids,
    created_at: new Date(note.created_at).toISOString(),
  };
}

const noteBody = {
  id: 22984,
  creator_id: 41001,
  person_ids: [38706],
  associated_person_ids: [38706],
  interaction_person_ids: [],
  mentioned_person_ids: [],
  interaction_id: null,
  interaction_type: null,
  is_meeting: false,
  organization_ids: [7133202],
  opportunity_ids: [],
  parent_id: null,
  content: 'Team of nine. Revenue doubled this year.',
  type: 0,
  created_at: '2025-11-20T08:02:31.754-08:00',
  updated_at: null,
};

const noteShown = {
  note_id: 22984,
  content: 'Team of nine. Revenue doubled this year.',
  truncated: false,
  creator_id: 41001,
  person_ids: [38706],
  organization_ids: [7133202],
  opportunity_ids: [],
  created_at: '2025-11-20T16:02:31.754Z',
};

export const listNotes = tool({
  name: 'affinity_list_notes',
  aliases: ['affinity_v2_list_company_notes', 'affinity_v2_list_person_notes'],
  title: 'List notes',
  description:
    'List notes, all or those about one person, company or opportunity; give at most one. Texts over 4,000 characters are cut (truncated). ' +
    'E-mails and meetings are in affinity_list_interactions.',
  effect: 'read',
  scopes: [],
  input: z.object({ ...about, limit, cursor }).refine((ids) => given(ids) <= 1, 'give at most one of them'),
  output: z.object({ notes: z.array(Note), next_cursor: nextCursor }),
  request: ({ limit: page_size, cursor: page_token, ...ids }) => get('/notes', { ...ids, page_size, page_token }),
  respond: (body: { notes: NoteBody[]; next_page_token?: string | null }) => ({
    notes: body.notes.map(noteOf),
    next_cursor: body.next_page_token ?? null,
  }),
  docs: `${v1}#get-all-notes`,
  provenance: typed('GET /notes'),
  examples: [
    {
      input: { organization_id: 7133202 },
      receives: { body: { notes: [noteBody], next_page_token: null } },
      gives: { notes: [noteShown], next_cursor: null },
    },
  ],
});

const ids = z.array(id).max(100);

export const createNote = tool({
  name: 'affinity_create_note',
  title: 'Write a note',
  description:
    'Write a note about people, companies or opportunities; give at least one. Each call adds another, and everybody who may see the record ' +
    'may read it. Look with affinity_list_notes whether it is there already.',
  effect: 'write',
  scopes: [],
  input: z
    .object({
      content: z.string().min(1).max(50_000).describe('The note in plain text'),
      person_ids: ids.optional().describe('People that it is about; ids from affinity_search_persons'),
      organization_ids: ids.optional().describe('Companies that it is about; ids from affinity_search_organizations'),
      opportunity_ids: ids.optional().describe('Opportunities that it is about; ids from affinity_list_opportunities'),
    })
    .refine(
      (note) => [note.person_ids, note.organization_ids, note.opportunity_ids].some((some) => (some ?? []).length > 0),
      'say what the note is about',
    ),
  output: Note,
  request: (note) => post('/notes', note),
  respond: noteOf,
  docs: `${v1}#create-a-new-note`,
  provenance: typed('POST /notes'),
  examples: [
    {
      input: { content: 'Team of nine. Revenue doubled this year.', person_ids: [38706], organization_ids: [7133202] },
      receives: { body: noteBody },
      gives: noteShown,
      fresh: { '/created_at': 'iso_now' },
    },
  ],
});

/** The first version's numbers. */
const interactionTypes = ['meeting', 'call', 'chat_message', 'email'] as const;
const yearMs = 366 * 24 * 3600 * 1000;

interface InteractionBody {
  id: number;
  type: number;
  date: string;
  subject?: string | null;
  title?: string | null;
  direction?: number | null;
  persons?: { id: number; first_name: string | null; last_name: string | null; primary_email: string | null }[];
}

export const listInteractions = tool({
  name: 'affinity_list_interactions',
  title: 'List e-mails, meetings and calls',
  description:
    'List the contacts of one kind with a person, company or opportunity between two moments at most a year apart: when, with whom, about ' +
    'what; texts of e-mails are not told. Only the last one of each kind is also in affinity_v2_get_company.',
  effect: 'read',
  scopes: [],
  input: z
    .object({
      type: z.enum(interactionTypes).describe('Kind of contact'),
      start_time: z.iso.datetime({ offset: true }).describe('From this moment'),
      end_time: z.iso.datetime({ offset: true }).describe('Until this moment'),
      ...about,
      limit,
      cursor,
    })
    .refine((asked) => given(asked) === 1, 'give exactly one of person_id, organization_id and opportunity_id')
    .refine(({ start_time, end_time }) => {
      const ms = Date.parse(end_time) - Date.parse(start_time);
      return ms > 0 && ms < yearMs;
    }, 'end_time is after start_time, by a year at most'),
  output: z.object({
    interactions: z.array(
      z.object({
        interaction_id: z.int(),
        type: z.string(),
        at: z.string(),
        subject: z.string().nullable(),
        direction: z.string().nullable(),
        persons: z.array(z.object({ person_id: z.int(), name: z.string(), email: z.string().nullable() })),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ type, limit: page_size, cursor: page_token, ...rest }) =>
    get('/interactions', { ...rest, type: interactionTypes.indexOf(type), page_size, page_token }),
  // each kind stands under a name of its own
  respond: (body: {
    emails?: InteractionBody[];
    events?: InteractionBody[];
    chat_messages?: InteractionBody[];
    next_page_token?: string | null;
  }) => {
    const found = body.emails ?? body.events ?? body.chat_messages;
    if (found === undefined) throw new Error('the answer holds no interactions');
    return {
      interactions: found.map((one) => ({
        interaction_id: one.id,
        type: interactionTypes[one.type] ?? 'unknown',
        at: new Date(one.date).toISOString(),
        subject: one.subject ?? one.title ?? null,
        direction: typeof one.direction === 'number' ? (one.direction === 0 ? 'sent' : 'received') : null,
        persons: (one.persons ?? []).map((person) => ({
          person_id: person.id,
          name: [person.first_name, person.last_name].filter(Boolean).join(' '),
          email: person.primary_email,
        })),
      })),
      next_cursor: body.next_page_token ?? null,
    };
  },
  docs: `${v1}#get-all-interactions`,
  provenance: typed('GET /interactions'),
  examples: [
    {
      input: { type: 'email', start_time: '2025-11-01T00:00:00Z', end_time: '2025-11-30T00:00:00Z', organization_id: 7133202 },
      receives: {
        body: {
          emails: [
            {
              id: 15326,
              date: '2025-11-19T00:12:00.000-08:00',
              type: 3,
              subject: 'Term sheet, draft',
              direction: 0,
              logging_type: 0,
              persons: [
                {
                  id: 38706,
                  type: 0,
                  first_name: 'Jonas',
                  last_name: 'Berg',
                  primary_email: 'jonas@nordlicht.example',
                  emails: ['jonas@nordlicht.example'],
                },
              ],
            },
          ],
          next_page_token: null,
        },
      },
      gives: {
        interactions: [
          {
            interaction_id: 15326,
            type: 'email',
            at: '2025-11-19T08:12:00.000Z',
            subject: 'Term sheet, draft',
            direction: 'sent',
            persons: [{ person_id: 38706, name: 'Jonas Berg', email: 'jonas@nordlicht.example' }],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface StrengthBody {
  internal_id: number;
  external_id: number;
  strength: number;
}

export const getRelationshipStrength = tool({
  name: 'affinity_get_relationship_strength',
  title: 'Who knows a person how well',
  description:
    'Tell how well colleagues know an outside person, from 0 to 1, so as to find who can introduce. internal_id is a colleague’s person id; ' +
    'their names come from affinity_v2_get_person. When they last spoke is in affinity_list_interactions.',
  effect: 'read',
  scopes: [],
  input: z.object({
    external_id: id.describe('Person id of somebody outside, from affinity_search_persons'),
    internal_id: id.optional().describe('Only for this colleague; id from affinity_search_persons'),
  }),
  output: z.object({
    relationships: z.array(z.object({ internal_id: z.int(), strength: z.number() })),
  }),
  request: (asked) => get('/relationships-strengths', asked),
  respond: (body: StrengthBody[]) => ({
    relationships: body.map(({ internal_id, strength }) => ({ internal_id, strength })).toSorted((a, b) => b.strength - a.strength),
  }),
  docs: `${v1}#get-relationship-strength`,
  provenance: typed('GET /relationships-strengths'),
  examples: [
    {
      input: { external_id: 38706 },
      receives: {
        body: [
          { internal_id: 41002, external_id: 38706, strength: 0.1 },
          { internal_id: 41001, external_id: 38706, strength: 0.5 },
        ],
      },
      gives: {
        relationships: [
          { internal_id: 41001, strength: 0.5 },
          { internal_id: 41002, strength: 0.1 },
        ],
      },
    },
  ],
});
