import type { Contract, Supplement } from '../contract.ts';
import { hubspot } from '../sources.ts';

/** Properties that every portal has, which the client leaves open since portals add their own. */
const defaults: Record<string, string> = {
  contacts:
    'email firstname lastname phone mobilephone company jobtitle website address city state zip country lifecyclestage hs_lead_status hubspot_owner_id',
  companies:
    'name domain website industry type phone description address city state zip country numberofemployees annualrevenue lifecyclestage hubspot_owner_id',
  deals: 'dealname dealstage pipeline amount closedate dealtype description hs_priority hubspot_owner_id',
  tickets: 'subject content hs_pipeline hs_pipeline_stage hs_ticket_priority hs_ticket_category source_type hubspot_owner_id',
  notes: 'hs_note_body hs_timestamp hs_attachment_ids hubspot_owner_id',
  tasks: 'hs_task_subject hs_task_body hs_task_status hs_task_priority hs_task_type hs_timestamp hubspot_owner_id',
};

const supplements = Object.entries(defaults).map(
  ([object, names]): Supplement => ({
    operation: new RegExp(`\\b${object}\\.basicApi\\.(create|update)$`),
    at: 'body.properties',
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.split(' ').map((name) => [name, { type: 'string' }])),
      // Made up for properties of a portal's own.
      patternProperties: { '^(first|second)_key$': { type: 'string' } },
    },
    page: `https://developers.hubspot.com/docs/api-reference/crm-${object}-v3/guide`,
    evidence:
      object === 'notes' || object === 'tasks'
        ? { read: `https://developers.hubspot.com/docs/api/crm/${object}, which lists them all` }
        : { unverified: 'no package of HubSpot’s names the default properties, and its page does not list them with their internal names' },
  }),
);

const contract: Contract = { specifications: [[/hubspot/, hubspot]], supplements };

export default contract;
