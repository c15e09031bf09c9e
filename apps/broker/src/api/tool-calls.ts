import { PageQuery, pageOf, ToolCall, ToolCallOutcome, UserIdentifier } from '@grantway/contract';
import { getToolCall, listToolCalls } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

/** PostgreSQL has no year 0, and nothing here is older than the epoch. */
const moment = z.iso.datetime({ offset: true }).refine((s) => !(Date.parse(s) < 0), 'must be 1970 or later');

export const toolCalls = [
  route({
    method: 'GET',
    path: '/v1/tool-calls',
    summary: 'List tool calls',
    description:
      'The audit of calls, newest first: who, on whose behalf, which tool, the outcome and how long it took. Arguments and results are not kept.',
    permission: 'tool_calls:read',
    query: z.object({
      ...PageQuery,
      user_identifier: UserIdentifier.optional().describe('Only on behalf of this user'),
      connection_name: z.string().optional(),
      connected_account_id: z.string().optional().describe('Only with this account'),
      tool_name: z.string().optional(),
      client_id: z.string().optional(),
      mcp_instance_id: z.string().optional(),
      outcome: ToolCallOutcome.optional(),
      created_after: moment.optional().describe('RFC 3339, inclusive'),
      created_before: moment.optional().describe('RFC 3339, inclusive'),
    }),
    status: 200,
    reply: pageOf(ToolCall),
    run: (ctx, { query }) => listToolCalls(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/tool-calls/{id}',
    summary: 'Get a tool call',
    permission: 'tool_calls:read',
    params: { id: 'The tool call’s id' },
    status: 200,
    reply: ToolCall,
    run: (ctx, { params }) => getToolCall(ctx, params['id'] as string),
  }),
];
