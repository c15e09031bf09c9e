import { sweepVerifications } from '@grantway/core';
import type { Job } from './worker.ts';

/** Erases codes and keys that waited in vain for a person to be verified; with their life, well within ten minutes. */
export const verificationSweep: Job = {
  name: 'verification.sweep',
  everyMs: 10_000,
  async run(modules) {
    const erased = await sweepVerifications(modules);
    if (erased > 0) modules.log.info({ count: erased }, 'verifications that came to nothing were erased');
  },
};
