import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { isoOf, isoOfSeconds, limit, moment, nextCursor, pageCursor } from './fields.ts';
import { typed } from './provenance.ts';

const docs = 'https://docs.datadoghq.com/api/latest/';
const textMax = 2000;

interface EventsBody {
  data?: {
    id: string;
    attributes: {
      timestamp?: string;
      message?: string;
      tags?: string[];
      attributes?: { title?: string; service?: string; status?: string; source_type_name?: string };
    };
  }[];
  meta?: { page?: { after?: string } };
}

export const eventsList = tool({
  name: 'datadog_events_list',
  aliases: ['datadog_events_list_v2', 'datadog_events_query'],
  title: 'List events',
  description:
    'List events that match a query, of the last day unless told, the newest first: deployments, alerts, changes of configuration. Useful to see what ' +
    'happened before a monitor alerted. To post one use datadog_event_create.',
  effect: 'read',
  scopes: [],
  input: z.object({
    from: moment.optional().describe('From this moment; a day ago unless told'),
    to: moment.optional().describe('Until this moment; now unless told'),
    query: z.string().max(1000).optional().describe('For example: source:deploy service:checkout-api'),
    limit,
    cursor: pageCursor,
  }),
  output: z.object({
    events: z.array(
      z.object({
        id: z.string(),
        timestamp: z.string().nullable(),
        title: z.string(),
        message: z.string(),
        truncated: z.boolean(),
        status: z.string().nullable(),
        service: z.string().nullable(),
        source: z.string().nullable(),
        tags: z.array(z.string()),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ query, from, to, limit: size, cursor }) =>
    get('/api/v2/events', {
      'filter[query]': query,
      'filter[from]': from ?? 'now-1d',
      'filter[to]': to ?? 'now',
      sort: '-timestamp',
      'page[limit]': size,
      'page[cursor]': cursor,
    }),
  respond: (body: EventsBody) => ({
    events: (body.data ?? []).map(({ id, attributes: a }) => ({
      id,
      timestamp: isoOf(a.timestamp),
      title: a.attributes?.title ?? '',
      message: (a.message ?? '').slice(0, textMax),
      truncated: (a.message ?? '').length > textMax,
      status: a.attributes?.status ?? null,
      service: a.attributes?.service ?? null,
      source: a.attributes?.source_type_name ?? null,
      tags: (a.tags ?? []).slice(0, 20),
    })),
    next_cursor: body.meta?.page?.after ?? null,
  }),
  docs: `${docs}events/get-a-list-of-events/`,
  provenance: typed('v2.EventsApi.listEvents'),
  examples: [
    {
      input: { query: 'source:deploy', from: '2025-11-21T09:00:00Z', to: '2025-11-21T10:00:00Z' },
      receives: {
        body: {
          data: [
            {
              id: 'AgAAAZqlWdeploy1',
              type: 'event',
              attributes: {
                timestamp: '2025-11-21T09:38:10.000Z',
                message: 'checkout-api 412 went live',
                tags: ['source:deploy', 'service:checkout-api'],
                attributes: {
                  title: 'Deployed checkout-api',
                  service: 'checkout-api',
                  status: 'info',
                  source_type_name: 'deploy',
                  timestamp: 1763717890000,
                  aggregation_key: 'checkout-api',
                  priority: 'normal',
                },
              },
            },
          ],
          meta: { elapsed: 41, request_id: 'pddv1ChZ', status: 'done', page: {} },
        },
      },
      gives: {
        events: [
          {
            id: 'AgAAAZqlWdeploy1',
            timestamp: '2025-11-21T09:38:10.000Z',
            title: 'Deployed checkout-api',
            message: 'checkout-api 412 went live',
            truncated: false,
            status: 'info',
            service: 'checkout-api',
            source: 'deploy',
            tags: ['source:deploy', 'service:checkout-api'],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const eventCreate = tool({
  name: 'datadog_event_create',
  title: 'Post an event',
  description:
    'Post an event into the stream, for example that something was deployed or rolled back; mentions in the text notify, and each call posts ' +
    'another. To tell of customer impact use datadog_incident_create; events are read with datadog_events_list.',
  effect: 'write',
  scopes: [],
  input: z.object({
    title: z.string().min(1).max(100).describe('What happened, in one line'),
    text: z.string().min(1).max(4000).describe('More about it; Markdown between %%% lines'),
    tags: z
      .array(z.string().regex(/^[^\s"\\,]{1,200}$/))
      .max(50)
      .optional()
      .describe('Tags such as service:checkout-api'),
    alert_type: z.enum(['info', 'success', 'warning', 'error']).default('info').describe('How it is to be seen'),
    aggregation_key: z.string().min(1).max(100).optional().describe('Events with the same key are shown as one'),
  }),
  output: z.object({ id: z.string(), title: z.string(), url: z.string().nullable(), created_at: z.string().nullable() }),
  request: (input) => post('/api/v1/events', input),
  respond: ({ event }: { event: { id: number; id_str?: string; title: string; url?: string; date_happened?: number } }) => ({
    id: event.id_str ?? String(event.id),
    title: event.title,
    url: event.url ?? null,
    created_at: isoOfSeconds(event.date_happened),
  }),
  docs: `${docs}events/post-an-event/`,
  provenance: typed('v1.EventsApi.createEvent'),
  examples: [
    {
      input: { title: 'Rolled back checkout-api', text: 'Back to 411 because of incident 91.', tags: ['service:checkout-api'] },
      receives: {
        status: 202,
        body: {
          status: 'ok',
          event: {
            id: 6509751066204997,
            id_str: '6509751066204997294',
            title: 'Rolled back checkout-api',
            text: 'Back to 411 because of incident 91.',
            date_happened: 1763720000,
            handle: null,
            priority: 'normal',
            related_event_id: null,
            tags: ['service:checkout-api'],
            url: 'https://app.datadoghq.example/event/event?id=6509751066204997294',
          },
        },
      },
      gives: {
        id: '6509751066204997294',
        title: 'Rolled back checkout-api',
        url: 'https://app.datadoghq.example/event/event?id=6509751066204997294',
        created_at: '2025-11-21T10:13:20.000Z',
      },
      fresh: { '/event/date_happened': 'unix_now' },
    },
  ],
});
