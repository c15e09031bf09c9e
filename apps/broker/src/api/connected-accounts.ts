import {
  AuthorizationLink,
  AuthorizationLinkCreate,
  ConnectedAccount,
  ConnectedAccountStatus,
  PageQuery,
  pageOf,
  UserIdentifier,
} from '@grantway/contract';
import { createAuthorizationLink, disconnectAccount, getConnectedAccount, listConnectedAccounts, refreshAccount } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The connected account’s id' };

export const connectedAccounts = [
  route({
    method: 'POST',
    path: '/v1/connected-accounts/authorization-link',
    summary: 'Create an authorization link',
    description:
      'A page where this user connects, or connects again, this connection. There is one live link per account: asking again answers the same one until it is used or has expired.',
    permission: 'connected_accounts:write',
    audit: 'authorization_link.created',
    body: AuthorizationLinkCreate,
    status: 200,
    reply: AuthorizationLink,
    faults: ['unknown_connection', 'connection_not_ready'],
    run: (ctx, { body }) => createAuthorizationLink(ctx, body),
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
