import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import calendar from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(calendar);

const byName = (name: string) => {
  const found = calendar.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const requestOf = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));
const jsonOf = (name: string, input: object) => JSON.parse(JSON.stringify(requestOf(name, input).json)) as unknown;
const eventId = '7fq2k9d0n3m1p5r8t6v4w2x0yz';

describe('google calendar refusals', () => {
  const refusal = (reason: string) => fault({ status: 403, headers: {}, body: { error: { errors: [{ reason }], message: 'No' } } });

  it('one status has three meanings', () => {
    expect(refusal('insufficientPermissions')?.kind).toBe('missing_scope');
    expect(refusal('userRateLimitExceeded')?.kind).toBe('rate_limited');
    expect(refusal('forbiddenForNonOrganizer')?.kind).toBe('error');
  });
});

describe('google calendar times', () => {
  it('a date is a whole day, a moment keeps its offset and takes the zone', () => {
    const base = { summary: 'x', timeZone: 'Europe/Madrid' };
    expect(jsonOf('google_calendar_event_create', { ...base, start: '2025-11-27', end: '2025-11-28' })).toEqual({
      summary: 'x',
      start: { date: '2025-11-27' },
      end: { date: '2025-11-28' },
    });
    const moment = { start: '2025-11-27T10:00:00+01:00', end: '2025-11-27T11:00:00+01:00' };
    expect(jsonOf('google_calendar_event_create', { ...base, ...moment })).toEqual({
      summary: 'x',
      start: { dateTime: moment.start, timeZone: 'Europe/Madrid' },
      end: { dateTime: moment.end, timeZone: 'Europe/Madrid' },
    });
  });

  it.each(['2025-11-27T10:00:00', 'tomorrow', '27.11.2025'])('%s is neither', (start) => {
    expect(byName('google_calendar_event_create').input.safeParse({ summary: 'x', start, end: '2025-11-28' }).success).toBe(false);
  });

  it('a change sends what was given and nothing else', () => {
    expect(jsonOf('google_calendar_event_update', { eventId, location: 'Room Ebro' })).toEqual({ location: 'Room Ebro' });
    expect(jsonOf('google_calendar_event_update', { eventId, start: '2025-11-27' })).toEqual({ start: { date: '2025-11-27' } });
  });
});

describe('google calendar guests', () => {
  it('an answer concerns the own entry alone: Google is told that the others were left out', () => {
    expect(jsonOf('google_calendar_event_respond', { eventId, email: 'mira@acme.example', responseStatus: 'declined' })).toEqual({
      attendeesOmitted: true,
      attendees: [{ email: 'mira@acme.example', responseStatus: 'declined' }],
    });
  });

  it('nobody is written to unless told', () => {
    for (const name of ['google_calendar_event_delete', 'google_calendar_event_update']) {
      expect(requestOf(name, { eventId }).query).toEqual({ sendUpdates: 'none' });
    }
  });

  it('rooms are no guests', () => {
    const body = { id: eventId, attendees: [{ email: 'room@acme.example', resource: true }, { email: 'jon@acme.example' }] };
    const response = { status: 200, headers: {}, body };
    expect(byName('google_calendar_event_update').respond(body, response)).toMatchObject({ guests: 1, my_response: null });
  });
});

describe('google calendar meetings', () => {
  const asked = (input: object) => {
    const request = requestOf('google_calendar_event_create', {
      summary: 'x',
      start: '2025-11-27',
      end: '2025-11-28',
      meet: true,
      ...input,
    });
    const { conferenceData } = request.json as { conferenceData: { createRequest: { requestId: string } } };
    return { version: request.query?.conferenceDataVersion, id: conferenceData.createRequest.requestId };
  };

  it('a repeated call asks for the same Meet link, another event for another', () => {
    expect(asked({}).version).toBe(1);
    expect(asked({}).id).toBe(asked({}).id);
    expect(asked({ summary: 'y' }).id).not.toBe(asked({}).id);
  });

  it('without meet the version is not said, which keeps an old link', () => {
    expect(requestOf('google_calendar_event_create', { summary: 'x', start: '2025-11-27', end: '2025-11-28' }).query).toEqual({
      sendUpdates: 'none',
      conferenceDataVersion: undefined,
    });
  });
});
