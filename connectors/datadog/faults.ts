import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/**
 * Datadog answers a key that it does not know with 401 or 403. A 403 that speaks of permission means that the keys are
 * good and the application key's owner or scopes fall short: the account must stay connected.
 */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const texts = textsOf(response.body);
  if (response.status === 403 && texts.some((text) => /permission/i.test(text))) {
    return { kind: 'error', message: 'Datadog: the application key lacks the permission for this' };
  }
  if (response.status === 401 || response.status === 403) return { kind: 'rejected', message: 'Datadog: the keys were not accepted' };
  if (byStatus.kind === 'rate_limited') {
    // X-RateLimit-Reset counts the seconds until the limit is lifted
    const wait = retryAfter(response.headers['x-ratelimit-reset'] ?? response.headers['retry-after']);
    return { kind: 'rate_limited', message: 'Datadog: rate limited', retryAfterSeconds: wait };
  }
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Datadog: ${byStatus.message}` };
  return { kind: 'error', message: `Datadog: ${texts.length === 0 ? byStatus.message : clean(texts[0] as string)}` };
}

/** `{ errors: [text] }` of v1 and v2, and the JSON:API objects that some v2 operations answer. */
function textsOf(body: unknown): string[] {
  const errors = (body as { errors?: unknown } | null | undefined)?.errors;
  if (!Array.isArray(errors)) return [];
  return errors
    .map((error) => (typeof error === 'object' && error !== null ? (error.detail ?? error.title) : error))
    .filter((text): text is string => typeof text === 'string' && text !== '');
}

/** Without what might be an echoed key, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
