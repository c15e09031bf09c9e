import { approvalSweep } from './approvals.ts';
import { credentialRefresh, credentialSalvage, credentialSweep } from './credential-refresh.ts';
import { expirySweep } from './expiry-warnings.ts';
import { fileSweep } from './files.ts';
import { housekeeping } from './housekeeping.ts';
import { incidentSweep } from './incidents.ts';
import { revocationSweep } from './revocations.ts';
import { verificationSweep } from './verification-sweep.ts';
import { webhookDelivery, webhookSweep } from './webhook-delivery.ts';
import type { Job } from './worker.ts';

export { type Jobs, type QueueBackend, startJobs } from './worker.ts';

export const jobs: readonly Job[] = [
  credentialSweep,
  credentialRefresh,
  credentialSalvage,
  revocationSweep,
  incidentSweep,
  verificationSweep,
  expirySweep,
  approvalSweep,
  fileSweep,
  webhookSweep,
  webhookDelivery,
  housekeeping,
];
