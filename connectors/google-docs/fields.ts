import { z } from 'zod';

/** Revision of the discovery document that the requests were checked against. */
export const provenance = (method: string) => ({
  specification: 'google discovery docs.v1',
  version: '20260921',
  operation: `docs.documents.${method}`,
});

export const docs = (method: string) => `https://developers.google.com/workspace/docs/api/reference/rest/v1/documents/${method}`;

export const documentId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{10,120}$/)
  .describe('Document id: the part of its address between /d/ and /edit, or from google_docs_documents_list');

export const tabId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/)
  .optional()
  .describe('Tab id from google_docs_document_get; the first tab unless told');

/** Places are counted in UTF-16 code units from the begin of the tab; 1 is before the first character. */
export const index = z.int().min(1).max(10_000_000);

export const requiredRevisionId = z
  .string()
  .min(1)
  .max(300)
  .optional()
  .describe('revision_id that google_docs_text_find gave with the indexes; refused if somebody wrote since');
