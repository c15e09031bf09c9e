import { isFault } from '@grantway/contract';
import { NeedsAuthorization } from '@grantway/vault';
import type { Job } from './worker.ts';

/** Finds what is due, or was abandoned half-way, by the row's own times; the cost follows what is due. */
export const credentialSweep: Job = {
  name: 'credential.sweep',
  // An abandoned claim must be taken over faster than the shortest grace window of a provider.
  everyMs: 1_000,
  async run(modules, _id, enqueue) {
    for (const id of await modules.leases.dueForRefresh(500)) await enqueue(credentialRefresh.name, id);
  },
};

export const credentialRefresh: Job = {
  name: 'credential.refresh',
  async run(modules, accountId) {
    try {
      await modules.leases.refresh(accountId, { due: true });
    } catch (error) {
      // Both are written on the account's row already: the next sweep, or the person, decides.
      if (error instanceof NeedsAuthorization || isFault(error)) return;
      throw error;
    }
  },
};

/** Tokens that came too late to be stored are given back to their providers, or taken up again where one was missed. */
export const credentialSalvage: Job = {
  name: 'credential.salvage',
  everyMs: 5_000,
  async run(modules) {
    await modules.leases.settleSalvaged(50);
  },
};
