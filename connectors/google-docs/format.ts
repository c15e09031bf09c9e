import { tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { changed, changedGives, id } from './examples.ts';
import { docs, documentId, index, provenance, requiredRevisionId, tabId } from './fields.ts';
import { readwrite } from './scopes.ts';
import { type BatchBody, batch, Changed, changedOf } from './write.ts';

const common = { effect: 'write' as const, scopes: [readwrite], docs: docs('batchUpdate'), provenance: provenance('batchUpdate') };
const range = {
  documentId,
  startIndex: index.describe('First place, from google_docs_text_find'),
  endIndex: index.describe('Place after the last, from google_docs_text_find'),
};

/** The members that were given, and the mask that names them: what is not named stays. */
function maskOf(style: Record<string, unknown>): string {
  return Object.keys(style)
    .filter((key) => style[key] !== undefined)
    .join(',');
}

const isSomething = (input: Record<string, unknown>, keys: string[]) => keys.some((key) => input[key] !== undefined);

export const textStyleUpdate = tool({
  ...common,
  name: 'google_docs_text_style_update',
  aliases: ['googledocs_apply_text_style'],
  title: 'Format characters',
  description:
    'Make the characters between two indexes bold, italic, underlined, struck through, larger or a link; what is not given stays. Indexes ' +
    'come from google_docs_text_find. For headings use google_docs_paragraph_style_update.',
  idempotent: true,
  input: z
    .object({
      ...range,
      bold: z.boolean().optional().describe('Bold or not'),
      italic: z.boolean().optional().describe('Italic or not'),
      underline: z.boolean().optional().describe('Underlined or not'),
      strikethrough: z.boolean().optional().describe('Struck through or not'),
      fontSize: z.number().min(1).max(400).optional().describe('Size in points'),
      link: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .optional()
        .describe('Address to link to'),
      tabId,
      requiredRevisionId,
    })
    .refine((input) => isSomething(input, ['bold', 'italic', 'underline', 'strikethrough', 'fontSize', 'link']), 'no format is given'),
  output: Changed,
  request: ({ documentId, startIndex, endIndex, tabId, requiredRevisionId, fontSize, link, ...flags }) => {
    const textStyle = {
      ...flags,
      fontSize: fontSize === undefined ? undefined : { magnitude: fontSize, unit: 'PT' },
      link: link === undefined ? undefined : { url: link },
    };
    return batch(
      documentId,
      [{ updateTextStyle: { range: { startIndex, endIndex, tabId }, textStyle, fields: maskOf(textStyle) } }],
      requiredRevisionId,
    );
  },
  respond: changedOf,
  examples: [{ input: { documentId: id, startIndex: 33, endIndex: 38, bold: true }, receives: { body: changed }, gives: changedGives }],
});

export const paragraphStyleUpdate = tool({
  ...common,
  name: 'google_docs_paragraph_style_update',
  aliases: ['googledocs_update_paragraph_style'],
  title: 'Format paragraphs',
  description:
    'Make the paragraphs that a range touches headings, title or normal text, or align them. Indexes come from google_docs_text_find. For ' +
    'bold or links use google_docs_text_style_update, for lists google_docs_bullets_create.',
  idempotent: true,
  input: z
    .object({
      ...range,
      namedStyleType: z
        .enum(['NORMAL_TEXT', 'TITLE', 'SUBTITLE', 'HEADING_1', 'HEADING_2', 'HEADING_3', 'HEADING_4', 'HEADING_5', 'HEADING_6'])
        .optional()
        .describe('What the paragraphs are'),
      alignment: z.enum(['START', 'CENTER', 'END', 'JUSTIFIED']).optional().describe('How they are aligned'),
      tabId,
      requiredRevisionId,
    })
    .refine((input) => isSomething(input, ['namedStyleType', 'alignment']), 'no format is given'),
  output: Changed,
  request: ({ documentId, startIndex, endIndex, tabId, requiredRevisionId, ...paragraphStyle }) =>
    batch(
      documentId,
      [{ updateParagraphStyle: { range: { startIndex, endIndex, tabId }, paragraphStyle, fields: maskOf(paragraphStyle) } }],
      requiredRevisionId,
    ),
  respond: changedOf,
  examples: [
    {
      input: { documentId: id, startIndex: 12, endIndex: 39, namedStyleType: 'HEADING_2' },
      receives: { body: changed },
      gives: changedGives,
    },
  ],
});

export const bulletsCreate = tool({
  ...common,
  name: 'google_docs_bullets_create',
  aliases: ['googledocs_create_paragraph_bullets'],
  title: 'Make a list',
  description:
    'Turn the paragraphs that a range touches into a list with bullets, numbers or boxes to tick; tabs before a paragraph become its depth. ' +
    'Indexes come from google_docs_text_find. To add a new list use google_docs_content_append.',
  idempotent: true,
  input: z.object({
    ...range,
    bulletPreset: z
      .enum(['BULLET_DISC_CIRCLE_SQUARE', 'BULLET_CHECKBOX', 'NUMBERED_DECIMAL_ALPHA_ROMAN', 'NUMBERED_DECIMAL_NESTED'])
      .default('BULLET_DISC_CIRCLE_SQUARE')
      .describe('Kind of list'),
    tabId,
    requiredRevisionId,
  }),
  output: Changed,
  request: ({ documentId, bulletPreset, requiredRevisionId, ...range }) =>
    batch(documentId, [{ createParagraphBullets: { range, bulletPreset } }], requiredRevisionId),
  respond: changedOf,
  examples: [{ input: { documentId: id, startIndex: 12, endIndex: 39 }, receives: { body: changed }, gives: changedGives }],
});

/** At a place, or at the end of the tab. */
const placed = (index: number | undefined, tabId: string | undefined) =>
  index === undefined ? { endOfSegmentLocation: { tabId } } : { location: { index, tabId } };

const where = index.optional().describe('Place from google_docs_text_find; the end unless told');

export const tableInsert = tool({
  ...common,
  name: 'google_docs_table_insert',
  aliases: ['googledocs_insert_table'],
  title: 'Insert an empty table',
  description:
    'Insert an empty table at an index or at the end; each call inserts another. Fill its cells with google_docs_text_insert: read the ' +
    'document’s indexes anew after each change. For rows of figures Google Sheets serves better.',
  input: z.object({
    documentId,
    rows: z.int().min(1).max(200).describe('Number of rows'),
    columns: z.int().min(1).max(20).describe('Number of columns'),
    index: where,
    tabId,
    requiredRevisionId,
  }),
  output: Changed,
  request: ({ documentId, rows, columns, index, tabId, requiredRevisionId }) =>
    batch(documentId, [{ insertTable: { rows, columns, ...placed(index, tabId) } }], requiredRevisionId),
  respond: changedOf,
  examples: [{ input: { documentId: id, rows: 3, columns: 2 }, receives: { body: changed }, gives: changedGives }],
});

export const imageInsert = tool({
  ...common,
  name: 'google_docs_image_insert',
  aliases: ['googledocs_insert_inline_image'],
  title: 'Insert an image',
  description:
    'Insert an image from a public https address at an index or at the end: PNG, JPEG or GIF under 50 MB. Google fetches it once and keeps ' +
    'a copy; each call inserts another. Indexes come from google_docs_text_find.',
  input: z.object({
    documentId,
    uri: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .describe('Address of the image, open to everybody'),
    index: where,
    width: z.number().min(1).max(2000).optional().describe('Width in points; the height follows'),
    tabId,
    requiredRevisionId,
  }),
  output: Changed.extend({ object_id: z.string().nullable() }),
  request: ({ documentId, uri, index, width, tabId, requiredRevisionId }) =>
    batch(
      documentId,
      [
        {
          insertInlineImage: {
            uri,
            ...placed(index, tabId),
            objectSize: width === undefined ? undefined : { width: { magnitude: width, unit: 'PT' } },
          },
        },
      ],
      requiredRevisionId,
    ),
  respond: (body: BatchBody<{ insertInlineImage?: { objectId?: string } }>) => ({
    ...changedOf(body),
    object_id: body.replies?.[0]?.insertInlineImage?.objectId ?? null,
  }),
  examples: [
    {
      input: { documentId: id, uri: 'https://example.com/chart.png', index: 39 },
      receives: { body: { ...changed, replies: [{ insertInlineImage: { objectId: 'kix.madeup9' } }] } },
      gives: { ...changedGives, object_id: 'kix.madeup9' },
    },
  ],
});

export const pageBreakInsert = tool({
  ...common,
  name: 'google_docs_page_break_insert',
  aliases: ['googledocs_insert_page_break'],
  title: 'Begin a new page',
  description:
    'Insert a page break at an index or at the end of a document; each call inserts another. Indexes come from google_docs_text_find. For a ' +
    'heading on the new page follow with google_docs_content_append.',
  input: z.object({ documentId, index: where, tabId, requiredRevisionId }),
  output: Changed,
  request: ({ documentId, index, tabId, requiredRevisionId }) =>
    batch(documentId, [{ insertPageBreak: placed(index, tabId) }], requiredRevisionId),
  respond: changedOf,
  examples: [{ input: { documentId: id }, receives: { body: changed }, gives: changedGives }],
});
