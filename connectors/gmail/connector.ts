import { connector, get } from '@grantway/connector-kit';
import { getAttachment } from './attachments.ts';
import { createDraft, deleteDraft, getDraft, listDrafts, sendDraft, updateDraft } from './drafts.ts';
import { fault } from './faults.ts';
import { createLabel, listLabels } from './labels.ts';
import { batchModify, fetchMails, getHeaders, getMessage, modifyMessage, trashMessage, untrashMessage } from './messages.ts';
import { getProfile } from './profile.ts';
import { all, compose, email, labels, modify, readonly, send } from './scopes.ts';
import { replyToThread, sendMessage } from './send.ts';
import { getThread, listThreads, modifyThread, trashThread } from './threads.ts';

interface Userinfo {
  id: string;
  email?: string;
  verified_email?: boolean;
  hd?: string;
}

export default connector({
  id: 'gmail',
  name: 'Gmail',
  description: 'Search and read mail in Gmail, send and answer messages, write drafts, and put mail into order.',
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest',
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
      [modify]: 'Read, write, send and file your mail, and put it into the trash',
      [readonly]: 'Read your mail and its settings',
      [send]: 'Send mail in your name',
      [compose]: 'Write and send mail in your name, and manage your drafts',
      [labels]: 'See and change your labels',
      [all]: 'Read, write, send and delete all your mail for good',
    },
    defaultScopes: ['openid', email, modify],
    scopeCovers: {
      [compose]: [send],
      [modify]: [readonly, compose, send, labels],
      [all]: [modify],
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
        scope: `openid ${email} ${modify}`,
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
    baseUrl: 'https://gmail.googleapis.com',
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
    fetchMails,
    getHeaders,
    getMessage,
    getAttachment,
    listThreads,
    getThread,
    sendMessage,
    replyToThread,
    createDraft,
    updateDraft,
    listDrafts,
    getDraft,
    sendDraft,
    deleteDraft,
    modifyMessage,
    modifyThread,
    batchModify,
    trashMessage,
    untrashMessage,
    trashThread,
    listLabels,
    createLabel,
    getProfile,
  ],
});
