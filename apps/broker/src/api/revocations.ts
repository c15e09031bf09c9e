import { PageQuery, pageOf, Revocation, RevocationCause, RevocationStatus } from '@grantway/contract';
import { listRevocations } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const revocations = [
  route({
    method: 'GET',
    path: '/v1/revocations',
    summary: 'List revocations',
    description:
      'One receipt for each credential that was to be ended at its provider: proven, or unproven and why. While pending, the provider is asked again for up to 72 hours.',
    permission: 'connected_accounts:read',
    query: z.object({
      ...PageQuery,
      status: RevocationStatus.optional().describe('Only in this state'),
      cause: RevocationCause.optional().describe('Only for this reason'),
      connection_name: z.string().optional().describe('Only on this connection'),
      connected_account_id: z.string().optional().describe('Only of this account'),
      incident_id: z.string().optional().describe('Only of this incident'),
    }),
    status: 200,
    reply: pageOf(Revocation),
    run: (ctx, { query }) => listRevocations(ctx, query),
  }),
];
