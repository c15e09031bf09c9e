import { IdentityProviderPut, IdentityProviderSetting } from '@grantway/contract';
import { deleteIdentityProvider, getIdentityProvider, putIdentityProvider } from '@grantway/core';
import { route } from '../http.ts';

const path = '/v1/identity-provider';

export const identityProvider = [
  route({
    method: 'PUT',
    path,
    summary: 'Set the identity provider',
    description:
      'Your own OpenID provider: people sign in there to allow an MCP client the use of a config, and the claim you name becomes their user identifier. Whoever can sign in there can use the configs it is set for.',
    permission: 'identity_provider:write',
    audit: 'identity_provider.updated',
    body: IdentityProviderPut,
    status: 200,
    reply: IdentityProviderSetting,
    run: (ctx, { body }) => putIdentityProvider(ctx, body),
  }),
  route({
    method: 'GET',
    path,
    summary: 'Get the identity provider',
    permission: 'identity_provider:read',
    status: 200,
    reply: IdentityProviderSetting,
    run: (ctx) => getIdentityProvider(ctx),
  }),
  route({
    method: 'DELETE',
    path,
    summary: 'Remove the identity provider',
    description: 'People need a sign-in link then. What they have allowed stays.',
    permission: 'identity_provider:write',
    audit: 'identity_provider.deleted',
    status: 204,
    run: async (ctx) => {
      await deleteIdentityProvider(ctx);
      return undefined;
    },
  }),
];
