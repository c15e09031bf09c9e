import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { memo } from './examples.ts';
import { cursor, docs, fileId, limit, nextCursor, provenance } from './fields.ts';
import { ownFiles, readonly } from './scopes.ts';

const content = z.string().min(1).max(4000);
const commentId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);
const replyFields = 'id,content,author(displayName),createdTime,action';
const fields = `id,content,author(displayName),createdTime,modifiedTime,resolved,quotedFileContent,replies(${replyFields})`;

const Reply = z.object({ id: z.string(), author: z.string(), content: z.string(), created_at: z.string(), action: z.string().nullable() });
const Comment = z.object({
  id: z.string(),
  author: z.string(),
  content: z.string(),
  quoted_text: z.string().nullable(),
  created_at: z.string(),
  resolved: z.boolean(),
  replies: z.array(Reply),
});

interface ReplyBody {
  id: string;
  content?: string;
  author?: { displayName?: string };
  createdTime: string;
  action?: string;
}

interface CommentBody extends ReplyBody {
  resolved?: boolean;
  quotedFileContent?: { value?: string };
  replies?: ReplyBody[];
}

const replyOf = (reply: ReplyBody) => ({
  id: reply.id,
  author: reply.author?.displayName ?? '',
  content: (reply.content ?? '').slice(0, 4000),
  created_at: reply.createdTime,
  action: reply.action ?? null,
});

const commentOf = (comment: CommentBody): z.input<typeof Comment> => ({
  id: comment.id,
  author: comment.author?.displayName ?? '',
  content: (comment.content ?? '').slice(0, 4000),
  quoted_text: comment.quotedFileContent?.value?.slice(0, 1000) ?? null,
  created_at: comment.createdTime,
  resolved: comment.resolved ?? false,
  replies: (comment.replies ?? []).slice(-20).map(replyOf),
});

const example = {
  id: 'AAABmAdeUp1',
  content: 'Where does the 14 % come from?',
  author: { displayName: 'Jon Berg' },
  createdTime: '2025-11-20T15:00:00.000Z',
  modifiedTime: '2025-11-20T15:20:00.000Z',
  resolved: false,
  quotedFileContent: { mimeType: 'text/html', value: 'revenue is up 14 %' },
};
const answered = {
  id: 'AAABmAdeUp2',
  content: 'From the deck.',
  author: { displayName: 'Mira Lopez' },
  createdTime: '2025-11-20T15:20:00.000Z',
};
const answeredGives = { id: answered.id, author: 'Mira Lopez', content: 'From the deck.', created_at: answered.createdTime, action: null };
const exampleGives = {
  id: example.id,
  author: 'Jon Berg',
  content: example.content,
  quoted_text: 'revenue is up 14 %',
  created_at: example.createdTime,
  resolved: false,
};

export const commentsList = tool({
  name: 'google_drive_comments_list',
  aliases: ['googledrive_list_comments'],
  title: 'List comments',
  description:
    'List the comments on one document, sheet, presentation or file, each with the text that it is about and its last 20 answers. Answer or ' +
    'resolve one with google_drive_comment_reply; add one with google_drive_comment_create.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    fileId,
    startModifiedTime: z.iso.datetime({ offset: true }).optional().describe('Only those that changed since'),
    limit,
    cursor,
  }),
  output: z.object({ comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ fileId, startModifiedTime, limit, cursor }) =>
    get(path`/drive/v3/files/${fileId}/comments`, {
      startModifiedTime,
      pageSize: limit,
      pageToken: cursor,
      fields: `nextPageToken,comments(${fields})`,
    }),
  respond: (body: { comments?: CommentBody[]; nextPageToken?: string }) => ({
    comments: (body.comments ?? []).map(commentOf),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: docs('comments/list'),
  provenance: provenance('comments.list'),
  examples: [
    {
      input: { fileId: memo.id },
      receives: { body: { nextPageToken: 'made-up-page-2', comments: [{ ...example, replies: [answered] }] } },
      gives: { comments: [{ ...exampleGives, replies: [answeredGives] }], next_cursor: 'made-up-page-2' },
    },
  ],
});

export const commentCreate = tool({
  name: 'google_drive_comment_create',
  aliases: ['googledrive_create_comment'],
  title: 'Comment on a file',
  description:
    'Add a comment to a whole file, not to a place in it; each call adds another. People in it see it and may get an e-mail. To answer or ' +
    'resolve a comment use google_drive_comment_reply.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({ fileId, content: content.describe('Plain text') }),
  output: Comment,
  request: ({ fileId, content }) => ({
    method: 'POST',
    path: path`/drive/v3/files/${fileId}/comments`,
    query: { fields },
    json: { content },
  }),
  respond: commentOf,
  docs: docs('comments/create'),
  provenance: provenance('comments.create'),
  examples: [
    {
      input: { fileId: memo.id, content: 'Where does the 14 % come from?' },
      receives: { body: { ...example, replies: [] } },
      gives: { ...exampleGives, replies: [] },
    },
  ],
});

export const commentReply = tool({
  name: 'google_drive_comment_reply',
  aliases: ['googledrive_create_reply'],
  title: 'Answer or resolve a comment',
  description:
    'Answer one comment, and with action resolve or reopen it; each call adds another answer. Comment ids come from ' +
    'google_drive_comments_list. For a comment of its own use google_drive_comment_create.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({
    fileId,
    commentId: commentId.describe('Comment id from google_drive_comments_list'),
    content: content.describe('Plain text'),
    action: z.enum(['resolve', 'reopen']).optional().describe('Close the comment, or open it again'),
  }),
  output: Reply,
  request: ({ fileId, commentId, ...json }) => ({
    method: 'POST',
    path: path`/drive/v3/files/${fileId}/comments/${commentId}/replies`,
    query: { fields: `${replyFields},modifiedTime,kind` },
    json,
  }),
  respond: replyOf,
  docs: docs('replies/create'),
  provenance: provenance('replies.create'),
  examples: [
    {
      input: { fileId: memo.id, commentId: example.id, content: 'From the deck.', action: 'resolve' },
      receives: { body: { ...answered, action: 'resolve', modifiedTime: answered.createdTime, kind: 'drive#reply' } },
      gives: { ...answeredGives, action: 'resolve' },
    },
  ],
});
