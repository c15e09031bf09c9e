import { AuthState, McpInstance, McpInstanceEnsure, McpInstanceSummary, PageQuery, pageOf, UserIdentifier } from '@grantway/contract';
import { ensureInstance, getAuthState, getMcpInstance, listMcpInstances } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const mcpInstances = [
  route({
    method: 'PUT',
    path: '/v1/mcp-instances',
    summary: 'Ensure an MCP instance',
    description:
      'Idempotent: answers the user’s own pre-authenticated MCP URL, the same each time, and an authorization link for each connection that the user must connect first.',
    permission: 'mcp_instances:write',
    audit: 'mcp_instance.ensured',
    body: McpInstanceEnsure,
    status: 200,
    reply: McpInstance,
    faults: ['instance_revoked'],
    run: (ctx, { body }) => ensureInstance(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-instances',
    summary: 'List MCP instances',
    description: 'Without their URLs: ensure the instance to get its URL again.',
    permission: 'mcp_instances:read',
    query: z.object({
      ...PageQuery,
      config_name: z.string().optional().describe('Only of this MCP config'),
      user_identifier: UserIdentifier.optional().describe('Only this user’s'),
    }),
    status: 200,
    reply: pageOf(McpInstanceSummary),
    run: (ctx, { query }) => listMcpInstances(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-instances/{id}',
    summary: 'Get an MCP instance',
    permission: 'mcp_instances:read',
    params: { id: 'The instance’s id' },
    status: 200,
    reply: McpInstanceSummary,
    run: (ctx, { params }) => getMcpInstance(ctx, params.id as string),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-instances/{id}/auth-state',
    summary: 'Get the authorization state',
    description: 'Per connection: which account, its state and why, and where the person connects it.',
    permission: 'mcp_instances:read',
    params: { id: 'The instance’s id' },
    query: z.object({
      include_auth_links: z
        .enum(['true', 'false'])
        .default('false')
        .describe('Whether to make authorization links for what is not connected'),
    }),
    status: 200,
    reply: AuthState,
    run: (ctx, { params, query }) => getAuthState(ctx, params['id'] as string, { includeAuthLinks: query.include_auth_links === 'true' }),
  }),
];
