import { Fault, Tool, ToolExecute, ToolResult, UserIdentifier } from '@grantway/contract';
import { executeDirectly, listTools } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const tools = [
  route({
    method: 'GET',
    path: '/v1/tools',
    summary: 'List tools',
    description:
      'The tools that can be executed here: those of the connectors that have a connection, and those of remote MCP servers, behind their connection’s name. With `query`, those that fit it, the best first.',
    permission: 'connectors:read',
    query: z.object({
      connector: z.string().optional().describe('Only this connector’s'),
      connection_name: z.string().optional().describe('Only this connection’s'),
      identifier: UserIdentifier.optional().describe(
        'Whose account is looked with, at remote MCP servers that show their tools to each person alone',
      ),
      query: z.string().min(1).max(500).optional().describe('What the tool should do, in any words'),
      limit: z.coerce.number().int().min(1).max(100).optional().describe('With query: so many at most; 20 unless told'),
    }),
    status: 200,
    reply: z.object({ items: z.array(Tool), next_cursor: z.null() }),
    run: async (ctx, { query }) => ({ items: await listTools(ctx, query), next_cursor: null }),
  }),
  route({
    method: 'POST',
    path: '/v1/tools/{name}/execute',
    summary: 'Execute a tool',
    description:
      'The same execution as through MCP, for callers without MCP. A 409 authorization_required carries an authentication_link for the person.',
    permission: 'tools:execute',
    audit: 'tool.executed',
    params: { name: 'The tool’s name' },
    headers: {
      'Idempotency-Key':
        'Up to 255 characters of your choice: a repeat with the same key and body gets the first answer and executes nothing',
    },
    body: ToolExecute,
    status: 200,
    reply: ToolResult,
    faults: [
      'unknown_tool',
      'unknown_connection',
      'unknown_account',
      'ambiguous_connection',
      'connection_not_ready',
      'argument_invalid',
      'argument_not_allowed',
      'approval_required',
      'policy_broken',
      'rate_limited',
      'authorization_required',
      'scope_missing',
      'idempotency_mismatch',
      'idempotency_in_progress',
      'provider_error',
      'provider_rate_limited',
      'provider_unavailable',
      'provider_timeout',
      'outcome_unknown',
    ],
    run: (ctx, { params, body, headers }) =>
      executeDirectly(ctx, params['name'] as string, body, idempotencyKey(headers['idempotency-key'])),
  }),
];

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new Fault('invalid_request', 'the Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  return header;
}
