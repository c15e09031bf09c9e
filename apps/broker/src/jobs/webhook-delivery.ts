import { deliverWebhooks, endpointsWithDueDeliveries } from '@grantway/core';
import type { Job } from './worker.ts';

/** Wakes deliveries that are due, or were left behind by a dead process: the rows say which. */
export const webhookSweep: Job = {
  name: 'webhook.sweep',
  everyMs: 1_000,
  async run(modules, _id, enqueue) {
    for (const id of await endpointsWithDueDeliveries(modules, 100)) await enqueue(webhookDelivery.name, id);
  },
};

/** So many endpoints at a time, however slow: the worker's other places are for jobs that a user's call may wait for. */
const places = 4;
let taken = 0;

export const webhookDelivery: Job = {
  name: 'webhook.deliver',
  async run(modules, endpointId) {
    // Not lost: its rows are still due when the sweep looks again.
    if (taken >= places) return;
    taken++;
    try {
      await deliverWebhooks(modules, endpointId);
    } finally {
      taken--;
    }
  },
};
