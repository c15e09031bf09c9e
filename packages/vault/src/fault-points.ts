/**
 * The moments at which fault runs stop a process: of a refresh (K0, K1, K2, K5 to K9 of security.md 4.7), of a webhook's
 * delivery (K10), and of the journal's replay at a start (K11).
 */
export type KillPoint =
  | 'before_claim'
  | 'claimed'
  | 'sending'
  | 'received'
  | 'journalled'
  | 'committing'
  | 'committed'
  | 'settled'
  | 'webhook_claimed'
  | 'webhook_sent'
  | 'replaying'
  | 'replayed';

/** For fault runs alone; a broker in production never has one. */
export interface FaultInjection {
  /** The account's id; of a delivery whose event is about none, the event's. */
  at?(point: KillPoint, id: string): void | Promise<void>;
  /** Leaves one condition of the proof out (security.md 4.5), to show that the oracle notices. */
  without?: 'fence' | 'generation';
}
