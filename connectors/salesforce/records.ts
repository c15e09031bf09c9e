import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  apiName,
  attributesExample,
  Created,
  createdExample,
  createdOf,
  Done,
  data,
  done,
  Fields,
  fieldName,
  from,
  isCut,
  type Row,
  record_id,
  restDocs,
  rowOf,
  sobject_type,
} from './fields.ts';

const fields = Fields.describe('Field names and values; null empties a field');

export const sobjectGet = tool({
  name: 'salesforce_sobject_get',
  title: 'Read a record',
  description:
    'Read one record of any object by its id, with the fields named, or with all of them, which may be hundreds. Names of fields ' +
    'come from salesforce_object_describe, ids from salesforce_query_soql. Texts over 4,000 characters are cut (truncated).',
  effect: 'read',
  scopes: ['api'],
  input: z.object({
    sobject_type,
    record_id,
    fields: z.array(fieldName).max(100).optional().describe('Fields to show; all unless told'),
  }),
  output: z.object({ fields: z.record(z.string(), z.unknown()), truncated: z.boolean() }),
  request: ({ sobject_type, record_id, fields }) =>
    get(path`/services/data/v64.0/sobjects/${sobject_type}/${record_id}`, { fields: fields?.join(',') }),
  respond: (row: Row) => ({ fields: rowOf(row), truncated: isCut(row) }),
  docs: `${restDocs}/resources_sobject_retrieve_get.htm`,
  provenance: from('Connection.retrieve'),
  examples: [
    {
      input: { sobject_type: 'Account', record_id: '001RM000003oLnnYAE', fields: ['Name', 'Industry'] },
      receives: {
        body: { ...attributesExample('Account', '001RM000003oLnnYAE'), Name: 'Acme', Industry: 'Technology', Id: '001RM000003oLnnYAE' },
      },
      gives: { fields: { Name: 'Acme', Industry: 'Technology', Id: '001RM000003oLnnYAE' }, truncated: false },
    },
  ],
});

export const sobjectCreate = tool({
  name: 'salesforce_sobject_create',
  title: 'Create a record',
  description:
    'Create one record of any object; each call makes another. What is required and allowed comes from salesforce_object_describe. ' +
    'For the common ones use salesforce_account_create, salesforce_contact_create, salesforce_lead_create.',
  effect: 'write',
  scopes: ['api'],
  input: z.object({ sobject_type, fields }),
  output: Created,
  request: ({ sobject_type, fields }) => post(path`/services/data/v64.0/sobjects/${sobject_type}`, fields),
  respond: createdOf,
  docs: `${restDocs}/resources_sobject_basic_info_post.htm`,
  provenance: from('Connection.create'),
  examples: [
    {
      input: { sobject_type: 'Case', fields: { Subject: 'Invoice is wrong', Priority: 'High' } },
      receives: { status: 201, body: createdExample('500RM000004RtfbYAC') },
      gives: { id: '500RM000004RtfbYAC' },
    },
  ],
});

export const sobjectUpdate = tool({
  name: 'salesforce_sobject_update',
  title: 'Change a record',
  description:
    'Change fields of one record of any object, for example the StageName of an Opportunity; what is left out stays, null empties ' +
    'a field. Read it first with salesforce_sobject_get. Rules and flows of the organization run.',
  effect: 'write',
  idempotent: true,
  scopes: ['api'],
  input: z.object({ sobject_type, record_id, fields }),
  output: Done,
  request: ({ sobject_type, record_id, fields }) => ({
    method: 'PATCH',
    path: path`/services/data/v64.0/sobjects/${sobject_type}/${record_id}`,
    json: fields,
  }),
  respond: done,
  docs: `${restDocs}/resources_sobject_retrieve_patch.htm`,
  provenance: from('Connection.update'),
  examples: [
    {
      input: { sobject_type: 'Opportunity', record_id: '006RM000005ZbQqYAK', fields: { StageName: 'Closed Won' } },
      receives: { status: 204, body: '' },
      gives: { done: true },
    },
  ],
});

export const sobjectDelete = tool({
  name: 'salesforce_sobject_delete',
  title: 'Delete a record',
  description:
    'Delete one record of any object, and those that hang on it: the contacts and opportunities of an account too. It lies in ' +
    'the recycle bin for 15 days. Read it first with salesforce_sobject_get; to close something use salesforce_sobject_update.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['api'],
  input: z.object({ sobject_type, record_id }),
  output: Done,
  request: ({ sobject_type, record_id }) => ({
    method: 'DELETE',
    path: path`/services/data/v64.0/sobjects/${sobject_type}/${record_id}`,
  }),
  respond: done,
  docs: `${restDocs}/resources_sobject_retrieve_delete.htm`,
  provenance: from('Connection.destroy'),
  examples: [
    { input: { sobject_type: 'Task', record_id: '00TRM00000Bb1ccYAB' }, receives: { status: 204, body: '' }, gives: { done: true } },
  ],
});

interface FieldBody {
  name: string;
  label: string;
  type: string;
  nillable: boolean;
  createable: boolean;
  updateable: boolean;
  defaultedOnCreate: boolean;
  referenceTo?: string[];
  picklistValues?: { value: string; active: boolean }[];
}

const fieldsMax = 300;
const choicesMax = 25;

export const objectDescribe = tool({
  name: 'salesforce_object_describe',
  title: 'Describe an object',
  description:
    'List the fields of one object, custom ones too: type, whether one must or may be written, the first 25 choices of a picklist, ' +
    'and what a reference points to. Names of objects come from salesforce_global_describe.',
  effect: 'read',
  scopes: ['api'],
  input: z.object({ sobject: apiName.describe('API name of the object, such as Account or Invoice__c') }),
  output: z.object({
    name: z.string(),
    label: z.string(),
    fields: z.array(
      z.object({
        name: z.string(),
        label: z.string(),
        type: z.string(),
        required: z.boolean(),
        writable: z.boolean(),
        references: z.array(z.string()),
        choices: z.array(z.string()),
      }),
    ),
    truncated: z.boolean(),
  }),
  request: ({ sobject }) => get(path`/services/data/v64.0/sobjects/${sobject}/describe`),
  respond: (body: { name: string; label: string; fields: FieldBody[] }) => ({
    name: body.name,
    label: body.label,
    fields: body.fields.slice(0, fieldsMax).map((field) => ({
      name: field.name,
      label: field.label,
      type: field.type,
      required: field.createable && !field.nillable && !field.defaultedOnCreate,
      writable: field.createable || field.updateable,
      references: (field.referenceTo ?? []).slice(0, 5),
      choices: (field.picklistValues ?? [])
        .filter((choice) => choice.active)
        .slice(0, choicesMax)
        .map((choice) => choice.value),
    })),
    truncated: body.fields.length > fieldsMax,
  }),
  docs: `${restDocs}/resources_sobject_describe.htm`,
  provenance: from('Connection.describe'),
  examples: [
    {
      input: { sobject: 'Opportunity' },
      receives: {
        body: {
          name: 'Opportunity',
          label: 'Opportunity',
          labelPlural: 'Opportunities',
          keyPrefix: '006',
          custom: false,
          createable: true,
          queryable: true,
          fields: [
            fieldExample('StageName', 'Stage', 'picklist', {
              nillable: false,
              picklistValues: [
                { active: true, defaultValue: false, label: 'Prospecting', validFor: null, value: 'Prospecting' },
                { active: false, defaultValue: false, label: 'Old', validFor: null, value: 'Old' },
              ],
            }),
            fieldExample('AccountId', 'Account ID', 'reference', { referenceTo: ['Account'], relationshipName: 'Account' }),
          ],
          recordTypeInfos: [],
          childRelationships: [],
          urls: { sobject: `${data}/sobjects/Opportunity`, describe: `${data}/sobjects/Opportunity/describe` },
        },
      },
      gives: {
        name: 'Opportunity',
        label: 'Opportunity',
        fields: [
          { name: 'StageName', label: 'Stage', type: 'picklist', required: true, writable: true, references: [], choices: ['Prospecting'] },
          {
            name: 'AccountId',
            label: 'Account ID',
            type: 'reference',
            required: false,
            writable: true,
            references: ['Account'],
            choices: [],
          },
        ],
        truncated: false,
      },
    },
  ],
});

function fieldExample(name: string, label: string, type: string, more: object) {
  return {
    name,
    label,
    type,
    length: 255,
    nillable: true,
    createable: true,
    updateable: true,
    defaultedOnCreate: false,
    calculated: false,
    custom: false,
    filterable: true,
    sortable: true,
    soapType: 'xsd:string',
    referenceTo: [],
    picklistValues: [],
    ...more,
  };
}

const objectsMax = 500;

export const globalDescribe = tool({
  name: 'salesforce_global_describe',
  title: 'List objects',
  description:
    'List the objects of the organization that can be queried, standard and custom (__c), up to 500 (truncated), custom ones ' +
    'first. Then see the fields of one with salesforce_object_describe.',
  effect: 'read',
  scopes: ['api'],
  input: z.object({}),
  output: z.object({
    objects: z.array(z.object({ name: z.string(), label: z.string(), custom: z.boolean() })),
    truncated: z.boolean(),
  }),
  request: () => get(`${data}/sobjects`),
  respond: (body: { sobjects: { name: string; label: string; custom: boolean; queryable: boolean; deprecatedAndHidden?: boolean }[] }) => {
    const shown = body.sobjects
      .filter((object) => object.queryable && object.deprecatedAndHidden !== true)
      .toSorted((a, b) => Number(b.custom) - Number(a.custom));
    return {
      objects: shown.slice(0, objectsMax).map(({ name, label, custom }) => ({ name, label, custom })),
      truncated: shown.length > objectsMax,
    };
  },
  docs: `${restDocs}/resources_describeGlobal.htm`,
  provenance: from('Connection.describeGlobal'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          encoding: 'UTF-8',
          maxBatchSize: 200,
          sobjects: [objectExample('Account', 'Account', false), objectExample('Invoice__c', 'Invoice', true)],
        },
      },
      gives: {
        objects: [
          { name: 'Invoice__c', label: 'Invoice', custom: true },
          { name: 'Account', label: 'Account', custom: false },
        ],
        truncated: false,
      },
    },
  ],
});

function objectExample(name: string, label: string, custom: boolean) {
  return {
    name,
    label,
    labelPlural: `${label}s`,
    keyPrefix: custom ? 'a00' : '001',
    custom,
    createable: true,
    deletable: true,
    deprecatedAndHidden: false,
    queryable: true,
    searchable: true,
    updateable: true,
    urls: { sobject: `${data}/sobjects/${name}`, describe: `${data}/sobjects/${name}/describe` },
  };
}
