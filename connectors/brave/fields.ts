import type { ApiRequest } from '@grantway/connector-kit';
import { z } from 'zod';

/** Operations that the vendor's own MCP server calls. */
export const from = (operation: string) => ({ specification: '@brave/brave-search-mcp-server', version: '2.1.4', operation });
/** Operations that stand in the vendor's documentation alone. */
export const documented = (operation: string) => ({ specification: 'Brave Search API documentation', version: '1', operation });

export const q = z.string().min(1).max(400).describe('What to search for, at most 50 words; "quotes", -minus and site: work');
export const country = z
  .string()
  .regex(/^[A-Z]{2,3}$/)
  .optional()
  .describe('Where results come from: two capital letters, or ALL');
export const searchLang = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]{2,4})?$/)
  .optional()
  .describe('Language of the results, for example en or pt-br');
export const safesearch = z.enum(['off', 'moderate', 'strict']).optional().describe('Filter for adult content');
export const freshness = z
  .string()
  .regex(/^(p[dwmy]|\d{4}-\d{2}-\d{2}to\d{4}-\d{2}-\d{2})$/)
  .optional()
  .describe('pd, pw, pm, py: past day, week, month, year; or 2025-01-01to2025-03-31');
/** Brave counts pages, and has ten; to callers that is opaque like any cursor. */
export const cursor = z
  .string()
  .regex(/^[1-9]$/)
  .optional()
  .describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export function paged<T extends { limit: number; cursor?: string | undefined }>({ limit: count, cursor, ...rest }: T) {
  return { ...rest, count, offset: cursor === undefined ? undefined : Number(cursor) };
}

export function nextPage(asked: ApiRequest, isMore: (count: number) => boolean): string | null {
  const next = Number(asked.query?.offset ?? 0) + 1;
  return next < 10 && isMore(Number(asked.query?.count)) ? String(next) : null;
}

export const goggles = z.string().max(2000).optional().describe('Re-ranking rules: a Goggle’s https address, or its text');

export const nullable = (text: string | null | undefined): string | null => (typeof text === 'string' && text !== '' ? text : null);

/** Brave writes some moments without a zone; they are UTC. */
export function isoOf(text: string | null | undefined): string | null {
  if (typeof text !== 'string') return null;
  const at = new Date(/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** A part that is there is a list; without this, one that cannot be read would look like one without entries. */
export function wholeList<T>(list: readonly T[] | undefined): readonly T[] {
  if (!Array.isArray(list)) throw new TypeError('a list is missing in the answer');
  return list;
}

/** A part that is there is an object. */
export function whole<T>(part: T): T {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) throw new TypeError('a part of the answer is no object');
  return part;
}
