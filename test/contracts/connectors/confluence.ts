import type { Contract } from '../contract.ts';
import type { Schema } from '../description.ts';
import { confluence } from '../sources.ts';

const text: Schema = { type: 'string' };
const page = 'https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/';

/** confluence.js passes bodies of pages on as any object; these keys are on Atlassian's page. */
const written: Record<string, Schema> = {
  status: { enum: ['current', 'draft'] },
  title: text,
  spaceId: text,
  parentId: text,
  body: {
    type: 'object',
    properties: { representation: { enum: ['storage', 'atlas_doc_format', 'wiki'] }, value: text },
    required: ['representation', 'value'],
  },
};

const contract: Contract = {
  specifications: [[/confluence/, confluence]],
  paths: [[/^\/ex\/confluence\/[^/]+/, '']],
  supplements: [
    {
      operation: /^createPage$/,
      at: 'body',
      schema: { type: 'object', properties: { ...written, subtype: text }, required: ['spaceId'] },
      page,
    },
    {
      operation: /^updatePage$/,
      at: 'body',
      schema: {
        type: 'object',
        properties: {
          ...written,
          id: text,
          ownerId: text,
          version: { type: 'object', properties: { number: { type: 'integer' }, message: text }, required: ['number'] },
        },
        required: ['id', 'status', 'title', 'body', 'version'],
      },
      page,
    },
  ],
};

export default contract;
