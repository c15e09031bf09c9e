import { Connector, ConnectorSummary } from '@grantway/contract';
import { getConnector, listConnectors } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const connectors = [
  route({
    method: 'GET',
    path: '/v1/connectors',
    summary: 'List connectors',
    description: 'The catalogue of this build, in the order of ids; it fits on one page.',
    permission: 'connectors:read',
    status: 200,
    reply: z.object({ items: z.array(ConnectorSummary), next_cursor: z.null() }),
    run: async (ctx) => ({ items: await listConnectors(ctx.modules.catalogue), next_cursor: null }),
  }),
  route({
    method: 'GET',
    path: '/v1/connectors/{id}',
    summary: 'Get a connector',
    description:
      'How it is authorized, its other ways in (auth_variants), its scopes in plain words, and its tools with schemas and annotations.',
    permission: 'connectors:read',
    params: { id: 'The connector’s id, for example slack, or one of its aliases' },
    status: 200,
    reply: Connector,
    run: (ctx, { params }) => getConnector(ctx.modules.catalogue, params['id'] as string),
  }),
];
