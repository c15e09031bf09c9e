import { get, path, tool } from '@grantway/connector-kit';
import {
  cut,
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  nextCursor,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { eventExample, eventGiven, ids } from './examples.ts';
import { calendarId, eventHeaders, eventId, limit, moment, Person, person, type Recipient } from './fields.ts';

export interface Zoned {
  dateTime: string;
  timeZone: string;
}

export interface Event {
  id: string;
  subject?: string | null;
  start?: Zoned | null;
  end?: Zoned | null;
  isAllDay?: boolean | null;
  isCancelled?: boolean | null;
  location?: { displayName?: string | null } | null;
  organizer?: Recipient | null;
  attendees?: ({ type?: string; status?: { response?: string } | null } & Recipient)[];
  responseStatus?: { response?: string } | null;
  showAs?: string;
  seriesMasterId?: string | null;
  onlineMeeting?: { joinUrl?: string | null } | null;
  webLink?: string | null;
  body?: { content?: string | null };
  categories?: string[];
  hasAttachments?: boolean | null;
}

/** Answers were asked for in UTC, and any other zone has a name that only Windows knows: reading it as UTC would be wrong by hours. */
export function momentOf(at: Zoned | null | undefined): string {
  if (at === null || at === undefined || at.timeZone.toUpperCase() !== 'UTC') throw new TypeError('the moment is not in UTC');
  return new Date(`${at.dateTime.replace(/Z$/, '')}Z`).toISOString();
}

export const Summary = z.object({
  id: z.string(),
  subject: z.string(),
  start: z.string(),
  end: z.string(),
  is_all_day: z.boolean(),
  is_cancelled: z.boolean(),
  location: z.string(),
  organizer: Person.nullable(),
  my_response: z.string(),
  show_as: z.string(),
  series_id: z.string().nullable(),
  join_url: z.string().nullable(),
  web_link: z.string().nullable(),
});

export function summary(e: Event): z.input<typeof Summary> {
  return {
    id: e.id,
    subject: e.subject ?? '',
    start: momentOf(e.start),
    end: momentOf(e.end),
    is_all_day: e.isAllDay ?? false,
    is_cancelled: e.isCancelled ?? false,
    location: e.location?.displayName ?? '',
    organizer: person(e.organizer),
    my_response: e.responseStatus?.response ?? 'none',
    show_as: e.showAs ?? 'unknown',
    series_id: e.seriesMasterId ?? null,
    join_url: e.onlineMeeting?.joinUrl ?? null,
    web_link: e.webLink ?? null,
  };
}

export const eventsList = tool({
  name: 'outlook_events_list',
  aliases: ['outlook_get_calendar_view', 'outlook_list_calendar_events'],
  title: 'List events',
  description:
    'List what is in a calendar between two moments, each date of a recurring event by itself. Attendees and text are in ' +
    'outlook_event_get; when other people are busy tells outlook_schedules_get.',
  effect: 'read',
  scopes: ['Calendars.Read'],
  input: z.object({
    startDateTime: moment.describe('Beginning, for example 2025-11-24T00:00:00+01:00'),
    endDateTime: moment.describe('End, after the beginning'),
    calendar_id: calendarId,
    limit,
    cursor: graphCursor,
  }),
  output: z.object({ events: z.array(Summary), next_cursor: graphNextCursor }),
  request: ({ calendar_id, limit: top, cursor, ...between }) => ({
    ...get(calendar_id === undefined ? '/me/calendarView' : path`/me/calendars/${calendar_id}/calendarView`, {
      ...between,
      $orderby: 'start/dateTime',
      ...graphPaging(top, cursor),
    }),
    headers: eventHeaders,
  }),
  respond: (body: GraphPage<Event>) => ({ events: body.value.map(summary), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-calendarview',
  provenance: graphOperation('GET /me/calendarView'),
  examples: [
    {
      input: { startDateTime: '2025-11-24T00:00:00Z', endDateTime: '2025-11-25T00:00:00Z' },
      receives: {
        body: { '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/calendarView", value: [eventExample()] },
      },
      gives: { events: [eventGiven], next_cursor: null },
    },
  ],
});

const textMax = 10_000;
const attendeesMax = 100;

export const Whole = Summary.extend({
  attendees: z.array(z.object({ name: z.string(), address: z.string(), type: z.string(), response: z.string() })),
  categories: z.array(z.string()),
  has_attachments: z.boolean(),
  body: z.string(),
  truncated: z.boolean(),
});

export function whole(e: Event): z.input<typeof Whole> {
  const { text, truncated } = cut(e.body?.content, textMax);
  const attendees = (e.attendees ?? []).flatMap((attendee) => {
    const who = person(attendee);
    return who === null ? [] : [{ ...who, type: attendee.type ?? 'required', response: attendee.status?.response ?? 'none' }];
  });
  return {
    ...summary(e),
    attendees: attendees.slice(0, attendeesMax),
    categories: e.categories ?? [],
    has_attachments: e.hasAttachments ?? false,
    body: text,
    truncated: truncated || attendees.length > attendeesMax,
  };
}

export const wholeGiven: z.output<typeof Whole> = {
  ...eventGiven,
  attendees: [{ name: 'Jonas Weber', address: 'jonas@northwind.example', type: 'required', response: 'none' }],
  categories: ['Deals'],
  has_attachments: false,
  body: 'Go through the term sheet.',
  truncated: false,
};

export const eventGet = tool({
  name: 'outlook_event_get',
  aliases: ['outlook_get_calendar_event'],
  title: 'Read an event',
  description:
    'Read one event whole: attendees with their answers, text, categories, link to the meeting. Ids come from outlook_events_list. Shows ' +
    'at most 10000 characters and 100 attendees; truncated says whether there is more.',
  effect: 'read',
  scopes: ['Calendars.Read'],
  input: z.object({ event_id: eventId }),
  output: Whole,
  request: ({ event_id }) => ({ ...get(path`/me/events/${event_id}`), headers: eventHeaders }),
  respond: whole,
  docs: 'https://learn.microsoft.com/graph/api/event-get',
  provenance: graphOperation('GET /me/events/{event-id}'),
  examples: [{ input: { event_id: ids.event }, receives: { body: eventExample() }, gives: wholeGiven }],
});

interface Calendar {
  id: string;
  name?: string | null;
  isDefaultCalendar?: boolean | null;
  canEdit?: boolean | null;
  canShare?: boolean | null;
  owner?: { name?: string | null; address?: string | null } | null;
}

export const calendarsList = tool({
  name: 'outlook_calendars_list',
  aliases: ['outlook_list_calendars'],
  title: 'List calendars',
  description:
    'List the calendars of the account, its own and those shared with it, with the ids that outlook_events_list and outlook_event_create ' +
    'take. Without an id those use the default calendar, so look here only for another one.',
  effect: 'read',
  scopes: ['Calendars.Read'],
  input: z.object({ limit, cursor: graphCursor }),
  output: z.object({
    calendars: z.array(
      z.object({ id: z.string(), name: z.string(), is_default: z.boolean(), can_edit: z.boolean(), owner: z.string().nullable() }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ limit: top, cursor }) => get('/me/calendars', graphPaging(top, cursor)),
  respond: (body: GraphPage<Calendar>) => ({
    calendars: body.value.map((c) => ({
      id: c.id,
      name: c.name ?? '',
      is_default: c.isDefaultCalendar ?? false,
      can_edit: c.canEdit ?? false,
      owner: c.owner?.address ?? null,
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-calendars',
  provenance: graphOperation('GET /me/calendars'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/calendars",
          value: [
            {
              id: ids.calendar,
              name: 'Calendar',
              color: 'auto',
              hexColor: '',
              isDefaultCalendar: true,
              changeKey: 'nfZyf7VcrEKLNoU37KWlkQAAA0x0',
              canShare: true,
              canViewPrivateItems: true,
              canEdit: true,
              allowedOnlineMeetingProviders: ['teamsForBusiness'],
              defaultOnlineMeetingProvider: 'teamsForBusiness',
              isTallyingResponses: true,
              isRemovable: false,
              owner: { name: 'Mira Lopez', address: 'mira@acme.example' },
            },
          ],
        },
      },
      gives: {
        calendars: [{ id: ids.calendar, name: 'Calendar', is_default: true, can_edit: true, owner: 'mira@acme.example' }],
        next_cursor: null,
      },
    },
  ],
});
