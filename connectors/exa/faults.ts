import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/**
 * Exa says `{ error, tag, requestId }`. 401 means that the key is not known; 402 and 403 mean that the team has no credits
 * or no right to the feature, for which no key is to blame.
 */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Exa: the API key was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'Exa: rate limited' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Exa: ${byStatus.message}` };
  if (response.status === 402) return { kind: 'error', message: 'Exa: the team has no credits left, or its budget is used up' };
  return { kind: 'error', message: `Exa: ${clean(messageOf(response.body)) || byStatus.message}` };
}

function messageOf(body: unknown): string {
  const { error, message } = (typeof body === 'object' && body !== null ? body : {}) as { error?: unknown; message?: unknown };
  if (typeof message === 'string') return message;
  if (typeof error === 'string') return error;
  const inner = (error as { message?: unknown } | null | undefined)?.message;
  return typeof inner === 'string' ? inner : '';
}

/** Without what might be an echoed key, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
