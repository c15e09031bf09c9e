import { type ApiFault, type ApiResponse, faultByStatus } from '@grantway/connector-kit';

/**
 * Granola documents statuses and no form of its refusals. 401 is the key; 403 means that the workspace has switched a kind of
 * access off, or that the key is not the owner's, and the account stays.
 */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { status } = response;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'Granola: the API key was not accepted' };
  if (byStatus.kind === 'rate_limited') return { ...byStatus, message: 'Granola: rate limited' };
  if (byStatus.kind === 'unavailable') return { kind: 'unavailable', message: `Granola: ${byStatus.message}` };
  if (status === 403) return { kind: 'error', message: 'Granola: the key or the workspace does not allow this' };
  if (status === 404) return { kind: 'error', message: 'Granola: not found, or not finished yet' };
  if (status === 413)
    return { kind: 'error', message: 'Granola: the transcript is too long for one answer; page through granola_note_transcript_get' };
  return { kind: 'error', message: `Granola: ${byStatus.message}` };
}
