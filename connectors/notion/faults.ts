import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/** What an agent can do about the refusals that it meets most. */
const hints = new Map([
  ['object_not_found', 'no such page, database or block, or it was not shared with this connection'],
  ['restricted_resource', 'the connection lacks the capability for this, or the person may not do it'],
  ['conflict_error', 'somebody changed the same thing at the same moment; read it again and repeat'],
]);

/** `{ object: 'error', status, code, message }`. A lack of access is 403 or 404 and leaves the grant as it is. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Notion: the token was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'Notion: rate limited' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Notion: ${byStatus.message}` };
  const body = (typeof response.body === 'object' && response.body !== null ? response.body : {}) as Record<string, unknown>;
  const hint = typeof body.code === 'string' ? hints.get(body.code) : undefined;
  const said = typeof body.message === 'string' && body.message !== '' ? clean(body.message) : byStatus.message;
  return { kind: 'error', message: `Notion: ${hint ?? said}` };
}

/** Without what might be an echoed credential, at most 160 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/(ntn|secret)_\S+|[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}
