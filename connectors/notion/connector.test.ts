import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import notion from './connector.ts';
import { fault } from './faults.ts';
import { uuid } from './fields.ts';
import { blocksOf, richText } from './markdown.ts';
import { propertiesOf, propertiesShown } from './properties.ts';
import { readTokenResponse } from './tokens.ts';

connectorSuite(notion);

const byName = (name: string) => {
  const found = notion.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};
const pageId = '9b8a7c6d-5e4f-4d3c-a2b1-0f9e8d7c6b5a';
const sourceId = '6f1e3d5c-7b9a-4c8e-9d0f-1a2b3c4d5e6f';
const text = (content: string) => ({ type: 'text', text: { content } });

describe('notion’s blocks from Markdown', () => {
  it('each kind of line becomes its block', () => {
    const markdown = [
      '# One',
      '#### Four',
      'A line',
      'and its next.',
      '',
      '- bullet',
      '2. number',
      '- [x] done',
      '> said',
      '---',
      '```ts',
      'const a = 1;',
      '',
      '# no heading',
      '```',
    ].join('\n');
    expect(blocksOf(markdown)).toEqual([
      { type: 'heading_1', heading_1: { rich_text: [text('One')] } },
      { type: 'heading_3', heading_3: { rich_text: [text('Four')] } },
      { type: 'paragraph', paragraph: { rich_text: [text('A line\nand its next.')] } },
      { type: 'bulleted_list_item', bulleted_list_item: { rich_text: [text('bullet')] } },
      { type: 'numbered_list_item', numbered_list_item: { rich_text: [text('number')] } },
      { type: 'to_do', to_do: { rich_text: [text('done')], checked: true } },
      { type: 'quote', quote: { rich_text: [text('said')] } },
      { type: 'divider', divider: {} },
      { type: 'code', code: { rich_text: [text('const a = 1;\n\n# no heading')], language: 'typescript' } },
    ]);
  });

  it('an unclosed fence ends with the text, and an unknown language is plain text', () => {
    expect(blocksOf('```klingon\nqapla')).toEqual([{ type: 'code', code: { rich_text: [text('qapla')], language: 'plain text' } }]);
  });

  it('marks within a line become annotations, and what is none stays as it stands', () => {
    expect(richText('a **b** _c_ `d` ~~e~~ [f](https://example.com/x) snake_case_name 2 * 3')).toEqual([
      text('a '),
      { ...text('b'), annotations: { bold: true } },
      text(' '),
      { ...text('c'), annotations: { italic: true } },
      text(' '),
      { ...text('d'), annotations: { code: true } },
      text(' '),
      { ...text('e'), annotations: { strikethrough: true } },
      text(' '),
      { type: 'text', text: { content: 'f', link: { url: 'https://example.com/x' } } },
      text(' snake_case_name 2 * 3'),
    ]);
  });

  it('a link that is not https stays text', () => {
    expect(richText('[x](javascript:alert(1))')).toEqual([text('[x](javascript:alert(1))')]);
  });

  it('no piece is longer than Notion takes, and nothing is lost', () => {
    const [block] = blocksOf('x'.repeat(4001));
    expect(block).toEqual({
      type: 'paragraph',
      paragraph: { rich_text: [text('x'.repeat(2000)), text('x'.repeat(2000)), text('x')] },
    });
  });

  it('more blocks than one call takes are refused by the schema', () => {
    const lines = (n: number) => Array.from({ length: n }, (_, i) => `- ${i}`).join('\n');
    const { input } = byName('notion_page_content_append');
    expect(input.safeParse({ block_id: pageId, content: lines(100) }).success).toBe(true);
    expect(input.safeParse({ block_id: pageId, content: lines(101) }).success).toBe(false);
  });
});

describe('notion’s properties', () => {
  it('are written out as Notion takes them', () => {
    const given = {
      Stage: { status: 'Won' },
      Owner: { people: ['7c4e2a90-1b3d-4f5e-8a6c-0d9e8f7a6b5c'] },
      Tags: { multi_select: ['a', 'b'] },
      Site: { url: '' },
      Round: { select: '' },
      Due: { date: { start: '2025-11-24' } },
      Call: { date: { start: '' } },
      Notes: { rich_text: 'x' },
    };
    expect(propertiesOf(given)).toEqual({
      Stage: { status: { name: 'Won' } },
      Owner: { people: [{ object: 'user', id: '7c4e2a90-1b3d-4f5e-8a6c-0d9e8f7a6b5c' }] },
      Tags: { multi_select: [{ name: 'a' }, { name: 'b' }] },
      Site: { url: null },
      Round: { select: null },
      Due: { date: { start: '2025-11-24' } },
      Call: { date: null },
      Notes: { rich_text: [text('x')] },
    });
  });

  it('hold exactly one value each', () => {
    const { input } = byName('notion_page_update');
    expect(input.safeParse({ page_id: pageId, properties: { A: { number: 1 } } }).success).toBe(true);
    for (const value of [{}, { number: 1, url: 'x' }, { formula: 'x' }, { people: ['Mira'] }, { date: { start: 'tomorrow' } }]) {
      expect(input.safeParse({ page_id: pageId, properties: { A: value } }).success).toBe(false);
    }
  });

  it.each([
    [{ type: 'formula', formula: { type: 'string', string: 'late' } }, 'late'],
    [{ type: 'rollup', rollup: { type: 'number', number: 3, function: 'sum' } }, 3],
    [{ type: 'rollup', rollup: { type: 'array', array: [{ type: 'number', number: 1 }], function: 'show_original' } }, [1]],
    [{ type: 'unique_id', unique_id: { prefix: 'DEAL', number: 7 } }, 'DEAL-7'],
    [{ type: 'date', date: null }, null],
    [{ type: 'button', button: {} }, null],
    [{ type: 'relation', relation: [{ id: 'r1' }], has_more: false }, ['r1']],
    [{ type: 'checkbox', checkbox: false }, false],
    [{ type: 'some_new_type', some_new_type: { deep: true } }, null],
  ])('%j is shown as %j', (property, value) => {
    expect(propertiesShown({ A: property })).toEqual({ A: { type: property.type, value } });
  });
});

describe('notion’s requests', () => {
  it('an id without hyphens is written as a UUID', () => {
    expect(uuid('9B8A7C6D5E4F4D3CA2B10F9E8D7C6B5A')).toBe(pageId);
    expect(request('notion_page_get', { page_id: '9b8a7c6d5e4f4d3ca2b10f9e8d7c6b5a' }).path).toBe(`/v1/pages/${pageId}`);
  });

  it('a page has exactly one parent', () => {
    const { input } = byName('notion_page_create');
    expect(input.safeParse({ title: 'x' }).success).toBe(false);
    expect(input.safeParse({ title: 'x', parent_page_id: pageId, data_source_id: sourceId }).success).toBe(false);
  });

  it('a row’s title goes to whichever column holds titles', () => {
    expect(request('notion_page_create', { title: 'Nordlicht', data_source_id: sourceId }).json).toEqual({
      parent: { type: 'data_source_id', data_source_id: sourceId },
      properties: { title: { title: [text('Nordlicht')] } },
    });
  });

  it('text as Markdown is asked for in the version that serves it', () => {
    expect(request('notion_page_markdown_get', { page_id: pageId }).headers).toEqual({ 'Notion-Version': '2026-03-11' });
    expect(request('notion_page_get', { page_id: pageId }).headers).toBeUndefined();
  });

  it('only a select and a multi_select column has choices', () => {
    const columns = [
      { name: 'A', type: 'select', options: ['x'] },
      { name: 'B', type: 'number', options: ['x'] },
    ];
    const json = request('notion_database_create', { parent_page_id: pageId, title: 'T', columns }).json;
    expect(json).toMatchObject({
      initial_data_source: {
        properties: {
          A: { type: 'select', select: { options: [{ name: 'x' }] } },
          B: { type: 'number', number: {} },
          Name: { type: 'title', title: {} },
        },
      },
    });
  });

  it('only a to-do is ticked', () => {
    const change = { block_id: pageId, text: 'x', checked: true };
    expect(request('notion_block_update', { ...change, type: 'quote' }).json).toEqual({ quote: { rich_text: [text('x')] } });
    expect(request('notion_block_update', { ...change, type: 'to_do' }).json).toEqual({ to_do: { rich_text: [text('x')], checked: true } });
  });

  it('a file is fetched over https only', () => {
    const { input } = byName('notion_file_upload_create');
    const given = { filename: 'a.pdf', external_url: 'http://files.acme.example/a.pdf' };
    expect(input.safeParse(given).success).toBe(false);
  });

  it('a wiki’s inner data sources are no rows', () => {
    const body = { results: [{ object: 'data_source', id: 'x' }], next_cursor: null, has_more: false };
    const answer = byName('notion_data_source_query').respond(body, { status: 200, headers: {}, body });
    expect(answer).toEqual({ pages: [], next_cursor: null });
  });
});

describe('notion’s answers', () => {
  const read = (name: string, body: unknown) => byName(name).respond(body, { status: 200, headers: {}, body });

  it('a meeting’s title is text like every other', () => {
    const block = {
      object: 'block',
      id: 'b1',
      has_children: false,
      type: 'meeting_notes',
      meeting_notes: { title: [{ plain_text: 'Weekly ' }, { plain_text: 'sync' }] },
    };
    expect(read('notion_page_content_get', { results: [block], next_cursor: null })).toMatchObject({ blocks: [{ text: 'Weekly sync' }] });
  });

  it('a token of a person’s own is that person’s', () => {
    const body = { object: 'user', id: 'u1', type: 'person', name: 'Mira Lopez', person: { email: 'mira@acme.example' } };
    expect(read('notion_user_get_self', body)).toMatchObject({ owner_id: 'u1', name: 'Mira Lopez', workspace_id: null });
    expect(notion.identify.subject(body as never, { status: 200, headers: {}, body })).toEqual({ id: 'u1', label: 'Mira Lopez' });
  });
});

describe('notion refusals', () => {
  const answer = (status: number, code: string, message = '') => ({
    status,
    headers: {},
    body: { object: 'error', status, code, message },
  });

  it('a lack of access leaves the account connected', () => {
    expect(fault(answer(403, 'restricted_resource'))?.kind).toBe('error');
    expect(fault(answer(404, 'object_not_found'))).toEqual({
      kind: 'error',
      message: 'Notion: no such page, database or block, or it was not shared with this connection',
    });
  });

  it('what is wrong with a body is passed on', () => {
    expect(fault(answer(400, 'validation_error', 'Stage is not a property that exists.'))?.message).toBe(
      'Notion: Stage is not a property that exists.',
    );
  });
});

describe('notion token answers', () => {
  it('the workspace is kept beside the token, and a null refresh token is none', () => {
    expect(readTokenResponse({ access_token: 'made-up', refresh_token: null, bot_id: 'b', workspace_id: 'w' })).toEqual({
      access_token: 'made-up',
      refresh_token: undefined,
      token_type: 'Bearer',
      expires_in: undefined,
      extra: { workspace_id: 'w', bot_id: 'b' },
    });
  });

  it('a refusal keeps its code', () => {
    expect(readTokenResponse({ error: 'invalid_grant' })).toEqual({ error: 'invalid_grant' });
  });
});

describe('notion’s size', () => {
  it('all tools together cost an agent less than 8,000 tokens', () => {
    const shown = notion.tools.map((t) => ({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }));
    expect(JSON.stringify(shown).length / 4).toBeLessThan(8000);
  });
});
