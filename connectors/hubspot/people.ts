import { path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { CrmRecord, docsBase, from, id, moreProperties, recordExample, recordGiven, recordOf, texts } from './fields.ts';
import { getTool, type Kind, searchTool } from './records.ts';

const word = z.string().max(1000).optional();

const contact: Kind = {
  plural: 'contacts',
  singular: 'contact',
  client: 'contacts',
  properties: ['email', 'firstname', 'lastname', 'company', 'jobtitle', 'phone', 'lifecyclestage', 'hs_lead_status', 'hubspot_owner_id'],
  scope: 'crm.objects.contacts.read',
  searchAlias: 'hubspot_contacts_list',
  searchDescription:
    'Search contacts by words or filters, or list all, last changed first. Names of properties come from ' +
    'hubspot_object_properties_list. What was changed seconds ago may be missing: hubspot_contact_get reads it. 10,000 hits at most.',
  example: {
    query: 'ada@acme.example',
    received: recordExample('101', { email: 'ada@acme.example', firstname: 'Ada', lastname: 'Byron', phone: null }),
    given: recordGiven('101', { email: 'ada@acme.example', firstname: 'Ada', lastname: 'Byron' }),
  },
};

export const contactsSearch = searchTool(contact);
export const contactGet = getTool(
  contact,
  'Read one contact with the properties named; those that are empty are left out. Ids come from hubspot_contacts_search. Deals, ' +
    'companies and notes of it come from hubspot_record_associations_get.',
);

const contactFields = {
  firstname: word.describe('First name'),
  lastname: word.describe('Last name'),
  phone: word.describe('Telephone number'),
  company: word.describe('Name of the employer, as text'),
  jobtitle: word.describe('Job title'),
  website: word.describe('Address of the website'),
  lifecyclestage: word.describe('lead, customer, … or a stage of the account'),
  hs_lead_status: word.describe('NEW, OPEN, … as the account defines them'),
  properties: moreProperties,
};

export const contactCreate = tool({
  name: 'hubspot_contact_create',
  title: 'Create a contact',
  description:
    'Create one contact; an address that exists is refused, so look with hubspot_contacts_search first. Link it to a company or ' +
    'deal with hubspot_association_create. Possible values come from hubspot_object_properties_list.',
  effect: 'write',
  scopes: ['crm.objects.contacts.write'],
  input: z.object({ email: z.email().max(254).describe('E-mail address, new in the account'), ...contactFields }),
  output: CrmRecord,
  request: ({ properties, ...rest }) => post('/crm/v3/objects/contacts', { properties: { ...properties, ...texts(rest) } }),
  respond: recordOf,
  docs: `${docsBase}/crm-contacts-v3/basic/post-crm-v3-objects-contacts`,
  provenance: from('crm.contacts.basicApi.create'),
  examples: [
    {
      input: { email: 'ada@acme.example', firstname: 'Ada', lastname: 'Byron' },
      receives: { status: 201, body: contact.example.received },
      gives: contact.example.given,
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});

export const contactUpdate = tool({
  name: 'hubspot_contact_update',
  title: 'Change a contact',
  description:
    'Change properties of one contact; what is left out stays, "" empties one. Ids come from hubspot_contacts_search. Workflows ' +
    'of the account may send mail when a stage changes.',
  effect: 'write',
  idempotent: true,
  scopes: ['crm.objects.contacts.write'],
  input: z.object({
    contact_id: id.describe('Contact id'),
    email: z.email().max(254).optional().describe('New e-mail address'),
    ...contactFields,
  }),
  output: CrmRecord,
  request: ({ contact_id, properties, ...rest }) => ({
    method: 'PATCH',
    path: path`/crm/v3/objects/contacts/${contact_id}`,
    json: { properties: { ...properties, ...texts(rest) } },
  }),
  respond: recordOf,
  docs: `${docsBase}/crm-contacts-v3/basic/patch-crm-v3-objects-contacts-contactId`,
  provenance: from('crm.contacts.basicApi.update'),
  examples: [
    {
      input: { contact_id: '101', lifecyclestage: 'customer' },
      receives: { body: recordExample('101', { lifecyclestage: 'customer' }) },
      gives: recordGiven('101', { lifecyclestage: 'customer' }),
      fresh: { '/updatedAt': 'iso_now' },
    },
  ],
});

const company: Kind = {
  plural: 'companies',
  singular: 'company',
  client: 'companies',
  properties: ['name', 'domain', 'industry', 'phone', 'city', 'country', 'numberofemployees', 'annualrevenue', 'hubspot_owner_id'],
  scope: 'crm.objects.companies.read',
  searchAlias: 'hubspot_companies_list',
  searchDescription:
    'Search companies by words or filters, or list all, last changed first. The people of one are found with ' +
    'hubspot_record_associations_get. What was changed seconds ago may be missing: hubspot_company_get reads it.',
  example: {
    query: 'acme.example',
    received: recordExample('501', { name: 'Acme', domain: 'acme.example', industry: 'COMPUTER_SOFTWARE', city: null }),
    given: recordGiven('501', { name: 'Acme', domain: 'acme.example', industry: 'COMPUTER_SOFTWARE' }),
  },
};

export const companiesSearch = searchTool(company);
export const companyGet = getTool(
  company,
  'Read one company with the properties named; those that are empty are left out. Ids come from hubspot_companies_search. ' +
    'Contacts and deals of it come from hubspot_record_associations_get.',
);

const companyFields = {
  domain: z.string().max(253).optional().describe('Domain, which tells companies apart'),
  industry: word.describe('Internal value such as COMPUTER_SOFTWARE'),
  description: word.describe('What it does'),
  phone: word.describe('Telephone number'),
  city: word.describe('City of the seat'),
  state: word.describe('State or region'),
  country: word.describe('Country of the seat'),
  numberofemployees: z.int().min(0).optional().describe('How many people'),
  annualrevenue: z.number().min(0).optional().describe('Revenue of a year'),
  properties: moreProperties,
};

export const companyCreate = tool({
  name: 'hubspot_company_create',
  title: 'Create a company',
  description:
    'Create one company; HubSpot does not refuse a second one with the same domain, so look with hubspot_companies_search ' +
    'first. Link people to it with hubspot_association_create.',
  effect: 'write',
  scopes: ['crm.objects.companies.write'],
  input: z.object({ name: z.string().min(1).max(1000).describe('What it is called'), ...companyFields }),
  output: CrmRecord,
  request: ({ properties, ...rest }) => post('/crm/v3/objects/companies', { properties: { ...properties, ...texts(rest) } }),
  respond: recordOf,
  docs: `${docsBase}/crm-companies-v3/basic/post-crm-v3-objects-companies`,
  provenance: from('crm.companies.basicApi.create'),
  examples: [
    {
      input: { name: 'Acme', domain: 'acme.example', numberofemployees: 120 },
      receives: { status: 201, body: recordExample('501', { name: 'Acme', domain: 'acme.example', numberofemployees: '120' }) },
      gives: recordGiven('501', { name: 'Acme', domain: 'acme.example', numberofemployees: '120' }),
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});

export const companyUpdate = tool({
  name: 'hubspot_company_update',
  title: 'Change a company',
  description:
    'Change properties of one company; what is left out stays, and "" in properties empties one. Ids come from ' +
    'hubspot_companies_search, possible values from hubspot_object_properties_list.',
  effect: 'write',
  idempotent: true,
  scopes: ['crm.objects.companies.write'],
  input: z.object({
    company_id: id.describe('Company id'),
    name: z.string().min(1).max(1000).optional().describe('What it is called'),
    ...companyFields,
  }),
  output: CrmRecord,
  request: ({ company_id, properties, ...rest }) => ({
    method: 'PATCH',
    path: path`/crm/v3/objects/companies/${company_id}`,
    json: { properties: { ...properties, ...texts(rest) } },
  }),
  respond: recordOf,
  docs: `${docsBase}/crm-companies-v3/basic/patch-crm-v3-objects-companies-companyId`,
  provenance: from('crm.companies.basicApi.update'),
  examples: [
    {
      input: { company_id: '501', city: 'Madrid' },
      receives: { body: recordExample('501', { city: 'Madrid' }) },
      gives: recordGiven('501', { city: 'Madrid' }),
      fresh: { '/updatedAt': 'iso_now' },
    },
  ],
});
