import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(512).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

export const pageInfo = 'pageInfo { hasNextPage endCursor }';

export interface Page<T> {
  nodes: T[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export function nextOf({ pageInfo: { hasNextPage, endCursor } }: Page<unknown>): string | null {
  return hasNextPage ? endCursor : null;
}

/** A UUID, or the identifier that people use (ENG-142); Linear takes both. */
export const issueId = z.string().regex(/^[A-Za-z0-9]{1,10}-[A-Za-z0-9-]{1,30}$/);

/** In Linear's order: 0 is none, 1 urgent, 4 low. */
const priorities = ['none', 'urgent', 'high', 'medium', 'low'] as const;
export const Priority = z.enum(priorities);

export function priorityNumber(name: (typeof priorities)[number] | undefined): number | undefined {
  return name === undefined ? undefined : priorities.indexOf(name);
}

export function priorityName(value: number): (typeof priorities)[number] {
  return priorities[value] ?? 'none';
}
