import { allEventTypes, Event, PageQuery, pageOf } from '@grantway/contract';
import { listEvents } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const events = [
  route({
    method: 'GET',
    path: '/v1/events',
    summary: 'List events',
    description: 'What webhook endpoints are told: accounts, links, credentials and failed calls, newest first. Kept for 30 days.',
    permission: 'webhooks:read',
    query: z.object({
      ...PageQuery,
      type: z.enum(allEventTypes).optional().describe('Only this type'),
      connected_account_id: z.string().optional().describe('Only about this account'),
      created_after: z.iso.datetime().optional().describe('Only from then on'),
      created_before: z.iso.datetime().optional().describe('Only until then'),
    }),
    status: 200,
    reply: pageOf(Event),
    run: (ctx, { query }) => listEvents(ctx, query),
  }),
];
