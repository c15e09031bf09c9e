import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

interface Body {
  message?: unknown;
  category?: unknown;
  policyName?: unknown;
  errors?: unknown;
}

/** HubSpot names the kind of an error in `category`, and in `context` of its first error which scopes would do. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const body = (typeof response.body === 'object' && response.body !== null ? response.body : {}) as Body;
  const message = `HubSpot: ${textOf(body) ?? byStatus.message}`;
  if (byStatus.kind === 'rate_limited') {
    return { kind: 'rate_limited', message: 'HubSpot: rate limited', retryAfterSeconds: waitSeconds(response.headers, body) };
  }
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'HubSpot: the token was not accepted' };
  if (response.status === 403 && body.category === 'MISSING_SCOPES') {
    const needed = neededScopes(body.errors);
    const words = needed.length > 0 ? `the scope ${needed.join(' or ')}` : 'a scope that this call needs';
    return { kind: 'missing_scope', message: `HubSpot: the account lacks ${words}`, needed };
  }
  return { ...byStatus, message };
}

/** Of ten seconds or of a day (policyName); HubSpot says Retry-After seldom. */
function waitSeconds(headers: Record<string, string>, { policyName }: Body): number | undefined {
  const waited = retryAfter(headers['retry-after']);
  if (waited !== undefined) return waited;
  if (policyName === 'DAILY') return 900;
  const interval = Number(headers['x-hubspot-ratelimit-interval-milliseconds']);
  return Number.isFinite(interval) && interval > 0 ? Math.min(Math.ceil(interval / 1000), 900) : undefined;
}

function neededScopes(errors: unknown): string[] {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const scopes = (first as { context?: { requiredGranularScopes?: unknown; requiredScopes?: unknown } | null } | null | undefined)?.context;
  const named = scopes?.requiredGranularScopes ?? scopes?.requiredScopes;
  return (Array.isArray(named) ? named : [])
    .filter((scope): scope is string => typeof scope === 'string' && /^[a-z][a-z0-9._-]{1,40}$/.test(scope))
    .slice(0, 3);
}

/** The message and the first reason, without what might be an echoed credential, at most 160 characters. */
function textOf({ message, errors }: Body): string | undefined {
  if (typeof message !== 'string' || message === '') return undefined;
  const first = (Array.isArray(errors) ? errors[0] : undefined) as { message?: unknown } | null | undefined;
  const reason = typeof first?.message === 'string' && first.message !== message ? ` (${first.message})` : '';
  const safe = `${message}${reason}`
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/pat-\S+|[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
