import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  type BodyOf,
  contentOf,
  cursor,
  from,
  id,
  isoOf,
  limit,
  linksExample,
  miraId,
  nextCursor,
  nextOf,
  type Paged,
  pageId,
  v1Docs,
  v2Docs,
  webUrl,
  wikiExample,
} from './fields.ts';

const Comment = z.object({
  id: z.string(),
  page_id: z.string().nullable(),
  author_id: z.string().nullable(),
  body: z.string(),
  truncated: z.boolean(),
  created_at: z.string().nullable(),
  url: z.string().nullable(),
});

interface CommentBody {
  id: string;
  pageId?: string;
  version?: { createdAt?: string; authorId?: string } | null;
  body?: BodyOf | null;
  _links?: { webui?: string; base?: string } | null;
}

function commentOf(comment: CommentBody, base?: string): z.input<typeof Comment> {
  return {
    id: comment.id,
    page_id: comment.pageId ?? null,
    author_id: comment.version?.authorId ?? null,
    ...contentOf(comment.body, 4000),
    created_at: isoOf(comment.version?.createdAt),
    url: webUrl(comment._links?.base ?? base, comment._links?.webui),
  };
}

const received = {
  id: '66101',
  status: 'current',
  title: 'Re: Checkout runbook',
  pageId: '65812',
  version: { createdAt: '2025-11-21T10:15:00.000Z', message: '', number: 1, minorEdit: false, authorId: miraId },
  _links: { webui: '/spaces/ENG/pages/65812/Checkout+runbook?focusedCommentId=66101' },
};
const given = {
  id: '66101',
  page_id: '65812',
  author_id: miraId,
  truncated: false,
  created_at: '2025-11-21T10:15:00.000Z',
  url: 'https://acme.atlassian.net/wiki/spaces/ENG/pages/65812/Checkout+runbook?focusedCommentId=66101',
};

export const footerCommentsGet = tool({
  name: 'confluence_footer_comments_get',
  title: 'List comments on a page',
  description:
    'List the comments below one page as the markup they were written in, newest first; texts over 4,000 characters are cut ' +
    '(truncated). Replies are not among them. The page itself is in confluence_page_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:comment:confluence'],
  input: z.object({
    id: pageId,
    sort: z.enum(['created-date', '-created-date', 'modified-date', '-modified-date']).default('-created-date').describe('Order by'),
    limit,
    cursor,
  }),
  output: z.object({ comments: z.array(Comment), next_cursor: nextCursor }),
  request: ({ id, ...rest }) => get(path`/wiki/api/v2/pages/${id}/footer-comments`, { 'body-format': 'storage', ...rest }),
  respond: (body: Paged & { results: CommentBody[] }) => ({
    comments: body.results.map((comment) => commentOf(comment, body._links?.base)),
    next_cursor: nextOf(body),
  }),
  docs: `${v2Docs}/api-group-comment/#api-pages-id-footer-comments-get`,
  provenance: from('getPageFooterComments'),
  examples: [
    {
      input: { id: '65812' },
      receives: {
        body: {
          results: [{ ...received, body: { storage: { representation: 'storage', value: '<p>Step 3 is out of date.</p>' } } }],
          _links: linksExample,
        },
      },
      gives: { comments: [{ ...given, body: '<p>Step 3 is out of date.</p>' }], next_cursor: null },
    },
  ],
});

export const footerCommentCreate = tool({
  name: 'confluence_footer_comment_create',
  title: 'Comment on a page',
  description:
    'Write one comment below a page, or answer a comment (say one of both); watchers are notified, and each call comments ' +
    'again. Page ids come from confluence_search, ids of comments from confluence_footer_comments_get.',
  effect: 'write',
  scopes: ['write:comment:confluence'],
  input: z.object({
    body_value: z.string().min(1).max(100_000).describe('The comment; in storage format XHTML such as <p>Text</p>'),
    body_representation: z.enum(['storage', 'wiki', 'atlas_doc_format']).default('storage').describe('What body_value is written in'),
    pageId: pageId.optional(),
    parentCommentId: id.optional().describe('Comment that this answers'),
  }),
  output: Comment,
  request: ({ body_value: value, body_representation: representation, ...rest }) =>
    post('/wiki/api/v2/footer-comments', { ...rest, body: { representation, value } }),
  respond: (body: CommentBody) => commentOf(body),
  docs: `${v2Docs}/api-group-comment/#api-footer-comments-post`,
  provenance: from('createFooterComment'),
  examples: [
    {
      input: { body_value: '<p>Step 3 is out of date.</p>', pageId: '65812' },
      receives: {
        status: 201,
        body: {
          ...received,
          body: { storage: { representation: 'storage', value: '<p>Step 3 is out of date.</p>' } },
          _links: { ...received._links, ...linksExample },
        },
      },
      gives: { ...given, body: '<p>Step 3 is out of date.</p>' },
      fresh: { '/version/createdAt': 'iso_now' },
    },
  ],
});

const labelName = z
  .string()
  .max(255)
  .regex(/^[^\s,:;?&()[\]{}<>*^!#@~/\\]+$/);
const Labels = z.object({ labels: z.array(z.string()), next_cursor: nextCursor });

export const pageLabelsGet = tool({
  name: 'confluence_page_labels_get',
  title: 'List labels of a page',
  description:
    'List the labels of one page. All pages with a label are found with confluence_search (label = "runbook"). To add some use ' +
    'confluence_page_labels_add. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['read:page:confluence'],
  input: z.object({
    id: pageId,
    prefix: z.enum(['my', 'team', 'global', 'system']).optional().describe('Only labels of this kind'),
    limit,
    cursor,
  }),
  output: Labels,
  request: ({ id, ...rest }) => get(path`/wiki/api/v2/pages/${id}/labels`, rest),
  respond: (body: Paged & { results: { name: string }[] }) => ({
    labels: body.results.map((label) => label.name),
    next_cursor: nextOf(body),
  }),
  docs: `${v2Docs}/api-group-label/#api-pages-id-labels-get`,
  provenance: from('getPageLabels'),
  examples: [
    {
      input: { id: '65812' },
      receives: { body: { results: [{ id: '70001', name: 'runbook', prefix: 'global' }], _links: linksExample } },
      gives: { labels: ['runbook'], next_cursor: null },
    },
  ],
});

export const pageLabelsAdd = tool({
  name: 'confluence_page_labels_add',
  title: 'Add labels to a page',
  description:
    'Add labels to one page; those that it has stay, and adding one again changes nothing. Answers all labels that the page then ' +
    'has. To see them use confluence_page_labels_get, to take one away confluence_page_label_remove.',
  effect: 'write',
  idempotent: true,
  scopes: ['write:label:confluence'],
  input: z.object({ id: pageId, labels: z.array(labelName).min(1).max(20).describe('Labels, one word each') }),
  output: z.object({ labels: z.array(z.string()) }),
  request: ({ id, labels }) =>
    post(
      path`/wiki/rest/api/content/${id}/label`,
      labels.map((name) => ({ prefix: 'global', name })),
    ),
  respond: (body: { results: { name: string }[] }) => ({ labels: body.results.map((label) => label.name) }),
  docs: `${v1Docs}/api-group-content-labels/#api-wiki-rest-api-content-id-label-post`,
  provenance: from('addLabelsToContent'),
  examples: [
    {
      input: { id: '65812', labels: ['checkout'] },
      receives: {
        body: {
          results: [
            { prefix: 'global', name: 'runbook', id: '70001', label: 'runbook' },
            { prefix: 'global', name: 'checkout', id: '70002', label: 'checkout' },
          ],
          start: 0,
          limit: 200,
          size: 2,
          _links: { base: wikiExample, context: '/wiki', self: `${wikiExample}/rest/api/content/65812/label` },
        },
      },
      gives: { labels: ['runbook', 'checkout'] },
    },
  ],
});

export const pageLabelRemove = tool({
  name: 'confluence_page_label_remove',
  title: 'Remove a label',
  description:
    'Take one label away from one page; the label stays on other pages. See what the page has with confluence_page_labels_get. ' +
    'A label that the page does not have is refused.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['write:label:confluence'],
  input: z.object({ id: pageId, name: labelName.describe('The label, for example runbook') }),
  output: z.object({ done: z.boolean() }),
  request: ({ id, name }) => ({ method: 'DELETE', path: path`/wiki/rest/api/content/${id}/label`, query: { name } }),
  respond: () => ({ done: true }),
  docs: `${v1Docs}/api-group-content-labels/#api-wiki-rest-api-content-id-label-delete`,
  provenance: from('removeLabelFromContentUsingQueryParameter'),
  examples: [{ input: { id: '65812', name: 'checkout' }, receives: { status: 204, body: '' }, gives: { done: true } }],
});
