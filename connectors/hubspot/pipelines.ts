import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { CrmRecord, docsBase, from, id, moreProperties, recordExample, recordGiven, recordOf, texts } from './fields.ts';
import { getTool, type Kind, searchTool } from './records.ts';

const word = z.string().max(1000).optional();
const stage = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);

const deal: Kind = {
  plural: 'deals',
  singular: 'deal',
  client: 'deals',
  properties: ['dealname', 'amount', 'dealstage', 'pipeline', 'closedate', 'dealtype', 'hs_priority', 'hubspot_owner_id'],
  scope: 'crm.objects.deals.read',
  searchAlias: 'hubspot_deals_list',
  searchDescription:
    'Search deals by words or filters, or list all, last changed first. Stages are ids: hubspot_pipelines_list names them. ' +
    'Filter hs_is_closed EQ false for open ones. What was changed seconds ago may be missing: hubspot_deal_get reads it.',
  example: {
    query: 'Acme',
    received: recordExample('9001', {
      dealname: 'Acme, 40 seats',
      amount: '12000',
      dealstage: 'contractsent',
      pipeline: 'default',
      hs_priority: null,
    }),
    given: recordGiven('9001', { dealname: 'Acme, 40 seats', amount: '12000', dealstage: 'contractsent', pipeline: 'default' }),
  },
};

export const dealsSearch = searchTool(deal);
export const dealGet = getTool(
  deal,
  'Read one deal with the properties named; those that are empty are left out. Ids come from hubspot_deals_search, what its stage ' +
    'is called from hubspot_pipelines_list, its contacts from hubspot_record_associations_get.',
);

const dealFields = {
  pipeline: stage.optional().describe('Pipeline id; the default one unless told'),
  amount: z.number().optional().describe('Worth, in the currency of the account'),
  closedate: z.iso.datetime({ offset: true }).optional().describe('When it shall close'),
  dealtype: z.enum(['newbusiness', 'existingbusiness']).optional().describe('New or existing customer'),
  hs_priority: z.enum(['low', 'medium', 'high']).optional().describe('How urgent'),
  description: word.describe('What it is about'),
  hubspot_owner_id: id.optional().describe('Owner id from hubspot_owners_list'),
  properties: moreProperties,
};

export const dealCreate = tool({
  name: 'hubspot_deal_create',
  title: 'Create a deal',
  description:
    'Create one deal in a stage; each call makes another, so look with hubspot_deals_search first. Stages come from ' +
    'hubspot_pipelines_list, owners from hubspot_owners_list. Link it to people with hubspot_association_create.',
  effect: 'write',
  scopes: ['crm.objects.deals.write'],
  input: z.object({
    dealname: z.string().min(1).max(1000).describe('What it is called'),
    dealstage: stage.describe('Stage id from hubspot_pipelines_list'),
    ...dealFields,
  }),
  output: CrmRecord,
  request: ({ properties, ...rest }) => post('/crm/v3/objects/deals', { properties: { ...properties, ...texts(rest) } }),
  respond: recordOf,
  docs: `${docsBase}/crm-deals-v3/basic/post-crm-v3-objects-deals`,
  provenance: from('crm.deals.basicApi.create'),
  examples: [
    {
      input: { dealname: 'Acme, 40 seats', dealstage: 'contractsent', amount: 12000 },
      receives: { status: 201, body: deal.example.received },
      gives: deal.example.given,
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});

export const dealUpdate = tool({
  name: 'hubspot_deal_update',
  title: 'Change a deal',
  description:
    'Change properties of one deal; what is left out stays. Move it on by dealstage, with an id from hubspot_pipelines_list. Ids ' +
    'come from hubspot_deals_search. Workflows of the account may start when a stage changes.',
  effect: 'write',
  idempotent: true,
  scopes: ['crm.objects.deals.write'],
  input: z.object({
    deal_id: id.describe('Id from hubspot_deals_search'),
    dealname: z.string().min(1).max(1000).optional().describe('What it is called'),
    dealstage: stage.optional().describe('Id of the stage'),
    ...dealFields,
  }),
  output: CrmRecord,
  request: ({ deal_id, properties, ...rest }) => ({
    method: 'PATCH',
    path: path`/crm/v3/objects/deals/${deal_id}`,
    json: { properties: { ...properties, ...texts(rest) } },
  }),
  respond: recordOf,
  docs: `${docsBase}/crm-deals-v3/basic/patch-crm-v3-objects-deals-dealId`,
  provenance: from('crm.deals.basicApi.update'),
  examples: [
    {
      input: { deal_id: '9001', dealstage: 'closedwon' },
      receives: { body: recordExample('9001', { dealstage: 'closedwon' }) },
      gives: recordGiven('9001', { dealstage: 'closedwon' }),
      fresh: { '/updatedAt': 'iso_now' },
    },
  ],
});

const ticket: Kind = {
  plural: 'tickets',
  singular: 'ticket',
  client: 'tickets',
  properties: ['subject', 'content', 'hs_pipeline', 'hs_pipeline_stage', 'hs_ticket_priority', 'hs_ticket_category', 'hubspot_owner_id'],
  scope: 'tickets',
  searchAlias: 'hubspot_tickets_list',
  searchDescription:
    'Search tickets by words or filters, or list all, last changed first. Stages are ids: hubspot_pipelines_list names ' +
    'them. What was changed seconds ago may be missing: hubspot_ticket_get reads it. Long texts are cut (truncated).',
  example: {
    query: 'invoice',
    received: recordExample('7001', { subject: 'Invoice is wrong', content: null, hs_pipeline: '0', hs_pipeline_stage: '1' }),
    given: recordGiven('7001', { subject: 'Invoice is wrong', hs_pipeline: '0', hs_pipeline_stage: '1' }),
  },
};

export const ticketsSearch = searchTool(ticket);
export const ticketGet = getTool(
  ticket,
  'Read one support ticket with the properties named; those that are empty are left out, texts over 4,000 characters are cut ' +
    '(truncated). Ids come from hubspot_tickets_search, what a stage is called from hubspot_pipelines_list.',
);

const ticketFields = {
  content: z.string().max(65_000).optional().describe('What happened'),
  hs_pipeline: stage.optional().describe('Pipeline id; 0 is the default one'),
  hs_ticket_priority: z.enum(['LOW', 'MEDIUM', 'HIGH', 'URGENT']).optional().describe('How urgent'),
  hubspot_owner_id: id.optional().describe('Owner id from hubspot_owners_list'),
  properties: moreProperties,
};

export const ticketCreate = tool({
  name: 'hubspot_ticket_create',
  title: 'Create a ticket',
  description:
    'Open one support ticket in a stage; each call opens another, so look with hubspot_tickets_search first. Stages come from ' +
    'hubspot_pipelines_list. Link it to a contact with hubspot_association_create.',
  effect: 'write',
  scopes: ['tickets'],
  input: z.object({
    subject: z.string().min(1).max(1000).describe('Subject line'),
    hs_pipeline_stage: stage.describe('Stage id; 1 is the first of the default pipeline'),
    ...ticketFields,
  }),
  output: CrmRecord,
  request: ({ properties, ...rest }) => post('/crm/v3/objects/tickets', { properties: { ...properties, ...texts(rest) } }),
  respond: recordOf,
  docs: `${docsBase}/crm-tickets-v3/basic/post-crm-v3-objects-tickets`,
  provenance: from('crm.tickets.basicApi.create'),
  examples: [
    {
      input: { subject: 'Invoice is wrong', hs_pipeline_stage: '1' },
      receives: { status: 201, body: ticket.example.received },
      gives: ticket.example.given,
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});

export const ticketUpdate = tool({
  name: 'hubspot_ticket_update',
  title: 'Change a ticket',
  description:
    'Change properties of one support ticket; what is left out stays. Move it on, or close it, by hs_pipeline_stage with an id from ' +
    'hubspot_pipelines_list. Ids come from hubspot_tickets_search.',
  effect: 'write',
  idempotent: true,
  scopes: ['tickets'],
  input: z.object({
    ticket_id: id.describe('Id from hubspot_tickets_search'),
    subject: z.string().min(1).max(1000).optional().describe('Subject line'),
    hs_pipeline_stage: stage.optional().describe('Id of the stage'),
    ...ticketFields,
  }),
  output: CrmRecord,
  request: ({ ticket_id, properties, ...rest }) => ({
    method: 'PATCH',
    path: path`/crm/v3/objects/tickets/${ticket_id}`,
    json: { properties: { ...properties, ...texts(rest) } },
  }),
  respond: recordOf,
  docs: `${docsBase}/crm-tickets-v3/basic/patch-crm-v3-objects-tickets-ticketId`,
  provenance: from('crm.tickets.basicApi.update'),
  examples: [
    {
      input: { ticket_id: '7001', hs_pipeline_stage: '4' },
      receives: { body: recordExample('7001', { hs_pipeline_stage: '4' }) },
      gives: recordGiven('7001', { hs_pipeline_stage: '4' }),
      fresh: { '/updatedAt': 'iso_now' },
    },
  ],
});

interface PipelineBody {
  id: string;
  label: string;
  stages: { id: string; label: string; displayOrder: number; metadata?: Record<string, string> }[];
}

const stagesMax = 200;

export const pipelinesList = tool({
  name: 'hubspot_pipelines_list',
  aliases: ['hubspot_deal_pipelines_list'],
  title: 'List pipelines and stages',
  description:
    'List the pipelines for deals or tickets with their stages in order: the ids that hubspot_deal_create, hubspot_deal_update and ' +
    'hubspot_ticket_create take, and whether a stage counts as closed. All come at once.',
  effect: 'read',
  scopes: [],
  input: z.object({ object_type: z.enum(['deals', 'tickets']).describe('Whose pipelines') }),
  output: z.object({
    pipelines: z.array(
      z.object({
        id: z.string(),
        label: z.string(),
        stages: z.array(z.object({ id: z.string(), label: z.string(), closed: z.boolean(), probability: z.string().nullable() })),
      }),
    ),
    truncated: z.boolean(),
  }),
  request: ({ object_type }) => get(path`/crm/v3/pipelines/${object_type}`),
  respond: (body: { results: PipelineBody[] }) => ({
    pipelines: body.results.map((pipeline) => ({
      id: pipeline.id,
      label: pipeline.label,
      stages: pipeline.stages
        .toSorted((a, b) => a.displayOrder - b.displayOrder)
        .slice(0, stagesMax)
        .map(({ id, label, metadata = {} }) => ({
          id,
          label,
          closed: metadata.isClosed === 'true' || metadata.ticketState === 'CLOSED',
          probability: metadata.probability ?? null,
        })),
    })),
    truncated: body.results.some((pipeline) => pipeline.stages.length > stagesMax),
  }),
  docs: `${docsBase}/crm-pipelines-v3/pipelines/get-crm-v3-pipelines-objectType`,
  provenance: from('crm.pipelines.pipelinesApi.getAll'),
  examples: [
    {
      input: { object_type: 'deals' },
      receives: {
        body: {
          results: [
            {
              id: 'default',
              label: 'Sales',
              displayOrder: 0,
              archived: false,
              createdAt: '2023-02-06T08:15:00.000Z',
              updatedAt: '2025-01-06T08:15:00.000Z',
              stages: [
                stageExample('closedwon', 'Closed won', 1, { isClosed: 'true', probability: '1.0' }),
                stageExample('contractsent', 'Contract sent', 0, { isClosed: 'false', probability: '0.9' }),
              ],
            },
          ],
        },
      },
      gives: {
        pipelines: [
          {
            id: 'default',
            label: 'Sales',
            stages: [
              { id: 'contractsent', label: 'Contract sent', closed: false, probability: '0.9' },
              { id: 'closedwon', label: 'Closed won', closed: true, probability: '1.0' },
            ],
          },
        ],
        truncated: false,
      },
    },
  ],
});

function stageExample(id: string, label: string, displayOrder: number, metadata: Record<string, string>) {
  const times = { createdAt: '2023-02-06T08:15:00.000Z', updatedAt: '2023-02-06T08:15:00.000Z' };
  return { id, label, displayOrder, metadata, ...times, archived: false, writePermissions: 'CRM_PERMISSIONS_ENFORCEMENT' };
}
