import {
  Approval,
  ApprovalDecision,
  ApprovalDetail,
  ApprovalLink,
  ApprovalStatus,
  PageQuery,
  pageOf,
  UserIdentifier,
} from '@grantway/contract';
import { createApprovalLink, decideApproval, getApproval, listApprovals } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The approval’s id' };
const decisionFaults = ['approval_decided', 'approval_expired', 'approval_cancelled'] as const;

export const approvals = [
  route({
    method: 'GET',
    path: '/v1/approvals',
    summary: 'List approvals',
    description: 'Calls that wait, or waited, for a person; newest first, without their arguments.',
    permission: 'approvals:read',
    query: z.object({
      ...PageQuery,
      status: ApprovalStatus.optional().describe('Only in this state'),
      user_identifier: UserIdentifier.optional().describe('Only on behalf of this user'),
      tool_name: z.string().optional(),
      mcp_instance_id: z.string().optional(),
    }),
    status: 200,
    reply: pageOf(Approval),
    run: (ctx, { query }) => listApprovals(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/approvals/{id}',
    summary: 'Get an approval with the arguments of its call',
    permission: 'approvals:read',
    params: id,
    status: 200,
    reply: ApprovalDetail,
    run: (ctx, { params }) => getApproval(ctx, params['id'] as string),
  }),
  route({
    method: 'POST',
    path: '/v1/approvals/{id}/approve',
    summary: 'Approve a call',
    description:
      'The agent may now make the call, once, with exactly these arguments and this account; it is made when the agent asks again. The client that made a call itself cannot approve it.',
    permission: 'approvals:write',
    audit: 'approval.approved',
    params: id,
    body: ApprovalDecision,
    status: 200,
    reply: Approval,
    faults: [...decisionFaults, 'approval_own_call'],
    run: (ctx, { params, body }) => decideApproval(ctx, params['id'] as string, 'approve', body),
  }),
  route({
    method: 'POST',
    path: '/v1/approvals/{id}/deny',
    summary: 'Deny a call',
    description: 'The call is not made; the agent is told, with the reason.',
    permission: 'approvals:write',
    audit: 'approval.denied',
    params: id,
    body: ApprovalDecision,
    status: 200,
    reply: Approval,
    faults: [...decisionFaults],
    run: (ctx, { params, body }) => decideApproval(ctx, params['id'] as string, 'deny', body),
  }),
  route({
    method: 'POST',
    path: '/v1/approvals/{id}/link',
    summary: 'Make the approval link of a call',
    description: 'A hosted page that shows the call and takes one decision; the same link each time. Whoever has it may decide.',
    permission: 'approvals:write',
    audit: 'approval_link.created',
    params: id,
    status: 200,
    reply: ApprovalLink,
    faults: [...decisionFaults],
    run: (ctx, { params }) => createApprovalLink(ctx, params['id'] as string),
  }),
];
