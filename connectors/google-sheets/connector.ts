import { connector, get } from '@grantway/connector-kit';
import { fault } from './faults.ts';
import { drive, driveRead, email, fileNames, ownFiles, readonly, readwrite } from './scopes.ts';
import {
  dimensionDelete,
  dimensionInsert,
  rangeSort,
  sheetAdd,
  sheetDelete,
  sheetDuplicate,
  sheetRename,
  spreadsheetRename,
  textReplace,
} from './sheets.ts';
import { spreadsheetCreate, spreadsheetGet, spreadsheetsList } from './spreadsheets.ts';
import { valuesAppend, valuesBatchGet, valuesBatchUpdate, valuesClear, valuesGet, valuesUpdate } from './values.ts';

interface Userinfo {
  id: string;
  email?: string;
  verified_email?: boolean;
  hd?: string;
}

export default connector({
  id: 'google-sheets',
  name: 'Google Sheets',
  description: 'Find, create, read and change spreadsheets in Google Sheets: cells, rows and tabs.',
  docs: 'https://developers.google.com/workspace/sheets/api/reference/rest',
  aliases: ['googlesheets'],
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
      [readonly]: 'See all your spreadsheets',
      [readwrite]: 'See, create, change and delete all your spreadsheets',
      [ownFiles]: 'See and change only files that were made or opened with this app',
      [fileNames]: 'See names and details of the files in your Drive, not what is in them',
      [driveRead]: 'See and download all files in your Drive',
      [drive]: 'See, change, create and delete all files in your Drive',
    },
    defaultScopes: ['openid', email, readwrite],
    scopeCovers: {
      [readwrite]: [readonly],
      [ownFiles]: [readwrite, readonly, fileNames],
      [driveRead]: [readonly, fileNames],
      [drive]: [readwrite, driveRead, ownFiles],
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
        scope: `openid ${email} ${readwrite}`,
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
    baseUrl: 'https://sheets.googleapis.com',
    hosts: { www: 'https://www.googleapis.com' },
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
            status: 'PERMISSION_DENIED',
            details: [
              {
                '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
                reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
                domain: 'googleapis.com',
                metadata: { service: 'sheets.googleapis.com', method: 'google.apps.sheets.v4.SpreadsheetsService.UpdateValues' },
              },
            ],
          },
        },
      },
      rate_limited: {
        status: 429,
        body: {
          error: {
            code: 429,
            message: "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of the service.",
            status: 'RESOURCE_EXHAUSTED',
            details: [
              {
                '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
                reason: 'RATE_LIMIT_EXCEEDED',
                domain: 'googleapis.com',
                metadata: {},
              },
            ],
          },
        },
      },
      error: { status: 400, body: { error: { code: 400, message: 'Unable to parse range: Delas!A1:C3', status: 'INVALID_ARGUMENT' } } },
      unavailable: {
        status: 503,
        body: { error: { code: 503, message: 'The service is currently unavailable.', status: 'UNAVAILABLE' } },
      },
    },
  },
  identify: {
    request: { ...get('/oauth2/v2/userinfo'), host: 'www' },
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
    spreadsheetsList,
    spreadsheetGet,
    spreadsheetCreate,
    spreadsheetRename,
    valuesGet,
    valuesBatchGet,
    valuesUpdate,
    valuesBatchUpdate,
    valuesAppend,
    valuesClear,
    sheetAdd,
    sheetRename,
    sheetDuplicate,
    sheetDelete,
    dimensionInsert,
    dimensionDelete,
    rangeSort,
    textReplace,
  ],
});
