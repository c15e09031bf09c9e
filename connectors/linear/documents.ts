import { graphql, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, limit, nextCursor, nextOf, type Page, pageInfo } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://linear.app/developers/graphql';

const ids = {
  project: '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541',
  document: '8f7e6d5c-4b3a-4291-8e7d-6c5b4a392817',
};

const DocumentBrief = z.object({
  id: z.string(),
  title: z.string(),
  url: z.string(),
  project: z.object({ id: z.string(), name: z.string() }).nullable(),
  updated_at: z.string(),
});

interface DocumentNode {
  id: string;
  title: string;
  url: string;
  project: { id: string; name: string } | null;
  updatedAt: string;
}

const documentFields = 'id title url project { id name } updatedAt';

function documentOf({ updatedAt, ...document }: DocumentNode): z.input<typeof DocumentBrief> {
  return { ...document, updated_at: updatedAt };
}

const document = {
  id: ids.document,
  title: 'Postmortem: slow checkout',
  url: 'https://linear.app/acme/document/postmortem-slow-checkout-9a8b7c6d5e4f',
  project: { id: ids.project, name: 'Payments reliability' },
  updatedAt: '2025-11-21T12:00:00.000Z',
};

const documentShown = {
  id: ids.document,
  title: 'Postmortem: slow checkout',
  url: 'https://linear.app/acme/document/postmortem-slow-checkout-9a8b7c6d5e4f',
  project: { id: ids.project, name: 'Payments reliability' },
  updated_at: '2025-11-21T12:00:00.000Z',
};

export const documentsList = tool({
  name: 'linear_documents_list',
  title: 'List documents',
  description:
    'List documents, the most recently changed first, narrowed by project or words of the title. linear_document_get gives the text of one; ' +
    'project ids come from linear_projects_list.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({
    projectId: z.uuid().optional().describe('Only documents of this project'),
    title: z.string().min(1).max(255).optional().describe('Only documents whose title holds this text'),
    limit,
    cursor,
  }),
  output: z.object({ documents: z.array(DocumentBrief), next_cursor: nextCursor }),
  request: ({ projectId: project, title, limit: first, cursor: after }) =>
    graphql(
      `query Documents($filter: DocumentFilter, $first: Int, $after: String) { documents(filter: $filter, first: $first, after: $after, orderBy: updatedAt) { nodes { ${documentFields} } ${pageInfo} } }`,
      {
        filter: {
          project: project === undefined ? undefined : { id: { eq: project } },
          title: title === undefined ? undefined : { containsIgnoreCase: title },
        },
        first,
        after,
      },
    ),
  respond: ({ data }: { data: { documents: Page<DocumentNode> } }) => ({
    documents: data.documents.nodes.map(documentOf),
    next_cursor: nextOf(data.documents),
  }),
  docs,
  provenance: typed('Query.documents'),
  examples: [
    {
      input: { title: 'postmortem' },
      receives: { body: { data: { documents: { nodes: [document], pageInfo: { hasNextPage: false, endCursor: null } } } } },
      gives: { documents: [documentShown], next_cursor: null },
    },
  ],
});

const DocumentWhole = DocumentBrief.extend({ content: z.string(), truncated: z.boolean() });

function wholeOf({ content, ...rest }: DocumentNode & { content: string | null }): z.input<typeof DocumentWhole> {
  const text = content ?? '';
  return { ...documentOf(rest), content: text.slice(0, 20_000), truncated: text.length > 20_000 };
}

export const documentGet = tool({
  name: 'linear_document_get',
  title: 'Read a document',
  description:
    'Read one document with its text as Markdown, at most 20,000 characters (truncated says whether there is more). Ids come from ' +
    'linear_documents_list. To write one use linear_document_create.',
  effect: 'read',
  scopes: ['read'],
  input: z.object({ documentId: z.uuid().describe('Document id from linear_documents_list') }),
  output: DocumentWhole,
  request: ({ documentId: id }) => graphql(`query Document($id: String!) { document(id: $id) { ${documentFields} content } }`, { id }),
  respond: ({ data }: { data: { document: DocumentNode & { content: string | null } } }) => wholeOf(data.document),
  docs,
  provenance: typed('Query.document'),
  examples: [
    {
      input: { documentId: ids.document },
      receives: { body: { data: { document: { ...document, content: '# What happened' } } } },
      gives: { ...documentShown, content: '# What happened', truncated: false },
    },
  ],
});

export const documentCreate = tool({
  name: 'linear_document_create',
  title: 'Write a document',
  description:
    'Write a document, for example a postmortem, in a project or for a team; give exactly one of the two. Each call writes another. Projects ' +
    'come from linear_projects_list, teams from linear_teams_list.',
  effect: 'write',
  scopes: ['write'],
  input: z
    .object({
      title: z.string().min(1).max(255).describe('The document’s title'),
      content: z.string().max(50_000).describe('Its text in Markdown'),
      projectId: z.uuid().optional().describe('Project that it belongs to'),
      teamId: z.uuid().optional().describe('Team that it belongs to'),
    })
    .refine(({ projectId: project, teamId }) => (project === undefined) !== (teamId === undefined), 'give either projectId or teamId'),
  output: DocumentWhole,
  request: (input) =>
    graphql(
      `mutation DocumentCreate($input: DocumentCreateInput!) { documentCreate(input: $input) { success document { ${documentFields} content } } }`,
      { input },
    ),
  respond: ({ data }: { data: { documentCreate: { document: DocumentNode & { content: string | null } } } }) =>
    wholeOf(data.documentCreate.document),
  docs,
  provenance: typed('Mutation.documentCreate'),
  examples: [
    {
      input: { title: 'Postmortem: slow checkout', content: '# What happened', projectId: ids.project },
      receives: { body: { data: { documentCreate: { success: true, document: { ...document, content: '# What happened' } } } } },
      gives: { ...documentShown, content: '# What happened', truncated: false },
      fresh: { '/data/documentCreate/document/id': 'uuid', '/data/documentCreate/document/updatedAt': 'iso_now' },
    },
  ],
});
