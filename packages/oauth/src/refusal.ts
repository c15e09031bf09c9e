import type { OAuth2Auth } from '@grantway/connector-kit';

/**
 * gone: the grant is gone. app: the operator's app is refused, whoever the user is. later: nothing was decided.
 */
export type RefusalMeaning = 'gone' | 'app' | 'later';

// RFC 6749 section 5.2; OpenID Connect Core section 3.1.2.6 for the three that ask for the person.
const gone = ['invalid_grant', 'interaction_required', 'consent_required', 'login_required'];
const app = [
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'unsupported_grant_type',
  'invalid_request',
  'access_denied', // Atlassian: the app may not refresh
  'invalid_client_id', // Slack
  'bad_client_secret', // Slack
  'incorrect_client_credentials', // GitHub
  'redirect_uri_mismatch', // GitHub, Google
  'invalid_redirect_uri',
  'bad_redirect_uri', // Slack
];
const later = ['slow_down', 'temporarily_unavailable', 'server_error', 'rate_limited', 'ratelimited', 'internal_error'];

/** By code and status only; descriptions are for people, and vendors reserve the right to reword them. An unknown code decides nothing. */
export function meaningOf(auth: Pick<OAuth2Auth, 'goneErrors'>, status: number, error: string): RefusalMeaning {
  if (status === 429 || status >= 500 || later.includes(error)) return 'later';
  if (gone.includes(error) || auth.goneErrors?.includes(error)) return 'gone';
  if (app.includes(error) || status === 401) return 'app';
  return 'later';
}
