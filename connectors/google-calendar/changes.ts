import { act, ask, get, path, runTool, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { offsite, offsiteBrief, planning, planningBrief } from './examples.ts';
import {
  type Attendee,
  briefOf,
  calendarId,
  type EventBody,
  EventBrief,
  eventId,
  otherCalendarId,
  placed,
  provenance,
  sendUpdates,
  timeZone,
  when,
} from './fields.ts';
import { events } from './scopes.ts';

const reference = 'https://developers.google.com/workspace/calendar/api/v3/reference/events';
const summary = z
  .string()
  .min(1)
  .refine((value) => value.length <= 1024, 'is too long');
const text = z
  .string()
  .refine((value) => value.length <= 8192, 'is too long')
  .optional();
const attendees = z.array(z.email()).max(200).optional();
const isRule = (line: string) => /^(RRULE|EXDATE|RDATE|EXRULE)[:;][A-Z0-9=,;:+\-/]{3,400}$/i.test(line);
const recurrence = z
  .array(z.string().refine(isRule, 'is no line of RFC 5545'))
  .min(1)
  .optional()
  .describe('For example RRULE:FREQ=WEEKLY;COUNT=4');
const brief = calendarId.describe('From google_calendar_calendars_list');
const zone = timeZone.optional().describe('IANA name; a series needs it');

/**
 * Google makes a Meet link once for each request id, and a repetition of the same call is to be the same request: the id
 * follows from what is asked for.
 */
function meet(seed: string) {
  let hash = 0xcbf29ce484222325n;
  for (const char of seed) hash = BigInt.asUintN(64, (hash ^ BigInt(char.codePointAt(0) as number)) * 0x100000001b3n);
  return { createRequest: { requestId: hash.toString(36), conferenceSolutionKey: { type: 'hangoutsMeet' } } };
}

export const eventCreate = tool({
  name: 'google_calendar_event_create',
  aliases: ['googlecalendar_create_event'],
  title: 'Create an event',
  description:
    'Create one event or a series; each call makes another. Guests see it in their calendars, and get an e-mail with sendUpdates. Look for ' +
    'free time with google_calendar_freebusy_query first. From a sentence: google_calendar_event_quick_add.',
  effect: 'write',
  scopes: [events],
  input: z.object({
    summary: summary.describe('The title'),
    start: when.describe('Begin; a date for a whole day'),
    end: when.describe('End; for whole days the day after the last'),
    calendarId: brief,
    description: text.describe('Text or simple HTML'),
    location: text.describe('Where it is'),
    attendees: attendees.describe('E-mail addresses of guests'),
    timeZone: zone,
    recurrence,
    meet: z.boolean().default(false).describe('Add a Meet link'),
    sendUpdates,
  }),
  output: EventBrief,
  request: ({ calendarId, sendUpdates, start, end, timeZone, attendees, meet: withMeet, ...rest }) => ({
    method: 'POST',
    path: path`/calendar/v3/calendars/${calendarId}/events`,
    query: { sendUpdates, conferenceDataVersion: withMeet ? 1 : undefined },
    json: {
      ...rest,
      start: placed(start, timeZone),
      end: placed(end, timeZone),
      attendees: attendees?.map((email) => ({ email })),
      conferenceData: withMeet ? meet(JSON.stringify([calendarId, rest.summary, start, end])) : undefined,
    },
  }),
  respond: (body: EventBody) => briefOf(body),
  docs: `${reference}/insert`,
  provenance: provenance('events.insert'),
  examples: [
    {
      input: {
        summary: 'Incident review: checkout',
        start: '2025-11-24T10:00:00+01:00',
        end: '2025-11-24T10:45:00+01:00',
        timeZone: 'Europe/Madrid',
        attendees: ['mira@acme.example', 'jon@acme.example'],
        meet: true,
        sendUpdates: 'all',
      },
      receives: {
        body: {
          ...planning,
          conferenceData: {
            entryPoints: [{ entryPointType: 'video', uri: planning.hangoutLink, label: 'meet.google.com/abc-made-upx' }],
            conferenceSolution: { key: { type: 'hangoutsMeet' }, name: 'Google Meet' },
            conferenceId: 'abc-made-upx',
          },
        },
      },
      gives: planningBrief,
      fresh: { '/created': 'iso_now', '/updated': 'iso_now' },
    },
    {
      input: { summary: 'Team offsite', start: '2025-11-27', end: '2025-11-29' },
      receives: { body: offsite },
      gives: offsiteBrief,
      fresh: { '/created': 'iso_now', '/updated': 'iso_now' },
    },
  ],
});

export const eventUpdate = tool({
  name: 'google_calendar_event_update',
  aliases: ['googlecalendar_update_event'],
  title: 'Change an event',
  description:
    'Change fields of one event; what is not given stays. attendees replaces the list: to invite more use ' +
    'google_calendar_event_guests_add. To answer use google_calendar_event_respond. A series changes whole, an instance alone.',
  effect: 'destructive',
  idempotent: true,
  scopes: [events],
  input: z.object({
    eventId: eventId.describe('From google_calendar_events_list'),
    calendarId: brief,
    summary: summary.optional().describe('The title'),
    start: when.optional().describe('Begin; same kind as before'),
    end: when.optional().describe('End; same kind as before'),
    description: text.describe('Replaces the old text'),
    location: text.describe('Where it is'),
    attendees: attendees.describe('All guests, not only new ones'),
    timeZone: zone,
    recurrence,
    sendUpdates,
  }),
  output: EventBrief,
  request: ({ eventId, calendarId, sendUpdates, start, end, timeZone, attendees, ...rest }) => ({
    method: 'PATCH',
    path: path`/calendar/v3/calendars/${calendarId}/events/${eventId}`,
    query: { sendUpdates },
    json: {
      ...rest,
      start: placed(start, timeZone),
      end: placed(end, timeZone),
      attendees: attendees?.map((email) => ({ email })),
    },
  }),
  respond: (body: EventBody) => briefOf(body),
  docs: `${reference}/patch`,
  provenance: provenance('events.patch'),
  examples: [
    {
      input: { eventId: planning.id, start: '2025-11-24T15:00:00+01:00', end: '2025-11-24T15:45:00+01:00', sendUpdates: 'all' },
      receives: {
        body: {
          ...planning,
          sequence: 2,
          start: { dateTime: '2025-11-24T15:00:00+01:00', timeZone: 'Europe/Madrid' },
          end: { dateTime: '2025-11-24T15:45:00+01:00', timeZone: 'Europe/Madrid' },
        },
      },
      gives: { ...planningBrief, start: '2025-11-24T14:00:00.000Z', end: '2025-11-24T14:45:00.000Z' },
      fresh: { '/updated': 'iso_now' },
    },
  ],
});

/** Members of a guest that a change may send again; the rest is Google's own. */
const kept = ({ email, displayName, responseStatus, optional, comment, resource }: Attendee) => ({
  email,
  displayName,
  responseStatus,
  optional,
  comment,
  resource,
});

const organizerAlone = [planning.attendees[0] as (typeof planning.attendees)[number]];

export const eventGuestsAdd = runTool({
  name: 'google_calendar_event_guests_add',
  title: 'Invite more people',
  description:
    'Add guests to one event; those that it has stay, with the answers that they gave, and one who is invited already is not invited twice. ' +
    'To take guests away give the whole list to google_calendar_event_update.',
  effect: 'write',
  idempotent: true,
  scopes: [events],
  input: z.object({
    eventId,
    emails: z.array(z.email()).min(1).max(50).describe('E-mail addresses of those to invite'),
    calendarId,
    sendUpdates,
  }),
  output: EventBrief,
  *run({ eventId, emails, calendarId, sendUpdates }) {
    const place = path`/calendar/v3/calendars/${calendarId}/events/${eventId}`;
    const { attendees = [] } = yield* ask<EventBody>(get(place, { fields: 'id,attendees' }));
    const known = new Set(attendees.map(({ email }) => email?.toLowerCase()));
    const added = [...new Set(emails.map((email) => email.toLowerCase()))].filter((email) => !known.has(email));
    const body = yield* act<EventBody>({
      method: 'PATCH',
      path: place,
      query: { sendUpdates },
      json: { attendees: [...attendees.map(kept), ...added.map((email) => ({ email }))] },
    });
    return briefOf(body);
  },
  docs: `${reference}/patch`,
  provenance: provenance('events.patch'),
  examples: [
    {
      input: { eventId: planning.id, emails: ['jon@acme.example'], sendUpdates: 'all' },
      before: [{ receives: { body: { id: planning.id, attendees: organizerAlone } } }],
      receives: { body: planning },
      gives: planningBrief,
      fresh: { '/updated': 'iso_now' },
    },
  ],
});

export const eventRespond = tool({
  name: 'google_calendar_event_respond',
  title: 'Answer an invitation',
  description:
    'Accept, decline or tentatively accept an invitation for the connected person; other guests’ answers stay. The person’s address is the ' +
    'guest with self in google_calendar_event_get. Declining keeps the event; to remove it use google_calendar_event_delete.',
  effect: 'write',
  idempotent: true,
  scopes: [events],
  input: z.object({
    eventId,
    email: z.email().describe('The connected person’s own address, as the event has it'),
    responseStatus: z.enum(['accepted', 'declined', 'tentative']).describe('The answer'),
    comment: z.string().max(500).optional().describe('A word to the organizer'),
    calendarId,
    sendUpdates,
  }),
  output: EventBrief,
  request: ({ eventId, calendarId, sendUpdates, ...attendee }) => ({
    method: 'PATCH',
    path: path`/calendar/v3/calendars/${calendarId}/events/${eventId}`,
    query: { sendUpdates },
    // says that the other guests were left out on purpose: without it they would be removed
    json: { attendeesOmitted: true, attendees: [attendee] },
  }),
  respond: (body: EventBody) => briefOf(body),
  docs: `${reference}/patch`,
  provenance: provenance('events.patch'),
  examples: [
    {
      input: { eventId: planning.id, email: 'mira@acme.example', responseStatus: 'accepted' },
      receives: { body: planning },
      gives: planningBrief,
      fresh: { '/updated': 'iso_now' },
    },
  ],
});

export const eventDelete = tool({
  name: 'google_calendar_event_delete',
  aliases: ['googlecalendar_delete_event'],
  title: 'Delete an event',
  description:
    'Delete one event; for its organizer that cancels it for all guests, for a guest it leaves only the own calendar. The id of a series ' +
    'deletes the whole series. To decline and keep it use google_calendar_event_respond.',
  effect: 'destructive',
  scopes: [events],
  input: z.object({ eventId, calendarId, sendUpdates }),
  output: z.object({}),
  request: ({ eventId, calendarId, sendUpdates }) => ({
    method: 'DELETE',
    path: path`/calendar/v3/calendars/${calendarId}/events/${eventId}`,
    query: { sendUpdates },
  }),
  respond: () => ({}),
  docs: `${reference}/delete`,
  provenance: provenance('events.delete'),
  examples: [{ input: { eventId: planning.id, sendUpdates: 'all' }, receives: { status: 204, body: '' }, gives: {} }],
});

export const eventQuickAdd = tool({
  name: 'google_calendar_event_quick_add',
  aliases: ['googlecalendar_quick_add_event'],
  title: 'Create an event from a sentence',
  description:
    'Create an event from one sentence such as "Lunch with Jon tomorrow 1pm": Google reads day, time and title out of it, and may misread. ' +
    'Check start in the answer. With exact times or guests use google_calendar_event_create.',
  effect: 'write',
  scopes: [events],
  input: z.object({ text: z.string().min(1).max(1000).describe('The sentence'), calendarId, sendUpdates }),
  output: EventBrief,
  request: ({ calendarId, ...query }) => ({ method: 'POST', path: path`/calendar/v3/calendars/${calendarId}/events/quickAdd`, query }),
  respond: (body: EventBody) => briefOf(body),
  docs: `${reference}/quickAdd`,
  provenance: provenance('events.quickAdd'),
  examples: [
    {
      input: { text: 'Team offsite 27 to 28 November' },
      receives: { body: offsite },
      gives: offsiteBrief,
      fresh: { '/created': 'iso_now', '/updated': 'iso_now' },
    },
  ],
});

export const eventMove = tool({
  name: 'google_calendar_event_move',
  aliases: ['googlecalendar_move_event'],
  title: 'Move an event to another calendar',
  description:
    'Move one event to another calendar of the person’s, which changes who organizes it; its id stays. To change its time use ' +
    'google_calendar_event_update. Calendar ids come from google_calendar_calendars_list.',
  effect: 'write',
  scopes: [events],
  input: z.object({
    eventId,
    destination: otherCalendarId.describe('Calendar id to move it to'),
    calendarId: calendarId.describe('Calendar that it is in'),
    sendUpdates,
  }),
  output: EventBrief,
  request: ({ eventId, calendarId, ...query }) => ({
    method: 'POST',
    path: path`/calendar/v3/calendars/${calendarId}/events/${eventId}/move`,
    query,
  }),
  respond: (body: EventBody) => briefOf(body),
  docs: `${reference}/move`,
  provenance: provenance('events.move'),
  examples: [
    {
      input: { eventId: offsite.id, destination: 'team.made.up.0123456789@group.calendar.google.com' },
      receives: { body: { ...offsite, organizer: { email: 'team.made.up.0123456789@group.calendar.google.com', displayName: 'Team' } } },
      gives: { ...offsiteBrief, organizer: 'team.made.up.0123456789@group.calendar.google.com' },
    },
  ],
});
