import { get, post, type Tool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import {
  attributesExample,
  Created,
  createdExample,
  createdOf,
  data,
  from,
  id,
  isoOf,
  limit,
  nextCursor,
  type Row,
  restDocs,
  rowOf,
} from './fields.ts';
import { containing, listCursor, listQuery, quoted } from './soql.ts';

interface List {
  plural: string;
  object: string;
  title: string;
  description: string;
  fields: string[];
  /** Which field words are looked for in. */
  words: string;
  /** A field that narrows the list to one record or person, and what it is called outside. */
  by: { name: string; field: string; describe: string };
  example: Row;
}

/** A list of one object, last changed first. The last page may be empty: Salesforce does not say that it was the last. */
function listTool({ plural, object, title, description, fields, words, by, example }: List): Tool {
  const columns = ['Id', ...fields, 'LastModifiedDate'];
  const row = { ...attributesExample(object, String(example.Id)), ...example, LastModifiedDate: '2025-11-21T10:04:40.000+0000' };
  return tool({
    name: `salesforce_${plural}_list`,
    title,
    description,
    effect: 'read',
    scopes: ['api'],
    input: z.object({
      search: z.string().min(1).max(100).optional().describe(`Words within ${words}`),
      [by.name]: id.optional().describe(by.describe),
      limit,
      cursor: listCursor,
    }),
    output: z.object({ records: z.array(z.record(z.string(), z.unknown())), next_cursor: nextCursor }),
    request: (input) => {
      const {
        search,
        limit,
        cursor,
        [by.name]: held,
      } = input as { search?: string; limit: number; cursor?: string; [name: string]: unknown };
      const where = [
        search === undefined ? undefined : `${words} LIKE ${containing(search)}`,
        typeof held === 'string' ? `${by.field} = ${quoted(held)}` : undefined,
      ];
      return get(`${data}/query`, { q: listQuery({ fields: columns, object, where, limit, cursor }) });
    },
    respond: (body: { records: Row[] }) => ({
      records: body.records.map((record) => ({ ...rowOf(record), LastModifiedDate: isoOf(record.LastModifiedDate) })),
      next_cursor: cursorOf(body.records.at(-1)),
    }),
    docs: `${restDocs}/resources_query.htm`,
    provenance: from('Connection.query'),
    examples: [
      {
        input: { search: 'Acme' },
        receives: { body: { totalSize: 1, done: true, records: [row] } },
        gives: {
          records: [{ ...rowOf(row), LastModifiedDate: '2025-11-21T10:04:40.000Z' }],
          next_cursor: `2025-11-21T10:04:40.000Z_${String(example.Id)}`,
        },
      },
    ],
  });
}

function cursorOf(last: Row | undefined): string | null {
  const moment = isoOf(last?.LastModifiedDate);
  return moment === null || typeof last?.Id !== 'string' ? null : `${moment}_${last.Id}`;
}

const paging = 'Last changed first; follow next_cursor until it is null, the last page may be empty. ';

export const accountsList = listTool({
  plural: 'accounts',
  object: 'Account',
  title: 'List accounts',
  description: `List accounts, which are companies, by name or owner. ${paging}For other fields or conditions use salesforce_query_soql.`,
  fields: ['Name', 'Type', 'Industry', 'Website', 'Phone', 'BillingCity', 'BillingCountry', 'OwnerId'],
  words: 'Name',
  by: { name: 'owner_id', field: 'OwnerId', describe: 'Only those of this user; id from salesforce_query_soql' },
  example: {
    Id: '001RM000003oLnnYAE',
    Name: 'Acme',
    Type: 'Customer',
    Industry: 'Technology',
    Website: 'https://acme.example',
    Phone: null,
    BillingCity: 'Madrid',
    BillingCountry: 'Spain',
    OwnerId: '005RM0000023FquYAE',
  },
});

export const contactsList = listTool({
  plural: 'contacts',
  object: 'Contact',
  title: 'List contacts',
  description: `List contacts by name or account; ids of accounts come from salesforce_accounts_list. ${paging}For other conditions use salesforce_query_soql.`,
  fields: ['Name', 'Email', 'Phone', 'Title', 'AccountId', 'Account.Name', 'OwnerId'],
  words: 'Name',
  by: { name: 'account_id', field: 'AccountId', describe: 'Only those of this account; id from salesforce_accounts_list' },
  example: {
    Id: '003RM000006EgQcYAK',
    Name: 'Ada Byron',
    Email: 'ada@acme.example',
    Phone: null,
    Title: 'CTO',
    AccountId: '001RM000003oLnnYAE',
    Account: { ...attributesExample('Account', '001RM000003oLnnYAE'), Name: 'Acme' },
    OwnerId: '005RM0000023FquYAE',
  },
});

export const leadsList = listTool({
  plural: 'leads',
  object: 'Lead',
  title: 'List leads',
  description: `List leads, people who are not contacts yet, by name or owner. ${paging}For other conditions use salesforce_query_soql.`,
  fields: ['Name', 'Company', 'Email', 'Phone', 'Status', 'LeadSource', 'IsConverted', 'OwnerId'],
  words: 'Name',
  by: { name: 'owner_id', field: 'OwnerId', describe: 'Only those of this user; id from salesforce_query_soql' },
  example: {
    Id: '00QRM000001jXyzYAE',
    Name: 'Grace Acme',
    Company: 'Acme',
    Email: 'grace@acme.example',
    Phone: null,
    Status: 'Open - Not Contacted',
    LeadSource: 'Web',
    IsConverted: false,
    OwnerId: '005RM0000023FquYAE',
  },
});

export const opportunitiesList = listTool({
  plural: 'opportunities',
  object: 'Opportunity',
  title: 'List opportunities',
  description: `List opportunities, open and closed (IsClosed), by name or account. ${paging}For a stage or a quarter use salesforce_query_soql.`,
  fields: ['Name', 'StageName', 'Amount', 'Probability', 'CloseDate', 'IsClosed', 'IsWon', 'AccountId', 'Account.Name', 'OwnerId'],
  words: 'Name',
  by: { name: 'account_id', field: 'AccountId', describe: 'Only those of this account; id from salesforce_accounts_list' },
  example: {
    Id: '006RM000005ZbQqYAK',
    Name: 'Acme, 40 seats',
    StageName: 'Negotiation/Review',
    Amount: 12000,
    Probability: 90,
    CloseDate: '2025-12-15',
    IsClosed: false,
    IsWon: false,
    AccountId: '001RM000003oLnnYAE',
    Account: { ...attributesExample('Account', '001RM000003oLnnYAE'), Name: 'Acme' },
    OwnerId: '005RM0000023FquYAE',
  },
});

export const tasksList = listTool({
  plural: 'tasks',
  object: 'Task',
  title: 'List tasks',
  description: `List tasks by subject or by the record that they are about. ${paging}For what is due use salesforce_query_soql on Task.`,
  fields: ['Subject', 'Status', 'Priority', 'ActivityDate', 'IsClosed', 'WhoId', 'WhatId', 'OwnerId'],
  words: 'Subject',
  by: { name: 'what_id', field: 'WhatId', describe: 'Only those about this account, opportunity or other record' },
  example: {
    Id: '00TRM00000Bb1ccYAB',
    Subject: 'Call Acme',
    Status: 'Not Started',
    Priority: 'Normal',
    ActivityDate: '2025-11-24',
    IsClosed: false,
    WhoId: null,
    WhatId: '006RM000005ZbQqYAK',
    OwnerId: '005RM0000023FquYAE',
  },
});

const word = (describe: string) => z.string().max(1000).optional().describe(describe);
const long = (describe: string) => z.string().max(32_000).optional().describe(describe);
const reference = (describe: string) => id.optional().describe(describe);

function createTool(of: {
  name: string;
  object: string;
  title: string;
  description: string;
  input: z.ZodObject;
  example: { input: Record<string, unknown>; id: string };
}): Tool {
  return tool({
    name: `salesforce_${of.name}_create`,
    title: of.title,
    description: of.description,
    effect: 'write',
    scopes: ['api'],
    input: of.input,
    output: Created,
    request: (input) => post(`${data}/sobjects/${of.object}`, input),
    respond: createdOf,
    docs: `${restDocs}/resources_sobject_basic_info_post.htm`,
    provenance: from('Connection.create'),
    examples: [
      {
        input: of.example.input as never,
        receives: { status: 201, body: createdExample(of.example.id) },
        gives: { id: of.example.id },
      },
    ],
  });
}

export const accountCreate = createTool({
  name: 'account',
  object: 'Account',
  title: 'Create an account',
  description:
    'Create one account, a company; duplicates may be refused by the rules of the organization, so look with ' +
    'salesforce_accounts_list first. Fields that are not here: salesforce_sobject_create.',
  input: z.object({
    Name: z.string().min(1).max(255).describe('Name of the company'),
    Industry: word('A choice of the organization'),
    Type: word('For example Customer, Partner'),
    Website: word('Address of the website'),
    Phone: word('Telephone number'),
    BillingStreet: word('Street of the invoice'),
    BillingCity: word('City of the invoice'),
    BillingPostalCode: word('Postal code of the invoice'),
    BillingCountry: word('Country of the invoice'),
    NumberOfEmployees: z.int().min(0).optional().describe('How many people'),
    Description: long('What it does'),
    OwnerId: reference('User who owns it; id from salesforce_query_soql'),
  }),
  example: { input: { Name: 'Acme', Website: 'https://acme.example' }, id: '001RM000003oLnnYAE' },
});

export const contactCreate = createTool({
  name: 'contact',
  object: 'Contact',
  title: 'Create a contact',
  description:
    'Create one contact, usually of an account whose id comes from salesforce_accounts_list; look with salesforce_contacts_list ' +
    'first. People who are not customers yet are leads: salesforce_lead_create.',
  input: z.object({
    LastName: z.string().min(1).max(80).describe('Last name'),
    FirstName: word('First name'),
    Email: z.email().max(80).optional().describe('E-mail address'),
    AccountId: reference('Account where the person works'),
    Title: word('Job title'),
    Department: word('Department'),
    Phone: word('Telephone number'),
    MobilePhone: word('Mobile number'),
    LeadSource: word('Where the contact is from'),
    Description: long('More about the person'),
    OwnerId: reference('User who owns it; id from salesforce_query_soql'),
  }),
  example: {
    input: { LastName: 'Byron', FirstName: 'Ada', Email: 'ada@acme.example', AccountId: '001RM000003oLnnYAE' },
    id: '003RM000006EgQcYAK',
  },
});

export const leadCreate = createTool({
  name: 'lead',
  object: 'Lead',
  title: 'Create a lead',
  description:
    'Create one lead, a person who may become a customer; rules of the organization may assign it and notify somebody. Look with ' +
    'salesforce_leads_list first. For known customers use salesforce_contact_create.',
  input: z.object({
    LastName: z.string().min(1).max(80).describe('Last name'),
    Company: z.string().min(1).max(255).describe('Where the person works'),
    FirstName: word('First name'),
    Email: z.email().max(80).optional().describe('E-mail address'),
    Title: word('Job title'),
    Phone: word('Telephone number'),
    Website: word('Address of the website'),
    Status: word('A choice of the organization'),
    LeadSource: word('Where the lead is from'),
    Industry: word('A choice of the organization'),
    Description: long('What is wanted'),
    OwnerId: reference('User or queue that owns it; id from salesforce_query_soql'),
  }),
  example: { input: { LastName: 'Hopper', Company: 'Acme', Email: 'grace@acme.example' }, id: '00QRM000001jXyzYAE' },
});

export const opportunityCreate = createTool({
  name: 'opportunity',
  object: 'Opportunity',
  title: 'Create an opportunity',
  description:
    'Create one opportunity of an account; stages are choices that salesforce_object_describe (Opportunity) shows. Look with ' +
    'salesforce_opportunities_list first. Move it on later with salesforce_sobject_update.',
  input: z.object({
    Name: z.string().min(1).max(120).describe('What it is called'),
    StageName: z.string().min(1).max(255).describe('Stage, a choice of the organization'),
    CloseDate: z.iso.date().describe('When it shall close'),
    AccountId: reference('Account that it is for; id from salesforce_accounts_list'),
    Amount: z.number().optional().describe('Worth, in the currency of the organization'),
    Probability: z.number().min(0).max(100).optional().describe('Per cent; the stage decides unless told'),
    Type: word('For example New Business'),
    LeadSource: word('Where it is from'),
    NextStep: word('What comes next'),
    Description: long('What it is about'),
    OwnerId: reference('User who owns it; id from salesforce_query_soql'),
  }),
  example: {
    input: { Name: 'Acme, 40 seats', StageName: 'Prospecting', CloseDate: '2025-12-15', AccountId: '001RM000003oLnnYAE' },
    id: '006RM000005ZbQqYAK',
  },
});

export const taskCreate = createTool({
  name: 'task',
  object: 'Task',
  title: 'Create a task',
  description:
    'Create one task for somebody, about a person (WhoId) and a record (WhatId); what was done already has Status Completed. Each ' +
    'call makes another: look with salesforce_tasks_list first. For a mere remark use salesforce_note_create.',
  input: z.object({
    Subject: z.string().min(1).max(255).describe('What to do, in one line'),
    ActivityDate: z.iso.date().optional().describe('When it is due'),
    Status: z.string().max(255).default('Not Started').describe('For example Not Started, In Progress, Completed'),
    Priority: z.string().max(255).default('Normal').describe('For example High, Normal, Low'),
    WhoId: reference('Contact or lead that it is about; id from salesforce_contacts_list or salesforce_leads_list'),
    WhatId: reference('Account, opportunity or other record that it is about; id from salesforce_query_soql'),
    OwnerId: reference('User who shall do it, id from salesforce_query_soql; oneself unless told'),
    Description: long('More about it'),
  }),
  example: {
    input: { Subject: 'Call Ada', ActivityDate: '2025-11-24', WhatId: '006RM000005ZbQqYAK' },
    id: '00TRM00000Bb1ccYAB',
  },
});

export const noteCreate = createTool({
  name: 'note',
  object: 'Note',
  title: 'Write a note',
  description:
    'Write one note on a record, in plain text; each call writes another. Organizations that use enhanced notes alone show it ' +
    'under Notes & Attachments. Ids come from salesforce_accounts_list and its siblings. For something to do use salesforce_task_create.',
  input: z.object({
    ParentId: id.describe('Record that it is on'),
    Title: z.string().min(1).max(80).describe('Title of the note'),
    Body: long('The note, plain text'),
    IsPrivate: z.boolean().default(false).describe('Only its owner sees it'),
  }),
  example: {
    input: { ParentId: '001RM000003oLnnYAE', Title: 'Renewal', Body: 'Wants to renew in May.' },
    id: '002RM000002Lx0bYAC',
  },
});
