import { runIncidents } from '@grantway/core';
import type { Job } from './worker.ts';

/** Goes on with whatever incident is not finished, wherever it was left. */
export const incidentSweep: Job = {
  name: 'incident.sweep',
  everyMs: 1_000,
  run: (modules) => runIncidents(modules),
};
