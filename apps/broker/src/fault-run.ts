import type { Connector } from '@grantway/connector-kit';
import type { FaultInjection, PaceLimits } from '@grantway/vault';

/** What a fault run changes in a broker. */
export interface FaultRun {
  faults: FaultInjection;
  pace: PaceLimits | undefined;
  /** Vendors of every rotation class, and the address at which all of them answer. */
  connectors: readonly Connector[];
  sandboxOrigin: string;
  /** False: without a journal, to show what it is for. */
  journal: boolean;
  /** False: the queue is kept in the database, whatever REDIS_URL says. */
  redis: boolean;
}

/**
 * Always undefined. No setting, file or signal can change it: `npm run faults` makes a bundle of its own, in which another
 * module stands in the place of this one, and what it needs to stop a process is in no other bundle.
 */
export const faultRun: FaultRun | undefined = undefined;
