import { Connection, ConnectionCreate, ConnectionUpdate, PageQuery, pageOf } from '@grantway/contract';
import { createConnection, deleteConnection, getConnection, listConnections, updateConnection } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The connection’s id' };

export const connections = [
  route({
    method: 'POST',
    path: '/v1/connections',
    summary: 'Create a connection',
    description:
      'Configures a connector for your users. OAuth connectors need an OAuth app of yours (client_id, client_secret), registered with the redirect_uri of the answer; the connection is DRAFT or IN_PROGRESS until both are there. With "sandbox": true the built-in stand-in is used and no app is needed. Some connectors have several ways in, such as an OAuth app or a personal token: GET /v1/connectors/{id} lists them, and auth_variant chooses one for good.',
    permission: 'connections:write',
    audit: 'connection.created',
    body: ConnectionCreate,
    status: 201,
    reply: Connection,
    faults: ['unknown_connector', 'unknown_scope', 'name_taken', 'sandbox_not_allowed', 'verification_not_allowed'],
    run: (ctx, { body }) => createConnection(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/connections',
    summary: 'List connections',
    permission: 'connections:read',
    query: z.object({
      ...PageQuery,
      connector: z.string().optional().describe('Only this connector’s, or by an alias those of the way in that it means'),
      name: z.string().optional().describe('Only the one of this name'),
    }),
    status: 200,
    reply: pageOf(Connection),
    run: (ctx, { query }) => listConnections(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/connections/{id}',
    summary: 'Get a connection',
    permission: 'connections:read',
    params: id,
    status: 200,
    reply: Connection,
    run: (ctx, { params }) => getConnection(ctx, params['id'] as string),
  }),
  route({
    method: 'PATCH',
    path: '/v1/connections/{id}',
    summary: 'Change a connection',
    description:
      'Only what is named changes; the connector and its auth_variant never do. New scopes ask people anew only when they connect again.',
    permission: 'connections:write',
    audit: 'connection.updated',
    params: id,
    body: ConnectionUpdate,
    status: 200,
    reply: Connection,
    faults: ['unknown_scope', 'name_taken', 'verification_not_allowed'],
    run: (ctx, { params, body }) => updateConnection(ctx, params['id'] as string, body),
  }),
  route({
    method: 'DELETE',
    path: '/v1/connections/{id}',
    summary: 'Delete a connection',
    description: 'Refused while an MCP config names it or connected accounts hold credentials on it.',
    permission: 'connections:write',
    audit: 'connection.deleted',
    params: id,
    status: 204,
    faults: ['in_use'],
    run: async (ctx, { params }) => {
      await deleteConnection(ctx, params['id'] as string);
      return undefined;
    },
  }),
];
