import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
/** Jira counts from a start; to callers that is opaque like any cursor. */
export const cursor = z
  .string()
  .regex(/^\d{1,9}$/)
  .optional()
  .describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

/** A number, or the key that people use (ENG-142). */
export const issueIdOrKey = z
  .string()
  .regex(/^(?:\d{1,18}|[A-Za-z][A-Za-z0-9_]{1,50}-\d{1,12})$/)
  .describe('Issue key such as ENG-142, or id; found with jira_issues_search');
export const projectKey = z.string().regex(/^(?:\d{1,18}|[A-Za-z][A-Za-z0-9_]{1,50})$/);
export const accountId = z.string().regex(/^[A-Za-z0-9:_-]{1,128}$/);
export const text = z.string().max(30_000);

export interface Page {
  startAt?: number;
  maxResults?: number;
  total?: number;
  isLast?: boolean;
}

export function paged<T extends { limit: number; cursor?: string | undefined }>({ limit, cursor, ...rest }: T) {
  return { ...rest, startAt: cursor === undefined ? undefined : Number(cursor), maxResults: limit };
}

/** Where the next page begins; `count` is how many this one holds, which may be fewer than were asked for. */
export function nextStart({ startAt = 0, total, isLast }: Page, count: number): string | null {
  const next = startAt + count;
  const more = isLast === undefined ? total !== undefined && next < total : !isLast;
  return more && count > 0 ? String(next) : null;
}

export const User = z.object({ account_id: z.string(), name: z.string() }).nullable();

export interface UserBody {
  accountId?: string;
  displayName?: string;
}

export function userOf(user: UserBody | null | undefined): z.input<typeof User> {
  return user?.accountId === undefined ? null : { account_id: user.accountId, name: user.displayName ?? '' };
}

/** Jira writes offsets without a colon; outside moments are RFC 3339 in UTC. */
export function isoOf(value: string | null | undefined): string | null {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : null;
}

export function jiraTime(iso: string): string {
  return new Date(iso).toISOString().replace('Z', '+0000');
}

export function from(operation: string): Provenance {
  return { specification: 'jira.js', version: '6.2.0', operation };
}

export const docsBase = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3';
export const softwareDocs = 'https://developer.atlassian.com/cloud/jira/software/rest';

const api = 'https://api.atlassian.com/ex/jira/1324a887-45db-4bf4-8e99-ef0ff456d421';
export const restExample = `${api}/rest/api/3`;
export const agileExample = `${api}/rest/agile/1.0`;

export function userExample(accountId: string, displayName: string) {
  const avatar = (size: number) => `https://avatar-management.example/initials/${displayName[0]}.png?size=${size}`;
  return {
    self: `https://acme.atlassian.net/rest/api/3/user?accountId=${accountId}`,
    accountId,
    accountType: 'atlassian',
    avatarUrls: { '48x48': avatar(48), '24x24': avatar(24), '16x16': avatar(16), '32x32': avatar(32) },
    displayName,
    active: true,
    timeZone: 'Europe/Madrid',
  };
}

export const mira = userExample('5b10a2844c20165700ede21g', 'Mira Lopez');
export const jonas = userExample('5b10ac8d82e05b22cc7d4ef5', 'Jonas Kim');
export const miraGiven = { account_id: '5b10a2844c20165700ede21g', name: 'Mira Lopez' };
export const jonasGiven = { account_id: '5b10ac8d82e05b22cc7d4ef5', name: 'Jonas Kim' };

/** A change that Jira answers with 204 and no body. */
export const Done = z.object({ done: z.boolean() });
export const done = () => ({ done: true });
