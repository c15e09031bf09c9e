import { z } from 'zod';

/** The vendor's own client; its types follow the API. */
export const from = (path: string) => ({ specification: '@harvestapi/scraper', version: '1.5.29', operation: `GET /${path}` });

/** Several values go into one parameter, with commas between them. */
/** A bound that agents need not be told. */
const bounded = z.string().refine((text) => text.length <= 500, 'is too long');

export const several = (what: string) => z.array(bounded).max(50).optional().describe(what);
/** The number of a page and, where LinkedIn wants one, its token. */
export const cursor = z
  .string()
  .regex(/^[1-9]\d{0,2}(~\S{1,1000})?$/)
  .optional()
  .describe('next_cursor of the page before; of a fixed size');
export const linkedinUrl = (what: string) =>
  z
    .string()
    .regex(/^https:\/\/([a-z]{2,3}\.)?linkedin\.com\/[^\s]+$/)
    .max(500)
    .describe(what);

/** Arguments as the API wants them: lists joined, nothing that was not given. Where it takes no token, the number of a page says all. */
export function query(input: Record<string, string | number | boolean | readonly string[] | undefined>, takesToken = false) {
  const { cursor: next, ...rest } = input;
  const [page, ...token] = typeof next === 'string' ? next.split('~') : [];
  const paging = {
    page: page === undefined ? undefined : Number(page),
    paginationToken: takesToken ? token.join('~') || undefined : undefined,
  };
  return Object.fromEntries(
    Object.entries({ ...rest, ...paging }).flatMap(([name, value]) => {
      if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
      return [[name, Array.isArray(value) ? value.join(',') : (value as string | number | boolean)]];
    }),
  );
}

export const paged = {
  total: z.int().nullable(),
  next_cursor: z.string().nullable(),
};

export interface Paged {
  pagination?: { totalPages?: number; totalElements?: number; pageNumber?: number; paginationToken?: string | null } | null;
}

export function pagesOf({ pagination }: Paged) {
  const { totalPages, totalElements, pageNumber = 1, paginationToken: token } = pagination ?? {};
  // Feeds of posts may tell a token alone.
  const isMore = totalPages === undefined ? text(token) !== null : pageNumber < totalPages;
  const next = text(token) === null ? `${pageNumber + 1}` : `${pageNumber + 1}~${token}`;
  return { total: totalElements ?? null, next_cursor: isMore ? next : null };
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
