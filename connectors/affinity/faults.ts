import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/** `{ errors: [{ code, message }] }` of the second version; the first answers a list of texts, or one. 403 is a lack of permission. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Affinity: the key was not accepted' };
  if (byStatus.kind === 'rate_limited') {
    // X-Ratelimit-Limit-User-Reset counts the seconds until the limit is lifted
    const wait = retryAfter(response.headers['retry-after'] ?? response.headers['x-ratelimit-limit-user-reset']);
    return { kind: 'rate_limited', message: 'Affinity: rate limited', retryAfterSeconds: wait };
  }
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Affinity: ${byStatus.message}` };
  if (response.status === 403) return { kind: 'error', message: 'Affinity: the key’s owner lacks the permission or the plan for this' };
  const text = textOf(response.body);
  return { kind: 'error', message: `Affinity: ${text === undefined ? byStatus.message : clean(text)}` };
}

function textOf(body: unknown): string | undefined {
  const errors = (body as { errors?: unknown } | null | undefined)?.errors;
  const first: unknown = Array.isArray(body) ? body[0] : Array.isArray(errors) ? errors[0] : undefined;
  const said = typeof first === 'object' && first !== null ? (first as { message?: unknown }).message : first;
  return typeof said === 'string' && said !== '' ? said : undefined;
}

/** Without what might be an echoed key, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
