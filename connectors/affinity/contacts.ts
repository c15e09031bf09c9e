import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, Field, type FieldBodies, fieldsOf, id, limit, nextCursor, typed } from './fields.ts';

const v1 = 'https://api-docs.affinity.co/';
const v2 = 'https://developer.affinity.co/api-reference/';

const fieldTypes = z
  .array(z.enum(['enriched', 'global', 'relationship-intelligence']))
  .max(3)
  .default(['global', 'relationship-intelligence'])
  .describe('Fields to show: bought data, your own, or when there was contact');

interface V1Paged {
  next_page_token?: string | null;
}

/** The first version's parameters of a search. */
function search({ term, limit: page_size, cursor: page_token }: { term: string; limit: number; cursor?: string | undefined }) {
  return { term, page_size, page_token };
}

const term = z.string().min(1).max(200);

const CompanyFound = z.object({ company_id: z.int(), name: z.string(), domain: z.string().nullable(), domains: z.array(z.string()) });

interface OrganizationBody {
  id: number;
  name: string;
  domain: string | null;
  domains?: string[];
}

function organizationOf(found: OrganizationBody): z.input<typeof CompanyFound> {
  return { company_id: found.id, name: found.name, domain: found.domain, domains: found.domains ?? [] };
}

const organization = {
  id: 7133202,
  name: 'Nordlicht Robotics',
  domain: 'nordlicht.example',
  domains: ['nordlicht.example'],
  crunchbase_uuid: null,
  person_ids: [38706],
  global: false,
};

const organizationShown = {
  company_id: 7133202,
  name: 'Nordlicht Robotics',
  domain: 'nordlicht.example',
  domains: ['nordlicht.example'],
};

export const searchOrganizations = tool({
  name: 'affinity_search_organizations',
  aliases: ['affinity_search_companies', 'affinity_v2_search_companies'],
  title: 'Find companies',
  description:
    'Find companies by name or domain. Gives the company_id that affinity_v2_get_company, affinity_list_notes and affinity_list_interactions ' +
    'take. For people use affinity_search_persons.',
  effect: 'read',
  scopes: [],
  input: z.object({ term: term.describe('Name or domain, or a part of it'), limit, cursor }),
  output: z.object({ companies: z.array(CompanyFound), next_cursor: nextCursor }),
  request: (given) => get('/organizations', search(given)),
  respond: (body: { organizations: OrganizationBody[] } & V1Paged) => ({
    companies: body.organizations.map(organizationOf),
    next_cursor: body.next_page_token ?? null,
  }),
  docs: `${v1}#search-for-organizations`,
  provenance: typed('GET /organizations'),
  examples: [
    {
      input: { term: 'nordlicht' },
      receives: { body: { organizations: [organization], next_page_token: null } },
      gives: { companies: [organizationShown], next_cursor: null },
    },
  ],
});

const PersonFound = z.object({
  person_id: z.int(),
  name: z.string(),
  type: z.string(),
  email: z.string().nullable(),
  emails: z.array(z.string()),
});

interface V1Person {
  id: number;
  type: number;
  first_name: string | null;
  last_name: string | null;
  primary_email: string | null;
  emails: string[];
}

function v1PersonOf(person: V1Person): z.input<typeof PersonFound> {
  return {
    person_id: person.id,
    name: [person.first_name, person.last_name].filter(Boolean).join(' '),
    type: person.type === 1 ? 'internal' : 'external',
    email: person.primary_email,
    emails: person.emails,
  };
}

const v1Person = {
  id: 38706,
  type: 0,
  first_name: 'Jonas',
  last_name: 'Berg',
  primary_email: 'jonas@nordlicht.example',
  emails: ['jonas@nordlicht.example'],
  organization_ids: [7133202],
  current_organization_ids: [7133202],
};

const v1PersonShown = {
  person_id: 38706,
  name: 'Jonas Berg',
  type: 'external',
  email: 'jonas@nordlicht.example',
  emails: ['jonas@nordlicht.example'],
};

export const searchPersons = tool({
  name: 'affinity_search_persons',
  aliases: ['affinity_v2_search_persons'],
  title: 'Find people',
  description:
    'Find people by name or e-mail address. Gives the person_id that affinity_v2_get_person, affinity_list_notes and ' +
    'affinity_list_interactions take. For companies use affinity_search_organizations.',
  effect: 'read',
  scopes: [],
  input: z.object({ term: term.describe('Name or e-mail address, or a part of it'), limit, cursor }),
  output: z.object({ persons: z.array(PersonFound), next_cursor: nextCursor }),
  request: (given) => get('/persons', search(given)),
  respond: (body: { persons: V1Person[] } & V1Paged) => ({
    persons: body.persons.map(v1PersonOf),
    next_cursor: body.next_page_token ?? null,
  }),
  docs: `${v1}#search-for-persons`,
  provenance: typed('GET /persons'),
  examples: [
    {
      input: { term: 'berg' },
      receives: { body: { persons: [v1Person], next_page_token: 'eyJwYXJhbXMiOnsidGVybSI6ImJlcmcifX0' } },
      gives: { persons: [v1PersonShown], next_cursor: 'eyJwYXJhbXMiOnsidGVybSI6ImJlcmcifX0' },
    },
  ],
});

const Company = CompanyFound.extend({ fields: z.array(Field) });

const lastEmail = {
  id: 'last-email',
  name: 'Last Email',
  type: 'relationship-intelligence',
  enrichmentSource: null,
  value: {
    type: 'interaction',
    data: {
      type: 'email',
      id: 9914,
      subject: 'Term sheet, draft',
      sentAt: '2025-11-19T08:12:00Z',
      from: {
        emailAddress: 'mira@acme.example',
        person: { id: 41001, firstName: 'Mira', lastName: 'Lopez', primaryEmailAddress: 'mira@acme.example', type: 'internal' },
      },
      to: [{ emailAddress: 'jonas@nordlicht.example', person: null }],
      cc: [],
    },
  },
};

const lastEmailShown = {
  field_id: 'last-email',
  name: 'Last Email',
  value_type: 'interaction',
  value: { type: 'email', at: '2025-11-19T08:12:00Z', subject: 'Term sheet, draft' },
};

export const getCompany = tool({
  name: 'affinity_v2_get_company',
  aliases: ['affinity_get_company', 'affinity_get_organization'],
  title: 'Read a company',
  description:
    'Read one company with its fields: your own, and when there was last contact. Ids come from affinity_search_organizations. The contacts ' +
    'one by one are in affinity_list_interactions, its pipelines in affinity_v2_list_company_list_entries.',
  effect: 'read',
  scopes: [],
  input: z.object({ company_id: id.describe('Company id from affinity_search_organizations'), fieldTypes }),
  output: Company,
  request: ({ company_id, fieldTypes: types }) => get(path`/v2/companies/${company_id}`, { fieldTypes: types }),
  respond: (body: OrganizationBody & { fields?: FieldBodies }) => ({ ...organizationOf(body), fields: fieldsOf(body.fields) }),
  docs: `${v2}companies/get-a-single-company`,
  provenance: typed('GET /v2/companies/{id}'),
  examples: [
    {
      input: { company_id: 7133202 },
      receives: {
        body: {
          id: 7133202,
          name: 'Nordlicht Robotics',
          domain: 'nordlicht.example',
          domains: ['nordlicht.example'],
          isGlobal: false,
          fields: [lastEmail],
        },
      },
      gives: { ...organizationShown, fields: [lastEmailShown] },
    },
  ],
});

interface V2Person {
  id: number;
  firstName: string;
  lastName: string | null;
  primaryEmailAddress: string | null;
  emailAddresses: string[];
  type: string;
  fields?: FieldBodies;
}

export const getPerson = tool({
  name: 'affinity_v2_get_person',
  aliases: ['affinity_get_person'],
  title: 'Read a person',
  description:
    'Read one person with fields: your own, and when there was last contact. Ids come from affinity_search_persons. The contacts one by one ' +
    'are in affinity_list_interactions, how well somebody knows them in affinity_get_relationship_strength.',
  effect: 'read',
  scopes: [],
  input: z.object({ person_id: id.describe('Person id from affinity_search_persons'), fieldTypes }),
  output: PersonFound.extend({ fields: z.array(Field) }),
  request: ({ person_id, fieldTypes: types }) => get(path`/v2/persons/${person_id}`, { fieldTypes: types }),
  respond: (body: V2Person) => ({
    person_id: body.id,
    name: [body.firstName, body.lastName].filter(Boolean).join(' '),
    type: body.type,
    email: body.primaryEmailAddress,
    emails: body.emailAddresses,
    fields: fieldsOf(body.fields),
  }),
  docs: `${v2}persons/get-a-single-person`,
  provenance: typed('GET /v2/persons/{id}'),
  examples: [
    {
      input: { person_id: 38706 },
      receives: {
        body: {
          id: 38706,
          firstName: 'Jonas',
          lastName: 'Berg',
          primaryEmailAddress: 'jonas@nordlicht.example',
          emailAddresses: ['jonas@nordlicht.example'],
          type: 'external',
          fields: [lastEmail],
        },
      },
      gives: { ...v1PersonShown, fields: [lastEmailShown] },
    },
  ],
});

export const createOrganization = tool({
  name: 'affinity_create_organization',
  aliases: ['affinity_create_company'],
  title: 'Create a company',
  description:
    'Create a company. Affinity does not look for doubles: find it with affinity_search_organizations first. People are made with ' +
    'affinity_create_person, a place in a pipeline with affinity_list_entry_create.',
  effect: 'write',
  scopes: [],
  input: z.object({
    name: z.string().min(1).max(500).describe('The company’s name'),
    domain: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{1,250}$/)
      .optional()
      .describe('Website without https://, for example acme.example'),
    person_ids: z.array(id).max(100).optional().describe('People who belong to it; ids from affinity_search_persons'),
  }),
  output: CompanyFound,
  request: (given) => post('/organizations', given),
  respond: organizationOf,
  docs: `${v1}#create-a-new-organization`,
  provenance: typed('POST /organizations'),
  examples: [
    {
      input: { name: 'Nordlicht Robotics', domain: 'nordlicht.example' },
      receives: { body: organization },
      gives: organizationShown,
    },
  ],
});

export const createPerson = tool({
  name: 'affinity_create_person',
  title: 'Create a person',
  description:
    'Create a person with e-mail addresses. An address that somebody else has already is refused: find them with affinity_search_persons ' +
    'first. Companies come from affinity_search_organizations.',
  effect: 'write',
  scopes: [],
  input: z.object({
    first_name: z.string().min(1).max(200).describe('First name'),
    last_name: z.string().max(200).describe('Last name; may be empty'),
    emails: z.array(z.email()).max(20).describe('E-mail addresses; may be none'),
    organization_ids: z.array(id).max(100).optional().describe('Companies that they belong to; ids from affinity_search_organizations'),
  }),
  output: PersonFound,
  request: (given) => post('/persons', given),
  respond: v1PersonOf,
  docs: `${v1}#create-a-new-person`,
  provenance: typed('POST /persons'),
  examples: [
    {
      input: { first_name: 'Jonas', last_name: 'Berg', emails: ['jonas@nordlicht.example'], organization_ids: [7133202] },
      receives: { body: v1Person },
      gives: v1PersonShown,
    },
  ],
});
