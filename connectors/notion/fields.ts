import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(512).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

/** 32 hexadecimal digits, with hyphens or, as they stand in addresses, without. Short, since most tools hold it. */
export const id = z.string().regex(/^([0-9a-fA-F]{4}-?){8}$/);

/** Notion's own spelling: the same id is written in two ways, and only one is a UUID. */
export function uuid(text: string): string {
  const hex = text.replaceAll('-', '').toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Page bodies as Markdown are served from this version on; everything else is written against the connector's. */
export const markdownVersion = { 'Notion-Version': '2026-03-11' };

/** The vendor's OpenAPI document, as its MCP server ships it. */
export function described(operation: string): Provenance {
  return { specification: '@notionhq/notion-mcp-server', version: '2.5.2', operation };
}

/** The vendor's types, for bodies that the OpenAPI document leaves open. */
export function typed(operation: string): Provenance {
  return { specification: '@notionhq/client', version: '5.26.0', operation };
}

export interface List<T> {
  results: T[];
  next_cursor: string | null;
  has_more: boolean;
}

export interface RichText {
  plain_text: string;
}

export const textMax = 2000;

export function plain(parts: RichText[] | undefined): string {
  return (parts ?? []).map((part) => part.plain_text).join('');
}

/** Notion takes at most 2,000 characters in one piece of text. */
export function textPieces(text: string): { type: 'text'; text: { content: string } }[] {
  const pieces = text.match(/[\s\S]{1,2000}/gu) ?? [];
  return pieces.map((content) => ({ type: 'text', text: { content } }));
}

export interface Parent {
  type: string;
  [key: string]: unknown;
}

export const ParentRef = z.object({ type: z.string(), id: z.string().nullable() });

/** The innermost parent: `{ type: 'page_id', page_id: … }` and its likes. */
export function parentOf(parent: Parent): z.input<typeof ParentRef> {
  const value = parent[parent.type];
  return { type: parent.type.replace(/_id$/, ''), id: typeof value === 'string' ? value : null };
}
