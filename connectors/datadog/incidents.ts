import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, isoOf, limit, nextCursor } from './fields.ts';

export const Incident = z.object({
  id: z.string(),
  public_id: z.int().nullable(),
  title: z.string(),
  severity: z.string().nullable(),
  state: z.string().nullable(),
  customer_impacted: z.boolean(),
  customer_impact_scope: z.string().nullable(),
  commander_id: z.string().nullable(),
  created_at: z.string().nullable(),
  modified_at: z.string().nullable(),
  resolved_at: z.string().nullable(),
});

export interface IncidentData {
  id: string;
  attributes: {
    title: string;
    public_id?: number;
    severity?: string | null;
    state?: string | null;
    fields?: Record<string, { value?: unknown } | undefined>;
    customer_impacted?: boolean;
    customer_impact_scope?: string | null;
    created?: string;
    modified?: string;
    resolved?: string | null;
  };
  relationships?: { commander_user?: { data?: { id: string } | null } };
}

/** JSON:API; the list holds the incidents in `data`, the search one level deeper. */
interface IncidentsBody {
  data: IncidentData[] | { attributes: { incidents: { data: IncidentData }[] } };
  meta?: { pagination?: { next_offset?: number; size?: number } };
}

export function incidentOf({ id, attributes: a, relationships }: IncidentData): z.input<typeof Incident> {
  return {
    id,
    public_id: a.public_id ?? null,
    title: a.title,
    severity: a.severity ?? fieldText(a.fields?.severity),
    state: a.state ?? fieldText(a.fields?.state),
    customer_impacted: a.customer_impacted ?? false,
    customer_impact_scope: a.customer_impact_scope ?? null,
    commander_id: relationships?.commander_user?.data?.id ?? null,
    created_at: isoOf(a.created),
    modified_at: isoOf(a.modified),
    resolved_at: isoOf(a.resolved),
  };
}

/** Severity and state also stand among the custom fields, and in older organizations only there. */
function fieldText(field: { value?: unknown } | undefined): string | null {
  return typeof field?.value === 'string' ? field.value : null;
}

/** `size` is the most that a page holds, and next_offset is said on every page: one that is not full is the last. */
function nextOf(count: number, { size = 1, next_offset }: { size?: number; next_offset?: number } = {}): string | null {
  return count > 0 && count >= size && next_offset !== undefined ? String(next_offset) : null;
}

export const incidentsList = tool({
  name: 'datadog_incidents_list',
  title: 'List incidents',
  description:
    'List incidents with severity, state and customer impact. Filter by "state:active" for those that are open now. For what the ' +
    'monitors themselves say use datadog_monitors_list. Newest first where a filter is given.',
  effect: 'read',
  scopes: [],
  input: z.object({
    filter: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Datadog incident search, for example: state:active AND severity:(SEV-1 OR SEV-2)'),
    limit,
    cursor,
  }),
  output: z.object({ incidents: z.array(Incident), next_cursor: nextCursor }),
  request: ({ filter, limit: size, cursor: offset }) => {
    const page = { 'page[size]': size, 'page[offset]': Number(offset ?? 0) };
    return filter === undefined
      ? get('/api/v2/incidents', page)
      : get('/api/v2/incidents/search', { query: filter, sort: '-created', ...page });
  },
  respond: ({ data, meta }: IncidentsBody) => {
    const incidents = Array.isArray(data) ? data : data.attributes.incidents.map((incident) => incident.data);
    return { incidents: incidents.map(incidentOf), next_cursor: nextOf(incidents.length, meta?.pagination) };
  },
  docs: 'https://docs.datadoghq.com/api/latest/incidents/get-a-list-of-incidents/',
  provenance: { specification: '@datadog/datadog-api-client', version: '1.64.0', operation: 'listIncidents, searchIncidents' },
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [
            {
              id: '2f6a1c88-4b0e-5d3f-9a77-0c5e1d9b8a31',
              type: 'incidents',
              attributes: {
                public_id: 87,
                title: 'Card payments refused in the EU',
                severity: 'SEV-2',
                state: 'resolved',
                visibility: 'organization',
                customer_impacted: true,
                customer_impact_scope: 'About 4 % of card payments in the EU',
                customer_impact_start: '2025-11-12T14:02:00+00:00',
                customer_impact_end: '2025-11-12T14:41:00+00:00',
                customer_impact_duration: 2340,
                created: '2025-11-12T14:06:31.120934+00:00',
                declared: '2025-11-12T14:06:31.120934+00:00',
                detected: '2025-11-12T14:02:00+00:00',
                modified: '2025-11-13T09:15:02.004417+00:00',
                resolved: '2025-11-12T14:55:09.500000+00:00',
                time_to_detect: 0,
                time_to_internal_response: 271,
                time_to_repair: 2340,
                time_to_resolve: 2918,
                notification_handles: [{ display_name: '#incidents', handle: '@slack-incidents' }],
                fields: {
                  severity: { type: 'dropdown', value: 'SEV-2' },
                  state: { type: 'dropdown', value: 'resolved' },
                  root_cause: { type: 'textbox', value: 'Expired certificate at the gateway' },
                },
              },
              relationships: {
                created_by_user: { data: { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', type: 'users' } },
                commander_user: { data: { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', type: 'users' } },
                integrations: { data: [] },
              },
            },
          ],
          meta: { pagination: { offset: 0, next_offset: 20, size: 20 } },
        },
      },
      gives: {
        incidents: [
          {
            id: '2f6a1c88-4b0e-5d3f-9a77-0c5e1d9b8a31',
            public_id: 87,
            title: 'Card payments refused in the EU',
            severity: 'SEV-2',
            state: 'resolved',
            customer_impacted: true,
            customer_impact_scope: 'About 4 % of card payments in the EU',
            commander_id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
            created_at: '2025-11-12T14:06:31.120Z',
            modified_at: '2025-11-13T09:15:02.004Z',
            resolved_at: '2025-11-12T14:55:09.500Z',
          },
        ],
        next_cursor: null,
      },
    },
    {
      input: { filter: 'state:active' },
      receives: {
        body: {
          data: {
            type: 'incidents_search_results',
            attributes: {
              total: 1,
              incidents: [
                {
                  data: {
                    id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92',
                    type: 'incidents',
                    attributes: {
                      public_id: 91,
                      title: 'Checkout slow in eu-west-1',
                      customer_impacted: true,
                      customer_impact_scope: null,
                      created: '2025-11-21T09:48:17.311000+00:00',
                      modified: '2025-11-21T09:58:40.000000+00:00',
                      resolved: null,
                      fields: { severity: { type: 'dropdown', value: 'SEV-3' }, state: { type: 'dropdown', value: 'active' } },
                    },
                    relationships: { commander_user: { data: null } },
                  },
                },
              ],
              facets: { state: [{ name: 'active', count: 1 }], severity: [{ name: 'SEV-3', count: 1 }] },
            },
          },
          included: [],
          meta: { pagination: { offset: 0, next_offset: 20, size: 20 } },
        },
      },
      gives: {
        incidents: [
          {
            id: '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92',
            public_id: 91,
            title: 'Checkout slow in eu-west-1',
            severity: 'SEV-3',
            state: 'active',
            customer_impacted: true,
            customer_impact_scope: null,
            commander_id: null,
            created_at: '2025-11-21T09:48:17.311Z',
            modified_at: '2025-11-21T09:58:40.000Z',
            resolved_at: null,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
