import { z } from 'zod';

/** A text as it stands in a SOQL string, between its quotes. */
export function quoted(text: string): string {
  return `'${text
    .replace(/[\\'"]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t')}'`;
}

/** The text anywhere within, its own wildcards meant as they stand. */
export function containing(text: string): string {
  const inner = quoted(text).slice(1, -1).replace(/[%_]/g, '\\$&');
  return `'%${inner}%'`;
}

/**
 * SOQL can only read, but some of its clauses lock records or mark them as viewed. They are looked for outside of quotes,
 * where people's texts are.
 */
export function readsOnly(query: string): boolean {
  const bare = query.replace(/'(?:[^'\\]|\\[\s\S])*'/g, "''");
  return /^\s*SELECT\s/i.test(bare) && !/\bFOR\s+(?:UPDATE|VIEW|REFERENCE)\b|\bUPDATE\s+(?:TRACKING|VIEWSTAT)\b/i.test(bare);
}

/** Where a list goes on: the moment and id of the last record, since pages by number slip while records change. */
export const listCursor = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z_[A-Za-z0-9]{18}$/)
  .optional()
  .describe('next_cursor of the page before');

export function listQuery(of: {
  fields: readonly string[];
  object: string;
  where: (string | undefined)[];
  limit: number;
  cursor: string | undefined;
}): string {
  const [moment, last] = of.cursor?.split('_') ?? [];
  const after =
    moment === undefined || last === undefined
      ? undefined
      : `(LastModifiedDate < ${moment} OR (LastModifiedDate = ${moment} AND Id < ${quoted(last)}))`;
  const conditions = [...of.where, after].filter((condition) => condition !== undefined);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT ${of.fields.join(', ')} FROM ${of.object}${where} ORDER BY LastModifiedDate DESC, Id DESC LIMIT ${of.limit}`;
}
