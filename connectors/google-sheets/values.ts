import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cut, Rows, range, specification, spreadsheetId, valueInputOption, valueRenderOption, values } from './fields.ts';
import { readonly, readwrite } from './scopes.ts';

const reference = 'https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values';
const provenance = (method: string) => ({ ...specification, operation: `sheets.spreadsheets.values.${method}` });
const sheet = '1mAdeUp-Sheet-Id_of_the_Pipeline_0001';

const Table = z.object({ range: z.string(), rows: Rows, truncated: z.literal(true).optional() });

interface ValueRange {
  range: string;
  majorDimension?: string;
  values?: unknown[][];
}

const tableOf = ({ range, values }: ValueRange) => ({ range, ...cut(values) });

export const valuesGet = tool({
  name: 'google_sheets_values_get',
  aliases: ['googlesheets_get_values'],
  title: 'Read cells',
  description:
    'Read the cells of one range, row by row; empty cells at the end of a row or range are left out. Names of tabs come from ' +
    'google_sheets_spreadsheet_get. For several ranges at once use google_sheets_values_batch_get.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ spreadsheetId, range, valueRenderOption }),
  output: Table,
  request: ({ spreadsheetId, range, valueRenderOption }) =>
    get(path`/v4/spreadsheets/${spreadsheetId}/values/${range}`, { valueRenderOption, dateTimeRenderOption: 'FORMATTED_STRING' }),
  respond: tableOf,
  docs: `${reference}/get`,
  provenance: provenance('get'),
  examples: [
    {
      input: { spreadsheetId: sheet, range: 'Deals!A1:C3' },
      receives: {
        body: {
          range: 'Deals!A1:C3',
          majorDimension: 'ROWS',
          values: [
            ['Company', 'Stage', 'Amount'],
            ['Lumen Labs', 'Diligence', '$2,500,000'],
            ['Northwind Robotics', 'First call'],
          ],
        },
      },
      gives: {
        range: 'Deals!A1:C3',
        rows: [
          ['Company', 'Stage', 'Amount'],
          ['Lumen Labs', 'Diligence', '$2,500,000'],
          ['Northwind Robotics', 'First call'],
        ],
      },
    },
  ],
});

export const valuesBatchGet = tool({
  name: 'google_sheets_values_batch_get',
  aliases: ['googlesheets_batch_get_values'],
  title: 'Read several ranges',
  description:
    'Read several ranges of one spreadsheet in a single call, in the order that they were asked for. For one range use ' +
    'google_sheets_values_get; for names and sizes of tabs google_sheets_spreadsheet_get.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ spreadsheetId, ranges: z.array(range).min(1).max(50).describe('Ranges in A1 notation'), valueRenderOption }),
  output: z.object({ tables: z.array(Table) }),
  request: ({ spreadsheetId, ranges, valueRenderOption }) =>
    get(path`/v4/spreadsheets/${spreadsheetId}/values:batchGet`, {
      ranges,
      valueRenderOption,
      dateTimeRenderOption: 'FORMATTED_STRING',
    }),
  respond: (body: { valueRanges?: ValueRange[] }) => ({ tables: (body.valueRanges ?? []).map(tableOf) }),
  docs: `${reference}/batchGet`,
  provenance: provenance('batchGet'),
  examples: [
    {
      input: { spreadsheetId: sheet, ranges: ['Deals!A2:A3', 'Totals!B1'] },
      receives: {
        body: {
          spreadsheetId: sheet,
          valueRanges: [
            { range: 'Deals!A2:A3', majorDimension: 'ROWS', values: [['Lumen Labs'], ['Northwind Robotics']] },
            { range: 'Totals!B1', majorDimension: 'ROWS', values: [['$4,100,000']] },
          ],
        },
      },
      gives: {
        tables: [
          { range: 'Deals!A2:A3', rows: [['Lumen Labs'], ['Northwind Robotics']] },
          { range: 'Totals!B1', rows: [['$4,100,000']] },
        ],
      },
    },
  ],
});

const Updated = z.object({ updated_range: z.string(), updated_rows: z.int(), updated_columns: z.int(), updated_cells: z.int() });

interface UpdateValues {
  updatedRange: string;
  updatedRows?: number;
  updatedColumns?: number;
  updatedCells?: number;
}

const updatedOf = (body: UpdateValues) => ({
  updated_range: body.updatedRange,
  updated_rows: body.updatedRows ?? 0,
  updated_columns: body.updatedColumns ?? 0,
  updated_cells: body.updatedCells ?? 0,
});

export const valuesUpdate = tool({
  name: 'google_sheets_values_update',
  aliases: ['googlesheets_update_values'],
  title: 'Write cells',
  description:
    'Write rows into one range, replacing what stands there; the first value goes into its upper left cell. To add rows below a table use ' +
    'google_sheets_values_append, to write several ranges google_sheets_values_batch_update.',
  effect: 'destructive',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({ spreadsheetId, range, values, valueInputOption }),
  output: Updated,
  request: ({ spreadsheetId, range, values, valueInputOption }) => ({
    method: 'PUT',
    path: path`/v4/spreadsheets/${spreadsheetId}/values/${range}`,
    query: { valueInputOption },
    json: { majorDimension: 'ROWS', values },
  }),
  respond: updatedOf,
  docs: `${reference}/update`,
  provenance: provenance('update'),
  examples: [
    {
      input: { spreadsheetId: sheet, range: 'Deals!B3:C3', values: [['Diligence', 1600000]] },
      receives: { body: { spreadsheetId: sheet, updatedRange: 'Deals!B3:C3', updatedRows: 1, updatedColumns: 2, updatedCells: 2 } },
      gives: { updated_range: 'Deals!B3:C3', updated_rows: 1, updated_columns: 2, updated_cells: 2 },
    },
  ],
});

export const valuesBatchUpdate = tool({
  name: 'google_sheets_values_batch_update',
  aliases: ['googlesheets_batch_update_values'],
  title: 'Write several ranges',
  description:
    'Write rows into several ranges of one spreadsheet in a single call, replacing what stands there. For one range use ' +
    'google_sheets_values_update; to add rows below a table google_sheets_values_append.',
  effect: 'destructive',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    data: z
      .array(z.object({ range: range.describe('Range in A1 notation'), values: values.describe('Rows of cells') }))
      .min(1)
      .max(50)
      .describe('What to write where'),
    valueInputOption,
  }),
  output: z.object({ updated_rows: z.int(), updated_cells: z.int(), updated_ranges: z.array(z.string()) }),
  request: ({ spreadsheetId, data, valueInputOption }) =>
    post(path`/v4/spreadsheets/${spreadsheetId}/values:batchUpdate`, {
      valueInputOption,
      data: data.map((part) => ({ ...part, majorDimension: 'ROWS' })),
    }),
  respond: (body: { totalUpdatedRows?: number; totalUpdatedCells?: number; responses?: UpdateValues[] }) => ({
    updated_rows: body.totalUpdatedRows ?? 0,
    updated_cells: body.totalUpdatedCells ?? 0,
    updated_ranges: (body.responses ?? []).map((part) => part.updatedRange),
  }),
  docs: `${reference}/batchUpdate`,
  provenance: provenance('batchUpdate'),
  examples: [
    {
      input: {
        spreadsheetId: sheet,
        data: [
          { range: 'Deals!B2', values: [['Closed']] },
          { range: 'Totals!B1', values: [['=SUM(Deals!C2:C)']] },
        ],
      },
      receives: {
        body: {
          spreadsheetId: sheet,
          totalUpdatedRows: 2,
          totalUpdatedColumns: 2,
          totalUpdatedCells: 2,
          totalUpdatedSheets: 2,
          responses: [
            { spreadsheetId: sheet, updatedRange: 'Deals!B2', updatedRows: 1, updatedColumns: 1, updatedCells: 1 },
            { spreadsheetId: sheet, updatedRange: 'Totals!B1', updatedRows: 1, updatedColumns: 1, updatedCells: 1 },
          ],
        },
      },
      gives: { updated_rows: 2, updated_cells: 2, updated_ranges: ['Deals!B2', 'Totals!B1'] },
    },
  ],
});

export const valuesAppend = tool({
  name: 'google_sheets_values_append',
  aliases: ['googlesheets_append_values'],
  title: 'Add rows below a table',
  description:
    'Add rows below the last row of the table that is found in the range; a tab’s name alone finds its table. Each call adds them again. ' +
    'Read the header first with google_sheets_values_get so that columns fit.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({
    spreadsheetId,
    range,
    values,
    valueInputOption,
    insertDataOption: z
      .enum(['INSERT_ROWS', 'OVERWRITE'])
      .default('INSERT_ROWS')
      .describe('INSERT_ROWS pushes what stands below the table down, OVERWRITE writes over it'),
  }),
  output: Updated.extend({ table_range: z.string().nullable() }),
  request: ({ spreadsheetId, range, values, valueInputOption, insertDataOption }) => ({
    method: 'POST',
    path: path`/v4/spreadsheets/${spreadsheetId}/values/${range}:append`,
    query: { valueInputOption, insertDataOption },
    json: { majorDimension: 'ROWS', values },
  }),
  respond: (body: { tableRange?: string; updates: UpdateValues }) => ({ ...updatedOf(body.updates), table_range: body.tableRange ?? null }),
  docs: `${reference}/append`,
  provenance: provenance('append'),
  examples: [
    {
      input: { spreadsheetId: sheet, range: 'Deals', values: [['Helio Storage', 'First call', 900000]] },
      receives: {
        body: {
          spreadsheetId: sheet,
          tableRange: 'Deals!A1:C3',
          updates: { spreadsheetId: sheet, updatedRange: 'Deals!A4:C4', updatedRows: 1, updatedColumns: 3, updatedCells: 3 },
        },
      },
      gives: { updated_range: 'Deals!A4:C4', updated_rows: 1, updated_columns: 3, updated_cells: 3, table_range: 'Deals!A1:C3' },
    },
  ],
});

export const valuesClear = tool({
  name: 'google_sheets_values_clear',
  aliases: ['googlesheets_clear_values'],
  title: 'Empty cells',
  description:
    'Empty the cells of one range; their formats stay, and so do the rows themselves. To remove whole rows use ' +
    'google_sheets_dimension_delete, to write something else google_sheets_values_update.',
  effect: 'destructive',
  idempotent: true,
  scopes: [readwrite],
  input: z.object({ spreadsheetId, range }),
  output: z.object({ cleared_range: z.string() }),
  request: ({ spreadsheetId, range }) => post(path`/v4/spreadsheets/${spreadsheetId}/values/${range}:clear`, {}),
  respond: (body: { clearedRange: string }) => ({ cleared_range: body.clearedRange }),
  docs: `${reference}/clear`,
  provenance: provenance('clear'),
  examples: [
    {
      input: { spreadsheetId: sheet, range: 'Deals!A4:C4' },
      receives: { body: { spreadsheetId: sheet, clearedRange: 'Deals!A4:C4' } },
      gives: { cleared_range: 'Deals!A4:C4' },
    },
  ],
});
