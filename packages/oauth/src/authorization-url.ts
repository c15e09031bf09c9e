import { endpoint, type OAuthApp } from './oauth-app.ts';
import type { Pkce } from './pkce.ts';

/**
 * Where the person's browser is sent (RFC 6749 section 4.1.1). Throws TypeError when the connector wants PKCE and there is
 * none, or when the endpoint is not https.
 */
export function authorizationUrl(app: OAuthApp, request: { state: string; scopes: string[]; pkce: Pkce | undefined }): string {
  const { auth } = app.connector;
  const url = new URL(endpoint(app, auth.authorizeUrl));
  const ofSandbox = app.sandboxOrigin !== undefined && url.origin === new URL(app.sandboxOrigin).origin;
  if (url.protocol !== 'https:' && !ofSandbox) throw new TypeError('the authorization endpoint must be https');
  url.hash = '';

  const scopes = [...new Set(request.scopes)];
  // Vendors that have the scopes at the app's registration refuse or ignore them here.
  const ofApp = auth.scopesAt === 'app';
  const scopeParams = ofApp ? {} : (auth.scopeParams?.(scopes) ?? { scope: scopes.join(auth.scopeSeparator) });
  const parameters: Record<string, string> = {
    ...auth.authorizeParams,
    ...Object.fromEntries(Object.entries(scopeParams).filter(([, value]) => value !== '')),
    // Last, so that nothing a connector adds can replace what binds the answer to this request.
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    state: request.state,
  };
  if (auth.pkce === 'S256') {
    if (request.pkce === undefined) throw new TypeError('this connector is used with PKCE');
    parameters.code_challenge = request.pkce.challenge;
    parameters.code_challenge_method = 'S256';
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
