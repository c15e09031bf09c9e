import {
  McpConfig,
  McpConfigCreate,
  McpConfigUpdate,
  PageQuery,
  pageOf,
  SessionToken,
  SessionTokenCreate,
  SessionTokensRevoke,
} from '@grantway/contract';
import {
  createMcpConfig,
  createSessionToken,
  deleteMcpConfig,
  getMcpConfig,
  listMcpConfigs,
  revokeSessionTokens,
  updateMcpConfig,
} from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The config’s id' };

export const mcpConfigs = [
  route({
    method: 'POST',
    path: '/v1/mcp-configs',
    summary: 'Create an MCP config',
    description: 'A role: which tools of which connections an agent may use. Empty tools means all tools of the connection.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.created',
    body: McpConfigCreate,
    status: 201,
    reply: McpConfig,
    faults: ['unknown_connection', 'unknown_tool', 'name_taken'],
    run: (ctx, { body }) => createMcpConfig(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-configs',
    summary: 'List MCP configs',
    permission: 'mcp_configs:read',
    query: z.object({ ...PageQuery, name: z.string().optional().describe('Only the one of this name') }),
    status: 200,
    reply: pageOf(McpConfig),
    run: (ctx, { query }) => listMcpConfigs(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-configs/{id}',
    summary: 'Get an MCP config',
    permission: 'mcp_configs:read',
    params: id,
    status: 200,
    reply: McpConfig,
    run: (ctx, { params }) => getMcpConfig(ctx, params['id'] as string),
  }),
  route({
    method: 'PATCH',
    path: '/v1/mcp-configs/{id}',
    summary: 'Change an MCP config',
    description:
      'Every change is a new version, in force at once for every instance. Send the version you read to be refused when somebody else was first.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.updated',
    params: id,
    body: McpConfigUpdate,
    status: 200,
    reply: McpConfig,
    faults: ['unknown_connection', 'unknown_tool', 'name_taken', 'version_conflict'],
    run: (ctx, { params, body }) => updateMcpConfig(ctx, params['id'] as string, body),
  }),
  route({
    method: 'DELETE',
    path: '/v1/mcp-configs/{id}',
    summary: 'Delete an MCP config',
    description: 'Its instances go with it: their URLs stop working at once. Connected accounts stay.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.deleted',
    params: id,
    status: 204,
    run: async (ctx, { params }) => {
      await deleteMcpConfig(ctx, params['id'] as string);
      return undefined;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/mcp-configs/{id}/session-tokens',
    summary: 'Create a session token',
    description:
      'For one user at the config’s static MCP URL, for a minute to a day; taken at that URL only. Ensures the user’s instance. READ_ONLY shows and runs only tools that read.',
    permission: 'mcp_instances:write',
    audit: 'session_token.issued',
    params: id,
    body: SessionTokenCreate,
    status: 201,
    reply: SessionToken,
    faults: ['instance_revoked', 'user_suspended'],
    run: (ctx, { params, body }) => createSessionToken(ctx, params['id'] as string, body),
  }),
  route({
    method: 'POST',
    path: '/v1/mcp-configs/{id}/session-tokens/revoke',
    summary: 'Revoke all session tokens of a user',
    description: 'Those of this config that are out are refused from the next request on, whichever client asked for them.',
    permission: 'mcp_instances:write',
    audit: 'session_token.revoked',
    params: id,
    body: SessionTokensRevoke,
    status: 204,
    run: async (ctx, { params, body }) => {
      await revokeSessionTokens(ctx, params['id'] as string, body.user_identifier);
      return undefined;
    },
  }),
];
