import { sweepFiles } from '@grantway/core';
import type { Job } from './worker.ts';

/** Ends files that have expired or were never finished, and removes the bytes of all that have ended. */
export const fileSweep: Job = {
  name: 'file.sweep',
  everyMs: 60_000,
  async run(modules) {
    const gone = await sweepFiles(modules);
    if (gone > 0) modules.log.info({ count: gone }, 'files were removed');
  },
};
