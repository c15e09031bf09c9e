import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, issueId, limit, nextCursor, nextOf, type Page, pageInfo } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://linear.app/developers/graphql';
const issue = issueId.describe('Identifier such as ENG-142, or id; both from linear_issues_list');
const textMax = 2000;

const ids = {
  comment: '0c9e8d7b-6a5f-4e3d-9c2b-1a0f9e8d7c61',
  attachment: '4e6f8a0b-1c2d-4e3f-9a5b-7c8d9e0f1a2b',
};

const Comment = z.object({
  id: z.string(),
  body: z.string(),
  truncated: z.boolean(),
  author: z.string().nullable(),
  parent_id: z.string().nullable(),
  url: z.string(),
  created_at: z.string(),
});

interface CommentNode {
  id: string;
  body: string;
  url: string;
  createdAt: string;
  user: { name: string } | null;
  parent: { id: string } | null;
}

const commentFields = 'id body url createdAt user { name } parent { id }';

function commentOf(comment: CommentNode): z.input<typeof Comment> {
  return {
    id: comment.id,
    body: comment.body.slice(0, textMax),
    truncated: comment.body.length > textMax,
    author: comment.user?.name ?? null,
    parent_id: comment.parent?.id ?? null,
    url: comment.url,
    created_at: comment.createdAt,
  };
}

const commentNode = (body: string) => ({
  id: ids.comment,
  body,
  url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s#comment-0c9e8d7b',
  createdAt: '2025-11-21T10:07:40.905Z',
  user: { name: 'Mira Lopez' },
  parent: null,
});

const commentShown = (body: string) => ({
  id: ids.comment,
  body,
  truncated: false,
  author: 'Mira Lopez',
  parent_id: null,
  url: 'https://linear.app/acme/issue/ENG-142/checkout-p95-latency-is-above-2-s#comment-0c9e8d7b',
  created_at: '2025-11-21T10:07:40.905Z',
});

export const commentsList = tool({
  name: 'linear_comments_list',
  title: 'List comments',
  description:
    'List all comments on one issue, page by page; linear_issue_get shows only the latest 20. Texts over 2,000 characters are cut ' +
    '(truncated). To answer give the id as parentId to linear_comment_create.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ issueId: issue, limit, cursor }),
  output: z.object({ comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ issueId: id, limit: first, cursor: after }) =>
    graphql(
      `query IssueComments($id: String!, $first: Int, $after: String) { issue(id: $id) { comments(first: $first, after: $after) { nodes { ${commentFields} } ${pageInfo} } } }`,
      { id, first, after },
    ),
  respond: ({ data }: { data: { issue: { comments: Page<CommentNode> } } }) => ({
    comments: data.issue.comments.nodes.map(commentOf),
    next_cursor: nextOf(data.issue.comments),
  }),
  docs,
  provenance: typed('Query.issue'),
  examples: [
    {
      input: { issueId: 'ENG-142', limit: 1 },
      receives: {
        body: {
          data: {
            issue: {
              comments: { nodes: [commentNode('Latency is falling.')], pageInfo: { hasNextPage: true, endCursor: ids.comment } },
            },
          },
        },
      },
      gives: { comments: [commentShown('Latency is falling.')], next_cursor: ids.comment },
    },
  ],
});

export const commentUpdate = tool({
  name: 'linear_comment_update',
  title: 'Change a comment',
  description:
    'Replace the text of a comment that this account wrote; it is shown as edited. Ids come from linear_comments_list or ' +
    'linear_comment_create. To add a remark use linear_comment_create instead.',
  effect: 'write',
  idempotent: true,
  scopes: ['write'],
  input: z.object({
    commentId: z.uuid().describe('Comment id from linear_comments_list'),
    body: z.string().min(1).max(50_000).describe('New text in Markdown'),
  }),
  output: Comment,
  request: ({ commentId: id, body }) =>
    graphql(
      `mutation CommentUpdate($id: String!, $input: CommentUpdateInput!) { commentUpdate(id: $id, input: $input) { success comment { ${commentFields} } } }`,
      { id, input: { body } },
    ),
  respond: ({ data }: { data: { commentUpdate: { comment: CommentNode } } }) => commentOf(data.commentUpdate.comment),
  docs,
  provenance: typed('Mutation.commentUpdate'),
  examples: [
    {
      input: { commentId: ids.comment, body: 'Latency is back to normal.' },
      receives: { body: { data: { commentUpdate: { success: true, comment: commentNode('Latency is back to normal.') } } } },
      gives: commentShown('Latency is back to normal.'),
    },
  ],
});

const Attachment = z.object({
  id: z.string(),
  title: z.string(),
  subtitle: z.string().nullable(),
  url: z.string(),
  created_at: z.string(),
});

interface AttachmentNode {
  id: string;
  title: string;
  subtitle: string | null;
  url: string;
  createdAt: string;
}

function attachmentOf({ createdAt, ...attachment }: AttachmentNode): z.input<typeof Attachment> {
  return { ...attachment, created_at: createdAt };
}

const attachmentNode = {
  id: ids.attachment,
  title: 'Checkout p95 latency',
  subtitle: 'Datadog monitor',
  url: 'https://app.datadoghq.example/monitors/18342011',
  createdAt: '2025-11-21T10:08:00.000Z',
};

const attachmentShown = {
  id: ids.attachment,
  title: 'Checkout p95 latency',
  subtitle: 'Datadog monitor',
  url: 'https://app.datadoghq.example/monitors/18342011',
  created_at: '2025-11-21T10:08:00.000Z',
};

export const attachmentCreate = tool({
  name: 'linear_attachment_create',
  title: 'Attach a link to an issue',
  description:
    'Attach the address of a page to an issue, for example a monitor, an incident or a Slack thread. The same address given again changes ' +
    'the attachment that is there. To write a text use linear_comment_create.',
  effect: 'write',
  idempotent: true,
  scopes: ['write'],
  input: z.object({
    issueId: issue,
    title: z.string().min(1).max(255).describe('What stands on the link'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe('Where it leads'),
    subtitle: z.string().max(255).optional().describe('Smaller line below the title'),
  }),
  output: Attachment,
  request: (input) =>
    graphql(
      'mutation AttachmentCreate($input: AttachmentCreateInput!) { attachmentCreate(input: $input) { success attachment { id title subtitle url createdAt } } }',
      { input },
    ),
  respond: ({ data }: { data: { attachmentCreate: { attachment: AttachmentNode } } }) => attachmentOf(data.attachmentCreate.attachment),
  docs: 'https://linear.app/developers/attachments',
  provenance: typed('Mutation.attachmentCreate'),
  examples: [
    {
      input: {
        issueId: 'ENG-142',
        title: 'Checkout p95 latency',
        url: 'https://app.datadoghq.example/monitors/18342011',
        subtitle: 'Datadog monitor',
      },
      receives: { body: { data: { attachmentCreate: { success: true, attachment: attachmentNode } } } },
      gives: attachmentShown,
      fresh: { '/data/attachmentCreate/attachment/id': 'uuid', '/data/attachmentCreate/attachment/createdAt': 'iso_now' },
    },
  ],
});

export const attachmentsList = tool({
  name: 'linear_attachments_list',
  title: 'List an issue’s links',
  description:
    'List the links that are attached to one issue: pull requests, conversations, monitors. linear_attachment_create adds one; what people ' +
    'wrote is in linear_comments_list.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ issueId: issue, limit, cursor }),
  output: z.object({ attachments: z.array(Attachment), next_cursor: nextCursor }),
  request: ({ issueId: id, limit: first, cursor: after }) =>
    graphql(
      `query IssueAttachments($id: String!, $first: Int, $after: String) { issue(id: $id) { attachments(first: $first, after: $after) { nodes { id title subtitle url createdAt } ${pageInfo} } } }`,
      { id, first, after },
    ),
  respond: ({ data }: { data: { issue: { attachments: Page<AttachmentNode> } } }) => ({
    attachments: data.issue.attachments.nodes.map(attachmentOf),
    next_cursor: nextOf(data.issue.attachments),
  }),
  docs: 'https://linear.app/developers/attachments',
  provenance: typed('Query.issue'),
  examples: [
    {
      input: { issueId: 'ENG-142' },
      receives: {
        body: {
          data: { issue: { attachments: { nodes: [attachmentNode], pageInfo: { hasNextPage: false, endCursor: ids.attachment } } } },
        },
      },
      gives: { attachments: [attachmentShown], next_cursor: null },
    },
  ],
});
