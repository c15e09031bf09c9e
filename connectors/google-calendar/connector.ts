import { connector, get } from '@grantway/connector-kit';
import { calendarCreate, calendarGet, calendarsList, freebusyQuery } from './calendars.ts';
import { eventCreate, eventDelete, eventGuestsAdd, eventMove, eventQuickAdd, eventRespond, eventUpdate } from './changes.ts';
import { eventGet, eventInstancesList, eventsList } from './events.ts';
import { fault } from './faults.ts';
import { all, calendars, email, events, eventsRead, freebusy, lists, own, readonly } from './scopes.ts';

interface Userinfo {
  id: string;
  email?: string;
  verified_email?: boolean;
  hd?: string;
}

export default connector({
  id: 'google-calendar',
  name: 'Google Calendar',
  description: 'Read calendars and events of Google Calendar, find free time, create and change events and answer invitations.',
  docs: 'https://developers.google.com/workspace/calendar/api/v3/reference',
  aliases: ['googlecalendar'],
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    revokeUrl: 'https://oauth2.googleapis.com/revoke',
    // Google ends whatever the person granted to the app's project, not one token of it.
    revocationEnds: 'account',
    scopes: {
      openid: 'Know which Google account was connected',
      [email]: 'See the e-mail address of the Google account',
      [events]: 'See, create, change and delete events in all your calendars',
      [eventsRead]: 'See the events in all your calendars',
      [lists]: 'See the list of the calendars that you use',
      [calendars]: 'See names, descriptions and time zones of your calendars',
      [freebusy]: 'See when you are busy, without what you do',
      [own]: 'Create further calendars and manage the events in those',
      [readonly]: 'See and download everything in your calendars',
      [all]: 'See, change, share and delete all your calendars for good',
    },
    defaultScopes: ['openid', email, events, lists, calendars, freebusy],
    scopeCovers: {
      [events]: [eventsRead],
      [readonly]: [eventsRead, lists, calendars, freebusy],
      [all]: [events, readonly, own],
    },
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    // Without both Google gives a refresh token at the first consent only.
    authorizeParams: { access_type: 'offline', prompt: 'consent' },
    offline: { params: { access_type: 'offline' } },
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        expires_in: 3599,
        refresh_token: 'made-up-refresh-token',
        scope: `openid ${email} ${events} ${lists} ${calendars} ${freebusy}`,
        token_type: 'Bearer',
        id_token: 'made-up-id-token',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
        slot: '/error',
      },
    },
    rotationClass: 'A',
  },
  api: {
    baseUrl: 'https://www.googleapis.com',
    fault,
    refusals: {
      rejected: {
        status: 401,
        body: {
          error: {
            code: 401,
            message:
              'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid credential.',
            status: 'UNAUTHENTICATED',
          },
        },
      },
      missing_scope: {
        status: 403,
        headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"' },
        body: {
          error: {
            code: 403,
            message: 'Request had insufficient authentication scopes.',
            errors: [{ message: 'Insufficient Permission', domain: 'global', reason: 'insufficientPermissions' }],
            status: 'PERMISSION_DENIED',
          },
        },
      },
      rate_limited: {
        status: 403,
        body: {
          error: {
            errors: [{ domain: 'usageLimits', reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded' }],
            code: 403,
            message: 'Rate Limit Exceeded',
          },
        },
      },
      error: {
        status: 404,
        body: { error: { errors: [{ domain: 'global', reason: 'notFound', message: 'Not Found' }], code: 404, message: 'Not Found' } },
      },
      unavailable: {
        status: 500,
        body: {
          error: { errors: [{ domain: 'global', reason: 'backendError', message: 'Backend Error' }], code: 500, message: 'Backend Error' },
        },
      },
    },
  },
  identify: {
    request: get('/oauth2/v2/userinfo'),
    subject: ({ id, email, verified_email, hd }: Userinfo) => ({
      id,
      label: email ?? id,
      ...(email !== undefined && verified_email === true ? { email } : {}),
      ...(hd === undefined ? {} : { team: hd }),
    }),
    example: {
      receives: {
        body: {
          id: '108245671209934410127',
          email: 'mira@acme.example',
          verified_email: true,
          hd: 'acme.example',
          picture: 'https://example.com/mira.png',
        },
      },
      gives: { id: '108245671209934410127', label: 'mira@acme.example', email: 'mira@acme.example', team: 'acme.example' },
    },
  },
  tools: [
    calendarsList,
    calendarGet,
    calendarCreate,
    eventsList,
    eventGet,
    eventInstancesList,
    eventCreate,
    eventQuickAdd,
    eventUpdate,
    eventGuestsAdd,
    eventRespond,
    eventMove,
    eventDelete,
    freebusyQuery,
  ],
});
