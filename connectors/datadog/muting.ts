import { get, nextOffset, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, isoOf, limit, moment, nextCursor } from './fields.ts';
import { typed } from './provenance.ts';

const tags = z.array(z.string().regex(/^[^\s"\\,]{1,200}$/)).max(50);

export const monitorCreate = tool({
  name: 'datadog_monitor_create',
  title: 'Create a monitor',
  description:
    'Create a monitor over a metric, logs or other data; each call makes another. Mentions in the message (@slack-incidents) say who is ' +
    'notified. Try the query with datadog_metrics_query first; to change one use datadog_monitor_update.',
  effect: 'write',
  scopes: [],
  input: z.object({
    name: z.string().min(1).max(500).describe('The monitor’s name'),
    type: z
      .enum(['metric alert', 'query alert', 'log alert', 'event-v2 alert', 'service check', 'slo alert', 'composite'])
      .describe('What it watches'),
    query: z.string().min(1).max(4000).describe('For example: avg(last_5m):avg:system.load.1{env:prod} > 4'),
    message: z.string().max(10_000).default('').describe('What it says when it alerts, with mentions'),
    tags: tags.default([]).describe('Tags such as team:checkout'),
    priority: z.int().min(1).max(5).optional().describe('1 is the highest'),
    critical: z.number().optional().describe('Threshold, the same as in the query'),
    warning: z.number().optional().describe('Earlier threshold at which it warns'),
  }),
  output: z.object({ id: z.int(), name: z.string(), type: z.string(), query: z.string(), created_at: z.string().nullable() }),
  request: ({ critical, warning, priority, ...rest }) => {
    const thresholds = { ...(critical === undefined ? {} : { critical }), ...(warning === undefined ? {} : { warning }) };
    return post('/api/v1/monitor', {
      ...rest,
      ...(priority === undefined ? {} : { priority }),
      ...(Object.keys(thresholds).length === 0 ? {} : { options: { thresholds } }),
    });
  },
  respond: (m: { id: number; name: string; type: string; query: string; created?: string }) => ({
    id: m.id,
    name: m.name,
    type: m.type,
    query: m.query,
    created_at: isoOf(m.created),
  }),
  docs: 'https://docs.datadoghq.com/api/latest/monitors/create-a-monitor/',
  provenance: typed('v1.MonitorsApi.createMonitor'),
  examples: [
    {
      input: {
        name: 'Checkout p95 latency',
        type: 'metric alert',
        query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} > 2',
        message: 'Checkout is slow. @slack-incidents',
        tags: ['service:checkout'],
        critical: 2,
      },
      receives: {
        body: {
          id: 18342011,
          org_id: 424242,
          name: 'Checkout p95 latency',
          type: 'metric alert',
          query: 'avg(last_5m):p95:trace.http.request{service:checkout-api,env:prod} > 2',
          message: 'Checkout is slow. @slack-incidents',
          tags: ['service:checkout'],
          priority: null,
          multi: false,
          overall_state: 'No Data',
          created: '2025-11-21T10:20:00.000000+00:00',
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
        created_at: '2025-11-21T10:20:00.000Z',
      },
    },
  ],
});

const Downtime = z.object({
  downtime_id: z.string(),
  status: z.string(),
  scope: z.string(),
  monitor_id: z.int().nullable(),
  monitor_tags: z.array(z.string()),
  message: z.string(),
  start: z.string().nullable(),
  end: z.string().nullable(),
});

interface DowntimeData {
  id: string;
  attributes: {
    status?: string;
    scope?: string;
    message?: string | null;
    monitor_identifier?: { monitor_id?: number; monitor_tags?: string[] };
    schedule?: { start?: string; end?: string | null; current_downtime?: { start?: string; end?: string | null } };
  };
}

function downtimeOf({ id, attributes: a }: DowntimeData): z.input<typeof Downtime> {
  return {
    downtime_id: id,
    status: a.status ?? 'unknown',
    scope: a.scope ?? '',
    monitor_id: a.monitor_identifier?.monitor_id ?? null,
    monitor_tags: a.monitor_identifier?.monitor_tags ?? [],
    message: (a.message ?? '').slice(0, 1000),
    start: isoOf(a.schedule?.current_downtime?.start ?? a.schedule?.start),
    end: isoOf(a.schedule?.current_downtime?.end ?? a.schedule?.end),
  };
}

const downtime = {
  id: '0e2a4c6d-8f1b-4d3e-9a5c-7b9d1f3e5a60',
  type: 'downtime',
  attributes: {
    canceled: null,
    created: '2025-11-21T10:25:00.000000+00:00',
    modified: '2025-11-21T10:25:00.000000+00:00',
    display_timezone: 'UTC',
    message: 'Known: ENG-142',
    monitor_identifier: { monitor_id: 18342011 },
    mute_first_recovery_notification: false,
    notify_end_states: ['alert', 'warn', 'no data'],
    notify_end_types: ['expired'],
    schedule: { start: '2025-11-21T10:25:00.000000+00:00', end: '2025-11-21T12:00:00+00:00' },
    scope: 'region:eu-west-1',
    status: 'active',
  },
  relationships: {
    created_by: { data: { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', type: 'users' } },
    monitor: { data: { id: '18342011', type: 'monitors' } },
  },
};

const downtimeShown = {
  downtime_id: '0e2a4c6d-8f1b-4d3e-9a5c-7b9d1f3e5a60',
  status: 'active',
  scope: 'region:eu-west-1',
  monitor_id: 18342011,
  monitor_tags: [],
  message: 'Known: ENG-142',
  start: '2025-11-21T10:25:00.000Z',
  end: '2025-11-21T12:00:00.000Z',
};

export const monitorMute = tool({
  name: 'datadog_monitor_mute',
  aliases: ['datadog_downtime_create'],
  title: 'Mute a monitor',
  description:
    'Keep a monitor from notifying until a moment, wholly or for one scope, by a downtime; it goes on watching. Each call makes another ' +
    'downtime: datadog_downtimes_list shows them, datadog_downtime_cancel ends one. Ids come from datadog_monitors_list.',
  effect: 'write',
  scopes: [],
  input: z.object({
    monitor_id: z.int().min(1).describe('Monitor id from datadog_monitors_list'),
    end: moment.describe('Until when'),
    scope: z.string().min(1).max(500).default('*').describe('Only these groups, for example region:eu-west-1; * is all'),
    message: z.string().max(2000).optional().describe('Why, for those who wonder'),
  }),
  output: Downtime,
  request: ({ monitor_id, end, scope, message }) =>
    post('/api/v2/downtime', {
      data: {
        type: 'downtime',
        attributes: {
          monitor_identifier: { monitor_id },
          scope,
          schedule: { end },
          ...(message === undefined ? {} : { message }),
        },
      },
    }),
  respond: (body: { data: DowntimeData }) => downtimeOf(body.data),
  docs: 'https://docs.datadoghq.com/api/latest/downtimes/schedule-a-downtime/',
  provenance: typed('v2.DowntimesApi.createDowntime'),
  examples: [
    {
      input: { monitor_id: 18342011, end: '2025-11-21T12:00:00Z', scope: 'region:eu-west-1', message: 'Known: ENG-142' },
      receives: { body: { data: downtime } },
      gives: downtimeShown,
      fresh: { '/data/id': 'uuid', '/data/attributes/schedule/start': 'iso_now' },
    },
  ],
});

export const downtimesList = tool({
  name: 'datadog_downtimes_list',
  title: 'List downtimes',
  description:
    'List the downtimes, which keep monitors from notifying: what they cover and until when. datadog_downtime_cancel ends one, ' +
    'datadog_monitor_mute makes one. Look here when a monitor alerts and nobody was told.',
  effect: 'read',
  scopes: [],
  input: z.object({ current_only: z.boolean().default(true).describe('Only those in force now'), limit, cursor }),
  output: z.object({ downtimes: z.array(Downtime), next_cursor: nextCursor }),
  request: ({ current_only, limit: size, cursor: offset }) =>
    get('/api/v2/downtime', { current_only, 'page[limit]': size, 'page[offset]': Number(offset ?? 0) }),
  respond: (body: { data: DowntimeData[] }, _response, asked) => ({
    downtimes: body.data.map(downtimeOf),
    next_cursor: nextOffset(asked, body.data.length, { limit: 'page[limit]', offset: 'page[offset]' }),
  }),
  docs: 'https://docs.datadoghq.com/api/latest/downtimes/get-all-downtimes/',
  provenance: typed('v2.DowntimesApi.listDowntimes'),
  examples: [
    {
      input: {},
      receives: { body: { data: [downtime], meta: { page: { total_filtered_count: 1 } } } },
      gives: { downtimes: [downtimeShown], next_cursor: null },
    },
  ],
});

export const downtimeCancel = tool({
  name: 'datadog_downtime_cancel',
  aliases: ['datadog_monitor_unmute'],
  title: 'End a downtime',
  description:
    'End one downtime now, so that what it covered notifies again; a downtime that has ended stays so. Ids come from datadog_downtimes_list, ' +
    'which also says what each one covers.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ downtime_id: z.uuid().describe('Downtime id from datadog_downtimes_list') }),
  output: z.object({ canceled: z.boolean() }),
  request: ({ downtime_id }) => ({ method: 'DELETE', path: path`/api/v2/downtime/${downtime_id}` }),
  respond: () => ({ canceled: true }),
  docs: 'https://docs.datadoghq.com/api/latest/downtimes/cancel-a-downtime/',
  provenance: typed('v2.DowntimesApi.cancelDowntime'),
  examples: [
    {
      input: { downtime_id: '0e2a4c6d-8f1b-4d3e-9a5c-7b9d1f3e5a60' },
      receives: { status: 204, body: '' },
      gives: { canceled: true },
    },
  ],
});
