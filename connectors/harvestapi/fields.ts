import { z } from 'zod';

/** The vendor's own client; its types follow the API. */
export const from = (path: string) => ({ specification: '@harvestapi/scraper', version: '1.5.29', operation: `GET /${path}` });

/** Several values go into one parameter, with commas between them. */
export const several = (what: string) => z.array(z.string()).max(50).optional().describe(what);
export const page = z.int().min(1).max(100).default(1).describe('Page, from 1; next_page says the next');
export const paginationToken = z.string().max(1000).optional().describe('pagination_token of the page before');
export const linkedinUrl = (what: string) =>
  z
    .string()
    .regex(/^https:\/\/([a-z]{2,3}\.)?linkedin\.com\/[^\s]+$/)
    .max(500)
    .describe(what);

/** Arguments as the API wants them: lists joined, nothing that was not given. */
export function query(input: Record<string, string | number | boolean | readonly string[] | undefined>) {
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]) => {
      if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
      return [[name, Array.isArray(value) ? value.join(',') : (value as string | number | boolean)]];
    }),
  );
}

export const paged = {
  total: z.int().nullable(),
  next_page: z.int().nullable(),
  pagination_token: z.string().nullable(),
};

export interface Paged {
  pagination?: { totalPages?: number; totalElements?: number; pageNumber?: number; paginationToken?: string | null } | null;
}

export function pagesOf({ pagination }: Paged) {
  const { totalPages = 0, totalElements, pageNumber = 1, paginationToken: token } = pagination ?? {};
  return { total: totalElements ?? null, next_page: pageNumber < totalPages ? pageNumber + 1 : null, pagination_token: token ?? null };
}

export const text = (value: string | null | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

export function cut(value: string | null | undefined, most: number): { text: string | null; truncated: boolean } {
  if (typeof value !== 'string') return { text: null, truncated: false };
  return value.length > most ? { text: value.slice(0, most), truncated: true } : { text: value, truncated: false };
}

export function isoOf(moment: string | number | null | undefined): string | null {
  if (moment === null || moment === undefined || moment === '') return null;
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** What stands beside the data in every answer. */
export const envelope = {
  entityId: null,
  requestId: 'req-made-up-1',
  status: 200,
  error: null,
  query: {},
  originalQuery: {},
  user: { membershipTier: 'pro', requestsConcurrency: 5 },
  payments: ['made-up-payment'],
  cost: 0.004,
};
