import {
  type ApiRequest,
  type AppRevocation,
  type Credential,
  faultByStatus,
  namesRefreshToken,
  type OAuth2Credential,
} from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { type ApiTarget, type Egress, EgressError } from '@grantway/egress';
import { appOfGrant, hasRefreshToken, requestRevocation, revocationByApp, vendorWords } from './client-authentication.ts';
import type { OAuthApp } from './oauth-app.ts';
import { tokenConversation } from './token-endpoint.ts';

export interface Revocation {
  /** True only where the provider confirmed it. */
  proven: boolean;
  /** False where another try may bring more. */
  final: boolean;
  /** One sentence for the operator. */
  detail: string;
}

/** Asks the provider to end the grant: RFC 7009, or the connector's own call by the token or by the app. Never throws on what the provider does. */
export async function revokeToken(
  egress: Egress,
  operatorsApp: OAuthApp,
  current: Secret<OAuth2Credential>,
  options: { timeoutMs?: number } = {},
): Promise<Revocation> {
  const app = appOfGrant(operatorsApp, current);
  if (app.connector.auth.revokeUrl !== undefined) return byRfc7009(egress, app, current, options.timeoutMs);
  if (app.connector.auth.revocation !== undefined) {
    const target = { connector: app.connector, fields: {}, sandbox: app.sandboxOrigin !== undefined };
    return revokeByCall(egress, target, app.connector.auth.revocation, current, options);
  }
  if (app.connector.auth.revocationByApp !== undefined) return byApp(egress, app, app.connector.auth.revocationByApp, current, options);
  return noneOffered;
}

/** As RFC 7009 has it, but in the vendor's own words: the app names the token. */
async function byApp(
  egress: Egress,
  app: OAuthApp,
  spec: AppRevocation,
  current: Secret<OAuth2Credential>,
  options: { timeoutMs?: number },
): Promise<Revocation> {
  const call = revocationByApp(app, spec, current);
  if (call === undefined)
    return { proven: false, final: true, detail: 'the grant has no token of the kind that the vendor’s revocation names' };
  const target = { connector: call.connector, fields: { ...app.values }, sandbox: app.sandboxOrigin !== undefined };
  const receipt = await revokeByCall(egress, target, call.request, call.credential, {
    ...options,
    // A token that the vendor does not know when an app names it will not become known.
    finalStatuses: [404, 422],
  });
  if (!receipt.proven || namesRefreshToken(spec) || !hasRefreshToken(current)) return receipt;
  return {
    proven: false,
    final: true,
    detail: 'access token: revoked; refresh token: the vendor’s call does not name it, and the copy here is destroyed',
  };
}

const noneOffered: Revocation = { proven: false, final: true, detail: 'the vendor offers no revocation' };

// The refresh token first: RFC 7009 section 2.1 has the server end the whole grant with it, so that a later failure
// leaves an access token that dies by itself.
async function byRfc7009(
  egress: Egress,
  app: OAuthApp,
  current: Secret<OAuth2Credential>,
  timeoutMs: number | undefined,
): Promise<Revocation> {
  const refresh = hasRefreshToken(current) ? await revokeOne(egress, app, current, 'refresh_token', timeoutMs) : undefined;
  const access = await revokeOne(egress, app, current, 'access_token', timeoutMs);
  if (refresh === undefined) {
    const proven = access.outcome === 'done';
    return { proven, final: proven, detail: `access token: ${access.detail}` };
  }
  // After the grant has ended, a server may well say that it does not know the access token any more.
  const proven = refresh.outcome === 'done' && access.outcome !== 'unanswered';
  return { proven, final: proven, detail: `refresh token: ${refresh.detail}; access token: ${access.detail}` };
}

type One = { outcome: 'done' | 'refused' | 'unanswered'; detail: string };

async function revokeOne(
  egress: Egress,
  app: OAuthApp,
  current: Secret<OAuth2Credential>,
  which: 'refresh_token' | 'access_token',
  timeoutMs: number | undefined,
): Promise<One> {
  const words = vendorWords(app, [current]);
  const conversation = tokenConversation(egress, app, timeoutMs);
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

/** The connector's own call, made with the credential that is to end. Never throws on what the provider does. */
export async function revokeByCall(
  egress: Egress,
  target: ApiTarget,
  request: ApiRequest | undefined,
  current: Secret<Credential>,
  options: { timeoutMs?: number; finalStatuses?: number[] } = {},
): Promise<Revocation> {
  if (request === undefined) return noneOffered;
  try {
    const response = await egress.call(target, request, current, options);
    const fault = (target.connector.api.fault ?? faultByStatus)(response);
    if (fault === undefined) return { proven: true, final: true, detail: 'revoked' };
    if (fault.kind === 'revoked') return { proven: true, final: true, detail: 'was revoked already' };
    const final = options.finalStatuses?.includes(response.status) === true;
    return { proven: false, final, detail: `answered ${response.status}, ${fault.kind}` };
  } catch (error) {
    if (error instanceof EgressError) return { proven: false, final: false, detail: `no answer (${error.kind})` };
    throw error;
  }
}
