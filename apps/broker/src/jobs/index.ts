import { credentialRefresh, credentialSweep } from './credential-refresh.ts';
import { housekeeping } from './housekeeping.ts';
import { webhookDelivery, webhookSweep } from './webhook-delivery.ts';
import type { Job } from './worker.ts';

export { type Jobs, type QueueBackend, startJobs } from './worker.ts';

export const jobs: readonly Job[] = [credentialSweep, credentialRefresh, webhookSweep, webhookDelivery, housekeeping];
