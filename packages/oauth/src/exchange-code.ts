import type { OAuth2Credential } from '@grantway/connector-kit';
import { Fault, type FaultCode, type Secret } from '@grantway/contract';
import type { Egress } from '@grantway/egress';
import { credentialFrom, requestByCode, vendorWords } from './client-authentication.ts';
import { type OAuthApp, withValues } from './oauth-app.ts';
import { meaningOf } from './refusal.ts';
import { missingCaptures } from './token-answer.ts';
import { tokenConversation } from './token-endpoint.ts';

export interface CodeExchange {
  code: Secret<string>;
  pkceVerifier: Secret<string> | undefined;
  /** The `iss` parameter of the callback (RFC 9207), as it came. */
  iss: string | undefined;
  /** What was asked for; holds where the answer names no scopes (RFC 6749 section 5.1). */
  requestedScopes?: string[];
  /** What is known of the account before its first token: what was asked for, and what came with the code. */
  values?: Record<string, string>;
}

/**
 * The authorization code for tokens. Throws Fault `consent_failed`, `connection_incident` (the app was refused, or its
 * address may not be reached) or `issuer_mismatch`.
 */
export async function exchangeCode(egress: Egress, operatorsApp: OAuthApp, exchange: CodeExchange): Promise<Secret<OAuth2Credential>> {
  const { code, pkceVerifier, iss, requestedScopes = [], values = {} } = exchange;
  const app = withValues(operatorsApp, values);
  const { auth } = app.connector;
  if (auth.pkce === 'S256' && pkceVerifier === undefined) throw new TypeError('this connector is used with PKCE');
  checkIssuer(app, iss);

  const words = vendorWords(app, [code, pkceVerifier]);
  const requestedAtMs = Date.now();
  const conversation = tokenConversation(egress, app, undefined);
  const judged = await requestByCode(conversation.config, app, code, auth.pkce === 'S256' ? pkceVerifier : undefined).then(
    () => ({ accepted: true }) as const,
    (error: unknown) => ({ accepted: false, error }) as const,
  );
  const result = conversation.result();
  if (result === undefined) throw judged.accepted ? new Error('no token request was made') : judged.error;

  switch (result.kind) {
    case 'answer':
      if (judged.accepted) {
        const missing = missingCaptures(auth, result.answer);
        if (missing.length === 0) return credentialFrom(result.answer, requestedAtMs, { scopes: requestedScopes, extra: values });
        throw failed('consent_failed', `The provider’s answer has no ${missing.join(', ')} that could be used.`);
      }
      throw failed('consent_failed', 'The provider issued a kind of token that cannot be used.');
    case 'failed': {
      const code = result.error.kind === 'blocked' ? 'connection_incident' : 'consent_failed';
      const detail = code === 'consent_failed' ? 'The provider’s token endpoint gave no answer.' : 'The token endpoint may not be reached.';
      throw new Fault(code, { detail, internal: `${result.error.kind}: ${result.error.message}`, cause: result.error });
    }
    case 'refusal': {
      const { error, error_description } = result.refusal;
      const meaning = meaningOf(auth, result.status, error);
      const internal = `token endpoint ${result.status}: ${words(`${error}: ${error_description ?? ''}`)}`;
      const detail = `The provider answered “${words(error)}”.`;
      throw failed(meaning === 'app' ? 'connection_incident' : 'consent_failed', detail, internal, result.retryAfterSeconds);
    }
    case 'unreadable': {
      const refused = result.status === 401 && !result.html;
      const detail = `The provider’s token endpoint answered ${result.status} in a way that could not be read.`;
      throw failed(refused ? 'connection_incident' : 'consent_failed', detail, undefined, result.retryAfterSeconds);
    }
  }
}

// RFC 9207 section 2.4 compares with the server's issuer. Connectors do not declare one, so outside of the sandbox only one
// side is known; the callback URL of its own per connection is what keeps another server's code out.
function checkIssuer(app: OAuthApp, iss: string | undefined): void {
  if (iss === undefined || app.sandboxOrigin === undefined) return;
  if (!URL.canParse(iss) || new URL(iss).origin !== new URL(app.sandboxOrigin).origin) throw new Fault('issuer_mismatch');
}

function failed(code: FaultCode, detail: string, internal?: string, retryAfterSeconds?: number): Fault {
  return new Fault(code, {
    detail,
    ...(internal === undefined ? {} : { internal }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
