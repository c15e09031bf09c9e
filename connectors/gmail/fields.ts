import { z } from 'zod';

/** Revision of the discovery document that the requests were checked against. */
export const provenance = (method: string) => ({
  specification: 'google discovery gmail.v1',
  version: '20260727',
  operation: `gmail.users.${method}`,
});

export const docs = (resource: string) => `https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.${resource}`;

const id = z.string().regex(/^[A-Za-z0-9_-]{4,64}$/);
export const messageId = id.describe('Message id from gmail_fetch_mails or gmail_get_thread_by_id');
export const threadId = id.describe('Thread id from gmail_list_threads or gmail_fetch_mails');
export const draftId = id.describe('Draft id from gmail_list_drafts');
export const labelId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(512).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();
export const q = z
  .string()
  .min(1)
  .max(1000)
  .optional()
  .describe('As in Gmail’s search box: from:jon@acme.example is:unread newer_than:7d has:attachment subject:invoice');
export const labelIds = z
  .array(labelId)
  .min(1)
  .max(20)
  .optional()
  .describe('Only what has all of these labels: INBOX, UNREAD, STARRED, SENT or ids from gmail_list_labels');
export const includeSpamTrash = z.boolean().optional().describe('Also look into spam and trash');

export const addLabelIds = z.array(labelId).max(100).optional().describe('Labels to add, for example STARRED');
export const removeLabelIds = z.array(labelId).max(100).optional().describe('Labels to remove: UNREAD marks as read, INBOX archives');
