import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
/** Datadog pages by numbers; to callers they are opaque like any cursor. */
export const cursor = z
  .string()
  .regex(/^\d{1,9}$/)
  .optional()
  .describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

/** Seconds since the epoch, or nothing. */
export function isoOfSeconds(seconds: number | null | undefined): string | null {
  return typeof seconds === 'number' && seconds > 0 ? new Date(seconds * 1000).toISOString() : null;
}

/** Datadog writes moments with offsets and microseconds; outside they are RFC 3339 in UTC, to the millisecond. */
export function isoOf(text: string | null | undefined): string | null {
  const at = typeof text === 'string' ? new Date(text) : undefined;
  return at === undefined || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

export const moment = z.iso.datetime({ offset: true });

export function secondsOf(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

/** Of the lists whose cursors Datadog makes itself. */
export const pageCursor = z.string().min(1).max(4096).optional().describe('next_cursor of the page before');
