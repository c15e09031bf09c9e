import { z } from 'zod';

/** Revision of the discovery document that the requests were checked against. */
export const provenance = (method: string) => ({
  specification: 'google discovery calendar.v3',
  version: '20260708',
  operation: `calendar.${method}`,
});

/** `primary`, or an id, which looks like an e-mail address. */
const calendar = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+#'@-]{0,253}$/);
export const calendarId = calendar
  .default('primary')
  .describe('Calendar id from google_calendar_calendars_list; primary is the person’s own');
export const otherCalendarId = calendar;
export const eventId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{5,1024}$/)
  .describe('Event id from google_calendar_events_list; an instance of a series has one of its own');

export const limit = z.int().min(1).max(250).default(20).describe('Entries per page, 1 to 250');
export const cursor = z.string().min(1).max(2048).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();

const moment = z.iso.datetime({ offset: true });
export const timeMin = moment.optional().describe('Only what ends after this moment');
export const timeMax = moment.optional().describe('Only what begins before this moment');

export const sendUpdates = z.enum(['all', 'externalOnly', 'none']).default('none').describe('Which guests get an e-mail');

/** IANA names; Google knows which exist. */
export const timeZone = z.string().refine((text) => /^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+){0,2}$/.test(text), 'is no time zone');

/** A date alone stands for a whole day. */
export const when = z.union([moment, z.iso.date()]);

/** A whole day has a date, anything else a moment with its offset. */
export function placed(text: string | undefined, timeZone: string | undefined) {
  if (text === undefined) return undefined;
  return /^\d{4}-\d\d-\d\d$/.test(text) ? { date: text } : { dateTime: text, timeZone };
}

export interface EventTime {
  date?: string;
  dateTime?: string;
  timeZone?: string;
}

export interface Attendee {
  email?: string;
  displayName?: string;
  responseStatus?: string;
  optional?: boolean;
  organizer?: boolean;
  self?: boolean;
  resource?: boolean;
  comment?: string;
}

export interface EventBody {
  id: string;
  status?: string;
  htmlLink?: string;
  created?: string;
  updated?: string;
  summary?: string;
  description?: string;
  location?: string;
  organizer?: { email?: string; displayName?: string; self?: boolean };
  start?: EventTime;
  end?: EventTime;
  recurrence?: string[];
  recurringEventId?: string;
  attendees?: Attendee[];
  hangoutLink?: string;
  eventType?: string;
  transparency?: string;
  visibility?: string;
}

/** What lists and changes give of an event; google_calendar_event_get gives the rest. */
export const EventBrief = z.object({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  start: z.string().nullable(),
  end: z.string().nullable(),
  all_day: z.boolean(),
  location: z.string().nullable(),
  organizer: z.string().nullable(),
  guests: z.int(),
  my_response: z.string().nullable(),
  series_id: z.string().nullable(),
  meet_url: z.string().nullable(),
  url: z.string().nullable(),
});

/** Moments keep the calendar's offset at Google; outside they are UTC. A whole day is a date. */
const timeOf = (time: EventTime | undefined) =>
  time?.dateTime === undefined ? (time?.date ?? null) : new Date(time.dateTime).toISOString();

export function briefOf(event: EventBody): z.input<typeof EventBrief> {
  const guests = (event.attendees ?? []).filter(({ resource }) => resource !== true);
  return {
    id: event.id,
    title: event.summary ?? '',
    status: event.status ?? 'confirmed',
    start: timeOf(event.start),
    end: timeOf(event.end),
    all_day: event.start?.date !== undefined,
    location: event.location ?? null,
    organizer: event.organizer?.email ?? null,
    guests: guests.length,
    my_response: guests.find(({ self }) => self === true)?.responseStatus ?? null,
    series_id: event.recurringEventId ?? null,
    meet_url: event.hangoutLink ?? null,
    url: event.htmlLink ?? null,
  };
}
