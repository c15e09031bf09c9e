import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { specification, spreadsheetId } from './fields.ts';
import { fileNames, readonly, readwrite } from './scopes.ts';

const reference = 'https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets';
const sheet = '1mAdeUp-Sheet-Id_of_the_Pipeline_0001';

const Spreadsheet = z.object({
  id: z.string(),
  title: z.string(),
  url: z.string(),
  locale: z.string().nullable(),
  time_zone: z.string().nullable(),
  sheets: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      index: z.int(),
      type: z.string(),
      rows: z.int().nullable(),
      columns: z.int().nullable(),
      hidden: z.boolean(),
    }),
  ),
});

interface SheetBody {
  properties: {
    sheetId?: number;
    title: string;
    index?: number;
    sheetType?: string;
    hidden?: boolean;
    gridProperties?: { rowCount?: number; columnCount?: number };
  };
}

interface SpreadsheetBody {
  spreadsheetId: string;
  spreadsheetUrl?: string;
  properties: { title?: string; locale?: string; timeZone?: string };
  sheets?: SheetBody[];
}

function spreadsheetOf(body: SpreadsheetBody): z.input<typeof Spreadsheet> {
  return {
    id: body.spreadsheetId,
    title: body.properties.title ?? '',
    url: body.spreadsheetUrl ?? `https://docs.google.com/spreadsheets/d/${body.spreadsheetId}/edit`,
    locale: body.properties.locale ?? null,
    time_zone: body.properties.timeZone ?? null,
    sheets: (body.sheets ?? []).map(({ properties: p }) => ({
      id: p.sheetId ?? 0,
      title: p.title,
      index: p.index ?? 0,
      type: (p.sheetType ?? 'GRID').toLowerCase(),
      rows: p.gridProperties?.rowCount ?? null,
      columns: p.gridProperties?.columnCount ?? null,
      hidden: p.hidden ?? false,
    })),
  };
}

const masks = 'spreadsheetId,spreadsheetUrl,properties(title,locale,timeZone,autoRecalc),sheets.properties';

export const spreadsheetGet = tool({
  name: 'google_sheets_spreadsheet_get',
  aliases: ['googlesheets_read_spreadsheet'],
  title: 'Look at a spreadsheet',
  description:
    'Look at one spreadsheet: its title, and each tab with its name, numeric id and size. No cells: read those with ' +
    'google_sheets_values_get. Tools that change tabs or rows take the sheet ids given here.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({ spreadsheetId }),
  output: Spreadsheet,
  request: ({ spreadsheetId }) => get(path`/v4/spreadsheets/${spreadsheetId}`, { fields: masks }),
  respond: spreadsheetOf,
  docs: `${reference}/get`,
  provenance: { ...specification, operation: 'sheets.spreadsheets.get' },
  examples: [
    {
      input: { spreadsheetId: sheet },
      receives: {
        body: {
          spreadsheetId: sheet,
          properties: { title: 'Pipeline 2025', locale: 'en_US', autoRecalc: 'ON_CHANGE', timeZone: 'Europe/Madrid' },
          sheets: [
            {
              properties: {
                sheetId: 0,
                title: 'Deals',
                index: 0,
                sheetType: 'GRID',
                gridProperties: { rowCount: 1000, columnCount: 26, frozenRowCount: 1 },
              },
            },
            {
              properties: {
                sheetId: 481516234,
                title: 'Totals',
                index: 1,
                sheetType: 'GRID',
                gridProperties: { rowCount: 100, columnCount: 8 },
                hidden: true,
              },
            },
          ],
          spreadsheetUrl: `https://docs.google.com/spreadsheets/d/${sheet}/edit`,
        },
      },
      gives: {
        id: sheet,
        title: 'Pipeline 2025',
        url: `https://docs.google.com/spreadsheets/d/${sheet}/edit`,
        locale: 'en_US',
        time_zone: 'Europe/Madrid',
        sheets: [
          { id: 0, title: 'Deals', index: 0, type: 'grid', rows: 1000, columns: 26, hidden: false },
          { id: 481516234, title: 'Totals', index: 1, type: 'grid', rows: 100, columns: 8, hidden: true },
        ],
      },
    },
  ],
});

export const spreadsheetCreate = tool({
  name: 'google_sheets_spreadsheet_create',
  aliases: ['googlesheets_create_spreadsheet'],
  title: 'Create a spreadsheet',
  description:
    'Create an empty spreadsheet in the person’s own Drive, with tabs of the names given; each call makes another one. Fill it with ' +
    'google_sheets_values_update or google_sheets_values_append, whose spreadsheetId is the id in the answer.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({
    title: z.string().min(1).max(255).describe('Name of the file'),
    sheets: z.array(z.string().min(1).max(100)).min(1).max(50).optional().describe('Names of the tabs; one called Sheet1 unless told'),
    locale: z
      .string()
      .regex(/^[a-z]{2,3}(_[A-Z]{2})?$/)
      .optional()
      .describe('How numbers and dates are written, for example en_US or de_DE'),
    timeZone: z
      .string()
      .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/)
      .max(64)
      .optional()
      .describe('For example Europe/Madrid'),
  }),
  output: Spreadsheet,
  request: ({ sheets, ...properties }) =>
    post('/v4/spreadsheets', {
      properties,
      ...(sheets === undefined ? {} : { sheets: sheets.map((title) => ({ properties: { title } })) }),
    }),
  respond: spreadsheetOf,
  docs: `${reference}/create`,
  provenance: { ...specification, operation: 'sheets.spreadsheets.create' },
  examples: [
    {
      input: { title: 'Portfolio updates', sheets: ['November'] },
      receives: {
        body: {
          spreadsheetId: '1mAdeUp-Sheet-Id_of_the_Updates_00002',
          properties: {
            title: 'Portfolio updates',
            locale: 'en_US',
            autoRecalc: 'ON_CHANGE',
            timeZone: 'Etc/GMT',
            defaultFormat: {
              padding: { top: 2, right: 3, bottom: 2, left: 3 },
              verticalAlignment: 'BOTTOM',
              wrapStrategy: 'OVERFLOW_CELL',
            },
          },
          sheets: [
            {
              properties: {
                sheetId: 1804289383,
                title: 'November',
                index: 0,
                sheetType: 'GRID',
                gridProperties: { rowCount: 1000, columnCount: 26 },
              },
            },
          ],
          spreadsheetUrl: 'https://docs.google.com/spreadsheets/d/1mAdeUp-Sheet-Id_of_the_Updates_00002/edit',
        },
      },
      gives: {
        id: '1mAdeUp-Sheet-Id_of_the_Updates_00002',
        title: 'Portfolio updates',
        url: 'https://docs.google.com/spreadsheets/d/1mAdeUp-Sheet-Id_of_the_Updates_00002/edit',
        locale: 'en_US',
        time_zone: 'Etc/GMT',
        sheets: [{ id: 1804289383, title: 'November', index: 0, type: 'grid', rows: 1000, columns: 26, hidden: false }],
      },
      fresh: { '/spreadsheetId': 'sequence:1mAdeUp-Sheet-Id_of_the_Updates_' },
    },
  ],
});

const spreadsheetType = 'application/vnd.google-apps.spreadsheet';

/** Within a Drive query texts stand in single quotes; these and backslashes are escaped by a backslash. */
const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;

export const spreadsheetsList = tool({
  name: 'google_sheets_spreadsheets_list',
  title: 'Find spreadsheets',
  description:
    'List spreadsheets by a word of their name, those changed last first, with the ids that the other tools take. Needs a Drive scope: ' +
    'with drive.file only files that were made or opened through this app are found.',
  effect: 'read',
  scopes: [fileNames],
  input: z.object({
    name: z.string().min(1).max(200).optional().describe('Words that the name holds; every spreadsheet unless told'),
    limit: z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100'),
    cursor: z.string().min(1).max(2048).optional().describe('next_cursor of the page before'),
  }),
  output: z.object({
    spreadsheets: z.array(
      z.object({ id: z.string(), name: z.string(), url: z.string().nullable(), modified_at: z.string(), owner: z.string().nullable() }),
    ),
    next_cursor: z.string().nullable(),
  }),
  request: ({ name, limit, cursor }) => ({
    ...get('/drive/v3/files', {
      q: [`mimeType = '${spreadsheetType}'`, 'trashed = false', ...(name === undefined ? [] : [`name contains ${quoted(name)}`])].join(
        ' and ',
      ),
      orderBy: 'modifiedTime desc',
      pageSize: limit,
      pageToken: cursor,
      fields: 'nextPageToken,incompleteSearch,files(id,name,mimeType,webViewLink,modifiedTime,owners(displayName,emailAddress))',
      supportsAllDrives: true,
      includeItemsFromAllDrives: true,
    }),
    host: 'www',
  }),
  respond: (body: {
    files?: { id: string; name: string; webViewLink?: string; modifiedTime: string; owners?: { emailAddress?: string }[] }[];
    nextPageToken?: string;
  }) => ({
    spreadsheets: (body.files ?? []).map((file) => ({
      id: file.id,
      name: file.name,
      url: file.webViewLink ?? null,
      modified_at: file.modifiedTime,
      owner: file.owners?.[0]?.emailAddress ?? null,
    })),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: 'https://developers.google.com/workspace/drive/api/reference/rest/v3/files/list',
  provenance: { specification: 'google discovery drive.v3', version: '20260916', operation: 'drive.files.list' },
  examples: [
    {
      input: { name: 'Pipeline' },
      receives: {
        body: {
          incompleteSearch: false,
          files: [
            {
              id: sheet,
              name: 'Pipeline 2025',
              mimeType: spreadsheetType,
              webViewLink: `https://docs.google.com/spreadsheets/d/${sheet}/edit`,
              modifiedTime: '2025-11-21T09:12:44.120Z',
              owners: [{ displayName: 'Mira Lopez', emailAddress: 'mira@acme.example' }],
            },
          ],
        },
      },
      gives: {
        spreadsheets: [
          {
            id: sheet,
            name: 'Pipeline 2025',
            url: `https://docs.google.com/spreadsheets/d/${sheet}/edit`,
            modified_at: '2025-11-21T09:12:44.120Z',
            owner: 'mira@acme.example',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
