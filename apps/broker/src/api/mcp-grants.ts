import { McpGrant, PageQuery, pageOf, SignInLink, SignInLinkCreate, UserIdentifier } from '@grantway/contract';
import { createSignInLink, getMcpGrant, listMcpGrants, revokeMcpGrant } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The grant’s id' };

export const mcpGrants = [
  route({
    method: 'POST',
    path: '/v1/mcp-configs/{id}/sign-in-links',
    summary: 'Create a link that signs a person in',
    description:
      'For a person whom you know: it signs one browser in, once, so that the person can allow an MCP client the use of this config’s static URL. Not needed where an identity provider is set.',
    permission: 'sign_in_links:write',
    audit: 'sign_in_link.created',
    params: { id: 'The config’s id' },
    body: SignInLinkCreate,
    status: 201,
    reply: SignInLink,
    faults: ['user_suspended'],
    run: (ctx, { params, body }) => createSignInLink(ctx, params['id'] as string, body),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-grants',
    summary: 'List MCP grants',
    description: 'What people allowed MCP clients by OAuth: which client, whose instance, since when.',
    permission: 'mcp_grants:read',
    query: z.object({
      ...PageQuery,
      config_name: z.string().optional().describe('Only of this MCP config'),
      user_identifier: UserIdentifier.optional().describe('Only this user’s'),
      active: z.enum(['true', 'false']).optional().describe('Only those that are neither revoked nor expired, or only those that are'),
    }),
    status: 200,
    reply: pageOf(McpGrant),
    run: (ctx, { query }) => listMcpGrants(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-grants/{id}',
    summary: 'Get an MCP grant',
    permission: 'mcp_grants:read',
    params: id,
    status: 200,
    reply: McpGrant,
    run: (ctx, { params }) => getMcpGrant(ctx, params['id'] as string),
  }),
  route({
    method: 'DELETE',
    path: '/v1/mcp-grants/{id}',
    summary: 'Revoke an MCP grant',
    description: 'Its refresh token is refused from now on, its access token at its next call. The person can allow the client again.',
    permission: 'mcp_grants:write',
    audit: 'mcp_grant.revoked',
    params: id,
    status: 204,
    run: async (ctx, { params }) => {
      await revokeMcpGrant(ctx, params['id'] as string);
      return undefined;
    },
  }),
];
