import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';
import { textOfHtml } from './text.ts';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(2000).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();
export const id = z.string().regex(/^\d{1,20}$/);
export const pageId = id.describe('Page id, from confluence_search or confluence_page_list');
export const spaceId = id.describe('Space id, from confluence_space_list');

export interface Paged {
  _links?: { next?: string; base?: string } | null;
}

/** The cursor in the address of the next page; the rest of that address is never used. */
export function nextOf({ _links }: Paged): string | null {
  const found = /[?&]cursor=([^&]{1,2000})/.exec(_links?.next ?? '')?.[1];
  if (found === undefined) return null;
  try {
    return decodeURIComponent(found);
  } catch {
    // Not percent-encoded after all: then it is meant as it stands.
    return found;
  }
}

export function isoOf(value: string | null | undefined): string | null {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : null;
}

/** Addresses for people are told as a site and a path. */
export function webUrl(base: string | undefined, path: string | undefined): string | null {
  return path === undefined ? null : `${base ?? ''}${path}`;
}

export interface BodyOf {
  storage?: { value?: string } | null;
  view?: { value?: string } | null;
}

/** Markup where it was asked for, otherwise text. */
export function contentOf(body: BodyOf | null | undefined, max: number): { body: string; truncated: boolean } {
  const whole = body?.storage?.value ?? textOfHtml(body?.view?.value ?? '');
  return { body: whole.slice(0, max), truncated: whole.length > max };
}

export const bodyFormat = z
  .enum(['view', 'storage'])
  .default('view')
  .describe('view gives text to read, storage the markup that an update takes');

export function from(operation: string): Provenance {
  return { specification: 'confluence.js', version: '3.2.0', operation };
}

export const v2Docs = 'https://developer.atlassian.com/cloud/confluence/rest/v2';
export const v1Docs = 'https://developer.atlassian.com/cloud/confluence/rest/v1';
export const wikiExample = 'https://acme.atlassian.net/wiki';
export const linksExample = { base: wikiExample };
export const miraId = '5b10a2844c20165700ede21g';
