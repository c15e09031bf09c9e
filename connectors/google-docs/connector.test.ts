import { replay } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import googleDocs from './connector.ts';
import { id as documentId, memo } from './examples.ts';
import { type Element, endOf, markdownOf, placesOf, tabsOf } from './text.ts';

connectorSuite(googleDocs);

const byName = (name: string) => {
  const found = googleDocs.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const played = (name: string, input: object, body: unknown) =>
  replay(byName(name), byName(name).input.parse(input), [{ status: 200, headers: {}, body }]);

/** A paragraph that begins at an index, as Google gives it. */
const line = (startIndex: number, content: string, more: object = {}): Element => ({
  startIndex,
  endIndex: startIndex + content.length,
  paragraph: { elements: [{ startIndex, endIndex: startIndex + content.length, textRun: { content } }], ...more },
});
const withContent = (content: Element[]) => ({
  ...memo,
  tabs: [{ tabProperties: { tabId: 't.0', title: 'A' }, documentTab: { body: { content } } }],
});

describe('a document that is read', () => {
  it('is Markdown: headings, lists with their depth, tables', () => {
    const cell = (text: string) => ({ content: [line(1, `${text}\n`)] });
    const content = [
      line(1, 'Title\n', { paragraphStyle: { namedStyleType: 'HEADING_3' } }),
      line(7, 'deep\n', { bullet: { listId: 'l', nestingLevel: 2 } }),
      { startIndex: 12, endIndex: 30, table: { tableRows: [{ tableCells: [cell('a'), cell('b')] }] } },
      line(30, '\n'),
    ];
    expect(markdownOf(content)).toBe('### Title\n    - deep\n| a | b |');
  });

  it('names people, links, dates and notes in the text', () => {
    const elements = [
      { textRun: { content: 'By ' } },
      { person: { personProperties: { name: 'Jon Berg', email: 'jon@acme.example' } } },
      { richLink: { richLinkProperties: { title: 'Deck', uri: 'https://docs.google.com/x' } } },
      { dateElement: { dateElementProperties: { displayText: '21 Nov' } } },
      { footnoteReference: { footnoteNumber: '1' } },
      { inlineObjectElement: {} },
    ];
    expect(markdownOf([{ paragraph: { elements } }])).toBe('By Jon Berg[Deck](https://docs.google.com/x)21 Nov[1][image]');
  });

  it('tabs come in the order of the side bar, and one that does not exist is no document', () => {
    const tab = (tabId: string, childTabs: object[] = []) => ({ tabProperties: { tabId, title: tabId }, childTabs });
    expect(tabsOf({ documentId, tabs: [tab('a', [tab('b', [tab('c')])]), tab('d')] }).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(played('google_docs_document_get', { documentId, tabId: 't.9' }, memo)).toMatchObject({
      nothing: 'the document has no such tab',
    });
  });

  it('a long one goes on where it was cut', () => {
    const long = withContent([line(1, `${'x'.repeat(50_000)}\n`)]);
    const first = played('google_docs_document_get', { documentId }, long).output as { text: string; next_offset: number };
    expect(first).toMatchObject({ truncated: true, next_offset: 40_000 });
    const second = played('google_docs_document_get', { documentId, offset: first.next_offset }, long).output as { text: string };
    expect(second).toMatchObject({ next_offset: null });
    expect(first.text + second.text).toBe('x'.repeat(50_000));
  });

  it('an empty document ends at its begin', () => {
    expect(endOf([{ endIndex: 1, sectionBreak: {} }, line(1, '\n')])).toBe(1);
    expect(endOf([])).toBe(1);
  });
});

describe('a place in a document', () => {
  it('counts in UTF-16 code units, and what is no text holds its place', () => {
    const elements = [
      { startIndex: 5, endIndex: 8, textRun: { content: '📈 ' } },
      { startIndex: 8, endIndex: 9, inlineObjectElement: {} },
      { startIndex: 9, endIndex: 15, textRun: { content: 'Churn\n' } },
    ];
    expect(placesOf([{ paragraph: { elements } }], 'churn', false, 9)).toMatchObject([{ start: 9, end: 14 }]);
    expect(placesOf([{ paragraph: { elements } }], 'churn', true, 9)).toEqual([]);
  });

  it('letters that get longer in lower case move nothing', () => {
    expect(placesOf([line(1, 'İİ end\n')], 'END', false, 9)).toMatchObject([{ start: 4, end: 7 }]);
  });

  it('is found in tables and more than once, up to a limit', () => {
    const table = { table: { tableRows: [{ tableCells: [{ content: [line(20, 'a a\n')] }] }] } };
    expect(placesOf([line(1, 'a\n'), table], 'a', true, 9).map(({ start }) => start)).toEqual([1, 20, 22]);
    expect(placesOf([line(1, 'a\n'), table], 'a', true, 2)).toHaveLength(2);
  });
});

describe('content at the end of a document', () => {
  const blocks = [
    { type: 'heading_1', text: 'Ri📈ks' },
    { type: 'bullet', text: '\tOne' },
    { type: 'bullet', text: 'Two' },
    { type: 'paragraph', text: 'End' },
  ];
  const requestsFor = (content: Element[]) => {
    const { steps } = played('google_docs_content_append', { documentId, blocks }, withContent(content));
    return steps[1]?.request.json as {
      requests: Record<string, { range?: { startIndex: number; endIndex: number } }>[];
      writeControl: unknown;
    };
  };

  it('begins a paragraph of its own, against the revision that was read', () => {
    const { requests, writeControl } = requestsFor([line(1, 'Old\n')]);
    expect(requests[0]).toEqual({ insertText: { location: { index: 4, tabId: undefined }, text: '\nRi📈ks\nOne\nTwo\nEnd' } });
    expect(writeControl).toEqual({ requiredRevisionId: 'made-up-revision-7' });
  });

  it('formats exactly what it inserted, neighbours of one kind as one list', () => {
    const inserted = 'Old\nRi📈ks\nOne\nTwo\nEnd';
    const text = ({ startIndex, endIndex }: { startIndex: number; endIndex: number }) => inserted.slice(startIndex - 1, endIndex - 1);
    const { requests } = requestsFor([line(1, 'Old\n')]);
    const ranges = (kind: string) => requests.flatMap((r) => (r[kind]?.range === undefined ? [] : [text(r[kind].range)]));
    expect(ranges('updateParagraphStyle')).toEqual(['Ri📈ks', 'One', 'Two', 'End']);
    expect(ranges('createParagraphBullets')).toEqual(['One\nTwo']);
    expect(ranges('deleteParagraphBullets')).toEqual(['Ri📈ks\nOne\nTwo\nEnd']);
  });

  it('fills an empty document from its first line on', () => {
    const { requests } = requestsFor([line(1, '\n')]);
    expect(requests[0]).toMatchObject({ insertText: { location: { index: 1 }, text: 'Ri📈ks\nOne\nTwo\nEnd' } });
    expect(requests[2]?.updateParagraphStyle?.range).toMatchObject({ startIndex: 1, endIndex: 7 });
  });

  it('an entry is one line', () => {
    const { input } = byName('google_docs_content_append');
    expect(input.safeParse({ documentId, blocks: [{ type: 'bullet', text: 'a\nb' }] }).success).toBe(false);
  });
});

describe('a format', () => {
  it('names what was given in its mask, so that nothing else changes', () => {
    const { input, request } = byName('google_docs_text_style_update');
    const { json } = request(input.parse({ documentId, startIndex: 1, endIndex: 4, italic: false, link: 'https://acme.example/' }));
    const [{ updateTextStyle }] = (json as { requests: [{ updateTextStyle: { fields: string } }] }).requests;
    expect(updateTextStyle.fields).toBe('italic,link');
  });

  it('of nothing is refused, and so is a link that runs something', () => {
    const { input } = byName('google_docs_text_style_update');
    const range = { documentId, startIndex: 1, endIndex: 4 };
    expect(input.safeParse(range).success).toBe(false);
    expect(input.safeParse({ ...range, link: 'javascript:alert(1)' }).success).toBe(false);
    expect(byName('google_docs_paragraph_style_update').input.safeParse(range).success).toBe(false);
  });
});
