import { Fault, type IdKind, isId } from '@grantway/contract';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Cursors are ids in disguise: opaque to callers, cheap for the index. */
export function decodeCursor(kind: IdKind, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!isId(kind, id))
    throw new Fault('invalid_request', {
      detail: 'the cursor is not one of ours',
      errors: [{ pointer: '/cursor', detail: 'use next_cursor of the page before' }],
    });
  return id;
}

/** Cuts `limit + 1` rows down to a page; the extra row tells that there is a next one. */
export function toPage<R extends { id: string }, T>(rows: R[], limit: number, present: (row: R) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(present),
    next_cursor: rows.length > limit && last !== undefined ? Buffer.from(last.id).toString('base64url') : null,
  };
}
