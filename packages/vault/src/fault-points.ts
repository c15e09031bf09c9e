/** The moments of a refresh at which fault runs stop a process (K0, K1, K2, K5, K6, K7, K8 of security.md 4.7). */
export type KillPoint = 'before_claim' | 'claimed' | 'sending' | 'received' | 'journalled' | 'committing' | 'committed';

/** For fault runs alone; a broker in production never has one. */
export interface FaultInjection {
  at?(point: KillPoint, accountId: string): void | Promise<void>;
  /** Leaves one condition of the proof out (security.md 4.5), to show that the oracle notices. */
  without?: 'fence' | 'generation';
}
