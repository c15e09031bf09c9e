import type { Job } from './worker.ts';

/** The job only wakes the process up: which credentials are due, and how many may go out, is decided from rows. */
export const revocationSweep: Job = {
  name: 'revocation.sweep',
  everyMs: 1_000,
  run: (modules) => modules.revocations.sweep(),
};
