import { act, ask, path, post, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { changed, changedGives, id, memoEnds } from './examples.ts';
import { docs, documentId, index, provenance, requiredRevisionId, tabId } from './fields.ts';
import { tabOf, tabsWith } from './read.ts';
import { readwrite } from './scopes.ts';
import { type DocumentBody, endOf } from './text.ts';

export const Changed = z.object({ revision_id: z.string().nullable() });

export interface BatchBody<Reply = object> {
  documentId: string;
  replies?: Reply[];
  writeControl?: { requiredRevisionId?: string };
}

export const changedOf = ({ writeControl }: BatchBody): z.input<typeof Changed> => ({
  revision_id: writeControl?.requiredRevisionId ?? null,
});

/** All of it is done or nothing, against the revision named where one is. */
export const batch = (documentId: string, requests: object[], revision?: string) =>
  post(path`/v1/documents/${documentId}:batchUpdate`, {
    requests,
    ...(revision === undefined ? {} : { writeControl: { requiredRevisionId: revision } }),
  });

const text = z.string().min(1).max(200_000);
const common = { effect: 'write' as const, scopes: [readwrite], docs: docs('batchUpdate'), provenance: provenance('batchUpdate') };

export const textAppend = tool({
  ...common,
  name: 'google_docs_text_append',
  title: 'Add text at the end',
  description:
    'Add plain text at the end of a document, as a paragraph of its own unless told; each call adds it again. With headings or lists use ' +
    'google_docs_content_append; in the middle google_docs_text_insert.',
  input: z.object({
    documentId,
    text: text.describe('Plain text; a line break begins a paragraph'),
    newParagraph: z.boolean().default(true).describe('Begin a paragraph, instead of going on in the last one'),
    tabId,
  }),
  output: Changed,
  request: ({ documentId, text, newParagraph, tabId }) =>
    batch(documentId, [{ insertText: { endOfSegmentLocation: { tabId }, text: newParagraph ? `\n${text}` : text } }]),
  respond: changedOf,
  examples: [
    { input: { documentId: id, text: 'Decision: go.', newParagraph: false }, receives: { body: changed }, gives: changedGives },
    { input: { documentId: id, text: 'Next: talk to Ana on Monday.' }, receives: { body: changed }, gives: changedGives },
  ],
});

export const textInsert = tool({
  ...common,
  name: 'google_docs_text_insert',
  aliases: ['googledocs_insert_text'],
  title: 'Insert text at a place',
  description:
    'Insert plain text at an index of a document; what follows moves on, so later indexes have to be read anew. Indexes come from ' +
    'google_docs_text_find. At the end use google_docs_text_append.',
  input: z.object({
    documentId,
    text: text.describe('Plain text; a line break begins a paragraph'),
    index: index.describe('Place from google_docs_text_find; 1 is the begin'),
    tabId,
    requiredRevisionId,
  }),
  output: Changed,
  request: ({ documentId, text, index, tabId, requiredRevisionId }) =>
    batch(documentId, [{ insertText: { location: { index, tabId }, text } }], requiredRevisionId),
  respond: changedOf,
  examples: [{ input: { documentId: id, text: 'Draft. ', index: 12 }, receives: { body: changed }, gives: changedGives }],
});

const styles = {
  paragraph: 'NORMAL_TEXT',
  title: 'TITLE',
  heading_1: 'HEADING_1',
  heading_2: 'HEADING_2',
  heading_3: 'HEADING_3',
  bullet: 'NORMAL_TEXT',
  numbered: 'NORMAL_TEXT',
} as const;

const presets = { bullet: 'BULLET_DISC_CIRCLE_SQUARE', numbered: 'NUMBERED_DECIMAL_ALPHA_ROMAN' } as const;

interface Block {
  type: keyof typeof styles;
  text: string;
}

/**
 * The requests that put blocks at the end. Indexes can be counted ahead: they are UTF-16 code units, as in JavaScript, and
 * neither styles nor bullets move anything.
 */
function blocksAt(end: number, isEmpty: boolean, blocks: Block[], tabId: string | undefined): object[] {
  // a tab at the begin of a list entry would become its depth and vanish
  const texts = blocks.map(({ text }) => text.replace(/^\t+/, ''));
  let next = isEmpty ? end : end + 1;
  const ranges = texts.map((text) => {
    const startIndex = next;
    next += text.length + 1;
    return { startIndex, endIndex: startIndex + Math.max(text.length, 1), tabId };
  });
  const first = ranges[0] as (typeof ranges)[number];
  const last = ranges.at(-1) as (typeof ranges)[number];
  return [
    { insertText: { location: { index: end, tabId }, text: `${isEmpty ? '' : '\n'}${texts.join('\n')}` } },
    // new paragraphs begin as the one before was: a list entry, a heading
    { deleteParagraphBullets: { range: { ...first, endIndex: last.endIndex } } },
    ...blocks.map(({ type }, i) => ({
      updateParagraphStyle: { range: ranges[i], paragraphStyle: { namedStyleType: styles[type] }, fields: 'namedStyleType' },
    })),
    ...listsIn(blocks).map(({ type, from, to }) => ({
      createParagraphBullets: {
        range: { startIndex: ranges[from]?.startIndex, endIndex: ranges[to]?.endIndex, tabId },
        bulletPreset: presets[type],
      },
    })),
  ];
}

/** Enough to know where each tab ends. */
const ends = 'documentId,revisionId,tabs(tabProperties,childTabs,documentTab(body(content(endIndex))))';

/** Neighbours of one kind are one list, so that numbers go on. */
function listsIn(blocks: Block[]): { type: 'bullet' | 'numbered'; from: number; to: number }[] {
  const lists: { type: 'bullet' | 'numbered'; from: number; to: number }[] = [];
  blocks.forEach(({ type }, i) => {
    if (type !== 'bullet' && type !== 'numbered') return;
    const open = lists.at(-1);
    if (open?.type === type && open.to === i - 1) open.to = i;
    else lists.push({ type, from: i, to: i });
  });
  return lists;
}

export const contentAppend = runTool({
  ...common,
  name: 'google_docs_content_append',
  title: 'Add headings, paragraphs and lists',
  description:
    'Add formatted content at the end of a document: headings, paragraphs, bulleted and numbered lists, in one go; each call adds it again. ' +
    'Also fills a document that google_docs_document_create made. For plain text use google_docs_text_append.',
  input: z.object({
    documentId,
    blocks: z
      .array(
        z.object({
          type: z.enum(['paragraph', 'title', 'heading_1', 'heading_2', 'heading_3', 'bullet', 'numbered']).describe('What it is'),
          text: z
            .string()
            .max(50_000)
            .refine((value) => !/[\n\r]/.test(value), 'is more than one line')
            .describe('Plain text of one line'),
        }),
      )
      .min(1)
      .max(200)
      .describe('From top to bottom; an entry of a list is a block of its own'),
    tabId,
  }),
  output: Changed,
  *run({ documentId, blocks, tabId }) {
    const document = yield* ask<DocumentBody>(tabsWith(documentId, ends));
    const { content } = tabOf(document, tabId);
    const end = endOf(content);
    const body = yield* act<BatchBody>(batch(documentId, blocksAt(end, end === 1, blocks, tabId), document.revisionId));
    return changedOf(body);
  },
  examples: [
    {
      input: {
        documentId: id,
        blocks: [
          { type: 'heading_2', text: 'Risks' },
          { type: 'bullet', text: 'One large customer' },
          { type: 'bullet', text: 'Hiring' },
        ],
      },
      before: [{ receives: { body: memoEnds } }],
      receives: { body: { ...changed, replies: [{}, {}, {}, {}, {}, {}] } },
      gives: changedGives,
    },
  ],
});

export const textReplace = tool({
  ...common,
  name: 'google_docs_text_replace',
  aliases: ['googledocs_replace_all_text'],
  title: 'Replace a text everywhere',
  description:
    'Replace a text wherever it stands in a document, for example the placeholders of a template, and say how often. It cannot be taken back ' +
    'by a tool; look first with google_docs_text_find. For one place use google_docs_range_delete and google_docs_text_insert.',
  effect: 'destructive',
  input: z.object({
    documentId,
    find: z.string().min(1).max(5000).describe('Text to look for'),
    replaceText: z.string().max(50_000).describe('What stands there instead; empty removes it'),
    matchCase: z.boolean().default(true).describe('Tell upper from lower case'),
    tabId: tabId.describe('Only in this tab, id from google_docs_document_get; in all tabs unless told'),
  }),
  output: Changed.extend({ occurrences_changed: z.int() }),
  request: ({ documentId, find, replaceText, matchCase, tabId }) =>
    batch(documentId, [
      {
        replaceAllText: {
          containsText: { text: find, matchCase },
          replaceText,
          ...(tabId === undefined ? {} : { tabsCriteria: { tabIds: [tabId] } }),
        },
      },
    ]),
  respond: (body: BatchBody<{ replaceAllText?: { occurrencesChanged?: number } }>) => ({
    ...changedOf(body),
    occurrences_changed: body.replies?.[0]?.replaceAllText?.occurrencesChanged ?? 0,
  }),
  examples: [
    {
      input: { documentId: id, find: '{{company}}', replaceText: 'Lumen Labs' },
      receives: { body: { ...changed, replies: [{ replaceAllText: { occurrencesChanged: 4 } }] } },
      gives: { ...changedGives, occurrences_changed: 4 },
    },
  ],
});

export const rangeDelete = tool({
  ...common,
  name: 'google_docs_range_delete',
  aliases: ['googledocs_delete_content_range'],
  title: 'Delete a range',
  description:
    'Delete what stands between two indexes of a document; what follows moves up, so a repetition deletes other text unless ' +
    'requiredRevisionId is given. Indexes come from google_docs_text_find. The last line break of a tab has to stay.',
  effect: 'destructive',
  input: z.object({
    documentId,
    startIndex: index.describe('First place, from google_docs_text_find'),
    endIndex: index.describe('Place after the last'),
    tabId,
    requiredRevisionId,
  }),
  output: Changed,
  request: ({ documentId, requiredRevisionId, ...range }) => batch(documentId, [{ deleteContentRange: { range } }], requiredRevisionId),
  respond: changedOf,
  examples: [
    {
      input: { documentId: id, startIndex: 40, endIndex: 59, requiredRevisionId: 'made-up-revision-7' },
      receives: { body: changed },
      gives: changedGives,
    },
  ],
});
