import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/**
 * HarvestAPI repeats the status in the body, and says what LinkedIn refused in a body whose own status is the bad one: both are
 * looked at. 402 means that the credits are used up.
 */
export function fault(response: ApiResponse): ApiFault | undefined {
  const body = (typeof response.body === 'object' && response.body !== null ? response.body : {}) as { status?: unknown; error?: unknown };
  const inner = typeof body.status === 'number' && body.status >= 400 && body.status < 600 ? body.status : response.status;
  const status = response.status >= 200 && response.status < 300 ? inner : response.status;
  const byStatus = faultByStatus({ ...response, status });
  if (byStatus === undefined) return undefined;
  const said = messageOf(body.error);
  if (byStatus.kind === 'rejected' || (status === 403 && /api.?key/i.test(said)))
    return { kind: 'rejected', message: 'HarvestAPI: the API key was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'HarvestAPI: rate limited, or too many requests at once' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `HarvestAPI: ${byStatus.message}` };
  if (status === 402) return { kind: 'error', message: 'HarvestAPI: the account has no credits left' };
  return { kind: 'error', message: `HarvestAPI: ${clean(said) || byStatus.message}` };
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message, error: inner } = (typeof error === 'object' && error !== null ? error : {}) as { message?: unknown; error?: unknown };
  if (typeof message === 'string') return message;
  return typeof inner === 'string' ? inner : '';
}

/** Without what might be an echoed key, at most 160 characters. */
function clean(said: string): string {
  const safe = said
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
