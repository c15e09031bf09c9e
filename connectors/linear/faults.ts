import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

interface GraphqlError {
  message?: unknown;
  extensions?: { type?: unknown; code?: unknown; userPresentableMessage?: unknown } | null;
}

const failing = new Set(['internal error', 'lock timeout', 'network error', 'bootstrap error']);

/** Linear answers GraphQL errors with status 200 as well as 4xx; `extensions` says what they mean. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const errors = (response.body as { errors?: unknown } | null | undefined)?.errors;
  const first = (Array.isArray(errors) ? errors[0] : undefined) as GraphqlError | null | undefined;
  const byStatus = faultByStatus(response);
  if (first === undefined) {
    if (byStatus === undefined) return hasData(response.body) ? undefined : { kind: 'error', message: 'Linear: the answer holds no data' };
    return { ...byStatus, message: `Linear: ${byStatus.message}` };
  }
  const code = first?.extensions?.code;
  const type = first?.extensions?.type;
  const message = `Linear: ${textOf(first)}`;
  if (byStatus?.kind === 'rate_limited' || code === 'RATELIMITED' || type === 'ratelimited') {
    return { kind: 'rate_limited', message: 'Linear: rate limited', retryAfterSeconds: waitSeconds(response.headers) };
  }
  if (byStatus?.kind === 'rejected' || code === 'AUTHENTICATION_ERROR' || type === 'authentication error') {
    return { kind: 'rejected', message: 'Linear: the token was not accepted' };
  }
  if (byStatus?.kind === 'unavailable' || (typeof type === 'string' && failing.has(type))) return { kind: 'unavailable', message };
  if (code === 'FORBIDDEN' || type === 'forbidden') {
    const needed = neededScopes(first?.message);
    if (needed.length > 0) return { kind: 'missing_scope', message: `Linear: the account lacks the scope ${needed.join(' or ')}`, needed };
  }
  return { kind: 'error', message };
}

function hasData(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'data' in body && body.data !== null;
}

/** A forbidden answer for want of a scope reads: Invalid scope: `write` required. Other forbidden answers name none. */
function neededScopes(message: unknown): string[] {
  if (typeof message !== 'string' || !message.startsWith('Invalid scope')) return [];
  return [...message.slice(0, 200).matchAll(/`([a-z][a-zA-Z:]{1,30})`/g)].map((match) => match[1] as string);
}

/** Seconds until an exhausted budget is full again: Retry-After, or the latest of the resets (milliseconds since the epoch). */
export function waitSeconds(headers: Record<string, string>, nowMs: number = Date.now()): number | undefined {
  const said = retryAfter(headers['retry-after'], nowMs);
  if (said !== undefined) return said;
  const resets = ['requests', 'complexity']
    .filter((budget) => headers[`x-ratelimit-${budget}-remaining`] === '0')
    .map((budget) => Number(headers[`x-ratelimit-${budget}-reset`]))
    .filter((ms) => Number.isFinite(ms) && ms > nowMs);
  return resets.length === 0 ? undefined : Math.min(Math.ceil((Math.max(...resets) - nowMs) / 1000), 900);
}

/** The text that Linear means for people, without what might be an echoed credential, at most 160 characters. */
function textOf(error: GraphqlError | null): string {
  const text = [error?.extensions?.userPresentableMessage, error?.message].find((t): t is string => typeof t === 'string' && t !== '');
  if (text === undefined) return 'the request was refused';
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/lin_[a-z]+_\S+|[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
