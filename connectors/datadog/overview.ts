import { get, nextOffset, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, isoOf, isoOfSeconds, limit, moment, nextCursor, secondsOf } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/';

const Dashboard = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  author: z.string().nullable(),
  url: z.string(),
  modified_at: z.string().nullable(),
});

interface DashboardBody {
  id: string;
  title?: string;
  description?: string | null;
  author_handle?: string;
  url?: string;
  modified_at?: string;
}

function dashboardOf(found: DashboardBody): z.input<typeof Dashboard> {
  return {
    id: found.id,
    title: found.title ?? '',
    description: (found.description ?? '').slice(0, 500),
    author: found.author_handle ?? null,
    url: found.url ?? '',
    modified_at: isoOf(found.modified_at),
  };
}

const dashboard = {
  id: 'abc-def-ghi',
  title: 'Checkout',
  description: 'Latency, errors, sales',
  author_handle: 'mira@acme.example',
  layout_type: 'ordered',
  is_read_only: false,
  url: '/dashboard/abc-def-ghi/checkout',
  created_at: '2024-05-14T08:30:11.402113+00:00',
  modified_at: '2025-10-02T12:05:44.910000+00:00',
};

const dashboardShown = {
  id: 'abc-def-ghi',
  title: 'Checkout',
  description: 'Latency, errors, sales',
  author: 'mira@acme.example',
  url: '/dashboard/abc-def-ghi/checkout',
  modified_at: '2025-10-02T12:05:44.910Z',
};

export const dashboardsList = tool({
  name: 'datadog_dashboards_list',
  title: 'List dashboards',
  description:
    'List the dashboards of the organization: titles, authors, addresses below the site. datadog_dashboard_get shows what one measures; the ' +
    'numbers themselves come from datadog_metrics_query.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ dashboards: z.array(Dashboard), next_cursor: nextCursor }),
  request: ({ limit: count, cursor: start }) => get('/api/v1/dashboard', { count, start: Number(start ?? 0) }),
  respond: (body: { dashboards?: DashboardBody[] }, _response, asked) => ({
    dashboards: (body.dashboards ?? []).map(dashboardOf),
    next_cursor: nextOffset(asked, (body.dashboards ?? []).length, { limit: 'count', offset: 'start' }),
  }),
  docs: `${docs}dashboards/get-all-dashboards/`,
  provenance: typed('v1.DashboardsApi.listDashboards'),
  examples: [{ input: {}, receives: { body: { dashboards: [dashboard] } }, gives: { dashboards: [dashboardShown], next_cursor: null } }],
});

interface WidgetBody {
  definition: { type: string; title?: string; widgets?: WidgetBody[]; requests?: unknown };
}

const widgetsMax = 50;

/** Groups hold further widgets; what each asks stands at different depths, by its age. */
function widgetsOf(widgets: WidgetBody[]): { type: string; title: string; queries: string[] }[] {
  return widgets.flatMap(({ definition }) => {
    const own = { type: definition.type, title: definition.title ?? '', queries: queriesIn(definition.requests).slice(0, 5) };
    return definition.widgets === undefined ? [own] : widgetsOf(definition.widgets);
  });
}

function queriesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(queriesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner === 'string') return name === 'q' || name === 'query' ? [inner.slice(0, 500)] : [];
    return queriesIn(inner);
  });
}

export const dashboardGet = tool({
  name: 'datadog_dashboard_get',
  title: 'Read a dashboard',
  description:
    'Read one dashboard: its widgets (at most 50) with titles and the queries behind them, which datadog_metrics_query takes once template ' +
    'variables such as $env are filled in. Ids come from datadog_dashboards_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    dashboard_id: z
      .string()
      .regex(/^[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}$/)
      .describe('Dashboard id such as abc-def-ghi'),
  }),
  output: Dashboard.extend({
    template_variables: z.array(z.string()),
    widgets: z.array(z.object({ type: z.string(), title: z.string(), queries: z.array(z.string()) })),
    truncated: z.boolean(),
  }),
  request: ({ dashboard_id }) => get(path`/api/v1/dashboard/${dashboard_id}`),
  respond: (body: DashboardBody & { widgets?: WidgetBody[]; template_variables?: { name: string }[] | null }) => {
    const widgets = widgetsOf(body.widgets ?? []);
    return {
      ...dashboardOf(body),
      template_variables: (body.template_variables ?? []).map(({ name }) => name),
      widgets: widgets.slice(0, widgetsMax),
      truncated: widgets.length > widgetsMax,
    };
  },
  docs: `${docs}dashboards/get-a-dashboard/`,
  provenance: typed('v1.DashboardsApi.getDashboard'),
  examples: [
    {
      input: { dashboard_id: 'abc-def-ghi' },
      receives: {
        body: {
          ...dashboard,
          template_variables: [{ name: 'env', default: 'prod', prefix: 'env' }],
          widgets: [
            {
              id: 1,
              definition: {
                type: 'group',
                title: 'Latency',
                layout_type: 'ordered',
                widgets: [
                  {
                    id: 2,
                    definition: {
                      type: 'timeseries',
                      title: 'p95',
                      requests: [
                        {
                          response_format: 'timeseries',
                          queries: [{ data_source: 'metrics', name: 'a', query: 'p95:trace.http.request{$env}' }],
                          formulas: [{ formula: 'a' }],
                        },
                      ],
                    },
                  },
                ],
              },
            },
          ],
          notify_list: [],
          reflow_type: 'auto',
        },
      },
      gives: {
        ...dashboardShown,
        template_variables: ['env'],
        widgets: [{ type: 'timeseries', title: 'p95', queries: ['p95:trace.http.request{$env}'] }],
        truncated: false,
      },
    },
  ],
});

export const slosList = tool({
  name: 'datadog_slos_list',
  title: 'List SLOs',
  description:
    'List service level objectives with their targets, narrowed by words of the name or tags. How well one was met, and how much of its ' +
    'error budget is left, tells datadog_slo_history.',
  effect: 'read',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(200).optional().describe('Words of the name'),
    tags_query: z.string().min(1).max(500).optional().describe('For example: env:prod AND team:checkout'),
    limit,
    cursor,
  }),
  output: z.object({
    slos: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.string(),
        targets: z.array(z.object({ timeframe: z.string(), target: z.number(), warning: z.number().nullable() })),
        tags: z.array(z.string()),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ limit: size, cursor: offset, ...narrowed }) => get('/api/v1/slo', { ...narrowed, limit: size, offset: Number(offset ?? 0) }),
  respond: (
    body: {
      data?: {
        id: string;
        name: string;
        type: string;
        thresholds: { timeframe: string; target: number; warning?: number | null }[];
        tags?: string[];
      }[];
    },
    _response,
    asked,
  ) => ({
    slos: (body.data ?? []).map((slo) => ({
      id: slo.id,
      name: slo.name,
      type: slo.type,
      targets: slo.thresholds.map(({ timeframe, target, warning }) => ({ timeframe, target, warning: warning ?? null })),
      tags: slo.tags ?? [],
    })),
    next_cursor: nextOffset(asked, (body.data ?? []).length),
  }),
  docs: `${docs}service-level-objectives/get-all-slos/`,
  provenance: typed('v1.ServiceLevelObjectivesApi.listSLOs'),
  examples: [
    {
      input: { query: 'checkout' },
      receives: {
        body: {
          data: [
            {
              id: '9c2e4a6b8d0f4e1a9b3c5d7e9f1a3b5c',
              name: 'Checkout availability',
              type: 'metric',
              description: null,
              thresholds: [{ timeframe: '30d', target: 99.9, target_display: '99.9' }],
              tags: ['team:checkout'],
              query: { numerator: 'sum:checkout.ok{*}.as_count()', denominator: 'sum:checkout.all{*}.as_count()' },
              monitor_ids: [],
              created_at: 1715675411,
              modified_at: 1759406744,
              creator: { name: 'Mira Lopez', handle: 'mira@acme.example', email: 'mira@acme.example' },
            },
          ],
          error: null,
          metadata: { page: { total_count: 1, total_filtered_count: 1 } },
        },
      },
      gives: {
        slos: [
          {
            id: '9c2e4a6b8d0f4e1a9b3c5d7e9f1a3b5c',
            name: 'Checkout availability',
            type: 'metric',
            targets: [{ timeframe: '30d', target: 99.9, warning: null }],
            tags: ['team:checkout'],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const sloHistory = tool({
  name: 'datadog_slo_history',
  title: 'Tell how well an SLO was met',
  description:
    'Tell for one service level objective the share of good events or time between two moments, in percent, and what is left of the error ' +
    'budget. Ids come from datadog_slos_list, which also tells the targets.',
  effect: 'read',
  scopes: [],
  input: z.object({
    slo_id: z
      .string()
      .regex(/^[a-f0-9]{32}$/)
      .describe('SLO id from datadog_slos_list'),
    from: moment.describe('From this moment; the timeframe of the target, for example 30 days ago'),
    to: moment.describe('Until this moment; mostly now'),
  }),
  output: z.object({
    name: z.string().nullable(),
    sli_value: z.number().nullable(),
    error_budget_remaining: z.record(z.string(), z.number()),
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
  request: ({ slo_id, from, to }) => get(path`/api/v1/slo/${slo_id}/history`, { from_ts: secondsOf(from), to_ts: secondsOf(to) }),
  respond: ({
    data,
  }: {
    data: {
      from_ts?: number;
      to_ts?: number;
      overall?: { name?: string; sli_value?: number | null; error_budget_remaining?: Record<string, number> };
    };
  }) => ({
    name: data.overall?.name ?? null,
    sli_value: data.overall?.sli_value ?? null,
    error_budget_remaining: data.overall?.error_budget_remaining ?? {},
    from: isoOfSeconds(data.from_ts),
    to: isoOfSeconds(data.to_ts),
  }),
  docs: `${docs}service-level-objectives/get-an-slos-history/`,
  provenance: typed('v1.ServiceLevelObjectivesApi.getSLOHistory'),
  examples: [
    {
      input: { slo_id: '9c2e4a6b8d0f4e1a9b3c5d7e9f1a3b5c', from: '2025-11-14T10:00:00Z', to: '2025-11-21T10:00:00Z' },
      receives: {
        body: {
          data: {
            from_ts: 1763114400,
            to_ts: 1763719200,
            type: 'metric',
            type_id: 1,
            thresholds: { '30d': { timeframe: '30d', target: 99.9, target_display: '99.9' } },
            overall: {
              name: 'Checkout availability',
              sli_value: 99.87,
              span_precision: 2,
              precision: { custom: 2, '7d': 2 },
              error_budget_remaining: { custom: -30.1 },
              preview: false,
            },
            series: { resp_version: 2, query: 'q', message: '', interval: 86400, numerator: {}, denominator: {} },
          },
          errors: null,
        },
      },
      gives: {
        name: 'Checkout availability',
        sli_value: 99.87,
        error_budget_remaining: { custom: -30.1 },
        from: '2025-11-14T10:00:00.000Z',
        to: '2025-11-21T10:00:00.000Z',
      },
    },
  ],
});
