import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, cut, envelope, from, isoOf, linkedinUrl, type Paged, paged, pagesOf, query, several, text } from './fields.ts';

const Post = z.object({
  id: z.string(),
  url: z.string().nullable(),
  text: z.string().nullable(),
  truncated: z.boolean(),
  author: z.string().nullable(),
  author_url: z.string().nullable(),
  posted_at: z.string().nullable(),
  likes: z.int().nullable(),
  comments: z.int().nullable(),
  shares: z.int().nullable(),
  link: z.string().nullable(),
});

interface PostBody {
  id: string;
  linkedinUrl?: string;
  content?: string;
  author?: { name?: string; linkedinUrl?: string };
  article?: { link?: string | null } | null;
  postedAt?: { timestamp?: number; date?: string };
  engagement?: { likes?: number; comments?: number; shares?: number };
}

function postOf(p: PostBody): z.input<typeof Post> {
  return {
    id: p.id,
    url: text(p.linkedinUrl),
    ...cut(p.content, 3000),
    author: text(p.author?.name),
    author_url: text(p.author?.linkedinUrl),
    posted_at: isoOf(p.postedAt?.date ?? p.postedAt?.timestamp),
    likes: p.engagement?.likes ?? null,
    comments: p.engagement?.comments ?? null,
    shares: p.engagement?.shares ?? null,
    link: text(p.article?.link),
  };
}

const Posts = z.object({ posts: z.array(Post), ...paged });
const postsOf = (body: Paged & { elements?: PostBody[] }) => ({ posts: (body.elements ?? []).map(postOf), ...pagesOf(body) });

const post = {
  id: '7390000000000000001',
  linkedinUrl: 'https://www.linkedin.com/posts/mira-lopez-example_gnomes-activity-7390000000000000001-xxxx',
  content: 'We have a new gnome.',
  contentAttributes: [],
  author: {
    publicIdentifier: 'mira-lopez-example',
    type: 'profile',
    name: 'Mira Lopez',
    linkedinUrl: 'https://www.linkedin.com/in/mira-lopez-example',
    info: 'Head of Sales at Acme',
  },
  article: null,
  postedAt: { timestamp: 1763719200000, date: '2025-11-21T10:00:00.000Z', postedAgoShort: '2h', postedAgoText: '2 hours ago' },
  postImages: [],
  repostId: null,
  engagement: { likes: 12, comments: 3, shares: 1, reactions: [{ type: 'LIKE', count: 12 }] },
};
const postGiven = {
  id: '7390000000000000001',
  url: 'https://www.linkedin.com/posts/mira-lopez-example_gnomes-activity-7390000000000000001-xxxx',
  text: 'We have a new gnome.',
  truncated: false,
  author: 'Mira Lopez',
  author_url: 'https://www.linkedin.com/in/mira-lopez-example',
  posted_at: '2025-11-21T10:00:00.000Z',
  likes: 12,
  comments: 3,
  shares: 1,
  link: null,
};
const pagination = {
  totalPages: 2,
  totalElements: 30,
  pageNumber: 1,
  previousElements: 0,
  pageSize: 20,
  paginationToken: 'made-up-page-2',
};
const pageGiven = { total: 30, next_cursor: '2~made-up-page-2' };
const listed = { ...envelope, pagination, elements: [post] };
const listedGiven = { posts: [postGiven], ...pageGiven };

const postedLimit = z.enum(['24h', 'week', 'month']).optional().describe('Posted within');
const sortBy = z.enum(['date', 'relevance']).optional().describe('Which come first');

export const postsSearch = tool({
  name: 'harvestapi_posts_search',
  aliases: ['harvestapi_search_posts'],
  title: 'Search posts',
  description:
    'Search LinkedIn posts by words, with author, company or age. For all posts of one person use harvestapi_profile_posts_get, of one ' +
    'company harvestapi_company_posts_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().max(300).optional().describe('Words in the post'),
    profile: several('Addresses of authors'),
    company: several('Addresses of companies that post'),
    authorsCompany: several('Addresses of companies whose people post'),
    postedLimit,
    sortBy,
    cursor,
  }),
  output: Posts,
  request: (input) => get('/linkedin/post-search', query(input, true)),
  respond: (body: Paged & { elements?: PostBody[] }) => postsOf(body),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/post/search',
  provenance: from('linkedin/post-search'),
  examples: [{ input: { search: 'gnome', postedLimit: 'week' }, receives: { body: listed }, gives: listedGiven }],
});

export const profilePosts = tool({
  name: 'harvestapi_profile_posts_get',
  aliases: ['harvestapi_get_profile_posts'],
  title: 'Get a person’s posts',
  description:
    'Get what one person has posted on LinkedIn, newest first. Give the address, the public name or the id from harvestapi_people_search. ' +
    'Posts on a subject come from harvestapi_posts_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    profile: linkedinUrl('Address of the profile').optional(),
    profilePublicIdentifier: z.string().max(200).optional().describe('The last part of that address'),
    profileId: z.string().max(200).optional().describe('Id from harvestapi_people_search'),
    cursor,
  }),
  output: Posts,
  request: (input) => get('/linkedin/profile-posts', query(input, true)),
  respond: (body: Paged & { elements?: PostBody[] }) => postsOf(body),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/profile/posts',
  provenance: from('linkedin/profile-posts'),
  examples: [{ input: { profilePublicIdentifier: 'mira-lopez-example' }, receives: { body: listed }, gives: listedGiven }],
});

export const companyPosts = tool({
  name: 'harvestapi_company_posts_get',
  aliases: ['harvestapi_get_company_posts'],
  title: 'Get a company’s posts',
  description:
    'Get what one company has posted on LinkedIn, newest first. Give its address, or id or universal_name from ' +
    'harvestapi_companies_search. For posts of a person use harvestapi_profile_posts_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    company: linkedinUrl('Address of the company’s page').optional(),
    companyUniversalName: z.string().max(200).optional().describe('The last part of that address'),
    companyId: z.string().max(40).optional().describe('Id from harvestapi_companies_search'),
    cursor,
  }),
  output: Posts,
  request: (input) => get('/linkedin/company-posts', query(input, true)),
  respond: (body: Paged & { elements?: PostBody[] }) => postsOf(body),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/company/posts',
  provenance: from('linkedin/company-posts'),
  examples: [{ input: { companyUniversalName: 'acme-gnomes-example' }, receives: { body: listed }, gives: listedGiven }],
});

const postRef = z.string().min(1).max(500).describe('Address or id of the post, from harvestapi_posts_search');

export const postGet = tool({
  name: 'harvestapi_post_get',
  aliases: ['harvestapi_get_post'],
  title: 'Get a post',
  description:
    'Get one LinkedIn post with its text and numbers. Who said what under it comes from harvestapi_post_comments_get, who liked it from ' +
    'harvestapi_post_reactions_get. Find posts with harvestapi_posts_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ post: postRef }),
  output: Post,
  request: (input) => get('/linkedin/post', input),
  respond: ({ element }: { element: PostBody }) => postOf(element),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/post/get',
  provenance: from('linkedin/post'),
  examples: [{ input: { post: '7390000000000000001' }, receives: { body: { ...envelope, element: post } }, gives: postGiven }],
});

interface Actor {
  id: string;
  name?: string;
  linkedinUrl?: string;
  position?: string;
}

const Someone = { name: z.string().nullable(), linkedin_url: z.string().nullable(), position: z.string().nullable() };
const someoneOf = (a: Actor | undefined) => ({ name: text(a?.name), linkedin_url: text(a?.linkedinUrl), position: text(a?.position) });

const actor = {
  id: 'ACoAAmadeup02',
  name: 'Jo Park',
  linkedinUrl: 'https://www.linkedin.com/in/jo-park-example',
  position: 'Designer',
  type: 'profile',
  pictureUrl: 'https://img.example/jo.jpg',
};
const actorGiven = { name: 'Jo Park', linkedin_url: 'https://www.linkedin.com/in/jo-park-example', position: 'Designer' };

export const postComments = tool({
  name: 'harvestapi_post_comments_get',
  aliases: ['harvestapi_get_post_comments'],
  title: 'Get the comments of a post',
  description:
    'Get the comments under one LinkedIn post with who wrote them. The post itself comes from harvestapi_post_get, who liked it from ' +
    'harvestapi_post_reactions_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ post: postRef, sortBy, postedLimit, cursor }),
  output: z.object({
    comments: z.array(
      z.object({
        id: z.string(),
        text: z.string().nullable(),
        truncated: z.boolean(),
        created_at: z.string().nullable(),
        url: z.string().nullable(),
        ...Someone,
      }),
    ),
    ...paged,
  }),
  request: (input) => get('/linkedin/post-comments', query(input, true)),
  respond: (
    body: Paged & {
      elements?: {
        id: string;
        commentary?: string;
        createdAt?: string;
        createdAtTimestamp?: number;
        linkedinUrl?: string;
        actor?: Actor;
      }[];
    },
  ) => ({
    comments: (body.elements ?? []).map((c) => ({
      id: c.id,
      ...cut(c.commentary, 2000),
      created_at: isoOf(c.createdAtTimestamp ?? c.createdAt),
      url: text(c.linkedinUrl),
      ...someoneOf(c.actor),
    })),
    ...pagesOf(body),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/post/comments',
  provenance: from('linkedin/post-comments'),
  examples: [
    {
      input: { post: '7390000000000000001' },
      receives: {
        body: {
          ...envelope,
          pagination,
          elements: [
            {
              id: '7390000000000000002',
              linkedinUrl: 'https://www.linkedin.com/feed/update/made-up-comment',
              commentary: 'A fine hat.',
              createdAt: '2025-11-21T11:00:00.000Z',
              createdAtTimestamp: 1763722800000,
              postId: '7390000000000000001',
              actor,
              pinned: false,
            },
          ],
        },
      },
      gives: {
        comments: [
          {
            id: '7390000000000000002',
            text: 'A fine hat.',
            truncated: false,
            created_at: '2025-11-21T11:00:00.000Z',
            url: 'https://www.linkedin.com/feed/update/made-up-comment',
            ...actorGiven,
          },
        ],
        ...pageGiven,
      },
    },
  ],
});

export const postReactions = tool({
  name: 'harvestapi_post_reactions_get',
  aliases: ['harvestapi_get_post_reactions'],
  title: 'Get the reactions to a post',
  description:
    'Get who reacted to one LinkedIn post and how: like, praise, empathy and so on. What people wrote under it comes from ' +
    'harvestapi_post_comments_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ post: postRef, cursor }),
  output: z.object({ reactions: z.array(z.object({ id: z.string(), type: z.string(), ...Someone })), ...paged }),
  request: (input) => get('/linkedin/post-reactions', query(input)),
  respond: (body: Paged & { elements?: { id: string; reactionType: string; actor?: Actor }[] }) => ({
    reactions: (body.elements ?? []).map((r) => ({ id: r.id, type: r.reactionType, ...someoneOf(r.actor) })),
    ...pagesOf(body),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/post/reactions',
  provenance: from('linkedin/post-reactions'),
  examples: [
    {
      input: { post: '7390000000000000001' },
      receives: {
        body: {
          ...envelope,
          pagination,
          elements: [{ id: 'made-up-reaction-1', reactionType: 'LIKE', postId: '7390000000000000001', actor }],
        },
      },
      gives: { reactions: [{ id: 'made-up-reaction-1', type: 'LIKE', ...actorGiven }], ...pageGiven },
    },
  ],
});
