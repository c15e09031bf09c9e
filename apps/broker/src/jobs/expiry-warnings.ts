import { warnOfExpiry } from '@grantway/core';
import type { Job } from './worker.ts';

/** Grants that end at their provider whatever is done are told of while there is time to ask the person again. */
export const expirySweep: Job = {
  name: 'expiry.sweep',
  everyMs: 60_000,
  async run(modules) {
    const told = await warnOfExpiry(modules);
    if (told > 0) modules.log.info({ count: told }, 'grants will end at their provider; their operators were told');
  },
};
