/** How many token requests one app may make at one provider, in this process. */
export interface PaceLimits {
  perSecond: number;
  burst: number;
}

export interface PaceOptions extends Partial<PaceLimits> {
  /** Whether this process may try a provider that does not answer; at most one of all processes may, in five seconds. */
  mayProbe(connectionId: string): Promise<boolean>;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

/**
 * When a token request may be made for a connection. A breaker keeps an outage from burning refresh attempts, and a
 * bucket keeps ten thousand equal expiries, or the end of an outage, from reaching the provider at once
 * (security.md 4.9). Both are per connection: an app at a provider is what vendors limit.
 */
export interface Pace {
  /** Waits for a turn, not longer than ten seconds; refused at once in the background. */
  enter(connectionId: string, urgency: 'on demand' | 'background'): Promise<{ kind: 'go' } | Refusal>;
  /** `answered`: the provider gave a token or a verdict of any kind. */
  report(connectionId: string, answered: boolean): void;
}

export interface Refusal {
  kind: 'refused';
  why: 'provider is down' | 'too many requests';
  retryAfterSeconds: number;
}

const windowMs = 10_000;
const opensAtRequests = 20;
const opensAtShare = 0.5;
export const probeEveryMs = 5_000;
const longestWaitMs = 10_000;
/** This part of the burst is never taken in the background. */
const keptForCallers = 0.25;

interface App {
  outcomes: { at: number; answered: boolean }[];
  /** Set while the breaker is open. */
  nextProbeAt: number | undefined;
  /** May be negative: turns that callers are waiting for. */
  tokens: number;
  filledAt: number;
}

export function createPace(options: PaceOptions): Pace {
  const { perSecond = 10, burst = 20, mayProbe, now = () => performance.now() } = options;
  const apps = new Map<string, App>();

  function appOf(connectionId: string): App {
    let app = apps.get(connectionId);
    if (app === undefined) {
      app = { outcomes: [], nextProbeAt: undefined, tokens: burst, filledAt: now() };
      apps.set(connectionId, app);
    }
    const at = now();
    app.tokens = Math.min(burst, app.tokens + ((at - app.filledAt) / 1000) * perSecond);
    app.filledAt = at;
    return app;
  }

  const down = (app: App): Refusal => ({
    kind: 'refused',
    why: 'provider is down',
    retryAfterSeconds: Math.max(1, Math.ceil(((app.nextProbeAt ?? 0) - now()) / 1000)),
  });

  return {
    async enter(connectionId, urgency) {
      const app = appOf(connectionId);
      if (app.nextProbeAt !== undefined) {
        if (now() < app.nextProbeAt) return down(app);
        // Before the question is asked, so that of those who come meanwhile none asks it again.
        app.nextProbeAt = now() + probeEveryMs;
        return (await mayProbe(connectionId)) ? { kind: 'go' } : down(app);
      }
      const waitMs = (Math.max(0, 1 - app.tokens) / perSecond) * 1000;
      if (urgency === 'background' ? app.tokens < 1 + burst * keptForCallers : waitMs > longestWaitMs) {
        return { kind: 'refused', why: 'too many requests', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
      }
      app.tokens -= 1;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      return app.nextProbeAt === undefined ? { kind: 'go' } : down(app);
    },

    report(connectionId, answered) {
      const app = appOf(connectionId);
      if (app.nextProbeAt !== undefined) {
        if (answered) {
          app.nextProbeAt = undefined;
          app.outcomes = [];
        }
        return;
      }
      const at = now();
      app.outcomes = app.outcomes.filter((outcome) => at - outcome.at < windowMs);
      app.outcomes.push({ at, answered });
      const failed = app.outcomes.filter((outcome) => !outcome.answered).length;
      if (app.outcomes.length >= opensAtRequests && failed >= app.outcomes.length * opensAtShare) app.nextProbeAt = at + probeEveryMs;
    },
  };
}
