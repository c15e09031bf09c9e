import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { moment } from './fields.ts';
import { Incident, type IncidentData, incidentOf } from './incidents.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/incidents/';
const incidentId = z.uuid().describe('Incident id from datadog_incidents_list, not its public number');
const severities = ['UNKNOWN', 'SEV-1', 'SEV-2', 'SEV-3', 'SEV-4', 'SEV-5'] as const;
const states = ['active', 'stable', 'resolved', 'completed'] as const;

const one = (body: { data: IncidentData }) => incidentOf(body.data);

/** Severity and state are custom fields of a choice; the vendor takes them nowhere else. */
function fieldsOf({ severity, state }: { severity?: string | undefined; state?: string | undefined }) {
  const fields = {
    ...(severity === undefined ? {} : { severity: { type: 'dropdown', value: severity } }),
    ...(state === undefined ? {} : { state: { type: 'dropdown', value: state } }),
  };
  return Object.keys(fields).length === 0 ? {} : { fields };
}

function commanderOf(id: string | undefined) {
  return id === undefined ? {} : { relationships: { commander_user: { data: { type: 'users', id } } } };
}

const body = {
  data: {
    id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92',
    type: 'incidents',
    attributes: {
      public_id: 91,
      title: 'Checkout slow in eu-west-1',
      severity: 'SEV-2',
      state: 'active',
      visibility: 'organization',
      customer_impacted: true,
      customer_impact_scope: 'About a tenth of purchases in the EU',
      customer_impact_start: '2025-11-21T09:41:00+00:00',
      customer_impact_end: null,
      customer_impact_duration: 0,
      created: '2025-11-21T09:48:17.311000+00:00',
      declared: '2025-11-21T09:48:17.311000+00:00',
      detected: '2025-11-21T09:41:00+00:00',
      modified: '2025-11-21T09:58:40.000000+00:00',
      resolved: null,
      time_to_detect: 0,
      notification_handles: [],
      fields: { severity: { type: 'dropdown', value: 'SEV-2' }, state: { type: 'dropdown', value: 'active' } },
    },
    relationships: { commander_user: { data: { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', type: 'users' } }, integrations: { data: [] } },
  },
};

const shown = {
  id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92',
  public_id: 91,
  title: 'Checkout slow in eu-west-1',
  severity: 'SEV-2',
  state: 'active',
  customer_impacted: true,
  customer_impact_scope: 'About a tenth of purchases in the EU',
  commander_id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
  created_at: '2025-11-21T09:48:17.311Z',
  modified_at: '2025-11-21T09:58:40.000Z',
  resolved_at: null,
};

export const incidentGet = tool({
  name: 'datadog_incident_get',
  title: 'Read an incident',
  description:
    'Read one incident: severity, state, customer impact, commander. Ids come from datadog_incidents_list; who the commander is tells ' +
    'datadog_users_list. Its timeline is not given by Datadog’s published API.',
  effect: 'read',
  scopes: [],
  input: z.object({ incident_id: incidentId }),
  output: Incident,
  request: ({ incident_id }) => get(path`/api/v2/incidents/${incident_id}`),
  respond: one,
  docs: `${docs}get-the-details-of-an-incident/`,
  provenance: typed('v2.IncidentsApi.getIncident'),
  examples: [{ input: { incident_id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92' }, receives: { body }, gives: shown }],
});

export const incidentCreate = tool({
  name: 'datadog_incident_create',
  title: 'Declare an incident',
  description:
    'Declare an incident; people are notified as the rules of the organization say, and each call declares another, so look with ' +
    'datadog_incidents_list first. The commander’s id comes from datadog_users_list.',
  effect: 'write',
  scopes: [],
  input: z
    .object({
      title: z.string().min(1).max(255).describe('What is wrong, in one line'),
      customer_impacted: z.boolean().describe('Whether customers notice it'),
      customer_impact_scope: z.string().min(1).max(1000).optional().describe('Which customers notice what; needed where they do'),
      severity: z.enum(severities).optional().describe('How bad it is; SEV-1 is the worst'),
      commander_id: z.uuid().optional().describe('User id of who leads the response, from datadog_users_list'),
    })
    .refine((given) => !given.customer_impacted || given.customer_impact_scope !== undefined, 'say which customers notice what'),
  output: Incident,
  request: ({ title, customer_impacted, customer_impact_scope, severity, commander_id }) =>
    post('/api/v2/incidents', {
      data: {
        type: 'incidents',
        attributes: {
          title,
          customer_impacted,
          ...(customer_impact_scope === undefined ? {} : { customer_impact_scope }),
          ...fieldsOf({ severity }),
        },
        ...commanderOf(commander_id),
      },
    }),
  respond: one,
  docs: `${docs}create-an-incident/`,
  provenance: typed('v2.IncidentsApi.createIncident'),
  examples: [
    {
      input: {
        title: 'Checkout slow in eu-west-1',
        customer_impacted: true,
        customer_impact_scope: 'About a tenth of purchases in the EU',
        severity: 'SEV-2',
        commander_id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
      },
      receives: { status: 201, body },
      gives: shown,
      fresh: { '/data/id': 'uuid', '/data/attributes/created': 'iso_now', '/data/attributes/modified': 'iso_now' },
    },
  ],
});

export const incidentUpdate = tool({
  name: 'datadog_incident_update',
  title: 'Change an incident',
  description:
    'Change an incident: state, severity, title, customer impact or commander; only what is given changes. Set state resolved when it is ' +
    'over. Ids come from datadog_incidents_list, people from datadog_users_list.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z
    .object({
      incident_id: incidentId,
      title: z.string().min(1).max(255).optional().describe('New title'),
      state: z.enum(states).optional().describe('New state; completed needs it to be set up in the organization'),
      severity: z.enum(severities).optional().describe('New severity'),
      customer_impacted: z.boolean().optional().describe('Whether customers notice it'),
      customer_impact_scope: z.string().min(1).max(1000).optional().describe('Which customers notice what'),
      customer_impact_end: moment.optional().describe('Since when customers notice it no more'),
      commander_id: z.uuid().optional().describe('User id of who leads the response, from datadog_users_list'),
    })
    .refine(({ incident_id: _, ...changes }) => Object.values(changes).some((value) => value !== undefined), 'give a field to change'),
  output: Incident,
  request: ({ incident_id, state, severity, commander_id, ...attributes }) => ({
    method: 'PATCH',
    path: path`/api/v2/incidents/${incident_id}`,
    json: {
      data: {
        id: incident_id,
        type: 'incidents',
        attributes: {
          ...Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
          ...fieldsOf({ severity, state }),
        },
        ...commanderOf(commander_id),
      },
    },
  }),
  respond: one,
  docs: `${docs}update-an-existing-incident/`,
  provenance: typed('v2.IncidentsApi.updateIncident'),
  examples: [
    {
      input: {
        incident_id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92',
        severity: 'SEV-2',
        commander_id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
      },
      receives: { body },
      gives: shown,
    },
  ],
});
