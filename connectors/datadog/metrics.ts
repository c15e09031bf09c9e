import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { isoOf, limit, nextCursor, pageCursor } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/';
const day = 86_400;

export const metricsList = tool({
  name: 'datadog_metrics_list',
  title: 'List metrics',
  description:
    'List the names of metrics that were reported within the last day, narrowed by the tags that they were sent with: what ' +
    'datadog_metrics_query and datadog_monitor_create compute with. Hosts and their tags are in datadog_hosts_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    filter_tags: z.string().min(1).max(1000).optional().describe('For example: service:checkout-api AND env IN (prod,staging)'),
    limit,
    cursor: pageCursor,
  }),
  output: z.object({ metrics: z.array(z.string()), next_cursor: nextCursor }),
  request: ({ filter_tags: tags, limit: size, cursor }) =>
    get('/api/v2/metrics', { 'filter[tags]': tags, 'window[seconds]': day, 'page[size]': size, 'page[cursor]': cursor }),
  respond: (body: { data: { id: string }[]; meta?: { pagination?: { next_cursor?: string | null } } }) => ({
    metrics: body.data.map(({ id }) => id),
    next_cursor: body.meta?.pagination?.next_cursor ?? null,
  }),
  docs: `${docs}metrics/get-a-list-of-metrics/`,
  provenance: typed('v2.MetricsApi.listTagConfigurations'),
  examples: [
    {
      input: { filter_tags: 'service:checkout-api', limit: 2 },
      receives: {
        body: {
          data: [
            { type: 'metrics', id: 'trace.http.request' },
            { type: 'metrics', id: 'trace.http.request.errors' },
          ],
          links: { self: 'https://api.datadoghq.com/api/v2/metrics', first: 'https://api.datadoghq.com/api/v2/metrics', prev: null },
          meta: { pagination: { type: 'cursor_limit', cursor: '', next_cursor: 'bWFkZS11cA', limit: 2 } },
        },
      },
      gives: { metrics: ['trace.http.request', 'trace.http.request.errors'], next_cursor: 'bWFkZS11cA' },
    },
  ],
});

const tags = z.array(z.string().regex(/^[^\s"\\,]{1,200}$/)).max(50);

export const monitorUpdate = tool({
  name: 'datadog_monitor_update',
  title: 'Change a monitor',
  description:
    'Change name, query, message, tags or priority of one monitor; what is not given stays. A query with another threshold than the ' +
    'monitor has is refused. Read it first with datadog_monitor_get; to silence it use datadog_monitor_mute.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z
    .object({
      monitor_id: z.int().min(1).describe('Monitor id from datadog_monitors_list'),
      name: z.string().min(1).max(500).optional().describe('New name'),
      query: z.string().min(1).max(4000).optional().describe('For example: avg(last_5m):avg:system.load.1{env:prod} > 4'),
      message: z.string().max(10_000).optional().describe('What it says when it alerts, with mentions; replaces the old one'),
      tags: tags.optional().describe('Tags such as team:checkout; replaces all of them'),
      priority: z.int().min(1).max(5).optional().describe('1 is the highest'),
    })
    .refine(
      ({ monitor_id: _, ...changes }) => Object.values(changes).some((value) => value !== undefined),
      'give at least one field to change',
    ),
  output: z.object({
    id: z.int(),
    name: z.string(),
    type: z.string(),
    query: z.string(),
    tags: z.array(z.string()),
    priority: z.int().nullable(),
    modified_at: z.string().nullable(),
  }),
  request: ({ monitor_id, ...json }) => ({ method: 'PUT', path: path`/api/v1/monitor/${monitor_id}`, json }),
  respond: (m: {
    id: number;
    name: string;
    type: string;
    query: string;
    tags?: string[];
    priority?: number | null;
    modified?: string;
  }) => ({
    id: m.id,
    name: m.name,
    type: m.type,
    query: m.query,
    tags: m.tags ?? [],
    priority: m.priority ?? null,
    modified_at: isoOf(m.modified),
  }),
  docs: `${docs}monitors/edit-a-monitor/`,
  provenance: typed('v1.MonitorsApi.updateMonitor'),
  examples: [
    {
      input: { monitor_id: 18342011, message: 'Checkout is slow. Runbook in Notion. @slack-incidents', priority: 1 },
      receives: {
        body: {
          id: 18342011,
          org_id: 424242,
          name: 'Checkout p95 latency',
          type: 'metric alert',
          query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} > 2',
          message: 'Checkout is slow. Runbook in Notion. @slack-incidents',
          tags: ['env:prod', 'service:checkout'],
          priority: 1,
          multi: false,
          overall_state: 'Alert',
          created: '2024-05-14T08:30:11.402113+00:00',
          modified: '2025-11-21T10:20:00.000000+00:00',
          creator: { id: 771, name: 'Mira Lopez', handle: 'mira@acme.example', email: 'mira@acme.example' },
          options: { thresholds: { critical: 2 }, notify_audit: false, include_tags: true, silenced: {} },
        },
      },
      gives: {
        id: 18342011,
        name: 'Checkout p95 latency',
        type: 'metric alert',
        query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} > 2',
        tags: ['env:prod', 'service:checkout'],
        priority: 1,
        modified_at: '2025-11-21T10:20:00.000Z',
      },
      fresh: { '/modified': 'iso_now' },
    },
  ],
});
