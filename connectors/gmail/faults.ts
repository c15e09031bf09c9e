import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/** Google words one refusal in up to three places: `errors[].reason` of older APIs, `status`, and `details[].reason` of newer ones. */
const limited = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'dailyLimitExceeded',
  'quotaExceeded',
  'RATE_LIMIT_EXCEEDED',
  'RESOURCE_EXHAUSTED',
]);
const scopeMissing = new Set(['insufficientPermissions', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT']);
const apiOff = new Set(['accessNotConfigured', 'SERVICE_DISABLED']);

/** Lack of permission for one message and lack of a scope both come with 403; only the reason tells them apart. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { status, headers } = response;
  const { reasons, message } = errorOf(response.body);
  const has = (known: Set<string>) => reasons.some((reason) => known.has(reason));
  if (status === 401) return { kind: 'rejected', message: 'Gmail: the access token was not accepted' };
  if (status === 429 || (status === 403 && has(limited))) {
    return { kind: 'rate_limited', message: 'Gmail: rate limited', retryAfterSeconds: retryAfter(headers['retry-after']) };
  }
  if (status === 403 && (has(scopeMissing) || /error="insufficient_scope"/.test(headers['www-authenticate'] ?? ''))) {
    return { kind: 'missing_scope', message: 'Gmail: the account lacks a scope that this needs', needed: [] };
  }
  if (status === 403 && has(apiOff)) {
    return { kind: 'error', message: 'Gmail: the API is not switched on in the Google Cloud project of the app' };
  }
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Gmail: ${byStatus.message}` };
  return { kind: 'error', message: `Gmail: ${message === '' ? byStatus.message : clean(message)}` };
}

function errorOf(body: unknown): { reasons: string[]; message: string } {
  const { error } = object(body);
  const { errors, details, status, message } = object(error);
  const reasons = [status, ...[errors, details].flatMap((list) => (Array.isArray(list) ? list.map((entry) => object(entry).reason) : []))];
  return {
    reasons: reasons.filter((reason): reason is string => typeof reason === 'string'),
    message: typeof message === 'string' ? message : '',
  };
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Without what might be an echoed token, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]')
    .replace(/\s+/g, ' ');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
