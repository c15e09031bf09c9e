import type { ApiResponse, Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
/** GitHub pages by numbers; to callers they are opaque like any cursor. */
export const cursor = z
  .string()
  .regex(/^\d{1,7}$/)
  .optional()
  .describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const owner = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
  .describe('User or organization');
/** Dots alone would be another path. */
export const repo = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/)
  .describe('Name of the repository, from github_user_repos_list');
export const login = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$/);
export const sha = z.string().regex(/^[0-9a-f]{40}$/);
export const moment = z.iso.datetime({ offset: true }).optional();
export const branch = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^\s~^:?*[\\]+$/);

/** What GitHub calls a page number and a page size. */
export function paged<T extends { limit: number; cursor?: string | undefined }>({ limit, cursor, ...rest }: T) {
  return { ...rest, per_page: limit, page: cursor === undefined ? undefined : Number(cursor) };
}

/** The page that the Link header calls next (RFC 8288). */
export function nextPage({ headers }: ApiResponse): string | null {
  for (const link of (headers.link ?? '').slice(0, 4000).split(',')) {
    if (/;\s*rel="next"/.test(link)) return /[?&]page=(\d{1,7})[&>]/.exec(link)?.[1] ?? null;
  }
  return null;
}

/** One text, cut to what an agent can read. */
export function cut(text: string | null | undefined, max: number): { text: string; truncated: boolean } {
  const whole = text ?? '';
  return { text: whole.slice(0, max), truncated: whole.length > max };
}

export function loginOf(user: { login: string } | null | undefined): string | null {
  return user?.login ?? null;
}

export function from(operation: string): Provenance {
  return { specification: '@octokit/openapi', version: '23.0.2', operation };
}

export const docsBase = 'https://docs.github.com/en/rest';
