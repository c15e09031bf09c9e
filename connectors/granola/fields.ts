import { z } from 'zod';

/** The vendor's OpenAPI document stands beside its reference and in no package. */
export const from = (operation: string) => ({ specification: 'Granola API reference (OpenAPI)', version: 'v1', operation });

export const cursor = z.string().max(1000).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const noteId = z
  .string()
  .regex(/^not_[A-Za-z0-9]{14}$/)
  .describe('Note id from granola_notes_list, for example not_1d3tmYTlCICgjy');

export interface Paged {
  hasMore?: boolean;
  cursor?: string | null;
}

export const nextOf = ({ hasMore, cursor: next }: Paged): string | null => (hasMore === true ? (next ?? null) : null);

export function isoOf(text: string | null | undefined): string | null {
  return typeof text === 'string' && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : null;
}

export function cut(text: string | null | undefined, most: number): { text: string | null; truncated: boolean } {
  if (typeof text !== 'string') return { text: null, truncated: false };
  return text.length > most ? { text: text.slice(0, most), truncated: true } : { text, truncated: false };
}
