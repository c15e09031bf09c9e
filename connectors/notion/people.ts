import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { ids, list, richText } from './example-parts.ts';
import { cursor, described, id, type List, limit, nextCursor, plain, type RichText, textMax, typed, uuid } from './fields.ts';
import { richText as partsOf } from './markdown.ts';

const Comment = z.object({
  id: z.string(),
  discussion_id: z.string(),
  text: z.string(),
  truncated: z.boolean(),
  created_by: z.string(),
  created_at: z.string(),
});

interface CommentBody {
  id: string;
  discussion_id: string;
  created_time: string;
  created_by: { id: string };
  rich_text: RichText[];
}

function commentOf(comment: CommentBody): z.input<typeof Comment> {
  const text = plain(comment.rich_text);
  return {
    id: comment.id,
    discussion_id: comment.discussion_id,
    text: text.slice(0, textMax),
    truncated: text.length > textMax,
    created_by: comment.created_by.id,
    created_at: comment.created_time,
  };
}

const commentExample = {
  object: 'comment',
  id: 'd0c1b2a3-94e5-4f6d-8a7b-9c8d7e6f5a4b',
  parent: { type: 'page_id', page_id: ids.page },
  discussion_id: 'f9e8d7c6-b5a4-4938-a7b6-c5d4e3f2a1b0',
  created_time: '2025-11-21T10:06:00.000Z',
  last_edited_time: '2025-11-21T10:06:00.000Z',
  created_by: { object: 'user', id: ids.bot },
  rich_text: richText('References are in.'),
  display_name: { type: 'integration', resolved_name: 'Grantway' },
};

const commentShown = {
  id: 'd0c1b2a3-94e5-4f6d-8a7b-9c8d7e6f5a4b',
  discussion_id: 'f9e8d7c6-b5a4-4938-a7b6-c5d4e3f2a1b0',
  text: 'References are in.',
  truncated: false,
  created_by: ids.bot,
  created_at: '2025-11-21T10:06:00.000Z',
};

export const commentsFetch = tool({
  name: 'notion_comments_fetch',
  aliases: ['notion_comments_list'],
  title: 'List comments',
  description:
    'List the open comments on one page or block, the oldest first. discussion_id is what notion_comment_create takes to answer; ' +
    'notion_user_get tells who created_by is. Resolved discussions are left out by Notion.',
  effect: 'read',
  scopes: [],
  input: z.object({ block_id: id.describe('Page id from notion_page_search, or block id from notion_page_content_get'), limit, cursor }),
  output: z.object({ comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ block_id, limit: page_size, cursor: start_cursor }) =>
    get('/v1/comments', { block_id: uuid(block_id), page_size, start_cursor }),
  respond: (body: List<CommentBody>) => ({ comments: body.results.map(commentOf), next_cursor: body.next_cursor }),
  docs: 'https://developers.notion.com/reference/list-comments',
  provenance: described('retrieve-a-comment'),
  examples: [
    {
      input: { block_id: ids.page },
      receives: { body: list('comment', [commentExample]) },
      gives: { comments: [commentShown], next_cursor: null },
    },
  ],
});

export const commentCreate = tool({
  name: 'notion_comment_create',
  title: 'Comment on a page',
  description:
    'Add a comment to a page, or to a discussion from notion_comments_fetch; give exactly one of the two. People who follow the page are ' +
    'notified, and each call adds another. To write into the page use notion_page_content_append.',
  effect: 'write',
  scopes: [],
  input: z
    .object({
      text: z.string().min(1).max(10_000).describe('The comment; bold, italic, code and links as in Markdown'),
      page_id: id.optional().describe('Page on which a new discussion begins'),
      discussion_id: id.optional().describe('Discussion to answer in'),
    })
    .refine((given) => (given.page_id === undefined) !== (given.discussion_id === undefined), 'give either page_id or discussion_id'),
  output: Comment,
  request: ({ text, page_id, discussion_id }) =>
    post('/v1/comments', {
      ...(page_id === undefined ? { discussion_id: uuid(discussion_id as string) } : { parent: { page_id: uuid(page_id) } }),
      rich_text: partsOf(text),
    }),
  respond: commentOf,
  docs: 'https://developers.notion.com/reference/create-a-comment',
  provenance: typed('createComment'),
  examples: [
    {
      input: { text: 'References are in.', page_id: ids.page },
      receives: { body: commentExample },
      gives: commentShown,
      fresh: { '/id': 'uuid', '/created_time': 'iso_now' },
    },
  ],
});

const User = z.object({ id: z.string(), type: z.string(), name: z.string().nullable(), email: z.string().nullable() });

export interface UserBody {
  id: string;
  type: string;
  name: string | null;
  person?: { email?: string };
}

function userOf(user: UserBody): z.input<typeof User> {
  return { id: user.id, type: user.type, name: user.name, email: user.person?.email ?? null };
}

const mira = {
  object: 'user',
  id: ids.mira,
  name: 'Mira Lopez',
  avatar_url: null,
  type: 'person',
  person: { email: 'mira@acme.example' },
};

const miraShown = { id: ids.mira, type: 'person', name: 'Mira Lopez', email: 'mira@acme.example' };

export const userList = tool({
  name: 'notion_user_list',
  aliases: ['notion_users_list'],
  title: 'List people',
  description:
    'List the members and bots of the workspace with the ids that people properties of notion_page_create and notion_page_update take. ' +
    'Guests are not listed. For one known id use notion_user_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ users: z.array(User), next_cursor: nextCursor }),
  request: ({ limit: page_size, cursor: start_cursor }) => get('/v1/users', { page_size, start_cursor }),
  respond: (body: List<UserBody>) => ({ users: body.results.map(userOf), next_cursor: body.next_cursor }),
  docs: 'https://developers.notion.com/reference/get-users',
  provenance: described('get-users'),
  examples: [{ input: {}, receives: { body: list('user', [mira]) }, gives: { users: [miraShown], next_cursor: null } }],
});

export const userGet = tool({
  name: 'notion_user_get',
  title: 'Look up a person',
  description:
    'Look up one person or bot by id: name and, where the connection may see it, e-mail address. Ids stand in created_by of comments and ' +
    'in people properties. To find somebody by name use notion_user_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ user_id: id.describe('User id from a comment, a people property or notion_user_list') }),
  output: User,
  request: ({ user_id }) => get(path`/v1/users/${uuid(user_id)}`),
  respond: userOf,
  docs: 'https://developers.notion.com/reference/get-user',
  provenance: described('get-user'),
  examples: [{ input: { user_id: ids.mira }, receives: { body: mira }, gives: miraShown }],
});

/** Whose token it is: a bot, and behind it the person who agreed. */
/** A person's own token answers with the person, who has no `bot`. */
export interface SelfBody extends UserBody {
  bot?: {
    owner?: { type: string; user?: { id: string; name?: string | null; person?: { email?: string } } };
    workspace_id?: string;
    workspace_name?: string | null;
    workspace_limits?: { max_file_upload_size_in_bytes?: number };
  };
}

export const selfExample = {
  object: 'user',
  id: ids.bot,
  name: 'Grantway',
  avatar_url: null,
  type: 'bot',
  bot: {
    owner: { type: 'user', user: mira },
    workspace_id: ids.workspace,
    workspace_limits: { max_file_upload_size_in_bytes: 5368709120 },
    workspace_name: 'Acme',
  },
  request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d',
};

export const userGetSelf = tool({
  name: 'notion_user_get_self',
  title: 'Read whose connection this is',
  description:
    'Tell which bot these tools act as, for which person and in which workspace, and how large an uploaded file may be. For other people ' +
    'use notion_user_list.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({
    bot_id: z.string(),
    name: z.string().nullable(),
    owner_id: z.string().nullable(),
    workspace_id: z.string().nullable(),
    workspace_name: z.string().nullable(),
    upload_max_bytes: z.int().nullable(),
  }),
  request: () => get('/v1/users/me'),
  respond: ({ id: bot_id, name, bot }: SelfBody) => ({
    bot_id,
    name,
    owner_id: bot === undefined ? bot_id : (bot.owner?.user?.id ?? null),
    workspace_id: bot?.workspace_id ?? null,
    workspace_name: bot?.workspace_name ?? null,
    upload_max_bytes: bot?.workspace_limits?.max_file_upload_size_in_bytes ?? null,
  }),
  docs: 'https://developers.notion.com/reference/get-self',
  provenance: described('get-self'),
  examples: [
    {
      input: {},
      receives: { body: selfExample },
      gives: {
        bot_id: ids.bot,
        name: 'Grantway',
        owner_id: ids.mira,
        workspace_id: ids.workspace,
        workspace_name: 'Acme',
        upload_max_bytes: 5368709120,
      },
    },
  ],
});
