import { z } from 'zod';
import { type FaultCode, faults } from './faults.ts';
import { Effect, UserIdentifier } from './resources.ts';

const moment = z.iso.datetime().describe('RFC 3339 time in UTC');

export const ApprovalStatus = z
  .enum(['pending', 'approved', 'denied', 'expired', 'cancelled', 'running', 'succeeded', 'failed', 'outcome_unknown'])
  .describe(
    'pending: waits for a decision. approved: the agent may make the call, once. denied, expired, cancelled: it will not be made. running: it is being made. ' +
      'succeeded, failed: it was made. outcome_unknown: it may have been made; never made again.',
  );
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** A call that waits, or waited, for a person. */
export const Approval = z.object({
  id: z.string(),
  status: ApprovalStatus,
  tool_name: z.string().describe('As the agent called it'),
  effect: Effect,
  connector: z.string(),
  connection_name: z.string(),
  connected_account_id: z.string(),
  account_label: z.string().nullable(),
  user_identifier: z.string(),
  via: z.enum(['mcp', 'api']),
  client_id: z.string().nullable(),
  mcp_instance_id: z.string().nullable(),
  mcp_config_name: z.string().nullable(),
  mcp_config_version: z.int().nullable().describe('The version that asked for the approval'),
  approvers: z.enum(['operator', 'user']),
  decided_by: z
    .object({ kind: z.enum(['client', 'user', 'link']), id: z.string().nullable() })
    .nullable()
    .describe('client: by this API. user: by this API in the name of the user. link: by whoever held an approval link'),
  decided_at: moment.nullable(),
  reason: z.string().nullable().describe('What was said with the decision; the agent reads it'),
  tool_call_id: z.string().nullable().describe('The run, once there is one'),
  fault_code: z
    .enum(Object.keys(faults) as [FaultCode, ...FaultCode[]])
    .nullable()
    .describe('Why the run failed'),
  expires_at: moment.describe('Until when it can be decided; once approved, until when the agent must make the call'),
  ended_at: moment.nullable(),
  created_at: moment,
});
export type Approval = z.infer<typeof Approval>;

export const ApprovalDetail = Approval.extend({
  arguments: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Exactly what will be sent to the tool; null once they were erased, a day after the end'),
});
export type ApprovalDetail = z.infer<typeof ApprovalDetail>;

export const ApprovalDecision = z.strictObject({
  reason: z.string().trim().min(1).max(500).optional().describe('For the agent and the audit'),
  user_identifier: UserIdentifier.optional().describe(
    'The user who decided in your app, signed in there. Only where the config’s approvers are user, and only the user of the call',
  ),
});
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

export const ApprovalLink = z.object({
  link: z.string().describe('A page that shows the call and takes the decision. Whoever has it may decide: hand it on with care'),
  expires_at: moment,
});
export type ApprovalLink = z.infer<typeof ApprovalLink>;
