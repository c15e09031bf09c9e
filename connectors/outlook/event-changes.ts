import { path, post, tool, withoutUndefined } from '@grantway/connector-kit';
import { graphOperation } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { momentOf, Whole, whole, wholeGiven, type Zoned } from './events.ts';
import { eventExample, ids } from './examples.ts';
import { asRecipients, calendarId, Done, done, eventHeaders, eventId, moment, recipients } from './fields.ts';

/** A local time is one of the zone beside it; one with an offset is a moment already, and goes as UTC. */
const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?$/;
const localOrMoment = z
  .string()
  .regex(/^[\dT:Z+-]{19,25}$/)
  .refine((text) => shape.test(text) && !Number.isNaN(Date.parse(text)), 'is no date and time');
const timeZone = z
  .string()
  .regex(/^[A-Za-z][\w ()+./-]{1,63}$/)
  .default('UTC')
  .describe('Zone of times without offset, for example Europe/Berlin');

export function zoned(text: string, zone: string, isAllDay: boolean): Zoned {
  const hasOffset = /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  // Whole days begin at midnight of their zone, whatever that is in UTC.
  if (isAllDay) return { dateTime: `${text.slice(0, 10)}T00:00:00`, timeZone: zone };
  return hasOffset ? { dateTime: new Date(text).toISOString().slice(0, 19), timeZone: 'UTC' } : { dateTime: text, timeZone: zone };
}

const changeable = {
  attendees_required: z.array(z.email()).max(100).optional().describe('Addresses of those invited'),
  attendees_optional: z.array(z.email()).max(100).optional().describe('Addresses of those who may come'),
  body: z.string().max(50_000).optional().describe('Plain text'),
  location: z.string().max(255).optional().describe('Where it is'),
  isOnlineMeeting: z.boolean().optional().describe('With a Teams link to join'),
  isAllDay: z.boolean().optional().describe('Whole days, up to the day before end'),
};

interface Changes {
  start?: string | undefined;
  end?: string | undefined;
  timeZone: string;
  subject?: string | undefined;
  attendees_required?: string[] | undefined;
  attendees_optional?: string[] | undefined;
  body?: string | undefined;
  location?: string | undefined;
  isOnlineMeeting?: boolean | undefined;
  isAllDay?: boolean | undefined;
}

function eventOf({ start, end, timeZone: zone, attendees_required, attendees_optional, body, location, ...rest }: Changes) {
  const at = (text: string | undefined) => (text === undefined ? undefined : zoned(text, zone, rest.isAllDay === true));
  const invited = (list: string[] | undefined, type: string) => (asRecipients(list) ?? []).map((one) => ({ ...one, type }));
  const attendees =
    attendees_required === undefined && attendees_optional === undefined
      ? undefined
      : [...invited(attendees_required, 'required'), ...invited(attendees_optional, 'optional')];
  return withoutUndefined({
    ...rest,
    start: at(start),
    end: at(end),
    attendees,
    body: body === undefined ? undefined : { contentType: 'text', content: body },
    location: location === undefined ? undefined : { displayName: location },
    ...(rest.isOnlineMeeting === true ? { onlineMeetingProvider: 'teamsForBusiness' } : {}),
  });
}

const subject = z.string().min(1).max(255).describe('Its title');

export const eventCreate = tool({
  name: 'outlook_event_create',
  aliases: ['outlook_create_calendar_event'],
  title: 'Create an event',
  description:
    'Put an event into a calendar; attendees are invited by mail, and each call makes another event. Free times: ' +
    'outlook_schedules_get; addresses: outlook_people_search; changes: outlook_event_update.',
  effect: 'write',
  scopes: ['Calendars.ReadWrite'],
  input: z.object({
    subject,
    start: localOrMoment.describe('Beginning: 2025-11-24T10:00:00 in timeZone, or with an offset'),
    end: localOrMoment.describe('End, in like form'),
    timeZone,
    ...changeable,
    calendar_id: calendarId,
  }),
  output: Whole,
  request: ({ calendar_id, ...event }) => ({
    ...post(calendar_id === undefined ? '/me/events' : path`/me/calendars/${calendar_id}/events`, eventOf(event)),
    headers: eventHeaders,
  }),
  respond: whole,
  docs: 'https://learn.microsoft.com/graph/api/user-post-events',
  provenance: graphOperation('POST /me/events'),
  examples: [
    {
      input: {
        subject: 'Northwind: partner call',
        start: '2025-11-24T10:00:00+01:00',
        end: '2025-11-24T10:30:00+01:00',
        attendees_required: ['jonas@northwind.example'],
        body: 'Go through the term sheet.',
        isOnlineMeeting: true,
      },
      receives: { status: 201, body: eventExample() },
      gives: wholeGiven,
    },
  ],
});

export const eventUpdate = tool({
  name: 'outlook_event_update',
  aliases: ['outlook_update_calendar_event'],
  title: 'Change an event',
  description:
    'Change an event of outlook_events_list; what is not given stays, and people are told by mail. Either list of attendees replaces ' +
    'everybody, so give both. Each date of a series has its own id.',
  effect: 'write',
  idempotent: true,
  scopes: ['Calendars.ReadWrite'],
  input: z
    .object({
      event_id: eventId,
      subject: subject.optional(),
      start: localOrMoment.optional().describe('New beginning: 2025-11-24T10:00:00 in timeZone, or with an offset'),
      end: localOrMoment.optional().describe('New end, in like form'),
      timeZone,
      ...changeable,
    })
    .refine(
      ({ event_id: _, timeZone: __, ...changes }) => Object.values(changes).some((value) => value !== undefined),
      'nothing is changed',
    ),
  output: Whole,
  request: ({ event_id, ...changes }) => ({
    method: 'PATCH',
    path: path`/me/events/${event_id}`,
    json: eventOf(changes),
    headers: eventHeaders,
  }),
  respond: whole,
  docs: 'https://learn.microsoft.com/graph/api/event-update',
  provenance: graphOperation('PATCH /me/events/{event-id}'),
  examples: [
    {
      input: { event_id: ids.event, start: '2025-11-24T14:00:00', end: '2025-11-24T14:30:00', timeZone: 'Europe/Berlin' },
      receives: {
        body: eventExample({
          start: { dateTime: '2025-11-24T13:00:00.0000000', timeZone: 'UTC' },
          end: { dateTime: '2025-11-24T13:30:00.0000000', timeZone: 'UTC' },
        }),
      },
      gives: { ...wholeGiven, start: '2025-11-24T13:00:00.000Z', end: '2025-11-24T13:30:00.000Z' },
    },
  ],
});

export const eventDelete = tool({
  name: 'outlook_event_delete',
  aliases: ['outlook_delete_calendar_event'],
  title: 'Delete an event',
  description:
    'Take an event out of the calendar. If this account called the meeting, everybody invited is told that it is cancelled; to stay away ' +
    'from somebody else’s use outlook_event_decline. Ids come from outlook_events_list.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Calendars.ReadWrite'],
  input: z.object({ event_id: eventId }),
  output: Done,
  request: ({ event_id }) => ({ method: 'DELETE', path: path`/me/events/${event_id}` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/event-delete',
  provenance: graphOperation('DELETE /me/events/{event-id}'),
  examples: [{ input: { event_id: ids.event }, receives: { status: 204, body: '' }, gives: { accepted: true } }],
});

const answer = z.object({
  event_id: eventId,
  comment: z.string().max(2000).optional().describe('A word to the organizer'),
  send_response: z.boolean().default(true).describe('Tell the organizer by mail'),
});
const answerOf = ({ comment, send_response }: { comment?: string | undefined; send_response: boolean }) =>
  withoutUndefined({ Comment: comment, SendResponse: send_response });
const taken = { status: 202, body: '' };

export const eventAccept = tool({
  name: 'outlook_event_accept',
  aliases: ['outlook_accept_event'],
  title: 'Accept an invitation',
  description:
    'Say that this account comes to a meeting to which it was invited. Other answers: outlook_event_tentatively_accept and ' +
    'outlook_event_decline. Ids come from outlook_events_list; my_response there shows the present answer.',
  effect: 'write',
  scopes: ['Calendars.ReadWrite'],
  input: answer,
  output: Done,
  request: ({ event_id, ...rest }) => post(path`/me/events/${event_id}/accept`, answerOf(rest)),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/event-accept',
  provenance: graphOperation('POST /me/events/{event-id}/accept'),
  examples: [{ input: { event_id: ids.event, comment: 'See you there.' }, receives: taken, gives: { accepted: true } }],
});

export const eventTentativelyAccept = tool({
  name: 'outlook_event_tentatively_accept',
  aliases: ['outlook_tentatively_accept_event'],
  title: 'Accept tentatively',
  description:
    'Say that this account may come to a meeting to which it was invited; the time is kept as tentative. Definite answers: ' +
    'outlook_event_accept and outlook_event_decline. Ids come from outlook_events_list.',
  effect: 'write',
  scopes: ['Calendars.ReadWrite'],
  input: answer,
  output: Done,
  request: ({ event_id, ...rest }) => post(path`/me/events/${event_id}/tentativelyAccept`, answerOf(rest)),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/event-tentativelyaccept',
  provenance: graphOperation('POST /me/events/{event-id}/tentativelyAccept'),
  examples: [{ input: { event_id: ids.event, send_response: false }, receives: taken, gives: { accepted: true } }],
});

export const eventDecline = tool({
  name: 'outlook_event_decline',
  aliases: ['outlook_decline_event'],
  title: 'Decline an invitation',
  description:
    'Say that this account does not come to a meeting to which it was invited; the event leaves its calendar. For a meeting of its own use ' +
    'outlook_event_delete. Ids come from outlook_events_list.',
  effect: 'destructive',
  scopes: ['Calendars.ReadWrite'],
  input: answer,
  output: Done,
  request: ({ event_id, ...rest }) => post(path`/me/events/${event_id}/decline`, answerOf(rest)),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/event-decline',
  provenance: graphOperation('POST /me/events/{event-id}/decline'),
  examples: [{ input: { event_id: ids.event, comment: 'I am travelling that day.' }, receives: taken, gives: { accepted: true } }],
});

interface Schedule {
  scheduleId?: string | null;
  availabilityView?: string | null;
  scheduleItems?: { status?: string; subject?: string | null; start?: Zoned; end?: Zoned }[];
  error?: { message?: string | null; responseCode?: string | null } | null;
}

export const schedulesGet = tool({
  name: 'outlook_schedules_get',
  aliases: ['outlook_get_free_busy_schedule'],
  title: 'Look up free and busy times',
  description:
    'Tell when people or rooms of the organization are busy between two moments, before a meeting is made with outlook_event_create. ' +
    'Only for work accounts; what one’s own events are tells outlook_events_list.',
  effect: 'read',
  scopes: ['Calendars.Read'],
  input: z.object({
    schedules: recipients('Addresses of people, distribution lists or rooms').min(1).max(20),
    start_date_time: moment.describe('Beginning, for example 2025-11-24T07:00:00Z'),
    end_date_time: moment.describe('End, at most 62 days later'),
  }),
  output: z.object({
    schedules: z.array(
      z.object({
        address: z.string(),
        busy: z.array(z.object({ start: z.string(), end: z.string(), status: z.string(), subject: z.string().nullable() })),
        error: z.string().nullable(),
      }),
    ),
  }),
  request: ({ schedules, start_date_time, end_date_time }) => ({
    ...post('/me/calendar/getSchedule', {
      Schedules: schedules,
      StartTime: zoned(start_date_time, 'UTC', false),
      EndTime: zoned(end_date_time, 'UTC', false),
    }),
    headers: { Prefer: 'outlook.timezone="UTC"' },
  }),
  respond: (body: { value: Schedule[] }) => ({
    schedules: body.value.map((s) => ({
      address: s.scheduleId ?? '',
      busy: (s.scheduleItems ?? [])
        .filter(({ status }) => status !== 'free')
        .map(({ start, end, status, subject: title }) => ({
          start: momentOf(start),
          end: momentOf(end),
          status: status ?? 'unknown',
          subject: title ?? null,
        })),
      error: s.error?.responseCode ?? null,
    })),
  }),
  docs: 'https://learn.microsoft.com/graph/api/calendar-getschedule',
  provenance: graphOperation('POST /me/calendar/getSchedule'),
  examples: [
    {
      input: { schedules: ['theo@acme.example'], start_date_time: '2025-11-24T07:00:00Z', end_date_time: '2025-11-24T17:00:00Z' },
      receives: {
        body: {
          '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.scheduleInformation)',
          value: [
            {
              scheduleId: 'theo@acme.example',
              availabilityView: '00002200000000000000',
              scheduleItems: [
                {
                  isPrivate: false,
                  status: 'busy',
                  subject: 'Portfolio review',
                  location: 'Room 2',
                  isMeeting: true,
                  isRecurring: false,
                  isException: false,
                  isReminderSet: true,
                  start: { dateTime: '2025-11-24T09:00:00.0000000', timeZone: 'UTC' },
                  end: { dateTime: '2025-11-24T10:00:00.0000000', timeZone: 'UTC' },
                },
              ],
              workingHours: {
                daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
                startTime: '08:00:00.0000000',
                endTime: '17:00:00.0000000',
                timeZone: { name: 'W. Europe Standard Time' },
              },
            },
          ],
        },
      },
      gives: {
        schedules: [
          {
            address: 'theo@acme.example',
            busy: [{ start: '2025-11-24T09:00:00.000Z', end: '2025-11-24T10:00:00.000Z', status: 'busy', subject: 'Portfolio review' }],
            error: null,
          },
        ],
      },
    },
  ],
});
