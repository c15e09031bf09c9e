import { z } from 'zod';

/** C: channel, G: older private channel, D: direct message. */
export const channelId = z.string().regex(/^[CGD][A-Z0-9]{5,30}$/);
/** A message's id in its channel: seconds and microseconds since the epoch. */
export const ts = z.string().regex(/^\d{10}\.\d{6}$/);
export const limit = z.int().min(1).max(200).default(20).describe('Entries per page, 1 to 200');
export const cursor = z.string().min(1).max(512).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

/** Slack says an empty string where there is no next page. */
export interface Paged {
  response_metadata?: { next_cursor?: string };
}

/** A ts, to the millisecond. */
export function isoOf(value: string): string {
  const [seconds = '', micros = ''] = value.split('.');
  return new Date(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)).toISOString();
}

export function slackTime(iso: string): string {
  const ms = Date.parse(iso);
  return `${Math.floor(ms / 1000)}.${String((ms % 1000) * 1000).padStart(6, '0')}`;
}
