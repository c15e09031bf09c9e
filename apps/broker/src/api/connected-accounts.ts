import {
  AccountVerified,
  AccountVerify,
  AuthorizationLink,
  AuthorizationLinkCreate,
  ChatCode,
  ChatCodeAccepted,
  ConnectedAccount,
  ConnectedAccountReason,
  ConnectedAccountStatus,
  CredentialRead,
  PageQuery,
  pageOf,
  ReadCredential,
  UserIdentifier,
} from '@grantway/contract';
import {
  createAuthorizationLink,
  disconnectAccount,
  getConnectedAccount,
  listConnectedAccounts,
  readCredential,
  refreshAccount,
  submitChatCode,
  verifyConnectedAccount,
} from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The connected account’s id' };

export const connectedAccounts = [
  route({
    method: 'POST',
    path: '/v1/connected-accounts/authorization-link',
    summary: 'Create an authorization link',
    description:
      'A page where this user connects, or connects again, this connection. There is one live link per account: asking again in the same way answers the same one until it is used or has expired; asking with other parameters ends it and answers a new one.',
    permission: 'connected_accounts:write',
    audit: 'authorization_link.created',
    body: AuthorizationLinkCreate,
    status: 200,
    reply: AuthorizationLink,
    faults: ['unknown_connection', 'connection_not_ready', 'verification_not_allowed', 'user_verify_url_not_allowed'],
    run: (ctx, { body }) => createAuthorizationLink(ctx, body),
  }),
  route({
    method: 'POST',
    path: '/v1/connected-accounts/verify',
    summary: 'Verify the person at the keyboard',
    description:
      'Modes app and session. Call it from your server when a browser arrives at your user_verify_url, with the identifier of the user who is signed in with you in that browser. Only then is the provider’s code exchanged. An auth_request_id works once: a wrong identifier or verifier uses it up and erases what was kept. Where the provider’s answer then does not fit, the problem names a post_user_verify_redirect_url too, whose page says so to the person.',
    permission: 'connected_accounts:write',
    audit: 'authorization.verified',
    body: AccountVerify,
    status: 200,
    reply: AccountVerified,
    faults: [
      'verification_failed',
      'identity_mismatch',
      'account_changed',
      'consent_failed',
      'key_rejected',
      'provider_unavailable',
      'link_used',
      'link_expired',
    ],
    run: (ctx, { body }) => verifyConnectedAccount(ctx, body),
  }),
  route({
    method: 'POST',
    path: '/v1/connected-accounts/chat-code',
    summary: 'Hand in a code from a chat',
    description:
      'Mode chat. Call it from your bot with the six digits that a user has sent, and the identifier that you know this chat’s user by. The browser that shows the code may then go on. Three tries within five minutes.',
    permission: 'connected_accounts:write',
    audit: 'authorization.verified',
    body: ChatCode,
    status: 200,
    reply: ChatCodeAccepted,
    faults: ['verification_failed', 'unknown_connection'],
    run: (ctx, { body }) => submitChatCode(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/connected-accounts',
    summary: 'List connected accounts',
    permission: 'connected_accounts:read',
    query: z.object({
      ...PageQuery,
      connection_name: z.string().optional().describe('Only on this connection'),
      identifier: UserIdentifier.optional().describe('Only this user’s'),
      status: ConnectedAccountStatus.optional().describe('Only in this state'),
      reason: ConnectedAccountReason.optional().describe('Only those that are in their state for this reason'),
      needs_reauthorization: z
        .enum(['true', 'false'])
        .optional()
        .describe('true: only those that were in use and whose user must connect again (EXPIRED, REVOKED); false: only the others'),
    }),
    status: 200,
    reply: pageOf(ConnectedAccount),
    run: (ctx, { query }) => listConnectedAccounts(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/connected-accounts/{id}',
    summary: 'Get a connected account',
    permission: 'connected_accounts:read',
    params: id,
    status: 200,
    reply: ConnectedAccount,
    run: (ctx, { params }) => getConnectedAccount(ctx, params['id'] as string),
  }),
  route({
    method: 'POST',
    path: '/v1/connected-accounts/{id}/refresh',
    summary: 'Refresh a connected account',
    description:
      'Renews the access token now. Calls renew by themselves what is about to end; this is for operators who want to see that an account is alive.',
    permission: 'connected_accounts:write',
    audit: 'connected_account.refresh_requested',
    params: id,
    status: 200,
    reply: ConnectedAccount,
    faults: ['not_refreshable', 'authorization_required', 'provider_unavailable', 'connection_incident', 'unavailable'],
    run: (ctx, { params }) => refreshAccount(ctx, params['id'] as string),
  }),
  route({
    method: 'POST',
    path: '/v1/connected-accounts/{id}/credential',
    summary: 'Read a credential in clear',
    description:
      'Off for every client. An operator turns it on for one client, with limits, by npm run operator -- credential-read. Then it answers a fresh access token, never a refresh token, and a key or password only where that was turned on too. Each reading is in the audit with its reason, and announced as credential.read. Tools and the proxy need none of it: prefer them.',
    permission: 'credentials:read',
    audit: 'credential.read',
    params: id,
    body: CredentialRead,
    status: 200,
    reply: ReadCredential,
    faults: ['credential_read_off', 'credential_read_limit', 'authorization_required', 'user_suspended', 'unavailable'],
    run: (ctx, { params, body }) => readCredential(ctx, params['id'] as string, body),
  }),
  route({
    method: 'DELETE',
    path: '/v1/connected-accounts/{id}',
    summary: 'Disconnect an account',
    description:
      'Ends the account at once and revokes its credential at the provider. Where the provider does not confirm it, it is asked again for 72 hours; `revocation` of the account, and GET /v1/revocations, show what came of it. The account stays, DISCONNECTED, with its history; its user can connect again. Repeating it changes nothing.',
    permission: 'connected_accounts:write',
    audit: 'connected_account.deleted',
    params: id,
    status: 204,
    run: async (ctx, { params }) => {
      await disconnectAccount(ctx, params['id'] as string);
      return undefined;
    },
  }),
];
