import { User, UserUpdate } from '@grantway/contract';
import { forgetUser, updateUser } from '@grantway/core';
import { route } from '../http.ts';

const identifier = { identifier: 'Your own id of the user, percent-encoded' };

export const users = [
  route({
    method: 'PATCH',
    path: '/v1/users/{identifier}',
    summary: 'Suspend or resume a user',
    description:
      'Suspended: the next call on behalf of this user, over REST and MCP, is refused with user_suspended. Credentials are kept and kept fresh, so that resuming needs no new consent. An account of the organization that the user connected goes on.',
    permission: 'users:write',
    audit: 'user.updated',
    params: identifier,
    body: UserUpdate,
    status: 200,
    reply: User,
    run: (ctx, { params, body }) => updateUser(ctx, params['identifier'] as string, body),
  }),
  route({
    method: 'DELETE',
    path: '/v1/users/{identifier}',
    summary: 'Forget a user',
    description:
      'Accounts, MCP URLs, links and kept answers are destroyed at once; credentials are revoked at their providers, with receipts in GET /v1/revocations. An account of the organization that the user connected goes on, and no longer names them. The audit of calls and deeds stays.',
    permission: 'users:write',
    audit: 'user.forgotten',
    params: identifier,
    status: 204,
    run: async (ctx, { params }) => {
      await forgetUser(ctx, params['identifier'] as string);
      return undefined;
    },
  }),
];
