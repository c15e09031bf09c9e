import { sweepApprovals } from '@grantway/core';
import type { Job } from './worker.ts';

/** Ends approvals that nobody decided or came back for, and claims of processes that died. */
export const approvalSweep: Job = {
  name: 'approval.sweep',
  everyMs: 5_000,
  async run(modules) {
    const ended = await sweepApprovals(modules);
    if (ended > 0) modules.log.info({ count: ended }, 'approvals were ended');
  },
};
