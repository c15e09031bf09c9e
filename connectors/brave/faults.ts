import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/**
 * Brave says `{ type: 'ErrorResponse', error: { status, code, detail } }`, and answers 422 to a token that it does not know. What
 * is not in the plan of the subscription is refused with 400 or 403: the token is good.
 */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { code, detail } = errorOf(response.body);
  if (byStatus.kind === 'rejected' || code === 'SUBSCRIPTION_TOKEN_INVALID')
    return { kind: 'rejected', message: 'Brave: the subscription token was not accepted' };
  if (byStatus.kind === 'rate_limited') {
    const spent = code === 'QUOTA_LIMITED' ? 'Brave: the quota of the subscription is used up' : 'Brave: rate limited';
    return { kind: 'rate_limited', message: spent, retryAfterSeconds: waitOf(response.headers) };
  }
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Brave: ${byStatus.message}` };
  if (code === 'OPTION_NOT_IN_PLAN' || code === 'RESOURCE_NOT_ALLOWED')
    return { kind: 'error', message: 'Brave: the plan of this subscription does not include that' };
  return { kind: 'error', message: `Brave: ${clean(detail) || byStatus.message}` };
}

function errorOf(body: unknown): { code: string; detail: string } {
  const error = (body as { error?: { code?: unknown; detail?: unknown } | null } | null | undefined)?.error;
  return {
    code: typeof error?.code === 'string' ? error.code : '',
    detail: typeof error?.detail === 'string' ? error.detail : '',
  };
}

/** Limits come as lists, one entry for each window (a second, a month); those with nothing remaining say how long to wait. */
function waitOf(headers: Record<string, string>): number | undefined {
  const numbers = (name: string) => (headers[name] ?? '').split(',').map((part) => Number.parseInt(part, 10));
  const remaining = numbers('x-ratelimit-remaining');
  const waits = numbers('x-ratelimit-reset').filter((wait, i) => Number.isFinite(wait) && (remaining[i] ?? 0) <= 0);
  return waits.length === 0 ? undefined : Math.min(Math.max(...waits, 0), 900);
}

/** Without what might be an echoed token, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
