import { Fault } from '@grantway/contract';

export interface DecryptLimits {
  /** Different credentials that one process may open within a minute. */
  perProcess: number;
  /** Different credentials that may be opened for one client within a minute. */
  perClient: number;
}

export interface DecryptBudgetDeps extends DecryptLimits {
  log: { error(fields: Record<string, unknown>, message: string): void };
  onRefusal?: (scope: 'process' | 'client') => void;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

export interface DecryptBudget {
  /**
   * Counts a credential that is about to be opened.
   * @throws Fault unavailable beyond the limit; what was opened within the last minute stays open to its callers
   */
  spend(accountId: string, clientId: string | null): void;
}

const windowMs = 60_000;

/** Different ids within the last minute, oldest first. */
class Window {
  readonly #seen = new Map<string, number>();
  trippedAt = Number.NEGATIVE_INFINITY;

  prune(now: number): number {
    for (const [id, at] of this.#seen) {
      if (now - at < windowMs) break;
      this.#seen.delete(id);
    }
    return this.#seen.size;
  }

  has(id: string): boolean {
    return this.#seen.has(id);
  }

  add(id: string, now: number): void {
    // Deleted first, so that the order of the map is the order of time.
    this.#seen.delete(id);
    this.#seen.set(id, now);
  }
}

/**
 * A breaker against bulk decryption with a stolen client or through a hijacked process (security.md B21): who needs many
 * different credentials at once is stopped, who goes on with those he uses is not.
 */
export function createDecryptBudget(deps: DecryptBudgetDeps): DecryptBudget {
  const now = deps.now ?? (() => performance.now());
  const process = new Window();
  const clients = new Map<string, Window>();
  let sweptAt = now();

  function windowOf(clientId: string): Window {
    const known = clients.get(clientId);
    if (known !== undefined) return known;
    const made = new Window();
    clients.set(clientId, made);
    return made;
  }

  function forgetIdle(at: number): void {
    if (at - sweptAt < windowMs) return;
    sweptAt = at;
    for (const [id, window] of clients) if (window.prune(at) === 0) clients.delete(id);
  }

  function mustFit(
    window: Window,
    limit: number,
    accountId: string,
    scope: 'process' | 'client',
    clientId: string | null,
    at: number,
  ): void {
    if (window.prune(at) < limit || window.has(accountId)) return;
    deps.onRefusal?.(scope);
    // One line a minute: the flood that trips it must not become a flood of lines.
    if (at - window.trippedAt >= windowMs) {
      window.trippedAt = at;
      deps.log.error(
        { scope, limit, client_id: clientId },
        'the decrypt budget is spent: more credentials are asked for than a minute allows',
      );
    }
    throw new Fault('unavailable', {
      detail: 'too many different accounts are used at once; try again shortly',
      internal: `decrypt budget of the ${scope}`,
      retryAfterSeconds: windowMs / 1000,
    });
  }

  return {
    spend(accountId, clientId) {
      const at = now();
      forgetIdle(at);
      const client = clientId === null ? undefined : windowOf(clientId);
      // Both are asked before either is counted: what is refused opened nothing.
      if (client !== undefined) mustFit(client, deps.perClient, accountId, 'client', clientId, at);
      mustFit(process, deps.perProcess, accountId, 'process', clientId, at);
      client?.add(accountId, at);
      process.add(accountId, at);
    },
  };
}
