import { path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { sheetId, specification, spreadsheetId } from './fields.ts';
import { readwrite } from './scopes.ts';

const docs = 'https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/batchUpdate';
const provenance = { ...specification, operation: 'sheets.spreadsheets.batchUpdate' };
const sheet = '1mAdeUp-Sheet-Id_of_the_Pipeline_0001';
const fromGet = 'Numeric id of the tab from google_sheets_spreadsheet_get';
const rowIndex = z.int().min(0).max(10_000_000);

/** Every change of the structure is one entry of a batch; they are done as a whole or not at all. */
const change = (id: string, request: Record<string, unknown>) =>
  post(path`/v4/spreadsheets/${id}:batchUpdate`, { requests: [request], includeSpreadsheetInResponse: false });

const SheetOut = z.object({
  id: z.int(),
  title: z.string(),
  index: z.int(),
  rows: z.int().nullable(),
  columns: z.int().nullable(),
});

interface Properties {
  sheetId?: number;
  title: string;
  index?: number;
  gridProperties?: { rowCount?: number; columnCount?: number };
}

const sheetOf = (p: Properties) => ({
  id: p.sheetId ?? 0,
  title: p.title,
  index: p.index ?? 0,
  rows: p.gridProperties?.rowCount ?? null,
  columns: p.gridProperties?.columnCount ?? null,
});

interface Batch<Reply> {
  spreadsheetId: string;
  replies: [Reply];
}

const title = z.string().min(1).max(100);

export const sheetAdd = tool({
  name: 'google_sheets_sheet_add',
  aliases: ['googlesheets_add_sheet'],
  title: 'Add a tab',
  description:
    'Add an empty tab to a spreadsheet; a name that exists already is refused. To copy a tab with its cells use ' +
    'google_sheets_sheet_duplicate; for a new file google_sheets_spreadsheet_create.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    title: title.describe('Name of the tab'),
    index: z.int().min(0).max(200).optional().describe('Place among the tabs, 0 is the first; the last one unless told'),
    rowCount: z.int().min(1).max(100_000).optional().describe('Rows, 1000 unless told'),
    columnCount: z.int().min(1).max(18_278).optional().describe('Columns, 26 unless told'),
  }),
  output: SheetOut,
  request: ({ spreadsheetId, title, index, rowCount, columnCount }) => {
    const gridProperties = rowCount === undefined && columnCount === undefined ? undefined : { rowCount, columnCount };
    return change(spreadsheetId, { addSheet: { properties: { title, index, gridProperties } } });
  },
  respond: (body: Batch<{ addSheet: { properties: Properties } }>) => sheetOf(body.replies[0].addSheet.properties),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, title: 'December', rowCount: 200 },
      receives: {
        body: {
          spreadsheetId: sheet,
          replies: [
            {
              addSheet: {
                properties: {
                  sheetId: 1365180540,
                  title: 'December',
                  index: 2,
                  sheetType: 'GRID',
                  gridProperties: { rowCount: 200, columnCount: 26 },
                },
              },
            },
          ],
        },
      },
      gives: { id: 1365180540, title: 'December', index: 2, rows: 200, columns: 26 },
    },
  ],
});

export const sheetDelete = tool({
  name: 'google_sheets_sheet_delete',
  aliases: ['googlesheets_delete_sheet'],
  title: 'Delete a tab',
  description:
    'Delete one tab with everything in it; the last tab of a spreadsheet cannot be deleted. People can bring it back only through the ' +
    'file’s version history. To empty cells use google_sheets_values_clear.',
  effect: 'destructive',
  scopes: [readwrite],
  input: z.object({ spreadsheetId, sheetId: sheetId.describe(fromGet) }),
  output: z.object({}),
  request: ({ spreadsheetId, sheetId }) => change(spreadsheetId, { deleteSheet: { sheetId } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    { input: { spreadsheetId: sheet, sheetId: 1365180540 }, receives: { body: { spreadsheetId: sheet, replies: [{}] } }, gives: {} },
  ],
});

export const sheetRename = tool({
  name: 'google_sheets_sheet_rename',
  aliases: ['googlesheets_rename_sheet'],
  title: 'Rename a tab',
  description:
    'Give one tab another name; formulas that refer to it follow. Its numeric id comes from google_sheets_spreadsheet_get and stays. ' +
    'For the name of the whole file use google_sheets_spreadsheet_rename.',
  effect: 'write',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({ spreadsheetId, sheetId: sheetId.describe(fromGet), title: title.describe('New name') }),
  output: z.object({}),
  request: ({ spreadsheetId, sheetId, title }) =>
    change(spreadsheetId, { updateSheetProperties: { properties: { sheetId, title }, fields: 'title' } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, sheetId: 481516234, title: 'Totals 2025' },
      receives: { body: { spreadsheetId: sheet, replies: [{}] } },
      gives: {},
    },
  ],
});

export const sheetDuplicate = tool({
  name: 'google_sheets_sheet_duplicate',
  aliases: ['googlesheets_duplicate_sheet'],
  title: 'Copy a tab',
  description:
    'Copy one tab with cells and formats within the same spreadsheet, for example a month’s template. Each call makes another copy. For an ' +
    'empty tab use google_sheets_sheet_add.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    sourceSheetId: sheetId.describe(fromGet),
    newSheetName: title.optional().describe('Name of the copy; Copy of … unless told'),
    insertSheetIndex: z.int().min(0).max(200).optional().describe('Place among the tabs, 0 is the first'),
  }),
  output: SheetOut,
  request: ({ spreadsheetId, ...duplicateSheet }) => change(spreadsheetId, { duplicateSheet }),
  respond: (body: Batch<{ duplicateSheet: { properties: Properties } }>) => sheetOf(body.replies[0].duplicateSheet.properties),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, sourceSheetId: 0, newSheetName: 'Deals (archive)' },
      receives: {
        body: {
          spreadsheetId: sheet,
          replies: [
            {
              duplicateSheet: {
                properties: {
                  sheetId: 304089172,
                  title: 'Deals (archive)',
                  index: 1,
                  sheetType: 'GRID',
                  gridProperties: { rowCount: 1000, columnCount: 26 },
                },
              },
            },
          ],
        },
      },
      gives: { id: 304089172, title: 'Deals (archive)', index: 1, rows: 1000, columns: 26 },
    },
  ],
});

export const spreadsheetRename = tool({
  name: 'google_sheets_spreadsheet_rename',
  aliases: ['googlesheets_update_spreadsheet_properties'],
  title: 'Rename a spreadsheet',
  description:
    'Give the whole file another name; its id and address stay. To rename one of its tabs use google_sheets_sheet_rename. The id comes from ' +
    'the address or google_sheets_spreadsheets_list.',
  effect: 'write',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({ spreadsheetId, title: z.string().min(1).max(255).describe('New name of the file') }),
  output: z.object({}),
  request: ({ spreadsheetId, title }) => change(spreadsheetId, { updateSpreadsheetProperties: { properties: { title }, fields: 'title' } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    { input: { spreadsheetId: sheet, title: 'Pipeline 2026' }, receives: { body: { spreadsheetId: sheet, replies: [{}] } }, gives: {} },
  ],
});

export const textReplace = tool({
  name: 'google_sheets_text_replace',
  aliases: ['googlesheets_find_and_replace'],
  title: 'Find and replace',
  description:
    'Replace a text wherever it stands, in one tab or in all of them, and say how often. Look first with google_sheets_values_get: it ' +
    'cannot be taken back by a tool. For known cells use google_sheets_values_update.',
  effect: 'destructive',
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    find: z.string().min(1).max(5000).describe('Text to look for'),
    replacement: z.string().max(5000).describe('What stands there instead; empty removes it'),
    sheetId: sheetId.optional().describe('Only this tab; numeric id from google_sheets_spreadsheet_get'),
    matchCase: z.boolean().optional().describe('Tell upper from lower case'),
    matchEntireCell: z.boolean().optional().describe('Only cells that hold nothing else'),
    includeFormulas: z.boolean().optional().describe('Also look inside formulas'),
    searchByRegex: z.boolean().optional().describe('Take find as a regular expression, in Java’s notation'),
  }),
  output: z.object({ occurrences_changed: z.int(), rows_changed: z.int(), sheets_changed: z.int() }),
  request: ({ spreadsheetId, sheetId, ...rest }) =>
    change(spreadsheetId, { findReplace: { ...rest, ...(sheetId === undefined ? { allSheets: true } : { sheetId }) } }),
  respond: ({
    replies: [{ findReplace: changed }],
  }: Batch<{ findReplace: { occurrencesChanged?: number; rowsChanged?: number; sheetsChanged?: number } }>) => ({
    occurrences_changed: changed.occurrencesChanged ?? 0,
    rows_changed: changed.rowsChanged ?? 0,
    sheets_changed: changed.sheetsChanged ?? 0,
  }),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, find: 'Northwind Robotics', replacement: 'Northwind' },
      receives: {
        body: {
          spreadsheetId: sheet,
          replies: [{ findReplace: { valuesChanged: 3, rowsChanged: 3, sheetsChanged: 2, occurrencesChanged: 3 } }],
        },
      },
      gives: { occurrences_changed: 3, rows_changed: 3, sheets_changed: 2 },
    },
  ],
});

const dimension = z.enum(['ROWS', 'COLUMNS']).describe('Whether rows or columns');
const startIndex = rowIndex.describe('First one, counted from 0: row 1 of the sheet is 0');
const endIndex = rowIndex.describe('The one after the last');

export const dimensionInsert = tool({
  name: 'google_sheets_dimension_insert',
  aliases: ['googlesheets_insert_dimension'],
  title: 'Insert rows or columns',
  description:
    'Insert empty rows or columns into a tab; what stands there moves down or to the right. To add filled rows at the end of a table use ' +
    'google_sheets_values_append. Indexes count from 0.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    sheetId: sheetId.describe(fromGet),
    dimension,
    startIndex,
    endIndex,
    inheritFromBefore: z.boolean().optional().describe('Take the format of the row or column before'),
  }),
  output: z.object({}),
  request: ({ spreadsheetId, inheritFromBefore, ...range }) => change(spreadsheetId, { insertDimension: { range, inheritFromBefore } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, sheetId: 0, dimension: 'ROWS', startIndex: 1, endIndex: 3 },
      receives: { body: { spreadsheetId: sheet, replies: [{}] } },
      gives: {},
    },
  ],
});

export const dimensionDelete = tool({
  name: 'google_sheets_dimension_delete',
  aliases: ['googlesheets_delete_dimension'],
  title: 'Delete rows or columns',
  description:
    'Delete rows or columns with everything in them; what follows moves up or to the left, so a repetition deletes others. Indexes count ' +
    'from 0. To empty cells and keep the rows use google_sheets_values_clear.',
  effect: 'destructive',
  scopes: [readwrite],
  input: z.object({ spreadsheetId, sheetId: sheetId.describe(fromGet), dimension, startIndex, endIndex }),
  output: z.object({}),
  request: ({ spreadsheetId, ...range }) => change(spreadsheetId, { deleteDimension: { range } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, sheetId: 0, dimension: 'ROWS', startIndex: 3, endIndex: 4 },
      receives: { body: { spreadsheetId: sheet, replies: [{}] } },
      gives: {},
    },
  ],
});

export const rangeSort = tool({
  name: 'google_sheets_range_sort',
  aliases: ['googlesheets_sort_range'],
  title: 'Sort rows',
  description:
    'Sort the rows of a block by one of its columns, for example all deals by amount. The first row is left where it is as a header; without a ' +
    'header say startRowIndex 0. Sizes come from google_sheets_spreadsheet_get; indexes count from 0.',
  effect: 'write',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    sheetId: sheetId.describe(fromGet),
    sortColumnIndex: rowIndex.describe('Column to sort by, counted from 0: column A is 0'),
    startRowIndex: rowIndex.default(1).describe('First row; 1, below a header, unless told'),
    endRowIndex: rowIndex.optional().describe('Row after the last; to the end unless told'),
    startColumnIndex: rowIndex.optional().describe('First column; column A unless told'),
    endColumnIndex: rowIndex.optional().describe('Column after the last; to the end unless told'),
    sortOrder: z.enum(['ASCENDING', 'DESCENDING']).default('ASCENDING').describe('From small to large, or from large to small'),
  }),
  output: z.object({}),
  request: ({ spreadsheetId, sortColumnIndex, sortOrder, ...range }) =>
    change(spreadsheetId, { sortRange: { range, sortSpecs: [{ dimensionIndex: sortColumnIndex, sortOrder }] } }),
  respond: () => ({}),
  docs,
  provenance,
  examples: [
    {
      input: { spreadsheetId: sheet, sheetId: 0, sortColumnIndex: 2, sortOrder: 'DESCENDING' },
      receives: { body: { spreadsheetId: sheet, replies: [{}] } },
      gives: {},
    },
  ],
});
