import { ask, get, NothingToDo, path, post, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { id, memo } from './examples.ts';
import { docs, documentId, provenance, tabId } from './fields.ts';
import { fileNames, readonly, readwrite } from './scopes.ts';
import { type DocumentBody, endOf, markdownOf, placesOf, type TabText, tabsOf } from './text.ts';

const maxText = 40_000;

/** With its tabs; without them Google gives the first one alone. */
export const tabsWith = (documentId: string, fields: string) =>
  get(path`/v1/documents/${documentId}`, { includeTabsContent: true, fields });

export function tabOf(document: DocumentBody, wanted: string | undefined): TabText {
  const tabs = tabsOf(document);
  const tab = wanted === undefined ? tabs[0] : tabs.find((candidate) => candidate.id === wanted);
  if (tab === undefined) throw new NothingToDo('the document has no such tab');
  return tab;
}

export const documentGet = runTool({
  name: 'google_docs_document_get',
  aliases: ['googledocs_read_document'],
  title: 'Read a document',
  description:
    'Read one tab of a document as text in Markdown, 40,000 characters at a time: go on with next_offset. For places to change use ' +
    'google_docs_text_find; end_index is where the text ends. Ids come from its address or google_docs_documents_list.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    documentId,
    tabId,
    offset: z.int().min(0).max(20_000_000).default(0).describe('Character to begin at: next_offset of the call before'),
  }),
  output: z.object({
    id: z.string(),
    title: z.string(),
    url: z.string(),
    revision_id: z.string().nullable(),
    tabs: z.array(z.object({ id: z.string(), title: z.string() })),
    tab_id: z.string(),
    text: z.string(),
    truncated: z.literal(true).optional(),
    next_offset: z.int().nullable(),
    end_index: z.int(),
  }),
  *run({ documentId, tabId, offset }) {
    const document = yield* ask<DocumentBody>(tabsWith(documentId, 'documentId,title,revisionId,tabs'));
    const tab = tabOf(document, tabId);
    const text = markdownOf(tab.content);
    const goesOn = text.length > offset + maxText;
    return {
      id: document.documentId,
      title: document.title ?? '',
      url: `https://docs.google.com/document/d/${document.documentId}/edit`,
      revision_id: document.revisionId ?? null,
      tabs: tabsOf(document)
        .slice(0, 100)
        .map(({ id, title }) => ({ id, title })),
      tab_id: tab.id,
      text: text.slice(offset, offset + maxText),
      ...(goesOn ? { truncated: true as const } : {}),
      next_offset: goesOn ? offset + maxText : null,
      end_index: endOf(tab.content),
    };
  },
  docs: docs('get'),
  provenance: provenance('get'),
  examples: [
    {
      input: { documentId: id },
      receives: { body: memo },
      gives: {
        id,
        title: 'Investment memo: Lumen Labs',
        url: `https://docs.google.com/document/d/${id}/edit`,
        revision_id: 'made-up-revision-7',
        tabs: [{ id: 't.0', title: 'Memo' }],
        tab_id: 't.0',
        text: '# Lumen Labs\nWe propose to invest 2.5 m.\n- Revenue is up 14 %\n- Churn is flat',
        next_offset: null,
        end_index: 72,
      },
    },
  ],
});

export const textFind = runTool({
  name: 'google_docs_text_find',
  title: 'Find a text’s place',
  description:
    'Find where a text stands in a document, tables included: the indexes that google_docs_text_insert, google_docs_range_delete and the ' +
    'style tools take, and the paragraph around it. To replace it everywhere use google_docs_text_replace.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    documentId,
    text: z.string().min(1).max(1000).describe('Words within one paragraph'),
    matchCase: z.boolean().default(false).describe('Tell upper from lower case'),
    tabId,
  }),
  output: z.object({
    revision_id: z.string().nullable(),
    places: z.array(z.object({ start_index: z.int(), end_index: z.int(), paragraph: z.string() })),
    end_index: z.int(),
  }),
  *run({ documentId, text, matchCase, tabId }) {
    const document = yield* ask<DocumentBody>(tabsWith(documentId, 'documentId,revisionId,tabs'));
    const { content } = tabOf(document, tabId);
    return {
      revision_id: document.revisionId ?? null,
      places: placesOf(content, text, matchCase, 50).map(({ start, end, paragraph }) => ({
        start_index: start,
        end_index: end,
        paragraph,
      })),
      end_index: endOf(content),
    };
  },
  docs: docs('get'),
  provenance: provenance('get'),
  examples: [
    {
      input: { documentId: id, text: '2.5 m' },
      receives: { body: { documentId: id, revisionId: memo.revisionId, tabs: memo.tabs } },
      gives: {
        revision_id: 'made-up-revision-7',
        places: [{ start_index: 33, end_index: 38, paragraph: 'We propose to invest 2.5 m.' }],
        end_index: 72,
      },
    },
  ],
});

export const documentCreate = tool({
  name: 'google_docs_document_create',
  aliases: ['googledocs_create_document'],
  title: 'Create a document',
  description:
    'Create an empty document in the person’s own Drive; each call makes another. Fill it with google_docs_content_append, whose documentId ' +
    'is the id in the answer.',
  effect: 'write',
  scopes: [readwrite],
  input: z.object({ title: z.string().min(1).max(255).describe('Name of the file') }),
  output: z.object({ id: z.string(), title: z.string(), url: z.string(), revision_id: z.string().nullable() }),
  request: ({ title }) => post('/v1/documents', { title }),
  respond: (body: DocumentBody) => ({
    id: body.documentId,
    title: body.title ?? '',
    url: `https://docs.google.com/document/d/${body.documentId}/edit`,
    revision_id: body.revisionId ?? null,
  }),
  docs: docs('create'),
  provenance: provenance('create'),
  examples: [
    {
      input: { title: 'Board notes' },
      receives: {
        body: {
          title: 'Board notes',
          body: {
            content: [
              { endIndex: 1, sectionBreak: { sectionStyle: { sectionType: 'CONTINUOUS' } } },
              { startIndex: 1, endIndex: 2, paragraph: { elements: [{ startIndex: 1, endIndex: 2, textRun: { content: '\n' } }] } },
            ],
          },
          revisionId: 'made-up-revision-1',
          suggestionsViewMode: 'SUGGESTIONS_INLINE',
          documentId: '1mAdeUp-Document-Id_of_the_Notes_02',
        },
      },
      gives: {
        id: '1mAdeUp-Document-Id_of_the_Notes_02',
        title: 'Board notes',
        url: 'https://docs.google.com/document/d/1mAdeUp-Document-Id_of_the_Notes_02/edit',
        revision_id: 'made-up-revision-1',
      },
      fresh: { '/documentId': 'sequence:1mAdeUp-Document-Id_of_the_Notes_' },
    },
  ],
});

const documentType = 'application/vnd.google-apps.document';

/** Within a Drive query texts stand in single quotes; these and backslashes are escaped by a backslash. */
const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;

export const documentsList = tool({
  name: 'google_docs_documents_list',
  aliases: ['googledocs_list_documents'],
  title: 'Find documents',
  description:
    'List documents by a word of their name, those changed last first, with the ids that the other tools take. Needs a Drive scope: with ' +
    'drive.file only files that were made or opened through this app are found.',
  effect: 'read',
  scopes: [fileNames],
  input: z.object({
    name: z.string().min(1).max(200).optional().describe('Words that the name holds; every document unless told'),
    limit: z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100'),
    cursor: z.string().min(1).max(2048).optional().describe('next_cursor of the page before'),
  }),
  output: z.object({
    documents: z.array(
      z.object({ id: z.string(), name: z.string(), url: z.string().nullable(), modified_at: z.string(), owner: z.string().nullable() }),
    ),
    next_cursor: z.string().nullable(),
  }),
  request: ({ name, limit, cursor }) => ({
    ...get('/drive/v3/files', {
      q: [`mimeType = '${documentType}'`, 'trashed = false', ...(name === undefined ? [] : [`name contains ${quoted(name)}`])].join(
        ' and ',
      ),
      orderBy: 'modifiedTime desc',
      pageSize: limit,
      pageToken: cursor,
      fields: 'nextPageToken,incompleteSearch,files(id,name,mimeType,webViewLink,modifiedTime,owners(displayName,emailAddress))',
      supportsAllDrives: true,
      includeItemsFromAllDrives: true,
    }),
    host: 'www',
  }),
  respond: (body: {
    files?: { id: string; name: string; webViewLink?: string; modifiedTime: string; owners?: { emailAddress?: string }[] }[];
    nextPageToken?: string;
  }) => ({
    documents: (body.files ?? []).map((file) => ({
      id: file.id,
      name: file.name,
      url: file.webViewLink ?? null,
      modified_at: file.modifiedTime,
      owner: file.owners?.[0]?.emailAddress ?? null,
    })),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: 'https://developers.google.com/workspace/drive/api/reference/rest/v3/files/list',
  provenance: { specification: 'google discovery drive.v3', version: '20260916', operation: 'drive.files.list' },
  examples: [
    {
      input: { name: 'memo' },
      receives: {
        body: {
          incompleteSearch: false,
          files: [
            {
              id,
              name: 'Investment memo: Lumen Labs',
              mimeType: documentType,
              webViewLink: `https://docs.google.com/document/d/${id}/edit`,
              modifiedTime: '2025-11-20T17:40:05.113Z',
              owners: [{ displayName: 'Mira Lopez', emailAddress: 'mira@acme.example' }],
            },
          ],
        },
      },
      gives: {
        documents: [
          {
            id,
            name: 'Investment memo: Lumen Labs',
            url: `https://docs.google.com/document/d/${id}/edit`,
            modified_at: '2025-11-20T17:40:05.113Z',
            owner: 'mira@acme.example',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
