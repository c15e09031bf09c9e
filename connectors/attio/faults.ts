import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/** `{ status_code, type, code, message }`. A token without the scopes is 403 and names them. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) {
    // introspection of a dead token is a good answer that says so
    if ((response.body as { active?: unknown } | null)?.active === false)
      return { kind: 'revoked', message: 'Attio: the token is no longer active' };
    return undefined;
  }
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Attio: the token was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'Attio: rate limited' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Attio: ${byStatus.message}` };
  const said = (response.body as { message?: unknown } | null)?.message;
  const text = typeof said === 'string' && said !== '' ? said : byStatus.message;
  if (response.status === 403 && /scope/i.test(text)) {
    const needed = [...text.slice(0, 500).matchAll(/\b[a-z_]{3,30}:read(?:-write)?\b/g)].map((match) => match[0]);
    if (needed.length > 0)
      return { kind: 'missing_scope', message: `Attio: the app lacks the scope ${needed.slice(0, 3).join(', ')}`, needed };
  }
  return { kind: 'error', message: `Attio: ${clean(text)}` };
}

/** Without what might be an echoed credential, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
