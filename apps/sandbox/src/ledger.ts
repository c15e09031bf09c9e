/** What happened, for people who look and tests that ask. Never holds a token, a code or a key. */
export interface LedgerEvent {
  at: string;
  kind: 'registration' | 'consent' | 'token' | 'revocation' | 'api_call' | 'link';
  [detail: string]: string | number | boolean | undefined;
}

export interface LedgerCounts {
  registrations: number;
  consents_allowed: number;
  consents_denied: number;
  /** Access tokens handed out: code exchanges and refreshes. */
  tokens_issued: number;
  refreshes: number;
  /** Refreshes that were granted for a refresh token that had already been replaced (classes B and C). */
  refreshes_with_old_token: number;
  /** Refreshes that were refused because the refresh token had already been used (classes C, D and E). */
  reuse_detected: number;
  token_refusals: number;
  /** Grants or keys that were revoked, one by one. */
  revocations: number;
  api_calls: number;
  /** API calls that were not answered with the tool's good answer. */
  api_refusals: number;
}

export interface Ledger {
  count(what: keyof LedgerCounts, by?: number): void;
  record(kind: LedgerEvent['kind'], detail: Record<string, string | number | boolean | undefined>): void;
  read(): { counts: LedgerCounts; events: LedgerEvent[] };
}

const keptEvents = 500;

export function createLedger(): Ledger {
  const counts: LedgerCounts = {
    registrations: 0,
    consents_allowed: 0,
    consents_denied: 0,
    tokens_issued: 0,
    refreshes: 0,
    refreshes_with_old_token: 0,
    reuse_detected: 0,
    token_refusals: 0,
    revocations: 0,
    api_calls: 0,
    api_refusals: 0,
  };
  const events: LedgerEvent[] = [];
  return {
    count(what, by = 1) {
      counts[what] += by;
    },
    record(kind, detail) {
      events.push({ at: new Date().toISOString(), kind, ...detail });
      if (events.length > keptEvents) events.shift();
    },
    read: () => ({ counts: { ...counts }, events: [...events] }),
  };
}
