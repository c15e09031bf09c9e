import type { OAuth2Credential, RenewableCredential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import type { Egress } from '@grantway/egress';
import { appOfGrant, credentialFrom, hasRefreshToken, requestByRefreshToken, vendorWords } from './client-authentication.ts';
import type { OAuthApp } from './oauth-app.ts';
import { meaningOf } from './refusal.ts';
import { tokenConversation } from './token-endpoint.ts';

export type RefreshOutcome<C extends RenewableCredential = OAuth2Credential> =
  /** An answer without a refresh token keeps the old one; one without scopes keeps the old ones. */
  | { kind: 'refreshed'; credential: Secret<C> }
  /** The provider says that the grant is gone, or there is no refresh token (`no_refresh_token`; nothing was sent). */
  | { kind: 'gone'; error: string }
  /** The operator's app was refused; the grant may be in order. */
  | { kind: 'app_refused'; error: string }
  /** Provably nothing was sent. */
  | { kind: 'unsent'; retryAfterSeconds?: number }
  /** The provider answered, and gave neither a token nor a verdict. After a 5xx cautious callers assume what `unknown` says. */
  | { kind: 'transient'; status?: number; retryAfterSeconds?: number }
  /** The provider may have issued new tokens that did not arrive. */
  | { kind: 'unknown' };

/** One refresh request; never repeated here. Throws only on a defect of ours before anything was sent. */
export async function refreshToken(
  egress: Egress,
  operatorsApp: OAuthApp,
  current: Secret<OAuth2Credential>,
  options: { timeoutMs?: number } = {},
): Promise<RefreshOutcome> {
  if (!hasRefreshToken(current)) return { kind: 'gone', error: 'no_refresh_token' };
  const app = appOfGrant(operatorsApp, current);
  const words = vendorWords(app, [current]);
  const requestedAtMs = Date.now();
  const conversation = tokenConversation(egress, app, options.timeoutMs);
  const judged = await requestByRefreshToken(conversation.config, current).then(
    () => ({ accepted: true }) as const,
    (error: unknown) => ({ accepted: false, error }) as const,
  );
  const result = conversation.result();
  if (result === undefined) throw judged.accepted ? new Error('no token request was made') : judged.error;

  switch (result.kind) {
    case 'failed':
      return result.error.sent ? { kind: 'unknown' } : { kind: 'unsent' };
    case 'answer':
      return judged.accepted
        ? { kind: 'refreshed', credential: credentialFrom(result.answer, requestedAtMs, current) }
        : { kind: 'unknown' };
    case 'refusal': {
      const error = words(result.refusal.error);
      const meaning = meaningOf(app.connector.auth, result.status, result.refusal.error);
      if (meaning === 'later') return transient(result.status, result.retryAfterSeconds);
      return { kind: meaning === 'gone' ? 'gone' : 'app_refused', error };
    }
    case 'unreadable':
      if (result.status >= 200 && result.status < 300) return { kind: 'unknown' };
      // RFC 6749 section 5.2 gives 401 to failed client authentication; a page of HTML is some gateway's.
      if (result.status === 401 && !result.html) return { kind: 'app_refused', error: 'http_401' };
      return transient(result.status, result.retryAfterSeconds);
  }
}

function transient(status: number, retryAfterSeconds: number | undefined): RefreshOutcome {
  return { kind: 'transient', status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}
