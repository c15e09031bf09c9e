import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, isoOf, isoOfSeconds, limit, nextCursor } from './fields.ts';

const states = ['Alert', 'Warn', 'No Data', 'OK', 'Ignored', 'Skipped', 'Unknown'] as const;
const OverallState = z.enum(states).catch('Unknown');

const Monitor = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  overall_state: OverallState,
  query: z.string(),
  tags: z.array(z.string()),
  last_triggered_at: z.string().nullable(),
});

interface SearchBody {
  monitors: {
    id: number;
    name: string;
    type: string;
    status: (typeof states)[number];
    query: string;
    tags?: string[];
    last_triggered_ts?: number | null;
  }[];
  metadata: { page: number; page_count: number };
}

export const monitorsList = tool({
  name: 'datadog_monitors_list',
  aliases: ['datadog_monitor_search'],
  title: 'List monitors',
  description:
    'List monitors with their present state, narrowed by state, tags or a search. overall_state Alert shows what is failing now. ' +
    'Gives the ids for datadog_monitor_get, which adds the message and the groups that alert.',
  effect: 'read',
  scopes: [],
  input: z.object({
    overall_state: z.enum(['Alert', 'Warn', 'No Data', 'OK']).optional().describe('Only monitors in this state'),
    tags: z
      .array(z.string().regex(/^[^\s"\\]{1,200}$/))
      .max(20)
      .optional()
      .describe('Only monitors with all these tags, for example service:checkout'),
    query: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Datadog monitor search: words of the title or message, or facets such as type:metric'),
    limit,
    cursor,
  }),
  output: z.object({ monitors: z.array(Monitor), next_cursor: nextCursor }),
  // The plain list (GET /api/v1/monitor) says neither how many there are nor whether a page is the last; the search does.
  request: ({ overall_state, tags = [], query, limit: per_page, cursor: page }) => {
    const terms = [overall_state === undefined ? undefined : `status:"${overall_state}"`, ...tags.map((tag) => `tag:"${tag}"`), query];
    const search = terms.filter((term) => term !== undefined).join(' ');
    return get('/api/v1/monitor/search', { query: search === '' ? undefined : search, per_page, page: Number(page ?? 0) });
  },
  respond: ({ monitors, metadata }: SearchBody) => ({
    monitors: monitors.map((m) => ({
      id: m.id,
      name: m.name,
      type: m.type,
      overall_state: m.status,
      query: m.query,
      tags: m.tags ?? [],
      last_triggered_at: isoOfSeconds(m.last_triggered_ts),
    })),
    next_cursor: metadata.page + 1 < metadata.page_count ? String(metadata.page + 1) : null,
  }),
  docs: 'https://docs.datadoghq.com/api/latest/monitors/monitors-search/',
  provenance: { specification: '@datadog/datadog-api-client', version: '1.64.0', operation: 'searchMonitors' },
  examples: [
    {
      input: {},
      receives: {
        body: {
          counts: {
            muted: [{ name: false, count: 5 }],
            status: [
              { name: 'Alert', count: 2 },
              { name: 'OK', count: 1 },
              { name: 'Warn', count: 1 },
              { name: 'No Data', count: 1 },
            ],
            tag: [{ name: 'env:prod', count: 5 }],
            type: [{ name: 'metric', count: 4 }],
          },
          metadata: { total_count: 5, page_count: 1, page: 0, per_page: 20 },
          monitors: [
            monitorExample(
              18342011,
              'Checkout p95 latency',
              'Alert',
              'p95:trace.http.request{service:checkout-api,env:prod} > 2',
              'checkout',
              1763718060,
            ),
            monitorExample(
              18342027,
              'Payment error rate',
              'Alert',
              'sum:payments.errors{env:prod}.as_rate() > 0.05',
              'payments',
              1763718300,
            ),
            monitorExample(18342033, 'Order queue depth', 'Warn', 'max:orders.queue.depth{env:prod} > 500', 'orders', 1763718720),
            monitorExample(18342048, 'Search API availability', 'OK', 'avg:search.availability{env:prod} < 0.995', 'search', 1762855200),
            monitorExample(
              18342059,
              'Nightly invoice export heartbeat',
              'No Data',
              'sum:invoices.export.runs{env:prod} < 1',
              'billing',
              null,
            ),
          ],
        },
      },
      gives: {
        monitors: [
          {
            id: 18342011,
            name: 'Checkout p95 latency',
            type: 'metric alert',
            overall_state: 'Alert',
            query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} > 2',
            tags: ['env:prod', 'service:checkout', 'team:engineering'],
            last_triggered_at: '2025-11-21T09:41:00.000Z',
          },
          {
            id: 18342027,
            name: 'Payment error rate',
            type: 'metric alert',
            overall_state: 'Alert',
            query: 'avg(last_5m):sum:payments.errors{env:prod}.as_rate() > 0.05',
            tags: ['env:prod', 'service:payments', 'team:engineering'],
            last_triggered_at: '2025-11-21T09:45:00.000Z',
          },
          {
            id: 18342033,
            name: 'Order queue depth',
            type: 'metric alert',
            overall_state: 'Warn',
            query: 'avg(last_5m):max:orders.queue.depth{env:prod} > 500',
            tags: ['env:prod', 'service:orders', 'team:engineering'],
            last_triggered_at: '2025-11-21T09:52:00.000Z',
          },
          {
            id: 18342048,
            name: 'Search API availability',
            type: 'metric alert',
            overall_state: 'OK',
            query: 'avg(last_5m):avg:search.availability{env:prod} < 0.995',
            tags: ['env:prod', 'service:search', 'team:engineering'],
            last_triggered_at: '2025-11-11T10:00:00.000Z',
          },
          {
            id: 18342059,
            name: 'Nightly invoice export heartbeat',
            type: 'metric alert',
            overall_state: 'No Data',
            query: 'avg(last_5m):sum:invoices.export.runs{env:prod} < 1',
            tags: ['env:prod', 'service:billing', 'team:engineering'],
            last_triggered_at: null,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

/** One entry of the monitor search as Datadog documents it. */
function monitorExample(id: number, name: string, status: string, condition: string, service: string, triggered: number | null) {
  return {
    id,
    name,
    status,
    type: 'metric alert',
    classification: 'metric',
    query: `avg(last_5m):${condition}`,
    creator: { handle: 'mira@acme.example', name: 'Mira Lopez' },
    last_triggered_ts: triggered,
    metrics: [condition.slice(condition.indexOf(':') + 1, condition.indexOf('{'))],
    notifications: [{ handle: 'slack-incidents', name: '#incidents' }],
    org_id: 424242,
    scopes: ['env:prod'],
    tags: ['env:prod', `service:${service}`, 'team:engineering'],
  };
}

/** A monitor that watches thousands of hosts has as many groups; an agent needs to see the first ones that are not well. */
const groupsMax = 25;
const messageMax = 4000;

interface MonitorBody {
  id: number;
  name: string;
  type: string;
  overall_state: (typeof states)[number];
  query: string;
  message?: string;
  tags?: string[];
  priority?: number | null;
  creator?: { name?: string | null; email?: string };
  created?: string;
  modified?: string;
  state?: { groups?: Record<string, { name?: string; status: string; last_triggered_ts?: number | null }> };
}

export const monitorGet = tool({
  name: 'datadog_monitor_get',
  title: 'Read a monitor',
  description:
    'Read one monitor: its query, the message it sends, priority, and which groups (hosts, services) are not OK and since when. ' +
    'Ids come from datadog_monitors_list. Shows at most 25 groups; groups_truncated says whether there are more.',
  effect: 'read',
  scopes: [],
  input: z.object({ monitor_id: z.int().min(1).describe('Monitor id from datadog_monitors_list, for example 18342011') }),
  output: z.object({
    id: z.int(),
    name: z.string(),
    type: z.string(),
    overall_state: OverallState,
    query: z.string(),
    message: z.string(),
    tags: z.array(z.string()),
    priority: z.int().nullable(),
    creator: z.string().nullable(),
    created_at: z.string().nullable(),
    modified_at: z.string().nullable(),
    groups: z.array(z.object({ name: z.string(), status: z.string(), last_triggered_at: z.string().nullable() })),
    groups_truncated: z.boolean(),
  }),
  request: ({ monitor_id }) => get(path`/api/v1/monitor/${monitor_id}`, { group_states: 'alert,warn,no data' }),
  respond: (m: MonitorBody) => {
    const groups = Object.entries(m.state?.groups ?? {});
    return {
      id: m.id,
      name: m.name,
      type: m.type,
      overall_state: m.overall_state,
      query: m.query,
      message: (m.message ?? '').slice(0, messageMax),
      tags: m.tags ?? [],
      priority: m.priority ?? null,
      creator: m.creator?.name ?? m.creator?.email ?? null,
      created_at: isoOf(m.created),
      modified_at: isoOf(m.modified),
      groups: groups.slice(0, groupsMax).map(([name, group]) => ({
        name: group.name ?? name,
        status: group.status,
        last_triggered_at: isoOfSeconds(group.last_triggered_ts),
      })),
      groups_truncated: groups.length > groupsMax,
    };
  },
  docs: 'https://docs.datadoghq.com/api/latest/monitors/get-a-monitors-details/',
  provenance: { specification: '@datadog/datadog-api-client', version: '1.64.0', operation: 'getMonitor' },
  examples: [
    {
      input: { monitor_id: 18342011 },
      receives: {
        body: {
          id: 18342011,
          org_id: 424242,
          name: 'Checkout p95 latency',
          type: 'metric alert',
          query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} by {region} > 2',
          message: 'Checkout is slow in {{region.name}}. Runbook: https://runbooks.acme.example/checkout-latency @slack-incidents',
          tags: ['env:prod', 'service:checkout', 'team:engineering'],
          overall_state: 'Alert',
          overall_state_modified: '2025-11-21T09:41:02.000000+00:00',
          priority: 1,
          multi: true,
          created: '2024-05-14T08:30:11.402113+00:00',
          created_at: 1715675411000,
          modified: '2025-10-02T12:05:44.910000+00:00',
          deleted: null,
          restricted_roles: null,
          creator: { id: 771, name: 'Mira Lopez', handle: 'mira@acme.example', email: 'mira@acme.example' },
          options: {
            thresholds: { critical: 2, warning: 1.2 },
            notify_audit: false,
            notify_no_data: false,
            include_tags: true,
            renotify_interval: 0,
            silenced: {},
          },
          state: {
            groups: {
              'region:eu-west-1': {
                name: 'region:eu-west-1',
                status: 'Alert',
                last_triggered_ts: 1763718060,
                last_notified_ts: 1763718060,
                last_resolved_ts: 1763002800,
                last_nodata_ts: null,
              },
              'region:us-east-1': {
                name: 'region:us-east-1',
                status: 'Warn',
                last_triggered_ts: 1763718600,
                last_notified_ts: 1763718600,
                last_resolved_ts: null,
                last_nodata_ts: null,
              },
            },
          },
        },
      },
      gives: {
        id: 18342011,
        name: 'Checkout p95 latency',
        type: 'metric alert',
        overall_state: 'Alert',
        query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} by {region} > 2',
        message: 'Checkout is slow in {{region.name}}. Runbook: https://runbooks.acme.example/checkout-latency @slack-incidents',
        tags: ['env:prod', 'service:checkout', 'team:engineering'],
        priority: 1,
        creator: 'Mira Lopez',
        created_at: '2024-05-14T08:30:11.402Z',
        modified_at: '2025-10-02T12:05:44.910Z',
        groups: [
          { name: 'region:eu-west-1', status: 'Alert', last_triggered_at: '2025-11-21T09:41:00.000Z' },
          { name: 'region:us-east-1', status: 'Warn', last_triggered_at: '2025-11-21T09:50:00.000Z' },
        ],
        groups_truncated: false,
      },
    },
  ],
});
