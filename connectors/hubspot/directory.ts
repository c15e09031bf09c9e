import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, docsBase, from, id, limit, nextCursor, nextOf, objectType, type Paged } from './fields.ts';

interface OwnerBody {
  id: string;
  email?: string;
  firstName?: string;
  lastName?: string;
  userId?: number;
  teams?: { name: string }[];
}

export const ownersList = tool({
  name: 'hubspot_owners_list',
  title: 'List owners',
  description:
    'List the people of the account who may own records: the ids that hubspot_deal_create and ' +
    'hubspot_task_create take. Say an address to find one. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['crm.objects.owners.read'],
  input: z.object({ email: z.email().max(254).optional().describe('Only the one with this address'), limit, cursor }),
  output: z.object({
    owners: z.array(
      z.object({ id: z.string(), name: z.string(), email: z.string().nullable(), user_id: z.int().nullable(), teams: z.array(z.string()) }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ email, limit, cursor: after }) => get('/crm/v3/owners', { email, after, limit, archived: false }),
  respond: (body: Paged & { results: OwnerBody[] }) => ({
    owners: body.results.map((owner) => ({
      id: owner.id,
      name: [owner.firstName, owner.lastName].filter(Boolean).join(' '),
      email: owner.email ?? null,
      user_id: owner.userId ?? null,
      teams: (owner.teams ?? []).map((team) => team.name),
    })),
    next_cursor: nextOf(body),
  }),
  docs: `${docsBase}/crm-crm-owners-v3/owners/get-crm-v3-owners-`,
  provenance: from('crm.owners.ownersApi.getPage'),
  examples: [
    {
      input: { email: 'mira@acme.example' },
      receives: {
        body: {
          results: [
            {
              id: '41629779',
              email: 'mira@acme.example',
              type: 'PERSON',
              firstName: 'Mira',
              lastName: 'Lopez',
              userId: 9586504,
              userIdIncludingInactive: 9586504,
              createdAt: '2024-02-06T08:15:00.000Z',
              updatedAt: '2025-11-03T08:15:00.000Z',
              archived: false,
              teams: [{ id: '368389', name: 'Sales', primary: true }],
            },
          ],
        },
      },
      gives: {
        owners: [{ id: '41629779', name: 'Mira Lopez', email: 'mira@acme.example', user_id: 9586504, teams: ['Sales'] }],
        next_cursor: null,
      },
    },
  ],
});

interface PropertyBody {
  name: string;
  label: string;
  type: string;
  fieldType: string;
  hidden?: boolean;
  calculated?: boolean;
  modificationMetadata?: { readOnlyValue?: boolean };
  options?: { value: string; hidden?: boolean }[];
}

const propertiesMax = 250;
const optionsMax = 25;

export const objectPropertiesList = tool({
  name: 'hubspot_object_properties_list',
  title: 'List properties of a record type',
  description:
    'List the properties that records of one kind have in this account, custom ones too: internal names for searches and for ' +
    'properties, whether they may be written, and the first 25 values of choices. Stages come from hubspot_pipelines_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ object_type: objectType.describe('Kind of record') }),
  output: z.object({
    properties: z.array(
      z.object({ name: z.string(), label: z.string(), type: z.string(), writable: z.boolean(), options: z.array(z.string()) }),
    ),
    truncated: z.boolean(),
  }),
  request: ({ object_type }) => get(path`/crm/v3/properties/${object_type}`, { archived: false }),
  respond: (body: { results: PropertyBody[] }) => {
    const shown = body.results.filter((property) => property.hidden !== true);
    return {
      properties: shown.slice(0, propertiesMax).map((property) => ({
        name: property.name,
        label: property.label,
        type: property.type,
        writable: property.calculated !== true && property.modificationMetadata?.readOnlyValue !== true,
        options: (property.options ?? [])
          .filter((option) => option.hidden !== true)
          .slice(0, optionsMax)
          .map((option) => option.value),
      })),
      truncated: shown.length > propertiesMax,
    };
  },
  docs: `${docsBase}/crm-properties-v3/core/get-crm-v3-properties-objectType`,
  provenance: from('crm.properties.coreApi.getAll'),
  examples: [
    {
      input: { object_type: 'contacts' },
      receives: {
        body: {
          results: [
            {
              name: 'hs_lead_status',
              label: 'Lead status',
              type: 'enumeration',
              fieldType: 'radio',
              description: 'How far talks with this contact are',
              groupName: 'sales_properties',
              options: [
                { label: 'New', value: 'NEW', displayOrder: 0, hidden: false },
                { label: 'Open', value: 'OPEN', displayOrder: 1, hidden: false },
              ],
              displayOrder: 2,
              calculated: false,
              externalOptions: false,
              hasUniqueValue: false,
              hidden: false,
              hubspotDefined: true,
              modificationMetadata: { archivable: true, readOnlyDefinition: true, readOnlyValue: false },
              formField: true,
            },
          ],
        },
      },
      gives: {
        properties: [{ name: 'hs_lead_status', label: 'Lead status', type: 'enumeration', writable: true, options: ['NEW', 'OPEN'] }],
        truncated: false,
      },
    },
  ],
});

interface AssociatedBody {
  toObjectId: number | string;
  associationTypes: { category: string; typeId: number; label?: string | null }[];
}

export const recordAssociationsGet = tool({
  name: 'hubspot_record_associations_get',
  title: 'List what a record is linked to',
  description:
    'List the records of one kind that a record is linked to, for example the contacts of a deal, with the labels of each link. ' +
    'Read them with hubspot_contact_get and its siblings; link more with hubspot_association_create.',
  effect: 'read',
  scopes: [],
  input: z.object({
    object_type: objectType.describe('Kind of the record'),
    object_id: id.describe('Its id, from hubspot_contacts_search or the search of its kind'),
    to_object_type: objectType.describe('Kind of the linked records'),
    limit,
    cursor,
  }),
  output: z.object({ results: z.array(z.object({ id: z.string(), labels: z.array(z.string()) })), next_cursor: nextCursor }),
  request: ({ object_type, object_id, to_object_type, limit, cursor: after }) =>
    get(path`/crm/v4/objects/${object_type}/${object_id}/associations/${to_object_type}`, { after, limit }),
  respond: (body: Paged & { results: AssociatedBody[] }) => ({
    results: body.results.map((record) => ({
      id: String(record.toObjectId),
      labels: record.associationTypes.flatMap(({ label }) => (typeof label === 'string' ? [label] : [])),
    })),
    next_cursor: nextOf(body),
  }),
  docs: `${docsBase}/crm-associations-v4/basic/get-crm-v4-objects-objectType-objectId-associations-toObjectType`,
  provenance: from('crm.associations.v4.basicApi.getPage'),
  examples: [
    {
      input: { object_type: 'deals', object_id: '9001', to_object_type: 'contacts' },
      receives: {
        body: {
          results: [
            {
              toObjectId: '101',
              associationTypes: [
                { category: 'HUBSPOT_DEFINED', typeId: 3, label: null },
                { category: 'USER_DEFINED', typeId: 36, label: 'Decision maker' },
              ],
            },
          ],
        },
      },
      gives: { results: [{ id: '101', labels: ['Decision maker'] }], next_cursor: null },
    },
  ],
});

export const associationCreate = tool({
  name: 'hubspot_association_create',
  title: 'Link two records',
  description:
    'Link two records with the default kind of link, for example a contact to the company where it works; doing it again changes ' +
    'nothing. What is linked already comes from hubspot_record_associations_get. Notes and tasks are linked when they are made.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({
    from_object_type: objectType.describe('Kind of the one record'),
    from_object_id: id.describe('Its id, from hubspot_contacts_search or the search of its kind'),
    to_object_type: objectType.describe('Kind of the other'),
    to_object_id: id.describe('Its id, from hubspot_deals_search or the search of its kind'),
  }),
  output: z.object({ status: z.string(), links: z.int() }),
  request: ({ from_object_type, from_object_id, to_object_type, to_object_id }) => ({
    method: 'PUT',
    path: path`/crm/v4/objects/${from_object_type}/${from_object_id}/associations/default/${to_object_type}/${to_object_id}`,
  }),
  respond: (body: { status: string; results: unknown[] }) => ({ status: body.status, links: body.results.length }),
  docs: `${docsBase}/crm-associations-v4/basic/put-crm-v4-objects-fromObjectType-fromObjectId-associations-default-toObjectType-toObjectId`,
  provenance: from('crm.associations.v4.basicApi.createDefault'),
  examples: [
    {
      input: { from_object_type: 'contacts', from_object_id: '101', to_object_type: 'companies', to_object_id: '501' },
      receives: {
        body: {
          status: 'COMPLETE',
          results: [
            { from: { id: '501' }, to: { id: '101' }, associationSpec: { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 280 } },
            { from: { id: '101' }, to: { id: '501' }, associationSpec: { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 279 } },
          ],
          startedAt: '2025-11-21T10:05:00.100Z',
          completedAt: '2025-11-21T10:05:00.141Z',
        },
      },
      gives: { status: 'COMPLETE', links: 2 },
    },
  ],
});
