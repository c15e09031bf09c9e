import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { calendarId, cursor, limit, nextCursor, otherCalendarId, provenance, timeZone } from './fields.ts';
import { calendars, freebusy, lists, own } from './scopes.ts';

const reference = 'https://developers.google.com/workspace/calendar/api/v3/reference';

const Calendar = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  time_zone: z.string().nullable(),
});

const Listed = Calendar.extend({ access: z.string(), is_primary: z.boolean(), is_hidden: z.boolean() });

interface CalendarBody {
  id: string;
  summary?: string;
  summaryOverride?: string;
  description?: string;
  timeZone?: string;
}

interface Entry extends CalendarBody {
  accessRole?: string;
  primary?: boolean;
  hidden?: boolean;
}

const calendarOf = (body: CalendarBody) => ({
  id: body.id,
  name: body.summaryOverride ?? body.summary ?? '',
  description: body.description?.slice(0, 1000) ?? null,
  time_zone: body.timeZone ?? null,
});

const team = 'team.made.up.0123456789@group.calendar.google.com';

export const calendarsList = tool({
  name: 'google_calendar_calendars_list',
  aliases: ['googlecalendar_list_calendars'],
  title: 'List calendars',
  description:
    'List the calendars in the person’s list with id, time zone and what the person may do there: own and shared ones, holidays, rooms. The ' +
    'other tools take primary for the own one. For what is in a calendar use google_calendar_events_list.',
  effect: 'read',
  scopes: [lists],
  input: z.object({
    minAccessRole: z.enum(['freeBusyReader', 'reader', 'writer', 'owner']).optional().describe('Only those where the person may do this'),
    showHidden: z.boolean().optional().describe('Also those that the person has hidden'),
    limit,
    cursor,
  }),
  output: z.object({ calendars: z.array(Listed), next_cursor: nextCursor }),
  request: ({ limit, cursor, ...rest }) => get('/calendar/v3/users/me/calendarList', { ...rest, maxResults: limit, pageToken: cursor }),
  respond: (body: { items?: Entry[]; nextPageToken?: string }) => ({
    calendars: (body.items ?? []).map((entry) => ({
      ...calendarOf(entry),
      access: entry.accessRole ?? 'none',
      is_primary: entry.primary ?? false,
      is_hidden: entry.hidden ?? false,
    })),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: `${reference}/calendarList/list`,
  provenance: provenance('calendarList.list'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          kind: 'calendar#calendarList',
          etag: '"p33madeup"',
          nextSyncToken: 'made-up-sync-mark',
          items: [
            {
              kind: 'calendar#calendarListEntry',
              etag: '"1763000000000000"',
              id: 'mira@acme.example',
              summary: 'mira@acme.example',
              timeZone: 'Europe/Madrid',
              colorId: '14',
              backgroundColor: '#9fe1e7',
              foregroundColor: '#000000',
              selected: true,
              accessRole: 'owner',
              defaultReminders: [{ method: 'popup', minutes: 10 }],
              conferenceProperties: { allowedConferenceSolutionTypes: ['hangoutsMeet'] },
              primary: true,
            },
            {
              kind: 'calendar#calendarListEntry',
              etag: '"1763000000000001"',
              id: team,
              summary: 'Team',
              description: 'Who is away, and releases',
              timeZone: 'Europe/Madrid',
              colorId: '8',
              selected: true,
              accessRole: 'writer',
              defaultReminders: [],
            },
          ],
        },
      },
      gives: {
        calendars: [
          {
            id: 'mira@acme.example',
            name: 'mira@acme.example',
            description: null,
            time_zone: 'Europe/Madrid',
            access: 'owner',
            is_primary: true,
            is_hidden: false,
          },
          {
            id: team,
            name: 'Team',
            description: 'Who is away, and releases',
            time_zone: 'Europe/Madrid',
            access: 'writer',
            is_primary: false,
            is_hidden: false,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

export const calendarGet = tool({
  name: 'google_calendar_calendar_get',
  aliases: ['googlecalendar_get_calendar'],
  title: 'Look at a calendar',
  description:
    'Look at one calendar: name, description and time zone, also where it is not in the person’s list. For every calendar and what may be ' +
    'done there use google_calendar_calendars_list; for its events google_calendar_events_list.',
  effect: 'read',
  scopes: [calendars],
  input: z.object({ calendarId }),
  output: Calendar,
  request: ({ calendarId }) => get(path`/calendar/v3/calendars/${calendarId}`),
  respond: (body: CalendarBody) => calendarOf(body),
  docs: `${reference}/calendars/get`,
  provenance: provenance('calendars.get'),
  examples: [
    {
      input: { calendarId: team },
      receives: {
        body: {
          kind: 'calendar#calendar',
          etag: '"madeup"',
          id: team,
          summary: 'Team',
          description: 'Who is away, and releases',
          timeZone: 'Europe/Madrid',
          conferenceProperties: { allowedConferenceSolutionTypes: ['hangoutsMeet'] },
        },
      },
      gives: { id: team, name: 'Team', description: 'Who is away, and releases', time_zone: 'Europe/Madrid' },
    },
  ],
});

export const calendarCreate = tool({
  name: 'google_calendar_calendar_create',
  aliases: ['googlecalendar_create_calendar'],
  title: 'Create a calendar',
  description:
    'Create an empty calendar of the person’s beside the primary one, for example for a project; each call makes another. Add events with ' +
    'google_calendar_event_create and its id. It needs the scope calendar.app.created, which is not asked for unless told.',
  effect: 'write',
  scopes: [own],
  input: z.object({
    summary: z.string().min(1).max(254).describe('Name of the calendar'),
    description: z.string().max(1000).optional().describe('What it is for'),
    timeZone: timeZone.optional().describe('For example Europe/Madrid'),
  }),
  output: Calendar,
  request: (input) => post('/calendar/v3/calendars', input),
  respond: (body: CalendarBody) => calendarOf(body),
  docs: `${reference}/calendars/insert`,
  provenance: provenance('calendars.insert'),
  examples: [
    {
      input: { summary: 'Launch', timeZone: 'Europe/Madrid' },
      receives: {
        body: {
          kind: 'calendar#calendar',
          etag: '"madeup"',
          id: 'launch.made.up.0123456789@group.calendar.google.com',
          summary: 'Launch',
          timeZone: 'Europe/Madrid',
          conferenceProperties: { allowedConferenceSolutionTypes: ['hangoutsMeet'] },
          dataOwner: 'mira@acme.example',
        },
      },
      gives: {
        id: 'launch.made.up.0123456789@group.calendar.google.com',
        name: 'Launch',
        description: null,
        time_zone: 'Europe/Madrid',
      },
    },
  ],
});

interface FreeBusy {
  timeMin: string;
  timeMax: string;
  calendars?: Record<string, { busy?: { start: string; end: string }[]; errors?: { reason?: string }[] }>;
}

const iso = (text: string) => new Date(text).toISOString();

export const freebusyQuery = tool({
  name: 'google_calendar_freebusy_query',
  aliases: ['googlecalendar_query_freebusy'],
  title: 'See when people are busy',
  description:
    'See when calendars are busy within a span of up to some weeks, without titles: what is not listed is free. Colleagues’ calendars go by ' +
    'their e-mail addresses. Then book with google_calendar_event_create.',
  effect: 'read',
  scopes: [freebusy],
  input: z.object({
    timeMin: z.iso.datetime({ offset: true }).describe('Begin of the span'),
    timeMax: z.iso.datetime({ offset: true }).describe('End of the span'),
    calendarIds: z
      .array(otherCalendarId)
      .min(1)
      .max(50)
      .default(['primary'])
      .describe('Calendar ids from google_calendar_calendars_list, or e-mail addresses; the person’s own unless told'),
  }),
  output: z.object({
    calendars: z.array(
      z.object({ id: z.string(), busy: z.array(z.object({ start: z.string(), end: z.string() })), error: z.string().nullable() }),
    ),
  }),
  request: ({ calendarIds, ...span }) => post('/calendar/v3/freeBusy', { ...span, items: calendarIds.map((id) => ({ id })) }),
  respond: (body: FreeBusy) => ({
    calendars: Object.entries(body.calendars ?? {}).map(([id, { busy = [], errors = [] }]) => ({
      id,
      busy: busy.map(({ start, end }) => ({ start: iso(start), end: iso(end) })),
      error: errors[0] === undefined ? null : (errors[0].reason ?? 'unknown'),
    })),
  }),
  docs: `${reference}/freebusy/query`,
  provenance: provenance('freebusy.query'),
  examples: [
    {
      input: {
        timeMin: '2025-11-24T08:00:00+01:00',
        timeMax: '2025-11-24T18:00:00+01:00',
        calendarIds: ['mira@acme.example', 'nobody@acme.example'],
      },
      receives: {
        body: {
          kind: 'calendar#freeBusy',
          timeMin: '2025-11-24T07:00:00.000Z',
          timeMax: '2025-11-24T17:00:00.000Z',
          calendars: {
            'mira@acme.example': {
              busy: [
                { start: '2025-11-24T09:00:00Z', end: '2025-11-24T09:45:00Z' },
                { start: '2025-11-24T13:00:00Z', end: '2025-11-24T14:00:00Z' },
              ],
            },
            'nobody@acme.example': { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] },
          },
        },
      },
      gives: {
        calendars: [
          {
            id: 'mira@acme.example',
            busy: [
              { start: '2025-11-24T09:00:00.000Z', end: '2025-11-24T09:45:00.000Z' },
              { start: '2025-11-24T13:00:00.000Z', end: '2025-11-24T14:00:00.000Z' },
            ],
            error: null,
          },
          { id: 'nobody@acme.example', busy: [], error: 'notFound' },
        ],
      },
    },
  ],
});
