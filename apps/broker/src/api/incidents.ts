import { Incident, IncidentCreate, IncidentItem, PageQuery, pageOf, RevocationStatus } from '@grantway/contract';
import { createIncident, getIncident, getIncidentReport } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The incident’s id' };

export const incidents = [
  route({
    method: 'POST',
    path: '/v1/incidents',
    summary: 'Revoke everything that matches',
    description:
      'With "dry_run": true it only counts, per connection. Without, every matching account is ended here within seconds and then revoked at its provider, paced per connection, also across restarts. Their users can connect again.',
    permission: 'incidents:write',
    audit: 'incident.requested',
    body: IncidentCreate,
    status: 200,
    reply: Incident,
    faults: ['not_found'],
    run: (ctx, { body }) => createIncident(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/incidents/{id}',
    summary: 'Get the progress of an incident',
    permission: 'incidents:read',
    params: id,
    status: 200,
    reply: Incident,
    run: (ctx, { params }) => getIncident(ctx, params['id'] as string),
  }),
  route({
    method: 'GET',
    path: '/v1/incidents/{id}/report',
    summary: 'List what an incident ended',
    description: 'One item for each credential, with its receipt.',
    permission: 'incidents:read',
    params: id,
    query: z.object({ ...PageQuery, status: RevocationStatus.optional().describe('Only in this state') }),
    status: 200,
    reply: pageOf(IncidentItem),
    run: (ctx, { params, query }) => getIncidentReport(ctx, params['id'] as string, query),
  }),
];
