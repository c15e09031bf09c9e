import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { offsite, offsiteBrief, page, planning, planningBrief } from './examples.ts';
import {
  briefOf,
  calendarId,
  cursor,
  type EventBody,
  EventBrief,
  eventId,
  limit,
  nextCursor,
  provenance,
  timeMax,
  timeMin,
} from './fields.ts';
import { eventsRead } from './scopes.ts';

const reference = 'https://developers.google.com/workspace/calendar/api/v3/reference/events';

interface Page {
  items?: EventBody[];
  nextPageToken?: string;
}

const pageOf = (body: Page) => ({ events: (body.items ?? []).map(briefOf), next_cursor: body.nextPageToken ?? null });
const Events = z.object({ events: z.array(EventBrief), next_cursor: nextCursor });

export const eventsList = tool({
  name: 'google_calendar_events_list',
  aliases: ['googlecalendar_list_events', 'googlecalendar_search_events'],
  title: 'List or search events',
  description:
    'List events of one calendar by begin, each instance of a series on its own; give timeMin and timeMax, or q to search titles, texts, places ' +
    'and guests. For free time use google_calendar_freebusy_query, for one event’s details google_calendar_event_get.',
  effect: 'read',
  scopes: [eventsRead],
  input: z.object({
    calendarId,
    timeMin,
    timeMax,
    q: z.string().min(1).max(500).optional().describe('Words to search for'),
    eventTypes: z
      .array(z.enum(['default', 'focusTime', 'outOfOffice', 'workingLocation', 'birthday', 'fromGmail']))
      .min(1)
      .max(6)
      .optional()
      .describe('Kinds of events; every kind unless told'),
    limit,
    cursor,
  }),
  output: Events,
  request: ({ calendarId, limit, cursor, ...rest }) =>
    get(path`/calendar/v3/calendars/${calendarId}/events`, {
      ...rest,
      singleEvents: true,
      orderBy: 'startTime',
      maxResults: limit,
      pageToken: cursor,
    }),
  respond: pageOf,
  docs: `${reference}/list`,
  provenance: provenance('events.list'),
  examples: [
    {
      input: { timeMin: '2025-11-24T00:00:00+01:00', timeMax: '2025-12-01T00:00:00+01:00' },
      receives: { body: page([planning, offsite]) },
      gives: { events: [planningBrief, offsiteBrief], next_cursor: null },
    },
    {
      input: { q: 'incident review', timeMin: '2025-11-01T00:00:00Z' },
      receives: { body: page([planning]) },
      gives: { events: [planningBrief], next_cursor: null },
    },
  ],
});

const maxText = 8000;

const EventFull = EventBrief.extend({
  description: z.string().nullable(),
  truncated: z.literal(true).optional(),
  attendees: z.array(
    z.object({ email: z.string().nullable(), name: z.string().nullable(), response: z.string(), optional: z.boolean(), self: z.boolean() }),
  ),
  recurrence: z.array(z.string()),
  time_zone: z.string().nullable(),
  busy: z.boolean(),
  visibility: z.string(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

function fullOf(event: EventBody): z.input<typeof EventFull> {
  const text = event.description ?? null;
  return {
    ...briefOf(event),
    description: text?.slice(0, maxText) ?? null,
    ...(text !== null && text.length > maxText ? { truncated: true } : {}),
    attendees: (event.attendees ?? []).slice(0, 200).map((a) => ({
      email: a.email ?? null,
      name: a.displayName ?? null,
      response: a.responseStatus ?? 'needsAction',
      optional: a.optional ?? false,
      self: a.self ?? false,
    })),
    recurrence: event.recurrence ?? [],
    time_zone: event.start?.timeZone ?? null,
    busy: event.transparency !== 'transparent',
    visibility: event.visibility ?? 'default',
    created_at: event.created ?? null,
    updated_at: event.updated ?? null,
  };
}

export const eventGet = tool({
  name: 'google_calendar_event_get',
  aliases: ['googlecalendar_get_event_by_id'],
  title: 'Look at an event',
  description:
    'Look at one event whole: description, every guest with the answer given, the rule of its series. The guest with self is the connected ' +
    'person. Ids come from google_calendar_events_list; read it before google_calendar_event_update changes guests.',
  effect: 'read',
  scopes: [eventsRead],
  input: z.object({ eventId, calendarId }),
  output: EventFull,
  request: ({ eventId, calendarId }) => get(path`/calendar/v3/calendars/${calendarId}/events/${eventId}`),
  respond: fullOf,
  docs: `${reference}/get`,
  provenance: provenance('events.get'),
  examples: [
    {
      input: { eventId: planning.id },
      receives: { body: planning },
      gives: {
        ...planningBrief,
        description: 'What happened on 21 November, and what we change.',
        attendees: [
          { email: 'mira@acme.example', name: null, response: 'accepted', optional: false, self: true },
          { email: 'jon@acme.example', name: 'Jon Berg', response: 'needsAction', optional: false, self: false },
        ],
        recurrence: [],
        time_zone: 'Europe/Madrid',
        busy: true,
        visibility: 'default',
        created_at: '2025-11-18T08:30:00.000Z',
        updated_at: '2025-11-20T16:05:12.331Z',
      },
    },
  ],
});

const series = 'f1s2t3u4p5q6r7s8t9u0v1w2xy';

export const eventInstancesList = tool({
  name: 'google_calendar_event_instances_list',
  aliases: ['googlecalendar_list_event_instances'],
  title: 'List the instances of a series',
  description:
    'List the single events of a repeating one, with an id for each that the other tools take. The series’ own id is series_id in ' +
    'google_calendar_events_list, which also lists instances, among all other events.',
  effect: 'read',
  scopes: [eventsRead],
  input: z.object({ eventId: eventId.describe('Id of the series'), calendarId, timeMin, timeMax, limit, cursor }),
  output: Events,
  request: ({ eventId, calendarId, limit, cursor, ...rest }) =>
    get(path`/calendar/v3/calendars/${calendarId}/events/${eventId}/instances`, { ...rest, maxResults: limit, pageToken: cursor }),
  respond: pageOf,
  docs: `${reference}/instances`,
  provenance: provenance('events.instances'),
  examples: [
    {
      input: { eventId: series, limit: 2 },
      receives: {
        body: {
          ...page([
            {
              ...offsite,
              id: `${series}_20251124T080000Z`,
              summary: 'Stand-up',
              start: { dateTime: '2025-11-24T09:00:00+01:00', timeZone: 'Europe/Madrid' },
              end: { dateTime: '2025-11-24T09:15:00+01:00', timeZone: 'Europe/Madrid' },
              recurringEventId: series,
              originalStartTime: { dateTime: '2025-11-24T09:00:00+01:00', timeZone: 'Europe/Madrid' },
            },
          ]),
          nextSyncToken: undefined,
          nextPageToken: 'made-up-page-2',
        },
      },
      gives: {
        events: [
          {
            ...offsiteBrief,
            id: `${series}_20251124T080000Z`,
            title: 'Stand-up',
            start: '2025-11-24T08:00:00.000Z',
            end: '2025-11-24T08:15:00.000Z',
            all_day: false,
            series_id: series,
          },
        ],
        next_cursor: 'made-up-page-2',
      },
    },
  ],
});
