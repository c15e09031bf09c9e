import type { Contract, Evidence } from '../contract.ts';
import type { Schema } from '../description.ts';
import { importFile, inPackage, versionOf } from '../outside.ts';
import { confluence } from '../sources.ts';

const text: Schema = { type: 'string' };
const page = 'https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/';

/** confluence.js passes bodies of pages on as any object, and has models of what they are made of. */
const model = (file: string, unverified: string[] = []): Evidence => ({
  from: `confluence.js ${versionOf('confluence.js')}, v2/models/${file}`,
  keys: async () => {
    const found = await importFile(inPackage('confluence.js', `dist/v2/models/${file}.js`));
    return Object.values(found).flatMap((value) => Object.keys((value as { shape?: object }).shape ?? {}));
  },
  unverified,
});

const written: Record<string, Schema> = { status: { enum: ['current', 'draft'] }, title: text, spaceId: text, parentId: text, body: {} };

const contract: Contract = {
  specifications: [[/confluence/, confluence]],
  paths: [[/^\/ex\/confluence\/[^/]+/, '']],
  supplements: [
    {
      operation: /^createPage$/,
      at: 'body',
      schema: { type: 'object', properties: { ...written, subtype: text }, required: ['spaceId'] },
      page,
      evidence: model('page', ['subtype']),
    },
    {
      operation: /^updatePage$/,
      at: 'body',
      schema: {
        type: 'object',
        properties: { ...written, id: text, ownerId: text, version: {} },
        required: ['id', 'status', 'title', 'body', 'version'],
      },
      page,
      evidence: model('page'),
    },
    {
      operation: /^(create|update)Page$/,
      at: 'body.body',
      schema: {
        type: 'object',
        properties: { representation: { enum: ['storage', 'atlas_doc_format', 'wiki'] }, value: text },
        required: ['representation', 'value'],
      },
      page,
      evidence: model('pageBodyWrite'),
    },
    {
      operation: /^updatePage$/,
      at: 'body.version',
      schema: { type: 'object', properties: { number: { type: 'integer' }, message: text }, required: ['number'] },
      page,
      evidence: model('version'),
    },
  ],
};

export default contract;
