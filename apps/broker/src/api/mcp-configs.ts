import {
  Fault,
  McpConfig,
  McpConfigCreate,
  McpConfigDiff,
  McpConfigUpdate,
  McpConfigVersion,
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
  diffConfigVersions,
  getConfigVersion,
  getMcpConfig,
  listConfigVersions,
  listMcpConfigs,
  restoreConfigVersion,
  revokeSessionTokens,
  updateMcpConfig,
} from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The config’s id' };
const idAndVersion = { ...id, version: 'The number of a version' };
const etag = ({ version }: McpConfig) => String(version);
const ifMatch = { 'If-Match': 'Refused when the config is at another version: the ETag of an answer, such as "3"' };

/** RFC 9110 section 13.1.1. Undefined: anything will do. A weak tag matches nothing. @throws Fault invalid_request */
function versionsIn(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = header.split(',').map((tag) => /^\s*(W\/)?"([\x21\x23-\x7e]*)"\s*$/.exec(tag));
  if (tags.includes(null)) throw new Fault('invalid_request', 'If-Match must hold entity tags in quotes, such as "3"');
  return tags.flatMap((tag) => (tag?.[1] === undefined && /^[1-9]\d{0,8}$/.test(tag?.[2] ?? '') ? [Number(tag?.[2])] : []));
}

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
    etag,
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
    etag,
    run: (ctx, { params }) => getMcpConfig(ctx, params['id'] as string),
  }),
  route({
    method: 'PATCH',
    path: '/v1/mcp-configs/{id}',
    summary: 'Change an MCP config',
    description:
      'Every change is a new version, in force at once for every instance. Send the version you read, in If-Match or in the body, to be refused when somebody else was first.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.updated',
    params: id,
    headers: ifMatch,
    body: McpConfigUpdate,
    status: 200,
    reply: McpConfig,
    etag,
    faults: ['unknown_connection', 'unknown_tool', 'name_taken', 'version_conflict', 'precondition_failed'],
    run: (ctx, { params, body, headers }) => updateMcpConfig(ctx, params['id'] as string, body, versionsIn(headers['if-match'])),
  }),
  route({
    method: 'DELETE',
    path: '/v1/mcp-configs/{id}',
    summary: 'Delete an MCP config',
    description: 'Its instances go with it: their URLs stop working at once. Connected accounts stay.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.deleted',
    params: id,
    headers: ifMatch,
    status: 204,
    faults: ['precondition_failed'],
    run: async (ctx, { params, headers }) => {
      await deleteMcpConfig(ctx, params['id'] as string, versionsIn(headers['if-match']));
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
  route({
    method: 'GET',
    path: '/v1/mcp-configs/{id}/versions',
    summary: 'List the versions of an MCP config',
    description: 'Newest first. A version never changes.',
    permission: 'mcp_configs:read',
    params: id,
    query: z.object(PageQuery),
    status: 200,
    reply: pageOf(McpConfigVersion),
    run: (ctx, { params, query }) => listConfigVersions(ctx, params['id'] as string, query),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-configs/{id}/versions/{version}',
    summary: 'Get a version of an MCP config',
    permission: 'mcp_configs:read',
    params: idAndVersion,
    status: 200,
    reply: McpConfigVersion,
    run: (ctx, { params }) => getConfigVersion(ctx, params['id'] as string, params['version'] as string),
  }),
  route({
    method: 'GET',
    path: '/v1/mcp-configs/{id}/versions/{version}/diff',
    summary: 'Compare two versions of an MCP config',
    description:
      'What was added, removed and changed, by JSON pointer. Mappings are matched by their connections, rules by their tools; order is no change.',
    permission: 'mcp_configs:read',
    params: idAndVersion,
    query: z.object({
      against: z.coerce.number().int().min(1).max(999_999_999).optional().describe('The version to start from. Default: the one before'),
    }),
    status: 200,
    reply: McpConfigDiff,
    run: (ctx, { params, query }) => diffConfigVersions(ctx, params['id'] as string, params['version'] as string, query.against),
  }),
  route({
    method: 'POST',
    path: '/v1/mcp-configs/{id}/versions/{version}/restore',
    summary: 'Restore a version of an MCP config',
    description: 'Makes a new version with the mappings, the policy and the description of an old one. The name stays.',
    permission: 'mcp_configs:write',
    audit: 'mcp_config.updated',
    params: idAndVersion,
    headers: ifMatch,
    status: 200,
    reply: McpConfig,
    etag,
    faults: ['unknown_connection', 'unknown_tool', 'name_taken', 'precondition_failed'],
    run: (ctx, { params, headers }) =>
      restoreConfigVersion(ctx, params['id'] as string, params['version'] as string, versionsIn(headers['if-match'])),
  }),
];
