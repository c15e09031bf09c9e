import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { isoOf, limit, moment, nextCursor, pageCursor, secondsOf } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/';
const textMax = 2000;

interface LogsBody {
  data?: {
    id: string;
    attributes: { timestamp?: string; service?: string; host?: string; status?: string; message?: string; tags?: string[] };
  }[];
  meta?: { page?: { after?: string } };
}

export const logsSearch = tool({
  name: 'datadog_logs_search',
  title: 'Search logs',
  description:
    'Read the log lines that match a query, of the last hour unless told, the newest first; long messages are cut (truncated). To count them, or the ' +
    'values of a field, use datadog_logs_aggregate: it costs far less than reading lines.',
  effect: 'read',
  scopes: [],
  input: z.object({
    from: moment.optional().describe('From this moment; an hour ago unless told'),
    to: moment.optional().describe('Until this moment; now unless told'),
    query: z.string().max(4000).default('*').describe('For example: service:checkout-api status:error @http.status_code:>=500'),
    sort: z.enum(['-timestamp', 'timestamp']).default('-timestamp').describe('Newest first, or oldest first'),
    limit,
    cursor: pageCursor,
  }),
  output: z.object({
    logs: z.array(
      z.object({
        id: z.string(),
        timestamp: z.string().nullable(),
        status: z.string().nullable(),
        service: z.string().nullable(),
        host: z.string().nullable(),
        message: z.string(),
        truncated: z.boolean(),
        tags: z.array(z.string()),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ query, from, to, sort, limit: size, cursor }) =>
    post('/api/v2/logs/events/search', {
      filter: { query, from: from ?? 'now-1h', to: to ?? 'now' },
      sort,
      page: { limit: size, ...(cursor === undefined ? {} : { cursor }) },
    }),
  respond: (body: LogsBody) => ({
    logs: (body.data ?? []).map(({ id, attributes: a }) => ({
      id,
      timestamp: isoOf(a.timestamp),
      status: a.status ?? null,
      service: a.service ?? null,
      host: a.host ?? null,
      message: (a.message ?? '').slice(0, textMax),
      truncated: (a.message ?? '').length > textMax,
      tags: (a.tags ?? []).slice(0, 20),
    })),
    next_cursor: body.meta?.page?.after ?? null,
  }),
  docs: `${docs}logs/search-logs-post/`,
  provenance: typed('v2.LogsApi.listLogs'),
  examples: [
    {
      input: { query: 'service:checkout-api status:error', from: '2025-11-21T09:30:00Z', to: '2025-11-21T10:00:00Z', limit: 1 },
      receives: {
        body: {
          data: [
            {
              id: 'AwAAAZqlX0001ABCD',
              type: 'log',
              attributes: {
                timestamp: '2025-11-21T09:58:01.120Z',
                service: 'checkout-api',
                host: 'ip-10-0-3-7',
                status: 'error',
                message: 'gateway timeout after 2000 ms',
                tags: ['env:prod', 'region:eu-west-1'],
                attributes: { http: { status_code: 504, url: '/checkout' }, duration: 2000123456 },
              },
            },
          ],
          links: { next: 'https://api.datadoghq.com/api/v2/logs/events?page%5Bcursor%5D=eyJhZnRlciI6MX0' },
          meta: { elapsed: 132, page: { after: 'eyJhZnRlciI6MX0' }, request_id: 'pddv1ChZ', status: 'done' },
        },
      },
      gives: {
        logs: [
          {
            id: 'AwAAAZqlX0001ABCD',
            timestamp: '2025-11-21T09:58:01.120Z',
            status: 'error',
            service: 'checkout-api',
            host: 'ip-10-0-3-7',
            message: 'gateway timeout after 2000 ms',
            truncated: false,
            tags: ['env:prod', 'region:eu-west-1'],
          },
        ],
        next_cursor: 'eyJhZnRlciI6MX0',
      },
    },
  ],
});

export const logsAggregate = tool({
  name: 'datadog_logs_aggregate',
  title: 'Count logs',
  description:
    'Count the log lines that match a query, or sum up a measure of theirs, grouped by fields, the biggest groups first. To read lines ' +
    'themselves use datadog_logs_search; for metrics datadog_metrics_query.',
  effect: 'read',
  scopes: [],
  input: z
    .object({
      from: moment.optional().describe('From this moment; an hour ago unless told'),
      to: moment.optional().describe('Until this moment; now unless told'),
      query: z.string().max(4000).default('*').describe('For example: service:checkout-api status:error'),
      group_by: z.array(z.string().min(1).max(200)).max(3).default([]).describe('Fields, for example service or @http.status_code'),
      aggregation: z
        .enum(['count', 'cardinality', 'sum', 'avg', 'min', 'max', 'pc95', 'pc99'])
        .default('count')
        .describe('What to compute'),
      metric: z.string().min(1).max(200).optional().describe('Measure such as @duration; needed unless counting'),
      groups: z.int().min(1).max(100).default(20).describe('Most values of each field'),
    })
    .refine((given) => (given.aggregation === 'count') === (given.metric === undefined), 'a metric is given for everything but count'),
  output: z.object({
    buckets: z.array(z.object({ by: z.record(z.string(), z.unknown()), value: z.number().nullable() })),
  }),
  request: ({ query, from, to, group_by, aggregation, metric, groups }) =>
    post('/api/v2/logs/analytics/aggregate', {
      filter: { query, from: from ?? 'now-1h', to: to ?? 'now' },
      compute: [{ aggregation, type: 'total', ...(metric === undefined ? {} : { metric }) }],
      group_by: group_by.map((facet) => ({
        facet,
        limit: groups,
        sort: { type: 'measure', aggregation, order: 'desc', ...(metric === undefined ? {} : { metric }) },
      })),
    }),
  respond: (body: { data?: { buckets?: { by?: Record<string, unknown>; computes?: { c0?: unknown } }[] } }) => ({
    buckets: (body.data?.buckets ?? []).map((bucket) => ({
      by: bucket.by ?? {},
      value: typeof bucket.computes?.c0 === 'number' ? bucket.computes.c0 : null,
    })),
  }),
  docs: `${docs}logs/aggregate-events/`,
  provenance: typed('v2.LogsApi.aggregateLogs'),
  examples: [
    {
      input: { query: 'status:error', from: '2025-11-21T09:30:00Z', to: '2025-11-21T10:00:00Z', group_by: ['service'] },
      receives: {
        body: {
          data: { buckets: [{ by: { service: 'checkout-api' }, computes: { c0: 4211 } }] },
          meta: { elapsed: 98, request_id: 'pddv1ChZ', status: 'done' },
        },
      },
      gives: { buckets: [{ by: { service: 'checkout-api' }, value: 4211 }] },
    },
  ],
});

const pointsMax = 100;

interface SeriesBody {
  metric?: string;
  scope?: string;
  expression?: string;
  pointlist?: [number, number | null][];
  unit?: ({ short_name?: string } | null)[] | null;
}

export const metricsQuery = tool({
  name: 'datadog_metrics_query',
  title: 'Query metrics',
  description:
    'Compute a metric between two moments, one series for each group, with last, lowest and highest value; at most 20 series and the last ' +
    '100 points of each (truncated). Names of metrics come from datadog_metrics_list, queries that others use from datadog_monitor_get and datadog_dashboard_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(4000).describe('For example: avg:system.load.1{env:prod} by {host}; metrics from datadog_metrics_list'),
    from: moment.describe('From this moment; for example an hour ago'),
    to: moment.describe('Until this moment; mostly now'),
  }),
  output: z.object({
    series: z.array(
      z.object({
        metric: z.string(),
        scope: z.string(),
        unit: z.string().nullable(),
        last: z.number().nullable(),
        min: z.number().nullable(),
        max: z.number().nullable(),
        points: z.array(z.object({ at: z.string(), value: z.number().nullable() })),
      }),
    ),
    truncated: z.boolean(),
  }),
  request: ({ query, from, to }) => get('/api/v1/query', { query, from: secondsOf(from), to: secondsOf(to) }),
  respond: (body: { series?: SeriesBody[] }) => {
    const all = body.series ?? [];
    return {
      series: all.slice(0, 20).map((series) => {
        const points = series.pointlist ?? [];
        const values = points.map(([, value]) => value).filter((value) => value !== null);
        return {
          metric: series.expression ?? series.metric ?? '',
          scope: series.scope ?? '',
          unit: series.unit?.[0]?.short_name ?? null,
          last: values.at(-1) ?? null,
          min: values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)),
          max: values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)),
          points: points.slice(-pointsMax).map(([ms, value]) => ({ at: new Date(ms).toISOString(), value })),
        };
      }),
      truncated: all.length > 20 || all.some((series) => (series.pointlist ?? []).length > pointsMax),
    };
  },
  docs: `${docs}metrics/query-timeseries-points/`,
  provenance: typed('v1.MetricsApi.queryMetrics'),
  examples: [
    {
      input: { query: 'p95:trace.http.request{service:checkout-api}', from: '2025-11-21T09:40:00Z', to: '2025-11-21T09:42:00Z' },
      receives: {
        body: {
          status: 'ok',
          res_type: 'time_series',
          resp_version: 1,
          query: 'p95:trace.http.request{service:checkout-api}',
          from_date: 1763718000000,
          to_date: 1763718120000,
          group_by: [],
          message: '',
          values: [],
          times: [],
          series: [
            {
              metric: 'trace.http.request',
              display_name: 'trace.http.request',
              expression: 'p95:trace.http.request{service:checkout-api}',
              scope: 'service:checkout-api',
              tag_set: [],
              aggr: 'p95',
              interval: 60,
              length: 2,
              start: 1763718000000,
              end: 1763718119000,
              query_index: 0,
              unit: [{ family: 'time', id: 11, name: 'second', plural: 'seconds', scale_factor: 1, short_name: 's' }, null],
              pointlist: [
                [1763718000000, 1.8],
                [1763718060000, 2.6],
              ],
            },
          ],
        },
      },
      gives: {
        series: [
          {
            metric: 'p95:trace.http.request{service:checkout-api}',
            scope: 'service:checkout-api',
            unit: 's',
            last: 2.6,
            min: 1.8,
            max: 2.6,
            points: [
              { at: '2025-11-21T09:40:00.000Z', value: 1.8 },
              { at: '2025-11-21T09:41:00.000Z', value: 2.6 },
            ],
          },
        ],
        truncated: false,
      },
    },
  ],
});
