import { faultByStatus, type OAuth2Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { type Egress, EgressError } from '@grantway/egress';
import { hasRefreshToken, requestRevocation, vendorWords } from './client-authentication.ts';
import type { OAuthApp } from './oauth-app.ts';
import { tokenConversation } from './token-endpoint.ts';

export interface Revocation {
  /** True only where the provider confirmed it. */
  proven: boolean;
  /** One sentence for the operator. */
  detail: string;
}

/** Asks the provider to end the grant: RFC 7009, or the connector's own call. Never throws on what the provider does. */
export async function revokeToken(egress: Egress, app: OAuthApp, current: Secret<OAuth2Credential>): Promise<Revocation> {
  if (app.connector.auth.revokeUrl !== undefined) return byRfc7009(egress, app, current);
  if (app.connector.auth.revocation !== undefined) return byOwnCall(egress, app, current);
  return { proven: false, detail: 'the vendor offers no revocation' };
}

// The refresh token first: RFC 7009 section 2.1 has the server end the whole grant with it, so that a later failure
// leaves an access token that dies by itself.
async function byRfc7009(egress: Egress, app: OAuthApp, current: Secret<OAuth2Credential>): Promise<Revocation> {
  const refresh = hasRefreshToken(current) ? await revokeOne(egress, app, current, 'refresh_token') : undefined;
  const access = await revokeOne(egress, app, current, 'access_token');
  if (refresh === undefined) return { proven: access.outcome === 'done', detail: `access token: ${access.detail}` };
  // After the grant has ended, a server may well say that it does not know the access token any more.
  const proven = refresh.outcome === 'done' && access.outcome !== 'unanswered';
  return { proven, detail: `refresh token: ${refresh.detail}; access token: ${access.detail}` };
}

type One = { outcome: 'done' | 'refused' | 'unanswered'; detail: string };

async function revokeOne(
  egress: Egress,
  app: OAuthApp,
  current: Secret<OAuth2Credential>,
  which: 'refresh_token' | 'access_token',
): Promise<One> {
  const words = vendorWords(app, [current]);
  const conversation = tokenConversation(egress, app, undefined);
  const accepted = await requestRevocation(conversation.config, current, which).then(
    () => true,
    (error: unknown) => {
      if (conversation.result() === undefined) throw error;
      return false;
    },
  );
  const result = conversation.result();
  if (result === undefined || result.kind === 'failed') return { outcome: 'unanswered', detail: `no answer (${result?.error.kind})` };
  if (accepted) return { outcome: 'done', detail: 'revoked' };
  const code = result.kind === 'refusal' ? ` ${words(result.refusal.error)}` : '';
  const refused = result.status >= 400 && result.status < 500 && result.status !== 429;
  return { outcome: refused ? 'refused' : 'unanswered', detail: `answered ${result.status}${code}` };
}

async function byOwnCall(egress: Egress, app: OAuthApp, current: Secret<OAuth2Credential>): Promise<Revocation> {
  const { connector } = app;
  if (connector.auth.revocation === undefined) return { proven: false, detail: 'the vendor offers no revocation' };
  const target = { connector, fields: {}, sandbox: app.sandboxOrigin !== undefined };
  try {
    const response = await egress.call(target, connector.auth.revocation, current);
    const fault = (connector.api.fault ?? faultByStatus)(response);
    if (fault === undefined) return { proven: true, detail: 'revoked' };
    if (fault.kind === 'revoked') return { proven: true, detail: 'was revoked already' };
    return { proven: false, detail: `answered ${response.status}, ${fault.kind}` };
  } catch (error) {
    if (error instanceof EgressError) return { proven: false, detail: `no answer (${error.kind})` };
    throw error;
  }
}
