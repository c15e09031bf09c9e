import { z } from 'zod';

/** Revision of the discovery document that the requests were checked against. */
export const specification = { specification: 'google discovery sheets.v4', version: '20260921' };

export const spreadsheetId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{10,120}$/)
  .describe('Spreadsheet id: the part of its address between /d/ and /edit, or from google_sheets_spreadsheets_list');

export const sheetId = z.int().min(0).max(2_147_483_647);

/**
 * A1 notation reaches the path. Titles of tabs may hold nearly everything; what servers could take for a step in the path is
 * refused: dot segments, backslashes, what is escaped already.
 */
export const range = z
  .string()
  .regex(/^(?!.*(?:^|\/)\.{1,2}(?:[/;]|$))(?:[^\\%\p{Cc}]|%(?![0-9A-Fa-f]{2})){1,200}$/u)
  .describe("A1 notation: Deals!A1:D20, 'Q4 plan'!A:C, or a tab's name alone for the whole tab");

export const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const Rows = z.array(z.array(Cell));

export const values = z
  .array(z.array(z.union([z.string().max(50_000), z.number(), z.boolean(), z.null()])).max(1000))
  .min(1)
  .max(5000)
  .describe('Rows, each a list of cells from left to right; null leaves a cell as it is, an empty text empties it');

export const valueInputOption = z
  .enum(['USER_ENTERED', 'RAW'])
  .default('USER_ENTERED')
  .describe('USER_ENTERED reads formulas, numbers and dates as if typed in; RAW keeps texts as they are');

export const valueRenderOption = z
  .enum(['FORMATTED_VALUE', 'UNFORMATTED_VALUE', 'FORMULA'])
  .default('FORMATTED_VALUE')
  .describe('As shown, as plain numbers, or as formulas');

const maxCells = 10_000;
const maxText = 5000;

/** At most 10,000 cells, each at most 5,000 characters long. */
export function cut(rows: unknown[][] = []): { rows: z.input<typeof Rows>; truncated?: true } {
  let cells = 0;
  const kept = rows.filter((row) => {
    cells += row.length;
    return cells <= maxCells;
  });
  const isLong = (cell: unknown) => typeof cell === 'string' && cell.length > maxText;
  const isCut = kept.length < rows.length || kept.some((row) => row.some(isLong));
  return { rows: kept.map((row) => row.map(cellOf)), ...(isCut ? { truncated: true } : {}) };
}

function cellOf(cell: unknown): z.input<typeof Cell> {
  if (typeof cell === 'string') return cell.slice(0, maxText);
  return typeof cell === 'number' || typeof cell === 'boolean' ? cell : null;
}
