import { ClientCreate, ClientUpdate, CreatedSecret, MachineClient, PageQuery, pageOf, SecretRotation } from '@grantway/contract';
import { addClient, listClients, rotateClientSecret, updateClient } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The client’s id' };

export const clients = [
  route({
    method: 'POST',
    path: '/v1/clients',
    summary: 'Create a client',
    description: 'Machine credentials for an agent backend. The secret is answered once.',
    permission: 'clients:write',
    audit: 'client.created',
    body: ClientCreate,
    status: 201,
    reply: MachineClient.extend(CreatedSecret.shape),
    run: (ctx, { body }) => addClient(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/clients',
    summary: 'List clients',
    permission: 'clients:read',
    query: z.object({ ...PageQuery, name: z.string().optional().describe('Only those of this name') }),
    status: 200,
    reply: pageOf(MachineClient),
    run: (ctx, { query }) => listClients(ctx, query),
  }),
  route({
    method: 'PATCH',
    path: '/v1/clients/{id}',
    summary: 'Change a client',
    description:
      'Suspended: its next call, also with an access token that it has, and the next one over an MCP URL that it asked for, is refused with client_suspended. Scopes that are taken away are gone with the next call too.',
    permission: 'clients:write',
    audit: 'client.updated',
    params: id,
    body: ClientUpdate,
    status: 200,
    reply: MachineClient,
    run: (ctx, { params, body }) => updateClient(ctx, params['id'] as string, body),
  }),
  route({
    method: 'POST',
    path: '/v1/clients/{id}/rotate-secret',
    summary: 'Rotate the secret of a client',
    description: 'The secret of before is taken until the overlap is over.',
    permission: 'clients:write',
    audit: 'client.secret_rotated',
    params: id,
    body: SecretRotation,
    status: 200,
    reply: MachineClient.extend(CreatedSecret.shape),
    run: (ctx, { params, body }) => rotateClientSecret(ctx, params['id'] as string, body.overlap_seconds),
  }),
];
