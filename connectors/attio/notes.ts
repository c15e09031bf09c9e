import { get, nextOffset, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { actor, ids } from './example-parts.ts';
import { cursor, isoOf, nextCursor, page, textMax, typed } from './fields.ts';

const Note = z.object({
  note_id: z.string(),
  parent_object: z.string(),
  parent_record_id: z.string(),
  title: z.string(),
  content: z.string(),
  truncated: z.boolean(),
  created_at: z.string(),
});

interface NoteBody {
  id: { note_id: string };
  parent_object: string;
  parent_record_id: string;
  title: string;
  content_markdown: string;
  created_at: string;
}

function noteOf(note: NoteBody, most: number): z.input<typeof Note> {
  return {
    note_id: note.id.note_id,
    parent_object: note.parent_object,
    parent_record_id: note.parent_record_id,
    title: note.title,
    content: note.content_markdown.slice(0, most),
    truncated: note.content_markdown.length > most,
    created_at: isoOf(note.created_at),
  };
}

const noteBody = {
  id: { workspace_id: ids.workspace, note_id: ids.note },
  parent_object: 'companies',
  parent_record_id: ids.record,
  title: 'First call',
  meeting_id: null,
  content_plaintext: 'Team of nine. Revenue doubled this year.',
  content_markdown: 'Team of **nine**. Revenue doubled this year.',
  tags: [],
  created_by_actor: actor,
  created_at: '2025-11-20T16:02:31.754000000Z',
};

const noteShown = {
  note_id: ids.note,
  parent_object: 'companies',
  parent_record_id: ids.record,
  title: 'First call',
  content: 'Team of **nine**. Revenue doubled this year.',
  truncated: false,
  created_at: '2025-11-20T16:02:31.754Z',
};

const docs = 'https://docs.attio.com/rest-api/endpoint-reference/notes/';
const read = ['note:read', 'object_configuration:read', 'record_permission:read'];
const slug = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const listedMax = 1000;

export const listNotes = tool({
  name: 'attio_list_notes',
  title: 'List notes',
  description:
    'List notes, all or those about one record; each text is cut at 1,000 characters (truncated), attio_get_note gives it whole. Records ' +
    'come from attio_search_records.',
  effect: 'read',
  scopes: read,
  input: z
    .object({
      parent_object: slug.optional().describe('Object of the record: companies, people; with parent_record_id'),
      parent_record_id: z.uuid().optional().describe('Only notes about this record'),
      limit: z.int().min(1).max(50).default(20).describe('Notes per page, 1 to 50'),
      cursor,
    })
    .refine(
      (given) => given.parent_record_id === undefined || given.parent_object !== undefined,
      'parent_record_id needs parent_object beside it',
    ),
  output: z.object({ notes: z.array(Note), next_cursor: nextCursor }),
  request: ({ parent_object, parent_record_id, ...most }) => get('/v2/notes', { ...page(most), parent_object, parent_record_id }),
  respond: (body: { data: NoteBody[] }, _response, asked) => ({
    notes: body.data.map((note) => noteOf(note, listedMax)),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: `${docs}list-notes`,
  provenance: typed('GET /v2/notes'),
  examples: [
    {
      input: { parent_object: 'companies', parent_record_id: ids.record },
      receives: { body: { data: [noteBody] } },
      gives: { notes: [noteShown], next_cursor: null },
    },
  ],
});

export const getNote = tool({
  name: 'attio_get_note',
  title: 'Read a note',
  description:
    'Read one note whole, as Markdown, at most 20,000 characters (truncated says whether there is more). Ids come from attio_list_notes, ' +
    'which shows the beginnings of many.',
  effect: 'read',
  scopes: read,
  input: z.object({ note_id: z.uuid().describe('Note id from attio_list_notes') }),
  output: Note,
  request: ({ note_id }) => get(path`/v2/notes/${note_id}`),
  respond: (body: { data: NoteBody }) => noteOf(body.data, 20_000),
  docs: `${docs}get-a-note`,
  provenance: typed('GET /v2/notes/{note_id}'),
  examples: [{ input: { note_id: ids.note }, receives: { body: { data: noteBody } }, gives: noteShown }],
});

export const createNote = tool({
  name: 'attio_create_note',
  title: 'Write a note',
  description:
    'Write a note about one record; each call adds another, and existing ones cannot be changed. For something to be done use ' +
    'attio_create_task, for a remark in a discussion attio_create_comment.',
  effect: 'write',
  scopes: ['note:read-write', 'object_configuration:read', 'record_permission:read'],
  input: z.object({
    parent_object: slug.describe('Object of the record: companies, people, or a slug from attio_list_objects'),
    parent_record_id: z.uuid().describe('Record id from attio_search_records'),
    title: z.string().min(1).max(500).describe('Title in plain text'),
    content: z.string().max(50_000).describe('The note'),
    format: z.enum(['markdown', 'plaintext']).default('markdown').describe('How content is written'),
  }),
  output: Note,
  request: (data) => post('/v2/notes', { data }),
  respond: (body: { data: NoteBody }) => noteOf(body.data, textMax),
  docs: `${docs}create-a-note`,
  provenance: typed('POST /v2/notes'),
  examples: [
    {
      input: {
        parent_object: 'companies',
        parent_record_id: ids.record,
        title: 'First call',
        content: 'Team of **nine**. Revenue doubled this year.',
      },
      receives: { body: { data: noteBody } },
      gives: noteShown,
      fresh: { '/data/id/note_id': 'uuid', '/data/created_at': 'iso_now' },
    },
  ],
});

const Comment = z.object({
  comment_id: z.string(),
  thread_id: z.string(),
  content: z.string(),
  author_id: z.string().nullable(),
  resolved_at: z.string().nullable(),
  created_at: z.string(),
});

interface CommentBody {
  id: { comment_id: string };
  thread_id: string;
  content_plaintext: string;
  author: { id?: string };
  resolved_at: string | null;
  created_at: string;
}

function commentOf(comment: CommentBody): z.input<typeof Comment> {
  return {
    comment_id: comment.id.comment_id,
    thread_id: comment.thread_id,
    content: comment.content_plaintext.slice(0, textMax),
    author_id: comment.author.id ?? null,
    resolved_at: isoOf(comment.resolved_at),
    created_at: isoOf(comment.created_at),
  };
}

const commentBody = {
  id: { workspace_id: ids.workspace, comment_id: ids.comment },
  thread_id: ids.thread,
  content_plaintext: 'References are in.',
  entry: null,
  record: { record_id: ids.record, object_id: ids.companies },
  resolved_at: null,
  resolved_by: { type: null, id: null },
  author: actor,
  created_at: '2025-11-21T10:06:00.000000000Z',
};

const commentShown = {
  comment_id: ids.comment,
  thread_id: ids.thread,
  content: 'References are in.',
  author_id: ids.member,
  resolved_at: null,
  created_at: '2025-11-21T10:06:00.000Z',
};

const commentScopes = ['object_configuration:read', 'record_permission:read'];

export const listThreads = tool({
  name: 'attio_list_threads',
  title: 'List discussions',
  description:
    'List the discussions on one record with their comments, the oldest comment first. thread_id is what attio_create_comment takes to ' +
    'answer; authors are named by attio_list_workspace_members. Longer texts are in attio_list_notes.',
  effect: 'read',
  scopes: ['comment:read', ...commentScopes],
  input: z.object({
    object: slug.describe('Object of the record: companies, people, or a slug from attio_list_objects'),
    record_id: z.uuid().describe('Record id from attio_search_records'),
    limit: z.int().min(1).max(50).default(20).describe('Discussions per page, 1 to 50'),
    cursor,
  }),
  output: z.object({ threads: z.array(z.object({ thread_id: z.string(), comments: z.array(Comment) })), next_cursor: nextCursor }),
  request: ({ object, record_id, ...most }) => get('/v2/threads', { object, record_id, ...page(most) }),
  respond: (body: { data: { id: { thread_id: string }; comments: CommentBody[] }[] }, _response, asked) => ({
    threads: body.data.map((thread) => ({ thread_id: thread.id.thread_id, comments: thread.comments.map(commentOf) })),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/threads/list-threads',
  provenance: typed('GET /v2/threads'),
  examples: [
    {
      input: { object: 'companies', record_id: ids.record },
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, thread_id: ids.thread },
              comments: [commentBody],
              created_at: '2025-11-21T10:06:00.000000000Z',
            },
          ],
        },
      },
      gives: { threads: [{ thread_id: ids.thread, comments: [commentShown] }], next_cursor: null },
    },
  ],
});

export const createComment = tool({
  name: 'attio_create_comment',
  title: 'Comment in a discussion',
  description:
    'Begin a discussion on a record, or answer in one with thread_id from attio_list_threads; give exactly one of the two. author_id is a ' +
    'member from attio_list_workspace_members. Each call adds another; for longer texts use attio_create_note.',
  effect: 'write',
  scopes: ['comment:read-write', ...commentScopes],
  input: z
    .object({
      author_id: z.uuid().describe('Member in whose name it is written'),
      content: z.string().min(1).max(10_000).describe('The comment in plain text'),
      thread_id: z.uuid().optional().describe('Discussion to answer in'),
      record_object: slug.optional().describe('Object of the record: companies, people'),
      record_id: z.uuid().optional().describe('Record to begin a discussion on'),
    })
    .refine(
      ({ thread_id, record_object, record_id }) =>
        (thread_id === undefined) !== (record_id === undefined) && (record_id === undefined) === (record_object === undefined),
      'give either thread_id, or record_object and record_id',
    ),
  output: Comment,
  request: ({ author_id, content, thread_id, record_object, record_id }) =>
    post('/v2/comments', {
      data: {
        format: 'plaintext',
        content,
        author: { type: 'workspace-member', id: author_id },
        ...(thread_id === undefined ? { record: { object: record_object, record_id } } : { thread_id }),
      },
    }),
  respond: (body: { data: CommentBody }) => commentOf(body.data),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/comments/create-a-comment',
  provenance: typed('POST /v2/comments'),
  examples: [
    {
      input: { author_id: ids.member, content: 'References are in.', record_object: 'companies', record_id: ids.record },
      receives: { body: { data: commentBody } },
      gives: commentShown,
      fresh: { '/data/id/comment_id': 'uuid', '/data/created_at': 'iso_now' },
    },
  ],
});
