import { AuditEvent, auditActions, PageQuery, pageOf } from '@grantway/contract';
import { listAuditEvents } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

export const auditEvents = [
  route({
    method: 'GET',
    path: '/v1/audit-events',
    summary: 'List audit events',
    description: 'Every mutating API call, every consent and every change of an account’s state, newest first.',
    permission: 'audit_events:read',
    query: z.object({
      ...PageQuery,
      action: z.enum(auditActions).optional().describe('Only this deed'),
      target_id: z.string().optional().describe('Only about this thing'),
    }),
    status: 200,
    reply: pageOf(AuditEvent),
    run: (ctx, { query }) => listAuditEvents(ctx, query),
  }),
];
