import { z } from 'zod';

/** What the requests were written from: the vendor's own client, whose types follow its API. */
export const from = (operation: string) => ({ specification: 'exa-js', version: '2.23.0', operation });

export const limit = z.int().min(1).max(50).default(20).describe('Entries per page, 1 to 50');
export const cursor = z.string().max(500).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const includeDomains = z.array(z.string().max(253)).max(50).optional().describe('Only these sites, for example arxiv.org');
export const excludeDomains = z.array(z.string().max(253)).max(50).optional().describe('Never these sites');
export const numResults = z.int().min(1).max(100).default(10).describe('Results, 1 to 100');

const longest = 12_000;

/** A text that is short enough to be read by an agent, and whether something is missing. */
export function cut(text: string | null | undefined, most = longest): { text: string | null; truncated: boolean } {
  if (typeof text !== 'string') return { text: null, truncated: false };
  return text.length > most ? { text: text.slice(0, most), truncated: true } : { text, truncated: false };
}

/** Exa writes moments as RFC 3339, and as milliseconds since the epoch for research. */
export function isoOf(moment: string | number | null | undefined): string | null {
  if (moment === null || moment === undefined || moment === '') return null;
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

export function nextOf({ hasMore, nextCursor: next }: { hasMore?: boolean; nextCursor?: string | null }): string | null {
  return hasMore === false ? null : (next ?? null);
}
