import type { Contract } from '../contract.ts';
import type { Schema } from '../description.ts';
import { jira } from '../sources.ts';

const text: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({ type: 'object', properties, required });
const list = (items: Schema): Schema => ({ type: 'array', items });
const idOr = (key: string) => object({ id: text, [key]: text });

/** Atlassian's document format: nodes by type, with marks on text. */
const documents = {
  node: object(
    {
      type: text,
      version: { const: 1 },
      attrs: object({ level: { type: 'integer' }, language: text, order: { type: 'integer' }, id: text, text, url: text, panelType: text }),
      content: list({ $ref: '#/node' }),
      text,
      marks: list(object({ type: text, attrs: object({ href: text, title: text }) }, ['type'])),
    },
    ['type'],
  ),
};
const document: Schema = { allOf: [{ $ref: '#/node' }, { required: ['version', 'content'] }] };

/** Atlassian's specification says of `fields` that it is any object, since projects have fields of their own. These are Jira's. */
const fields: Schema = {
  ...documents,
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
    { operation: /^(createIssue|editIssue|doTransition)$/, at: 'body.fields', schema: fields, page },
    {
      operation: /^(editIssue|doTransition)$/,
      at: 'body.update',
      schema: {
        ...documents,
        ...object({
          comment: list(object({ add: object({ body: document }, ['body']) })),
          labels: list(object({ add: text, remove: text, set: list(text) })),
        }),
      },
      page,
    },
    { operation: /^(addComment|updateComment)$/, at: 'body.body', schema: { ...documents, ...document }, page: structure },
    { operation: /^(addWorklog|updateWorklog)$/, at: 'body.comment', schema: { ...documents, ...document }, page: structure },
  ],
  // Null takes the assignee away, -1 takes the project's default.
  allowed: [{ operation: 'assignIssue', at: 'body.accountId', page }],
};

export default contract;
