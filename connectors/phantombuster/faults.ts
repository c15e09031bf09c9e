import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/** PhantomBuster says `{ status: 'error', error }`. 401 alone means the key; 402, 403 and 412 speak of the plan or of the state. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'PhantomBuster: the API key was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'PhantomBuster: rate limited, or too many launches at once' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `PhantomBuster: ${byStatus.message}` };
  const { error, message } = (typeof response.body === 'object' && response.body !== null ? response.body : {}) as Record<string, unknown>;
  const said = [error, message].find((text) => typeof text === 'string') as string | undefined;
  return { kind: 'error', message: `PhantomBuster: ${clean(said ?? '') || byStatus.message}` };
}

/** Without what might be an echoed key, at most 160 characters. */
function clean(said: string): string {
  const safe = said
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
