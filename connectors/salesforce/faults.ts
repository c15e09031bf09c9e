import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/** Salesforce answers a list of errors with a code each; its identity endpoints a word as text. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { code, text } = firstOf(response.body);
  const message = `Salesforce: ${text ?? byStatus.message}`;
  if (byStatus.kind === 'rate_limited' || code === 'REQUEST_LIMIT_EXCEEDED') {
    return { kind: 'rate_limited', message: 'Salesforce: the limit of API calls is reached', retryAfterSeconds: wait(response) };
  }
  // Wanted at the time of a consent, so that a refresh would not help.
  if (code === 'INVALID_SESSION_ID' && /not valid for use with the REST API/i.test(text ?? '')) {
    return { kind: 'missing_scope', message: 'Salesforce: the account lacks the scope api', needed: ['api'] };
  }
  if (byStatus.kind === 'rejected' || code === 'INVALID_SESSION_ID' || code === 'Bad_OAuth_Token') {
    return { kind: 'rejected', message: 'Salesforce: the session is not valid' };
  }
  if (byStatus.kind === 'unavailable' || code === 'SERVER_UNAVAILABLE') return { kind: 'unavailable', message };
  return { ...byStatus, message };
}

/** Of a day, and no answer says when it ends: as long as we ever wait. */
function wait({ headers }: ApiResponse): number {
  return retryAfter(headers['retry-after']) ?? 900;
}

function firstOf(body: unknown): { code: string | undefined; text: string | undefined } {
  if (typeof body === 'string') return { code: /^[A-Za-z_]{3,40}$/.test(body.trim()) ? body.trim() : undefined, text: undefined };
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null) return { code: undefined, text: undefined };
  const { errorCode, message } = first as { errorCode?: unknown; message?: unknown };
  const code = typeof errorCode === 'string' && /^[A-Z][A-Z0-9_]{2,80}$/.test(errorCode) ? errorCode : undefined;
  const said = typeof message === 'string' && message !== '' ? safe(message) : undefined;
  return { code, text: clip([code, said].filter(Boolean).join(': ')) || undefined };
}

/** Without what might be an echoed credential. */
function safe(text: string): string {
  return text
    .slice(0, 2000)
    .replace(/\s+/g, ' ')
    .replace(/\b(bearer|basic|oauth)\s+\S+/gi, '[removed]')
    .replace(/00D\w{12,15}!\S+|[A-Za-z0-9_+/=.!-]{40,}/g, '[removed]');
}

function clip(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
