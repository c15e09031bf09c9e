import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { blockBody, fileUrl, ids, list, richText } from './example-parts.ts';
import {
  cursor,
  described,
  id,
  type List,
  limit,
  markdownVersion,
  nextCursor,
  plain,
  type RichText,
  textMax,
  typed,
  uuid,
} from './fields.ts';
import { blocksOf, richText as partsOf } from './markdown.ts';
import { content } from './pages.ts';

const blockId = id.describe('Block id from notion_page_content_get');
const holderId = id.describe('Page id from notion_page_search, or id of a block that holds others');

export const Block = z.object({
  id: z.string(),
  type: z.string(),
  text: z.string(),
  truncated: z.boolean(),
  has_children: z.boolean(),
  checked: z.boolean().nullable(),
  file: z.object({ url: z.string(), name: z.string().nullable(), expires_at: z.string().nullable() }).nullable(),
});

interface BlockBody {
  id: string;
  type: string;
  has_children: boolean;
  [content: string]: unknown;
}

interface BlockContent {
  rich_text?: RichText[];
  caption?: RichText[];
  /** Pages and databases have a text, meetings one in parts. */
  title?: string | RichText[];
  expression?: string;
  cells?: RichText[][];
  checked?: boolean;
  name?: string;
  url?: string;
  file?: { url: string; expiry_time: string };
  external?: { url: string };
}

export function blockOf(block: BlockBody): z.input<typeof Block> {
  const inner = (block[block.type] ?? {}) as BlockContent;
  const cells = inner.cells?.map(plain).join(' | ');
  const title = typeof inner.title === 'object' ? plain(inner.title) : inner.title;
  const text = title ?? inner.expression ?? cells ?? plain(inner.rich_text ?? inner.caption);
  const url = inner.file?.url ?? inner.external?.url ?? inner.url;
  return {
    id: block.id,
    type: block.type,
    text: text.slice(0, textMax),
    truncated: text.length > textMax,
    has_children: block.has_children,
    checked: inner.checked ?? null,
    file: url === undefined ? null : { url, name: inner.name ?? null, expires_at: inner.file?.expiry_time ?? null },
  };
}

interface MarkdownBody {
  id: string;
  markdown: string;
  truncated: boolean;
  unknown_block_ids: string[];
}

const markdownMax = 20_000;

const Markdown = z.object({ page_id: z.string(), markdown: z.string(), truncated: z.boolean(), unread_block_ids: z.array(z.string()) });

function markdownOf(body: MarkdownBody): z.input<typeof Markdown> {
  return {
    page_id: body.id,
    markdown: body.markdown.slice(0, markdownMax),
    truncated: body.truncated || body.markdown.length > markdownMax,
    unread_block_ids: body.unknown_block_ids,
  };
}

const markdownExample = {
  object: 'page_markdown',
  id: ids.page,
  markdown: '# First call\n- Team of **nine**\n- [ ] Ask for references',
  truncated: false,
  unknown_block_ids: [],
  request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d',
};

const markdownShown = {
  page_id: ids.page,
  markdown: '# First call\n- Team of **nine**\n- [ ] Ask for references',
  truncated: false,
  unread_block_ids: [],
};

export const pageMarkdownGet = tool({
  name: 'notion_page_markdown_get',
  title: 'Read a page’s text',
  description:
    'Read the text of one page as Markdown, at most 20,000 characters (truncated says whether there is more). For properties use ' +
    'notion_page_get; for single blocks with ids, or links to files, notion_page_content_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    page_id: holderId,
    include_transcript: z.boolean().default(false).describe('With the transcripts of meeting notes'),
  }),
  output: Markdown,
  request: ({ page_id, include_transcript }) => ({
    ...get(path`/v1/pages/${uuid(page_id)}/markdown`, { include_transcript }),
    headers: markdownVersion,
  }),
  respond: markdownOf,
  docs: 'https://developers.notion.com/reference/retrieve-page-markdown',
  provenance: described('retrieve-page-markdown'),
  examples: [{ input: { page_id: ids.page }, receives: { body: markdownExample }, gives: markdownShown }],
});

export const pageMarkdownUpdate = tool({
  name: 'notion_page_markdown_update',
  title: 'Edit a page’s text',
  description:
    'Replace passages of a page’s text: each old_str must stand in it exactly as notion_page_markdown_get shows it. To add at the end use ' +
    'notion_page_content_append. Child pages are never removed by it.',
  effect: 'destructive',
  scopes: [],
  input: z.object({
    page_id: id.describe('Page id from notion_page_search'),
    content_updates: z
      .array(
        z.object({
          old_str: z.string().min(1).max(5000).describe('Passage as it stands now'),
          new_str: z.string().max(10_000).describe('What stands there afterwards'),
          replace_all_matches: z.boolean().optional().describe('Every place where it stands'),
        }),
      )
      .min(1)
      .max(20)
      .describe('Replacements, made in this order'),
  }),
  output: Markdown,
  request: ({ page_id, content_updates }) => ({
    method: 'PATCH',
    path: path`/v1/pages/${uuid(page_id)}/markdown`,
    json: { type: 'update_content', update_content: { content_updates } },
    headers: markdownVersion,
  }),
  respond: markdownOf,
  docs: 'https://developers.notion.com/reference/update-page-markdown',
  provenance: described('update-page-markdown'),
  examples: [
    {
      input: { page_id: ids.page, content_updates: [{ old_str: 'Team of nine', new_str: 'Team of **nine**' }] },
      receives: { body: markdownExample },
      gives: markdownShown,
    },
  ],
});

const Blocks = z.object({ blocks: z.array(Block), next_cursor: nextCursor });

const file = {
  caption: richText('Term sheet, draft'),
  type: 'file',
  file: {
    url: fileUrl,
    expiry_time: '2025-11-21T11:05:00.000Z',
  },
  name: 'term-sheet.pdf',
};

const fileShown = {
  id: ids.file,
  type: 'file',
  text: 'Term sheet, draft',
  truncated: false,
  has_children: false,
  checked: null,
  file: {
    url: fileUrl,
    name: 'term-sheet.pdf',
    expires_at: '2025-11-21T11:05:00.000Z',
  },
};

const todo = { rich_text: richText('Ask for references'), checked: false, color: 'default' };
const todoShown = {
  id: ids.block,
  type: 'to_do',
  text: 'Ask for references',
  truncated: false,
  has_children: false,
  checked: false,
  file: null,
};

export const pageContentGet = tool({
  name: 'notion_page_content_get',
  aliases: ['notion_block_children_list'],
  title: 'List a page’s blocks',
  description:
    'List the blocks of a page, or those within a block that has_children, with ids to change them by. Links to files are fresh and end ' +
    'at expires_at; list again for new ones. To read the whole text at once use notion_page_markdown_get.',
  effect: 'read',
  scopes: [],
  input: z.object({ block_id: holderId, limit, cursor }),
  output: Blocks,
  request: ({ block_id, limit: page_size, cursor: start_cursor }) =>
    get(path`/v1/blocks/${uuid(block_id)}/children`, { page_size, start_cursor }),
  respond: (body: List<BlockBody>) => ({ blocks: body.results.map(blockOf), next_cursor: body.next_cursor }),
  docs: 'https://developers.notion.com/reference/get-block-children',
  provenance: described('get-block-children'),
  examples: [
    {
      input: { block_id: ids.page },
      receives: { body: list('block', [blockBody(ids.block, 'to_do', todo), blockBody(ids.file, 'file', file)]) },
      gives: { blocks: [todoShown, fileShown], next_cursor: null },
    },
  ],
});

export const pageContentAppend = tool({
  name: 'notion_page_content_append',
  aliases: ['notion_block_children_append'],
  title: 'Add text to a page',
  description:
    'Add Markdown at the end of a page, or after one of its blocks: headings, lists, to-dos, quotes, code, rules, bold, italic, links. Each ' +
    'call adds again. To change what stands there use notion_page_markdown_update.',
  effect: 'write',
  scopes: [],
  input: z.object({
    block_id: holderId,
    content: content.min(1).describe('Text in Markdown, at most 100 blocks'),
    after: id.optional().describe('Block of the page after which it is put; at the end unless given'),
  }),
  output: z.object({ blocks: z.array(Block) }),
  request: ({ block_id, content: markdown, after }) => ({
    method: 'PATCH',
    path: path`/v1/blocks/${uuid(block_id)}/children`,
    json: { children: blocksOf(markdown), ...(after === undefined ? {} : { after: uuid(after) }) },
  }),
  respond: (body: List<BlockBody>) => ({ blocks: body.results.map(blockOf) }),
  docs: 'https://developers.notion.com/reference/patch-block-children',
  provenance: typed('appendBlockChildren'),
  examples: [
    {
      input: { block_id: ids.page, content: '- [ ] Ask for references' },
      receives: { body: list('block', [blockBody(ids.block, 'to_do', todo)]) },
      gives: { blocks: [todoShown] },
      fresh: { '/results/0/id': 'uuid', '/results/0/created_time': 'iso_now' },
    },
  ],
});

export const blockRetrieve = tool({
  name: 'notion_block_retrieve',
  aliases: ['notion_block_get'],
  title: 'Read a block',
  description:
    'Read one block: type, text, and for a file a fresh link that ends at expires_at. For all blocks of a page use ' +
    'notion_page_content_get, which also gives the ids.',
  effect: 'read',
  scopes: [],
  input: z.object({ block_id: blockId }),
  output: Block,
  request: ({ block_id }) => get(path`/v1/blocks/${uuid(block_id)}`),
  respond: blockOf,
  docs: 'https://developers.notion.com/reference/retrieve-a-block',
  provenance: described('retrieve-a-block'),
  examples: [
    {
      input: { block_id: ids.file },
      receives: { body: blockBody(ids.file, 'file', file) },
      gives: fileShown,
      fresh: { '/file/file/url': 'link' },
    },
  ],
});

export const blockUpdate = tool({
  name: 'notion_block_update',
  title: 'Change a block’s text',
  description:
    'Replace the text of one block, or tick a to-do. The type must be the one that the block has; ids and types come from ' +
    'notion_page_content_get. For passages of a longer text use notion_page_markdown_update.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({
    block_id: blockId,
    type: z
      .enum([
        'paragraph',
        'heading_1',
        'heading_2',
        'heading_3',
        'bulleted_list_item',
        'numbered_list_item',
        'to_do',
        'quote',
        'toggle',
        'callout',
      ])
      .describe('Type that the block has'),
    text: z.string().max(10_000).describe('New text; bold, italic, code and links as in Markdown'),
    checked: z.boolean().optional().describe('Ticked or not, of a to_do'),
  }),
  output: Block,
  request: ({ block_id, type, text, checked }) => ({
    method: 'PATCH',
    path: path`/v1/blocks/${uuid(block_id)}`,
    json: { [type]: { rich_text: partsOf(text), ...(type === 'to_do' && checked !== undefined ? { checked } : {}) } },
  }),
  respond: blockOf,
  docs: 'https://developers.notion.com/reference/update-a-block',
  provenance: typed('updateBlock'),
  examples: [
    {
      input: { block_id: ids.block, type: 'to_do', text: 'Ask for references', checked: false },
      receives: { body: blockBody(ids.block, 'to_do', todo) },
      gives: todoShown,
    },
  ],
});

export const blockDelete = tool({
  name: 'notion_block_delete',
  title: 'Delete a block',
  description:
    'Move one block, with what stands inside it, to the trash; people can bring it back in Notion. Ids come from ' +
    'notion_page_content_get. For a whole page use notion_page_archive.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ block_id: blockId }),
  output: Block,
  request: ({ block_id }) => ({ method: 'DELETE', path: path`/v1/blocks/${uuid(block_id)}` }),
  respond: blockOf,
  docs: 'https://developers.notion.com/reference/delete-a-block',
  provenance: described('delete-a-block'),
  examples: [
    {
      input: { block_id: ids.block },
      receives: { body: blockBody(ids.block, 'to_do', todo, { in_trash: true, archived: true }) },
      gives: todoShown,
    },
  ],
});
